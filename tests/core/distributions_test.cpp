#include "spikecast/distributions.hpp"

#include "spikecast/error.hpp"
#include "tests/core/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace {

using namespace spikecast;
using namespace spikecast::statistics;
using ld = long double;
using Outside = Distribution::Outside;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr ld root_half = 0.707106781186547524400844362104849039L;

/// P(X <= x) of the law without its bounds, by long double libm.
ld cdf(const Distribution& law, ld x) {
    const ld a = law.a, b = law.b;
    switch (law.kind) {
    case Distribution::Kind::constant:
        return x >= a ? 1 : 0;
    case Distribution::Kind::uniform:
        return std::clamp((x - a) / (b - a), ld{0}, ld{1});
    case Distribution::Kind::normal:
        return std::erfc(-(x - a) / b * root_half) / 2;
    case Distribution::Kind::lognormal:
        return x > 0 ? std::erfc(-(std::log(x) - a) / b * root_half) / 2 : 0;
    case Distribution::Kind::exponential:
        return x > 0 ? -std::expm1(-x / a) : 0;
    }
    return 0;
}

const std::vector<Distribution>& laws() {
    static const std::vector<Distribution> all{
        Distribution::constant(3.0),
        Distribution::uniform(-1.0, 5.0),
        Distribution::normal(1.5, 0.75),
        Distribution::lognormal(0.3, 0.5),
        Distribution::exponential(2.0),
        Distribution::uniform(-1.0, 5.0).within(0.0, 2.0),
        Distribution::normal(1.5, 0.75).within(0.05, infinity),
        Distribution::normal(1.5, 0.75).within(-infinity, 1.0),
        Distribution::normal(0.0, 1.0).within(2.0, 8.0),
        Distribution::normal(0.0, 1.0).within(7.0, infinity),
        Distribution::normal(0.0, 1.0).within(-infinity, -7.0),
        Distribution::lognormal(0.3, 0.5).within(1.0, 3.0),
        Distribution::exponential(2.0).within(0.5, 3.0),
        Distribution::exponential(2.0).within(40.0, infinity),
        Distribution::uniform(-1.0, 5.0).within(4.0, 9.0),
        Distribution::uniform(-1.0, 5.0).within(-0.5, 4.0),
        Distribution::normal(0.5, 1.0).within(-1.0, 2.0),
    };
    return all;
}

std::vector<std::uint32_t> words(std::size_t count, const char* name = "words") {
    std::vector<std::uint32_t> out((count + 3) / 4 * 4);
    philox_fill(make_key(3, Purpose::test, name), 0, 0, out);
    out.resize(count);
    return out;
}

TEST(Sampler, fill_equals_single_numbers_bit_for_bit) {
    for (Distribution law : laws()) {
        for (const Outside outside : {Outside::redraw, Outside::clip}) {
            law.outside = outside;
            const Sampler sampler(law);
            for (const std::size_t size : {1U, 7U, 511U, 512U, 513U, 5000U}) {
                auto w = words(size);
                w.front() = 0;
                w.back() = ~std::uint32_t{0};
                std::vector<double> out(size);
                sampler.fill(w, out);
                for (std::size_t j = 0; j < size; ++j) {
                    ASSERT_EQ(std::bit_cast<std::uint64_t>(out[j]), std::bit_cast<std::uint64_t>(sampler(w[j])))
                        << "word " << w[j] << " of law " << static_cast<int>(law.kind);
                }
            }
        }
    }
}

// The error of x, carried over to probabilities, must stay far below the 2^-32 that separates two words. 1e-13 bounds
// the rounding of u (2^-53) and of x (a few 2^-53, times a density of order 1), relative to the mass inside the bounds.
TEST(Sampler, inverts_the_truncated_distribution_function) {
    for (const Distribution& law : laws()) {
        if (law.is_constant()) {
            continue;
        }
        const Sampler sampler(law);
        // Far tails by symmetry: P(X > x) as P(-X <= -x), which keeps its digits.
        const bool upper = law.kind == Distribution::Kind::normal && law.low >= law.a;
        const Distribution mirrored = Distribution::normal(-law.a, law.b);
        const auto mass = [&](ld x) -> ld {
            if (law.kind == Distribution::Kind::exponential) {
                return std::exp(-std::max(ld{law.low}, ld{0}) / law.a) - std::exp(-x / law.a);
            }
            return upper ? cdf(mirrored, -ld{law.low}) - cdf(mirrored, -x) : cdf(law, x) - cdf(law, law.low);
        };
        const ld all = mass(law.high);
        for (const std::uint32_t w : words(2000)) {
            const double x = sampler(w);
            ASSERT_NEAR(static_cast<double>(mass(x) / all), open_unit(w), 1e-13)
                << "law " << static_cast<int>(law.kind) << " on [" << law.low << ", " << law.high << "], x = " << x;
        }
    }
}

