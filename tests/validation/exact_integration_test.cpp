// The kernels against closed forms, written here a second time in long double with the C library's functions.
//
// Where the tolerances come from. u is the unit roundoff of the precision. A current that decays for n steps is off by
// at most 2 n u, relatively: one rounding of its propagator, one of each product. An alpha function chains two such
// recursions, 4 n u. V adds up what currents contribute, S = charge / C at most, in n additions that round by u |V|
// each; the rounding of its own propagator adds 2 u h / tau_m a step, and |V| <= S. Together at most (6 n + 16) u S,
// the 16 covering the roundings within one step and the error of the propagators themselves (16 units, tested below).
#include "models/neurons/propagators.hpp"
#include "tests/validation/blocks.hpp"

#include <array>
#include <cmath>
#include <gtest/gtest.h>

namespace spikecast::test {
namespace {

using Real = long double;

// x = exp(A h) by its Taylor series at A h / 2^k and k squarings: no case distinction for equal time constants. All
// entries of the powers are positive, so that squaring k <= 8 times costs no more than 2^8 roundings of long double.
using Matrix = std::array<std::array<Real, 3>, 3>;
Matrix product(const Matrix& a, const Matrix& b) {
    Matrix c{};
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j)
            for (std::size_t k = 0; k < 3; ++k)
                c[i][j] += a[i][k] * b[k][j];
    return c;
}
Matrix exponential(Matrix a) {
    for (auto& row : a)
        for (Real& x : row)
            x /= 256;
    Matrix sum{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, power = sum;
    for (int n = 1; n < 30; ++n) {
        power = product(power, a);
        for (std::size_t i = 0; i < 3; ++i)
            for (std::size_t j = 0; j < 3; ++j) {
                power[i][j] /= n;
                sum[i][j] += power[i][j];
            }
    }
    for (int k = 0; k < 8; ++k)
        sum = product(sum, sum);
    return sum;
}

TEST(Propagators, agree_with_the_matrix_exponential_for_all_ratios_of_time_constants) {
    const double tau_m = 10.0, C = 250.0;
    for (const double h : {0.01, 0.1, 1.0})
        for (const double ratio : {0.02, 0.05, 0.2, 0.9, 1 - 1e-3, 1 - 1e-8, 1 - 1e-15, 1.0, 1 + 1e-15, 1 + 1e-8,
                                   1 + 1e-3, 1.1, 5.0, 20.0}) {
            const double tau = tau_m * ratio;
            // states: dI, I, V
            const Real m = -Real(h) / tau_m, s = -Real(h) / tau;
            const Matrix exact = exponential({{{s, 0, 0}, {Real(h), s, 0}, {0, Real(h) / C, m}}});
            const double tolerance = 16 * 0x1p-53;
            EXPECT_NEAR(models::exp_current_to_V(h, tau_m, tau, C) / static_cast<double>(exact[2][1]), 1.0, tolerance)
                << "h = " << h << ", tau_syn / tau_m = " << ratio;
            EXPECT_NEAR(models::alpha_slope_to_V(h, tau_m, tau, C) / static_cast<double>(exact[2][0]), 1.0, tolerance)
                << "h = " << h << ", tau_syn / tau_m = " << ratio;
        }
}

TEST(Propagators, are_finite_where_steps_and_time_constants_differ_by_orders_of_magnitude) {
    for (const double h : {1e-3, 10.0})
        for (const double tau_m : {1e-3, 1.0, 1e6})
            for (const double tau_syn : {1e-3, 1.0, 1e6}) {
                const double p = models::exp_current_to_V(h, tau_m, tau_syn, 1.0);
                const double q = models::alpha_slope_to_V(h, tau_m, tau_syn, 1.0);
                EXPECT_TRUE(std::isfinite(p) && p >= 0 && std::isfinite(q) && q >= 0)
                    << h << ' ' << tau_m << ' ' << tau_syn << ": " << p << ' ' << q;
            }
}

/// (1 - exp(-x)) / x and its relatives without cancellation: Taylor series about 0.
Real ratio_1(Real x) {
    return x == 0 ? 1 : -std::expm1(-x) / x;
}
Real ratio_2(Real x) { // (1 - (1 + x) exp(-x)) / x^2
    if (std::abs(x) > 1) return (1 - (1 + x) * std::exp(-x)) / (x * x);
    Real sum = 0, term = 1;
    for (int k = 0; k < 30; ++k) {
        sum += term / (k + 2);
        term *= -x / (k + 1);
    }
    return sum;
}

/// V (relative to E_L) at time t after a spike of weight 1.
Real response(std::string_view model, Real t, Real tau_m, Real tau_s, Real C) {
    const Real x = t * (tau_m - tau_s) / (tau_m * tau_s);
    if (model == "iaf_psc_exp") return t / C * std::exp(-t / tau_m) * ratio_1(x);
    return std::exp(Real(1)) / tau_s * t * t / C * std::exp(-t / tau_m) * ratio_2(x);
}

template <class T>
class ExactIntegration : public testing::Test {};
using Precisions = testing::Types<double, float>;
TYPED_TEST_SUITE(ExactIntegration, Precisions);

TYPED_TEST(ExactIntegration, voltage_after_one_spike_is_the_closed_form) {
    using T = TypeParam;
    for (const std::string_view model : {"iaf_psc_exp", "iaf_psc_alpha"})
        for (const double h : {0.01, 0.1, 1.0})
            for (const double tau_s : {0.5, 2.0, 9.999999, 10.0, 10.000001, 30.0}) {
                const double w = 87.8, tau_m = 10.0, C = 250.0, E_L = -65.0;
                const BlockSetup setup =
                    setup_of(model, 1, h,
                             {{"tau_syn_ex", tau_s}, {"tau_syn_in", 3.0}, {"tau_m", tau_m}, {"C_m", C}, {"E_L", E_L}});
                std::vector<double> p;
                for (const ResolvedValue& value : setup.parameters)
                    p.push_back(value.constant);
                const double S = static_cast<double>(static_cast<T>(w)) * setup.model->charge(p.data(), 0) / C;
                Driver<T> driver(setup);
                driver.receptor(0)[0] = static_cast<T>(w);
                driver.step(); // the spike arrives at its end
                const int steps = static_cast<int>(60 / h);
                for (int n = 1; n <= steps; ++n) {
                    driver.step();
                    const Real exact = static_cast<T>(w) * response(model, Real(h) * n, tau_m, tau_s, C);
                    const double got = driver.block->get(0, 0) - E_L;
                    // get() adds E_L in double: one more rounding of 65 mV
                    const double tolerance = (6 * n + 16) * roundoff<T> * S + 2 * 0x1p-53 * std::abs(E_L);
                    ASSERT_NEAR(got, static_cast<double>(exact), tolerance)
                        << model << ", h = " << h << ", tau_syn = " << tau_s << ", step " << n;
                }
            }
}

TYPED_TEST(ExactIntegration, weight_is_the_peak_of_the_current) {
    using T = TypeParam;
    for (const std::string_view model : {"iaf_psc_exp", "iaf_psc_alpha"}) {
        const BlockSetup setup = setup_of(model, 1, 0.1, {{"tau_syn_ex", 2.0}, {"tau_syn_in", 2.0}});
        Driver<T> driver(setup);
        driver.receptor(0)[0] = 100;
        driver.receptor(1)[0] = -50;
        driver.step();
        double excitation = driver.block->get(variable(setup, "I_syn_ex"), 0);
        double inhibition = driver.block->get(variable(setup, "I_syn_in"), 0);
        for (int n = 0; n < 100; ++n) {
            driver.step();
            excitation = std::max(excitation, driver.block->get(variable(setup, "I_syn_ex"), 0));
            inhibition = std::min(inhibition, driver.block->get(variable(setup, "I_syn_in"), 0));
        }
        EXPECT_NEAR(excitation, 100.0, 100.0 * 200 * roundoff<T>) << model; // 4 n u at n = tau / h = 20, and some
        EXPECT_NEAR(inhibition, -50.0, 50.0 * 200 * roundoff<T>) << model;
    }
}

TYPED_TEST(ExactIntegration, charge_is_what_a_membrane_without_leak_collects) {
    using T = TypeParam;
    for (const std::string_view model : {"iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_delta"})
        for (std::size_t r = 0; r < find_model(model)->receptors.size(); ++r) {
            BlockSetup setup = setup_of(
                model, 1, 0.1, {{"tau_m", 1e9}, {"E_L", 0.0}, {"C_m", 100.0}, {"V_reset", -70.0}, {"V_th", 1000.0}});
            if (setup.model->parameter("tau_syn_in") >= 0)
                setup.parameters[static_cast<std::size_t>(setup.model->parameter("tau_syn_in"))].constant = 0.7;
            Driver<T> driver(setup);
            driver.receptor(r)[0] = 10;
            for (int n = 0; n < 1000; ++n)
                driver.step();
            std::vector<double> p;
            for (const ResolvedValue& value : setup.parameters)
                p.push_back(value.constant);
            // 100 ms / 1e9 ms leak away; 1000 steps of rounding as above
            const double expected = 10 * setup.model->charge(p.data(), r) / 100.0;
            EXPECT_NEAR(driver.block->get(0, 0), expected, expected * (1e-7 + 6016 * roundoff<T>)) << model;
        }
}

TYPED_TEST(ExactIntegration, voltage_after_a_current_step_is_the_closed_form) {
    using T = TypeParam;
    for (const std::string_view model : {"iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_delta"})
        for (const double h : {0.01, 0.1, 1.0}) {
            const double I = 300.0, tau_m = 10.0, C = 250.0, E_L = -65.0;
            Driver<T> driver(setup_of(model, 1, h, {{"tau_m", tau_m}, {"C_m", C}, {"E_L", E_L}, {"V_th", 0.0}}));
            driver.current()[0] = static_cast<T>(I);
            driver.step();
            EXPECT_EQ(driver.block->get(0, 0), E_L) << "a current acts from the step after the one that it arrives in";
            for (int n = 1; n <= static_cast<int>(50 / h); ++n) {
                driver.current()[0] = static_cast<T>(I);
                driver.step();
                const Real exact = -Real(I) * tau_m / C * std::expm1(-Real(h) * n / tau_m);
                const double tolerance =
                    (6 * n + 16) * roundoff<T> * static_cast<double>(exact) + 2 * 0x1p-53 * std::abs(E_L);
                ASSERT_NEAR(driver.block->get(0, 0) - E_L, static_cast<double>(exact), tolerance)
                    << model << " h " << h;
            }
        }
}

TYPED_TEST(ExactIntegration, intervals_under_constant_current_are_the_closed_form) {
    using T = TypeParam;
    for (const std::string_view model : {"iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_delta"})
        for (const double h : {0.01, 0.1, 1.0}) {
            const double I = 997.0, tau_m = 10.0, C = 250.0, V_th = 15.0, V_reset = -3.0, t_ref = 2.0;
            const Real rest = Real(I) * tau_m / C;
            const Real crossing = tau_m * std::log((rest - V_reset) / (rest - V_th));
            const auto steps = static_cast<std::int64_t>(std::ceil(crossing / h));
            // The spike's step is certain if V is off by less than what it changes between crossing and grid point:
            const Real slope = (rest - V_th) / tau_m * h; // mV a step
            const Real margin = std::min(steps - crossing / h, crossing / h - (steps - 1)) * slope;
            ASSERT_GT(margin, Real(6 * steps + 16) * roundoff<T> * (V_th - V_reset)) << "choose another current";
            Driver<T> driver(setup_of(model, 1, h,
                                      {{"tau_m", tau_m},
                                       {"C_m", C},
                                       {"E_L", -65.0},
                                       {"V_th", -65.0 + V_th},
                                       {"V_reset", -65.0 + V_reset},
                                       {"t_ref", t_ref},
                                       {"I_e", I}}));
            driver.block->set(0, 0, -65.0 + V_reset);
            std::vector<std::int64_t> stamps;
            while (stamps.size() < 5 && driver.now() < 10000)
                if (!driver.step().empty()) stamps.push_back(driver.now());
            ASSERT_EQ(stamps.size(), 5U);
            EXPECT_EQ(stamps[0], steps) << model << " h " << h;
            const auto refractory = static_cast<std::int64_t>(std::lround(t_ref / h));
            for (std::size_t k = 1; k < stamps.size(); ++k)
                EXPECT_EQ(stamps[k] - stamps[k - 1], refractory + steps) << model << " h " << h;
        }
}

TYPED_TEST(ExactIntegration, a_spike_reaches_V_one_step_after_a_current_synapse_and_at_once_through_delta) {
    using T = TypeParam;
    for (const std::string_view model : {"iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_delta"}) {
        Driver<T> driver(setup_of(model, 1));
        driver.receptor(0)[0] = 1;
        driver.step();
        EXPECT_EQ(driver.block->get(0, 0) > -70.0, model == "iaf_psc_delta");
        driver.step();
        EXPECT_GT(driver.block->get(0, 0), -70.0);
    }
}

} // namespace
} // namespace spikecast::test
