#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/integrators.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct IafCondBeta {
    enum Parameter {
        C_m,
        g_L,
        t_ref,
        E_L,
        V_th,
        V_reset,
        E_ex,
        E_in,
        tau_rise_ex,
        tau_decay_ex,
        tau_rise_in,
        tau_decay_in,
        I_e
    };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 250.0, positive, "capacitance of the membrane"},
        {"g_L", "nS", 16.6667, positive, "leak conductance"},
        {"t_ref", "ms", 2.0, not_negative, "refractory time, rounded to steps"},
        {"E_L", "mV", -70.0, any_value, "reversal potential of the leak"},
        {"V_th", "mV", -55.0, any_value, "threshold"},
        {"V_reset", "mV", -60.0, any_value, "potential after a spike and while refractory"},
        {"E_ex", "mV", 0.0, any_value, "reversal potential of excitation"},
        {"E_in", "mV", -85.0, any_value, "reversal potential of inhibition"},
        {"tau_rise_ex", "ms", 0.2, positive, "rise time of the excitatory conductance"},
        {"tau_decay_ex", "ms", 0.2, positive, "decay time of the excitatory conductance"},
        {"tau_rise_in", "ms", 2.0, positive, "rise time of the inhibitory conductance"},
        {"tau_decay_in", "ms", 2.0, positive, "decay time of the inhibitory conductance"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, g_ex, g_in, refractory, I_0, dg_ex, dg_in };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"g_ex", "nS", 0.0, "excitatory conductance"},
        {"g_in", "nS", 0.0, "inhibitory conductance"},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
        {"dg_ex", "nS/ms", 0.0, "dg_ex/dt + g_ex / tau_decay_ex", -1, false},
        {"dg_in", "nS/ms", 0.0, "dg_in/dt + g_in / tau_decay_in", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "nS", "excitatory conductance; the weight is its peak, positive", +1},
        {"in", "nS", "inhibitory conductance; minus the weight is its peak", -1},
    };
    static constexpr ParameterRelation relations[] = {
        {"V_reset < V_th", [](const double* p) { return p[V_reset] < p[V_th]; }},
    };
    static constexpr ModelInfo info{
        .name = "iaf_cond_beta",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Leaky integrate-and-fire neuron with conductances that rise and decay",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) - g_ex (V_m - E_ex) - g_in (V_m - E_in)
              + I_e + I
g_x(t) = |w| b (exp(-t / tau_decay_x) - exp(-t / tau_rise_x)),  x = ex, in
for a spike of weight w at t = 0; b makes the peak |w|, and it lies at
t = tau_rise_x tau_decay_x ln(tau_decay_x / tau_rise_x)
    / (tau_decay_x - tau_rise_x).
Equal times give the alpha function of iaf_cond_alpha; exchanging the two
times changes nothing.

Conductances advance exactly; V_m advances by Lobatto's collocation of order 4
with the conductances of the step's begin, middle and end, which is stable for
every conductance (error: docs/models.md). In each step V_m advances, the
conductances advance, then the step's spikes are added. At the end of a step
with V_m >= V_th the neuron spikes; V_m is V_reset then and for the next
t_ref, while conductances go on. I is the sum of stimulating currents,
constant within a step.)",
        .citation =
            "Roth A, van Rossum M (2009) Modeling synapses. In: De Schutter E (ed) Computational modeling methods "
            "for neuroscientists, MIT Press, 139-160. doi:10.7551/mitpress/9780262013277.003.0007. Membrane: "
            "Meffin H, Burkitt AN, Grayden DB (2004) J Comput Neurosci 16:159-175. "
            "doi:10.1023/B:JCNS.0000014108.03012.81",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
    };

    enum Constant {
        per_C,   // h / C_m
        leak,    // h g_L / C_m
        ex_half, // decay over half a step, over a step, and what dg adds to g within either
        ex_decay,
        ex_half_slope,
        ex_slope,
        ex_slope_decay,
        ex_rise, // dg for a peak of 1
        in_half,
        in_decay,
        in_half_slope,
        in_slope,
        in_slope_decay,
        in_rise,
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
        conductance(p[tau_rise_ex], p[tau_decay_ex], h, c + ex_half);
        conductance(p[tau_rise_in], p[tau_decay_in], h, c + in_half);
        c[ex_reversal] = p[E_ex] - p[E_L];
        c[in_reversal] = p[E_in] - p[E_L];
        c[current] = h / p[C_m] * p[I_e];
        c[threshold] = p[V_th] - p[E_L];
        c[reset] = p[V_reset] - p[E_L];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }
    /// dg/dt = s - g / decay, ds/dt = -s / rise: a membrane of capacitance 1 and a synaptic current, as it were.
    static void conductance(double rise, double decay, double h, double* c) {
        c[0] = math::exp(-0.5 * h / decay);
        c[1] = math::exp(-h / decay);
        c[2] = exp_current_to_V(0.5 * h, decay, rise, 1.0);
        c[3] = exp_current_to_V(h, decay, rise, 1.0);
        c[4] = math::exp(-h / rise);
        c[5] = slope_of_unit_peak(decay, rise);
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const auto integrates = s[refractory] == zero;
        const Vec g_ex_1 = s[g_ex] * c[ex_decay] + s[dg_ex] * c[ex_slope];
        const Vec g_in_1 = s[g_in] * c[in_decay] + s[dg_in] * c[in_slope];
        const Vec ex = s[g_ex] * c[per_C], inh = s[g_in] * c[per_C];
        const Vec ex_m = (s[g_ex] * c[ex_half] + s[dg_ex] * c[ex_half_slope]) * c[per_C];
        const Vec in_m = (s[g_in] * c[in_half] + s[dg_in] * c[in_half_slope]) * c[per_C];
        const Vec ex_1 = g_ex_1 * c[per_C], in_1 = g_in_1 * c[per_C];
        const Vec I = s[I_0] * c[per_C] + c[current];
        const Vec change = membrane_change(s[V_m], c[leak] + (ex + inh), c[leak] + (ex_m + in_m),
                                           c[leak] + (ex_1 + in_1), I + (ex * c[ex_reversal] + inh * c[in_reversal]),
                                           I + (ex_m * c[ex_reversal] + in_m * c[in_reversal]),
                                           I + (ex_1 * c[ex_reversal] + in_1 * c[in_reversal]));
        const Vec V = select(integrates, s[V_m] + change, s[V_m]);
        s[g_ex] = g_ex_1;
        s[g_in] = g_in_1;
        s[dg_ex] = s[dg_ex] * c[ex_slope_decay] + in.receptor(0) * c[ex_rise];
        s[dg_in] = s[dg_in] * c[in_slope_decay] - in.receptor(1) * c[in_rise];
        s[I_0] = in.current();
        return spike_and_reset(s[V_m], s[refractory], V, integrates, c[threshold], c[reset], c[refractory_steps]);
    }

    template <class T>
    using Population = NeuronBlock<IafCondBeta, T>;
};

} // namespace spikecast::models
