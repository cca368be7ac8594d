// Where neurons are, in closed form: anyone computes the position of any neuron, and the neurons of any cell of space,
// without a table of the network's size.
#pragma once

#include "spikecast/distributions.hpp"
#include "spikecast/experiment.hpp"
#include "spikecast/random.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace spikecast {

using Position = std::array<double, 3>; ///< um; the third is 0 in two dimensions

/// The positions of one population. Space is divided into a grid of equal cells, each with a contiguous range of
/// members.
///
/// grid    Neuron i is at the centre of site i, the first axis fastest. A cell is a block of sites (about 16).
/// drawn   Uniform in the box: the numbers of neurons per cell (about 8 on average) are the multinomial split of the
///         population, key (seed, position, name); neurons are numbered cell by cell; the place in its cell is drawn
///         with key (seed, position, name + "/place"), neuron = index.
///
/// Cost of position(): one Philox block, plus for drawn positions a search in a table of at most 65,536 cells or, in
/// larger populations (above half a million), a descent of log2(cells) binomials. Const and thread-safe.
class PositionDirectory {
public:
    /// population.positions.kind must not be none.
    PositionDirectory(std::uint64_t seed, const Population& population);

    [[nodiscard]] Position position(std::uint64_t index) const;

    /// Distance (um) of two points, by the shortest way around where this population's space is periodic.
    [[nodiscard]] double distance(const Position& from, const Position& to) const noexcept;
    /// to - from along one axis, wrapped where periodic.
    [[nodiscard]] double displacement(double from, double to, std::size_t axis) const noexcept {
        const double d = to - from, extent = positions_.extent[axis];
        return positions_.periodic && extent > 0.0 ? d - extent * std::floor(d / extent + 0.5) : d;
    }

    [[nodiscard]] const Positions& positions() const noexcept { return positions_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    /// Cells along each axis (1 along the third in two dimensions); cell number = x + nx (y + ny z).
    [[nodiscard]] const std::array<std::uint64_t, 3>& cells() const noexcept { return cells_; }
    /// The box of a cell along an axis, in um. The last cell of a grid may reach beyond the last site.
    [[nodiscard]] double cell_low(std::size_t axis, std::uint64_t c) const noexcept {
        return low_[axis] + static_cast<double>(c) * side_[axis];
    }
    [[nodiscard]] const std::array<double, 3>& cell_side() const noexcept { return side_; }
    [[nodiscard]] double low(std::size_t axis) const noexcept { return low_[axis]; }
    /// The spacing of a grid's sites, 0 for drawn positions.
    [[nodiscard]] const std::array<double, 3>& spacing() const noexcept { return spacing_; }

    /// Members of a cell: how many, and (drawn) the index of the first.
    struct Members {
        std::uint64_t count;
        std::uint64_t first;
    };
    [[nodiscard]] Members members(const std::array<std::uint64_t, 3>& cell) const;
    /// False where members() descends a tree, so that it pays to remember what it said.
    [[nodiscard]] bool cheap_members() const noexcept { return !tree_ || !starts_.empty(); }
    /// Index of member m of a cell.
    [[nodiscard]] std::uint64_t member(const std::array<std::uint64_t, 3>& cell, const Members& members,
                                       std::uint64_t m) const noexcept;
    /// Position of a neuron whose cell is known.
    [[nodiscard]] Position position_in(const std::array<std::uint64_t, 3>& cell, std::uint64_t index) const noexcept;

    /// member() and position_in() at once.
    struct Place {
        std::uint64_t index;
        Position position;
    };
    [[nodiscard]] Place place(const std::array<std::uint64_t, 3>& cell, const Members& members,
                              std::uint64_t m) const noexcept {
        if (positions_.kind != Positions::Kind::grid) {
            const std::uint64_t index = members.first + m;
            return {index, position_in(cell, index)};
        }
        const std::array<std::uint64_t, 3> at = site_of(cell, m);
        Place result{at[0] + positions_.shape[0] * (at[1] + positions_.shape[1] * at[2]), {0, 0, 0}};
        for (std::size_t a = 0; a < positions_.dimensions; ++a)
            result.position[a] = coordinate(a, at[a]);
        return result;
    }

private:
    /// Sites of a grid's cell along an axis; the last cell may have fewer.
    [[nodiscard]] std::uint64_t block_extent(std::size_t axis, std::uint64_t c) const noexcept {
        const std::uint64_t sites = positions_.shape[axis] > 0 ? positions_.shape[axis] : 1;
        const std::uint64_t left = sites - c * block_[axis];
        return block_[axis] < left ? block_[axis] : left;
    }
    /// Where member m of a grid's cell is, by site.
    [[nodiscard]] std::array<std::uint64_t, 3> site_of(const std::array<std::uint64_t, 3>& cell,
                                                       std::uint64_t m) const noexcept {
        const std::uint64_t nx = block_extent(0, cell[0]), ny = block_extent(1, cell[1]);
        return {cell[0] * block_[0] + m % nx, cell[1] * block_[1] + m / nx % ny, cell[2] * block_[2] + m / (nx * ny)};
    }
    [[nodiscard]] double coordinate(std::size_t axis, std::uint64_t site) const noexcept {
        return low_[axis] + (static_cast<double>(site) + 0.5) * spacing_[axis];
    }
    [[nodiscard]] Position site(std::uint64_t index) const noexcept;

    Positions positions_;
    std::uint64_t size_;
    std::array<std::uint64_t, 3> cells_{1, 1, 1};
    std::array<std::uint64_t, 3> block_{1, 1, 1}; ///< sites in a cell, along each axis (grid)
    std::array<double, 3> low_{0, 0, 0}, side_{0, 0, 0}, spacing_{0, 0, 0};
    Key place_key_;
    std::optional<MultinomialTree> tree_;
    std::vector<std::uint64_t> starts_; ///< first index of each cell, where there are few enough
};

} // namespace spikecast
