// A SpiNNaker-like machine as a value: chips on a hexagonal torus or mesh, what each chip has, and what is missing.
#pragma once

#include "spikecast/error.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
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

    std::uint64_t dtcm_bytes = 0;       ///< of each core; 0: nothing is known of it
    bool has_sdram = true;              ///< false: chips have none, and cores hold what others keep there
    double clock_mhz = 0.0;             ///< of cores that run programs; 0: they don't
    std::uint32_t fan_in = 0;           ///< synapses that a neuron can have; 0: bounded by memory alone
    std::uint32_t neurons_per_core = 0; ///< 0: bounded by memory and time alone
    std::string not_modelled;           ///< what the real machine has beyond this description; empty: nothing known

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

struct MachineSpec {
    /// mesh:WxH, torus:WxH (chips); spin3 (2 x 2 chips, wrapped), spin5 (one board of 48 chips), spin5:WxH (W x H
    /// triads of three boards, without wrap-around links), spin5-torus:WxH (the same, wrapped: 12 W x 12 H chips) and
    /// full (the machine of 1200 boards, spin5-torus:20x20).
    std::string shape = "spin5";
    std::string profile = "spinnaker"; ///< spinnaker, spinnaker2, truenorth or loihi
    std::optional<int> cores_per_chip; ///< application cores; the profile's number where there is none
    std::uint64_t sdram_per_chip = 0;  ///< bytes; 0: the profile's
    std::uint64_t dtcm_per_core = 0;   ///< bytes; 0: the profile's
    std::uint32_t router_entries = 0;  ///< of a chip, that an application may use; 0: the profile's
};
inline constexpr std::uint64_t most_chip_bytes = std::uint64_t{1} << 44; ///< of SDRAM and of DTCM
inline constexpr std::uint32_t most_router_entries = std::uint32_t{1} << 30;
/// Throws InputError for an unknown shape or profile, and for sizes out of bounds (2^20 chips).
[[nodiscard]] Machine make_machine(const MachineSpec& spec);

/// What doesn't work, in SpiNNaker's own notation.
struct Faults {
    struct Item {
        std::array<int, 3> at; ///< x, y and core or link (0 for chips)
        Where where;
    };
    std::vector<Item> chips;
    std::vector<Item> cores; ///< cores as the hardware numbers them: 0 is the monitor's
    std::vector<Item> links; ///< one way: out of (x, y); both lines for a link that is dead in both directions
};
/// Lines `down_chips = x,y:x,y`, `down_cores = x,y,c:...` and `down_links = x,y,l:...`; items are separated by colons,
/// white space or lines, # and ; start a comment, a [section] line is passed over. Throws InputError with everything
/// that is wrong, each with its place; files of more than 64 MiB are refused.
[[nodiscard]] Faults parse_faults(std::string_view text, const std::string& file);
[[nodiscard]] Faults read_faults(const std::string& path);
/// Takes the faults off the machine. SpiNNaker numbers the cores that work consecutively, so a dead core makes the
/// number of a chip's cores smaller by one. A dead chip's links are dead in both directions. Throws InputError for
/// chips, cores and links that the machine doesn't have.
void apply_faults(Machine& machine, const Faults& faults);
/// Faults by chance, for tests: each live chip is dead with the first probability, each direction of a link with the
/// second. Keyed draws: the same for equal seeds on every machine.
[[nodiscard]] Faults random_faults(const Machine& machine, double chips, double links, std::uint64_t seed);

} // namespace spikecast::mapping
