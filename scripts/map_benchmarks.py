#!/usr/bin/python3
"""Place-and-route benchmarks: the published netlists under the published protocol, the microcircuit, and growing meshes.

    map_benchmarks.py netlists FOLDER [--seeds 5]     the table of docs/mapping.md, from FOLDER/*.json
    map_benchmarks.py microcircuit                    the full-scale microcircuit, in sPyNNaker's slices and in ours
    map_benchmarks.py meshes [--most 900000] [--graph FILE.png]
                                                      time and memory against the number of vertices

Medians over seeds, the worst in brackets. Times of the netlists are of processors, the others of the wall; peaks are of the
whole process. All tables are verified, or it stops.
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
    def spread(values, form):
        """The median, and the worst in brackets where it differs."""
        median, worst = form.format(statistics.median(values)), form.format(max(values))
        return median if median == worst else f"{median} ({worst})"

    print("| netlist, keys | cost | floor | published annealing / Hilbert | worst table | its floor | published | entries | "
          "floor | place | route | keys | tables | verify | all s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for path in sorted(arguments.folder.glob("*.json")):
        published = PUBLISHED.get(path.stem)
        for keys in ("own", "index"):
            reports = [run(arguments.program, path, "--machine", "mesh:13x13", "--cores-per-chip", 16, "--keys", keys,
                           "--seed", seed, "--threads", arguments.threads)[0] for seed in range(1, arguments.seeds + 1)]
            if not all(report["verified"] for report in reports):
                sys.exit(f"{path.stem}: tables are wrong")
            get = lambda name: [report[name] for report in reports]
            spent = lambda stage: statistics.median(report["processor_seconds"][stage] for report in reports)
            print("| {} | {} | {:.5g} | {} | {} | {} | {} | {} | {} | {} | {:.2f} |".format(
                f"{path.stem}, {keys}", spread(get("cost"), "{:.5g}"), reports[0]["floor"],
                f"{published[0]:.4g} / {published[1]:.4g}" if published else "-",
                spread(get("worst_table_entries"), "{:g}"), spread(get("worst_table_floor"), "{:g}"),
                f"{published[2]} / {published[3]}" if published else "-", spread(get("total_table_entries"), "{:g}"),
                spread(get("total_table_floor"), "{:g}"),
                " | ".join(f"{spent(stage):.2f}" for stage in ("place", "route", "keys", "tables", "verify")),
                statistics.median(sum(report["processor_seconds"].values()) for report in reports)), flush=True)


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
    rows = []
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
            rows.append((vertices, s, peak))
        if size == arguments.most:
            break
        size *= 4
    if arguments.graph:
        draw(rows, arguments.graph)


def draw(rows, file):
    """Seconds of each stage and peak memory against the number of vertices."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, (time, memory) = plt.subplots(1, 2, figsize=(9, 3.6))
    vertices = [row[0] for row in rows]
    for stage in ("place", "route", "keys", "tables", "verify"):
        time.loglog(vertices, [max(row[1][stage], 1e-3) for row in rows], "o-", label=stage)
    memory.loglog(vertices, [row[2] / 1e6 for row in rows], "ko-")
    time.set_ylabel("wall time / s")
    memory.set_ylabel("peak memory / MB")
    for axes in (time, memory):
        axes.set_xlabel("vertices")
    time.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/spikecast")
    parser.add_argument("--threads", type=int, default=2)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("netlists")
    one.add_argument("folder", type=pathlib.Path)
    one.add_argument("--seeds", type=int, default=5)
    commands.add_parser("microcircuit")
    one = commands.add_parser("meshes")
    one.add_argument("--most", type=int, default=900000)
    one.add_argument("--graph", type=pathlib.Path)
    arguments = parser.parse_args()
    {"netlists": netlists, "microcircuit": microcircuit, "meshes": meshes}[arguments.command](arguments)


if __name__ == "__main__":
    main()
