#!/usr/bin/python3
"""Measures the law of a rank's memory (docs/architecture.md, Memory), each coefficient apart.

    scripts/measure_memory.py [--program FILE] [--ranks N] [--markdown]

    peak <= base + a * own neurons + b * own synapses + c * sources heard + d * (own neuron, rank reached) + e * ranks

Each coefficient is the slope of a straight line through runs in which nothing else changes, with its standard error. Runs
are 1 step long, without a result file, on up to N (default 8) ranks of this machine, oversubscribed:

    e      100 neurons on 1 to N ranks; its intercept is the base
    a      one rank, neurons without synapses
    b      one rank, 20,000 neurons, indegree 50 to 800, both weight formats; all sources are heard in each
    c, d   N ranks in blocks: population S on s of them, which hear nothing, projects to population R on the other r, which
           send nothing. As s grows, a rank of R hears more sources and has no pairs; as r grows, a rank of S has more
           pairs and hears nobody. Neurons and synapses a rank stay. Points count where building is the peak (`dense`: 3
           sources heard a neuron; 4 pairs), for a neuron's state weighs more than fewer of them. Two sizes: `dense`, where sources are counted in
           arrays, and `sparse`, where most sources of the network aren't heard, in lists.

Then weak scaling: a homogeneous network on 1, 2, 4 and N ranks, fixed neurons a rank; measured peaks beside what
`spikecast check` predicts (less what it counts for a result file) and beside the law. The law adds up what is largest at
different times, so it is a bound: the last line says how far peaks stay below it.
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
HEAD = """
title = "Memory"
[simulation]
resolution  = "0.1 ms"
duration    = "0.1 ms"
seed        = 1
weights     = "{weights}"
partitioner = "{partitioner}"
"""
POPULATION = """
[populations.{name}]
model = "iaf_psc_delta"
size  = {size}
"""
PROJECTION = """
[[projections]]
source = "{source}"
target = "{target}"
rule   = {{ fixed_indegree = {indegree} }}
weight = "0.1 mV"
delay  = "1.5 ms"
"""
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


class Runner:
    def __init__(self, program, folder):
        self.program, self.file, self.report = program, os.path.join(folder, "m.toml"), os.path.join(folder, "m.json")

    def write(self, populations, projections=(), weights="compact", partitioner="round_robin"):
        with open(self.file, "w") as f:
            f.write(HEAD.format(weights=weights, partitioner=partitioner))
            for name, size in populations:
                f.write(POPULATION.format(name=name, size=size))
            for source, target, indegree in projections:
                f.write(PROJECTION.format(source=source, target=target, indegree=indegree))

    def peaks(self, ranks):
        """Peak resident bytes of each rank."""
        line = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), self.program, "run", self.file,
                "--quiet", "--report", self.report]
        done = subprocess.run(line, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            print(done.stderr, file=sys.stderr)
            sys.exit(2)
        with open(self.report) as f:
            return json.load(f)["peak_rss_bytes"]

    def predicted(self, ranks):
        text = subprocess.run([self.program, "check", self.file, "--ranks", str(ranks)], env=ENVIRONMENT,
                              stdout=subprocess.PIPE, text=True, check=True).stdout
        value, unit = re.search(r"memory per rank +([\d.e+]+) (\w+)", text).groups()
        return float(value) * {"kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]


def line(points):
    """Slope, its standard error, intercept."""
    x, y = np.array(points, float).T
    A = np.column_stack([np.ones_like(x), x])
    (intercept, slope), *_ = np.linalg.lstsq(A, y, rcond=None)
    residual = y - intercept - slope * x
    variance = residual @ residual / max(1, len(x) - 2)
    return slope, math.sqrt(variance * np.linalg.inv(A.T @ A)[1, 1]), intercept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/spikecast"))
    parser.add_argument("--ranks", type=int, default=8)
    parser.add_argument("--markdown", action="store_true", help="print the weak scaling as a table for the docs")
    arguments = parser.parse_args()
    N = arguments.ranks
    law = {}
    with tempfile.TemporaryDirectory() as folder:
        run = Runner(arguments.program, folder)

        def show(name, points, unit="bytes"):
            slope, error, intercept = line(points)
            law[name] = slope
            print(f"{name:40} {slope:12.2f} +- {error:.2f} {unit}, {len(points)} points, x {points[0][0]:.0f} to "
                  f"{points[-1][0]:.0f}", flush=True)
            return intercept

        run.write([("E", 100)], [("E", "E", 10)])
        base = show("e, rank", [(ranks, max(run.peaks(ranks))) for ranks in range(1, N + 1)])
        print(f"{'base':40} {base / 1e6:12.2f} million bytes")
        points = []
        for size in (100_000, 200_000, 400_000, 600_000, 800_000):
            run.write([("E", size)])
            points.append((size, run.peaks(1)[0]))
        show("a, own neuron", points)
        for weights in ("compact", "float32"):
            points = []
            for indegree in (50, 100, 200, 400, 600, 800):
                run.write([("E", 20_000)], [("E", "E", indegree)], weights)
                points.append((20_000 * indegree, run.peaks(1)[0]))
            show(f"b, synapse, {weights}", points)
        for regime, size, indegree in (("dense", 65_536 // (N - 1), 30), ("sparse", 60_000, 10)):
            heard, pairs = [], []
            for s in range(1, N):
                r = N - s
                run.write([("S", s * size), ("R", r * size)], [("S", "R", indegree)], "compact", "block")
                peaks = run.peaks(N)
                reached = 1 - math.exp(-indegree / s)  # share of the sources that a rank of R hears
                if regime == "sparse" or s * reached >= 3.0:
                    heard += [(s * size * reached, peak) for peak in peaks[s:]]
                if r * reached >= 4.0:
                    pairs += [(r * size * reached, peak) for peak in peaks[:s]]
            show(f"c, source heard, {regime}", sorted(heard))
            show(f"d, (neuron, rank reached), {regime}", sorted(pairs))

        print()
        separator = " | " if arguments.markdown else "  "
        head = ["weights", "ranks", "neurons/rank", "indegree", "sources heard", "peak MB", "check MB", "law MB"]
        rows, below, off = [head], [], []
        for weights in ("compact", "float32"):
            for size, indegree in ((10_000, 500), (20_000, 250), (200_000, 4), (100_000, 20)):
                for ranks in sorted({1, 2, 4, N}):
                    run.write([("E", size * ranks)], [("E", "E", indegree)], weights)
                    peak, check = max(run.peaks(ranks)), run.predicted(ranks)
                    total, synapses = size * ranks, size * indegree
                    heard = total * (1 - math.exp(-synapses / total))
                    regime = "dense" if total <= synapses + 65_536 else "sparse"
                    bound = (base + law["a, own neuron"] * size + law[f"b, synapse, {weights}"] * synapses +
                             law[f"c, source heard, {regime}"] * heard +
                             law[f"d, (neuron, rank reached), {regime}"] * heard + law["e, rank"] * ranks)
                    below.append(peak / bound)
                    off.append(check / peak - 1)
                    rows.append([weights, ranks, size, indegree, round(heard), f"{peak / 1e6:.1f}",
                                 f"{check / 1e6:.1f}", f"{bound / 1e6:.1f}"])
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(head))]
    for i, row in enumerate(rows):
        text = separator.join(str(cell).rjust(w) for cell, w in zip(row, widths))
        print(f"| {text} |" if arguments.markdown else text)
        if arguments.markdown and i == 0:
            print("|" + "|".join("---:" for _ in row) + "|")
    print(f"\ncheck is off by {100 * min(off):+.0f} to {100 * max(off):+.0f} %")
    print(f"peaks are {100 * min(below):.0f} to {100 * max(below):.0f} % of the law")
    return 0


if __name__ == "__main__":
    sys.exit(main())
