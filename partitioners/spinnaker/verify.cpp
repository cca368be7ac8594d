#include "partitioners/spinnaker/verify.hpp"

#include "partitioners/spinnaker/ternary.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <exception>
#include <fmt/format.h>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace spikecast::mapping {

namespace {

constexpr std::uint8_t from_core = 6; ///< the direction of a packet that a core has sent
constexpr std::array<const char*, link_count> link_names{"E", "NE", "N", "W", "SW", "S"};
constexpr std::size_t longest_story = 60; ///< hops that a text shows

struct Hop {
    ChipId chip;
    std::uint32_t parent;
    std::uint32_t entry; ///< PackedTables::none: straight on
    std::uint8_t direction;
};

std::string place_text(const Machine& m, ChipId c) {
    return fmt::format("({}, {})", m.x(c), m.y(c));
}
std::string route_text(const Route& route) {
    std::string text;
    for (unsigned b = 0; b < 192; ++b) {
        if (!route.has(b)) continue;
        if (!text.empty()) text += ' ';
        text += b < link_count ? std::string(link_names[b]) : fmt::format("core {}", b - link_count);
    }
    return text.empty() ? "nowhere" : text;
}

/// One thread's walks.
class Walker {
public:
    Walker(const Machine& machine, const MachineGraph& graph, const Placement& placement, const Keys& keys,
           const PackedTables& tables)
        : machine_(machine), graph_(graph), placement_(placement), keys_(keys), tables_(tables),
          state_(machine.chips()) {}

    std::uint64_t walks = 0, hops = 0;

    /// The first violation among the net's keys. Without a text where that isn't wanted.
    std::optional<Violation> net(std::uint32_t n, bool with_text) {
        net_ = n;
        with_text_ = with_text;
        todo_.assign(1, Cube{keys_.key[n], keys_.mask[n]});
        while (!todo_.empty()) {
            const Cube cube = todo_.back();
            todo_.pop_back();
            if (std::optional<Violation> v = walk(cube)) return v;
        }
        return std::nullopt;
    }

private:
    struct ChipState {
        std::uint64_t stamp = 0;
        std::uint8_t entered = 0; ///< directions that it was entered by, bits 0 to 6
        Route expected, got;      ///< cores
    };

    ChipState& state(ChipId c) {
        ChipState& s = state_[c];
        if (s.stamp != stamp_) s = {stamp_, 0, {}, {}};
        return s;
    }

    /// Follows one cube; where an entry tells its keys apart, the cube is split, and its parts are left to do.
    std::optional<Violation> walk(Cube cube) {
        ++walks;
        ++stamp_;
        const std::uint32_t source = graph_.source[net_];
        for (const std::uint32_t v : graph_.sinks_of(net_)) {
            Route& expected = state(placement_.chip[v]).expected;
            for (unsigned c = 0; c < graph_.vertices[v].cores; ++c)
                expected |= Route::core(placement_.first_core[v] + c);
        }
        trace_.assign(1, {placement_.chip[source], 0, PackedTables::none, from_core});
        stack_.assign(1, 0);
        while (!stack_.empty()) {
            const std::uint32_t at = stack_.back();
            stack_.pop_back();
            const Hop hop = trace_[at];
            ChipState& here = state(hop.chip);
            if ((here.entered >> hop.direction & 1) != 0) return entered_again(cube, at);
            here.entered = static_cast<std::uint8_t>(here.entered | 1U << hop.direction);
            ++hops;

            const std::uint32_t number = tables_.first(hop.chip, cube);
            trace_[at].entry = number;
            Route route;
            if (number == PackedTables::none) {
                if (hop.direction == from_core && graph_.sinks_of(net_).empty()) return std::nullopt;
                if (hop.direction == from_core)
                    return violation(Fault::lost, cube, at, "no entry matches at its own chip");
                route = Route::link(hop.direction);
            } else {
                const TableEntry& e = tables_.entry(hop.chip, number);
                const Cube match{e.key, e.mask};
                if (!covers(match, cube)) {
                    todo_.push_back(common(match, cube));
                    subtract(cube, match, todo_);
                    return std::nullopt;
                }
                route = e.route;
                // A net without sinks may be dropped where it starts.
                if (route.empty() && hop.direction == from_core && graph_.sinks_of(net_).empty()) return std::nullopt;
                if (route.empty()) return violation(Fault::discarded, cube, at, "the entry sends it nowhere");
            }
            if (std::optional<Violation> v = deliver(cube, at, route)) return v;
            for (unsigned l = link_count; l-- > 0;) {
                if (!route.has(l)) continue;
                const ChipId next = machine_.neighbour(hop.chip, static_cast<int>(l));
                if (!machine_.has_link(hop.chip, static_cast<int>(l)) || next == no_chip || machine_.alive[next] == 0)
                    return violation(Fault::dead_link, cube, at,
                                     fmt::format("it is sent by {}, where there is no live link", link_names[l]));
                stack_.push_back(static_cast<std::uint32_t>(trace_.size()));
                trace_.push_back({next, at, PackedTables::none, static_cast<std::uint8_t>(l)});
            }
        }
        for (const std::uint32_t v : graph_.sinks_of(net_)) {
            const Route& got = state(placement_.chip[v]).got;
            for (unsigned c = 0; c < graph_.vertices[v].cores; ++c)
                if (const unsigned core = placement_.first_core[v] + c; !got.has(core + link_count))
                    return missing(cube, placement_.chip[v], core, v);
        }
        return std::nullopt;
    }

