// Spikes of all populations in one order, over all ranks; and whatever else is sorted as they are.
#pragma once

#include "engine/exchange/collective.hpp"

#include <mpi.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <limits>
#include <numeric>
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
/// of all where the samples say the truth (a deviation costs memory and time, never the result). Of any type with <.
template <class Placed>
[[nodiscard]] std::vector<Placed> sort_over_ranks(MPI_Comm comm, std::vector<Placed> own);

template <class Placed>
std::vector<Placed> sort_over_ranks(MPI_Comm comm, std::vector<Placed> own) {
    int ranks = 1;
    MPI_Comm_size(comm, &ranks);
    std::sort(own.begin(), own.end());
    if (ranks == 1) return own;

    struct Sample {
        Placed first;
        std::uint64_t stands_for; ///< elements up to the next sample
    };
    constexpr std::size_t most_samples = 32;
    std::vector<Sample> samples;
    const std::size_t taken = std::min(most_samples, own.size());
    for (std::size_t s = 0; s < taken; ++s) {
        const std::size_t here = s * own.size() / taken, next = (s + 1) * own.size() / taken;
        samples.push_back({own[here], next - here});
    }
    const int bytes = static_cast<int>(samples.size() * sizeof(Sample));
    std::vector<int> counts(static_cast<std::size_t>(ranks)), starts(static_cast<std::size_t>(ranks));
    MPI_Allgather(&bytes, 1, MPI_INT, counts.data(), 1, MPI_INT, comm);
    if (std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) > std::numeric_limits<int>::max())
        throw RunError("too many ranks for the sort of what is recorded (over a million)"); // the same on every rank
    std::exclusive_scan(counts.begin(), counts.end(), starts.begin(), 0);
    std::vector<Sample> all(static_cast<std::size_t>(starts.back() + counts.back()) / sizeof(Sample));
    MPI_Allgatherv(samples.data(), bytes, MPI_BYTE, all.data(), counts.data(), starts.data(), MPI_BYTE, comm);
    std::sort(all.begin(), all.end(), [](const Sample& a, const Sample& b) { return a.first < b.first; });
    std::uint64_t total = 0;
    for (const Sample& s : all)
        total += s.stands_for;

    std::vector<std::vector<Placed>> out(static_cast<std::size_t>(ranks));
    std::uint64_t before = 0;
    auto position = own.begin();
    std::size_t sample = 0;
    for (std::size_t r = 0; r < out.size(); ++r) {
        auto end = own.end();
        if (r + 1 < out.size()) {
            const std::uint64_t wanted = total / out.size() * (r + 1);
            while (sample < all.size() && before < wanted)
                before += all[sample++].stands_for;
            if (sample < all.size()) end = std::lower_bound(position, own.end(), all[sample].first);
        }
        out[r].assign(position, end);
        position = end;
    }
    own = {};
    std::vector<Placed> result;
    for (auto& part : all_to_all(comm, out))
        result.insert(result.end(), part.begin(), part.end());
    std::sort(result.begin(), result.end());
    return result;
}

} // namespace spikecast
