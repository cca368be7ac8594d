// Neurons that spike by chance (gif_psc_exp) against closed forms.
//
// Statistics: for n independent draws the empirical distribution is further than e from the true one, anywhere, with
// probability at most 2 exp(-2 n e^2), whatever the distribution (Dvoretzky, Kiefer & Wolfowitz 1956 with the constant
// of Massart 1990, doi:10.1214/aop/1176990746). A correct neuron fails each such comparison with probability 1e-9.
// Seeds are fixed: a test that passes once passes always; the bound says how surprising a failure after a change of
// keys would be.
#include "spikecast/error.hpp"
#include "tests/validation/blocks.hpp"

#include <cmath>
#include <gtest/gtest.h>

namespace spikecast::test {
namespace {

template <class T>
class EscapeNoise : public testing::Test {};
using Precisions = testing::Types<double, float>;
TYPED_TEST_SUITE(EscapeNoise, Precisions);

std::vector<double>& list(BlockSetup& setup, std::string_view name) {
    return setup.parameters[static_cast<std::size_t>(setup.model->parameter(name))].list;
}
/// Distance that n draws exceed with probability 1e-9.
double distance(std::size_t n) {
    return std::sqrt(std::log(2e9) / (2.0 * static_cast<double>(n)));
}
/// Largest distance between the distribution of `counted` numbers (how many are k + 1, for k = 0, 1, ...) and the one
/// whose survivor function is survivor(k + 1).
template <class Survivor>
double largest_distance(const std::vector<std::size_t>& counted, std::size_t n, Survivor survivor) {
    double largest = 0.0;
    std::size_t left = n;
    for (std::size_t k = 0; k < counted.size(); ++k) {
        left -= counted[k];
        largest = std::max(largest, std::abs(static_cast<double>(left) / static_cast<double>(n) - survivor(k + 1)));
    }
    return largest;
}

TYPED_TEST(EscapeNoise, constant_hazard_gives_the_exponential_survivor_function_after_start_and_after_spikes) {
    constexpr std::size_t n = 100000, steps = 600;
    // V_m stays at E_L = V_reset, 1 mV below the threshold
    const double h = 0.1, lambda_0 = 300.0, Delta_V = 2.0, t_ref = 0.5;
    const double hazard = lambda_0 * 1e-3 * std::exp(-1.0 / Delta_V); // per ms; 0.0182 a step
    BlockSetup setup = setup_of("gif_psc_exp", n, h,
                                {{"lambda_0", lambda_0},
                                 {"Delta_V", Delta_V},
                                 {"V_T_star", -69.0},
                                 {"E_L", -70.0},
                                 {"V_reset", -70.0},
                                 {"t_ref", t_ref}});
    Driver<TypeParam> driver(setup);
    std::vector<std::size_t> first(steps), second(steps);
    std::vector<std::size_t> spikes(n), last(n);
    for (std::size_t s = 1; s <= 2 * steps + 5; ++s)
        for (const std::uint32_t i : driver.step()) {
            ++spikes[i];
            if (spikes[i] == 1 && s <= steps) ++first[s - 1];
            if (spikes[i] == 2 && s - last[i] <= steps + 5) {
                ASSERT_GT(s - last[i], 5U) << "spikes while refractory";
                ++second[s - last[i] - 6];
            }
            last[i] = s;
        }
    const auto survivor = [&](double rate) {
        return [=](std::size_t k) { return std::exp(-rate * h * static_cast<double>(k)); };
    };
    // What is right is within the distance; hazards 5 % off, a refractory time one step off and 1 - lambda h in place
    // of exp(-lambda h) with a hazard ten times as large aren't, so the comparison can tell.
    EXPECT_LT(largest_distance(first, n, survivor(hazard)), distance(n));
    // The second interval is seen whole: exp(-hazard 60 ms) = 1.8e-5 of neurons have a longer one
    EXPECT_LT(largest_distance(second, n, survivor(hazard)), distance(n) + 4e-5);
    for (const double factor : {0.95, 1.05}) {
        EXPECT_GT(largest_distance(first, n, survivor(factor * hazard)), distance(n));
        EXPECT_GT(largest_distance(second, n, survivor(factor * hazard)), distance(n));
    }
    EXPECT_GT(largest_distance(second, n, [&](std::size_t k) { return survivor(hazard)(k - 1); }), distance(n));
}

TYPED_TEST(EscapeNoise, a_large_hazard_spikes_with_the_probability_of_a_whole_step) {
    constexpr std::size_t n = 100000;
    for (const double expected : {0.5, 2.0}) { // lambda h; the linear form would be 0.5 and 1
        Driver<TypeParam> driver(
            setup_of("gif_psc_exp", n, 0.1, {{"lambda_0", expected * 1e4}, {"V_T_star", -70.0}, {"E_L", -70.0}}));
        const double share = static_cast<double>(driver.step().size()) / n;
        EXPECT_NEAR(share, 1.0 - std::exp(-expected), distance(n));
        EXPECT_GT(std::abs(share - std::min(expected, 1.0)), distance(n));
    }
}

TYPED_TEST(EscapeNoise, a_varying_hazard_gives_its_own_survivor_function) {
    // V_m rises exponentially to E_L + I_e / g_L: V(t) = E_L + 10 mV (1 - exp(-t / 20 ms))
    constexpr std::size_t n = 100000, steps = 400;
    const double h = 0.1;
    Driver<TypeParam> driver(
        setup_of("gif_psc_exp", n, h, {{"I_e", 40.0}, {"lambda_0", 30.0}, {"Delta_V", 3.0}, {"V_T_star", -65.0}}));
    std::vector<std::size_t> first(steps), spikes(n);
    for (std::size_t s = 0; s < steps; ++s)
        for (const std::uint32_t i : driver.step())
            if (spikes[i]++ == 0) ++first[s];
    std::vector<double> survivor(steps + 1, 1.0), late(steps + 1, 1.0);
    const auto hazard = [&](double t) { return 0.03 * std::exp((10.0 * -std::expm1(-t / 20.0) - 5.0) / 3.0); };
    for (std::size_t k = 1; k <= steps; ++k) {
        survivor[k] = survivor[k - 1] * std::exp(-h * hazard(h * static_cast<double>(k)));
        late[k] = late[k - 1] * std::exp(-h * hazard(h * static_cast<double>(k) - 1.0));
    }
    ASSERT_LT(survivor[steps], 0.2);
    EXPECT_LT(largest_distance(first, n, [&](std::size_t k) { return survivor[k]; }), distance(n));
    EXPECT_GT(largest_distance(first, n, [&](std::size_t k) { return late[k]; }), distance(n)) << "1 ms late";
}

TYPED_TEST(EscapeNoise, draws_are_independent_in_time_and_across_neurons) {
    // Spikes of neighbouring steps and neurons, at lags where words of one block, blocks and chunks meet. Each sum of n
    // products of independent numbers of variance v has the deviation v sqrt(n); 6.1 of them are exceeded with
    // probability 1e-9.
    constexpr std::size_t n = 2048, steps = 200;
    Driver<TypeParam> driver(setup_of("gif_psc_exp", n, 0.1,
                                      {{"lambda_0", 3000.0}, {"V_T_star", -70.0}, {"V_reset", -70.0}, {"t_ref", 0.0}}));
    const double p = -std::expm1(-0.3), variance = p * (1 - p);
    std::vector<std::vector<double>> x(steps, std::vector<double>(n, -p));
    for (std::size_t s = 0; s < steps; ++s)
        for (const std::uint32_t i : driver.step())
            x[s][i] += 1.0;
    for (const auto& [in_time, in_space] : std::initializer_list<std::pair<std::size_t, std::size_t>>{
             {1, 0}, {2, 0}, {3, 0}, {4, 0}, {0, 1}, {0, 4}, {0, 8}, {0, 512}, {1, 1}}) {
        double sum = 0.0;
        for (std::size_t s = in_time; s < steps; ++s)
            for (std::size_t i = in_space; i < n; ++i)
                sum += x[s][i] * x[s - in_time][i - in_space];
        const double products = static_cast<double>((steps - in_time) * (n - in_space));
        EXPECT_LT(std::abs(sum), 6.1 * variance * std::sqrt(products)) << in_time << ' ' << in_space;
    }
}

TYPED_TEST(EscapeNoise, draws_depend_on_seed_population_and_index_alone) {
    using T = TypeParam;
    const auto spikes_of = [](const BlockSetup& setup) {
        Driver<T> driver(setup);
        std::vector<std::pair<std::uint64_t, int>> all;
        for (int s = 0; s < 100; ++s)
            for (const std::uint32_t i : driver.step())
                all.emplace_back(setup.indices[i], s);
        return all;
    };
    const Values values = {{"lambda_0", 500.0}, {"V_T_star", -70.0}};
    BlockSetup setup = setup_of("gif_psc_exp", 100, 0.1, values);
    const auto expected = spikes_of(setup);
    ASSERT_GT(expected.size(), 50U);
    BlockSetup other = setup;
    other.seed += 1;
    EXPECT_NE(spikes_of(other), expected);
    other = setup;
    other.object = "other";
    EXPECT_NE(spikes_of(other), expected);
    BlockSetup reversed = setup;
    std::reverse(reversed.indices.begin(), reversed.indices.end());
    auto found = spikes_of(reversed);
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second, a.first) < std::pair(b.second, b.first);
    });
    EXPECT_EQ(found, expected);
}

