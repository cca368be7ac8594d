#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/integrators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct HindmarshRose {
    enum Parameter { a, b, c, d, r, s, x_1, V_th, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"a", "1", 1.0, any_value, "cubic term of V_m"},
        {"b", "1", 3.0, any_value, "quadratic term of V_m"},
        {"c", "1", 1.0, any_value, "constant of the fast recovery"},
        {"d", "1", 5.0, any_value, "quadratic term of the fast recovery"},
        {"r", "1/ms", 0.001, not_negative, "rate of the slow adaptation; one unit of the paper's time is 1 ms"},
        {"s", "1", 4.0, any_value, "strength of the slow adaptation"},
        {"x_1", "1", -1.6, any_value, "V_m at which the adaptation rests at 0"},
        {"V_th", "1", 1.0, any_value, "V_m that is crossed upwards by a spike"},
        {"I_e", "1", 0.0, any_value, "constant input"},
    };
    enum Variable { V_m, Y, Z, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "1", -1.6, "potential, the paper's x"},
        {"Y", "1", -11.8, "fast recovery variable"},
        {"Z", "1", 0.0, "slow adaptation"},
        {"I_0", "1", 0.0, "input of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"delta", "1", "jump of V_m, of either sign", 0},
    };
    static constexpr ModelInfo info{
        .name = "hindmarsh_rose",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Hindmarsh-Rose neuron: bursts from two fast variables and a slow one",
        .equations = R"(dV_m/dt = (Y - a V_m^3 + b V_m^2 - Z + I_e + I) / ms
dY/dt = (c - d V_m^2 - Y) / ms
dZ/dt = r (s (V_m - x_1) - Z)
A spike of weight w adds w to V_m.

Classical Runge-Kutta of fourth order, one step of h, in which I is constant;
then the step's spikes are added. Nothing is reset: the neuron spikes in a
step that begins below V_th and ends at it or above. I is the sum of
stimulating currents, of which 1 pA counts 1.

At h = 0.1 ms the interval of tonic spiking (I_e = 4, 20.6 ms) is right to
2e-4 of itself (docs/models.md); a spike's time is that of the grid.)",
        .citation = "Hindmarsh JL, Rose RM (1984) A model of neuronal bursting using three coupled first order "
                    "differential equations. Proc R Soc Lond B 221:87-102. doi:10.1098/rspb.1984.0024",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = {},
    };

    enum Constant { step, cubic, quadratic, fast, fast_quadratic, rate, strength, rest, threshold, current, constants };
    static void derive(const double* p, double h, double* k) {
        k[step] = h;
        k[cubic] = p[a];
        k[quadratic] = p[b];
        k[fast] = p[c];
        k[fast_quadratic] = p[d];
        k[rate] = p[r];
        k[strength] = p[s];
        k[rest] = p[x_1];
        k[threshold] = p[V_th];
        k[current] = p[I_e];
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* state, const Constants& k, const Input& in) {
        const Vec I = state[I_0] + k[current];
        const auto slope = [&](const std::array<Vec, 3>& at, int) {
            const Vec x = at[0], y = at[1], z = at[2];
            const Vec square = x * x;
            return std::array<Vec, 3>{((y - k[cubic] * (square * x)) + k[quadratic] * square) + (I - z),
                                      (k[fast] - k[fast_quadratic] * square) - y,
                                      k[rate] * (k[strength] * (x - k[rest]) - z)};
        };
        const Vec before = state[V_m];
        std::array<Vec, 3> after{before, state[Y], state[Z]};
        runge_kutta_4(after, Vec(k[step]), slope);
        state[V_m] = after[0] + in.receptor(0);
        state[Y] = after[1];
        state[Z] = after[2];
        state[I_0] = in.current();
        return (before < k[threshold]) & (state[V_m] >= k[threshold]);
    }

    template <class T>
    using Population = NeuronBlock<HindmarshRose, T>;
};

} // namespace spikecast::models
