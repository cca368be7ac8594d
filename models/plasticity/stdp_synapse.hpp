#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct StdpSynapse {
    enum Parameter : std::size_t { tau_plus, tau_minus, lambda, alpha, mu_plus, mu_minus, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_plus", "ms", 20.0, positive, "time constant of the trace of pre spikes"),
        shared("tau_minus", "ms", 20.0, positive, "time constant of the trace of post spikes"),
        shared("lambda", "1", 0.01, not_negative, "step of potentiation"),
        shared("alpha", "1", 1.0, not_negative, "step of depression in units of lambda"),
        shared("mu_plus", "1", 1.0, not_negative, "exponent of potentiation: 0 additive, 1 multiplicative"),
        shared("mu_minus", "1", 1.0, not_negative, "exponent of depression"),
        shared("Wmax", "1", 100.0, {}, "largest weight, in the unit of the weight; not 0, of the weights' sign"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmax != 0", [](const double* p) { return p[Wmax] != 0.0; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"K_plus", tau_plus}};
    static constexpr TraceInfo post_traces[] = {{"K_minus", tau_minus}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "stdp_synapse",
                .kind = ModelInfo::Kind::synapse,
                .summary = "pair-based STDP, additive to multiplicative",
                .equations =
                    R"(with x = w / Wmax in [0, 1]:
post spike    x <- min(1, x + lambda (1 - x)^mu_plus K_plus)
pre spike     x <- max(0, x - lambda alpha x^mu_minus K_minus); delivers w

mu_plus = mu_minus = 0: additive (Song, Miller, Abbott 2000); 1:
multiplicative (Rubin, Lee, Sompolinsky 2001); between: Guetig et al. (2003);
0 and 1: van Rossum, Bi, Turrigiano (2000). K_plus, K_minus: traces of all pre
(post) spikes, +1 at each, decaying with tau_plus (tau_minus). Pairs that meet
at the very same time don't interact.)",
                .citation = "Guetig, Aharonov, Rotter, Sompolinsky (2003), Journal of Neuroscience 23:3697-3714, "
                            "doi:10.1523/JNEUROSCI.23-09-03697.2003.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
    };

    enum Constant : std::size_t { up, down, plus, minus, largest, inverse, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[lambda];
        c[down] = p[lambda] * p[alpha];
        c[plus] = p[mu_plus];
        c[minus] = p[mu_minus];
        c[largest] = p[Wmax];
        c[inverse] = 1.0 / p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec w = s.weight * c[inverse];
        const Vec room = simd::maximum(Vec(1.0F) - w, Vec(0.0F));
        s.weight = simd::minimum(w + c[up] * power(room, c.scalar(plus)) * x.pre(0), Vec(1.0F)) * c[largest];
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec w = s.weight * c[inverse];
        s.weight = simd::maximum(w - c[down] * power(w, c.scalar(minus)) * x.post(0), Vec(0.0F)) * c[largest];
        return s.weight;
    }

    using Kernel = RuleKernel<StdpSynapse>;
};

} // namespace spikecast::models
