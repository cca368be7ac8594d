#include "spikecast/math.hpp"

#include "engine/core/kernels.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>

namespace spikecast::math {
namespace {

using namespace spikecast::kernels;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double smallest_normal = std::numeric_limits<double>::min();

/// 2^k for -1022 <= k <= 1023.
double power_of_two(std::int64_t k) noexcept {
    return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52);
}

/// exp(x + x_lo) = 2^k (1 + head + rest), |head| <= ln(2) / 2, the sum not yet rounded; |x| < 746, |x_lo| <= ulp(x).
struct Exponential {
    std::int64_t k;
    double head, rest;
};
Exponential exp_parts(double x, double x_lo) noexcept {
    // Taylor: the first term left out is r^14 / 14! < 2^-57 at |r| = ln(2) / 2.
    constexpr double c[] = {1.0 / 2.0,       1.0 / 6.0,        1.0 / 24.0,        1.0 / 120.0,
                            1.0 / 720.0,     1.0 / 5040.0,     1.0 / 40320.0,     1.0 / 362880.0,
                            1.0 / 3628800.0, 1.0 / 39916800.0, 1.0 / 479001600.0, 1.0 / 6227020800.0};
    constexpr double magic = 0x1.8p52;
    const double k = (x * log2_e + magic) - magic; // the nearest integer
    const double head = x - k * ln2_hi;            // exact: k has 11 bits, ln2_hi 32
    const double lo = k * ln2_lo - x_lo;
    const double r = head - lo;
    // rest = r^2 P(r) - lo; head - lo - r is below 2^-54 ulp and left out of r only inside P.
    return {static_cast<std::int64_t>(k), head, r * r * horner(c, r) - lo};
}

double exp_pair(double x, double x_lo) noexcept {
    if (x != x) {
        return x;
    }
    if (x > 709.79) {
        return infinity;
    }
    if (x < -745.2) {
        return 0.0;
    }
    const Exponential e = exp_parts(x, x_lo);
    const Pair sum = fast_two_sum(1.0, e.head);
    const double y = sum.hi + (sum.lo + e.rest);
    // In two factors: the first product is exact, the second rounds once where the result is subnormal.
    const std::int64_t half = e.k / 2;
    return y * power_of_two(half) * power_of_two(e.k - half);
}

/// log(x) to about 2^-95 + 2^-68 |log(x)|, for pow; x positive and normal.
Pair log_pair(double x) noexcept {
    const Scaled y = scaled(x);
    // s = f / (2 + f) in two parts; log(1 + f) = 2 s + s^3 (2/3 + s^2 (2/5 + s^2 (2/7 + ...))).
    const Pair d = two_sum(2.0, y.f);
    const double sh = y.f / d.hi;
    const Pair back = two_product(sh, d.hi);
    const Pair s = fast_two_sum(sh, (((y.f - back.hi) - back.lo) - sh * d.lo) / d.hi);
    const Pair s2 = multiply(s, s);
    constexpr double c[] = {2.0 / 7.0,  2.0 / 9.0,  2.0 / 11.0, 2.0 / 13.0, 2.0 / 15.0, 2.0 / 17.0,
                            2.0 / 19.0, 2.0 / 21.0, 2.0 / 23.0, 2.0 / 25.0, 2.0 / 27.0};
    constexpr Pair two_thirds{2.0 / 3.0, 0x1.5555555555555p-55};
    constexpr Pair two_fifths{2.0 / 5.0, -0x1.999999999999ap-56};
    Pair q = add(two_fifths, multiply(s2, Pair{horner(c, s2.hi), 0.0}));
    q = add(two_thirds, multiply(s2, q));
    const Pair tail = multiply(multiply(s, s2), q);
    Pair sum = add(Pair{2.0 * s.hi, 2.0 * s.lo}, tail);
    if (y.k != 0.0) {
        const Pair low = two_product(y.k, ln2_lo);
        sum = add(low, sum);
        sum = add(Pair{y.k * ln2_hi, 0.0}, sum);
    }
    return sum;
}

/// (1 + 2 x) exp(x^2) erfc(x) for x >= 0, by Clenshaw's recurrence.
double erfcx_scaled(double x) noexcept {
    const double t = (x - 2.0) / (x + 2.0);
    double b1 = 0.0, b2 = 0.0;
    for (std::size_t i = std::size(erfcx_c); i-- > 1;) {
        const double b = erfcx_c[i] + 2.0 * t * b1 - b2;
        b2 = b1;
        b1 = b;
    }
    return erfcx_c[0] + t * b1 - b2;
}

/// erf(x) / x for |x| <= 1/2: 2 / sqrt(pi) * sum (-x^2)^n / (n! (2 n + 1)); next term < 2^-58.
double erf_over_x(double x2) noexcept {
    double term = 1.0, sum = 0.0;
    double terms[13];
    for (int n = 0; n < 13; ++n) {
        terms[n] = term / (2 * n + 1);
        term *= -x2 / (n + 1);
    }
    for (int n = 13; n-- > 0;) {
        sum += terms[n];
    }
    return 1.1283791670955126 * sum;
}

/// lgamma(2 + z) for |z| <= 1/2: (1 - gamma) z + sum over k >= 2 of (-1)^k (zeta(k) - 1) z^k / k.
double lgamma_near_2(double z) noexcept {
    return z * horner(lgamma2_c, z);
}

} // namespace