    std::optional<Violation> deliver(Cube cube, std::uint32_t at, Route route) {
        route.words[0] &= ~std::uint64_t{63};
        if (route.empty()) return std::nullopt;
        ChipState& here = state(trace_[at].chip);
        for (std::size_t w = 0; w < route.words.size(); ++w) {
            const std::uint64_t wrong = route.words[w] & ~here.expected.words[w];
            const std::uint64_t twice = route.words[w] & here.got.words[w];
            const auto core = [&](std::uint64_t bits) {
                return w * 64 + static_cast<unsigned>(std::countr_zero(bits)) - link_count;
            };
            if (wrong != 0)
                return violation(Fault::wrong_core, cube, at,
                                 fmt::format("it reaches core {}, which is none of its destinations", core(wrong)));
            if (twice != 0)
                return violation(Fault::duplicate, cube, at, fmt::format("it reaches core {} twice", core(twice)));
        }
        here.got |= route;
        return std::nullopt;
    }

    std::optional<Violation> entered_again(Cube cube, std::uint32_t at) {
        const Hop last = trace_[at];
        bool loop = false;
        for (std::uint32_t a = at; a != 0 && !loop;) {
            a = trace_[a].parent;
            loop = trace_[a].chip == last.chip && trace_[a].direction == last.direction;
        }
        // The chip does the same again, so all that lies behind it is reached twice, or the packet never ends.
        return loop ? violation(Fault::loop, cube, at, "it is back where it was: a loop")
                    : violation(Fault::duplicate, cube, at, "it comes this way for the second time");
    }

    int distance(ChipId a, ChipId b) const {
        const auto hexagonal = [](int dx, int dy) {
            return (dx < 0) == (dy < 0) ? std::max(std::abs(dx), std::abs(dy)) : std::abs(dx) + std::abs(dy);
        };
        const int dx = machine_.x(b) - machine_.x(a), dy = machine_.y(b) - machine_.y(a);
        int best = hexagonal(dx, dy);
        if (!machine_.wraps) return best;
        for (const int wx : {-machine_.width, 0, machine_.width})
            for (const int wy : {-machine_.height, 0, machine_.height})
                best = std::min(best, hexagonal(dx + wx, dy + wy));
        return best;
    }

    std::optional<Violation> missing(Cube cube, ChipId chip, unsigned core, std::uint32_t vertex) {
        std::uint32_t nearest = 0;
        for (std::uint32_t i = 1; i < trace_.size(); ++i)
            if (distance(trace_[i].chip, chip) < distance(trace_[nearest].chip, chip)) nearest = i;
        return violation(Fault::missing_core, cube, nearest,
                         fmt::format("core {} of chip {} (\"{}\") isn't reached; the nearest it came", core,
                                     place_text(machine_, chip), graph_.vertices[vertex].name),
                         chip);
    }

