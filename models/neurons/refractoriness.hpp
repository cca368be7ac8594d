// The end of an integrate-and-fire neuron's step: threshold, reset, refractory time.
#pragma once

#include "spikecast/simd.hpp"

namespace spikecast::models {

/// Steps of the refractory time that remain after a step: t_ref for neurons that spiked in it, one less than before for
/// those that waited, none for those that integrate.
template <class Vec, class Mask>
[[nodiscard]] Vec remaining_wait(Vec refractory, Mask integrates, Mask spikes, Vec t_ref) {
    const Vec waiting = select(integrates, Vec(0), refractory - Vec(1));
    return select(spikes, t_ref, waiting);
}

/// Ends a step that brought the potential to V: sets V_m and refractory, and returns the mask of neurons that spike,
/// which are those at or above the threshold.
template <class Vec, class Mask>
[[nodiscard]] Mask spike_and_reset(Vec& V_m, Vec& refractory, Vec V, Mask integrates, Vec threshold, Vec reset,
                                   Vec t_ref) {
    const Mask spikes = V >= threshold;
    V_m = select(spikes, reset, V);
    refractory = remaining_wait(refractory, integrates, spikes, t_ref);
    return spikes;
}

} // namespace spikecast::models
