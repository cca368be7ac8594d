// From an experiment or a netlist to verified tables, and whether it fits the machine.
#pragma once

#include "engine/mapping/split.hpp"
#include "partitioners/spinnaker/pipeline.hpp"
#include "partitioners/spinnaker/traffic.hpp"
#include "spikecast/experiment.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spikecast {

/// Everything that a mapping found out; stages that weren't reached are empty.
struct NetworkMapping {
    mapping::Machine machine;
    std::optional<Split> split; ///< of an experiment
    mapping::MachineGraph netlist;
    std::optional<mapping::Mapped> mapped;
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

struct MapSettings {
    mapping::MachineSpec machine; ///< shape "auto": the smallest on which all vertices find room
    std::string faults;           ///< file; empty: nothing is broken
    mapping::PipelineSettings pipeline;
    SplitSettings split;
    mapping::TrafficSettings traffic; ///< for what links take
};

/// Hears of each stage when it begins (done 0), as it goes on where that is known, and at its end (done = of).
using MapWatch = std::function<void(const std::string& stage, double done, double of)>;

/// Times a stage that the watch is told of.
void timed_stage(NetworkMapping& mapping, const std::string& name, const MapWatch& watch,
                 const std::function<void()>& work);

/// The machine; for "auto" one chip, which has the properties of all, until map_network() finds the size. Throws
/// InputError.
[[nodiscard]] mapping::Machine first_machine(const MapSettings& settings);

/// Fills the rest of a mapping whose machine is there, and its netlist where there is no experiment. What doesn't fit
/// is no exception, but an experiment that can't be split is (InputError), and so is "auto" where nothing is large
/// enough (Refused). Collective on one rank only.
void map_network(NetworkMapping& mapping, const Experiment* experiment, const MapSettings& settings,
                 const MapWatch& watch = {});

/// "12.3 KiB", "1.2 M packets/s"
[[nodiscard]] std::string amount_text(double value, const std::string& unit);
/// "spin5:2x2 (12 boards, 576 chips)"
[[nodiscard]] std::string smallest_text(const mapping::SmallestMachine& smallest);

} // namespace spikecast
