// Counter-based random numbers: every draw is a pure function of (seed, purpose, object name, neuron, draw), so that
// any worker can make any draw and nobody advances a stream. Philox4x32-10 of Salmon et al. 2011 ("Parallel random
// numbers: as easy as 1, 2, 3"); test vectors are in docs/reproducibility.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace spikecast {

/// What a draw is for. The numbers are part of every result: never renumber, only append.
enum class Purpose : std::uint32_t {
    source = 1, ///< which sources a target has
    count = 2,  ///< how many synapses
    weight = 3,
    delay = 4,
    parameter = 5,
    initial_state = 6,
    position = 7,
    stimulus = 8, ///< spikes of a generator
    partition = 9,
    escape = 10,   ///< spikes of neurons that spike by chance
    release = 11,  ///< of transmitter, by synapses that release by chance
    dry_run = 900, ///< spikes of ranks that aren't there; never part of a result
    test = 1000
};

/// 64-bit key of a family of draws: a hash of (seed, purpose, object name). The hash is the project's own (defined in
/// random.cpp, test vectors in docs/reproducibility.md).
struct Key {
    std::uint64_t value = 0;
    friend bool operator==(Key, Key) = default;
};
[[nodiscard]] Key make_key(std::uint64_t seed, Purpose purpose, std::string_view object);

/// A well-mixing 64-bit finaliser (bijective).
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t x) noexcept {
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93ULL;
    x ^= x >> 32;
    return x;
}
/// Hash of a text, the same on every machine.
[[nodiscard]] std::uint64_t hash64(std::string_view text) noexcept;

/// One Philox block: four words for the counter (neuron, block). Counter words are {block low, block high, neuron low,
/// neuron high}, key words {key low, key high}.
[[nodiscard]] inline std::array<std::uint32_t, 4> philox(Key key, std::uint64_t neuron, std::uint64_t block) noexcept {
    std::uint32_t c0 = static_cast<std::uint32_t>(block), c1 = static_cast<std::uint32_t>(block >> 32);
    std::uint32_t c2 = static_cast<std::uint32_t>(neuron), c3 = static_cast<std::uint32_t>(neuron >> 32);
    std::uint32_t k0 = static_cast<std::uint32_t>(key.value), k1 = static_cast<std::uint32_t>(key.value >> 32);
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c0;
        const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c2;
        c0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
        c1 = static_cast<std::uint32_t>(p1);
        c2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
        c3 = static_cast<std::uint32_t>(p0);
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    return {c0, c1, c2, c3};
}

/// The draw `index` of a neuron as one word: philox(key, neuron, index / 4)[index % 4].
[[nodiscard]] inline std::uint32_t draw32(Key key, std::uint64_t neuron, std::uint64_t index) noexcept {
    return philox(key, neuron, index >> 2)[index & 3];
}
/// The draw `index` of a neuron as two words: philox(key, neuron, index / 2), words 0 and 1 or 2 and 3, low word first.
[[nodiscard]] inline std::uint64_t draw64(Key key, std::uint64_t neuron, std::uint64_t index) noexcept {
    const auto words = philox(key, neuron, index >> 1);
    const std::size_t w = (index & 1) * 2;
    return words[w] | std::uint64_t{words[w + 1]} << 32;
}

/// Fills out[j] = philox words for blocks first_block .. of one neuron, vectorised; out.size() must be a multiple of 4.
/// Equal, bit for bit, to calling philox for each block.
void philox_fill(Key key, std::uint64_t neuron, std::uint64_t first_block, std::span<std::uint32_t> out) noexcept;

/// out[4 * j + w] = philox(key, neurons[j], block)[w]; vectorised.
void philox_fill(Key key, std::span<const std::uint64_t> neurons, std::uint64_t block,
                 std::span<std::uint32_t> out) noexcept;

/// The compilers' 128-bit integer, which ISO C++ lacks.
__extension__ typedef unsigned __int128 Wide;

/// A number in [0, n) from 64 random bits by multiplication; the bias is below n / 2^64.
[[nodiscard]] inline std::uint64_t below(std::uint64_t bits, std::uint64_t n) noexcept {
    return static_cast<std::uint64_t>((static_cast<Wide>(bits) * n) >> 64);
}
/// (0, 1), never 0 or 1: the centres of 2^32 (or 2^53) equal intervals.
[[nodiscard]] inline double open_unit(std::uint32_t bits) noexcept {
    return (bits + 0.5) * 0x1p-32;
}
[[nodiscard]] inline double open_unit(std::uint64_t bits) noexcept {
    return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

} // namespace spikecast
