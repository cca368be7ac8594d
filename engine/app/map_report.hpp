// What a mapping amounts to, for people and for programs, and its stages as JSON.
#pragma once

#include "engine/app/map.hpp"
#include "engine/mapping/split.hpp"
#include "partitioners/spinnaker/pipeline.hpp"
#include "partitioners/spinnaker/traffic.hpp"

#include <optional>
#include <string>
#include <vector>

namespace spikecast {

/// Everything that a mapping found out; stages that weren't reached are empty.
struct MapResult {
    MapArguments arguments;
    std::string title;
    mapping::Machine machine;
    std::optional<Split> split; ///< of an experiment
    mapping::MachineGraph netlist;
    std::optional<mapping::Mapped> mapped;
    std::optional<mapping::TrafficReport> traffic;
    std::vector<mapping::Demand> demands;
    std::optional<mapping::SmallestMachine> smallest;
    std::string refusal; ///< why nothing was placed
    std::vector<mapping::StageTime> seconds;
    std::vector<std::string> notes;

    [[nodiscard]] const mapping::MachineGraph& graph() const { return split ? split->graph : netlist; }
    /// All demands are met, everything was placed, and the tables are right.
    [[nodiscard]] bool fits() const;
    [[nodiscard]] bool verified() const { return mapped && mapped->verified.ok(); }
    /// "cores", "router entries", ...: what isn't met by most, or else comes closest to its limit.
    [[nodiscard]] std::string binding_constraint() const;
    /// What doesn't fit and what would, in sentences; empty where it fits.
    [[nodiscard]] std::string why_not() const;
};

/// JSON, indented, one object. No newline at the end.
[[nodiscard]] std::string map_report_json(const MapResult& result);
/// A table of at most 100 columns. Ends with a newline.
[[nodiscard]] std::string map_report_table(const MapResult& result);
/// The stages: graph, machine, placements, allocations, routes, routing_keys and routing_tables, by the names of the
/// place-and-route interchange format where it has them. Cores are numbered as the hardware does, the monitor being 0.
[[nodiscard]] std::string map_stages_json(const MapResult& result);

} // namespace spikecast
