// Tables as ordered lists of cubes, made shorter than trees allow. Sets of atoms are bit sets, so that one test against
// all of them takes a few instructions for every 64.
#include "partitioners/spinnaker/atoms.hpp"

#include "spikecast/random.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

namespace spikecast::mapping {

namespace {

using Word = std::uint64_t;
using Set = std::vector<Word>;

struct Cube {
    std::uint32_t key = 0, mask = 0;
    friend bool operator==(const Cube&, const Cube&) = default;
};

/// Which atoms meet or lie in a cube.
class AtomSets {
public:
    explicit AtomSets(const Atoms& atoms) : atoms_(atoms.atoms), words_((atoms.atoms.size() + 63) / 64) {
        for (auto& side : meet_)
            for (Set& s : side)
                s.assign(words_, 0);
        inside_ = meet_;
        std::size_t routes = atoms.routes.size();
        for (const Atom& a : atoms_)
            routes = std::max<std::size_t>(routes, a.route + 1);
        of_route_.assign(routes, Set(words_, 0));
        required_.assign(words_, 0);
        all_.assign(words_, 0);
        for (std::size_t i = 0; i < atoms_.size(); ++i) {
            const Word w = Word{1} << (i % 64);
            for (std::size_t b = 0; b < 32; ++b) {
                const std::uint32_t bit = std::uint32_t{1} << b;
                const std::size_t v = (atoms_[i].key & bit) != 0 ? 1 : 0;
                const bool free = (atoms_[i].mask & bit) == 0;
                meet_[v][b][i / 64] |= w;
                if (free)
                    meet_[1][b][i / 64] |= w;
                else
                    inside_[v][b][i / 64] |= w;
            }
            of_route_[atoms_[i].route][i / 64] |= w;
            if (!atoms_[i].straight) required_[i / 64] |= w;
            all_[i / 64] |= w;
        }
        used_ = 0;
        std::uint32_t ones = 0, zeros = 0;
        for (const Atom& a : atoms_) {
            ones |= a.key | ~a.mask;
            zeros |= ~a.key | ~a.mask;
        }
        used_ = ones & zeros;
    }

    [[nodiscard]] std::size_t words() const { return words_; }
    [[nodiscard]] const std::vector<Atom>& atoms() const { return atoms_; }
    [[nodiscard]] const Set& of_route(std::uint32_t r) const { return of_route_[r]; }
    [[nodiscard]] std::size_t routes() const { return of_route_.size(); }
    [[nodiscard]] const Set& required() const { return required_; }
    [[nodiscard]] const Set& all() const { return all_; }
    /// Bits in which atoms differ.
    [[nodiscard]] std::uint32_t used() const { return used_; }

    [[nodiscard]] const Set& meeting(std::size_t bit, bool value) const { return meet_[value ? 1 : 0][bit]; }
    [[nodiscard]] const Set& inside(std::size_t bit, bool value) const { return inside_[value ? 1 : 0][bit]; }

