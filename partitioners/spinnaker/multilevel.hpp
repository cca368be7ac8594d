// Placement of large graphs: vertices that belong together are merged, level by level, while squares of chips become
// sites; the smallest graph is annealed on the coarsest sites, and its solution is refined on the way back.
#pragma once

#include "partitioners/spinnaker/anneal.hpp"

#include <cstdint>
#include <vector>

namespace spikecast::mapping {

/// Positions of all clusters with room for each, the same for every number of threads. `start` is a valid solution:
/// where packing fails on the way down, or the graph has few clusters, annealing starts there.
[[nodiscard]] std::vector<SiteId> place_multilevel(const Hypergraph& h, const Sites& sites,
                                                   const std::vector<SiteId>& start, double effort, Key key,
                                                   unsigned threads);

} // namespace spikecast::mapping
