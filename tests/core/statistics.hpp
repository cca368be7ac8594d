// Bounds of statistical tests. All seeds are fixed, so a test passes always or never; the stated probability is that of
// a correct generator failing for a seed picked at random.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace spikecast::statistics {

/// The value that a standard normal variable exceeds with probability 1e-6.
inline constexpr double z_1e_6 = 4.753424;
/// The value that its size exceeds with probability 1e-6.
inline constexpr double z_two_sided_1e_6 = 4.891638;

/// The value that chi-square with k degrees of freedom exceeds with probability 1e-6 (Wilson and Hilferty 1931; for
/// k >= 3 the probability is right within a factor of 1.5).
[[nodiscard]] inline double chi_square_1e_6(double k) {
    const double c = 2.0 / (9.0 * k);
    return k * std::pow(1.0 - c + z_1e_6 * std::sqrt(c), 3.0);
}

struct ChiSquare {
    double value = 0.0, freedom = 0.0;
};
/// Pearson's statistic, neighbouring cells pooled until at least 10 are expected in each.
[[nodiscard]] inline ChiSquare chi_square(const std::vector<double>& observed, const std::vector<double>& expected) {
    ChiSquare out{0.0, -1.0};
    double o = 0.0, e = 0.0, rest = 0.0;
    for (const double x : expected) {
        rest += x;
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
        o += observed[i];
        e += expected[i];
        rest -= expected[i];
        if ((e >= 10.0 && rest >= 10.0) || i + 1 == expected.size()) {
            out.value += e > 0.0 ? (o - e) * (o - e) / e : (o > 0.0 ? 1e300 : 0.0);
            out.freedom += 1.0;
            o = e = 0.0;
        }
    }
    return out;
}

} // namespace spikecast::statistics
