// What the connection rules share: selections, a worker's own targets, uniform draws of partners, and tail bounds.
#pragma once

#include "engine/network/positions.hpp"
#include "engine/network/rule.hpp"
#include "engine/network/selection.hpp"
#include "spikecast/random.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spikecast::rules {

/// Batches given to a sink hold at most this many synapses.
inline constexpr std::size_t batch = 2048;

/// Counts, in closed form or by a table as long as the shorter list, the neurons that two selections of one population
/// share, by their position in the first one.
class Overlap {
public:
    Overlap() = default; ///< nothing in common
    Overlap(const SelectedNeurons& first, const SelectedNeurons& second);

    /// Shared neurons at positions < position of the first selection.
    [[nodiscard]] std::uint64_t before(std::uint64_t position) const noexcept;
    [[nodiscard]] std::uint64_t size() const noexcept { return before(SelectedNeurons::none); }

private:
    std::vector<std::uint64_t> positions_;                   ///< if one of them is a list
    std::uint64_t first_ = 0, stride_ = 1, progression_ = 0; ///< otherwise: first position, distance, count
};

struct OwnTarget {
    std::uint64_t index;    ///< in the population
    std::uint64_t local;    ///< in the worker's share
    std::uint64_t position; ///< in the selection
};

/// Partners drawn uniformly for an anchor neuron (the target where sources are drawn, or the source where targets are).
/// Draw d of anchor a is below(draw64(key, a, d), available(a)) as position, stepped over a's own where it is excluded.
class UniformPartners {
public:
    struct Scratch {
        alignas(64) std::array<std::uint32_t, 2 * batch> words;
        alignas(64) std::array<std::uint64_t, batch> partners;
        std::vector<std::uint64_t> seen; ///< open addressing, value + 1
    };

    UniformPartners(Key key, const SelectedNeurons& partners, bool exclude_self)
        : key_(key), partners_(&partners), exclude_self_(exclude_self) {}

    /// How many partners the anchor may have.
    [[nodiscard]] std::uint64_t available(std::uint64_t anchor) const noexcept {
        return partners_->size() - (exclude_self_ && partners_->contains(anchor));
    }
    /// Partners of draws first .. first + count - 1 into scratch.partners; first even, count <= batch.
    std::span<const std::uint64_t> draw(std::uint64_t anchor, std::uint64_t first, std::size_t count,
                                        Scratch& scratch) const;
    /// An anchor's partners as far as they are drawn.
    struct Row {
        std::uint64_t anchor = 0;
        std::uint64_t count = 0;
        std::uint64_t drawn = 0;
    };
    /// The next partners of a row, at most `batch`, until row.drawn == row.count. Distinct ones are drawn by Floyd's
    /// algorithm (Bentley and Floyd 1987, "A sample of brilliance"); what they have drawn so far stays in the scratch,
    /// and count <= available(anchor).
    std::span<const std::uint64_t> next(Row& row, bool multapses, Scratch& scratch) const {
        const std::uint64_t first = row.drawn;
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(batch, row.count - first));
        row.drawn += n;
        return multapses ? draw(row.anchor, first, n, scratch) : distinct(row.anchor, row.count, first, n, scratch);
    }
    /// `count` partners, distinct or not, in batches: each(first draw, partners).
    template <class Each>
    void row(std::uint64_t anchor, std::uint64_t count, bool multapses, Scratch& scratch, Each&& each) const {
        for (Row row{anchor, count}; row.drawn < count;) {
            const std::uint64_t first = row.drawn;
            each(first, next(row, multapses, scratch));
        }
    }

private:
    /// Draws first .. first + size - 1 of `count` distinct partners, those before having been drawn.
    std::span<const std::uint64_t> distinct(std::uint64_t anchor, std::uint64_t count, std::uint64_t first,
                                            std::size_t size, Scratch& scratch) const;
    /// Fills scratch.words for draws first .. first + count - 1.
    void words(std::uint64_t anchor, std::uint64_t first, std::size_t count, Scratch& scratch) const;
    /// True if the value wasn't there.
    static bool insert(std::vector<std::uint64_t>& seen, std::uint64_t value);

    Key key_;
    const SelectedNeurons* partners_;
    bool exclude_self_;
};

/// out[4 * j + w] = philox(key, neuron, blocks[j])[w]; vectorised. blocks.size() is a multiple of 16.
void philox_blocks(Key key, std::uint64_t neuron, std::span<const std::uint64_t> blocks,
                   std::span<std::uint32_t> out) noexcept;

