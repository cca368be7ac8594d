#include "partitioners/spinnaker/place.hpp"

#include "partitioners/spinnaker/grid.hpp"
#include "partitioners/spinnaker/multilevel.hpp"
#include "partitioners/spinnaker/problem.hpp"
#include "partitioners/spinnaker/route.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <numeric>
#include <optional>

namespace spikecast::mapping {

std::vector<ChipId> hilbert_order(const Machine& machine, std::span<const ChipId> chips) {
    int side = 1;
    while (side < std::max(machine.width, machine.height))
        side *= 2;
    const auto position = [side](int x, int y) {
        std::uint64_t d = 0;
        for (int s = side / 2; s > 0; s /= 2) {
            const int rx = (x & s) != 0 ? 1 : 0, ry = (y & s) != 0 ? 1 : 0;
            d += static_cast<std::uint64_t>(s) * static_cast<std::uint64_t>(s) *
                 static_cast<std::uint64_t>((3 * rx) ^ ry);
            if (ry == 0) {
                if (rx == 1) {
                    x = side - 1 - x;
                    y = side - 1 - y;
                }
                std::swap(x, y);
            }
        }
        return d;
    };
    std::vector<std::pair<std::uint64_t, ChipId>> order;
    order.reserve(chips.size());
    for (const ChipId c : chips)
        order.emplace_back(position(machine.x(c), machine.y(c)), c);
    std::sort(order.begin(), order.end());
    std::vector<ChipId> result;
    result.reserve(order.size());
    for (const auto& [d, c] : order)
        result.push_back(c);
    return result;
}

namespace {

/// Clusters breadth first over shared edges, each part of the graph from its lowest number.
std::vector<std::uint32_t> breadth_first(const Hypergraph& h) {
    std::vector<std::uint32_t> order;
    order.reserve(h.clusters());
    std::vector<char> seen(h.clusters(), 0), seen_edge(h.edge_count(), 0);
    for (std::uint32_t start = 0; start < h.clusters(); ++start) {
        if (seen[start] != 0) continue;
        seen[start] = 1;
        std::size_t next = order.size();
        order.push_back(start);
        for (; next < order.size(); ++next)
            for (const std::uint32_t e : h.edges_of(order[next])) {
                if (seen_edge[e] != 0) continue;
                seen_edge[e] = 1;
                for (const std::uint32_t p : h.pins_of(e))
                    if (seen[p] == 0) {
                        seen[p] = 1;
                        order.push_back(p);
                    }
            }
    }
    return order;
}

/// Clusters in the given order, each on the current chip, or, where that is full, the next with room.
std::optional<std::vector<ChipId>> fill(const Machine& machine, const Hypergraph& h,
                                        std::span<const std::uint32_t> order, std::span<const ChipId> chips) {
    std::vector<Room> room;
    room.reserve(chips.size());
    for (const ChipId c : chips)
        room.push_back({machine.resources[c].cores, machine.resources[c].sdram_bytes});
    std::vector<ChipId> chip(h.clusters(), no_chip);
    std::size_t at = 0;
    for (const std::uint32_t c : order) {
        std::size_t tried = 0;
        while (!room[at].fits(h.cores[c], h.sdram[c])) {
            at = (at + 1) % chips.size();
            if (++tried > chips.size()) return std::nullopt;
        }
        room[at].cores -= h.cores[c];
        room[at].sdram -= h.sdram[c];
        chip[c] = chips[at];
    }
    return chip;
}

std::vector<std::uint32_t> by_size(const Hypergraph& h) {
    std::vector<std::uint32_t> order(h.clusters());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return h.cores[a] != h.cores[b] ? h.cores[a] > h.cores[b] : h.sdram[a] > h.sdram[b];
    });
    return order;
}

/// The first order that fits, the last resort being large clusters first.
std::vector<ChipId> fill_or_refuse(const Machine& machine, const Hypergraph& h, std::span<const std::uint32_t> order,
                                   std::span<const ChipId> chips) {
    if (auto chip = fill(machine, h, order, chips)) return *std::move(chip);
    if (auto chip = fill(machine, h, by_size(h), chips)) return *std::move(chip);
    throw Refused(
        Diagnostic{{machine.name, 0, 0},
                   "cores and SDRAM",
                   "the vertices fit the machine in sum, but their sizes leave no packing onto its chips that "
                   "filling in order of size finds",
                   "use a larger machine or smaller vertices"});
}

std::vector<std::uint32_t> shuffled(std::size_t n, Key key) {
    std::vector<std::uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0U);
    for (std::size_t i = n; i > 1; --i)
        std::swap(order[i - 1], order[static_cast<std::size_t>((draw64(key, 0, i) >> 32) * i >> 32)]);
    return order;
}

