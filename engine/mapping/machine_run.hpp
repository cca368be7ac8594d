// A network on a mapped machine ([machine] of an experiment): the mapping is the partition, and spikes go through the
// router model.
#pragma once

#include "engine/mapping/machine_router.hpp"
#include "engine/mapping/map_network.hpp"
#include "engine/mapping/slices.hpp"
#include "spikecast/experiment.hpp"
#include "spikecast/simulation.hpp"

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spikecast {

/// Maps an experiment as its [machine] says; generators run with their targets. Links that are asked for more than they
/// carry are a note, for what comes of it is what the run shows. Collective on one rank only.
[[nodiscard]] NetworkMapping map_machine(const Experiment& experiment, unsigned threads);
/// Throws InputError, with what binds and what would fit, where a mapping doesn't fit.
void refuse_misfit(const Experiment& experiment, const NetworkMapping& mapping);
/// What a mapping takes of its machine; nothing of a run yet.
[[nodiscard]] MachineSummary machine_summary(const NetworkMapping& mapping);

/// The chips in the order of a Hilbert curve, cut into shares of about as many neurons for each worker: the workers of
/// the slices.
[[nodiscard]] std::vector<WorkerId> workers_of_slices(const NetworkMapping& mapping, std::uint32_t workers);

class MachineRun {
public:
    /// Collective. Rank 0 maps, with so many threads; throws what it throws on all ranks.
    MachineRun(MPI_Comm comm, const Experiment& experiment, std::uint32_t threads, std::uint32_t workers);

    [[nodiscard]] std::shared_ptr<const SlicePartition> partition() const noexcept { return partition_; }
    /// Collective: sends the spikes that this rank's neurons had in steps first to end - 1, and returns what all of
    /// them together make of the routers: the same on every rank. What goes wrong on rank 0 is told in its `error`.
    const std::vector<RoutedException>& route(std::int64_t first, std::int64_t end, const std::vector<SliceSpike>& own,
                                              std::string& error);
    /// On rank 0, empty elsewhere.
    [[nodiscard]] std::optional<MachineSummary> summary() const;

private:
    void gather(const std::vector<SliceSpike>& own, std::string& error);

    MPI_Comm comm_;
    int rank_ = 0, ranks_ = 1;
    std::unique_ptr<NetworkMapping> mapping_; ///< rank 0
    std::unique_ptr<MachineRouter> router_;   ///< rank 0, with the router model
    std::shared_ptr<const SlicePartition> partition_;
    double mapping_s_ = 0.0, router_s_ = 0.0;
    std::vector<SliceSpike> spikes_; ///< rank 0: of all
    std::vector<int> counts_, starts_;
    std::vector<RoutedException> exceptions_;
};

} // namespace spikecast
