#!/usr/bin/python3
"""One answer at the edges: fewer neurons than workers, populations without projections, autapses, slices, values and
synapses from files, windows, samples, delays of many epochs, epochs at their longest. The datasets of the result files
(spikes and traces), spike_hash, network_hash and state_hash must be equal for all ranks, threads, partitioners and exchange
schemes. And what must hold there: bounded memory for recorded state, small compact weights, predictions for networks beyond
this machine.

    edges.py PROGRAM SOURCE_DIR
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
COMBINATIONS = [(1, 1, "round_robin", "alltoall"), (1, 3, "random", "neighbour"), (2, 2, "block", "alltoall"),
                (3, 1, "round_robin", "neighbour"), (3, 2, "random", "alltoall"), (4, 3, "block", "neighbour")]

HEAD = """[simulation]
resolution = "0.1 ms"
duration = "DURATION"
seed = 19
precision = "PRECISION"
weights = "WEIGHTS"
partitioner = "PARTITIONER"
exchange = "EXCHANGE"
drawing = "DRAWING"
"""

MIXED = """
[populations.one]
model = "parrot_neuron"
size = 1

[populations.A]
model = "iaf_psc_exp"
size = 230
params = { C_m = { file = "values.h5", dataset = "C_m" }, I_e = { normal = ["380 pA", "30 pA"] } }
init = { V_m = { uniform = ["-70 mV", "-56 mV"] } }

[populations.B]
model = "iaf_psc_alpha"
size = 5
params = { I_e = "300 pA" }

[populations.D]
model = "iaf_psc_delta"
size = 61

[populations.alone]
model = "iaf_psc_exp"
size = 3
params = { I_e = "500 pA" }

[populations.train]
model = "poisson_generator"
size = 7
params = { rate = "300 Hz", start = "5 ms", stop = "71.3 ms" }

[[projections]]
source = "train"
target = "one"
rule = "all_to_all"
delay = "0.1 ms"

[[projections]]
source = "one"
target = ["A", "D"]
rule = "all_to_all"
weight = [["100 pA"], ["3 mV"]]
delay = "7.7 ms"

[[projections]]
source = "A"
target = "A"
rule = "one_to_one"
weight = "-35 pA"
delay = "0.1 ms"

[[projections]]
source = { population = "A", slice = [3, 200, 2] }
target = { population = "A", indices = [0, 1, 5, 77, 229] }
rule = { fixed_indegree = 40 }
weight = { normal = ["12 pA", "3 pA"] }
delay = { uniform = ["0.3 ms", "45 ms"] }

[[projections]]
source = "A"
target = "B"
rule = { fixed_outdegree = 2 }
weight = { lognormal = [3.0, 0.4] }
delay = "2 ms"

[[projections]]
source = "B"
target = "A"
rule = { pairwise_bernoulli = 0.0001 }
weight = "5 pA"
delay = "30 ms"

[[projections]]
source = "A"
target = "D"
rule = { explicit_list = { file = "list.csv" } }

[[projections]]
source = "D"
target = "A"
rule = { explicit_list = { file = "values.h5", dataset = "edges" } }

[[stimuli]]
model = "poisson_generator"
target = { population = "A", slice = [1, 230, 7] }
params = { rate = "8000 Hz" }
weight = { uniform = ["5 pA", "15 pA"] }
start = "11 ms"
stop = "60.1 ms"

[[stimuli]]
model = "dc_generator"
target = { population = "B", indices = [1, 4] }
params = { amplitude = "150 pA" }

[[stimuli]]
model = "spike_generator"
target = { population = "D", indices = [60] }
params = { spike_times = ["1 ms", "1.1 ms", "40 ms"] }
weight = "20 mV"

[[stimuli]]
model = "step_current_generator"
target = "alone"
params = { amplitude_times = ["10 ms", "50 ms"], amplitude_values = ["-400 pA", "90 pA"] }

[[recorders]]
spikes = [{ population = "A", slice = [10, 230] }, "B", "D", "one", "alone", "train"]
start = "3 ms"
stop = "75 ms"

[[recorders]]
spikes = "A"
sample = 9

[[recorders]]
variables = ["V_m", "I_syn_ex"]
of = ["A", "alone"]
interval = "0.7 ms"
sample = 3
start = "2 ms"
stop = "64 ms"

[[recorders]]
variables = ["V_m"]
of = { population = "B", indices = [0, 3] }
"""

# Delays of 1,200 steps and more: epochs are as long as they get.
LONG = """
[populations.N]
model = "iaf_psc_exp"
size = 150
params = { I_e = { uniform = ["376 pA", "420 pA"] } }

[[projections]]
source = "N"
target = "N"
rule = { fixed_indegree = 20 }
weight = "60 pA"
delay = { uniform = ["120 ms", "300 ms"] }

