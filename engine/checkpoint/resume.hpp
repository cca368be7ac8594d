// A checkpoint that a run goes on from, checked against the experiment that is to go on.
#pragma once

#include "engine/checkpoint/file.hpp"
#include "engine/checkpoint/sections.hpp"
#include "spikecast/simulation.hpp"

#include <mpi.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spikecast {

/// By absolute path, checksums of the files that decide what happens: lists of synapses, arrays, samples and spikes; by
/// key those of trees, however they were given. Not of initial weights, which a checkpoint has as they are now.
using InputChecksums = std::map<std::string, std::uint64_t>;

struct Resume {
    CheckpointReader reader;
    RunSection run;
    TotalsSection totals;
    RecordingSection recording;
    std::vector<std::optional<std::size_t>> old_stimulus; ///< number in the checkpoint of each that goes on as it was
    std::vector<std::string> changes;                     ///< what differs from then on, for people
    bool continues_output = false;                        ///< the result file is the interrupted run's
    std::optional<InputChecksums> inputs;                 ///< of the experiment, on rank 0 where they were compared
};

/// Collective. Nothing where options.resume is empty. Throws InputError for changes that would have changed the past,
/// RunError for a file that can't be used.
[[nodiscard]] std::optional<Resume> open_checkpoint(MPI_Comm comm, const SimulationOptions& options,
                                                    const Experiment& experiment);

/// Serial. Throws RunError for a file that can't be read.
[[nodiscard]] InputChecksums input_checksums(const Experiment& experiment);

[[nodiscard]] ExperimentSection experiment_section(const Experiment& experiment, const InputChecksums& inputs);
[[nodiscard]] RunSection run_section(const Experiment& experiment, std::int64_t step, std::uint64_t draw_seed,
                                     const std::array<std::uint64_t, 2>& network_hash, std::uint32_t max_delay);

} // namespace spikecast
