#!/usr/bin/python3
"""A small run of a published experiment, judged from end to end. Two things are asserted:

1. The report's rate, CV of intervals and synchrony, which the program computes while it runs, equal those computed here
   with numpy from the recorded spikes. The program sums integers and rounds each neuron's CV to a multiple of 2^-24, here
   sums are of doubles over at most 1e5 terms. Tolerance: 1e-10, relative, for rounding, and for the CV 2^-25 more.
2. The rates agree with the reference. It has mean m_r over n_r runs of T_r seconds with deviation s between runs; this is
   one run of T seconds. Slow fluctuations of a rate average out with the time, so a run of T seconds has the deviation
   s sqrt(T_r / T), and the difference of the means has the standard error
       e = sqrt(s^2 T_r / T + s^2 / n_r + r^2),  r = 0.005 / sqrt(3) the rounding of m_r and, equally, of s (s + 0.005 is used).
   Tolerance: 5 e, 6e-7 of being exceeded by chance for a normal law; with s from 5 runs (4 degrees of freedom) 7e-3 for
   each of 8 populations. The seed is fixed, so that the verdict doesn't change from day to day.

    statistics_end_to_end.py PROGRAM SOURCE_DIR [--seed N] [--ranks N]
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

# NEST 3.10, N = K = 0.1, Poisson input, 5 runs of 5 s: mean rate in Hz and its deviation between runs.
REFERENCE = {"L23E": (0.47, 0.03), "L23I": (2.11, 0.05), "L4E": (3.99, 0.05), "L4I": (5.02, 0.03),
             "L5E": (6.67, 0.15), "L5I": (7.80, 0.06), "L6E": (0.85, 0.01), "L6I": (7.02, 0.04)}
REFERENCE_SECONDS, REFERENCE_RUNS = 5.0, 5
ROUNDING = {"rate_hz": 0.0, "cv": 2.0**-25, "synchrony": 0.0}
WARMUP_MS, SECONDS, STEP_MS, BIN_STEPS = 500.0, 1.0, 0.1, 30


def statistics(times_ms, ids, neurons, warmup_ms, end_ms):
    """(rate in Hz, CV, synchrony) as docs/file_formats.md defines them, spikes from warmup_ms (excluded) to end_ms."""
    steps = np.rint(times_ms / STEP_MS).astype(np.int64)
    warmup, end = round(warmup_ms / STEP_MS), round(end_ms / STEP_MS)
    inside = steps > warmup
    steps, ids = steps[inside], ids[inside].astype(np.int64)
    rate = len(steps) / neurons / ((end - warmup) * STEP_MS / 1e3)
    cvs = []
    order = np.lexsort((steps, ids))
    for train in np.split(steps[order], np.flatnonzero(np.diff(ids[order])) + 1):
        intervals = np.diff(train).astype(float)
        if len(intervals) >= 3:
            cvs.append(intervals.std() / intervals.mean())
    bins = (end - warmup) // BIN_STEPS  # only complete bins count
    counts = np.bincount((steps - warmup - 1) // BIN_STEPS, minlength=bins)[:bins].astype(float)
    return rate, float(np.mean(cvs)), counts.var() / counts.mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("source")
    parser.add_argument("--seed", type=int, default=55)
    parser.add_argument("--ranks", type=int, default=2)
    arguments = parser.parse_args()
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    faults = 0
    with tempfile.TemporaryDirectory(prefix="spikecast_") as folder:
        result, report = os.path.join(folder, "result.h5"), os.path.join(folder, "report.json")
        subprocess.run(["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(arguments.ranks), arguments.program,
                        "run", os.path.join(arguments.source, "experiments", "microcircuit_pd14.toml"), "--quiet",
                        "--set", "variant=poisson_tenth", "--set", f"simulation.seed={arguments.seed}",
                        "--set", f"simulation.warmup={WARMUP_MS:g} ms",
                        "--set", f"simulation.duration={WARMUP_MS + 1e3 * SECONDS:g} ms",
                        "--output", result, "--report", report], check=True, env=environment)
        with open(report, encoding="utf-8") as file:
            populations = {p["name"]: p for p in json.load(file)["populations"]}
        if set(populations) != set(REFERENCE):
            print(f"the report has the populations {sorted(populations)}")
            return 1
        print("population      rate/Hz  reference   5 e        CV  synchrony")
        with h5py.File(result, "r") as file:
            for name, (mean, deviation) in REFERENCE.items():
                group, reported = file["spikes"][name], populations[name]
                found = statistics(group["timestamps"][:], group["node_ids"][:], reported["neurons"], WARMUP_MS,
                                   WARMUP_MS + 1e3 * SECONDS)
                for key, value in zip(("rate_hz", "cv", "synchrony"), found):
                    if reported[key] is None or not abs(reported[key] - value) <= ROUNDING[key] + 1e-10 * value:
                        print(f"{name}: {key} is {reported[key]} in the report, {value} from the recorded spikes")
                        faults += 1
                s = deviation + 0.005
                e = math.sqrt(s**2 * REFERENCE_SECONDS / SECONDS + s**2 / REFERENCE_RUNS + 0.005**2 / 3)
                verdict = ""
                if not abs(found[0] - mean) <= 5 * e:
                    verdict, faults = "  DIFFERS", faults + 1
                print(f"{name:<14} {found[0]:8.3f} {mean:10.2f} {5 * e:6.3f} {found[1]:9.4f} {found[2]:10.4f}{verdict}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
