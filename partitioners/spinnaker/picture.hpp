// A picture of a mapping on the hexagonal grid, as SVG: cores in use, load of links, fill of router tables.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <string>
#include <vector>

namespace spikecast::mapping {

struct PictureText {
    std::string title;
    std::string subtitle;
    std::string load_unit; ///< of link_loads: "packets/s", or "weight"
};

/// East is to the right, north-east up to the right, north up to the left, so that the six links of a chip are the six
/// sides of its hexagon. A link is drawn towards each side it leaves by, as wide and bright as it is loaded; dead chips
/// and links are grey. Three panels. link_loads is by 6 * chip + link.
[[nodiscard]] std::string picture(const MachineGraph& graph, const Machine& machine, const Placement& placement,
                                  const std::vector<double>& link_loads, const Tables& tables, const PictureText& text);

} // namespace spikecast::mapping
