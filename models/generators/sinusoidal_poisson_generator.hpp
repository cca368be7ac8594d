#pragma once

#include "models/generators/oscillation.hpp"
#include "models/generators/poisson_counts.hpp"

namespace spikecast::models {

template <class T>
class SinusoidalPoissonTrain {
public:
    explicit SinusoidalPoissonTrain(const BlockSetup& setup)
        : h_(setup.resolution_ms), rate_(setup.parameters[0]), amplitude_(setup.parameters[1]), phase_(setup, 2, 3),
          size_(setup.indices.size()), law_(setup), counts_(chunk_size) {
        for (std::size_t i = 0; i < (uniform() ? 1 : size_); ++i)
            check_mean(setup, "rate", value_of(rate_, i) + value_of(amplitude_, i));
        if (!uniform()) means_.resize(chunk_size);
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        if (uniform()) {
            const double m = mean(stamp, 0);
            if (m == 0.0) return nullptr;
            law_.draw(stamp, chunk, m, counts_.data());
        } else {
            const std::size_t begin = chunk * chunk_size, n = std::min(chunk_size, size_ - begin);
            for (std::size_t i = 0; i < n; ++i)
                means_[i] = mean(stamp, begin + i);
            law_.draw(stamp, chunk, std::span<const double>(means_).first(n), counts_.data());
        }
        return counts_.data();
    }
    [[nodiscard]] std::size_t bytes() const {
        return (rate_.each.capacity() + amplitude_.each.capacity() + means_.capacity()) * sizeof(double) +
               phase_.bytes() + law_.bytes() + counts_.bytes();
    }

private:
    [[nodiscard]] bool uniform() const { return rate_.each.empty() && amplitude_.each.empty() && phase_.uniform(); }
    /// Spikes in the step that ends at the stamp.
    [[nodiscard]] double mean(std::int64_t stamp, std::size_t i) const {
        const double rate = value_of(rate_, i) + value_of(amplitude_, i) * phase_.sine(stamp, i);
        return rate > 0.0 ? rate * h_ / 1000.0 : 0.0;
    }

    double h_;
    ResolvedValue rate_, amplitude_;
    Oscillation phase_;
    std::size_t size_;
    VaryingPoisson law_;
    std::vector<double> means_;
    AlignedArray<T> counts_;
};

struct SinusoidalPoissonGenerator {
    enum Parameter { rate, amplitude, frequency, phase, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"rate", "Hz", 0.0, {0.0, 1e9}, "mean number of spikes per second"},
        {"amplitude", "Hz", 0.0, {0.0, 1e9}, "of the rate's oscillation"},
        {"frequency", "Hz", 0.0, not_negative, "of the rate's oscillation"},
        {"phase", "1", 0.0, any_value, "of the rate's oscillation at time 0, in degrees"},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "sinusoidal_poisson_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Spikes of a Poisson process whose rate oscillates",
        .equations = R"(rate(t) = max(0, rate + amplitude sin(2 pi frequency t + phase))

The number of spikes in the step (t - h, t] has a Poisson distribution of mean
rate(t) h: as in NEST the rate is that of the step's end. Every target, or
element of a population, has a train of its own (NEST's
individual_spike_trains = false is a population of size 1). Active for spikes
in (start, stop]; the oscillation goes on in between.)",
        .citation = "NEST Simulator, model sinusoidal_poisson_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<SinusoidalPoissonTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<SinusoidalPoissonTrain<T>, T>;
};

} // namespace spikecast::models