double exp(double x) noexcept {
    return exp_pair(x, 0.0);
}

double expm1(double x) noexcept {
    if (x != x || x == 0.0) {
        return x;
    }
    if (x > 709.79) {
        return infinity;
    }
    if (x < -40.0) {
        return -1.0;
    }
    const Exponential e = exp_parts(x, 0.0);
    if (e.k == 0) {
        return e.head + e.rest;
    }
    // 2^k ((1 - 2^-k) + head + rest): |1 - 2^-k| >= 1/2 > |head|.
    const double one = e.k < 64 ? 1.0 - power_of_two(-e.k) : 1.0;
    const Pair sum = fast_two_sum(one, e.head);
    const double y = sum.hi + (sum.lo + e.rest);
    const std::int64_t half = e.k / 2;
    return y * power_of_two(half) * power_of_two(e.k - half);
}

double log(double x) noexcept {
    if (!(x > 0.0) || x == infinity) {
        return x == 0.0 ? -infinity : (x == infinity ? x : nan);
    }
    double shift = 0.0;
    if (x < smallest_normal) {
        x *= 0x1p54;
        shift = -54.0;
    }
    const Scaled y = scaled(x);
    return log_core(y.f, y.k + shift, 0.0);
}

double log1p(double x) noexcept {
    if (!(x > -1.0) || x == infinity) {
        return x == -1.0 ? -infinity : (x == infinity ? x : nan);
    }
    if (x > -0.2928 && x < 0.4142) {
        if (x > -0x1p-54 && x < 0x1p-54) {
            return x; // keeps the sign of zero, and subnormal numbers exact
        }
        return log_core(x, 0.0, 0.0);
    }
    const Pair u = two_sum(1.0, x);
    const Scaled y = scaled(u.hi);
    return log_core(y.f, y.k, u.lo / u.hi);
}

double pow(double x, double y) noexcept {
    if (y == 0.0 || x == 1.0) {
        return 1.0;
    }
    if (!(x >= 0.0) || y != y) {
        return nan;
    }
    if (x == 0.0 || x == infinity) {
        return (x == 0.0) == (y > 0.0) ? 0.0 : infinity;
    }
    Pair l;
    if (x < smallest_normal) {
        l = add(log_pair(x * 0x1p54), add(Pair{-54.0 * ln2_hi, 0.0}, Pair{-54.0 * ln2_lo, 0.0}));
    } else {
        l = log_pair(x);
    }
    const double estimate = y * l.hi;
    if (!(estimate < 710.0 && estimate > -746.0)) {
        return estimate > 0.0 ? infinity : 0.0;
    }
    if (estimate < 0x1p-60 && estimate > -0x1p-60) {
        return 1.0; // and the products below can't underflow
    }
    // |log(x)| >= 2^-53, so |y| < 2^63 here and its splitting can't overflow.
    const Pair product = multiply(Pair{y, 0.0}, l);
    return exp_pair(product.hi, product.lo);
}

