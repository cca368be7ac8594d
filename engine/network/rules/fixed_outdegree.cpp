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
        Run run(*this, 0, sources_.size());
        std::vector<DrawnSynapse> drawn, own;
        std::vector<std::uint64_t> targets;
        std::vector<Partition::Place> places;
        // Batches don't depend on the worker, so that look-ups in a distributed partition could be collective.
        while (run.next(drawn)) {
            targets.resize(drawn.size());
            places.resize(drawn.size());
            for (std::size_t j = 0; j < drawn.size(); ++j)
                targets[j] = drawn[j].target;
            context_.partition.places(context_.target_population, targets, places);
            own.clear();
            for (std::size_t j = 0; j < drawn.size(); ++j) {
                if (places[j].worker != worker) continue;
                const DrawnSynapse& s = drawn[j];
                own.push_back({s.target, s.source * rule().number + s.k, s.source, places[j].local});
            }
            if (!own.empty()) sink.scattered(own);
        }
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

    [[nodiscard]] SourceDraws source_draws() const override {
        if (rule().number == 0) return {};
        return {sources_.size(), rule().number};
    }
    [[nodiscard]] std::uint64_t source_at(std::uint64_t position) const override { return sources_.at(position); }
    [[nodiscard]] std::unique_ptr<SourceRun> draw_sources(std::uint64_t begin, std::uint64_t end) const override {
        return std::make_unique<Run>(*this, begin, end);
    }

private:
    class Run final : public SourceRun {
    public:
        Run(const FixedOutdegree& law, std::uint64_t begin, std::uint64_t end)
            : law_(law), position_(begin), end_(end), scratch_(std::make_unique<UniformPartners::Scratch>()) {}
        bool next(std::vector<DrawnSynapse>& out) override {
            out.clear();
            while (out.size() < batch) {
                if (row_.drawn == row_.count) {
                    if (position_ == end_) break;
                    row_ = {law_.sources_.at(position_++), law_.rule().number};
                    if (row_.count == 0) break;
                }
                const std::uint64_t first = row_.drawn;
                const auto targets = law_.partners_.next(row_, law_.rule().allow_multapses, *scratch_);
                for (std::size_t j = 0; j < targets.size(); ++j)
                    out.push_back({targets[j], first + j, row_.anchor, 0});
            }
            return !out.empty();
        }

    private:
        const FixedOutdegree& law_;
        std::uint64_t position_, end_;
        UniformPartners::Row row_;
        std::unique_ptr<UniformPartners::Scratch> scratch_;
    };

    UniformPartners partners_;
};

} // namespace

RulePointer fixed_outdegree(const RuleContext& context) {
    return std::make_unique<FixedOutdegree>(context);
}

} // namespace spikecast::rules