    std::optional<Violation> violation(Fault fault, Cube cube, std::uint32_t at, const std::string& what,
                                       ChipId chip = no_chip) const {
        Violation v{fault, net_, cube.key, chip == no_chip ? trace_[at].chip : chip, {}};
        if (!with_text_) return v;
        const std::uint32_t source = graph_.source[net_];
        v.text =
            fmt::format("net {} from \"{}\", key 0x{:08x}: {}\n", net_, graph_.vertices[source].name, cube.key, what);
        std::vector<std::uint32_t> path;
        for (std::uint32_t a = at;; a = trace_[a].parent) {
            path.push_back(a);
            if (a == 0) break;
        }
        std::reverse(path.begin(), path.end());
        for (std::size_t i = 0; i < path.size(); ++i) {
            if (path.size() > longest_story && i == longest_story / 2) {
                const std::size_t left_out = path.size() - longest_story;
                v.text += fmt::format("    ... {} hops\n", left_out);
                i += left_out;
            }
            const Hop& h = trace_[path[i]];
            v.text += fmt::format("    chip {:<10} ", place_text(machine_, h.chip));
            v.text += h.direction == from_core ? fmt::format("from core {}", placement_.first_core[source])
                                               : fmt::format("by {}", link_names[h.direction]);
            if (h.entry != PackedTables::none) {
                const TableEntry& e = tables_.entry(h.chip, h.entry);
                v.text +=
                    fmt::format(": entry {} (0x{:08x}/0x{:08x}) -> {}\n", h.entry, e.key, e.mask, route_text(e.route));
            } else if (h.direction == from_core) {
                v.text += ": no entry matches\n";
            } else if (fault == Fault::loop || fault == Fault::duplicate) {
                v.text += ": here again, or straight on\n";
            } else {
                v.text += fmt::format(": no entry matches, straight on -> {}\n", link_names[h.direction]);
            }
        }
        return v;
    }

