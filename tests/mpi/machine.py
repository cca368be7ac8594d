#!/usr/bin/python3
"""Networks on a mapped machine ([machine]): with ample links they do what they do without a machine in the same
arithmetic, and with slow ones something else, but the same on any number of ranks and threads. Without the router model,
checkpoints go on and plastic networks run.

    machine.py PROGRAM SOURCE_DIR [--only NETWORK|without_router] [--fault FAULT]
"""
import argparse
import itertools
import json
import os
import pathlib
import subprocess
import tempfile

import networks_of_tests

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
ANSWER = ["spike_hash", "network_hash", "state_hash", "synapses", "spikes", "synaptic_events"]
# network, machine, and links that are too slow for it: packets wait longer than a step, and longer than routers try
CASES = {"brunel_tenth": ({"target": '"spin3"', "slowdown": 4, "atoms_per_core": 50}, (0.25, 20000)),
         "microcircuit": ({"target": '"spin5"', "slowdown": 4, "atoms_per_core": 64, "effort": 0.1}, (0.5, 480)),
         "rules": ({"target": '"mesh:5x4"', "slowdown": 5, "cores_per_chip": 4, "atoms_per_core": 20, "effort": 0.1}, (1, 2000))}
LAYOUTS = list(itertools.product([1, 2, 3], [1, 2]))
FEW = [(1, 1), (2, 2), (3, 1)]
AMPLE = (250, 480)


def command(program, experiment, settings, ranks, threads, *more):
    words = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), program, "run", experiment, "--quiet",
             "--threads", str(threads), *more]
    for key, value in settings.items():
        words += ["--set", f"{key}={value}"]
    return words


def run(program, experiment, settings, ranks, threads, folder, *more):
    report = os.path.join(folder, "report.json")
    words = command(program, experiment, settings, ranks, threads, "--report", report, *more)
    done = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(words)}\nfailed with {done.returncode}:\n{done.stdout}{done.stderr}"
    with open(report) as file:
        return json.load(file)


def answer(report):
    return {key: report[key] for key in ANSWER}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--only", choices=[*CASES, "without_router"])
    parser.add_argument("--fault", help="the program has this fault: succeed if, and only if, it is noticed")
    arguments = parser.parse_args()
    if arguments.fault:
        ENVIRONMENT["SPIKECAST_FAULT"] = arguments.fault
    program, wrong, runs = arguments.program, 0, 0

    def need(right, message):
        nonlocal wrong
        if not right:
            print("FAIL", message)
            wrong += 1

    with tempfile.TemporaryDirectory() as folder:
        for name, experiment, settings in networks_of_tests.cases(str(arguments.source)):
            if name not in CASES or arguments.only not in (None, name):
                continue
            machine, slow = CASES[name]
            settings = {**settings, "simulation.duration": '"100 ms"'}
            mapped = {**settings, **{f"machine.{key}": value for key, value in machine.items()}}
            arithmetic = {"simulation.precision": '"single"', "simulation.weights": '"compact"'}
            plain = run(program, experiment, {**settings, **arithmetic}, 2, 1, folder)
            need(plain["spikes"] > 0 and "machine" not in plain, f"{name}: the plain run shows nothing")
            for links in (AMPLE, slow):
                first = None
                layouts = LAYOUTS if links == slow and name != "microcircuit" else FEW
                for ranks, threads in layouts[:1] if arguments.fault else layouts:
                    speed, wait = links
                    report = run(program, experiment, {**mapped, "machine.traffic.link_mbit_s": speed,
                                                       "machine.traffic.wait_cycles": wait}, ranks, threads, folder)
                    runs += 1
                    at = f"{name} at {speed} Mbit/s, {ranks} ranks x {threads} threads"
                    router = report["machine"]["router"]
                    counts = [router[key] for key in ("packets", "deliveries", "late", "dropped", "under_way")]
                    if links == AMPLE:
                        need(answer(report) == answer(plain), f"{at}: {answer(report)} instead of {answer(plain)}")
                        need(counts[0] > 0 and counts[2:4] == [0, 0], f"{at}: packets, deliveries, late, dropped are {counts}")
                    else:
                        first = first or (answer(report), counts)
                        need((answer(report), counts) == first, f"{at}: {answer(report)}, {counts} instead of {first}")
                        need(counts[2] > 0 and counts[3] > 0, f"{at}: packets, deliveries, late, dropped are {counts}")
                        need(report["spike_hash"] != plain["spike_hash"], f"{at}: late and dropped spikes change nothing")
                print(f"{name} at {speed} Mbit/s: spikes {report['spikes']}, packets, deliveries, late, dropped, under way {counts}",
                      flush=True)
        if arguments.only in (None, "without_router"):
            without_the_router(program, arguments.source, folder, need)
    networks_of_tests.conclude(runs, wrong, arguments.fault)


def without_the_router(program, source, folder, need):
    """The mapping is the partition, and nothing else: checkpoints and plastic synapses are what they are elsewhere."""
    networks = source / "tests" / "mpi" / "networks"
    machine = {"machine.target": '"spin5"', "machine.slowdown": 100, "machine.router": "false"}
    experiment, checkpoint = str(networks / "brunel_tenth.toml"), os.path.join(folder, "C.h5")
    whole = run(program, experiment, machine, 1, 1, folder)
    run(program, experiment, {**machine, "simulation.duration": '"100 ms"'}, 2, 1, folder, "--checkpoint", checkpoint)
    resumed = run(program, experiment, machine, 3, 1, folder, "--resume", checkpoint)
    need(answer(resumed) == answer(whole), f"resumed: {answer(resumed)} instead of {answer(whole)}")
    need(whole["machine"]["router"] is None, "there is a router model where none was asked for")
    plastic = str(networks / "plasticity.toml")
    plain = run(program, plastic, {"simulation.precision": '"single"'}, 2, 1, folder)
    mapped = run(program, plastic, machine, 2, 2, folder)
    need(answer(plain) == answer(mapped) and plain["weights_hash"] == mapped["weights_hash"],
         f"plastic: {answer(mapped)} instead of {answer(plain)}")
    rates = {"populations.E.expected_rate": '"40 Hz"', "populations.I.expected_rate": '"40 Hz"'}
    refused = [(plastic, {**machine, "machine.router": "true"}, [], "plastic synapses can't be told"),
               (experiment, {**machine, "machine.router": "true"}, ["--checkpoint", checkpoint], "packets under way"),
               (experiment, {**machine, "machine.router": "true"}, ["--resume", checkpoint], "packets under way"),
               (experiment, {**machine, **rates, "machine.router": "true"}, ["--dry-run-ranks", "2"], "one rank only"),
               (experiment, {**machine, "machine.target": '"mesh:2x1"', "machine.cores_per_chip": 1}, [], "by cores")]
    for file, settings, more, text in refused:
        ranks = 1 if "--dry-run-ranks" in more else 2
        done = subprocess.run(command(program, file, settings, ranks, 1, *more), env=ENVIRONMENT, capture_output=True, text=True,
                              timeout=60)
        need(done.returncode == 2 and text in done.stderr, f"{more} {settings}: exit code {done.returncode}, {done.stderr}")


if __name__ == "__main__":
    main()
