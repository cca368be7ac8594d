// Router tables as lines of key,mask,route.
#include "partitioners/spinnaker/tables.hpp"

#include "partitioners/spinnaker/text_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <system_error>
#include <zlib.h>

namespace spikecast::mapping {

namespace {

constexpr std::size_t most_errors = 20;
constexpr std::size_t longest_line = 256;
constexpr std::size_t most_entries = std::size_t{1} << 26;

std::string_view trimmed(std::string_view s) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!s.empty() && blank(s.front()))
        s.remove_prefix(1);
    while (!s.empty() && blank(s.back()))
        s.remove_suffix(1);
    return s;
}

std::string shown(std::string_view s) {
    std::string result;
    for (const char c : s.substr(0, 40))
        result += c >= ' ' && c < 127 ? c : '?';
    return s.size() > 40 ? result + "..." : result;
}

/// Hexadecimal digits into words, the lowest first.
template <std::size_t words>
std::optional<std::array<std::uint64_t, words>> hexadecimal(std::string_view s, std::size_t bits) {
    if (s.size() > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) s.remove_prefix(2);
    if (s.empty()) return std::nullopt;
    std::array<std::uint64_t, words> value{};
    std::size_t place = 0;
    for (std::size_t i = s.size(); i-- > 0; place += 4) {
        const char c = s[i];
        std::uint64_t digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<std::uint64_t>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<std::uint64_t>(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<std::uint64_t>(c - 'A') + 10;
        else
            return std::nullopt;
        if (digit == 0) continue;
        if (place + static_cast<std::size_t>(std::bit_width(digit)) > bits) return std::nullopt;
        value[place / 64] |= digit << (place % 64);
    }
    return value;
}

/// Takes a file line by line, from pieces of any length.
class TableReader {
public:
    explicit TableReader(std::string file) : file_(std::move(file)) {}

    void feed(std::string_view text) {
        while (!text.empty() && !stopped_) {
            const std::size_t end = text.find('\n');
            const std::string_view piece = text.substr(0, end);
            if (line_.size() + piece.size() > longest_line) {
                // Only its length is wrong with such a line, however long it is.
                if (!too_long_)
                    error("line", fmt::format("more than {} characters", longest_line), "give one entry a line");
                too_long_ = true;
                line_.clear();
            } else if (!too_long_) {
                line_.append(piece);
            }
            if (end == std::string_view::npos) return;
            finish_line();
            text.remove_prefix(end + 1);
        }
    }

    [[nodiscard]] bool stopped() const { return stopped_; }

    Table result() {
        if (!line_.empty() || too_long_) finish_line();
        if (more_ > 0)
            wrong_.push_back({{file_, 0, 0}, "table", fmt::format("{} more errors", more_), "mend these first"});
        if (!wrong_.empty()) throw InputError(std::move(wrong_));
        return std::move(table_);
    }

private:
    void error(std::string object, std::string message, std::string remedy, std::size_t column = 0) {
        if (wrong_.size() < most_errors)
            wrong_.push_back({{file_, number_, static_cast<std::uint32_t>(column)},
                              std::move(object),
                              std::move(message),
                              std::move(remedy)});
        else
            ++more_;
    }

    void finish_line() {
        if (!too_long_) entry(line_);
        line_.clear();
        too_long_ = false;
        ++number_;
    }

    void entry(std::string_view line) {
        const std::string_view text = trimmed(line);
        if (text.empty() || text.front() == '#') return;
        std::array<std::string_view, 3> fields;
        std::array<std::size_t, 3> columns{};
        std::size_t count = 0, at = 0;
        for (;;) {
            const std::size_t comma = line.find(',', at);
            const std::string_view field = line.substr(at, comma == std::string_view::npos ? comma : comma - at);
            if (count < 3) {
                fields[count] = trimmed(field);
                columns[count] = at + 1;
            }
            ++count;
            if (comma == std::string_view::npos) break;
            at = comma + 1;
        }
        if (count != 3) {
            error("line", fmt::format("\"{}\" has {} fields, not 3", shown(text), count), "write key,mask,route");
            return;
        }
        const auto key = hexadecimal<1>(fields[0], 32), mask = hexadecimal<1>(fields[1], 32);
        const auto route = hexadecimal<3>(fields[2], 158);
        const auto number = [&](std::size_t i, const char* name, int bits) {
            error(name, fmt::format("\"{}\" isn't a hexadecimal number of at most {} bits", shown(fields[i]), bits),
                  "write it like 0x0010FF00", columns[i]);
        };
        if (!key) number(0, "key", 32);
        if (!mask) number(1, "mask", 32);
        if (!route) number(2, "route", 158);
        if (!key || !mask || !route) return;
        const auto k = static_cast<std::uint32_t>((*key)[0]), m = static_cast<std::uint32_t>((*mask)[0]);
        if ((k & ~m) != 0) {
            error("key", fmt::format("0x{:08X} has bits outside of the mask 0x{:08X}, so that nothing matches", k, m),
                  fmt::format("write 0x{:08X}, or mend the mask", k & m), columns[0]);
            return;
        }
        if (table_.size() == most_entries) {
            error("table", fmt::format("more than {} entries", most_entries), "split the file");
            stopped_ = true;
            return;
        }
        table_.push_back({k, m, {*route}});
    }

    std::string file_, line_;
    std::uint32_t number_ = 1;
    bool too_long_ = false, stopped_ = false;
    Table table_;
    std::vector<Diagnostic> wrong_;
    std::size_t more_ = 0;
};

struct GzipClose {
    void operator()(gzFile_s* f) const { gzclose(f); }
};

void append(const TableEntry& e, std::string& text) {
    fmt::format_to(std::back_inserter(text), "0x{:08X},0x{:08X},0x", e.key, e.mask);
    const auto& w = e.route.words;
    if (w[2] != 0)
        fmt::format_to(std::back_inserter(text), "{:X}{:016X}{:016X}\n", w[2], w[1], w[0]);
    else if (w[1] != 0)
        fmt::format_to(std::back_inserter(text), "{:X}{:016X}\n", w[1], w[0]);
    else
        fmt::format_to(std::back_inserter(text), "{:08X}\n", w[0]);
}

} // namespace

