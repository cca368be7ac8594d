// The functions against long double libm (64-bit mantissa: its own error is about 2^-11 ulp of a double) over random
// arguments, and at special points. The bounds are the errors that docs/reproducibility.md states, in ulp of a double.
#include "spikecast/math.hpp"
#include "spikecast/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

namespace {

using namespace spikecast;
using ld = long double;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// |got - expected| in units of the spacing of doubles at the expected value.
double ulps(double got, ld expected) {
    int exponent = 0;
    std::frexp(static_cast<double>(expected), &exponent);
    const ld ulp = std::ldexp(ld{1}, std::max(exponent - 53, -1074));
    return static_cast<double>(std::fabs(static_cast<ld>(got) - expected) / ulp);
}

struct Worst {
    double error = 0.0, at = 0.0;
};

/// The largest error over `count` arguments uniform in [low, high], or log-uniform.
template <class Ours, class Theirs>
Worst worst(Ours ours, Theirs theirs, double low, double high, bool logarithmic = false, int count = 200000) {
    const Key key = make_key(1, Purpose::test, "math");
    Worst w;
    for (int i = 0; i < count; ++i) {
        const double u = open_unit(draw64(key, 0, static_cast<std::uint64_t>(i)));
        const double x =
            logarithmic ? std::exp(std::log(low) + u * (std::log(high) - std::log(low))) : low + u * (high - low);
        const double e = ulps(ours(x), theirs(static_cast<ld>(x)));
        if (!(e <= w.error)) {
            w = {e, x};
        }
    }
    return w;
}

#define EXPECT_ULP(measured, bound)                                                                                    \
    do {                                                                                                               \
        const Worst w_ = (measured);                                                                                   \
        EXPECT_LE(w_.error, bound) << "at " << std::hexfloat << w_.at;                                                 \
        RecordProperty("line_" + std::to_string(__LINE__), std::to_string(w_.error));                                  \
        if (std::getenv("SPIKECAST_SHOW_ULP") != nullptr) {                                                            \
            std::printf("%-30s line %d: %.3f ulp at %.17g\n",                                                          \
                        ::testing::UnitTest::GetInstance()->current_test_info()->name(), __LINE__, w_.error, w_.at);   \
        }                                                                                                              \
    } while (false)

TEST(Math, exp_is_within_its_error) {
    const auto f = [](ld x) { return std::exp(x); };
    EXPECT_ULP(worst(math::exp, f, -1.0, 1.0), 0.65);
    EXPECT_ULP(worst(math::exp, f, -708.0, 709.7), 0.65);
    EXPECT_ULP(worst(math::exp, f, -745.0, -708.0), 1.1); // subnormal: a second rounding
    EXPECT_ULP(worst(math::exp, f, 1e-20, 1e-3, true), 0.65);
}
TEST(Math, exp_special_points) {
    EXPECT_EQ(math::exp(0.0), 1.0);
    EXPECT_EQ(math::exp(-0.0), 1.0);
    EXPECT_EQ(math::exp(-infinity), 0.0);
    EXPECT_EQ(math::exp(infinity), infinity);
    EXPECT_EQ(math::exp(-745.3), 0.0);
    EXPECT_EQ(math::exp(709.79), infinity);
    EXPECT_LT(math::exp(709.78), infinity);
    EXPECT_EQ(math::exp(-745.1), std::numeric_limits<double>::denorm_min());
    EXPECT_TRUE(std::isnan(math::exp(std::nan(""))));
}
TEST(Math, sin_turns_is_within_its_error) {
    // The reference takes the same exact fraction of a turn, folded to where long double sine is accurate.
    const auto f = [](ld x) {
        const ld turn = x - std::nearbyint(x), pi = 3.14159265358979323846264338327950288L;
        const ld size = std::fabs(turn), folded = size > 0.25L ? 0.5L - size : size;
        const ld y = folded > 0.125L ? std::cos(2 * pi * (0.25L - folded)) : std::sin(2 * pi * folded);
        return turn < 0 ? -y : y;
    };
    EXPECT_ULP(worst(math::sin_turns, f, -0.5, 0.5), 0.95);
    EXPECT_ULP(worst(math::sin_turns, f, -1000.0, 1000.0), 0.95);
    EXPECT_ULP(worst(math::sin_turns, f, 1e-300, 1e-3, true), 0.95);
    EXPECT_ULP(worst(math::sin_turns, f, 1e3, 1e15, true), 0.95);
}
TEST(Math, sin_turns_special_points) {
    for (const double turns : {0.0, 1.0, -3.0, 1e15, 0x1p53, 0x1p60, 0x1p1000})
        EXPECT_EQ(math::sin_turns(turns), 0.0) << turns;
    for (const double turns : {0.0, 7.0, -12.0, 1e12}) {
        EXPECT_EQ(math::sin_turns(turns + 0.25), 1.0) << turns;
        EXPECT_EQ(math::sin_turns(turns + 0.5), 0.0) << turns;
        EXPECT_EQ(math::sin_turns(turns - 0.25), -1.0) << turns;
    }
    EXPECT_EQ(math::sin_turns(0x1p51 + 0.5), 0.0);
    EXPECT_TRUE(std::signbit(math::sin_turns(-0.0)));
    EXPECT_DOUBLE_EQ(math::sin_turns(1.0 / 12.0), 0.5);
    EXPECT_TRUE(std::isnan(math::sin_turns(infinity)));
    EXPECT_TRUE(std::isnan(math::sin_turns(std::nan(""))));
}
TEST(Math, expm1_is_within_its_error) {
    const auto f = [](ld x) { return std::expm1(x); };
    EXPECT_ULP(worst(math::expm1, f, -1.5, 1.5), 1.1);
    EXPECT_ULP(worst(math::expm1, f, -45.0, 709.7), 1.1);
    EXPECT_ULP(worst(math::expm1, f, 1e-300, 1.0, true), 1.1);
    EXPECT_ULP(worst([](double x) { return math::expm1(-x); }, [](ld x) { return std::expm1(-x); }, 1e-20, 1.0, true),
               1.1);
    EXPECT_EQ(math::expm1(0.0), 0.0);
    EXPECT_EQ(math::expm1(-infinity), -1.0);
    EXPECT_EQ(math::expm1(infinity), infinity);
}
TEST(Math, log_is_within_its_error) {
    const auto f = [](ld x) { return std::log(x); };
    EXPECT_ULP(worst(math::log, f, 0.5, 2.0), 0.95);
    EXPECT_ULP(worst(math::log, f, 0.999, 1.001), 1.0);
    EXPECT_ULP(worst(math::log, f, 1e-307, 1e307, true), 1.0);
    EXPECT_ULP(worst(math::log, f, 5e-324, 1e-300, true), 1.0);
    EXPECT_EQ(math::log(1.0), 0.0);
    EXPECT_EQ(math::log(0.0), -infinity);
    EXPECT_EQ(math::log(infinity), infinity);
    EXPECT_TRUE(std::isnan(math::log(-1.0)));
}
TEST(Math, log1p_is_within_its_error) {
    const auto f = [](ld x) { return std::log1p(x); };
    EXPECT_ULP(worst(math::log1p, f, -0.999, 2.0), 1.0);
    EXPECT_ULP(worst(math::log1p, f, 1e-300, 1e300, true), 1.0);
    EXPECT_ULP(
        worst([](double x) { return math::log1p(-x); }, [](ld x) { return std::log1p(-x); }, 1e-20, 0.99999, true),
        1.0);
    EXPECT_EQ(math::log1p(0.0), 0.0);
    EXPECT_EQ(math::log1p(-1.0), -infinity);
}
TEST(Math, pow_is_within_its_error) {
    for (const double y : {0.5, -0.5, 2.0, 3.0, -7.3, 33.3, 1e-3, 100.0}) {
        EXPECT_ULP(worst([y](double x) { return math::pow(x, y); },
                         [y](ld x) { return std::pow(x, static_cast<ld>(y)); }, 1e-3, 1e3, true, 50000),
                   0.8);
    }
    // Near 1 with a large exponent the logarithm must be right to 2^-60 relative.
    EXPECT_ULP(worst([](double x) { return math::pow(x, 1e9); }, [](ld x) { return std::pow(x, ld{1e9}); }, 1.0 - 6e-7,
                     1.0 + 6e-7),
               0.8);
    EXPECT_EQ(math::pow(3.0, 0.0), 1.0);
    EXPECT_EQ(math::pow(1.0, 1e300), 1.0);
    EXPECT_EQ(math::pow(2.0, 10.0), 1024.0);
    EXPECT_EQ(math::pow(2.0, 1024.0), infinity);
    EXPECT_EQ(math::pow(2.0, -1080.0), 0.0);
    EXPECT_EQ(math::pow(2.0, 1e300), infinity);
    EXPECT_EQ(math::pow(0.0, 2.0), 0.0);
    EXPECT_EQ(math::pow(0.0, -2.0), infinity);
}
TEST(Math, lgamma_is_within_its_error) {
    const auto f = [](ld x) { return std::lgamma(x); };
    EXPECT_ULP(worst(math::lgamma, f, 1e-10, 0.5, true), 3.0);
    EXPECT_ULP(worst(math::lgamma, f, 0.5, 3.0), 8.0); // relative to the result, zeros at 1 and 2 included
    EXPECT_ULP(worst(math::lgamma, f, 3.0, 20.0), 3.0);
    EXPECT_ULP(worst(math::lgamma, f, 20.0, 1e15, true), 3.0);
    EXPECT_EQ(math::lgamma(1.0), 0.0);
    EXPECT_EQ(math::lgamma(2.0), 0.0);
}
TEST(Math, erfc_is_within_its_error) {
    const auto f = [](ld x) { return std::erfc(x); };
    EXPECT_ULP(worst(math::erfc, f, -6.0, 0.5), 2.5);
    EXPECT_ULP(worst(math::erfc, f, 0.5, 6.0), 5.0);
    EXPECT_ULP(worst(math::erfc, f, 6.0, 26.5), 5.5);
    EXPECT_EQ(math::erfc(0.0), 1.0);
    EXPECT_EQ(math::erfc(infinity), 0.0);
    EXPECT_EQ(math::erfc(-infinity), 2.0);
}
TEST(Math, normal_cdf_is_within_its_error) {
    const auto f = [](ld z) { return std::erfc(-z * std::sqrt(ld{0.5})) / 2; };
    EXPECT_ULP(worst(math::normal_cdf, f, -37.5, -1.0), 5.0);
    EXPECT_ULP(worst(math::normal_cdf, f, -1.0, 9.0), 5.0);
    EXPECT_EQ(math::normal_cdf(0.0), 0.5);
    EXPECT_EQ(math::normal_cdf(-infinity), 0.0);
    EXPECT_EQ(math::normal_cdf(infinity), 1.0);
}
/// The relative error of z as a quantile of p: (Phi(z) - p) / (phi(z) z), with Phi in long double.
TEST(Math, normal_quantile_inverts_the_distribution_function) {
    const Key key = make_key(1, Purpose::test, "quantile");
    double largest = 0.0;
    for (std::uint64_t i = 0; i < 400000; ++i) {
        const double u = open_unit(draw64(key, 0, i));
        // A quarter each: central, lower tail to the smallest normal number, upper tail, around 1/2.
        const double p = i % 4 == 0   ? u
                         : i % 4 == 1 ? std::exp(-700.0 * u)
                         : i % 4 == 2 ? 1.0 - std::exp(-30.0 * u) * 0.5
                                      : 0.5 + (u - 0.5) * 1e-6;
        if (!(p > 0.0 && p < 1.0) || p == 0.5) {
            continue;
        }
        const ld z = math::normal_quantile(p);
        const ld sign = z > 0 ? -1 : 1;
        const ld q = z > 0 ? 1 - static_cast<ld>(p) : static_cast<ld>(p); // exact in long double
        const ld density = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(ld{-1}));
        // Around 1/2 as erf, which doesn't cancel there.
        const ld residual = std::fabs(z) < 0.1L ? std::erf(z * std::sqrt(ld{0.5})) / 2 - (static_cast<ld>(p) - 0.5L)
                                                : sign * (std::erfc(std::fabs(z) * std::sqrt(ld{0.5})) / 2 - q);
        largest = std::max(largest, static_cast<double>(std::fabs(residual / (density * z))));
    }
    RecordProperty("largest_relative_error", std::to_string(largest));
    if (std::getenv("SPIKECAST_SHOW_ULP") != nullptr) {
        std::printf("normal_quantile: relative error %.3g\n", largest);
    }
    EXPECT_LE(largest, 2e-15);
    EXPECT_EQ(math::normal_quantile(0.5), 0.0);
    EXPECT_EQ(math::normal_quantile(0.0), -infinity);
    EXPECT_EQ(math::normal_quantile(1.0), infinity);
    EXPECT_EQ(math::normal_quantile(0.25), -math::normal_quantile(0.75));
}

} // namespace
