// The partitioners that need no knowledge of the connectivity, all in closed form: a few numbers for each population.
#pragma once

#include "spikecast/experiment.hpp"
#include "spikecast/partition.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace spikecast {

/// The partition that settings.partitioner names, of populations with the given sizes over workers >= 1.
///
/// round_robin  The neurons of all populations in declared order are dealt out one by one; every worker's total differs
///              by at most one neuron, and so does its share of each population.
/// block        Worker w owns the contiguous range [w T / W, (w + 1) T / W) of all T neurons in declared order; totals
///              differ by at most one, shares of a population don't.
/// random       Each population is permuted (key: partition_seed and the population's number), then dealt as in
///              round_robin. place and index cost eight Philox blocks.
///
/// Thread-safe; nothing is collective. Throws std::invalid_argument for no workers.
[[nodiscard]] std::shared_ptr<const Partition>
make_partition(const SimulationSettings& settings, std::vector<std::uint64_t> population_sizes, std::uint32_t workers);

} // namespace spikecast
