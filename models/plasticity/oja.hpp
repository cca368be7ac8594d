#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct Oja {
    enum Parameter : std::size_t { tau_x, tau_y, eta, w_norm, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_x", "ms", 50.0, positive, "time constant of the estimate of the source's rate"),
        shared("tau_y", "ms", 50.0, positive, "time constant of the estimate of the target's rate"),
        shared("eta", "1", 1e-3, not_negative, "learning rate, in the unit of the weight, for each Hz"),
        shared("w_norm", "1", 1.0, positive, "the weight that counts as 1 in the decay, in the unit of the weight"),
        shared("Wmax", "1", 100.0, positive, "largest weight, in the unit of the weight"),
    };
    static constexpr TraceInfo pre_traces[] = {{"x", tau_x}};
    static constexpr TraceInfo post_traces[] = {{"y", tau_y}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "oja",
                .kind = ModelInfo::Kind::synapse,
                .summary = "Hebbian learning of rates with Oja's decay: the first principal component",
                .equations =
                    R"(post spike    w <- w + eta (x - y w / w_norm), kept within [0, Wmax]

x, y: rates of source and target in Hz, each 1 / tau times a trace of its
spikes, without this very spike. On average w' = eta y (x - y w / w_norm).)",
                .citation = "Oja (1982), Journal of Mathematical Biology 15:267-273, doi:10.1007/BF00275687.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = {},
            },
        .pre = pre_traces,
        .post = post_traces,
    };

    enum Constant : std::size_t { gain, decay, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[gain] = p[eta] * 1000.0 / p[tau_x]; // ms to Hz
        c[decay] = p[eta] * 1000.0 / (p[tau_y] * p[w_norm]);
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec w = s.weight + (c[gain] * x.pre(0) - c[decay] * x.post(0) * s.weight);
        s.weight = simd::minimum(simd::maximum(w, Vec(0.0F)), c[largest]);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C&, const X&) {
        return s.weight;
    }

    using Kernel = RuleKernel<Oja>;
};

} // namespace spikecast::models
