#include "engine/network/plan.hpp"

#include "engine/exchange/collective.hpp"
#include "spikecast/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

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

double farthest(const Population& a, const Population& b) {
    double sum = 0.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const double d = std::abs(a.positions.centre[axis] - b.positions.centre[axis]) +
                         0.5 * (a.positions.extent[axis] + b.positions.extent[axis]);
        sum += d * d;
    }
    return std::sqrt(sum);
}

} // namespace

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
        const ModelInfo* model = find_model(population.model);
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
                .delay_law = Sampler(projection.delay.law),
                .receptor = choose_receptor(*plan.models[target], projection.receptor),
                .identity = hash64(projection.name),
            };
            planned.shortest = planned.delay.low();
            planned.longest = planned.delay.high();
            if (by_distance) {
                const double reach = projection.delay.per_distance *
                                     farthest(experiment.populations[source], experiment.populations[target]);
                planned.shortest =
                    static_cast<std::uint32_t>(std::max(1.0, std::floor(planned.delay_law.lowest() / h)));
                planned.longest =
                    static_cast<std::uint32_t>(std::max(1.0, std::ceil((planned.delay_law.highest() + reach) / h)));
            }
            planned.lowest_weight = planned.weight.lowest();
            planned.highest_weight = planned.weight.highest();
            plan.projections.push_back(std::move(planned));
        }
    });

    // Lists may hold weights and delays of their own; every rank looks at those of its own targets.
    for (PlannedProjection& planned : plan.projections) {
        if (planned.projection->rule.kind != Rule::Kind::explicit_list) continue;
        BoundsSink sink(h);
        collectively(comm, [&] {
            for (std::uint32_t t = 0; t < threads; ++t)
                planned.rule->enumerate(static_cast<WorkerId>(rank) * threads + t, sink);
        });
        MPI_Allreduce(MPI_IN_PLACE, sink.bounds, 4, MPI_DOUBLE, MPI_MAX, comm);
        if (sink.bounds[0] > -1e300) {
            planned.highest_weight = std::max(planned.highest_weight, sink.bounds[0]);
            planned.lowest_weight = std::min(planned.lowest_weight, -sink.bounds[1]);
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
    if (plan.max_delay > 60'000)
        wrong.push_back({experiment.where("projections"), "projections",
                         fmt::format("the longest delay is {} steps, but at most 60000 are stored", plan.max_delay),
                         "use shorter delays or a coarser resolution"});
    plan.scale.resize(experiment.populations.size());
    for (std::size_t p = 0; p < experiment.populations.size(); ++p) {
        const std::size_t receptors = std::max<std::size_t>(1, plan.models[p]->receptors.size());
        plan.scale[p].assign(receptors, 1.0);
        if (settings.weights != WeightFormat::compact) continue;
        for (std::size_t r = 0; r < receptors; ++r) {
            double largest = 0.0, sum = 0.0;
            for (const PlannedProjection& planned : plan.projections) {
                if (planned.target != p || planned.receptor.counts) continue;
                double here = 0.0;
                if (planned.receptor.positive == r) here = std::max(here, planned.highest_weight);
                if (planned.receptor.negative == r) here = std::max(here, -planned.lowest_weight);
                if (planned.receptor.positive == planned.receptor.negative && planned.receptor.positive == r)
                    here = std::max(std::abs(planned.highest_weight), std::abs(planned.lowest_weight));
                largest = std::max(largest, here);
                sum += here * planned.rule->indegree_bound();
            }
            if (!(largest > 0.0)) continue;
            plan.scale[p][r] = std::ldexp(1.0, std::ilogb(32767.0 / largest));
            if (sum * plan.scale[p][r] >= 2147483647.0)
                wrong.push_back({experiment.where("simulation.weights"), "simulation.weights",
                                 fmt::format("compact weights could overflow in population {}: indegree times largest "
                                             "weight is {:.4g} in units of which 2^31 fit",
                                             experiment.populations[p].name, sum * plan.scale[p][r]),
                                 "use weights = \"float32\""});
        }
    }
    collectively(comm, [&] {
        if (!wrong.empty()) throw InputError(std::move(wrong));
    });
    return plan;
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
