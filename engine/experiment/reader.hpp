// From an experiment file to an Experiment.
#pragma once

#include "spikecast/experiment.hpp"

#include <string>
#include <vector>

namespace spikecast {

/// Reads, merges (includes, variants, then overrides "a.b=value"), checks against the schema and validates. Throws
/// InputError with everything that is wrong with the file.
[[nodiscard]] Experiment read_experiment(const std::string& path, const std::vector<std::string>& overrides = {});
/// From what Experiment::text and Experiment::directory hold; name: what messages call it.
[[nodiscard]] Experiment read_experiment_text(const std::string& text, const std::string& directory,
                                              const std::string& name, const std::vector<std::string>& overrides);

} // namespace spikecast
