// `spikecast minimise`: a router table made small, beside what the published algorithms make of it.
#pragma once

#include "spikecast/simulation.hpp"

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace spikecast {

struct MinimiseArguments {
    std::string input, output, report, method = "best";
    bool strict = false;
    double effort = 1.0;
    std::uint32_t target_entries = 0;
    bool quiet = false;
};

/// Adds the subcommand; what it is given ends up in `arguments`, which must live as long as `app`.
CLI::App* add_minimise_command(CLI::App& app, MinimiseArguments& arguments);

/// Rank 0 works; others wait. 0: the table that is written does what the given one does; 1: it doesn't; bad input is an
/// exception (2). Collective.
int minimise_command(const MinimiseArguments& arguments, const Environment& environment);

} // namespace spikecast
