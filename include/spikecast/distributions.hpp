// Random variates as pure functions of Philox draws. Each is the project's own, so that results don't depend on a
// standard library.
#pragma once

#include "spikecast/experiment.hpp"
#include "spikecast/random.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikecast {

/// Draws numbers of one law by inverting its (truncated) distribution function at 32-bit uniforms: one word a number,
/// never a loop. Prepared once, const and thread-safe afterwards.
class Sampler {
public:
    explicit Sampler(const Distribution& law);

    /// The number for one uniform word.
    [[nodiscard]] double operator()(std::uint32_t word) const noexcept;
    /// The number for one word of the law that redrawing until it is at least `low` gives, some of which must lie there
    /// with a probability above 1e-280. Not below `low`, and equal to (*this)(word) where the law has nothing below it.
    [[nodiscard]] double at_least(double low, std::uint32_t word) const noexcept;
    /// out[j] = (*this)(words[j]); vectorised where the law allows.
    void fill(std::span<const std::uint32_t> words, std::span<double> out) const noexcept;

    /// Bounds on everything it can give (finite: 32-bit uniforms end at 6.3 standard deviations).
    [[nodiscard]] double lowest() const noexcept;
    [[nodiscard]] double highest() const noexcept;
    [[nodiscard]] double mean() const noexcept;
    /// The mean of max(x, 0), that is, how much of the mean the positive numbers contribute.
    [[nodiscard]] double positive_mean() const noexcept;

private:
    void truncate() noexcept;
    Distribution law_;
    double u_low_ = 0.0, u_scale_ = 1.0; ///< the part of (0, 1) that survives truncation
};

/// A discrete law on integers low() .. high(), drawn from one 32-bit word by a table of cumulated probabilities.
class DiscreteSampler {
public:
    /// Delays in steps: law is in ms; rounded to the nearest step, and below half a step redrawn or clipped to one
    /// step.
    static DiscreteSampler delays(const Distribution& law_ms, double resolution_ms);
    /// Poisson counts of the given mean (0 <= mean <= 1e6).
    static DiscreteSampler poisson(double mean);

    [[nodiscard]] std::uint32_t operator()(std::uint32_t word) const noexcept;
    void fill(std::span<const std::uint32_t> words, std::span<std::uint32_t> out) const noexcept;
    [[nodiscard]] std::uint32_t low() const noexcept { return low_; }
    [[nodiscard]] std::uint32_t high() const noexcept { return low_ + static_cast<std::uint32_t>(cumulated_.size()); }
    [[nodiscard]] std::span<const std::uint32_t> thresholds() const noexcept { return cumulated_; }

private:
    DiscreteSampler(std::uint32_t low, std::vector<double> probabilities);
    std::uint32_t low_ = 0;
    /// value = low + number of thresholds <= word, the last threshold (2^32) left out
    std::vector<std::uint32_t> cumulated_;
    std::vector<std::uint16_t> guide_; ///< first candidate by the top bits of the word
};

/// Exact binomial variate B(n, p), from draws (key, neuron, draw = first_draw, ...) of which it uses as many as it
/// needs.
[[nodiscard]] std::uint64_t binomial(Key key, std::uint64_t neuron, std::uint64_t first_draw, std::uint64_t n,
                                     double p);
/// Exact Poisson variate of any mean, for counts drawn once (connectivity), likewise.
[[nodiscard]] std::uint64_t poisson(Key key, std::uint64_t neuron, std::uint64_t first_draw, double mean);

/// The multinomial split of `total` things over cells 0 .. cells-1 with given weights, by a binary tree of binomials,
/// so that anyone can ask for the count of any cell at a cost of log2(cells) binomials, or of all own cells in one
/// descent. Node draws are keyed by (key, node): the result doesn't depend on who asks for what.
class MultinomialTree {
public:
    /// Equal weights.
    MultinomialTree(Key key, std::uint64_t total, std::uint64_t cells);
    /// weight_of(a, b): the sum of weights of cells [a, b), for laws in closed form.
    using WeightSum = double (*)(const void* context, std::uint64_t a, std::uint64_t b);
    MultinomialTree(Key key, std::uint64_t total, std::uint64_t cells, WeightSum weight_of, const void* context);

    [[nodiscard]] std::uint64_t count(std::uint64_t cell) const;
    /// counts[j] for cells[j]; cells ascending; visits only the nodes above them.
    void counts(std::span<const std::uint64_t> cells, std::span<std::uint64_t> counts) const;
    /// The sum of the counts of cells before `cell`.
    [[nodiscard]] std::uint64_t before(std::uint64_t cell) const;
    /// The cell that thing number `index` falls into when things are numbered cell by cell, and the number of things
    /// before that cell.
    struct Place {
        std::uint64_t cell;
        std::uint64_t before;
    };
    [[nodiscard]] Place cell_of(std::uint64_t index) const;

private:
    Key key_;
    std::uint64_t total_, cells_;
    WeightSum weight_of_ = nullptr;
    const void* context_ = nullptr;
};

} // namespace spikecast
