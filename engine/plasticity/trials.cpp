#include "engine/plasticity/trials.hpp"

#include <cmath>

namespace spikecast {

TrialLaw trial_law(const TrialInfo& info, const std::vector<double>& parameters, double resolution_ms) {
    return {static_cast<std::int32_t>(std::lround(parameters[info.interval] / resolution_ms)), parameters[info.tau_q],
            parameters[info.gamma_r]};
}

TrialContributions compare_trial(std::span<const std::int32_t> own, std::span<const std::int32_t> teacher,
                                 const TrialLaw& law, double resolution_ms) {
    struct Cost {
        std::int64_t spikes, squares; ///< removed or inserted; of the steps by which others are moved
    };
    enum class Step : std::uint8_t { remove, insert, move };
    const double q = resolution_ms / law.tau_q_ms;
    const auto total = [&](const Cost& c) {
        return static_cast<double>(c.spikes) + static_cast<double>(c.squares) * (q * q / 2.0);
    };
    const std::size_t n = own.size(), m = teacher.size(), width = m + 1;
    // costs[i * width + j]: of the cheapest way from the first i own spikes to the teacher's first j
    std::vector<Cost> costs((n + 1) * width, Cost{0, 0});
    std::vector<Step> steps((n + 1) * width, Step::insert);
    for (std::size_t at = 1; at < costs.size(); ++at) {
        const std::size_t i = at / width, j = at % width;
        bool found = false;
        const auto may = [&](Step step, const Cost& cost) {
            if (found && total(cost) >= total(costs[at])) return;
            costs[at] = cost;
            steps[at] = step;
            found = true;
        };
        if (i > 0) may(Step::remove, {costs[at - width].spikes + 1, costs[at - width].squares});
        if (j > 0) may(Step::insert, {costs[at - 1].spikes + 1, costs[at - 1].squares});
        if (i == 0 || j == 0) continue;
        const Cost& before = costs[at - width - 1];
        const std::int64_t by = std::int64_t{own[i - 1]} - teacher[j - 1];
        may(Step::move, {before.spikes, before.squares + by * by});
    }
    TrialContributions out{std::vector<double>(n, 0.0), std::vector<double>(m, 0.0)};
    for (std::size_t i = n, j = m; i > 0 || j > 0;) {
        switch (steps[i * width + j]) {
        case Step::remove:
            out.own[--i] = -1.0;
            break;
        case Step::insert:
            out.teacher[--j] = 1.0;
            break;
        case Step::move:
            --i;
            --j;
            out.own[i] = law.gamma_r_ms * (resolution_ms * (own[i] - teacher[j])) / (law.tau_q_ms * law.tau_q_ms);
            break;
        }
    }
    return out;
}

std::uint32_t end_trial(PostHistory& history, std::uint32_t neuron, std::int32_t stamp, const TrialLaw& law,
                        double resolution_ms) {
    const std::uint32_t count = history.since(neuron, stamp - law.interval_steps);
    if (count == 0) return 0;
    const std::size_t given = history.trace_of(TraceKind::given);
    std::vector<std::int32_t> stamps[2]; // own, teacher
    std::vector<std::size_t> places[2];
    for (std::uint32_t back = count; back-- > 0;) {
        const std::size_t place = history.place(neuron, back);
        const std::size_t whose = history.trace_at(place, given) > 0.0F ? 1 : 0;
        stamps[whose].push_back(history.stamp_at(place));
        places[whose].push_back(place);
    }
    const TrialContributions contributions = compare_trial(stamps[0], stamps[1], law, resolution_ms);
    for (std::size_t i = 0; i < places[0].size(); ++i)
        history.trace_at(places[0][i], given) = static_cast<float>(contributions.own[i]);
    for (std::size_t j = 0; j < places[1].size(); ++j)
        history.trace_at(places[1][j], given) = static_cast<float>(contributions.teacher[j]);
    return count;
}

} // namespace spikecast