    void meeting(Cube c, Set& out) const { all_of(meet_, c, out); }
    void inside(Cube c, Set& out) const { all_of(inside_, c, out); }
    /// The least cube that holds the atoms of a set.
    [[nodiscard]] Cube hull(const Set& set) const {
        std::uint32_t ones = 0, zeros = 0, mask = ~std::uint32_t{0};
        for (std::size_t w = 0; w < words_; ++w)
            for (Word bits = set[w]; bits != 0; bits &= bits - 1) {
                const Atom& a = atoms_[w * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
                ones |= a.key;
                zeros |= ~a.key;
                mask &= a.mask;
            }
        mask &= ~(ones & zeros);
        return {ones & mask, mask};
    }

private:
    using Bits = std::array<std::array<Set, 32>, 2>;
    void all_of(const Bits& sets, Cube c, Set& out) const {
        out = all_;
        // A bit in which no two atoms differ may still tell the cube from all of them.
        for (std::uint32_t bits = c.mask; bits != 0; bits &= bits - 1) {
            const auto b = static_cast<std::size_t>(std::countr_zero(bits));
            const Set& s = sets[(c.key >> b & 1) != 0 ? 1 : 0][b];
            for (std::size_t w = 0; w < words_; ++w)
                out[w] &= s[w];
        }
    }

    const std::vector<Atom>& atoms_;
    std::size_t words_;
    Bits meet_, inside_;
    std::vector<Set> of_route_;
    Set required_, all_;
    std::uint32_t used_ = 0;
};

bool any(const Set& s) {
    return std::any_of(s.begin(), s.end(), [](Word w) { return w != 0; });
}
std::size_t size(const Set& s) {
    std::size_t n = 0;
    for (const Word w : s)
        n += static_cast<std::size_t>(std::popcount(w));
    return n;
}
bool meet(const Set& a, const Set& b) {
    for (std::size_t w = 0; w < a.size(); ++w)
        if ((a[w] & b[w]) != 0) return true;
    return false;
}
std::size_t common(const Set& a, const Set& b) {
    std::size_t n = 0;
    for (std::size_t w = 0; w < a.size(); ++w)
        n += static_cast<std::size_t>(std::popcount(a[w] & b[w]));
    return n;
}
std::size_t without(const Set& a, const Set& b) {
    std::size_t n = 0;
    for (std::size_t w = 0; w < a.size(); ++w)
        n += static_cast<std::size_t>(std::popcount(a[w] & ~b[w]));
    return n;
}

/// Finds large cubes.
class Grower {
public:
    explicit Grower(const AtomSets& sets)
        : sets_(sets), off_(sets.words()), gain_(sets.words()), trial_(sets.words()) {}

    /// A cube that holds `base` and meets nothing of `off`, with as much of `gain` inside as a greedy choice of its
    /// bits gives. The base must meet nothing of `off` either.
    Cube grow(Cube base, const Set& gain, const Set& off) {
        Cube best = base;
        std::size_t most = 0;
        bool found = false;
        for (int rule = 0; rule < 3; ++rule) {
            const Cube c = grow(base, gain, off, rule);
            sets_.inside(c, trial_);
            const std::size_t n = common(trial_, gain);
            if (!found || n > most ||
                (n == most && std::popcount(c.mask & sets_.used()) < std::popcount(best.mask & sets_.used()))) {
                best = c;
                most = n;
                found = true;
            }
        }
        return best;
    }

private:
    Cube grow(Cube base, const Set& gain, const Set& off, int rule) {
        off_ = off;
        gain_ = gain;
        std::uint32_t left = base.mask, mask = 0;
        while (any(off_)) {
            std::uint32_t best = 0;
            std::size_t best_removed = 0, best_lost = 0;
            for (std::uint32_t bits = left; bits != 0;) {
                const std::uint32_t bit = std::bit_floor(bits);
                bits ^= bit;
                const auto b = static_cast<std::size_t>(std::countr_zero(bit));
                const bool v = (base.key & bit) != 0;
                const std::size_t removed = without(off_, sets_.meeting(b, v));
                if (removed == 0) continue;
                const std::size_t lost = without(gain_, sets_.inside(b, v));
                bool better = best == 0;
                if (!better) {
                    if (rule == 0)
                        better = removed * (1 + best_lost) > best_removed * (1 + lost);
                    else if (rule == 1)
                        better = lost != best_lost ? lost < best_lost : removed > best_removed;
                    else
                        better = removed != best_removed ? removed > best_removed : lost < best_lost;
                }
                if (better) {
                    best = bit;
                    best_removed = removed;
                    best_lost = lost;
                }
            }
            if (best == 0) return base; // can't be, if the base meets nothing
            const auto b = static_cast<std::size_t>(std::countr_zero(best));
            const bool v = (base.key & best) != 0;
            const Set& m = sets_.meeting(b, v);
            const Set& in = sets_.inside(b, v);
            for (std::size_t w = 0; w < off_.size(); ++w) {
                off_[w] &= m[w];
                gain_[w] &= in[w];
            }
            left &= ~best;
            mask |= best;
        }
        // Bits chosen early may have become superfluous.
        for (std::uint32_t bits = mask; bits != 0;) {
            const std::uint32_t bit = bits & (~bits + 1);
            bits ^= bit;
            const Cube c{base.key & mask & ~bit, mask & ~bit};
            sets_.meeting(c, trial_);
            if (!meet(trial_, off)) mask &= ~bit;
        }
        return {base.key & mask, mask};
    }

