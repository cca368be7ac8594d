#include "engine/plasticity/sorted_synapses.hpp"

#include "engine/exchange/collective.hpp"

#include <algorithm>

namespace spikecast {

std::uint64_t count_synapses(MPI_Comm comm, const std::vector<OwnSynapses>& own) {
    std::uint64_t count = 0;
    for (const OwnSynapses& each : own)
        count += each.store->synapses();
    MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_UINT64_T, MPI_SUM, comm);
    return count;
}

std::uint64_t sorted_synapses(MPI_Comm comm, const std::vector<OwnSynapses>& own, std::uint64_t targets,
                              const std::function<void(std::uint64_t, std::span<SortedSynapse>)>& visit) {
    int rank = 0, ranks = 1;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    const auto n = static_cast<std::uint64_t>(ranks);
    // Targets are told apart by bucket, each of as many of them.
    const std::uint64_t buckets = std::clamp<std::uint64_t>(targets, 1, 4096);
    std::vector<std::vector<std::uint16_t>> bucket(own.size()); // by thread and local number
    std::vector<std::uint64_t> counts(buckets, 0);
    for (std::size_t t = 0; t < own.size(); ++t) {
        for (const std::uint64_t index : *own[t].targets)
            bucket[t].push_back(static_cast<std::uint16_t>(index * buckets / targets));
        own[t].store->each_place([&](std::uint32_t, std::uint32_t local, std::uint32_t, std::uint32_t, std::uint64_t,
                                     std::uint64_t) { ++counts[bucket[t][local]]; });
    }
    MPI_Allreduce(MPI_IN_PLACE, counts.data(), static_cast<int>(buckets), MPI_UINT64_T, MPI_SUM, comm);
    std::uint64_t total = 0;
    for (const std::uint64_t count : counts)
        total += count;
    const std::uint64_t most = std::max<std::uint64_t>(total / 32, n << 16);

    std::uint64_t done = 0;
    for (std::uint64_t begin = 0; begin < buckets;) {
        std::uint64_t end = begin, round = 0;
        do
            round += counts[end++];
        while (end < buckets && round + counts[end] <= most);
        // Rank by bucket, so that ranks get about the same; and where this rank's part begins.
        std::vector<std::uint32_t> to(end - begin);
        std::uint64_t before = 0, first = done;
        for (std::uint64_t b = begin; b < end; ++b) {
            to[b - begin] = static_cast<std::uint32_t>(
                round == 0
                    ? 0
                    : std::min(n - 1, static_cast<std::uint64_t>(static_cast<double>(before) /
                                                                 static_cast<double>(round) * static_cast<double>(n))));
            before += counts[b];
            if (to[b - begin] < static_cast<std::uint32_t>(rank)) first += counts[b];
        }
        std::vector<std::vector<SortedSynapse>> out(n);
        for (std::size_t t = 0; t < own.size(); ++t)
            own[t].store->each_place([&](std::uint32_t row, std::uint32_t local, std::uint32_t delay,
                                         std::uint32_t receptor, std::uint64_t ordinal, std::uint64_t place) {
                const std::uint64_t b = bucket[t][local];
                if (b < begin || b >= end) return;
                out[to[b - begin]].push_back({(*own[t].targets)[local], (*own[t].sources)[row], ordinal, delay,
                                              static_cast<std::uint16_t>(receptor), static_cast<std::uint16_t>(t),
                                              static_cast<std::uint32_t>(rank), own[t].store->weight(place), place});
            });
        std::vector<SortedSynapse> part;
        {
            const auto in = all_to_all(comm, out);
            out.clear();
            for (const auto& from : in)
                part.insert(part.end(), from.begin(), from.end());
        }
        std::sort(part.begin(), part.end(),
                  [](const SortedSynapse& a, const SortedSynapse& b) { return a.key() < b.key(); });
        visit(first, part);
        done += round;
        begin = end;
    }
    return total;
}

} // namespace spikecast
