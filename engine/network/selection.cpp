#include "engine/network/selection.hpp"

#include <algorithm>

namespace spikecast {
namespace {

__extension__ using Wide = unsigned __int128;

} // namespace

SelectedNeurons::SelectedNeurons(const Selection& selection, std::uint64_t population_size)
    : begin_(selection.begin), step_(std::max<std::uint64_t>(selection.step, 1)), list_(selection.list) {
    const std::uint64_t end = std::min(selection.end, population_size);
    size_ = !list_.empty() ? list_.size() : end > begin_ ? (end - begin_ - 1) / step_ + 1 : 0;
}

std::uint64_t SelectedNeurons::position(std::uint64_t index) const noexcept {
    const std::uint64_t j = before(index);
    return j < size_ && at(j) == index ? j : none;
}

std::uint64_t SelectedNeurons::before(std::uint64_t index) const noexcept {
    if (!list_.empty()) {
        return static_cast<std::uint64_t>(std::lower_bound(list_.begin(), list_.end(), index) - list_.begin());
    }
    if (index <= begin_) return 0;
    return std::min(size_, step_ == 1 ? index - begin_ : (index - begin_ - 1) / step_ + 1);
}

void SelectedNeurons::to_indices(std::span<std::uint64_t> positions) const noexcept {
    if (!list_.empty()) {
        for (std::uint64_t& p : positions)
            p = list_[p];
    } else if (step_ != 1) {
        for (std::uint64_t& p : positions)
            p = begin_ + step_ * p;
    } else if (begin_ != 0) {
        for (std::uint64_t& p : positions)
            p += begin_;
    }
}

SampledNeurons::SampledNeurons(const Selection& selection, std::uint64_t population_size, std::uint64_t sample)
    : selected_(selection, population_size), size_(sample > 0 ? std::min(sample, selected_.size()) : selected_.size()) {
}

// Position i is selected neuron floor(i n / size), of n.
std::uint64_t SampledNeurons::at(std::uint64_t position) const noexcept {
    return selected_.at(static_cast<std::uint64_t>(static_cast<Wide>(position) * selected_.size() / size_));
}

std::uint64_t SampledNeurons::position(std::uint64_t index) const noexcept {
    const std::uint64_t j = selected_.position(index);
    if (j == SelectedNeurons::none || size_ == selected_.size()) return j;
    const auto i = static_cast<std::uint64_t>((static_cast<Wide>(j) * size_ + selected_.size() - 1) / selected_.size());
    return i < size_ && at(i) == index ? i : SelectedNeurons::none;
}

} // namespace spikecast
