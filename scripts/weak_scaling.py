#!/usr/bin/python3
"""Weak scaling by dry runs: what one rank of R needs when the network grows with R.

    scripts/weak_scaling.py [--program FILE] [--ranks 2 8 ... 65536] [--neurons 2500] [--png FILE] [--markdown]

Brunel's network at a fixed indegree of 1250 (tests/mpi/networks/brunel_scaling.toml), with a fixed number of neurons a
rank; for every R rank 0 is built and run alone (spikecast run --dry-run-ranks R). Prints memory by the terms of the memory
law, processor time for a second of biological time by phases, the modelled network, and bytes; --png draws them.
scripts/check_dry_run.py compares dry runs with real ones where both are possible.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

from check_dry_run import NETWORK, ROOT, settings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/spikecast"))
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 8, 32, 128, 512, 2048, 8192, 32768, 65536])
    parser.add_argument("--neurons", type=int, default=2500, help="of each rank [2500]")
    parser.add_argument("--duration", default="200 ms")
    parser.add_argument("--set", action="append", default=[], help="a further setting")
    parser.add_argument("--latency", default="1.5", help="us a message")
    parser.add_argument("--bandwidth", default="1", help="10^9 bytes a second for a rank")
    parser.add_argument("--png", help="draw the graph here")
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    more = {"simulation.duration": f'"{arguments.duration}"', **dict(text.split("=", 1) for text in arguments.set)}
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        for ranks in arguments.ranks:
            line = [arguments.program, "run", NETWORK, "--quiet", "--dry-run-ranks", str(ranks), "--report", report,
                    "--latency", arguments.latency, "--bandwidth", arguments.bandwidth]
            done = subprocess.run(line + settings(arguments.neurons, ranks, more), capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(done.stdout + done.stderr)
            with open(report) as file:
                runs.append(json.load(file))
            print(f"{ranks} ranks done", file=sys.stderr, flush=True)
    terms = ["neurons", "synapses", "sources_heard", "pairs", "ranks", "spikes"]
    phases = ["deliver", "update", "exchange"]
    head = (["ranks", "neurons in all", "peak MB", "finished MB"] + [f"{t.replace('_', ' ')} MB" for t in terms] +
            ["build s"] + [f"{p} s/s" for p in phases] + ["network s/s (model)", "sent MB/s", "received MB/s", "reaches ranks"])
    bar = (lambda cells: "| " + " | ".join(cells) + " |") if arguments.markdown else "  ".join
    print(bar(head))
    if arguments.markdown:
        print("|" + "---:|" * len(head))
    for run in runs:
        share, memory = run["share"], run["share"]["memory_bytes"]
        finished = memory["program"] + sum(memory[t] for t in terms)
        print(bar([f"{run['ranks']:,}", f"{run['neurons']:,}", f"{memory['peak'] / 1e6:.1f}", f"{finished / 1e6:.1f}"] +
                  [f"{memory[t] / 1e6:.2f}" for t in terms] + [f"{share['build_s']:.2f}"] +
                  [f"{run['processor_s_per_biological_s'][p]:.3f}" for p in phases] +
                  [f"{run['modelled_network_s_per_biological_s']:.3f}", f"{run['bytes_sent_per_biological_s'] / 1e6:.2f}",
                   f"{run['bytes_received_per_biological_s'] / 1e6:.2f}", f"{share['ranks_reached']:,}"]))
    if arguments.png:
        draw(runs, terms, phases, arguments)


def draw(runs, terms, phases, arguments):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    ranks = [run["ranks"] for run in runs]
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), constrained_layout=True)
    below = [0.0] * len(runs)
    for term in ["program"] + terms:
        values = [run["share"]["memory_bytes"][term] / 1e6 for run in runs]
        above = [a + b for a, b in zip(below, values)]
        axes[0].fill_between(ranks, below, above, label=term.replace("_", " "), linewidth=0)
        below = above
    axes[0].plot(ranks, [run["share"]["memory_bytes"]["peak"] / 1e6 for run in runs], "k--", label="peak")
    axes[0].set_ylabel("memory of a rank / MB")
    axes[0].set_ylim(0)
    for phase in phases:
        axes[1].plot(ranks, [run["processor_s_per_biological_s"][phase] for run in runs], "o-", markersize=3, label=phase)
    axes[1].plot(ranks, [run["modelled_network_s_per_biological_s"] for run in runs], "k:",
                 label=f"network (model: {arguments.latency} us,\n{arguments.bandwidth} GB/s)")
    axes[1].set_yscale("log")
    axes[1].set_ylabel("seconds for a biological second")
    axes[2].plot(ranks, [run["bytes_sent_per_biological_s"] / 1e6 for run in runs], "o-", markersize=3, label="sent")
    axes[2].plot(ranks, [run["bytes_received_per_biological_s"] / 1e6 for run in runs], "x--", markersize=4,
                 label="received")
    counts = [8e-6 * run["share"]["exchanges"] * run["share"]["peers_to"] / run["total_biological_s"] for run in runs]
    axes[2].plot(ranks, counts, ":", label="counts")
    axes[2].set_yscale("log")
    axes[2].set_ylabel("MB a biological second and rank")
    for axis in axes:
        axis.set_xscale("log", base=2)
        axis.set_xlabel("ranks")
        axis.legend(fontsize=7)
    figure.savefig(arguments.png, dpi=90)


if __name__ == "__main__":
    main()
