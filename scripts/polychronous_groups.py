#!/usr/bin/python3
"""Counts the polychronous groups of a network that has learned (experiments/polychronization.toml).

    spikecast export experiments/polychronization.toml --network NETWORK.h5
    spikecast run experiments/polychronization.toml --output RESULT.h5
    scripts/polychronous_groups.py NETWORK.h5 RESULT.h5 [--sample 4000] [--processes N] [--list GROUPS.csv]

The rule is that of the paper's C++ program (Izhikevich 2006, ModelDB 115968, spnet.cpp, "new definition"). A synapse is strong
above 95 % of the largest weight. For each excitatory neuron and each three of its strong excitatory synapses:

 1. The three sources, the anchors, spike so that their spikes arrive together. From each, what arrives then or later through
    strong synapses starts the group.
 2. All neurons begin at rest and hear nothing but the group. What spikes, sends through its strong synapses, inhibitory neurons
    through all; weights don't change. It ends with its last arrival, not before 3 times the longest delay.
 3. A link is an arrival from an excitatory neuron within the longest delay before a spike. Anchors are in layer 1, a spike
    is a layer above the highest of its links' sources.
 4. The group counts if more than 6 spikes belong to it, if its highest layer is 7 or more, and if no anchor has just one link to an
    excitatory neuron, for without that anchor the rest would go on.

A group that never ends is cut off after as many spikes as there are neurons, or as many ms less the longest delay, and counts;
those that end by themselves are also counted apart. Where many don't end, looking at all triplets takes many hours: --sample
draws triplets from all of them, and the count is an estimate with its standard error.

The same anchors count again for each neuron on which they meet, as in the program. Where a pair has several synapses, which the
program's networks don't have, anchors are three different neurons, and none is the one on which they meet.
"""
import argparse
import csv
import itertools
import multiprocessing
import sys

import h5py
import numpy as np

LONGEST_DELAY, LARGEST_WEIGHT, ANCHORS = 20, 10.0, 3  # ms, mV
SHORTEST_PATH = 7
REST_V, REST_U = -70.0, -14.0
ONCE, PART = 4000, 200                                 # triplets at once, and of a task of a process
ALONE_MS = 100                                         # within which one arrival makes a neuron spike, if it does


def advanced(v, u, a, current):
    """Potential and recovery after a step of 1 ms, in the program's order."""
    v = v + 0.5 * ((0.04 * v + 5.0) * v + 140.0 - u + current)
    v = v + 0.5 * ((0.04 * v + 5.0) * v + 140.0 - u + current)
    return v, u + a * (0.2 * v - u)


def ranges(begin, count):
    """begin[0] to begin[0] + count[0] - 1, then the same of 1 and so on."""
    offset = np.repeat(begin - np.r_[0, np.cumsum(count)[:-1]], count)
    return offset + np.arange(count.sum())


class Network:
    """Neurons, of which the first `excitatory` are excitatory, and the synapses that take part in groups, by source, then
    delay. Arrays with one element for each synapse: source, target, delay (whole ms), weight (mV)."""

    def __init__(self, neurons, excitatory, source, target, delay, weight):
        strong = (source >= excitatory) | (weight > 0.95 * LARGEST_WEIGHT)
        order = np.lexsort((target[strong], delay[strong], source[strong]))
        self.neurons, self.excitatory = neurons, excitatory
        self.source, self.target = source[strong][order], target[strong][order]
        self.delay, self.weight = delay[strong][order], weight[strong][order]
        self.a = np.where(np.arange(neurons) < excitatory, 0.02, 0.1)
        self.d = np.where(np.arange(neurons) < excitatory, 8.0, 2.0)
        self.begin = np.searchsorted(self.source, np.arange(neurons + 1))  # of each neuron's synapses
        # those of its source that arrive not before it does, if it is an anchor's
        rank = self.source * (LONGEST_DELAY + 1) + self.delay
        self.not_before = np.searchsorted(rank, rank)
        # what one arrival alone does: (v, u) so many steps later, for each different weight and kind of target
        pairs, self.kind = np.unique(np.c_[self.weight, self.a[self.target]], axis=0, return_inverse=True)
        self.kind = self.kind.ravel()
        self._pairs, self._after = pairs, []
        fires = np.zeros(len(pairs), dtype=bool)
        for steps in range(1, ALONE_MS + 1):
            fires |= self.after_one(steps)[0] >= 30.0
        self.alone = fires[self.kind]

    def after_one(self, steps):
        while len(self._after) < steps:
            weight, a = self._pairs.T
            v, u = self._after[-1] if self._after else (np.full(len(a), REST_V), np.full(len(a), REST_U))
            self._after.append(advanced(v, u, a, 0.0 if self._after else weight))
        return self._after[steps - 1]

    def triplets(self, neuron):
        """Strong synapses onto the neuron, three by three, of different sources."""
        onto = np.flatnonzero((self.target == neuron) & (self.source < self.excitatory) & (self.source != neuron))
        three = np.array(list(itertools.combinations(onto, ANCHORS)), dtype=int).reshape(-1, ANCHORS)
        source = np.sort(self.source[three], axis=1)
        return three[(np.diff(source, axis=1) > 0).all(axis=1)]


