#include "partitioners/spinnaker/tables.hpp"

#include "partitioners/spinnaker/parallel.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <stdexcept>

namespace spikecast::mapping {

namespace {

/// Entries in all from which on the effort is shared out.
constexpr std::size_t full_effort = std::size_t{1} << 18;

/// Numbers of nodes by chip, those of one chip in the order of their nets' keys.
class NodesByChip {
public:
    NodesByChip(const Machine& machine, const Routing& routing, const Keys& keys) : routing_(routing), keys_(keys) {
        const std::size_t nets = keys.key.size();
        if (keys.mask.size() != nets || routing.begin.size() != nets + 1 ||
            routing.begin.back() != routing.nodes.size())
            throw std::invalid_argument("tables: keys and routing are of different nets");
        if (nets >= no_net || routing.nodes.size() >= (std::uint64_t{1} << 32))
            throw std::invalid_argument("tables: more than 2^32 tree nodes");
        std::vector<std::uint32_t> order(nets);
        std::iota(order.begin(), order.end(), 0U);
        std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return keys.key[a] != keys.key[b] ? keys.key[a] < keys.key[b] : a < b;
        });
        begin_.assign(machine.chips() + 1, 0);
        for (const TreeNode& n : routing.nodes)
            ++begin_[n.chip + 1];
        std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
        nodes_.resize(routing.nodes.size());
        std::vector<std::uint64_t> next(begin_.begin(), begin_.end() - 1);
        for (const std::uint32_t net : order)
            for (std::uint64_t i = routing.begin[net]; i < routing.begin[net + 1]; ++i)
                nodes_[next[routing.nodes[i].chip]++] = {static_cast<std::uint32_t>(i), net};
    }

    void table(ChipId chip, RoutedTable& out) const {
        out.entries.clear();
        out.straight.clear();
        for (std::uint64_t i = begin_[chip]; i < begin_[chip + 1]; ++i) {
            const TreeNode& n = routing_.nodes[nodes_[i].node];
            out.entries.push_back({keys_.key[nodes_[i].net], keys_.mask[nodes_[i].net], n.route});
            // A packet without destinations is lost at its source, with an entry or without one.
            out.straight.push_back(n.route.empty() || (n.link < link_count && n.route == Route::link(n.link)) ? 1 : 0);
        }
    }

private:
    static constexpr std::uint64_t no_net = 0xFFFFFFFF;
    struct Item {
        std::uint32_t node, net;
    };
    const Routing& routing_;
    const Keys& keys_;
    std::vector<std::uint64_t> begin_;
    std::vector<Item> nodes_;
};

} // namespace

BuiltTables build_tables(const Machine& machine, const Routing& routing, const Keys& keys,
                         const MinimiseOptions& options) {
    const NodesByChip nodes(machine, routing, keys);
    MinimiseOptions each = options;
    if (routing.nodes.size() > full_effort)
        each.effort *= static_cast<double>(full_effort) / static_cast<double>(routing.nodes.size());
    BuiltTables built;
    built.tables.resize(machine.chips());
    built.reports.resize(machine.chips());
    in_pieces(machine.chips(), options.threads, [&] {
        return [&, raw = RoutedTable()](std::size_t c) mutable {
            const auto chip = static_cast<ChipId>(c);
            nodes.table(chip, raw);
            TableReport& report = built.reports[c];
            report.entries = static_cast<std::uint32_t>(raw.entries.size());
            report.straight = static_cast<std::uint32_t>(std::count(raw.straight.begin(), raw.straight.end(), 1));
            report.floor = static_cast<std::uint32_t>(table_floor(raw.entries, raw.straight));
            MinimiseOptions own = each;
            if (options.fit) own.target = machine.resources[c].router_entries;
            built.tables[c] = minimise(raw.entries, raw.straight, own);
            built.tables[c].shrink_to_fit();
            report.minimised = static_cast<std::uint32_t>(built.tables[c].size());
        };
    });
    return built;
}

std::vector<RoutedTable> raw_tables(const Machine& machine, const Routing& routing, const Keys& keys) {
    const NodesByChip nodes(machine, routing, keys);
    std::vector<RoutedTable> result(machine.chips());
    for (std::size_t c = 0; c < result.size(); ++c)
        nodes.table(static_cast<ChipId>(c), result[c]);
    return result;
}

void check_capacity(const Machine& machine, const BuiltTables& built) {
    std::vector<ChipId> over;
    for (ChipId c = 0; c < built.tables.size(); ++c)
        if (built.tables[c].size() > machine.resources[c].router_entries) over.push_back(c);
    if (over.empty()) return;
    std::stable_sort(over.begin(), over.end(),
                     [&](ChipId a, ChipId b) { return built.tables[a].size() > built.tables[b].size(); });
    std::vector<Diagnostic> wrong;
    constexpr std::size_t most = 10;
    for (std::size_t i = 0; i < std::min(most, over.size()); ++i) {
        const ChipId c = over[i];
        const std::uint32_t room = machine.resources[c].router_entries;
        std::string remedy =
            "place with --objective table_entries, let keys be chosen (--keys own), or use a larger machine";
        if (built.reports[c].floor > room)
            remedy =
                "no choice of keys helps, because the routes themselves differ: spread the vertices over more chips";
        wrong.push_back(
            {{machine.name, 0, 0},
             fmt::format("router table of chip ({}, {})", machine.x(c), machine.y(c)),
             fmt::format("{} entries after minimising ({} before, {} distinct routes), but the router holds {}",
                         built.tables[c].size(), built.reports[c].entries, built.reports[c].floor, room),
             std::move(remedy)});
    }
    if (over.size() > most)
        wrong.push_back({{machine.name, 0, 0},
                         "router tables",
                         fmt::format("{} more chips are too full", over.size() - most),
                         "mend these first"});
    throw Refused(std::move(wrong));
}

} // namespace spikecast::mapping
