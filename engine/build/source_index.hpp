// Counting and numbering of the sources that a worker hears, without a table the size of the network: where a worker
// hears most of a population an array over that population is smaller than what it holds. Elsewhere, on very many
// ranks, nearly every synapse has a source of its own; then sources are listed and sorted, 8 bytes a synapse, and
// numbered by their place in the list of those heard, which costs an index of 1 to 2 bytes a source beside the list.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <vector>

namespace spikecast {

/// How many synapses a worker has of each source of one population.
class SourceCounts {
public:
    SourceCounts() = default;
    /// dense: an array of `size`; otherwise a list, for which `expected` synapses are reserved.
    SourceCounts(std::uint64_t size, bool dense, double expected) : dense_(dense), used_(true) {
        if (dense)
            counts_.assign(size, 0);
        else // beyond a Poisson number's fluctuation the list grows as any vector; untouched pages cost no memory
            list_.reserve(static_cast<std::size_t>(expected * 1.02) + 1024);
    }
    /// One more synapse of a source.
    void add(std::uint64_t source) {
        if (dense_)
            ++counts_[source];
        else
            list_.push_back(source);
    }
    /// After the last add().
    void finish() { std::sort(list_.begin(), list_.end()); }

    [[nodiscard]] bool used() const noexcept { return used_; }
    /// Sources with a synapse, ascending.
    [[nodiscard]] std::vector<std::uint64_t> present() const {
        std::vector<std::uint64_t> out;
        if (dense_) {
            for (std::uint64_t i = 0; i < counts_.size(); ++i)
                if (counts_[i] != 0) out.push_back(i);
        } else {
            std::size_t distinct = 0;
            for (std::size_t i = 0; i < list_.size(); ++i)
                distinct += i == 0 || list_[i] != list_[i - 1];
            out.reserve(distinct);
            std::unique_copy(list_.begin(), list_.end(), std::back_inserter(out));
        }
        return out;
    }
    /// each(count) for every one of the given sources in turn, which are ascending and distinct.
    template <class Each>
    void counts(const std::vector<std::uint64_t>& sources, Each&& each) const {
        std::size_t at = 0;
        for (const std::uint64_t source : sources) {
            if (dense_) {
                each(counts_[source]);
                continue;
            }
            while (at < list_.size() && list_[at] < source)
                ++at;
            const std::size_t first = at;
            while (at < list_.size() && list_[at] == source)
                ++at;
            each(static_cast<std::uint32_t>(at - first));
        }
    }

private:
    bool dense_ = true, used_ = false;
    std::vector<std::uint32_t> counts_;
    std::vector<std::uint64_t> list_;
};

/// Source -> number, for the sources of one population that a rank hears: first, first + 1, ... in ascending order.
class SourceNumbers {
public:
    SourceNumbers() = default;
    /// heard: ascending and distinct; must outlive this unless dense. Of a population of `size`.
    SourceNumbers(const std::vector<std::uint64_t>& heard, std::uint32_t first, std::uint64_t size, bool dense)
        : heard_(&heard), first_(first) {
        if (dense) {
            numbers_.assign(size, 0);
            std::uint32_t number = first;
            for (const std::uint64_t source : heard)
                numbers_[source] = number++;
            return;
        }
        // Buckets of 2^shift neurons, four sources in each on average where they are spread evenly: a cache line or
        // two.
        const std::uint64_t buckets = std::bit_ceil(std::max<std::uint64_t>(1, heard.size() / 4));
        while ((size - (size > 0)) >> shift_ >= buckets)
            ++shift_;
        bucket_.assign((size >> shift_) + 2, 0);
        for (const std::uint64_t source : heard)
            ++bucket_[(source >> shift_) + 1];
        for (std::size_t b = 1; b < bucket_.size(); ++b)
            bucket_[b] += bucket_[b - 1];
    }
    /// Only for sources that are heard.
    [[nodiscard]] std::uint32_t at(std::uint64_t source) const noexcept {
        if (!numbers_.empty()) return numbers_[source];
        const std::uint64_t b = source >> shift_;
        std::uint32_t low = bucket_[b], high = bucket_[b + 1];
        while (high - low > 8) { // sources that cluster
            const std::uint32_t middle = low + (high - low) / 2;
            ((*heard_)[middle] <= source ? low : high) = middle;
        }
        while ((*heard_)[low] != source)
            ++low;
        return first_ + low;
    }

private:
    const std::vector<std::uint64_t>* heard_ = nullptr;
    std::uint32_t first_ = 0, shift_ = 0;
    std::vector<std::uint32_t> numbers_, bucket_;
};

} // namespace spikecast
