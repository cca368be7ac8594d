// One generator for each Rule::Kind. Every draw is keyed by neurons' indices, never by who asks, so that the union over
// workers is the same for every partition. n: selected sources, m: selected targets, S: synapses of the projection, W:
// workers. All are thread-safe and repeatable; each worker needs 24 bytes an own target while it enumerates.
#pragma once

#include "engine/network/rule.hpp"

#include <memory>

namespace spikecast::rules {

using RulePointer = std::unique_ptr<ConnectionRule>;

/// The j-th selected source to the j-th selected target; both selections have the same size (NEST, one_to_one). Without
/// autapses a neuron isn't connected to itself. k = 0. Cost: own targets.
[[nodiscard]] RulePointer one_to_one(const RuleContext& context);

/// Every selected source to every selected target (NEST, all_to_all), k in ascending order of sources. Cost: own
/// synapses, without a draw.
[[nodiscard]] RulePointer all_to_all(const RuleContext& context);

/// Every target has exactly K synapses, their sources drawn uniformly and independently, or as a uniform K-subset
/// without multapses (NEST, fixed_indegree). Draw k of target t is draw64(key(source), t, k) on [0, n), or on [0, n -
/// 1) stepped over t where autapses are forbidden; subsets by Floyd's algorithm. Cost: one 64-bit draw a synapse.
[[nodiscard]] RulePointer fixed_indegree(const RuleContext& context);

/// Every source has exactly K synapses, their targets drawn as the sources of fixed_indegree (NEST, fixed_outdegree).
/// k = source * K + draw. Cost, one of two (engine/network/drawing.hpp predicts which is less): every worker draws all
/// and keeps its own, W draws and W partition look-ups a synapse; or each draws a block of sources and ranks exchange
/// (engine/build/block_exchange.hpp), a draw, a look-up and 8 or 16 bytes sent a synapse, in rounds of 65,536 synapses
/// a worker, of about R messages a rank each. Exporting a network always redraws.
[[nodiscard]] RulePointer fixed_outdegree(const RuleContext& context);

/// Exactly N synapses, each between a pair drawn uniformly from all allowed ones (NEST, fixed_total_number). The
/// targets' numbers are the multinomial split of N with weights n, or n - 1 where the target itself is among the
/// sources and autapses are forbidden; then sources as for fixed_indegree. Without multapses the N pairs are a uniform
/// subset: the numbers are the multivariate hypergeometric split, by a tree of hypergeometric variates inverted from
/// their modes (Kachitvichyanukul and Schmeiser 1985, algorithm HIN), and the sources subsets. Cost: one draw a
/// synapse, and about log2(W) + 2 binomials an own target in one descent (without multapses, O(sqrt N) arithmetic at
/// the top nodes).
[[nodiscard]] RulePointer fixed_total_number(const RuleContext& context);

/// Each ordered pair is connected with probability p, independently (Erdos and Renyi's G(n, p); NEST,
/// pairwise_bernoulli). Target by target, over sources in ascending order, by geometric skips from draw64(key(source),
/// t, ...), or by a draw a pair where p > 0.4. k: order. Cost: one draw and one logarithm a synapse.
[[nodiscard]] RulePointer pairwise_bernoulli(const RuleContext& context);

/// pairwise_bernoulli with p(d) = p0 f(d) inside the mask, over positions (NEST, spatially structured networks), where
/// p(d) below 1e-12 is 0. For each target, the cells of source space within reach, in ascending order of unwrapped cell
/// coordinates; in each, skips with the greatest p in the cell, thinned by p(d) / greatest (Lewis and Shedler 1979).
/// Draws of a (target, cell) start at block cell * 2^24 of key(source), neuron t. k: order. Periodic as the source
/// population's space. Cost: a draw for each cell in reach and about two a candidate; drawn positions of more than half
/// a million neurons, 2 log2(cells) binomials a cell, shared by neighbouring targets.
[[nodiscard]] RulePointer distance_bernoulli(const RuleContext& context);

/// Each ordered pair has a Poisson number of synapses of mean lambda (NEST, pairwise_poisson): a target's number is
/// Poisson with mean lambda n, their sources are uniform. Cost: one draw a synapse, one Poisson variate a target.
[[nodiscard]] RulePointer pairwise_poisson(const RuleContext& context);

/// Each unordered pair of different neurons of one selection is connected in both directions, or not at all, with
/// probability p (NEST, symmetric_pairwise_bernoulli). Source and target are the same selection. Pairs are drawn in
/// tiles of 256 x 256 positions by skipping, keyed by tile; k = source index. A worker draws the tiles of its rows and
/// columns: about 1 draw a synapse with block partitions, W / 2 where its neurons are spread over all tiles.
[[nodiscard]] RulePointer symmetric_pairwise_bernoulli(const RuleContext& context);

/// The pairs of a list, in a CSV file with a header line naming source, target and perhaps weight and delay (ms), in
/// any order of columns; or in an HDF5 group with one-dimensional datasets of these names. Source and target are
/// indices in their populations and must lie in the selections; k = row of the list from 0, blank lines left out. Read
/// once for checking, by each rank, then once for each enumeration and worker, in bounded chunks. Throws InputError
/// naming file and line (HDF5: row).
[[nodiscard]] RulePointer explicit_list(const RuleContext& context);

} // namespace spikecast::rules
