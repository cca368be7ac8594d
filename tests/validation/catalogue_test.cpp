// The declarations, written a second time: names, units, defaults and bounds are what users' files rely on.
#include "models/reference_page.hpp"
#include "spikecast/block.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <set>
#include <sstream>
#include <string>
#include <tuple>

namespace spikecast {
namespace {

struct Expected {
    std::string_view model, parameter, unit;
    double default_value;
    std::vector<double> accepted, refused;
    bool is_list = false;
};
constexpr double inf = std::numeric_limits<double>::infinity();
const double nan = std::numeric_limits<double>::quiet_NaN();

/// The models with conductances, adaptation or gates.
std::vector<Expected> nonlinear_models() {
    std::vector<Expected> list;
    const auto any = [&](std::string_view model, std::string_view name, std::string_view unit, double value) {
        list.push_back({model, name, unit, value, {-100, 0, 100}, {nan}});
    };
    const auto above_0 = [&](std::string_view model, std::string_view name, std::string_view unit, double value) {
        list.push_back({model, name, unit, value, {1e-3, 1}, {0, -1, nan}});
    };
    const auto from_0 = [&](std::string_view model, std::string_view name, std::string_view unit, double value) {
        list.push_back({model, name, unit, value, {0, 1}, {-0.1, nan}});
    };
    for (const std::string_view m : {"iaf_cond_exp", "iaf_cond_alpha", "iaf_cond_beta", "iaf_cond_exp_sfa_rr"}) {
        const bool sfa = m == "iaf_cond_exp_sfa_rr";
        above_0(m, "C_m", "pF", sfa ? 289.5 : 250.0);
        above_0(m, "g_L", "nS", sfa ? 28.95 : 16.6667);
        from_0(m, "t_ref", "ms", sfa ? 0.5 : 2.0);
        any(m, "E_L", "mV", -70);
        any(m, "V_th", "mV", sfa ? -57 : -55);
        any(m, "V_reset", "mV", sfa ? -70 : -60);
        any(m, "E_ex", "mV", 0);
        any(m, "E_in", "mV", sfa ? -75 : -85);
        any(m, "I_e", "pA", 0);
        if (m == "iaf_cond_beta") continue;
        above_0(m, "tau_syn_ex", "ms", sfa ? 1.5 : 0.2);
        above_0(m, "tau_syn_in", "ms", sfa ? 10.0 : 2.0);
    }
    above_0("iaf_cond_beta", "tau_rise_ex", "ms", 0.2);
    above_0("iaf_cond_beta", "tau_decay_ex", "ms", 0.2);
    above_0("iaf_cond_beta", "tau_rise_in", "ms", 2.0);
    above_0("iaf_cond_beta", "tau_decay_in", "ms", 2.0);
    any("iaf_cond_exp_sfa_rr", "E_sfa", "mV", -70);
    any("iaf_cond_exp_sfa_rr", "E_rr", "mV", -70);
    above_0("iaf_cond_exp_sfa_rr", "tau_sfa", "ms", 110);
    above_0("iaf_cond_exp_sfa_rr", "tau_rr", "ms", 1.97);
    from_0("iaf_cond_exp_sfa_rr", "q_sfa", "nS", 14.48);
    from_0("iaf_cond_exp_sfa_rr", "q_rr", "nS", 3214);
    for (const std::string_view m : {"aeif_psc_exp", "aeif_cond_exp", "aeif_cond_alpha"}) {
        above_0(m, "C_m", "pF", 281);
        above_0(m, "g_L", "nS", 30);
        from_0(m, "t_ref", "ms", 0);
        any(m, "E_L", "mV", -70.6);
        any(m, "V_th", "mV", -50.4);
        any(m, "V_reset", "mV", -60);
        any(m, "V_peak", "mV", 0);
        from_0(m, "Delta_T", "mV", 2);
        any(m, "a", "nS", 4);
        above_0(m, "tau_w", "ms", 144);
        any(m, "b", "pA", 80.5);
        if (m != "aeif_psc_exp") {
            any(m, "E_ex", "mV", 0);
            any(m, "E_in", "mV", -85);
        }
        above_0(m, "tau_syn_ex", "ms", 0.2);
        above_0(m, "tau_syn_in", "ms", 2);
        any(m, "I_e", "pA", 0);
    }
    const auto gated = [&](std::string_view m, double C_m, double g_Na, double g_K, double g_L, double E_Na, double E_K,
                           double E_L, double tau_ex, double tau_in) {
        const bool per_area = m == "hodgkin_huxley_1952";
        const std::string_view conductance = per_area ? "mS/cm^2" : "nS";
        above_0(m, "C_m", per_area ? "uF/cm^2" : "pF", C_m);
        from_0(m, "g_Na", conductance, g_Na);
        from_0(m, "g_K", conductance, g_K);
        from_0(m, "g_L", conductance, g_L);
        any(m, "E_Na", "mV", E_Na);
        any(m, "E_K", "mV", E_K);
        any(m, "E_L", "mV", E_L);
        from_0(m, "t_ref", "ms", 2);
        above_0(m, "tau_syn_ex", "ms", tau_ex);
        above_0(m, "tau_syn_in", "ms", tau_in);
        any(m, "I_e", per_area ? "uA/cm^2" : "pA", 0);
    };
    gated("hh_psc_alpha", 100, 12000, 3600, 30, 50, -77, -54.402, 0.2, 2);
    gated("hh_cond_exp_traub", 200, 20000, 6000, 10, 50, -90, -60, 5, 10);
    any("hh_cond_exp_traub", "V_T", "mV", -63);
    any("hh_cond_exp_traub", "E_ex", "mV", 0);
    any("hh_cond_exp_traub", "E_in", "mV", -80);
    gated("wang_buzsaki", 100, 3500, 900, 10, 55, -90, -65, 2, 10);
    any("wang_buzsaki", "E_ex", "mV", 0);
    any("wang_buzsaki", "E_in", "mV", -75);
    above_0("wang_buzsaki", "phi", "1", 5);
    gated("hodgkin_huxley_1952", 1, 120, 36, 0.3, 50, -77, -54.387, 2, 2);
    any("hodgkin_huxley_1952", "celsius", "1", 6.3);
    above_0("hodgkin_huxley_1952", "area", "um^2", 10000);
    any("cable_neuron", "V_th", "mV", 0);
    any("cable_neuron", "E_Na", "mV", 50);
    any("cable_neuron", "E_K", "mV", -77);
    any("cable_neuron", "celsius", "1", 6.3);
    any("cable_neuron", "I_e", "pA", 0);
    return list;
}

/// Those of nonlinear_models(), whose names and relations have tests of their own.
bool is_nonlinear(std::string_view model) {
    static const std::vector<Expected> all = nonlinear_models();
    return std::any_of(all.begin(), all.end(), [&](const Expected& e) { return e.model == model; });
}

const std::vector<Expected>& expectations() {
    static const std::vector<Expected> all = [] {
        std::vector<Expected> list = nonlinear_models();
        for (const std::string_view model :
             {"iaf_psc_delta", "iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_exp_multisynapse"}) {
            list.push_back({model, "C_m", "pF", 250, {1e-3, 1}, {0, -1, nan}});
            list.push_back({model, "tau_m", "ms", 10, {1e-3, 1}, {0, -1, nan}});
            if (model == "iaf_psc_exp" || model == "iaf_psc_alpha") {
                list.push_back({model, "tau_syn_ex", "ms", 2, {1e-3, 1}, {0, -1, nan}});
                list.push_back({model, "tau_syn_in", "ms", 2, {1e-3, 1}, {0, -1, nan}});
            }
            list.push_back({model, "t_ref", "ms", 2, {0, 1}, {-0.1, nan}});
            list.push_back({model, "E_L", "mV", -70, {-100, 0, 100}, {nan}});
            list.push_back({model, "V_th", "mV", -55, {-100, 0, 100}, {nan}});
            list.push_back({model, "V_reset", "mV", -70, {-100, 0, 100}, {nan}});
            list.push_back({model, "I_e", "pA", 0, {-100, 0, 100}, {nan}});
        }
        list.push_back({"iaf_psc_exp_multisynapse", "tau_syn", "ms", 2, {1e-3, 1}, {0, -1, nan}, true});
        for (const auto& [name, unit, value] :
             {std::tuple{"C_m", "pF", 250.0}, std::tuple{"tau_m", "ms", 10.0}, std::tuple{"tau_s", "ms", 2.5}})
            list.push_back({"srm", name, unit, value, {1e-3, 1}, {0, -1, nan}});
        for (const auto& [name, unit, value] :
             {std::tuple{"t_ref", "ms", 1.0}, std::tuple{"K1", "1", 2.0}, std::tuple{"K2", "1", 4.0}})
            list.push_back({"srm", name, unit, value, {0, 1}, {-0.1, nan}});
        for (const auto& [name, unit, value] :
             {std::tuple{"E_L", "mV", -70.0}, std::tuple{"V_th", "mV", -55.0}, std::tuple{"I_e", "pA", 0.0}})
            list.push_back({"srm", name, unit, value, {-100, 0, 100}, {nan}});
        list.push_back({"srm", "flush", "1", 1, {0, 1}, {-1, 2, nan}});
        list.push_back({"pif", "C_m", "pF", 250, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"pif", "t_ref", "ms", 2, {0, 1}, {-0.1, nan}});
        list.push_back({"pif", "V_th", "mV", -55, {-100, 0, 100}, {nan}});
        list.push_back({"pif", "V_reset", "mV", -70, {-100, 0, 100}, {nan}});
        list.push_back({"pif", "I_e", "pA", 0, {-100, 0, 100}, {nan}});
        list.push_back({"mat2_psc_exp", "C_m", "pF", 100, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"mat2_psc_exp", "tau_m", "ms", 5, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"mat2_psc_exp", "tau_syn_ex", "ms", 1, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"mat2_psc_exp", "tau_syn_in", "ms", 3, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"mat2_psc_exp", "t_ref", "ms", 2, {0.1, 1}, {0, -0.1, nan}});
        list.push_back({"mat2_psc_exp", "E_L", "mV", -70, {-100, 0, 100}, {nan}});
        list.push_back({"mat2_psc_exp", "I_e", "pA", 0, {-100, 0, 100}, {nan}});
        list.push_back({"mat2_psc_exp", "tau_1", "ms", 10, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"mat2_psc_exp", "tau_2", "ms", 200, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"mat2_psc_exp", "alpha_1", "mV", 37, {-100, 0, 100}, {nan}});
        list.push_back({"mat2_psc_exp", "alpha_2", "mV", 2, {-100, 0, 100}, {nan}});
        list.push_back({"mat2_psc_exp", "omega", "mV", -51, {-100, 0, 100}, {nan}});
        for (const auto& [name, unit, value] :
             {std::tuple{"C_m", "pF", 80.0}, std::tuple{"g_L", "nS", 4.0}, std::tuple{"Delta_V", "mV", 0.5},
              std::tuple{"tau_syn_ex", "ms", 2.0}, std::tuple{"tau_syn_in", "ms", 2.0}})
            list.push_back({"gif_psc_exp", name, unit, value, {1e-3, 1}, {0, -1, nan}});
        for (const auto& [name, unit, value] : {std::tuple{"E_L", "mV", -70.0}, std::tuple{"V_reset", "mV", -55.0},
                                                std::tuple{"V_T_star", "mV", -35.0}, std::tuple{"I_e", "pA", 0.0}})
            list.push_back({"gif_psc_exp", name, unit, value, {-100, 0, 100}, {nan}});
        list.push_back({"gif_psc_exp", "lambda_0", "Hz", 1, {0, 1}, {-0.1, nan}});
        list.push_back({"gif_psc_exp", "t_ref", "ms", 4, {0, 1}, {-0.1, nan}});
        list.push_back({"gif_psc_exp", "tau_sfa", "ms", 0, {1e-3, 1}, {0, -1, nan}, true});
        list.push_back({"gif_psc_exp", "q_sfa", "mV", 0, {-1, 0, 1}, {nan}, true});
        list.push_back({"gif_psc_exp", "tau_stc", "ms", 0, {1e-3, 1}, {0, -1, nan}, true});
        list.push_back({"gif_psc_exp", "q_stc", "pA", 0, {-1, 0, 1}, {nan}, true});
        list.push_back({"leaky", "beta", "1", 0.9, {0, 0.5, 1}, {-0.1, 1.1, nan}});
        list.push_back({"leaky", "threshold", "1", 1, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"leaky", "reset_mechanism", "1", 0, {0, 1, 2}, {-1, 3, nan}});
        list.push_back({"leaky", "I_e", "1", 0, {-100, 0, 100}, {nan}});
        list.push_back({"ignore_and_fire", "rate", "Hz", 10, {1e-3, 1}, {0, -1, nan}});
        list.push_back({"ignore_and_fire", "phase", "1", 1, {1e-3, 1}, {0, -1, 1.1, nan}});
        for (const auto& [name, unit, value] :
             {std::tuple{"a", "1/ms", 0.02}, std::tuple{"b", "1", 0.2}, std::tuple{"c", "mV", -65.0},
              std::tuple{"d", "mV", 8.0}, std::tuple{"I_e", "pA", 0.0}, std::tuple{"V_th", "mV", 30.0},
              std::tuple{"V_min", "mV", -inf}, std::tuple{"V_linear", "1/ms", 5.0},
              std::tuple{"V_constant", "mV/ms", 140.0}, std::tuple{"u_leak", "1", 1.0},
              std::tuple{"u_offset", "mV", 0.0}})
            list.push_back({"izhikevich", name, unit, value, {-100, 0, 100}, {nan}});
        list.push_back({"izhikevich", "consistent_integration", "1", 1, {0, 1}, {-1, 2, nan}});
        list.push_back({"izhikevich", "V_steps", "1", 2, {1, 2}, {0, 3, nan}});
        for (const auto& [name, value] :
             {std::pair{"a", 0.7}, std::pair{"b", 0.8}, std::pair{"V_th", 1.0}, std::pair{"I_e", 0.0}})
            list.push_back({"fitzhugh_nagumo", name, "1", value, {-100, 0, 100}, {nan}});
        list.push_back({"fitzhugh_nagumo", "epsilon", "1/ms", 0.08, {1e-3, 1}, {0, -1, nan}});
        for (const auto& [name, value] :
             {std::pair{"a", 1.0}, std::pair{"b", 3.0}, std::pair{"c", 1.0}, std::pair{"d", 5.0}, std::pair{"s", 4.0},
              std::pair{"x_1", -1.6}, std::pair{"V_th", 1.0}, std::pair{"I_e", 0.0}})
            list.push_back({"hindmarsh_rose", name, "1", value, {-100, 0, 100}, {nan}});
        list.push_back({"hindmarsh_rose", "r", "1/ms", 0.001, {0, 1}, {-1, nan}});
        for (const auto& [name, unit, value] :
             {std::tuple{"E_L", "mV", -60.0}, std::tuple{"E_Ca", "mV", 120.0}, std::tuple{"E_K", "mV", -84.0},
              std::tuple{"V_1", "mV", -1.2}, std::tuple{"V_3", "mV", 2.0}, std::tuple{"V_th", "mV", 0.0},
              std::tuple{"I_e", "uA/cm^2", 0.0}})
            list.push_back({"morris_lecar", name, unit, value, {-100, 0, 100}, {nan}});
        for (const auto& [name, unit, value] : {std::tuple{"C_m", "uF/cm^2", 20.0}, std::tuple{"V_2", "mV", 18.0},
                                                std::tuple{"V_4", "mV", 30.0}, std::tuple{"phi", "1/ms", 0.04}})
            list.push_back({"morris_lecar", name, unit, value, {1e-3, 1}, {0, -1, nan}});
        for (const auto& [name, value] : {std::pair{"g_L", 2.0}, std::pair{"g_Ca", 4.4}, std::pair{"g_K", 8.0}})
            list.push_back({"morris_lecar", name, "mS/cm^2", value, {0, 1}, {-1, nan}});
        const auto generator = [&](std::string_view model) {
            list.push_back({model, "start", "ms", 0, {0, 1}, {-1, nan}});
            list.push_back({model, "stop", "ms", inf, {0, 1, inf}, {-1, nan}});
        };
        list.push_back({"poisson_generator", "rate", "Hz", 0, {0, 1e9}, {-1, 2e9, nan}});
        generator("poisson_generator");
        list.push_back({"spike_generator", "spike_times", "ms", 0, {0.1}, {0, -1, nan}, true});
        generator("spike_generator");
        list.push_back({"inhomogeneous_poisson_generator", "rate_times", "ms", 0, {0.1}, {0, -1, nan}, true});
        list.push_back({"inhomogeneous_poisson_generator", "rate_values", "Hz", 0, {0, 1e9}, {-1, 2e9, nan}, true});
        generator("inhomogeneous_poisson_generator");
        for (const std::string_view name : {"rate", "amplitude"})
            list.push_back({"sinusoidal_poisson_generator", name, "Hz", 0, {0, 1e9}, {-1, 2e9, nan}});
        list.push_back({"sinusoidal_poisson_generator", "frequency", "Hz", 0, {0, 1}, {-1, nan}});
        list.push_back({"sinusoidal_poisson_generator", "phase", "1", 0, {-1, 0, 1}, {nan}});
        generator("sinusoidal_poisson_generator");
        list.push_back({"gamma_sup_generator", "rate", "Hz", 0, {0, 1e9}, {-1, 2e9, nan}});
        list.push_back({"gamma_sup_generator", "gamma_shape", "1", 1, {1, 1000}, {0, 1001, nan}});
        list.push_back({"gamma_sup_generator", "n_proc", "1", 1, {1, 1e9}, {0, 2e9, nan}});
        generator("gamma_sup_generator");
        list.push_back({"mip_generator", "rate", "Hz", 0, {0, 1e9}, {-1, 2e9, nan}});
        list.push_back({"mip_generator", "p_copy", "1", 1, {0, 1}, {-0.1, 1.1, nan}});
        generator("mip_generator");
        list.push_back({"pulsepacket_generator", "pulse_times", "ms", 0, {0.1}, {0, -1, nan}, true});
        list.push_back({"pulsepacket_generator", "activity", "1", 0, {0, 1e6}, {-1, 2e6, nan}});
        list.push_back({"pulsepacket_generator", "sdev", "ms", 0, {0, 1}, {-1, nan}});
        generator("pulsepacket_generator");
        for (const std::string_view name : {"amplitude", "offset"})
            list.push_back({"ac_generator", name, "pA", 0, {-1, 0, 1}, {nan}});
        list.push_back({"ac_generator", "frequency", "Hz", 0, {0, 1}, {-1, nan}});
        list.push_back({"ac_generator", "phase", "1", 0, {-1, 0, 1}, {nan}});
        generator("ac_generator");
        list.push_back({"noise_generator", "mean", "pA", 0, {-1, 0, 1}, {nan}});
        list.push_back({"noise_generator", "std", "pA", 0, {0, 1}, {-1, nan}});
        list.push_back({"noise_generator", "dt", "ms", 1, {0.1}, {0, -1, nan}});
        list.push_back({"noise_generator", "std_mod", "pA", 0, {0, 1}, {-1, nan}});
        list.push_back({"noise_generator", "frequency", "Hz", 0, {0, 1}, {-1, nan}});
        list.push_back({"noise_generator", "phase", "1", 0, {-1, 0, 1}, {nan}});
        generator("noise_generator");
        list.push_back({"spike_train_injector", "spike_times", "ms", 0, {0}, {nan}});
        list.push_back({"spike_train_injector", "allow_offgrid_times", "1", 0, {0, 1}, {-1, 2, nan}});
        generator("spike_train_injector");
        for (const std::string_view model : {"binary_encoder", "poisson_rate_encoder", "regular_rate_encoder",
                                             "latency_encoder", "rank_order_encoder", "full_temporal_encoder"}) {
            list.push_back({model, "data", "1", 0, {0}, {nan}});
            list.push_back({model, "data_min", "1", 0, {-1, 0, 1}, {nan}});
            list.push_back({model, "data_max", "1", 1, {-1, 0, 255}, {nan}});
            list.push_back({model, "duration", "ms", 100, {0.1}, {0, -1, nan}});
            list.push_back({model, "gap", "ms", 0, {0, 1}, {-1, nan}});
            list.push_back({model, "first_sample", "1", 0, {0, 59999}, {-1, nan}});
            list.push_back({model, "samples", "1", 0, {0, 59999}, {-1, nan}});
            list.push_back({model, "repetitions", "1", 1, {1, 2}, {0, -1, nan}});
            generator(model);
        }
        list.push_back({"binary_encoder", "threshold", "1", 0.5, {0, 1}, {-0.1, 1.1, nan}});
        for (const std::string_view model : {"poisson_rate_encoder", "regular_rate_encoder"})
            list.push_back({model, "max_rate", "Hz", 100, {0, 1e9}, {-1, 2e9, nan}});
        for (const std::string_view model : {"latency_encoder", "rank_order_encoder"})
            list.push_back({model, "threshold", "1", 0, {0, 1}, {-0.1, 1.1, nan}});
        list.push_back({"rank_order_encoder", "interval", "ms", 1, {0.1}, {0, -1, nan}});
        list.push_back({"full_temporal_encoder", "min_interval", "ms", 1, {0.1}, {0, -1, nan}});
        list.push_back({"full_temporal_encoder", "max_interval", "ms", 10, {0.1}, {0, -1, nan}});
        list.push_back({"dc_generator", "amplitude", "pA", 0, {-1, 0, 1}, {nan}});
        generator("dc_generator");
        list.push_back({"step_current_generator", "amplitude_times", "ms", 0, {0.1}, {0, -1, nan}, true});
        list.push_back({"step_current_generator", "amplitude_values", "pA", 0, {-1, 0, 1}, {nan}, true});
        generator("step_current_generator");
        list.push_back({"ramp_current_generator", "amplitude", "pA", 0, {-1, 0, 1}, {nan}});
        list.push_back({"ramp_current_generator", "slope", "pA/ms", 0, {-1, 0, 1}, {nan}});
        generator("ramp_current_generator");
        return list;
    }();
    return all;
}

std::vector<double> defaults(const ModelInfo& model) {
    std::vector<double> values;
    for (const ParameterInfo& p : model.parameters)
        values.push_back(p.default_value);
    return values;
}

TEST(Catalogue, has_every_model_once_and_finds_it_by_name) {
    std::set<std::string_view> names;
    for (const ModelInfo* model : all_models()) {
        if (is_nonlinear(model->name)) continue;
        EXPECT_TRUE(names.insert(model->name).second) << model->name;
        EXPECT_EQ(find_model(model->name), model);
    }
    EXPECT_TRUE(names.count("iaf_psc_exp"));
    EXPECT_EQ(find_model("iaf_psc_ex"), nullptr);
}

TEST(Catalogue, parameters_have_their_units_defaults_and_bounds) {
    std::size_t declared = 0;
    for (const ModelInfo* model : all_models())
        declared += model->parameters.size();
    EXPECT_EQ(declared, expectations().size()) << "every parameter has its line in this test";
    for (const Expected& e : expectations()) {
        const ModelInfo* model = find_model(e.model);
        ASSERT_NE(model, nullptr);
        const int number = model->parameter(e.parameter);
        ASSERT_GE(number, 0) << e.model << ' ' << e.parameter;
        const ParameterInfo& p = model->parameters[static_cast<std::size_t>(number)];
        EXPECT_EQ(p.unit, e.unit) << e.model << ' ' << e.parameter;
        EXPECT_EQ(p.default_value, e.default_value) << e.model << ' ' << e.parameter;
        EXPECT_EQ(p.is_list, e.is_list) << e.model << ' ' << e.parameter;
        EXPECT_FALSE(p.meaning.empty());
        EXPECT_TRUE(p.is_list || p.bounds.contains(p.default_value)) << e.model << ' ' << e.parameter;
        for (const double x : e.accepted)
            EXPECT_TRUE(p.bounds.contains(x)) << e.model << ' ' << e.parameter << " = " << x;
        for (const double x : e.refused)
            EXPECT_FALSE(p.bounds.contains(x)) << e.model << ' ' << e.parameter << " = " << x;
    }
}

TEST(Catalogue, has_every_nonlinear_model_once) {
    for (const std::string_view name :
         {"iaf_cond_exp", "iaf_cond_alpha", "iaf_cond_beta", "iaf_cond_exp_sfa_rr", "aeif_psc_exp", "aeif_cond_exp",
          "aeif_cond_alpha", "hh_psc_alpha", "hh_cond_exp_traub", "wang_buzsaki", "hodgkin_huxley_1952"}) {
        const auto models = all_models();
        EXPECT_EQ(std::count_if(models.begin(), models.end(), [&](const ModelInfo* m) { return m->name == name; }), 1);
        EXPECT_EQ(find_model(name)->receptor("ex"), 0) << name;
        EXPECT_EQ(find_model(name)->receptor("in"), 1) << name;
        EXPECT_TRUE(is_nonlinear(name));
    }
    for (const std::string_view name : {"iaf_cond_exp", "iaf_cond_alpha", "iaf_cond_beta", "iaf_cond_exp_sfa_rr"}) {
        const ModelInfo& model = *find_model(name);
        ASSERT_EQ(model.relations.size(), 1U) << name;
        std::vector<double> values = defaults(model);
        EXPECT_TRUE(model.relations[0].holds(values.data()));
        values[static_cast<std::size_t>(model.parameter("V_reset"))] =
            values[static_cast<std::size_t>(model.parameter("V_th"))];
        EXPECT_FALSE(model.relations[0].holds(values.data())) << name << ": equality would spike for ever";
    }
}

TEST(Catalogue, each_relation_of_the_adaptive_models_is_broken_once) {
    for (const std::string_view name : {"aeif_psc_exp", "aeif_cond_exp", "aeif_cond_alpha"}) {
        const ModelInfo& model = *find_model(name);
        ASSERT_EQ(model.relations.size(), 4U);
        const auto broken = [&](std::initializer_list<std::pair<std::string_view, double>> set) {
            std::vector<double> values = defaults(model);
            for (const auto& [parameter, x] : set)
                values.at(static_cast<std::size_t>(model.parameter(parameter))) = x;
            std::string texts;
            for (const ParameterRelation& relation : model.relations)
                if (!relation.holds(values.data())) texts += std::string(relation.text) + ';';
            return texts;
        };
        EXPECT_EQ(broken({}), "");
        EXPECT_EQ(broken({{"V_reset", 0}}), "V_reset < V_peak;");
        EXPECT_EQ(broken({{"V_peak", -50.5}}), "V_th <= V_peak;");
        EXPECT_EQ(broken({{"V_peak", -50.4}}), "");
        EXPECT_EQ(broken({{"Delta_T", 0.6}}), "V_peak - V_th <= 75 Delta_T or Delta_T = 0;");
        EXPECT_EQ(broken({{"Delta_T", 0.0}}), "");
        EXPECT_EQ(broken({{"V_reset", -45}}), "");
        EXPECT_EQ(broken({{"Delta_T", 0.0}, {"V_reset", -45}}), "V_reset < V_th where Delta_T = 0;");
    }
}

TEST(Catalogue, relations_hold_for_defaults_and_fail_where_they_should) {
    const auto set = [](const ModelInfo& model, std::vector<double>& values, std::string_view name, double x) {
        values.at(static_cast<std::size_t>(model.parameter(name))) = x;
    };
    for (const ModelInfo* model : all_models()) {
        if (is_nonlinear(model->name)) continue;
        std::vector<double> values = defaults(*model);
        if (model->relations.size() != 1 ||
            (model->relations[0].text != "V_reset < V_th" && model->relations[0].text != "start <= stop"))
            continue; // tests/experiment/declarations_test.cpp breaks each
        const ParameterRelation& relation = model->relations[0];
        EXPECT_TRUE(relation.holds(values.data())) << model->name;
        if (model->kind == ModelInfo::Kind::neuron) {
            EXPECT_EQ(relation.text, "V_reset < V_th");
            set(*model, values, "V_reset", -55);
            EXPECT_FALSE(relation.holds(values.data())) << model->name << ": equality would spike for ever";
            set(*model, values, "V_th", -54.9);
            EXPECT_TRUE(relation.holds(values.data()));
        } else {
            EXPECT_EQ(relation.text, "start <= stop");
            set(*model, values, "start", 2);
            set(*model, values, "stop", 2);
            EXPECT_TRUE(relation.holds(values.data()));
            set(*model, values, "stop", 1);
            EXPECT_FALSE(relation.holds(values.data()));
        }
    }
}

TEST(Catalogue, further_relations_fail_where_they_should) {
    struct Broken {
        std::string_view model, parameter;
        double value;
        std::string_view relation;
    };
    const std::string_view whole = "first_sample, samples and repetitions are whole numbers";
    const std::vector<Broken> all = {
        {"gamma_sup_generator", "gamma_shape", 2.5, "gamma_shape is a whole number"},
        {"gamma_sup_generator", "n_proc", 2.5, "n_proc is a whole number"},
        {"pulsepacket_generator", "activity", 2.5, "activity is a whole number"},
        {"noise_generator", "std_mod", 1.0, "std_mod <= std"},
        {"latency_encoder", "data_min", 1.0, "data_min < data_max"},
        {"binary_encoder", "first_sample", 0.5, whole},
        {"rank_order_encoder", "samples", 0.5, whole},
        {"regular_rate_encoder", "repetitions", 1.5, whole},
        {"full_temporal_encoder", "min_interval", 10.0, "min_interval < max_interval"},
    };
    for (const Broken& broken : all) {
        const ModelInfo& model = *find_model(broken.model);
        std::vector<double> values = defaults(model);
        values.at(static_cast<std::size_t>(model.parameter(broken.parameter))) = broken.value;
        std::vector<std::string_view> failed;
        for (const ParameterRelation& relation : model.relations)
            if (!relation.holds(values.data())) failed.push_back(relation.text);
        EXPECT_EQ(failed, std::vector<std::string_view>{broken.relation}) << broken.model << ' ' << broken.parameter;
    }
}

TEST(Catalogue, receptors_and_variables_are_named) {
    for (const std::string_view name : {"iaf_psc_exp", "iaf_psc_alpha"}) {
        const ModelInfo& model = *find_model(name);
        ASSERT_EQ(model.receptors.size(), 2U);
        EXPECT_EQ(model.receptor("ex"), 0);
        EXPECT_EQ(model.receptor("in"), 1);
        EXPECT_EQ(model.receptors[0].sign, 1);
        EXPECT_EQ(model.receptors[1].sign, -1);
        EXPECT_EQ(model.receptors[0].weight_unit, "pA");
        EXPECT_EQ(model.variable("I_syn_ex"), 1);
        EXPECT_EQ(model.variable("I_syn_in"), 2);
    }
    const ModelInfo& delta = *find_model("iaf_psc_delta");
    ASSERT_EQ(delta.receptors.size(), 1U);
    EXPECT_EQ(delta.receptors[0].weight_unit, "mV");
    EXPECT_EQ(delta.receptors[0].sign, 0);
    const ModelInfo& parrot = *find_model("parrot_neuron");
    ASSERT_EQ(parrot.receptors.size(), 1U);
    EXPECT_TRUE(parrot.receptors[0].counts);
    for (const ModelInfo* model : all_models()) {
        EXPECT_EQ(model->receptors.empty(), model->kind != ModelInfo::Kind::neuron) << model->name;
        if (model->variables.empty()) continue;
        if (model->parameter("E_L") >= 0 && model->parameter("V_reset") >= 0) {
            EXPECT_EQ(model->variables[0].name, "V_m");
            EXPECT_EQ(model->variables[0].offset, model->parameter("E_L"));
        }
        if (model->variable("refractory") >= 0) {
            EXPECT_FALSE(model->variables[static_cast<std::size_t>(model->variable("refractory"))].visible);
        }
    }
}

TEST(Catalogue, charge_of_a_spike_is_the_integral_of_its_current) {
    const auto charge = [](std::string_view name, std::size_t receptor) {
        const ModelInfo& model = *find_model(name);
        std::vector<double> values = defaults(model);
        if (model.parameter("tau_syn_in") >= 0) values[static_cast<std::size_t>(model.parameter("tau_syn_in"))] = 0.5;
        return model.charge(values.data(), receptor);
    };
    EXPECT_EQ(charge("iaf_psc_exp", 0), 2.0);
    EXPECT_EQ(charge("iaf_psc_exp", 1), 0.5);
    EXPECT_DOUBLE_EQ(charge("iaf_psc_alpha", 0), 2.0 * std::exp(1.0));
    EXPECT_DOUBLE_EQ(charge("iaf_psc_alpha", 1), 0.5 * std::exp(1.0));
    EXPECT_EQ(charge("iaf_psc_delta", 0), 250.0);
    // the potential's integral over the membrane's resistance; its peak is at tau_m / 3 ln 4: K = 1 / (4^(-1/3) -
    // 4^(-4/3))
    EXPECT_NEAR(charge("srm", 0), 250.0 * 0.75 / (std::pow(4.0, -1.0 / 3) - std::pow(4.0, -4.0 / 3)), 250.0 * 1e-14);
}

TEST(ReferencePage, names_everything_in_80_columns_of_plain_text) {
    std::string all = catalogue_page();
    for (const ModelInfo* model : all_models()) {
        EXPECT_NE(all.find(model->name), std::string::npos);
        const std::string page = reference_page(*model);
        EXPECT_EQ(page.rfind(std::string(model->name) + " - ", 0), 0U);
        for (const ParameterInfo& p : model->parameters)
            EXPECT_NE(page.find("\n  " + std::string(p.name) + ' '), std::string::npos) << p.name;
        const std::string tables = page.substr(std::min(page.find("\nVariables"), page.size()));
        for (const VariableInfo& v : model->variables)
            EXPECT_EQ(tables.find("\n  " + std::string(v.name) + ' ') != std::string::npos, v.visible) << v.name;
        for (const ReceptorInfo& r : model->receptors)
            EXPECT_NE(page.find("\n  " + std::string(r.name) + ' '), std::string::npos) << r.name;
        for (const ParameterRelation& r : model->relations)
            EXPECT_NE(page.find(r.text), std::string::npos) << r.text;
        EXPECT_NE(page.find("\nReference\n"), std::string::npos);
        EXPECT_FALSE(model->citation.empty());
        EXPECT_FALSE(model->equations.empty());
        all += page;
    }
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 80U) << line;
        EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
    }
}

} // namespace
} // namespace spikecast
