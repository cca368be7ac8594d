#!/usr/bin/python3
"""Compares two result files: their spikes and traces, value by value.

Prints "identical", or the first difference of each population and report. Exit code 0: identical, 1: different,
2: a file can't be read.

    scripts/compare_spikes.py A.h5 B.h5
"""
import argparse
import sys

import h5py
import numpy as np

ROWS = 1 << 22  # values compared at once, so that files larger than memory can be compared


def first_difference(a, b):
    """Index of the first place where two datasets differ, over their common length; None where they don't.

    Compares bits: NaN equals NaN, and 0.0 differs from -0.0."""
    length = min(a.shape[0], b.shape[0])
    width = int(np.prod(a.shape[1:], dtype=np.int64)) if a.ndim > 1 else 1
    step = max(1, ROWS // max(1, width))
    for begin in range(0, length, step):
        x = np.ascontiguousarray(a[begin:min(begin + step, length)])
        y = np.ascontiguousarray(b[begin:min(begin + step, length)])
        different = x.view(f"u{x.dtype.itemsize}") != y.view(f"u{y.dtype.itemsize}")
        if different.any():
            place = np.unravel_index(np.argmax(different), different.shape)
            return (begin + int(place[0]), *(int(i) for i in place[1:]))
    return None


def compare_spikes(a, b, name):
    """A line on the first difference between the spikes of a population, or None."""
    for column in ("timestamps", "node_ids"):
        if a[column].dtype != b[column].dtype:
            return f"{name}: {column} are {a[column].dtype} in A, {b[column].dtype} in B"
    places = [p[0] for column in ("timestamps", "node_ids") if (p := first_difference(a[column], b[column])) is not None]
    lengths = a["timestamps"].shape[0], b["timestamps"].shape[0]
    if not places and lengths[0] == lengths[1]:
        return None
    place = min(places) if places else min(lengths)

    def spike(group, length):
        if place >= length:
            return "no more spikes"
        return f"neuron {group['node_ids'][place]} at {float(group['timestamps'][place])!r} ms"

    return (f"{name}: spike {place} is {spike(a, lengths[0])} in A, {spike(b, lengths[1])} in B "
            f"({lengths[0]} and {lengths[1]} spikes)")


def compare_report(a, b, name):
    """A line on the first difference between two reports, or None."""
    for column in ("mapping/node_ids", "mapping/time", "data"):
        x, y = a[column], b[column]
        if x.dtype != y.dtype:
            return f"{name}: {column} is {x.dtype} in A, {y.dtype} in B"
        if x.shape[1:] != y.shape[1:]:
            return f"{name}: {column} has shape {x.shape} in A, {y.shape} in B"
        place = first_difference(x, y)
        if place is not None:
            where = f"{column}{list(place)}"
            if column == "data":
                time = a["mapping/time"]
                where = f"neuron {a['mapping/node_ids'][place[1]]} at {float(time[0] + place[0] * time[2]):.10g} ms"
            return f"{name}: {where} is {float(x[place])!r} in A, {float(y[place])!r} in B"
        if x.shape != y.shape:
            return f"{name}: {column} has shape {x.shape} in A, {y.shape} in B"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", metavar="A.h5")
    parser.add_argument("b", metavar="B.h5")
    arguments = parser.parse_args()
    lines = []
    try:
        with h5py.File(arguments.a, "r") as a, h5py.File(arguments.b, "r") as b:
            if "spikes" not in a and "spikes" not in b and "report" not in a and "report" not in b:
                raise OSError("neither file holds /spikes or /report")
            for group, compare in (("spikes", compare_spikes), ("report", compare_report)):
                names = [set(f[group]) if group in f else set() for f in (a, b)]
                for name in sorted(names[0] ^ names[1]):
                    lines.append(f"{group}/{name}: only in {'A' if name in names[0] else 'B'}")
                for name in sorted(names[0] & names[1]):
                    line = compare(a[group][name], b[group][name], f"{group}/{name}")
                    if line:
                        lines.append(line)
    except (OSError, KeyError) as error:
        print(f"can't compare {arguments.a} with {arguments.b}: {error}", file=sys.stderr)
        return 2
    print("\n".join(lines) if lines else "identical")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
