// What encoders share: which sample is presented when, and the numbers of a block's neurons in it. An encoder turns
// each sample of an array in a file into spikes: number i of a sample belongs to element i of the population (or target
// i of the stimulus). Numbers are scaled so that data_min is 0 and data_max is 1; what lies outside counts as 0 or 1.
#pragma once

#include "models/generators/trains.hpp"

#include <limits>
#include <utility>

namespace spikecast::models {

/// What the declarations of encoders share: their first parameters, and the relations between these.
struct EncoderDeclaration {
    enum SharedParameter {
        data,
        data_min,
        data_max,
        duration,
        gap,
        first_sample,
        samples,
        repetitions,
        shared_parameters
    };
    /// Codes take one number of each element from a sample, or (sequences) any number.
    template <ParameterForm Data = ParameterForm::samples>
    static constexpr ParameterInfo shared[shared_parameters] = {
        {"data", "1", 0.0, any_value, "array of samples in an HDF5, NPY, NPZ or IDX file: { file, dataset }", false,
         Data},
        {"data_min", "1", 0.0, any_value, "number of the data that counts as 0", false, ParameterForm::shared},
        {"data_max", "1", 1.0, any_value, "number of the data that counts as 1", false, ParameterForm::shared},
        {"duration", "ms", 100.0, positive, "of a sample, a multiple of the resolution", false, ParameterForm::on_grid},
        {"gap", "ms", 0.0, not_negative, "silence after each sample, a multiple of the resolution", false,
         ParameterForm::on_grid},
        {"first_sample", "1", 0.0, {0.0, 0x1p53}, "number of the sample to begin with", false, ParameterForm::shared},
        {"samples",
         "1",
         0.0,
         {0.0, 0x1p53},
         "how many are presented one after the other; 0: all that follow",
         false,
         ParameterForm::shared},
        {"repetitions", "1", 1.0, {1.0, 0x1p53}, "how often they are presented", false, ParameterForm::shared},
    };
    static constexpr ParameterRelation data_relation{"data_min < data_max",
                                                     [](const double* p) { return p[data_min] < p[data_max]; }};
    static constexpr ParameterRelation whole_relation{
        "first_sample, samples and repetitions are whole numbers", [](const double* p) {
            return p[first_sample] == std::floor(p[first_sample]) && p[samples] == std::floor(p[samples]) &&
                   p[repetitions] == std::floor(p[repetitions]);
        }};
};

/// The sequence of presentations, and the numbers of the block's neurons in the sample that is presented.
class Presentations {
public:
    explicit Presentations(const BlockSetup& setup)
        : source_(setup.parameters[EncoderDeclaration::data].samples),
          minimum_(setup.parameters[EncoderDeclaration::data_min].constant),
          range_(setup.parameters[EncoderDeclaration::data_max].constant - minimum_), h_(setup.resolution_ms),
          start_(setup.start_step), duration_(steps(setup.parameters[EncoderDeclaration::duration].constant)),
          gap_(steps(setup.parameters[EncoderDeclaration::gap].constant)),
          first_(static_cast<std::uint64_t>(setup.parameters[EncoderDeclaration::first_sample].constant)) {
        if (!source_) refuse(setup.object + ".params.data", "an encoder needs data", "write data = { file = \"...\" }");
        const std::uint64_t there = source_->samples();
        const auto given = static_cast<std::uint64_t>(setup.parameters[EncoderDeclaration::samples].constant);
        if (first_ >= there || given > there - first_)
            refuse(setup.object + ".params." + (first_ >= there ? "first_sample" : "samples"),
                   "samples from " + std::to_string(first_) + " to " +
                       std::to_string(first_ + std::max<std::uint64_t>(given, 1) - 1) +
                       " are asked for, but there are " + std::to_string(there),
                   "they count from 0");
        count_ = given > 0 ? given : there - first_;
        repetitions_ = setup.parameters[EncoderDeclaration::repetitions].constant;
        const std::uint64_t neurons = std::max<std::uint64_t>(1, setup.population_size);
        each_ = source_->length() / neurons;
        for (std::size_t i = 0; i < setup.indices.size(); ++i)
            order_.emplace_back(setup.indices[i], static_cast<std::uint32_t>(i));
        std::sort(order_.begin(), order_.end());
        values_.resize(setup.indices.size() * each_);
    }

