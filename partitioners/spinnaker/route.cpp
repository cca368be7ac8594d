#include "partitioners/spinnaker/route.hpp"

#include "partitioners/spinnaker/congestion.hpp"
#include "partitioners/spinnaker/grid.hpp"
#include "partitioners/spinnaker/parallel.hpp"
#include "partitioners/spinnaker/steiner.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace spikecast::mapping {

namespace {

using Node = TreeBuilder::Node;

/// Nets are routed in pieces of this many.
constexpr std::size_t piece = 2048;

[[noreturn]] void unreachable(const MachineGraph& graph, const Machine& machine, const Placement& placement,
                              std::size_t net, ChipId sink) {
    const ChipId from = placement.chip[graph.source[net]];
    throw Refused(Diagnostic{{machine.name, 0, 0},
                             fmt::format("net {} of vertex {}", net, graph.vertices[graph.source[net]].name),
                             fmt::format("no live links lead from chip ({}, {}) to chip ({}, {})", machine.x(from),
                                         machine.y(from), machine.x(sink), machine.y(sink)),
                             "place its vertices where they reach each other"});
}

/// Distinct chips of a net's sinks, without the source's, in the order of their numbers.
void sink_chips(const MachineGraph& graph, const Placement& placement, std::size_t net, std::vector<ChipId>& chips) {
    chips.clear();
    const ChipId from = placement.chip[graph.source[net]];
    for (const std::uint32_t v : graph.sinks_of(net))
        if (placement.chip[v] != from) chips.push_back(placement.chip[v]);
    std::sort(chips.begin(), chips.end());
    chips.erase(std::unique(chips.begin(), chips.end()), chips.end());
}

/// Routes one net by itself, along the links' directions. False, with the chip, where one can't be reached.
bool route_alone(const Grid& grid, TreeBuilder& tree, ChipId from, std::vector<ChipId>& sinks, bool explore,
                 ChipId& unreached) {
    tree.start(from);
    std::stable_sort(sinks.begin(), sinks.end(),
                     [&](ChipId a, ChipId b) { return grid.distance(from, a) < grid.distance(from, b); });
    for (const ChipId sink : sinks)
        if (!tree.has(sink) && !tree.connect(explore ? tree.nearest(sink) : from, sink)) {
            unreached = sink;
            return false;
        }
    return true;
}

/// Appends a tree, its routes filled in.
void append(const MachineGraph& graph, const Placement& placement, std::size_t net, const std::vector<Node>& tree,
            std::vector<std::uint32_t>& node_of_chip, std::vector<TreeNode>& nodes) {
    const std::size_t first = nodes.size();
    for (const Node& n : tree) {
        node_of_chip[n.chip] = static_cast<std::uint32_t>(nodes.size() - first);
        nodes.push_back({n.chip, n.parent, n.link, {}});
        if (n.link != 255) nodes[first + n.parent].route |= Route::link(n.link);
    }
    for (const std::uint32_t v : graph.sinks_of(net)) {
        TreeNode& n = nodes[first + node_of_chip[placement.chip[v]]];
        for (unsigned c = 0; c < graph.vertices[v].cores; ++c)
            n.route |= Route::core(placement.first_core[v] + c);
    }
}

/// Nets that have the same chips share a tree: their routes at a chip then differ by the link towards the source at
/// most, which is what makes tables small, and a net costs the same from wherever it starts.
class SharedTrees {
public:
    SharedTrees(const MachineGraph& graph, const Placement& placement) {
        set_of_net_.reserve(graph.nets());
        begin_.push_back(0);
        std::vector<std::uint32_t> slots(64, 0);
        std::vector<std::uint64_t> hashes;
        std::vector<ChipId> chips;
        for (std::size_t net = 0; net < graph.nets(); ++net) {
            sink_chips(graph, placement, net, chips);
            const ChipId from = placement.chip[graph.source[net]];
            chips.insert(std::lower_bound(chips.begin(), chips.end(), from), from);
            std::uint64_t hash = chips.size();
            for (const ChipId c : chips)
                hash = mix64(hash + 0x9e3779b97f4a7c15ULL * (std::uint64_t{c} + 1));
            if (hashes.size() * 2 >= slots.size()) {
                slots.assign(slots.size() * 2, 0);
                for (std::uint32_t s = 0; s < hashes.size(); ++s)
                    slots[free_slot(slots, hashes[s])] = s + 1;
            }
            const std::size_t mask = slots.size() - 1;
            std::size_t i = hash & mask;
            for (; slots[i] != 0; i = (i + 1) & mask) {
                const std::uint32_t s = slots[i] - 1;
                if (hashes[s] == hash &&
                    std::equal(chips.begin(), chips.end(), chips_.begin() + static_cast<std::ptrdiff_t>(begin_[s]),
                               chips_.begin() + static_cast<std::ptrdiff_t>(begin_[s + 1])))
                    break;
            }
            if (slots[i] == 0) {
                hashes.push_back(hash);
                slots[i] = static_cast<std::uint32_t>(hashes.size());
                chips_.insert(chips_.end(), chips.begin(), chips.end());
                begin_.push_back(chips_.size());
            }
            set_of_net_.push_back(slots[i] - 1);
        }
    }

