#!/usr/bin/python3
"""Input and figures of experiments/masquelier_2008.toml.

    scripts/masquelier.py write INPUT.h5 [--seed 1] [--seconds 450]
    spikecast run experiments/masquelier_2008.toml --output RESULT.h5 --set simulation.duration="450 s" \\
        --set populations.afferent.params.spike_times.file="INPUT.h5"
    scripts/masquelier.py show INPUT.h5 RESULT.h5 [--plot FILE.png]

Input as in Masquelier, Guyonneau & Thorpe (2008), details as in the program of its replication by Hathway & Goodman (2018,
ReScience 4(1) #6), which had the authors' code. More than 150 s repeat the first 150 s, as there.
"""
import argparse

import h5py
import numpy as np

AFFERENTS, IN_PATTERN = 2000, 1000
SEGMENT_MS, SHARE = 50, 0.25             # of the time with a pattern
STEPS_PER_MS = 10                        # resolution of the experiment
UNIQUE_S = 150


def drifting_trains(random, milliseconds, most_hz=90.0, longest_ms=50):
    """Spikes whose rate drifts between 0 and most_hz, with at most longest_ms between two; times (ms) and afferents."""
    rate = random.random(AFFERENTS) * most_hz
    fastest = most_hz / longest_ms                       # Hz a ms
    speed = (2 * random.random(AFFERENTS) - 1) * fastest
    last = -random.random(AFFERENTS) * longest_ms
    times, afferents = [], []
    for ms in range(milliseconds):
        fires = np.flatnonzero((random.random(AFFERENTS) < 1e-3 * rate) | (ms + 1 - last > longest_ms))
        at = ms + random.random(len(fires))
        last[fires] = at
        times.append(at)
        afferents.append(fires)
        rate = np.clip(rate + speed, 0.0, most_hz)
        speed = np.clip(speed + (2 * random.random(AFFERENTS) - 1) * fastest / 5, -fastest, fastest)
    return np.concatenate(times), np.concatenate(afferents)


def segments_with_pattern(random, count):
    """Numbers of a quarter of the segments, no two of which are neighbours, ascending."""
    taken = np.zeros(count + 2, dtype=bool)              # with one beyond either end
    wanted = int(count * SHARE)
    for segment in random.permutation(count):
        if wanted > 0 and not taken[segment:segment + 3].any():
            taken[segment + 1] = True
            wanted -= 1
    return np.flatnonzero(taken[1:-1])


