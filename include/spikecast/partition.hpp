// Which worker owns which neuron. A partition is a value: a directory in closed form, never an entry per neuron of the
// network on one rank. A worker is one thread of one rank; worker w is thread w % threads of rank w / threads.
#pragma once

#include "spikecast/experiment.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikecast {

using WorkerId = std::uint32_t;

/// Owners within one population are dense: worker w owns count(w, p) neurons of population p, numbered locally
/// 0 .. count-1. index(w, p, l) and {owner, local} are inverse to each other.
class Partition {
public:
    virtual ~Partition() = default;

    struct Place {
        WorkerId worker;
        std::uint64_t local; ///< within the worker's share of this population
    };
    [[nodiscard]] virtual std::uint32_t workers() const noexcept = 0;
    [[nodiscard]] virtual std::uint64_t count(WorkerId worker, std::size_t population) const = 0;
    /// Batched; may be collective for partitions that are distributed tables, so every rank calls it the same number of
    /// times. out.size() == indices.size().
    virtual void places(std::size_t population, std::span<const std::uint64_t> indices, std::span<Place> out) const = 0;
    [[nodiscard]] virtual std::uint64_t index(WorkerId worker, std::size_t population, std::uint64_t local) const = 0;
};

} // namespace spikecast
