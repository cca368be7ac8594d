// Makes router tables small: two published algorithms, and one of our own that beats them.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace spikecast::mapping {

enum class MinimiseMethod : std::uint8_t {
    none,
    default_routes,   ///< leaves out what default routing does
    ordered_covering, ///< Mundy, Heathcote and Garside 2016, then default routes
    pair,             ///< of SpiNNaker's tools: pairs of one route that meet no entry of a commoner route
    best              ///< the smallest of decision trees and ordered covers, improved entry by entry
};

struct MinimiseOptions {
    MinimiseMethod method = MinimiseMethod::best;
    /// Keys that the given table doesn't match stay unmatched. Otherwise they may match anything, which is right as
    /// long as nobody sends them; the published algorithms take that for granted, so only `none`, `default_routes` and
    /// `best` can be strict.
    bool strict = false;
    std::uint32_t target = 0; ///< a table that has no more entries is small enough; 0: as small as possible
    bool fit = false;         ///< the target of each chip is what its router holds (build_tables)
    double effort = 1.0;      ///< scales how long `best` searches; 0: the decision tree alone
    unsigned threads = 1;     ///< the result is the same for every number
};

/// A chip's table before minimising. Packets of an entry that is marked straight leave opposite to where they come from
/// by every way they come, so that the entry may be left out where no other matches them.
struct RoutedTable {
    Table entries;
    std::vector<std::uint8_t> straight; ///< by entry; empty: none is
};

/// A table that gives every key which the given one matches the same route, or none where default routing does it.
/// `none` aside, order between entries that meet counts. Throws std::invalid_argument where the method can't be strict.
/// Memory: about 200 bytes an entry, and for `best` 8 bytes for each pair of entries kept and 64 entries given.
[[nodiscard]] Table minimise(const Table& table, std::span<const std::uint8_t> straight,
                             const MinimiseOptions& options);

/// The published algorithms alone. Both want entries that don't meet, or any order; see minimise().
[[nodiscard]] Table remove_default_routes(const Table& table, std::span<const std::uint8_t> straight);
[[nodiscard]] RoutedTable ordered_covering(const Table& table, std::span<const std::uint8_t> straight,
                                           std::uint32_t target);
[[nodiscard]] RoutedTable pair_merge(const Table& table, std::span<const std::uint8_t> straight);

/// No table is smaller: the distinct routes of entries that aren't straight.
[[nodiscard]] std::size_t table_floor(const Table& table, std::span<const std::uint8_t> straight);

} // namespace spikecast::mapping