[[recorders]]
spikes = "N"

[[recorders]]
variables = ["V_m"]
of = "N"
interval = "33.3 ms"
sample = 4
"""

# Drawn by source: fewer sources than workers, one source whose row takes several rounds, none, all onto one neuron.
OUTDEGREE = """
[populations.A]
model = "iaf_psc_exp"
size = 5
params = { I_e = "700 pA" }

[populations.B]
model = "iaf_psc_exp"
size = 211
params = { I_e = "500 pA" }

[[projections]]
source = "A"
target = "B"
rule = { fixed_outdegree = 2 }
weight = { normal = ["200 pA", "30 pA"] }
delay = "1 ms"

[[projections]]
source = "A"
target = "B"
rule = { fixed_outdegree = 0 }

[[projections]]
source = { population = "A", slice = [3, 4] }
target = "B"
rule = { fixed_outdegree = 150000 }
weight = { normal = ["0.1 pA", "0.02 pA"] }
delay = { uniform = ["1 ms", "2 ms"] }

[[projections]]
source = { population = "B", indices = [0, 17, 18, 19, 210] }
target = { population = "A", slice = [4, 5] }
rule = { fixed_outdegree = 3, allow_autapses = false }
weight = "1 pA"
delay = "1.2 ms"

[[projections]]
source = { population = "B", indices = [0, 17, 210] }
target = "B"
rule = { fixed_outdegree = 210, allow_autapses = false, allow_multapses = false }
weight = { normal = ["5 pA", "1 pA"] }
delay = "0.9 ms"

[[recorders]]
spikes = ["A", "B"]
"""

# Nothing is connected.
NONE = """
[populations.N]
model = "iaf_psc_exp"
size = 2
params = { I_e = "450 pA" }

[[stimuli]]
model = "poisson_generator"
target = "N"
params = { rate = "5000 Hz" }
weight = "10 pA"

[[recorders]]
spikes = "N"
"""


def write_files(folder):
    rng = np.random.default_rng(1)
    with h5py.File(folder / "values.h5", "w") as file:
        file["C_m"] = rng.uniform(220, 280, 230)
        file["edges/source"] = rng.integers(0, 61, 500)
        file["edges/target"] = rng.integers(0, 230, 500)
        file["edges/weight"] = rng.normal(0, 40, 500)
        file["edges/delay"] = rng.integers(1, 90, 500) / 10
    with open(folder / "list.csv", "w") as file:
        file.write("delay,source,target,weight\n")
        for _ in range(900):
            file.write(f"{rng.integers(1, 30) / 10},{rng.integers(0, 230)},{rng.integers(0, 61)},{rng.normal(1, 1)}\n")


def datasets(path):
    """Name -> bytes of all that is spikes or traces."""
    found = {}
    with h5py.File(path) as file:
        for group in ("spikes", "report"):
            if group in file:
                file[group].visititems(lambda name, item: found.__setitem__(f"{group}/{name}", item[()].tobytes())
                                       if isinstance(item, h5py.Dataset) else None)
    return found


TRACED = """
[populations.N]
model = "iaf_psc_exp"
size = 20000

[[recorders]]
variables = ["V_m"]
of = "N"
"""

SMALL_WEIGHTS = """
[populations.clock]
model = "spike_generator"
size = 2
params = { spike_times = ["1 ms"] }

[populations.N]
model = "iaf_psc_delta"
size = 2

[[projections]]
source = "clock"
target = "N"
rule = { explicit_list = { file = "small.csv" } }

