#include "partitioners/permutation.hpp"

#include <algorithm>
#include <cmath>

namespace spikecast {

Permutation::Permutation(Key key, std::uint64_t n) : key_(key), n_(n), a_(1), b_(1) {
    if (n <= 1) return;
    // sqrt is exactly rounded everywhere; the loops mend what the conversion to double lost.
    a_ = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::sqrt(static_cast<double>(n))));
    while (static_cast<Wide>(a_) * a_ < n)
        ++a_;
    while (a_ > 1 && static_cast<Wide>(a_ - 1) * (a_ - 1) >= n)
        --a_;
    b_ = n / a_ + (n % a_ != 0);
}

std::uint64_t Permutation::offset(std::uint32_t round, std::uint64_t half, std::uint64_t modulus) const noexcept {
    const auto words = philox(key_, round, half);
    return below(words[0] | std::uint64_t{words[1]} << 32, modulus);
}

std::uint64_t Permutation::operator()(std::uint64_t i) const noexcept {
    if (n_ <= 1) return i;
    do {
        std::uint64_t x = i / b_, y = i % b_;
        for (std::uint32_t round = 0; round < rounds; round += 2) {
            x += offset(round, y, a_);
            if (x >= a_) x -= a_;
            y += offset(round + 1, x, b_);
            if (y >= b_) y -= b_;
        }
        i = x * b_ + y;
    } while (i >= n_);
    return i;
}

std::uint64_t Permutation::inverse(std::uint64_t place) const noexcept {
    if (n_ <= 1) return place;
    do {
        std::uint64_t x = place / b_, y = place % b_;
        for (std::uint32_t round = rounds; round > 0; round -= 2) {
            const std::uint64_t dy = offset(round - 1, x, b_);
            y = y >= dy ? y - dy : y + (b_ - dy);
            const std::uint64_t dx = offset(round - 2, y, a_);
            x = x >= dx ? x - dx : x + (a_ - dx);
        }
        place = x * b_ + y;
    } while (place >= n_);
    return place;
}

} // namespace spikecast
