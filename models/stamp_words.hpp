// A random word for every neuron and step, for what happens by chance.
#pragma once

#include "models/generators/philox_planes.hpp"
#include "spikecast/block.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace spikecast::models {

/// The word of each neuron (or target) for one stamp: word (stamp mod 4) of the Philox block (key, index, stamp div 4).
/// No stream, so it is the same wherever the neuron is. A block is drawn once and serves four stamps.
class StampWords {
public:
    StampWords(const BlockSetup& setup, Purpose purpose)
        : key_(make_key(setup.seed, purpose, setup.object)), indices_(setup.indices) {
        indices_.resize((indices_.size() + 7) / 8 * 8); // draws go by eight
        const std::size_t chunks = (indices_.size() + chunk_size - 1) / chunk_size;
        words_.resize(chunks * 4 * chunk_size);
        drawn_.assign(chunks, -1);
    }
    /// The words of a chunk: size(chunk) of them, a multiple of 8.
    [[nodiscard]] const std::uint32_t* at(std::int64_t stamp, std::size_t chunk) {
        std::uint32_t* const words = words_.data() + 4 * chunk * chunk_size;
        if (drawn_[chunk] != stamp >> 2) {
            drawn_[chunk] = stamp >> 2;
            philox_planes(key_, std::span(indices_).subspan(chunk * chunk_size, size(chunk)),
                          static_cast<std::uint64_t>(stamp >> 2), words, chunk_size);
        }
        return words + static_cast<std::size_t>(stamp & 3) * chunk_size;
    }
    [[nodiscard]] std::size_t size(std::size_t chunk) const {
        return std::min(chunk_size, indices_.size() - chunk * chunk_size);
    }
    [[nodiscard]] Key key() const { return key_; }
    [[nodiscard]] std::uint64_t index(std::size_t i) const { return indices_[i]; }
    [[nodiscard]] std::size_t bytes() const {
        return indices_.capacity() * sizeof(std::uint64_t) + words_.capacity() * sizeof(std::uint32_t) +
               drawn_.capacity() * sizeof(std::int64_t);
    }

private:
    Key key_;
    std::vector<std::uint64_t> indices_;
    std::vector<std::uint32_t> words_; ///< [chunk][word][neuron in the chunk]
    std::vector<std::int64_t> drawn_;  ///< the block that words_ holds, for each chunk
};

} // namespace spikecast::models
