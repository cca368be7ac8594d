// What a mapping amounts to, for people and for programs, and its stages as JSON.
#pragma once

#include "engine/app/map.hpp"
#include "engine/mapping/map_network.hpp"
#include "partitioners/spinnaker/traffic.hpp"

#include <optional>
#include <string>

namespace spikecast {

/// A mapping that was asked for on the command line.
struct MapResult : NetworkMapping {
    MapArguments arguments;
    MachineSettings used; ///< of the arguments and of the experiment's [machine]
    std::string title;
    std::optional<mapping::TrafficReport> traffic;
};

/// JSON, indented, one object. No newline at the end.
[[nodiscard]] std::string map_report_json(const MapResult& result);
/// A table of at most 100 columns. Ends with a newline.
[[nodiscard]] std::string map_report_table(const MapResult& result);
/// The stages: graph, machine, placements, allocations, routes, routing_keys and routing_tables, by the names of the
/// place-and-route interchange format where it has them. Cores are numbered as the hardware does, the monitor being 0.
[[nodiscard]] std::string map_stages_json(const MapResult& result);

} // namespace spikecast
