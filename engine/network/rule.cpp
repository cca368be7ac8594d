#include "engine/network/rule.hpp"

#include "engine/network/rules/rules.hpp"

#include <stdexcept>

namespace spikecast {

std::unique_ptr<ConnectionRule> make_rule(const RuleContext& context) {
    const Rule& rule = context.projection.rule;
    switch (rule.kind) {
    case Rule::Kind::one_to_one:
        return rules::one_to_one(context);
    case Rule::Kind::all_to_all:
        return rules::all_to_all(context);
    case Rule::Kind::fixed_indegree:
        return rules::fixed_indegree(context);
    case Rule::Kind::fixed_outdegree:
        return rules::fixed_outdegree(context);
    case Rule::Kind::fixed_total_number:
        return rules::fixed_total_number(context);
    case Rule::Kind::pairwise_bernoulli:
        return rule.kernel.kind == DistanceKernel::Kind::none ? rules::pairwise_bernoulli(context)
                                                              : rules::distance_bernoulli(context);
    case Rule::Kind::pairwise_poisson:
        return rules::pairwise_poisson(context);
    case Rule::Kind::symmetric_pairwise_bernoulli:
        return rules::symmetric_pairwise_bernoulli(context);
    case Rule::Kind::explicit_list:
        return rules::explicit_list(context);
    }
    throw std::logic_error("a rule kind without a generator");
}

} // namespace spikecast
