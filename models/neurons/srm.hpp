#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

#include <string>

namespace spikecast::models {

struct Srm {
    enum Parameter { C_m, tau_m, tau_s, t_ref, E_L, V_th, K1, K2, flush, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 250.0, positive, "capacitance of the membrane"},
        {"tau_m", "ms", 10.0, positive, "time constant of the membrane: decay of potentials"},
        {"tau_s", "ms", 2.5, positive, "time constant of synapses: rise of potentials"},
        {"t_ref", "ms", 1.0, not_negative, "time after a spike without another one, rounded to steps"},
        {"E_L", "mV", -70.0, any_value, "resting potential"},
        {"V_th", "mV", -55.0, any_value, "threshold"},
        {"K1", "1", 2.0, not_negative, "height of the spike's pulse, in units of V_th - E_L"},
        {"K2", "1", 4.0, not_negative, "size of the negative after-potential, in units of V_th - E_L"},
        flag("flush", true, "a spike ends the postsynaptic potentials under way (false: SRM_0)"),
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    enum Variable { V_m, psp, psp_rise, after_m, after_s, refractory, I_0 };
    static constexpr VariableInfo variables[] = {
        {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential E_L + eta + psp", E_L, true, true},
        {"psp", "mV", 0.0, "sum of postsynaptic potentials, and what currents do"},
        {"psp_rise", "mV", 0.0, "sum of w exp(-s / tau_s)", -1, false},
        {"after_m", "mV", 0.0, "part of eta that decays with tau_m", -1, false},
        {"after_s", "mV", 0.0, "part of eta that decays with tau_s", -1, false},
        {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
        {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"psp", "mV", "postsynaptic potential; the weight is its peak, of either sign", 0},
    };
    static constexpr ParameterRelation relations[] = {
        {"E_L < V_th", [](const double* p) { return p[E_L] < p[V_th]; }},
        {"tau_s < tau_m", [](const double* p) { return p[tau_s] < p[tau_m]; }},
    };
    static constexpr ModelInfo info{
        .name = "srm",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Spike response model: kernels for postsynaptic potentials and for what follows a spike",
        .equations = R"(V_m(t) = E_L + eta(t - t') + psp(t), t' the neuron's last spike
eta(s) = (V_th - E_L) (K1 exp(-s / tau_m)
                       - K2 (exp(-s / tau_m) - exp(-s / tau_s)))
psp(t) = sum of w K (exp(-s / tau_m) - exp(-s / tau_s)), s > 0 the time since
         a spike of weight w arrived; K makes the peak w
C_m dpsp/dt = -(C_m / tau_m) psp + I_e + I for currents

flush = true: the sum is over spikes that arrive after t', and psp begins at 0
at t': the neuron forgets (Masquelier et al. 2008). flush = false: over all
spikes, SRM_0 (Gerstner & Kistler 2002, chapter 4).

Integrated exactly on the grid. In each step potentials advance, then the
step's spikes are added, then V_m >= V_th is tested, unless the neuron spiked
within t_ref before. The pulse K1 itself is above V_th: a t_ref at whose end
eta would make the neuron spike again is refused. Input goes on while the
neuron is refractory. I is the sum of stimulating currents, constant within a
step.)",
        .citation = "Gerstner W, Kistler WM (2002) Spiking neuron models. Cambridge University Press. "
                    "doi:10.1017/CBO9780511815706; kernels: Masquelier T, Guyonneau R, Thorpe SJ (2008) Spike timing "
                    "dependent plasticity finds the start of repeating patterns in continuous spike trains. PLoS ONE "
                    "3:e1377. doi:10.1371/journal.pone.0001377",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = relations,
        .charge = [](const double* p,
                     std::size_t) { return p[C_m] * p[tau_s] * slope_of_unit_peak(p[tau_m], p[tau_s]); },
    };

    enum Constant {
        leak,
        rise_to_psp,
        I_to_psp,
        rise_decay,
        current,
        threshold,
        pulse_m,
        pulse_s,
        kept, // of potentials at a spike
        refractory_steps,
        constants
    };
    static void derive(const double* p, double h, double* c) {
        c[leak] = math::expm1(-h / p[tau_m]);
        c[rise_to_psp] = slope_of_unit_peak(p[tau_m], p[tau_s]) * exp_current_to_V(h, p[tau_m], p[tau_s], 1.0);
        c[I_to_psp] = constant_current_to_V(h, p[tau_m], p[C_m]);
        c[rise_decay] = math::exp(-h / p[tau_s]);
        c[current] = p[I_e];
        c[threshold] = p[V_th] - p[E_L];
        c[pulse_m] = (p[K1] - p[K2]) * c[threshold];
        c[pulse_s] = p[K2] * c[threshold];
        c[kept] = 1.0 - p[flush];
        c[refractory_steps] = whole_steps(p[t_ref], h);
    }
    /// eta falls until it is below 0, so the first step after t_ref decides.
    static void check(const double* p, double h, const std::string& object) {
        const double s = (whole_steps(p[t_ref], h) + 1.0) * h;
        const double eta = (p[K1] - p[K2]) * math::exp(-s / p[tau_m]) + p[K2] * math::exp(-s / p[tau_s]);
        if (eta >= 1.0)
            refuse(object + ".params.t_ref",
                   "t_ref = " + std::to_string(p[t_ref]) + " ms ends while eta is at the threshold or above, " +
                       std::to_string(eta) + " times V_th - E_L, so that every spike would lead to the next one",
                   "lengthen t_ref or lower K1");
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input& in) {
        const Vec zero(0);
        const Vec change = s[psp] * c[leak] + s[psp_rise] * c[rise_to_psp] + (s[I_0] + c[current]) * c[I_to_psp];
        const Vec potential = s[psp] + change;
        const Vec rise = s[psp_rise] * c[rise_decay] + in.receptor(0);
        const Vec eta_m = s[after_m] + s[after_m] * c[leak], eta_s = s[after_s] * c[rise_decay];
        s[I_0] = in.current();
        const auto may_spike = s[refractory] == zero;
        const auto spikes = may_spike & (potential + (eta_m + eta_s) >= c[threshold]);
        s[psp] = select(spikes, potential * c[kept], potential);
        s[psp_rise] = select(spikes, rise * c[kept], rise);
        s[after_m] = select(spikes, c[pulse_m], eta_m);
        s[after_s] = select(spikes, c[pulse_s], eta_s);
        s[V_m] = s[psp] + (s[after_m] + s[after_s]); // stored relative to E_L
        s[refractory] = remaining_wait(s[refractory], may_spike, spikes, c[refractory_steps]);
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<Srm, T>;
};

} // namespace spikecast::models
