#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct VolumeTransmitter {
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "volume_transmitter",
                .kind = ModelInfo::Kind::synapse,
                .summary = "releases a neuromodulator at all plastic synapses onto a population",
                .equations =
                    R"(A spike of the source, weight v, arrives after the delay: every synapse onto
the target population whose rule knows neuromodulators notices an amount v,
whatever its own delay. The target neurons themselves receive nothing. The
rule of the projection is all_to_all, weight and delay are constants.)",
                .citation = "Potjans, Morrison, Diesmann (2010), Front Comput Neurosci 4:141, "
                            "doi:10.3389/fncom.2010.00141.",
                .parameters = {},
                .variables = {},
                .receptors = {},
                .relations = {},
            },
        .post_spikes = false,
        .role = SynapseModelInfo::Role::modulator,
    };
    static constexpr std::size_t constants = 1;
    static void derive(const double*, double, double*) {}
    template <class S, class C, class X>
    static auto on_pre(S& s, const C&, const X&) {
        return s.weight;
    }

    using Kernel = RuleKernel<VolumeTransmitter>;
};

} // namespace spikecast::models
