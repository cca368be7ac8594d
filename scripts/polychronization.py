#!/usr/bin/python3
"""Izhikevich's network of 2006, step by step as its program spnet.m does it, with nothing of Spikecast.

    scripts/polychronization.py [--seeds 1 2 3] [--seconds 100] [--drawn]

Prints the rates of each tenth of the run and the weights at its end; with --drawn, targets, delays and drive are drawn as in
experiments/polychronization.toml.
"""
import argparse

import numpy as np

D, M, NE, NI = 20, 100, 800, 200
N = NE + NI


def reference(seed, seconds, drawn=False):
    """Rates of E and I in each second, and the excitatory synapses' weights at the end."""
    random = np.random.default_rng(seed)
    a = np.r_[np.full(NE, 0.02), np.full(NI, 0.1)]
    d = np.r_[np.full(NE, 8.0), np.full(NI, 2.0)]
    # targets without repetition and without the neuron itself
    post = np.array([random.choice(np.delete(np.arange(N), i), M, replace=False) for i in range(NE)] +
                    [random.choice(NE, M, replace=False) for i in range(NI)])
    delay = np.r_[np.tile(np.repeat(np.arange(D), M // D), (NE, 1)), np.zeros((NI, M), dtype=int)]  # 0 to 19: after 1 to 20 ms
    if drawn:
        post[:NE] = [np.r_[random.choice(np.delete(np.arange(NE), i), 80, replace=False),
                           NE + random.choice(NI, 20, replace=False)] for i in range(NE)]
        delay[:NE] = random.integers(0, D, (NE, M))
    weight = np.r_[np.full((NE, M), 6.0), np.full((NI, M), -5.0)]
    change = np.zeros((N, M))
    flat_post = post.ravel()
    onto = [np.flatnonzero(flat_post == i) for i in range(N)]          # synapses onto a neuron
    onto = [s[s < NE * M] for s in onto]                               # those that learn
    by_delay = [[np.flatnonzero(delay[i] == k) + i * M for k in range(D)] for i in range(N)]
    last = np.full(N, -10**9)                                          # last spike of each neuron
    arrived = np.full(N * M, -10**9)                                   # and at each synapse
    v, u = np.full(N, -65.0), np.full(N, -13.0)
    flat, flat_change = weight.ravel(), change.ravel()                 # views
    due = [[] for _ in range(D)]                                       # synapses that a spike reaches, by time modulo D
    keep = np.log(0.95)
    rates = np.zeros((seconds, 2))
    for second in range(seconds):
        for ms in range(1000):
            t = second * 1000 + ms
            current = 20.0 * random.poisson(1e-3, N) if drawn else 20.0 * (np.arange(N) == random.integers(N))
            fired = np.flatnonzero(v >= 30)
            v[fired] = -65.0
            u[fired] += d[fired]
            last[fired] = t
            rates[second] += [np.count_nonzero(fired < NE), np.count_nonzero(fired >= NE)]
            for i in fired:
                s = onto[i]                                            # what arrived a step before counts in full
                flat_change[s] += 0.1 * np.exp(keep * (t - 1 - arrived[s]))
                for k in range(D):
                    due[(t + k) % D].append(by_delay[i][k])
            if due[t % D]:
                s = np.concatenate(due[t % D])
                due[t % D] = []
                np.add.at(current, flat_post[s], flat[s])
                s = s[s < NE * M]
                flat_change[s] -= 0.12 * np.exp(keep * (t - last[flat_post[s]]))
                arrived[s] = t
            for _ in range(2):
                v += 0.5 * ((0.04 * v + 5.0) * v + 140.0 - u + current)
            u += a * (0.2 * v - u)
        weight[:NE] = np.clip(0.01 + weight[:NE] + change[:NE], 0.0, 10.0)
        change *= 0.9
    return rates / [NE, NI], weight[:NE].ravel()


def statistics(weights):
    return {"below 0.5": float(np.mean(weights < 0.5)), "above 9.5": float(np.mean(weights > 9.5)), "mean": float(np.mean(weights))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], metavar="S")
    parser.add_argument("--seconds", type=int, default=100)
    parser.add_argument("--drawn", action="store_true")
    arguments = parser.parse_args()
    for seed in arguments.seeds:
        rates, weights = reference(seed, arguments.seconds, arguments.drawn)
        tenths = [part.mean(axis=0) for part in np.array_split(rates, 10) if len(part)]
        print(f"seed {seed}: E / Hz " + " ".join(f"{e:.2f}" for e, _ in tenths) + "; I / Hz " +
              " ".join(f"{i:.2f}" for _, i in tenths) + "; weights " +
              ", ".join(f"{name} {value:.3f}" for name, value in statistics(weights).items()), flush=True)


if __name__ == "__main__":
    main()
