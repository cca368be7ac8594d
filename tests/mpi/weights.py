"""Weights in result files: the same bytes for every layout of ranks and threads, at intervals, on change and at the end; what they
say of each other; and a second run that begins with the first one's weights."""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

PROGRAM, SOURCE = sys.argv[1:3]
NETWORK = os.path.join(SOURCE, "tests/mpi/networks/plasticity.toml")
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMP_NUM_THREADS": "1"}
RECORDERS = """
[[recorders]]
weights  = ["E->E", "inhibition"]
interval = "20 ms"
sample   = 2500

[[recorders]]
weights  = "E->E"
interval = "10 ms"
changes  = true
start    = "50 ms"
stop     = "180 ms"

[[recorders]]
weights = ["E->E", "inhibition", "noise->I"]
"""


def run(experiment, output, ranks=1, threads=1, partitioner="round_robin", settings=(), expect=0, more=()):
    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), PROGRAM, "run", experiment, "--quiet",
               "--threads", str(threads), "--output", output, "--set", f"simulation.partitioner={partitioner}", *more]
    for setting in settings:
        command += ["--set", setting]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600)
    if done.returncode != expect:
        sys.exit(f"FAIL {' '.join(command)}: exit code {done.returncode} instead of {expect}\n{done.stderr}")
    return done.stderr


def datasets(path):
    """Every dataset below /weights, as bytes with its type and shape."""
    found = {}
    with h5py.File(path, "r") as file:
        file["weights"].visititems(lambda name, item: found.__setitem__(name, (item.dtype.str, item.shape, item[()].tobytes()))
                                   if isinstance(item, h5py.Dataset) else None)
    return found


def check(condition, text):
    if not condition:
        sys.exit(f"FAIL {text}")


