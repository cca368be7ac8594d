// `spikecast map`: an experiment or a netlist onto a SpiNNaker-like machine.
#pragma once

#include "spikecast/simulation.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace spikecast {

struct MapArguments {
    std::string input;
    std::vector<std::string> overrides;
    std::string machine, profile = "spinnaker", faults;
    int cores_per_chip = 0; ///< 0: the profile's
    std::string place = "ours", objective = "tree-cost", route = "steiner", keys, minimise = "best";
    double effort = 1.0; ///< keys: empty: the netlist's where it has some, else "own"
    int congestion_rounds = 0;
    std::uint32_t target_entries = 0;
    std::uint64_t seed = 1;
    std::uint32_t threads = 1;
    std::uint32_t atoms_per_core = 0;
    double slowdown = 1.0, rate_hz = 10.0;
    std::string stimuli = "cores";
    std::string traffic = "off", spikes;
    double traffic_ms = 100.0, traffic_scale = 1.0;
    std::string report, tables, picture, output;
    bool quiet = false;
};

/// Adds the subcommand; what it is given ends up in `arguments`, which must live as long as `app`.
CLI::App* add_map_command(CLI::App& app, MapArguments& arguments);

/// Rank 0 maps; others wait. 0: it fits and the tables are right; 1: it doesn't fit, or the tables are wrong; bad input
/// is an exception (2). Collective.
int map_command(const MapArguments& arguments, const Environment& environment);

} // namespace spikecast
