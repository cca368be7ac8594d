// Simulated annealing of clusters on sites. A site is a chip, or at a coarse level a square of chips.
#pragma once

#include "partitioners/spinnaker/problem.hpp"
#include "spikecast/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace spikecast::mapping {

using SiteId = std::uint32_t;
inline constexpr SiteId no_site = std::numeric_limits<SiteId>::max();

struct Room {
    std::uint32_t cores = 0;
    std::uint64_t sdram = 0;
    [[nodiscard]] bool fits(std::uint32_t c, std::uint64_t s) const noexcept { return c <= cores && s <= sdram; }
};

struct Sites {
    int width = 0, height = 0;
    bool wraps = false, diagonal = true;
    std::vector<Room> room; ///< by site: y * width + x; nothing where no cluster may go

    [[nodiscard]] int norm(int dx, int dy) const noexcept;
    [[nodiscard]] int distance(SiteId a, SiteId b) const noexcept;
};

struct Schedule {
    std::uint64_t moves = 0;
    double hot = 1.0;   ///< first temperature over the mean change of a random move's cost
    double cold = 1e-3; ///< last temperature over the same
};

/// Minimises the sum over edges of weight x (1 + length of the minimum spanning tree of its sites). The first `movable`
/// clusters move, the others stay where they are and take no room.
class Annealer {
public:
    Annealer(const Hypergraph& h, std::size_t movable, const Sites& sites, std::vector<SiteId> position);

    void run(const Schedule& schedule, Key key, std::uint64_t stream);
    [[nodiscard]] double cost() const;
    [[nodiscard]] const std::vector<SiteId>& position() const noexcept { return position_; }

private:
    struct Moved {
        std::uint32_t cluster;
        SiteId from, to;
    };
    struct Draws;

    [[nodiscard]] int spanning(const SiteId* sites, std::size_t n) const;
    [[nodiscard]] int edge_length(std::uint32_t e) const;
    bool shift_pin(std::uint32_t e, SiteId from, SiteId to);
    bool propose(Draws& draws, int radius);
    double change();
    void take_back();
    void commit();
    void put(std::uint32_t cluster, SiteId site);
    void take(std::uint32_t cluster);

    const Hypergraph& h_;
    std::size_t movable_;
    const Sites& sites_;
    std::vector<SiteId> position_;
    std::vector<Room> room_;                      ///< what is left
    std::vector<std::array<std::int16_t, 2>> at_; ///< coordinates of sites

    // Clusters of each site.
    std::vector<std::uint64_t> slots_begin_;
    std::vector<std::uint32_t> slots_, count_, slot_;

    // Edges of more pins than `small` keep the distinct sites that they touch, with how many pins each.
    static constexpr std::size_t small = 4;
    std::vector<std::uint64_t> list_begin_;
    std::vector<std::uint32_t> list_size_;
    std::vector<SiteId> list_site_;
    std::vector<std::uint32_t> list_count_;

    std::vector<int> length_; ///< by edge
    std::vector<std::uint32_t> stamp_;
    std::uint32_t now_ = 0;
    std::vector<Moved> moved_;
    struct Touched {
        std::uint32_t edge;
        int length;
        bool changed;
    };
    std::vector<Touched> touched_;
    std::vector<std::uint32_t> touched_at_; ///< by edge: its number in touched_
    mutable std::vector<int> work_;
};

} // namespace spikecast::mapping
