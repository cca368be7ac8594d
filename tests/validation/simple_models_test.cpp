// Models without exponentials in their kernels, and those that are exact on the grid, against references written a
// second time: closed forms in long double, plain loops where the model is a map, and Boost.odeint at a tolerance of
// 1e-13 where it is a differential equation.
#include "models/neurons/iaf_psc_exp_multisynapse.hpp"
#include "spikecast/error.hpp"
#include "spikecast/random.hpp"
#include "tests/validation/blocks.hpp"

#include <array>
#include <boost/numeric/odeint.hpp>
#include <cmath>
#include <gtest/gtest.h>

namespace spikecast::test {
namespace {

using Real = long double;

template <class T>
class SimpleModels : public testing::Test {};
using Precisions = testing::Types<double, float>;
TYPED_TEST_SUITE(SimpleModels, Precisions);

template <class T>
std::vector<std::int64_t> run(Driver<T>& driver, int steps) {
    std::vector<std::int64_t> stamps;
    for (int n = 0; n < steps; ++n)
        if (!driver.step().empty()) stamps.push_back(driver.now());
    return stamps;
}

// ---- pif ----

TYPED_TEST(SimpleModels, pif_rises_linearly_and_its_interval_is_the_closed_form) {
    using T = TypeParam;
    for (const double h : {0.01, 0.1, 1.0}) {
        const double I = 499.0, C = 250.0, V_reset = -70.0, V_th = -55.0, t_ref = 2.0;
        Driver<T> driver(setup_of("pif", 1, h, {{"I_e", I}, {"C_m", C}, {"t_ref", t_ref}}));
        const Real crossing = Real(V_th - V_reset) * C / I / h; // steps: 7.515 ms, 1.5 % of an h = 1 ms from the grid
        const auto steps = static_cast<std::int64_t>(std::ceil(crossing));
        for (std::int64_t n = 1; n < steps; ++n) {
            EXPECT_TRUE(driver.step().empty());
            const double exact = static_cast<double>(Real(I) / C * h * n);
            // each addition rounds by u |V|, the increment is rounded twice
            EXPECT_NEAR(driver.block->get(0, 0) - V_reset, exact,
                        exact * static_cast<double>(n + 4) * roundoff<T> + 2e-14);
        }
        std::vector<std::int64_t> stamps = run(driver, static_cast<int>(4 * (steps + std::lround(t_ref / h))));
        ASSERT_GE(stamps.size(), 4U);
        EXPECT_EQ(stamps[0], steps) << h;
        for (std::size_t k = 1; k < stamps.size(); ++k)
            EXPECT_EQ(stamps[k] - stamps[k - 1], steps + std::lround(t_ref / h)) << h;
    }
}

TYPED_TEST(SimpleModels, pif_keeps_what_it_receives_and_loses_it_while_refractory) {
    Driver<TypeParam> driver(setup_of("pif", 1, 0.1, {{"t_ref", 0.2}}));
    driver.receptor(0)[0] = 3;
    driver.step();
    run(driver, 1000);
    EXPECT_EQ(driver.block->get(0, 0), -67.0) << "no leak";
    driver.receptor(0)[0] = -7;
    driver.step();
    EXPECT_EQ(driver.block->get(0, 0), -74.0) << "no bound";
    driver.receptor(0)[0] = 19;
    EXPECT_EQ(driver.step().size(), 1U) << "threshold by equality";
    for (int n = 0; n < 3; ++n) { // refractory in the next two steps
        driver.receptor(0)[0] = 1;
        driver.step();
    }
    EXPECT_EQ(driver.block->get(0, 0), -69.0);
}

// ---- leaky ----

/// snnTorch's Leaky for one neuron, reset_delay = True: the reset of a step comes from the membrane before it.
struct SnnTorchLeaky {
    double beta, threshold;
    int mechanism;
    double mem = 0.0;
    bool operator()(double input) {
        const double reset = mem - threshold > 0.0 ? 1.0 : 0.0;
        if (mechanism == 0) mem = beta * mem + input - reset * threshold;
        if (mechanism == 1) mem = beta * ((1.0 - reset) * mem) + input;
        if (mechanism == 2) mem = beta * mem + input;
        return mem - threshold > 0.0;
    }
};

TEST(Leaky, does_what_snnTorch_does_for_every_reset) {
    const Key key = make_key(3, Purpose::test, "leaky");
    for (const int mechanism : {0, 1, 2}) {
        Driver<double> driver(
            setup_of("leaky", 1, 1.0, {{"beta", 0.819}, {"reset_mechanism", static_cast<double>(mechanism)}}));
        SnnTorchLeaky expected{0.819, 1.0, mechanism};
        std::size_t spikes = 0;
        for (std::uint64_t n = 0; n < 2000; ++n) {
            const double input = open_unit(draw32(key, 0, n)) - 0.3;
            driver.receptor(0)[0] = input;
            const bool spike = !driver.step().empty();
            ASSERT_EQ(spike, expected(input)) << "mechanism " << mechanism << ", step " << n;
            ASSERT_EQ(driver.block->get(0, 0), expected.mem) << "mechanism " << mechanism << ", step " << n;
            spikes += spike;
        }
        EXPECT_GT(spikes, 100U);
    }
}

// ---- ignore_and_fire ----

TYPED_TEST(SimpleModels, ignore_and_fire_spikes_by_the_clock_whatever_it_receives) {
    for (const double phase : {1.0, 0.3, 1e-6}) {
        Driver<TypeParam> driver(setup_of("ignore_and_fire", 1, 0.1, {{"rate", 100.0}, {"phase", phase}}));
        const std::int64_t first = std::max<std::int64_t>(1, std::lround(phase * 100));
        for (std::int64_t n = 1; n <= 1000; ++n) {
            driver.receptor(0)[0] = 1e6;
            driver.receptor(1)[0] = -1e6;
            EXPECT_EQ(!driver.step().empty(), n >= first && (n - first) % 100 == 0) << phase << ' ' << n;
        }
    }
    Driver<TypeParam> fastest(setup_of("ignore_and_fire", 1, 0.1, {{"rate", 1e4}}));
    EXPECT_EQ(run(fastest, 50).size(), 50U);
    EXPECT_THROW((void)make_population_block<TypeParam>(setup_of("ignore_and_fire", 1, 0.1, {{"rate", 1e5}})),
                 InputError);
    EXPECT_THROW((void)make_population_block<TypeParam>(setup_of("ignore_and_fire", 1, 0.1, {{"rate", 1e-9}})),
                 InputError);
}

// ---- mat2_psc_exp ----

TYPED_TEST(SimpleModels, mat2_thresholds_and_spikes_are_the_closed_form) {
    using T = TypeParam;
    const double h = 0.1, I = 1003.0, tau_m = 5.0, C = 100.0, E_L = -70.0, omega = -51.0;
    const double alpha[] = {37.0, 2.0}, tau[] = {10.0, 200.0};
    const int refractory = 20, steps = 5000;
    const BlockSetup setup = setup_of("mat2_psc_exp", 1, h, {{"I_e", I}});
    Driver<T> driver(setup);
    std::vector<int> spikes;
    int judged = 0;
    for (int n = 1; n <= steps; ++n) {
        const bool spike = !driver.step().empty();
        const Real V = -Real(I) * tau_m / C * std::expm1(-Real(h) * n / tau_m);
        Real threshold = omega - E_L;
        for (const int s : spikes)
            for (int k = 0; k < 2; ++k)
                threshold += alpha[k] * std::exp(-Real(h) * (n - s) / tau[k]);
        // V as in exact_integration_test; a threshold part that decays for n steps is off by 2 n u, jumps by u each
        const double tolerance = (6 * n + 16) * roundoff<T> * I * tau_m / C +
                                 2 * n * roundoff<T> * (2 * alpha[0] + alpha[1] * static_cast<double>(spikes.size()));
        ASSERT_NEAR(driver.block->get(variable(setup, "V_m"), 0) - E_L, static_cast<double>(V), tolerance + 2e-14);
        const bool allowed = spikes.empty() || n - spikes.back() > refractory;
        if (!allowed || std::abs(V - threshold) > 2 * tolerance) { // otherwise it can't be judged
            ASSERT_EQ(spike, allowed && V >= threshold) << n;
            ++judged;
        }
        if (spike) {
            spikes.push_back(n);
            for (int k = 0; k < 2; ++k)
                threshold += alpha[k];
        }
        ASSERT_NEAR(driver.block->get(variable(setup, "V_th"), 0), static_cast<double>(threshold) + E_L,
                    tolerance + 4e-14)
            << n;
    }
    EXPECT_GT(judged, 0.98 * steps) << "few steps come within float's rounding of the threshold";
    EXPECT_GT(spikes.size(), 10U);
    EXPECT_LT(spikes[1] - spikes[0], spikes.back() - spikes[spikes.size() - 2]) << "it adapts";
    EXPECT_THROW((void)make_population_block<T>(setup_of("mat2_psc_exp", 1, 0.1, {{"t_ref", 0.04}})), InputError);
}

// ---- srm ----

TYPED_TEST(SimpleModels, srm_potentials_and_spikes_are_the_closed_form) {
    using T = TypeParam;
    const double h = 0.1, tau_m = 10.0, tau_s = 2.5, E_L = -65.0, V_th = -47.0, K1 = 2.0, K2 = 4.0,
                 threshold = V_th - E_L;
    const Real peak = tau_m * tau_s / (tau_m - tau_s) * std::log(Real(tau_m) / tau_s);
    const Real K = 1 / (std::exp(-peak / tau_m) - std::exp(-peak / tau_s));
    const int refractory = 10, steps = 5000;
    const Key key = make_key(5, Purpose::test, "srm");
    for (const bool flush : {true, false}) {
        const BlockSetup setup = setup_of(
            "srm", 1, h, {{"E_L", E_L}, {"V_th", V_th}, {"t_ref", refractory * h}, {"flush", flush ? 1.0 : 0.0}});
        Driver<T> driver(setup);
        std::vector<std::pair<int, Real>> arrived; // step and weight
        int last = -1, judged = 0;
        std::size_t spikes = 0;
        double most = 0.0; // that potentials and their parts come to
        for (int n = 1; n <= steps; ++n) {
            const auto words = philox(key, 0, static_cast<std::uint64_t>(n));
            const T w = static_cast<T>(8.0 * open_unit(words[1]) - 2.0);
            const bool arrives = words[0] < 0x10000000U;
            if (arrives) driver.receptor(0)[0] = w;
            const bool spike = !driver.step().empty();
            if (arrives) arrived.emplace_back(n, w);
            const auto eta = [&](int since) {
                const Real slow = std::exp(-Real(h) * since / tau_m), fast = std::exp(-Real(h) * since / tau_s);
                return threshold * (K1 * slow - K2 * (slow - fast));
            };
            Real psp = 0, parts = 0;
            for (const auto& [step, weight] : arrived) {
                const Real s = Real(h) * (n - step), slow = std::exp(-s / tau_m);
                psp += weight * K * (slow - std::exp(-s / tau_s));
                parts += std::abs(weight) * K * slow;
            }
            most = std::max(most, static_cast<double>(parts) + (K1 + 2 * K2) * threshold);
            // A step rounds by 2 u of that, which decays with tau_m: tau_m / h of them are left. What decays with tau_s
            // is off by 2 n u after n steps, and n exp(-n h / tau_s) adds up to (tau_s / h)^2 where the factors add up
            // to tau_s / h. Constants are off by u.
            const double tolerance = (2 * tau_m / h + 2 * tau_s / h + 16) * roundoff<T> * most + 4e-14;
            const Real V = psp + (last < 0 ? Real(0) : eta(n - last));
            const bool allowed = last < 0 || n - last > refractory;
            if (!allowed || std::abs(V - threshold) > 2 * tolerance) {
                ASSERT_EQ(spike, allowed && V >= threshold) << n;
                ++judged;
            }
            if (spike) {
                last = n;
                ++spikes;
                if (flush) {
                    arrived.clear();
                    psp = 0;
                }
            }
            const Real after = spike ? psp + eta(0) : V;
            ASSERT_NEAR(driver.block->get(variable(setup, "V_m"), 0) - E_L, static_cast<double>(after), tolerance) << n;
            ASSERT_NEAR(driver.block->get(variable(setup, "psp"), 0), static_cast<double>(psp), tolerance) << n;
        }
        EXPECT_GT(judged, 0.98 * steps);
        EXPECT_GT(spikes, 10U);
    }
}

TYPED_TEST(SimpleModels, srm_currents_charge_the_potential_and_a_spike_ends_it) {
    using T = TypeParam;
    const double h = 0.1, I = 500.0;
    Driver<T> driver(setup_of("srm", 1, h, {{"I_e", I}}));
    // 20 mV (1 - exp(-t / 10 ms)) reaches 15 mV at 10 ln 4 = 13.86 ms
    EXPECT_EQ(run(driver, 150), std::vector<std::int64_t>{139});
    // psp begins again at 0 there: 20 (1 - exp(-t / 10)) + 15 (4 exp(-t / 2.5) - 2 exp(-t / 10)) = 15 at 23.01 ms,
    // where the pulse's part has decayed by exp(-9): 50 exp(-t / 10) = 5
    EXPECT_EQ(run(driver, 300), std::vector<std::int64_t>{139 + 231});
}

TYPED_TEST(SimpleModels, srm_refuses_a_refractory_time_after_which_it_would_spike_for_ever) {
    // eta is at the threshold at about 0.86 ms
    EXPECT_THROW((void)make_population_block<TypeParam>(setup_of("srm", 1, 0.1, {{"t_ref", 0.7}})), InputError);
    EXPECT_NO_THROW((void)make_population_block<TypeParam>(setup_of("srm", 1, 0.1, {{"t_ref", 0.8}})));
    EXPECT_THROW((void)make_population_block<TypeParam>(setup_of("srm", 1, 0.1, {{"t_ref", 0.0}, {"K1", 1.2}})),
                 InputError);
    EXPECT_NO_THROW((void)make_population_block<TypeParam>(setup_of("srm", 1, 0.1, {{"t_ref", 0.0}, {"K1", 0.9}})));
}

// ---- iaf_psc_exp_multisynapse ----

BlockSetup multisynapse(std::vector<double> tau_syn, double h, Values parameters = {}) {
    BlockSetup setup = setup_of("iaf_psc_exp_multisynapse", 1, h, parameters);
    setup.model = setup.model->with_receptors(tau_syn.size());
    setup.initial.assign(setup.model->variables.size(), {0.0, {}, {}});
    setup.initial[0].constant = std::numeric_limits<double>::quiet_NaN();
    setup.parameters[models::IafPscExpMultisynapse::tau_syn].list = std::move(tau_syn);
    return setup;
}

TYPED_TEST(SimpleModels, multisynapse_voltage_is_the_sum_of_the_closed_forms_of_its_receptors) {
    using T = TypeParam;
    const double tau_m = 10.0, C = 250.0, E_L = -65.0;
    for (const double h : {0.01, 0.1, 1.0})
        for (const std::vector<double>& tau :
             {std::vector<double>{2.0}, {0.5, 10.0, 30.0}, {1, 2, 3, 4, 5, 6, 7, 8, 9.999999, 10.000001, 11, 12, 13}}) {
            const BlockSetup setup = multisynapse(tau, h, {{"tau_m", tau_m}, {"C_m", C}, {"E_L", E_L}, {"V_th", 0.0}});
            ASSERT_EQ(setup.model->receptors.size(), tau.size());
            Driver<T> driver(setup);
            double S = 0.0; // bound of |V|, as in exact_integration_test
            const auto weight = [](std::size_t r) { return (r % 2 == 0 ? 80.0 : -30.0) + static_cast<double>(r); };
            for (std::size_t r = 0; r < tau.size(); ++r) { // receptor r gets its spike in step r + 1
                driver.receptor(r)[0] = static_cast<T>(weight(r));
                S += std::abs(weight(r)) * tau[r] / C;
                driver.step();
            }
            for (int n = static_cast<int>(tau.size()) + 1; n <= static_cast<int>(60 / h); ++n) {
                driver.step();
                Real exact = 0, current = 0;
                for (std::size_t r = 0; r < tau.size(); ++r) {
                    const Real t = Real(h) * (n - static_cast<int>(r) - 1);
                    const Real x = t * (Real(tau_m) - tau[r]) / (Real(tau_m) * tau[r]);
                    const Real mean = x == 0 ? 1 : -std::expm1(-x) / x;
                    exact += static_cast<T>(weight(r)) * t / C * std::exp(-t / tau_m) * mean;
                    current += static_cast<T>(weight(r)) * std::exp(-t / tau[r]);
                }
                const double sums = static_cast<double>(tau.size());
                const double tolerance = (6 * n + 16 + sums) * roundoff<T> * S + 2 * 0x1p-53 * std::abs(E_L);
                ASSERT_NEAR(driver.block->get(0, 0) - E_L, static_cast<double>(exact), tolerance)
                    << "h " << h << ", receptors " << tau.size() << ", step " << n;
                ASSERT_NEAR(driver.block->get(variable(setup, "I_syn"), 0), static_cast<double>(current),
                            (2 * n + sums) * roundoff<T> * 100 * sums);
            }
        }
}

TEST(Multisynapse, its_declaration_has_as_many_receptors_and_currents_as_asked_for) {
    const ModelInfo& one = *find_model("iaf_psc_exp_multisynapse");
    for (const std::size_t n : {1U, 2U, 10U, 99U, 128U}) {
        const ModelInfo* model = one.with_receptors(n);
        ASSERT_NE(model, nullptr);
        EXPECT_EQ(model->name, one.name);
        ASSERT_EQ(model->receptors.size(), n);
        for (std::size_t r = 0; r < n; ++r) {
            EXPECT_EQ(model->receptor(std::to_string(r + 1)), static_cast<int>(r));
            EXPECT_GE(model->variable("I_syn_" + std::to_string(r + 1)), 0);
        }
        EXPECT_EQ(model->receptor(std::to_string(n + 1)), -1);
        EXPECT_EQ(model->variable("I_syn_" + std::to_string(n + 1)), -1);
    }
    EXPECT_EQ(one.with_receptors(0), nullptr);
    EXPECT_EQ(one.with_receptors(129), nullptr);
}

TYPED_TEST(SimpleModels, multisynapse_with_neurons_of_their_own_parameters_is_the_same_neuron) {
    using T = TypeParam;
    BlockSetup many = multisynapse({1.0, 5.0}, 0.1, {{"I_e", 390.0}});
    many.indices.resize(700);
    for (ResolvedValue& value : many.parameters)
        if (value.list.empty()) value.each.assign(700, value.constant);
    for (std::size_t i = 0; i < 700; ++i)
        many.parameters[models::IafPscExpMultisynapse::C_m].each[i] = 200.0 + static_cast<double>(i % 7);
    Driver<T> driver(many);
    std::array<std::vector<std::int64_t>, 7> found;
    for (int n = 0; n < 500; ++n) {
        for (std::size_t i = 0; i < 700; ++i)
            driver.receptor(1)[i] = static_cast<T>(n % 10);
        for (const std::uint32_t i : driver.step())
            if (i >= 693) found[i % 7].push_back(driver.now());
    }
    for (std::size_t c = 0; c < 7; ++c) {
        Driver<T> alone(multisynapse({1.0, 5.0}, 0.1, {{"I_e", 390.0}, {"C_m", 200.0 + static_cast<double>(c)}}));
        std::vector<std::int64_t> expected;
        for (int n = 0; n < 500; ++n) {
            alone.receptor(1)[0] = static_cast<T>(n % 10);
            if (!alone.step().empty()) expected.push_back(alone.now());
        }
        ASSERT_FALSE(expected.empty());
        EXPECT_EQ(found[c], expected);
    }
}

// ---- izhikevich ----

TEST(Izhikevich, both_orders_of_updates_are_those_of_NEST_and_the_papers) {
    const Key key = make_key(4, Purpose::test, "izhikevich");
    for (const double steps : {0.0, 1.0, 2.0}) { // of V; 0: consistent
        const bool consistent = steps == 0.0;
        Driver<double> driver(setup_of("izhikevich", 1, 0.5,
                                       {{"consistent_integration", consistent ? 1.0 : 0.0},
                                        {"V_steps", consistent ? 2.0 : steps},
                                        {"V_min", -80.0},
                                        {"I_e", 4.0}}));
        double V = -65.0, u = 0.0, I = 0.0;
        const double h = 0.5, a = 0.02, b = 0.2;
        std::size_t spikes = 0, floors = 0;
        for (std::uint64_t n = 0; n < 4000; ++n) {
            const double current = 20.0 * open_unit(draw32(key, 0, n)) - 5.0;
            const double weight = n % 20 == 0 ? 6.0 : (n % 50 == 0 ? -40.0 : 0.0);
            driver.current()[0] = current;
            driver.receptor(0)[0] = weight;
            const bool spike = !driver.step().empty();
            if (consistent) {
                const double V_old = V, u_old = u;
                V = V_old + h * (0.04 * (V_old * V_old) + 5.0 * V_old + 140.0 - u_old + (I + 4.0)) + weight;
                u = u_old + h * a * (b * V_old - u_old);
            } else {
                const double input = I + 4.0 + weight;
                for (int k = 0; k < static_cast<int>(steps); ++k)
                    V += h / steps * (0.04 * (V * V) + 5.0 * V + 140.0 - u + input);
                u += h * a * (b * V - u);
            }
            if (V < -80.0) V = -80.0, ++floors;
            const bool expected = V >= 30.0;
            if (expected) V = -65.0, u += 8.0;
            I = current;
            ASSERT_EQ(spike, expected) << steps << ' ' << n;
            ASSERT_EQ(driver.block->get(0, 0), V) << steps << ' ' << n;
            ASSERT_EQ(driver.block->get(1, 0), u) << steps << ' ' << n;
            spikes += spike;
        }
        EXPECT_GT(spikes, 30U);
        EXPECT_GT(floors, 0U);
    }
}

// ---- differential equations by an adaptive solver ----

using State = std::vector<double>;
/// States at the multiples of h, begin included.
template <class Slope>
std::vector<State> solved(Slope slope, State y, double h, int steps) {
    namespace ode = boost::numeric::odeint;
    std::vector<State> trace;
    ode::integrate_const(ode::make_controlled(1e-13, 1e-13, ode::runge_kutta_fehlberg78<State>()), slope, y, 0.0,
                         h * (steps + 0.5), h, [&](const State& at, double) { trace.push_back(at); });
    return trace;
}

/// The largest difference of the variable from the reference over `ms`.
template <class Slope>
double trace_error(const BlockSetup& setup, Slope slope, double ms) {
    const double h = setup.resolution_ms;
    const int steps = static_cast<int>(std::lround(ms / h));
    Driver<double> driver(setup);
    State begin;
    for (std::size_t v = 0; v < setup.model->variables.size(); ++v)
        if (setup.model->variables[v].visible) begin.push_back(driver.block->get(v, 0));
    const std::vector<State> exact = solved(slope, begin, h, steps);
    double worst = 0.0;
    for (int n = 1; n <= steps; ++n) {
        driver.step();
        worst = std::max(worst, std::abs(driver.block->get(0, 0) - exact[static_cast<std::size_t>(n)][0]));
    }
    return worst;
}
/// Prints the errors at h, h / 2 and h / 4, which docs/models.md states, and checks the order of convergence.
template <class Slope>
void expect_order(const char* what, double order, double h, std::string_view model, Values parameters, Slope slope,
                  double ms, double stated) {
    std::array<double, 3> errors;
    std::printf("%s: largest error of V_m over %g ms", what, ms);
    for (std::size_t k = 0; k < 3; ++k) {
        const double step = h / static_cast<double>(1U << k);
        errors[k] = trace_error(setup_of(model, 1, step, parameters), slope, ms);
        std::printf("%s %.3g (h = %g ms)", k == 0 ? "" : ",", errors[k], step);
        if (step == 0.1) {
            EXPECT_LE(errors[k], stated) << what;
            EXPECT_GE(errors[k], stated / 2) << what << ": state the smaller error";
        }
    }
    std::printf("\n");
    for (std::size_t k = 1; k < 3; ++k) // the next term of the error is of relative size h / (a time constant)
        EXPECT_NEAR(std::log2(errors[k - 1] / errors[k]), order, 0.25) << what;
}

void fitzhugh_nagumo(const State& y, State& dy, double I) {
    dy[0] = y[0] - y[0] * y[0] * y[0] / 3.0 - y[1] + I;
    dy[1] = 0.08 * (y[0] + 0.7 - 0.8 * y[1]);
}
void hindmarsh_rose(const State& y, State& dy, double I) {
    dy[0] = y[1] - y[0] * y[0] * y[0] + 3.0 * y[0] * y[0] - y[2] + I;
    dy[1] = 1.0 - 5.0 * y[0] * y[0] - y[1];
    dy[2] = 0.001 * (4.0 * (y[0] + 1.6) - y[2]);
}
void izhikevich(const State& y, State& dy, double I) {
    dy[0] = 0.04 * y[0] * y[0] + 5.0 * y[0] + 140.0 - y[1] + I;
    dy[1] = 0.02 * (0.2 * y[0] - y[1]);
}
void morris_lecar(const State& y, State& dy, double I) {
    const double V = y[0], w = y[1];
    dy[0] =
        (I - 2.0 * (V + 60.0) - 4.4 * 0.5 * (1.0 + std::tanh((V + 1.2) / 18.0)) * (V - 120.0) - 8.0 * w * (V + 84.0)) /
        20.0;
    dy[1] = 0.04 * std::cosh((V - 2.0) / 60.0) * (0.5 * (1.0 + std::tanh((V - 2.0) / 30.0)) - w);
}
template <class Equations>
auto with_current(Equations equations, double I) {
    return [equations, I](const State& y, State& dy, double) { equations(y, dy, I); };
}

TEST(Convergence, fitzhugh_nagumo_is_of_fourth_order) {
    expect_order("fitzhugh_nagumo", 4, 0.2, "fitzhugh_nagumo", {{"I_e", 0.5}}, with_current(fitzhugh_nagumo, 0.5), 40.0,
                 1.2e-5);
}
TEST(Convergence, hindmarsh_rose_is_of_fourth_order) {
    expect_order("hindmarsh_rose", 4, 0.1, "hindmarsh_rose", {{"I_e", 4.0}}, with_current(hindmarsh_rose, 4.0), 20.0,
                 0.012);
}
TEST(Convergence, morris_lecar_is_of_fourth_order) {
    expect_order("morris_lecar", 4, 0.2, "morris_lecar", {{"I_e", 100.0}}, with_current(morris_lecar, 100.0), 100.0,
                 1.8e-6);
}
TEST(Convergence, izhikevich_is_of_first_order) {
    expect_order("izhikevich, consistent", 1, 0.2, "izhikevich", {{"I_e", 3.0}}, with_current(izhikevich, 3.0), 40.0,
                 0.26);
    expect_order("izhikevich, published order", 1, 0.2, "izhikevich",
                 {{"I_e", 3.0}, {"consistent_integration", 0.0}, {"V_steps", 1.0}}, with_current(izhikevich, 3.0), 40.0,
                 0.26);
}

/// The stamps are the steps in which the reference crosses the threshold upwards; where it lies within `margin`, the
/// error of V, of the threshold at an end of that step, a neighbouring step is as good.
template <class Slope>
void expect_crossings(const std::vector<std::int64_t>& stamps, Slope slope, State y, double h, int steps,
                      double threshold, double margin) {
    const std::vector<State> trace = solved(slope, y, h, steps);
    std::size_t k = 0, certain = 0;
    for (std::size_t n = 1; n < trace.size(); ++n) {
        if (trace[n - 1][0] >= threshold || trace[n][0] < threshold) continue;
        ASSERT_LT(k, stamps.size());
        const std::int64_t off = stamps[k++] - static_cast<std::int64_t>(n);
        const bool early = threshold - trace[n - 1][0] < margin, late = trace[n][0] - threshold < margin;
        EXPECT_TRUE(off == 0 || (off == -1 && early) || (off == 1 && late)) << "spike in step " << stamps[k - 1];
        certain += !early && !late;
    }
    EXPECT_EQ(k, stamps.size());
    EXPECT_GT(certain, k / 2);
}

TYPED_TEST(SimpleModels, oscillators_spike_in_the_steps_of_the_reference) {
    using T = TypeParam;
    const double h = 0.1;
    { // errors of V: 1.1e-5 (Convergence) in double; in single some 1e4 roundings, most of which decay
        Driver<T> driver(setup_of("fitzhugh_nagumo", 1, h, {{"I_e", 0.5}}));
        const State begin{driver.block->get(0, 0), driver.block->get(1, 0)};
        const std::vector<std::int64_t> stamps = run(driver, 3000);
        EXPECT_EQ(stamps.size(), 8U);
        expect_crossings(stamps, with_current(fitzhugh_nagumo, 0.5), begin, h, 3000, 1.0,
                         std::is_same_v<T, float> ? 2e-3 : 5e-5);
    }
    { // 0.012, and the phase drifts by 1.5e-4 of the time
        Driver<T> driver(setup_of("hindmarsh_rose", 1, h, {{"I_e", 2.0}}));
        const State begin{driver.block->get(0, 0), driver.block->get(1, 0), driver.block->get(2, 0)};
        const std::vector<std::int64_t> stamps = run(driver, 1500);
        EXPECT_GE(stamps.size(), 5U);
        expect_crossings(stamps, with_current(hindmarsh_rose, 2.0), begin, h, 1500, 1.0, 0.03);
    }
}

TYPED_TEST(SimpleModels, currents_of_stimuli_and_spikes_act_on_oscillators_when_they_should) {
    for (const std::string_view model : {"fitzhugh_nagumo", "hindmarsh_rose", "izhikevich"}) {
        Driver<TypeParam> quiet(setup_of(model, 1)), driven(setup_of(model, 1)), kicked(setup_of(model, 1));
        driven.current()[0] = 1;
        kicked.receptor(0)[0] = static_cast<TypeParam>(0.25);
        quiet.step(), driven.step(), kicked.step();
        EXPECT_EQ(driven.block->get(0, 0), quiet.block->get(0, 0)) << model << ": acts in the next step";
        EXPECT_NEAR(kicked.block->get(0, 0) - quiet.block->get(0, 0), 0.25, 300 * roundoff<TypeParam>) << model;
        quiet.step(), driven.step();
        // 1 pA for 0.1 ms, less what decays of it within the step: the fastest rate here is 17 / ms (hindmarsh_rose)
        EXPECT_GT(driven.block->get(0, 0) - quiet.block->get(0, 0), 0.1 * std::exp(-1.7)) << model;
        EXPECT_LT(driven.block->get(0, 0) - quiet.block->get(0, 0), 0.11) << model;
    }
}

} // namespace
} // namespace spikecast::test