/// Response of V_m to a current that is 1 at time 0 and decays with tau: for C = 1, t later.
long double response(long double t, long double tau_m, long double tau) {
    return (std::exp(-t / tau_m) - std::exp(-t / tau)) / (1 / tau - 1 / tau_m);
}

TYPED_TEST(EscapeNoise, potential_threshold_and_current_are_the_closed_forms_between_the_spikes_that_fell) {
    using Real = long double;
    const double h = 0.1, C = 80.0, tau_m = 20.0, E_L = -70.0, V_reset = -62.0, I_e = 60.0;
    BlockSetup setup =
        setup_of("gif_psc_exp", 1, h,
                 {{"I_e", I_e}, {"V_reset", V_reset}, {"V_T_star", -60.0}, {"t_ref", 2.0}, {"lambda_0", 50.0}});
    list(setup, "tau_sfa") = {30.0, 200.0};
    list(setup, "q_sfa") = {2.0, 0.5};
    list(setup, "tau_stc") = {15.0, 80.0};
    list(setup, "q_stc") = {10.0, -3.0};
    Driver<TypeParam> driver(setup);
    std::vector<int> stamps;
    double worst_V = 0, worst_E = 0, worst_I = 0;
    for (int s = 1; s <= 5000; ++s) {
        if (!driver.step().empty()) stamps.push_back(s);
        Real E = -60.0, I = 0.0, V;
        const int free = stamps.empty() ? 0 : stamps.back() + 20; // V_m moves from here on
        const Real t = h * std::max(s - free, 0);
        const Real from = stamps.empty() ? Real(E_L) : Real(V_reset);
        V = E_L + (from - E_L) * std::exp(-t / tau_m) + I_e * tau_m / C * -std::expm1(-t / tau_m);
        for (const int stamp : stamps)
            for (std::size_t k = 0; k < 2; ++k) {
                const Real since = h * (s - stamp), tau = list(setup, "tau_stc")[k], q = list(setup, "q_stc")[k];
                E += list(setup, "q_sfa")[k] * std::exp(-since / Real(list(setup, "tau_sfa")[k]));
                I += q * std::exp(-since / tau);
                V -= q * std::exp(-(h * (free - stamp)) / tau) / C * response(t, tau_m, tau);
            }
        worst_V = std::max(worst_V, std::abs(static_cast<double>(driver.block->get(0, 0) - V)));
        worst_E = std::max(worst_E, std::abs(static_cast<double>(driver.block->get(variable(setup, "E_sfa"), 0) - E)));
        worst_I = std::max(worst_I, std::abs(static_cast<double>(driver.block->get(variable(setup, "I_stc"), 0) - I)));
    }
    ASSERT_GT(stamps.size(), 10U);
    // A number that decays with tau carries the roundings of about tau / h steps, 3 in each, and decays are rounded to
    // T once, which tau / h steps add up again: 4 tau / h u times its size. V_m is below 20 mV (tau_m: 200 steps)
    // and inherits those of I_stc; E_sfa is below 20 mV, I_stc below 40 pA (800 and 2000 steps).
    const double u = roundoff<TypeParam>;
    EXPECT_LT(worst_E, 20 * 4 * 2000 * u);
    EXPECT_LT(worst_I, 40 * 4 * 800 * u);
    EXPECT_LT(worst_V, 20 * 4 * 200 * u + 40 * 4 * 800 * u * tau_m / C + 140 * u);
}

