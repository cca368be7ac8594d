#include "engine/simulation/engine_impl.hpp"

namespace spikecast {

template <>
std::unique_ptr<Simulation::Impl> make_engine<float, float>(Experiment experiment, SimulationOptions options) {
    return std::make_unique<Engine<float, float>>(std::move(experiment), std::move(options));
}

} // namespace spikecast
