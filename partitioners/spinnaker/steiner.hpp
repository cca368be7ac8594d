// Small trees that join a set of chips, whichever of them sends.
#pragma once

#include "partitioners/spinnaker/grid.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikecast::mapping {

/// The nearest chip next (Takahashi and Matsuyama 1980) with both orders of dimensions, then with points at which paths
/// meet, one after the other the point that shortens the spanning tree most (Kahng and Robins 1992). The smallest tree
/// wins.
class SteinerBuilder {
public:
    /// The grid holds links that work both ways.
    explicit SteinerBuilder(const Grid& grid) : grid_(grid), tree_(grid) {}

    /// False where no live links join the chips. The result's root is the first chip; parents come before children.
    bool build(std::span<const ChipId> chips);
    [[nodiscard]] const std::vector<TreeBuilder::Node>& nodes() const noexcept { return best_; }

private:
    bool grow(std::span<const ChipId> chips, bool longest_first);
    void keep(std::span<const ChipId> chips);
    [[nodiscard]] int spanning(const std::vector<ChipId>& chips);
    void add_meeting_points();

    const Grid& grid_;
    TreeBuilder tree_;
    std::vector<TreeBuilder::Node> best_, pruned_;
    std::vector<ChipId> left_, points_, work_;
    std::vector<int> distance_;
    std::vector<ChipId> nearest_;
    std::vector<std::uint32_t> children_, number_;
};

} // namespace spikecast::mapping
