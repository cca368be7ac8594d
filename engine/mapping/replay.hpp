// Spikes of a run as packets of its mapping.
#pragma once

#include "engine/mapping/split.hpp"
#include "partitioners/spinnaker/traffic.hpp"
#include "spikecast/experiment.hpp"

#include <functional>
#include <string>
#include <vector>

namespace spikecast {

/// Sends the spikes of a result file (SONATA, written by `spikecast run`) through the routers, at most `duration` of
/// machine time, and finishes. A spike stamped t leaves its core in the step that ends at t, as late in it as its
/// neuron's turn to be updated is. Throws InputError for a file that isn't one, that declares more spikes than it
/// holds, whose populations or neurons the experiment hasn't got, or of which more than 2^28 spikes would be sent.
/// Memory: 24 bytes a spike that is sent. Returns a sentence for each source that sends nothing, or not all, and why.
[[nodiscard]] std::vector<std::string> replay_spikes(mapping::Traffic& traffic, const std::string& path,
                                                     const Experiment& experiment, const Split& split, double slowdown,
                                                     mapping::Picoseconds duration,
                                                     const std::function<void(double, double)>& progress = {});

} // namespace spikecast
