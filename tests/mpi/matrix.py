#!/usr/bin/python3
"""One answer: runs experiments over ranks, threads, partitioners, exchange schemes, precisions and weight formats and
compares spike_hash, network_hash and state_hash, which must be equal within each precision and weight format; checks that the bytes
sent are the packet size times the packets that the routes of the spikes call for.

    matrix.py PROGRAM SOURCE_DIR [--full] [--only NAME]
"""
import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile

import networks_of_tests

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def run(program, experiment, ranks, threads, settings, folder):
    report = os.path.join(folder, "report.json")
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), program, "run", experiment, "--quiet",
               "--threads", str(threads), "--report", report]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed with {done.returncode}:\n{done.stdout}{done.stderr}")
    with open(report) as file:
        return json.load(file)


def combinations(full):
    """(ranks, threads, partitioner, exchange): all of them, or a covering choice in which every value and every pair of
    ranks with another setting occurs."""
    everything = list(itertools.product([1, 2, 3, 4], [1, 2], ["round_robin", "block", "random"],
                                        ["alltoall", "neighbour"]))
    if full:
        return everything
    return [(1, 1, "round_robin", "alltoall"), (1, 2, "block", "neighbour"), (2, 1, "random", "neighbour"),
            (2, 2, "round_robin", "alltoall"), (3, 1, "block", "alltoall"), (3, 2, "random", "neighbour"),
            (4, 1, "round_robin", "neighbour"), (4, 2, "block", "alltoall")]


def share(layouts, number, drawings):
    """Of a covering choice, what the format with this number runs: the first all of it, others two layouts, which
    differ in ranks; of two ways to draw, one of each layout, the other way in the next format."""
    if drawings == 2:
        layouts = [layout for i, layout in enumerate(layouts) if i % 2 == (i // 2 + number) % 2]
    return layouts if number == 0 else layouts[number::5]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("source")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--fault", help="the program has this fault: succeed if, and only if, the matrix notices")
    arguments = parser.parse_args()
    if arguments.fault:
        ENVIRONMENT["SPIKECAST_FAULT"] = arguments.fault
    # single precision first: sums of float32 weights in double are nearly always exact, so only it feels their order
    formats = [("single", "float32"), ("double", "float32"), ("single", "compact"), ("double", "compact")]
    plastic = {"plasticity", "plasticity_rules"}  # these have float32 weights, which change
    plastic_formats = [("single", "float32"), ("double", "float32")]
    wrong = runs = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, experiment, settings in networks_of_tests.cases(arguments.source):
            if arguments.only and name != arguments.only:
                continue
            if name == "generators":
                settings = networks_of_tests.input_files(folder)
            chosen = plastic_formats if name in plastic else formats if arguments.full else formats[:1 if arguments.fault else 3]
            for number, (precision, weights) in enumerate(chosen):
                expected = None
                drawings = ["redraw", "exchange"] if name == "outdegree" else ["auto"]
                layouts = list(itertools.product(combinations(arguments.full), drawings))
                if not arguments.full and not arguments.fault:
                    layouts = share(layouts, number, len(drawings))
                for (ranks, threads, partitioner, exchange), drawing in layouts:
                    result = run(arguments.program, experiment, ranks, threads,
                                 {**settings, "simulation.precision": precision, "simulation.weights": weights,
                                  "simulation.partitioner": partitioner, "simulation.exchange": exchange,
                                  "simulation.drawing": drawing,
                                  "simulation.vector_width": "auto" if threads == 1 else "built"}, folder)
                    runs += 1
                    if drawing != "auto" and {d["drawing"] for d in result["drawing"]} != {drawing}:
                        print(f"FAIL {name}: drawn by {result['drawing']} instead of {drawing}")
                        wrong += 1
                    answer = (result["spike_hash"], result["network_hash"], result["state_hash"], result["synapses"], result["spikes"],
                              result["synaptic_events"], result.get("weights_hash"))
                    if (name in plastic) != ("weights_hash" in result):
                        print(f"FAIL {name}: hash of plastic weights is {result.get('weights_hash')}")
                        wrong += 1
                    if result["spikes"] == 0 or result["synapses"] == 0:
                        print(f"FAIL {name}: nothing happens in it, so it shows nothing")
                        wrong += 1
                    if name == "volleys" and not 0 < result["epochs_sorted_by_digit"] < ranks * result["biological_s"] * 100:
                        print(f"FAIL {name}: {result['epochs_sorted_by_digit']} epochs of all ranks were sorted digit by digit, "
                              f"the largest of {result['most_packets_in_an_epoch']} packets; some must be, and some not")
                        wrong += 1
                    if ranks == 1 and result["bytes_sent"] != 0:
                        print(f"FAIL {name}: one rank sent {result['bytes_sent']} bytes")
                        wrong += 1
                    if expected is None:
                        expected = answer
                    elif answer != expected:
                        print(f"FAIL {name} {precision} {weights}: {ranks} ranks x {threads} threads, {partitioner}, "
                              f"{exchange}, drawing {drawing}: {answer} instead of {expected}")
                        wrong += 1
                print(f"{name}, {precision}, {weights}: spikes {expected[4]}, synapses {expected[3]}, hash {expected[0]}",
                      flush=True)
    networks_of_tests.conclude(runs, wrong, arguments.fault)


if __name__ == "__main__":
    main()
