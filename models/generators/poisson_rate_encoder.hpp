#pragma once

#include "models/generators/encoding.hpp"
#include "models/generators/poisson_counts.hpp"

namespace spikecast::models {

template <class T>
class PoissonRateTrain {
public:
    explicit PoissonRateTrain(const BlockSetup& setup)
        : presentations_(setup), largest_(setup.parameters[8].constant * setup.resolution_ms / 1000.0), law_(setup),
          means_(setup.indices.size()), counts_(chunk_size) {
        check_mean(setup, "max_rate", setup.parameters[8].constant);
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        if (presentations_.step_of(stamp) == 0) return nullptr;
        if (presentations_.load())
            for (std::size_t i = 0; i < means_.size(); ++i)
                means_[i] = presentations_.scaled(i) * largest_;
        const std::size_t begin = chunk * chunk_size, n = std::min(chunk_size, means_.size() - begin);
        law_.draw(stamp, chunk, std::span<const double>(means_).subspan(begin, n), counts_.data());
        return counts_.data();
    }
    [[nodiscard]] std::size_t bytes() const {
        return presentations_.bytes() + law_.bytes() + means_.capacity() * sizeof(double) + counts_.bytes();
    }

private:
    Presentations presentations_;
    double largest_;
    VaryingPoisson law_;
    std::vector<double> means_;
    AlignedArray<T> counts_;
};

struct PoissonRateEncoder : EncoderDeclaration {
    enum Parameter { max_rate = shared_parameters, start, stop };
    static constexpr auto parameters =
        joined(shared<>, {
                             {"max_rate", "Hz", 100.0, {0.0, 1e9}, "rate for x = 1", false, ParameterForm::shared},
                             start_parameter,
                             stop_parameter,
                         });
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
        data_relation,
        whole_relation,
    };
    static constexpr ModelInfo info{
        .name = "poisson_rate_encoder",
        .kind = ModelInfo::Kind::generator,
        .summary = "Rate code with Poisson spikes",
        .equations = R"(During a sample an element spikes as a Poisson process of rate x max_rate. The
number of spikes n in a duration D estimates x as n / (max_rate D), with the
standard deviation sqrt(x / (max_rate D)). Draws are those of
poisson_generator.

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
    using Population = TrainPopulation<PoissonRateTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<PoissonRateTrain<T>, T>;
};

} // namespace spikecast::models
