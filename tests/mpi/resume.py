#!/usr/bin/python3
"""One answer through interruptions: each network runs straight, and again in pieces that end at odd steps, each piece on
another number of ranks and threads and another partitioner and exchange than the one before. Hashes of spikes, network and
state, totals, statistics and every dataset of the result files must be equal, and the checkpoints of one moment must hold the
same whatever layout wrote them.

    resume.py PROGRAM SOURCE_DIR [--full] [--only NAME] [--fault NAME]
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import h5py

import networks_of_tests

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
LAYOUTS = [(2, 1, "random", "neighbour"), (1, 2, "block", "alltoall"), (3, 1, "round_robin", "neighbour"),
           (1, 1, "random", "alltoall"), (4, 1, "block", "neighbour"), (2, 2, "round_robin", "alltoall"),
           (3, 2, "random", "alltoall"), (4, 2, "random", "neighbour")]
RECORDERS = {"plasticity": """
[[recorders]]
weights = ["E->E", "inhibition"]
interval = "2.3 ms"
sample = 500
[[recorders]]
weights = "E->E"
interval = "1.9 ms"
changes = true
start = "3 ms"
stop = "60 ms"
[[recorders]]
weights = "noise->I"
""", "plasticity_rules": """
[[recorders]]
weights = ["normalised:noise->I", "dopamine:E->E", "clopath:E->E"]
interval = "6.5 ms"
changes = true
"""}
STATE = {"brunel_tenth": ("E", "V_m"), "microcircuit": ("L4E", "V_m"), "simple_models": ("mat", "V_m"), "rules": ("A", "V_m")}


def settings_of(layout, settings):
    ranks, threads, partitioner, exchange = layout
    out = []
    for key, value in {**settings, "simulation.partitioner": partitioner, "simulation.exchange": exchange}.items():
        out += ["--set", f"{key}={value}"]
    return out


def run(program, layout, arguments, folder):
    ranks, threads = layout[:2]
    report = os.path.join(folder, "report.json")
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), program, "run", *arguments, "--quiet",
               "--threads", str(threads), "--report", report]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed with {done.returncode}:\n{done.stdout}{done.stderr}")
    with open(report) as file:
        return json.load(file)


def answer(report):
    keys = ("spike_hash", "network_hash", "state_hash", "weights_hash", "plastic", "synapses", "spikes", "synaptic_events",
            "populations")
    return {key: report.get(key) for key in keys}  # of plastic networks alone those of weights


def datasets(path, groups):
    """Every dataset below the groups, by name, as (type, shape, bytes)."""
    out = {}
    with h5py.File(path) as file:
        def visit(name, item):
            if isinstance(item, h5py.Dataset):
                out[name] = (str(item.dtype), item.shape, item[()].tobytes())
        for group in groups:
            if group in file:
                file[group].visititems(lambda name, item, group=group: visit(f"{group}/{name}", item))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("source")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--fault", help="the program has this fault: succeed if, and only if, it is noticed")
    arguments = parser.parse_args()
    if arguments.fault:
        ENVIRONMENT["SPIKECAST_FAULT"] = arguments.fault
    formats = [("single", "float32"), ("double", "compact"), ("double", "float32"), ("single", "compact")]
    wrong = runs = turn = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, experiment, settings in networks_of_tests.cases(arguments.source):
            if arguments.only and name != arguments.only:
                continue
            if name == "generators":
                settings = networks_of_tests.input_files(folder)
            if name in STATE:  # traces as well
                population, variable = STATE[name]
                with open(os.path.join(folder, f"{name}.toml"), "w") as file:
                    file.write(f'include = ["{experiment}"]\n[[recorders]]\nof = "{population}"\n'
                               f'variables = ["{variable}"]\nsample = 7\ninterval = "0.7 ms"\n')
                experiment = file.name
            plastic = name.startswith("plasticity")
            if plastic:  # looks at weights, before and after the first cut, and the end
                with open(os.path.join(folder, f"{name}.toml"), "w") as file:
                    file.write(f'include = ["{experiment}"]\n' + RECORDERS[name])
                experiment = file.name
            usable = [each for each in formats if each[1] == "float32"] if plastic else formats
            for precision, weights in usable[:1 if arguments.fault else 4 if arguments.full else 2]:
                settings = {**settings, "simulation.precision": precision, "simulation.weights": weights}
                straight, pieces = os.path.join(folder, "straight.h5"), os.path.join(folder, "pieces.h5")
                checkpoint = os.path.join(folder, "c.h5")
                layout = LAYOUTS[(turn + 3) % len(LAYOUTS)]
                other = os.path.join(folder, "other.h5")
                moment = 13.7
                report = run(arguments.program, layout,
                             [experiment, "--output", straight, "--checkpoint", other, "--checkpoint-every", f"{moment} ms",
                              "--checkpoint-keep", "100"] + settings_of(layout, settings), folder)
                expected = answer(report)
                duration = round(report["total_biological_s"] * 1000, 6)
                if report["spikes"] == 0 or (plastic and not report.get("weights_hash")):
                    print(f"FAIL {name}: nothing happens in it, so it shows nothing")
                    wrong += 1
                ends = [moment, 14.4, duration] if not arguments.full else [moment, 13.8, 14.4, 15.3, 29.9, 47.1, duration]
                for piece, end in enumerate(ends):
                    layout = LAYOUTS[turn % len(LAYOUTS)]
                    turn += 1
                    runs += 1
                    moved = {"simulation.duration": f'"{end} ms"'}
                    if piece == 0:
                        report = run(arguments.program, layout, [experiment, "--output", pieces, "--checkpoint", checkpoint] +
                                     settings_of(layout, {**settings, **moved}), folder)
                        # the first of those that the straight run wrote is of the same moment
                        first = other + f".{int((duration - 1e-6) // moment)}"
                        groups = ["populations", "statistics", "stimuli", "spikes_in_flight", "projections", "histories", "taught",
                                  "followed", "looks"]
                        a, b = datasets(checkpoint, groups), datasets(first, groups)
                        if a != b or not a or plastic != any(key.startswith("projections/") for key in a):
                            different = sorted(key for key in {*a, *b} if a.get(key) != b.get(key))
                            print(f"FAIL {name} {precision} {weights}: checkpoints of two layouts differ in {different[:5]}")
                            wrong += 1
                    else:
                        report = run(arguments.program, layout,
                                     ["--resume", checkpoint] + settings_of(layout, moved), folder)
                if answer(report) != expected:
                    got = answer(report)
                    print(f"FAIL {name} {precision} {weights}: {[k for k in expected if expected[k] != got[k]]} differ")
                    wrong += 1
                groups = ["spikes", "report", "weights"]
                a, b = datasets(straight, groups), datasets(pieces, groups)
                if a != b:
                    different = sorted(key for key in {*a, *b} if a.get(key) != b.get(key))
                    print(f"FAIL {name} {precision} {weights}: results differ in {different[:5]}")
                    wrong += 1
                print(f"{name}, {precision}, {weights}: {expected['spikes']} spikes, {len(ends)} pieces, {len(b)} datasets",
                      flush=True)
    networks_of_tests.conclude(runs, wrong, arguments.fault)


if __name__ == "__main__":
    main()
