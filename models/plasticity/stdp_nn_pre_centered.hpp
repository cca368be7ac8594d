#pragma once

#include "models/plasticity/stdp_synapse.hpp"

namespace spikecast::models {

/// A post spike makes the synapse forget the pre spikes before it, so each synapse has a trace of its own.
struct StdpNnPreCentered {
    static constexpr TraceInfo post_traces[] = {{"K_minus", StdpSynapse::tau_minus, TraceKind::nearest}};
    static constexpr VariableInfo variables[] = {
        {"K_plus", "1", 0.0, "trace of the pre spikes since the last post spike, just before the last pre spike"},
        {"n", "1", 0.0, "pre spikes of that time which no post spike has followed"},
    };
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "stdp_nn_pre_centered",
                .kind = ModelInfo::Kind::synapse,
                .summary = "pair-based STDP, presynaptic-centred nearest-neighbour scheme",
                .equations =
                    R"(As stdp_synapse, but each pre spike pairs with the last post spike before it
and the first after it: K_minus jumps to 1, and a post spike sets K_plus to 0
when it has read it (Morrison et al. 2008, Fig. 7B).)",
                .citation = "Izhikevich, Desai (2003), Neural Computation 15:1511-1523, "
                            "doi:10.1162/089976603321891783.",
                .parameters = StdpSynapse::parameters,
                .variables = variables,
                .receptors = {},
                .relations = StdpSynapse::relations,
            },
        .pre = {},
        .post = post_traces,
    };
    enum Constant : std::size_t { rate = StdpSynapse::constants, constants };
    static void derive(const double* p, double h, double* c) {
        StdpSynapse::derive(p, h, c);
        c[rate] = -1.0 / p[StdpSynapse::tau_plus];
    }
    /// What stdp_synapse reads of the pre side.
    template <class Vec, class X>
    struct Own {
        Vec trace;
        const X& x;
        [[nodiscard]] Vec pre(std::size_t) const { return trace; }
        [[nodiscard]] Vec post(std::size_t i) const { return x.post(i); }
    };
    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec elapsed = x.elapsed(), zero(0.0F);
        const auto same = elapsed == zero; // without dendrite: a post spike at the time of the last pre spike
        StdpSynapse::on_post(s, c, Own<Vec, X>{select(same, s[0], (s[0] + s[1]) * simd::exp(elapsed * c[rate])), x});
        s[0] = zero;
        s[1] = select(same, s[1], zero);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec elapsed = x.elapsed(), one(1.0F);
        const auto same = elapsed == Vec(0.0F);
        s[0] = select(same, s[0], (s[0] + s[1]) * simd::exp(elapsed * c[rate]));
        s[1] = select(same, s[1] + one, one);
        return StdpSynapse::on_pre(s, c, x);
    }

    using Kernel = RuleKernel<StdpNnPreCentered>;
};

} // namespace spikecast::models
