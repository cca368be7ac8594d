#!/usr/bin/python3
"""Compares dry runs with real runs of the same network.

    scripts/check_dry_run.py [--program FILE] [--ranks 2 4 8 16 32] [--neurons 2500] [--repeats 3] [--markdown]

For each number of ranks R, Brunel's network with a fixed number of neurons a rank (tests/mpi/networks/brunel_scaling.toml)
runs on R oversubscribed ranks of this machine, and then every one of the R ranks' shares runs as a dry run, all R at the
same time, at the rates that the real run showed. In alternation, as often as --repeats says.

What MPI takes for R ranks on this node is no part of a dry run; it is measured by a real run of 50 neurons a rank, and
the dry run's finished memory, with that run's peak in place of the program alone, is taken where it exceeds the peak.

Exactly equal must be, for every rank: the hash of its synapses, and how many synapses, segments and sources it has.
Within 10 %, as means over ranks: peak resident memory, bytes sent, bytes received.
Within 30 %: the processor time of deliver, update and the exchange's own work (packing, sorting, entering rows), summed.

Why processor time, and why all dry runs at once. On a machine with fewer cores than ranks the wall time of a rank is mostly
that of others, so that the clock of the thread is compared. And a rank that shares a core with fifteen others finds its
caches cold in every epoch, and a core that is half of a physical one is slower while the other half works; so the dry runs
share the machine in the same way. The time within MPI is left out on both sides: in a real run here it is waiting for ranks
that don't run, in a dry run it is a model of another machine's network.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NETWORK = os.path.join(ROOT, "tests/mpi/networks/brunel_scaling.toml")
BYTES, TIME = 0.10, 0.30
EXACT = ("network_hash", "neurons", "synapses", "segments", "sources_heard", "ranks_heard")


def settings(neurons, ranks, more):
    """A fifth of the neurons is inhibitory."""
    values = {"populations.E.size": neurons * 4 // 5 * ranks, "populations.I.size": neurons // 5 * ranks, **more}
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


def run_all(lines):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    started = [subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
               for line in lines]
    for line, process in zip(lines, started):
        out, err = process.communicate()
        if process.returncode != 0:
            sys.exit(f"{' '.join(line)}\nfailed with {process.returncode}:\n{out}{err}")


def real_run(program, ranks, neurons, more, path):
    run_all([["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), program, "run", NETWORK, "--quiet",
              "--by-rank", "--report", path] + settings(neurons, ranks, more)])
    with open(path) as file:
        return json.load(file)


def peak_with_mpi(memory, mpi):
    """mpi: peak of a rank that has nearly nothing."""
    parts = ("neurons", "synapses", "sources_heard", "pairs", "ranks", "spikes")
    return max(memory["peak"], mpi + sum(memory[part] for part in parts))


def mean(values):
    return sum(values) / len(values)


def compute(share):
    """Seconds of processor time outside MPI."""
    phases = share["processor_s"]
    return phases["deliver"] + phases["update"] + phases["exchange"] - phases["network"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build/release/spikecast"))
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 4, 8, 16, 32])
    parser.add_argument("--neurons", type=int, default=2500, help="of each rank [2500]")
    parser.add_argument("--duration", default="500 ms")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], help="a further setting of both runs")
    parser.add_argument("--no-time", action="store_true", help="don't judge times (a busy machine)")
    parser.add_argument("--markdown", action="store_true")
    arguments = parser.parse_args()
    more = {"simulation.duration": f'"{arguments.duration}"', **dict(text.split("=", 1) for text in arguments.set)}
    wrong = []
    head = ["ranks", "MB real", "dry", "%", "sent MB/s real", "dry", "%", "received MB/s real", "dry", "%",
            "processor s/s real", "dry", "%"]
    formats = ["{}"] + ["{:.1f}", "{:.1f}", "{:+.1f}"] + ["{:.3f}", "{:.3f}", "{:+.1f}"] * 3
    bar = (lambda cells: "| " + " | ".join(cells) + " |") if arguments.markdown else "  ".join
    print(bar(head), flush=True)
    if arguments.markdown:
        print("|" + "---:|" * len(head), flush=True)
    for ranks in arguments.ranks:
        found = {"memory": [], "sent": [], "received": [], "time": []}
        with tempfile.TemporaryDirectory() as folder:
            real_file = os.path.join(folder, "real.json")
            nothing = real_run(arguments.program, ranks, 50, {
                **more, "projections[0].rule.fixed_indegree": 40, "projections[1].rule.fixed_indegree": 10}, real_file)
            mpi = mean([s["memory_bytes"]["peak"] for s in nothing["shares"]])
            for _ in range(arguments.repeats):
                real = real_run(arguments.program, ranks, arguments.neurons, more, real_file)
                rates = {f"populations.{p['name']}.expected_rate": f'"{p["rate_hz"]} Hz"' for p in real["populations"]}
                if real["spikes"] == 0:
                    sys.exit("nothing happens in the network, so it shows nothing")
                files = [os.path.join(folder, f"dry{rank}.json") for rank in range(ranks)]
                run_all([[arguments.program, "run", NETWORK, "--quiet", "--dry-run-ranks", str(ranks), "--dry-run-rank",
                          str(rank), "--report", files[rank]] + settings(arguments.neurons, ranks, {**more, **rates})
                         for rank in range(ranks)])
                dry = []
                for path in files:
                    with open(path) as file:
                        dry.append(json.load(file))
                for rank in range(ranks):
                    for key in EXACT:
                        if dry[rank]["share"][key] != real["shares"][rank][key]:
                            wrong.append(f"{ranks} ranks, rank {rank}: {key} is {dry[rank]['share'][key]} in the dry run "
                                         f"and {real['shares'][rank][key]} in the real one")
                seconds = real["total_biological_s"]
                found["memory"].append((mean([s["memory_bytes"]["peak"] for s in real["shares"]]) / 1e6,
                                        mean([peak_with_mpi(d["share"]["memory_bytes"], mpi) for d in dry]) / 1e6))
                found["sent"].append((mean([s["bytes_sent"] for s in real["shares"]]) / seconds / 1e6,
                                      mean([d["bytes_sent_per_biological_s"] for d in dry]) / 1e6))
                found["received"].append((mean([s["bytes_received"] for s in real["shares"]]) / seconds / 1e6,
                                          mean([d["bytes_received_per_biological_s"] for d in dry]) / 1e6))
                found["time"].append((mean([compute(s) for s in real["shares"]]) / seconds,
                                      mean([compute(d["share"]) for d in dry]) / seconds))
        row = [ranks]
        for name, pairs in found.items():
            there, here = (statistics.median(side) for side in zip(*pairs))
            off = here / there - 1
            bound = TIME if name == "time" else BYTES
            if abs(off) > bound and not (name == "time" and arguments.no_time):
                wrong.append(f"{ranks} ranks: {name} is {here:.4g} in the dry run and {there:.4g} in the real one, "
                             f"{100 * off:+.0f} %")
            row += [there, here, 100 * off]
        print(bar([text.format(value) for text, value in zip(formats, row)]), flush=True)
    for text in wrong:
        print("FAIL " + text)
    print(f"{len(wrong)} beyond tolerance")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
