#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/integrators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct FitzhughNagumo {
    enum Parameter { a, b, epsilon, V_th, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"a", "1", 0.7, any_value, "constant part of the recovery"},
        {"b", "1", 0.8, any_value, "leak of the recovery variable"},
        {"epsilon", "1/ms", 0.08, positive, "rate of the recovery variable; one unit of the papers' time is 1 ms"},
        {"V_th", "1", 1.0, any_value, "V_m that is crossed upwards by a spike"},
        {"I_e", "1", 0.0, any_value, "constant input"},
    };
    enum Variable { V_m, W, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "1", -1.1994080352440348, "potential; starts at rest for the default parameters"},
        {"W", "1", -0.62426004405504348, "recovery variable; starts at rest for the default parameters"},
        {"I_0", "1", 0.0, "input of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"delta", "1", "jump of V_m, of either sign", 0},
    };
    static constexpr ModelInfo info{
        .name = "fitzhugh_nagumo",
        .kind = ModelInfo::Kind::neuron,
        .summary = "FitzHugh-Nagumo neuron: the two-variable picture of an excitable membrane",
        .equations = R"(dV_m/dt = (V_m - V_m^3 / 3 - W + I_e + I) / ms
dW/dt = epsilon (V_m + a - b W)
A spike of weight w adds w to V_m.

Classical Runge-Kutta of fourth order, one step of h, in which I is constant;
then the step's spikes are added. Nothing is reset: the neuron spikes in a
step that begins below V_th and ends at it or above. I is the sum of
stimulating currents, of which 1 pA counts 1.

At h = 0.1 ms the period of the limit cycle (I_e = 0.5, 39.5 ms) is right to
1e-7 of itself (docs/models.md); a spike's time is that of the grid.)",
        .citation = "FitzHugh R (1961) Impulses and physiological states in theoretical models of nerve membrane. "
                    "Biophys J 1:445-466. doi:10.1016/S0006-3495(61)86902-6; Nagumo J, Arimoto S, Yoshizawa S (1962) "
                    "An active pulse transmission line simulating nerve axon. Proc IRE 50:2061-2070. "
                    "doi:10.1109/JRPROC.1962.288235",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = {},
    };

    enum Constant { step, rate, offset, own_leak, threshold, current, constants };
    static void derive(const double* p, double h, double* c) {
        c[step] = h;
        c[rate] = p[epsilon];
        c[offset] = p[a];
        c[own_leak] = p[b];
        c[threshold] = p[V_th];
        c[current] = p[I_e];
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec third(static_cast<typename Vec::scalar>(1.0 / 3.0));
        const Vec I = s[I_0] + c[current];
        const auto slope = [&](const std::array<Vec, 2>& y, int) {
            const Vec V = y[0], w = y[1];
            return std::array<Vec, 2>{((V - third * (V * (V * V))) - w) + I,
                                      c[rate] * ((V + c[offset]) - c[own_leak] * w)};
        };
        const Vec before = s[V_m];
        std::array<Vec, 2> after{before, s[W]};
        runge_kutta_4(after, Vec(c[step]), slope);
        s[V_m] = after[0] + in.receptor(0);
        s[W] = after[1];
        s[I_0] = in.current();
        return (before < c[threshold]) & (s[V_m] >= c[threshold]);
    }

    template <class T>
    using Population = NeuronBlock<FitzhughNagumo, T>;
};

} // namespace spikecast::models
