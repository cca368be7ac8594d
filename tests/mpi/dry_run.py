#!/usr/bin/python3
"""Dry runs against real runs, rank by rank, over connection rules and partitioners; and what a dry run refuses.

    dry_run.py PROGRAM SOURCE_DIR

The synapses of a dry run's rank are those of the real rank, to the bit. The (own neuron, rank reached) pairs are drawn:
their number over all ranks may differ by 5 standard deviations. It is a sum of independent indicators over pairs in the
dry run, and in the real one nearly (fixed degrees anticorrelate them), each with a variance below its mean, so that the
variance of the difference is at most twice the mean. Rules whose pairs are known without drawing have no tolerance.
"""
import json
import math
import os
import subprocess
import sys
import tempfile

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n"]
EXACT = ("network_hash", "neurons", "synapses", "segments", "sources_heard", "ranks_heard")
RATES = {"rules": "ABP", "outdegree": "AB", "space": "SR", "sparse_graph": "G", "known": "EF"}

KNOWN = """[simulation]
duration = "20 ms"
[populations.E]
model = "iaf_psc_exp"
size = 60
params = { I_e = "450 pA" }
[populations.F]
model = "iaf_psc_exp"
size = 60
params = { I_e = "450 pA" }
[[projections]]
source = "E"
target = "F"
rule = "one_to_one"
[[projections]]
source = "F"
target = { population = "E", slice = [3, 9] }
rule = "all_to_all"
[[projections]]
source = "E"
target = "E"
rule = { explicit_list = { file = "list.csv" } }
[[projections]]
source = "F"
target = "F"
rule = { symmetric_pairwise_bernoulli = 0.03, allow_autapses = false }
"""
LIST = "source,target,weight,delay\n" + "".join(f"{7 * i % 60},{(11 * i + 5) % 60},1,{0.3 + 0.1 * (i % 9):.1f}\n" for i in range(90))


def call(command, expected=0):
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    if done.returncode != expected:
        sys.exit(f"FAIL {' '.join(command)}\nended with {done.returncode}, not {expected}:\n{done.stdout}{done.stderr}")
    return done.stderr


def read(path):
    with open(path) as file:
        return json.load(file)


