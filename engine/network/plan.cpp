#include "engine/network/plan.hpp"

#include "engine/exchange/collective.hpp"
#include "spikecast/block.hpp"
#include "spikecast/error.hpp"
#include "spikecast/plasticity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

namespace spikecast {

namespace {

/// Bounds of what a list holds, found by enumerating it once.
class BoundsSink final : public SynapseSink {
public:
    explicit BoundsSink(double resolution) : resolution_(resolution) {}
    void row(std::uint64_t, std::uint64_t, std::uint64_t, std::span<const std::uint64_t>) override {}
    void scattered(std::span<const DrawnSynapse>) override {}
    void listed(std::span<const DrawnSynapse>, std::span<const double> weights,
                std::span<const double> delays) override {
        for (const double w : weights) {
            bounds[0] = std::max(bounds[0], w);
            bounds[1] = std::max(bounds[1], -w);
        }
        for (const double d : delays) {
            bounds[2] = std::max(bounds[2], d / resolution_);
            bounds[3] = std::max(bounds[3], -d / resolution_);
        }
    }
    double bounds[4] = {-1e300, -1e300, -1e300, -1e300}; ///< max w, -min w, max delay, -min delay (steps)

private:
    double resolution_;
};

/// One worker has all neurons.
class Undivided final : public Partition {
public:
    explicit Undivided(std::vector<std::uint64_t> sizes) : sizes_(std::move(sizes)) {}
    [[nodiscard]] std::uint32_t workers() const noexcept override { return 1; }
    [[nodiscard]] std::uint64_t count(WorkerId, std::size_t population) const override { return sizes_[population]; }
    void places(std::size_t, std::span<const std::uint64_t> indices, std::span<Place> out) const override {
        for (std::size_t i = 0; i < indices.size(); ++i)
            out[i] = {0, indices[i]};
    }
    [[nodiscard]] std::uint64_t index(WorkerId, std::size_t, std::uint64_t local) const override { return local; }

private:
    std::vector<std::uint64_t> sizes_;
};

double farthest(const Population& a, const Population& b) {
    double sum = 0.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const double d = std::abs(a.positions.centre[axis] - b.positions.centre[axis]) +
                         0.5 * (a.positions.extent[axis] + b.positions.extent[axis]);
        sum += d * d;
    }
    return std::sqrt(sum);
}

/// Events of `synapses` at most, each with `spikes` at most; neither has to be finite.
double at_most(double synapses, double spikes) {
    return synapses > 0.0 && spikes > 0.0 ? synapses * spikes : 0.0;
}

/// What ModelInfo::most_spikes wants: the highest value of each parameter.
double generator_spikes(const ModelInfo& model, const ParameterValues& given, double h) {
    if (model.most_spikes == nullptr) return std::numeric_limits<double>::infinity();
    std::vector<ResolvedValue> highest;
    for (const ParameterInfo& info : model.parameters) {
        ResolvedValue value{info.default_value, {}, {}};
        if (const auto found = given.find(std::string(info.name)); found != given.end()) {
            if (const auto* law = std::get_if<Distribution>(&found->second))
                value.constant = Sampler(*law).highest();
            else if (const auto* list = std::get_if<std::vector<double>>(&found->second))
                value.list = *list;
            else // a file, which is not read for this
                value.constant = info.bounds.high;
        }
        highest.push_back(std::move(value));
    }
    return model.most_spikes(highest, h);
}

/// A neuron spikes once in a step, unless it repeats what it counts: then as often as its sources can, without bound in
/// a loop.
class MostSpikes {
public:
    explicit MostSpikes(const NetworkPlan& plan)
        : plan_(plan), values_(plan.models.size(), unknown), into_(plan.models.size()) {
        for (const PlannedProjection& planned : plan.projections)
            into_[planned.target].push_back(&planned);
    }
    double of(std::size_t p) {
        const Experiment& experiment = *plan_.experiment;
        const double h = experiment.simulation.resolution_ms();
        const ModelInfo& model = *plan_.models[p];
        if (model.kind != ModelInfo::Kind::neuron) return generator_spikes(model, experiment.populations[p].params, h);
        if (std::none_of(model.receptors.begin(), model.receptors.end(), [](const auto& r) { return r.counts; }))
            return 1.0;
        if (values_[p] != unknown) return values_[p];
        values_[p] = std::numeric_limits<double>::infinity(); // what a loop back to here finds
        double sum = 0.0;
        for (const PlannedProjection* planned : into_[p])
            if (const double synapses = planned->rule->indegree_bound(); synapses > 0.0)
                sum += at_most(synapses, of(planned->source));
        for (const Stimulus& stimulus : experiment.stimuli)
            if (stimulus.target.population == experiment.populations[p].name)
                sum += generator_spikes(*find_model(stimulus.model), stimulus.params, h);
        return values_[p] = sum;
    }

private:
    static constexpr double unknown = -1.0;
    const NetworkPlan& plan_;
    std::vector<double> values_; ///< of populations that repeat
    std::vector<std::vector<const PlannedProjection*>> into_;
};

} // namespace

