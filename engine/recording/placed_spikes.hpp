// Spikes of all populations in one order, over all ranks.
#pragma once

#include <mpi.h>

#include <compare>
#include <cstdint>
#include <vector>

namespace spikecast {

/// A spike of any population; ordered by population, then time, then index, so that one sort serves all and
/// each rank ends with one contiguous piece of every population.
struct PlacedSpike {
    std::uint64_t population;
    std::int64_t step;
    std::uint64_t index;
    friend auto operator<=>(const PlacedSpike&, const PlacedSpike&) = default;
};

/// Distributed sort: rank r ends with a contiguous piece of the global order, before those of rank r + 1, about 1/ranks
/// of all where the samples say the truth (a deviation costs memory and time, never the result).
[[nodiscard]] std::vector<PlacedSpike> sort_over_ranks(MPI_Comm comm, std::vector<PlacedSpike> own);

} // namespace spikecast
