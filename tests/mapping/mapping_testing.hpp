// Random mappings for tests, tables in their plainest form, and an oracle that follows one key at a time.
#pragma once

#include "partitioners/spinnaker/machine.hpp"
#include "partitioners/spinnaker/mapping.hpp"
#include "partitioners/spinnaker/place.hpp"
#include "partitioners/spinnaker/route.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace spikecast::mapping::testing {

/// Numbers in a row, from keyed draws.
class Draws {
public:
    explicit Draws(std::uint64_t seed) : key_(make_key(seed, Purpose::test, "mapping")) {}
    std::uint64_t below(std::uint64_t n) { return spikecast::below(draw64(key_, 0, count_++), n); }
    bool chance(double p) { return open_unit(draw64(key_, 0, count_++)) < p; }

private:
    Key key_;
    std::uint64_t count_ = 0;
};

struct Mapped {
    Machine machine;
    MachineGraph graph;
    Placement placement;
    Routing routing;
    Keys keys;
    Tables tables;
};

inline MachineGraph random_graph(Draws& d, std::size_t vertices, std::size_t nets, unsigned most_bits) {
    MachineGraph g;
    g.sinks_begin.push_back(0);
    for (std::size_t v = 0; v < vertices; ++v)
        g.vertices.push_back(
            {"v" + std::to_string(v), static_cast<std::uint16_t>(d.chance(0.1) ? 2 : 1), d.below(1000)});
    for (std::size_t n = 0; n < nets; ++n) {
        g.source.push_back(static_cast<std::uint32_t>(d.below(vertices)));
        std::set<std::uint32_t> sinks;
        const std::size_t fan_out = 1 + d.below(d.chance(0.2) ? vertices : std::min<std::size_t>(vertices, 4));
        for (std::size_t s = 0; s < fan_out; ++s)
            sinks.insert(static_cast<std::uint32_t>(d.below(vertices)));
        g.sinks.insert(g.sinks.end(), sinks.begin(), sinks.end());
        g.sinks_begin.push_back(g.sinks.size());
        g.weight.push_back(1.0 + static_cast<double>(d.below(10)));
        g.key_bits.push_back(static_cast<std::uint8_t>(d.below(most_bits + 1)));
        g.group.push_back(static_cast<std::uint32_t>(d.below(3)));
    }
    return g;
}

/// Blocks one after the other.
inline Keys plain_keys(const MachineGraph& graph) {
    Keys keys;
    std::uint64_t next = 0;
    for (std::size_t n = 0; n < graph.nets(); ++n) {
        const std::uint64_t block = std::uint64_t{1} << graph.key_bits[n];
        next = (next + block - 1) / block * block;
        keys.key.push_back(static_cast<std::uint32_t>(next));
        keys.mask.push_back(static_cast<std::uint32_t>(~(block - 1)));
        next += block;
    }
    return keys;
}

/// One entry for each net and chip of its tree; none where the packet goes straight on.
inline Tables plain_tables(const Machine& machine, const MachineGraph& graph, const Routing& routing, const Keys& keys,
                           bool default_routes = true) {
    Tables tables(machine.chips());
    for (std::size_t n = 0; n < graph.nets(); ++n)
        for (std::uint64_t i = routing.begin[n]; i < routing.begin[n + 1]; ++i) {
            const TreeNode& node = routing.nodes[i];
            if (default_routes && i != routing.begin[n] && node.route == Route::link(node.link)) continue;
            tables[node.chip].push_back({keys.key[n], keys.mask[n], node.route});
        }
    return tables;
}

/// Throws Refused where the machine can't hold it.
inline Mapped random_mapping(std::uint64_t seed, unsigned most_bits = 3) {
    Draws d(seed);
    Mapped m;
    const int w = 2 + static_cast<int>(d.below(6)), h = 2 + static_cast<int>(d.below(6));
    m.machine =
        make_machine({.shape = (d.chance(0.5) ? "mesh:" : "torus:") + std::to_string(w) + "x" + std::to_string(h),
                      .profile = "spinnaker",
                      .cores_per_chip = 2 + static_cast<int>(d.below(6))});
    apply_faults(m.machine, random_faults(m.machine, 0.05 * static_cast<double>(d.below(2)),
                                          0.05 * static_cast<double>(d.below(2)), seed));
    const std::size_t vertices = 2 + d.below(m.machine.chips());
    m.graph = random_graph(d, vertices, 1 + d.below(2 * vertices), most_bits);
    m.placement = place(m.graph, m.machine, {.method = PlaceMethod::random, .seed = seed});
    m.routing = route(m.graph, m.machine, m.placement, {.method = RouteMethod::ner, .seed = seed});
    m.keys = plain_keys(m.graph);
    m.tables = plain_tables(m.machine, m.graph, m.routing, m.keys, d.chance(0.7));
    return m;
}

