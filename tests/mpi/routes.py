#!/usr/bin/python3
"""Bytes sent equal the packet size times the sum over spikes of the remote ranks that hold targets of the neuron: the
network comes from `spikecast export`, the spikes from the result file, and the partition is computed here again, so that
nothing is taken from the engine but the two files and its own count of bytes.

    routes.py PROGRAM SOURCE_DIR
"""
import json
import os
import subprocess
import sys
import tempfile

import h5py
import numpy

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n"]


def call(command):
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed with {done.returncode}:\n{done.stdout}{done.stderr}")


def owners(partitioner, first, size, total, ranks):
    """Rank of each neuron of a population whose neurons are first .. first + size - 1 of `total` in declared order."""
    number = first + numpy.arange(size)
    if partitioner == "round_robin":
        return number % ranks
    bounds = [rank * total // ranks for rank in range(ranks + 1)]
    return numpy.searchsorted(bounds, number, side="right") - 1


def main():
    program, source = sys.argv[1:3]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        network, result, report = (os.path.join(folder, name) for name in ("network.h5", "result.h5", "report.json"))
        for name, partitioner, ranks, exchange in [("sparse_graph", "block", 4, "neighbour"),
                                                   ("sparse_graph", "round_robin", 3, "alltoall"),
                                                   ("rules", "round_robin", 3, "neighbour"),
                                                   ("rules", "block", 2, "alltoall")]:
            experiment = os.path.join(source, "tests", "mpi", "networks", name + ".toml")
            call([program, "export", experiment, "--network", network, "--quiet"])
            call(MPIRUN + [str(ranks), program, "run", experiment, "--quiet", "--output", result, "--report", report,
                           "--set", f"simulation.partitioner={partitioner}", "--set", f"simulation.exchange={exchange}"])
            with open(report) as file:
                told = json.load(file)
            populations = [p["name"] for p in told["populations"]]
            with h5py.File(network) as edges, h5py.File(result) as spikes:
                sizes = [len(edges["nodes"][p]["node_type_id"]) for p in populations]
                total, first, owner = sum(sizes), 0, {}
                for population, size in zip(populations, sizes):
                    owner[population] = owners(partitioner, first, size, total, ranks)
                    first += size
                reached = {p: numpy.zeros((size, ranks), bool) for p, size in zip(populations, sizes)}
                for group in edges["edges"].values():
                    sources, targets = group["source_node_id"], group["target_node_id"]
                    source_name, target_name = (x.attrs["node_population"] for x in (sources, targets))
                    source_name, target_name = (x.decode() if isinstance(x, bytes) else x
                                                for x in (source_name, target_name))
                    reached[source_name][sources[:], owner[target_name][targets[:]]] = True
                packets = spiked = 0
                for population in populations:
                    reached[population][numpy.arange(len(owner[population])), owner[population]] = False
                    ids = spikes["spikes"][population]["node_ids"][:].astype(int)
                    spiked += len(ids)
                    packets += int(reached[population].sum(axis=1)[ids].sum())
            expected = packets * told["packet_bytes"]
            verdict = "ok" if expected == told["bytes_sent"] and spiked == told["spikes"] and packets > 0 else "FAIL"
            wrong += verdict != "ok"
            print(f"{verdict} {name}, {partitioner}, {exchange}, {ranks} ranks: {spiked} spikes, {packets} packets of "
                  f"{told['packet_bytes']} bytes, {expected} expected, {told['bytes_sent']} sent")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
