#include "engine/build/transposed.hpp"

#include <algorithm>
#include <utility>

namespace spikecast {

namespace {

std::uint64_t selected(const Selection& selection, std::uint64_t population_size) {
    if (!selection.list.empty()) return selection.list.size();
    const std::uint64_t end = std::min(selection.end, population_size);
    return end > selection.begin ? (end - selection.begin - 1) / selection.step + 1 : 0;
}

/// Some neurons of one worker as the only worker's share; all others belong to a second one.
class Slice final : public Partition {
public:
    Slice(const Partition& whole, WorkerId worker) : whole_(whole), worker_(worker) {}
    /// From now on it is neurons begin .. end - 1 of the worker's layout.
    void move(const WorkerLayout& layout, std::uint32_t begin, std::uint32_t end) {
        first_.clear();
        count_.clear();
        for (std::size_t p = 0; p + 1 < layout.begin.size(); ++p) {
            const std::uint32_t first = layout.begin[p], last = layout.begin[p + 1];
            const std::uint32_t from = std::clamp(begin, first, last), to = std::clamp(end, first, last);
            first_.push_back(from - first);
            count_.push_back(to - from);
        }
    }
    [[nodiscard]] std::uint32_t workers() const noexcept override { return 2; }
    [[nodiscard]] std::uint64_t count(WorkerId worker, std::size_t population) const override {
        return worker == 0 ? count_[population] : 0; // nobody asks for the other's neurons
    }
    void places(std::size_t population, std::span<const std::uint64_t> indices, std::span<Place> out) const override {
        whole_.places(population, indices, out);
        for (Place& place : out) {
            const bool here = place.worker == worker_ && place.local >= first_[population] &&
                              place.local < first_[population] + count_[population];
            place = here ? Place{0, place.local - first_[population]} : Place{1, place.local};
        }
    }
    [[nodiscard]] std::uint64_t index(WorkerId, std::size_t population, std::uint64_t local) const override {
        return whole_.index(worker_, population, first_[population] + local);
    }
    /// The number of the slice's first neuron of a population within the worker's share of it.
    [[nodiscard]] std::uint64_t first(std::size_t population) const { return first_[population]; }

private:
    const Partition& whole_;
    WorkerId worker_;
    std::vector<std::uint64_t> first_, count_;
};

/// Collects neuron << 32 | rank; sources and targets are exchanged here.
class ReachSink final : public SynapseSink {
public:
    ReachSink(const NetworkPlan& plan, std::size_t population, std::uint32_t first_neuron,
              std::vector<std::uint64_t>& pairs)
        : plan_(plan), population_(population), first_(first_neuron), pairs_(pairs) {}

    void row(std::uint64_t, std::uint64_t local, std::uint64_t, std::span<const std::uint64_t> partners) override {
        places_.resize(partners.size());
        plan_.partition->places(population_, partners, places_);
        const std::size_t before = pairs_.size();
        for (const Partition::Place& place : places_)
            pairs_.push_back((first_ + local) << 32 | place.worker / plan_.threads);
        // on few ranks nearly all of them are the same
        std::sort(pairs_.begin() + static_cast<std::ptrdiff_t>(before), pairs_.end());
        pairs_.erase(std::unique(pairs_.begin() + static_cast<std::ptrdiff_t>(before), pairs_.end()), pairs_.end());
    }
    void scattered(std::span<const DrawnSynapse> synapses) override {
        partners_.clear();
        for (const DrawnSynapse& s : synapses)
            partners_.push_back(s.source);
        places_.resize(partners_.size());
        plan_.partition->places(population_, partners_, places_);
        for (std::size_t i = 0; i < synapses.size(); ++i)
            pairs_.push_back((first_ + synapses[i].target_local) << 32 | places_[i].worker / plan_.threads);
    }
    void listed(std::span<const DrawnSynapse> synapses, std::span<const double>, std::span<const double>) override {
        scattered(synapses);
    }

private:
    const NetworkPlan& plan_;
    std::size_t population_; ///< of the partners
    std::uint64_t first_;
    std::vector<std::uint64_t>& pairs_;
    std::vector<Partition::Place> places_;
    std::vector<std::uint64_t> partners_;
};

} // namespace

TransposedNetwork::TransposedNetwork(const NetworkPlan& plan) : plan_(plan) {
    const Experiment& original = *plan.experiment;
    experiment_.simulation = original.simulation;
    experiment_.populations = original.populations;
    experiment_.provenance = original.provenance;
    double neurons = 0.0;
    for (const Population& population : original.populations)
        neurons += static_cast<double>(population.size);
    for (const PlannedProjection& planned : plan.projections) {
        Projection projection = *planned.projection;
        const auto sources =
            static_cast<double>(selected(projection.source, original.populations[planned.source].size));
        const auto targets =
            static_cast<double>(selected(projection.target, original.populations[planned.target].size));
        std::swap(projection.source, projection.target);
        Rule& rule = projection.rule;
        const double mean = planned.rule->expected_synapses() / std::max(1.0, sources * targets);
        switch (rule.kind) {
        case Rule::Kind::fixed_outdegree:
            rule.kind = Rule::Kind::fixed_indegree;
            projection.name += " transposed";
            break;
        case Rule::Kind::fixed_indegree:
        case Rule::Kind::fixed_total_number:
            rule.kind = rule.allow_multapses ? Rule::Kind::pairwise_poisson : Rule::Kind::pairwise_bernoulli;
            rule.probability = rule.allow_multapses ? mean : std::min(1.0, mean);
            rule.allow_multapses = true;
            projection.name += " transposed";
            break;
        case Rule::Kind::pairwise_bernoulli:
        case Rule::Kind::pairwise_poisson:
            projection.name += " transposed";
            break;
        case Rule::Kind::one_to_one:
        case Rule::Kind::all_to_all:
        case Rule::Kind::symmetric_pairwise_bernoulli:
        case Rule::Kind::explicit_list:
            break; // the same pairs
        }
        experiment_.projections.push_back(std::move(projection));
        synapses_a_neuron_ += planned.rule->expected_synapses() / std::max(1.0, neurons);
    }
}

void TransposedNetwork::ranks_reached(WorkerId worker, const WorkerLayout& layout, const Pair& pair) const {
    constexpr double most = 131072.0; // pairs of a slice
    const auto step = static_cast<std::uint32_t>(std::clamp(most / std::max(1.0, synapses_a_neuron_), 1.0, 1e6));
    std::vector<std::uint64_t> pairs;
    Slice slice(*plan_.partition, worker);
    std::vector<std::unique_ptr<ConnectionRule>> rules;
    for (std::size_t i = 0; i < experiment_.projections.size(); ++i)
        rules.push_back(make_rule({experiment_, experiment_.projections[i], slice, plan_.projections[i].target,
                                   plan_.projections[i].source, true}));
    for (std::uint32_t begin = 0; begin < layout.neurons(); begin += std::min(step, layout.neurons() - begin)) {
        const std::uint32_t end = begin + std::min(step, layout.neurons() - begin);
        slice.move(layout, begin, end);
        pairs.clear();
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const std::size_t from = plan_.projections[i].source, to = plan_.projections[i].target;
            if (slice.count(0, from) == 0) continue;
            ReachSink sink(plan_, to, layout.begin[from] + static_cast<std::uint32_t>(slice.first(from)), pairs);
            rules[i]->enumerate(0, sink);
        }
        std::sort(pairs.begin(), pairs.end());
        pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
        for (const std::uint64_t each : pairs)
            pair(static_cast<std::uint32_t>(each >> 32), static_cast<std::uint32_t>(each));
    }
}

} // namespace spikecast
