// What a run amounts to, for people and for programs.
#pragma once

#include "spikecast/experiment.hpp"
#include "spikecast/simulation.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace spikecast {

/// What --report writes and the table shows. Times and rates leave out the warm-up, but build_s and those that say
/// total.
struct RunReport {
    std::string title;
    SimulationSettings settings;
    RunSummary summary;
    std::string version = SPIKECAST_VERSION;
    std::string interrupted_by = {}; ///< name of the signal that ended the run early; empty: it ran to its end

    /// simulate_s / biological_s; NaN for a run without time after the warm-up.
    [[nodiscard]] double real_time_factor() const;
    /// Peak memory of all ranks over all synapses; NaN without synapses.
    [[nodiscard]] double bytes_per_synapse() const;
    [[nodiscard]] std::uint64_t total_peak_rss_bytes() const;
};

/// One rank's share as a JSON object.
[[nodiscard]] nlohmann::ordered_json share_json(const RankSummary& share);
/// JSON, indented, one object; numbers that aren't finite become null. No newline at the end.
[[nodiscard]] std::string to_json(const RunReport& report);
/// A table of at most 80 columns, each population's rate beside its reference where there is one. Ends with a newline.
[[nodiscard]] std::string to_table(const RunReport& report, const Reference& reference);

} // namespace spikecast