TEST(Sampler, clips_to_the_bounds) {
    const Sampler sampler(Distribution::normal(0.0, 1.0).within(-0.5, 1.0, Outside::clip));
    const Sampler whole(Distribution::normal(0.0, 1.0));
    for (const std::uint32_t w : words(1000)) {
        EXPECT_EQ(sampler(w), std::clamp(whole(w), -0.5, 1.0));
    }
    EXPECT_EQ(sampler.lowest(), -0.5);
    EXPECT_EQ(sampler.highest(), 1.0);
    EXPECT_EQ(Sampler(Distribution::uniform(0.0, 1.0).within(2.0, 3.0, Outside::clip))(7), 2.0);
    EXPECT_EQ(Sampler(Distribution::uniform(0.0, 1.0).within(-3.0, -2.0, Outside::clip))(7), -2.0);
    EXPECT_EQ(Sampler(Distribution::constant(5.0).within(0.0, 2.0, Outside::clip))(7), 2.0);
}

TEST(Sampler, stays_between_lowest_and_highest) {
    for (const Distribution& law : laws()) {
        const Sampler sampler(law);
        EXPECT_GE(sampler.lowest(), law.low);
        EXPECT_LE(sampler.highest(), law.high);
        EXPECT_TRUE(std::isfinite(sampler.lowest()) && std::isfinite(sampler.highest()));
        for (const std::uint32_t w : words(5000)) {
            ASSERT_GE(sampler(w), sampler.lowest());
            ASSERT_LE(sampler(w), sampler.highest());
        }
    }
    EXPECT_NEAR(Sampler(Distribution::normal(0.0, 1.0)).highest(), 6.3379, 1e-4); // Phi^-1(1 - 2^-33)
    // a + (b - a) u rounds to b here, which a <= x < b leaves out.
    EXPECT_LT(Sampler(Distribution::uniform(1e9, 1e9 + 1e-6)).highest(), 1e9 + 1e-6);
}

