// Building a network and running it, in pieces if wanted. Every member but the getters marked local is collective: all
// ranks of MPI_COMM_WORLD call it in the same order with the same arguments.
#pragma once

#include "spikecast/experiment.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

/// A share of a run that is only planned: this process, the only one, builds and runs what `rank` of `ranks` would
/// have. Spikes of other ranks' neurons are drawn at the populations' expected rates.
struct DryRun {
    std::uint32_t ranks = 1, rank = 0;
};

/// Checkpoints are written where all ranks meet: when they are due, at the end of the duration, and where `stop` asks
/// for an end. docs/reliability.md says what is promised.
struct CheckpointOptions {
    std::string file;       ///< empty: none but those of Simulation::checkpoint
    double every_ms = 0.0;  ///< of biological time, a multiple of the resolution; 0: never for that reason
    double wall_s = 0.0;    ///< by rank 0's clock; 0: never for that reason
    std::uint32_t keep = 1; ///< the newest is FILE, the ones before FILE.1, FILE.2 and so on
};

struct SimulationOptions {
    std::uint32_t threads = 1;
    CheckpointOptions checkpoint;
    /// A checkpoint to go on from, whatever layout wrote it. The experiment may differ from the one there in what only
    /// concerns the future (duration, recorders, partitioner, exchange, stimuli); anything else is refused. Where
    /// `output` is the file that the interrupted run wrote, what it holds up to the checkpoint stays and the run goes
    /// on in it.
    std::string resume;
    std::optional<std::uint64_t> reseed; ///< with resume: seed of generators and of chance in neurons from there on
    /// Asked when ranks meet; a number that isn't 0 on any rank ends run() there, after a checkpoint where one has a
    /// file. Simulation::stopped() is then that number.
    std::function<int()> stop;
    std::string output;       ///< result file; empty: none
    bool keep_spikes = false; ///< keep recorded spikes in memory, for Simulation::spikes
    /// RunSummary::shares of every rank; phases in processor time of worker 0 instead of wall time, so that they can be
    /// compared where ranks share cores.
    bool by_rank = false;
    std::optional<DryRun> dry_run; ///< writes no result file and keeps no spikes; shares has the one rank's
    std::function<void(double done, double of)> build_progress; ///< called on every rank by worker 0, often
    std::function<void(double done_ms, double of_ms)> run_progress;
};

/// Seconds of this rank's worker 0 in each phase: wall time, or processor time with SimulationOptions::by_rank and in a
/// dry run. `network` is the part of `exchange` that lies between giving packets to MPI and having those of others; 0
/// in a dry run, where there is no network.
struct PhaseSeconds {
    double deliver = 0.0, update = 0.0, exchange = 0.0, record = 0.0, network = 0.0;
};

/// One rank's share of a run, warm-up included.
struct RankSummary {
    std::uint32_t rank = 0;
    std::uint64_t neurons = 0, synapses = 0, segments = 0;
    std::uint64_t sources_heard = 0;                  ///< rows
    std::uint64_t pairs = 0;                          ///< (own neuron, rank reached), its own rank included
    std::uint64_t ranks_reached = 0, ranks_heard = 0; ///< its own left out
    std::uint64_t spikes = 0, synaptic_events = 0;
    std::uint64_t bytes_sent = 0, bytes_received = 0; ///< packets only; 8 bytes a peer and exchange come on top
    double expected_bytes_sent =
        0.0; ///< in a second of biological time, if every population spiked at its expected rate
    std::uint64_t exchanges = 0, peers_to = 0, peers_from = 0;
    /// The terms of the memory law: state, input, statistics; synapses and segments; rows; routes; tables by rank.
    std::uint64_t neuron_bytes = 0, synapse_bytes = 0, source_bytes = 0, pair_bytes = 0, rank_bytes = 0;
    std::uint64_t spike_bytes = 0; ///< spikes and packets under way
    std::uint64_t base_bytes = 0;  ///< resident before anything was built
    std::uint64_t build_peak_bytes = 0, peak_rss_bytes = 0;
    double build_s = 0.0, drawing_s = 0.0; ///< drawing: of routes, in a dry run only, not part of build_s
    PhaseSeconds phases;
    std::uint64_t network_hash[2] = {0, 0}; ///< of its synapses: low word, high word
};

struct PopulationStatistics {
    std::string name;
    std::uint64_t neurons = 0;
    double rate_hz = 0.0;
    double cv = 0.0;        ///< mean over neurons with at least 3 intervals; NaN where there is none
    double synchrony = 0.0; ///< variance / mean of the population's spike count in 3 ms bins; NaN without spikes
};

/// The weights of a plastic projection as they are, the same for any distribution over processes.
struct WeightStatistics {
    std::string projection;
    std::uint64_t synapses = 0;
    double lowest = 0.0, highest = 0.0; ///< 0 without synapses
    double mean = 0.0;                  ///< of weights rounded to 2^-40 of the largest amount
    /// How many lie in each of twenty equal parts of [lowest, highest].
    std::vector<std::uint64_t> histogram;
};

/// Who drew a projection whose rule draws by source: "redraw" (every worker all of it, keeping its own) or "exchange".
struct ProjectionDrawing {
    std::string projection;
    std::string drawing;
};

