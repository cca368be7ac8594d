#pragma once

#include "models/generators/trains.hpp"

namespace spikecast::models {

/// The same spikes for all elements.
template <class T>
class ListedTrain {
public:
    explicit ListedTrain(const BlockSetup& setup) : stamps_(steps_of_times(setup, 0, false)), counts_(chunk_size) {}

    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t) {
        if (stamp != stamp_) { // once a step
            stamp_ = stamp;
            const auto [first, last] = std::equal_range(stamps_.begin(), stamps_.end(), stamp);
            count_ = static_cast<T>(last - first);
            std::fill_n(counts_.data(), chunk_size, count_);
        }
        return count_ > 0 ? counts_.data() : nullptr;
    }
    [[nodiscard]] std::size_t bytes() const { return stamps_.capacity() * sizeof(std::int64_t) + counts_.bytes(); }

private:
    std::vector<std::int64_t> stamps_;
    std::int64_t stamp_ = -1;
    T count_ = 0;
    AlignedArray<T> counts_;
};

struct SpikeGenerator {
    enum Parameter { spike_times, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"spike_times", "ms", 0.0, positive, "times of spikes, multiples of the resolution, ascending", true},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "spike_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Spikes at given times, the same for all targets or elements",
        .equations = R"(A spike at each of spike_times in (start, stop]; a time that is listed twice
gives two spikes.)",
        .citation = "NEST Simulator, model spike_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
        .most_spikes =
            [](std::span<const ResolvedValue> p, double h) { // the longest run of times in one step
                std::vector<double> steps;
                for (const double time : p[spike_times].list)
                    steps.push_back(std::round(time / h));
                std::sort(steps.begin(), steps.end());
                std::size_t most = 0;
                for (auto first = steps.begin(); first != steps.end();) {
                    const auto last = std::upper_bound(first, steps.end(), *first);
                    most = std::max(most, static_cast<std::size_t>(last - first));
                    first = last;
                }
                return static_cast<double>(most);
            },
    };
    template <class T>
    using Population = TrainPopulation<ListedTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<ListedTrain<T>, T>;
};

} // namespace spikecast::models
