// The keys of an experiment file, each declared once: the reader refuses what isn't here, and docs/experiment_format.md
// is printed from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace spikecast {

struct KeyInfo {
    std::string_view name;
    std::string_view type;
    std::string_view default_value; ///< "required" where there is none
    std::string_view doc;
};

struct TableInfo {
    std::string_view name; ///< as it is written: "[simulation]", "[[projections]]"
    std::string_view doc;
    std::span<const KeyInfo> keys;
    bool open = false; ///< the user chooses the names of the keys

    [[nodiscard]] const KeyInfo* find(std::string_view key) const noexcept;
};

[[nodiscard]] std::span<const TableInfo> schema();
[[nodiscard]] const TableInfo& schema_table(std::string_view name); ///< throws std::logic_error for an undeclared one
[[nodiscard]] std::string schema_markdown();                        ///< one table for each TableInfo

} // namespace spikecast
