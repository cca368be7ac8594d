// From machine graph to verified tables: the stages in their order, each timed, and what the result asks of the
// machine.
#pragma once

#include "partitioners/spinnaker/keys.hpp"
#include "partitioners/spinnaker/mapping.hpp"
#include "partitioners/spinnaker/place.hpp"
#include "partitioners/spinnaker/route.hpp"
#include "partitioners/spinnaker/tables.hpp"
#include "partitioners/spinnaker/verify.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spikecast::mapping {

struct PipelineSettings {
    PlaceSettings place;
    RouteSettings route;
    KeyOptions keys;
    MinimiseOptions minimise;
};

/// Something that a machine has so much of.
struct Demand {
    std::string name; ///< "cores", "SDRAM", "router entries", "link load", "real time", "DTCM"
    double used = 0.0, available = 0.0;
    std::string unit;  ///< "" for counts
    std::string where; ///< what needs most of it, for people
    std::string remedy;
    [[nodiscard]] bool met() const noexcept { return used <= available; }
    [[nodiscard]] double share() const noexcept {
        return available > 0.0 ? used / available : (used > 0.0 ? 1e9 : 0.0);
    }
};
/// The demand that isn't met by most, else the one that comes closest to what there is. nullptr where there is none.
[[nodiscard]] const Demand* binding(const std::vector<Demand>& demands);

struct StageTime {
    std::string name;
    double seconds = 0.0;
    double processor_seconds = 0.0; ///< of all threads together
};

struct Mapped {
    Placement placement;
    Routing routing;
    Keys keys;
    Tables tables;                          ///< minimised, what is loaded
    std::vector<TableReport> table_reports; ///< by chip
    VerifyResult verified;
    double cost = 0.0, floor = 0.0;
    std::vector<double> link_loads; ///< by 6 * chip + link, in units of weight
    std::vector<StageTime> stages;
};

/// Called before each stage with its name, and with an empty one at the end.
using StageWatch = std::function<void(const std::string& stage)>;

/// Places, routes, chooses keys, builds and minimises tables, verifies. Throws Refused where the graph doesn't fit.
/// Wrong tables are no exception: `verified` says so.
[[nodiscard]] Mapped run_pipeline(const MachineGraph& graph, const Machine& machine, const PipelineSettings& settings,
                                  const StageWatch& watch = {});

struct TableSizes {
    std::size_t worst = 0, total = 0;
    ChipId worst_chip = no_chip;
    std::size_t worst_before = 0, total_before = 0; ///< an entry for each net whose tree has the chip
    std::size_t worst_floor = 0;                    ///< what no table of the chip with the largest one can be below
    std::size_t most_over_floor = 0; ///< the most entries that any table has beyond that bound of its own
};
[[nodiscard]] TableSizes table_sizes(const Mapped& mapped);

/// What the graph asks of the machine before anything is placed (cores, SDRAM), and what the tables take of routers.
[[nodiscard]] std::vector<Demand> graph_demands(const MachineGraph& graph, const Machine& machine);
[[nodiscard]] Demand table_demand(const Machine& machine, const Tables& tables);

/// The smallest SpiNNaker machine of its own boards (spin3, spin5, triads of spin5, full; for other profiles square
/// meshes) on which all vertices find room; empty where none does. `boards` counts them, 0 where there are none. Router
/// tables aren't looked at.
struct SmallestMachine {
    MachineSpec spec;
    int boards = 0;
    std::size_t chips = 0;
};
[[nodiscard]] std::optional<SmallestMachine> smallest_machine(const MachineGraph& graph, const MachineSpec& like);

} // namespace spikecast::mapping
