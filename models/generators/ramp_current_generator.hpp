#pragma once

#include "models/generators/currents.hpp"

namespace spikecast::models {

template <class T>
class RampCurrentStimulus final : public StimulusBlock<T> {
public:
    explicit RampCurrentStimulus(const StimulusSetup& setup)
        : start_(setup.generator.start_step), stop_(setup.generator.stop_step), delay_(setup.delay_steps),
          h_(setup.generator.resolution_ms), amplitude_(setup.generator.parameters[0]),
          slope_(setup.generator.parameters[1]), weight_(setup.weight) {}
    void add(std::int64_t step, std::size_t begin, std::size_t end, T* buffer) override {
        const std::int64_t emitted = emission_step(step, delay_, start_, stop_);
        if (emitted < 0) return;
        // what arrives acts from emitted + 1 + delay on, and that step is counted from start + delay
        const double elapsed = static_cast<double>(emitted + 1 - start_) * h_;
        for (std::size_t i = begin; i < end; ++i)
            buffer[i - begin] +=
                static_cast<T>(value_of(weight_, i) * (value_of(amplitude_, i) + value_of(slope_, i) * elapsed));
    }
    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(*this) +
               (amplitude_.each.capacity() + slope_.each.capacity() + weight_.each.capacity()) * sizeof(double);
    }

private:
    std::int64_t start_, stop_, delay_;
    double h_;
    ResolvedValue amplitude_, slope_, weight_;
};

struct RampCurrentGenerator {
    enum Parameter { amplitude, slope, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"amplitude", "pA", 0.0, any_value, "current at the start"},
        {"slope", "pA/ms", 0.0, any_value, "change of the current in time"},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "ramp_current_generator",
        .kind = ModelInfo::Kind::current_generator,
        .summary = "A current that rises or falls at a constant slope",
        .equations = R"(I = weight * (amplitude + slope * (t - start - delay)) in (start + delay,
stop + delay], 0 elsewhere; the weight's default is 1. Within a step I is
constant and t is the time of the step's begin. As in NEST a generator can't
emit before the run begins, so with start = 0 the current acts from one step
later, h + delay, on.)",
        .citation = "after NEST's step_current_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Stimulus = RampCurrentStimulus<T>;
};

} // namespace spikecast::models
