#pragma once

#include "spikecast/model.hpp"

namespace spikecast::models {

struct StepCurrentGenerator {
    enum Parameter { amplitude_times, amplitude_values };
    static constexpr ParameterInfo parameters[] = {
        {"amplitude_times", "ms", 0.0, positive, "times of changes, multiples of the resolution, ascending", true},
        {"amplitude_values", "pA", 0.0, any_value, "current from each time on", true},
    };
    static constexpr ModelInfo info{
        .name = "step_current_generator",
        .kind = ModelInfo::Kind::current_generator,
        .summary = "A current that changes at given times",
        .equations = R"(I = amplitude_values[k] in (amplitude_times[k] + delay, amplitude_times[k + 1] + delay] within
(start + delay, stop + delay], 0 elsewhere; 0 before the first time.)",
        .citation = "NEST Simulator, model step_current_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = {},
    };
};

} // namespace spikecast::models
