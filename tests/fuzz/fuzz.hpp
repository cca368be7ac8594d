// What the fuzz targets share: bytes as a file of a scratch folder, and which exceptions are answers.
#pragma once

#include "spikecast/error.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <type_traits>

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

/// Bytes as choices, one after the other; zeros when there are no more.
class Choices {
public:
    Choices(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}

    /// Any bits.
    template <class T>
    [[nodiscard]] T number() {
        std::array<std::uint8_t, sizeof(T)> bytes{};
        const std::size_t n = std::min(left_, sizeof(T));
        std::copy_n(data_, n, bytes.begin());
        data_ += n;
        left_ -= n;
        return std::bit_cast<T>(bytes);
    }
    template <class T>
    [[nodiscard]] T between(T low, T high) {
        if constexpr (std::is_floating_point_v<T>)
            return low + (high - low) * static_cast<T>(number<std::uint32_t>()) / static_cast<T>(~std::uint32_t{0});
        else if (high - low < 256)
            return static_cast<T>(low +
                                  static_cast<T>(number<std::uint8_t>() % (static_cast<unsigned>(high - low) + 1)));
        else
            return static_cast<T>(
                low + static_cast<T>(number<std::uint32_t>() % (static_cast<std::uint64_t>(high - low) + 1)));
    }
    [[nodiscard]] bool coin() { return (number<std::uint8_t>() & 1) != 0; }
    [[nodiscard]] std::string text(std::size_t most) {
        std::string letters(std::min(left_, between<std::size_t>(0, most)), '\0');
        for (char& letter : letters)
            letter = number<char>();
        return letters;
    }

private:
    const std::uint8_t* data_;
    std::size_t left_;
};

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