def spikes_of(network, anchors):
    """What spikes after each triplet of anchors' synapses: numbers of triplets, times, neurons; by triplet, then time, then
    neuron. Neurons at rest aren't advanced, nor are those that one arrival has reached, unless it makes them spike."""
    n, count = network.neurons, len(anchors)
    limit = n - LONGEST_DELAY - 1                             # ms that the program looks at, and n spikes
    end = np.full(count, min(3 * LONGEST_DELAY + 1, limit))
    spikes = np.full(count, ANCHORS)
    due = [[] for _ in range(limit + LONGEST_DELAY + 1)]
    together = network.delay[anchors].max(axis=1)             # when the anchors' spikes meet
    first = network.not_before[anchors].ravel()
    number = network.begin[network.source[anchors] + 1].ravel() - first
    synapse, owner = ranges(first, number), np.repeat(np.arange(count * ANCHORS), number)
    triplet = owner // ANCHORS
    time = together[triplet] - network.delay[anchors].ravel()[owner] + network.delay[synapse]
    for t in np.unique(time):
        due[t].append((triplet[time == t], synapse[time == t]))
    place = np.full(count * n, -1, dtype=np.int32)            # of (triplet, neuron) among those that are advanced
    earlier = np.full(count * n, -1, dtype=np.int32)          # the one synapse that has reached it otherwise,
    when = np.zeros(count * n, dtype=np.int16)                # and when
    keys, v, u = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
    found = []
    t = 0
    while t < end.max(initial=0):
        current = np.zeros(len(keys))
        if due[t]:
            triplet, synapse = (np.concatenate(part) for part in zip(*due[t]))
            running = t < end[triplet]
            triplet, synapse = triplet[running], synapse[running]
            key = triplet * n + network.target[synapse]
            fresh, index, arrivals = np.unique(key[place[key] < 0], return_index=True, return_counts=True)
            by = synapse[place[key] < 0][index]
            begins = (arrivals > 1) | (earlier[fresh] >= 0) | network.alone[by]
            waits = ~begins
            earlier[fresh[waits]], when[fresh[waits]] = by[waits], t
            fresh = fresh[begins]
            new_v, new_u = np.full(len(fresh), REST_V), np.full(len(fresh), REST_U)
            reached = earlier[fresh]
            steps = t - when[fresh]
            for s in np.unique(steps[reached >= 0]):
                at = (reached >= 0) & (steps == s)
                after_v, after_u = network.after_one(s)
                new_v[at], new_u[at] = after_v[network.kind[reached[at]]], after_u[network.kind[reached[at]]]
            place[fresh] = np.arange(len(keys), len(keys) + len(fresh))
            keys, v, u = np.r_[keys, fresh], np.r_[v, new_v], np.r_[u, new_u]
            at = place[key]
            current = np.bincount(at[at >= 0], network.weight[synapse][at >= 0], minlength=len(keys))
        triplet, neuron = np.divmod(keys, n)
        v, u = advanced(v, u, network.a[neuron], current)
        fired = np.flatnonzero(v >= 30.0)
        v[fired] = -65.0
        u[fired] += network.d[neuron[fired]]
        fired = fired[t < end[triplet[fired]]]
        if len(fired):
            triplet, neuron = triplet[fired], neuron[fired]
            found.append((triplet, np.full(len(fired), t), neuron))
            first, number = network.begin[neuron], network.begin[neuron + 1] - network.begin[neuron]
            synapse, triplets = ranges(first, number), np.repeat(triplet, number)
            arrival = t + network.delay[synapse]
            for later in np.unique(arrival):
                due[later].append((triplets[arrival == later], synapse[arrival == later]))
            np.maximum.at(end, triplets, np.minimum(arrival + 1, limit))
            np.add.at(spikes, triplet, 1)
            end[spikes >= n] = 0
        t += 1
    if not found:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    triplet, times, neuron = (np.concatenate(part) for part in zip(*found))
    order = np.lexsort((neuron, times, triplet))
    return triplet[order], times[order], neuron[order]