double lgamma(double x) noexcept {
    if (!(x > 0.0) || x == infinity) {
        return x == 0.0 || x == infinity ? infinity : nan;
    }
    if (x >= 8.0) {
        // Stirling's series B_2k / (2k (2k-1) x^(2k-1)); the first term left out (k = 10) is < 2^-55 at x = 8.
        constexpr double c[] = {1.0 / 12.0,        -1.0 / 360.0, 1.0 / 1260.0,       -1.0 / 1680.0,     1.0 / 1188.0,
                                -691.0 / 360360.0, 1.0 / 156.0,  -3617.0 / 122400.0, 43867.0 / 244188.0};
        const double l = math::log(x);
        const double correction = x < 1e10 ? horner(c, 1.0 / (x * x)) / x : 0.0;
        constexpr double half_log_two_pi = 0.9189385332046728;
        return (x - 0.5) * (l - 1.0) + (half_log_two_pi - 0.5 + correction);
    }
    if (x > 2.5) {
        double product = 1.0;
        while (x > 2.5) {
            x -= 1.0; // exact
            product *= x;
        }
        return math::log(product) + lgamma_near_2(x - 2.0);
    }
    if (x >= 1.5) {
        return lgamma_near_2(x - 2.0);
    }
    if (x >= 0.5) {
        return lgamma_near_2(x - 1.0) - math::log1p(x - 1.0);
    }
    return (lgamma_near_2(x) - math::log1p(x)) - math::log(x);
}

double erfc(double x) noexcept {
    if (x != x) {
        return x;
    }
    if (x < 0.5 && x > -0.5) {
        return 1.0 - x * erf_over_x(x * x);
    }
    if (x < 0.0) {
        return x < -6.0 ? 2.0 : 2.0 - math::erfc(-x);
    }
    if (x > 27.3) {
        return 0.0;
    }
    const Pair square = two_product(x, x);
    return exp_pair(-square.hi, -square.lo) * (erfcx_scaled(x) / (1.0 + 2.0 * x));
}

double normal_cdf(double z) noexcept {
    if (z != z) {
        return z;
    }
    constexpr double root_half = 0.7071067811865476;
    const double x = -z * root_half;
    if (x < 0.5 && x > -0.5) {
        return 0.5 - 0.5 * (x * erf_over_x(x * x));
    }
    if (x < 0.0) {
        return x < -6.0 ? 1.0 : 1.0 - math::normal_cdf(-z);
    }
    if (z < -38.6) {
        return 0.0;
    }
    // The exponent from z itself: rounding z / sqrt(2) first would cost z^2 ulp.
    const Pair square = two_product(z, z);
    return exp_pair(-0.5 * square.hi, -0.5 * square.lo) * (0.5 * erfcx_scaled(x) / (1.0 + 2.0 * x));
}

double normal_quantile(double p) noexcept {
    if (!(p > 0.0 && p < 1.0)) {
        return p == 0.0 ? -infinity : (p == 1.0 ? infinity : nan);
    }
    const double q = p - 0.5;
    if (q <= 0.425 && q >= -0.425) {
        return quantile_central(q);
    }
    const double r = std::sqrt(-math::log(q < 0.0 ? p : 1.0 - p));
    const double z = r <= 5.0 ? quantile_tail(r) : quantile_far(r);
    return q < 0.0 ? -z : z;
}

double sin_turns(double x) noexcept {
    if (!(x < 0x1p51 && x > -0x1p51)) {
        if (x - x != 0.0) {
            return nan; // infinite, or not a number
        }
        x -= 2.0 * std::floor(0.5 * x); // exact; only halves are left beyond 2^51
    }
    return x == 0.0 ? x : kernels::sin_turns(x);
}

} // namespace spikecast::math
