#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct Pif {
    enum Parameter { C_m, t_ref, V_th, V_reset, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 250.0, positive, "capacitance of the membrane"},
        {"t_ref", "ms", 2.0, not_negative, "refractory time, rounded to steps"},
        {"V_th", "mV", -55.0, any_value, "threshold"},
        {"V_reset", "mV", -70.0, any_value, "potential after a spike and while refractory"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", V_reset},
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
        .name = "pif",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Perfect integrate-and-fire neuron: no leak, and a potential that jumps with every spike",
        .equations = R"(C_m dV_m/dt = I_e + I
A spike of weight w adds w to V_m.

Integrated exactly on the grid. In each step V_m advances, then the step's
spikes are added, then V_m >= V_th is tested. A neuron that spikes has V_m =
V_reset then and for the next t_ref; input that reaches it while it is
refractory is lost. I is the sum of stimulating currents, constant within a
step. There is no leak and no lower bound: net inhibition drives V_m down for
as long as it lasts. Under a constant current I_e > 0 the interval between
spikes is t_ref + C_m (V_th - V_reset) / I_e, rounded up to steps.)",
        .citation =
            "Lapicque L (1907) Recherches quantitatives sur l'excitation electrique des nerfs traitee comme une "
            "polarisation. J Physiol Pathol Gen 9:620-635; Gerstein GL, Mandelbrot B (1964) Random walk "
            "models for the spike activity of a single neuron. Biophys J 4:41-68. "
            "doi:10.1016/S0006-3495(64)86768-0",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
        .charge = [](const double* p, std::size_t) { return p[C_m]; },
    };

    enum Constant { I_to_V, current, threshold, refractory_steps, constants };
    static void derive(const double* p, double h, double* c) {
        c[I_to_V] = h / p[C_m];
        c[current] = p[I_e];
        c[threshold] = p[V_th] - p[V_reset];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }

    /// V_m is stored relative to V_reset.
    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const auto integrates = s[refractory] == zero;
        const Vec V = select(integrates, s[V_m] + (s[I_0] + c[current]) * c[I_to_V] + in.receptor(0), s[V_m]);
        s[I_0] = in.current();
        return spike_and_reset(s[V_m], s[refractory], V, integrates, c[threshold], zero, c[refractory_steps]);
    }

    template <class T>
    using Population = NeuronBlock<Pif, T>;
};

} // namespace spikecast::models
