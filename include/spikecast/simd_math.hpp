// exp and its relatives for registers of model kernels: the same IEEE operations lane by lane at every width, inline,
// without tables, branches or fused operations, so that the bits are the same on every machine. Faster and a little
// less accurate than spikecast::math, which is for constants; the errors found are in docs/reproducibility.md and
// asserted in tests/core/simd_math_test.cpp. NaN goes through.
#pragma once

#include "spikecast/simd.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace spikecast::simd {

namespace detail {

template <class T>
struct exp_constants;
template <>
struct exp_constants<double> {
    static constexpr double log2_e = 0x1.71547652b82fep+0;
    static constexpr double magic = 0x1.8p52; // adding it leaves the nearest integer in the low bits
    // ln 2 to 2^-87 in two parts; the first has 32 bits, so that its products with exponents are exact
    static constexpr double ln2_hi = 0x1.62e42fee00000p-1, ln2_lo = 0x1.a39ef35793c76p-33;
    static constexpr int mantissa = 52, bias = 1023;
    static constexpr double low = -707.7;  // 2^-1021 = exp(-707.703)
    static constexpr double high = 709.79; // exp(709.79) = inf
    // (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2 (engine/core/fit_kernels.py); relative error of exp 1.7e-17
    static constexpr double c[] = {0.5000000000000001,     0.16666666666666669,    0.04166666666662413,
                                   0.008333333333330062,   0.0013888888917213717,  0.00019841269863053618,
                                   2.4801521295954376e-05, 2.7557268459997064e-06, 2.7620088445409746e-07,
                                   2.510038549551032e-08};
};
template <>
struct exp_constants<float> {
    static constexpr float log2_e = 0x1.715476p+0F;
    static constexpr float magic = 0x1.8p23F;
    static constexpr float ln2_hi = 0x1.62e400p-1F, ln2_lo = 0x1.7f7d1cp-20F; // the first has 15 bits
    static constexpr int mantissa = 23, bias = 127;
    static constexpr float low = -86.6F; // 2^-125 = exp(-86.643)
    static constexpr float high = 88.73F;
    // relative error of exp 1.0e-8
    static constexpr float c[] = {0.5F, 0.16666577F, 0.041666555F, 0.008363179F, 0.0013926184F};
};

/// The bits of x + magic, an integer k in the lowest, as the number 2^(k + add).
template <class T, std::size_t N>
[[nodiscard]] vec<T, N> power_of_two(vec<T, N> with_magic, int add) {
    using C = exp_constants<T>;
    using U = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    if constexpr (N == 1) {
        const U bits = std::bit_cast<U>(with_magic.v);
        return vec<T, 1>(std::bit_cast<T>(static_cast<U>((bits + static_cast<U>(C::bias + add)) << C::mantissa)));
    } else {
        typedef U Bits __attribute__((vector_size(N * sizeof(T))));
        const Bits bits = (Bits)with_magic.v;
        return vec<T, N>((typename vec<T, N>::native)((bits + static_cast<U>(C::bias + add)) << C::mantissa));
    }
}

/// exp(x) = 2^k (1 + p), |p| < 0.42.
template <class T, std::size_t N>
struct Reduced {
    vec<T, N> with_magic, p;
};
template <class T, std::size_t N>
[[nodiscard]] Reduced<T, N> reduce(vec<T, N> x) {
    using Vec = vec<T, N>;
    using C = exp_constants<T>;
    const Vec with_magic = x * Vec(C::log2_e) + Vec(C::magic);
    const Vec k = with_magic - Vec(C::magic);
    const Vec r = (x - k * Vec(C::ln2_hi)) - k * Vec(C::ln2_lo);
    const Vec r2 = r * r;
    // even and odd powers apart: two chains of half the length
    constexpr std::size_t n = std::size(C::c);
    Vec even(C::c[(n - 1) / 2 * 2]), odd(C::c[(n - 2) / 2 * 2 + 1]);
    for (std::size_t i = (n - 1) / 2 * 2; i >= 2; i -= 2)
        even = even * r2 + Vec(C::c[i - 2]);
    for (std::size_t i = (n - 2) / 2 * 2 + 1; i >= 3; i -= 2)
        odd = odd * r2 + Vec(C::c[i - 2]);
    return {with_magic, r + r2 * (even + r * odd)};
}

} // namespace detail

