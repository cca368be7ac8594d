// A keyed permutation of 0 .. n-1 in closed form: any worker can ask where any neuron goes and which neuron came from a
// place, without a table.
#pragma once

#include "spikecast/random.hpp"

#include <cstdint>

namespace spikecast {

/// A Feistel network over the mixed-radix domain [0, a) x [0, b), a = ceil(sqrt(n)), b = ceil(n / a), with Philox as
/// the round function, closed to [0, n) by cycle walking (Black and Rogaway 2002, "Ciphers with arbitrary finite
/// domains"). a * b exceeds n by less than a, so that a walk longer than one step is rare.
class Permutation {
public:
    /// The identity for n <= 1.
    Permutation(Key key, std::uint64_t n);

    /// The place of i; i < n.
    [[nodiscard]] std::uint64_t operator()(std::uint64_t i) const noexcept;
    /// The i with (*this)(i) == place; place < n.
    [[nodiscard]] std::uint64_t inverse(std::uint64_t place) const noexcept;

private:
    static constexpr std::uint32_t rounds = 8;
    [[nodiscard]] std::uint64_t offset(std::uint32_t round, std::uint64_t half, std::uint64_t modulus) const noexcept;

    Key key_;
    std::uint64_t n_, a_, b_;
};

} // namespace spikecast
