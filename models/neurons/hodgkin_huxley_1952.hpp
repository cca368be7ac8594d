#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/hodgkin_huxley.hpp"
#include "models/neurons/propagators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct HodgkinHuxley1952 {
    enum Parameter { C_m, g_Na, g_K, g_L, E_Na, E_K, E_L, celsius, area, t_ref, tau_syn_ex, tau_syn_in, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "uF/cm^2", 1.0, positive, "capacitance of the membrane"},
        {"g_Na", "mS/cm^2", 120.0, not_negative, "largest sodium conductance"},
        {"g_K", "mS/cm^2", 36.0, not_negative, "largest potassium conductance"},
        {"g_L", "mS/cm^2", 0.3, not_negative, "leak conductance"},
        {"E_Na", "mV", 50.0, any_value, "reversal potential of sodium"},
        {"E_K", "mV", -77.0, any_value, "reversal potential of potassium"},
        {"E_L", "mV", -54.387, any_value, "reversal potential of the leak"},
        {"celsius", "1", 6.3, any_value, "temperature in degrees Celsius"},
        {"area", "um^2", 10000.0, positive, "surface that receives the current of stimuli"},
        {"t_ref", "ms", 2.0, not_negative, "least interval between reported spikes, rounded to steps"},
        {"tau_syn_ex", "ms", 2.0, positive, "decay time of the excitatory synaptic current"},
        {"tau_syn_in", "ms", 2.0, positive, "decay time of the inhibitory synaptic current"},
        {"I_e", "uA/cm^2", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, Act_m, Inact_h, Act_n, I_syn_ex, I_syn_in, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", -65.0, "potential of the membrane", E_L},
        {"Act_m", "1", 0.05293248525724958, "activation of sodium"},
        {"Inact_h", "1", 0.5961207535084603, "inactivation of sodium"},
        {"Act_n", "1", 0.3176769140606974, "activation of potassium"},
        {"I_syn_ex", "uA/cm^2", 0.0, "excitatory synaptic current"},
        {"I_syn_in", "uA/cm^2", 0.0, "inhibitory synaptic current"},
        {"refractory", "1", 0.0, "steps in which no spike is reported that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "uA/cm^2", "excitatory current; the weight is its peak, positive", +1},
        {"in", "uA/cm^2", "inhibitory current; the weight is its peak, negative", -1},
    };
    static constexpr ModelInfo info{
        .name = "hodgkin_huxley_1952",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Patch of the squid's giant axon (Hodgkin & Huxley 1952)",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) - g_Na m^3 h (V_m - E_Na)
              - g_K n^4 (V_m - E_K) + I_syn_ex + I_syn_in + I_e + I / area
dx/dt = phi (alpha_x (1 - x) - beta_x x),  x = m, h, n (per ms; V_m in mV)
phi = 3^((celsius - 6.3) / 10)
alpha_m = 0.1 (V_m + 40) / (1 - exp(-(V_m + 40) / 10))
beta_m  = 4 exp(-(V_m + 65) / 18)
alpha_h = 0.07 exp(-(V_m + 65) / 20); beta_h = 1 / (1 + exp(-(V_m + 35) / 10))
alpha_n = 0.01 (V_m + 55) / (1 - exp(-(V_m + 55) / 10))
beta_n  = 0.125 exp(-(V_m + 65) / 80)
dI_syn_x/dt = -I_syn_x / tau_syn_x,  x = ex, in
A spike of weight w adds w to I_syn_x.
Units and constants are the paper's; potentials are inside minus outside with
the resting potential at -65 mV: V_m = -65 mV - V of the paper.

Runge-Kutta of order 4 with sub-steps of at most 0.025 ms (error:
docs/models.md); synaptic currents decay exactly. The removable
singularities of the rates are taken at their limits. A spike is reported at
the end of the first step in which V_m falls while it is at 0 mV or
above, and none for t_ref after that; V_m isn't reset. Spikes that arrive in
the step are added at its end. I is the sum of stimulating currents, constant
within a step.
Gates start at their equilibrium at V_m = -65 mV.)",
        .citation =
            "Hodgkin AL, Huxley AF (1952) A quantitative description of membrane current and its application to "
            "conduction and excitation in nerve. J Physiol 117:500-544. doi:10.1113/jphysiol.1952.sp004764",
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
        speed,
        per_area, // of pA to uA/cm^2
        ex_half,  // over half a sub-step
        in_half,
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
        c[speed] = math::pow(3.0, (p[celsius] - 6.3) / 10.0);
        c[per_area] = 100.0 / p[area]; // 1 pA/um^2 = 100 uA/cm^2
        c[ex_half] = math::exp(-half / p[tau_syn_ex]);
        c[in_half] = math::exp(-half / p[tau_syn_in]);
        c[threshold] = -p[E_L];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }

    template <class Vec, class Constants>
    struct Synapses {
        const Constants& c;
        Vec ex, inh, I;
        [[nodiscard]] Vec a() const { return Vec(0); }
        [[nodiscard]] Vec b() const { return I + (ex + inh); }
        void advance() {
            ex = ex * c[ex_half];
            inh = inh * c[in_half];
        }
    };

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const auto number = [](double x) { return Vec(static_cast<typename Vec::scalar>(x)); };
        const Vec one(1);
        Synapses<Vec, Constants> synapses{c, s[I_syn_ex], s[I_syn_in], s[I_0] * c[per_area] + c[current]};
        std::array<Vec, 4> state{s[V_m], s[Act_m], s[Inact_h], s[Act_n]};
        hh_advance(state, c[sub_step], static_cast<int>(c[sub_steps][0]), synapses, [&](const auto& y, Vec a, Vec b) {
            const Vec V = y[0] + c[rest];
            const GateRates<Vec> m{simd::x_over_expm1((V + number(40)) * number(-0.1)),
                                   number(4) * simd::exp((V + number(65)) * number(-1.0 / 18))};
            const GateRates<Vec> h{number(0.07) * simd::exp((V + number(65)) * number(-0.05)),
                                   one / (one + simd::exp((V + number(35)) * number(-0.1)))};
            const GateRates<Vec> n{number(0.1) * simd::x_over_expm1((V + number(55)) * number(-0.1)),
                                   number(0.125) * simd::exp((V + number(65)) * number(-0.0125))};
            const Vec g_Na_now = c[Na] * ((y[1] * y[1]) * (y[1] * y[2]));
            const Vec n2 = y[3] * y[3];
            const Vec g_K_now = c[K] * (n2 * n2);
            const Vec I_ion = (g_Na_now * (y[0] - c[Na_reversal]) + g_K_now * (y[0] - c[K_reversal])) + c[leak] * y[0];
            return std::array<Vec, 4>{((b - a * y[0]) - I_ion) * c[per_C], c[speed] * m.derivative(y[1]),
                                      c[speed] * h.derivative(y[2]), c[speed] * n.derivative(y[3])};
        });
        const auto spikes = hh_spikes(s[V_m], state[0], c[threshold], s[refractory], c[refractory_steps]);
        s[V_m] = state[0];
        s[Act_m] = state[1];
        s[Inact_h] = state[2];
        s[Act_n] = state[3];
        s[I_syn_ex] = synapses.ex + in.receptor(0);
        s[I_syn_in] = synapses.inh + in.receptor(1);
        s[I_0] = in.current();
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<HodgkinHuxley1952, T>;
};

} // namespace spikecast::models
