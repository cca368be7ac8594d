// An Experiment as bytes: rank 0 reads and checks, all others get this.
#pragma once

#include "spikecast/experiment.hpp"

#include <string>

namespace spikecast {

/// A binary archive of Boost.Serialization, for processes of the same build; not a file format.
[[nodiscard]] std::string to_archive(const Experiment& experiment);
/// Equal for equal parts.
[[nodiscard]] std::string to_archive(const Population& population);
[[nodiscard]] std::string to_archive(const Projection& projection);
[[nodiscard]] std::string to_archive(const Stimulus& stimulus);
[[nodiscard]] std::string to_archive(const std::vector<SpikeRecorder>& spikes, const std::vector<StateRecorder>& state,
                                     const std::vector<WeightRecorder>& weights);
/// Throws RunError for bytes that aren't such an archive.
[[nodiscard]] Experiment from_archive(const std::string& bytes);

} // namespace spikecast