    const Machine& machine_;
    const MachineGraph& graph_;
    const Placement& placement_;
    const Keys& keys_;
    const PackedTables& tables_;
    std::vector<ChipState> state_;
    std::uint64_t stamp_ = 0;
    std::vector<Cube> todo_;
    std::vector<Hop> trace_;
    std::vector<std::uint32_t> stack_;
    std::uint32_t net_ = 0;
    bool with_text_ = true;
};

void check_sizes(const Machine& machine, const MachineGraph& graph, const Placement& placement, const Keys& keys,
                 const Tables& tables) {
    const auto need = [](std::size_t got, std::size_t expected, const char* what) {
        if (got != expected)
            throw std::invalid_argument(fmt::format("verify: {} {}, but there must be {}", got, what, expected));
    };
    need(placement.chip.size(), graph.vertices.size(), "placed vertices");
    need(placement.first_core.size(), graph.vertices.size(), "first cores");
    need(keys.key.size(), graph.nets(), "keys");
    need(keys.mask.size(), graph.nets(), "masks");
    need(graph.key_bits.size(), graph.nets(), "key_bits");
    need(tables.size(), machine.chips(), "tables");
}

/// Vertices on cores that exist and that no other vertex has.
void check_placement(const Machine& machine, const MachineGraph& graph, const Placement& placement,
                     std::vector<Violation>& out) {
    std::vector<Route> taken(machine.chips());
    for (std::size_t v = 0; v < graph.vertices.size(); ++v) {
        const ChipId c = placement.chip[v];
        const unsigned first = placement.first_core[v], cores = graph.vertices[v].cores;
        std::string what;
        if (c >= machine.chips())
            what = "is on no chip of the machine";
        else if (machine.alive[c] == 0)
            what = fmt::format("is on chip {}, which is dead", place_text(machine, c));
        else if (first + cores > machine.resources[c].cores)
            what = fmt::format("has cores {} to {} of chip {}, which has {}", first, first + cores - 1,
                               place_text(machine, c), machine.resources[c].cores);
        else
            for (unsigned k = first; k < first + cores && what.empty(); ++k) {
                if (taken[c].has(k + link_count))
                    what =
                        fmt::format("has core {} of chip {}, which another vertex has too", k, place_text(machine, c));
                taken[c] |= Route::core(k);
            }
        if (!what.empty())
            out.push_back({Fault::placement, Violation::no_net, 0, c,
                           fmt::format("vertex {} (\"{}\") {}\n", v, graph.vertices[v].name, what)});
    }
}

/// Net numbers of each pair of blocks that share a key, one pair for each block at most. Blocks are split by the bits
/// of their masks from the highest on.
class SharedKeys {
public:
    SharedKeys(const Keys& keys, std::vector<std::pair<std::uint32_t, std::uint32_t>>& pairs)
        : keys_(keys), pairs_(pairs) {}
    void find(std::vector<std::uint32_t> nets, int bit) {
        if (nets.size() < 2) return;
        if (nets.size() <= 8 || bit < 0) {
            // Below the last bit all blocks left have the same keys: neighbours suffice.
            for (std::size_t i = 1; i < nets.size(); ++i)
                for (std::size_t j = bit < 0 ? i - 1 : 0; j < i; ++j)
                    if (meet({keys_.key[nets[i]], keys_.mask[nets[i]]}, {keys_.key[nets[j]], keys_.mask[nets[j]]})) {
                        pairs_.emplace_back(std::max(nets[i], nets[j]), std::min(nets[i], nets[j]));
                        break;
                    }
            return;
        }
        std::vector<std::uint32_t> zero, one;
        for (const std::uint32_t n : nets) {
            const bool cares = (keys_.mask[n] >> bit & 1) != 0, set = (keys_.key[n] >> bit & 1) != 0;
            if (!cares || !set) zero.push_back(n);
            if (!cares || set) one.push_back(n);
        }
        nets = {};
        if (zero == one) {
            find(std::move(zero), bit - 1);
            return;
        }
        find(std::move(zero), bit - 1);
        find(std::move(one), bit - 1);
    }

private:
    const Keys& keys_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>>& pairs_;
};

void check_keys(const MachineGraph& graph, const Keys& keys, const VerifyOptions& options,
                std::vector<Violation>& out) {
    bool sound = true;
    for (std::uint32_t n = 0; n < graph.nets(); ++n) {
        const bool outside = (keys.key[n] & ~keys.mask[n]) != 0;
        if (!outside && std::popcount(keys.mask[n]) == 32 - graph.key_bits[n]) continue;
        sound = false;
        out.push_back(
            {Fault::bad_block, n, keys.key[n], no_chip,
             fmt::format("net {} has key 0x{:08x} and mask 0x{:08x}, but {}\n", n, keys.key[n], keys.mask[n],
                         outside ? "a key has no bits outside its mask"
                                 : fmt::format("the mask of {} keys has {} ones", std::uint64_t{1} << graph.key_bits[n],
                                               32 - graph.key_bits[n]))});
    }
    if (!options.unique_keys || !sound) return;
    std::vector<std::uint32_t> nets(graph.nets());
    for (std::uint32_t n = 0; n < graph.nets(); ++n)
        nets[n] = n;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
    SharedKeys(keys, pairs).find(std::move(nets), 31);
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(
        std::unique(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first == b.first; }),
        pairs.end());
    for (const auto& [n, other] : pairs)
        out.push_back(
            {Fault::shared_key, n, keys.key[n] | keys.key[other], no_chip,
             fmt::format("nets {} and {} both send key 0x{:08x}\n", other, n, keys.key[n] | keys.key[other])});
}

} // namespace

const char* name(Fault fault) noexcept {
    switch (fault) {
    case Fault::placement:
        return "placement";
    case Fault::bad_block:
        return "bad_block";
    case Fault::shared_key:
        return "shared_key";
    case Fault::table_size:
        return "table_size";
    case Fault::lost:
        return "lost";
    case Fault::dead_link:
        return "dead_link";
    case Fault::discarded:
        return "discarded";
    case Fault::loop:
        return "loop";
    case Fault::duplicate:
        return "duplicate";
    case Fault::wrong_core:
        return "wrong_core";
    case Fault::missing_core:
        return "missing_core";
    }
    return "";
}

