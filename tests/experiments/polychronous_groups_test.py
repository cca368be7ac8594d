"""polychronous_groups_test.py SOURCE_DIR: networks whose groups are known, and a drawn one against a plain second program that
advances every neuron."""
import os
import sys
import unittest

import numpy as np

sys.path.insert(0, os.path.join(sys.argv.pop(1), "scripts"))
import polychronous_groups as groups

STRONG, INHIBITION = 10.0, -5.0


def network(synapses, neurons=200, excitatory=160):
    """Of (source, target, delay, weight) each."""
    columns = [np.array(column) for column in zip(*synapses)]
    return groups.Network(neurons, excitatory, *columns[:3], columns[3].astype(float))


def chain(layers, width=3, delay=5):
    """Layers of neurons, each of which gets a strong synapse from every neuron of the layer before."""
    return [(width * k + i, width * (k + 1) + j, delay, STRONG) for k in range(layers - 1) for i in range(width)
            for j in range(width)]


def count(synapses, **settings):
    net = network(synapses)
    return sum(len(groups.groups_of(net, net.triplets(neuron), **settings)) for neuron in range(net.excitatory))


def plain(net, source, target, delay, weight, neuron, shortest_path):
    """The rule once more, triplet by triplet and neuron by neuron; numbers of spikes and longest paths of the groups."""
    n, longest = net.neurons, groups.LONGEST_DELAY
    strong = [s for s in range(len(source)) if source[s] < net.excitatory and weight[s] > 9.5]
    out = {i: [s for s in (strong if i < net.excitatory else range(len(source))) if source[s] == i] for i in range(n)}
    onto = [s for s in strong if target[s] == neuron]
    result = []
    for x in range(len(onto)):
        for y in range(x + 1, len(onto)):
            for z in range(y + 1, len(onto)):
                three = [onto[x], onto[y], onto[z]]
                if len({source[s] for s in three} | {neuron}) < 4:
                    continue
                posts, latest = [], max(delay[s] for s in three)  # (time, source, target, weight)
                for s in three:
                    posts += [(latest - delay[s] + delay[o], source[s], target[o], weight[o]) for o in out[source[s]]
                              if delay[o] >= delay[s]]
                v, u = np.full(n, -70.0), np.full(n, -14.0)
                spikes = [(latest - delay[s], source[s]) for s in three]
                last, t, limit = 3 * longest + 1, 0, n - longest - 1
                while t < last and len(spikes) < n:
                    current = np.zeros(n)
                    for time, _, to, w in posts:
                        if time == t:
                            current[to] += w
                    for _ in range(2):
                        v = v + 0.5 * ((0.04 * v + 5) * v + 140 - u + current)
                    u = u + net.a * (0.2 * v - u)
                    for i in np.flatnonzero(v >= 30):
                        v[i], u[i] = -65.0, u[i] + net.d[i]
                        spikes.append((t, i))
                        posts += [(t + delay[o], i, target[o], weight[o]) for o in out[i]]
                        last = min(max([last] + [t + delay[o] + 1 for o in out[i]]), limit)
                    t += 1
                layers, links = [1, 1, 1], []
                for i in range(3, len(spikes)):
                    layers.append(0)
                    for time, by, to, _ in posts:
                        if to == spikes[i][1] and by < net.excitatory and spikes[i][0] - longest < time <= spikes[i][0]:
                            layers[i] = max([layers[i]] + [layers[k] + 1 for k in range(i) if spikes[k][1] == by])
                            links.append((by, to))
                used = [sum(by == source[s] and to < net.excitatory for by, to in links) for s in three]
                if len(spikes) > 6 and 1 not in used and max(layers[3:], default=0) >= shortest_path:
                    result.append((len(spikes), max(layers[3:])))
    return result


