// Multicast routes: for each neuron of a rank, the ranks that hold targets of it and the row that it has there. Every
// rank tells the owners of the sources it hears which rows they have; in rounds of bounded size, so that beside the
// finished routes (8 bytes a pair of own neuron and rank reached) only 12 bytes a pair are needed for a moment.
#pragma once

#include "engine/network/plan.hpp"

#include <mpi.h>

#include <cstdint>
#include <vector>

namespace spikecast {

/// Which share of the network this process has. In a dry run the other ranks don't exist: `ranks` is what is planned,
/// and the communicator of the process has size 1.
struct Share {
    int rank = 0;
    int ranks = 1;
    bool dry = false;
};

/// Where a source's spikes go: the rank, and the number of the source's row there.
struct RouteEntry {
    std::uint32_t rank;
    std::uint32_t row;
};

/// The routes of one worker's neurons: those of neuron n are entries begin[n] .. begin[n + 1] - 1, ascending by rank.
struct Routes {
    std::vector<std::uint32_t> begin;
    std::vector<RouteEntry> entries;
    [[nodiscard]] std::size_t bytes() const noexcept { return begin.size() * 4 + entries.size() * sizeof(RouteEntry); }
};

struct RankRoutes {
    std::vector<Routes> routes; ///< of each worker of the rank
    std::vector<bool> hears;    ///< by rank: whether it owns a source heard here
    std::vector<bool> own_row;  ///< dry run only: rows whose source is a neuron of this rank
    double drawing_s = 0.0;     ///< dry run only: seconds that drawing the routes took, which no real run spends
};

/// Collective. heard[p]: the sources of population p that the rank hears, ascending; rows are numbered in this order.
/// The lists are given up. Errors are agreed on.
///
/// In a dry run what other ranks would ask is drawn: their rows aren't there to be asked, but the law of the ranks that
/// a neuron reaches is known. Each own neuron draws its targets by the transposed rule (engine/build/transposed.hpp),
/// and the ranks of these targets are its route; to its own rank the route is the real one.
[[nodiscard]] RankRoutes make_routes(MPI_Comm comm, const Share& share, const NetworkPlan& plan,
                                     const std::vector<WorkerLayout>& layouts,
                                     std::vector<std::vector<std::uint64_t>>& heard);

} // namespace spikecast
