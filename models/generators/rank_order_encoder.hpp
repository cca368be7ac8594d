#pragma once

#include "models/generators/encoding.hpp"

namespace spikecast::models {

/// Every worker ranks its own elements among all, in one more reading of the sample, without keeping the others'.
class RankOrderCode {
public:
    RankOrderCode(const BlockSetup& setup, const Presentations& presentations)
        : interval_(std::max<std::int64_t>(1, presentations.steps(setup.parameters[8].constant))),
          threshold_(setup.parameters[9].constant) {}
    void encode(Presentations& sample, std::vector<std::int64_t>& steps) {
        struct Entry {
            double number;
            std::uint64_t index;
            std::uint32_t neuron;
        };
        const auto before = [](const Entry& a, const Entry& b) {
            return a.number != b.number ? a.number > b.number : a.index < b.index;
        };
        std::vector<Entry> own;
        for (const auto& [index, neuron] : sample.order())
            own.push_back({sample.raw(neuron), index, neuron});
        std::sort(own.begin(), own.end(), before);
        std::vector<std::uint64_t> preceding(own.size() + 1, 0); // [j]: numbers between own entries j - 1 and j
        sample.scan([&](std::uint64_t first, std::span<const double> numbers) {
            for (std::size_t i = 0; i < numbers.size(); ++i) {
                const auto next = std::upper_bound(own.begin(), own.end(), Entry{numbers[i], first + i, 0}, before);
                ++preceding[static_cast<std::size_t>(next - own.begin())];
            }
        });
        std::uint64_t rank = 0;
        for (std::size_t j = 0; j < own.size(); ++j) {
            rank += preceding[j]; // own entry j - 1 is among them
            const bool in_time = rank <= static_cast<std::uint64_t>((sample.duration() - 1) / interval_);
            steps[own[j].neuron] = in_time && sample.scaled(own[j].neuron) > threshold_
                                       ? 1 + static_cast<std::int64_t>(rank) * interval_
                                       : 0;
        }
    }

private:
    std::int64_t interval_;
    double threshold_;
};

struct RankOrderEncoder : EncoderDeclaration {
    enum Parameter { interval = shared_parameters, threshold, start, stop };
    static constexpr auto parameters = joined(
        shared<>, {
                      {"interval", "ms", 1.0, positive, "between one rank and the next, a multiple of the resolution",
                       false, ParameterForm::on_grid},
                      {"threshold", "1", 0.0, {0.0, 1.0}, "x must be larger to spike", false, ParameterForm::shared},
                      start_parameter,
                      stop_parameter,
                  });
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
        data_relation,
        whole_relation,
    };
    static constexpr ModelInfo info{
        .name = "rank_order_encoder",
        .kind = ModelInfo::Kind::generator,
        .summary = "Rank-order code: elements spike in the order of their numbers",
        .equations = R"(The element with the largest number spikes in the first step of a sample, that
with the next one an interval later, and so on; of equal numbers the lower
element is first. Elements with x <= threshold are silent, and so are those
whose turn would come after the sample's duration.

x is the number of the element, scaled so that data_min is 0 and data_max 1,
and cut off there. Sample k is presented in the steps of
(start + k (duration + gap), start + k (duration + gap) + duration].)",
        .citation = "Thorpe S, Gautrais J (1998) Rank order coding. In: Computational neuroscience: trends in "
                    "research. Springer, "
                    "pp 113-118. doi:10.1007/978-1-4615-4831-7_19",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<SingleSpikeTrain<RankOrderCode, T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<SingleSpikeTrain<RankOrderCode, T>, T>;
};

} // namespace spikecast::models
