#pragma once

#include "models/generators/philox_planes.hpp"
#include "models/generators/poisson_counts.hpp"
#include "models/generators/trains.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/random.hpp"

#include <cstring>
#include <map>

namespace spikecast::models {

/// Spikes a step that can be drawn, on average.
inline constexpr double most_mean = 1e6;

/// Counts of four steps at a time, since a Philox block holds four words.
template <class T>
class PoissonTrain {
public:
    explicit PoissonTrain(const BlockSetup& setup)
        : key_(make_key(setup.seed, Purpose::stimulus, setup.object)), indices_(setup.indices) {
        indices_.resize((indices_.size() + 7) / 8 * 8); // draws go by eight
        const std::size_t chunks = (indices_.size() + chunk_size - 1) / chunk_size;
        counts_ = AlignedArray<T>(chunks * 4 * chunk_size);
        drawn_.assign(chunks, -1);
        const ResolvedValue& rate = setup.parameters[0];
        std::map<double, std::uint32_t> numbers; // equal rates share a table
        const auto sampler_for = [&](double r) {
            const auto [found, is_new] = numbers.try_emplace(r, static_cast<std::uint32_t>(samplers_.size()));
            if (!is_new) return found->second;
            const double mean = r * setup.resolution_ms / 1000.0;
            if (!(mean <= most_mean))
                refuse(setup.object + ".params.rate",
                       "rate = " + std::to_string(r) + " Hz is " + std::to_string(mean) +
                           " spikes a step, but at most 1000000 can be drawn",
                       "lower the rate or the resolution");
            samplers_.push_back(DiscreteSampler::poisson(mean));
            return found->second;
        };
        if (rate.each.empty()) {
            sampler_for(rate.constant);
            const std::span<const std::uint32_t> thresholds = samplers_[0].thresholds();
            if (thresholds.size() <= most_thresholds)
                for (const std::uint32_t t : thresholds)
                    signed_thresholds_.push_back(static_cast<std::int32_t>(t ^ sign_bit));
        } else {
            for (const double r : rate.each)
                sampler_of_.push_back(sampler_for(r));
            sampler_of_.resize(indices_.size(), sampler_of_.empty() ? 0 : sampler_of_[0]);
            tabulate(chunks);
        }
    }

    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        if (drawn_[chunk] != stamp >> 2) draw(stamp >> 2, chunk);
        return counts_.data() + (4 * chunk + static_cast<std::size_t>(stamp & 3)) * chunk_size;
    }
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = indices_.capacity() * sizeof(std::uint64_t) + counts_.bytes() +
                            drawn_.capacity() * sizeof(std::int64_t) + sampler_of_.capacity() * sizeof(std::uint32_t) +
                            tables_.capacity() * sizeof(Table) + limits_.capacity() * sizeof(Eight);
        for (const DiscreteSampler& sampler : samplers_)
            total += sizeof(DiscreteSampler) + sampler.thresholds().size_bytes();
        return total;
    }

