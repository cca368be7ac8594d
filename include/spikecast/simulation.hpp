// Building a network and running it, in pieces if wanted. Every member but the getters marked local is collective: all
// ranks of MPI_COMM_WORLD call it in the same order with the same arguments.
#pragma once

#include "spikecast/experiment.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace spikecast {

/// Starts and ends MPI. One object, made first in main and destroyed last.
class Environment {
public:
    Environment(int& argc, char**& argv);
    ~Environment();
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    [[nodiscard]] int rank() const noexcept;
    [[nodiscard]] int ranks() const noexcept;
};

struct SimulationOptions {
    std::uint32_t threads = 1;
    std::string output;       ///< result file; empty: none
    bool keep_spikes = false; ///< keep recorded spikes in memory, for Simulation::spikes
    std::function<void(double done, double of)> build_progress; ///< called on every rank by worker 0, often
    std::function<void(double done_ms, double of_ms)> run_progress;
};

/// Seconds of wall time of this rank's worker 0 in each phase.
struct PhaseSeconds {
    double deliver = 0.0, update = 0.0, exchange = 0.0, record = 0.0;
};

struct PopulationStatistics {
    std::string name;
    std::uint64_t neurons = 0;
    double rate_hz = 0.0;
    double cv = 0.0;        ///< mean over neurons with at least 3 intervals; NaN where there is none
    double synchrony = 0.0; ///< variance / mean of the population's spike count in 3 ms bins; NaN without spikes
};

/// Who drew a projection whose rule draws by source: "redraw" (every worker all of it, keeping its own) or "exchange".
struct ProjectionDrawing {
    std::string projection;
    std::string drawing;
};

/// What a run amounts to, summed over ranks; the same on every rank.
struct RunSummary {
    int ranks = 1;
    std::uint32_t threads = 1;
    std::uint64_t neurons = 0, synapses = 0, spikes = 0, synaptic_events = 0;
    double build_s = 0.0, simulate_s = 0.0, biological_s = 0.0; ///< simulate and biological without the warm-up
    double total_simulate_s = 0.0, total_biological_s = 0.0;
    PhaseSeconds phases;                       ///< of rank 0, without the warm-up
    std::vector<std::uint64_t> peak_rss_bytes; ///< of each rank
    std::uint64_t network_bytes = 0;           ///< rows and directories of all ranks
    std::uint64_t bytes_sent = 0;              ///< packets only
    std::uint32_t packet_bytes = 0;
    std::string exchange;                 ///< the scheme in use
    std::string spike_hash, network_hash; ///< 32 hex digits
    std::string state_hash;               ///< of every state variable of every neuron at the end, by its bits
    std::vector<PopulationStatistics> populations;
    std::vector<ProjectionDrawing> drawing; ///< of the projections for which there are two ways
};

class Simulation {
public:
    /// Validates and builds. Throws InputError for a bad experiment, RunError or CollectiveError for what goes wrong
    /// later; the same on every rank.
    Simulation(Experiment experiment, SimulationOptions options);
    ~Simulation();
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    /// Advances by a number of steps, or in ms (a multiple of the resolution).
    void run_steps(std::int64_t steps);
    void run(double ms);
    /// Steps done so far (local).
    [[nodiscard]] std::int64_t now() const noexcept;

    /// Recorded spikes of a population as (stamp in steps, index), sorted; complete on rank 0, empty elsewhere. Needs
    /// keep_spikes and a recorder of that population.
    [[nodiscard]] std::vector<std::pair<std::int64_t, std::uint64_t>> spikes(const std::string& population);
    /// A state variable of all neurons of a population by index, as the user sees it; complete on rank 0, empty
    /// elsewhere.
    [[nodiscard]] std::vector<double> state(const std::string& population, const std::string& variable);
    /// Sets a state variable of one neuron.
    void set_state(const std::string& population, const std::string& variable, std::uint64_t neuron, double value);

    [[nodiscard]] RunSummary summary();
    /// Closes the result file, with a text (the report) inside it.
    void finish(const std::string& report_json);

    class Impl; ///< the engine, for one precision and weight format
private:
    std::unique_ptr<Impl> impl_;
};

} // namespace spikecast
