#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/hodgkin_huxley.hpp"
#include "models/neurons/propagators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct HhCondExpTraub {
    enum Parameter { C_m, g_Na, g_K, g_L, E_Na, E_K, E_L, V_T, E_ex, E_in, t_ref, tau_syn_ex, tau_syn_in, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 200.0, positive, "capacitance of the membrane"},
        {"g_Na", "nS", 20000.0, not_negative, "largest sodium conductance"},
        {"g_K", "nS", 6000.0, not_negative, "largest potassium conductance"},
        {"g_L", "nS", 10.0, not_negative, "leak conductance"},
        {"E_Na", "mV", 50.0, any_value, "reversal potential of sodium"},
        {"E_K", "mV", -90.0, any_value, "reversal potential of potassium"},
        {"E_L", "mV", -60.0, any_value, "reversal potential of the leak"},
        {"V_T", "mV", -63.0, any_value, "shifts the rates; the threshold is near V_T + 13 mV"},
        {"E_ex", "mV", 0.0, any_value, "reversal potential of excitation"},
        {"E_in", "mV", -80.0, any_value, "reversal potential of inhibition"},
        {"t_ref", "ms", 2.0, not_negative, "least interval between reported spikes, rounded to steps"},
        {"tau_syn_ex", "ms", 5.0, positive, "decay time of the excitatory conductance"},
        {"tau_syn_in", "ms", 10.0, positive, "decay time of the inhibitory conductance"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, Act_m, Inact_h, Act_n, g_ex, g_in, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"Act_m", "1", 0.026863329798445447, "activation of sodium"},
        {"Inact_h", "1", 0.9913058218943975, "inactivation of sodium"},
        {"Act_n", "1", 0.06043403467863595, "activation of potassium"},
        {"g_ex", "nS", 0.0, "excitatory conductance"},
        {"g_in", "nS", 0.0, "inhibitory conductance"},
        {"refractory", "1", 0.0, "steps in which no spike is reported that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "nS", "excitatory conductance; the weight is its peak, positive", +1},
        {"in", "nS", "inhibitory conductance; minus the weight is its peak", -1},
    };
    static constexpr ModelInfo info{
        .name = "hh_cond_exp_traub",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Hodgkin-Huxley neuron after Traub & Miles with exponential conductances",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) - g_Na m^3 h (V_m - E_Na)
              - g_K n^4 (V_m - E_K) - g_ex (V_m - E_ex) - g_in (V_m - E_in)
              + I_e + I
dx/dt = alpha_x (1 - x) - beta_x x,  x = m, h, n (per ms; u = V_m - V_T in mV)
alpha_m = 0.32 (13 - u) / (exp((13 - u) / 4) - 1)
beta_m  = 0.28 (u - 40) / (exp((u - 40) / 5) - 1)
alpha_h = 0.128 exp((17 - u) / 18);  beta_h = 4 / (1 + exp((40 - u) / 5))
alpha_n = 0.032 (15 - u) / (exp((15 - u) / 5) - 1)
beta_n  = 0.5 exp((10 - u) / 40)
dg_x/dt = -g_x / tau_syn_x,  x = ex, in
A spike of weight w adds w to g_ex, or -w to g_in.

Runge-Kutta of order 4 with sub-steps of at most 0.025 ms (error:
docs/models.md); conductances decay exactly. The removable
singularities of the rates are taken at their limits. A spike is reported at
the end of the first step in which V_m falls while it is at V_T + 30 mV or
above, and none for t_ref after that; V_m isn't reset. Spikes that arrive in
the step are added at its end. I is the sum of stimulating currents, constant
within a step.
Gates start at their equilibrium at V_m = -60 mV with V_T = -63 mV, whatever
the parameters are.)",
        .citation =
            "Traub RD, Miles R (1991) Neuronal Networks of the Hippocampus, Cambridge University Press; Brette R et "
            "al. (2007) Simulation of networks of spiking neurons: a review of tools and strategies. J Comput "
            "Neurosci 23:349-398, benchmark 3. doi:10.1007/s10827-007-0038-6",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = {},
    };

    enum Constant {
        sub_step,
        sub_steps,
        per_C, // 1 / C_m
        Na,
        K,
        leak,
        Na_reversal, // relative to E_L, like V_m
        K_reversal,
        rest, // E_L
        current,
        threshold,
        ex_half, // over half a sub-step
        in_half,
        ex_reversal,
        in_reversal,
        shift, // E_L - V_T
        refractory_steps,
        constants
    };
    static void derive(const double* p, double h, double* c) {
        c[sub_steps] = sub_steps_of(h, hh_longest_sub_step);
        c[sub_step] = h / c[sub_steps];
        const double half = 0.5 * c[sub_step];
        c[per_C] = 1.0 / p[C_m];
        c[Na] = p[g_Na];
        c[K] = p[g_K];
        c[leak] = p[g_L];
        c[Na_reversal] = p[E_Na] - p[E_L];
        c[K_reversal] = p[E_K] - p[E_L];
        c[rest] = p[E_L];
        c[current] = p[I_e];
        c[ex_half] = math::exp(-half / p[tau_syn_ex]);
        c[in_half] = math::exp(-half / p[tau_syn_in]);
        c[ex_reversal] = p[E_ex] - p[E_L];
        c[in_reversal] = p[E_in] - p[E_L];
        c[shift] = p[E_L] - p[V_T];
        c[threshold] = p[V_T] + 30.0 - p[E_L];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }

    template <class Vec, class Constants>
    struct Synapses {
        const Constants& c;
        Vec ex, inh, I;
        [[nodiscard]] Vec a() const { return ex + inh; }
        [[nodiscard]] Vec b() const { return I + (ex * c[ex_reversal] + inh * c[in_reversal]); }
        void advance() {
            ex = ex * c[ex_half];
            inh = inh * c[in_half];
        }
    };

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const auto number = [](double x) { return Vec(static_cast<typename Vec::scalar>(x)); };
        const Vec one(1);
        Synapses<Vec, Constants> synapses{c, s[g_ex], s[g_in], s[I_0] + c[current]};
        std::array<Vec, 4> state{s[V_m], s[Act_m], s[Inact_h], s[Act_n]};
        hh_advance(state, c[sub_step], static_cast<int>(c[sub_steps][0]), synapses, [&](const auto& y, Vec a, Vec b) {
            const Vec u = y[0] + c[shift];
            const GateRates<Vec> m{number(1.28) * simd::x_over_expm1((number(13) - u) * number(0.25)),
                                   number(1.4) * simd::x_over_expm1((u - number(40)) * number(0.2))};
            const GateRates<Vec> h{number(0.128) * simd::exp((number(17) - u) * number(1.0 / 18)),
                                   number(4) / (one + simd::exp((number(40) - u) * number(0.2)))};
            const GateRates<Vec> n{number(0.16) * simd::x_over_expm1((number(15) - u) * number(0.2)),
                                   number(0.5) * simd::exp((number(10) - u) * number(0.025))};
            const Vec g_Na_now = c[Na] * ((y[1] * y[1]) * (y[1] * y[2]));
            const Vec n2 = y[3] * y[3];
            const Vec g_K_now = c[K] * (n2 * n2);
            const Vec I_ion = (g_Na_now * (y[0] - c[Na_reversal]) + g_K_now * (y[0] - c[K_reversal])) + c[leak] * y[0];
            return std::array<Vec, 4>{((b - a * y[0]) - I_ion) * c[per_C], m.derivative(y[1]), h.derivative(y[2]),
                                      n.derivative(y[3])};
        });
        const auto spikes = hh_spikes(s[V_m], state[0], c[threshold], s[refractory], c[refractory_steps]);
        s[V_m] = state[0];
        s[Act_m] = state[1];
        s[Inact_h] = state[2];
        s[Act_n] = state[3];
        s[g_ex] = synapses.ex + in.receptor(0);
        s[g_in] = synapses.inh - in.receptor(1);
        s[I_0] = in.current();
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<HhCondExpTraub, T>;
};

} // namespace spikecast::models
