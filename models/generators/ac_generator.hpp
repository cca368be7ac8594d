#pragma once

#include "models/generators/currents.hpp"
#include "models/generators/oscillation.hpp"

namespace spikecast::models {

template <class T>
class AcStimulus final : public StimulusBlock<T> {
public:
    explicit AcStimulus(const StimulusSetup& setup)
        : start_(setup.generator.start_step), stop_(setup.generator.stop_step), delay_(setup.delay_steps),
          amplitude_(setup.generator.parameters[0]), offset_(setup.generator.parameters[1]),
          phase_(setup.generator, 2, 3), weight_(setup.weight, setup.generator.indices.size()) {}
    void add(std::int64_t step, std::size_t begin, std::size_t end, T* buffer) override {
        const std::int64_t emitted = emission_step(step, delay_, start_, stop_);
        if (emitted < 0) return;
        if (amplitude_.each.empty() && offset_.each.empty() && phase_.uniform()) {
            const T value = current(emitted, 0);
            for (std::size_t i = begin; i < end; ++i)
                buffer[i - begin] += (weight_.uniform() ? weight_.constant() : weight_.each()[i]) * value;
        } else {
            for (std::size_t i = begin; i < end; ++i)
                buffer[i - begin] += (weight_.uniform() ? weight_.constant() : weight_.each()[i]) * current(emitted, i);
        }
    }
    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(*this) + weight_.bytes() + phase_.bytes() +
               (amplitude_.each.capacity() + offset_.each.capacity()) * sizeof(double);
    }

private:
    [[nodiscard]] T current(std::int64_t emitted, std::size_t i) const {
        return static_cast<T>(value_of(offset_, i) + value_of(amplitude_, i) * phase_.sine(emitted + 1, i));
    }
    std::int64_t start_, stop_, delay_;
    ResolvedValue amplitude_, offset_;
    Oscillation phase_;
    PerTarget<T> weight_;
};

struct AcGenerator {
    enum Parameter { amplitude, offset, frequency, phase, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"amplitude", "pA", 0.0, any_value, "of the sine"},
        {"offset", "pA", 0.0, any_value, "constant part"},
        {"frequency", "Hz", 0.0, not_negative, "of the sine"},
        {"phase", "1", 0.0, any_value, "of the sine at time 0, in degrees"},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "ac_generator",
        .kind = ModelInfo::Kind::current_generator,
        .summary = "A sinusoidal current",
        .equations = R"(I = weight (offset + amplitude sin(2 pi frequency t + phase)); the weight's
default is 1. It is constant within a step: the value of time t, a multiple of
h, acts in (t + delay, t + h + delay], within (start + delay, stop + delay]
and as in NEST not before h + delay.)",
        .citation = "NEST Simulator, model ac_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Stimulus = AcStimulus<T>;
};

} // namespace spikecast::models
