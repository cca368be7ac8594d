#include "engine/network/rules/rules.hpp"
#include "engine/network/rules/support.hpp"

#include <algorithm>

namespace spikecast::rules {
namespace {

class FixedOutdegree final : public RuleBase {
public:
    explicit FixedOutdegree(const RuleContext& context)
        : RuleBase(context), partners_(key(Purpose::source), targets_, exclude_self()) {
        if (rule().number == 0 || sources_.size() == 0) return;
        const bool self = exclude_self() && Overlap(targets_, sources_).size() > 0;
        const std::uint64_t available = targets_.size() - (self && targets_.size() > 0);
        if (available == 0 || (!rule().allow_multapses && rule().number > available)) {
            refuse("fixed_outdegree = " + std::to_string(rule().number) + ", but there are only " +
                       std::to_string(available) + " targets for a source" +
                       (rule().allow_multapses ? "" : " and multapses are forbidden"),
                   "lower the outdegree, allow multapses, or select more targets");
        }
    }
    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        const auto scratch = std::make_unique<UniformPartners::Scratch>();
        std::vector<DrawnSynapse> drawn, own;
        std::vector<std::uint64_t> targets;
        std::vector<Partition::Place> places;
        drawn.reserve(batch);
        own.reserve(batch);
        targets.reserve(batch);
        // Batches don't depend on the worker, so that look-ups in a distributed partition could be collective.
        const auto keep_own = [&] {
            places.resize(targets.size());
            context_.partition.places(context_.target_population, targets, places);
            own.clear();
            for (std::size_t j = 0; j < drawn.size(); ++j) {
                if (places[j].worker != worker) continue;
                drawn[j].target_local = places[j].local;
                own.push_back(drawn[j]);
            }
            if (!own.empty()) sink.scattered(own);
            drawn.clear();
            targets.clear();
        };
        for (std::uint64_t position = 0; position < sources_.size(); ++position) {
            const std::uint64_t source = sources_.at(position);
            partners_.row(source, rule().number, rule().allow_multapses, *scratch,
                          [&](std::uint64_t first, std::span<const std::uint64_t> row) {
                              for (std::size_t j = 0; j < row.size(); ++j) {
                                  if (drawn.size() == batch) keep_own();
                                  drawn.push_back({row[j], source * rule().number + first + j, source, 0});
                                  targets.push_back(row[j]);
                              }
                          });
        }
        keep_own();
    }
    [[nodiscard]] double expected_synapses() const override {
        return static_cast<double>(rule().number) * static_cast<double>(sources_.size());
    }
    [[nodiscard]] double indegree_bound() const override {
        if (targets_.size() == 0) return 0.0;
        const auto m = static_cast<double>(targets_.size());
        const double mean = expected_synapses() / std::max(1.0, m - (exclude_self() ? 1.0 : 0.0));
        const double most = rule().allow_multapses ? expected_synapses() : static_cast<double>(sources_.size());
        return std::min(most, tail_bound(mean, m));
    }
    [[nodiscard]] double draws_per_synapse() const override {
        return static_cast<double>(context_.partition.workers());
    }

private:
    UniformPartners partners_;
};

} // namespace

RulePointer fixed_outdegree(const RuleContext& context) {
    return std::make_unique<FixedOutdegree>(context);
}

} // namespace spikecast::rules
