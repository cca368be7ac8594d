#pragma once

#include "models/generators/currents.hpp"

namespace spikecast::models {

template <class T>
class StepCurrentStimulus final : public StimulusBlock<T> {
public:
    explicit StepCurrentStimulus(const StimulusSetup& setup)
        : start_(setup.generator.start_step), stop_(setup.generator.stop_step), delay_(setup.delay_steps),
          weight_(setup.weight, setup.generator.indices.size()), times_(steps_of_times(setup.generator, 0, true)),
          values_(setup.generator.parameters[1].list) {
        require_pairs(setup.generator, 0, 1);
    }
    void add(std::int64_t step, std::size_t begin, std::size_t end, T* buffer) override {
        const std::int64_t emitted = emission_step(step, delay_, start_, stop_);
        if (emitted < 0) return;
        // ahead by one step, as with start
        const auto next = std::upper_bound(times_.begin(), times_.end(), emitted + 1);
        if (next == times_.begin()) return;
        const T value = static_cast<T>(values_[static_cast<std::size_t>(next - times_.begin()) - 1]);
        for (std::size_t i = begin; i < end; ++i)
            buffer[i - begin] += (weight_.uniform() ? weight_.constant() : weight_.each()[i]) * value;
    }
    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(*this) + weight_.bytes() + times_.capacity() * sizeof(std::int64_t) +
               values_.capacity() * sizeof(double);
    }

private:
    std::int64_t start_, stop_, delay_;
    PerTarget<T> weight_;
    std::vector<std::int64_t> times_;
    std::vector<double> values_;
};

struct StepCurrentGenerator {
    enum Parameter { amplitude_times, amplitude_values, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"amplitude_times", "ms", 0.0, positive, "times of changes, multiples of the resolution, ascending", true},
        {"amplitude_values", "pA", 0.0, any_value, "current from each time on", true},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "step_current_generator",
        .kind = ModelInfo::Kind::current_generator,
        .summary = "A current that changes at given times",
        .equations = R"(I = weight * amplitude_values[k] in (amplitude_times[k] + delay,
amplitude_times[k + 1] + delay] within (start + delay, stop + delay], 0
elsewhere and before the first time; the weight's default is 1.)",
        .citation = "NEST Simulator, model step_current_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Stimulus = StepCurrentStimulus<T>;
};

} // namespace spikecast::models