template <class T, std::size_t N>
[[nodiscard]] vec<T, N> minimum(vec<T, N> a, vec<T, N> b) {
    return select(a < b, a, b);
}
template <class T, std::size_t N>
[[nodiscard]] vec<T, N> maximum(vec<T, N> a, vec<T, N> b) {
    return select(a > b, a, b);
}

/// 0 below -707.7 (single precision: -86.6), where results would come near the subnormal numbers; inf above 709.79
/// (88.73).
template <class T, std::size_t N>
[[nodiscard]] vec<T, N> exp(vec<T, N> x) {
    using Vec = vec<T, N>;
    using C = detail::exp_constants<T>;
    const auto e = detail::reduce(x);
    const Vec half = detail::power_of_two(e.with_magic, -1); // 2^k itself would overflow for the largest results
    const Vec y = half + half * e.p;
    const Vec small = select(x < Vec(C::low), Vec(0), y + y);
    return select(x > Vec(C::high), Vec(std::numeric_limits<T>::infinity()), small);
}

/// exp(x) - 1 without cancellation; -1 below -707.7 (-86.6), inf above 709.79 (88.73).
template <class T, std::size_t N>
[[nodiscard]] vec<T, N> expm1(vec<T, N> x) {
    using Vec = vec<T, N>;
    using C = detail::exp_constants<T>;
    const auto e = detail::reduce(x);
    const Vec half = detail::power_of_two(e.with_magic, -1);
    const Vec y = (half - Vec(T(0.5))) + half * e.p;
    const Vec small = select(x < Vec(C::low), Vec(-1), y + y);
    return select(x > Vec(C::high), Vec(std::numeric_limits<T>::infinity()), small);
}

/// x / (exp(x) - 1), smooth through its removable singularity: 1 at x = 0. The rates of Hodgkin and Huxley's gates.
template <class T, std::size_t N>
[[nodiscard]] vec<T, N> x_over_expm1(vec<T, N> x) {
    using Vec = vec<T, N>;
    const Vec one(1);
    const auto zero = x == Vec(0);
    return select(zero, one, x / select(zero, one, expm1(x)));
}

/// Natural logarithm of normal numbers > 0, single precision.
template <std::size_t N>
[[nodiscard]] vec<float, N> log(vec<float, N> x) {
    using Vec = vec<float, N>;
    // x = 2^k m, sqrt(1/2) <= m < sqrt(2), within a rounding
    constexpr std::int32_t root_half = 0x3f3504f3;
    Vec k, m;
    if constexpr (N == 1) {
        const auto bits = std::bit_cast<std::int32_t>(x.v);
        const std::int32_t exponent = (bits - root_half) >> 23;
        k = Vec(static_cast<float>(exponent));
        m = Vec(std::bit_cast<float>(bits - (exponent << 23)));
    } else {
        typedef std::int32_t Bits __attribute__((vector_size(N * sizeof(float))));
        const Bits bits = (Bits)x.v;
        const Bits exponent = (bits - root_half) >> 23;
        k = Vec(__builtin_convertvector(exponent, typename Vec::native));
        m = Vec((typename Vec::native)(bits - (exponent << 23)));
    }
    // log(m) = log((1 + s) / (1 - s)) = 2 s + 2 s^3 / 3 + ..., |s| < 0.172; 2 s = f - s f with f = m - 1, exact
    const Vec f = m - Vec(1), s = f / (m + Vec(1)), z = s * s;
    const Vec rest = z * (Vec(2.0F / 3) + z * (Vec(2.0F / 5) + z * (Vec(2.0F / 7) + z * Vec(2.0F / 9))));
    using C = detail::exp_constants<float>;
    return k * Vec(C::ln2_hi) + (f + (k * Vec(C::ln2_lo) - s * (f - rest)));
}

/// x^y; 0 where x is below the normal numbers. Single precision; the error grows with |y log x|.
template <std::size_t N>
[[nodiscard]] vec<float, N> pow(vec<float, N> x, vec<float, N> y) {
    using Vec = vec<float, N>;
    const Vec least(std::numeric_limits<float>::min());
    const Vec value = exp(y * log(maximum(x, least)));
    return select(x < least, Vec(0), value);
}

template <class T, std::size_t N>
[[nodiscard]] vec<T, N> tanh(vec<T, N> x) {
    using Vec = vec<T, N>;
    const auto negative = x < Vec(0);
    const Vec e = expm1(Vec(-2) * select(negative, -x, x)); // in (-1, 0]
    const Vec y = -e / (Vec(2) + e);
    return select(negative, -y, y);
}

} // namespace spikecast::simd
