// The functions of kernels against long double libm over random arguments, at special points, and lane by lane against
// width 1. The bounds are the errors that docs/reproducibility.md states, in ulp of the type.
#include "spikecast/random.hpp"
#include "spikecast/simd_math.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <limits>

namespace spikecast {
namespace {

using ld = long double;
template <class T>
using Scalar = simd::vec<T, 1>;
template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

template <class T>
double ulps(T got, ld expected) {
    if (static_cast<ld>(got) == expected) return 0.0;
    int exponent = 0;
    std::frexp(static_cast<T>(expected), &exponent);
    const int lowest = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
    const ld ulp = std::ldexp(ld{1}, std::max(exponent - std::numeric_limits<T>::digits, lowest));
    return static_cast<double>(std::fabs(static_cast<ld>(got) - expected) / ulp);
}

/// The largest error over 200,000 arguments uniform in [low, high], or log-uniform.
template <class T, class Ours, class Theirs>
double worst(const char* name, Ours ours, Theirs theirs, double low, double high, bool logarithmic = false) {
    const Key key = make_key(1, Purpose::test, "simd_math");
    double error = 0.0, at = 0.0;
    for (std::uint64_t i = 0; i < 200000; ++i) {
        const double u = open_unit(draw64(key, 0, i));
        const T x = static_cast<T>(logarithmic ? low * std::pow(high / low, u) : low + u * (high - low));
        const double e = ulps<T>(ours(Scalar<T>(x))[0], theirs(static_cast<ld>(x)));
        if (!(e <= error)) {
            error = e;
            at = static_cast<double>(x);
        }
    }
    if (std::getenv("SPIKECAST_SHOW_ULP") != nullptr)
        std::printf("%-6s %-14s [%g, %g]: %.3f ulp at %.17g\n", sizeof(T) == 4 ? "float" : "double", name, low, high,
                    error, at);
    return error;
}

template <class T>
class SimdMath : public testing::Test {};
using Precisions = testing::Types<double, float>;
TYPED_TEST_SUITE(SimdMath, Precisions);

const auto exp_of = [](auto x) { return simd::exp(x); };
const auto expm1_of = [](auto x) { return simd::expm1(x); };
const auto ratio_of = [](auto x) { return simd::x_over_expm1(x); };
const auto tanh_of = [](auto x) { return simd::tanh(x); };

TYPED_TEST(SimdMath, exp_is_within_its_error) {
    using T = TypeParam;
    const auto f = [](ld x) { return std::exp(x); };
    const double low = sizeof(T) == 4 ? -86.6 : -707.7, high = sizeof(T) == 4 ? 88.72 : 709.78;
    EXPECT_LE(worst<T>("exp", exp_of, f, -1, 1), 1.1);
    EXPECT_LE(worst<T>("exp", exp_of, f, low, high), 1.1);
    EXPECT_LE(worst<T>("exp", exp_of, f, 1e-9, 1e-2, true), 1.1);
}
TYPED_TEST(SimdMath, expm1_is_within_its_error) {
    using T = TypeParam;
    const auto f = [](ld x) { return std::expm1(x); };
    const double low = sizeof(T) == 4 ? -86.6 : -707.7, high = sizeof(T) == 4 ? 88.72 : 709.78;
    EXPECT_LE(worst<T>("expm1", expm1_of, f, -1.5, 1.5), 2.6);
    EXPECT_LE(worst<T>("expm1", expm1_of, f, low, high), 2.6);
    EXPECT_LE(worst<T>("expm1", expm1_of, f, 1e-30, 1, true), 2.6);
    EXPECT_LE(worst<T>(
                  "expm1", [](auto x) { return simd::expm1(-x); }, [](ld x) { return std::expm1(-x); }, 1e-30, 1, true),
              2.6);
}
TYPED_TEST(SimdMath, x_over_expm1_is_smooth_at_0_and_within_its_error) {
    using T = TypeParam;
    const auto f = [](ld x) { return x == 0 ? ld{1} : x / std::expm1(x); };
    EXPECT_LE(worst<T>("x_over_expm1", ratio_of, f, -30, 30), 3.0);
    EXPECT_LE(worst<T>("x_over_expm1", ratio_of, f, -1e-3, 1e-3), 3.0);
    EXPECT_EQ(ratio_of(Scalar<T>(0))[0], T(1));
    EXPECT_EQ(ratio_of(Scalar<T>(T(-0.0)))[0], T(1));
    EXPECT_EQ(ratio_of(Scalar<T>(T(1000)))[0], T(0));
    EXPECT_EQ(ratio_of(Scalar<T>(T(-1000)))[0], T(1000));
}
TYPED_TEST(SimdMath, tanh_is_within_its_error) {
    using T = TypeParam;
    const auto f = [](ld x) { return std::tanh(x); };
    EXPECT_LE(worst<T>("tanh", tanh_of, f, -3, 3), 3.0);
    EXPECT_LE(worst<T>("tanh", tanh_of, f, -30, 30), 3.0);
    EXPECT_LE(worst<T>("tanh", tanh_of, f, 1e-30, 1, true), 3.0);
    EXPECT_EQ(tanh_of(Scalar<T>(infinity<T>))[0], T(1));
    EXPECT_EQ(tanh_of(Scalar<T>(-infinity<T>))[0], T(-1));
    EXPECT_EQ(tanh_of(Scalar<T>(0))[0], T(0));
}
TYPED_TEST(SimdMath, special_points) {
    using T = TypeParam;
    const auto e = [](T x) { return simd::exp(Scalar<T>(x))[0]; };
    const auto m = [](T x) { return simd::expm1(Scalar<T>(x))[0]; };
    const T high = sizeof(T) == 4 ? T(88.72) : T(709.78), low = sizeof(T) == 4 ? T(-86.6) : T(-707.7);
    EXPECT_EQ(e(0), T(1));
    EXPECT_EQ(e(T(-0.0)), T(1));
    EXPECT_EQ(m(0), T(0));
    EXPECT_EQ(e(infinity<T>), infinity<T>);
    EXPECT_EQ(m(infinity<T>), infinity<T>);
    EXPECT_EQ(e(-infinity<T>), T(0));
    EXPECT_EQ(m(-infinity<T>), T(-1));
    EXPECT_EQ(e(std::numeric_limits<T>::max()), infinity<T>);
    EXPECT_EQ(e(std::numeric_limits<T>::lowest()), T(0));
    EXPECT_LT(e(high), infinity<T>);
    EXPECT_GT(e(low), T(0));
    EXPECT_GE(e(low), std::numeric_limits<T>::min());
    EXPECT_EQ(e(low * T(1.001)), T(0));
    EXPECT_TRUE(std::isnan(e(std::numeric_limits<T>::quiet_NaN())));
    EXPECT_TRUE(std::isnan(m(std::numeric_limits<T>::quiet_NaN())));
}

template <class T, std::size_t N>
void expect_same_bits() {
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const Key key = make_key(2, Purpose::test, "simd_math");
    for (std::uint64_t i = 0; i < 20000; ++i) {
        T x[N];
        for (std::size_t k = 0; k < N; ++k) {
            const double u = open_unit(draw64(key, i, k));
            x[k] = static_cast<T>(i % 2 == 0 ? 20 * u - 10 : 1600 * u - 800);
            if (draw32(key, i, k + 100) % 64 == 0) x[k] = T(0);
        }
        const auto v = simd::vec<T, N>::load(x);
        for (std::size_t k = 0; k < N; ++k) {
            const Scalar<T> one(x[k]);
            const auto same = [](T a, T b) { return std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b); };
            ASSERT_TRUE(same(simd::exp(v)[k], simd::exp(one)[0])) << x[k];
            ASSERT_TRUE(same(simd::expm1(v)[k], simd::expm1(one)[0])) << x[k];
            ASSERT_TRUE(same(simd::x_over_expm1(v)[k], simd::x_over_expm1(one)[0])) << x[k];
            ASSERT_TRUE(same(simd::tanh(v)[k], simd::tanh(one)[0])) << x[k];
        }
    }
}
TYPED_TEST(SimdMath, every_width_gives_the_same_bits) {
    expect_same_bits<TypeParam, simd::native_width<TypeParam>>();
    expect_same_bits<TypeParam, 16 / sizeof(TypeParam)>();
}
TEST(SimdMathBits, are_those_of_every_machine) {
    // a hash over 10,000 results: what another compiler, architecture or width must give
    const Key key = make_key(3, Purpose::test, "simd_math");
    std::uint64_t in_double = 0, in_single = 0;
    for (std::uint64_t i = 0; i < 10000; ++i) {
        const double x = 100 * open_unit(draw64(key, 0, i)) - 50;
        const Scalar<double> d(x);
        const Scalar<float> f(static_cast<float>(x));
        in_double = mix64(in_double + std::bit_cast<std::uint64_t>(simd::exp(d)[0]));
        in_double = mix64(in_double + std::bit_cast<std::uint64_t>(simd::x_over_expm1(d)[0]));
        in_double = mix64(in_double + std::bit_cast<std::uint64_t>(simd::tanh(d)[0]));
        in_single = mix64(in_single + std::bit_cast<std::uint32_t>(simd::exp(f)[0]));
        in_single = mix64(in_single + std::bit_cast<std::uint32_t>(simd::x_over_expm1(f)[0]));
        in_single = mix64(in_single + std::bit_cast<std::uint32_t>(simd::tanh(f)[0]));
    }
    EXPECT_EQ(in_double, 8795037468054378582U);
    EXPECT_EQ(in_single, 17091034059956177169U);
}

TEST(SimdMathSingle, log_is_within_its_error) {
    const auto ours = [](auto x) { return simd::log(x); };
    const auto theirs = [](ld x) { return std::log(x); };
    EXPECT_LE(worst<float>("log", ours, theirs, 1e-37, 1e38, true), 1.0);
    EXPECT_LE(worst<float>("log", ours, theirs, 0.5, 2), 1.0);
    EXPECT_LE(worst<float>("log", ours, theirs, 0.999, 1.001), 1.0);
}
/// The logarithm's error of an ulp of y log x becomes a relative one: 1.1 + 2 |y log x| ulp are the bound.
TEST(SimdMathSingle, pow_is_within_its_error) {
    for (const float y : {0.02F, 0.4F, 0.5F, 1.5F}) {
        const auto ours = [&](auto x) { return simd::pow(x, Scalar<float>(y)); };
        const auto theirs = [&](ld x) { return std::pow(x, static_cast<ld>(y)); };
        EXPECT_LE(worst<float>("pow", ours, theirs, 1e-3, 1e3, true), 1.1 + 2.0 * static_cast<double>(y) * 6.91);
        EXPECT_LE(worst<float>("pow", ours, theirs, 0.9, 1.1), 2.0);
    }
    EXPECT_EQ(simd::pow(Scalar<float>(0.0F), Scalar<float>(0.4F))[0], 0.0F);
    EXPECT_EQ(simd::pow(Scalar<float>(1.0F), Scalar<float>(0.4F))[0], 1.0F);
}
TEST(SimdMathSingle, log_and_pow_have_the_same_bits_in_every_lane) {
    const Key key = make_key(2, Purpose::test, "lanes");
    for (std::uint64_t i = 0; i < 20000; i += 8) {
        float x[8];
        for (std::uint64_t j = 0; j < 8; ++j)
            x[j] = static_cast<float>(200.0 * open_unit(draw32(key, 0, i + j)));
        const auto wide_log = simd::log(simd::vec<float, 8>::load(x));
        const auto wide_pow = simd::pow(simd::vec<float, 8>::load(x), simd::vec<float, 8>(0.4F));
        for (std::size_t j = 0; j < 8; ++j) {
            ASSERT_EQ(std::bit_cast<std::uint32_t>(wide_log[j]),
                      std::bit_cast<std::uint32_t>(simd::log(Scalar<float>(x[j]))[0]));
            ASSERT_EQ(std::bit_cast<std::uint32_t>(wide_pow[j]),
                      std::bit_cast<std::uint32_t>(simd::pow(Scalar<float>(x[j]), Scalar<float>(0.4F))[0]));
        }
    }
}

} // namespace
} // namespace spikecast
