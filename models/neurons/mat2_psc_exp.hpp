#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

#include <string>

namespace spikecast::models {

struct Mat2PscExp {
    enum Parameter { C_m, tau_m, tau_syn_ex, tau_syn_in, t_ref, E_L, I_e, tau_1, tau_2, alpha_1, alpha_2, omega };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 100.0, positive, "capacitance of the membrane"},
        {"tau_m", "ms", 5.0, positive, "time constant of the membrane"},
        {"tau_syn_ex", "ms", 1.0, positive, "decay time of the excitatory synaptic current"},
        {"tau_syn_in", "ms", 3.0, positive, "decay time of the inhibitory synaptic current"},
        {"t_ref", "ms", 2.0, positive, "total refractory time, rounded to steps, at least one"},
        {"E_L", "mV", -70.0, any_value, "resting potential"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
        {"tau_1", "ms", 10.0, positive, "short time constant of the threshold"},
        {"tau_2", "ms", 200.0, positive, "long time constant of the threshold"},
        {"alpha_1", "mV", 37.0, any_value, "what a spike adds to the threshold's short part"},
        {"alpha_2", "mV", 2.0, any_value, "what a spike adds to the threshold's long part"},
        {"omega", "mV", -51.0, any_value, "resting threshold, as a potential (not relative to E_L)"},
    };
    enum Variable { V_m, V_th, V_th_alpha_1, V_th_alpha_2, I_syn_ex, I_syn_in, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"V_th", "mV", std::numeric_limits<double>::quiet_NaN(), "threshold omega + V_th_alpha_1 + V_th_alpha_2", omega,
         true, true},
        {"V_th_alpha_1", "mV", 0.0, "short part of the threshold"},
        {"V_th_alpha_2", "mV", 0.0, "long part of the threshold"},
        {"I_syn_ex", "pA", 0.0, "excitatory synaptic current"},
        {"I_syn_in", "pA", 0.0, "inhibitory synaptic current"},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "pA", "excitatory current; the weight is its peak, positive", +1},
        {"in", "pA", "inhibitory current; the weight is its peak, negative", -1},
    };
    static constexpr ModelInfo info{
        .name = "mat2_psc_exp",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Integrate-and-fire neuron without reset and with a threshold that adapts on two time scales (MAT)",
        .equations = R"(C_m dV_m/dt = -(C_m / tau_m) (V_m - E_L) + I_syn_ex + I_syn_in + I_e + I
dI_syn_x/dt = -I_syn_x / tau_syn_x,  x = ex, in
V_th = omega + V_th_alpha_1 + V_th_alpha_2
dV_th_alpha_k/dt = -V_th_alpha_k / tau_k,  k = 1, 2
A spike of weight w adds w to I_syn_x; a spike of the neuron itself adds
alpha_k to V_th_alpha_k. V_m is not reset.

Integrated exactly on the grid (matrix exponential), tau_m = tau_syn_x
included. In each step V_m advances with the currents of the step's begin,
threshold and currents decay, then the step's spikes are added. At the end of
a step with V_m >= V_th the neuron spikes, unless it did within t_ref before.
I is the sum of stimulating currents, constant within a step.)",
        .citation = "Kobayashi R, Tsubo Y, Shinomoto S (2009) Made-to-order spiking neuron model equipped with a "
                    "multi-timescale adaptive threshold. Front Comput Neurosci 3:9. doi:10.3389/neuro.10.009.2009",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = {},
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
        rest,
        decay_1,
        decay_2,
        jump_1,
        jump_2,
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
        c[rest] = p[omega] - p[E_L];
        c[decay_1] = math::exp(-h / p[tau_1]);
        c[decay_2] = math::exp(-h / p[tau_2]);
        c[jump_1] = p[alpha_1];
        c[jump_2] = p[alpha_2];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }
    /// Without a refractory step it would spike for as long as V_m is above the threshold.
    static void check(const double* p, double h, const std::string& object) {
        if (whole_steps(p[t_ref], h) < 1.0)
            refuse(object + ".params.t_ref", "t_ref = " + std::to_string(p[t_ref]) + " ms is below half a step",
                   "give at least one step");
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const Vec synaptic = s[I_syn_ex] * c[ex_to_V] + s[I_syn_in] * c[in_to_V];
        s[V_m] = s[V_m] + (s[V_m] * c[leak] + synaptic + (s[I_0] + c[current]) * c[I_to_V]);
        s[I_syn_ex] = s[I_syn_ex] * c[ex_decay] + in.receptor(0);
        s[I_syn_in] = s[I_syn_in] * c[in_decay] + in.receptor(1);
        s[I_0] = in.current();
        const Vec short_part = s[V_th_alpha_1] * c[decay_1], long_part = s[V_th_alpha_2] * c[decay_2];
        const auto may_spike = s[refractory] == zero;
        const auto spikes = may_spike & (s[V_m] >= c[rest] + (short_part + long_part));
        s[V_th_alpha_1] = select(spikes, short_part + c[jump_1], short_part);
        s[V_th_alpha_2] = select(spikes, long_part + c[jump_2], long_part);
        s[V_th] = s[V_th_alpha_1] + s[V_th_alpha_2]; // stored relative to omega
        s[refractory] = remaining_wait(s[refractory], may_spike, spikes, c[refractory_steps]);
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<Mat2PscExp, T>;
};

} // namespace spikecast::models
