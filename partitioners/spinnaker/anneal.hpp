// Simulated annealing of clusters on sites. A site is a chip, or at a coarse level a square of chips.
#pragma once

#include "partitioners/spinnaker/problem.hpp"
#include "spikecast/random.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace spikecast::mapping {

/// y << shift | x.
using SiteId = std::uint32_t;
inline constexpr SiteId no_site = std::numeric_limits<SiteId>::max();

struct Room {
    std::uint32_t cores = 0;
    std::uint64_t sdram = 0;
    [[nodiscard]] bool fits(std::uint32_t c, std::uint64_t s) const noexcept { return c <= cores && s <= sdram; }
};

/// The plane of sites, and the window of it in which clusters may move.
struct Sites {
    int width = 0, height = 0;
    unsigned shift = 0;
    bool wraps = false, diagonal = true;
    int x0 = 0, y0 = 0, w = 0, h = 0;
    std::vector<Room> room; ///< by site of the window, row by row; nothing where no cluster may go
    /// Distances by (from << table_bits | to) where they aren't those of a plane without faults; empty otherwise.
    std::vector<std::uint16_t> table;
    unsigned table_bits = 0;

    /// A window of the whole plane.
    void set_size(int plane_width, int plane_height);
    /// Fills the table with the plane's own distances, where it stays small: looking them up is faster.
    void tabulate();

    [[nodiscard]] SiteId id(int x, int y) const noexcept {
        return static_cast<SiteId>(y) << shift | static_cast<SiteId>(x);
    }
    [[nodiscard]] int x(SiteId s) const noexcept { return static_cast<int>(s & ((SiteId{1} << shift) - 1)); }
    [[nodiscard]] int y(SiteId s) const noexcept { return static_cast<int>(s >> shift); }
    [[nodiscard]] bool inside(SiteId s) const noexcept {
        return x(s) >= x0 && y(s) >= y0 && x(s) < x0 + w && y(s) < y0 + h;
    }
    [[nodiscard]] std::size_t index(SiteId s) const noexcept {
        return static_cast<std::size_t>(y(s) - y0) * static_cast<std::size_t>(w) + static_cast<std::size_t>(x(s) - x0);
    }
    [[nodiscard]] int norm(int dx, int dy) const noexcept;
    [[nodiscard]] int norm_wrapped(int dx, int dy) const noexcept;
    [[nodiscard]] int distance(SiteId a, SiteId b) const noexcept {
        if (!table.empty()) return table[std::size_t{a} << table_bits | b];
        const int dx = x(b) - x(a), dy = y(b) - y(a);
        return wraps ? norm_wrapped(dx, dy) : norm(dx, dy);
    }
};

struct Schedule {
    std::uint64_t moves = 0;
    double hot = 1.0;   ///< first temperature over the mean change of a random move's cost
    double cold = 1e-3; ///< last temperature over the same
    int radius = 0;     ///< of the window of moves at first; 0: half of the plane
    bool quench = true; ///< the last moves accept nothing that costs more
};

/// Minimises the sum over edges of weight x (1 + length of the minimum spanning tree of its sites). The first `movable`
/// clusters move, the others stay where they are and take no room.
class Annealer {
public:
    Annealer(const Hypergraph& h, std::size_t movable, const Sites& sites, std::vector<SiteId> position);

    void run(const Schedule& schedule, Key key, std::uint64_t stream);
    [[nodiscard]] double cost() const;
    /// Steps of work that a move takes on average, for budgets.
    [[nodiscard]] double work_per_move() const;
    [[nodiscard]] const std::vector<SiteId>& position() const noexcept { return position_; }

private:
    struct Moved {
        std::uint32_t cluster;
        SiteId from, to;
    };
    struct Draws;
    struct Touched {
        std::uint32_t edge;
        int net; ///< pins that go from moved_[0].from to moved_[0].to, less those that go back
        int length;
    };

    [[nodiscard]] bool joined(const SiteId* sites, std::size_t n) const;
    [[nodiscard]] int spanning(const SiteId* sites, std::size_t n) const;
    [[nodiscard]] int edge_length(std::uint32_t e) const;
    [[nodiscard]] int length_after(const Touched& touched);
    void add_pins(std::uint32_t e, SiteId site, int pins);
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
    std::vector<Touched> touched_;
    std::vector<std::uint32_t> touched_at_; ///< by edge: its number in touched_
    std::vector<SiteId> sites_after_;
    mutable std::vector<std::uint32_t> work_, mark_;
    mutable std::uint32_t mark_now_ = 0;
};

} // namespace spikecast::mapping
