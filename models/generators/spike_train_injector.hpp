#pragma once

#include "models/generators/trains.hpp"

namespace spikecast::models {

/// The spikes of a block's elements, sorted by step.
template <class T>
class InjectedTrain {
public:
    explicit InjectedTrain(const BlockSetup& setup) : counts_(chunk_size) {
        const bool round_up = setup.parameters[1].constant != 0.0;
        for (const ReadSpike& spike : setup.parameters[0].spikes) {
            const double exact = spike.time_ms / setup.resolution_ms, nearest = std::round(exact);
            const auto refuse_time = [&](const std::string& rule, const std::string& remedy) {
                refuse(setup.object + ".params.spike_times",
                       "neuron " + std::to_string(setup.indices[spike.neuron]) + " has a spike at " +
                           std::to_string(spike.time_ms) + " ms, " + rule,
                       remedy);
            };
            if (!(nearest >= 1.0) || nearest > 0x1p53)
                refuse_time("but times must be positive", "give times after 0 ms");
            double step = nearest;
            if (std::abs(exact - nearest) > 4.5e-16 * nearest) { // as steps_of_times has it
                if (!round_up)
                    refuse_time("which is not a multiple of the resolution",
                                "the nearest multiples are " + std::to_string(std::floor(exact) * setup.resolution_ms) +
                                    " ms and " + std::to_string(std::ceil(exact) * setup.resolution_ms) +
                                    " ms; allow_offgrid_times = true takes the later one");
                step = std::ceil(exact);
            }
            const auto stamp = static_cast<std::int64_t>(step);
            if (stamp > setup.start_step && stamp <= setup.stop_step) spikes_.emplace_back(stamp, spike.neuron);
        }
        std::sort(spikes_.begin(), spikes_.end());
        spikes_.shrink_to_fit();
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        if (stamp != stamp_) {
            stamp_ = stamp;
            while (next_ < spikes_.size() && spikes_[next_].first < stamp)
                ++next_;
        }
        if (next_ == spikes_.size() || spikes_[next_].first != stamp) return nullptr;
        const std::size_t begin = chunk * chunk_size, end = begin + chunk_size;
        auto at = std::lower_bound(spikes_.begin() + static_cast<std::ptrdiff_t>(next_), spikes_.end(),
                                   std::pair{stamp, static_cast<std::uint32_t>(begin)});
        if (at == spikes_.end() || at->first != stamp || at->second >= end) return nullptr;
        std::fill_n(counts_.data(), chunk_size, T{0});
        for (; at != spikes_.end() && at->first == stamp && at->second < end; ++at)
            counts_[at->second - begin] += T{1};
        return counts_.data();
    }
    [[nodiscard]] std::size_t bytes() const { return spikes_.capacity() * sizeof(spikes_[0]) + counts_.bytes(); }

private:
    std::vector<std::pair<std::int64_t, std::uint32_t>> spikes_; ///< (stamp, element of the block), ascending
    std::size_t next_ = 0;                                       ///< the first that isn't before stamp_
    std::int64_t stamp_ = -1;
    AlignedArray<T> counts_;
};

struct SpikeTrainInjector {
    enum Parameter { spike_times, allow_offgrid_times, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"spike_times", "ms", 0.0, any_value, "spikes in a SONATA file: { file, dataset = \"/spikes/NAME\" }", false,
         ParameterForm::trains},
        flag("allow_offgrid_times", false, "times between steps are rounded up"),
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "spike_train_injector",
        .kind = ModelInfo::Kind::generator,
        .summary = "Spikes from a file, a train for each element or target",
        .equations = R"(Element (or target) i has the spikes whose node_ids are i in the group that
spike_times names: timestamps in ms, multiples of the resolution, in any
order; a time that occurs twice gives two spikes. A result file of Spikecast
is such a file. Spikes outside (start, stop] are left out. Every worker keeps
its own elements' spikes only.)",
        .citation = "NEST Simulator, model spike_train_injector: https://nest-simulator.readthedocs.io; Dai K et al. "
                    "(2020) The SONATA data format. PLoS Comput Biol 16:e1007696. doi:10.1371/journal.pcbi.1007696",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<InjectedTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<InjectedTrain<T>, T>;
};

} // namespace spikecast::models
