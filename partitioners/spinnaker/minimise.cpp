#include "partitioners/spinnaker/minimise.hpp"

#include "partitioners/spinnaker/atoms.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <unordered_map>

namespace spikecast::mapping {

namespace {

bool is_straight(std::span<const std::uint8_t> straight, std::size_t i) {
    return !straight.empty() && straight[i] != 0;
}

/// Adds the keys between prefixes as atoms that no entry may match.
void add_unused(Atoms& atoms) {
    const auto route = static_cast<std::uint32_t>(atoms.routes.size());
    std::vector<Atom> gaps;
    const auto gap = [&](std::uint64_t from, std::uint64_t to) {
        while (from < to) {
            int bits = from == 0 ? 32 : std::countr_zero(from);
            while (std::uint64_t{1} << bits > to - from)
                --bits;
            const std::uint64_t block = std::uint64_t{1} << bits;
            gaps.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(~(block - 1)), route, true});
            from += block;
        }
    };
    std::uint64_t next = 0;
    for (const Atom& a : atoms.atoms) {
        gap(next, a.key);
        next = std::uint64_t{a.key} + std::uint64_t{~a.mask} + 1;
    }
    gap(next, std::uint64_t{1} << 32);
    atoms.atoms.insert(atoms.atoms.end(), gaps.begin(), gaps.end());
}

Table smallest(const Table& table, std::span<const std::uint8_t> straight, const MinimiseOptions& options) {
    Table best = remove_default_routes(table, straight);
    const auto enough = [&](std::size_t n) { return n <= options.target; };
    if (enough(best.size())) return best;
    auto atoms = atoms_of(table, straight);
    if (!atoms) { // entries meet in too many ways to be taken apart
        if (options.strict) return best;
        Table other = minimise(table, straight, {.method = MinimiseMethod::pair});
        return other.size() < best.size() ? other : best;
    }
    std::vector<Table> tables;
    for (const BitOrder order : {BitOrder::highest, BitOrder::entropy}) {
        tables.push_back(tree_table(*atoms, order, options.strict));
        if (tables.back().size() < best.size()) best = tables.back();
        if (enough(best.size())) return best;
    }
    if (options.effort <= 0.0 || best.size() <= table_floor(table, straight)) return best;
    if (!options.strict) {
        // The published algorithms as further points to start from. They want entries that don't meet.
        constexpr std::size_t most = 4096; // the time they take grows with the square, and more
        RoutedTable apart{table, {straight.begin(), straight.end()}};
        if (!atoms->apart || table.size() > most) {
            apart = {};
            for (const Atom& a : atoms->atoms) {
                apart.entries.push_back({a.key, a.mask, atoms->routes[a.route]});
                apart.straight.push_back(a.straight ? 1 : 0);
            }
        }
        for (const MinimiseMethod method : {MinimiseMethod::pair, MinimiseMethod::ordered_covering}) {
            if (apart.entries.size() > most) break;
            tables.push_back(minimise(apart.entries, apart.straight, {.method = method}));
            if (tables.back().size() < best.size()) best = tables.back();
            if (enough(best.size())) return best;
        }
    }
    if (options.strict) {
        if (!atoms->prefixes) return best;
        add_unused(*atoms);
    }
    // Bits for all entries' sets of atoms; beyond that the tree has to do.
    constexpr std::size_t most_bits = std::size_t{1} << 30;
    if (best.size() * atoms->atoms.size() > most_bits) return best;
    Table improved = improve_tables(*atoms, tables, options.target, options.effort);
    return improved.size() < best.size() ? improved : best;
}

} // namespace

Table remove_default_routes(const Table& table, std::span<const std::uint8_t> straight) {
    // An entry may go where no entry after it would match its keys otherwise. Of one mask, entries that meet are equal.
    std::vector<std::pair<std::uint32_t, std::unordered_map<std::uint32_t, bool>>> later;
    std::vector<std::uint8_t> keep(table.size(), 1);
    for (std::size_t i = table.size(); i-- > 0;) {
        const TableEntry& e = table[i];
        if (is_straight(straight, i)) {
            bool hidden = false; // some entry below meets it
            for (const auto& [mask, keys] : later) {
                if ((mask & ~e.mask) == 0) {
                    hidden = hidden || keys.count(e.key & mask) != 0;
                } else {
                    const std::uint32_t both = mask & e.mask;
                    for (const auto& k : keys)
                        hidden = hidden || ((k.first ^ e.key) & both) == 0;
                }
                if (hidden) break;
            }
            if (!hidden) {
                keep[i] = 0;
                continue;
            }
        }
        auto at = std::find_if(later.begin(), later.end(), [&](const auto& l) { return l.first == e.mask; });
        if (at == later.end()) {
            later.push_back({e.mask, {}});
            at = later.end() - 1;
        }
        at->second.emplace(e.key, true);
    }
    Table result;
    for (std::size_t i = 0; i < table.size(); ++i)
        if (keep[i] != 0) result.push_back(table[i]);
    return result;
}

Table minimise(const Table& table, std::span<const std::uint8_t> straight, const MinimiseOptions& options) {
    if (!straight.empty() && straight.size() != table.size())
        throw std::invalid_argument("minimise: one mark for each entry, or none at all");
    switch (options.method) {
    case MinimiseMethod::none:
        return table;
    case MinimiseMethod::default_routes:
        return remove_default_routes(table, straight);
    case MinimiseMethod::ordered_covering:
    case MinimiseMethod::pair: {
        if (options.strict)
            throw std::invalid_argument("ordered covering and pair compression let entries match unused keys; "
                                        "choose `best`, `default_routes` or `none` with strict");
        if (options.target > 0 && table.size() <= options.target) return table;
        const RoutedTable merged = options.method == MinimiseMethod::pair
                                       ? pair_merge(table, straight)
                                       : ordered_covering(table, straight, options.target);
        return remove_default_routes(merged.entries, merged.straight);
    }
    case MinimiseMethod::best:
        break;
    }
    return smallest(table, straight, options);
}

std::size_t table_floor(const Table& table, std::span<const std::uint8_t> straight) {
    std::set<Route> routes;
    for (std::size_t i = 0; i < table.size(); ++i)
        if (!is_straight(straight, i)) routes.insert(table[i].route);
    return routes.size();
}

} // namespace spikecast::mapping