std::size_t projection_number(const Experiment& experiment, const std::string& name) {
    for (std::size_t p = 0; p < experiment.projections.size(); ++p)
        if (experiment.projections[p].name == name) return p;
    throw RunError("there is no projection " + name);
}

std::size_t population_number(const Experiment& experiment, const std::string& name) {
    for (std::size_t p = 0; p < experiment.populations.size(); ++p)
        if (experiment.populations[p].name == name) return p;
    throw RunError(fmt::format("there is no population {}", name));
}

ReceptorChoice choose_receptor(const ModelInfo& model, const std::string& receptor) {
    ReceptorChoice choice;
    if (!receptor.empty()) {
        choice.positive = choice.negative = static_cast<std::uint16_t>(model.receptor(receptor));
    } else {
        for (std::size_t r = 0; r < model.receptors.size(); ++r) {
            if (model.receptors[r].sign > 0) choice.positive = static_cast<std::uint16_t>(r);
            if (model.receptors[r].sign < 0) choice.negative = static_cast<std::uint16_t>(r);
        }
    }
    choice.counts = model.receptors[choice.positive].counts;
    return choice;
}

NetworkPlan make_plan(MPI_Comm comm, const Experiment& experiment, std::shared_ptr<const Partition> partition,
                      std::uint32_t threads) {
    NetworkPlan plan;
    plan.experiment = &experiment;
    plan.partition = std::move(partition);
    plan.threads = threads;
    const SimulationSettings& settings = experiment.simulation;
    const double h = settings.resolution_ms();
    for (const Population& population : experiment.populations) {
        const ModelInfo* model = model_of(population);
        plan.models.push_back(model);
        plan.receptors = std::max(plan.receptors, static_cast<std::uint32_t>(model->receptors.size()));
    }

    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    collectively(comm, [&] {
        for (const Projection& projection : experiment.projections) {
            const std::size_t source = population_number(experiment, projection.source.population);
            const std::size_t target = population_number(experiment, projection.target.population);
            const bool by_distance = projection.delay.per_distance != 0.0;
            PlannedProjection planned{
                .projection = &projection,
                .source = source,
                .target = target,
                .rule = make_rule({experiment, projection, *plan.partition, source, target}),
                .weight_key = make_key(settings.seed, Purpose::weight, projection.name),
                .delay_key = make_key(settings.seed, Purpose::delay, projection.name),
                .weight = Sampler(projection.weight),
                .delay = DiscreteSampler::delays(by_distance ? Distribution::constant(h) : projection.delay.law, h),
                .distance_delay = by_distance ? std::make_optional<DistanceDelay>(projection.delay, h) : std::nullopt,
                .receptor = choose_receptor(*plan.models[target], projection.receptor),
                .identity = hash64(projection.name),
            };
            if (const SourceDraws law = planned.rule->source_draws(); law.sources > 0)
                planned.drawing = predict_drawing({experiment, projection, *plan.partition, source, target}, law,
                                                  plan.partition->workers(), threads);
            planned.fixed_delay = static_cast<std::uint32_t>(std::lround(projection.delay.fixed_ms / h));
            planned.fixed_is_axonal = projection.delay.fixed_is_axonal;
            if (!projection.synapse.empty()) {
                planned.normalise_sum = projection.normalise_sum;
                planned.normalise_steps = std::llround(projection.normalise_ms / h);
                planned.synapse = find_synapse_model(projection.synapse);
                for (const ParameterInfo& info : planned.synapse->model.parameters) {
                    const int as = planned.synapse->default_of(planned.synapse_parameters.size());
                    const auto given = projection.synapse_params.find(std::string(info.name));
                    const double by_default =
                        as < 0 ? info.default_value : planned.synapse_parameters[static_cast<std::size_t>(as)];
                    planned.synapse_parameters.push_back(given == projection.synapse_params.end()
                                                             ? by_default
                                                             : std::get<Distribution>(given->second).a);
                }
            }
            planned.shortest = planned.delay.low();
            planned.longest = planned.delay.high();
            if (by_distance) {
                planned.shortest = planned.distance_delay->shortest();
                planned.longest = planned.distance_delay->longest(
                    farthest(experiment.populations[source], experiment.populations[target]));
            }
            planned.lowest_weight = planned.weight.lowest();
            planned.highest_weight = planned.weight.highest();
            plan.projections.push_back(std::move(planned));
        }
    });

    // Lists may hold weights and delays of their own; every rank looks at those of its own targets. Where the ranks of
    // the partition aren't there (a prediction, a dry run), this process looks at all of them.
    int ranks = 1;
    MPI_Comm_size(comm, &ranks);
    const bool alone = static_cast<std::uint64_t>(ranks) * threads != plan.partition->workers();
    for (PlannedProjection& planned : plan.projections) {
        if (planned.projection->rule.kind != Rule::Kind::explicit_list) continue;
        BoundsSink sink(h);
        collectively(comm, [&] {
            if (alone) {
                std::vector<std::uint64_t> sizes;
                for (const Population& population : experiment.populations)
                    sizes.push_back(population.size);
                const Undivided whole(std::move(sizes));
                make_rule({experiment, *planned.projection, whole, planned.source, planned.target})->enumerate(0, sink);
                return;
            }
            for (std::uint32_t t = 0; t < threads; ++t)
                planned.rule->enumerate(static_cast<WorkerId>(rank) * threads + t, sink);
        });
        MPI_Allreduce(MPI_IN_PLACE, sink.bounds, 4, MPI_DOUBLE, MPI_MAX, comm);
        if (sink.bounds[0] > -1e300) {
            planned.highest_weight = sink.bounds[0];
            planned.lowest_weight = -sink.bounds[1];
        }
        if (sink.bounds[2] > -1e300) {
            planned.longest = static_cast<std::uint32_t>(std::lround(sink.bounds[2]));
            planned.shortest = static_cast<std::uint32_t>(std::lround(-sink.bounds[3]));
        }
    }

    if (!plan.projections.empty()) {
        plan.min_delay = ~0U;
        for (const PlannedProjection& planned : plan.projections) {
            plan.min_delay = std::min(plan.min_delay, planned.shortest);
            plan.max_delay = std::max(plan.max_delay, planned.longest);
        }
    } else {
        plan.min_delay = plan.max_delay = 16; // nothing is exchanged; an epoch is as long as is handy
    }
    plan.min_delay = std::min(plan.min_delay, 1000U);

    std::vector<Diagnostic> wrong;
    if (plan.max_delay > longest_delay_steps)
        wrong.push_back({experiment.where("projections"), "projections",
                         fmt::format("the longest delay is {} steps, but at most {} are stored", plan.max_delay,
                                     longest_delay_steps),
                         "use shorter delays or a coarser resolution"});
    for (const PlannedProjection& planned : plan.projections) { // validate() has seen laws, but no lists
        const std::string& path = planned.projection->path;
        if (planned.shortest < planned.fixed_delay)
            wrong.push_back(
                {experiment.where(path + ".delay"), path + ".delay",
                 fmt::format("the {} part is {} steps, but there are delays of {}",
                             planned.fixed_is_axonal ? "axonal" : "dendritic", planned.fixed_delay, planned.shortest),
                 "shorten the part"});
        if (planned.synapse != nullptr && planned.lowest_weight < 0.0 && planned.highest_weight > 0.0 &&
            planned.receptor.positive != planned.receptor.negative)
            wrong.push_back({experiment.where(path + ".synapse"), path + ".synapse",
                             fmt::format("weights of both signs, in [{}, {}], would go to two receptors",
                                         planned.lowest_weight, planned.highest_weight),
                             "give weights of one sign, or name a receptor"});
    }
    plan.scale.resize(experiment.populations.size());
    const std::vector<double> spikes =
        settings.weights == WeightFormat::compact ? most_spikes(plan) : std::vector<double>();
    for (std::size_t p = 0; p < experiment.populations.size(); ++p) {
        const std::size_t receptors = std::max<std::size_t>(1, plan.models[p]->receptors.size());
        plan.scale[p].assign(receptors, 1.0);
        if (settings.weights != WeightFormat::compact) continue;
        for (std::size_t r = 0; r < receptors; ++r) {
            double largest = 0.0, sum = 0.0;
            for (const PlannedProjection& planned : plan.projections) {
                if (planned.target != p) continue;
                double here = 0.0;
                if (planned.receptor.positive == r) here = std::max(here, planned.highest_weight);
                if (planned.receptor.negative == r) here = std::max(here, -planned.lowest_weight);
                if (planned.receptor.positive == planned.receptor.negative && planned.receptor.positive == r)
                    here = std::max(std::abs(planned.highest_weight), std::abs(planned.lowest_weight));
                if (planned.receptor.counts) here = planned.receptor.positive == r ? 1.0 : 0.0;
                const double events = at_most(planned.rule->indegree_bound(), spikes[planned.source]);
                if (!planned.receptor.counts) largest = std::max(largest, here);
                if (here > 0.0) sum += here * events;
            }
            if (largest > 0.0) plan.scale[p][r] = std::ldexp(1.0, std::ilogb(32767.0 / largest));
            // Half of what fits: a bound on a drawn indegree is exceeded with a probability below 1e-12, its double
            // with one below 1e-24, for these laws fall off faster than an exponential.
            if (sum * plan.scale[p][r] >= 0x1p30) plan.wide_sums = true;
        }
    }
    collectively(comm, [&] {
        if (!wrong.empty()) throw InputError(std::move(wrong));
    });
    return plan;
}

std::vector<double> most_spikes(const NetworkPlan& plan) {
    MostSpikes most(plan);
    std::vector<double> out;
    for (std::size_t p = 0; p < plan.models.size(); ++p)
        out.push_back(most.of(p));
    return out;
}

double NetworkPlan::expected_synapses() const {
    double sum = 0.0;
    for (const PlannedProjection& planned : projections)
        sum += planned.rule->expected_synapses();
    return sum;
}

WorkerLayout make_layout(const NetworkPlan& plan, WorkerId worker) {
    WorkerLayout layout;
    std::uint64_t sum = 0;
    layout.begin.push_back(0);
    for (std::size_t p = 0; p < plan.models.size(); ++p) {
        sum += plan.partition->count(worker, p);
        if (sum >= 0x8000'0000ULL)
            throw RunError(fmt::format("worker {} would own more than 2^31 neurons; use more ranks", worker));
        layout.begin.push_back(static_cast<std::uint32_t>(sum));
    }
    return layout;
}

} // namespace spikecast