VerifyResult verify(const Machine& machine, const MachineGraph& graph, const Placement& placement, const Keys& keys,
                    const Tables& tables, const VerifyOptions& options) {
    check_sizes(machine, graph, placement, keys, tables);
    VerifyResult result;
    result.nets = graph.nets();
    for (const std::uint8_t bits : graph.key_bits)
        result.keys += std::uint64_t{1} << bits;

    check_placement(machine, graph, placement, result.violations);
    check_keys(graph, keys, options, result.violations);
    if (options.capacity)
        for (ChipId c = 0; c < machine.chips(); ++c)
            if (tables[c].size() > machine.resources[c].router_entries)
                result.violations.push_back(
                    {Fault::table_size, Violation::no_net, 0, c,
                     fmt::format("the table of chip {} has {} entries, but its router holds {}\n",
                                 place_text(machine, c), tables[c].size(), machine.resources[c].router_entries)});
    result.faulty = result.violations.size();
    const auto keep = [&](std::vector<Violation>& v) {
        if (v.size() > options.most_violations) v.resize(options.most_violations);
    };
    keep(result.violations);
    // Nothing can be followed from chips that don't exist, or with blocks that aren't blocks.
    if (std::any_of(result.violations.begin(), result.violations.end(),
                    [](const Violation& v) { return v.fault == Fault::placement || v.fault == Fault::bad_block; }))
        return result;

    const PackedTables packed(tables);
    constexpr std::size_t piece = 256;
    const std::size_t pieces = (graph.nets() + piece - 1) / piece;
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr error;
    std::vector<Violation> found;
    std::uint64_t faulty = 0;
    const auto work = [&] {
        try {
            Walker walker(machine, graph, placement, keys, packed);
            std::vector<Violation> own;
            std::uint64_t own_faulty = 0;
            for (std::size_t p = next++; p < pieces; p = next++) {
                // Pieces come in ascending order, so what is beyond the first few of a thread is beyond them of all.
                const std::size_t end = std::min(graph.nets(), (p + 1) * piece);
                for (std::size_t n = p * piece; n < end; ++n) {
                    const bool wanted = own.size() < options.most_violations;
                    std::optional<Violation> v = walker.net(static_cast<std::uint32_t>(n), wanted);
                    if (!v) continue;
                    ++own_faulty;
                    if (wanted) own.push_back(std::move(*v));
                }
            }
            const std::lock_guard lock(mutex);
            result.walks += walker.walks;
            result.hops += walker.hops;
            faulty += own_faulty;
            found.insert(found.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!error) error = std::current_exception();
            next = pieces;
        }
    };
    {
        std::vector<std::jthread> others;
        for (unsigned t = 1; t < options.threads && t < pieces; ++t)
            others.emplace_back(work);
        work();
    }
    if (error) std::rethrow_exception(error);
    std::sort(found.begin(), found.end(), [](const Violation& a, const Violation& b) { return a.net < b.net; });
    result.faulty += faulty;
    result.violations.insert(result.violations.end(), std::make_move_iterator(found.begin()),
                             std::make_move_iterator(found.end()));
    keep(result.violations);
    return result;
}

std::optional<TableDifference> table_difference(const Table& original, const Table& other) {
    const Tables tables{original, other};
    const PackedTables packed(tables);
    std::vector<Cube> owned, left;
    for (std::uint32_t i = 0; i < original.size(); ++i) {
        const TableEntry& e = original[i];
        if ((e.key & ~e.mask) != 0) continue; // matches nothing
        owned.assign(1, {e.key, e.mask});
        while (!owned.empty()) {
            const Cube cube = owned.back();
            owned.pop_back();
            const std::uint32_t j = packed.first(0, cube);
            if (j != i) { // an earlier entry has these keys, or some of them
                const Cube earlier{original[j].key, original[j].mask};
                if (!covers(earlier, cube)) subtract(cube, earlier, owned);
                continue;
            }
            left.assign(1, cube);
            while (!left.empty()) {
                const Cube rest = left.back();
                left.pop_back();
                const std::uint32_t m = packed.first(1, rest);
                if (m == PackedTables::none)
                    return TableDifference{
                        rest.key, e.route, std::nullopt,
                        fmt::format("key 0x{:08x}: entry {} of the original (0x{:08x}/0x{:08x}) sends it "
                                    "to {}; no entry of the other table matches",
                                    rest.key, i, e.key, e.mask, route_text(e.route))};
                const TableEntry& o = other[m];
                const Cube match{o.key, o.mask};
                if (o.route != e.route) {
                    const std::uint32_t key = common(match, rest).key;
                    return TableDifference{
                        key, e.route, o.route,
                        fmt::format("key 0x{:08x}: entry {} of the original (0x{:08x}/0x{:08x}) sends it "
                                    "to {}; entry {} of the other table (0x{:08x}/0x{:08x}) to {}",
                                    key, i, e.key, e.mask, route_text(e.route), m, o.key, o.mask, route_text(o.route))};
                }
                if (!covers(match, rest)) subtract(rest, match, left);
            }
        }
    }
    return std::nullopt;
}

} // namespace spikecast::mapping
