// Kernels shared by math.cpp and distributions.cpp, inline so that loops over them vectorise. Every function is a fixed
// sequence of IEEE operations (of libm only sqrt, which IEEE rounds exactly; no fused operations); the tables
// come from fit_kernels.py beside this file.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace spikecast::kernels {

// relative error 5.9e-16
inline constexpr double central_p[] = {
    3.3871328727963643, 137.80420825654852, 2139.406639720711, 15938.38581328628,  58925.21790488089,
    101129.46534916267, 66128.2298726726,   8940.205712202582, -349.4188184744363,
};
inline constexpr double central_q[] = {
    1.0,
    43.6898755670845,
    740.8689353320578,
    6176.652825712024,
    26506.906058383494,
    56092.06095810155,
    50905.80268886249,
    13818.963557187091,
};
// relative error 5.0e-16
inline constexpr double tail_p[] = {
    1.251372929057033,  4.40058856229697,    5.825791340883179,     3.9121559060543176,     1.4760385212987117,
    0.3209090217410592, 0.03870426074382566, 0.0022669610323922066, 4.5235809482329545e-05,
};
inline constexpr double tail_q[] = {
    1.0,
    2.130809732086523,
    1.8157717790454866,
    0.7967230267911238,
    0.1926074503479083,
    0.025130405272040145,
    0.0015551979352594113,
    3.198556263991926e-05,
};
// relative error 5.9e-16
inline constexpr double far_p[] = {
    6.657904643501098,     5.627986827910051,     1.914429843166566,     0.3367877061817572,    0.032766966251131555,
    0.0017471720750320257, 4.726867882717365e-05, 5.256163437646542e-07, 7.117026375843684e-10, -1.0067116111324603e-11,
};
inline constexpr double far_q[] = {
    1.0,
    0.6244949083424103,
    0.15095008824034892,
    0.01785369723850111,
    0.001078676424723275,
    3.1582565143561225e-05,
    3.689489193577084e-07,
    5.388291866377266e-10,
    -7.118511947808531e-12,
};
inline constexpr double erfcx_c[] = {
    1.1760066555883004,      0.025779673870048207,    -0.10659315067778503,   0.03880887957448382,
    -0.005414899930893725,   -0.00040815257282372384, 0.00019843768248553527, 9.842532776048127e-06,
    -7.763265561062859e-06,  -7.174001457529682e-07,  3.140694955581843e-07,  6.188423669546144e-08,
    -9.890619934492214e-09,  -4.59539962251018e-09,   -7.180587728177086e-11, 2.6296183336364044e-10,
    4.867734056607904e-11,   -8.026804193759018e-12,  -4.779133570845298e-12, -4.3470126478464435e-13,
    2.412314273846194e-13,   8.610900521277247e-14,   2.59476489837122e-15,   -5.872254381501051e-15,
    -1.7019328812344317e-15, 1.387358712117345e-17,   1.4092174407259632e-16, 3.84127549399939e-17,
    -7.115293125772235e-19,  -3.480409461122767e-18,  -9.926781381246148e-19, -1.3809145558145873e-21,
};
inline constexpr double lgamma2_c[] = {
    0.42278433509846713,     0.3224670334241132,     -0.0673523010531981,     0.020580808427784546,
    -0.007385551028673986,   0.0028905103307415234,  -0.001192753911703261,   0.0005096695247430425,
    -0.00022315475845357939, 9.945751278180853e-05,  -4.492623673813314e-05,  2.050721277567069e-05,
    -9.439488275268397e-06,  4.374866789907488e-06,  -2.039215753801366e-06,  9.55141213040742e-07,
    -4.492469198764566e-07,  2.1207184805554665e-07, -1.0043224823968099e-07, 4.7698101693639804e-08,
    -2.2711094608943164e-08, 1.0838659214896955e-08, -5.183475041970047e-09,  2.4836745438024785e-09,
    -1.1921401405860912e-09, 5.731367241678862e-10,  -2.7595228851242334e-10, 1.330476437424449e-10,
    -6.4229645638381e-11,
};

