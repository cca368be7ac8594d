#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/integrators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"
#include "spikecast/simd_math.hpp"

namespace spikecast::models {

struct MorrisLecar {
    enum Parameter { C_m, g_L, g_Ca, g_K, E_L, E_Ca, E_K, V_1, V_2, V_3, V_4, phi, V_th, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "uF/cm^2", 20.0, positive, "capacitance of the membrane"},
        {"g_L", "mS/cm^2", 2.0, not_negative, "leak conductance"},
        {"g_Ca", "mS/cm^2", 4.4, not_negative, "largest calcium conductance"},
        {"g_K", "mS/cm^2", 8.0, not_negative, "largest potassium conductance"},
        {"E_L", "mV", -60.0, any_value, "reversal potential of the leak"},
        {"E_Ca", "mV", 120.0, any_value, "reversal potential of calcium"},
        {"E_K", "mV", -84.0, any_value, "reversal potential of potassium"},
        {"V_1", "mV", -1.2, any_value, "V_m at which half of the calcium channels are open"},
        {"V_2", "mV", 18.0, positive, "width of their activation"},
        {"V_3", "mV", 2.0, any_value, "V_m at which half of the potassium channels are open"},
        {"V_4", "mV", 30.0, positive, "width of their activation"},
        {"phi", "1/ms", 0.04, positive, "rate of the potassium channels at V_3"},
        {"V_th", "mV", 0.0, any_value, "V_m that is crossed upwards by a spike"},
        {"I_e", "uA/cm^2", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, W, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", -60.0, "potential of the membrane"},
        {"W", "1", 0.0149, "fraction of potassium channels that are open"},
        {"I_0", "uA/cm^2", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"delta", "mV", "jump of V_m, of either sign", 0},
    };
    static constexpr ModelInfo info{
        .name = "morris_lecar",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Morris-Lecar neuron: calcium spikes with a slow potassium current, in two variables",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) - g_Ca m (V_m - E_Ca) - g_K W (V_m - E_K)
              + I_e + I
dW/dt = phi cosh((V_m - V_3) / (2 V_4)) (w - W)
m = (1 + tanh((V_m - V_1) / V_2)) / 2,  w = (1 + tanh((V_m - V_3) / V_4)) / 2
A spike of weight w adds w to V_m.

Classical Runge-Kutta of fourth order, one step of h, in which I is constant;
then the step's spikes are added. Nothing is reset: the neuron spikes in a
step that begins below V_th and ends at it or above. I is the sum of
stimulating currents, of which 1 pA counts 1 uA/cm^2.

The defaults are excitable of type II (onset by a Hopf bifurcation); g_Ca = 4,
V_3 = 12, V_4 = 17.4 and phi = 1/15 are of type I (saddle-node on a circle).)",
        .citation = "Morris C, Lecar H (1981) Voltage oscillations in the barnacle giant muscle fiber. Biophys J "
                    "35:193-213. doi:10.1016/S0006-3495(81)84782-0; parameters: Rinzel J, Ermentrout B (1998) "
                    "Analysis of neural excitability and oscillations. In: Koch C, Segev I (eds) Methods in neuronal "
                    "modeling, 2nd ed, MIT Press",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = {},
    };

    enum Constant {
        step,
        leak, ///< conductances over C_m, 1/ms
        calcium,
        potassium,
        leak_reversal,
        calcium_reversal,
        potassium_reversal,
        calcium_middle,
        calcium_slope, ///< -2 / V_2
        potassium_middle,
        potassium_slope, ///< 1 / (2 V_4)
        half_rate,       ///< phi / 2
        threshold,
        current,
        per_current, ///< 1 / C_m
        constants
    };
    static void derive(const double* p, double h, double* c) {
        c[step] = h;
        c[leak] = p[g_L] / p[C_m];
        c[calcium] = p[g_Ca] / p[C_m];
        c[potassium] = p[g_K] / p[C_m];
        c[leak_reversal] = p[E_L];
        c[calcium_reversal] = p[E_Ca];
        c[potassium_reversal] = p[E_K];
        c[calcium_middle] = p[V_1];
        c[calcium_slope] = -2.0 / p[V_2];
        c[potassium_middle] = p[V_3];
        c[potassium_slope] = 0.5 / p[V_4];
        c[half_rate] = 0.5 * p[phi];
        c[threshold] = p[V_th];
        c[current] = p[I_e];
        c[per_current] = 1.0 / p[C_m];
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec one(1);
        const Vec drive = (s[I_0] + c[current]) * c[per_current];
        const auto slope = [&](const std::array<Vec, 2>& y, int) {
            const Vec V = y[0], w = y[1];
            const Vec m = one / (one + simd::exp((V - c[calcium_middle]) * c[calcium_slope]));
            // with e = exp(x / 2): cosh(x / 2) = (e + 1 / e) / 2 and (1 + tanh x) / 2 = 1 / (1 + e^-4)
            const Vec e = simd::exp((V - c[potassium_middle]) * c[potassium_slope]);
            const Vec inverse = one / e, square = inverse * inverse;
            const Vec open = one / (one + square * square);
            return std::array<Vec, 2>{
                ((c[leak] * (c[leak_reversal] - V) + c[calcium] * (m * (c[calcium_reversal] - V))) +
                 c[potassium] * (w * (c[potassium_reversal] - V))) +
                    drive,
                (c[half_rate] * (e + inverse)) * (open - w)};
        };
        const Vec before = s[V_m];
        std::array<Vec, 2> y{before, s[W]};
        runge_kutta_4(y, Vec(c[step]), slope);
        s[V_m] = y[0] + in.receptor(0);
        s[W] = y[1];
        s[I_0] = in.current();
        return (before < c[threshold]) & (s[V_m] >= c[threshold]);
    }

    template <class T>
    using Population = NeuronBlock<MorrisLecar, T>;
};

} // namespace spikecast::models
