#include "partitioners/spinnaker/atoms.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>

namespace spikecast::mapping {

namespace {

bool meet(const Atom& a, const Atom& b) {
    return ((a.key ^ b.key) & a.mask & b.mask) == 0;
}

/// Whether any two of prefixes, sorted by key, share a key.
bool nested(const std::vector<Atom>& sorted) {
    for (std::size_t i = 0; i + 1 < sorted.size(); ++i)
        if (meet(sorted[i], sorted[i + 1])) return true;
    return false;
}

bool by_key(const Atom& a, const Atom& b) {
    return a.key != b.key ? a.key < b.key : a.mask < b.mask;
}

/// What of each atom no earlier one matches. False where that is too many parts.
bool make_disjoint(std::vector<Atom>& atoms) {
    const std::size_t most = 16 * atoms.size() + 65536;
    std::vector<Atom> result, parts, next;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
        parts.assign(1, atoms[i]);
        for (std::size_t j = 0; j < i && !parts.empty(); ++j) {
            const Atom& earlier = atoms[j];
            if (!meet(earlier, atoms[i])) continue;
            next.clear();
            for (const Atom& part : parts) {
                if (!meet(earlier, part)) {
                    next.push_back(part);
                    continue;
                }
                Atom rest = part;
                for (std::uint32_t bits = earlier.mask & ~part.mask; bits != 0;) {
                    const std::uint32_t bit = std::bit_floor(bits);
                    bits ^= bit;
                    rest.mask |= bit;
                    Atom outside = rest;
                    outside.key |= ~earlier.key & bit;
                    next.push_back(outside);
                    rest.key |= earlier.key & bit;
                }
            }
            parts.swap(next);
            if (parts.size() > most) return false;
        }
        result.insert(result.end(), parts.begin(), parts.end());
        if (result.size() > most) return false;
    }
    atoms.swap(result);
    return true;
}

/// Two halves of a prefix that are alike become one, as often as that is possible.
void join_halves(std::vector<Atom>& sorted) {
    std::vector<Atom> stack;
    for (Atom a : sorted) {
        while (!stack.empty()) {
            const Atom& b = stack.back();
            const std::uint32_t last = a.mask & (~a.mask + 1); // the prefix's lowest bit
            if (b.mask != a.mask || b.route != a.route || b.straight != a.straight || (a.key ^ b.key) != last) break;
            a.key = b.key;
            a.mask &= ~last;
            stack.pop_back();
        }
        stack.push_back(a);
    }
    sorted.swap(stack);
}

} // namespace

std::optional<Atoms> atoms_of(const Table& table, std::span<const std::uint8_t> straight) {
    Atoms result;
    std::map<Route, std::uint32_t> number;
    result.atoms.reserve(table.size());
    for (std::size_t i = 0; i < table.size(); ++i) {
        const TableEntry& e = table[i];
        if ((e.key & ~e.mask) != 0) continue; // matches nothing
        const auto found = number.emplace(e.route, static_cast<std::uint32_t>(number.size()));
        if (found.second) result.routes.push_back(e.route);
        result.atoms.push_back({e.key, e.mask, found.first->second, !straight.empty() && straight[i] != 0});
        result.prefixes = result.prefixes && is_prefix(e.mask);
    }
    std::vector<Atom> sorted = result.atoms;
    std::sort(sorted.begin(), sorted.end(), by_key);
    if (result.prefixes && !nested(sorted)) {
        result.atoms.swap(sorted);
    } else {
        for (std::size_t i = 0; i < result.atoms.size() && result.apart; ++i)
            for (std::size_t j = 0; j < i && result.apart; ++j)
                result.apart = !meet(result.atoms[i], result.atoms[j]);
        if (!make_disjoint(result.atoms)) return std::nullopt;
        std::sort(result.atoms.begin(), result.atoms.end(), by_key);
        result.prefixes =
            std::all_of(result.atoms.begin(), result.atoms.end(), [](const Atom& a) { return is_prefix(a.mask); });
    }
    if (result.prefixes) join_halves(result.atoms);
    return result;
}

namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t infinite = none / 4;

class Tree {
public:
    Tree(const Atoms& atoms, BitOrder order, bool strict) : atoms_(atoms), order_(order), strict_(strict) {
        count_.assign(atoms.routes.size(), {});
        weight_.assign(atoms.routes.size(), 0);
        for (const Atom& a : atoms.atoms)
            ++weight_[a.route];
        std::vector<Atom> all = atoms.atoms;
        if (!all.empty()) root_ = build(all);
    }

    Table table() {
        if (root_ != none) emit(root_, none);
        return std::move(table_);
    }

private:
    struct Node {
        std::uint32_t key, mask; ///< the least cube that holds the subtree's keys
        std::uint32_t left, right;
        std::uint32_t cost;      ///< entries of the subtree when it inherits one of `routes`; one more with any other
        std::uint32_t null_cost; ///< when it inherits none
        std::uint32_t routes, route_count;
        bool full; ///< no key is unused
    };

    [[nodiscard]] std::span<const std::uint32_t> routes(const Node& n) const {
        return {pool_.data() + n.routes, n.route_count};
    }

    std::uint32_t leaf(const Atom& a) {
        nodes_.push_back(
            {a.key, a.mask, none, none, 0, a.straight ? 0U : 1U, static_cast<std::uint32_t>(pool_.size()), 1, true});
        pool_.push_back(a.route);
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }

