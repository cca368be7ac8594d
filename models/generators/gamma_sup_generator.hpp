#pragma once

#include "models/generators/trains.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/random.hpp"

namespace spikecast::models {

/// The number of component processes in each of the gamma_shape stages, for each target.
template <class T>
class GammaSupTrain {
public:
    explicit GammaSupTrain(const BlockSetup& setup)
        : key_(make_key(setup.seed, Purpose::stimulus, setup.object)), indices_(setup.indices),
          stages_(static_cast<std::size_t>(setup.parameters[1].constant)), transition_(setup.parameters[0]),
          advanced_((setup.indices.size() + chunk_size - 1) / chunk_size, -1), counts_(setup.indices.size()) {
        const auto to_probability = [&](double rate) {
            const double p = rate * static_cast<double>(stages_) * setup.resolution_ms / 1000.0;
            if (!(p <= 1.0))
                refuse(setup.object + ".params.rate",
                       "rate * gamma_shape is " + std::to_string(p) + " transitions a step, but must be at most 1",
                       "lower the rate, the shape or the resolution");
            return p;
        };
        transition_.constant = to_probability(transition_.each.empty() ? transition_.constant : 0.0);
        for (double& p : transition_.each)
            p = to_probability(p);
        const auto processes = static_cast<std::uint32_t>(setup.parameters[2].constant);
        const auto stages = static_cast<std::uint32_t>(stages_);
        occupation_.assign(indices_.size() * stages_, processes / stages);
        for (std::size_t i = 0; i < indices_.size(); ++i)
            occupation_[(i + 1) * stages_ - 1] += processes % stages;
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        const std::size_t begin = chunk * chunk_size, end = std::min(begin + chunk_size, indices_.size());
        if (advanced_[chunk] != stamp) {
            advanced_[chunk] = stamp;
            for (std::size_t i = begin; i < end; ++i)
                counts_[i] = static_cast<T>(advance(stamp, i));
        }
        return counts_.data() + begin;
    }
    void state(StateColumns& columns) {
        columns.column<std::uint32_t>(
            "occupation", indices_.size(), static_cast<std::uint32_t>(stages_),
            [&](std::size_t i, std::uint32_t stage) -> std::uint32_t& { return occupation_[i * stages_ + stage]; });
    }
    [[nodiscard]] std::size_t bytes() const {
        return indices_.capacity() * sizeof(std::uint64_t) + transition_.each.capacity() * sizeof(double) +
               occupation_.capacity() * sizeof(std::uint32_t) + advanced_.capacity() * sizeof(std::int64_t) +
               counts_.bytes();
    }

private:
    /// Moves processes on by one stage; returns how many left the last one.
    std::uint32_t advance(std::int64_t stamp, std::size_t target) {
        std::uint32_t* const occupation = occupation_.data() + target * stages_;
        const double p = value_of(transition_, target);
        const std::uint64_t first_draw = static_cast<std::uint64_t>(stamp) * stages_;
        std::uint32_t from_last = 0, arriving = 0;
        for (std::size_t s = 0; s < stages_; ++s) {
            std::uint32_t leaving = 0;
            if (occupation[s] > 0) // 64 draws for each: a rejection needs more once in 10^20
                leaving = static_cast<std::uint32_t>(
                    binomial(key_, indices_[target], (first_draw + s) << 6, occupation[s], p));
            occupation[s] += arriving;
            occupation[s] -= leaving;
            arriving = leaving;
            from_last = leaving;
        }
        occupation[0] += from_last;
        return from_last;
    }

    Key key_;
    std::vector<std::uint64_t> indices_;
    std::size_t stages_;
    ResolvedValue transition_; ///< probability a step
    std::vector<std::uint32_t> occupation_;
    std::vector<std::int64_t> advanced_; ///< the stamp that each chunk has reached
    AlignedArray<T> counts_;
};

struct GammaSupGenerator {
    enum Parameter { rate, gamma_shape, n_proc, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"rate", "Hz", 0.0, {0.0, 1e9}, "of each component process"},
        {"gamma_shape", "1", 1.0, {1.0, 1000.0}, "shape of the component processes", false, ParameterForm::shared},
        {"n_proc", "1", 1.0, {1.0, 1e9}, "number of superimposed processes", false, ParameterForm::shared},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
        {"gamma_shape is a whole number", [](const double* p) { return p[gamma_shape] == std::floor(p[gamma_shape]); }},
        {"n_proc is a whole number", [](const double* p) { return p[n_proc] == std::floor(p[n_proc]); }},
    };
    static constexpr ModelInfo info{
        .name = "gamma_sup_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Spikes of superimposed gamma processes, independent for each target or element",
        .equations = R"(Intervals of a component process are sums of gamma_shape exponential ones: in
each step a process moves on by one stage with probability rate gamma_shape h,
and spikes when it leaves the last one. A target's train are the spikes of all
n_proc processes. As in NEST, processes are spread evenly over the stages when
activity begins, the remainder in the last stage, and a train of one process
begins with its last stage. Active for spikes in (start, stop].)",
        .citation = "Deger M, Helias M, Boucsein C, Rotter S (2012) Statistical properties of superimposed stationary "
                    "spike trains. J Comput Neurosci 32:443-463. doi:10.1007/s10827-011-0362-8",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<GammaSupTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<GammaSupTrain<T>, T>;
};

} // namespace spikecast::models
