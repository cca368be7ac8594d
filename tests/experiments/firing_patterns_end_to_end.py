#!/usr/bin/python3
"""The twenty patterns of experiments/firing_patterns.toml, run and compared with a second implementation: every spike in
its very step. Only accommodation differs by a step of input (see the experiment) and may differ by a step in time.

    firing_patterns_end_to_end.py PROGRAM SOURCE_DIR
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

from patterns_reference import PATTERNS, spikes


def main():
    program, source = sys.argv[1:3]
    experiment = os.path.join(source, "experiments", "firing_patterns.toml")
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="spikecast_") as folder:
        result = os.path.join(folder, "result.h5")
        for name in PATTERNS:
            subprocess.run([program, "run", experiment, "--quiet", "--set", f"variant={name}", "--output", result],
                           check=True)
            with h5py.File(result, "r") as file:
                times = file["spikes/N/timestamps"][:]
            h, expected = spikes(name)
            found = np.round(times / h).astype(np.int64)
            allowed = 1 if name == "R" else 0
            same = len(found) == len(expected) and np.all(np.abs(found - expected) <= allowed)
            print(f"{name}: {len(found)} spikes, first at {times[0] if len(times) else float('nan'):g} ms"
                  + ("" if same else f"  DIFFERS: steps {found.tolist()} instead of {expected.tolist()}"), flush=True)
            wrong += not same
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