    const AtomSets& sets_;
    Set off_, gain_, trial_;
};

struct Entry {
    Cube cube;
    std::uint32_t route;
};
using List = std::vector<Entry>;

/// Covers each route's atoms by cubes that meet no atom of a route further down.
class OrderedCovers {
public:
    OrderedCovers(const AtomSets& sets) : sets_(sets), grower_(sets) {
        std::vector<std::pair<std::size_t, std::uint32_t>> by_size;
        for (std::uint32_t r = 0; r < sets.routes(); ++r)
            if (const std::size_t n = common(sets.of_route(r), sets.required()); n > 0) by_size.emplace_back(n, r);
        std::sort(by_size.begin(), by_size.end());
        for (const auto& s : by_size)
            order_.push_back(s.second);
        covers_.resize(sets.routes());
        // What no entry may match wrongly whatever the order: atoms that nothing must match.
        always_ = sets.all();
        for (std::size_t w = 0; w < always_.size(); ++w)
            always_[w] &= ~sets.required()[w];
    }

    List run(std::size_t trials) {
        std::size_t best = cover_from(order_, 0, order_.size(), covers_);
        std::uint64_t draw = 0;
        for (std::size_t t = 0; t < trials && order_.size() > 1; ++t) {
            std::vector<std::uint32_t> order = order_;
            const std::size_t from = mix64(++draw * 0x9e3779b97f4a7c15ULL) % order.size();
            std::size_t to = mix64(++draw * 0x9e3779b97f4a7c15ULL) % (order.size() - 1);
            if (to >= from) ++to;
            const std::uint32_t moved = order[from];
            order.erase(order.begin() + static_cast<std::ptrdiff_t>(from));
            order.insert(order.begin() + static_cast<std::ptrdiff_t>(to), moved);
            std::vector<std::vector<Cube>> covers = covers_;
            const std::size_t n = cover_from(order, std::min(from, to), std::max(from, to) + 1, covers);
            if (n <= best) {
                best = n;
                order_ = order;
                covers_ = std::move(covers);
            }
        }
        List list;
        for (const std::uint32_t r : order_)
            for (const Cube c : covers_[r])
                list.push_back({c, r});
        return list;
    }

private:
    /// Covers routes at places [first, last) of the order again; gives the entries in all.
    std::size_t cover_from(const std::vector<std::uint32_t>& order, std::size_t first, std::size_t last,
                           std::vector<std::vector<Cube>>& covers) {
        Set later = always_;
        for (std::size_t i = last; i < order.size(); ++i)
            unite(later, sets_.of_route(order[i]));
        for (std::size_t i = last; i-- > first;) {
            const std::uint32_t r = order[i];
            Set off = later;
            for (std::size_t w = 0; w < off.size(); ++w)
                off[w] &= ~sets_.of_route(r)[w];
            cover(r, off, covers[r]);
            unite(later, sets_.of_route(r));
        }
        std::size_t n = 0;
        for (const std::uint32_t r : order)
            n += covers[r].size();
        return n;
    }
    static void unite(Set& a, const Set& b) {
        for (std::size_t w = 0; w < a.size(); ++w)
            a[w] |= b[w];
    }

