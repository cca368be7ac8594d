"""The networks that test one answer: tests/mpi/networks and a small microcircuit, with the settings and files that they need."""
import os
import sys


def input_files(folder):
    """Files of samples and spikes for the network `generators`, as settings."""
    import h5py
    import numpy
    random = numpy.random.default_rng(1)
    samples, spikes = os.path.join(folder, "samples.npz"), os.path.join(folder, "spikes.h5")
    numpy.savez_compressed(samples, x=random.integers(0, 256, (5, 7, 9), dtype=numpy.uint8))
    with h5py.File(spikes, "w") as file:
        file["/spikes/X/timestamps"] = random.integers(1, 1200, 4000) / 10.0
        file["/spikes/X/node_ids"] = random.integers(0, 100, 4000).astype(numpy.uint64)
    settings = {"populations.injected.params.spike_times.file": f'"{spikes}"'}
    for name in ["binary", "poisson_rate", "regular_rate", "latency", "rank_order", "temporal"]:
        settings[f"populations.{name}.params.data"] = f'{{ file = "{samples}", dataset = "x" }}'
    return settings


def cases(source):
    """(name, experiment file, settings)"""
    networks = os.path.join(source, "tests", "mpi", "networks")
    small = {"variant": "poisson", "scaling.N": 0.05, "scaling.K": 0.05, "simulation.warmup": '"0 ms"',
             "simulation.duration": '"200 ms"'}
    plain = ["outdegree", "nonlinear", "rules", "generators", "space", "sparse_graph", "volleys", "cable", "inputs", "simple_models", "plasticity",
             "plasticity_rules"]
    return ([("brunel_tenth", os.path.join(networks, "brunel_tenth.toml"), {}),
             ("microcircuit", os.path.join(source, "experiments", "microcircuit_pd14.toml"), small)] +
            [(name, os.path.join(networks, name + ".toml"), {}) for name in plain])


def conclude(runs, wrong, fault):
    """Ends the program: well where nothing differs or, of a program with a fault, where something does."""
    print(f"{runs} runs, {wrong} differences")
    if fault:
        print("noticed" if wrong else f"FAIL: nobody noticed the fault {fault}")
    sys.exit(0 if (wrong > 0) == bool(fault) else 1)