std::vector<ChipId> place_random(const Machine& machine, const Hypergraph& h, std::span<const ChipId> chips,
                                 std::uint64_t seed) {
    const Key key = make_key(seed, Purpose::partition, "mapping: random placement");
    std::vector<Room> room;
    for (const ChipId c : chips)
        room.push_back({machine.resources[c].cores, machine.resources[c].sdram_bytes});
    std::vector<ChipId> chip(h.clusters(), no_chip);
    // Chips without room for one more core are taken out of the draw.
    std::vector<std::uint32_t> open(chips.size());
    std::iota(open.begin(), open.end(), 0U);
    std::uint64_t draw = 0;
    for (std::uint32_t c = 0; c < h.clusters(); ++c) {
        bool placed = false;
        for (int attempt = 0; attempt < 64 && !placed && !open.empty(); ++attempt) {
            const auto i = static_cast<std::size_t>((draw64(key, 1, draw++) >> 32) * open.size() >> 32);
            Room& r = room[open[i]];
            if (r.cores == 0) {
                open[i] = open.back();
                open.pop_back();
                continue;
            }
            if (!r.fits(h.cores[c], h.sdram[c])) continue;
            r.cores -= h.cores[c];
            r.sdram -= h.sdram[c];
            chip[c] = chips[open[i]];
            placed = true;
        }
        for (std::size_t i = 0; i < chips.size() && !placed; ++i)
            if (room[i].fits(h.cores[c], h.sdram[c])) {
                room[i].cores -= h.cores[c];
                room[i].sdram -= h.sdram[c];
                chip[c] = chips[i];
                placed = true;
            }
        if (!placed) {
            std::vector<ChipId> order;
            for (const std::uint32_t i : shuffled(chips.size(), key))
                order.push_back(chips[i]);
            return fill_or_refuse(machine, h, by_size(h), order);
        }
    }
    return chip;
}

/// Lengths of the shortest ways over links that work both ways, for Sites::table; a hop between boards is `crossing`
/// long. Left empty where the machine is as good as a plane without faults, or too large for a table.
void tabulate_ways(const Machine& machine, std::span<const ChipId> chips, int crossing, int x0, int y0, Sites& sites) {
    constexpr std::size_t most_ids = 4096;
    const std::size_t ids = static_cast<std::size_t>(sites.height) << sites.shift;
    const Grid grid(machine, true);
    if (ids > most_ids && crossing > 1)
        throw InputError(
            Diagnostic{{machine.name, 0, 0},
                       "objective",
                       fmt::format("board crossings are weighed on up to {} chips, but the graph is placed on {} x {}",
                                   most_ids, sites.width, sites.height),
                       "use the tree cost, which keeps nets short and so on few boards"});
    if (ids > most_ids) return;
    const auto inside = [&](ChipId c) {
        const int x = machine.x(c) - x0, y = machine.y(c) - y0;
        return x >= 0 && y >= 0 && x < sites.width && y < sites.height;
    };
    bool whole = true;
    std::size_t count = 0;
    for (const ChipId c : chips) {
        if (!inside(c)) continue;
        ++count;
        for (int l = 0; l < link_count; ++l)
            whole = whole && (grid.next(c, l) != no_chip || machine.neighbour(c, l) == no_chip ||
                              (!sites.diagonal && (l == 1 || l == 4)));
    }
    whole = whole && count == sites.room.size();
    if (whole && crossing == 1) return;
    while ((std::size_t{1} << sites.table_bits) < ids)
        ++sites.table_bits;
    constexpr std::uint16_t far = 60000;
    sites.table.assign(ids << sites.table_bits, far);
    // Dijkstra's algorithm with a queue for each length, over the whole machine: ways may lead outside and back.
    std::vector<std::uint16_t> length_to(machine.chips());
    std::vector<std::vector<ChipId>> queues(static_cast<std::size_t>(crossing) + 1);
    for (const ChipId from : chips) {
        if (!inside(from)) continue;
        std::fill(length_to.begin(), length_to.end(), far);
        length_to[from] = 0;
        queues[0].assign(1, from);
        std::size_t waiting = 1, missing = count;
        for (std::size_t length = 0; waiting > 0 && missing > 0; ++length) {
            auto& queue = queues[length % queues.size()];
            for (std::size_t i = 0; i < queue.size(); ++i) {
                const ChipId c = queue[i];
                if (length_to[c] != length) continue;
                if (inside(c)) --missing;
                for (int l = 0; l < link_count; ++l) {
                    const ChipId other = grid.next(c, l);
                    if (other == no_chip) continue;
                    const std::size_t step =
                        machine.board[c] == machine.board[other] ? 1 : static_cast<std::size_t>(crossing);
                    if (length + step >= length_to[other]) continue;
                    length_to[other] = static_cast<std::uint16_t>(std::min<std::size_t>(length + step, far));
                    queues[(length + step) % queues.size()].push_back(other);
                    ++waiting;
                }
            }
            waiting -= queue.size();
            queue.clear();
        }
        for (auto& queue : queues)
            queue.clear();
        const auto id = [&](ChipId c) { return sites.id(machine.x(c) - x0, machine.y(c) - y0); };
        std::uint16_t* const row = sites.table.data() + (std::size_t{id(from)} << sites.table_bits);
        for (const ChipId to : chips)
            if (inside(to)) row[id(to)] = length_to[to];
    }
}