    void cover(std::uint32_t route, const Set& off, std::vector<Cube>& cubes) {
        cubes.clear();
        Set left = sets_.of_route(route);
        for (std::size_t w = 0; w < left.size(); ++w)
            left[w] &= sets_.required()[w];
        const Set on = left;
        Set inside(left.size());
        while (any(left)) {
            Cube best;
            std::size_t most = 0;
            // Seeds spread over what is left.
            const std::size_t n = size(left), step = std::max<std::size_t>(1, n / seeds);
            std::size_t count = 0;
            for (std::size_t w = 0; w < left.size(); ++w)
                for (Word bits = left[w]; bits != 0; bits &= bits - 1) {
                    if (count++ % step != 0) continue;
                    const Atom& a = sets_.atoms()[w * 64 + static_cast<std::size_t>(std::countr_zero(bits))];
                    const Cube c = grower_.grow({a.key, a.mask}, left, off);
                    sets_.inside(c, inside);
                    if (const std::size_t k = common(inside, left); k > most) {
                        most = k;
                        best = c;
                    }
                }
            cubes.push_back(best);
            sets_.inside(best, inside);
            for (std::size_t w = 0; w < left.size(); ++w)
                left[w] &= ~inside[w];
        }
        irredundant(on, cubes);
    }
    /// Drops cubes whose atoms lie in others, the last first.
    void irredundant(const Set& on, std::vector<Cube>& cubes) {
        std::vector<Set> in(cubes.size(), Set(sets_.words()));
        for (std::size_t i = 0; i < cubes.size(); ++i)
            sets_.inside(cubes[i], in[i]);
        for (std::size_t i = cubes.size(); i-- > 0;) {
            Set rest = on;
            for (std::size_t j = 0; j < cubes.size(); ++j)
                if (j != i)
                    for (std::size_t w = 0; w < rest.size(); ++w)
                        rest[w] &= ~in[j][w];
            if (any(rest)) continue;
            cubes.erase(cubes.begin() + static_cast<std::ptrdiff_t>(i));
            in.erase(in.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }

    static constexpr std::size_t seeds = 6;
    const AtomSets& sets_;
    Grower grower_;
    std::vector<std::uint32_t> order_;
    std::vector<std::vector<Cube>> covers_; ///< by route
    Set always_;
};

/// A list under improvement. An atom belongs to the first entry that it lies in. The list is right when each entry
/// meets, of atoms of other routes, only those that belong to an entry before it, and when each required atom belongs
/// to an entry of its route.
class Improver {
public:
    Improver(const AtomSets& sets, const List& list) : sets_(sets), grower_(sets) {
        for (const Entry& e : list)
            entries_.push_back(make(e));
        refresh();
    }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] List list() const {
        List l;
        for (const Full& e : entries_)
            l.push_back(e.entry);
        return l;
    }

    [[nodiscard]] bool right() const {
        Set covered(sets_.words(), 0), owned(sets_.words(), 0);
        for (const Full& e : entries_) {
            const Set& mine = sets_.of_route(e.entry.route);
            for (std::size_t w = 0; w < covered.size(); ++w) {
                if ((e.meets[w] & ~mine[w] & ~covered[w]) != 0) return false;
                owned[w] |= e.inside[w] & mine[w] & ~covered[w];
            }
            for (std::size_t w = 0; w < covered.size(); ++w)
                covered[w] |= e.inside[w];
        }
        for (std::size_t w = 0; w < owned.size(); ++w)
            if ((sets_.required()[w] & ~owned[w]) != 0) return false;
        return true;
    }

    void run(std::size_t rounds, std::size_t target) {
        merge_all();
        std::vector<Full> best = entries_;
        std::uint64_t draw = 0;
        for (std::size_t round = 0; round < rounds && best.size() > std::max<std::size_t>(target, floor()); ++round) {
            // Entries grow into what others own, in changing order, so that some of them come to own nothing.
            for (std::size_t k = entries_.size(); k > 0 && !entries_.empty(); --k) {
                const std::uint64_t r = mix64(++draw * 0x9e3779b97f4a7c15ULL);
                grow(r % entries_.size(), (r >> 40 & 1) != 0);
            }
            merge_all();
            if (entries_.size() < best.size() || (entries_.size() == best.size()))
                best = entries_;
            else if (entries_.size() > best.size()) {
                entries_ = best;
                refresh();
            }
        }
        entries_ = best;
        refresh();
    }

private:
    struct Full {
        Entry entry;
        Set meets, inside;
        Set owns; ///< atoms that belong to it; for straight ones only those that entries of other routes below it meet
    };

    [[nodiscard]] std::size_t floor() const {
        std::size_t n = 0;
        for (std::uint32_t r = 0; r < sets_.routes(); ++r)
            n += meet(sets_.of_route(r), sets_.required()) ? 1U : 0U;
        return n;
    }

    [[nodiscard]] Full make(Entry e) const {
        Full f{e, Set(sets_.words()), Set(sets_.words()), Set(sets_.words(), 0)};
        sets_.meeting(e.cube, f.meets);
        sets_.inside(e.cube, f.inside);
        return f;
    }

    /// Finds what belongs to whom and drops entries that own nothing.
    void refresh() {
        for (bool again = true; again;) {
            again = false;
            Set covered(sets_.words(), 0);
            for (Full& e : entries_) {
                const Set& mine = sets_.of_route(e.entry.route);
                for (std::size_t w = 0; w < covered.size(); ++w) {
                    e.owns[w] = e.inside[w] & mine[w] & ~covered[w];
                    covered[w] |= e.inside[w];
                }
            }
            // Of straight atoms only those matter that would go wrong otherwise.
            Set wrong(sets_.words(), 0);
            std::vector<std::size_t> empty;
            for (std::size_t i = entries_.size(); i-- > 0;) {
                Full& e = entries_[i];
                bool owner = false;
                for (std::size_t w = 0; w < wrong.size(); ++w) {
                    e.owns[w] &= sets_.required()[w] | wrong[w];
                    owner = owner || e.owns[w] != 0;
                }
                if (!owner) {
                    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
                    again = true; // others may own what it matched
                    break;
                }
                const Set& mine = sets_.of_route(e.entry.route);
                for (std::size_t w = 0; w < wrong.size(); ++w)
                    wrong[w] |= e.meets[w] & ~mine[w];
            }
        }
        before_.assign(entries_.size() + 1, Set(sets_.words(), 0));
        for (std::size_t i = 0; i < entries_.size(); ++i)
            for (std::size_t w = 0; w < sets_.words(); ++w)
                before_[i + 1][w] = before_[i][w] | entries_[i].inside[w];
    }

    /// The last place, at or below `from`, to which an entry of that route with these atoms may sink: it stands before
    /// the entry whose number is returned.
    [[nodiscard]] std::size_t sink(const Set& atoms, std::uint32_t route, std::size_t from) const {
        std::size_t at = from;
        while (at < entries_.size() && (entries_[at].entry.route == route || !meet(entries_[at].meets, atoms)))
            ++at;
        return at;
    }

    /// Atoms of other routes that nothing before place `at` has.
    void off_set(std::uint32_t route, std::size_t at, Set& off) const {
        const Set& mine = sets_.of_route(route);
        for (std::size_t w = 0; w < off.size(); ++w)
            off[w] = sets_.all()[w] & ~mine[w] & ~before_[at][w];
    }

    /// Replaces entries i (and j) by one that stands before the entry now numbered `at` > i, j.
    void replace(std::size_t i, std::size_t j, std::size_t at, Entry e) {
        entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), make(e));
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(std::max(i, j)));
        if (i != j) entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(std::min(i, j)));
        refresh();
    }

