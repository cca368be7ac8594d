#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct StdpTriplet {
    enum Parameter : std::size_t {
        tau_plus,
        tau_plus_triplet,
        tau_minus,
        tau_minus_triplet,
        Aplus,
        Aplus_triplet,
        Aminus,
        Aminus_triplet,
        Wmax
    };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_plus", "ms", 16.8, positive, "time constant of the fast trace of pre spikes, r1"),
        shared("tau_plus_triplet", "ms", 101.0, positive, "time constant of the slow trace of pre spikes, r2"),
        shared("tau_minus", "ms", 33.7, positive, "time constant of the fast trace of post spikes, o1"),
        shared("tau_minus_triplet", "ms", 125.0, positive, "time constant of the slow trace of post spikes, o2"),
        shared("Aplus", "1", 5e-10, not_negative, "potentiation by pairs, in the unit of the weight"),
        shared("Aplus_triplet", "1", 6.2e-3, not_negative, "potentiation by triplets post-pre-post"),
        shared("Aminus", "1", 7e-3, not_negative, "depression by pairs"),
        shared("Aminus_triplet", "1", 2.3e-4, not_negative, "depression by triplets pre-post-pre"),
        shared("Wmax", "1", 100.0, positive, "largest weight, in the unit of the weight"),
    };
    static constexpr TraceInfo pre_traces[] = {{"r1", tau_plus}, {"r2", tau_plus_triplet}};
    static constexpr TraceInfo post_traces[] = {{"o1", tau_minus}, {"o2", tau_minus_triplet}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "stdp_triplet",
                .kind = ModelInfo::Kind::synapse,
                .summary = "STDP of pairs and triplets of spikes",
                .equations =
                    R"(post spike    w <- min(Wmax, w + r1 (Aplus + Aplus_triplet o2))
pre spike     w <- max(0, w - o1 (Aminus + Aminus_triplet r2)); delivers w

r1, r2 (o1, o2): traces of all pre (post) spikes, +1 at each. A spike reads
the traces without itself; pairs at the very same time don't interact.
Defaults are those of the visual cortex, all-to-all, full model (table 4 of
the paper).)",
                .citation = "Pfister, Gerstner (2006), Journal of Neuroscience 26:9673-9682, "
                            "doi:10.1523/JNEUROSCI.1425-06.2006.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = {},
            },
        .pre = pre_traces,
        .post = post_traces,
    };

    enum Constant : std::size_t { up, up_triplet, down, down_triplet, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[Aplus];
        c[up_triplet] = p[Aplus_triplet];
        c[down] = p[Aminus];
        c[down_triplet] = p[Aminus_triplet];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        s.weight = simd::minimum(s.weight + x.pre(0) * (c[up] + c[up_triplet] * x.post(1)), c[largest]);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        return s.weight = simd::maximum(s.weight - x.post(0) * (c[down] + c[down_triplet] * x.pre(1)), Vec(0.0F));
    }

    using Kernel = RuleKernel<StdpTriplet>;
};

} // namespace spikecast::models
