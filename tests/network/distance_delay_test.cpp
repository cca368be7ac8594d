#include "engine/network/distance_delay.hpp"

#include "spikecast/error.hpp"
#include "spikecast/random.hpp"
#include "tests/core/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace {

using namespace spikecast;
using Outside = Distribution::Outside;

constexpr double h = 0.1, slope = 1e-3; // ms, ms/um
constexpr std::size_t draws = 400'000;

/// P(X <= x), by libm: the law before it is bounded.
double cdf(const Distribution& law, double x) {
    switch (law.kind) {
    case Distribution::Kind::normal:
        return 0.5 * std::erfc(-(x - law.a) / law.b * std::sqrt(0.5));
    case Distribution::Kind::lognormal:
        return x > 0.0 ? 0.5 * std::erfc(-(std::log(x) - law.a) / law.b * std::sqrt(0.5)) : 0.0;
    case Distribution::Kind::exponential:
        return x > 0.0 ? -std::expm1(-x / law.a) : 0.0;
    default:
        return std::clamp((x - law.a) / (law.b - law.a), 0.0, 1.0);
    }
}

/// How often each number of steps is drawn; what is longer counts as the last.
std::vector<double> drawn(const DistanceDelay& delay, double distance, std::size_t steps) {
    std::vector<double> count(steps + 1, 0.0);
    const Key key = make_key(7, Purpose::test, "distance_delay");
    for (std::uint64_t i = 0; i < draws; ++i)
        count[std::min<std::size_t>(delay(draw32(key, 0, i), distance), steps)] += 1.0;
    return count;
}

/// The same numbers expected from `chance(from, to)`, the probability of a drawn part in an interval.
template <class Chance>
std::vector<double> expected(double distance, std::size_t steps, Chance&& chance) {
    std::vector<double> count(steps + 1, 0.0);
    for (std::size_t s = 1; s <= steps; ++s) {
        const double from = (static_cast<double>(s) - 0.5) * h - slope * distance;
        const double to = s == steps ? 1e300 : from + h;
        count[s] = static_cast<double>(draws) * chance(s == 1 ? -1e300 : from, to);
    }
    return count;
}

void expect_law(const std::vector<double>& count, const std::vector<double>& law) {
    const statistics::ChiSquare chi = statistics::chi_square(count, law);
    EXPECT_LT(chi.value, statistics::chi_square_1e_6(std::max(chi.freedom, 3.0)));
}

const Distribution laws[] = {
    Distribution::normal(0.2, 0.3),
    Distribution::normal(-0.5, 0.2),
    Distribution::uniform(-0.3, 0.4),
    Distribution::lognormal(-2.5, 0.8),
    Distribution::exponential(0.1),
    Distribution::normal(1.0, 0.1),
    Distribution::normal(0.2, 0.3).within(0.0, 0.6),
};

TEST(DistanceDelay, redrawn_parts_follow_the_law_on_condition_that_the_sum_reaches_half_a_step) {
    constexpr std::size_t steps = 12;
    for (const Distribution& law : laws) {
        const DistanceDelay delay({law, slope}, h);
        for (const double distance : {0.0, 20.0, 60.0, 300.0}) {
            const double low = std::max({law.low, 0.5 * h - slope * distance, -1e300});
            const double high = std::min(law.high, 1e300);
            const double all = cdf(law, high) - cdf(law, low);
            expect_law(drawn(delay, distance, steps), expected(distance, steps, [&](double from, double to) {
                           from = std::clamp(from, low, high);
                           to = std::clamp(to, low, high);
                           return (cdf(law, to) - cdf(law, from)) / all;
                       }));
        }
    }
}

TEST(DistanceDelay, clipped_sums_are_one_step) {
    constexpr std::size_t steps = 12;
    for (Distribution law : laws) {
        law.outside = Outside::clip;
        const DistanceDelay delay({law, slope}, h);
        for (const double distance : {0.0, 20.0, 60.0}) {
            // A clipped law has points of probability at its bounds.
            const auto below = [&](double x) { return x < law.low ? 0.0 : x >= law.high ? 1.0 : cdf(law, x); };
            expect_law(drawn(delay, distance, steps),
                       expected(distance, steps, [&](double from, double to) { return below(to) - below(from); }));
        }
    }
}

TEST(DistanceDelay, far_pairs_take_the_plain_draw) {
    const Distribution law = Distribution::uniform(0.0, 1.0);
    const Sampler plain(law);
    const DistanceDelay delay({law, slope}, h);
    for (const std::uint32_t word : {0U, 99U, 0x8000'0000U, 0xffff'ffffU})
        EXPECT_EQ(delay(word, 500.0), std::lround((plain(word) + 0.5) / h));
}

TEST(DistanceDelay, stays_within_its_bounds) {
    for (const Distribution& law : laws) {
        for (const Outside outside : {Outside::redraw, Outside::clip}) {
            Distribution with = law;
            with.outside = outside;
            const DistanceDelay delay({with, slope}, h);
            for (const double distance : {0.0, 30.0, 500.0})
                for (const std::uint32_t word : {0U, 1U, 0x8000'0000U, 0xffff'ffffU}) {
                    EXPECT_GE(delay(word, distance), delay.shortest());
                    EXPECT_LE(delay(word, distance), delay.longest(500.0));
                }
        }
    }
}

TEST(DistanceDelay, refuses_laws_that_nothing_is_left_of) {
    EXPECT_THROW(DistanceDelay({Distribution::uniform(0.0, 0.04), slope}, h), InputError);
    EXPECT_THROW(DistanceDelay({Distribution::normal(0.0, 1e-3), slope}, h), InputError);
    EXPECT_THROW(DistanceDelay({Distribution::exponential(0.1).within(0.0, 0.04), slope}, h), InputError);
    EXPECT_NO_THROW(DistanceDelay({Distribution::exponential(0.1).within(0.0, 0.04, Outside::clip), slope}, h));
}

} // namespace
