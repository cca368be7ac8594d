#include "spikecast/simulation.hpp"

#include "engine/exchange/collective.hpp"
#include "engine/network/plan.hpp"
#include "engine/simulation/engine.hpp"
#include "spikecast/model.hpp"
#include "spikecast/plasticity.hpp"

#include <fmt/core.h>
#include <mpi.h>

#include <cmath>

namespace spikecast {

std::unique_ptr<Simulation::Impl> Simulation::Impl::make(Experiment experiment, SimulationOptions options) {
    if (options.threads == 0) throw RunError("a rank needs at least one thread; give --threads 1 or more");
    const bool single = experiment.simulation.precision == Precision::single_precision;
    const bool compact = experiment.simulation.weights == WeightFormat::compact;
    if (single && compact) return make_engine<float, std::int16_t>(std::move(experiment), std::move(options));
    if (single) return make_engine<float, float>(std::move(experiment), std::move(options));
    if (compact) return make_engine<double, std::int16_t>(std::move(experiment), std::move(options));
    return make_engine<double, float>(std::move(experiment), std::move(options));
}

Simulation::Simulation(Experiment experiment, SimulationOptions options) {
    collectively(MPI_COMM_WORLD, [&] { validate(experiment); });
    impl_ = Impl::make(std::move(experiment), std::move(options));
}
Simulation::~Simulation() = default;

void Simulation::run_steps(std::int64_t steps) {
    if (steps < 0) throw RunError(fmt::format("can't run {} steps; time goes forward", steps));
    impl_->run_steps(steps);
}

void Simulation::run(double ms) {
    const double h = impl_->experiment().simulation.resolution_ms();
    const double steps = std::round(ms / h);
    if (!(std::abs(steps * h - ms) <= 1e-9 * std::max(1.0, std::abs(ms))))
        throw RunError(fmt::format("{} ms is not a multiple of the resolution, {} ms; the nearest are {} and {} ms", ms,
                                   h, std::floor(ms / h) * h, std::ceil(ms / h) * h));
    run_steps(static_cast<std::int64_t>(steps));
}

std::int64_t Simulation::now() const noexcept {
    return impl_->now();
}

int Simulation::stopped() const noexcept {
    return impl_->stopped();
}
const std::vector<std::string>& Simulation::changes() const noexcept {
    return impl_->changes();
}
void Simulation::checkpoint(const std::string& file) {
    impl_->checkpoint(file);
}

namespace {

std::size_t variable_of(const Population& population, const std::string& name) {
    const int v = find_variable(*model_of(population), name);
    if (v < 0)
        throw RunError(fmt::format("{} (population {}) has no variable {}", population.model, population.name, name));
    return static_cast<std::size_t>(v);
}

} // namespace

std::vector<std::pair<std::int64_t, std::uint64_t>> Simulation::spikes(const std::string& population) {
    return impl_->spikes(population_number(impl_->experiment(), population));
}

std::vector<double> Simulation::state(const std::string& population, const std::string& variable) {
    const std::size_t p = population_number(impl_->experiment(), population);
    return impl_->state(p, variable_of(impl_->experiment().populations[p], variable));
}

void Simulation::set_state(const std::string& population, const std::string& variable, std::uint64_t neuron,
                           double value) {
    const std::size_t p = population_number(impl_->experiment(), population);
    if (neuron >= impl_->experiment().populations[p].size)
        throw RunError(fmt::format("population {} has no neuron {}", population, neuron));
    impl_->set_state(p, variable_of(impl_->experiment().populations[p], variable), neuron, value);
}

void Simulation::modulate(const std::string& population, double amount) {
    impl_->modulate(population_number(impl_->experiment(), population), amount);
}

namespace {

/// The number of a projection whose synapses are plastic, and whose populations have such neurons.
std::size_t plastic_number(const Experiment& experiment, const std::string& name) {
    const std::size_t p = projection_number(experiment, name);
    const SynapseModelInfo* model = find_synapse_model(experiment.projections[p].synapse);
    if (model == nullptr || model->role != SynapseModelInfo::Role::synapse)
        throw RunError(fmt::format("projection {} has no plastic synapses, so its weights can't be asked for", name));
    return p;
}
void check_pair(const Experiment& experiment, std::size_t p, std::uint64_t source, std::uint64_t target) {
    const auto check = [&](const Selection& selection, std::uint64_t neuron) {
        if (neuron >= experiment.find_population(selection.population)->size)
            throw RunError(fmt::format("population {} has no neuron {}", selection.population, neuron));
    };
    check(experiment.projections[p].source, source);
    check(experiment.projections[p].target, target);
}

} // namespace

std::vector<SynapseWeight> Simulation::weights(const std::string& projection) {
    return impl_->weights(plastic_number(impl_->experiment(), projection));
}

std::vector<double> Simulation::weights(const std::string& projection, std::uint64_t source, std::uint64_t target) {
    const std::size_t p = plastic_number(impl_->experiment(), projection);
    check_pair(impl_->experiment(), p, source, target);
    return impl_->weights(p, source, target);
}

void Simulation::set_weights(const std::string& projection, std::uint64_t source, std::uint64_t target,
                             const std::vector<double>& weights) {
    const std::size_t p = plastic_number(impl_->experiment(), projection);
    check_pair(impl_->experiment(), p, source, target);
    impl_->set_weights(p, source, target, weights);
}

RunSummary Simulation::summary() {
    return impl_->summary();
}

void Simulation::finish(const std::string& report_json) {
    impl_->finish(report_json);
}

} // namespace spikecast
