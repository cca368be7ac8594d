// What generators of spikes share. A train says how many spikes each of its elements has at a stamp; the same train
// serves as a population (its elements spike) and as a stimulus (its targets receive the spikes after a delay).
//
// A train supplies: Train(const BlockSetup&), bytes(), and counts(stamp, chunk), the numbers of spikes of the elements
// from chunk * chunk_size on as T, or nullptr where there are none. Stamps must be asked for in ascending order. A
// train whose counts depend on more than parameters, seed and stamp has state(columns), too (StimulusBlock::state).
#pragma once

#include "models/neuron_block.hpp"
#include "spikecast/block.hpp"
#include "spikecast/simd.hpp"

#include <algorithm>
#include <cmath>

namespace spikecast::models {

inline constexpr ParameterInfo start_parameter{"start", "ms", 0.0, not_negative, "beginning of activity"};
inline constexpr ParameterInfo stop_parameter{"stop", "ms", std::numeric_limits<double>::infinity(), not_negative,
                                              "end of activity"};

/// Times in ms as steps. Throws InputError for one that isn't a multiple of the resolution, isn't positive, or comes
/// before its predecessor (or with it, where `strictly`).
[[nodiscard]] inline std::vector<std::int64_t> steps_of_times(const BlockSetup& setup, std::size_t parameter,
                                                              bool strictly) {
    const std::vector<double>& times = setup.parameters[parameter].list;
    const std::string name(setup.model->parameters[parameter].name);
    const auto refuse_time = [&](double time, const std::string& rule, const std::string& remedy) {
        refuse(setup.object + ".params." + name, name + " holds " + std::to_string(time) + " ms, " + rule, remedy);
    };
    std::vector<std::int64_t> steps;
    steps.reserve(times.size());
    for (const double time : times) {
        const double exact = time / setup.resolution_ms, whole = std::round(exact);
        if (!(whole >= 1.0) || whole > 0x1p53) refuse_time(time, "but times must be positive", "give times after 0 ms");
        // decimal times such as 0.3 ms are multiples only up to the rounding of both numbers: 2 ulp of the quotient
        if (std::abs(exact - whole) > 4.5e-16 * whole)
            refuse_time(time, "which is not a multiple of the resolution",
                        "the nearest multiples are " + std::to_string(std::floor(exact) * setup.resolution_ms) +
                            " ms and " + std::to_string(std::ceil(exact) * setup.resolution_ms) + " ms");
        const auto step = static_cast<std::int64_t>(whole);
        if (!steps.empty() && (strictly ? step <= steps.back() : step < steps.back()))
            refuse_time(time, "which is not after the time before it", "list the times in ascending order");
        steps.push_back(step);
    }
    return steps;
}

/// Refuses lists of which the second hasn't one value for each time of the first.
inline void require_pairs(const BlockSetup& setup, std::size_t times, std::size_t values) {
    const std::string times_name(setup.model->parameters[times].name);
    const std::string values_name(setup.model->parameters[values].name);
    const std::size_t n = setup.parameters[times].list.size(), given = setup.parameters[values].list.size();
    if (n != given)
        refuse(setup.object + ".params." + values_name,
               values_name + " has " + std::to_string(given) + " values, but " + times_name + " has " +
                   std::to_string(n),
               "give one value for each time");
}

/// A number of T for each target, or one for all.
template <class T>
class PerTarget {
public:
    PerTarget(const ResolvedValue& value, std::size_t targets) : constant_(static_cast<T>(value.constant)) {
        if (value.each.empty()) return;
        each_ = AlignedArray<T>(simd::padded<T>(targets));
        std::transform(value.each.begin(), value.each.end(), each_.data(), [](double x) { return static_cast<T>(x); });
    }
    [[nodiscard]] bool uniform() const { return each_.size() == 0; }
    [[nodiscard]] T constant() const { return constant_; }
    [[nodiscard]] const T* each() const { return each_.data(); }
    [[nodiscard]] std::size_t bytes() const { return each_.bytes(); }

private:
    T constant_;
    AlignedArray<T> each_;
};

/// A train as a population without input.
template <class Train, class T>
class TrainPopulation final : public PopulationBlock<T> {
public:
    explicit TrainPopulation(const BlockSetup& setup)
        : start_(setup.start_step), stop_(setup.stop_step), train_(setup) {}
    void update(std::int64_t step, std::size_t begin, std::size_t end, const ChunkInput<T>&,
                std::vector<std::uint32_t>& spikes) override {
        const std::int64_t stamp = step + 1;
        if (stamp <= start_ || stamp > stop_ || begin >= end) return;
        const T* counts = train_.counts(stamp, begin / chunk_size);
        if (counts == nullptr) return;
        for (std::size_t i = begin; i < end; ++i)
            if (const T count = counts[i - begin]; count > 0)
                spikes.insert(spikes.end(), static_cast<std::size_t>(count), static_cast<std::uint32_t>(i));
    }
    [[nodiscard]] double get(std::size_t, std::size_t) const override { return 0.0; }
    void set(std::size_t, std::size_t, double) override {}
    void state(StateColumns& columns) override {
        if constexpr (requires { train_.state(columns); }) train_.state(columns);
    }
    [[nodiscard]] std::size_t bytes() const override { return sizeof(*this) + train_.bytes(); }

private:
    std::int64_t start_, stop_;
    Train train_;
};

/// A train as a stimulus: weight * count of the spikes that arrive at the end of the step.
template <class Train, class T>
class TrainStimulus final : public StimulusBlock<T> {
public:
    explicit TrainStimulus(const StimulusSetup& setup)
        : start_(setup.generator.start_step), stop_(setup.generator.stop_step), delay_(setup.delay_steps),
          weight_(setup.weight, setup.generator.indices.size()), train_(setup.generator) {}
    void add(std::int64_t step, std::size_t begin, std::size_t end, T* buffer) override {
        const std::int64_t stamp = step + 1 - delay_;
        if (stamp <= start_ || stamp > stop_) return;
        while (begin < end) { // ranges of the train's own chunks
            const std::size_t chunk = begin / chunk_size, until = std::min(end, (chunk + 1) * chunk_size);
            if (const T* counts = train_.counts(stamp, chunk)) {
                counts += begin - chunk * chunk_size;
                if (weight_.uniform())
                    accumulate(buffer, counts, until - begin, [w = weight_.constant()](std::size_t) { return w; });
                else
                    accumulate(buffer, counts, until - begin,
                               [w = weight_.each() + begin](std::size_t i) { return w[i]; });
            }
            buffer += until - begin;
            begin = until;
        }
    }
    void state(StateColumns& columns) override {
        if constexpr (requires { train_.state(columns); }) train_.state(columns);
    }
    [[nodiscard]] std::size_t bytes() const override { return sizeof(*this) + train_.bytes() + weight_.bytes(); }

private:
    template <class Weight>
    static void accumulate(T* __restrict__ to, const T* __restrict__ counts, std::size_t n, Weight weight) {
        for (std::size_t i = 0; i < n; ++i)
            to[i] += weight(i) * counts[i];
    }
    std::int64_t start_, stop_, delay_;
    PerTarget<T> weight_;
    Train train_;
};

} // namespace spikecast::models
