// The membrane that the aeif models share (Brette & Gerstner 2005), over one step of the simulation in sub-steps:
//   C_m dV/dt = -g_L V + g_L Delta_T exp((V - V_th) / Delta_T) - a(t) V + b(t) - w,    tau_w dw/dt = a V - w
// with V relative to E_L, and the synapses' conductance a(t) and current b(t) in closed form. Runge and Kutta's method
// of order 4 with sub-steps of at most 0.025 ms: shorter than the last upswing, which takes C_m / g_L exp(-(V - V_th) /
// Delta_T).
#pragma once

#include "models/neurons/integrators.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/math.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd_math.hpp"

#include <array>

namespace spikecast::models {

inline constexpr double adex_longest_sub_step = 0.025;
/// exp((V_peak - V_th) / Delta_T) must stay an ordinary number in single precision, products included.
inline constexpr double adex_largest_exponent = 75.0;

/// Constants of the membrane; those of rates are multiplied by the sub-step.
enum AdexConstant {
    adex_leak,     ///< g_L / C_m
    adex_upswing,  ///< g_L Delta_T / C_m
    adex_per_C,    ///< 1 / C_m
    adex_slope,    ///< 1 / Delta_T; 0: no upswing
    adex_theta,    ///< V_th
    adex_peak,     ///< V_peak; V_th without upswing
    adex_at_peak,  ///< exp(-(V_peak - V_th) / Delta_T)
    adex_coupling, ///< a / tau_w
    adex_rate_w,   ///< 1 / tau_w
    adex_reset,
    adex_jump, ///< b
    adex_sub_steps,
    adex_refractory,
    adex_constants
};

/// What the declarations of the aeif models share: their first parameters, and the relations between these.
struct AdexDeclaration {
    enum MembraneParameter { C_m, g_L, t_ref, E_L, V_th, V_reset, V_peak, Delta_T, a, tau_w, b, membrane_parameters };
    static constexpr ParameterInfo membrane[membrane_parameters] = {
        {"C_m", "pF", 281.0, positive, "capacitance of the membrane"},
        {"g_L", "nS", 30.0, positive, "leak conductance"},
        {"t_ref", "ms", 0.0, not_negative, "refractory time, rounded to steps"},
        {"E_L", "mV", -70.6, any_value, "reversal potential of the leak"},
        {"V_th", "mV", -50.4, any_value, "potential of spike initiation"},
        {"V_reset", "mV", -60.0, any_value, "potential after a spike and while refractory"},
        {"V_peak", "mV", 0.0, any_value, "potential at which a spike is detected"},
        {"Delta_T", "mV", 2.0, not_negative, "sharpness of the upswing; 0: none, V_th is a threshold"},
        {"a", "nS", 4.0, any_value, "adaptation below the threshold"},
        {"tau_w", "ms", 144.0, positive, "time constant of adaptation"},
        {"b", "pA", 80.5, any_value, "what a spike adds to w"},
    };
    static constexpr ParameterRelation relations[] = {
        {"V_reset < V_peak", [](const double* p) { return p[V_reset] < p[V_peak]; }},
        {"V_th <= V_peak", [](const double* p) { return p[V_th] <= p[V_peak]; }},
        {"V_peak - V_th <= 75 Delta_T or Delta_T = 0",
         [](const double* p) {
             return p[Delta_T] == 0.0 || p[V_peak] - p[V_th] <= adex_largest_exponent * p[Delta_T];
         }},
        {"V_reset < V_th where Delta_T = 0", [](const double* p) { return p[Delta_T] > 0.0 || p[V_reset] < p[V_th]; }},
    };
};

/// Fills c[0 ... adex_constants) from the membrane's parameters.
inline void adex_derive(const double* p, double h, double* c) {
    using P = AdexDeclaration;
    const double n = sub_steps_of(h, adex_longest_sub_step), sub = h / n;
    const bool upswing = p[P::Delta_T] > 0.0;
    c[adex_leak] = sub * p[P::g_L] / p[P::C_m];
    c[adex_upswing] = sub * p[P::g_L] * p[P::Delta_T] / p[P::C_m];
    c[adex_per_C] = sub / p[P::C_m];
    c[adex_slope] = upswing ? 1.0 / p[P::Delta_T] : 0.0;
    c[adex_theta] = p[P::V_th] - p[P::E_L];
    c[adex_peak] = (upswing ? p[P::V_peak] : p[P::V_th]) - p[P::E_L];
    c[adex_at_peak] = upswing ? math::exp(-(p[P::V_peak] - p[P::V_th]) / p[P::Delta_T]) : 0.0;
    c[adex_coupling] = sub * p[P::a] / p[P::tau_w];
    c[adex_rate_w] = sub / p[P::tau_w];
    c[adex_reset] = p[P::V_reset] - p[P::E_L];
    c[adex_jump] = p[P::b];
    c[adex_sub_steps] = n;
    c[adex_refractory] = whole_steps(p[P::t_ref], h);
}

/// Advances V and w by one step; returns the mask of neurons that spike. `synapses` is at the step's begin, and at
/// its end on return; advance() moves it by half a sub-step, a() and b() are conductance (nS) and current (pA, with I_e
/// and stimuli) there.
///
/// A neuron whose V passes V_peak within a sub-step is reset at the moment of the passage, which is found from
/// y = exp(-(V - V_th) / Delta_T): y falls almost linearly to 0, whatever becomes of V. Where it is refractory it then
/// waits to the end of the step and the whole steps of t_ref; otherwise V goes on from V_reset for the rest of the
/// sub-step. Once a step at most: a second passage is put off to the next step.
template <class Vec, class Constants, class Synapses>
auto adex_update(Vec& V, Vec& w, Vec& refractory, const Constants& c, Synapses& synapses) {
    const Vec zero(0), one(1);
    const auto integrates = refractory == zero;
    const Vec peak = c[adex_peak];
    struct Derivative {
        Vec V, w, e;
    };
    const auto f = [&](Vec V_at, Vec w_at, Vec a, Vec b) -> Derivative {
        const Vec v = simd::minimum(V_at, peak);
        const Vec e = simd::exp((v - c[adex_theta]) * c[adex_slope]);
        return {((b - (a * v + w_at)) * c[adex_per_C] - c[adex_leak] * v) + c[adex_upswing] * e,
                c[adex_coupling] * v - c[adex_rate_w] * w_at, e};
    };
    auto spiked = integrates & ~integrates; // none
    const Vec half(typename Vec::scalar(0.5)), sixth = one / Vec(6), two(2);
    const int n = static_cast<int>(c[adex_sub_steps][0]);
    for (int i = 0; i < n; ++i) {
        // while refractory V stands still, and w sees it there
        const auto moves = integrates & ~(spiked & (c[adex_refractory] > zero));
        const auto still = [&](Vec change) { return select(moves, change, zero); };
        const Vec a0 = synapses.a(), b0 = synapses.b();
        synapses.advance();
        const Vec am = synapses.a(), bm = synapses.b();
        synapses.advance();
        const Vec a1 = synapses.a(), b1 = synapses.b();
        const Derivative k1 = f(V, w, a0, b0);
        const Derivative k2 = f(V + still(half * k1.V), w + half * k1.w, am, bm);
        const Derivative k3 = f(V + still(half * k2.V), w + half * k2.w, am, bm);
        const Derivative k4 = f(V + still(k3.V), w + k3.w, a1, b1);
        const Vec V_1 = V + still(sixth * ((k1.V + two * k2.V) + (two * k3.V + k4.V)));
        const Vec w_1 = w + sixth * ((k1.w + two * k2.w) + (two * k3.w + k4.w));
        const auto crosses = (V_1 >= peak) & moves;
        const auto spikes = crosses & ~spiked;
        Vec V_next = simd::minimum(V_1, peak), w_next = w_1;
        if (simd::any(spikes)) { // saves time, changes no bit
            // dy/ds = -(u + F y) / Delta_T with u = upswing, F the other currents: by the trapezoidal rule to at_peak
            const Vec y = one / k1.e;
            const Vec F = k1.V - c[adex_upswing] * k1.e;
            const Vec curved =
                (y - c[adex_at_peak]) / (c[adex_slope] * (c[adex_upswing] + half * F * (y + c[adex_at_peak])));
            const Vec straight = (peak - V) / (V_1 - V);
            const Vec passage = select(c[adex_slope] > zero, curved, straight);
            const Vec t = simd::maximum(simd::minimum(passage, one), zero); // in sub-steps
            const Vec rest = one - t;
            // on its way V is V + Delta_T in the mean, for -ln y is 1 - ln y_0 in the mean of y from y_0 to 0
            const Vec mean = select(c[adex_slope] > zero, V + one / c[adex_slope], half * (V + peak));
            const Vec w_passage = w + t * (c[adex_coupling] * simd::minimum(mean, peak) - c[adex_rate_w] * w);
            const Derivative after = f(c[adex_reset], w_passage + c[adex_jump], a1, b1);
            w_next = select(spikes, (w_passage + c[adex_jump]) + rest * after.w, w_1);
            const Vec onward = c[adex_reset] + select(c[adex_refractory] > zero, zero, rest * after.V);
            V_next = select(spikes, simd::minimum(onward, peak), V_next);
        }
        V = V_next;
        w = w_next;
        spiked = spiked | spikes;
    }
    refractory = remaining_wait(refractory, integrates, spiked, c[adex_refractory]);
    return spiked;
}

} // namespace spikecast::models
