#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct Resume {
    enum Parameter : std::size_t { tau, A, a_d, Wmin, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau", "ms", 10.0, positive, "time constant of the trace of pre spikes"),
        shared("A", "1", 0.01, not_negative, "learning rate, in the unit of the weight, for K = 1"),
        shared("a_d", "1", 0.0, any_value, "change that doesn't depend on the source, in the unit of the weight"),
        shared("Wmin", "1", -100.0, any_value, "smallest weight, in the unit of the weight"),
        shared("Wmax", "1", 100.0, any_value, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmin < Wmax", [](const double* p) { return p[Wmin] < p[Wmax]; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"K", tau}};
    static constexpr TraceInfo post_traces[] = {{"from_teacher", tau, TraceKind::from_teacher}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "resume",
                .kind = ModelInfo::Kind::synapse,
                .summary = "remote supervision: the target learns the spike times of a teacher",
                .equations =
                    R"(teacher spike   w <- w + a_d + A K
post spike      w <- w - a_d - A K        kept within [Wmin, Wmax]

K: trace of all pre spikes, +1 at each. A pre spike at the very same time
doesn't count. A teacher's spikes reach the target by a projection onto the
same population whose synapse is teacher; a post spike at the very time of a
teacher's cancels it.)",
                .citation = "Ponulak, Kasinski (2010), Neural Computation 22:467-510, "
                            "doi:10.1162/neco.2009.11-08-901.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
        .teacher = true,
    };

    enum Constant : std::size_t { rate, constant, lowest, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[rate] = p[A];
        c[constant] = p[a_d];
        c[lowest] = p[Wmin];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec by = c[constant] + c[rate] * x.pre(0);
        const Vec w = s.weight + select(x.entry(0) > Vec(0.0F), by, -by);
        s.weight = simd::minimum(simd::maximum(w, c[lowest]), c[largest]);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C&, const X&) {
        return s.weight;
    }

    using Kernel = RuleKernel<Resume>;
};

} // namespace spikecast::models
