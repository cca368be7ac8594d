#pragma once

#include "models/neuron_block.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

#include <limits>

namespace spikecast::models {

struct Izhikevich {
    enum Parameter {
        a,
        b,
        c,
        d,
        I_e,
        V_th,
        V_min,
        consistent_integration,
        V_steps,
        V_linear,
        V_constant,
        u_leak,
        u_offset
    };
    static constexpr ParameterInfo parameters[] = {
        {"a", "1/ms", 0.02, any_value, "rate of the recovery variable"},
        {"b", "1", 0.2, any_value, "sensitivity of the recovery variable to V_m"},
        {"c", "mV", -65.0, any_value, "V_m after a spike"},
        {"d", "mV", 8.0, any_value, "what a spike adds to U_m"},
        {"I_e", "pA", 0.0, any_value, "constant input current; 1 pA changes V_m by 1 mV/ms"},
        {"V_th", "mV", 30.0, any_value, "top of a spike, at which it is reset"},
        {"V_min", "mV", -std::numeric_limits<double>::infinity(), any_value, "V_m doesn't fall below it"},
        flag("consistent_integration", true, "forward Euler (true) or the published order of updates (false)"),
        {"V_steps", "1", 2.0, {1.0, 2.0}, "published order: steps of V_m within a step, 1 or 2"},
        {"V_linear", "1/ms", 5.0, any_value, "factor f of V_m"},
        {"V_constant", "mV/ms", 140.0, any_value, "constant g"},
        {"u_leak", "1", 1.0, any_value, "factor of U_m in its own decay"},
        {"u_offset", "mV", 0.0, any_value, "V_m at which b doesn't drive U_m"},
    };
    enum Variable { V_m, U_m, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", -65.0, "potential of the membrane"},
        {"U_m", "mV", 0.0, "recovery variable"},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"delta", "mV", "jump of V_m, or in the published order a current for one step", 0},
    };
    static constexpr ParameterRelation relations[] = {
        {"c < V_th", [](const double* p) { return p[c] < p[V_th]; }},
        {"V_min < V_th", [](const double* p) { return p[V_min] < p[V_th]; }},
        {"V_steps = 1 or 2", [](const double* p) { return p[V_steps] == 1.0 || p[V_steps] == 2.0; }},
    };
    static constexpr ModelInfo info{
        .name = "izhikevich",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Izhikevich's two-variable neuron, with the step orders of NEST and of the papers",
        .equations = R"(dV_m/dt = 0.04 V_m^2 + f V_m + g - U_m + I_e + I       f, g: V_linear,
dU_m/dt = a (b (V_m - u_offset) - u_leak U_m)                V_constant
At V_m >= V_th: spike, V_m = c, U_m = U_m + d.
f = 5, g = 140, u_offset = 0 and u_leak = 1 are the paper's model. Of the
twenty patterns, class 1 excitability and the integrator use f = 4.1, g =
108, and accommodation u_leak = 0, u_offset = -65.

consistent_integration = true: forward Euler with the step h, both right-hand
sides from the step's begin; a spike of weight w then adds w to V_m.
consistent_integration = false: the published order, V_m first, in V_steps
Euler steps of h / V_steps, then U_m with the new V_m; a spike of weight w
adds w to the current of the step. V_steps = 2 with h = 1 ms is the network of
2003, V_steps = 1 the program of the twenty patterns. The error of both
orders is of first order in h; at h = 0.1 ms the intervals of the regular
spiking neuron at I_e = 10 are 0.6 % (forward Euler) and 0.9 % (V_steps = 1)
longer than those of the equations (docs/models.md). V_m is then bounded by
V_min, and V_th is tested. I is the sum of stimulating currents.)",
        .citation = "Izhikevich EM (2003) Simple model of spiking neurons. IEEE Trans Neural Netw 14:1569-1572. "
                    "doi:10.1109/TNN.2003.820440; Izhikevich EM (2004) Which model to use for cortical spiking "
                    "neurons? IEEE Trans Neural Netw 15:1063-1070. doi:10.1109/TNN.2004.832719",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
    };

    enum Constant {
        first_step,  ///< ms of the first step of V_m
        second_step, ///< 0 where there is one
        u_step,      ///< h a
        sensitivity,
        linear,
        constant,
        offset,
        own_leak,
        current,
        as_current, ///< of the step's spikes: 1 in the published order
        as_jump,
        threshold,
        lowest,
        reset,
        jump,
        consistent,
        constants
    };
    static void derive(const double* p, double h, double* k) {
        const bool from_begin = p[consistent_integration] != 0.0;
        const bool two = !from_begin && p[V_steps] == 2.0;
        k[first_step] = two ? 0.5 * h : h;
        k[second_step] = two ? 0.5 * h : 0.0;
        k[u_step] = h * p[a];
        k[sensitivity] = p[b];
        k[linear] = p[V_linear];
        k[constant] = p[V_constant];
        k[offset] = p[u_offset];
        k[own_leak] = p[u_leak];
        k[current] = p[I_e];
        k[as_current] = from_begin ? 0.0 : 1.0;
        k[as_jump] = from_begin ? 1.0 : 0.0;
        k[threshold] = p[V_th];
        k[lowest] = p[V_min];
        k[reset] = p[c];
        k[jump] = p[d];
        k[consistent] = from_begin ? 1.0 : 0.0;
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& k, const Input& in) {
        const Vec zero(0), quadratic(static_cast<typename Vec::scalar>(0.04));
        const Vec before = s[V_m], u = s[U_m], spikes_in = in.receptor(0);
        const Vec I = (s[I_0] + k[current]) + spikes_in * k[as_current];
        const auto slope = [&](Vec V) { return (((quadratic * (V * V) + k[linear] * V) + k[constant]) - u) + I; };
        Vec V = before + k[first_step] * slope(before);
        V = select(k[second_step] > zero, V + k[second_step] * slope(V), V);
        const Vec seen = select(k[consistent] > zero, before, V);
        V = V + spikes_in * k[as_jump];
        const Vec after = u + k[u_step] * (k[sensitivity] * (seen - k[offset]) - k[own_leak] * u);
        V = select(V < k[lowest], k[lowest], V);
        s[I_0] = in.current();
        const auto spikes = V >= k[threshold];
        s[V_m] = select(spikes, k[reset], V);
        s[U_m] = select(spikes, after + k[jump], after);
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<Izhikevich, T>;
};

} // namespace spikecast::models
