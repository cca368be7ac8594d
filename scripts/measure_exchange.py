#!/usr/bin/python3
"""Measures what an exchange costs for 1 to 32 oversubscribed ranks, by both schemes.

    scripts/measure_exchange.py [--program FILE] [--ranks 1 2 4 8 16 32] [--repeats 3] [--markdown]

Two small networks: 50 neurons a rank of Brunel's kind (tests/mpi/networks/brunel_scaling.toml), so that
the wall time of an epoch is that of its exchange; once with an indegree of 50, where every rank talks to every other, and
once with an indegree of 1 and 2 neurons a rank, where a rank has few peers. The schemes alternate; medians of wall
microseconds an epoch on rank 0 (MPI's part in brackets), and the bytes of packets that a rank sends in an epoch. On fewer
cores than ranks this is the cost of waking R processes one after the other, not that of a network.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from check_dry_run import NETWORK, ROOT

DENSE = {"populations.E.size": 40, "populations.I.size": 10, "indegrees": (40, 10)}
SPARSE = {"populations.E.size": 1, "populations.I.size": 1, "indegrees": (1, 1)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/spikecast"))
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--duration", default="1 s")
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    bar = (lambda cells: "| " + " | ".join(cells) + " |") if arguments.markdown else "  ".join
    head = ["ranks", "network", "alltoall us", "neighbour us", "bytes sent by a rank"]
    print(bar(head))
    if arguments.markdown:
        print("|---:|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        for name, network in (("dense", DENSE), ("sparse", SPARSE)):
            for ranks in arguments.ranks:
                times = {"alltoall": [], "neighbour": []}
                sent = 0.0
                for _ in range(arguments.repeats):
                    for scheme, found in times.items():
                        line = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), arguments.program,
                                "run", NETWORK, "--quiet", "--report", report,
                                "--set", f"populations.E.size={network['populations.E.size'] * ranks}",
                                "--set", f"populations.I.size={network['populations.I.size'] * ranks}",
                                "--set", f"projections[0].rule.fixed_indegree={network['indegrees'][0]}",
                                "--set", f"projections[1].rule.fixed_indegree={network['indegrees'][1]}",
                                "--set", f"simulation.exchange={scheme}",
                                "--set", f'simulation.duration="{arguments.duration}"']
                        done = subprocess.run(line, env=environment, capture_output=True, text=True)
                        if done.returncode != 0:
                            sys.exit(done.stdout + done.stderr)
                        with open(report) as file:
                            run = json.load(file)
                        epochs = run["total_biological_s"] / 1.5e-3
                        found.append((1e6 * run["phases_s"]["exchange"] / epochs, 1e6 * run["phases_s"]["network"] / epochs))
                        sent = run["bytes_sent"] / ranks / epochs
                cells = []
                for found in times.values():
                    whole, mpi = (statistics.median(side) for side in zip(*found))
                    low, high = min(f[0] for f in found), max(f[0] for f in found)
                    cells.append(f"{whole:.1f} ({low:.1f}-{high:.1f}; MPI {mpi:.1f})")
                print(bar([str(ranks), name] + cells + [f"{sent:.0f}"]), flush=True)


if __name__ == "__main__":
    main()
