#pragma once

#include "models/generators/encoding.hpp"

namespace spikecast::models {

class BinaryCode {
public:
    BinaryCode(const BlockSetup& setup, const Presentations&) : threshold_(setup.parameters[8].constant) {}
    void encode(const Presentations& sample, std::vector<std::int64_t>& steps) const {
        for (std::size_t i = 0; i < steps.size(); ++i)
            steps[i] = sample.scaled(i) >= threshold_ ? 1 : 0;
    }

private:
    double threshold_;
};

struct BinaryEncoder : EncoderDeclaration {
    enum Parameter { threshold = shared_parameters, start, stop };
    static constexpr auto parameters = joined(
        shared<>, {
                      {"threshold", "1", 0.5, {0.0, 1.0}, "smallest x that spikes", false, ParameterForm::shared},
                      start_parameter,
                      stop_parameter,
                  });
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
        data_relation,
        whole_relation,
    };
    static constexpr ModelInfo info{
        .name = "binary_encoder",
        .kind = ModelInfo::Kind::generator,
        .summary = "Binary code: which elements spike",
        .equations = R"(An element spikes once, in the first step of a sample, where x >= threshold.

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
    using Population = TrainPopulation<SingleSpikeTrain<BinaryCode, T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<SingleSpikeTrain<BinaryCode, T>, T>;
};

} // namespace spikecast::models
