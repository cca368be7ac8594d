#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct ChronotronI {
    enum Parameter : std::size_t { tau_m, tau_s, gamma, Wmin, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_m", "ms", 10.0, positive, "time constant of the synaptic current's decay"),
        shared("tau_s", "ms", 5.0, positive, "time constant of its rise"),
        shared("gamma", "1", 0.01, not_negative, "learning rate, relative to the weight, for I = 1"),
        shared("Wmin", "1", -100.0, any_value, "smallest weight, in the unit of the weight"),
        shared("Wmax", "1", 100.0, any_value, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmin < Wmax", [](const double* p) { return p[Wmin] < p[Wmax]; }},
        {"tau_s < tau_m", [](const double* p) { return p[tau_s] < p[tau_m]; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"slow", tau_m}, {"fast", tau_s}};
    static constexpr TraceInfo post_traces[] = {{"from_teacher", tau_m, TraceKind::from_teacher}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "chronotron_i",
                .kind = ModelInfo::Kind::synapse,
                .summary = "chronotron, I-learning: the target learns the spike times of a teacher by its currents",
                .equations =
                    R"(teacher spike   w <- w + gamma |w| I
post spike      w <- w - gamma |w| I      kept within [Wmin, Wmax]

I: sum over all pre spikes before of exp(-s / tau_m) - exp(-s / tau_s), s
being the time since each. A teacher's spikes reach the target by a projection
onto the same population whose synapse is teacher; a weight keeps its sign.)",
                .citation = "Florian (2012), PLoS ONE 7:e40233, doi:10.1371/journal.pone.0040233.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
        .teacher = true,
    };

    enum Constant : std::size_t { rate, lowest, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[rate] = p[gamma];
        c[lowest] = p[Wmin];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec amount = simd::maximum(s.weight, -s.weight);
        const Vec by = c[rate] * amount * (x.pre(0) - x.pre(1));
        const Vec w = s.weight + select(x.entry(0) > Vec(0.0F), by, -by);
        s.weight = simd::minimum(simd::maximum(w, c[lowest]), c[largest]);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C&, const X&) {
        return s.weight;
    }

    using Kernel = RuleKernel<ChronotronI>;
};

} // namespace spikecast::models
