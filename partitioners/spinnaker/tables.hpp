// Router tables from trees and keys, and as files.
#pragma once

#include "partitioners/spinnaker/minimise.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spikecast::mapping {

/// What came of a chip's table.
struct TableReport {
    std::uint32_t entries = 0;  ///< one for each net whose tree holds the chip
    std::uint32_t straight = 0; ///< of those, the ones that default routing can do
    std::uint32_t floor = 0;    ///< distinct routes of the others: no table is smaller
    std::uint32_t minimised = 0;
};

struct BuiltTables {
    Tables tables;
    std::vector<TableReport> reports; ///< by chip
};

/// The table of every chip, minimised: entries of nets in the order of their keys. Tables before minimising exist for a
/// few chips at a time. Beyond 2^18 entries in all, the effort at each chip falls in proportion, which costs less than
/// 1 % in entries and keeps the largest machines to minutes. Throws std::invalid_argument where keys and routing aren't
/// of the same nets. Memory: 8 bytes a tree node, and the result.
[[nodiscard]] BuiltTables build_tables(const Machine& machine, const Routing& routing, const Keys& keys,
                                       const MinimiseOptions& options);

/// The tables as they are before minimising, straight entries marked.
[[nodiscard]] std::vector<RoutedTable> raw_tables(const Machine& machine, const Routing& routing, const Keys& keys);

/// Throws Refused, naming the fullest chips, where a table has more entries than its chip's router.
void check_capacity(const Machine& machine, const BuiltTables& built);

/// Reads lines of key,mask,route in hexadecimal, with or without 0x, as PACMAN writes them; plain or compressed by
/// gzip. Empty lines and ones that start with # are skipped. Throws InputError with all that is wrong and for what is
/// no regular file, RunError where the file can't be read. Memory: 32 bytes a line, whatever the file says of itself;
/// lines of more than 256 characters and tables of more than 2^26 entries are errors.
[[nodiscard]] Table read_table(const std::string& path);
[[nodiscard]] Table parse_table(std::string_view text, const std::string& file);
/// The same lines, keys and masks of eight digits; routes of more than 32 bits have as many digits as they need.
[[nodiscard]] std::string table_text(const Table& table);
/// Compressed where the name ends in .gz. Throws RunError where the file can't be written.
void write_table(const Table& table, const std::string& path);

} // namespace spikecast::mapping
