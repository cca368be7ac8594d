// What a neuron's spikes in a trial contribute to learning a teacher's (Florian 2012, E-learning). The cheapest way
// from the neuron's spikes to the teacher's is sought, as in Victor and Purpura's distance: removing or inserting a
// spike costs 1, moving one by t costs (t / tau_q)^2 / 2. Then, at the times of these spikes,
//
//   a spike that is removed                            contributes -1
//   a teacher's spike that is inserted                             +1
//   a spike that is moved from t to the teacher's t'               gamma_r (t - t') / tau_q^2
//   the teacher's spike that it is moved to                         0
//
// Where two ways cost the same, removing is preferred to inserting, and that to moving, from the last spikes on.
#pragma once

#include "engine/plasticity/post_history.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikecast {

/// By its values, so that projections with equal ones share the comparison.
struct TrialLaw {
    std::int32_t interval_steps;
    double tau_q_ms, gamma_r_ms;
    friend bool operator==(const TrialLaw&, const TrialLaw&) = default;
};
[[nodiscard]] TrialLaw trial_law(const TrialInfo& info, const std::vector<double>& parameters, double resolution_ms);

struct TrialContributions {
    std::vector<double> own, teacher; ///< of each spike
};
/// Of spikes at ascending stamps. Costs are compared as whole numbers of steps, so that equal ones are equal.
[[nodiscard]] TrialContributions compare_trial(std::span<const std::int32_t> own, std::span<const std::int32_t> teacher,
                                               const TrialLaw& law, double resolution_ms);

/// The trial that ends with `stamp` is compared: contributions replace what the neuron's entries of it were given,
/// which was 1 for a teacher's spikes and 0 for its own. Returns their number.
std::uint32_t end_trial(PostHistory& history, std::uint32_t neuron, std::int32_t stamp, const TrialLaw& law,
                        double resolution_ms);

} // namespace spikecast
