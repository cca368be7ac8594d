#include "engine/network/positions.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace spikecast {
namespace {

Population population(Positions::Kind kind, std::uint64_t size, std::uint8_t dimensions) {
    Population p;
    p.name = "P";
    p.size = size;
    p.positions.kind = kind;
    p.positions.dimensions = dimensions;
    p.positions.extent = {300.0, 200.0, 100.0};
    p.positions.centre = {10.0, 20.0, 30.0};
    p.positions.shape = {size / 20, 10, 2};
    if (dimensions == 2) p.positions.shape = {size / 10, 10, 1};
    return p;
}

TEST(PositionDirectory, every_neuron_is_a_member_of_one_cell_and_lies_in_its_box) {
    for (const Positions::Kind kind : {Positions::Kind::grid, Positions::Kind::drawn}) {
        for (const std::uint8_t dimensions : {std::uint8_t{2}, std::uint8_t{3}}) {
            const PositionDirectory directory(5, population(kind, 2060, dimensions));
            std::set<std::uint64_t> seen;
            const auto cells = directory.cells();
            for (std::uint64_t z = 0; z < cells[2]; ++z) {
                for (std::uint64_t y = 0; y < cells[1]; ++y) {
                    for (std::uint64_t x = 0; x < cells[0]; ++x) {
                        const std::array<std::uint64_t, 3> cell{x, y, z};
                        const auto members = directory.members(cell);
                        for (std::uint64_t m = 0; m < members.count; ++m) {
                            const std::uint64_t index = directory.member(cell, members, m);
                            ASSERT_LT(index, 2060U);
                            EXPECT_TRUE(seen.insert(index).second);
                            const Position p = directory.position(index);
                            EXPECT_EQ(p, directory.position_in(cell, index));
                            for (std::size_t a = 0; a < dimensions; ++a) {
                                EXPECT_GE(p[a], directory.cell_low(a, cell[a]));
                                EXPECT_LE(p[a], directory.cell_low(a, cell[a]) + directory.cell_side()[a]);
                            }
                        }
                    }
                }
            }
            EXPECT_EQ(seen.size(), 2060U);
        }
    }
}

TEST(PositionDirectory, grid_sites_are_cell_centres_with_the_first_axis_fastest) {
    const PositionDirectory directory(5, population(Positions::Kind::grid, 2000, 3));
    EXPECT_DOUBLE_EQ(directory.position(0)[0], 10.0 - 150.0 + 1.5);
    EXPECT_DOUBLE_EQ(directory.position(1)[0], 10.0 - 150.0 + 4.5);
    EXPECT_DOUBLE_EQ(directory.position(100)[1], 20.0 - 100.0 + 30.0);
    EXPECT_DOUBLE_EQ(directory.position(1999)[2], 30.0 + 25.0);
}

TEST(PositionDirectory, drawn_positions_are_uniform) {
    // 100 equal squares that don't align with the directory's cells; Laurent-Massart with x = 14: below 1e-6.
    const PositionDirectory directory(6, population(Positions::Kind::drawn, 20000, 2));
    std::vector<double> counts(100);
    for (std::uint64_t i = 0; i < 20000; ++i) {
        const Position p = directory.position(i);
        const auto x = static_cast<std::size_t>((p[0] + 140.0) / 30.0),
                   y = static_cast<std::size_t>((p[1] + 80.0) / 20.0);
        ASSERT_LT(x, 10U);
        ASSERT_LT(y, 10U);
        counts[x + 10 * y] += 1.0;
    }
    double statistic = 0.0;
    for (const double c : counts)
        statistic += (c - 200.0) * (c - 200.0) / 200.0;
    EXPECT_LT(statistic, 99.0 + 2.0 * std::sqrt(14.0 * 99.0) + 28.0);
    EXPECT_GT(statistic, 99.0 - 2.0 * std::sqrt(14.0 * 99.0));
}

TEST(PositionDirectory, large_populations_descend_the_tree_to_the_same_places) {
    // Above the size of the table; members and position agree.
    const PositionDirectory directory(7, population(Positions::Kind::drawn, 100'000'000'000ULL, 2));
    EXPECT_FALSE(directory.cheap_members());
    const std::array<std::uint64_t, 3> cell{directory.cells()[0] / 3, directory.cells()[1] - 1, 0};
    const auto members = directory.members(cell);
    for (std::uint64_t m = 0; m < members.count; ++m) {
        const std::uint64_t index = directory.member(cell, members, m);
        EXPECT_EQ(directory.position(index), directory.position_in(cell, index));
    }
}

TEST(PositionDirectory, periodic_distances_go_the_shorter_way) {
    Population p = population(Positions::Kind::grid, 2000, 3);
    p.positions.periodic = true;
    const PositionDirectory directory(5, p);
    EXPECT_DOUBLE_EQ(directory.displacement(-130.0, 150.0, 0), -20.0);
    EXPECT_DOUBLE_EQ(directory.displacement(0.0, 40.0, 1), 40.0);
    EXPECT_DOUBLE_EQ(directory.distance({0, 0, 0}, {290.0, 200.0, 0.0}), 10.0);
}

} // namespace
} // namespace spikecast
