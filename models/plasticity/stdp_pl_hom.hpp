#pragma once

#include "models/plasticity/kernel.hpp"
#include "spikecast/math.hpp"

namespace spikecast::models {

struct StdpPlHom {
    enum Parameter : std::size_t { tau_plus, tau_minus, lambda, alpha, mu };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_plus", "ms", 20.0, positive, "time constant of the trace of pre spikes"),
        shared("tau_minus", "ms", 20.0, positive, "time constant of the trace of post spikes"),
        shared("lambda", "1", 0.1, not_negative, "step of potentiation"),
        shared("alpha", "1", 1.0, not_negative, "step of depression in units of lambda"),
        shared("mu", "1", 0.4, not_negative, "exponent of the weight in potentiation"),
    };
    static constexpr TraceInfo pre_traces[] = {{"K_plus", tau_plus}};
    static constexpr TraceInfo post_traces[] = {{"K_minus", tau_minus}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "stdp_pl_hom",
                .kind = ModelInfo::Kind::synapse,
                .summary = "pair-based STDP with a power law of the weight",
                .equations =
                    R"(post spike    w <- w + lambda w^mu K_plus    (1 is the reference weight)
pre spike     w <- max(0, w - lambda alpha w K_minus), then w is delivered

K_plus, K_minus: traces of all pre (post) spikes, +1 at each, decaying with
tau_plus (tau_minus). Pairs that meet at the very same time don't interact.)",
                .citation = "Morrison, Aertsen, Diesmann (2007), Neural Computation 19:1437-1467, "
                            "doi:10.1162/neco.2007.19.6.1437.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = {},
            },
        .pre = pre_traces,
        .post = post_traces,
    };

    enum Constant : std::size_t { up, down, exponent, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[lambda];
        c[down] = p[lambda] * p[alpha];
        c[exponent] = p[mu];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        s.weight = s.weight + c[up] * power(s.weight, c.scalar(exponent)) * x.pre(0);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        const auto w = s.weight - c[down] * s.weight * x.post(0);
        s.weight = simd::maximum(w, decltype(w)(0.0F));
        return s.weight;
    }

    using Kernel = RuleKernel<StdpPlHom>;
};

} // namespace spikecast::models
