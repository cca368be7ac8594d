#pragma once

#include "models/generators/poisson_counts.hpp"

namespace spikecast::models {

template <class T>
class InhomogeneousPoissonTrain {
public:
    explicit InhomogeneousPoissonTrain(const BlockSetup& setup)
        : times_(steps_of_times(setup, 0, true)), law_(setup), counts_(chunk_size) {
        const std::vector<double>& values = setup.parameters[1].list;
        require_pairs(setup, 0, 1);
        for (const double rate : values) {
            check_mean(setup, "rate_values", rate);
            means_.push_back(rate * setup.resolution_ms / 1000.0);
        }
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        const auto next = std::upper_bound(times_.begin(), times_.end(), stamp);
        if (next == times_.begin()) return nullptr;
        const double mean = means_[static_cast<std::size_t>(next - times_.begin()) - 1];
        if (mean == 0.0) return nullptr;
        law_.draw(stamp, chunk, mean, counts_.data());
        return counts_.data();
    }
    [[nodiscard]] std::size_t bytes() const {
        return times_.capacity() * sizeof(std::int64_t) + means_.capacity() * sizeof(double) + law_.bytes() +
               counts_.bytes();
    }

private:
    std::vector<std::int64_t> times_;
    std::vector<double> means_; ///< spikes a step from each time on
    VaryingPoisson law_;
    AlignedArray<T> counts_;
};

struct InhomogeneousPoissonGenerator {
    enum Parameter { rate_times, rate_values, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"rate_times", "ms", 0.0, positive, "times of changes, multiples of the resolution, ascending", true},
        {"rate_values", "Hz", 0.0, {0.0, 1e9}, "rate from each time on", true},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "inhomogeneous_poisson_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Spikes of a Poisson process whose rate changes at given times",
        .equations = R"(The number of spikes in a step of length h has a Poisson distribution of mean
rate h, and as in NEST rate is rate_values[k] for spikes stamped from
rate_times[k] on, before rate_times[k + 1]; 0 before the first time. Every
target, or element of a population, has a train of its own; all follow the
same rate. Active for spikes in (start, stop].)",
        .citation = "NEST Simulator, model inhomogeneous_poisson_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<InhomogeneousPoissonTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<InhomogeneousPoissonTrain<T>, T>;
};

} // namespace spikecast::models
