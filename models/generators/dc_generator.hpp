#pragma once

#include "models/generators/currents.hpp"

namespace spikecast::models {

template <class T>
class DcStimulus final : public StimulusBlock<T> {
public:
    explicit DcStimulus(const StimulusSetup& setup)
        : start_(setup.generator.start_step), stop_(setup.generator.stop_step), delay_(setup.delay_steps),
          current_(weighted(setup), setup.generator.indices.size()) {}
    void add(std::int64_t step, std::size_t begin, std::size_t end, T* buffer) override {
        if (emission_step(step, delay_, start_, stop_) < 0) return;
        if (current_.uniform()) {
            for (std::size_t i = begin; i < end; ++i)
                buffer[i - begin] += current_.constant();
        } else {
            for (std::size_t i = begin; i < end; ++i)
                buffer[i - begin] += current_.each()[i];
        }
    }
    [[nodiscard]] std::size_t bytes() const override { return sizeof(*this) + current_.bytes(); }

private:
    static ResolvedValue weighted(const StimulusSetup& setup) {
        const ResolvedValue& amplitude = setup.generator.parameters[0];
        ResolvedValue product{amplitude.constant * setup.weight.constant, {}, {}};
        if (amplitude.each.empty() && setup.weight.each.empty()) return product;
        for (std::size_t i = 0; i < setup.generator.indices.size(); ++i)
            product.each.push_back(value_of(amplitude, i) * value_of(setup.weight, i));
        return product;
    }
    std::int64_t start_, stop_, delay_;
    PerTarget<T> current_;
};

struct DcGenerator {
    enum Parameter { amplitude, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"amplitude", "pA", 0.0, any_value, "current"},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "dc_generator",
        .kind = ModelInfo::Kind::current_generator,
        .summary = "A constant current",
        .equations = R"(I = weight * amplitude in (start + delay, stop + delay], 0 elsewhere; the
weight's default is 1. As in NEST a generator can't emit before the run
begins, so with start = 0 the current acts from one step later, h + delay, on.)",
        .citation = "NEST Simulator, model dc_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Stimulus = DcStimulus<T>;
};

} // namespace spikecast::models
