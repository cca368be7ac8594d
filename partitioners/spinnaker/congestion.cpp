#include "partitioners/spinnaker/congestion.hpp"

#include "partitioners/spinnaker/grid.hpp"
#include "partitioners/spinnaker/route.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

namespace spikecast::mapping {

namespace {

/// Grows a tree over links with costs: the target that is cheapest to reach from the tree comes next.
class CheapTree {
public:
    CheapTree(const Grid& grid, const std::vector<double>& load)
        : grid_(grid), load_(load), distance_(grid.chips()), by_(grid.chips(), 255), wanted_(grid.chips(), 0),
          node_(grid.chips(), no_chip) {}

    /// Nodes without routes; empty where a target can't be reached.
    std::vector<TreeNode> grow(ChipId from, const std::vector<ChipId>& targets, double weight, double largest) {
        std::vector<TreeNode> tree{{from, 0, 255, {}}};
        node_[from] = 0;
        for (const ChipId t : targets)
            wanted_[t] = 1;
        std::size_t left = targets.size();
        while (left > 0) {
            const ChipId hit = search(tree, weight, largest);
            if (hit == no_chip) break;
            path_.clear();
            for (ChipId c = hit; node_[c] == no_chip; c = grid_.before(c, by_[c]))
                path_.push_back(c);
            for (std::size_t i = path_.size(); i-- > 0;) {
                const ChipId c = path_[i];
                const std::uint32_t parent = node_[grid_.before(c, by_[c])];
                node_[c] = static_cast<std::uint32_t>(tree.size());
                tree.push_back({c, parent, by_[c], {}});
                if (wanted_[c] != 0) {
                    wanted_[c] = 0;
                    --left;
                }
            }
        }
        for (const TreeNode& n : tree)
            node_[n.chip] = no_chip;
        for (const ChipId t : targets)
            wanted_[t] = 0;
        if (left > 0) tree.clear();
        return tree;
    }

private:
    ChipId search(const std::vector<TreeNode>& tree, double weight, double largest) {
        using Item = std::pair<double, ChipId>;
        std::priority_queue<Item, std::vector<Item>, std::greater<>> queue;
        std::fill(distance_.begin(), distance_.end(), std::numeric_limits<double>::infinity());
        for (const TreeNode& n : tree) {
            distance_[n.chip] = 0.0;
            queue.emplace(0.0, n.chip);
        }
        while (!queue.empty()) {
            const auto [d, c] = queue.top();
            queue.pop();
            if (d > distance_[c]) continue;
            if (wanted_[c] != 0) return c;
            for (int l = 0; l < link_count; ++l) {
                const ChipId next = grid_.next(c, l);
                if (next == no_chip) continue;
                const double share =
                    (load_[std::size_t{c} * link_count + static_cast<std::size_t>(l)] + weight) / largest;
                const double cost = d + 1.0 + 64.0 * share * share * share * share;
                if (cost >= distance_[next]) continue;
                distance_[next] = cost;
                by_[next] = static_cast<std::uint8_t>(l);
                queue.emplace(cost, next);
            }
        }
        return no_chip;
    }

    const Grid& grid_;
    const std::vector<double>& load_;
    std::vector<double> distance_;
    std::vector<std::uint8_t> by_, wanted_;
    std::vector<std::uint32_t> node_; ///< by chip, in the tree that grows
    std::vector<ChipId> path_;
};

} // namespace

void relieve_links(const MachineGraph& graph, const Machine& machine, const Placement& placement, Routing& routing,
                   int rounds) {
    const std::size_t nets = graph.nets();
    std::vector<double> load = link_loads(graph, machine, routing);
    const Grid grid(machine, false);
    CheapTree cheap(grid, load);
    std::vector<std::vector<TreeNode>> changed(nets);
    const auto tree_of = [&](std::size_t net) {
        if (!changed[net].empty()) return std::span<const TreeNode>(changed[net]);
        return std::span<const TreeNode>(routing.nodes.data() + routing.begin[net],
                                         routing.begin[net + 1] - routing.begin[net]);
    };
    const auto link_of = [](std::span<const TreeNode> tree, std::size_t i) {
        return std::size_t{tree[tree[i].parent].chip} * link_count + tree[i].link;
    };
    bool any = false;
    for (int round = 0; round < rounds; ++round) {
        const double largest = load.empty() ? 0.0 : *std::max_element(load.begin(), load.end());
        if (!(largest > 0.0)) break;
        constexpr double nearly = 0.9;
        // Light nets first: they find room most easily.
        std::vector<std::uint32_t> order;
        for (std::uint32_t net = 0; net < nets; ++net) {
            const auto tree = tree_of(net);
            bool busy = false;
            for (std::size_t i = 1; i < tree.size() && !busy && graph.weight[net] > 0.0; ++i)
                busy = load[link_of(tree, i)] >= nearly * largest;
            if (busy) order.push_back(net);
        }
        std::stable_sort(order.begin(), order.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return graph.weight[a] < graph.weight[b]; });
        for (const std::uint32_t net : order) {
            const auto tree = tree_of(net);
            const double w = graph.weight[net];
            double before = 0.0;
            for (std::size_t i = 1; i < tree.size(); ++i)
                before = std::max(before, load[link_of(tree, i)]);
            if (before < nearly * largest) continue; // others have gone away
            for (std::size_t i = 1; i < tree.size(); ++i)
                load[link_of(tree, i)] -= w;
            const ChipId from = placement.chip[graph.source[net]];
            std::vector<ChipId> targets;
            for (const std::uint32_t v : graph.sinks_of(net))
                if (placement.chip[v] != from) targets.push_back(placement.chip[v]);
            std::sort(targets.begin(), targets.end());
            targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
            std::vector<TreeNode> fresh = cheap.grow(from, targets, w, largest);
            double after = fresh.empty() ? std::numeric_limits<double>::infinity() : 0.0;
            for (std::size_t i = 1; i < fresh.size(); ++i)
                after = std::max(after, load[link_of(fresh, i)] + w);
            if (after < before) {
                for (std::size_t i = 1; i < fresh.size(); ++i) {
                    load[link_of(fresh, i)] += w;
                    fresh[fresh[i].parent].route |= Route::link(fresh[i].link);
                }
                for (const std::uint32_t v : graph.sinks_of(net))
                    for (TreeNode& n : fresh)
                        if (n.chip == placement.chip[v])
                            for (unsigned c = 0; c < graph.vertices[v].cores; ++c)
                                n.route |= Route::core(placement.first_core[v] + c);
                changed[net] = std::move(fresh);
                any = true;
            } else {
                for (std::size_t i = 1; i < tree.size(); ++i)
                    load[link_of(tree, i)] += w;
            }
        }
        if (*std::max_element(load.begin(), load.end()) >= largest) break;
    }
    if (!any) return;
    Routing result;
    result.begin.reserve(nets + 1);
    result.begin.push_back(0);
    for (std::size_t net = 0; net < nets; ++net) {
        const auto tree = tree_of(net);
        result.nodes.insert(result.nodes.end(), tree.begin(), tree.end());
        result.begin.push_back(result.nodes.size());
    }
    routing = std::move(result);
}

} // namespace spikecast::mapping
