// The structured parts of a checkpoint: small, the same for every layout, read by rank 0 and told to the others. Each
// is a Boost archive with a version of its own; fields are only ever appended, and a section of an older version leaves
// what it doesn't have at its default.
#pragma once

#include "engine/build/hashes.hpp"
#include "engine/checkpoint/file.hpp"
#include "spikecast/experiment.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikecast {

/// What was run, in a form that another version of the program can read: the text and its overrides. Experiments that
/// were made in code have no text; their archive can only be read by the version that wrote it.
struct ExperimentSection {
    static constexpr const char* name = "spikecast/experiment";
    std::string program; ///< version
    std::string text, directory;
    std::vector<std::string> overrides;
    std::string archive; ///< only without a text
    // since version 2: checksums of what the experiment reads but its text doesn't hold, by absolute path or, of trees,
    // by key
    std::vector<std::string> inputs;
    std::vector<std::uint64_t> input_checksums;
};

/// Where the run is, and what its network must be.
struct RunSection {
    static constexpr const char* name = "spikecast/run";
    std::int64_t step = 0;
    std::uint64_t draw_seed = 0; ///< of generators and of neurons that spike by chance, from this step on
    std::uint64_t network_hash[2] = {0, 0};
    std::int64_t resolution_ps = 0;
    std::uint32_t max_delay = 0;
    std::vector<std::string> populations, models; ///< of each population
    std::vector<std::uint64_t> sizes;
    std::vector<std::string> stimuli, stimulus_models;
};

/// Totals up to the step.
struct TotalsSection {
    static constexpr const char* name = "spikecast/totals";
    std::uint64_t spikes = 0, synaptic_events = 0;
    std::uint64_t spike_hash[2] = {0, 0};
    std::int64_t bins_done = 0;                               ///< of the synchrony's sums
    std::vector<std::uint64_t> bin_counts;                    ///< by population: of the bin that has begun
    std::vector<std::uint64_t> counts, squares, squares_high; ///< by population: over bins done
};

/// How far the result file had got.
struct RecordingSection {
    static constexpr const char* name = "spikecast/recording";
    std::string output;                   ///< absolute; empty: none
    std::uint64_t run = 0;                ///< the number that the file bears
    std::vector<std::string> populations; ///< whose spikes are recorded
    std::vector<std::uint64_t> spikes;    ///< written of each
    std::vector<std::string> traces;      ///< population.variable
    std::vector<std::uint64_t> frames;    ///< written of each
    std::vector<std::int64_t>
        first_steps; ///< of each: a file that began at a checkpoint begins later than its recorder
    // of each recorder of weights: looks or changes written, and the first look
    std::vector<std::uint64_t> weight_looks, weight_changes;
    std::vector<std::int64_t> weight_first_steps;
};

template <class Section>
[[nodiscard]] std::string to_bytes(const Section& section);
/// Throws RunError for bytes that aren't such a section or come from a newer version.
template <class Section>
[[nodiscard]] Section from_bytes(const std::string& bytes, const std::string& path);

/// Serial. The experiment of a checkpoint, with further overrides. Throws RunError, or InputError for what is wrong
/// with the experiment. files: receives the paths of the files that the experiment names.
[[nodiscard]] Experiment experiment_of(const ExperimentSection& section, const std::vector<std::string>& more,
                                       const std::string& path, std::vector<std::string>* files = nullptr);

/// One way in which two experiments differ.
struct Difference {
    std::string key;  ///< populations.E.params.C_m
    bool past = true; ///< it would have changed what has happened
    bool stimulus = false, recorder = false;
    std::string why;
};
/// What is recorded, as bytes that are equal for equal recorders.
[[nodiscard]] std::string recorders_of(const Experiment& experiment);
/// Whether a stimulus goes on as it was.
[[nodiscard]] bool same(const Stimulus& then, const Stimulus& now);
/// How `now` differs from `then`, which ran up to a checkpoint.
[[nodiscard]] std::vector<Difference> differences(const Experiment& then, const Experiment& now);

} // namespace spikecast
