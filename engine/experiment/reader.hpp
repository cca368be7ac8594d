// From an experiment file to an Experiment.
#pragma once

#include "spikecast/experiment.hpp"

#include <string>
#include <vector>

namespace spikecast {

/// Reads, merges (includes, variants, then overrides "a.b=value"), checks against the schema and validates. Throws
/// InputError with everything that is wrong with the file. files: receives the paths of all files that the experiment
/// is read from or names, each once: itself, what it includes, lists of synapses, arrays, morphologies. A run opens no
/// others for reading, and none for writing but those that its caller names.
[[nodiscard]] Experiment read_experiment(const std::string& path, const std::vector<std::string>& overrides = {},
                                         std::vector<std::string>* files = nullptr);
/// From what Experiment::text and Experiment::directory hold; name: what messages call it; files: receives those that
/// the text names.
[[nodiscard]] Experiment read_experiment_text(const std::string& text, const std::string& directory,
                                              const std::string& name, const std::vector<std::string>& overrides,
                                              std::vector<std::string>* files = nullptr);

} // namespace spikecast
