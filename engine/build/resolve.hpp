// Values of parameters and initial state for the neurons that a worker owns.
#pragma once

#include "spikecast/block.hpp"
#include "spikecast/experiment.hpp"
#include "spikecast/model.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace spikecast {

/// One value for each of the model's parameters, in declared order: what the experiment gives, or the default. Laws are
/// drawn at (neuron index, 0) under the key (Purpose::parameter, "object.name"). `size` is that of the population.
[[nodiscard]] std::vector<ResolvedValue> resolve_parameters(std::uint64_t seed, const std::string& object,
                                                            const ModelInfo& model, const ParameterValues& given,
                                                            std::span<const std::uint64_t> indices, std::uint64_t size);

/// One value for each of the model's variables, as the user sees them (Purpose::initial_state).
[[nodiscard]] std::vector<ResolvedValue> resolve_initial(std::uint64_t seed, const std::string& object,
                                                         const ModelInfo& model, const ParameterValues& given,
                                                         std::span<const ResolvedValue> parameters,
                                                         std::span<const std::uint64_t> indices);

/// One value of a law for each neuron, drawn under a key.
[[nodiscard]] ResolvedValue resolve_law(Key key, const Distribution& law, std::span<const std::uint64_t> indices);

} // namespace spikecast
