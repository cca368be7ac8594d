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

/// Cuts branches that end at none of the chips, and keeps the tree where it is the smallest so far.
void SteinerBuilder::keep(std::span<const ChipId> chips) {
    const auto& nodes = tree_.nodes();
    children_.assign(nodes.size(), 0);
    for (std::size_t i = 1; i < nodes.size(); ++i)
        ++children_[nodes[i].parent];
    for (const ChipId c : chips)
        children_[tree_.node(c)] += 8; // never a free end
    for (std::size_t i = nodes.size(); i-- > 1;)
        if (children_[i] == 0) --children_[nodes[i].parent];
    // The ends that were cut have no children left; those below them were cut before.
    pruned_.clear();
    number_.assign(nodes.size(), 0);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (i > 0 && children_[i] == 0) continue;
        number_[i] = static_cast<std::uint32_t>(pruned_.size());
        pruned_.push_back({nodes[i].chip, i == 0 ? 0 : number_[nodes[i].parent], nodes[i].link});
    }
    if (best_.empty() || pruned_.size() < best_.size()) best_.swap(pruned_);
}

int SteinerBuilder::spanning(const std::vector<ChipId>& chips) {
    const std::size_t n = chips.size();
    distance_.assign(n, std::numeric_limits<int>::max());
    work_ = chips;
    int sum = 0;
    ChipId current = work_[n - 1];
    for (std::size_t left = n - 1; left > 0; --left) {
        std::size_t best = 0;
        for (std::size_t i = 0; i < left; ++i) {
            distance_[i] = std::min(distance_[i], grid_.distance(current, work_[i]));
            if (distance_[i] < distance_[best]) best = i;
        }
        sum += distance_[best];
        current = work_[best];
        work_[best] = work_[left - 1];
        distance_[best] = distance_[left - 1];
    }
    return sum;
}

/// Extends points_ by meeting points as long as that shortens the spanning tree.
void SteinerBuilder::add_meeting_points() {
    constexpr std::size_t most_points = 32;
    constexpr std::size_t most_work = 200000;
    int x0 = 0, x1 = 0, y0 = 0, y1 = 0;
    const ChipId origin = points_[0];
    for (const ChipId c : points_) {
        const auto v = grid_.vector(origin, c);
        x0 = std::min(x0, v[0]);
        x1 = std::max(x1, v[0]);
        y0 = std::min(y0, v[1]);
        y1 = std::max(y1, v[1]);
    }
    const auto area = static_cast<std::size_t>(x1 - x0 + 1) * static_cast<std::size_t>(y1 - y0 + 1);
    if (area * points_.size() * points_.size() > most_work) return;
    int length = spanning(points_);
    while (points_.size() < most_points) {
        ChipId best = no_chip;
        for (int y = y0; y <= y1; ++y)
            for (int x = x0; x <= x1; ++x) {
                const ChipId c = grid_.offset(origin, x, y);
                if (c == no_chip || !grid_.connected(c)) continue;
                points_.push_back(c);
                const int with = spanning(points_);
                points_.pop_back();
                if (with < length) {
                    length = with;
                    best = c;
                }
            }
        if (best == no_chip) return;
        points_.push_back(best);
    }
}

bool SteinerBuilder::build(std::span<const ChipId> chips) {
    best_.clear();
    for (const bool longest_first : {true, false}) {
        if (!grow(chips, longest_first)) return false;
        keep(chips);
        if (best_.size() <= chips.size() || chips.size() < 3) return true; // none is smaller
    }
    points_.assign(chips.begin(), chips.end());
    add_meeting_points();
    if (points_.size() == chips.size()) return true;
    for (const bool longest_first : {true, false})
        if (grow(points_, longest_first)) keep(chips);
    return true;
}

} // namespace spikecast::mapping
