#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/adaptive_exponential.hpp"
#include "models/neurons/propagators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct AeifCondAlpha : AdexDeclaration {
    enum SynapticParameter { E_ex = membrane_parameters, E_in, tau_syn_ex, tau_syn_in, I_e };
    static constexpr auto parameters =
        joined(membrane, {
                             {"E_ex", "mV", 0.0, any_value, "reversal potential of excitation"},
                             {"E_in", "mV", -85.0, any_value, "reversal potential of inhibition"},
                             {"tau_syn_ex", "ms", 0.2, positive, "time to peak of the excitatory conductance"},
                             {"tau_syn_in", "ms", 2.0, positive, "time to peak of the inhibitory conductance"},
                             {"I_e", "pA", 0.0, any_value, "constant input current"},
                         });
    enum Variable { V_m, g_ex, g_in, w, refractory, I_0, dg_ex, dg_in };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"g_ex", "nS", 0.0, "excitatory conductance"},
        {"g_in", "nS", 0.0, "inhibitory conductance"},
        {"w", "pA", 0.0, "current of adaptation"},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
        {"dg_ex", "nS/ms", 0.0, "dg_ex/dt + g_ex / tau_syn_ex", -1, false},
        {"dg_in", "nS/ms", 0.0, "dg_in/dt + g_in / tau_syn_in", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "nS", "excitatory conductance; the weight is its peak, positive", +1},
        {"in", "nS", "inhibitory conductance; minus the weight is its peak", -1},
    };
    static constexpr ModelInfo info{
        .name = "aeif_cond_alpha",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Adaptive exponential integrate-and-fire neuron with alpha conductances",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) + g_L Delta_T exp((V_m - V_th) / Delta_T)
              - g_ex (V_m - E_ex) - g_in (V_m - E_in) - w + I_e + I
tau_w dw/dt = a (V_m - E_L) - w
g_x(t) = |w| (e / tau_syn_x) t exp(-t / tau_syn_x),  x = ex, in
for a spike of weight w at t = 0; it peaks with |w| at t = tau_syn_x.
At V_m >= V_peak: V_m = V_reset, w = w + b.

Runge-Kutta of order 4 with sub-steps of at most 0.025 ms (error:
docs/models.md); V_m is bounded by V_peak on the right-hand sides;
conductances advance exactly. The passage of V_peak is found within its
sub-step and V_m goes on from V_reset there, or, with t_ref > 0, stays there
to the end of the step and for the next t_ref. The spike is stamped with the
end of its step. A neuron spikes once a step at most; what would be a second
is put off.
With Delta_T = 0 the exponential term is absent and V_th takes V_peak's place.
Spikes that arrive in the step are added at its end. I is the sum of
stimulating currents, constant within a step.)",
        .citation = "Brette R, Gerstner W (2005) Adaptive exponential integrate-and-fire model as an effective "
                    "description of neuronal activity. J Neurophysiol 94:3637-3642. doi:10.1152/jn.00686.2005",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
    };

    enum Constant {
        ex_half = adex_constants, // over half a sub-step
        in_half,
        ex_rise, // e / tau_syn_ex
        in_rise,
        half_sub_step,
        ex_reversal, // relative to E_L, like V_m
        in_reversal,
        current,
        constants
    };
    static constexpr int refractory_steps = adex_refractory;
    static void derive(const double* p, double h, double* c) {
        adex_derive(p, h, c);
        const double half = 0.5 * h / c[adex_sub_steps];
        c[ex_half] = math::exp(-half / p[tau_syn_ex]);
        c[in_half] = math::exp(-half / p[tau_syn_in]);
        c[ex_rise] = euler / p[tau_syn_ex];
        c[in_rise] = euler / p[tau_syn_in];
        c[half_sub_step] = half;
        c[ex_reversal] = p[E_ex] - p[E_L];
        c[in_reversal] = p[E_in] - p[E_L];
        c[current] = p[I_e];
    }

    template <class Vec, class Constants>
    struct Synapses {
        const Constants& c;
        Vec ex, inh, dex, din, I;
        [[nodiscard]] Vec a() const { return ex + inh; }
        [[nodiscard]] Vec b() const { return I + (ex * c[ex_reversal] + inh * c[in_reversal]); }
        void advance() {
            ex = (ex + dex * c[half_sub_step]) * c[ex_half];
            inh = (inh + din * c[half_sub_step]) * c[in_half];
            dex = dex * c[ex_half];
            din = din * c[in_half];
        }
    };

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec I = s[I_0] + c[current];
        Synapses<Vec, Constants> synapses{c, s[g_ex], s[g_in], s[dg_ex], s[dg_in], I};
        const auto spikes = adex_update(s[V_m], s[w], s[refractory], c, synapses);
        s[g_ex] = synapses.ex;
        s[g_in] = synapses.inh;
        s[dg_ex] = synapses.dex + in.receptor(0) * c[ex_rise];
        s[dg_in] = synapses.din - in.receptor(1) * c[in_rise];
        s[I_0] = in.current();
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<AeifCondAlpha, T>;
};

} // namespace spikecast::models
