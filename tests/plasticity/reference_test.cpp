// The reference itself: cases that can be worked out by hand, and closed forms.
#include "tests/plasticity/reference.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace spikecast::reference {
namespace {

Trains trains(std::vector<std::int64_t> pre, std::vector<std::int64_t> post) {
    Trains t;
    t.pre = std::move(pre);
    t.post = std::move(post);
    t.h = 1.0;
    t.end = 10000;
    return t;
}

TEST(Reference, one_pair_in_each_order) {
    const Stdp additive{
        .tau_plus = 10, .tau_minus = 20, .lambda = 0.1, .alpha = 2, .mu_plus = 0, .mu_minus = 0, .Wmax = 10};
    EXPECT_DOUBLE_EQ(run(additive, trains({5}, {15}), 5.0, false).weight, 5.0 + 10 * 0.1 * std::exp(-1.0));
    EXPECT_DOUBLE_EQ(run(additive, trains({15}, {5}), 5.0, false).weight, 5.0 - 10 * 0.2 * std::exp(-0.5));
    EXPECT_EQ(run(additive, trains({15}, {15}), 5.0, false).weight, 5.0);
}

TEST(Reference, delays_shift_the_pairs) {
    const Stdp additive{.tau_plus = 10, .lambda = 0.1, .mu_plus = 0, .mu_minus = 0, .Wmax = 10};
    Trains late = trains({5}, {15});
    late.axonal = 3;
    EXPECT_DOUBLE_EQ(run(additive, late, 5.0, false).weight, 5.0 + std::exp(-0.7));
    late.dendritic = 10;
    EXPECT_DOUBLE_EQ(run(additive, late, 5.0, false).weight, 5.0 + std::exp(-1.7));
    late.axonal = 20; // the pre spike at 25 and the post spike at 25: nothing
    EXPECT_EQ(run(additive, late, 5.0, false).weight, 5.0);
}

TEST(Reference, schemes_differ_as_in_morrisons_figure) {
    // pre at 0, 2, 12; post at 10, 20: which pairs potentiate
    const auto potentiated = [](Pairing pairing) {
        const Stdp rule{
            .tau_plus = 10, .lambda = 1e-3, .alpha = 0, .mu_plus = 0, .mu_minus = 0, .Wmax = 1000, .pairing = pairing};
        return run(rule, trains({0, 2, 12}, {10, 20, 25}), 1.0, false).weight - 1.0;
    };
    const auto e = [](double dt) { return std::exp(-dt / 10); };
    EXPECT_NEAR(potentiated(Pairing::all_to_all), e(10) + e(8) + e(20) + e(18) + e(8) + e(25) + e(23) + e(13), 1e-12);
    EXPECT_NEAR(potentiated(Pairing::nearest_symmetric), e(8) + e(8) + e(13), 1e-12);
    EXPECT_NEAR(potentiated(Pairing::nearest_pre_centred), e(10) + e(8) + e(8), 1e-12);
    EXPECT_NEAR(potentiated(Pairing::nearest_restricted), e(8) + e(8), 1e-12);
}

TEST(Reference, triplets_need_two_of_one_kind) {
    const StdpTriplet rule{.Aplus = 0, .Aminus = 0};
    EXPECT_EQ(run(rule, trains({5}, {15}), 1.0, false).weight, 1.0);
    EXPECT_DOUBLE_EQ(run(rule, trains({5}, {0, 15}), 1.0, false).weight,
                     1.0 + 6.2e-3 * std::exp(-10 / 16.8) * std::exp(-15 / 125.0));
    EXPECT_DOUBLE_EQ(run(rule, trains({0, 15}, {5}), 1.0, false).weight,
                     1.0 - 2.3e-4 * std::exp(-10 / 33.7) * std::exp(-15 / 101.0));
}

/// At a constant rate, u and x come to rest: u = U / (1 - (1 - U) f), x = (1 - r) / (1 - (1 - u) r).
TEST(Reference, short_term_plasticity_comes_to_its_closed_form) {
    Trains t;
    t.h = 1.0;
    t.end = 100000;
    for (int i = 0; i < 400; ++i)
        t.pre.push_back(50 * i);
    const double f = std::exp(-50.0 / 600), r = std::exp(-50.0 / 300), U = 0.2;
    const double u = U / (1 - (1 - U) * f), x = (1 - r) / (1 - (1 - u) * r);
    const Tsodyks2 rule{.U = U, .tau_rec = 300, .tau_fac = 600, .u0 = U};
    EXPECT_NEAR(run(rule, t, 3.0, false).delivered.back(), 3 * u * x, 1e-12);
    // with a fast active state, tsodyks is the same but for u's definition: u decays to 0 and jumps, so that at a spike
    // it is U + (1 - U) u f as well
    const Tsodyks fast{.U = U, .tau_psc = 0.01, .tau_rec = 300, .tau_fac = 600};
    Trains shorter = t;
    shorter.pre.resize(60);
    EXPECT_NEAR(run(fast, shorter, 3.0, false).delivered.back(), 3 * u * x, 1e-3);
}

TEST(Reference, threshold_of_bcm_follows_the_square) {
    std::vector<double> post;
    for (int i = 0; i < 100; ++i)
        post.push_back(20.0 + 37.0 * i + (i % 7));
    // Euler with small steps
    const double tau_y = 50, tau_theta = 700, y0 = 12, theta0 = 3, d = 0.01, end = 3000;
    double theta = theta0, y = 0;
    std::size_t next = 0;
    for (std::int64_t s = 0; s < static_cast<std::int64_t>(end / d); ++s) {
        const double now = static_cast<double>(s) * d;
        while (next < post.size() && post[next] <= now) {
            y += 1000 / tau_y;
            ++next;
        }
        theta += d * (y * y / y0 - theta) / tau_theta;
        y -= d * y / tau_y;
    }
    EXPECT_NEAR(sliding_threshold(post, end, tau_y, tau_theta, y0, theta0), theta, 2e-3 * theta);
}

TEST(Reference, dopamine_after_a_pair_raises_the_weight_by_the_closed_form) {
    Trains t = trains({0}, {10});
    t.modulator = {{510, 1.0}};
    t.end = 20000;
    const StdpDopamine rule{.Wmax = 1e9};
    // c(510) = exp(-10/20) exp(-500/1000); integral of c n from then on: c(510) / tau_n / (1/tau_c + 1/tau_n)
    const double expected = std::exp(-0.5) * std::exp(-0.5) / 200 / (1.0 / 1000 + 1.0 / 200);
    EXPECT_NEAR(run(rule, t, 10.0, false).weight - 10.0, expected, 1e-6);
}

TEST(Reference, a_reward_reads_what_was_before_it) {
    Trains t = trains({0}, {10});
    t.modulator = {{10, 1.0}};
    const Mstdpet rule{.gamma = 1, .tau_z = 25, .Wmax = 100};
    EXPECT_EQ(run(rule, t, 1.0, false).weight, 1.0);
    t.modulator = {{11, 1.0}};
    EXPECT_DOUBLE_EQ(run(rule, t, 1.0, false).weight, 1.0 + std::exp(-0.5) * std::exp(-1 / 25.0) / 25);
}

TEST(Reference, resume_rests_where_target_and_teacher_agree) {
    Trains t = trains({0, 3, 9}, {10, 30});
    t.teacher = {10, 30};
    EXPECT_EQ(run(Resume{.a_d = 0.1}, t, 1.0, false).weight, 1.0);
    t.teacher = {10};
    EXPECT_LT(run(Resume{.a_d = 0.1}, t, 1.0, false).weight, 1.0);
}

} // namespace
} // namespace spikecast::reference
