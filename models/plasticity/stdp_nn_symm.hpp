#pragma once

#include "models/plasticity/stdp_synapse.hpp"

namespace spikecast::models {

struct StdpNnSymm {
    static constexpr TraceInfo pre_traces[] = {{"K_plus", StdpSynapse::tau_plus, TraceKind::nearest}};
    static constexpr TraceInfo post_traces[] = {{"K_minus", StdpSynapse::tau_minus, TraceKind::nearest}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "stdp_nn_symm",
                .kind = ModelInfo::Kind::synapse,
                .summary = "pair-based STDP, symmetric nearest-neighbour scheme",
                .equations =
                    R"(As stdp_synapse, but K_plus and K_minus are of the nearest spike alone: they
jump to 1. A post spike pairs with the last pre spike before it, a pre spike
with the last post spike before it (Morrison et al. 2008, Fig. 7A).)",
                .citation = "Morrison, Diesmann, Gerstner (2008), Biological Cybernetics 98:459-478, "
                            "doi:10.1007/s00422-008-0233-1.",
                .parameters = StdpSynapse::parameters,
                .variables = {},
                .receptors = {},
                .relations = StdpSynapse::relations,
            },
        .pre = pre_traces,
        .post = post_traces,
    };
    static constexpr std::size_t constants = StdpSynapse::constants;
    static void derive(const double* p, double h, double* c) { StdpSynapse::derive(p, h, c); }
    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        StdpSynapse::on_post(s, c, x);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        return StdpSynapse::on_pre(s, c, x);
    }

    using Kernel = RuleKernel<StdpNnSymm>;
};

} // namespace spikecast::models
