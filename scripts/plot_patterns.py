#!/usr/bin/python3
"""Draws the twenty firing patterns of experiments/firing_patterns.toml on one page, as in Fig. 1 of Izhikevich (2004): V_m of
each pattern above its input, in the figure's order and scale.

    scripts/plot_patterns.py [--output results/firing_patterns.png] [--program build/release/spikecast] [--dpi N]
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np

import single_neurons

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def titles(experiment):
    """The titles of the variants, from the experiment itself."""
    found, name = {}, None
    with open(experiment, encoding="utf-8") as file:
        for line in file:
            if line.startswith("[variants."):
                name = line.strip()[len("[variants."):-1]
            elif name and line.startswith("title"):
                found[name] = line.split('"')[1]
    return found


def input_shape(name, times, V, U, spike_steps):
    """The input of each step but the first, which the equations give back from the trace, scaled to a height of 10; in a
    step that spikes it is hidden by the reset and taken from the step before."""
    linear, constant = (4.1, 108) if name in "GL" else (5, 140)
    I = np.diff(V) / np.diff(times) - (0.04 * V[:-1] ** 2 + linear * V[:-1] + constant - U[:-1])
    for step in spike_steps[spike_steps > 0]:
        I[step - 1] = I[step - 2] if step > 1 else 0.0
    return 10 * (I - I.min()) / np.ptp(I)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=os.path.join(ROOT, "results", "firing_patterns.png"))
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "release", "spikecast"))
    parser.add_argument("--dpi", type=int, default=150)
    arguments = parser.parse_args()
    if not os.access(arguments.program, os.X_OK):
        print(f"{arguments.program} isn't there; build it first: scripts/quickstart.sh", file=sys.stderr)
        return 2
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    experiment = os.path.join(ROOT, "experiments", "firing_patterns.toml")
    names = titles(experiment)
    figure, axes = pyplot.subplots(5, 4, figsize=(11, 11))
    with tempfile.TemporaryDirectory(prefix="spikecast_") as folder:
        for axis, (name, title) in zip(axes.flat, names.items()):
            try:
                recording = single_neurons.record(arguments.program, experiment, [f"variant={name}"], folder)
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"the run of {name} failed: {error}", file=sys.stderr)
                return 2
            times, V = recording.traces["N", "V_m"]
            U = recording.traces["N", "U_m"][1]
            # A trace holds V_m after the reset: a spike's top is drawn where the spike is, at the 30 mV of its threshold.
            spike_steps = np.searchsorted(times, recording.spikes["N"] - 1e-6)
            shape = input_shape(name, times, V, U, spike_steps)
            V = V.copy()
            V[spike_steps] = 30.0
            axis.plot(times, V, color="black", linewidth=0.7)
            if name == "J":  # the figure magnifies the oscillation after the spike
                after = times > recording.spikes["N"][-1] + 30
                axis.plot(times[after], -10 + 20 * (V[after] - V[after].mean()), color="tab:blue", linewidth=0.7)
            axis.plot(times[1:], -96 + shape, color="tab:red", linewidth=0.9)
            axis.set_title(title, fontsize=9)
            axis.set_xlim(0, times[-1])
            axis.set_ylim(-102, 34)
            axis.axis("off")
            bar = 20 if times[-1] < 300 else 50  # ms
            axis.plot([times[-1] - bar, times[-1]], [-101, -101], color="black", linewidth=1.5)
            axis.text(times[-1], -103, f"{bar} ms", ha="right", va="top", fontsize=6)
    figure.suptitle("Izhikevich (2004), Fig. 1: V_m (black), input (red)", fontsize=11)
    figure.tight_layout()
    os.makedirs(os.path.dirname(os.path.abspath(arguments.output)), exist_ok=True)
    figure.savefig(arguments.output, dpi=arguments.dpi)
    print(arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