/// A sequence of 64-bit words of one neuron from a given block on, filled `Blocks` Philox blocks at a time.
template <std::size_t Blocks>
class WordStream {
public:
    WordStream(Key key, std::uint64_t neuron, std::uint64_t first_block)
        : key_(key), neuron_(neuron), block_(first_block) {}
    /// Where the words of the first blocks are there already.
    WordStream(Key key, std::uint64_t neuron, std::uint64_t first_block, const std::uint32_t* first_words)
        : key_(key), neuron_(neuron), block_(first_block + Blocks), used_(0) {
        std::copy_n(first_words, words_.size(), words_.begin());
    }
    std::uint64_t next() noexcept {
        if (used_ == words_.size()) {
            if constexpr (Blocks == 1)
                words_ = philox(key_, neuron_, block_); // inline
            else
                philox_fill(key_, neuron_, block_, words_);
            block_ += Blocks;
            used_ = 0;
        }
        const std::uint64_t word = words_[used_] | std::uint64_t{words_[used_ + 1]} << 32;
        used_ += 2;
        return word;
    }

private:
    Key key_;
    std::uint64_t neuron_, block_;
    alignas(64) std::array<std::uint32_t, 4 * Blocks> words_;
    std::size_t used_ = 4 * Blocks;
};

/// Steps through 0 .. n-1, stopping at each number independently with probability p: the gaps are geometric, drawn as
/// floor(log(u) / log(1 - p)) (Batagelj and Brandes 2005, "Efficient generation of large random networks").
class Skipper {
public:
    explicit Skipper(double p);
    /// The next stop at or after `from`, or n.
    template <class Words>
    std::uint64_t next(std::uint64_t from, std::uint64_t n, Words& words) const {
        return from >= n || all_ ? from : stop(words.next(), from, n);
    }
    /// The same with the word in hand; p < 1 and from < n.
    [[nodiscard]] std::uint64_t stop(std::uint64_t word, std::uint64_t from, std::uint64_t n) const noexcept {
        const double gap = this->gap(word);
        return gap < static_cast<double>(n - from) ? std::min(n, from + static_cast<std::uint64_t>(gap)) : n;
    }
    /// True only where stop(word, 0, n) is n, and mostly where n p is small; takes no logarithm. By Bernoulli's
    /// inequality (1 - p)^n >= 1 - n p. With n p < 1/2, |n log(1 - p)| < 0.75, so that 1e-12 of the word exceeds the
    /// rounding of the gap's quotient, below 1e-15 of it.
    [[nodiscard]] static bool passes(std::uint64_t word, std::uint64_t n, double p) noexcept {
        const double mean = static_cast<double>(n) * p;
        return mean < 0.5 && open_unit(word) < (1.0 - mean) - 1e-12;
    }

private:
    [[nodiscard]] double gap(std::uint64_t word) const noexcept;
    bool all_;
    double inverse_log_; ///< 1 / log(1 - p)
};

/// The least number that a count of the given mean, binomial or Poisson (or a sum of independent indicators), exceeds
/// with probability below 1e-12 in any of `cells` places: Chernoff, P(X >= x) <= exp(x - mean - x log(x / mean)).
[[nodiscard]] double tail_bound(double mean, double cells);

/// Selections, keys and refusals, the same for all rules.
class RuleBase : public ConnectionRule {
public:
    explicit RuleBase(const RuleContext& context);
    [[nodiscard]] double distance(std::uint64_t source, std::uint64_t target) const override;

protected:
    [[nodiscard]] const Rule& rule() const noexcept { return context_.projection.rule; }
    [[nodiscard]] bool one_population() const noexcept {
        return context_.source_population == context_.target_population;
    }
    [[nodiscard]] bool exclude_self() const noexcept { return one_population() && !rule().allow_autapses; }
    [[nodiscard]] Key key(Purpose purpose) const;
    /// The worker's targets in the selection, by ascending index: 24 bytes for each.
    [[nodiscard]] std::vector<OwnTarget> own_targets(WorkerId worker) const;
    /// Throws InputError at the rule's place in the file.
    [[noreturn]] void refuse(const std::string& message, const std::string& remedy) const;
    /// Refuses allow_multapses = false, for rules whose law has no such variant.
    void require_multapses(const char* rule_name) const;

    RuleContext context_;
    SelectedNeurons sources_, targets_;
    std::unique_ptr<PositionDirectory> source_positions_, target_positions_; ///< where both populations have positions
};

} // namespace spikecast::rules
