#pragma once

#include "spikecast/model.hpp"

namespace spikecast::models {

struct PoissonGenerator {
    enum Parameter { rate };
    static constexpr ParameterInfo parameters[] = {
        {"rate", "Hz", 0.0, {0.0, 1e9}, "mean number of spikes per second"},
    };
    static constexpr ModelInfo info{
        .name = "poisson_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Spikes of a Poisson process, independent for each target or element",
        .equations = R"(The number of spikes in a step of length h has a Poisson distribution of mean rate h. As a stimulus every target
receives a train of its own; as a population every element is one train, the same for all its targets. Active for
spikes in (start, stop]. The count of target or element i for the step that ends at step s is drawn from word s mod 4
of the Philox block (key of the stimulus or population, i, s div 4).)",
        .citation = "Salmon JK, Moraes MA, Dror RO, Shaw DE (2011) Parallel random numbers: as easy as 1, 2, 3. SC11. "
                    "doi:10.1145/2063384.2063405",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = {},
    };
};

} // namespace spikecast::models
