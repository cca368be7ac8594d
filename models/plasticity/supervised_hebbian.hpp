#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct SupervisedHebbian {
    enum Parameter : std::size_t { tau_plus, tau_minus, A_plus, A_minus, a_d, Wmin, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_plus", "ms", 20.0, positive, "time constant of the trace of pre spikes"),
        shared("tau_minus", "ms", 20.0, positive, "time constant of the trace of the teacher's spikes"),
        shared("A_plus", "1", 0.01, not_negative, "potentiation by a teacher's spike, in the unit of the weight"),
        shared("A_minus", "1", 0.0, not_negative, "depression by a pre spike after a teacher's"),
        shared("a_d", "1", 0.0, any_value, "change by each teacher's spike, in the unit of the weight"),
        shared("Wmin", "1", 0.0, any_value, "smallest weight, in the unit of the weight"),
        shared("Wmax", "1", 100.0, any_value, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmin < Wmax", [](const double* p) { return p[Wmin] < p[Wmax]; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"K_plus", tau_plus}};
    static constexpr TraceInfo post_traces[] = {{"from_teacher", tau_minus, TraceKind::from_teacher},
                                                {"K_teacher", tau_minus, TraceKind::teacher}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "supervised_hebbian",
                .kind = ModelInfo::Kind::synapse,
                .summary = "pair-based STDP with a teacher's spikes in place of the target's",
                .equations =
                    R"(teacher spike   w <- w + a_d + A_plus K_plus
pre spike       w <- w - A_minus K_teacher, then w is delivered
                w is kept within [Wmin, Wmax]

K_plus, K_teacher: traces of all pre (teacher's) spikes, +1 at each. Pairs
that meet at the very same time don't interact. A teacher's spikes reach the
target by a projection onto the same population whose synapse is teacher.)",
                .citation = "Legenstein, Naeger, Maass (2005), Neural Computation 17:2337-2382, "
                            "doi:10.1162/0899766054796888.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
        .teacher = true,
    };

    enum Constant : std::size_t { up, down, constant, lowest, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[A_plus];
        c[down] = p[A_minus];
        c[constant] = p[a_d];
        c[lowest] = p[Wmin];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec w = simd::minimum(simd::maximum(s.weight + (c[constant] + c[up] * x.pre(0)), c[lowest]), c[largest]);
        s.weight = select(x.entry(0) > Vec(0.0F), w, s.weight);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        return s.weight = simd::minimum(simd::maximum(s.weight - c[down] * x.post(1), c[lowest]), c[largest]);
    }

    using Kernel = RuleKernel<SupervisedHebbian>;
};

} // namespace spikecast::models