def draw_input(seed, seconds, jitter_ms=1.0, noise_hz=10.0):
    """Steps and afferents of all spikes, by step, and the numbers of the segments that hold the pattern."""
    random = np.random.default_rng(seed)
    unique = min(seconds, UNIQUE_S)
    milliseconds = 1000 * unique
    times, afferents = drifting_trains(random, milliseconds)
    patterns = segments_with_pattern(random, milliseconds // SEGMENT_MS)
    segment = (times / SEGMENT_MS).astype(int)
    member = afferents < IN_PATTERN
    first = (segment == patterns[0]) & member            # the pattern is what happens in its first segment
    shape, who = times[first] - SEGMENT_MS * patterns[0], afferents[first]
    others = ~(np.isin(segment, patterns) & member)
    pasted = SEGMENT_MS * patterns[:, None] + shape + random.normal(0.0, jitter_ms, (len(patterns), len(shape)))
    noise = random.poisson(1e-3 * noise_hz * milliseconds * AFFERENTS)
    times = np.concatenate([times[others], pasted.ravel(), random.random(noise) * milliseconds])
    afferents = np.concatenate([afferents[others], np.tile(who, len(patterns)), random.integers(0, AFFERENTS, noise)])
    within = (times >= 0) & (times < milliseconds)
    step = (times[within] * STEPS_PER_MS).astype(np.int64) + 1       # a spike is stamped with the end of its step
    step, afferents = np.divmod(np.unique(step * AFFERENTS + afferents[within]), AFFERENTS)  # one for each step and afferent
    rounds = -(-seconds // unique)
    step = np.concatenate([step + k * milliseconds * STEPS_PER_MS for k in range(rounds)])
    patterns = np.concatenate([patterns + k * (milliseconds // SEGMENT_MS) for k in range(rounds)])
    end = np.searchsorted(step, 1000 * seconds * STEPS_PER_MS, side="right")
    return step[:end], np.tile(afferents, rounds)[:end], patterns[patterns < 1000 * seconds // SEGMENT_MS]


def write_input(path, seed, seconds, compression=None):
    step, afferents, patterns = draw_input(seed, seconds)
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes/afferent")
        group.create_dataset("timestamps", data=step / STEPS_PER_MS, compression=compression, shuffle=compression is not None)
        group["timestamps"].attrs["units"] = "ms"
        group.create_dataset("node_ids", data=afferents.astype(np.uint16), compression=compression)
        file["patterns"] = SEGMENT_MS * patterns                     # begins, in ms
        file.attrs["seconds"] = seconds
    return patterns


def latencies(times, patterns):
    """Of each spike since the begin of its pattern, in ms; NaN outside of patterns."""
    segment = (times / SEGMENT_MS).astype(int)
    return np.where(np.isin(segment, patterns), times - SEGMENT_MS * segment, np.nan)


def figures(times, patterns, seconds):
    """Over the last third, as the papers have it: a run succeeds with more than 98 % of the patterns hit, no spike outside of
    them, and a mean latency below 10 ms."""
    begin = 2e3 * seconds / 3
    late = times[times > begin]
    latency = latencies(late, patterns)
    asked = patterns[SEGMENT_MS * patterns >= begin]
    hit = np.isin(asked, (late / SEGMENT_MS).astype(int))
    inside = latency[~np.isnan(latency)]
    mean = float(inside.mean()) if len(inside) else np.nan
    false_alarms = int(np.count_nonzero(np.isnan(latency)))
    outside = times[np.isnan(latencies(times, patterns))]
    return {"successful": float(hit.mean() > 0.98 and false_alarms == 0 and mean < 10.0), "latency_ms": mean,
            "hit_rate": float(hit.mean()), "false_alarms": false_alarms,
            "last_outside_s": 1e-3 * float(outside[-1]) if len(outside) else 0.0}


def show(input_path, result_path, plot):
    with h5py.File(input_path, "r") as file:
        patterns, seconds = file["patterns"][:] // SEGMENT_MS, int(file.attrs["seconds"])
    with h5py.File(result_path, "r") as file:
        times = file["spikes/output/timestamps"][:]
        weights = file["weights/afferent->output/weight"][:]
    for name, value in figures(times, patterns, seconds).items():
        print(f"{name:15} {value:.4g}")
    for name, part in (("in the pattern", weights[:IN_PATTERN]), ("others", weights[IN_PATTERN:])):
        print(f"weights {name}: {np.mean(part > 0.9):.3f} above .9, {np.mean(part < 0.1):.3f} below .1")
    if plot:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
        figure, axes = pyplot.subplots(figsize=(8, 3), layout="constrained")
        shown = times[:1000]
        axes.plot(np.arange(len(shown)), np.nan_to_num(latencies(shown, patterns)), ".", markersize=2)
        axes.set(xlabel="spike of the output", ylabel="latency / ms (0: outside)", xlim=(0, len(shown)), ylim=(-1, SEGMENT_MS))
        figure.savefig(plot, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    write = commands.add_parser("write", help="draws the input")
    write.add_argument("input")
    write.add_argument("--seed", type=int, default=1)
    write.add_argument("--seconds", type=int, default=450)
    write.add_argument("--compress", action="store_true")
    view = commands.add_parser("show", help="prints and plots what the output did")
    view.add_argument("input")
    view.add_argument("result")
    view.add_argument("--plot", metavar="FILE.png")
    arguments = parser.parse_args()
    if arguments.command == "write":
        write_input(arguments.input, arguments.seed, arguments.seconds, "gzip" if arguments.compress else None)
    else:
        show(arguments.input, arguments.result, arguments.plot)


if __name__ == "__main__":
    main()
