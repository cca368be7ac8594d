// A uniform random number for every neuron and step, for models whose neurons spike by chance.
#pragma once

#include "models/aligned.hpp"
#include "models/stamp_words.hpp"

namespace spikecast::models {

/// The number of neuron i in the step that ends at stamp s is open_unit of its word (StampWords, Purpose::escape),
/// rounded to T.
template <class T>
class UniformDraws {
public:
    explicit UniformDraws(const BlockSetup& setup) : words_(setup, Purpose::escape), numbers_(chunk_size) {}

    /// chunk_size numbers, those of the neurons from chunk * chunk_size on, until the next call; what is beyond the
    /// last neuron means nothing.
    [[nodiscard]] const T* at(std::int64_t stamp, std::size_t chunk) {
        const std::uint32_t* const words = words_.at(stamp, chunk);
        std::transform(words, words + words_.size(chunk), numbers_.data(),
                       [](std::uint32_t word) { return static_cast<T>(open_unit(word)); });
        return numbers_.data();
    }
    [[nodiscard]] std::size_t bytes() const { return words_.bytes() + numbers_.bytes(); }

private:
    StampWords words_;
    AlignedArray<T> numbers_;
};

} // namespace spikecast::models