    void build(const Grid& grid, unsigned threads) {
        const std::size_t sets = begin_.size() - 1;
        const std::size_t pieces = (sets + piece - 1) / piece;
        std::vector<std::vector<Node>> parts(pieces);
        tree_begin_.assign(sets + 1, 0);
        in_pieces(pieces, threads, [&] {
            return [&, builder = SteinerBuilder(grid)](std::size_t p) mutable {
                for (std::size_t s = p * piece; s < std::min(sets, (p + 1) * piece); ++s) {
                    const std::span<const ChipId> chips{chips_.data() + begin_[s], begin_[s + 1] - begin_[s]};
                    const std::size_t before = parts[p].size();
                    if (builder.build(chips))
                        parts[p].insert(parts[p].end(), builder.nodes().begin(), builder.nodes().end());
                    tree_begin_[s + 1] = parts[p].size() - before;
                }
            };
        });
        for (std::size_t s = 0; s < sets; ++s)
            tree_begin_[s + 1] += tree_begin_[s];
        tree_.reserve(tree_begin_.back());
        for (auto& part : parts) {
            tree_.insert(tree_.end(), part.begin(), part.end());
            std::vector<Node>().swap(part);
        }
    }

    /// The net's tree from its source; empty where its chips aren't connected by links that work both ways.
    void orient(std::size_t net, ChipId from, std::vector<Node>& result, std::vector<std::uint32_t>& scratch) const {
        result.clear();
        const std::uint32_t s = set_of_net_[net];
        const std::span<const Node> tree{tree_.data() + tree_begin_[s], tree_begin_[s + 1] - tree_begin_[s]};
        if (tree.empty()) return;
        // Parents come before children: turning round the path from the root to the source is all that changes.
        std::uint32_t at = 0;
        while (tree[at].chip != from)
            ++at;
        scratch.assign(tree.size(), no_chip); // new number by old
        std::uint32_t parent = 0;
        int link = 255;
        for (;;) {
            scratch[at] = static_cast<std::uint32_t>(result.size());
            result.push_back({tree[at].chip, parent, static_cast<std::uint8_t>(link)});
            if (tree[at].link == 255) break;
            parent = scratch[at];
            link = opposite(tree[at].link);
            at = tree[at].parent;
        }
        for (std::uint32_t i = 0; i < tree.size(); ++i) {
            if (scratch[i] != no_chip) continue;
            scratch[i] = static_cast<std::uint32_t>(result.size());
            result.push_back({tree[i].chip, scratch[tree[i].parent], tree[i].link});
        }
    }

private:
    static std::size_t free_slot(const std::vector<std::uint32_t>& slots, std::uint64_t hash) {
        const std::size_t mask = slots.size() - 1;
        std::size_t i = hash & mask;
        while (slots[i] != 0)
            i = (i + 1) & mask;
        return i;
    }

    std::vector<std::uint32_t> set_of_net_;
    std::vector<std::uint64_t> begin_;
    std::vector<ChipId> chips_;
    std::vector<std::uint64_t> tree_begin_;
    std::vector<Node> tree_;
};

} // namespace

