#!/usr/bin/python3
"""Draws the spikes of a result file: raster, population rates over time, intervals, mean rates. Writes a PNG.

    scripts/plot_spikes.py RESULT.h5 [--output RESULT.png] [--from MS] [--to MS] [--window MS] [--neurons N]
                           [--dpi N]

The raster shows a sample of the neurons (all populations in their order, the first at the top), excitatory ones in
blue and inhibitory ones in red where names end in E and I, as in figure 6 of Potjans & Diesmann (2014).
"""
import argparse
import json
import os
import re
import sys

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

EXCITATORY, INHIBITORY = "#2b6ca3", "#c8453b"
OTHERS = ["#3f8f5b", "#8a63a8", "#b8862f", "#4a9aa8", "#7a7a7a"]


def text_of(dataset):
    value = dataset[()]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def colours_of(names):
    """One colour for each population; E and I are told by the last letter of the name."""
    result, other = {}, 0
    for name in names:
        if re.search(r"(^|[^a-z])E\d*$|exc", name):
            result[name] = EXCITATORY
        elif re.search(r"(^|[^a-z])I\d*$|inh", name):
            result[name] = INHIBITORY
        else:
            result[name] = OTHERS[other % len(OTHERS)]
            other += 1
    return result


def order_of(group, about, report):
    """Populations in the order of the report, which is the experiment's; alphabetical without one."""
    listed = [p["name"] for p in report.get("populations", []) if p["name"] in group]
    return listed + sorted(name for name in group if name not in listed)


def intervals_and_cv(times, ids):
    """All intervals (ms), and the CV of the intervals of each neuron that has at least three."""
    order = np.lexsort((times, ids))
    t, n = times[order], ids[order]
    same = n[1:] == n[:-1]
    gaps = (t[1:] - t[:-1])[same]
    if gaps.size == 0:
        return gaps, gaps
    _, number = np.unique(n[1:][same], return_inverse=True)
    count = np.bincount(number)
    mean = np.bincount(number, gaps) / count
    variance = np.maximum(np.bincount(number, gaps**2) / count - mean**2, 0)
    enough = (count >= 3) & (mean > 0)
    return gaps, np.sqrt(variance[enough]) / mean[enough]


def read(path, start, stop):
    """(title, report, {population: (times, ids, neurons)}, start, stop)"""
    with h5py.File(path, "r") as file:
        if "spikes" not in file or len(file["spikes"]) == 0:
            raise OSError("it holds no spikes")
        about = file.get("spikecast")
        title = str(about.attrs.get("title", "")) if about is not None else ""
        report = {}
        if about is not None and "report" in about:
            try:
                report = json.loads(text_of(about["report"]))
            except ValueError:
                pass  # a run that was cut short has none
        neurons = {p["name"]: int(p["neurons"]) for p in report.get("populations", [])}
        spikes, last = {}, 0.0
        for name in order_of(file["spikes"], about, report):
            times = file["spikes"][name]["timestamps"]
            ids = file["spikes"][name]["node_ids"]
            length = min(len(times), len(ids))
            last = max(last, float(times[length - 1]) if length else 0.0)
            spikes[name] = (times, ids, length)
        end = 1e3 * float(report.get("total_biological_s") or 0) or last
        stop = min(stop, end) if stop is not None else end
        start = min(start, stop)
        result = {}
        for name, (times, ids, length) in spikes.items():
            times, ids = times[:length], ids[:length]
            inside = slice(*np.searchsorted(times, [start, stop], side="right"))
            size = neurons.get(name) or (int(ids.max()) + 1 if length else 1)
            result[name] = (times[inside], ids[inside], size)
    return title, report, result, start, stop


def draw_raster(axes, spikes, colours, begin, end, rows):
    """A sample of about `rows` neurons, in proportion to the populations' sizes; at least 4 of each."""
    total = sum(size for _, _, size in spikes.values())
    top, ticks = 0, []
    for name, (times, ids, size) in spikes.items():
        shown = min(size, max(4, round(rows * size / total)))
        inside = slice(*np.searchsorted(times, [begin, end], side="right"))
        t, n = times[inside], ids[inside]
        row = n.astype(np.float64) * shown / size
        # every (size / shown)-th neuron: those that are the first to reach their row
        chosen = np.ceil(np.floor(row) * size / shown).astype(np.uint64) == n
        axes.plot(t[chosen], top + np.floor(row[chosen]), linestyle="", marker=".", color=colours[name],
                  markersize=3.5 if rows <= 1000 else 2.4, markeredgewidth=0, rasterized=True)
        ticks.append((top + shown / 2, name))
        top += shown
        axes.axhline(top, color="#cccccc", linewidth=0.5)
    axes.set_ylim(top, 0)
    axes.set_xlim(begin, end)
    for i in range(1, len(ticks)):  # labels of small populations would lie on each other
        ticks[i] = (max(ticks[i][0], ticks[i - 1][0] + top / 26), ticks[i][1])
    for i in reversed(range(len(ticks))):
        lowest = top if i + 1 == len(ticks) else ticks[i + 1][0] - top / 26
        ticks[i] = (min(ticks[i][0], lowest), ticks[i][1])
    axes.set_yticks([t for t, _ in ticks], [n for _, n in ticks])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("time (ms)")
    axes.set_title(f"Spikes of {top:,} of {total:,} neurons", loc="left")


