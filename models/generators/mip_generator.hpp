#pragma once

#include "models/generators/philox_planes.hpp"
#include "models/generators/trains.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/random.hpp"

namespace spikecast::models {

/// Copies of one mother train. The mother's draws are those of an element that no population has, so every worker
/// makes the same mother.
template <class T>
class MipTrain {
public:
    explicit MipTrain(const BlockSetup& setup)
        : key_(make_key(setup.seed, Purpose::stimulus, setup.object)), indices_(setup.indices),
          size_(setup.indices.size()), mother_(law(setup)), copy_(setup.parameters[1]), words_(4 * chunk_size),
          counts_(chunk_size) {
        indices_.resize((size_ + 7) / 8 * 8); // draws go by eight
        threshold_ = threshold_of(copy_.constant);
        for (const double p : copy_.each)
            threshold_each_.push_back(threshold_of(p));
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        if (stamp != stamp_) {
            stamp_ = stamp;
            mother_count_ = mother_(draw32(key_, mother, static_cast<std::uint64_t>(stamp)));
        }
        if (mother_count_ == 0) return nullptr;
        const std::size_t begin = chunk * chunk_size, n = std::min(chunk_size, size_ - begin);
        const std::size_t drawn = std::min(chunk_size, indices_.size() - begin);
        std::fill_n(counts_.data(), n, T{0});
        for (std::uint32_t spike = 0; spike < mother_count_; ++spike) {
            if (spike % 4 == 0) // stamps stay below 2^40, mother spikes of a step below 2^22
                philox_planes(key_, std::span(indices_).subspan(begin, drawn),
                              static_cast<std::uint64_t>(stamp) | std::uint64_t{spike / 4 + 1} << 42, words_.data(),
                              chunk_size);
            const std::uint32_t* const words = words_.data() + spike % 4 * chunk_size;
            if (threshold_each_.empty())
                for (std::size_t i = 0; i < n; ++i)
                    counts_[i] += words[i] < threshold_ ? T{1} : T{0};
            else
                for (std::size_t i = 0; i < n; ++i)
                    counts_[i] += words[i] < threshold_each_[begin + i] ? T{1} : T{0};
        }
        return counts_.data();
    }
    [[nodiscard]] std::size_t bytes() const {
        return indices_.capacity() * sizeof(std::uint64_t) + mother_.thresholds().size_bytes() +
               copy_.each.capacity() * sizeof(double) + threshold_each_.capacity() * sizeof(std::uint64_t) +
               words_.capacity() * sizeof(std::uint32_t) + counts_.bytes();
    }

private:
    static constexpr std::uint64_t mother = ~std::uint64_t{0};

    static DiscreteSampler law(const BlockSetup& setup) {
        const double rate = setup.parameters[0].constant, mean = rate * setup.resolution_ms / 1000.0;
        if (!(mean <= 1e6))
            refuse(setup.object + ".params.rate",
                   "a rate of " + std::to_string(rate) + " Hz is " + std::to_string(mean) +
                       " spikes a step, but at most 1000000 can be drawn",
                   "lower the rate or the resolution");
        return DiscreteSampler::poisson(mean);
    }
    /// A word is below it with the probability, right to 2^-33.
    static std::uint64_t threshold_of(double p) { return static_cast<std::uint64_t>(p * 0x1p32 + 0.5); }

    Key key_;
    std::vector<std::uint64_t> indices_;
    std::size_t size_;
    DiscreteSampler mother_;
    ResolvedValue copy_;
    std::uint64_t threshold_ = 0;
    std::vector<std::uint64_t> threshold_each_;
    std::int64_t stamp_ = -1;
    std::uint32_t mother_count_ = 0;
    std::vector<std::uint32_t> words_; ///< [word][target in the chunk]
    AlignedArray<T> counts_;
};

struct MipGenerator {
    enum Parameter { rate, p_copy, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"rate", "Hz", 0.0, {0.0, 1e9}, "of the mother train", false, ParameterForm::shared},
        {"p_copy", "1", 1.0, {0.0, 1.0}, "probability that a spike of the mother is copied"},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "mip_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Correlated Poisson spikes: copies of one mother train (multiple interaction process)",
        .equations = R"(A mother train, Poisson of the rate, is common to all targets of a stimulus,
or elements of a population. Each copies each of its spikes with probability
p_copy, independently: a train is Poisson of rate p_copy rate, and two trains
have the correlation p_copy of their counts in any bins. Active for spikes in
(start, stop].)",
        .citation = "Kuhn A, Aertsen A, Rotter S (2003) Higher-order statistics of input ensembles and the response of "
                    "simple model neurons. Neural Comput 15:67-101. doi:10.1162/089976603321043702",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<MipTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<MipTrain<T>, T>;
};

} // namespace spikecast::models