/// Anneals on a square in the machine's middle that is large enough: small graphs have four times the room that they
/// need, large ones, which spread over all they are given, hardly more than they need.
std::vector<ChipId> place_best(const MachineGraph& graph, const Machine& machine, std::span<const ChipId> chips,
                               const Hypergraph& h, const PlaceSettings& settings) {
    constexpr std::size_t large = 2000; // clusters
    const double slack = h.clusters() > large ? 1.05 : 4.0;
    double cores = 0.0, sdram = 0.0;
    for (std::size_t c = 0; c < h.clusters(); ++c) {
        cores += h.cores[c];
        sdram += static_cast<double>(h.sdram[c]);
    }
    const std::vector<std::uint32_t> order = breadth_first(h);
    std::vector<ChipId> chip, inside;
    int x0 = 0, y0 = 0, w = 0, ht = 0;
    const int longest = std::max(machine.width, machine.height);
    for (int side = 8;; side += std::max(1, side / 32)) {
        const bool all = side >= longest;
        w = all ? machine.width : std::min(side, machine.width);
        ht = all ? machine.height : std::min(side, machine.height);
        x0 = (machine.width - w) / 2;
        y0 = (machine.height - ht) / 2;
        inside.clear();
        double room = 0.0, memory = 0.0;
        for (const ChipId c : chips) {
            const int x = machine.x(c), y = machine.y(c);
            if (x < x0 || y < y0 || x >= x0 + w || y >= y0 + ht) continue;
            inside.push_back(c);
            room += machine.resources[c].cores;
            memory += static_cast<double>(machine.resources[c].sdram_bytes);
        }
        if (all) {
            chip = fill_or_refuse(machine, h, order, hilbert_order(machine, chips));
            break;
        }
        if (room < slack * cores || memory < slack * sdram) continue;
        if (auto filled = fill(machine, h, order, hilbert_order(machine, inside))) {
            chip = *std::move(filled);
            break;
        }
    }

    Sites sites;
    sites.set_size(w, ht);
    sites.wraps = machine.wraps && w == machine.width && ht == machine.height;
    sites.diagonal = Grid(machine, false).diagonal();
    const auto id = [&](ChipId c) { return sites.id(machine.x(c) - x0, machine.y(c) - y0); };
    for (const ChipId c : inside)
        sites.room[sites.index(id(c))] = {machine.resources[c].cores, machine.resources[c].sdram_bytes};
    tabulate_ways(machine, chips, settings.objective == Objective::board_crossings ? 20 : 1, x0, y0, sites);
    std::vector<SiteId> start;
    start.reserve(chip.size());
    for (const ChipId c : chip)
        start.push_back(id(c));
    const Key key = make_key(settings.seed, Purpose::partition, "mapping: annealing");
    // Time for annealing grows with the netlist that was read, however small it became by merging.
    constexpr double pins_for_twice = 20000.0;
    const double effort =
        settings.effort * (h.clusters() <= 1000 ? 1.0 + static_cast<double>(graph.sinks.size()) / pins_for_twice : 1.0);
    const std::vector<SiteId> found = place_multilevel(h, sites, start, effort, key, settings.threads);
    for (std::size_t c = 0; c < found.size(); ++c)
        chip[c] = machine.chip(sites.x(found[c]) + x0, sites.y(found[c]) + y0);
    return chip;
}

} // namespace