[[recorders]]
variables = ["V_m"]
of = "N"
"""


def write_experiment(folder, body, **values):
    text = HEAD + body
    for key, value in {"DURATION": "100 ms", "PRECISION": "double", "WEIGHTS": "float32", "PARTITIONER": "round_robin",
                       "EXCHANGE": "auto", "DRAWING": "auto", **values}.items():
        text = text.replace(f'"{key}"', f'"{value}"')
    (folder / "edge.toml").write_text(text)


def call(folder, *command):
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, cwd=folder, check=True).stdout


def recorded_state(program, folder):
    """Memory: 4 million values of recorded state, of which half a million may wait, 24 bytes each. Without
    a bound they take four times as much; and without a result file none is kept."""
    write_experiment(folder, TRACED, DURATION="20 ms")
    predicted, unit = [line.split()[3:5] for line in call(folder, program, "check", "edge.toml").splitlines()
                       if "memory per rank" in line][0]
    wrong = []
    for output, most in (["--output", "edge.h5"], float(predicted) * {"MB": 1e6, "GB": 1e9}[unit] * 1.1), ([], 50e6):
        call(folder, program, "run", "edge.toml", "--quiet", "--report", "edge.json", *output)
        peak = json.loads((folder / "edge.json").read_text())["peak_rss_bytes_total"]
        if peak > most:
            wrong.append(f"recorded state{' without a result file' if not output else ''}: peak of {peak} bytes, not {most:.0f}")
    with h5py.File(folder / "edge.h5") as file:
        if file["report/N.V_m/data"].shape != (200, 20000) or not np.all(file["report/N.V_m/data"][[0, -1]] == -70.0):
            wrong.append("recorded state: not what was recorded")
    return wrong


def small_weights(program, folder):
    """Compact weights are scaled by what a list holds, not by the weight that it replaces (1): a jump of 1.234e-4 mV is
    right to half a unit of 2^-27 mV (32767 units for 2e-4 mV), and the same sum in double otherwise."""
    (folder / "small.csv").write_text("source,target,weight,delay\n0,0,1.234e-4,1\n1,1,-2e-4,1\n")
    write_experiment(folder, SMALL_WEIGHTS, WEIGHTS="compact", DURATION="2 ms")
    call(folder, program, "run", "edge.toml", "--quiet", "--output", "edge.h5")
    with h5py.File(folder / "edge.h5") as file:
        jumps = file["report/N.V_m/data"][19] + 70.0
    wrong = np.abs(jumps - [1.234e-4, -2e-4]) > 2.0 ** -28 + 2e-14 # and the rounding of V_m itself
    return [f"small weights: jumps of {jumps}"] if wrong.any() else []


def beyond_this_machine(program, folder):
    """What can't be built here can still be planned here, and at once."""
    write_experiment(folder, NONE.replace("size = 2\n", "size = 1000000000000\n") + """
[[projections]]
source = "N"
target = "N"
rule = { fixed_indegree = 10 }
""")
    wrong = []
    for setting in "fixed_indegree = 10", "fixed_indegree = 1000000000", "pairwise_bernoulli = 1e-6":
        text = call(folder, program, "check", "edge.toml", "--set", f"projections[0].rule={{ {setting} }}", "--ranks", "4096")
        if "1000000000000" not in text or "build time" not in text:
            wrong.append(f"check of 10^12 neurons, {setting}: {text}")
    return wrong


def main():
    program = os.path.abspath(sys.argv[1])
    wrong = runs = 0
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        write_files(folder)
        for name, body, duration in (("mixed", MIXED, "80 ms"), ("long", LONG, "700 ms"), ("none", NONE, "50 ms"),
                                     ("outdegree", OUTDEGREE, "60 ms")):
            for precision, weights in (("double", "float32"), ("single", "compact")):
                expected = None
                for ranks, threads, partitioner, exchange in COMBINATIONS if precision == "double" else COMBINATIONS[::2]:
                    text = HEAD + body
                    for key, value in (("DURATION", duration), ("PRECISION", precision), ("WEIGHTS", weights),
                                       ("PARTITIONER", partitioner), ("EXCHANGE", exchange),
                                       ("DRAWING", "exchange" if expected else "redraw")):
                        text = text.replace(f'"{key}"', f'"{value}"')
                    (folder / "edge.toml").write_text(text)
                    command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), program, "run", "edge.toml",
                               "--quiet", "--threads", str(threads), "--output", "edge.h5", "--report", "edge.json"]
                    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, cwd=folder)
                    runs += 1
                    if done.returncode != 0:
                        sys.exit(f"{' '.join(command)}\nfailed with {done.returncode}:\n{done.stdout}{done.stderr}")
                    report = json.loads((folder / "edge.json").read_text())
                    answer = {key: report[key] for key in ("spike_hash", "network_hash", "state_hash", "spikes", "synapses",
                                                           "synaptic_events", "populations")}
                    answer.update(datasets(folder / "edge.h5"))
                    if expected is None:
                        expected = answer
                        print(f"{name}, {precision}, {weights}: {report['spikes']} spikes, {report['synapses']} synapses, "
                              f"{len(answer) - 7} datasets", flush=True)
                        if report["spikes"] == 0 or not any(answer[key] for key in answer if key.endswith("timestamps")):
                            print(f"FAIL {name}: nothing happens in it, so it shows nothing")
                            wrong += 1
                    for key in sorted(expected.keys() | answer.keys()):
                        if expected.get(key) != answer.get(key):
                            print(f"FAIL {name}, {precision}, {weights}: {ranks} ranks of {threads} threads, {partitioner}, "
                                  f"{exchange}: {key} differs")
                            wrong += 1
        for extra in recorded_state, small_weights, beyond_this_machine:
            runs += 1
            for message in extra(program, folder):
                print("FAIL", message)
                wrong += 1
    print(f"{runs} runs, {wrong} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
