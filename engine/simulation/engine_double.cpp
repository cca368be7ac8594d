#include "engine/simulation/engine_impl.hpp"

namespace spikecast {

template <>
std::unique_ptr<Simulation::Impl> make_engine<double, float>(Experiment experiment, SimulationOptions options) {
    return std::make_unique<Engine<double, float>>(std::move(experiment), std::move(options));
}
template <>
std::unique_ptr<Simulation::Impl> make_engine<double, std::int16_t>(Experiment experiment, SimulationOptions options) {
    return std::make_unique<Engine<double, std::int16_t>>(std::move(experiment), std::move(options));
}

} // namespace spikecast
