// An experiment with everything looked up and every law prepared: what all ranks know alike before anything is built.
#pragma once

#include "engine/network/distance_delay.hpp"
#include "engine/network/drawing.hpp"
#include "engine/network/rule.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/experiment.hpp"
#include "spikecast/model.hpp"
#include "spikecast/partition.hpp"

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace spikecast {

struct SynapseModelInfo;

/// The place of a population in the experiment's list. Throws RunError where there is none of that name.
[[nodiscard]] std::size_t population_number(const Experiment& experiment, const std::string& name);

/// The same of a projection.
[[nodiscard]] std::size_t projection_number(const Experiment& experiment, const std::string& name);

/// Which receptor a weight goes to: the named one, or by sign.
struct ReceptorChoice {
    std::uint16_t positive = 0; ///< for weights >= 0
    std::uint16_t negative = 0;
    bool counts = false; ///< the weight is ignored, every spike counts one
    [[nodiscard]] std::uint16_t of(double weight) const noexcept { return weight < 0.0 ? negative : positive; }
};
/// The receptor of a validated projection or stimulus.
[[nodiscard]] ReceptorChoice choose_receptor(const ModelInfo& model, const std::string& receptor);

struct PlannedProjection {
    const Projection* projection = nullptr;
    std::size_t source = 0; ///< population numbers
    std::size_t target = 0;
    std::unique_ptr<ConnectionRule> rule;
    Key weight_key, delay_key;
    Sampler weight;
    DiscreteSampler delay;                       ///< where the delay doesn't depend on distance
    std::optional<DistanceDelay> distance_delay; ///< where it does
    ReceptorChoice receptor;
    std::uint64_t identity = 0; ///< hash of the name, for network_hash
    std::uint32_t shortest = 1; ///< bounds on the delay in steps, lists included
    std::uint32_t longest = 1;
    double lowest_weight = 0.0; ///< bounds on the weight, lists included
    double highest_weight = 0.0;
    const SynapseModelInfo* synapse = nullptr;   ///< of plastic synapses
    std::vector<double> synapse_parameters = {}; ///< in declared order
    double normalise_sum = 0.0;                  ///< > 0: what the amounts of a target's weights are scaled to,
    std::int64_t normalise_steps = 0;            ///< at every multiple of so many steps
    std::uint32_t fixed_delay = 0;               ///< steps of one part of the delay
    bool fixed_is_axonal = true;
    [[nodiscard]] std::uint32_t axonal(std::uint32_t total) const noexcept {
        return fixed_is_axonal ? fixed_delay : total - fixed_delay;
    }
    [[nodiscard]] std::uint32_t longest_dendritic() const noexcept {
        return fixed_is_axonal ? longest - fixed_delay : fixed_delay;
    }
    std::optional<DrawingPrediction> drawing = std::nullopt; ///< where the rule draws by source
    [[nodiscard]] bool exchanged() const noexcept { return drawing && drawing->exchanged; }
};

struct NetworkPlan {
    const Experiment* experiment = nullptr;
    std::shared_ptr<const Partition> partition;
    std::uint32_t threads = 1;            ///< per rank
    std::vector<const ModelInfo*> models; ///< of each population
    std::vector<PlannedProjection> projections;
    std::uint32_t receptors = 1; ///< the most that any population has
    std::uint32_t min_delay = 1; ///< steps in an epoch
    std::uint32_t max_delay = 1;
    /// Compact weights: weight = integer / scale, a power of two for each population and receptor.
    std::vector<std::vector<double>> scale;
    /// Compact weights: whether an input of one step could reach 2^31 units somewhere, so that sums take 64 bits.
    bool wide_sums = false;
    bool keeps_sources = false; ///< the network keeps the sources of all its rows

    [[nodiscard]] double expected_synapses() const;
};

/// For each population, a bound on the spikes that one of its elements has in one step; infinite where there is none.
[[nodiscard]] std::vector<double> most_spikes(const NetworkPlan& plan);

/// Collective (lists of synapses are scanned in shares).
[[nodiscard]] NetworkPlan make_plan(MPI_Comm comm, const Experiment& experiment,
                                    std::shared_ptr<const Partition> partition, std::uint32_t threads);

/// A worker's neurons: population p holds local numbers begin[p] .. begin[p + 1] - 1.
struct WorkerLayout {
    std::vector<std::uint32_t> begin;
    [[nodiscard]] std::uint32_t neurons() const noexcept { return begin.back(); }
    [[nodiscard]] std::uint32_t count(std::size_t p) const noexcept { return begin[p + 1] - begin[p]; }
};
[[nodiscard]] WorkerLayout make_layout(const NetworkPlan& plan, WorkerId worker);

} // namespace spikecast