def main():
    program, source = sys.argv[1:3]
    networks = os.path.join(source, "tests", "mpi", "networks")
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        known = os.path.join(folder, "known.toml")
        with open(known, "w") as file:
            file.write(KNOWN)
        with open(os.path.join(folder, "list.csv"), "w") as file:
            file.write(LIST)

        def dry(network, ranks, rank, options, more=()):
            rates = [word for name in RATES[network] for word in ("--set", f'populations.{name}.expected_rate="20 Hz"')]
            path = known if network == "known" else os.path.join(networks, network + ".toml")
            call([program, "run", path, "--quiet", "--dry-run-ranks", str(ranks), "--dry-run-rank", str(rank), "--report",
                  report, *rates, *options, *more])
            return read(report)

        for network, ranks, threads, partitioner, exchange in [
                ("rules", 3, 2, "round_robin", "alltoall"), ("rules", 3, 1, "block", "neighbour"),
                ("outdegree", 3, 2, "block", "auto"), ("space", 4, 1, "block", "auto"), ("sparse_graph", 4, 1, "random", "auto"),
                ("known", 5, 1, "block", "auto"), ("known", 7, 2, "round_robin", "neighbour")]:
            options = ["--threads", str(threads), "--set", f"simulation.partitioner={partitioner}", "--set",
                       f"simulation.exchange={exchange}", "--set", 'simulation.duration="20 ms"']
            if network == "outdegree":  # drawn by blocks of sources and exchanged; a dry run draws them all itself
                options += ["--set", "simulation.drawing=exchange"]
            path = known if network == "known" else os.path.join(networks, network + ".toml")
            call(MPIRUN + [str(ranks), program, "run", path, "--quiet", "--by-rank", "--report", report, *options])
            real = read(report)
            if network == "outdegree" and {d["drawing"] for d in real["drawing"]} != {"exchange"}:
                wrong.append(f"{network}: {real['drawing']} in a real run that was asked to exchange")
            pairs = [0, 0]
            for rank in range(ranks):
                planned = dry(network, ranks, rank, options)
                share, there = planned["share"], real["shares"][rank]
                for key in EXACT:
                    if share[key] != there[key]:
                        wrong.append(f"{network}, rank {rank} of {ranks}: {key} {share[key]}, really {there[key]}")
                if planned["packet_bytes"] != real["packet_bytes"]:
                    wrong.append(f"{network}: packets of {planned['packet_bytes']} bytes, really {real['packet_bytes']}")
                if network == "known" and share["pairs"] != there["pairs"]:
                    wrong.append(f"{network}, rank {rank} of {ranks}: {share['pairs']} pairs, really {there['pairs']}")
                pairs[0] += share["pairs"]
                pairs[1] += there["pairs"]
            if abs(pairs[0] - pairs[1]) > 5 * math.sqrt(2 * pairs[1]) or pairs[1] == 0:
                wrong.append(f"{network} on {ranks} ranks: {pairs[0]} pairs drawn, really {pairs[1]}")
            print(f"{network}, {ranks} ranks, {partitioner}: {real['synapses']} synapses the same; {pairs[0]} pairs drawn, "
                  f"really {pairs[1]}", flush=True)

        # Drawn, not dreamt: the same every time, another rank's different; rates as stated; the model as documented.
        more = ["--latency", "3", "--bandwidth", "0.5"]
        first, again = (dry("sparse_graph", 4096, 5, ["--set", 'simulation.duration="1 s"'], more) for _ in range(2))
        other = dry("sparse_graph", 4096, 6, ["--set", 'simulation.duration="1 s"'])
        counts = [[run["share"][key] for key in ("spikes", "synaptic_events", "bytes_received", "pairs")]
                  for run in (first, again, other)]
        if counts[0] != counts[1] or counts[0] == counts[2]:
            wrong.append(f"two dry runs of one rank, and one of another: {counts}")
        big = dry("rules", 200, 7, ["--set", 'simulation.duration="10 s"'])
        share = big["share"]
        # every source heard on another rank sends a packet at 20 Hz; at most 4 own neurons among 700, 311 and 37
        expected = 20 * 10 * share["sources_heard"] * big["packet_bytes"]
        if abs(share["bytes_received"] / expected - 1) > 6 / math.sqrt(200 * share["sources_heard"]) + 8 / share["sources_heard"]:
            wrong.append(f"{share['bytes_received']} bytes received at 20 Hz from {share['sources_heard']} sources; "
                         f"{expected} expected")
        planned = dry("rules", 200, 7, ["--set", "simulation.exchange=alltoall"], more)
        rounds, seconds = planned["share"]["exchanges"], planned["total_biological_s"]
        packets = max(planned["bytes_sent_per_biological_s"], planned["bytes_received_per_biological_s"]) * seconds / rounds
        counting = min(199 * (3e-6 + 8 / 0.5e9), 8 * (3e-6 + 4 * 200 / 0.5e9))
        modelled = (counting + 199 * 3e-6 + packets / 0.5e9) * rounds / seconds
        if abs(planned["modelled_network_s_per_biological_s"] / modelled - 1) > 1e-9:
            wrong.append(f"the model gives {planned['modelled_network_s_per_biological_s']} s, not {modelled}")

        # What is refused, with one message.
        sparse = os.path.join(networks, "sparse_graph.toml")
        rate = ["--set", 'populations.G.expected_rate="20 Hz"']
        for command, parts in [
                ([program, "run", sparse, "--dry-run-ranks", "4"],
                 [f"{sparse}:9:1: populations.G.expected_rate: ", "states no rate of this population", "give expected_rate"]),
                ([program, "run", sparse, "--dry-run-ranks", "4", "--dry-run-rank", "4", *rate],
                 ["--dry-run-rank: there is no rank 4 of 4; ranks count from 0; give at most 3"]),
                ([program, "run", sparse, "--dry-run-ranks", "4", "--output", os.path.join(folder, "x.h5"), *rate],
                 ["--output: a dry run's spikes are no result; "]),
                (MPIRUN + ["2", program, "run", sparse, "--dry-run-ranks", "4", *rate],
                 ["--dry-run-ranks: a dry run is one process, but there are 2; "])]:
            text = call(command, 2).split("\n-----")[0]
            lines = [line for line in text.splitlines() if line.strip() and not line.startswith("-----")]
            if len(lines) != 1 or any(part not in lines[0] for part in parts):
                wrong.append(f"{' '.join(command)} says {lines}, not {parts}")
        if os.path.exists(os.path.join(folder, "x.h5")):
            wrong.append("a refused dry run left a file")
    for text in wrong:
        print("FAIL " + text)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