/// What becomes of one key, found the slow way.
struct Fate {
    std::map<std::pair<ChipId, unsigned>, int> cores; ///< times each is reached
    bool astray = false;                              ///< lost, sent nowhere, over a dead link, or for ever
};
inline Fate follow(const Machine& machine, const Tables& tables, ChipId chip, std::uint32_t key) {
    Fate fate;
    std::vector<std::pair<ChipId, int>> packets{{chip, -1}};
    std::size_t steps = 0;
    while (!packets.empty()) {
        const auto [c, direction] = packets.back();
        packets.pop_back();
        if (++steps > 50 * machine.chips()) {
            fate.astray = true;
            break;
        }
        std::vector<int> out;
        bool matched = false;
        for (const TableEntry& e : tables[c]) {
            if ((key & e.mask) != e.key) continue;
            matched = true;
            for (unsigned b = 0; b < 192; ++b)
                if (e.route.has(b)) out.push_back(static_cast<int>(b));
            break;
        }
        if (!matched && direction >= 0) out.push_back(direction);
        if (out.empty()) fate.astray = true;
        for (const int b : out) {
            if (b >= link_count) {
                ++fate.cores[{c, static_cast<unsigned>(b - link_count)}];
                continue;
            }
            const ChipId next = machine.neighbour(c, b);
            if (next == no_chip || !machine.has_link(c, b) || machine.alive[next] == 0)
                fate.astray = true;
            else
                packets.emplace_back(next, b);
        }
    }
    return fate;
}
inline std::map<std::pair<ChipId, unsigned>, int> expected_cores(const MachineGraph& graph, const Placement& placement,
                                                                 std::size_t net) {
    std::map<std::pair<ChipId, unsigned>, int> cores;
    for (const std::uint32_t v : graph.sinks_of(net))
        for (unsigned c = 0; c < graph.vertices[v].cores; ++c)
            cores[{placement.chip[v], placement.first_core[v] + c}] = 1;
    return cores;
}
/// Whether every key of every net reaches exactly its destinations.
inline bool right_by_brute_force(const Machine& machine, const MachineGraph& graph, const Placement& placement,
                                 const Keys& keys, const Tables& tables) {
    for (std::size_t n = 0; n < graph.nets(); ++n) {
        const auto expected = expected_cores(graph, placement, n);
        // The keys of a block with free bits anywhere: all subsets of the free bits.
        const std::uint32_t free = ~keys.mask[n];
        for (std::uint32_t sub = 0;; sub = (sub - free) & free) {
            const Fate fate = follow(machine, tables, placement.chip[graph.source[n]], keys.key[n] | sub);
            if (fate.astray || fate.cores != expected) return false;
            if (((sub - free) & free) == 0) break;
        }
    }
    return true;
}

/// Breaks one thing of the tables; says what. The change may or may not matter.
inline std::string corrupt(Tables& tables, const Machine& machine, Draws& d) {
    std::vector<ChipId> filled;
    for (ChipId c = 0; c < tables.size(); ++c)
        if (!tables[c].empty()) filled.push_back(c);
    if (filled.empty()) return "nothing";
    const ChipId chip = filled[d.below(filled.size())];
    Table& t = tables[chip];
    const std::size_t i = d.below(t.size());
    const unsigned low = static_cast<unsigned>(d.below(8)); // where keys differ
    switch (d.below(9)) {
    case 0:
        t[i].key ^= std::uint32_t{1} << low;
        return "key bit";
    case 1:
        t[i].mask ^= std::uint32_t{1} << low;
        return "mask bit";
    case 2:
        t[i].mask &= ~(std::uint32_t{1} << low);
        t[i].key &= t[i].mask;
        return "one bit less";
    case 3:
        t.erase(t.begin() + static_cast<std::ptrdiff_t>(i));
        return "entry dropped";
    case 4: {
        TableEntry copy = t[i];
        copy.route = Route::bit(static_cast<unsigned>(d.below(6 + machine.resources[chip].cores)));
        t.insert(t.begin() + static_cast<std::ptrdiff_t>(d.below(t.size() + 1)), copy);
        return "entry twice, with another route";
    }
    case 5:
        std::swap(t[i], t[d.below(t.size())]);
        return "order";
    case 6:
        t[i].route.words[0] ^= std::uint64_t{1} << d.below(6);
        return "link of a route";
    case 7:
        t[i].route.words[0] ^= std::uint64_t{1} << (6 + d.below(machine.resources[chip].cores));
        return "core of a route";
    default:
        t.insert(t.begin(), {0, ~std::uint32_t{7}, Route::link(static_cast<int>(d.below(6)))});
        return "an entry before all others";
    }
}

} // namespace spikecast::mapping::testing
