// The neurons that a Selection stands for.
#pragma once

#include "spikecast/experiment.hpp"

#include <cstdint>
#include <limits>
#include <span>

namespace spikecast {

/// The neurons of a selection in ascending order, by position 0 .. size()-1. A list is referred to, not copied: the
/// Selection must outlive it.
class SelectedNeurons {
public:
    static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

    SelectedNeurons(const Selection& selection, std::uint64_t population_size);

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] std::uint64_t at(std::uint64_t position) const noexcept {
        return list_.empty() ? begin_ + step_ * position : list_[position];
    }
    /// The position of a neuron, or none.
    [[nodiscard]] std::uint64_t position(std::uint64_t index) const noexcept;
    [[nodiscard]] bool contains(std::uint64_t index) const noexcept { return position(index) != none; }
    /// How many selected neurons have a smaller index.
    [[nodiscard]] std::uint64_t before(std::uint64_t index) const noexcept;
    /// positions -> indices, in place.
    void to_indices(std::span<std::uint64_t> positions) const noexcept;

    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::uint64_t step() const noexcept { return step_; }
    [[nodiscard]] std::span<const std::uint64_t> list() const noexcept { return list_; }

private:
    std::uint64_t begin_ = 0, step_ = 1, size_ = 0;
    std::span<const std::uint64_t> list_;
};

/// The neurons of a selection, or `sample` of them at even distances, in ascending order. A rule, not a table: its size
/// doesn't grow with the number of neurons. The Selection must outlive it.
class SampledNeurons {
public:
    SampledNeurons(const Selection& selection, std::uint64_t population_size, std::uint64_t sample);

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] std::uint64_t at(std::uint64_t position) const noexcept;
    /// The position of a neuron, or SelectedNeurons::none.
    [[nodiscard]] std::uint64_t position(std::uint64_t index) const noexcept;

private:
    SelectedNeurons selected_;
    std::uint64_t size_;
};

} // namespace spikecast
