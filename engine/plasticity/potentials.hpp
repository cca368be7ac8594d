// The membrane potentials of one population's neurons on one worker as rules see them that follow them (clopath):
// filters that advance once a step, whatever the neurons' model, and from them how much each step potentiates and
// depresses.
//
//   u             V_m at the end of a step, or V_clamp from a spike on for t_clamp
//   u_bar         <- u_bar + (1 - exp(-h / tau)) (u - u_bar)   for plus and minus; u_bar_bar the same of u_bar_minus
//   potentiation  h (u - theta_plus)+ (u_bar_plus - theta_minus)+
//   depression    (u_bar_minus - theta_minus)+, times (u_bar_bar - u_rest)^2 / u_ref_squared where that isn't 0
//
// with u_bar_plus and u_bar_minus as they were `delay` ago. Before time 0 all of them are V_m at time 0.
#pragma once

#include "spikecast/plasticity.hpp"
#include "spikecast/state.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace spikecast {

/// By its values, so that projections with equal ones share the filters.
struct PotentialLaw {
    double tau_plus_ms, tau_minus_ms, tau_bar_ms, theta_plus, theta_minus, reference, rest, clamp;
    std::int32_t delay_steps, clamp_steps;
    friend bool operator==(const PotentialLaw&, const PotentialLaw&) = default;
};
[[nodiscard]] PotentialLaw potential_law(const PotentialInfo& info, const std::vector<double>& parameters,
                                         double resolution_ms);

class Potentials {
public:
    /// Depression is kept for the synapses with the longest dendritic delay, in steps.
    Potentials(std::size_t neurons, const PotentialLaw& law, double resolution_ms, std::int32_t longest_dendritic);

    /// V_m(n) of each neuron at time 0.
    template <class Potential>
    void begin(const Potential& V_m) {
        for (std::size_t n = 0; n < plus_.size(); ++n)
            begin(n, V_m(n));
    }
    /// A step ends with `stamp`: V_m(n) then, and the neurons that spiked in it. Calls potentiate(n, by) where it does.
    template <class Potential, class Potentiate>
    void advance(std::int32_t stamp, std::span<const std::uint32_t> spikes, const Potential& V_m,
                 const Potentiate& potentiate) {
        for (const std::uint32_t n : spikes)
            clamped_[n] = stamp + law_.clamp_steps;
        for (std::size_t n = 0; n < plus_.size(); ++n)
            if (const float by = advance(n, stamp, stamp < clamped_[n] ? law_.clamp : V_m(n)); by > 0.0F)
                potentiate(static_cast<std::uint32_t>(n), by);
    }
    /// By neuron; at a stamp up to 2 longest_dendritic before the last one.
    [[nodiscard]] const float* depression(std::int32_t stamp) const noexcept {
        return depression_.data() + slot(stamp) * plus_.size();
    }

    /// Takes out what the next steps depend on, or puts it back; by neuron.
    void state(StateColumns& columns);
    [[nodiscard]] std::size_t bytes() const noexcept {
        return plus_.size() * (3 * sizeof(double) + sizeof(std::int32_t)) +
               (depression_.size() + delayed_plus_.size() + delayed_minus_.size()) * sizeof(float);
    }

private:
    void begin(std::size_t n, double u);
    [[nodiscard]] float advance(std::size_t n, std::int32_t stamp, double u);
    [[nodiscard]] float depression_of(double minus, double bar) const noexcept;
    [[nodiscard]] std::size_t slot(std::int32_t stamp) const noexcept {
        return static_cast<std::uint32_t>(stamp) & (slots_ - 1);
    }

    PotentialLaw law_;
    double h_, plus_gain_, minus_gain_, bar_gain_;
    std::uint32_t slots_;                             ///< of depression_, a power of two
    std::vector<double> plus_, minus_, bar_;          ///< filters, by neuron
    std::vector<std::int32_t> clamped_;               ///< until before this stamp
    std::vector<float> delayed_plus_, delayed_minus_; ///< [stamp % delay][neuron]
    std::vector<float> depression_;                   ///< [stamp % slots][neuron]
};

} // namespace spikecast
