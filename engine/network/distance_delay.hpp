// Delays of pairs at a distance: drawn + per_distance * d, rounded to steps.
#pragma once

#include "spikecast/distributions.hpp"
#include "spikecast/experiment.hpp"

#include <cstdint>

namespace spikecast {

/// The law of a delay that grows with distance. Where the sum falls below half a step it is redrawn (the part that is
/// drawn follows the law on condition that the sum reaches half a step, found by inversion from the same word) or set
/// to one step, as the law's `outside` says. Prepared once, const and thread-safe afterwards.
class DistanceDelay {
public:
    /// Throws InputError where a pair at distance 0 could never have a delay.
    DistanceDelay(const Delay& delay, double resolution_ms);

    /// Steps, at least 1. distance_um >= 0; a multiplication and a rounding more than the law's draw, and where the law
    /// reaches below half a step at this distance one distribution function.
    [[nodiscard]] std::uint32_t operator()(std::uint32_t word, double distance_um) const noexcept;

    /// Bounds on the steps at distances up to `farthest_um`.
    [[nodiscard]] std::uint32_t shortest() const noexcept;
    [[nodiscard]] std::uint32_t longest(double farthest_um) const noexcept;

private:
    Sampler drawn_;
    double per_distance_, resolution_, lowest_;
    bool redraw_;
};

} // namespace spikecast
