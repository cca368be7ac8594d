#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct VogelsSprekeler {
    enum Parameter : std::size_t { tau, eta, alpha, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau", "ms", 20.0, positive, "time constant of both traces"),
        shared("eta", "1", 0.001, not_negative, "learning rate, in the unit of the weight"),
        shared("alpha", "1", 0.12, not_negative, "depression by each pre spike: 2 tau times the rate that is aimed at"),
        shared("Wmax", "1", 1.0, {}, "weight of the largest amount; negative: weights are 0 or negative"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmax != 0", [](const double* p) { return p[Wmax] != 0.0; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"K_plus", tau}};
    static constexpr TraceInfo post_traces[] = {{"K_minus", tau}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "vogels_sprekeler",
                .kind = ModelInfo::Kind::synapse,
                .summary = "symmetric STDP with constant depression: inhibitory balance",
                .equations =
                    R"(of the amount a = |w|, kept within [0, |Wmax|]:
post spike    a <- a + eta K_plus
pre spike     a <- a + eta (K_minus - alpha), then the weight is delivered

K_plus, K_minus: traces of all pre (post) spikes, +1 at each, decaying with
tau. Pairs that meet at the very same time don't interact.)",
                .citation = "Vogels, Sprekeler, Zenke, Clopath, Gerstner (2011), Science 334:1569-1573, "
                            "doi:10.1126/science.1211095.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
    };

    enum Constant : std::size_t { rate, constant, low, high, constants }; // rate and constant with the weights' sign
    static void derive(const double* p, double, double* c) {
        const double sign = p[Wmax] < 0.0 ? -1.0 : 1.0;
        c[rate] = sign * p[eta];
        c[constant] = p[alpha];
        c[low] = p[Wmax] < 0.0 ? p[Wmax] : 0.0;
        c[high] = p[Wmax] < 0.0 ? 0.0 : p[Wmax];
    }
    template <class Vec, class C>
    static Vec within(Vec w, const C& c) {
        return simd::minimum(simd::maximum(w, c[low]), c[high]);
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        s.weight = within(s.weight + c[rate] * x.pre(0), c);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        return s.weight = within(s.weight + c[rate] * (x.post(0) - c[constant]), c);
    }

    using Kernel = RuleKernel<VogelsSprekeler>;
};

} // namespace spikecast::models
