#!/usr/bin/python3
"""Feeds readers of files with damaged and invented input, in search of crashes, undefined behaviour, leaks, hangs and
unbounded memory. Needs clang-14 and libclang-rt-14-dev.

    scripts/fuzz.py [TARGET...] [--seconds N] [--jobs N] [--timeout N] [--keep DIR] [--list]

Each target (tests/fuzz/*_fuzz.cpp) starts from the seeds in tests/fuzz/corpus/TARGET and from what earlier runs kept in
--keep (build/fuzz/corpus by default). Exit code 1 where anything was found; the input that did it is named.
"""
import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "fuzz")
# bytes that one input may have, and MiB that reading it may take
LIMITS = {"experiment": (20000, 1024), "hdf5": (4096, 1024), "checkpoint": (32768, 1024)}
USUAL = (8192, 1024)


def targets():
    folder = os.path.join(ROOT, "tests", "fuzz")
    return sorted(name[:-len("_fuzz.cpp")] for name in os.listdir(folder) if name.endswith("_fuzz.cpp"))


def run(target, seconds, timeout, keep):
    size, memory = LIMITS.get(target, USUAL)
    corpus = os.path.join(keep, target)
    found = os.path.join(keep, "found")
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(found, exist_ok=True)
    command = [os.path.join(BUILD, "tests", "fuzz", f"{target}_fuzz"), corpus]
    seeds = os.path.join(ROOT, "tests", "fuzz", "corpus", target)
    if os.path.isdir(seeds):
        command.append(seeds)
    command += [f"-max_total_time={seconds}", f"-max_len={size}", f"-rss_limit_mb={memory}", f"-timeout={timeout}",
                f"-malloc_limit_mb={memory}", f"-artifact_prefix={found}/{target}-", "-print_final_stats=1"]
    words = os.path.join(ROOT, "tests", "fuzz", f"{target}.dict")
    if os.path.exists(words):
        command.append(f"-dict={words}")
    environment = dict(os.environ, UBSAN_OPTIONS="print_stacktrace=1",
                       ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=0",
                       LSAN_OPTIONS=f"suppressions={ROOT}/tests/sanitize/leaks.txt:print_suppressions=0")
    environment.setdefault("TMPDIR", "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp")
    # into a file: a pipe that nobody reads yet would stop the target
    with open(log(target, keep), "w") as file:
        return subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=environment)


def log(target, keep):
    return os.path.join(keep, f"{target}.log")


def report(target, process, keep):
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    with open(log(target, keep), errors="replace") as file:
        text = file.read()
    number = {key: re.search(rf"{key}: *(\d+)", text) for key in ["number_of_executed_units", "peak_rss_mb"]}
    runs, peak = (int(match.group(1)) if match else 0 for match in number.values())
    coverage = re.findall(r"cov: (\d+)", text)
    fine = process.returncode == 0 and runs > 0
    print(f"{target:12s} {runs:9d} inputs, {coverage[-1] if coverage else '?':>6s} edges, {peak:5d} MiB at most, "
          f"{usage.ru_utime + usage.ru_stime:6.0f} s of a processor: "
          f"{'nothing found' if fine else 'FOUND'}", flush=True)
    if not fine:
        print("\n".join(text.splitlines()[-60:]))
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at the same time")
    parser.add_argument("--timeout", type=int, default=10,
                        help="seconds that one input may take (10); more where other programs want the processors")
    parser.add_argument("--keep", default=os.path.join(BUILD, "corpus"), help="where inputs worth keeping go")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--no-build", action="store_true")
    arguments = parser.parse_args()
    known = targets()
    if arguments.list:
        print("\n".join(known))
        return 0
    for name in arguments.targets:
        if name not in known:
            parser.error(f"there is no target '{name}'; there are {', '.join(known)}")
    if not arguments.no_build:
        subprocess.run(["cmake", "--preset", "fuzz"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["cmake", "--build", "--preset", "fuzz"], cwd=ROOT, check=True)
    left = list(arguments.targets or known)
    running = []
    fine = True
    while left or running:
        while left and len(running) < arguments.jobs:
            target = left.pop(0)
            running.append((target, run(target, arguments.seconds, arguments.timeout, arguments.keep)))
        fine &= report(*running.pop(0), arguments.keep)
    print("nothing found" if fine else f"inputs that did it: {os.path.join(arguments.keep, 'found')}")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
