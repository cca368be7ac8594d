// What generators of currents share: when a current that a generator emits reaches its targets.
#pragma once

#include "models/generators/trains.hpp"

#include <cstdint>

namespace spikecast::models {

/// The step (s, s + 1] whose emission arrives at the end of `step`. A neuron uses what arrives there in the next step,
/// so the current emitted in (s, s + 1] acts in (s + 1 + delay, s + 2 + delay]: one step later than its stamp says.
/// NEST makes up for it by emitting one step ahead, in steps with start < s + 2 <= stop, so that the current acts in
/// (start + delay, stop + delay]; only at the beginning of a run it can't. Below 0: nothing is emitted.
[[nodiscard]] inline std::int64_t emission_step(std::int64_t step, std::int64_t delay, std::int64_t start,
                                                std::int64_t stop) {
    const std::int64_t s = step - delay;
    return s >= 0 && start < s + 2 && s + 2 <= stop ? s : -1;
}

} // namespace spikecast::models
