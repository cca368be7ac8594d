#!/usr/bin/python3
"""Looks into kernels under callgrind: which share of their arithmetic is vectorised, and how often they miss a cache.

    scripts/kernel_counts.py vectors [--only REGEX]    of floating-point arithmetic instructions, the share that are packed
    scripts/kernel_counts.py cache   [--only REGEX]    misses per event in caches of the sizes given

Both run the kernels of `count_instructions` (benchmarks/), which counts one repetition on a fixed input and nothing of the
set-up. Events are synaptic events, neurons and steps, or what else a kernel says.

vectors: every instruction executed is looked up in the disassembly. Arithmetic is add, subtract, multiply, divide, square
root, least, greatest and fused multiply-add; `packed` works on a whole register of 4 doubles or 8 floats (ymm), `narrow` on a
packed register of half that width, the rest on one number. A kernel without any shows `-`.

cache: valgrind's simulator has a first level and a last one, so there are two runs: the last level as large as one core's
second level, and as large as the third. The kernel runs once before it is counted, so that caches hold what they would in
a run. It has no prefetching in hardware and ignores prefetch instructions, so these are the
misses that prefetching must hide, not those that cost time.
"""
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ARITHMETIC = re.compile(r"^v?(?:add|sub|mul|div|sqrt|min|max|fn?m(?:add|sub)(?:132|213|231))([ps])([sd])$")


def fail(message):
    print(f"kernel_counts.py: {message}", file=sys.stderr)
    sys.exit(2)


def kernels_of(program, only):
    done = subprocess.run([program, "--list"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        fail(f"{program} --list fails; build the target count_instructions")
    names = [line.split()[0] for line in done.stdout.splitlines() if re.search(only, line.split()[0])]
    if not names:
        fail(f"no kernel's name matches {only!r}")
    return names


def callgrind(names, options):
    """{kernel: (events, text of the dump)}"""
    with tempfile.TemporaryDirectory() as folder:
        line = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--compress-strings=no", "--compress-pos=no",
                f"--callgrind-out-file={folder}/out.%p"] + options + names
        done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            fail(f"{' '.join(line)} fails:\n{done.stderr}")
        events = {name: int(n) for name, n in (text.split() for text in done.stdout.splitlines())}
        found = {}
        for file in glob.glob(f"{folder}/out.*"):
            with open(file, encoding="utf-8") as f:
                text = f.read()
            trigger = re.search(r"^desc: Trigger: Client Request: (.+)$", text, re.MULTILINE)
            if trigger:
                found[trigger.group(1)] = (events[trigger.group(1)], text)
    if set(found) != set(events):
        fail(f"callgrind counted {sorted(found)}, but the kernels are {sorted(events)}")
    return found


def disassembly(program):
    """{address: (mnemonic, operands)}"""
    out = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], stdout=subprocess.PIPE, text=True, check=True)
    found = {}
    for line in out.stdout.splitlines():
        m = re.match(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$", line)
        if m:
            found[int(m.group(1), 16)] = (m.group(2), m.group(3))
    return found


def counts_by_address(text, program):
    """{address as in the file: times executed}, and the instructions executed elsewhere (libraries)."""
    own, elsewhere, here, call = {}, 0, False, False
    for line in text.splitlines():
        if line.startswith("ob="):
            here = os.path.basename(line[3:]) == os.path.basename(program)
        elif line.startswith("calls="):
            call = True # the next line is what the callee cost
        elif line.startswith("0x"):
            address, _, cost = line.split()[:3]
            if call:
                call = False
            elif here:
                at = int(address, 16)
                own[at] = own.get(at, 0) + int(cost)
            else:
                elsewhere += int(cost)
    return own, elsewhere


def vectors(program, names):
    code = disassembly(program)
    print(f"{'kernel':58} {'packed':>7} {'narrow':>7} {'single numbers':>14} {'arithmetic / event':>18} {'of all':>7}")
    for name, (events, text) in sorted(callgrind([program] + names, ["--dump-instr=yes"]).items()):
        own, elsewhere = counts_by_address(text, program)
        lost = [at for at in own if at not in code]
        if lost or not own:
            fail(f"{len(lost)} of {len(own)} addresses of {name} aren't in the disassembly of {program}")
        packed = narrow = scalar = 0
        for at, times in own.items():
            mnemonic, operands = code[at]
            m = ARITHMETIC.match(mnemonic)
            if m is None:
                continue
            if m.group(1) == "s":
                scalar += times
            elif "%ymm" in operands:
                packed += times
            else:
                narrow += times
        all_of_it = packed + narrow + scalar
        share = [f"{100 * n / all_of_it:.1f} %" if all_of_it else "-" for n in (packed, narrow, scalar)]
        print(f"{name:58} {share[0]:>7} {share[1]:>7} {share[2]:>14} {all_of_it / events:18.2f} "
              f"{100 * all_of_it / (sum(own.values()) + elsewhere):5.0f} %", flush=True)


def cache(program, names, first, levels):
    print(f"{'kernel':58} {'accesses':>9} {'first level':>12} " + " ".join(f"{'beyond ' + level:>20}" for level in levels))
    rows = {name: [] for name in names}
    for level in levels:
        options = ["--cache-sim=yes", f"--D1={first}", f"--LL={level}", "--I1=32768,8,64"]
        for name, (events, text) in callgrind([program, "--warm"] + names, options).items():
            kinds = re.search(r"^events: (.+)$", text, re.MULTILINE).group(1).split()
            total = dict(zip(kinds, map(int, re.search(r"^totals: (.+)$", text, re.MULTILINE).group(1).split())))
            if not rows[name]:
                rows[name] = [(total["Dr"] + total["Dw"]) / events, (total["D1mr"] + total["D1mw"]) / events]
            rows[name].append((total["DLmr"] + total["DLmw"]) / events)
    for name in sorted(rows):
        print(f"{name:58} {rows[name][0]:9.2f} {rows[name][1]:12.4f} " + " ".join(f"{n:20.4f}" for n in rows[name][2:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["vectors", "cache"])
    parser.add_argument("--only", default="", help="only kernels whose name matches this")
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/benchmarks/count_instructions"))
    parser.add_argument("--first", default="49152,12,64", help="cache: first level as bytes,ways,line (default: %(default)s)")
    parser.add_argument("--last", nargs="+", default=["1048576,16,64", "33554432,16,64"],
                        help="cache: last levels, one run each (default: those of an EPYC of family 26)")
    arguments = parser.parse_args()
    names = kernels_of(arguments.program, arguments.only)
    if arguments.what == "vectors":
        vectors(arguments.program, names)
    else:
        cache(arguments.program, names, arguments.first, arguments.last)


if __name__ == "__main__":
    main()