def draw_rates(figure, slot, spikes, colours, begin, end):
    """Population rates in bins that are narrow enough for oscillations and wide enough to be seen."""
    bins = np.linspace(begin, end, min(400, max(20, int((end - begin) / 1.0))) + 1)
    inner = slot.subgridspec(len(spikes), 1, hspace=0.12)
    shared = None
    for i, (name, (times, _, size)) in enumerate(spikes.items()):
        axes = figure.add_subplot(inner[i], sharex=shared)
        shared = shared or axes
        counts, _ = np.histogram(times, bins)
        rate = counts / size / np.diff(bins) * 1e3
        axes.fill_between(bins[:-1], rate, step="post", color=colours[name], alpha=0.85, linewidth=0)
        axes.set_ylim(0, max(rate.max() * 1.1, 1e-9))
        axes.set_yticks([axes.get_ylim()[1]], [f"{axes.get_ylim()[1]:.3g}"])
        axes.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=4)
        axes.set_xlim(begin, end)
        if i == 0:
            axes.set_title(f"Population rates (Hz, bins of {bins[1] - bins[0]:.3g} ms)", loc="left")
        if i + 1 < len(spikes):
            axes.tick_params(labelbottom=False)
    axes.set_xlabel("time (ms)")


def draw_intervals(axes, spikes, colours, start):
    """Distributions of intervals on a logarithmic axis, and the mean CV in the legend."""
    lines = 0
    styles = ["-", "--", ":", "-."]
    used = {}
    for name, (times, ids, _) in spikes.items():
        keep = times > start
        gaps, cv = intervals_and_cv(times[keep], ids[keep])
        gaps = gaps[gaps > 0]
        if gaps.size < 10:
            continue
        density, edges = np.histogram(np.log10(gaps), bins=60, density=True)
        style = used.get(colours[name], 0)
        used[colours[name]] = style + 1
        label = f"{name}  CV {cv.mean():.2f}" if cv.size else name
        axes.plot(10 ** ((edges[1:] + edges[:-1]) / 2), density, styles[style % len(styles)], color=colours[name],
                  linewidth=1.2, label=label)
        lines += 1
    axes.set_xscale("log")
    axes.set_yticks([])
    axes.set_xlabel("interval (ms)")
    axes.set_title("Intervals between spikes", loc="left")
    axes.set_ylim(0, axes.get_ylim()[1] * 1.25)  # room for the legend
    if lines:
        axes.legend(frameon=False, fontsize=7, handlelength=2.4, ncol=2 if lines > 5 else 1)
    else:
        axes.text(0.5, 0.5, "fewer than ten intervals", ha="center", va="center", transform=axes.transAxes)


def draw_means(axes, spikes, colours, start, stop):
    """Mean rate of each population over the time after the warm-up."""
    names = list(spikes)
    seconds = max((stop - start) / 1e3, 1e-9)
    rates = [np.count_nonzero(spikes[n][0] > start) / spikes[n][2] / seconds for n in names]
    places = np.arange(len(names))
    axes.barh(places, rates, color=[colours[n] for n in names], height=0.7)
    for y, rate in zip(places, rates):
        axes.text(rate, y, f" {rate:.2f}", va="center", fontsize=8)
    axes.set_yticks(places, names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, max(max(rates) * 1.2, 1e-9))
    axes.set_xlabel("mean rate (Hz)")
    axes.set_title(f"Rates over {seconds:.3g} s", loc="left")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", metavar="RESULT.h5")
    parser.add_argument("--output", metavar="FILE.png", help="default: the result's name with .png")
    parser.add_argument("--from", dest="start", type=float, metavar="MS", help="default: the end of the warm-up")
    parser.add_argument("--to", dest="stop", type=float, metavar="MS", help="default: the end of the run")
    parser.add_argument("--window", type=float, default=400.0, metavar="MS",
                        help="how much of the time the raster and the rates show (default 400)")
    parser.add_argument("--dpi", type=int, default=150, metavar="N", help="dots per inch of 12 x 8.5 inches (default 150)")
    parser.add_argument("--neurons", type=int, default=2000, metavar="N", help="rows of the raster (default 2000)")
    arguments = parser.parse_args()
    output = arguments.output or os.path.splitext(arguments.result)[0] + ".png"
    try:
        title, report, spikes, start, stop = read(arguments.result, -1.0, arguments.stop)
    except (OSError, KeyError) as error:
        print(f"can't plot {arguments.result}: {error}", file=sys.stderr)
        return 2
    warmup = 1e3 * ((report.get("total_biological_s") or 0) - (report.get("biological_s") or 0))
    start = min(arguments.start if arguments.start is not None else max(0.0, warmup), stop)
    if stop <= start:
        start, stop = 0.0, max(stop, 1.0)
    end = min(stop, start + arguments.window)

    plt.rcParams.update({"font.size": 9, "font.family": "DejaVu Sans", "axes.spines.top": False,
                         "axes.spines.right": False, "axes.titlesize": 10, "axes.titleweight": "bold",
                         "axes.edgecolor": "#555555"})
    colours = colours_of(spikes)
    figure = plt.figure(figsize=(12, 8.5))
    grid = figure.add_gridspec(2, 2, width_ratios=[1.25, 1], height_ratios=[1.35, 1], hspace=0.28, wspace=0.24,
                               left=0.07, right=0.97, top=0.91, bottom=0.07)
    draw_raster(figure.add_subplot(grid[0, 0]), spikes, colours, start, end, arguments.neurons)
    draw_rates(figure, grid[0, 1], spikes, colours, start, end)
    draw_means(figure.add_subplot(grid[1, 0]), spikes, colours, start, stop)
    draw_intervals(figure.add_subplot(grid[1, 1]), spikes, colours, start)
    figure.suptitle(title or os.path.basename(arguments.result), x=0.07, ha="left", fontsize=13, fontweight="bold")
    figure.savefig(output, dpi=arguments.dpi)
    print(f"plot: {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