def longest_path(network, anchors, times, neurons):
    """The highest layer of the group that these spikes make; 0 if an anchor isn't needed."""
    members = set(neurons.tolist())
    source = network.source[anchors]
    together = network.delay[anchors].max()
    arrivals = {neuron: [] for neuron in members}              # (time, source) of each member

    def send(neuron, spiked, first):
        if neuron < network.excitatory:
            for s in range(first, network.begin[neuron + 1]):
                if network.target[s] in members:
                    arrivals[network.target[s]].append((spiked + network.delay[s], neuron))

    for anchor in anchors:
        send(network.source[anchor], together - network.delay[anchor], network.not_before[anchor])
    for neuron, time in zip(neurons, times):
        send(neuron, time, network.begin[neuron])
    layer = {neuron: 1 for neuron in source.tolist()}          # the highest of a neuron's spikes so far
    links = {neuron: 0 for neuron in source.tolist()}          # of each anchor to excitatory neurons
    highest = 0
    for neuron, time in zip(neurons.tolist(), times.tolist()):
        own = 0
        for arrival, sender in arrivals[neuron]:
            if time - LONGEST_DELAY < arrival <= time:
                own = max(own, layer.get(sender, -1) + 1)
                if sender in links and neuron < network.excitatory:
                    links[sender] += 1
        layer[neuron] = max(layer.get(neuron, 0), own)
        highest = max(highest, own)
    return 0 if 1 in links.values() else highest


def groups_of(network, triplets, shortest_path=SHORTEST_PATH):
    """Those of the triplets that make groups: (anchors, their spikes' times, number of spikes, longest path, last spike)."""
    groups = []
    for begin in range(0, len(triplets), ONCE):
        some = triplets[begin:begin + ONCE]
        triplet, times, neurons = spikes_of(network, some)
        bounds = np.searchsorted(triplet, np.arange(len(some) + 1))
        for k in np.flatnonzero(np.diff(bounds) > ANCHORS):    # with the anchors more than twice their number
            part = slice(bounds[k], bounds[k + 1])
            path = longest_path(network, some[k], times[part], neurons[part])
            if path >= shortest_path:
                delays = network.delay[some[k]]
                groups.append((network.source[some[k]], delays.max() - delays, ANCHORS + bounds[k + 1] - bounds[k], path,
                               times[part][-1]))
    return groups


