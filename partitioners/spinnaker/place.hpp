// Places vertices on chips and gives them cores.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikecast::mapping {

enum class PlaceMethod : std::uint8_t {
    hilbert, ///< vertices breadth first along a Hilbert curve of chips
    random,  ///< any chip with room
    best     ///< multilevel partition, then simulated annealing
};
/// What PlaceMethod::best makes small; the others look at no cost.
enum class Objective : std::uint8_t {
    tree_cost,      ///< sum of weight x chips in the net's tree
    max_link_load,  ///< weight over the busiest link after routing round it: the best of eight placements of small tree
                    ///< cost
    table_entries,  ///< chips in trees, each set of chips alike: entries before minimisation
    board_crossings ///< tree cost in which a hop between boards counts as 20, up to 64 x 64 chips
};

struct PlaceSettings {
    PlaceMethod method = PlaceMethod::best;
    Objective objective = Objective::tree_cost;
    std::uint64_t seed = 1;
    unsigned threads = 1; ///< the result is the same for every number
    double effort = 1.0;  ///< scales the number of moves
};

/// A placement that keeps every same-chip constraint and every chip's cores and SDRAM, on one part of the machine whose
/// chips all reach each other. Throws Refused, with the reason, where none was found.
[[nodiscard]] Placement place(const MachineGraph& graph, const Machine& machine, const PlaceSettings& settings);

/// Sets first_core: the vertices of a chip in order, each on consecutive cores.
void allocate_cores(const MachineGraph& graph, const Machine& machine, Placement& placement);

/// The chips of the largest set (by cores, then by lowest chip) that all reach each other over live links; ascending.
[[nodiscard]] std::vector<ChipId> usable_chips(const Machine& machine);

/// Chips in the order of a Hilbert curve over the machine's bounding square.
[[nodiscard]] std::vector<ChipId> hilbert_order(const Machine& machine, std::span<const ChipId> chips);

} // namespace spikecast::mapping
