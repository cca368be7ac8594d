// Files to write that mustn't be files to read.
#pragma once

#include <filesystem>
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

} // namespace spikecast