class Groups(unittest.TestCase):
    def test_a_chain_of_seven_layers_is_a_group_for_each_neuron_of_the_second(self):
        net = network(chain(7))
        for neuron in range(net.excitatory):
            found = groups.groups_of(net, net.triplets(neuron))
            if neuron not in (3, 4, 5):
                self.assertEqual(found, [], "from the third layer on the path is too short")
                continue
            (anchors, times, spikes, path, last), = found
            self.assertEqual(anchors.tolist(), [0, 1, 2])
            self.assertEqual(times.tolist(), [0, 0, 0])
            self.assertEqual((spikes, path), (21, 7))
            self.assertGreater(last, 30, "six delays of 5 ms")

    def test_one_layer_less_is_too_short(self):
        self.assertEqual(count(chain(6)), 0)
        self.assertEqual(count(chain(6), shortest_path=6), 3)

    def test_anchors_spike_so_that_they_arrive_together(self):
        late = [(s, t, {0: 5, 1: 9, 2: 13}.get(s, d), w) for s, t, d, w in chain(7)]
        net = network(late)
        found = groups.groups_of(net, net.triplets(3))
        self.assertEqual([group[1].tolist() for group in found], [[8, 4, 0]])

    def test_weak_synapses_are_not_part_of_it(self):
        self.assertEqual(count([(s, t, d, 9.4 if s == 8 else w) for s, t, d, w in chain(7)]), 3, "two of three suffice")
        self.assertEqual(count([(s, t, d, 9.4 if s in (7, 8) else w) for s, t, d, w in chain(7)]), 0)

    def test_an_anchor_that_the_group_does_not_need_ends_it(self):
        # neurons 4 and 5 spike without 2, whose one link is to 3
        spared = [row for row in chain(7) if row[:2] not in ((2, 4), (2, 5))]
        self.assertEqual(count(spared), 0)
        needed = [row for row in chain(7) if row[:2] != (2, 5)]
        self.assertEqual(count(needed), 2, "of neurons 3 and 4; three synapses don't meet on 5")

    def test_inhibition_can_stop_it(self):
        inhibited = chain(7)  # what the third layer sends to the fourth comes together with inhibition
        for i in range(160, 180):
            inhibited += [(s, i, 9, STRONG) for s in (3, 4, 5)] + [(i, t, 1, INHIBITION) for t in (9, 10, 11)]
        self.assertEqual(count(inhibited), 0)
        self.assertEqual(count([row for row in inhibited if row[0] < 160]), 3)

    def test_two_synapses_of_one_neuron_are_one_anchor(self):
        self.assertEqual(count(chain(7) + [(0, 3, 5, STRONG)]), 4, "on 3 with either of the two")

    def test_two_strong_synapses_of_a_pair_make_a_neuron_spike_alone_if_they_arrive_within_1_ms(self):
        # which is why the experiment has one synapse for a pair (docs/experiments.md, Polychronous groups)
        def spikes(apart, a):
            v, u, spiked = groups.REST_V, groups.REST_U, False
            for t in range(100):
                v, u = groups.advanced(v, u, a, STRONG * ((t == 0) + (t == apart)))
                spiked = spiked or v >= 30.0
            return spiked

        for a in (0.02, 0.1):
            self.assertEqual([spikes(apart, a) for apart in (0, 1, 2, 3, 200)], [True, True, False, False, False])

    def test_a_drawn_network_has_the_groups_of_the_plain_program(self):
        random = np.random.default_rng(4)
        neurons, excitatory = 120, 96
        source = np.r_[np.repeat(np.arange(excitatory), 20), np.repeat(np.arange(excitatory, neurons), 10)]
        plastic = len(source) - 10 * (neurons - excitatory)
        target = np.r_[random.integers(0, neurons, plastic), random.integers(0, excitatory, len(source) - plastic)]
        delay = np.r_[random.integers(1, 7, plastic), np.ones(len(source) - plastic, dtype=int)]
        weight = np.r_[np.where(random.random(plastic) < 0.8, random.uniform(9.4, 10, plastic), 3.0),
                       np.full(len(source) - plastic, -5.0)]
        net = groups.Network(neurons, excitatory, source, target, delay, weight)
        seen = 0
        for neuron in range(4):
            found = [(size, path) for _, _, size, path, _ in groups.groups_of(net, net.triplets(neuron), shortest_path=3)]
            expected = plain(net, source.tolist(), target.tolist(), delay.tolist(), weight.tolist(), neuron, 3)
            self.assertEqual(sorted(found), sorted(expected))
            seen += len(found)
        self.assertGreater(seen, 20)


if __name__ == "__main__":
    unittest.main()
