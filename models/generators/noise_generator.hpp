#pragma once

#include "models/generators/currents.hpp"
#include "models/generators/oscillation.hpp"
#include "models/generators/philox_planes.hpp"
#include "spikecast/distributions.hpp"

namespace spikecast::models {

template <class T>
class NoiseStimulus final : public StimulusBlock<T> {
public:
    explicit NoiseStimulus(const StimulusSetup& setup)
        : key_(make_key(setup.generator.seed, Purpose::stimulus, setup.generator.object)),
          indices_(setup.generator.indices), size_(setup.generator.indices.size()), start_(setup.generator.start_step),
          stop_(setup.generator.stop_step), delay_(setup.delay_steps),
          interval_(static_cast<std::int64_t>(
              std::floor(setup.generator.parameters[2].constant / setup.generator.resolution_ms + 0.5))),
          mean_(setup.generator.parameters[0]), std_(setup.generator.parameters[1]),
          std_mod_(setup.generator.parameters[3]), phase_(setup.generator, 4, 5), weight_(setup.weight, size_),
          normal_(Distribution::normal(0.0, 1.0)) {
        indices_.resize((size_ + 7) / 8 * 8); // draws go by eight
        const std::size_t chunks = (size_ + chunk_size - 1) / chunk_size;
        words_.resize(chunks * 4 * chunk_size);
        drawn_.assign(chunks, -1);
        current_of_.assign(chunks, -1);
        currents_ = AlignedArray<T>(chunks * chunk_size);
        if (interval_ < 1)
            refuse(setup.generator.object + ".params.dt", "dt is shorter than the resolution",
                   "give a multiple of the resolution");
        for (std::size_t i = 0; i < (std_.each.empty() && std_mod_.each.empty() ? 1 : size_); ++i)
            if (value_of(std_mod_, i) > value_of(std_, i))
                refuse(setup.generator.object + ".params.std_mod",
                       "std_mod = " + std::to_string(value_of(std_mod_, i)) +
                           " pA is larger than std = " + std::to_string(value_of(std_, i)) + " pA",
                       "the variance std^2 + std_mod^2 sin(...) must not be negative");
    }
    void add(std::int64_t step, std::size_t begin, std::size_t end, T* buffer) override {
        const std::int64_t emitted = emission_step(step, delay_, start_, stop_);
        if (emitted < 0) return;
        const std::int64_t first = start_ > 1 ? start_ - 1 : 0; // the first step in which a current is emitted
        const std::int64_t number = (emitted - first) / interval_;
        while (begin < end) {
            const std::size_t chunk = begin / chunk_size, until = std::min(end, (chunk + 1) * chunk_size);
            if (current_of_[chunk] != number) draw(number, first + number * interval_, chunk);
            for (std::size_t i = begin; i < until; ++i)
                buffer[i - begin] += (weight_.uniform() ? weight_.constant() : weight_.each()[i]) * currents_[i];
            buffer += until - begin;
            begin = until;
        }
    }
    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(*this) + indices_.capacity() * sizeof(std::uint64_t) + weight_.bytes() + phase_.bytes() +
               (mean_.each.capacity() + std_.each.capacity() + std_mod_.each.capacity()) * sizeof(double) +
               words_.capacity() * sizeof(std::uint32_t) + currents_.bytes() +
               (drawn_.capacity() + current_of_.capacity()) * sizeof(std::int64_t);
    }

private:
    void draw(std::int64_t number, std::int64_t emitted, std::size_t chunk) {
        current_of_[chunk] = number;
        const std::size_t begin = chunk * chunk_size, n = std::min(chunk_size, size_ - begin);
        std::uint32_t* const words = words_.data() + 4 * begin;
        if (drawn_[chunk] != number >> 2) {
            drawn_[chunk] = number >> 2;
            philox_planes(key_, std::span(indices_).subspan(begin, std::min(chunk_size, indices_.size() - begin)),
                          static_cast<std::uint64_t>(number >> 2), words, chunk_size);
        }
        double normal[chunk_size];
        normal_.fill({words + static_cast<std::size_t>(number & 3) * chunk_size, n}, {normal, n});
        const bool uniform = std_.each.empty() && std_mod_.each.empty() && phase_.uniform();
        const double shared = uniform ? deviation(emitted, 0) : 0.0;
        for (std::size_t i = 0; i < n; ++i)
            currents_[begin + i] = static_cast<T>(value_of(mean_, begin + i) +
                                                  (uniform ? shared : deviation(emitted, begin + i)) * normal[i]);
    }
    [[nodiscard]] double deviation(std::int64_t emitted, std::size_t i) const {
        const double s = value_of(std_, i), modulated = value_of(std_mod_, i);
        if (modulated == 0.0) return s;
        const double variance = s * s + modulated * modulated * phase_.sine(emitted + 1, i);
        return variance > 0.0 ? std::sqrt(variance) : 0.0;
    }

    Key key_;
    std::vector<std::uint64_t> indices_;
    std::size_t size_;
    std::int64_t start_, stop_, delay_, interval_;
    ResolvedValue mean_, std_, std_mod_;
    Oscillation phase_;
    PerTarget<T> weight_;
    Sampler normal_;
    std::vector<std::uint32_t> words_;     ///< [chunk][word][target in the chunk]
    std::vector<std::int64_t> drawn_;      ///< the Philox block that words_ holds, for each chunk
    std::vector<std::int64_t> current_of_; ///< the interval that currents_ holds, for each chunk
    AlignedArray<T> currents_;
};

struct NoiseGenerator {
    enum Parameter { mean, std, dt, std_mod, frequency, phase, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"mean", "pA", 0.0, any_value, "mean current"},
        {"std", "pA", 0.0, not_negative, "standard deviation of the current"},
        {"dt", "ms", 1.0, positive, "interval between changes, a multiple of the resolution", false,
         ParameterForm::on_grid},
        {"std_mod", "pA", 0.0, not_negative, "modulation of the standard deviation, at most std"},
        {"frequency", "Hz", 0.0, not_negative, "of the modulation"},
        {"phase", "1", 0.0, any_value, "of the modulation at time 0, in degrees"},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
        {"std_mod <= std", [](const double* p) { return p[std_mod] <= p[std]; }},
    };
    static constexpr ModelInfo info{
        .name = "noise_generator",
        .kind = ModelInfo::Kind::current_generator,
        .summary = "A Gaussian white-noise current, independent for each target",
        .equations = R"(I = weight (mean + sqrt(std^2 + std_mod^2 sin(2 pi frequency t + phase)) N_j)

with N_j drawn from the standard normal distribution for each target and each
interval j of length dt; the weight's default is 1, t is the beginning of the
interval. Acts in (start + delay, stop + delay], and as in NEST not before
h + delay. The effect on a neuron depends on dt: a membrane of time constant
tau_m >> dt has V of variance (R std)^2 dt / (2 tau_m).)",
        .citation = "NEST Simulator, model noise_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Stimulus = NoiseStimulus<T>;
};

} // namespace spikecast::models
