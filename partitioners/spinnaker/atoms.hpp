// What a table does, whatever the order of its entries: disjoint sets of keys, each with what becomes of it.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace spikecast::mapping {

/// The keys k with (k & mask) == key; they go by route number `route`. Straight ones may also match nothing.
struct Atom {
    std::uint32_t key, mask;
    std::uint32_t route;
    bool straight;
};
struct Atoms {
    std::vector<Atom> atoms; ///< disjoint
    std::vector<Route> routes;
    bool prefixes = true; ///< all masks are a row of ones, then zeros
    bool apart = true;    ///< the table's entries don't meet
};

[[nodiscard]] constexpr bool is_prefix(std::uint32_t mask) noexcept {
    return (~mask & (~mask + 1)) == 0;
}

/// Nothing where entries meet in so many ways that there would be too many parts.
[[nodiscard]] std::optional<Atoms> atoms_of(const Table& table, std::span<const std::uint8_t> straight);

/// A table from a binary decision tree over key bits, the fewest entries that its subtrees' sets of keys allow: the
/// optimal routing table constructor (Draves, King, Venkatachary and Zill 1999), with default routes and with keys that
/// nobody sends. Deeper entries come first.
enum class BitOrder : std::uint8_t {
    highest, ///< the highest bit in which keys differ
    entropy  ///< the bit that leaves the least uncertainty about the route
};
[[nodiscard]] Table tree_table(const Atoms& atoms, BitOrder order, bool strict);

/// Shorter tables than trees give: covers of each route's keys against those of routes further down, in a good order of
/// routes, and moves on single entries. `tables` are right for the atoms; the result is the best that was found.
[[nodiscard]] Table improve_tables(const Atoms& atoms, const std::vector<Table>& tables, std::uint32_t target,
                                   double effort);

} // namespace spikecast::mapping
