// From a plan to the rows of a rank's workers and the routes of its neurons.
//
// Every synapse is drawn twice (draws are counter-based, so the second time gives the same):
//   pass 1  every worker counts its synapses by source          -> lengths of rows, sources heard by the rank
//   pass 2  every worker draws them again and puts each in its row, with a tag (delay, lane) beside it
//   sort    every row is sorted by tag (stable, so that (target, projection, k) stays), which gives its directory
// Then ranks tell each other which sources they hear and under which row number: that is each source's multicast route.
// Peak memory is the finished rows plus one tag (1, 2 or 4 bytes) for each synapse.
#pragma once

#include "engine/build/hashes.hpp"
#include "engine/build/routes.hpp"
#include "engine/build/rows.hpp"
#include "engine/network/plan.hpp"
#include "engine/simulation/team.hpp"

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace spikecast {

template <class W>
struct RankNetwork {
    std::vector<WorkerLayout> layouts;                    ///< of this rank's workers
    std::vector<SynapseRows<W>> rows;                     ///< of this rank's workers; all over the same row numbers
    std::vector<std::vector<SynapseRows<float>>> plastic; ///< [projection][worker]; of plastic projections only
    std::vector<std::vector<std::uint64_t>> row_sources;  ///< by population: the sources of rows, where needed
    std::vector<Routes> routes;
    std::vector<bool> hears;   ///< by rank: whether it owns a source heard here
    std::vector<bool> own_row; ///< dry run only: rows whose source is a neuron of this rank
    std::vector<std::pair<std::uint32_t, std::uint32_t>>
        rows_of;                     ///< by population: first row and the one after the last
    double drawing_s = 0.0;          ///< dry run only: seconds spent on drawing routes
    std::uint64_t synapses = 0;      ///< of this rank
    std::uint64_t sources_heard = 0; ///< rows
    Hash128 network_hash;            ///< of this rank's synapses
};

/// done: synapses worked off by worker 0, counted over both passes; of: how many it expects.
using BuildProgress = std::function<void(double done, double of)>;

/// Collective; in a dry run of the process alone (comm has size 1 then).
template <class W>
[[nodiscard]] RankNetwork<W> build_network(MPI_Comm comm, const Share& share, const NetworkPlan& plan, Team& team,
                                           const BuildProgress& progress);

struct BuildSample {
    double synapses = 0.0;
    double seconds = 0.0; ///< of counting, placing and sorting them
    WorkerLayout layout;
    std::vector<SynapseRows<float>> plastic; ///< by projection; empty where synapses don't learn
    std::vector<std::pair<std::uint32_t, std::uint32_t>>
        rows_of; ///< by population: first row and the one after the last
};
/// The work of build_network for one worker's synapses; alone, without MPI. workers: of the build that the sample
/// stands for, which decides the kind of table that sources are counted in.
template <class W>
[[nodiscard]] BuildSample sample_build(const NetworkPlan& plan, WorkerId worker, double workers);

extern template BuildSample sample_build<float>(const NetworkPlan&, WorkerId, double);
extern template BuildSample sample_build<std::int16_t>(const NetworkPlan&, WorkerId, double);
extern template RankNetwork<float> build_network<float>(MPI_Comm, const Share&, const NetworkPlan&, Team&,
                                                        const BuildProgress&);
extern template RankNetwork<std::int16_t> build_network<std::int16_t>(MPI_Comm, const Share&, const NetworkPlan&, Team&,
                                                                      const BuildProgress&);

} // namespace spikecast