private:
    void draw(std::int64_t block, std::size_t chunk) {
        drawn_[chunk] = block;
        const std::size_t begin = chunk * chunk_size, n = std::min(chunk_size, indices_.size() - begin);
        alignas(64) std::uint32_t words[4 * chunk_size];
        philox_planes(key_, std::span(indices_).subspan(begin, n), static_cast<std::uint64_t>(block), words,
                      chunk_size);
        T* const counts = counts_.data() + 4 * chunk * chunk_size;
        if (!tables_.empty() && tables_[chunk].thresholds > 0) {
            count_each(tables_[chunk], words, n, counts);
            return;
        }
        for (std::size_t w = 0; w < 4; ++w) {
            if (!sampler_of_.empty()) {
                for (std::size_t i = w * chunk_size; i < w * chunk_size + n; ++i)
                    counts[i] = static_cast<T>(samplers_[sampler_of_[begin + i - w * chunk_size]](words[i]));
            } else if (!signed_thresholds_.empty()) {
                count_thresholds(words + w * chunk_size, n, samplers_[0].low(), signed_thresholds_,
                                 counts + w * chunk_size);
            } else {
                alignas(64) std::uint32_t drawn[chunk_size];
                samplers_[0].fill({words + w * chunk_size, n}, {drawn, n});
                std::transform(drawn, drawn + n, counts + w * chunk_size,
                               [](std::uint32_t count) { return static_cast<T>(static_cast<std::int32_t>(count)); });
            }
        }
    }

    using Eight = typename simd::detail::registers<std::int32_t, 8>::type;
    static constexpr std::size_t most_thresholds = 32; ///< beyond a mean of about 6 searching is faster

    /// Where the thresholds of a chunk's targets lie in limits_: for each eight targets their base counts, then their
    /// first thresholds, their second ones and so on.
    struct Table {
        std::size_t begin = 0, thresholds = 0; ///< none: the samplers are searched
    };

    void tabulate(std::size_t chunks) {
        for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
            const std::size_t begin = chunk * chunk_size, end = std::min(begin + chunk_size, indices_.size());
            std::size_t most = 1;
            for (std::size_t i = begin; i < end; ++i)
                most = std::max(most, samplers_[sampler_of_[i]].thresholds().size());
            tables_.push_back({limits_.size(), most <= most_thresholds ? most : 0});
            if (most > most_thresholds) continue;
            for (std::size_t i = begin; i < end; i += 8) {
                Eight base{};
                for (std::size_t lane = 0; lane < 8; ++lane)
                    base[lane] = static_cast<std::int32_t>(samplers_[sampler_of_[i + lane]].low());
                limits_.push_back(base);
                for (std::size_t k = 0; k < most; ++k) {
                    // A word counts where it is above the limit: one below the threshold, or one that no word exceeds.
                    Eight limit = Eight{} + std::numeric_limits<std::int32_t>::max();
                    for (std::size_t lane = 0; lane < 8; ++lane) {
                        const std::span<const std::uint32_t> given = samplers_[sampler_of_[i + lane]].thresholds();
                        if (k >= given.size()) continue;
                        if (given[k] == 0)
                            limits_[limits_.size() - 1 - k][lane] += 1;
                        else
                            limit[lane] = static_cast<std::int32_t>((given[k] - 1) ^ sign_bit);
                    }
                    limits_.push_back(limit);
                }
            }
        }
    }

    /// What the samplers' search gives, faster for small means: base and the number of thresholds <= word, for four
    /// words of eight targets at a time. n is a multiple of 8.
    void count_each(const Table& table, const std::uint32_t* words, std::size_t n, T* counts) const {
        using Numbers = typename simd::detail::registers<T, 8>::type;
        const Eight* limit = limits_.data() + table.begin;
        for (std::size_t i = 0; i < n; i += 8) {
            Eight word[4], count[4];
            for (std::size_t w = 0; w < 4; ++w) {
                std::memcpy(&word[w], words + w * chunk_size + i, sizeof(Eight));
                word[w] ^= static_cast<std::int32_t>(sign_bit);
                count[w] = *limit;
            }
            ++limit;
            for (std::size_t k = 0; k < table.thresholds; ++k, ++limit)
                for (std::size_t w = 0; w < 4; ++w)
                    count[w] -= word[w] > *limit; // true is -1
            for (std::size_t w = 0; w < 4; ++w) {
                const Numbers numbers = __builtin_convertvector(count[w], Numbers);
                std::memcpy(counts + w * chunk_size + i, &numbers, sizeof(numbers));
            }
        }
    }

    /// Flipped in both, signed comparisons order unsigned numbers.
    static constexpr std::uint32_t sign_bit = 0x80000000U;

    Key key_;
    std::vector<std::uint64_t> indices_;
    std::vector<DiscreteSampler> samplers_;
    std::vector<std::uint32_t> sampler_of_;       ///< of each target; empty: the first for all
    std::vector<std::int32_t> signed_thresholds_; ///< of the only sampler, where they are few
    std::vector<Table> tables_;                   ///< of each chunk, where rates differ
    std::vector<Eight> limits_;
    std::vector<std::int64_t> drawn_; ///< the Philox block that counts_ holds, for each chunk
    AlignedArray<T> counts_;          ///< [chunk][word][target in the chunk]
};

struct PoissonGenerator {
    enum Parameter { rate, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"rate", "Hz", 0.0, {0.0, 1e9}, "mean number of spikes per second"},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
    };
    static constexpr ModelInfo info{
        .name = "poisson_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Spikes of a Poisson process, independent for each target or element",
        .equations = R"(The number of spikes in a step of length h has a Poisson distribution of mean
rate h. As a stimulus every target receives a train of its own; as a
population every element is one train, the same for all its targets. Active
for spikes in (start, stop]. The count of target or element i for the step
that ends at step s is drawn from word s mod 4 of the Philox block (key of the
stimulus or population, i, s div 4).)",
        .citation = "Salmon JK, Moraes MA, Dror RO, Shaw DE (2011) Parallel random numbers: as easy as 1, 2, 3. SC11. "
                    "doi:10.1145/2063384.2063405",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
        .most_spikes =
            [](std::span<const ResolvedValue> p, double h) { // counts are drawn from 32 bits, so they end somewhere
                const double mean = std::min(p[rate].constant * h / 1000.0, most_mean);
                return static_cast<double>(DiscreteSampler::poisson(mean).high());
            },
    };
    template <class T>
    using Population = TrainPopulation<PoissonTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<PoissonTrain<T>, T>;
};

} // namespace spikecast::models
