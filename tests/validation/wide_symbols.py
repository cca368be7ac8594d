#!/usr/bin/python3
"""Kernels for registers of 512 bits are compiled for processors that others are not. A function that both kinds of files
define is merged by the linker, which may keep the one that needs AVX-512: then the program stops on processors without.
So every function of these files must have a name of its own, which the width gives it.

    wide_symbols.py OBJECT...        of the library of models; those of *_512_bits.cpp are looked at
"""
import re
import subprocess
import sys

own = re.compile(r"\b(float, 16ul|double, 8ul)\b|WideKernel<")


def shared(objects):
    """Functions and data that other files could define too."""
    names = subprocess.run(["nm", "-C", "--defined-only", *objects], capture_output=True, text=True, check=True).stdout
    found = []
    for line in names.splitlines():
        parts = line.split(maxsplit=2)
        if len(parts) == 3 and parts[1] in "TtWwVvuDdBbi" and not own.search(parts[2]):
            found.append(parts[2])
    return found


wide = [path for path in sys.argv[1:] if "_512_bits" in path]
others = [path for path in sys.argv[1:] if "/catalogue/" in path and path not in wide]
if not wide:
    print("no kernels for 512 bits in this build")
    sys.exit(77)
if not shared(others):
    sys.exit("FAIL: no shared name is found even where there must be some: this test can't see")
bad = shared(wide)
for name in bad:
    print(f"FAIL: {name} is compiled for AVX-512 under a name that other files may use")
print(f"{len(wide)} files, {len(bad)} shared names")
sys.exit(1 if bad else 0)