Routing route(const MachineGraph& graph, const Machine& machine, const Placement& placement,
              const RouteSettings& settings) {
    const Grid grid(machine, false);
    SharedTrees shared(graph, placement);
    if (settings.method == RouteMethod::steiner) shared.build(Grid(machine, true), settings.threads);

    const std::size_t nets = graph.nets();
    const std::size_t pieces = (nets + piece - 1) / piece;
    std::vector<std::vector<TreeNode>> parts(pieces);
    Routing routing;
    routing.begin.assign(nets + 1, 0);
    in_pieces(pieces, settings.threads, [&] {
        return [&, tree = TreeBuilder(grid), sinks = std::vector<ChipId>(), nodes = std::vector<Node>(),
                scratch = std::vector<std::uint32_t>(),
                node_of_chip = std::vector<std::uint32_t>(machine.chips())](std::size_t p) mutable {
            for (std::size_t net = p * piece; net < std::min(nets, (p + 1) * piece); ++net) {
                const ChipId from = placement.chip[graph.source[net]];
                nodes.clear();
                if (settings.method == RouteMethod::steiner) shared.orient(net, from, nodes, scratch);
                if (nodes.empty()) {
                    sink_chips(graph, placement, net, sinks);
                    ChipId unreached = no_chip;
                    if (!route_alone(grid, tree, from, sinks, settings.method != RouteMethod::longest_dimension_first,
                                     unreached))
                        unreachable(graph, machine, placement, net, unreached);
                    nodes = tree.nodes();
                }
                const std::size_t before = parts[p].size();
                append(graph, placement, net, nodes, node_of_chip, parts[p]);
                routing.begin[net + 1] = parts[p].size() - before;
            }
        };
    });
    for (std::size_t net = 0; net < nets; ++net)
        routing.begin[net + 1] += routing.begin[net];
    routing.nodes.reserve(routing.begin.back());
    for (auto& part : parts) {
        routing.nodes.insert(routing.nodes.end(), part.begin(), part.end());
        std::vector<TreeNode>().swap(part);
    }
    if (settings.congestion_rounds > 0) relieve_links(graph, machine, placement, routing, settings.congestion_rounds);
    return routing;
}

double tree_cost(const MachineGraph& graph, const Routing& routing) {
    double cost = 0.0;
    for (std::size_t net = 0; net < graph.nets(); ++net)
        cost += graph.weight[net] * static_cast<double>(routing.begin[net + 1] - routing.begin[net]);
    return cost;
}

double cost_floor(const MachineGraph& graph, const Machine& machine) {
    std::uint64_t most = 1;
    for (const ChipResources& r : machine.resources)
        most = std::max<std::uint64_t>(most, r.cores);
    double floor = 0.0;
    for (std::size_t net = 0; net < graph.nets(); ++net) {
        const std::uint32_t source = graph.source[net];
        std::uint64_t cores = graph.vertices[source].cores;
        for (const std::uint32_t v : graph.sinks_of(net))
            if (v != source) cores += graph.vertices[v].cores;
        const auto chips = (cores + most - 1) / most;
        floor += graph.weight[net] * static_cast<double>(chips);
    }
    return floor;
}

std::vector<double> link_loads(const MachineGraph& graph, const Machine& machine, const Routing& routing) {
    std::vector<double> load(machine.chips() * link_count, 0.0);
    for (std::size_t net = 0; net < graph.nets(); ++net) {
        const TreeNode* tree = routing.nodes.data() + routing.begin[net];
        for (std::uint64_t i = 1; i < routing.begin[net + 1] - routing.begin[net]; ++i)
            load[std::size_t{tree[tree[i].parent].chip} * link_count + tree[i].link] += graph.weight[net];
    }
    return load;
}

double board_crossings(const MachineGraph& graph, const Machine& machine, const Routing& routing) {
    double sum = 0.0;
    for (std::size_t net = 0; net < graph.nets(); ++net) {
        const TreeNode* tree = routing.nodes.data() + routing.begin[net];
        std::uint64_t crossings = 0;
        for (std::uint64_t i = 1; i < routing.begin[net + 1] - routing.begin[net]; ++i)
            crossings += machine.board[tree[i].chip] != machine.board[tree[tree[i].parent].chip] ? 1U : 0U;
        sum += graph.weight[net] * static_cast<double>(crossings);
    }
    return sum;
}

} // namespace spikecast::mapping
