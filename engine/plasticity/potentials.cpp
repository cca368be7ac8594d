#include "engine/plasticity/potentials.hpp"

#include "spikecast/math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace spikecast {

PotentialLaw potential_law(const PotentialInfo& info, const std::vector<double>& parameters, double resolution_ms) {
    const auto steps = [&](std::size_t parameter) {
        return static_cast<std::int32_t>(std::lround(parameters[parameter] / resolution_ms));
    };
    return {parameters[info.tau_plus],   parameters[info.tau_minus],   parameters[info.tau_bar],
            parameters[info.theta_plus], parameters[info.theta_minus], parameters[info.reference],
            parameters[info.rest],       parameters[info.clamp],       steps(info.delay),
            steps(info.clamp_time)};
}

Potentials::Potentials(std::size_t neurons, const PotentialLaw& law, double resolution_ms,
                       std::int32_t longest_dendritic)
    : law_(law), h_(resolution_ms), plus_gain_(-math::expm1(-resolution_ms / law.tau_plus_ms)),
      minus_gain_(-math::expm1(-resolution_ms / law.tau_minus_ms)),
      bar_gain_(-math::expm1(-resolution_ms / law.tau_bar_ms)),
      slots_(std::bit_ceil(2 * static_cast<std::uint32_t>(longest_dendritic) + 2)), plus_(neurons), minus_(neurons),
      bar_(neurons), clamped_(neurons, 0), delayed_plus_(neurons * static_cast<std::size_t>(law.delay_steps)),
      delayed_minus_(delayed_plus_.size()), depression_(neurons * slots_) {}

void Potentials::begin(std::size_t n, double u) {
    plus_[n] = minus_[n] = bar_[n] = u;
    for (std::size_t i = n; i < delayed_plus_.size(); i += plus_.size())
        delayed_plus_[i] = delayed_minus_[i] = static_cast<float>(u);
    for (std::size_t i = n; i < depression_.size(); i += plus_.size())
        depression_[i] = depression_of(u, u);
}

float Potentials::depression_of(double minus, double bar) const noexcept {
    const double by = std::max(0.0, minus - law_.theta_minus);
    const double mean = bar - law_.rest;
    return static_cast<float>(law_.reference > 0.0 ? by * (mean * mean / law_.reference) : by);
}

float Potentials::advance(std::size_t n, std::int32_t stamp, double u) {
    plus_[n] += plus_gain_ * (u - plus_[n]);
    minus_[n] += minus_gain_ * (u - minus_[n]);
    bar_[n] += bar_gain_ * (minus_[n] - bar_[n]);
    auto plus = static_cast<float>(plus_[n]), minus = static_cast<float>(minus_[n]);
    if (law_.delay_steps > 0) {
        const std::size_t i = static_cast<std::size_t>(stamp % law_.delay_steps) * plus_.size() + n;
        std::swap(plus, delayed_plus_[i]);
        std::swap(minus, delayed_minus_[i]);
    }
    depression_[slot(stamp) * plus_.size() + n] = depression_of(static_cast<double>(minus), bar_[n]);
    const double above = static_cast<double>(plus) - law_.theta_minus;
    return u > law_.theta_plus && above > 0.0 ? static_cast<float>(h_ * (u - law_.theta_plus) * above) : 0.0F;
}

void Potentials::state(StateColumns& columns) {
    const std::size_t n = plus_.size();
    columns.column<double>("u_bar_plus", n, plus_.data());
    columns.column<double>("u_bar_minus", n, minus_.data());
    columns.column<double>("u_bar_bar", n, bar_.data());
    columns.column<std::int32_t>("clamped", n, clamped_.data());
    const auto rings = [&](const char* name, std::uint32_t width, std::vector<float>& values) {
        if (width == 0) return;
        columns.column<float>(name, n, width,
                              [&](std::size_t i, std::uint32_t k) -> float& { return values[k * n + i]; });
    };
    rings("delayed_plus", static_cast<std::uint32_t>(law_.delay_steps), delayed_plus_);
    rings("delayed_minus", static_cast<std::uint32_t>(law_.delay_steps), delayed_minus_);
    rings("depression", slots_, depression_);
}

} // namespace spikecast
