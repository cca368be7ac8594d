// A uniform random number for every neuron and step, for models whose neurons spike by chance.
#pragma once

#include "models/aligned.hpp"
#include "models/generators/philox_planes.hpp"
#include "spikecast/block.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace spikecast::models {

/// The number of neuron i in the step that ends at stamp s is open_unit of word s mod 4 of the Philox block (key of
/// seed, Purpose::escape and population, i, s div 4), rounded to T: no stream, so it is the same wherever the neuron
/// is.
template <class T>
class UniformDraws {
public:
    explicit UniformDraws(const BlockSetup& setup)
        : key_(make_key(setup.seed, Purpose::escape, setup.object)), indices_(setup.indices) {
        indices_.resize((indices_.size() + 7) / 8 * 8); // draws go by eight
        const std::size_t chunks = (indices_.size() + chunk_size - 1) / chunk_size;
        numbers_ = AlignedArray<T>(chunks * 4 * chunk_size);
        drawn_.assign(chunks, -1);
    }

    /// chunk_size numbers, those of the neurons from chunk * chunk_size on; what is beyond the last neuron means
    /// nothing.
    [[nodiscard]] const T* at(std::int64_t stamp, std::size_t chunk) {
        T* const numbers = numbers_.data() + 4 * chunk * chunk_size;
        if (drawn_[chunk] != stamp >> 2) {
            drawn_[chunk] = stamp >> 2;
            const std::size_t begin = chunk * chunk_size, n = std::min(chunk_size, indices_.size() - begin);
            alignas(64) std::uint32_t words[4 * chunk_size];
            philox_planes(key_, std::span(indices_).subspan(begin, n), static_cast<std::uint64_t>(stamp >> 2), words,
                          chunk_size);
            for (std::size_t w = 0; w < 4; ++w)
                std::transform(words + w * chunk_size, words + w * chunk_size + n, numbers + w * chunk_size,
                               [](std::uint32_t word) { return static_cast<T>(open_unit(word)); });
        }
        return numbers + static_cast<std::size_t>(stamp & 3) * chunk_size;
    }
    [[nodiscard]] std::size_t bytes() const {
        return indices_.capacity() * sizeof(std::uint64_t) + drawn_.capacity() * sizeof(std::int64_t) +
               numbers_.bytes();
    }

private:
    Key key_;
    std::vector<std::uint64_t> indices_;
    std::vector<std::int64_t> drawn_; ///< the Philox block that numbers_ holds, for each chunk
    AlignedArray<T> numbers_;         ///< [chunk][word][neuron in the chunk]
};

} // namespace spikecast::models
