#pragma once

#include "spikecast/model.hpp"

namespace spikecast::models {

struct ParrotNeuron {
    static constexpr ReceptorInfo receptors[] = {
        {"spikes", "1", "every spike counts one; the weight is ignored", 0, true},
    };
    static constexpr ModelInfo info{
        .name = "parrot_neuron",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Repeats every spike that it receives",
        .equations = R"(A neuron that receives c spikes in the step (t, t + h], whatever their weights, spikes c times at t + h. It gives
several targets the same random train: connect a poisson_generator to it.)",
        .citation = "NEST Simulator, model parrot_neuron: https://nest-simulator.readthedocs.io",
        .parameters = {},
        .variables = {},
        .receptors = receptors,
        .relations = {},
    };
};

} // namespace spikecast::models
