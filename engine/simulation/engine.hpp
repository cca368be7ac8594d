// The engine behind Simulation, for one precision and weight format.
#pragma once

#include "spikecast/simulation.hpp"

#include <memory>

namespace spikecast {

class Simulation::Impl {
public:
    virtual ~Impl() = default;
    virtual void run_steps(std::int64_t steps) = 0;
    [[nodiscard]] virtual std::int64_t now() const noexcept = 0;
    [[nodiscard]] virtual int stopped() const noexcept = 0;
    [[nodiscard]] virtual const std::vector<std::string>& changes() const noexcept = 0;
    virtual void checkpoint(const std::string& file) = 0;
    [[nodiscard]] virtual const Experiment& experiment() const noexcept = 0;
    [[nodiscard]] virtual std::vector<std::pair<std::int64_t, std::uint64_t>> spikes(std::size_t population) = 0;
    [[nodiscard]] virtual std::vector<double> state(std::size_t population, std::size_t variable) = 0;
    virtual void set_state(std::size_t population, std::size_t variable, std::uint64_t neuron, double value) = 0;
    virtual void modulate(std::size_t population, double amount) = 0;
    [[nodiscard]] virtual std::vector<SynapseWeight> weights(std::size_t projection) = 0;
    [[nodiscard]] virtual std::vector<double> weights(std::size_t projection, std::uint64_t source,
                                                      std::uint64_t target) = 0;
    virtual void set_weights(std::size_t projection, std::uint64_t source, std::uint64_t target,
                             const std::vector<double>& weights) = 0;
    [[nodiscard]] virtual RunSummary summary() = 0;
    virtual void finish(const std::string& report_json) = 0;

    /// Collective; picks the instantiation.
    [[nodiscard]] static std::unique_ptr<Impl> make(Experiment experiment, SimulationOptions options);
};

/// T: scalar of state; W: stored weight. One instantiation in each engine_*.cpp, to keep the longest compile short.
template <class T, class W>
[[nodiscard]] std::unique_ptr<Simulation::Impl> make_engine(Experiment experiment, SimulationOptions options);
template <>
std::unique_ptr<Simulation::Impl> make_engine<double, float>(Experiment, SimulationOptions);
template <>
std::unique_ptr<Simulation::Impl> make_engine<double, std::int16_t>(Experiment, SimulationOptions);
template <>
std::unique_ptr<Simulation::Impl> make_engine<float, float>(Experiment, SimulationOptions);
template <>
std::unique_ptr<Simulation::Impl> make_engine<float, std::int16_t>(Experiment, SimulationOptions);

} // namespace spikecast
