#pragma once

#include "models/plasticity/stdp_nn_symm.hpp"

namespace spikecast::models {

struct StdpNnRestr {
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "stdp_nn_restr",
                .kind = ModelInfo::Kind::synapse,
                .summary = "pair-based STDP, restricted symmetric nearest-neighbour scheme",
                .equations =
                    R"(As stdp_nn_symm, but a post spike pairs with the last pre spike only if no
post spike has come after that one, and a pre spike with the last post spike
only if no pre spike has (Morrison et al. 2008, Fig. 7C): no spike is in two
pairs of a kind. Spikes at the very same time don't come after one another.)",
                .citation = "Morrison, Diesmann, Gerstner (2008), Biological Cybernetics 98:459-478, "
                            "doi:10.1007/s00422-008-0233-1.",
                .parameters = StdpSynapse::parameters,
                .variables = {},
                .receptors = {},
                .relations = StdpSynapse::relations,
            },
        .pre = StdpNnSymm::pre_traces,
        .post = StdpNnSymm::post_traces,
    };
    static constexpr std::size_t constants = StdpSynapse::constants;
    static void derive(const double* p, double h, double* c) { StdpSynapse::derive(p, h, c); }
    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        const auto pairs = x.since_pre() <= x.since_post();
        const auto before = s.weight;
        StdpSynapse::on_post(s, c, x);
        s.weight = select(pairs, s.weight, before);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        const auto pairs = x.since_post() <= x.since_pre();
        const auto before = s.weight;
        StdpSynapse::on_pre(s, c, x);
        return s.weight = select(pairs, s.weight, before);
    }

    using Kernel = RuleKernel<StdpNnRestr>;
};

} // namespace spikecast::models
