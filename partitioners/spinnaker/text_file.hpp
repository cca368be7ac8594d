// Whole text files, of bounded size.
#pragma once

#include "spikecast/error.hpp"

#include <cstdint>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <string>

namespace spikecast::mapping {

/// Throws InputError, with `object` as what is read, for what isn't a regular file: a folder, a device, nothing.
inline void check_regular_file(const std::string& path, const std::string& object) {
    std::error_code code;
    const std::filesystem::file_status status = std::filesystem::status(path, code);
    const auto refuse = [&](const char* message, const char* remedy) {
        throw InputError(Diagnostic{{path, 0, 0}, object, message, remedy});
    };
    if (!std::filesystem::exists(status)) refuse("the file can't be opened", "check the path and its rights");
    if (std::filesystem::is_directory(status)) refuse("this is a folder", "name a file");
    if (!std::filesystem::is_regular_file(status)) refuse("this isn't a regular file", "write it to a file first");
}

/// The text of a regular file of at most `most` bytes. Throws InputError.
inline std::string read_text_file(const std::string& path, const std::string& object, std::uint64_t most) {
    check_regular_file(path, object);
    std::error_code code;
    const std::uintmax_t size = std::filesystem::file_size(path, code);
    if (!code && size > most)
        throw InputError(Diagnostic{{path, 0, 0},
                                    object,
                                    fmt::format("the file has {} bytes, but at most {} are read", size, most),
                                    "check the path"});
    std::ifstream in(path, std::ios::binary);
    if (!in)
        throw InputError(Diagnostic{{path, 0, 0}, object, "the file can't be opened", "check the path and its rights"});
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad()) throw InputError(Diagnostic{{path, 0, 0}, object, "the file can't be read", "check the path"});
    return text;
}

} // namespace spikecast::mapping
