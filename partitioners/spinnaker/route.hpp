// Routes nets as multicast trees, and counts what the trees cost.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <cstdint>
#include <vector>

namespace spikecast::mapping {

enum class RouteMethod : std::uint8_t {
    steiner,                 ///< one small tree for each set of chips, shared by all nets that have it
    ner,                     ///< neighbour exploring (Navaridas et al. 2015)
    longest_dimension_first, ///< every sink from the source alone, paths merged
};

struct RouteSettings {
    RouteMethod method = RouteMethod::steiner;
    std::uint64_t seed = 1;
    unsigned threads = 1;      ///< the result is the same for every number
    int congestion_rounds = 0; ///< times that nets over the busiest links are routed again around them
};

/// A tree of live links for every net. Paths that meet a fault go round it on the shortest way. Throws Refused where a
/// sink can't be reached.
[[nodiscard]] Routing route(const MachineGraph& graph, const Machine& machine, const Placement& placement,
                            const RouteSettings& settings);

/// Sum over nets of weight x chips in the tree, the source's counted.
[[nodiscard]] double tree_cost(const MachineGraph& graph, const Routing& routing);
/// No placement costs less: sum over nets of weight x ceil(distinct vertices / most cores on one chip), the bound of
/// the published protocol.
[[nodiscard]] double cost_floor(const MachineGraph& graph, const Machine& machine);
/// By 6 * chip + link: the weight of all nets that cross it.
[[nodiscard]] std::vector<double> link_loads(const MachineGraph& graph, const Machine& machine, const Routing& routing);
/// Weight x links between chips of different boards.
[[nodiscard]] double board_crossings(const MachineGraph& graph, const Machine& machine, const Routing& routing);

} // namespace spikecast::mapping
