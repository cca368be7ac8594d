// What a run amounts to, for people and for programs.
#pragma once

#include "spikecast/experiment.hpp"
#include "spikecast/simulation.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikecast {

/// The fields of --report; docs/report.md explains each. Times and rates leave out the warm-up, but build_s.
struct RunReport {
    std::string title;
    std::string version;
    std::uint64_t seed = 0;
    int ranks = 1;
    std::uint32_t threads = 1;
    std::string partitioner;
    std::string exchange;
    std::string precision;
    std::string weights;
    std::uint64_t neurons = 0, synapses = 0, spikes = 0;
    std::uint64_t synaptic_events = 0; ///< spikes delivered, times synapses
    double build_s = 0.0, simulate_s = 0.0, biological_s = 0.0;
    double total_simulate_s = 0.0, total_biological_s = 0.0; ///< warm-up included
    PhaseSeconds phases;
    std::vector<std::uint64_t> peak_rss_bytes; ///< of each rank
    std::uint64_t network_bytes = 0;
    std::uint64_t bytes_sent = 0;
    std::uint32_t packet_bytes = 0;
    std::vector<PopulationStatistics> populations;
    std::string spike_hash, network_hash; ///< 32 hex digits

    /// simulate_s / biological_s; NaN for a run without time after the warm-up.
    [[nodiscard]] double real_time_factor() const;
    /// Peak memory of all ranks over all synapses; NaN without synapses.
    [[nodiscard]] double bytes_per_synapse() const;
    [[nodiscard]] std::uint64_t total_peak_rss_bytes() const;
};

[[nodiscard]] RunReport make_report(const RunSummary& summary, const Experiment& experiment, std::string version);

/// JSON, indented, one object; numbers that aren't finite become null.
[[nodiscard]] std::string to_json(const RunReport& report);
/// A table of at most 80 columns, each population's rate beside its reference where there is one. Ends with a newline.
[[nodiscard]] std::string to_table(const RunReport& report, const Reference& reference);

} // namespace spikecast
