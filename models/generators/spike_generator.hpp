#pragma once

#include "spikecast/model.hpp"

namespace spikecast::models {

struct SpikeGenerator {
    enum Parameter { spike_times };
    static constexpr ParameterInfo parameters[] = {
        {"spike_times", "ms", 0.0, positive, "times of spikes, multiples of the resolution, ascending", true},
    };
    static constexpr ModelInfo info{
        .name = "spike_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Spikes at given times, the same for all targets or elements",
        .equations = R"(A spike at each of spike_times in (start, stop]; a time that is listed twice gives two spikes.)",
        .citation = "NEST Simulator, model spike_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = {},
    };
};

} // namespace spikecast::models
