#!/usr/bin/python3
"""Runs one of the benchmark networks in NEST 3 (python module nest) and writes what scripts/benchmark.py compares.

    scripts/nest/run.py NETWORK [--threads N] [--duration MS] [--warmup MS] [--seed N] [--report FILE]

NETWORK is one of
    microcircuit_dc       experiments/microcircuit_pd14.toml, constant input
    microcircuit_poisson  the same with variant=poisson
    brunel_AI (_SR, _SI_fast, _SI_slow)   experiments/brunel_2000.toml
    brunel_tenth          benchmarks/experiments/brunel_tenth.toml
    hpc_static            benchmarks/experiments/hpc_static.toml

with the same numbers of neurons, synapses, weights, delays and inputs; draws are NEST's own. Nothing is recorded. Timing
is the protocol of the field: construction ends after nest.Prepare(), which builds the tables that NEST otherwise leaves to
the first simulation; the warm-up is simulated and not counted; then the wall time of nest.Run() is taken. The report has
the keys of Spikecast's. Under mpirun every rank runs this; rank 0 writes.

Needs NEST 3.0 or later: https://nest-simulator.readthedocs.io. NEST limits a thread to 134 million connections, so that
the full microcircuit needs 3 threads.
"""
import argparse
import json
import math
import sys
import time

RESOLUTION = 0.1  # ms


def tell(text):
    print(f"nest/run.py: {text}", file=sys.stderr)


