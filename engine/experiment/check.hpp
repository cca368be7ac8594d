// The checks behind validate(), for the reader, which goes on after a value that it couldn't read.
#pragma once

#include "spikecast/experiment.hpp"

#include <set>
#include <string>
#include <vector>

namespace spikecast {

/// Adds what is wrong to `errors` and clamps selections. Nothing is said about what lies under a path of `unread`, nor
/// about anything that depends on it.
void check(Experiment& experiment, std::vector<Diagnostic>& errors, const std::set<std::string>& unread);

/// Removes what is said twice (a value that many projections share) and orders by place.
void tidy(std::vector<Diagnostic>& errors);

/// A quantity as a person reads it: "1.5 ms", "3".
[[nodiscard]] std::string with_unit(double value, std::string_view unit);

/// The two multiples of the resolution around a time, empty where the time is a multiple of it.
[[nodiscard]] std::string nearest_multiples(double time_ms, const SimulationSettings& simulation);

/// Unit of a weight onto a model's receptor (the first where none is named); "1" where it is none.
[[nodiscard]] std::string weight_unit(const ModelInfo* model, const std::string& receptor);

/// Times that every generator takes beside its own parameters.
inline constexpr const char* activity_keys[] = {"start", "stop"};

} // namespace spikecast
