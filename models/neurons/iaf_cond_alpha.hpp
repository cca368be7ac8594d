#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/integrators.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct IafCondAlpha {
    enum Parameter { C_m, g_L, t_ref, E_L, V_th, V_reset, E_ex, E_in, tau_syn_ex, tau_syn_in, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 250.0, positive, "capacitance of the membrane"},
        {"g_L", "nS", 16.6667, positive, "leak conductance"},
        {"t_ref", "ms", 2.0, not_negative, "refractory time, rounded to steps"},
        {"E_L", "mV", -70.0, any_value, "reversal potential of the leak"},
        {"V_th", "mV", -55.0, any_value, "threshold"},
        {"V_reset", "mV", -60.0, any_value, "potential after a spike and while refractory"},
        {"E_ex", "mV", 0.0, any_value, "reversal potential of excitation"},
        {"E_in", "mV", -85.0, any_value, "reversal potential of inhibition"},
        {"tau_syn_ex", "ms", 0.2, positive, "time to peak of the excitatory conductance"},
        {"tau_syn_in", "ms", 2.0, positive, "time to peak of the inhibitory conductance"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, g_ex, g_in, refractory, I_0, dg_ex, dg_in };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"g_ex", "nS", 0.0, "excitatory conductance"},
        {"g_in", "nS", 0.0, "inhibitory conductance"},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
        {"dg_ex", "nS/ms", 0.0, "dg_ex/dt + g_ex / tau_syn_ex", -1, false},
        {"dg_in", "nS/ms", 0.0, "dg_in/dt + g_in / tau_syn_in", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "nS", "excitatory conductance; the weight is its peak, positive", +1},
        {"in", "nS", "inhibitory conductance; minus the weight is its peak", -1},
    };
    static constexpr ParameterRelation relations[] = {
        {"V_reset < V_th", [](const double* p) { return p[V_reset] < p[V_th]; }},
    };
    static constexpr ModelInfo info{
        .name = "iaf_cond_alpha",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Leaky integrate-and-fire neuron with alpha-function conductances",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) - g_ex (V_m - E_ex) - g_in (V_m - E_in)
              + I_e + I
g_x(t) = |w| (e / tau_syn_x) t exp(-t / tau_syn_x),  x = ex, in
for a spike of weight w at t = 0; it peaks with |w| at t = tau_syn_x.

Conductances advance exactly; V_m advances by Lobatto's collocation of order 4
with the conductances of the step's begin, middle and end, which is stable for
every conductance (error: docs/models.md). In each step V_m advances, the
conductances advance, then the step's spikes are added. At the end of a step
with V_m >= V_th the neuron spikes; V_m is V_reset then and for the next
t_ref, while conductances go on. I is the sum of stimulating currents,
constant within a step.)",
        .citation = "Meffin H, Burkitt AN, Grayden DB (2004) An analytical model for the large, fluctuating synaptic "
                    "conductance state typical of neocortical neurons in vivo. J Comput Neurosci 16:159-175. "
                    "doi:10.1023/B:JCNS.0000014108.03012.81",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
    };

    enum Constant {
        per_C, // h / C_m
        leak,  // h g_L / C_m
        ex_half,
        ex_decay,
        in_half,
        in_decay,
        ex_rise, // e / tau_syn_ex
        in_rise,
        half_step,
        step,
        ex_reversal, // relative to E_L, like V_m
        in_reversal,
        current,
        threshold,
        reset,
        refractory_steps,
        constants
    };
    static void derive(const double* p, double h, double* c) {
        c[per_C] = h / p[C_m];
        c[leak] = h * p[g_L] / p[C_m];
        c[ex_half] = math::exp(-0.5 * h / p[tau_syn_ex]);
        c[ex_decay] = math::exp(-h / p[tau_syn_ex]);
        c[in_half] = math::exp(-0.5 * h / p[tau_syn_in]);
        c[in_decay] = math::exp(-h / p[tau_syn_in]);
        c[ex_rise] = euler / p[tau_syn_ex];
        c[in_rise] = euler / p[tau_syn_in];
        c[half_step] = 0.5 * h;
        c[step] = h;
        c[ex_reversal] = p[E_ex] - p[E_L];
        c[in_reversal] = p[E_in] - p[E_L];
        c[current] = h / p[C_m] * p[I_e];
        c[threshold] = p[V_th] - p[E_L];
        c[reset] = p[V_reset] - p[E_L];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const auto integrates = s[refractory] == zero;
        const Vec g_ex_1 = (s[g_ex] + s[dg_ex] * c[step]) * c[ex_decay];
        const Vec g_in_1 = (s[g_in] + s[dg_in] * c[step]) * c[in_decay];
        const Vec ex = s[g_ex] * c[per_C], inh = s[g_in] * c[per_C];
        const Vec ex_m = (s[g_ex] + s[dg_ex] * c[half_step]) * (c[ex_half] * c[per_C]);
        const Vec in_m = (s[g_in] + s[dg_in] * c[half_step]) * (c[in_half] * c[per_C]);
        const Vec ex_1 = g_ex_1 * c[per_C], in_1 = g_in_1 * c[per_C];
        const Vec I = s[I_0] * c[per_C] + c[current];
        const Vec change = membrane_change(s[V_m], c[leak] + (ex + inh), c[leak] + (ex_m + in_m),
                                           c[leak] + (ex_1 + in_1), I + (ex * c[ex_reversal] + inh * c[in_reversal]),
                                           I + (ex_m * c[ex_reversal] + in_m * c[in_reversal]),
                                           I + (ex_1 * c[ex_reversal] + in_1 * c[in_reversal]));
        const Vec V = select(integrates, s[V_m] + change, s[V_m]);
        s[g_ex] = g_ex_1;
        s[g_in] = g_in_1;
        s[dg_ex] = s[dg_ex] * c[ex_decay] + in.receptor(0) * c[ex_rise];
        s[dg_in] = s[dg_in] * c[in_decay] - in.receptor(1) * c[in_rise];
        s[I_0] = in.current();
        return spike_and_reset(s[V_m], s[refractory], V, integrates, c[threshold], c[reset], c[refractory_steps]);
    }

    template <class T>
    using Population = NeuronBlock<IafCondAlpha, T>;
};

} // namespace spikecast::models
