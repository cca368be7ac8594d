#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct Teacher {
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "teacher",
                .kind = ModelInfo::Kind::synapse,
                .summary = "tells the plastic synapses onto a neuron when it ought to spike",
                .equations =
                    R"(A spike of the source that arrives at a target at q is, for the synapses onto
that neuron whose rule is a supervised one, a spike of its teacher: it is at a
synapse at q + b, b being the dendritic delay there, as a spike of the target
would be. The target neuron itself receives nothing; weights don't matter.)",
                .citation = "Ponulak, Kasinski (2010), Neural Computation 22:467-510, "
                            "doi:10.1162/neco.2009.11-08-901.",
                .parameters = {},
                .variables = {},
                .receptors = {},
                .relations = {},
            },
        .post_spikes = false,
        .role = SynapseModelInfo::Role::teacher,
    };
    static constexpr std::size_t constants = 1;
    static void derive(const double*, double, double*) {}
    template <class S, class C, class X>
    static auto on_pre(S& s, const C&, const X&) {
        return s.weight;
    }

    using Kernel = RuleKernel<Teacher>;
};

} // namespace spikecast::models
