// What the Hodgkin-Huxley models share: the step in sub-steps, and when a spike is reported.
#pragma once

#include "models/neurons/integrators.hpp"
#include "spikecast/simd_math.hpp"

#include <array>

namespace spikecast::models {

/// Runge and Kutta's method is stable up to 2.8 / (membrane conductance / C_m), which reaches about 50 / ms in a spike.
inline constexpr double hh_longest_sub_step = 0.025;

/// The opening and closing rates of one gate, per ms.
template <class Vec>
struct GateRates {
    Vec alpha, beta;
    [[nodiscard]] Vec derivative(Vec x) const { return alpha * (Vec(1) - x) - beta * x; }
};

/// Advances y by `count` sub-steps of `sub_step` ms; `f(y, a, b)` is y' with the synapses' conductance a and current b.
/// `synapses` as in adex_update.
template <std::size_t N, class Vec, class Synapses, class F>
void hh_advance(std::array<Vec, N>& y, Vec sub_step, int count, Synapses& synapses, const F& f) {
    for (int i = 0; i < count; ++i) {
        std::array<Vec, 3> a, b;
        a[0] = synapses.a();
        b[0] = synapses.b();
        for (std::size_t k = 1; k < 3; ++k) {
            synapses.advance();
            a[k] = synapses.a();
            b[k] = synapses.b();
        }
        runge_kutta_4(y, sub_step,
                      [&](const std::array<Vec, N>& at, std::size_t stage) { return f(at, a[stage], b[stage]); });
    }
}

/// The mask of neurons whose potential is at `threshold` or above and has begun to fall, unless one was reported less
/// than `t_ref` steps ago; counts `refractory` down or sets it.
template <class Vec>
auto hh_spikes(Vec before, Vec V, Vec threshold, Vec& refractory, Vec t_ref) {
    const Vec zero(0);
    const auto waits = refractory > zero;
    const auto spikes = (V >= threshold) & (before > V) & ~waits;
    refractory = select(spikes, t_ref, select(waits, refractory - Vec(1), zero));
    return spikes;
}

} // namespace spikecast::models
