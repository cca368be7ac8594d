#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/adaptive_exponential.hpp"
#include "models/neurons/propagators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

namespace spikecast::models {

struct AeifPscExp : AdexDeclaration {
    enum SynapticParameter { tau_syn_ex = membrane_parameters, tau_syn_in, I_e };
    static constexpr auto parameters =
        joined(membrane, {
                             {"tau_syn_ex", "ms", 0.2, positive, "decay time of the excitatory current"},
                             {"tau_syn_in", "ms", 2.0, positive, "decay time of the inhibitory current"},
                             {"I_e", "pA", 0.0, any_value, "constant input current"},
                         });
    enum Variable { V_m, I_syn_ex, I_syn_in, w, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
        {"I_syn_ex", "pA", 0.0, "excitatory synaptic current"},
        {"I_syn_in", "pA", 0.0, "inhibitory synaptic current, positive"},
        {"w", "pA", 0.0, "current of adaptation"},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "pA", "excitatory current; the weight is its peak, positive", +1},
        {"in", "pA", "inhibitory current; minus the weight is its peak", -1},
    };
    static constexpr ModelInfo info{
        .name = "aeif_psc_exp",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Adaptive exponential integrate-and-fire neuron with exponential currents",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) + g_L Delta_T exp((V_m - V_th) / Delta_T)
              + I_syn_ex - I_syn_in - w + I_e + I
tau_w dw/dt = a (V_m - E_L) - w
dI_syn_x/dt = -I_syn_x / tau_syn_x,  x = ex, in
A spike of weight w adds w to I_syn_ex, or -w to I_syn_in.
At V_m >= V_peak: V_m = V_reset, w = w + b.

Runge-Kutta of order 4 with sub-steps of at most 0.025 ms (error:
docs/models.md); V_m is bounded by V_peak on the right-hand sides;
synaptic currents decay exactly. The passage of V_peak is found within its
sub-step and V_m goes on from V_reset there, or, with t_ref > 0, stays there
to the end of the step and for the next t_ref. The spike is stamped with the
end of its step. A neuron spikes once a step at most; what would be a second
is put off.
With Delta_T = 0 the exponential term is absent and V_th takes V_peak's place.
Spikes that arrive in the step are added at its end. I is the sum of
stimulating currents, constant within a step.)",
        .citation = "Brette R, Gerstner W (2005) Adaptive exponential integrate-and-fire model as an effective "
                    "description of neuronal activity. J Neurophysiol 94:3637-3642. doi:10.1152/jn.00686.2005",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
        .charge = [](const double* p, std::size_t r) { return r == 0 ? p[tau_syn_ex] : p[tau_syn_in]; },
    };

    enum Constant {
        ex_half = adex_constants, // over half a sub-step
        in_half,
        current,
        constants
    };
    static constexpr int refractory_steps = adex_refractory;
    static void derive(const double* p, double h, double* c) {
        adex_derive(p, h, c);
        const double half = 0.5 * h / c[adex_sub_steps];
        c[ex_half] = math::exp(-half / p[tau_syn_ex]);
        c[in_half] = math::exp(-half / p[tau_syn_in]);
        c[current] = p[I_e];
    }

    template <class Vec, class Constants>
    struct Synapses {
        const Constants& c;
        Vec ex, inh, I;
        [[nodiscard]] Vec a() const { return Vec(0); }
        [[nodiscard]] Vec b() const { return I + (ex - inh); }
        void advance() {
            ex = ex * c[ex_half];
            inh = inh * c[in_half];
        }
    };

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec I = s[I_0] + c[current];
        Synapses<Vec, Constants> synapses{c, s[I_syn_ex], s[I_syn_in], I};
        const auto spikes = adex_update(s[V_m], s[w], s[refractory], c, synapses);
        s[I_syn_ex] = synapses.ex + in.receptor(0);
        s[I_syn_in] = synapses.inh - in.receptor(1);
        s[I_0] = in.current();
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<AeifPscExp, T>;
};

} // namespace spikecast::models