    std::uint32_t build(std::vector<Atom>& atoms) {
        if (atoms.size() == 1) return leaf(atoms[0]);
        std::uint32_t bit = choose_bit(atoms);
        std::vector<Atom> low, high;
        for (Atom a : atoms) {
            if ((a.mask & bit) == 0) {
                a.mask |= bit;
                low.push_back(a);
                a.key |= bit;
                high.push_back(a);
            } else {
                ((a.key & bit) != 0 ? high : low).push_back(a);
            }
        }
        std::vector<Atom>().swap(atoms);
        const std::uint32_t l = build(low), r = build(high);
        return join(l, r, bit);
    }

    std::uint32_t join(std::uint32_t left, std::uint32_t right, std::uint32_t bit) {
        const Node a = nodes_[left], b = nodes_[right];
        Node n{};
        n.mask = a.mask & b.mask & ~(a.key ^ b.key);
        n.key = a.key & n.mask;
        n.left = left;
        n.right = right;
        n.full = a.full && b.full && a.mask == (n.mask | bit) && b.mask == (n.mask | bit);
        n.routes = static_cast<std::uint32_t>(pool_.size());
        const auto ra = routes(a), rb = routes(b);
        set_.clear();
        std::set_intersection(ra.begin(), ra.end(), rb.begin(), rb.end(), std::back_inserter(set_));
        n.cost = a.cost + b.cost;
        if (set_.empty()) {
            std::set_union(ra.begin(), ra.end(), rb.begin(), rb.end(), std::back_inserter(set_));
            ++n.cost;
        }
        pool_.insert(pool_.end(), set_.begin(), set_.end());
        n.route_count = static_cast<std::uint32_t>(set_.size());
        n.null_cost = a.null_cost + b.null_cost;
        if (!strict_ || n.full) n.null_cost = std::min(n.null_cost, n.cost + 1);
        nodes_.push_back(n);
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }

    void emit(std::uint32_t number, std::uint32_t inherited) {
        const Node n = nodes_[number];
        bool enter = false;
        if (inherited == none) {
            enter =
                n.left == none ? n.null_cost == 1 : n.null_cost < nodes_[n.left].null_cost + nodes_[n.right].null_cost;
        } else {
            const auto r = routes(n);
            enter = !std::binary_search(r.begin(), r.end(), inherited);
        }
        if (enter) {
            const auto r = routes(n);
            inherited = *std::max_element(r.begin(), r.end(), [&](std::uint32_t x, std::uint32_t y) {
                return weight_[x] != weight_[y] ? weight_[x] < weight_[y] : x < y;
            });
        }
        if (n.left != none) {
            emit(n.left, inherited);
            emit(n.right, inherited);
        }
        if (enter) table_.push_back({n.key, n.mask, atoms_.routes[inherited]});
    }

    /// A bit in which not all atoms agree; one that all of them have, where there is one.
    std::uint32_t choose_bit(const std::vector<Atom>& atoms) {
        std::uint32_t common = ~std::uint32_t{0}, zeros = 0, ones = 0;
        for (const Atom& a : atoms) {
            common &= a.mask;
            ones |= a.key;
            zeros |= ~a.key & a.mask;
        }
        std::uint32_t candidates = ones & zeros & common;
        if (candidates == 0) {
            // Disjoint atoms differ in some bit; splitting the fewest by it.
            candidates = ones & zeros;
            std::uint32_t best = 0;
            std::size_t most = 0;
            for (std::uint32_t bits = candidates; bits != 0;) {
                const std::uint32_t bit = std::bit_floor(bits);
                bits ^= bit;
                std::size_t have = 0;
                for (const Atom& a : atoms)
                    have += (a.mask & bit) != 0 ? 1 : 0;
                if (have > most) {
                    most = have;
                    best = bit;
                }
            }
            return best;
        }
        if (order_ == BitOrder::highest || std::has_single_bit(candidates)) return std::bit_floor(candidates);
        std::uint32_t best = 0;
        double least = std::numeric_limits<double>::max();
        for (std::uint32_t bits = candidates; bits != 0;) {
            const std::uint32_t bit = std::bit_floor(bits);
            bits ^= bit;
            const double h = uncertainty(atoms, bit);
            if (h < least * (1.0 - 1e-12)) {
                least = h;
                best = bit;
            }
        }
        return best;
    }

    /// Sum over the two sides of n log n - sum of n_route log n_route.
    double uncertainty(const std::vector<Atom>& atoms, std::uint32_t bit) {
        std::array<std::uint32_t, 2> total{};
        touched_.clear();
        for (const Atom& a : atoms) {
            const std::size_t side = (a.key & bit) != 0 ? 1 : 0;
            ++total[side];
            auto& c = count_[a.route];
            if (c[0] + c[1] == 0) touched_.push_back(a.route);
            ++c[side];
        }
        // The binary logarithm as straight lines between powers of two: libm's differ from machine to machine.
        const auto xlogx = [](std::uint32_t n) {
            if (n < 2) return 0.0;
            const auto whole = static_cast<std::uint32_t>(std::bit_width(n)) - 1;
            return n * (whole + n / static_cast<double>(std::uint32_t{1} << whole) - 1.0);
        };
        double h = xlogx(total[0]) + xlogx(total[1]);
        for (const std::uint32_t r : touched_) {
            h -= xlogx(count_[r][0]) + xlogx(count_[r][1]);
            count_[r] = {};
        }
        return h;
    }

    const Atoms& atoms_;
    BitOrder order_;
    bool strict_;
    std::uint32_t root_ = none;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> pool_, set_, touched_;
    std::vector<std::array<std::uint32_t, 2>> count_;
    std::vector<std::size_t> weight_;
    Table table_;
};

} // namespace

Table tree_table(const Atoms& atoms, BitOrder order, bool strict) {
    return Tree(atoms, order, strict).table();
}

} // namespace spikecast::mapping