    void merge_all() {
        Set both(sets_.words()), off(sets_.words()), meets(sets_.words());
        for (bool again = true; again;) {
            again = false;
            for (std::size_t i = 0; i < entries_.size() && !again; ++i) {
                const std::uint32_t route = entries_[i].entry.route;
                const std::size_t limit = sink(entries_[i].owns, route, i + 1);
                for (std::size_t j = i + 1; j < limit; ++j) {
                    if (entries_[j].entry.route != route) continue;
                    for (std::size_t w = 0; w < both.size(); ++w)
                        both[w] = entries_[i].owns[w] | entries_[j].owns[w];
                    const std::size_t at = std::min(limit, sink(entries_[j].owns, route, j + 1));
                    const Cube c = sets_.hull(both);
                    off_set(route, at, off);
                    sets_.meeting(c, meets);
                    if (meet(meets, off)) continue;
                    replace(i, j, at, {c, route});
                    again = true;
                    break;
                }
            }
        }
    }

    /// Moves an entry down as far as it goes (or not at all) and lets it grow over atoms that others own.
    void grow(std::size_t i, bool sunk) {
        const std::uint32_t route = entries_[i].entry.route;
        const Set owns = entries_[i].owns;
        const std::size_t at = sunk ? sink(owns, route, i + 1) : i + 1;
        Set off(sets_.words()), gain(sets_.words(), 0), between(sets_.words(), 0);
        off_set(route, at, off);
        for (std::size_t k = at; k < entries_.size(); ++k)
            if (entries_[k].entry.route == route)
                for (std::size_t w = 0; w < gain.size(); ++w)
                    gain[w] |= entries_[k].owns[w];
        for (std::size_t k = at; k-- > 0;) {
            if (k == i) continue;
            if (entries_[k].entry.route == route) {
                for (std::size_t w = 0; w < gain.size(); ++w)
                    gain[w] |= entries_[k].owns[w] & ~between[w];
            } else {
                for (std::size_t w = 0; w < gain.size(); ++w)
                    between[w] |= entries_[k].meets[w];
            }
        }
        const Cube base = sets_.hull(owns);
        const Cube c = grower_.grow(base, gain, off);
        if (c == entries_[i].entry.cube && at == i + 1) return;
        // What it takes from entries above must leave them.
        Full grown = make({c, route});
        entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(at), grown);
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
        const std::size_t place = at - 1;
        refresh();
        shrink_above(c, route, place);
    }

    /// Entries of the same route above a cube give it the atoms that lie in it and may sink to it, so that they become
    /// smaller, or superfluous.
    void shrink_above(Cube c, std::uint32_t route, std::size_t place) {
        if (place >= entries_.size() || !(entries_[place].entry.cube == c)) {
            for (place = 0; place < entries_.size(); ++place)
                if (entries_[place].entry.cube == c && entries_[place].entry.route == route) break;
            if (place == entries_.size()) return;
        }
        const Set inside = entries_[place].inside;
        Set between(sets_.words(), 0);
        bool changed = false;
        for (std::size_t k = place; k-- > 0;) {
            Full& e = entries_[k];
            if (e.entry.route != route) {
                for (std::size_t w = 0; w < between.size(); ++w)
                    between[w] |= e.meets[w];
                continue;
            }
            Set keeps(sets_.words());
            bool gives = false;
            for (std::size_t w = 0; w < keeps.size(); ++w) {
                const Word given = e.owns[w] & inside[w] & ~between[w];
                keeps[w] = e.owns[w] & ~given;
                gives = gives || given != 0;
            }
            if (!gives) continue;
            changed = true;
            if (any(keeps)) {
                e = make({sets_.hull(keeps), route});
                e.owns = keeps;
            } else {
                entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(k));
            }
        }
        if (changed) refresh();
    }

    const AtomSets& sets_;
    Grower grower_;
    std::vector<Full> entries_;
    std::vector<Set> before_; ///< by place: atoms inside an entry before it
};

