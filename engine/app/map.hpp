// `spikecast map`: an experiment or a netlist onto a SpiNNaker-like machine.
#pragma once

#include "spikecast/simulation.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace spikecast {

struct MapArguments {
    std::string input;
    std::vector<std::string> overrides;
    // What isn't given is as [machine] of the experiment says, or else as by default.
    std::string machine, profile, faults;
    std::uint32_t cores_per_chip = 0, router_entries = 0; ///< 0: not given
    std::string sdram_per_chip, dtcm_per_core;
    std::string place, objective, route, keys, minimise; ///< keys: the netlist's where it has some
    std::optional<double> effort, slowdown, rate_hz;
    std::optional<std::uint32_t> congestion_rounds;
    std::optional<std::uint64_t> seed;
    std::uint32_t atoms_per_core = 0; ///< 0: not given
    std::vector<std::string> traffic_set;
    std::string target_entries; ///< a number, "fit" or empty: as small as possible
    std::uint32_t threads = 1;
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
