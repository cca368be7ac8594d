#include "engine/network/rules/rules.hpp"
#include "engine/network/rules/support.hpp"

namespace spikecast::rules {
namespace {

class FixedIndegree final : public RuleBase {
public:
    explicit FixedIndegree(const RuleContext& context)
        : RuleBase(context), partners_(key(Purpose::source), sources_, exclude_self()) {
        if (rule().number == 0 || targets_.size() == 0) return;
        const bool self = exclude_self() && Overlap(targets_, sources_).size() > 0;
        const std::uint64_t available = sources_.size() - (self && sources_.size() > 0);
        if (available == 0 || (!rule().allow_multapses && rule().number > available)) {
            refuse("fixed_indegree = " + std::to_string(rule().number) + ", but there are only " +
                       std::to_string(available) + " sources for a target" +
                       (rule().allow_multapses ? "" : " and multapses are forbidden"),
                   "lower the indegree, allow multapses, or select more sources");
        }
    }
    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        const auto scratch = std::make_unique<UniformPartners::Scratch>();
        for (const OwnTarget& own : own_targets(worker)) {
            partners_.row(own.index, rule().number, rule().allow_multapses, *scratch,
                          [&](std::uint64_t first, std::span<const std::uint64_t> sources) {
                              sink.row(own.index, own.local, first, sources);
                          });
        }
    }
    [[nodiscard]] double expected_synapses() const override {
        return static_cast<double>(rule().number) * static_cast<double>(targets_.size());
    }
    [[nodiscard]] double indegree_bound() const override { return static_cast<double>(rule().number); }

private:
    UniformPartners partners_;
};

} // namespace

RulePointer fixed_indegree(const RuleContext& context) {
    return std::make_unique<FixedIndegree>(context);
}

} // namespace spikecast::rules