    /// Steps since the sample began, from 1 to duration(), of a spike with this stamp; 0 where no sample is presented.
    [[nodiscard]] std::int64_t step_of(std::int64_t stamp) {
        const std::int64_t since = stamp - 1 - start_, period = duration_ + gap_;
        if (since < 0 || since % period >= duration_) return 0;
        number_ = since / period;
        return static_cast<double>(number_ / static_cast<std::int64_t>(count_)) < repetitions_ ? since % period + 1 : 0;
    }
    /// Reads the sample of the last step_of() unless it is there already; true where it is new.
    bool load() {
        if (number_ == loaded_) return false;
        loaded_ = number_;
        sample_ = first_ + static_cast<std::uint64_t>(number_) % count_;
        if (order_.empty()) return true;
        source_->scan(sample_, [&](std::uint64_t first, std::span<const double> numbers) {
            auto at = std::lower_bound(order_.begin(), order_.end(), std::pair{first / each_, std::uint32_t{0}});
            for (; at != order_.end() && at->first * each_ < first + numbers.size(); ++at)
                for (std::uint64_t k = 0; k < each_; ++k) {
                    const std::uint64_t place = at->first * each_ + k;
                    if (place >= first && place < first + numbers.size())
                        values_[at->second * each_ + k] = numbers[place - first];
                }
        });
        return true;
    }
    /// Visits all numbers of the loaded sample, not only those of the block.
    void scan(const std::function<void(std::uint64_t, std::span<const double>)>& visit) {
        source_->scan(sample_, visit);
    }
    /// Number k of a neuron of the block as it is in the file, and scaled to [0, 1].
    [[nodiscard]] double raw(std::size_t neuron, std::size_t k = 0) const { return values_[neuron * each_ + k]; }
    [[nodiscard]] double scaled(std::size_t neuron, std::size_t k = 0) const {
        return std::clamp((raw(neuron, k) - minimum_) / range_, 0.0, 1.0);
    }
    [[nodiscard]] std::size_t each() const { return each_; }
    [[nodiscard]] std::int64_t duration() const { return duration_; }
    [[nodiscard]] std::size_t size() const { return order_.size(); }
    [[nodiscard]] const std::vector<std::pair<std::uint64_t, std::uint32_t>>& order() const { return order_; }
    [[nodiscard]] std::int64_t steps(double ms) const { return static_cast<std::int64_t>(std::floor(ms / h_ + 0.5)); }
    [[nodiscard]] std::size_t bytes() const {
        return order_.capacity() * sizeof(order_[0]) + values_.capacity() * sizeof(double);
    }

private:
    std::shared_ptr<SampleSource> source_;
    double minimum_, range_, h_;
    std::int64_t start_, duration_, gap_;
    std::uint64_t first_, count_ = 0;
    double repetitions_ = 1.0;
    std::uint64_t each_ = 1;                 ///< numbers of a neuron in a sample
    std::int64_t number_ = -1, loaded_ = -1; ///< of presentations
    std::uint64_t sample_ = 0;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> order_; ///< (index, number within the block), ascending
    std::vector<double> values_;                                 ///< [neuron of the block][k]
};

/// A code of at most one spike a sample: Code(setup, presentations) and void encode(presentations, steps), which gives
/// for each neuron of the block the step of the sample at whose end it spikes, 0 for none.
template <class Code, class T>
class SingleSpikeTrain {
public:
    explicit SingleSpikeTrain(const BlockSetup& setup)
        : presentations_(setup), code_(setup, presentations_), steps_(setup.indices.size()), counts_(chunk_size) {}
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        const std::int64_t step = presentations_.step_of(stamp);
        if (step == 0) return nullptr;
        if (presentations_.load()) code_.encode(presentations_, steps_);
        const std::size_t begin = chunk * chunk_size, n = std::min(chunk_size, steps_.size() - begin);
        bool any = false;
        for (std::size_t i = 0; i < n; ++i) {
            const bool spikes = steps_[begin + i] == step;
            any |= spikes;
            counts_[i] = spikes ? T{1} : T{0};
        }
        return any ? counts_.data() : nullptr;
    }
    [[nodiscard]] std::size_t bytes() const {
        return presentations_.bytes() + steps_.capacity() * sizeof(std::int64_t) + counts_.bytes();
    }

private:
    Presentations presentations_;
    Code code_;
    std::vector<std::int64_t> steps_;
    AlignedArray<T> counts_;
};

} // namespace spikecast::models
