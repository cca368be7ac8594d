#!/usr/bin/env python3
"""Turns the spikes of an encoder back into the array they encode.

    decode_spikes.py RESULT.h5 POPULATION [--output ARRAY.npy] [--compare ARRAY.npy|.npz|.h5|.idx[.gz]]

The result file holds the experiment; model, size, durations and the code's own parameters are read from it, or given with
--set NAME=VALUE (numbers, times in ms, rates in Hz) where the experiment computes them. The population's spikes must have
been recorded from the first presentation on. The array has one row for each complete presentation within the recorded
time:

  binary_encoder         1 for elements that spiked, 0 for the others
  poisson_rate_encoder   number of spikes / (max_rate * duration), scaled back
  regular_rate_encoder   the same; within 1 / (2 max_rate duration) of the range
  latency_encoder        1 - (step - 1) / (D - 1), scaled back; within 1 / (2 (D - 1)) of the range; silent: data_min
  rank_order_encoder     the rank of each element, from 0; -1 where it was silent
  full_temporal_encoder  a number for each interval; within h / 2 / (max_interval - min_interval) of the range

--compare prints the largest difference from what the array holds, or, for ranks, whether the order is the array's; the
exit code is 1 where the difference is larger than the code's resolution (poisson: six standard deviations).
"""
import argparse
import gzip
import re
import struct
import sys
import tomllib

import h5py
import numpy

SCALES = {"ms": 1.0, "s": 1000.0, "us": 0.001, "Hz": 1.0, "kHz": 1000.0}
DEFAULTS = {"data_min": 0.0, "data_max": 1.0, "duration": 100.0, "gap": 0.0, "first_sample": 0.0, "samples": 0.0,
            "repetitions": 1.0, "start": 0.0, "threshold": None, "max_rate": 100.0, "interval": 1.0,
            "min_interval": 1.0, "max_interval": 10.0}
CODES = ["binary_encoder", "poisson_rate_encoder", "regular_rate_encoder", "latency_encoder", "rank_order_encoder",
         "full_temporal_encoder"]


