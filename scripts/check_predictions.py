#!/usr/bin/python3
"""Compares what `spikecast check` predicts with what runs report, for every shipped experiment.

    scripts/check_predictions.py [--program FILE] [--repeats N] [--only TEXT] [--ranks N...] [--memory-only]

For each experiment and variant under experiments/, with 1 and 2 ranks (or those asked for) of 1 and 2 threads: peak memory
of the largest rank and build time, predicted and measured. Prediction and run alternate; memory is the largest of the
runs, times are medians, their spread is printed. Where time is judged, 6 s of rest precede each: a virtual machine gives
free memory back to its host after some seconds, and memory that was in use a moment ago comes sooner (docs/performance.md). Tolerances: memory 10 %, build time 30 % (or 0.1 s, the granularity of its display and of starting
threads). Runs last 100 ms of biological time and write their spikes.

A layout with more workers than cores is judged for memory only: build time is what the scheduler makes of it. So are all
on a machine with other work, which shows as processor time that a lone spinning thread doesn't get (more than 10 %); the
output says so. Exit code 0: all within tolerance, 1: something isn't, 2: a program failed, 77: nothing of build time
could be judged.
"""
import argparse
import glob
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
MEMORY, BUILD, BUILD_S = 0.10, 0.30, 0.1


def busy_share():
    """The share of a core's time that a spinning thread of ours doesn't get, with all cores asked for at once."""
    code = ("import time; w=time.perf_counter(); c=time.process_time()\n"
            "while time.perf_counter() - w < 0.5: pass\n"
            "print(1 - (time.process_time() - c) / (time.perf_counter() - w))")
    spinners = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
                for _ in range(len(os.sched_getaffinity(0)))]
    return max(float(s.communicate()[0]) for s in spinners)


def parts(variants):
    """Variants that others are made of; they needn't be complete by themselves."""
    found = set()
    for each in variants.values():
        named = each.get("variant", [])
        found.update([named] if isinstance(named, str) else named)
    return found


def complete(program, file, variant):
    """Whether the experiment is one with this variant alone."""
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    return subprocess.run([program, "check", file, "--set", f"variant={variant}"], env=environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def command(program, ranks, arguments):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    line = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), program] + arguments
    done = subprocess.run(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        print(" ".join(line), done.stderr, sep="\n", file=sys.stderr)
        sys.exit(2)
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/spikecast"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="only experiments whose file or variant contains this")
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rest", type=float, default=6.0, help="seconds of rest before a prediction or run that is judged")
    parser.add_argument("--memory-only", action="store_true", help="one run each, times aren't judged")
    arguments = parser.parse_args()
    repeats = 1 if arguments.memory_only else arguments.repeats
    cores = len(os.sched_getaffinity(0))
    wrong = judged = 0
    print(f"{'experiment':34} {'R x T':5} {'memory MB':>16} {'':>6} {'build s':>14} {'':>6}  {'spread':>11}")
    print(f"{'':34} {'':5} {'predicted  found':>16} {'':>6} {'predicted found':>14}")
    for file in sorted(glob.glob(os.path.join(ROOT, "experiments/*.toml"))):
        with open(file, "rb") as f:
            declared = tomllib.load(f).get("variants", {})
        variants = [name for name in declared if name not in parts(declared) or complete(arguments.program, file, name)]
        for variant in [None] + variants:
            name = os.path.basename(file)[:-5] + (f" {variant}" if variant else "")
            if arguments.only not in name:
                continue
            chosen = ["--set", f"variant={variant}"] if variant else []
            chosen += ["--set", "simulation.duration=100 ms", "--set", "simulation.warmup=0 ms"]
            for ranks in arguments.ranks:
                for threads in (1, 2):
                    memory_predicted, memory, build_predicted, build, busy = [], [], [], [], []
                    for _ in range(repeats):
                        rest = 0.0 if arguments.memory_only or ranks * threads > cores else arguments.rest
                        if not arguments.memory_only:
                            busy.append(busy_share())
                        time.sleep(rest)
                        text = command(arguments.program, 1, ["check", file, "--ranks", str(ranks), "--threads",
                                                              str(threads)] + chosen)
                        value, unit = re.search(r"memory per rank +([\d.e+]+) (\w+)", text).groups()
                        memory_predicted.append(float(value) * UNITS[unit])
                        build_predicted.append(float(re.search(r"build time +([\d.]+) s", text).group(1)))
                        time.sleep(rest)
                        with tempfile.TemporaryDirectory() as folder:
                            report = os.path.join(folder, "report.json")
                            command(arguments.program, ranks,
                                    ["run", file, "--quiet", "--threads", str(threads), "--report", report, "--output",
                                     os.path.join(folder, "out.h5")] + chosen)
                            with open(report) as f:
                                found = json.load(f)
                        memory.append(max(found["peak_rss_bytes"]))
                        build.append(found["build_s"])
                    m, b = statistics.median(memory_predicted), statistics.median(build_predicted)
                    most, b_found = max(memory), statistics.median(build)
                    off = m / most - 1
                    bad = abs(off) > MEMORY
                    verdict = "MEMORY" if bad else "ok"
                    if arguments.memory_only:
                        verdict += ", time not judged"
                    elif ranks * threads > cores:
                        verdict += ", time not judged: more workers than cores"
                    elif max(busy) > 0.1:
                        verdict += f", time not judged: other work takes {100 * max(busy):.0f} % of a core"
                    else:
                        judged += 1
                        if abs(b / b_found - 1) > BUILD and abs(b - b_found) > BUILD_S:
                            bad, verdict = True, verdict + ", BUILD TIME"
                    wrong += bad
                    print(f"{name:34} {ranks} x {threads} {m / 1e6:9.0f} {most / 1e6:6.0f} {100 * off:+5.0f}% "
                          f"{b:8.2f} {b_found:5.2f} {100 * (b / b_found - 1):+5.0f}%  "
                          f"{min(build):5.2f}-{max(build):5.2f}  {verdict}", flush=True)
    print("all within tolerance" if wrong == 0 else f"{wrong} beyond tolerance")
    if wrong:
        return 1
    return 77 if judged == 0 and not arguments.memory_only else 0


if __name__ == "__main__":
    sys.exit(main())
