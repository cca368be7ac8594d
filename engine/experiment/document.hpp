// A TOML document as values that know their places: the only part of the engine that sees TOML++ is document.cpp.
#pragma once

#include "spikecast/error.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace spikecast {

/// A table, an array or a value; tables keep the order in which their keys were written.
struct Node {
    enum class Kind : std::uint8_t { table, array, string, integer, floating, boolean, date };
    struct Member;

    Kind kind = Kind::table;
    Where where;
    std::string string; ///< of a string; of a date its text
    std::int64_t integer = 0;
    double floating = 0.0;
    bool boolean = false;
    std::vector<Node> elements;  ///< of an array
    std::vector<Member> members; ///< of a table

    [[nodiscard]] const Node* find(const std::string& key) const;
    [[nodiscard]] Node* find(const std::string& key);
    Node& set(const std::string& key, Node value, const Where& at); ///< replaces or appends
    void erase(const std::string& key);
    [[nodiscard]] bool is_table() const noexcept { return kind == Kind::table; }
    [[nodiscard]] bool is_array() const noexcept { return kind == Kind::array; }
    [[nodiscard]] bool is_string() const noexcept { return kind == Kind::string; }
    [[nodiscard]] bool is_number() const noexcept { return kind == Kind::integer || kind == Kind::floating; }
    [[nodiscard]] const char* kind_name() const noexcept; ///< "a table", "a string", ...
    [[nodiscard]] std::string text() const;               ///< as TOML, tables inline
};
struct Node::Member {
    std::string key;
    Where where; ///< of the key
    Node value;
};

/// A file with everything it includes merged in, before variants and overrides.
struct Document {
    Node root;
    std::string text;               ///< the file's own text, or the merged document where it includes others
    std::string directory;          ///< what relative paths in it start from
    std::vector<std::string> files; ///< that were read: itself and what it includes
};

/// Reads a file and its includes. Mistakes are added to `errors`; what could be read is returned.
[[nodiscard]] Document read_document(const std::string& path, std::vector<Diagnostic>& errors);

/// The same for a text that includes nothing any more (Document::text), with relative paths from `directory`; name:
/// what messages call it.
[[nodiscard]] Document parse_document(const std::string& text, const std::string& directory, const std::string& name,
                                      std::vector<Diagnostic>& errors);

/// Tables are merged key by key, [[projections]], [[stimuli]] and [[recorders]] are appended, all else is replaced.
void merge(Node& base, const Node& over, bool top_level = true);

/// Merges the variants that the document or the overrides choose, then the overrides "a.b[2].c=value".
void apply_variants_and_overrides(Node& root, const std::vector<std::string>& overrides,
                                  std::vector<Diagnostic>& errors);

} // namespace spikecast
