// Entries of the matrix exponential that advances a leaky membrane by one step h (Rotter & Diesmann 1999, section 3),
// written so that they are accurate to a few units in the last place for every ratio of the time constants, equal ones
// included: no difference of nearly equal numbers is ever divided by another. Times in ms, C in pF, currents in pA,
// results in mV per unit of the state they multiply.
#pragma once

#include "spikecast/math.hpp"

#include <algorithm>
#include <cmath>

namespace spikecast::models {

inline constexpr double euler = 2.718281828459045235;

/// A time as a whole number of steps, rounded to the nearest.
inline double whole_steps(double time_ms, double h) {
    return std::round(time_ms / h);
}

/// The integral over u in (0, 1) of exp(-u x), for x >= 0: (1 - exp(-x)) / x.
inline double mean_decay(double x) {
    return x > 0.0 ? -math::expm1(-x) / x : 1.0;
}

/// The integral over u in (0, 1) of (1 - u) exp(-u x), for x >= 0: (exp(-x) - 1 + x) / x^2.
inline double mean_decay_falling(double x) {
    if (x >= 4.0) return (x + math::expm1(-x)) / (x * x);
    // exp(-x) times the sum over k of x^k / (k! (k + 2)): all terms positive; 4^40 / 40! < 2e-24
    double sum = 0.0;
    for (int k = 40; k > 0; --k)
        sum = (sum + 1.0 / (k + 2)) * (x / k);
    return math::exp(-x) * (sum + 0.5);
}

/// The integral over u in (0, 1) of u exp(-u x), for x >= 0: (1 - (1 + x) exp(-x)) / x^2.
inline double mean_decay_rising(double x) {
    if (x >= 4.0) return (1.0 - (1.0 + x) * math::exp(-x)) / (x * x);
    // exp(-x) times the sum over k of x^k / (k + 2)!
    double sum = 0.0;
    for (int k = 40; k > 0; --k)
        sum = (sum + 1.0) * (x / (k + 2));
    return math::exp(-x) * ((sum + 1.0) * 0.5);
}

/// V after h for a constant current of 1.
inline double constant_current_to_V(double h, double tau_m, double C) {
    return -math::expm1(-h / tau_m) * (tau_m / C);
}

/// V after h for a current exp(-t / tau_syn).
inline double exp_current_to_V(double h, double tau_m, double tau_syn, double C) {
    // tau_m - tau_syn is exact where they are close (Sterbenz), so x has a small relative error even there
    const double x = std::abs(tau_m - tau_syn) / tau_m * (h / tau_syn);
    return h / C * (math::exp(-h / std::max(tau_m, tau_syn)) * mean_decay(x));
}

/// The slope at 0 that makes the peak of V 1, for a current exp(-t / tau_syn); in either order of the time constants.
inline double slope_of_unit_peak(double tau_m, double tau_syn) {
    const double longer = std::max(tau_m, tau_syn), x = std::abs(tau_m - tau_syn) / std::min(tau_m, tau_syn);
    const double peak = x > 0.0 ? longer * (math::log1p(x) / x) : longer; // its time
    return 1.0 / exp_current_to_V(peak, tau_m, tau_syn, 1.0);
}

/// V after h for a current t exp(-t / tau_syn).
inline double alpha_slope_to_V(double h, double tau_m, double tau_syn, double C) {
    const double x = std::abs(tau_m - tau_syn) / tau_m * (h / tau_syn);
    const double shape = tau_m >= tau_syn ? mean_decay_rising(x) : mean_decay_falling(x);
    return h * h / C * (math::exp(-h / std::max(tau_m, tau_syn)) * shape);
}

} // namespace spikecast::models
