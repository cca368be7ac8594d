#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct IafPscDelta {
    enum Parameter { C_m, tau_m, t_ref, E_L, V_th, V_reset, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 250.0, positive, "capacitance of the membrane"},
        {"tau_m", "ms", 10.0, positive, "time constant of the membrane"},
        {"t_ref", "ms", 2.0, not_negative, "refractory time, rounded to steps"},
        {"E_L", "mV", -70.0, any_value, "resting potential"},
        {"V_th", "mV", -55.0, any_value, "threshold"},
        {"V_reset", "mV", -70.0, any_value, "potential after a spike and while refractory"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"delta", "mV", "jump of the potential, of either sign", 0},
    };
    static constexpr ParameterRelation relations[] = {
        {"V_reset < V_th", [](const double* p) { return p[V_reset] < p[V_th]; }},
    };
    static constexpr ModelInfo info{
        .name = "iaf_psc_delta",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Leaky integrate-and-fire neuron whose potential jumps with every spike it receives",
        .equations = R"(C_m dV_m/dt = -(C_m / tau_m) (V_m - E_L) + I_e + I
A spike of weight w adds w to V_m.

Integrated exactly on the grid. In each step V_m advances, then the step's
spikes are added, then V_m >= V_th is tested. A neuron that spikes has V_m =
V_reset then and for the next t_ref; spikes that reach it while it is
refractory are lost. I is the sum of stimulating currents, constant within a
step.)",
        .citation =
            "Rotter S, Diesmann M (1999) Exact digital simulation of time-invariant linear systems with applications "
            "to neuronal modeling. Biol Cybern 81:381-402. doi:10.1007/s004220050570",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
        .charge = [](const double* p, std::size_t) { return p[C_m]; },
    };

    enum Constant { leak, I_to_V, current, threshold, reset, refractory_steps, constants };
    static void derive(const double* p, double h, double* c) {
        c[leak] = math::expm1(-h / p[tau_m]);
        c[I_to_V] = constant_current_to_V(h, p[tau_m], p[C_m]);
        c[current] = p[I_e];
        c[threshold] = p[V_th] - p[E_L];
        c[reset] = p[V_reset] - p[E_L];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const auto integrates = s[refractory] == zero;
        const Vec change = s[V_m] * c[leak] + (s[I_0] + c[current]) * c[I_to_V];
        const Vec V = select(integrates, s[V_m] + change + in.receptor(0), s[V_m]);
        s[I_0] = in.current();
        return spike_and_reset(s[V_m], s[refractory], V, integrates, c[threshold], c[reset], c[refractory_steps]);
    }

    template <class T>
    using Population = NeuronBlock<IafPscDelta, T>;
};

} // namespace spikecast::models
