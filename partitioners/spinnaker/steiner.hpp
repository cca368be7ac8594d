// Small trees that join a set of chips, whichever of them sends.
#pragma once

#include "partitioners/spinnaker/grid.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikecast::mapping {

/// The nearest chip next (Takahashi and Matsuyama 1980), then better trees by points at which paths meet.
class SteinerBuilder {
public:
    /// The grid holds links that work both ways.
    explicit SteinerBuilder(const Grid& grid) : grid_(grid), tree_(grid) {}

    /// False where no live links join the chips. The result's root is the first chip; parents come before children.
    bool build(std::span<const ChipId> chips);
    [[nodiscard]] const std::vector<TreeBuilder::Node>& nodes() const noexcept { return tree_.nodes(); }

private:
    bool grow(std::span<const ChipId> chips, bool longest_first);

    const Grid& grid_;
    TreeBuilder tree_;
    std::vector<ChipId> left_;
    std::vector<int> distance_;
    std::vector<ChipId> nearest_;
};

} // namespace spikecast::mapping
