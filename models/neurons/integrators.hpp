// Integration schemes of the nonlinear models, one step of fixed size for a register of neurons. docs/models.md states
// what error each makes at 0.1 ms.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace spikecast::models {

/// The change over one step of V' = b(t) - a(t) V, which is the membrane of every integrate-and-fire model with
/// conductances: a = g / C_m and b = I / C_m, here already multiplied by the step and given at its begin (0), middle
/// (m) and end (1). Lobatto's collocation IIIA (Hairer & Wanner 1996, Solving ordinary differential equations II, IV.5)
/// of order 4, solved for this linear equation, which costs one division. A-stable: no conductance a >= 0, however
/// large, makes V leave its bounds by growing, and no step size does.
template <class Vec>
[[nodiscard]] Vec membrane_change(Vec V, Vec a0, Vec am, Vec a1, Vec b0, Vec bm, Vec b1) {
    const Vec f0 = b0 - a0 * V, fm = bm - am * V, f1 = b1 - a1 * V;
    const Vec two(2), four(4), eight(8), twelve(12);
    const Vec top = two * (f0 + f1) + (eight * fm + am * (f1 - f0));
    const Vec bottom = twelve + (four * am + a1 * (two + am));
    return top / bottom;
}

/// The classical method of Runge and Kutta, order 4: y += h f in place. `f(y, stage)` returns y' at the step's begin
/// (stage 0), middle (1) and end (2); what is known in closed form, such as conductances, it takes by stage.
template <std::size_t N, class Vec, class F>
void runge_kutta_4(std::array<Vec, N>& y, Vec h, const F& f) {
    const Vec half = h * Vec(typename Vec::scalar(0.5)), sixth = h / Vec(6), two(2);
    std::array<Vec, N> sum, at;
    const auto k1 = f(y, std::size_t{0});
    for (std::size_t i = 0; i < N; ++i) {
        sum[i] = k1[i];
        at[i] = y[i] + half * k1[i];
    }
    const auto k2 = f(at, std::size_t{1});
    for (std::size_t i = 0; i < N; ++i) {
        sum[i] = sum[i] + two * k2[i];
        at[i] = y[i] + half * k2[i];
    }
    const auto k3 = f(at, std::size_t{1});
    for (std::size_t i = 0; i < N; ++i) {
        sum[i] = sum[i] + two * k3[i];
        at[i] = y[i] + h * k3[i];
    }
    const auto k4 = f(at, std::size_t{2});
    for (std::size_t i = 0; i < N; ++i)
        y[i] = y[i] + sixth * (sum[i] + k4[i]);
}

/// How many equal sub-steps, none longer than `longest` ms, a step of h ms takes.
inline double sub_steps_of(double h, double longest) {
    return std::ceil(h / longest - 1e-9);
}

} // namespace spikecast::models
