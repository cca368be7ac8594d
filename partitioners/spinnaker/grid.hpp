// The machine's links as tables, distances on it, and the work space in which trees grow chip by chip.
#pragma once

#include "partitioners/spinnaker/machine.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace spikecast::mapping {

class Grid {
public:
    /// With both_ways, links that work in one direction only are left out.
    Grid(const Machine& machine, bool both_ways)
        : width_(machine.width), height_(machine.height), wraps_(machine.wraps) {
        const auto n = static_cast<ChipId>(machine.chips());
        next_.assign(std::size_t{n} * link_count, no_chip);
        before_.assign(std::size_t{n} * link_count, no_chip);
        position_.resize(n);
        for (ChipId c = 0; c < n; ++c) {
            position_[c] = {static_cast<std::int16_t>(machine.x(c)), static_cast<std::int16_t>(machine.y(c))};
            for (int l = 0; l < link_count; ++l) {
                if (!machine.has_link(c, l)) continue;
                const ChipId other = machine.neighbour(c, l);
                if (other == no_chip || machine.alive[other] == 0 || machine.alive[c] == 0) continue;
                if (both_ways && !machine.has_link(other, opposite(l))) continue;
                next_[std::size_t{c} * link_count + static_cast<std::size_t>(l)] = other;
                before_[std::size_t{other} * link_count + static_cast<std::size_t>(l)] = c;
                if (l == 1 || l == 4) diagonal_ = true;
            }
        }
    }

    [[nodiscard]] std::size_t chips() const noexcept { return position_.size(); }
    /// The chip that a live link leads to, or no_chip.
    [[nodiscard]] ChipId next(ChipId c, int link) const noexcept {
        return next_[std::size_t{c} * link_count + static_cast<std::size_t>(link)];
    }
    /// The chip whose live link of that number leads here, or no_chip.
    [[nodiscard]] ChipId before(ChipId c, int link) const noexcept {
        return before_[std::size_t{c} * link_count + static_cast<std::size_t>(link)];
    }
    /// The chip at a vector from another; no_chip beyond the edge.
    [[nodiscard]] ChipId offset(ChipId from, int dx, int dy) const noexcept {
        int nx = x(from) + dx, ny = y(from) + dy;
        if (wraps_) {
            nx = (nx % width_ + width_) % width_;
            ny = (ny % height_ + height_) % height_;
        } else if (nx < 0 || ny < 0 || nx >= width_ || ny >= height_) {
            return no_chip;
        }
        return static_cast<ChipId>(ny * width_ + nx);
    }
    [[nodiscard]] bool connected(ChipId c) const noexcept {
        for (int l = 0; l < link_count; ++l)
            if (next(c, l) != no_chip) return true;
        return false;
    }
    /// The shortest vector, wrapped where the machine wraps.
    [[nodiscard]] std::array<int, 2> vector(ChipId from, ChipId to) const noexcept {
        int dx = position_[to][0] - position_[from][0], dy = position_[to][1] - position_[from][1];
        if (!wraps_) return {dx, dy};
        const int ox = dx > 0 ? dx - width_ : dx + width_, oy = dy > 0 ? dy - height_ : dy + height_;
        std::array<int, 2> best{dx, dy};
        int length = norm(dx, dy);
        for (const std::array<int, 2> v : {std::array{ox, dy}, std::array{dx, oy}, std::array{ox, oy}})
            if (const int d = norm(v[0], v[1]); d < length) {
                length = d;
                best = v;
            }
        return best;
    }
    /// Hops on a machine without faults.
    [[nodiscard]] int distance(ChipId a, ChipId b) const noexcept {
        const auto v = vector(a, b);
        return norm(v[0], v[1]);
    }
    [[nodiscard]] int norm(int dx, int dy) const noexcept {
        const int ax = std::abs(dx), ay = std::abs(dy);
        return diagonal_ && (dx < 0) == (dy < 0) ? std::max(ax, ay) : ax + ay;
    }
    [[nodiscard]] bool diagonal() const noexcept { return diagonal_; }
    [[nodiscard]] int x(ChipId c) const noexcept { return position_[c][0]; }
    [[nodiscard]] int y(ChipId c) const noexcept { return position_[c][1]; }
    [[nodiscard]] int width() const noexcept { return width_; }
    [[nodiscard]] int height() const noexcept { return height_; }
    [[nodiscard]] bool wraps() const noexcept { return wraps_; }

private:
    int width_, height_;
    bool wraps_, diagonal_ = false;
    std::vector<ChipId> next_, before_;
    std::vector<std::array<std::int16_t, 2>> position_;
};

/// A tree under construction, and marks by chip that are cleared in no time.
class TreeBuilder {
public:
    struct Node {
        ChipId chip;
        std::uint32_t parent;
        std::uint8_t link;
    };

    explicit TreeBuilder(const Grid& grid) : grid_(grid), mark_(grid.chips(), 0), node_(grid.chips(), 0) {}

    void start(ChipId root);
    [[nodiscard]] const std::vector<Node>& nodes() const noexcept { return nodes_; }
    [[nodiscard]] bool has(ChipId c) const noexcept { return mark_[c] == stamp_; }
    [[nodiscard]] std::uint32_t node(ChipId c) const noexcept { return node_[c]; }
    /// The tree's chip nearest to `target`; the first of equals.
    [[nodiscard]] ChipId nearest(ChipId target) const;
    /// Connects `target` along the straight path from a chip of the tree, dimensions in the given order of preference
    /// (longest first, or its opposite); round faults on the shortest way from anywhere in the tree. False where no
    /// live path exists.
    bool connect(ChipId from, ChipId target, bool longest_first = true);
    /// The shortest live way from anywhere in the tree.
    bool connect_around(ChipId target);

private:
    void add(ChipId chip, std::uint32_t parent, int link);

    const Grid& grid_;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> mark_, node_;
    std::uint32_t stamp_ = 0;
    std::vector<std::uint8_t> links_;
    std::vector<std::uint32_t> seen_;
    std::vector<std::uint8_t> came_by_;
    std::uint32_t search_ = 0;
    std::vector<ChipId> queue_;
};

/// Links of the straight path along a vector: one dimension after the other.
void straight_path(std::array<int, 2> vector, bool diagonal, bool longest_first, std::vector<std::uint8_t>& links);

} // namespace spikecast::mapping
