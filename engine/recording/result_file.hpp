// The result file: HDF5 in the SONATA layout, written while the run goes on, in parallel, with datasets that are
// byte-identical for every number of ranks and threads.
#pragma once

#include "engine/network/selection.hpp"
#include "spikecast/experiment.hpp"

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spikecast {

/// A spike to be recorded: stamp in steps (the end of the step it was found in) and index in its population.
struct RecordedSpike {
    std::int64_t step;
    std::uint64_t index;
    /// Ranks write when one of them keeps more (asked when all meet, every 50 ms).
    static constexpr double most_kept = 2.5e5;
    friend auto operator<=>(const RecordedSpike&, const RecordedSpike&) = default;
};

/// The layout of one state recording, the same on all ranks.
struct TraceLayout {
    std::string population;
    std::string variable;
    std::string unit;
    SampledNeurons neurons;      ///< the recorded ones of all ranks
    std::int64_t first_step = 0; ///< stamp of the first frame
    std::int64_t interval_steps = 1;
};

/// Values of own neurons: frame (counted from the layout's first), column (position in layout.neurons), value.
struct TraceValue {
    /// So many wait on a rank: ranks meet before more do, and write.
    static constexpr double most_kept = 5e5;
    std::int64_t frame;
    std::uint64_t column;
    double value;
};

/// The layout of one recording of weights, the same on all ranks: `synapses` of a projection in the order (target,
/// source, delay).
struct WeightLayout {
    std::string projection, unit, source, target; ///< populations by name
    std::uint64_t synapses = 0;
    std::int64_t first_step = 0;     ///< stamp of the first look
    std::int64_t interval_steps = 0; ///< 0: no looks, only the weights of the end
    bool changes = false;
};

/// A weight that differs from the one of the look before.
struct WeightChange {
    std::int64_t step;
    std::uint64_t column; ///< number of the synapse in the recording
    float weight;
    friend bool operator<(const WeightChange& a, const WeightChange& b) noexcept {
        return a.step != b.step ? a.step < b.step : a.column < b.column;
    }
};

/// What a result file says of recorded synapses and of their weights at the end; columns of equal length.
struct SynapseColumns {
    std::vector<std::uint64_t> source, target; ///< indices
    std::vector<double> delay_ms;
    std::vector<float> weight;
};

/// How far a result file has got; a checkpoint remembers it.
struct ResultPositions {
    std::uint64_t run = 0;             ///< the number by which the file is recognised
    std::int64_t step = 0;             ///< all up to here is written
    std::vector<std::uint64_t> spikes; ///< of each population
    std::vector<std::uint64_t> frames; ///< of each trace
    /// Of each recording of weights: looks, and changes.
    std::vector<std::uint64_t> weight_looks, weight_changes;
};

class ResultFile {
public:
    /// Collective. Creates the file (parallel HDF5, all ranks of `comm`), with /spikes/<population> for each recorded
    /// population, /report/<population>.<variable> for each trace, and the experiment's text, overrides, seed, program
    /// version and resolution as attributes and datasets under /spikecast.
    ResultFile(MPI_Comm comm, const std::string& path, const Experiment& experiment,
               std::vector<std::string> spike_populations, std::vector<TraceLayout> traces);
    /// Collective. Goes on with the file of a run that was interrupted: what was written after `from` is cut off. Same
    /// populations and traces as then. Throws RunError where the file is another run's, or has less.
    ResultFile(MPI_Comm comm, const std::string& path, const Experiment& experiment,
               std::vector<std::string> spike_populations, std::vector<TraceLayout> traces,
               const ResultPositions& from);
    ~ResultFile();
    ResultFile(const ResultFile&) = delete;
    ResultFile& operator=(const ResultFile&) = delete;

    /// Collective. Appends the spikes of a window of time; every stamp must lie after all stamps of earlier calls.
    /// spikes of this rank, one vector for each of spike_populations, in any order; sorted globally by (step, index)
    /// here.
    void append_spikes(std::vector<std::vector<RecordedSpike>>& spikes);
    /// Collective. Appends frames [.., end_frame) of every trace; each rank gives the values of its own neurons.
    void append_traces(std::vector<std::vector<TraceValue>>& values, const std::vector<std::int64_t>& end_frames);
    /// Collective. Adds /weights/<projection> for a recording, and returns its number. In a file that goes on, the
    /// group is there, and what was written after the position is cut off.
    std::size_t add_weights(const WeightLayout& layout);
    /// Collective. Appends looks [.., end_frame) of every recording at intervals, which are numbered in their order;
    /// each rank gives the values of its own synapses.
    void append_weights(std::vector<std::vector<TraceValue>>& values, const std::vector<std::int64_t>& end_frames);
    /// Collective. Appends changes of a window of time; of each recording.
    void append_changes(std::vector<std::vector<WeightChange>>& changes);
    /// Collective. This rank's rows of the synapses of a recording, from row `begin` on, and of their weights at the
    /// end; an empty column isn't written.
    void write_synapses(std::size_t recording, std::uint64_t begin, const SynapseColumns& columns);
    /// Collective. Flushes everything to disk: what was written stays readable after a crash.
    void flush();
    /// Collective. Writes a string (the report as JSON) as /spikecast/<name> and closes the file.
    void close(const std::string& report_json);

    [[nodiscard]] std::uint64_t bytes_written() const noexcept;
    /// What has been written and flushed (local); step is left to the caller.
    [[nodiscard]] ResultPositions positions() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace spikecast
