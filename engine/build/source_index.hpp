// Counting and numbering of the sources that a worker hears, without a table the size of the network: where a worker
// hears most of a population an array over that population is smaller than what it holds; elsewhere it is a hash table
// of the sources that occur.
#pragma once

#include "spikecast/random.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace spikecast {

/// Source index -> 32-bit value, zero where nothing was written.
class SourceTable {
public:
    SourceTable() = default;
    /// dense: an array of `size`; otherwise a hash table that grows.
    SourceTable(std::uint64_t size, bool dense) : dense_(dense) {
        if (dense)
            values_.assign(size, 0);
        else
            rehash(1024);
    }
    [[nodiscard]] std::uint32_t& operator[](std::uint64_t index) {
        if (dense_) return values_[index];
        if (used_ * 2 >= keys_.size()) rehash(keys_.size() * 2);
        return values_[slot(index)];
    }
    /// The value, without making room for it; only for keys that were written.
    [[nodiscard]] std::uint32_t at(std::uint64_t index) const noexcept {
        if (dense_) return values_[index];
        for (std::uint64_t i = mix64(index) & (keys_.size() - 1);; i = (i + 1) & (keys_.size() - 1))
            if (keys_[i] == index + 1) return values_[i];
    }
    /// Source indices with a value that isn't zero, ascending.
    [[nodiscard]] std::vector<std::uint64_t> present() const {
        std::vector<std::uint64_t> out;
        if (dense_) {
            for (std::uint64_t i = 0; i < values_.size(); ++i)
                if (values_[i] != 0) out.push_back(i);
        } else {
            for (std::size_t i = 0; i < keys_.size(); ++i)
                if (keys_[i] != 0) out.push_back(keys_[i] - 1);
            std::sort(out.begin(), out.end());
        }
        return out;
    }
    [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
    /// The value or zero.
    [[nodiscard]] std::uint32_t find(std::uint64_t index) const noexcept {
        if (dense_) return values_[index];
        for (std::uint64_t i = mix64(index) & (keys_.size() - 1);; i = (i + 1) & (keys_.size() - 1)) {
            if (keys_[i] == index + 1) return values_[i];
            if (keys_[i] == 0) return 0;
        }
    }

private:
    [[nodiscard]] std::size_t slot(std::uint64_t index) {
        for (std::uint64_t i = mix64(index) & (keys_.size() - 1);; i = (i + 1) & (keys_.size() - 1)) {
            if (keys_[i] == index + 1) return i;
            if (keys_[i] == 0) {
                keys_[i] = index + 1;
                ++used_;
                return i;
            }
        }
    }
    void rehash(std::size_t size) {
        std::vector<std::uint64_t> keys(size, 0);
        std::vector<std::uint32_t> values(size, 0);
        keys.swap(keys_);
        values.swap(values_);
        used_ = 0;
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (keys[i] != 0) values_[slot(keys[i] - 1)] = values[i];
    }

    bool dense_ = true;
    std::vector<std::uint32_t> values_;
    std::vector<std::uint64_t> keys_; ///< index + 1; 0: free
    std::size_t used_ = 0;
};

} // namespace spikecast
