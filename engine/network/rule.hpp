// Connection rules: given the neurons of a target population that a worker owns, a rule enumerates their incoming
// synapses, as often as asked, always the same ones. Nothing is exchanged and nothing the size of the network is built.
// A rule that draws by source can also enumerate the outgoing synapses of a run of sources, for a caller that takes
// each to the owner of its target (engine/build/block_exchange.hpp).
#pragma once

#include "spikecast/experiment.hpp"
#include "spikecast/partition.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace spikecast {

/// One synapse before its weight and delay are drawn. (projection, target, k) is its identity; weight and delay are
/// draws of the projection's keys at (target, k).
struct DrawnSynapse {
    std::uint64_t target; ///< index in the target population
    std::uint64_t k;
    std::uint64_t source;       ///< index in the source population
    std::uint64_t target_local; ///< the target's local number in the worker's share of the population
};

/// Where a rule puts what it enumerates, in batches.
class SynapseSink {
public:
    virtual ~SynapseSink() = default;
    /// Synapses k_first, k_first + 1, ... of one target.
    virtual void row(std::uint64_t target, std::uint64_t target_local, std::uint64_t k_first,
                     std::span<const std::uint64_t> sources) = 0;
    /// Synapses of any targets; those of one (source, target) pair come in ascending k.
    virtual void scattered(std::span<const DrawnSynapse> synapses) = 0;
    /// Per-synapse numbers from an explicit list, which replace the projection's laws; empty where the list has none.
    virtual void listed(std::span<const DrawnSynapse> synapses, std::span<const double> weights,
                        std::span<const double> delays_ms) = 0;
};

/// The outgoing synapses of consecutive sources, a few thousand at a time.
class SourceRun {
public:
    virtual ~SourceRun() = default;
    /// Replaces `out` by the next synapses: source by source in the order of the selection, the draws of each
    /// ascending; k is the number of the draw at its source, target_local isn't set. False, and nothing in `out`, at
    /// the end.
    virtual bool next(std::vector<DrawnSynapse>& out) = 0;
};

/// What a rule that draws by source has to draw: synapse k of the projection is draw k % draws of source k / draws.
struct SourceDraws {
    std::uint64_t sources = 0; ///< selected; 0: the rule doesn't draw by source, or there is nothing to draw
    std::uint64_t draws = 0;   ///< of each
};

/// What a rule needs to know. References must outlive the rule.
struct RuleContext {
    const Experiment& experiment;
    const Projection& projection;
    const Partition& partition;
    std::size_t source_population;
    std::size_t target_population;
    bool transposed = false; ///< explicit_list: the file's column "source" holds targets, and the other way round
};

class ConnectionRule {
public:
    virtual ~ConnectionRule() = default;
    /// Enumerates the incoming synapses of the worker's neurons; deterministic, thread-safe, repeatable. Batches hold
    /// at most a few thousand synapses.
    virtual void enumerate(WorkerId worker, SynapseSink& sink) const = 0;
    /// The expected number of synapses of the whole projection (exact where the law fixes it).
    [[nodiscard]] virtual double expected_synapses() const = 0;
    /// A bound on the synapses onto one target that no draw exceeds (or exceeds with a probability below 1e-12).
    [[nodiscard]] virtual double indegree_bound() const = 0;
    /// Mean of the distance (um) of connected pairs' positions is needed for no rule but those over positions:
    /// the distance of a pair, 0 without positions. For delays that grow with distance.
    [[nodiscard]] virtual double distance(std::uint64_t /*source*/, std::uint64_t /*target*/) const { return 0.0; }
    /// How many draws the worker makes for each synapse it keeps (1 for most; the number of workers where synapses are
    /// redrawn and discarded), for the prediction of build time.
    [[nodiscard]] virtual double draws_per_synapse() const { return 1.0; }

    /// For rules that draw by source. source_at and draw_sources take positions in the selection of sources, ascending
    /// by index, and must not be called where source_draws().sources is 0.
    [[nodiscard]] virtual SourceDraws source_draws() const { return {}; }
    [[nodiscard]] virtual std::uint64_t source_at(std::uint64_t /*position*/) const { return 0; }
    /// The synapses of sources begin .. end - 1. Thread-safe; one run is for one thread.
    [[nodiscard]] virtual std::unique_ptr<SourceRun> draw_sources(std::uint64_t /*begin*/,
                                                                  std::uint64_t /*end*/) const {
        return nullptr;
    }
};

/// The rule of a validated projection. Throws InputError for a list file that can't be read.
[[nodiscard]] std::unique_ptr<ConnectionRule> make_rule(const RuleContext& context);

} // namespace spikecast