Table parse_table(std::string_view text, const std::string& file) {
    TableReader reader(file);
    reader.feed(text);
    return reader.result();
}

Table read_table(const std::string& path) {
    check_regular_file(path, "table");
    errno = 0;
    const std::unique_ptr<gzFile_s, GzipClose> file(gzopen(path.c_str(), "rb"));
    if (!file)
        throw RunError(fmt::format("{}: can't be opened: {}; give the path of a table of key,mask,route", path,
                                   errno != 0 ? std::generic_category().message(errno) : "no memory"));
    TableReader reader(path);
    std::vector<char> buffer(std::size_t{1} << 16);
    while (!reader.stopped()) {
        const int n = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
        int code = Z_OK;
        if (n < 0 || (n == 0 && (gzerror(file.get(), &code), code != Z_OK && code != Z_STREAM_END))) {
            const char* text = gzerror(file.get(), &code);
            throw RunError(fmt::format("{}: can't be read: {}; is the file whole?", path,
                                       code == Z_ERRNO ? std::generic_category().message(errno) : text));
        }
        if (n == 0) break;
        reader.feed({buffer.data(), static_cast<std::size_t>(n)});
    }
    return reader.result();
}

std::string table_text(const Table& table) {
    std::string text;
    text.reserve(table.size() * 33);
    for (const TableEntry& e : table)
        append(e, text);
    return text;
}

void write_table(const Table& table, const std::string& path) {
    const bool compressed = path.size() > 3 && path.compare(path.size() - 3, 3, ".gz") == 0;
    errno = 0;
    std::unique_ptr<gzFile_s, GzipClose> file(gzopen(path.c_str(), compressed ? "wb" : "wbT"));
    const auto fail = [&] {
        throw RunError(fmt::format("{}: can't be written: {}; is there room, and the right to write?", path,
                                   errno != 0 ? std::generic_category().message(errno) : "unknown"));
    };
    if (!file) fail();
    std::string text;
    const auto flush = [&] {
        if (!text.empty() && gzwrite(file.get(), text.data(), static_cast<unsigned>(text.size())) <= 0) fail();
        text.clear();
    };
    for (const TableEntry& e : table) {
        append(e, text);
        if (text.size() > (std::size_t{1} << 16)) flush();
    }
    flush();
    if (gzclose(file.release()) != Z_OK) fail();
}

} // namespace spikecast::mapping
