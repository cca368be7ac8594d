// What `spikecast models` prints, made from the models' declarations alone.
#pragma once

#include "spikecast/model.hpp"

#include <string>

namespace spikecast {

/// The reference page of one model in plain text, 80 columns at most: summary, equations, parameters with unit,
/// default, bounds and meaning, variables, receptors, relations and citation.
[[nodiscard]] std::string reference_page(const ModelInfo& model);

/// Name and summary of every model, in the order of the catalogue, 80 columns at most.
[[nodiscard]] std::string catalogue_page();

} // namespace spikecast
