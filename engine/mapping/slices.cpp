#include "engine/mapping/slices.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace spikecast {

Slices::Slices(const std::vector<std::uint64_t>& sizes, const std::vector<std::uint32_t>& atoms)
    : sizes_(sizes), atoms_(atoms) {
    std::uint64_t sum = 0;
    for (std::size_t p = 0; p < sizes.size(); ++p) {
        if (atoms[p] == 0) throw std::invalid_argument("a slice needs at least one neuron");
        sum += (sizes[p] + atoms[p] - 1) / atoms[p];
        if (sum > std::numeric_limits<std::uint32_t>::max())
            throw std::invalid_argument("more than 2^32 slices; use larger ones");
        first_.push_back(static_cast<std::uint32_t>(sum));
    }
}

std::size_t Slices::population(std::uint32_t slice) const noexcept {
    return static_cast<std::size_t>(std::upper_bound(first_.begin(), first_.end(), slice) - first_.begin()) - 1;
}

std::uint64_t Slices::begin(std::uint32_t slice) const noexcept {
    const std::size_t p = population(slice);
    return std::uint64_t{slice - first_[p]} * atoms_[p];
}

std::uint64_t Slices::end(std::uint32_t slice) const noexcept {
    const std::size_t p = population(slice);
    return std::min(sizes_[p], std::uint64_t{slice - first_[p] + 1} * atoms_[p]);
}

SlicePartition::SlicePartition(Slices slices, std::vector<WorkerId> worker_of, std::uint32_t workers)
    : slices_(std::move(slices)), worker_of_(std::move(worker_of)), workers_(workers), start_(slices_.count()) {
    if (worker_of_.size() != slices_.count() ||
        std::any_of(worker_of_.begin(), worker_of_.end(), [&](WorkerId w) { return w >= workers; }))
        throw std::invalid_argument("every slice needs a worker that exists");
    const std::size_t populations = slices_.populations();
    list_begin_.assign(std::size_t{workers} * populations + 1, 0);
    const auto cell = [&](std::uint32_t slice, std::size_t p) { return worker_of_[slice] * populations + p; };
    for (std::size_t p = 0; p < populations; ++p)
        for (std::uint32_t s = slices_.first(p); s < slices_.first(p + 1); ++s)
            ++list_begin_[cell(s, p) + 1];
    for (std::size_t i = 1; i < list_begin_.size(); ++i)
        list_begin_[i] += list_begin_[i - 1];
    list_.resize(slices_.count());
    std::vector<std::uint64_t> next(list_begin_.begin(), list_begin_.end() - 1);
    std::vector<std::uint64_t> neurons(next.size(), 0);
    for (std::size_t p = 0; p < populations; ++p)
        for (std::uint32_t s = slices_.first(p); s < slices_.first(p + 1); ++s) {
            list_[next[cell(s, p)]++] = s;
            std::uint64_t& so_far = neurons[cell(s, p)];
            start_[s] = static_cast<std::uint32_t>(so_far);
            so_far += slices_.end(s) - slices_.begin(s);
            if (so_far > std::numeric_limits<std::uint32_t>::max())
                throw std::invalid_argument("more than 2^32 neurons of a population on one worker");
        }
}

std::span<const std::uint32_t> SlicePartition::of(WorkerId worker, std::size_t population) const {
    const std::size_t cell = std::size_t{worker} * slices_.populations() + population;
    return {list_.data() + list_begin_[cell], list_begin_[cell + 1] - list_begin_[cell]};
}

std::uint64_t SlicePartition::count(WorkerId worker, std::size_t population) const {
    const auto own = of(worker, population);
    return own.empty() ? 0 : start_[own.back()] + slices_.end(own.back()) - slices_.begin(own.back());
}

void SlicePartition::places(std::size_t population, std::span<const std::uint64_t> indices,
                            std::span<Place> out) const {
    const std::uint32_t first = slices_.first(population), atoms = slices_.atoms(population);
    for (std::size_t j = 0; j < indices.size(); ++j) {
        const std::uint64_t number = indices[j] / atoms;
        const std::uint32_t slice = first + static_cast<std::uint32_t>(number);
        out[j] = {worker_of_[slice], start_[slice] + (indices[j] - number * atoms)};
    }
}

std::uint64_t SlicePartition::index(WorkerId worker, std::size_t population, std::uint64_t local) const {
    const auto own = of(worker, population);
    // All but a population's last slice have the same size, and the last one is the last of its worker too.
    const std::uint32_t slice = own[local / slices_.atoms(population)];
    return std::uint64_t{slice - slices_.first(population)} * slices_.atoms(population) + (local - start_[slice]);
}

} // namespace spikecast