/// What takes seconds; tables beyond stay as trees have them.
constexpr std::size_t most_atoms = 4096, most_work = std::size_t{1} << 25;

List to_list(const Table& table, const std::map<Route, std::uint32_t>& number) {
    List list;
    for (const TableEntry& e : table)
        list.push_back({{e.key, e.mask}, number.at(e.route)});
    return list;
}

} // namespace

Table improve_tables(const Atoms& atoms, const std::vector<Table>& tables, std::uint32_t target, double effort) {
    std::map<Route, std::uint32_t> number;
    for (std::uint32_t r = 0; r < atoms.routes.size(); ++r)
        number.emplace(atoms.routes[r], r);
    std::size_t best = 0;
    for (std::size_t t = 1; t < tables.size(); ++t)
        if (tables[t].size() < tables[best].size()) best = t;
    Table result = tables[best];
    const AtomSets sets(atoms);
    std::vector<List> lists;
    lists.reserve(tables.size() + 1);
    for (const Table& t : tables)
        lists.push_back(to_list(t, number));
    if (atoms.atoms.size() <= most_atoms)
        lists.push_back(OrderedCovers(sets).run(static_cast<std::size_t>(40.0 * effort)));
    for (const List& l : lists) {
        if (l.size() * l.size() * sets.words() > most_work) continue;
        Improver improver(sets, l);
        if (!improver.right()) continue; // atoms that several entries share: right, but not in a way seen here
        improver.run(static_cast<std::size_t>(20.0 * effort), target);
        if (improver.size() >= result.size()) continue;
        result.clear();
        for (const Entry& e : improver.list())
            result.push_back({e.cube.key, e.cube.mask, atoms.routes[e.route]});
    }
    return result;
}

} // namespace spikecast::mapping
