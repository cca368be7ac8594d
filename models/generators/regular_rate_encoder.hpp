#pragma once

#include "models/generators/encoding.hpp"

namespace spikecast::models {

template <class T>
class RegularRateTrain {
public:
    explicit RegularRateTrain(const BlockSetup& setup)
        : presentations_(setup), largest_(setup.parameters[8].constant * setup.resolution_ms / 1000.0),
          rates_(setup.indices.size()), counts_(chunk_size) {
        if (!(largest_ <= 1e6))
            refuse(setup.object + ".params.max_rate",
                   "max_rate is " + std::to_string(largest_) + " spikes a step, but must be at most 1000000",
                   "lower it or the resolution");
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        const std::int64_t step = presentations_.step_of(stamp);
        if (step == 0) return nullptr;
        if (presentations_.load())
            for (std::size_t i = 0; i < rates_.size(); ++i)
                rates_[i] = presentations_.scaled(i) * largest_;
        const std::size_t begin = chunk * chunk_size, n = std::min(chunk_size, rates_.size() - begin);
        const auto now = static_cast<double>(step), before = static_cast<double>(step - 1);
        for (std::size_t i = 0; i < n; ++i)
            counts_[i] = static_cast<T>(std::floor(rates_[begin + i] * now + 0.5) -
                                        std::floor(rates_[begin + i] * before + 0.5));
        return counts_.data();
    }
    [[nodiscard]] std::size_t bytes() const {
        return presentations_.bytes() + rates_.capacity() * sizeof(double) + counts_.bytes();
    }

private:
    Presentations presentations_;
    double largest_;            ///< spikes a step
    std::vector<double> rates_; ///< spikes a step
    AlignedArray<T> counts_;
};

struct RegularRateEncoder : EncoderDeclaration {
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
        .name = "regular_rate_encoder",
        .kind = ModelInfo::Kind::generator,
        .summary = "Rate code with regular spikes",
        .equations = R"(During a sample an element spikes regularly at the rate r = x max_rate: by the
end of step k, of length h, it has spiked floor(r k h + 1/2) times. The number
of spikes n in a duration D gives x back as n / (max_rate D), with an error of
at most 1 / (2 max_rate D).

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
    using Population = TrainPopulation<RegularRateTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<RegularRateTrain<T>, T>;
};

} // namespace spikecast::models
