#pragma once

#include "models/neuron_block.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct Leaky {
    enum Parameter { beta, threshold, reset_mechanism, I_e };
    static constexpr std::string_view resets[] = {"subtract", "zero", "none"};
    static constexpr ParameterInfo parameters[] = {
        {"beta", "1", 0.9, {0.0, 1.0}, "what is left of V_m after a step"},
        {"threshold", "1", 1.0, positive, "V_m above it is a spike"},
        choice("reset_mechanism", resets, 0, "what a spike does to V_m in the next step"),
        {"I_e", "1", 0.0, any_value, "input of every step"},
    };
    enum Variable { V_m, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "1", 0.0, "membrane potential U"},
        {"I_0", "1", 0.0, "input of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"input", "1", "added to V_m in the step that the spike arrives in, of either sign", 0},
    };
    static constexpr ModelInfo info{
        .name = "leaky",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Leaky neuron in discrete time, as in snnTorch (Leaky), for networks trained with gradients",
        .equations = R"(U[n+1] = beta U[n] + X[n+1] - R
S[n+1] = 1 where U[n+1] > threshold
with R by reset_mechanism, where U[n] > threshold:
  subtract   R = threshold
  zero       R = beta U[n]
  none       R = 0
and R = 0 elsewhere. X is the sum of I_e, of the weights of the spikes that
arrive in the step, and of stimulating currents, of which 1 pA counts 1.

A map, not an equation in time: every step of the resolution is one step of
it, whatever its length. The reset acts one step after the spike, as with
snnTorch's default reset_delay = True. A spike of weight w that is found in
step n arrives in step n + d for a delay of d steps.)",
        .citation = "Eshraghian JK et al. (2023) Training spiking neural networks using lessons from deep learning. "
                    "Proc IEEE 111:1016-1054. doi:10.1109/JPROC.2023.3308088",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = {},
    };

    enum Constant { decay, above, lost, left, current, constants };
    static void derive(const double* p, double, double* c) {
        c[decay] = p[beta];
        c[above] = p[threshold];
        c[lost] = p[reset_mechanism] == 0.0 ? p[threshold] : 0.0;
        c[left] = p[reset_mechanism] == 1.0 ? 0.0 : 1.0; // of U before a step that begins above threshold
        c[current] = p[I_e];
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const auto resets = s[V_m] > c[above];
        const Vec before = select(resets, s[V_m] * c[left], s[V_m]);
        const Vec input = (s[I_0] + c[current]) + in.receptor(0);
        s[V_m] = (c[decay] * before + input) - select(resets, c[lost], zero);
        s[I_0] = in.current();
        return s[V_m] > c[above];
    }

    template <class T>
    using Population = NeuronBlock<Leaky, T>;
};

} // namespace spikecast::models
