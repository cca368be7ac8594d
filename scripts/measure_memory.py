#!/usr/bin/python3
"""Measures the law of a rank's memory (docs/architecture.md, Memory).

    scripts/measure_memory.py [--program FILE] [--ranks 1 2 4 8] [--markdown]

Weak scaling: a random network with a fixed number of neurons a rank and a fixed indegree, 1 to 8 ranks on this machine,
oversubscribed. Each run is 1 step long, without a result file, so that the peak is that of building and of the arrays
that live through a run. Several sizes and indegrees, both weight formats; then a least-squares fit of

    peak = base + a * own neurons + b * own synapses + (c + d) * sources heard

where sources heard, and with them the (own neuron, rank reached) pairs, are as many as N (1 - exp(-synapses / N)) for N
neurons in all; both numbers are equal in a homogeneous network. e comes from a network of 100 neurons, the increase of its
peak from the fewest ranks to the most. The column `check` is what `spikecast check` predicts, less the HDF5 library and
buffers of a result file that it counts in. Prints runs, coefficients with standard errors, and the largest residual: a
peak is the largest of several phases, so that one plane fits only roughly; the prediction follows the phases.
"""
import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXPERIMENT = """
title = "Weak scaling"
[simulation]
resolution = "0.1 ms"
duration   = "0.1 ms"
seed       = 1
weights    = "{weights}"
[populations.E]
model  = "iaf_psc_delta"
size   = {size}
[[projections]]
source = "E"
target = "E"
rule   = {{ fixed_indegree = {indegree} }}
weight = "0.1 mV"
delay  = "1.5 ms"
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/spikecast"))
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--markdown", action="store_true", help="print the table for the docs")
    arguments = parser.parse_args()
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    # (neurons a rank, indegree): many synapses; many neurons; and few synapses a source, so that rows are short
    shapes = [(10000, 500), (20000, 250), (200000, 4), (100000, 20)]
    columns, peaks, predicted = [], [], []
    separator = " | " if arguments.markdown else "  "
    head = ["weights", "ranks", "neurons/rank", "indegree", "sources heard", "peak MB", "check MB", "fit MB"]
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        file, report = os.path.join(folder, "weak.toml"), os.path.join(folder, "report.json")

        def run(ranks):
            line = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), arguments.program, "run", file,
                    "--quiet", "--report", report]
            done = subprocess.run(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                print(done.stderr, file=sys.stderr)
                sys.exit(2)
            with open(report) as f:
                return max(json.load(f)["peak_rss_bytes"])

        with open(file, "w") as f:
            f.write(EXPERIMENT.format(weights="float32", size=100, indegree=10))
        few, many = min(arguments.ranks), max(arguments.ranks)
        per_rank = (run(many) - run(few)) / (many - few) if many > few else float("nan")
        for weights in ("compact", "float32"):
            for neurons, indegree in shapes:
                for ranks in arguments.ranks:
                    with open(file, "w") as f:
                        f.write(EXPERIMENT.format(weights=weights, size=neurons * ranks, indegree=indegree))
                    peak = run(ranks)
                    total, synapses = neurons * ranks, neurons * indegree
                    heard = total * (1 - math.exp(-synapses / total))
                    compact = weights == "compact"
                    text = subprocess.run([arguments.program, "check", file, "--ranks", str(ranks)], env=environment,
                                          stdout=subprocess.PIPE, text=True, check=True).stdout
                    value, unit = re.search(r"memory per rank +([\d.e+]+) (\w+)", text).groups()
                    predicted.append(float(value) * {"kB": 1e3, "MB": 1e6, "GB": 1e9}[unit])
                    columns.append([1, neurons, synapses * compact, synapses * (not compact), heard])
                    peaks.append(peak)
                    runs.append([weights, ranks, neurons, indegree, round(heard)])
    A, y = np.array(columns, float), np.array(peaks, float)
    x, *_ = np.linalg.lstsq(A, y, rcond=None)
    residual = y - A @ x
    variance = residual @ residual / (len(y) - len(x))
    errors = np.sqrt(np.diag(variance * np.linalg.inv(A.T @ A)))
    rows = [head] + [[str(v) for v in run] + [f"{p / 1e6:.1f}", f"{c / 1e6:.1f}", f"{f / 1e6:.1f}"]
                     for run, p, c, f in zip(runs, y, predicted, A @ x)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for i, row in enumerate(rows):
        text = separator.join(cell.rjust(w) for cell, w in zip(row, widths))
        print(f"| {text} |" if arguments.markdown else text)
        if arguments.markdown and i == 0:
            print("|" + "|".join("---:" for _ in row) + "|")
    print()
    for name, value, error in zip(["base", "a, own neuron", "b, synapse, compact", "b, synapse, float32",
                                   "c + d, source heard and pair"], x, errors):
        print(f"{name:30} {value:14.1f} +- {error:.1f} bytes")
    print(f"{'e, rank':30} {per_rank:14.0f} bytes")
    print(f"largest difference of check and peak {100 * np.max(np.abs(np.array(predicted) / y - 1)):.1f} %")
    print(f"largest residual {100 * np.max(np.abs(residual) / y):.1f} % of the peak")
    return 0


if __name__ == "__main__":
    sys.exit(main())
