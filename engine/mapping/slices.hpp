// Populations cut into slices, and the partition that gives each slice to a worker.
#pragma once

#include "spikecast/partition.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace spikecast {

/// Each population in consecutive slices of equal size, the last one smaller; slices are numbered through all
/// populations in declared order.
class Slices {
public:
    Slices() = default;
    /// atoms[p] >= 1 neurons a slice of population p.
    Slices(const std::vector<std::uint64_t>& sizes, const std::vector<std::uint32_t>& atoms);

    [[nodiscard]] std::size_t populations() const noexcept { return sizes_.size(); }
    [[nodiscard]] std::uint32_t count() const noexcept { return first_.back(); }
    [[nodiscard]] std::uint32_t first(std::size_t population) const noexcept { return first_[population]; }
    [[nodiscard]] std::uint32_t atoms(std::size_t population) const noexcept { return atoms_[population]; }
    [[nodiscard]] std::uint64_t size(std::size_t population) const noexcept { return sizes_[population]; }
    [[nodiscard]] std::uint32_t of(std::size_t population, std::uint64_t index) const noexcept {
        return first_[population] + static_cast<std::uint32_t>(index / atoms_[population]);
    }
    [[nodiscard]] std::size_t population(std::uint32_t slice) const noexcept;
    [[nodiscard]] std::uint64_t begin(std::uint32_t slice) const noexcept;
    [[nodiscard]] std::uint64_t end(std::uint32_t slice) const noexcept;

private:
    std::vector<std::uint64_t> sizes_;
    std::vector<std::uint32_t> atoms_, first_{0};
};

/// Slices to workers. Within a worker's share of a population neurons stand slice by slice, ascending. A directory of
/// 12 bytes a slice on every rank, so a slice should be a few neurons at least. Thread-safe; nothing is collective.
class SlicePartition final : public Partition {
public:
    /// worker_of[slice] < workers.
    SlicePartition(Slices slices, std::vector<WorkerId> worker_of, std::uint32_t workers);

    [[nodiscard]] std::uint32_t workers() const noexcept override { return workers_; }
    [[nodiscard]] std::uint64_t count(WorkerId worker, std::size_t population) const override;
    void places(std::size_t population, std::span<const std::uint64_t> indices, std::span<Place> out) const override;
    [[nodiscard]] std::uint64_t index(WorkerId worker, std::size_t population, std::uint64_t local) const override;
    [[nodiscard]] const Slices& slices() const noexcept { return slices_; }
    [[nodiscard]] WorkerId worker_of(std::uint32_t slice) const noexcept { return worker_of_[slice]; }
    /// Local number of a slice's first neuron.
    [[nodiscard]] std::uint32_t start(std::uint32_t slice) const noexcept { return start_[slice]; }

private:
    /// A worker's slices of one population, ascending.
    [[nodiscard]] std::span<const std::uint32_t> of(WorkerId worker, std::size_t population) const;

    Slices slices_;
    std::vector<WorkerId> worker_of_;
    std::uint32_t workers_;
    std::vector<std::uint32_t> start_;      ///< by slice: local number of its first neuron
    std::vector<std::uint64_t> list_begin_; ///< by (worker, population): where its slices begin in list_
    std::vector<std::uint32_t> list_;
};

} // namespace spikecast
