#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/hodgkin_huxley.hpp"
#include "models/neurons/propagators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct WangBuzsaki {
    enum Parameter { C_m, g_Na, g_K, g_L, E_Na, E_K, E_L, E_ex, E_in, phi, t_ref, tau_syn_ex, tau_syn_in, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 100.0, positive, "capacitance of the membrane"},
        {"g_Na", "nS", 3500.0, not_negative, "largest sodium conductance"},
        {"g_K", "nS", 900.0, not_negative, "largest potassium conductance"},
        {"g_L", "nS", 10.0, not_negative, "leak conductance"},
        {"E_Na", "mV", 55.0, any_value, "reversal potential of sodium"},
        {"E_K", "mV", -90.0, any_value, "reversal potential of potassium"},
        {"E_L", "mV", -65.0, any_value, "reversal potential of the leak"},
        {"E_ex", "mV", 0.0, any_value, "reversal potential of excitation"},
        {"E_in", "mV", -75.0, any_value, "reversal potential of inhibition"},
        {"phi", "1", 5.0, positive, "speed of h and n"},
        {"t_ref", "ms", 2.0, not_negative, "least interval between reported spikes, rounded to steps"},
        {"tau_syn_ex", "ms", 2.0, positive, "decay time of the excitatory conductance"},
        {"tau_syn_in", "ms", 10.0, positive, "decay time of the inhibitory conductance"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, Inact_h, Act_n, g_ex, g_in, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"Inact_h", "1", 0.804578977270273, "inactivation of sodium"},
        {"Act_n", "1", 0.08255363030234174, "activation of potassium"},
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
        .name = "wang_buzsaki",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Fast-spiking interneuron of Wang & Buzsaki, exponential conductances",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) - g_Na m^3 h (V_m - E_Na)
              - g_K n^4 (V_m - E_K) - g_ex (V_m - E_ex) - g_in (V_m - E_in)
              + I_e + I
m = alpha_m / (alpha_m + beta_m), in an instant
dx/dt = phi (alpha_x (1 - x) - beta_x x),  x = h, n (per ms; V_m in mV)
alpha_m = 0.1 (V_m + 35) / (1 - exp(-(V_m + 35) / 10))
beta_m  = 4 exp(-(V_m + 60) / 18)
alpha_h = 0.07 exp(-(V_m + 58) / 20); beta_h = 1 / (1 + exp(-(V_m + 28) / 10))
alpha_n = 0.01 (V_m + 34) / (1 - exp(-(V_m + 34) / 10))
beta_n  = 0.125 exp(-(V_m + 44) / 80)
dg_x/dt = -g_x / tau_syn_x,  x = ex, in
A spike of weight w adds w to g_ex, or -w to g_in.
The paper's densities (1 uF/cm^2; 35, 9 and 0.1 mS/cm^2) on 10^-4 cm^2 of
membrane: 1 uA/cm^2 is 100 pA here.

Runge-Kutta of order 4 with sub-steps of at most 0.025 ms (error:
docs/models.md); conductances decay exactly. The removable
singularities of the rates are taken at their limits. A spike is reported at
the end of the first step in which V_m falls while it is at 0 mV or
above, and none for t_ref after that; V_m isn't reset. Spikes that arrive in
the step are added at its end. I is the sum of stimulating currents, constant
within a step.
Gates start at their equilibrium at V_m = -65 mV.)",
        .citation = "Wang XJ, Buzsaki G (1996) Gamma oscillation by synaptic inhibition in a hippocampal interneuronal "
                    "network model. J Neurosci 16:6402-6413. doi:10.1523/JNEUROSCI.16-20-06402.1996",
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
        speed,
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
        c[speed] = p[phi];
        c[threshold] = -p[E_L];
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
        std::array<Vec, 3> state{s[V_m], s[Inact_h], s[Act_n]};
        hh_advance(state, c[sub_step], static_cast<int>(c[sub_steps][0]), synapses, [&](const auto& y, Vec a, Vec b) {
            const Vec V = y[0] + c[rest];
            const Vec opening = simd::x_over_expm1((V + number(35)) * number(-0.1));
            const Vec m = opening / (opening + number(4) * simd::exp((V + number(60)) * number(-1.0 / 18)));
            const GateRates<Vec> h{number(0.07) * simd::exp((V + number(58)) * number(-0.05)),
                                   one / (one + simd::exp((V + number(28)) * number(-0.1)))};
            const GateRates<Vec> n{number(0.1) * simd::x_over_expm1((V + number(34)) * number(-0.1)),
                                   number(0.125) * simd::exp((V + number(44)) * number(-0.0125))};
            const Vec g_Na_now = c[Na] * ((m * m) * (m * y[1]));
            const Vec n2 = y[2] * y[2];
            const Vec g_K_now = c[K] * (n2 * n2);
            const Vec I_ion = (g_Na_now * (y[0] - c[Na_reversal]) + g_K_now * (y[0] - c[K_reversal])) + c[leak] * y[0];
            return std::array<Vec, 3>{((b - a * y[0]) - I_ion) * c[per_C], c[speed] * h.derivative(y[1]),
                                      c[speed] * n.derivative(y[2])};
        });
        const auto spikes = hh_spikes(s[V_m], state[0], c[threshold], s[refractory], c[refractory_steps]);
        s[V_m] = state[0];
        s[Inact_h] = state[1];
        s[Act_n] = state[2];
        s[g_ex] = synapses.ex + in.receptor(0);
        s[g_in] = synapses.inh - in.receptor(1);
        s[I_0] = in.current();
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<WangBuzsaki, T>;
};

} // namespace spikecast::models
