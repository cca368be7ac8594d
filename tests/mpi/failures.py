#!/usr/bin/python3
"""When one worker fails, at whatever moment, every rank stops with exit code 1 and one message, and the result file can be
read. Takes the program that has faults to choose from (engine/build/fault.hpp).

    failures.py PROGRAM SOURCE_DIR
"""
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

import h5py

import messages

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
SECONDS = 90  # far above what a run takes: only a hang gets there


def main():
    program, source = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    network = str(source / "tests" / "mpi" / "networks" / "sparse_graph.toml")
    wrong = runs = 0
    # A thread's stack is 8 MiB of addresses: 3 GB aren't enough for 600 of them.
    narrow = lambda: resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    cases = [(f"{fault} {exchange}", {"SPIKECAST_FAULT": fault}, 3, 2, exchange, None, text)
             for fault, text in (("step", "a fault in a step"), ("fill", "a fault in filling a worker"))
             for exchange in ("alltoall", "neighbour")]
    cases += [("save", {"SPIKECAST_FAULT": "save"}, 3, 2, "auto", None, "a fault in a checkpoint"),
              ("mpi", {"SPIKECAST_FAULT": "mpi"}, 3, 1, "alltoall", None,
               "rank 1: exchange of packets in epoch 0 with 3 peers (0, 1, 2): MPI_Alltoallv of packets failed")]
    cases += [("meet", {"SPIKECAST_FAULT": "meet"}, 2, 1, "auto", None, "rank 1: MPI failed in epoch ")]
    cases += [(f"threads at {ranks}", {}, ranks, 600, "auto", narrow, "can't be started") for ranks in (1, 3)]
    cases += [(f"{fault} {ranks} x {threads}", {"SPIKECAST_FAULT": fault}, ranks, threads, "auto", None, text)
              for fault, text in (("draw", "a fault in drawing a block"), ("take", "a fault in taking what"))
              for ranks, threads in ((1, 2), (3, 2))]
    by_source = str(source / "tests" / "mpi" / "networks" / "outdegree.toml")
    for name, variables, ranks, threads, exchange, prepare, text in cases:
        draws = name.startswith(("draw", "take"))
        with tempfile.TemporaryDirectory() as folder:
            output = os.path.join(folder, "X.h5")
            command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), program, "run",
                       by_source if draws else network, "--quiet",
                       "--threads", str(threads), "--output", output, "--set", f"simulation.exchange={exchange}",
                       "--set", "simulation.precision=single",  # the precision that has the faults
                       "--checkpoint", os.path.join(folder, "C.h5"), "--ignore-memory"] + (["--set", "simulation.drawing=exchange"] if draws else [])
            runs += 1
            try:
                done = subprocess.run(command, env={**ENVIRONMENT, **variables}, capture_output=True, text=True,
                                      timeout=SECONDS, preexec_fn=prepare)
            except subprocess.TimeoutExpired:
                print(f"FAIL {name}: still running after {SECONDS} s")
                wrong += 1
                continue
            said = [line for line in messages.of_ranks(done.stderr)
                    if not re.match(r"\[\S+:\d+\]", line)]  # mpirun's own, of its moment of stopping
            if done.returncode != 1 or len(said) != 1 or text not in said[0]:
                print(f"FAIL {name}: exit code {done.returncode}, says {said}")
                wrong += 1
            if os.path.exists(output):
                try:
                    with h5py.File(output) as file:
                        file["spikes/G/timestamps"][()]
                except (OSError, KeyError) as error:
                    print(f"FAIL {name}: the output can't be read: {error}")
                    wrong += 1
            elif name.startswith("step"):
                print(f"FAIL {name}: there is no output")
                wrong += 1
    print(f"{runs} runs, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
