#pragma once

#include "spikecast/model.hpp"

namespace spikecast::models {

struct DcGenerator {
    enum Parameter { amplitude };
    static constexpr ParameterInfo parameters[] = {
        {"amplitude", "pA", 0.0, any_value, "current"},
    };
    static constexpr ModelInfo info{
        .name = "dc_generator",
        .kind = ModelInfo::Kind::current_generator,
        .summary = "A constant current",
        .equations = R"(I = amplitude in (start + delay, stop + delay], 0 elsewhere. As in NEST a current can't act before the run begins
plus one step plus the delay, so with start = 0 it acts from h + delay on.)",
        .citation = "NEST Simulator, model dc_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = {},
    };
};

} // namespace spikecast::models
