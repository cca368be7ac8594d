#!/usr/bin/python3
"""Song, Miller & Abbott's competition of synapses, step by step as brian2's synapses/STDP.py does it, and with one difference.

    scripts/song_reference.py [--seeds 1 2 3] [--resolution 0.1] [--rate 15]

Two programs are compared: in brian2's a spike of a source in the very step of an output spike has added to its trace before the
output reads it, so that coincidences potentiate; in the other one they don't interact, as docs/plasticity.md says. In
continuous time there are no coincidences, so that the two must agree for fine resolutions. Nothing of Spikecast is used.
"""
import argparse
import math

import numpy as np


def run(seed, h, rate, coincidences):
    """Output rate over the second half of 100 s, mean weight, shares below .1 and above .9, in units of the largest."""
    random = np.random.default_rng(seed)
    n, tau_m, tau_e, tau = 1000, 10.0, 5.0, 20.0
    w, trace, last = random.random(n), np.zeros(n), np.zeros(n)
    fast, slow, forget = math.exp(-h / tau_e), math.exp(-h / tau_m), math.exp(-h / tau)
    particular = 0.06 / (1 / tau_m - 1 / tau_e)  # mV: a unit of g drives V with 0.06 mV/ms
    v, g, post, spikes, late = -60.0, 0.0, 0.0, 0, 0
    steps, piece = round(100e3 / h), round(1e3 / h)
    for begin in range(0, steps, piece):
        counts = random.poisson(rate * 1e-3 * h, (piece, n))
        at, source = np.nonzero(counts)
        bounds = np.searchsorted(at, np.arange(piece + 1))
        source, several = source.tolist(), counts[at, source].tolist()
        for k in range(piece):
            now = (begin + k) * h
            v = -74.0 + (v + 74.0) * slow + particular * g * (fast - slow)
            g *= fast
            post *= forget
            fires = v > -54.0
            arrivals = range(bounds[k], bounds[k + 1])
            for j in arrivals:
                i = source[j]
                for _ in range(several[j]):
                    if coincidences:
                        g += w[i]  # brian2 adds the weight to g before it depresses it
                    w[i] = max(0.0, w[i] - 0.0105 * post)
                    if not coincidences:
                        g += w[i]
                if coincidences or not fires:
                    trace[i] = trace[i] * math.exp((last[i] - now) / tau) + several[j]
                    last[i] = now
            if fires:
                w = np.minimum(1.0, w + 0.01 * trace * np.exp((last - now) / tau))
                if not coincidences:
                    for j in arrivals:
                        i = source[j]
                        trace[i] = trace[i] * math.exp((last[i] - now) / tau) + several[j]
                        last[i] = now
                post += 1.0
                v = -60.0
                spikes += 1
                late += begin + k >= steps // 2
    return late / 50.0, w.mean(), np.mean(w < 0.1), np.mean(w > 0.9)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="S")
    parser.add_argument("--resolution", type=float, default=0.1, metavar="MS")
    parser.add_argument("--rate", type=float, default=15.0, metavar="HZ")
    arguments = parser.parse_args()
    for coincidences in (True, False):
        print("brian2's order:" if coincidences else "spikes of one step don't interact:")
        for seed in arguments.seeds:
            late, mean, low, high = run(seed, arguments.resolution, arguments.rate, coincidences)
            print(f"  seed {seed}: output over the second 50 s {late:.2f} Hz, mean weight {mean:.3f}, below .1 {low:.3f}, "
                  f"above .9 {high:.3f}", flush=True)


if __name__ == "__main__":
    main()
