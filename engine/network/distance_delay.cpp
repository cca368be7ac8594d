#include "engine/network/distance_delay.hpp"

#include "spikecast/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace spikecast {
namespace {

/// Half to even without libm, for |x| < 2^51.
double round_even(double x) noexcept {
    constexpr double magic = 0x1.8p52;
    return (x + magic) - magic;
}

/// The law at distance 0, where most of it may lie below half a step. Sampler refuses what has no probability left.
Sampler nearest(const Distribution& law, double half_step) {
    Distribution bounded = law;
    if (law.outside == Distribution::Outside::redraw) bounded.low = std::max(bounded.low, half_step);
    if (!(bounded.low <= bounded.high))
        throw InputError(Diagnostic{Where{}, "delay",
                                    fmt::format("nothing of the law, which ends at {} ms, reaches half a step ({} ms)",
                                                bounded.high, half_step),
                                    "raise the upper bound, or use clip"});
    return Sampler(bounded);
}

} // namespace

DistanceDelay::DistanceDelay(const Delay& delay, double resolution_ms)
    : drawn_(delay.law), per_distance_(delay.per_distance), resolution_(resolution_ms), lowest_(drawn_.lowest()),
      redraw_(delay.law.outside == Distribution::Outside::redraw) {
    (void)nearest(delay.law, 0.5 * resolution_ms);
}

std::uint32_t DistanceDelay::operator()(std::uint32_t word, double distance_um) const noexcept {
    const double grown = per_distance_ * distance_um;
    const double least = 0.5 * resolution_ - grown;
    const double drawn = redraw_ && lowest_ < least ? drawn_.at_least(least, word) : drawn_(word);
    // Half a step itself rounds to none.
    return static_cast<std::uint32_t>(std::max(1.0, round_even((drawn + grown) / resolution_)));
}

std::uint32_t DistanceDelay::shortest() const noexcept {
    const double first = redraw_ ? std::max(lowest_, 0.5 * resolution_) : lowest_;
    return static_cast<std::uint32_t>(std::max(1.0, std::floor(first / resolution_)));
}

std::uint32_t DistanceDelay::longest(double farthest_um) const noexcept {
    // What is left of a law reaches the further up the more is cut off, and most is at distance 0.
    const double last =
        redraw_ && lowest_ < 0.5 * resolution_ ? drawn_.at_least(0.5 * resolution_, 0xffff'ffffU) : drawn_.highest();
    return static_cast<std::uint32_t>(
        std::clamp(std::ceil((last + per_distance_ * farthest_um) / resolution_), 1.0, 4e9));
}

} // namespace spikecast
