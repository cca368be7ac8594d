// What the fuzz targets share: bytes as a file of a scratch folder, and which exceptions are answers.
#pragma once

#include "spikecast/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

namespace spikecast::fuzz {

/// A folder of this process, removed at its end.
class Scratch {
public:
    Scratch() : folder_(std::filesystem::temp_directory_path() / ("spikecast_fuzz_" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~Scratch() {
        std::error_code code;
        std::filesystem::remove_all(folder_, code);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
    [[nodiscard]] std::string write(const std::string& name, const std::uint8_t* data, std::size_t size) const {
        const std::string file = path(name);
        std::ofstream out(file, std::ios::binary | std::ios::trunc);
        out.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
        return file;
    }

private:
    std::filesystem::path folder_;
};

/// The one of this process.
[[nodiscard]] inline const Scratch& scratch() {
    static const Scratch one;
    return one;
}

/// Bad input has to end in one of these, with something said; anything else stops the fuzzer.
template <class F>
void answers(F read) {
    try {
        read();
    } catch (const InputError& e) {
        if (e.diagnostics().empty() || e.diagnostics().front().message.empty()) std::abort();
    } catch (const RunError& e) {
        if (*e.what() == '\0') std::abort();
    }
}

} // namespace spikecast::fuzz