/// Checkpoints that this process has written.
struct CheckpointSummary {
    std::uint64_t written = 0, bytes = 0; ///< bytes of the last
    double seconds = 0.0, longest_s = 0.0;
    std::string file;
    double at_ms = 0.0; ///< of the last
};

/// A run on a mapped machine, up to now.
struct MachineSummary {
    std::string machine;
    bool fits = false, router = false;
    std::string binding_constraint; ///< what comes closest to its limit, and how close
    double binding_share = 0.0;
    std::uint64_t chips = 0, slices = 0; ///< chips in use; a core each
    std::uint64_t worst_table_entries = 0;
    std::vector<std::string> notes;
    double machine_s = 0.0;                             ///< time of the machine
    std::uint64_t packets = 0, deliveries = 0;          ///< sent; asked for
    std::uint64_t late = 0, dropped = 0, under_way = 0; ///< deliveries; late: after the step of their spike
    std::uint64_t emergency_routes = 0, reinjected = 0; ///< packets
    double max_link_utilisation = 0.0;                  ///< of the busiest link, share of the time that it sends
    std::array<double, 3> latency_us{0.0, 0.0, 0.0};    ///< mean, 99th percentile, largest
    std::array<double, 3> energy_j{0.0, 0.0, 0.0};      ///< links, chips idle, busy at most more
    double mapping_s = 0.0, router_s = 0.0;             ///< of rank 0's clock
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
    std::uint64_t most_packets = 0; ///< that reached a rank in one epoch, its own included
    std::uint64_t epochs_sorted_by_digit =
        0;                                ///< epochs in which a rank had too many packets to sort by comparing, summed
    std::string exchange;                 ///< the scheme in use
    std::string spike_hash, network_hash; ///< 32 hex digits
    std::string weights_hash; ///< of every plastic synapse's weight and variables at the end; empty: there is none
    std::string state_hash;   ///< of every state variable of every neuron at the end, by its bits
    std::vector<PopulationStatistics> populations;
    CheckpointSummary checkpoints;
    int stopped = 0;          ///< Simulation::stopped
    double resumed_ms = -1.0; ///< time of the checkpoint that this process went on from; < 0: none. Spikes, events,
                              ///< hashes and statistics are those of the whole run, seconds and bytes of this process
    std::vector<WeightStatistics> plastic;  ///< of projections whose synapses are plastic, in their order
    std::vector<ProjectionDrawing> drawing; ///< of the projections for which there are two ways
    std::optional<MachineSummary> machine;  ///< with [machine], on rank 0
    std::vector<RankSummary> shares;        ///< with by_rank: of every rank, on rank 0; in a dry run: of the one
};

/// One synapse of a plastic projection; source and target are indices in their populations.
struct SynapseWeight {
    std::uint64_t source, target;
    double delay_ms, weight;
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
    /// What SimulationOptions::stop said, 0 where nothing has ended the run early (local).
    [[nodiscard]] int stopped() const noexcept;
    /// What a resumed run does otherwise than the one before, as sentences (local).
    [[nodiscard]] const std::vector<std::string>& changes() const noexcept;
    /// Writes a checkpoint of this moment, safely beside an older one of that name until it is whole.
    void checkpoint(const std::string& file);

    /// Recorded spikes of a population as (stamp in steps, index), sorted; complete on rank 0, empty elsewhere. Needs
    /// keep_spikes and a recorder of that population.
    [[nodiscard]] std::vector<std::pair<std::int64_t, std::uint64_t>> spikes(const std::string& population);
    /// A state variable of all neurons of a population by index, as the user sees it; complete on rank 0, empty
    /// elsewhere.
    [[nodiscard]] std::vector<double> state(const std::string& population, const std::string& variable);
    /// Sets a state variable of one neuron.
    void set_state(const std::string& population, const std::string& variable, std::uint64_t neuron, double value);

    /// Releases a neuromodulator (gives a reward) at all plastic synapses onto a population, one step after now(), as a
    /// spike of a volume_transmitter of weight `amount` that arrives then. For rewards that are computed between two
    /// pieces of a run; the experiment needs a volume_transmitter onto the population all the same, if of a silent
    /// source.
    void modulate(const std::string& population, double amount);

    /// Weights of all synapses of a plastic projection as they are now, in the order (target, source, delay); complete
    /// on rank 0, empty elsewhere. Large ones are for result files.
    [[nodiscard]] std::vector<SynapseWeight> weights(const std::string& projection);
    /// Of the synapses from one neuron to another by delay, on every rank; empty where there is none.
    [[nodiscard]] std::vector<double> weights(const std::string& projection, std::uint64_t source,
                                              std::uint64_t target);
    /// Sets them, one for each synapse of the pair; from now on. Throws RunError for another number of weights, and for
    /// one whose sign would have chosen another receptor.
    void set_weights(const std::string& projection, std::uint64_t source, std::uint64_t target,
                     const std::vector<double>& weights);

    [[nodiscard]] RunSummary summary();
    /// Closes the result file, with a text (the report) inside it.
    void finish(const std::string& report_json);

    class Impl; ///< the engine, for one precision and weight format
private:
    std::unique_ptr<Impl> impl_;
};

} // namespace spikecast
