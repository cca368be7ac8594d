// Takes load off the busiest links by routing nets again.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

namespace spikecast::mapping {

/// Up to `rounds` times: every net over a link of nearly the largest load gets a new tree along links that are cheap
/// while their load is low (cost 1 + (load / largest)^4 x 64), and keeps it where the busiest link of the new tree,
/// with the net on it, carries less than the busiest of the old one. Ends when the largest load stays. The largest load
/// never grows.
void relieve_links(const MachineGraph& graph, const Machine& machine, const Placement& placement, Routing& routing,
                   int rounds);

} // namespace spikecast::mapping
