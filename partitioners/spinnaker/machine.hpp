// A SpiNNaker-like machine as a value: chips on a hexagonal torus or mesh, what each chip has, and what is missing.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace spikecast::mapping {

/// Number of a chip: y * width + x.
using ChipId = std::uint32_t;
inline constexpr ChipId no_chip = std::numeric_limits<ChipId>::max();

inline constexpr int link_count = 6;
/// Links are numbered 0 E, 1 NE, 2 N, 3 W, 4 SW, 5 S.
inline constexpr std::array<std::array<int, 2>, link_count> link_steps{
    {{1, 0}, {1, 1}, {0, 1}, {-1, 0}, {-1, -1}, {0, -1}}};
[[nodiscard]] constexpr int opposite(int link) noexcept {
    return (link + 3) % link_count;
}

/// What one chip has. Cores are application cores; the monitor's is not among them.
struct ChipResources {
    std::uint16_t cores = 0;
    std::uint32_t router_entries = 0; ///< that an application may use
    std::uint64_t sdram_bytes = 0;
};

struct Machine {
    std::string name;    ///< as it was asked for: "spin5:3x3"
    std::string profile; ///< "spinnaker", "spinnaker2", "truenorth", "loihi"
    int width = 0, height = 0;
    bool wraps = false; ///< a torus

    std::vector<std::uint8_t> alive;      ///< by chip
    std::vector<std::uint8_t> links;      ///< by chip: bit l is set where a packet can leave by link l (one-way)
    std::vector<ChipResources> resources; ///< by chip; all 0 where it is dead
    std::vector<std::uint16_t> board;     ///< by chip: number of its board; 0 everywhere on machines without boards

    std::uint64_t dtcm_bytes = 0; ///< of each core
    double clock_mhz = 0.0;

    [[nodiscard]] std::size_t chips() const noexcept { return alive.size(); }
    [[nodiscard]] ChipId chip(int x, int y) const noexcept { return static_cast<ChipId>(y * width + x); }
    [[nodiscard]] int x(ChipId c) const noexcept { return static_cast<int>(c) % width; }
    [[nodiscard]] int y(ChipId c) const noexcept { return static_cast<int>(c) / width; }
    /// The chip at the other end of a link, whether it works or not; no_chip beyond the edge of a mesh.
    [[nodiscard]] ChipId neighbour(ChipId c, int link) const noexcept {
        int nx = x(c) + link_steps[static_cast<std::size_t>(link)][0];
        int ny = y(c) + link_steps[static_cast<std::size_t>(link)][1];
        if (wraps) {
            nx = (nx + width) % width;
            ny = (ny + height) % height;
        } else if (nx < 0 || ny < 0 || nx >= width || ny >= height) {
            return no_chip;
        }
        return chip(nx, ny);
    }
    [[nodiscard]] bool has_link(ChipId c, int link) const noexcept { return (links[c] >> link & 1) != 0; }
};

} // namespace spikecast::mapping
