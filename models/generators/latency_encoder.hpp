#pragma once

#include "models/generators/encoding.hpp"

namespace spikecast::models {

class LatencyCode {
public:
    LatencyCode(const BlockSetup& setup, const Presentations&) : threshold_(setup.parameters[8].constant) {}
    void encode(const Presentations& sample, std::vector<std::int64_t>& steps) const {
        const auto latest = static_cast<double>(sample.duration() - 1);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const double x = sample.scaled(i);
            steps[i] = x > threshold_ ? 1 + static_cast<std::int64_t>(std::floor((1.0 - x) * latest + 0.5)) : 0;
        }
    }

private:
    double threshold_;
};

struct LatencyEncoder : EncoderDeclaration {
    enum Parameter { threshold = shared_parameters, start, stop };
    static constexpr auto parameters = joined(
        shared<>, {
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
        .name = "latency_encoder",
        .kind = ModelInfo::Kind::generator,
        .summary = "Latency code: the larger a number, the earlier its spike",
        .equations = R"(An element with x > threshold spikes once, in step 1 + round((1 - x) (D - 1))
of the D steps of a sample (time to first spike); the others are silent. The
time gives x back with an error of at most 1 / (2 (D - 1)).

x is the number of the element, scaled so that data_min is 0 and data_max 1,
and cut off there. Sample k is presented in the steps of
(start + k (duration + gap), start + k (duration + gap) + duration].)",
        .citation = "Thorpe S, Delorme A, Van Rullen R (2001) Spike-based strategies for rapid processing. Neural Netw "
                    "14:715-725. doi:10.1016/S0893-6080(01)00083-1",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<SingleSpikeTrain<LatencyCode, T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<SingleSpikeTrain<LatencyCode, T>, T>;
};

} // namespace spikecast::models