def quantity(value):
    """A number, or a string of a number and a unit; None for anything else."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    found = re.fullmatch(r"\s*([-+0-9.eE]+)\s*([A-Za-z]*)\s*", value) if isinstance(value, str) else None
    if found is None or (found[2] and found[2] not in SCALES):
        return None
    return float(found[1]) * (SCALES[found[2]] if found[2] else 1.0)


def overridden(experiment, overrides):
    """The experiment with what --set gave to the run; paths into lists concern no population."""
    for each in overrides:
        path, _, value = each.partition("=")
        try:
            value = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            pass  # text, as for the program
        *tables, key = path.strip().split(".")
        here = experiment
        for table in tables:
            here = here.setdefault(table, {}) if isinstance(here, dict) else None
        if isinstance(here, dict):
            here[key] = value
    return experiment


def settings(experiment, population, given):
    """Model, size and parameters of a population, `like` followed."""
    table, name, seen = {}, population, set()
    while name is not None and name not in seen:
        seen.add(name)
        here = experiment.get("populations", {}).get(name, {})
        params = here.get("params", {})
        if not isinstance(params, dict):
            print(f"populations.{name}.params names parameter sets, which aren't looked into; --set gives values",
                  file=sys.stderr)
            params = {}
        table = {**here, **table, "params": {**params, **table.get("params", {})}}
        name = here.get("like")
    values = dict(DEFAULTS)
    for key, value in table["params"].items():
        if key in values:
            number = given.get(key, quantity(value))
            if number is None:
                sys.exit(f"populations.{population}.params.{key} = {value!r} isn't a plain quantity; give --set {key}=VALUE")
            values[key] = number
    values.update(given)
    model = table.get("model")
    if model not in CODES:
        sys.exit(f"population {population} is a {model}, not an encoder")
    size = quantity(given.get("size", table.get("size")))
    if size is None:
        sys.exit(f"the size of {population} isn't a plain number; give --set size=VALUE")
    return model, int(size), values


def decode(model, size, values, times_ms, ids, resolution_ms, duration_ms):
    """(presentations, elements[, numbers]) decoded from spikes."""
    steps = lambda ms: int(round(ms / resolution_ms))
    length, period, start = steps(values["duration"]), steps(values["duration"] + values["gap"]), steps(values["start"])
    presentations = (steps(duration_ms) - start - length) // period + 1
    if presentations < 1:
        sys.exit("not one presentation is complete")
    since = numpy.rint(times_ms / resolution_ms).astype(numpy.int64) - 1 - start
    number, step = since // period, since % period
    inside = (since >= 0) & (step < length) & (number < presentations)
    number, step, ids = number[inside], step[inside], ids[inside].astype(numpy.int64)
    low, span = values["data_min"], values["data_max"] - values["data_min"]
    counts = numpy.zeros((presentations, size), dtype=numpy.int64)
    numpy.add.at(counts, (number, ids), 1)
    if model == "binary_encoder":
        return (counts > 0).astype(float)
    if model in ("poisson_rate_encoder", "regular_rate_encoder"):
        return low + span * counts / (values["max_rate"] * values["duration"] / 1000.0)
    if model == "full_temporal_encoder":
        intervals = int(counts.max()) - 1 if counts.size else 0
        complete = [p for p in range(presentations) if (counts[p] == intervals + 1).all()]
        out = numpy.zeros((len(complete), size, max(intervals, 0)))
        shortest, longest = steps(values["min_interval"]), steps(values["max_interval"])
        for row, p in enumerate(complete):
            mine = number == p
            order = numpy.lexsort((step[mine], ids[mine]))
            trains = step[mine][order].reshape(size, intervals + 1)
            out[row] = low + span * (numpy.diff(trains, axis=1) - shortest) / (longest - shortest)
        return out
    first = numpy.full((presentations, size), -1, dtype=numpy.int64)
    first[number, ids] = step
    if model == "latency_encoder":
        x = 1.0 - first / max(1, length - 1)
        return numpy.where(first < 0, low, low + span * x)
    return numpy.where(first < 0, -1, first // steps(values["interval"]))


def load(path, dataset):
    if path.endswith((".npy", ".npz")):
        array = numpy.load(path)
        return array[dataset] if path.endswith(".npz") else array
    if path.endswith((".h5", ".hdf5")):
        with h5py.File(path, "r") as file:
            return file[dataset][()]
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        _, kind, axes = struct.unpack(">HBB", file.read(4))
        shape = struct.unpack(f">{axes}I", file.read(4 * axes))
        types = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
        return numpy.frombuffer(file.read(), types[kind]).reshape(shape)


def compare(model, values, decoded, array, resolution_ms):
    """Prints what is found; True where the code's resolution is kept."""
    array = numpy.asarray(array, dtype=float)
    array = array.reshape((1, -1) if array.ndim == 1 else (array.shape[0], -1))
    first = int(values["first_sample"])
    array = array[first:first + int(values["samples"])] if values["samples"] else array[first:]
    presented = min(len(decoded), int(len(array) * values["repetitions"]))
    low, span = values["data_min"], values["data_max"] - values["data_min"]
    x = numpy.clip((array[numpy.arange(presented) % len(array)] - low) / span, 0.0, 1.0)
    decoded = decoded[:presented].reshape(presented, -1)
    threshold = values["threshold"]
    if model == "rank_order_encoder":
        good = True
        for ranks, numbers in zip(decoded, array[numpy.arange(presented) % len(array)]):
            order = numpy.argsort(-numbers, kind="stable")
            expected = numpy.empty(len(order), dtype=int)
            expected[order] = numpy.arange(len(order))
            good = good and bool((ranks[ranks >= 0] == expected[ranks >= 0]).all()) and bool((ranks >= 0).any())
        print(f"{presented} presentations: the order is {'that of the array' if good else 'NOT that of the array'}")
        return good
    if model == "binary_encoder":
        difference = numpy.abs(decoded - (x >= (0.5 if threshold is None else threshold)))
        bound = 0.0
    else:
        difference = numpy.abs((decoded - low) / span - x)
        duration_s = values["duration"] / 1000.0
        if model == "regular_rate_encoder":
            bound = 0.5 / (values["max_rate"] * duration_s)
        elif model == "poisson_rate_encoder":
            n = values["max_rate"] * duration_s
            bound = 6 * numpy.sqrt(x / n) + 6 / n
        elif model == "latency_encoder":
            bound = numpy.maximum(0.5 / (values["duration"] / resolution_ms - 1), x * (x <= (threshold or 0.0)))
        else:
            bound = 0.5 * resolution_ms / (values["max_interval"] - values["min_interval"])
    good = bool((difference <= bound + 1e-9).all()) and presented > 0
    print(f"{presented} presentations: largest difference {difference.max() if presented else 0:.3g} of the data's range; "
          f"{'within' if good else 'NOT within'} the code's resolution")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="result file of spikecast run")
    parser.add_argument("population")
    parser.add_argument("--output", help="write the decoded array (.npy)")
    parser.add_argument("--compare", help="the array that was encoded")
    parser.add_argument("--dataset", default="", help="its name in an HDF5 or NPZ file")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the encoder")
    arguments = parser.parse_args()
    given = {}
    for each in arguments.set:
        name, _, value = each.partition("=")
        if (name not in DEFAULTS and name not in ("size", "resolution", "simulated")) or quantity(value) is None:
            parser.error(f"--set {each}: NAME=NUMBER with one of {', '.join([*DEFAULTS, 'size', 'resolution', 'simulated'])}")
        given[name] = quantity(value)
    try:
        with h5py.File(arguments.result, "r") as file:
            text = file["/spikecast/experiment"][()].decode()
            overrides = [each.decode() for each in file["/spikecast/overrides"][()]]
            group = file.get(f"/spikes/{arguments.population}")
            if group is None:
                sys.exit(f"{arguments.result}: no spikes of {arguments.population} were recorded")
            times, ids = group["timestamps"][()], group["node_ids"][()]
    except (OSError, KeyError) as problem:
        sys.exit(f"{arguments.result}: {problem}")
    experiment = overridden(tomllib.loads(text), overrides)
    simulation = experiment.get("simulation", {})
    resolution = given.pop("resolution", quantity(simulation.get("resolution", 0.1)))
    simulated = given.pop("simulated", quantity(simulation.get("duration")))
    if resolution is None or simulated is None:
        sys.exit("resolution or duration isn't a plain quantity; give --set resolution=MS --set simulated=MS")
    model, size, values = settings(experiment, arguments.population, given)
    decoded = decode(model, size, values, times, ids, resolution, simulated)
    print(f"{arguments.population}: {model}, {decoded.shape[0]} presentations of {size} elements")
    if arguments.output:
        numpy.save(arguments.output, decoded)
    if arguments.compare and not compare(model, values, decoded, load(arguments.compare, arguments.dataset), resolution):
        sys.exit(1)


if __name__ == "__main__":
    main()