with tempfile.TemporaryDirectory() as folder:
    experiment = os.path.join(folder, "first.toml")
    with open(NETWORK, encoding="utf-8") as file:
        network = file.read()
    with open(experiment, "w", encoding="utf-8") as file:
        file.write(network + RECORDERS)
    expected, layouts = None, [(1, 1, "round_robin"), (1, 2, "block"), (2, 1, "random"), (3, 2, "round_robin"), (4, 1, "block")]
    for ranks, threads, partitioner in layouts:
        result = os.path.join(folder, f"{ranks}_{threads}.h5")
        run(experiment, result, ranks, threads, partitioner)
        found = datasets(result)
        expected = expected or found
        check(found.keys() == expected.keys(), f"{ranks} ranks: {sorted(found)} instead of {sorted(expected)}")
        for name in found:
            check(found[name] == expected[name], f"{ranks} ranks x {threads} threads, {partitioner}: {name} differs")
    first = os.path.join(folder, "1_1.h5")
    with h5py.File(first, "r") as file:
        weights = file["weights"]
        check(sorted(weights) == ["E->E", "E->E#2", "E->E#3", "inhibition", "inhibition#2", "noise->I"], f"groups {sorted(weights)}")
        whole = weights["E->E#3"]
        n = len(whole["weight"])
        check(n == 300 * 60, f"E->E has {n} weights")
        order = list(zip(whole["target"][:], whole["source"][:], whole["delay"][:]))
        check(order == sorted(order), "synapses aren't in order")
        check(np.bincount(whole["target"][:].astype(int)).tolist() == [60] * 300, "not all synapses are there")
        sampled, rows = weights["E->E"], np.arange(2500) * n // 2500
        for column in ("source", "target", "delay", "weight"):
            check(np.array_equal(sampled[column][:], whole[column][:][rows]), f"{column} of the sample isn't of its synapses")
        check(sampled["data"].shape == (15, 2500), f"looks: {sampled['data'].shape}")
        check(np.array_equal(sampled["time"][:], [20, 320, 20]), f"time: {sampled['time'][:]}")
        check(np.array_equal(sampled["data"][-1], sampled["weight"][:]), "the last look isn't the end")
        check(0 < np.count_nonzero(sampled["data"][0] != sampled["data"][-1]), "no weight changes")
        # changes, put together, give the looks
        change = weights["E->E#2"]["changes"]
        times, synapse, weight = change["timestamps"][:], change["synapse"][:], change["weight"][:]
        check(list(zip(times, synapse)) == sorted(zip(times, synapse)), "changes aren't in order")
        check(np.count_nonzero(times == 60) == n and times[0] == 60 and times[-1] <= 180, "the first look hasn't all, or none is in time")
        check(n < len(times) < 13 * n, f"{len(times)} changes of {n} weights")
        state = np.zeros(n, dtype=np.float32)
        for time in range(60, 181, 10):
            here = times == time
            check(time == 60 or not np.any(state[synapse[here]] == weight[here]), f"a change at {time} ms changes nothing")
            state[synapse[here]] = weight[here]
            if time % 20 == 0:
                check(np.array_equal(state[rows], sampled["data"][time // 20 - 1]), f"changes up to {time} ms aren't the look")
        final = {name: weights[name + suffix]["weight"][:] for name, suffix in
                 (("E->E", "#3"), ("inhibition", "#2"), ("noise->I", ""))}

    # a run without learning time to speak of begins where the first has ended, whatever the layout
    loads = network
    for place, name in (('weight = { normal = ["40 pA"', "E->E#3"), ('weight = { normal = ["-200 pA"', "inhibition#2")):
        check(loads.count(place) == 1, f"{place} isn't in {NETWORK} once")
        loads = loads.replace(place, f'initial_weights = {{ file = "1_1.h5", projection = "{name}" }}\n{place}')
    second = os.path.join(folder, "second.toml")
    with open(second, "w", encoding="utf-8") as file:
        file.write(loads + RECORDERS)
    answers = []
    for ranks, threads, partitioner in layouts[1:4]:
        result = os.path.join(folder, f"second_{ranks}.h5")
        run(second, result, ranks, threads, partitioner, ['simulation.duration="0.1 ms"'])
        with h5py.File(result, "r") as file:
            check(np.array_equal(file["weights/E->E#3/weight"][:], final["E->E"]), f"{ranks} ranks: E->E wasn't loaded")
            check(np.array_equal(file["weights/inhibition#2/weight"][:], final["inhibition"]), f"{ranks} ranks: inhibition wasn't loaded")
            check(not np.array_equal(file["weights/noise->I/weight"][:], final["noise->I"]), "noise->I was loaded")
        run(second, result, ranks, threads, partitioner)
        answers.append(datasets(result))
        check(answers[0] == answers[-1], f"{ranks} ranks: a run from loaded weights differs")
    check(answers[0]["E->E#3/weight"] != expected["E->E#3/weight"], "loading made no difference to the end")

    # the same in two pieces on two layouts: one result, and the file of weights isn't loaded a second time
    result, checkpoint = os.path.join(folder, "pieces.h5"), os.path.join(folder, "c.h5")
    run(second, result, 2, 1, "block", ['simulation.duration="101.3 ms"'], more=["--checkpoint", checkpoint])
    run(second, result, 1, 2, "random", more=["--resume", checkpoint])
    check(datasets(result) == answers[0], "a run in two pieces differs")

    # what can't be loaded is said, with exit code 2 on any number of ranks
    for change, said in ((('projection = "E->E#3"', 'projection = "E->E"'), "holds 2500 weights, but this projection has 18000"),
                         (('projection = "E->E#3"', 'projection = "nobody"'), "/weights/nobody isn't there"),
                         (('file = "1_1.h5", projection = "E->E#3"', 'file = "second.toml"'), "can't be opened as a result file"),
                         (("seed = 17", "seed = 18"), "row 0, is a synapse from")):
        with open(second, "w", encoding="utf-8") as file:
            check(loads.count(change[0]) == 1, f"{change[0]} isn't there once")
            file.write(loads.replace(*change))
        for ranks in (1, 2):
            text = run(second, os.path.join(folder, "none.h5"), ranks, expect=2)
            check(said in text and "initial_weights" in text, f"the message lacks '{said}': {text}")
    with open(second, "w", encoding="utf-8") as file:
        file.write(network + RECORDERS.replace("2500", "18001"))
    text = run(second, os.path.join(folder, "none.h5"), 2, expect=2)
    check("is 18001, but E->E has 18000 synapses; lower it" in text, f"of a sample that is too large it says: {text}")
print("weights: all layouts alike")
