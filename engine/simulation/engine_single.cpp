#include "engine/simulation/engine_impl.hpp"

namespace spikecast {

template <>
std::unique_ptr<Simulation::Impl> make_engine<float, float>(Experiment experiment, SimulationOptions options) {
    return std::make_unique<Engine<float, float>>(std::move(experiment), std::move(options));
}
template <>
std::unique_ptr<Simulation::Impl> make_engine<float, std::int16_t>(Experiment experiment, SimulationOptions options) {
    return std::make_unique<Engine<float, std::int16_t>>(std::move(experiment), std::move(options));
}

} // namespace spikecast
