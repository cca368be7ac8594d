#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct IafPscExp {
    enum Parameter { C_m, tau_m, tau_syn_ex, tau_syn_in, t_ref, E_L, V_th, V_reset, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 250.0, positive, "capacitance of the membrane"},
        {"tau_m", "ms", 10.0, positive, "time constant of the membrane"},
        {"tau_syn_ex", "ms", 2.0, positive, "decay time of the excitatory synaptic current"},
        {"tau_syn_in", "ms", 2.0, positive, "decay time of the inhibitory synaptic current"},
        {"t_ref", "ms", 2.0, not_negative, "refractory time, rounded to steps"},
        {"E_L", "mV", -70.0, any_value, "resting potential"},
        {"V_th", "mV", -55.0, any_value, "threshold"},
        {"V_reset", "mV", -70.0, any_value, "potential after a spike and while refractory"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, I_syn_ex, I_syn_in, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"I_syn_ex", "pA", 0.0, "excitatory synaptic current"},
        {"I_syn_in", "pA", 0.0, "inhibitory synaptic current"},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "pA", "excitatory current; the weight is its peak, positive", +1},
        {"in", "pA", "inhibitory current; the weight is its peak, negative", -1},
    };
    static constexpr ParameterRelation relations[] = {
        {"V_reset < V_th", [](const double* p) { return p[V_reset] < p[V_th]; }},
    };
    static constexpr ModelInfo info{
        .name = "iaf_psc_exp",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Leaky integrate-and-fire neuron with exponentially decaying synaptic currents",
        .equations = R"(C_m dV_m/dt = -(C_m / tau_m) (V_m - E_L) + I_syn_ex + I_syn_in + I_e + I
dI_syn_x/dt = -I_syn_x / tau_syn_x,  x = ex, in
A spike of weight w adds w to I_syn_x.

Integrated exactly on the grid (matrix exponential), tau_m = tau_syn_x
included. In each step V_m advances with the currents of the step's begin, the
currents decay, then the step's spikes are added. At the end of a step with
V_m >= V_th the neuron spikes; V_m is V_reset then and for the next t_ref,
while synaptic currents go on. I is the sum of stimulating currents, constant
within a step.)",
        .citation =
            "Rotter S, Diesmann M (1999) Exact digital simulation of time-invariant linear systems with applications "
            "to neuronal modeling. Biol Cybern 81:381-402. doi:10.1007/s004220050570; "
            "Tsodyks M, Uziel A, Markram H (2000) Synchrony generation in recurrent networks with "
            "frequency-dependent synapses. J Neurosci 20:RC50",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
        .charge = [](const double* p, std::size_t r) { return r == 0 ? p[tau_syn_ex] : p[tau_syn_in]; },
    };

    enum Constant {
        leak,
        ex_to_V,
        in_to_V,
        I_to_V,
        ex_decay,
        in_decay,
        current,
        threshold,
        reset,
        refractory_steps,
        constants
    };
    static void derive(const double* p, double h, double* c) {
        c[leak] = math::expm1(-h / p[tau_m]);
        c[ex_to_V] = exp_current_to_V(h, p[tau_m], p[tau_syn_ex], p[C_m]);
        c[in_to_V] = exp_current_to_V(h, p[tau_m], p[tau_syn_in], p[C_m]);
        c[I_to_V] = constant_current_to_V(h, p[tau_m], p[C_m]);
        c[ex_decay] = math::exp(-h / p[tau_syn_ex]);
        c[in_decay] = math::exp(-h / p[tau_syn_in]);
        c[current] = p[I_e];
        c[threshold] = p[V_th] - p[E_L];
        c[reset] = p[V_reset] - p[E_L];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const auto integrates = s[refractory] == zero;
        const Vec synaptic = s[I_syn_ex] * c[ex_to_V] + s[I_syn_in] * c[in_to_V];
        const Vec change = s[V_m] * c[leak] + synaptic + (s[I_0] + c[current]) * c[I_to_V];
        const Vec V = select(integrates, s[V_m] + change, s[V_m]);
        s[I_syn_ex] = s[I_syn_ex] * c[ex_decay] + in.receptor(0);
        s[I_syn_in] = s[I_syn_in] * c[in_decay] + in.receptor(1);
        s[I_0] = in.current();
        return spike_and_reset(s[V_m], s[refractory], V, integrates, c[threshold], c[reset], c[refractory_steps]);
    }

    template <class T>
    using Population = NeuronBlock<IafPscExp, T>;
};

} // namespace spikecast::models