std::vector<ChipId> usable_chips(const Machine& m) {
    // Tarjan's strongly connected components, without recursion.
    const auto n = static_cast<ChipId>(m.chips());
    constexpr std::uint32_t unseen = 0;
    std::vector<std::uint32_t> number(n, unseen), low(n, 0), component(n, no_chip);
    std::vector<ChipId> stack;
    struct Frame {
        ChipId chip;
        int link;
    };
    std::vector<Frame> frames;
    std::uint32_t counter = 0, components = 0;
    std::vector<std::uint64_t> cores;
    for (ChipId start = 0; start < n; ++start) {
        if (m.alive[start] == 0 || number[start] != unseen) continue;
        frames.push_back({start, 0});
        while (!frames.empty()) {
            Frame& f = frames.back();
            const ChipId c = f.chip;
            if (f.link == 0) {
                number[c] = low[c] = ++counter;
                stack.push_back(c);
            }
            bool deeper = false;
            while (f.link < link_count) {
                const int l = f.link++;
                if (!m.has_link(c, l)) continue;
                const ChipId next = m.neighbour(c, l);
                if (next == no_chip || m.alive[next] == 0) continue;
                if (number[next] == unseen) {
                    frames.push_back({next, 0});
                    deeper = true;
                    break;
                }
                if (component[next] == no_chip) low[c] = std::min(low[c], number[next]);
            }
            if (deeper) continue;
            if (low[c] == number[c]) {
                cores.push_back(0);
                ChipId member = no_chip;
                do {
                    member = stack.back();
                    stack.pop_back();
                    component[member] = components;
                    cores.back() += m.resources[member].cores;
                } while (member != c);
                ++components;
            }
            frames.pop_back();
            if (!frames.empty()) low[frames.back().chip] = std::min(low[frames.back().chip], low[c]);
        }
    }
    std::uint32_t best = no_chip;
    for (ChipId c = 0; c < n; ++c)
        if (component[c] != no_chip && (best == no_chip || cores[component[c]] > cores[best])) best = component[c];
    std::vector<ChipId> chips;
    for (ChipId c = 0; c < n; ++c)
        if (component[c] != no_chip && component[c] == best) chips.push_back(c);
    return chips;
}

void allocate_cores(const MachineGraph& graph, const Machine& machine, Placement& placement) {
    std::vector<std::uint16_t> used(machine.chips(), 0);
    placement.first_core.resize(graph.vertices.size());
    for (std::size_t v = 0; v < graph.vertices.size(); ++v) {
        std::uint16_t& next = used[placement.chip[v]];
        placement.first_core[v] = next;
        next = static_cast<std::uint16_t>(next + graph.vertices[v].cores);
    }
}

namespace {

/// Of eight placements of small tree cost, the one whose busiest link, once nets are routed round it, carries least.
Placement place_for_links(const MachineGraph& graph, const Machine& machine, const PlaceSettings& settings) {
    constexpr std::uint64_t candidates = 8;
    Placement best;
    double least = std::numeric_limits<double>::infinity();
    for (std::uint64_t i = 0; i < candidates; ++i) {
        PlaceSettings one = settings;
        one.objective = Objective::tree_cost;
        one.seed = i == 0 ? settings.seed : mix64(settings.seed + i);
        Placement placement = place(graph, machine, one);
        RouteSettings routing;
        routing.threads = settings.threads;
        routing.congestion_rounds = 10;
        const std::vector<double> load = link_loads(graph, machine, route(graph, machine, placement, routing));
        const double largest = *std::max_element(load.begin(), load.end());
        if (largest < least) {
            least = largest;
            best = std::move(placement);
        }
    }
    return best;
}

} // namespace

Placement place(const MachineGraph& graph, const Machine& machine, const PlaceSettings& settings) {
    if (settings.method == PlaceMethod::best && settings.objective == Objective::max_link_load)
        return place_for_links(graph, machine, settings);
    const std::vector<ChipId> chips = usable_chips(machine);
    if (chips.empty())
        throw Refused(Diagnostic{{machine.name, 0, 0}, "machine", "no chip is alive", "use a machine with live chips"});
    const Problem problem = make_problem(graph, machine, chips, settings.objective == Objective::table_entries);
    const Hypergraph& h = problem.graph;
    std::vector<ChipId> chip;
    if (settings.method == PlaceMethod::random)
        chip = place_random(machine, h, chips, settings.seed);
    else if (settings.method == PlaceMethod::hilbert)
        chip = fill_or_refuse(machine, h, breadth_first(h), hilbert_order(machine, chips));
    else
        chip = place_best(graph, machine, chips, h, settings);
    Placement placement;
    placement.chip.resize(graph.vertices.size());
    for (std::size_t v = 0; v < graph.vertices.size(); ++v)
        placement.chip[v] = chip[problem.cluster[v]];
    allocate_cores(graph, machine, placement);
    return placement;
}

} // namespace spikecast::mapping
