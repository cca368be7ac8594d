#include "partitioners/spinnaker/steiner.hpp"

#include <limits>

namespace spikecast::mapping {

bool SteinerBuilder::grow(std::span<const ChipId> chips, bool longest_first) {
    tree_.start(chips[0]);
    left_.assign(chips.begin() + 1, chips.end());
    distance_.assign(left_.size(), std::numeric_limits<int>::max());
    nearest_.assign(left_.size(), no_chip);
    std::size_t known = 0; // nodes of the tree whose distances are in
    while (!left_.empty()) {
        for (; known < tree_.nodes().size(); ++known) {
            const ChipId c = tree_.nodes()[known].chip;
            for (std::size_t i = 0; i < left_.size(); ++i)
                if (const int d = grid_.distance(c, left_[i]); d < distance_[i]) {
                    distance_[i] = d;
                    nearest_[i] = c;
                }
        }
        std::size_t best = 0;
        for (std::size_t i = 1; i < left_.size(); ++i)
            if (distance_[i] < distance_[best]) best = i;
        if (!tree_.connect(nearest_[best], left_[best], longest_first)) return false;
        left_[best] = left_.back();
        distance_[best] = distance_.back();
        nearest_[best] = nearest_.back();
        left_.pop_back();
        distance_.pop_back();
        nearest_.pop_back();
    }
    return true;
}

bool SteinerBuilder::build(std::span<const ChipId> chips) {
    return grow(chips, true);
}

} // namespace spikecast::mapping
