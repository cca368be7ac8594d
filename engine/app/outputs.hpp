// Files to write, which mustn't be files to read.
#pragma once

#include "spikecast/error.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace spikecast {

/// The first of `others` that is the same file as `path`, by any name; empty where none is. Empty names are no files.
[[nodiscard]] inline std::string same_file(const std::string& path, const std::vector<std::string>& others) {
    namespace fs = std::filesystem;
    if (path.empty()) return {};
    for (const std::string& other : others) {
        std::error_code code;
        if (!other.empty() && (fs::equivalent(path, other, code) ||
                               fs::absolute(path).lexically_normal() == fs::absolute(other).lexically_normal()))
            return other;
    }
    return {};
}

/// As a file of whole lines. Throws RunError.
inline void write_file(const std::string& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (text.empty() || text.back() != '\n') file << '\n';
    file.flush();
    if (!file) throw RunError(path + ": can't be written");
}

} // namespace spikecast
