#!/usr/bin/python3
"""Counts the instructions of kernels and compares them with benchmarks/instructions.json.

    scripts/count_instructions.py [--program FILE] [--only TEXT]     compare; exit code 1 where a kernel grew
    scripts/count_instructions.py --refresh                          write what is counted now, and say what changed
    scripts/count_instructions.py --self-test                        a tampered baseline must be noticed

Each kernel runs under callgrind on a fixed input and the instructions of one repetition are divided by its events
(synaptic events, neurons and steps, synapses). Only the kernel is counted: set-up and a first repetition run with
instrumentation off. valgrind shows programs a processor with AVX2 and without AVX-512, so that the counts are the same on
every x86-64-v3 machine. A kernel may grow by 10 %: less is what another patch version of the compiler or the C library
does to it, more is a change of the code. One that shrinks by more is reported, so that the gain gets guarded too. The
baseline is that of one compiler's major version; with another one nothing is compared (exit code 77).
"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BASELINE = os.path.join(ROOT, "benchmarks/instructions.json")
GROWTH = 0.10


def fail(message):
    print(f"count_instructions.py: {message}", file=sys.stderr)
    sys.exit(2)


def major(compiler):
    """'GNU 12.2.0' -> 'GNU 12'"""
    return compiler.split(".")[0]


def kernels_of(program):
    done = subprocess.run([program, "--list"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        fail(f"{program} --list fails; build the target count_instructions")
    return [line.split()[0] for line in done.stdout.splitlines()]


def count(program, names):
    """Instructions per event of the named kernels."""
    with tempfile.TemporaryDirectory() as folder:
        pattern = os.path.join(folder, "callgrind")
        line = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={pattern}.%p", program]
        try:
            done = subprocess.run(line + names, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        except FileNotFoundError:
            fail("there is no valgrind; scripts/setup.sh installs it")
        if done.returncode != 0:
            fail(f"{' '.join(line)} fails:\n{done.stderr}")
        events = {name: int(n) for name, n in (text.split() for text in done.stdout.splitlines())}
        counted = {}
        for file in glob.glob(pattern + ".*"):
            with open(file, encoding="utf-8") as f:
                text = f.read()
            trigger = re.search(r"^desc: Trigger: Client Request: (.+)$", text, re.MULTILINE)
            totals = re.search(r"^totals: (\d+)$", text, re.MULTILINE)
            if trigger and totals:
                counted[trigger.group(1)] = int(totals.group(1))
    if set(counted) != set(events):
        fail(f"callgrind counted {sorted(counted)}, but the kernels are {sorted(events)}")
    empty = [name for name in events if events[name] == 0 or counted[name] == 0]
    if empty:
        fail(f"nothing was counted of {', '.join(empty)}")
    return {name: counted[name] / events[name] for name in events}


def compare(baseline, found, complete):
    """Lines to print, and the names of kernels that fail."""
    lines, bad = [], []
    for name in sorted(set(baseline) | set(found)):
        if name not in found:
            if complete:
                lines.append(f"{name:58} {baseline[name]:9.3f}         - GONE: the baseline names a kernel that isn't there")
                bad.append(name)
            continue
        if name not in baseline:
            lines.append(f"{name:58}         - {found[name]:9.3f} new: not guarded before --refresh")
            continue
        change = found[name] / baseline[name] - 1
        verdict = ""
        if change > GROWTH:
            verdict = f" GREW by more than {100 * GROWTH:.0f} %"
            bad.append(name)
        elif change < -GROWTH:
            verdict = " shrank: --refresh guards the gain"
        lines.append(f"{name:58} {baseline[name]:9.3f} {found[name]:9.3f} {100 * change:+6.1f} %{verdict}")
    return lines, bad


def self_test(program, baseline):
    """One count of three kernels, judged by the true baseline and by tampered ones."""
    names = [name for name in ("deliver/compact/scale:0.1/engine", "update/iaf_psc_exp/single/engine",
                               "rows/fixed_indegree") if name in baseline]
    if len(names) != 3:
        fail("the kernels of the self-test aren't in the baseline")
    found = count(program, names)
    true = {name: baseline[name] for name in names}
    cases = [("as it is", true, set()),
             ("all 5 % lower", {name: found[name] / 1.05 for name in names}, set()),
             ("a kernel that doesn't exist", {**true, "update/no_such_model": 1.0}, {"update/no_such_model"})]
    cases += [(f"{name} 12 % lower", {**true, name: found[name] / 1.12}, {name}) for name in names]
    wrong = 0
    for text, tampered, expected in cases:
        bad = set(compare(tampered, found, True)[1])
        wrong += bad != expected
        print(f"{'ok  ' if bad == expected else 'FAIL'} baseline {text}: {sorted(bad) or 'nothing'} noticed")
    if wrong:
        print(f"FAIL: expected {cases}")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/benchmarks/count_instructions"))
    parser.add_argument("--compiler", default="", help="that the program was built with, as in 'GNU 12.2.0'")
    parser.add_argument("--only", default="", help="only kernels whose name contains this")
    parser.add_argument("--baseline", default=BASELINE)
    parser.add_argument("--refresh", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    try:
        with open(arguments.baseline, encoding="utf-8") as f:
            stored = json.load(f)
    except FileNotFoundError:
        if not arguments.refresh:
            fail(f"there is no {arguments.baseline}; --refresh writes it")
        stored = {"compiler": arguments.compiler, "instructions_per_event": {}}
    compiler = arguments.compiler or stored["compiler"]
    if major(compiler) != major(stored["compiler"]) and not arguments.refresh:
        print(f"skipped: the baseline is of {stored['compiler']}, this build of {compiler}")
        return 77
    baseline = stored["instructions_per_event"]
    if arguments.self_test:
        return self_test(arguments.program, baseline)
    names = [name for name in kernels_of(arguments.program) if arguments.only in name]
    if not names:
        fail(f"no kernel's name contains {arguments.only!r}")
    found = count(arguments.program, names)
    lines, bad = compare(baseline, found, complete=not arguments.only)
    print(f"{'instructions per event':58} {'baseline':>9} {'now':>9}")
    print("\n".join(lines))
    if arguments.refresh:
        kept = {**baseline, **found} if arguments.only else found
        with open(arguments.baseline, "w", encoding="utf-8") as f:
            json.dump({"compiler": compiler,
                       "instructions_per_event": {name: float(f"{kept[name]:.5g}") for name in sorted(kept)}}, f,
                      indent=2)
            f.write("\n")
        print(f"wrote {arguments.baseline}: {len(kept)} kernels")
        return 0
    if bad:
        print(f"{len(bad)} of {len(found)} kernels fail. If that is worth it, say why in the commit that carries what "
              "scripts/count_instructions.py --refresh writes.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