TYPED_TEST(EscapeNoise, synaptic_currents_move_the_potential_exactly) {
    // far below the threshold: no spikes
    BlockSetup setup = setup_of("gif_psc_exp", 2, 0.1, {{"V_T_star", 0.0}, {"tau_syn_in", 7.0}});
    Driver<TypeParam> driver(setup);
    driver.receptor(0)[0] = 100;
    driver.receptor(1)[1] = -100;
    driver.step();
    EXPECT_EQ(driver.block->get(variable(setup, "I_syn_ex"), 0), 100.0) << "spikes are added at the step's end";
    EXPECT_EQ(driver.block->get(0, 0), -70.0);
    for (int s = 1; s <= 300; ++s) {
        EXPECT_TRUE(driver.step().empty());
        const long double t = 0.1L * s;
        // 300 steps of 5 roundings of at most 25 mV, and 140 u for reading a potential
        const double allowed = (300 * 5 * 25 + 140) * roundoff<TypeParam>;
        EXPECT_NEAR(driver.block->get(0, 0) + 70.0, static_cast<double>(100.0L / 80 * response(t, 20, 2)), allowed);
        EXPECT_NEAR(driver.block->get(0, 1) + 70.0, static_cast<double>(-100.0L / 80 * response(t, 20, 7)), allowed);
    }
}

TYPED_TEST(EscapeNoise, no_spikes_without_a_rate_and_certain_spikes_far_above_the_threshold) {
    Driver<TypeParam> never(setup_of("gif_psc_exp", 100, 0.1, {{"lambda_0", 0.0}, {"E_L", 1000.0}}));
    EXPECT_TRUE(never.step().empty()) << "0 times infinity";
    Driver<TypeParam> always(setup_of("gif_psc_exp", 100, 0.1, {{"E_L", 1000.0}}));
    EXPECT_EQ(always.step().size(), 100U);
}

TEST(EscapeNoise, lists_of_different_lengths_are_refused) {
    BlockSetup setup = setup_of("gif_psc_exp", 1);
    list(setup, "tau_sfa") = {1.0, 2.0};
    list(setup, "q_sfa") = {1.0};
    EXPECT_THROW(make_population_block<double>(setup), InputError);
    list(setup, "q_sfa") = {1.0, 1.0};
    EXPECT_NO_THROW(make_population_block<double>(setup));
    list(setup, "tau_stc").assign(9, 1.0);
    list(setup, "q_stc").assign(9, 1.0);
    EXPECT_THROW(make_population_block<float>(setup), InputError);
}

} // namespace
} // namespace spikecast::test
