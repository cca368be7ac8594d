// All plastic synapses of a projection in one order, (target, source, delay, receptor, ordinal), whichever workers have
// them: what files of weights are written in and read by.
#pragma once

#include "engine/plasticity/store.hpp"

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <span>
#include <tuple>
#include <vector>

namespace spikecast {

/// One worker's part of the projection.
struct OwnSynapses {
    PlasticStore* store;
    const std::vector<std::uint64_t>* targets; ///< index in the target population, by local number
    const std::vector<std::uint64_t>* sources; ///< index in the source population, by row
};

struct SortedSynapse {
    std::uint64_t target, source, ordinal;
    std::uint32_t delay; ///< steps
    std::uint16_t receptor, thread;
    std::uint32_t rank; ///< thread and rank of the owner
    float weight;
    std::uint64_t place; ///< in its store
    [[nodiscard]] auto key() const noexcept { return std::tuple(target, source, delay, receptor, ordinal); }
};

/// A weight for the owner of a synapse.
struct PlacedWeight {
    std::uint64_t place;
    std::uint32_t thread;
    float weight;
};

/// Collective. Goes through them in about 32 rounds, so that it needs a small part of the synapses' memory beyond them.
/// In each every rank gets a contiguous part of the order, perhaps an empty one: visit(number of the first, the part);
/// visit can be collective. own: by thread; targets: size of the target population. Returns how many there are.
std::uint64_t sorted_synapses(MPI_Comm comm, const std::vector<OwnSynapses>& own, std::uint64_t targets,
                              const std::function<void(std::uint64_t, std::span<SortedSynapse>)>& visit);
[[nodiscard]] std::uint64_t count_synapses(MPI_Comm comm, const std::vector<OwnSynapses>& own);

} // namespace spikecast
