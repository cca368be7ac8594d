// Counts of Poisson processes whose rate changes from step to step.
#pragma once

#include "models/generators/trains.hpp"
#include "models/stamp_words.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/math.hpp"
#include "spikecast/random.hpp"

#include <array>
#include <cstring>

namespace spikecast::models {

/// counts[i] = base + number of thresholds <= words[i], by comparing the words of eight targets with all thresholds; a
/// threshold is stored with its top bit flipped, which makes signed comparisons order unsigned numbers. n is a multiple
/// of 8; words and counts of any alignment.
template <class T>
void count_thresholds(const std::uint32_t* words, std::size_t n, std::uint32_t base,
                      std::span<const std::int32_t> thresholds, T* counts) {
    using Word = typename simd::detail::registers<std::int32_t, 8>::type;
    using Numbers = typename simd::detail::registers<T, 8>::type;
    for (std::size_t i = 0; i < n; i += 8) {
        Word word, count = Word{} + static_cast<std::int32_t>(base);
        std::memcpy(&word, words + i, sizeof(word));
        word ^= std::numeric_limits<std::int32_t>::min();
        for (const std::int32_t threshold : thresholds)
            count -= word >= threshold; // true is -1
        const Numbers numbers = __builtin_convertvector(count, Numbers);
        std::memcpy(counts + i, &numbers, sizeof(numbers));
    }
}

/// Poisson counts of any mean, which may be another in every step and for every target. Up to a mean of 16 the count
/// is the number of thresholds round(2^32 P(X <= k)) that are at most the stamp's word; above, spikecast::poisson with
/// the draws from 2^62 + 64 stamp on.
class VaryingPoisson {
public:
    static constexpr double largest_inverted = 16.0;

    explicit VaryingPoisson(const BlockSetup& setup) : words_(setup, Purpose::stimulus) {}

    /// The same mean for all targets of a chunk. counts holds chunk_size numbers.
    template <class T>
    void draw(std::int64_t stamp, std::size_t chunk, double mean, T* counts) {
        const std::uint32_t* const words = words_.at(stamp, chunk);
        if (mean <= largest_inverted) {
            if (mean != mean_of_thresholds_) {
                thresholds_.clear();
                Cumulated cumulated(mean);
                for (std::uint64_t t = cumulated.threshold(); t <= 0xffff'ffffU; t = cumulated.next())
                    thresholds_.push_back(static_cast<std::int32_t>(static_cast<std::uint32_t>(t) ^ 0x80000000U));
                mean_of_thresholds_ = mean;
            }
            count_thresholds(words, words_.size(chunk), 0, thresholds_, counts);
        } else {
            for (std::size_t i = 0; i < words_.size(chunk); ++i)
                counts[i] = static_cast<T>(of(stamp, chunk * chunk_size + i, words[i], mean));
        }
    }
    /// means[i] is that of target i of the chunk.
    template <class T>
    void draw(std::int64_t stamp, std::size_t chunk, std::span<const double> means, T* counts) {
        const std::uint32_t* const words = words_.at(stamp, chunk);
        for (std::size_t i = 0; i < means.size(); ++i)
            counts[i] = static_cast<T>(of(stamp, chunk * chunk_size + i, words[i], means[i]));
    }
    [[nodiscard]] std::size_t bytes() const { return words_.bytes() + thresholds_.capacity() * sizeof(std::int32_t); }

private:
    /// round(2^32 P(X <= k)) for k = 0, 1, ...
    class Cumulated {
    public:
        explicit Cumulated(double mean) : mean_(mean), term_(math::exp(-mean)), sum_(term_) {}
        [[nodiscard]] std::uint64_t threshold() const { return static_cast<std::uint64_t>(sum_ * 0x1p32 + 0.5); }
        std::uint64_t next() {
            k_ += 1.0;
            term_ *= mean_ / k_;
            const double before = sum_;
            sum_ += term_;
            // rounding may leave the sum below 1 for ever; where it no longer grows beyond the mode, it has ended
            return sum_ == before && k_ > mean_ ? std::uint64_t{1} << 32 : threshold();
        }

    private:
        double mean_, term_, sum_, k_ = 0.0;
    };

    [[nodiscard]] double of(std::int64_t stamp, std::size_t target, std::uint32_t word, double mean) const {
        if (mean > largest_inverted) {
            const auto first = (std::uint64_t{1} << 62) + (static_cast<std::uint64_t>(stamp) << 6);
            return static_cast<double>(poisson(words_.key(), words_.index(target), first, mean));
        }
        double count = 0.0;
        Cumulated cumulated(mean);
        for (std::uint64_t t = cumulated.threshold(); t <= word; t = cumulated.next())
            count += 1.0;
        return count;
    }

    StampWords words_;
    double mean_of_thresholds_ = -1.0;
    std::vector<std::int32_t> thresholds_;
};

/// Refuses a mean number of spikes a step that can't be drawn.
inline void check_mean(const BlockSetup& setup, const std::string& parameter, double rate_hz) {
    const double mean = rate_hz * setup.resolution_ms / 1000.0;
    if (!(mean <= 1e6))
        refuse(setup.object + ".params." + parameter,
               "a rate of " + std::to_string(rate_hz) + " Hz is " + std::to_string(mean) +
                   " spikes a step, but at most 1000000 can be drawn",
               "lower the rate or the resolution");
}

} // namespace spikecast::models
