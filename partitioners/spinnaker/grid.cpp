#include "partitioners/spinnaker/grid.hpp"

namespace spikecast::mapping {

void straight_path(std::array<int, 2> vector, bool diagonal, bool longest_first, std::vector<std::uint8_t>& links) {
    links.clear();
    int dx = vector[0], dy = vector[1], dz = 0; // z: steps to the north-east
    if (diagonal && (dx < 0) == (dy < 0)) {
        dz = std::abs(dx) < std::abs(dy) ? dx : dy;
        dx -= dz;
        dy -= dz;
    }
    struct Leg {
        int length;
        std::uint8_t link;
    };
    std::array<Leg, 3> legs{{{std::abs(dx), static_cast<std::uint8_t>(dx > 0 ? 0 : 3)},
                             {std::abs(dz), static_cast<std::uint8_t>(dz > 0 ? 1 : 4)},
                             {std::abs(dy), static_cast<std::uint8_t>(dy > 0 ? 2 : 5)}}};
    std::stable_sort(legs.begin(), legs.end(), [longest_first](const Leg& a, const Leg& b) {
        return longest_first ? a.length > b.length : a.length < b.length;
    });
    for (const Leg& leg : legs)
        links.insert(links.end(), static_cast<std::size_t>(leg.length), leg.link);
}

void TreeBuilder::add(ChipId chip, std::uint32_t parent, int link) {
    mark_[chip] = stamp_;
    node_[chip] = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({chip, parent, static_cast<std::uint8_t>(link)});
}

void TreeBuilder::start(ChipId root) {
    if (++stamp_ == 0) {
        std::fill(mark_.begin(), mark_.end(), 0U);
        stamp_ = 1;
    }
    nodes_.clear();
    add(root, 0, 255);
}

ChipId TreeBuilder::nearest(ChipId target) const {
    ChipId best = nodes_.front().chip;
    int least = grid_.distance(best, target);
    for (const Node& n : nodes_)
        if (const int d = grid_.distance(n.chip, target); d < least) {
            least = d;
            best = n.chip;
        }
    return best;
}

bool TreeBuilder::connect(ChipId from, ChipId target, bool longest_first) {
    if (has(target)) return true;
    straight_path(grid_.vector(from, target), grid_.diagonal(), longest_first, links_);
    // The part after the path's last chip in the tree is what has to be added.
    ChipId at = from;
    std::size_t first = 0;
    ChipId start = from;
    for (std::size_t i = 0; i < links_.size(); ++i) {
        at = grid_.next(at, links_[i]);
        if (at == no_chip) return connect_around(target);
        if (has(at)) {
            start = at;
            first = i + 1;
        }
    }
    at = start;
    for (std::size_t i = first; i < links_.size(); ++i) {
        const std::uint32_t parent = node_[at];
        at = grid_.next(at, links_[i]);
        add(at, parent, links_[i]);
    }
    return true;
}

bool TreeBuilder::connect_around(ChipId target) {
    if (has(target)) return true;
    // Breadth first against the links' direction, from the target until a chip of the tree.
    if (seen_.empty()) {
        seen_.assign(grid_.chips(), 0);
        came_by_.assign(grid_.chips(), 0);
    }
    if (++search_ == 0) {
        std::fill(seen_.begin(), seen_.end(), 0U);
        search_ = 1;
    }
    queue_.assign(1, target);
    seen_[target] = search_;
    for (std::size_t i = 0; i < queue_.size(); ++i) {
        const ChipId c = queue_[i];
        for (int l = 0; l < link_count; ++l) {
            const ChipId before = grid_.before(c, l);
            if (before == no_chip || seen_[before] == search_) continue;
            seen_[before] = search_;
            came_by_[before] = static_cast<std::uint8_t>(l);
            if (has(before)) {
                ChipId at = before;
                while (at != target) {
                    const int link = came_by_[at];
                    const std::uint32_t parent = node_[at];
                    at = grid_.next(at, link);
                    add(at, parent, link);
                }
                return true;
            }
            queue_.push_back(before);
        }
    }
    return false;
}

} // namespace spikecast::mapping
