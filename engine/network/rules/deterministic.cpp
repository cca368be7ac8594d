// one_to_one and all_to_all.
#include "engine/network/rules/rules.hpp"
#include "engine/network/rules/support.hpp"

#include <algorithm>

namespace spikecast::rules {
namespace {

class OneToOne final : public RuleBase {
public:
    explicit OneToOne(const RuleContext& context) : RuleBase(context) {
        if (sources_.size() != targets_.size()) {
            refuse("one_to_one from " + std::to_string(sources_.size()) + " sources to " +
                       std::to_string(targets_.size()) + " targets, but it needs as many of one as of the other",
                   "select slices of equal size, or use another rule");
        }
    }
    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        for (const OwnTarget& own : own_targets(worker)) {
            const std::uint64_t source = sources_.at(own.position);
            if (exclude_self() && source == own.index) continue;
            sink.row(own.index, own.local, 0, {&source, 1});
        }
    }
    [[nodiscard]] double expected_synapses() const override {
        if (!exclude_self()) return static_cast<double>(sources_.size());
        // Two progressions or lists paired by position; only equal neighbours in both are lost.
        std::uint64_t selves = 0;
        if (sources_.list().empty() && targets_.list().empty()) {
            if (sources_.begin() == targets_.begin()) {
                selves =
                    sources_.step() == targets_.step() ? sources_.size() : std::min<std::uint64_t>(1, sources_.size());
            } else if (sources_.step() != targets_.step()) {
                // begin_s + j step_s = begin_t + j step_t
                const auto gap = static_cast<std::int64_t>(targets_.begin() - sources_.begin());
                const auto rate = static_cast<std::int64_t>(sources_.step() - targets_.step());
                selves = gap % rate == 0 && gap / rate >= 0 && static_cast<std::uint64_t>(gap / rate) < sources_.size();
            }
        } else {
            for (std::uint64_t j = 0; j < sources_.size(); ++j)
                selves += sources_.at(j) == targets_.at(j);
        }
        return static_cast<double>(sources_.size() - selves);
    }
    [[nodiscard]] double indegree_bound() const override { return sources_.size() > 0 ? 1.0 : 0.0; }
};

class AllToAll final : public RuleBase {
public:
    using RuleBase::RuleBase;

    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        std::vector<std::uint64_t> sources(std::min<std::uint64_t>(batch, sources_.size()));
        for (const OwnTarget& own : own_targets(worker)) {
            const std::uint64_t self = exclude_self() ? sources_.position(own.index) : SelectedNeurons::none;
            const std::uint64_t count = sources_.size() - (self != SelectedNeurons::none);
            for (std::uint64_t first = 0; first < count; first += batch) {
                const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(batch, count - first));
                for (std::size_t j = 0; j < n; ++j)
                    sources[j] = first + j + (first + j >= self);
                const std::span<std::uint64_t> row(sources.data(), n);
                sources_.to_indices(row);
                sink.row(own.index, own.local, first, row);
            }
        }
    }
    [[nodiscard]] double expected_synapses() const override {
        const double all = static_cast<double>(sources_.size()) * static_cast<double>(targets_.size());
        return exclude_self() ? all - static_cast<double>(Overlap(targets_, sources_).size()) : all;
    }
    [[nodiscard]] double indegree_bound() const override { return static_cast<double>(sources_.size()); }
};

} // namespace

RulePointer one_to_one(const RuleContext& context) {
    return std::make_unique<OneToOne>(context);
}
RulePointer all_to_all(const RuleContext& context) {
    return std::make_unique<AllToAll>(context);
}

} // namespace spikecast::rules
