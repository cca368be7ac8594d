#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/integrators.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct IafCondExpSfaRr {
    enum Parameter {
        C_m,
        g_L,
        t_ref,
        E_L,
        V_th,
        V_reset,
        E_ex,
        E_in,
        tau_syn_ex,
        tau_syn_in,
        I_e,
        E_sfa,
        E_rr,
        tau_sfa,
        tau_rr,
        q_sfa,
        q_rr
    };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 289.5, positive, "capacitance of the membrane"},
        {"g_L", "nS", 28.95, positive, "leak conductance"},
        {"t_ref", "ms", 0.5, not_negative, "refractory time, rounded to steps"},
        {"E_L", "mV", -70.0, any_value, "reversal potential of the leak"},
        {"V_th", "mV", -57.0, any_value, "threshold"},
        {"V_reset", "mV", -70.0, any_value, "potential after a spike and while refractory"},
        {"E_ex", "mV", 0.0, any_value, "reversal potential of excitation"},
        {"E_in", "mV", -75.0, any_value, "reversal potential of inhibition"},
        {"tau_syn_ex", "ms", 1.5, positive, "decay time of the excitatory conductance"},
        {"tau_syn_in", "ms", 10.0, positive, "decay time of the inhibitory conductance"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
        {"E_sfa", "mV", -70.0, any_value, "reversal potential of adaptation"},
        {"E_rr", "mV", -70.0, any_value, "reversal potential of the relative refractory mechanism"},
        {"tau_sfa", "ms", 110.0, positive, "decay time of the conductance of adaptation"},
        {"tau_rr", "ms", 1.97, positive, "decay time of the relative refractory conductance"},
        {"q_sfa", "nS", 14.48, not_negative, "what a spike adds to g_sfa"},
        {"q_rr", "nS", 3214.0, not_negative, "what a spike adds to g_rr"},
    };
    enum Variable { V_m, g_ex, g_in, g_sfa, g_rr, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"g_ex", "nS", 0.0, "excitatory conductance"},
        {"g_in", "nS", 0.0, "inhibitory conductance"},
        {"g_sfa", "nS", 0.0, "conductance of spike-frequency adaptation"},
        {"g_rr", "nS", 0.0, "relative refractory conductance"},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "nS", "excitatory conductance; the weight is its peak, positive", +1},
        {"in", "nS", "inhibitory conductance; minus the weight is its peak", -1},
    };
    static constexpr ParameterRelation relations[] = {
        {"V_reset < V_th", [](const double* p) { return p[V_reset] < p[V_th]; }},
    };
    static constexpr ModelInfo info{
        .name = "iaf_cond_exp_sfa_rr",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Conductance-based integrate-and-fire neuron, adapting, relatively refractory",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) - g_ex (V_m - E_ex) - g_in (V_m - E_in)
              - g_sfa (V_m - E_sfa) - g_rr (V_m - E_rr) + I_e + I
dg_x/dt = -g_x / tau_syn_x,  x = ex, in;  dg_y/dt = -g_y / tau_y,  y = sfa, rr
A spike of weight w adds w to g_ex, or -w to g_in; a spike of the neuron
itself adds q_sfa to g_sfa and q_rr to g_rr.

Conductances decay exactly; V_m advances by Lobatto's collocation of order 4
with the conductances of the step's begin, middle and end, which is stable for
every conductance (error: docs/models.md). In each step V_m advances, the
conductances decay, then the step's spikes are added. At the end of a step
with V_m >= V_th the neuron spikes; V_m is V_reset then and for the next
t_ref, while conductances go on. I is the sum of stimulating currents,
constant within a step.)",
        .citation = "Dayan P, Abbott LF (2001) Theoretical Neuroscience, MIT Press, section 5.4 (p. 166); parameters: "
                    "Muller E, Buesing L, Schemmel J, Meier K (2007) Spike-frequency adapting neural ensembles: beyond "
                    "mean adaptation and renewal theories. Neural Comput 19:2958-3010. "
                    "doi:10.1162/neco.2007.19.11.2958",
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
        sfa_half,
        sfa_decay,
        rr_half,
        rr_decay,
        ex_reversal, // relative to E_L, like V_m
        in_reversal,
        sfa_reversal,
        rr_reversal,
        sfa_jump,
        rr_jump,
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
        c[sfa_half] = math::exp(-0.5 * h / p[tau_sfa]);
        c[sfa_decay] = math::exp(-h / p[tau_sfa]);
        c[rr_half] = math::exp(-0.5 * h / p[tau_rr]);
        c[rr_decay] = math::exp(-h / p[tau_rr]);
        c[ex_reversal] = p[E_ex] - p[E_L];
        c[in_reversal] = p[E_in] - p[E_L];
        c[sfa_reversal] = p[E_sfa] - p[E_L];
        c[rr_reversal] = p[E_rr] - p[E_L];
        c[sfa_jump] = p[q_sfa];
        c[rr_jump] = p[q_rr];
        c[current] = h / p[C_m] * p[I_e];
        c[threshold] = p[V_th] - p[E_L];
        c[reset] = p[V_reset] - p[E_L];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const auto integrates = s[refractory] == zero;
        // conductance and current at one moment, times h / C_m
        struct Drive {
            Vec a, b;
        };
        const Vec I = s[I_0] * c[per_C] + c[current];
        const auto drive = [&](Vec ex, Vec inh, Vec sfa, Vec rr) -> Drive {
            const Vec b = (ex * c[ex_reversal] + inh * c[in_reversal]) + (sfa * c[sfa_reversal] + rr * c[rr_reversal]);
            return {c[leak] + ((ex + inh) + (sfa + rr)) * c[per_C], I + b * c[per_C]};
        };
        const Drive begin = drive(s[g_ex], s[g_in], s[g_sfa], s[g_rr]);
        const Drive middle =
            drive(s[g_ex] * c[ex_half], s[g_in] * c[in_half], s[g_sfa] * c[sfa_half], s[g_rr] * c[rr_half]);
        const Vec ex_1 = s[g_ex] * c[ex_decay], in_1 = s[g_in] * c[in_decay];
        const Vec sfa_1 = s[g_sfa] * c[sfa_decay], rr_1 = s[g_rr] * c[rr_decay];
        const Drive end = drive(ex_1, in_1, sfa_1, rr_1);
        const Vec change = membrane_change(s[V_m], begin.a, middle.a, end.a, begin.b, middle.b, end.b);
        const Vec V = select(integrates, s[V_m] + change, s[V_m]);
        s[g_ex] = ex_1 + in.receptor(0);
        s[g_in] = in_1 - in.receptor(1);
        s[I_0] = in.current();
        const auto spikes =
            spike_and_reset(s[V_m], s[refractory], V, integrates, c[threshold], c[reset], c[refractory_steps]);
        s[g_sfa] = select(spikes, sfa_1 + c[sfa_jump], sfa_1);
        s[g_rr] = select(spikes, rr_1 + c[rr_jump], rr_1);
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<IafCondExpSfaRr, T>;
};

} // namespace spikecast::models
