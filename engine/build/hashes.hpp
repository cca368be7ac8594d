// Identities of networks and spike trains: order-free 128-bit sums, so that any partition of the work gives the same.
#pragma once

#include "spikecast/random.hpp"

#include <bit>
#include <cstdint>
#include <string>

namespace spikecast {

struct Hash128 {
    std::uint64_t low = 0, high = 0;
    Hash128& operator+=(const Hash128& other) noexcept {
        high += other.high + (__builtin_add_overflow(low, other.low, &low) ? 1 : 0);
        return *this;
    }
    [[nodiscard]] std::string hex() const;
    friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// Of one synapse: projection (hash of its name), target, k, source, the bits of the stored weight, delay in steps.
[[nodiscard]] inline Hash128 synapse_hash(std::uint64_t projection, std::uint64_t target, std::uint64_t k,
                                          std::uint64_t source, std::uint32_t weight_bits,
                                          std::uint32_t delay) noexcept {
    const std::uint64_t identity = (projection ^ (target * 0x9e3779b97f4a7c15ULL)) + k * 0xc2b2ae3d27d4eb4fULL;
    const std::uint64_t content = source * 0x165667b19e3779f9ULL ^ (std::uint64_t{delay} << 32 | weight_bits);
    const std::uint64_t a = mix64(identity ^ std::rotl(content * 0x9fb21c651e98df25ULL, 29));
    return {a, mix64(a + content)};
}

/// Of one plastic synapse: projection (hash of its name), source, target, which of the pair's synapses with this delay,
/// number of the variable (0: the weight) and its bits.
[[nodiscard]] inline Hash128 weight_hash(std::uint64_t projection, std::uint64_t source, std::uint64_t target,
                                         std::uint64_t ordinal, std::uint32_t delay, std::uint32_t variable,
                                         float value) noexcept {
    const std::uint64_t identity =
        mix64(projection ^ (source * 0x9e3779b97f4a7c15ULL)) + target * 0xc2b2ae3d27d4eb4fULL + ordinal;
    const std::uint64_t content = std::uint64_t{std::bit_cast<std::uint32_t>(value)} << 32 | delay << 8 | variable;
    const std::uint64_t a = mix64(identity ^ std::rotl(content * 0x9fb21c651e98df25ULL, 29));
    return {a, mix64(a + content)};
}

/// Of one spike: population (hash of its name), index, stamp in steps.
[[nodiscard]] inline Hash128 spike_hash(std::uint64_t population, std::uint64_t index, std::int64_t step) noexcept {
    const std::uint64_t a = mix64(population ^ mix64(index + 0x9e3779b97f4a7c15ULL * static_cast<std::uint64_t>(step)));
    return {a, mix64(a ^ std::rotl(index, 32) ^ static_cast<std::uint64_t>(step))};
}

/// Of one state variable (by number) of one neuron, by its bits.
[[nodiscard]] inline Hash128 state_hash(std::uint64_t population, std::uint64_t index, std::uint64_t variable,
                                        double value) noexcept {
    const std::uint64_t a = mix64(population ^ mix64(index * 0x9e3779b97f4a7c15ULL + variable));
    const std::uint64_t b = mix64(a ^ std::rotl(std::bit_cast<std::uint64_t>(value), 17));
    return {b, mix64(a + b)};
}

} // namespace spikecast
