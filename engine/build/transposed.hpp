// The targets of a few neurons, without anybody's rows: what a dry run knows about the ranks that its neurons reach.
//
// A rule is enumerated by target. Exchanging source and target of a projection gives a rule that is enumerated by
// source, and whose synapses have the same law as the projection's own, seen from the source:
//
//   one_to_one, all_to_all, explicit_list, symmetric_pairwise_bernoulli    the very same pairs
//   pairwise_bernoulli (over distance too), pairwise_poisson               the same rule: pairs are independent
//   fixed_outdegree K                                                      fixed_indegree K
//   fixed_indegree, fixed_total_number                                     pairwise_poisson or, without multapses,
//                                                                          pairwise_bernoulli with the mean of a pair
//
// In the last line a source's number of synapses is binomial or hypergeometric with a probability of 1 / sources, which
// is Poisson but for a relative error of that order in the variance.
#pragma once

#include "engine/network/plan.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace spikecast {

/// Draws the ranks that neurons of one worker reach. Counter-based: the same every time.
class TransposedNetwork {
public:
    explicit TransposedNetwork(const NetworkPlan& plan);

    using Pair = std::function<void(std::uint32_t neuron, std::uint32_t rank)>;
    /// Calls `pair` once for each neuron of the worker (number in its layout) and each rank that holds targets of it,
    /// ascending by neuron, then rank. In slices of neurons, so that about a megabyte is needed beside.
    void ranks_reached(WorkerId worker, const WorkerLayout& layout, const Pair& pair) const;

private:
    const NetworkPlan& plan_;
    Experiment experiment_; ///< with every projection's source and target exchanged
    double synapses_a_neuron_ = 0.0;
};

} // namespace spikecast