def microcircuit(nest, poisson):
    """Potjans & Diesmann (2014), full scale, from INM-6/microcircuit-PD14-model's parameters."""
    names = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"]
    sizes = [20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948]
    probability = [[0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
                   [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
                   [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
                   [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
                   [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
                   [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
                   [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
                   [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443]]
    inputs = [1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100]
    V_mean = [-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43]
    V_std = [5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48]
    weight, tau_syn, rate = 87.81, 0.5, 8.0  # pA, ms, Hz
    populations = []
    for i in range(len(names)):
        current = 0.0 if poisson else inputs[i] * rate * weight * tau_syn * 1e-3
        populations.append(nest.Create("iaf_psc_exp", sizes[i], params={
            "C_m": 250.0, "tau_m": 10.0, "tau_syn_ex": tau_syn, "tau_syn_in": tau_syn, "t_ref": 2.0, "V_th": -50.0,
            "E_L": -65.0, "V_reset": -65.0, "I_e": current, "V_m": nest.random.normal(mean=V_mean[i], std=V_std[i])}))
    for i, target in enumerate(populations):
        if poisson:
            generator = nest.Create("poisson_generator", params={"rate": rate * inputs[i]})
            nest.Connect(generator, target, "all_to_all", {"weight": weight, "delay": 1.5})
        for j, source in enumerate(populations):
            p = probability[i][j]
            number = round(math.log1p(-p) / math.log1p(-1.0 / (sizes[i] * sizes[j])))
            if number == 0:
                continue
            excitatory = j % 2 == 0
            mean = weight * (1.0 if excitatory else -4.0) * (2.0 if (i, j) == (0, 2) else 1.0)
            delay = 1.5 if excitatory else 0.75
            nest.Connect(source, target, {"rule": "fixed_total_number", "N": number}, {
                "synapse_model": "static_synapse",
                "weight": nest.math.redraw(nest.random.normal(mean=mean, std=0.1 * abs(mean)),
                                           min=0.0 if excitatory else -math.inf, max=math.inf if excitatory else 0.0),
                "delay": nest.math.redraw(nest.random.normal(mean=delay, std=0.5 * delay), min=0.5 * RESOLUTION,
                                          max=math.inf)})
    return sum(sizes)


def brunel(nest, size_E, indegree_E, J, g, eta):
    """Brunel (2000); J in mV. A quarter as many inhibitory neurons and synapses; V_m starts at rest, 0 mV."""
    tau, theta, delay = 20.0, 20.0, 1.5
    neuron = {"tau_m": tau, "C_m": 1.0, "V_th": theta, "E_L": 0.0, "V_reset": 10.0, "V_m": 0.0, "t_ref": 2.0}
    size_I, indegree_I = size_E // 4, indegree_E // 4
    E, I = nest.Create("iaf_psc_delta", size_E, params=neuron), nest.Create("iaf_psc_delta", size_I, params=neuron)
    nu_thr = theta / (J * indegree_E * tau)  # spikes a ms
    generator = nest.Create("poisson_generator", params={"rate": eta * nu_thr * indegree_E * 1e3})
    nest.Connect(generator, E + I, "all_to_all", {"weight": J, "delay": delay})
    nest.Connect(E, E + I, {"rule": "fixed_indegree", "indegree": indegree_E}, {"weight": J, "delay": delay})
    nest.Connect(I, E + I, {"rule": "fixed_indegree", "indegree": indegree_I}, {"weight": -g * J, "delay": delay})
    return size_E + size_I


def hpc_static(nest):
    """NEST's HPC benchmark at scale 1, static synapses throughout."""
    tau_m, tau_syn, C_m, theta, delay = 10.0, 0.32582722403722841, 250.0, 20.0, 1.5
    J, g, eta = 45.609600316540956, 5.0, 1.685  # pA: 0.14 mV at the peak
    sizes = (9000, 2250)
    neuron = {"C_m": C_m, "tau_m": tau_m, "tau_syn_ex": tau_syn, "tau_syn_in": tau_syn, "t_ref": 0.5, "V_th": theta,
              "E_L": 0.0, "V_reset": 0.0, "V_m": nest.random.normal(mean=5.7, std=7.2)}
    E, I = (nest.Create("iaf_psc_alpha", size, params=neuron) for size in sizes)
    rate = eta * theta * C_m / (tau_m * J * math.e * tau_syn) * 1e3
    generator = nest.Create("poisson_generator", params={"rate": rate})
    nest.Connect(generator, E + I, "all_to_all", {"weight": J, "delay": delay})
    for source, weight, indegree in ((E, J, sizes[0]), (I, -g * J, sizes[1])):
        nest.Connect(source, E + I, {"rule": "fixed_indegree", "indegree": indegree, "allow_autapses": False},
                     {"synapse_model": "static_synapse_hpc", "weight": weight, "delay": delay})
    return sum(sizes)


NETWORKS = {
    "microcircuit_dc": lambda nest: microcircuit(nest, poisson=False),
    "microcircuit_poisson": lambda nest: microcircuit(nest, poisson=True),
    "brunel_SR": lambda nest: brunel(nest, 10000, 1000, 0.1, g=3.0, eta=2.0),
    "brunel_SI_fast": lambda nest: brunel(nest, 10000, 1000, 0.1, g=6.0, eta=4.0),
    "brunel_AI": lambda nest: brunel(nest, 10000, 1000, 0.1, g=5.0, eta=2.0),
    "brunel_SI_slow": lambda nest: brunel(nest, 10000, 1000, 0.1, g=4.5, eta=0.9),
    "brunel_tenth": lambda nest: brunel(nest, 1000, 100, 1.0, g=5.0, eta=2.0),
    "hpc_static": hpc_static,
}


def peak_bytes():
    """Peak resident memory of this process. Not ru_maxrss, which is inherited from the one that started it."""
    with open("/proc/self/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=sorted(NETWORKS))
    parser.add_argument("--threads", type=int, default=1, help="local_num_threads of each rank")
    parser.add_argument("--duration", type=float, default=10000.0, help="ms that are timed")
    parser.add_argument("--warmup", type=float, default=500.0, help="ms before")
    parser.add_argument("--seed", type=int, default=55)
    parser.add_argument("--report", help="JSON; the default is standard output")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    try:
        import nest  # takes seconds, which belong to the construction
    except ImportError as error:
        tell(f"NEST can't be imported ({error}); see https://nest-simulator.readthedocs.io for how to install it")
        return 3
    nest.set_verbosity("M_ERROR")
    nest.ResetKernel()
    nest.local_num_threads = arguments.threads
    nest.resolution = RESOLUTION
    nest.rng_seed = arguments.seed
    neurons = NETWORKS[arguments.network](nest)
    recurrent = nest.num_connections - neurons * (arguments.network != "microcircuit_dc")  # without the generators'
    nest.Prepare()
    built = time.perf_counter()
    nest.Run(arguments.warmup)
    timed = time.perf_counter()
    nest.Run(arguments.duration)
    ended = time.perf_counter()
    spikes = nest.local_spike_counter  # each Run counts from zero
    nest.Cleanup()
    spikes *= nest.num_processes  # of rank 0, taken for all: neurons are dealt out in turn
    if nest.Rank() != 0:
        return 0
    seconds = arguments.duration / 1e3
    text = json.dumps({
        "simulator": f"NEST {nest.__version__}",
        "network": arguments.network,
        "ranks": nest.num_processes,
        "threads": arguments.threads,
        "seed": arguments.seed,
        "neurons": neurons,
        "synapses": recurrent,
        "build_s": built - begin,
        "simulate_s": ended - timed,
        "biological_s": seconds,
        "real_time_factor": (ended - timed) / seconds,
        "rate_hz": spikes / neurons / seconds,
        # Each spike times the mean number of a neuron's synapses; exact where all neurons have as many.
        "synaptic_events": spikes * recurrent / neurons,
        "peak_rss_bytes": [peak_bytes()],
    }, indent=2)
    if arguments.report:
        with open(arguments.report, "w", encoding="utf-8") as f:
            f.write(text + "\n")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
