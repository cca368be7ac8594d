#include "engine/network/positions.hpp"

#include "spikecast/math.hpp"

#include <algorithm>
#include <cmath>

namespace spikecast {
namespace {

constexpr double neurons_per_cell = 8.0;
constexpr std::uint64_t most_starts = 65536;

} // namespace

PositionDirectory::PositionDirectory(std::uint64_t seed, const Population& population)
    : positions_(population.positions), size_(population.size),
      place_key_(make_key(seed, Purpose::position, population.name + "/place")) {
    const std::size_t dimensions = positions_.dimensions;
    for (std::size_t a = 0; a < dimensions; ++a)
        low_[a] = positions_.centre[a] - 0.5 * positions_.extent[a];
    if (dimensions < 3) {
        positions_.shape[2] = 1;
        positions_.extent[2] = 0.0;
        positions_.centre[2] = 0.0;
    }
    if (positions_.kind == Positions::Kind::grid) {
        for (std::size_t a = 0; a < dimensions; ++a) {
            const std::uint64_t sites = std::max<std::uint64_t>(positions_.shape[a], 1);
            // A periodic axis is only cut into equal cells, so that cells wrap as the box does.
            block_[a] = dimensions == 2 ? 4 : 3;
            while (positions_.periodic && sites % block_[a] != 0)
                --block_[a];
            cells_[a] = (sites + block_[a] - 1) / block_[a];
            spacing_[a] = positions_.extent[a] / static_cast<double>(sites);
            side_[a] = spacing_[a] * static_cast<double>(block_[a]);
        }
        return;
    }
    const double wanted = std::max(1.0, static_cast<double>(size_) / neurons_per_cell);
    double volume = 1.0;
    for (std::size_t a = 0; a < dimensions; ++a)
        volume *= positions_.extent[a];
    const double side = dimensions == 2 ? std::sqrt(volume / wanted) : math::pow(volume / wanted, 1.0 / 3.0);
    std::uint64_t total = 1;
    for (std::size_t a = 0; a < dimensions; ++a) {
        cells_[a] = static_cast<std::uint64_t>(std::max(1.0, std::floor(positions_.extent[a] / side + 0.5)));
        side_[a] = positions_.extent[a] / static_cast<double>(cells_[a]);
        total *= cells_[a];
    }
    tree_.emplace(make_key(seed, Purpose::position, population.name), size_, total);
    if (total > most_starts) return;
    std::vector<std::uint64_t> all(total), counts(total);
    for (std::uint64_t c = 0; c < total; ++c)
        all[c] = c;
    tree_->counts(all, counts);
    starts_.resize(total + 1, 0);
    for (std::uint64_t c = 0; c < total; ++c)
        starts_[c + 1] = starts_[c] + counts[c];
}

double PositionDirectory::distance(const Position& from, const Position& to) const noexcept {
    double sum = 0.0;
    for (std::size_t a = 0; a < positions_.dimensions; ++a) {
        const double d = displacement(from[a], to[a], a);
        sum += d * d;
    }
    return std::sqrt(sum);
}

Position PositionDirectory::site(std::uint64_t index) const noexcept {
    Position p{0, 0, 0};
    for (std::size_t a = 0; a < positions_.dimensions; ++a) {
        const std::uint64_t sites = std::max<std::uint64_t>(positions_.shape[a], 1);
        p[a] = coordinate(a, index % sites);
        index /= sites;
    }
    return p;
}

Position PositionDirectory::position(std::uint64_t index) const {
    if (positions_.kind == Positions::Kind::grid) return site(index);
    std::uint64_t c;
    if (starts_.empty()) {
        c = tree_->cell_of(index).cell;
    } else {
        c = static_cast<std::uint64_t>(std::upper_bound(starts_.begin(), starts_.end(), index) - starts_.begin()) - 1;
    }
    return position_in({c % cells_[0], c / cells_[0] % cells_[1], c / (cells_[0] * cells_[1])}, index);
}

PositionDirectory::Members PositionDirectory::members(const std::array<std::uint64_t, 3>& cell) const {
    if (positions_.kind == Positions::Kind::grid) {
        return {block_extent(0, cell[0]) * block_extent(1, cell[1]) * block_extent(2, cell[2]), 0};
    }
    const std::uint64_t c = cell[0] + cells_[0] * (cell[1] + cells_[1] * cell[2]);
    if (!starts_.empty()) return {starts_[c + 1] - starts_[c], starts_[c]};
    return {tree_->count(c), tree_->before(c)};
}

std::uint64_t PositionDirectory::member(const std::array<std::uint64_t, 3>& cell, const Members& members,
                                        std::uint64_t m) const noexcept {
    if (positions_.kind != Positions::Kind::grid) return members.first + m;
    const std::array<std::uint64_t, 3> at = site_of(cell, m);
    return at[0] + positions_.shape[0] * (at[1] + positions_.shape[1] * at[2]);
}

Position PositionDirectory::position_in(const std::array<std::uint64_t, 3>& cell, std::uint64_t index) const noexcept {
    if (positions_.kind == Positions::Kind::grid) return site(index);
    const auto words = philox(place_key_, index, 0);
    Position p{0, 0, 0};
    for (std::size_t a = 0; a < positions_.dimensions; ++a) {
        p[a] = cell_low(a, cell[a]) + open_unit(words[a]) * side_[a];
    }
    return p;
}

} // namespace spikecast
