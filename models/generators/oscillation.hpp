#pragma once

#include "models/neuron_block.hpp"
#include "spikecast/block.hpp"
#include "spikecast/math.hpp"

namespace spikecast::models {

/// sin(2 pi frequency t + phase) at the end of a step, computed anew in each, so that no rounding gathers over a run.
/// frequency in Hz, phase in degrees; both may differ between targets.
class Oscillation {
public:
    Oscillation(const BlockSetup& setup, std::size_t frequency, std::size_t phase)
        : h_(setup.resolution_ms), frequency_(setup.parameters[frequency]), phase_(setup.parameters[phase]) {}
    [[nodiscard]] bool uniform() const { return frequency_.each.empty() && phase_.each.empty(); }
    [[nodiscard]] double sine(std::int64_t step, std::size_t target) const {
        const double t_ms = static_cast<double>(step) * h_;
        return math::sin_turns(value_of(frequency_, target) * t_ms / 1000.0 + value_of(phase_, target) / 360.0);
    }
    [[nodiscard]] std::size_t bytes() const {
        return (frequency_.each.capacity() + phase_.each.capacity()) * sizeof(double);
    }

private:
    double h_;
    ResolvedValue frequency_, phase_;
};

} // namespace spikecast::models