def read_network(network_path, result_path):
    """Populations E and I of experiments/polychronization.toml, with the weights at the end of the run."""
    columns = []
    with h5py.File(network_path, "r") as network, h5py.File(result_path, "r") as result:
        excitatory = len(network["nodes/E/node_type_id"])
        neurons = excitatory + len(network["nodes/I/node_type_id"])
        for source, target in (("E", "E"), ("E", "I"), ("I", "E")):
            edges = network[f"edges/{source}_to_{target}"]
            drawn = np.c_[edges["target_node_id"][:], edges["source_node_id"][:], np.rint(edges["0/delay"][:])].astype(int)
            weight = edges["0/syn_weight"][:]
            if source == "E":
                learned = result[f"weights/E->{target}"]
                if "weight" not in learned:
                    sys.exit(f"{result_path}: /weights/E->{target} has no weights of the end; let the run come to its end")
                rows = np.c_[learned["target"][:], learned["source"][:], np.rint(learned["delay"][:])].astype(int)
                if rows.shape != drawn.shape or not np.array_equal(rows, drawn[np.lexsort(drawn.T[::-1])]):
                    sys.exit(f"{result_path}: the synapses of /weights/E->{target} aren't those of {network_path}; export the "
                             "network with the run's seed and settings, and record all weights (no sample)")
                drawn, weight = rows, learned["weight"][:]
            shift = [0 if target == "E" else excitatory, 0 if source == "E" else excitatory, 0]
            columns.append((drawn + shift, weight))
    target, source, delay = np.concatenate([drawn for drawn, _ in columns]).T
    if delay.min() < 1 or delay.max() > LONGEST_DELAY:
        sys.exit(f"{network_path}: delays are {delay.min()} to {delay.max()} ms, but groups are defined for 1 to {LONGEST_DELAY} ms")
    return Network(neurons, excitatory, source, target, delay, np.concatenate([w for _, w in columns]).astype(float))


def keep(network):
    """In a process of the pool."""
    global kept
    kept = network


def groups_of_kept(triplets):
    return groups_of(kept, triplets)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", metavar="NETWORK.h5")
    parser.add_argument("result", metavar="RESULT.h5")
    parser.add_argument("--sample", type=int, metavar="K", help="looks at K triplets, drawn without repetition")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--list", metavar="FILE.csv", help="writes a line for each group")
    arguments = parser.parse_args()
    network = read_network(arguments.network, arguments.result)
    triplets = np.concatenate([network.triplets(neuron) for neuron in range(network.excitatory)])
    everything = looked_at = len(triplets)
    if arguments.sample is not None and arguments.sample < everything:
        looked_at = arguments.sample
        triplets = triplets[np.sort(np.random.default_rng(arguments.seed).choice(everything, looked_at, replace=False))]
    groups = []
    parts = [triplets[begin:begin + PART] for begin in range(0, looked_at, PART)]
    with multiprocessing.Pool(arguments.processes, initializer=keep, initargs=(network,)) as pool:
        for number, found in enumerate(pool.imap(groups_of_kept, parts)):
            groups += found
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {len(parts)} parts, {len(groups)} groups", end="", file=sys.stderr, flush=True)
    strong = network.source < network.excitatory
    print(f"strong synapses from excitatory neurons: {np.count_nonzero(strong)}, triplets of anchors: {everything}, "
          f"looked at: {looked_at}")
    last_of_all = network.neurons - 2 * LONGEST_DELAY - 1  # after it, what a spike sends may be cut off
    ended = [group for group in groups if group[2] < network.neurons and group[4] < last_of_all]
    for name, some in (("polychronous groups", groups), ("of them, those that end by themselves", ended)):
        share = len(some) / max(looked_at, 1)
        error = everything * np.sqrt(share * (1 - share) / max(looked_at, 1) * (1 - looked_at / max(everything, 1)))
        print(f"{name}: {len(some)}" + (f" in the sample, {everything * share:.0f} +- {error:.0f} of all triplets"
                                        if looked_at < everything else ""))
    if ended:
        sizes, paths, last = (np.array([group[k] for group in ended]) for k in (2, 3, 4))
        print(f"these have {sizes.mean():.1f} spikes (most {sizes.max()}), longest paths of {paths.mean():.1f} layers (most "
              f"{paths.max()}), last {last.mean():.1f} ms (most {last.max()})")
    if arguments.list:
        with open(arguments.list, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["anchors", "times_ms", "spikes", "longest_path", "last_ms"])
            for anchors, times, spikes, path, last in groups:
                writer.writerow([" ".join(map(str, anchors)), " ".join(map(str, times)), spikes, path, last])


if __name__ == "__main__":
    main()
