#!/usr/bin/python3
"""Place-and-route benchmarks: the published netlists under the published protocol, the microcircuit, and growing meshes.

    map_benchmarks.py netlists FOLDER [--seeds 3]     the table of docs/mapping.md, from FOLDER/*.json
    map_benchmarks.py microcircuit                    the full-scale microcircuit, in sPyNNaker's slices and in ours
    map_benchmarks.py meshes [--most 900000]          time and memory against the number of vertices

Medians over seeds. Times are of this machine, the sum of all stages; peaks are of the whole process.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Medians of J. Heathcote's thesis data: simulated annealing, Hilbert; worst tables of both; seconds of the annealer.
PUBLISHED = {"microcircuit": (24.16e6, 23.46e6, 485, 482, 11.2), "sudoku": (2.19e6, 2.76e6, 59, 59, 0.13),
             "card_sorting": (65.1e3, 126e3, 72, 147, 0.24), "mu0": (1523, 3004, 21, 41, 0.36)}


def run(program, *arguments):
    """The report, and the peak memory of the process in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        command = [str(program), "map", *map(str, arguments), "--report", str(report), "--quiet"]
        process = subprocess.Popen(command)
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) == 2 or not report.exists():
            sys.exit(f"failed: {' '.join(command)}")
        return json.loads(report.read_text()), usage.ru_maxrss * 1024


def netlists(arguments):
    print("| netlist | floor | published annealing / Hilbert | cost | ratio | worst table published | own keys | index "
          "keys | place s | all s |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for path in sorted(arguments.folder.glob("*.json")):
        found = {}
        for keys in ("own", "index"):
            found[keys] = [run(arguments.program, path, "--machine", "mesh:13x13", "--cores-per-chip", 16, "--keys", keys,
                               "--seed", seed, "--threads", arguments.threads)[0] for seed in range(1, arguments.seeds + 1)]
        median = lambda keys, get: statistics.median(get(report) for report in found[keys])
        if not all(report["verified"] for reports in found.values() for report in reports):
            sys.exit(f"{path.stem}: tables are wrong")
        cost = median("own", lambda r: r["cost"])
        published = PUBLISHED.get(path.stem)
        print("| {} | {:.4g} | {} | {:.5g} | {} | {} | {:g} | {:g} | {:.2f} | {:.2f} |".format(
            path.stem, found["own"][0]["floor"], f"{published[0]:.4g} / {published[1]:.4g}" if published else "-", cost,
            f"{cost / published[0]:.3f}" if published else "-",
            f"{published[2]} / {published[3]}" if published else "-",
            median("own", lambda r: r["worst_table_entries"]), median("index", lambda r: r["worst_table_entries"]),
            median("own", lambda r: r["seconds"]["place"]), median("own", lambda r: r["total_seconds"])), flush=True)


def microcircuit(arguments):
    print("| slices | vertices | nets | chips | worst table | entries | cost | slowdown needed | s | split s | GB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for label, options in (("64 neurons", ["--atoms-per-core", 64]), ("256 neurons", ["--atoms-per-core", 256]),
                           ("as fits", [])):
        report, peak = run(arguments.program, ROOT / "experiments/microcircuit_pd14.toml", "--machine", "auto",
                           "--slowdown", 20, "--threads", arguments.threads, *options, "--set", "variant=poisson")
        time = next(d for d in report["demands"] if d["name"] == "real time")
        print("| {} | {} | {} | {} | {} | {} | {:.4g} | {:.1f} | {:.1f} | {:.1f} | {:.2f} |".format(
            label, report["vertices"], report["nets"], report["machine_size"]["chips"], report["worst_table_entries"],
            report["total_table_entries"], report["cost"] or 0.0, 20 * time["used"] / time["available"],
            report["total_seconds"], report["seconds"]["split"], peak / 1e9), flush=True)


def mesh_netlist(path, vertices, seed):
    """A square of vertices, each sending to its eight neighbours and to one far away in sixteen."""
    side = round(vertices**0.5)
    draw = random.Random(seed)
    nets = []
    for y in range(side):
        for x in range(side):
            sinks = {(y + dy) % side * side + (x + dx) % side for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dx or dy}
            if draw.random() < 1 / 16:
                sinks.add(draw.randrange(side * side))
            nets.append([str(y * side + x), sorted(map(str, sinks)), 1])
    with open(path, "w") as file:
        json.dump({"vertices_resources": {str(v): {"Cores": 1, "SDRAM": 1000} for v in range(side * side)}, "nets": nets},
                  file)
    return side * side


def meshes(arguments):
    print("| vertices | machine | place | route | keys | tables | verify | all s | peak GB | worst table |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    size = 1024
    while True:
        size = min(size, arguments.most)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "mesh.json"
            vertices = mesh_netlist(path, size, 1)
            side = 2
            while side * side * 16 < 1.02 * vertices:
                side += 1
            machine = "full" if vertices > 700000 else f"torus:{side}x{side}"
            report, peak = run(arguments.program, path, "--machine", machine, "--cores-per-chip", 16, "--threads",
                               arguments.threads)
            s = report["seconds"]
            print("| {} | {} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {:.2f} | {} |".format(
                vertices, machine, *(s[k] for k in ("place", "route", "keys", "tables", "verify")),
                report["total_seconds"], peak / 1e9, report["worst_table_entries"]), flush=True)
            if not report["verified"]:
                sys.exit("tables are wrong")
        if size == arguments.most:
            return
        size *= 4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/spikecast")
    parser.add_argument("--threads", type=int, default=2)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("netlists")
    one.add_argument("folder", type=pathlib.Path)
    one.add_argument("--seeds", type=int, default=3)
    commands.add_parser("microcircuit")
    one = commands.add_parser("meshes")
    one.add_argument("--most", type=int, default=900000)
    arguments = parser.parse_args()
    {"netlists": netlists, "microcircuit": microcircuit, "meshes": meshes}[arguments.command](arguments)


if __name__ == "__main__":
    main()