inline constexpr double infinity = std::numeric_limits<double>::infinity();

template <std::size_t n>
[[nodiscard]] constexpr double horner(const double (&c)[n], double x) noexcept {
    double y = c[n - 1];
    for (std::size_t i = n - 1; i-- > 0;) {
        y = y * x + c[i];
    }
    return y;
}

/// An unevaluated sum of two doubles, |lo| <= ulp(hi) / 2.
struct Pair {
    double hi = 0.0, lo = 0.0;
};
/// a + b exactly, for |a| >= |b| (Dekker 1971).
[[nodiscard]] constexpr Pair fast_two_sum(double a, double b) noexcept {
    const double s = a + b;
    return {s, b - (s - a)};
}
/// a + b exactly (Knuth).
[[nodiscard]] constexpr Pair two_sum(double a, double b) noexcept {
    const double s = a + b;
    const double t = s - a;
    return {s, (a - (s - t)) + (b - t)};
}
/// a * b exactly (Dekker 1971, Veltkamp's splitting), for |a|, |b| < 2^996 and products that don't underflow.
[[nodiscard]] constexpr Pair two_product(double a, double b) noexcept {
    constexpr double split = 134217729.0; // 2^27 + 1
    const double ta = split * a, tb = split * b;
    const double ah = ta - (ta - a), bh = tb - (tb - b);
    const double al = a - ah, bl = b - bh;
    const double p = a * b;
    return {p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
}
[[nodiscard]] constexpr Pair add(Pair x, Pair y) noexcept {
    const Pair s = two_sum(x.hi, y.hi);
    return fast_two_sum(s.hi, s.lo + (x.lo + y.lo));
}
[[nodiscard]] constexpr Pair multiply(Pair x, Pair y) noexcept {
    const Pair p = two_product(x.hi, y.hi);
    return fast_two_sum(p.hi, p.lo + (x.hi * y.lo + x.lo * y.hi));
}

inline constexpr double log2_e = 0x1.71547652b82fep+0;
// ln 2 = ln2_hi + ln2_lo to 2^-87: the high part has 32 bits, so that its products with exponents are exact.
inline constexpr double ln2_hi = 0x1.62e42fee00000p-1;
inline constexpr double ln2_lo = 0x1.a39ef35793c76p-33;

/// log(2^k * (1 + f)) + correction, for 1 + f in [sqrt(1/2), sqrt(2)). The series of 2 atanh(s), s = f / (2 + f), is
/// cut after s^25 / 25 (next term < 2^-70); the leading f - f^2/2 is split off, for it is nearly exact.
[[nodiscard]] constexpr double log_core(double f, double k, double correction) noexcept {
    constexpr double c[] = {2.0 / 3.0,  2.0 / 5.0,  2.0 / 7.0,  2.0 / 9.0,  2.0 / 11.0, 2.0 / 13.0,
                            2.0 / 15.0, 2.0 / 17.0, 2.0 / 19.0, 2.0 / 21.0, 2.0 / 23.0, 2.0 / 25.0};
    const double s = f / (2.0 + f);
    const double s2 = s * s;
    const double rest = s2 * horner(c, s2);
    const double half_square = 0.5 * f * f;
    return k * ln2_hi - ((half_square - (s * (half_square + rest) + (k * ln2_lo + correction))) - f);
}

/// A positive normal x as 2^k (1 + f).
struct Scaled {
    double f, k;
};
[[nodiscard]] constexpr Scaled scaled(double x) noexcept {
    // Subtracting the bits of sqrt(1/2) puts the cut between exponents there.
    constexpr std::uint64_t cut = 0x3fe6a09e667f3bcdULL;
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
    const std::uint64_t exponent = ((bits - cut + (std::uint64_t{1023} << 52)) >> 52) - 1023;
    const double m = std::bit_cast<double>(bits - (exponent << 52));
    // An integer below 2^52 in size to double by its bits: vectors of AVX2 have no such conversion.
    constexpr double magic = 0x1.8p52;
    const double k = std::bit_cast<double>(std::bit_cast<std::uint64_t>(magic) + exponent) - magic;
    return {m - 1.0, k};
}
/// log of a positive normal number.
[[nodiscard]] constexpr double log_normal_range(double x) noexcept {
    const Scaled y = scaled(x);
    return log_core(y.f, y.k, 0.0);
}

/// The standard normal quantile for |p - 1/2| <= 0.425: a rational function of 0.425^2 - (p - 1/2)^2.
[[nodiscard]] constexpr double quantile_central(double q) noexcept {
    const double t = 0.180625 - q * q;
    return q * horner(central_p, t) / horner(central_q, t);
}
/// Minus the quantile of p = exp(-r^2), 1.5 <= r <= 5, and 5 <= r <= 27.5.
[[nodiscard]] constexpr double quantile_tail(double r) noexcept {
    return horner(tail_p, r - 1.5) / horner(tail_q, r - 1.5);
}
[[nodiscard]] constexpr double quantile_far(double r) noexcept {
    return horner(far_p, r - 5.0) / horner(far_q, r - 5.0);
}
/// The standard normal quantile for 2^-1021 < p < 1; math::normal_quantile without its special cases.
[[nodiscard]] inline double quantile(double p) noexcept {
    const double q = p - 0.5;
    if (q <= 0.425 && q >= -0.425) {
        return quantile_central(q);
    }
    const double r = std::sqrt(-log_normal_range(p < 0.5 ? p : 1.0 - p));
    const double z = r <= 5.0 ? quantile_tail(r) : quantile_far(r);
    return p < 0.5 ? -z : z;
}

/// sin(2 pi x) for |x| < 2^51. Turns come off exactly; what is left is folded to an eighth of a turn, where the series
/// of sine and cosine are cut after z^17 / 17! and z^18 / 18! (next terms below 2^-63 at z = pi / 4).
[[nodiscard]] constexpr double sin_turns(double x) noexcept {
    constexpr double magic = 0x1.8p52;
    constexpr double s[] = {-1.0 / 6.0,        1.0 / 120.0,        -1.0 / 5040.0,       1.0 / 362880.0,
                            -1.0 / 39916800.0, 1.0 / 6227020800.0, -1.0 / 1307674368e3, 1.0 / 355687428096e3};
    constexpr double c[] = {1.0 / 24.0,        -1.0 / 720.0,         1.0 / 40320.0,       -1.0 / 3628800.0,
                            1.0 / 479001600.0, -1.0 / 87178291200.0, 1.0 / 20922789888e3, -1.0 / 6402373705728e3};
    // 2 pi = hi + lo to 2^-106
    constexpr double two_pi_hi = 0x1.921fb54442d18p+2, two_pi_lo = 0x1.1a62633145c07p-52;
    const double turn = x - ((x + magic) - magic); // in [-1/2, 1/2]
    const double size = turn < 0.0 ? -turn : turn;
    const double folded = size > 0.25 ? 0.5 - size : size; // in [0, 1/4]
    const bool upper = folded > 0.125;
    const double r = upper ? 0.25 - folded : folded; // in [0, 1/8]
    const Pair z = two_product(two_pi_hi, r);
    const double low = z.lo + two_pi_lo * r;
    const double z2 = z.hi * z.hi;
    const double sine = z.hi + (low + z2 * (z.hi * horner(s, z2)));
    // 1 - z^2/2: what the rounding of the difference loses is given back
    const double half = 0.5 * z2, near = 1.0 - half;
    const double cosine = near + (((1.0 - near) - half) + (z2 * (z2 * horner(c, z2)) - z.hi * low));
    const double y = upper ? cosine : sine;
    return turn < 0.0 ? -y : y;
}

} // namespace spikecast::kernels