// The mean over words at the centres of 2^16 equal intervals, by the midpoint rule: its error is that of the outermost
// intervals, below 2^-16 * 2 * (range of one of them) = 2^-15 * 2 for all the laws here.
TEST(Sampler, at_least_is_the_law_with_a_higher_bound) {
    for (const Distribution& law : laws()) {
        if (law.is_constant() || law.outside == Outside::clip) continue;
        const Sampler sampler(law);
        for (const std::uint32_t cut : {0x1000U, 0x4000'0000U, 0xc000'0000U, 0xfff0'0000U}) {
            const double low = sampler(cut);
            const Sampler bounded(law.within(low, law.high));
            for (const std::uint32_t word : {0U, 1U, 0x7fff'ffffU, 0xfedc'ba98U, 0xffff'ffffU})
                // A uniform law ends at the number before b, which moves the mapping by one ulp.
                EXPECT_NEAR(sampler.at_least(low, word), bounded(word), 1e-15 * std::max(1.0, std::abs(bounded(word))));
        }
        const double below = std::max(law.low, -1e300);
        EXPECT_EQ(sampler.at_least(below, 12345U), sampler(12345U));
        EXPECT_EQ(sampler.at_least(-infinity, 12345U), sampler(12345U));
    }
}

TEST(Sampler, mean_is_the_mean_of_what_it_gives) {
    for (Distribution law : laws()) {
        for (const Outside outside : {Outside::redraw, Outside::clip}) {
            law.outside = outside;
            const Sampler sampler(law);
            double sum = 0.0, positive = 0.0;
            for (std::uint32_t i = 0; i < 65536; ++i) {
                sum += sampler(i << 16 | 0x8000U);
                positive += std::max(sampler(i << 16 | 0x8000U), 0.0);
            }
            EXPECT_NEAR(positive / 65536, sampler.positive_mean(), 6.2e-5)
                << "law " << static_cast<int>(law.kind) << " on [" << law.low << ", " << law.high << "]";
            EXPECT_NEAR(sum / 65536, sampler.mean(), 6.2e-5)
                << "law " << static_cast<int>(law.kind) << " on [" << law.low << ", " << law.high << "]";
        }
    }
}

TEST(Sampler, refuses_laws_without_meaning) {
    EXPECT_THROW(Sampler(Distribution::normal(0.0, -1.0)), InputError);
    EXPECT_THROW(Sampler(Distribution::normal(0.0, std::nan(""))), InputError);
    EXPECT_THROW(Sampler(Distribution::uniform(2.0, 1.0)), InputError);
    EXPECT_THROW(Sampler(Distribution::uniform(0.0, 1.0).within(2.0, 3.0)), InputError);
    EXPECT_THROW(Sampler(Distribution::normal(0.0, 1.0).within(3.0, 2.0)), InputError);
    EXPECT_THROW(Sampler(Distribution::normal(0.0, 1.0).within(50.0, 60.0)), InputError);
    EXPECT_THROW(Sampler(Distribution::constant(1.0).within(2.0, 3.0)), InputError);
    EXPECT_EQ(Sampler(Distribution::normal(2.0, 0.0))(123), 2.0);
    EXPECT_EQ(Sampler(Distribution::exponential(0.0))(123), 0.0);
}

/// The number of words that give `value`.
ld word_count(const DiscreteSampler& sampler, std::uint32_t value) {
    const auto t = sampler.thresholds();
    const std::size_t i = value - sampler.low();
    const ld from = i == 0 ? ld{0} : ld{static_cast<double>(t[i - 1])};
    const ld to = i == t.size() ? 0x1p32L : ld{static_cast<double>(t[i])};
    return to - from;
}

void expect_search_finds_every_threshold(const DiscreteSampler& sampler) {
    const auto t = sampler.thresholds();
    std::vector<std::uint32_t> probes = words(2000);
    probes.push_back(0);
    probes.push_back(~std::uint32_t{0});
    for (const std::uint32_t x : t) {
        probes.push_back(x - 1);
        probes.push_back(x);
        probes.push_back(x + 1);
    }
    std::vector<std::uint32_t> filled(probes.size());
    sampler.fill(probes, filled);
    for (std::size_t j = 0; j < probes.size(); ++j) {
        const auto expected =
            sampler.low() + static_cast<std::uint32_t>(std::upper_bound(t.begin(), t.end(), probes[j]) - t.begin());
        ASSERT_EQ(sampler(probes[j]), expected);
        ASSERT_EQ(filled[j], expected);
    }
    EXPECT_EQ(sampler(0), sampler.low());
    EXPECT_EQ(sampler(~std::uint32_t{0}), sampler.high());
}

// Two rounded thresholds enclose a value: its number of words is within 1 of the exact one, plus rounding.
TEST(DiscreteSampler, redrawn_delays_have_the_probabilities_of_rounding) {
    for (const Distribution& law :
         {Distribution::normal(1.5, 0.75), Distribution::normal(0.8, 0.4), Distribution::lognormal(0.0, 0.7),
          Distribution::exponential(0.5), Distribution::uniform(0.3, 2.2),
          Distribution::normal(1.5, 0.75).within(0.42, 2.0)}) {
        const DiscreteSampler sampler = DiscreteSampler::delays(law, 0.1);
        const ld low = std::max(0.05, law.low), high = law.high;
        const ld all = cdf(law, high) - cdf(law, low);
        EXPECT_GE(sampler.low(), 1U);
        for (std::uint32_t s = sampler.low(); s <= sampler.high(); ++s) {
            const ld from = std::max((s - 0.5L) * 0.1L, low), to = std::min((s + 0.5L) * 0.1L, high);
            ASSERT_NEAR(static_cast<double>(word_count(sampler, s)),
                        static_cast<double>((cdf(law, to) - cdf(law, from)) / all * 0x1p32L), 1.01)
                << "step " << s;
        }
        expect_search_finds_every_threshold(sampler);
    }
}

TEST(DiscreteSampler, clipped_delays_gather_at_the_bounds) {
    const Distribution law = Distribution::normal(1.5, 0.75).within(-infinity, infinity, Outside::clip);
    const DiscreteSampler sampler = DiscreteSampler::delays(law, 0.1);
    EXPECT_EQ(sampler.low(), 1U);
    EXPECT_NEAR(static_cast<double>(word_count(sampler, 1)), static_cast<double>(cdf(law, 0.15L) * 0x1p32L), 1.0);
    EXPECT_NEAR(static_cast<double>(word_count(sampler, 2)),
                static_cast<double>((cdf(law, 0.25L) - cdf(law, 0.15L)) * 0x1p32L), 1.01);
    const DiscreteSampler both = DiscreteSampler::delays(law.within(0.5, 2.0, Outside::clip), 0.1);
    EXPECT_EQ(both.low(), 5U);
    EXPECT_EQ(both.high(), 20U);
    EXPECT_NEAR(static_cast<double>(word_count(both, 5)), static_cast<double>(cdf(law, 0.55L) * 0x1p32L), 1.0);
    EXPECT_NEAR(static_cast<double>(word_count(both, 20)), static_cast<double>((1 - cdf(law, 1.95L)) * 0x1p32L), 1.0);
    expect_search_finds_every_threshold(both);
}

TEST(DiscreteSampler, constant_delays_have_one_value) {
    const DiscreteSampler sampler = DiscreteSampler::delays(Distribution::constant(1.5), 0.1);
    EXPECT_EQ(sampler.low(), 15U);
    EXPECT_EQ(sampler.high(), 15U);
    EXPECT_TRUE(sampler.thresholds().empty());
    EXPECT_EQ(sampler(0), 15U);
    EXPECT_EQ(sampler(~std::uint32_t{0}), 15U);
    std::vector<std::uint32_t> out(5);
    sampler.fill(words(5), out);
    EXPECT_EQ(out, std::vector<std::uint32_t>(5, 15U));
    EXPECT_EQ(DiscreteSampler::delays(Distribution::constant(0.0).within(0.0, 9.0, Outside::clip), 0.1).high(), 1U);
}

TEST(DiscreteSampler, refuses_delays_that_cannot_be) {
    EXPECT_THROW((void)DiscreteSampler::delays(Distribution::constant(0.01), 0.1), InputError);
    EXPECT_THROW((void)DiscreteSampler::delays(Distribution::uniform(-2.0, -1.0), 0.1), InputError);
    EXPECT_THROW((void)DiscreteSampler::delays(Distribution::normal(1.0, 0.1).within(0.0, 0.01), 0.1), InputError);
    EXPECT_THROW((void)DiscreteSampler::delays(Distribution::uniform(0.0, 1e5), 0.1), InputError);
    EXPECT_THROW((void)DiscreteSampler::delays(Distribution::constant(1.0), 0.0), InputError);
    EXPECT_EQ(DiscreteSampler::delays(Distribution::uniform(0.0, 6000.0), 0.1).high(), 60000U);
}

TEST(DiscreteSampler, poisson_has_its_probabilities) {
    for (const double mean : {0.0, 1e-6, 0.3, 2.0, 47.5, 1000.0, 1e6}) {
        const DiscreteSampler sampler = DiscreteSampler::poisson(mean);
        for (std::uint32_t k = sampler.low(); k <= sampler.high(); ++k) {
            const ld p = mean > 0.0 ? std::exp(k * std::log(ld{mean}) - ld{mean} - std::lgamma(ld{1} + k)) : ld{1};
            // lgamma(1e6) = 1.3e7 in long double has an error of 1e-12, far below 1 in 2^32.
            ASSERT_NEAR(static_cast<double>(word_count(sampler, k)), static_cast<double>(p * 0x1p32L), 1.01) << mean;
        }
        expect_search_finds_every_threshold(sampler);
    }
    EXPECT_THROW((void)DiscreteSampler::poisson(-1.0), InputError);
    EXPECT_THROW((void)DiscreteSampler::poisson(2e6), InputError);
}

// Each of the following chi-square tests fails for a correct generator with probability 1e-6.
TEST(Binomial, has_its_probabilities) {
    struct Case {
        std::uint64_t n;
        double p;
    };
    const Key key = make_key(5, Purpose::test, "binomial");
    constexpr std::uint64_t trials = 200000;
    std::uint64_t neuron = 0;
    for (const Case c : {Case{1, 0.3}, Case{7, 0.5}, Case{40, 0.1}, Case{19, 0.5}, Case{20, 0.5}, Case{25, 0.45},
                         Case{100, 0.12}, Case{100, 0.88}, Case{1000, 0.5}, Case{100000, 1e-4}, Case{100000, 1.1e-4}}) {
        std::vector<double> observed(c.n + 1), expected(c.n + 1);
        for (std::uint64_t i = 0; i < trials; ++i) {
            const std::uint64_t k = binomial(key, neuron++, 0, c.n, c.p);
            ASSERT_LE(k, c.n);
            observed[k] += 1.0;
        }
        const ld n = static_cast<ld>(c.n), p = c.p;
        for (std::uint64_t k = 0; k <= c.n; ++k) {
            const ld x = static_cast<ld>(k);
            expected[k] =
                static_cast<double>(trials * std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) +
                                                      x * std::log(p) + (n - x) * std::log1p(-p)));
        }
        const ChiSquare chi = chi_square(observed, expected);
        EXPECT_LT(chi.value, chi_square_1e_6(chi.freedom)) << "n = " << c.n << ", p = " << c.p;
    }
}

/// Numbers with a mean and deviation so large that they are normal to within 1 / deviation: z scores in 64 cells of
/// equal probability (chi-square), mean and variance, each failing for a correct generator with probability 1e-6.
void expect_normal(const std::vector<double>& z, const std::string& what) {
    const auto n = static_cast<double>(z.size());
    std::vector<double> observed(64), expected(64, n / 64);
    double sum = 0.0, squares = 0.0;
    for (const double x : z) {
        observed[static_cast<std::size_t>(std::erfc(-x * std::sqrt(0.5)) * 32.0)] += 1.0;
        sum += x;
        squares += x * x;
    }
    const ChiSquare chi = chi_square(observed, expected);
    EXPECT_LT(chi.value, chi_square_1e_6(chi.freedom)) << what;
    EXPECT_LT(std::fabs(sum / n) * std::sqrt(n), z_two_sided_1e_6) << what;
    EXPECT_LT(std::fabs(squares / n - 1.0) * std::sqrt(n / 2.0), z_two_sided_1e_6) << what;
}

TEST(Binomial, holds_to_a_million_billion) {
    const Key key = make_key(6, Purpose::test, "binomial");
    for (const double p : {0.5, 0.1, 0.9, 1e-6, 1.0 / 3.0}) {
        const double n = 1e15;
        // n p in long double: its rounding to double would be up to 0.06, nothing beside the deviation of 1e7.
        const ld mean = ld{n} * p, deviation = std::sqrt(mean * (1 - ld{p}));
        std::vector<double> z(100000);
        bool odd = false, even = false;
        for (std::size_t i = 0; i < z.size(); ++i) {
            const std::uint64_t k = binomial(key, i, 0, 1000000000000000ULL, p);
            odd |= k % 2 == 1;
            even |= k % 2 == 0;
            z[i] = static_cast<double>((static_cast<ld>(k) - mean) / deviation);
        }
        expect_normal(z, "p = " + std::to_string(p));
        EXPECT_TRUE(odd && even) << "the last digits are lost";
    }
}

TEST(Binomial, knows_the_certain_cases) {
    const Key key{1};
    EXPECT_EQ(binomial(key, 0, 0, 0, 0.5), 0U);
    EXPECT_EQ(binomial(key, 0, 0, 100, 0.0), 0U);
    EXPECT_EQ(binomial(key, 0, 0, 100, 1.0), 100U);
}

TEST(Poisson, has_its_probabilities) {
    const Key key = make_key(5, Purpose::test, "poisson");
    constexpr std::uint64_t trials = 200000;
    std::uint64_t neuron = 0;
    for (const double mean : {0.01, 1.0, 9.99, 10.0, 10.5, 30.0, 300.7, 1e4}) {
        const auto cells = static_cast<std::size_t>(mean + 12.0 * std::sqrt(mean) + 20.0);
        std::vector<double> observed(cells), expected(cells);
        for (std::uint64_t i = 0; i < trials; ++i) {
            const std::uint64_t k = poisson(key, neuron++, 0, mean);
            ASSERT_LT(k, cells);
            observed[k] += 1.0;
        }
        for (std::size_t k = 0; k < cells; ++k) {
            const ld x = static_cast<ld>(k);
            expected[k] = static_cast<double>(trials * std::exp(x * std::log(ld{mean}) - mean - std::lgamma(x + 1)));
        }
        const ChiSquare chi = chi_square(observed, expected);
        EXPECT_LT(chi.value, chi_square_1e_6(chi.freedom)) << "mean " << mean;
    }
    EXPECT_EQ(poisson(key, 0, 0, 0.0), 0U);
    EXPECT_THROW((void)poisson(key, 0, 0, 1e17), InputError);
}

TEST(Poisson, holds_for_large_means) {
    const Key key = make_key(6, Purpose::test, "poisson");
    for (const double mean : {1e9, 1e15}) {
        std::vector<double> z(100000);
        for (std::size_t i = 0; i < z.size(); ++i) {
            z[i] = (static_cast<double>(poisson(key, i, 0, mean)) - mean) / std::sqrt(mean);
        }
        expect_normal(z, "mean " + std::to_string(mean));
    }
}

// Cells 10 to 19 weigh nothing, the others cell + 1.
double ramp(const void*, std::uint64_t a, std::uint64_t b) {
    double sum = 0.0;
    for (std::uint64_t i = a; i < b; ++i) {
        sum += i >= 10 && i < 20 ? 0.0 : static_cast<double>(i + 1);
    }
    return sum;
}

void expect_consistent(const MultinomialTree& tree, std::uint64_t total, std::uint64_t cells) {
    std::vector<std::uint64_t> all(cells), counts(cells);
    std::iota(all.begin(), all.end(), std::uint64_t{0});
    tree.counts(all, counts);
    std::uint64_t sum = 0;
    for (std::uint64_t c = 0; c < cells; ++c) {
        ASSERT_EQ(tree.count(c), counts[c]) << c;
        ASSERT_EQ(tree.before(c), sum) << c;
        for (const std::uint64_t index : {sum, sum + counts[c] / 2, sum + counts[c] - 1}) {
            if (counts[c] > 0) {
                const auto place = tree.cell_of(index);
                ASSERT_EQ(place.cell, c);
                ASSERT_EQ(place.before, sum);
            }
        }
        sum += counts[c];
    }
    EXPECT_EQ(sum, total);
    EXPECT_EQ(tree.before(cells), total);
    std::vector<std::uint64_t> some, few;
    for (std::uint64_t c = 1; c < cells; c += 3) {
        some.push_back(c);
    }
    few.resize(some.size());
    tree.counts(some, few);
    for (std::size_t j = 0; j < some.size(); ++j) {
        ASSERT_EQ(few[j], counts[some[j]]);
    }
}

TEST(MultinomialTree, answers_agree_whoever_asks) {
    const Key key = make_key(5, Purpose::test, "tree");
    for (const std::uint64_t cells : {1U, 2U, 3U, 7U, 64U, 1000U}) {
        for (const std::uint64_t total :
             {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{5000}, std::uint64_t{1} << 40}) {
            expect_consistent(MultinomialTree(key, total, cells), total, cells);
        }
    }
    expect_consistent(MultinomialTree(key, 100000, 50, ramp, nullptr), 100000, 50);
}

TEST(MultinomialTree, empty_cells_get_nothing) {
    const MultinomialTree tree(make_key(5, Purpose::test, "tree"), 1000000, 50, ramp, nullptr);
    for (std::uint64_t c = 10; c < 20; ++c) {
        EXPECT_EQ(tree.count(c), 0U);
    }
    EXPECT_EQ(tree.count(1000), 0U);
    EXPECT_THROW(MultinomialTree(
                     Key{1}, 5, 10, [](const void*, std::uint64_t, std::uint64_t) { return 0.0; }, nullptr),
                 InputError);
    EXPECT_THROW(MultinomialTree(Key{1}, 5, 0), InputError);
}

// Pearson's statistic of one multinomial has its chi-square law only if the joint law is right: the cells' variances
// and covariances, not just their means. Over 400 trees its sum has 400 times the degrees of freedom.
TEST(MultinomialTree, has_the_joint_law) {
    constexpr std::uint64_t cells = 37, total = 100000;
    std::vector<std::uint64_t> all(cells), counts(cells);
    std::iota(all.begin(), all.end(), std::uint64_t{0});
    for (const bool weighted : {false, true}) {
        double chi = 0.0, freedom = 0.0;
        const double weights = weighted ? ramp(nullptr, 0, cells) : static_cast<double>(cells);
        for (std::uint64_t t = 0; t < 400; ++t) {
            const Key key = make_key(t, Purpose::test, "joint");
            const MultinomialTree tree =
                weighted ? MultinomialTree(key, total, cells, ramp, nullptr) : MultinomialTree(key, total, cells);
            tree.counts(all, counts);
            for (std::uint64_t c = 0; c < cells; ++c) {
                const double expected = total * (weighted ? ramp(nullptr, c, c + 1) : 1.0) / weights;
                if (expected > 0.0) {
                    const double d = static_cast<double>(counts[c]) - expected;
                    chi += d * d / expected;
                    freedom += 1.0;
                }
            }
            freedom -= 1.0;
        }
        EXPECT_LT(chi, chi_square_1e_6(freedom));
        // Too little scatter is an error as well.
        EXPECT_GT(chi, freedom - z_1e_6 * std::sqrt(2.0 * freedom));
    }
}

TEST(MultinomialTree, one_descent_costs_few_draws_for_few_cells) {
    // A tree over 2^40 cells can't be walked as a whole.
    const MultinomialTree tree(Key{9}, std::uint64_t{1} << 45, std::uint64_t{1} << 40);
    const std::vector<std::uint64_t> cells{0, 1, 12345678901, (std::uint64_t{1} << 40) - 1};
    std::vector<std::uint64_t> counts(cells.size());
    tree.counts(cells, counts);
    for (std::size_t j = 0; j < cells.size(); ++j) {
        EXPECT_EQ(counts[j], tree.count(cells[j]));
        EXPECT_NEAR(static_cast<double>(counts[j]), 32.0, 32.0); // 5.7 standard deviations of Poisson(32)
    }
}

// The vectors of docs/reproducibility.md: they pin every result of the project.
TEST(Draws, have_not_changed) {
    const Key key = make_key(1234, Purpose::delay, "E->I");
    const auto w = philox(key, 5, 0);
    EXPECT_EQ(w, (std::array<std::uint32_t, 4>{0xa2fe407a, 0xac41dda1, 0x1ef4a508, 0x4a75e5b9}));
    EXPECT_EQ(Sampler(Distribution::normal(0.0, 1.0))(w[0]), 0x1.660598d3c4b9fp-2);
    EXPECT_EQ(Sampler(Distribution::normal(0.0, 1.0))(0), -0x1.95a1198fcf3d6p+2);
    EXPECT_EQ(Sampler(Distribution::lognormal(0.0, 1.0))(w[0]), 0x1.6b25acb91501cp+0);
    EXPECT_EQ(Sampler(Distribution::exponential(1.0))(w[0]), 0x1.03337f2a13e98p+0);
    const DiscreteSampler delays = DiscreteSampler::delays(Distribution::normal(1.5, 0.75), 0.1);
    EXPECT_EQ(delays(w[0]), 18U);
    EXPECT_EQ(delays(w[2]), 7U);
    EXPECT_EQ(binomial(key, 5, 0, 10, 0.3), 4U);
    EXPECT_EQ(binomial(key, 5, 0, 1000, 0.3), 307U);
    EXPECT_EQ(binomial(key, 5, 0, 1000000000000000, 0.5), 500000007964288U);
    EXPECT_EQ(binomial(key, 5, 0, 1000, 0.9), 895U);
    EXPECT_EQ(poisson(key, 5, 0, 3.0), 4U);
    EXPECT_EQ(poisson(key, 5, 0, 50.0), 54U);
    EXPECT_EQ(poisson(key, 5, 0, 1e12), 1000000503786U);
    std::vector<std::uint64_t> cells(7), counts(7);
    std::iota(cells.begin(), cells.end(), std::uint64_t{0});
    MultinomialTree(key, 1000, 7).counts(cells, counts);
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{147, 135, 126, 155, 162, 146, 129}));
}

} // namespace
