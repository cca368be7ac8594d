#pragma once

#include "models/generators/encoding.hpp"

namespace spikecast::models {

template <class T>
class FullTemporalTrain {
public:
    explicit FullTemporalTrain(const BlockSetup& setup)
        : presentations_(setup), shortest_(presentations_.steps(setup.parameters[8].constant)),
          longest_(presentations_.steps(setup.parameters[9].constant)), counts_(chunk_size) {
        const auto needed = 1 + static_cast<double>(presentations_.each()) * static_cast<double>(longest_);
        if (needed > static_cast<double>(presentations_.duration()))
            refuse(setup.object + ".params.duration",
                   std::to_string(presentations_.each()) + " intervals of up to " +
                       std::to_string(setup.parameters[9].constant) + " ms don't fit into " +
                       std::to_string(setup.parameters[3].constant) + " ms",
                   "prolong duration or shorten max_interval");
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        const std::int64_t step = presentations_.step_of(stamp);
        if (step == 0) return nullptr;
        if (presentations_.load()) encode();
        const std::size_t begin = chunk * chunk_size;
        auto at = std::lower_bound(spikes_.begin(), spikes_.end(), std::pair{step, begin});
        if (at == spikes_.end() || at->first != step || at->second >= begin + chunk_size) return nullptr;
        std::fill_n(counts_.data(), chunk_size, T{0});
        for (; at != spikes_.end() && at->first == step && at->second < begin + chunk_size; ++at)
            counts_[at->second - begin] += T{1};
        return counts_.data();
    }
    [[nodiscard]] std::size_t bytes() const {
        return presentations_.bytes() + spikes_.capacity() * sizeof(spikes_[0]) + counts_.bytes();
    }

private:
    void encode() {
        spikes_.clear();
        const auto range = static_cast<double>(longest_ - shortest_);
        for (std::size_t i = 0; i < presentations_.size(); ++i) {
            std::int64_t step = 1;
            spikes_.emplace_back(step, i);
            for (std::size_t k = 0; k < presentations_.each(); ++k) {
                step += shortest_ + static_cast<std::int64_t>(std::floor(presentations_.scaled(i, k) * range + 0.5));
                spikes_.emplace_back(step, i);
            }
        }
        std::sort(spikes_.begin(), spikes_.end());
    }

    Presentations presentations_;
    std::int64_t shortest_, longest_;
    std::vector<std::pair<std::int64_t, std::size_t>> spikes_; ///< (step of the sample, neuron of the block), ascending
    AlignedArray<T> counts_;
};

struct FullTemporalEncoder : EncoderDeclaration {
    enum Parameter { min_interval = shared_parameters, max_interval, start, stop };
    static constexpr auto parameters =
        joined(shared<ParameterForm::sequences>,
               {
                   {"min_interval", "ms", 1.0, positive, "for x = 0, a multiple of the resolution", false,
                    ParameterForm::on_grid},
                   {"max_interval", "ms", 10.0, positive, "for x = 1, a multiple of the resolution", false,
                    ParameterForm::on_grid},
                   start_parameter,
                   stop_parameter,
               });
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
        data_relation,
        whole_relation,
        {"min_interval < max_interval", [](const double* p) { return p[min_interval] < p[max_interval]; }},
    };
    static constexpr ModelInfo info{
        .name = "full_temporal_encoder",
        .kind = ModelInfo::Kind::generator,
        .summary = "Full temporal code: every interval between spikes is a number",
        .equations = R"(The first spike of an element comes in the first step of a sample, and each
number x of the element in that sample makes one more, min_interval + x
(max_interval - min_interval) after the one before, rounded to steps h. With m
numbers for each element the data have the shape (samples, elements, m). An
interval gives x back with an error of at most h / 2 / (max_interval -
min_interval).

x is the number of the element, scaled so that data_min is 0 and data_max 1,
and cut off there. Sample k is presented in the steps of
(start + k (duration + gap), start + k (duration + gap) + duration].)",
        .citation =
            "Auge D, Hille J, Mueller E, Knoll A (2021) A survey of encoding techniques for signal processing in "
            "spiking neural networks. Neural Process Lett 53:4693-4710. doi:10.1007/s11063-021-10562-2",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<FullTemporalTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<FullTemporalTrain<T>, T>;
};

} // namespace spikecast::models
