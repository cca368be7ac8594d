// The synapses of one worker, as rows by source. What a spike needs on this worker is one row:
//
//   row of source s:   | delay 3, lane 0 | delay 3, lane 2 | delay 4, lane 0 | ...        segments, by (delay, lane)
//   segment:           | target, weight | target, weight | ...                            by (target, projection, k)
//
// The directory lists a row's segments that exist (delay, lane, count), 6 bytes each, so that a row of one synapse
// costs one entry and no row carries offsets for delays that it hasn't got. A lane is 65,536 neurons of the worker for
// one receptor: lane = receptor * blocks + (neuron >> 16); within it 16 bits name the target.
#pragma once

#include "engine/build/huge_buffer.hpp"

#include <cstdint>
#include <vector>

namespace spikecast {

/// W is float, or int16_t for compact weights (units of 1 / scale of the target's population and receptor).
template <class W>
struct [[gnu::packed]] Synapse {
    std::uint16_t target;
    W weight;
};
static_assert(sizeof(Synapse<float>) == 6 && sizeof(Synapse<std::int16_t>) == 4);

struct Segment {
    std::uint16_t delay; ///< steps
    std::uint16_t lane;
    std::uint16_t count; ///< longer segments are split
};
static_assert(sizeof(Segment) == 6);

template <class W>
struct SynapseRows {
    std::vector<std::uint64_t> begin;           ///< first synapse of each row; one more entry than rows
    std::vector<std::uint32_t> directory_begin; ///< first segment of each row; one more entry than rows
    std::vector<Segment> directory;
    HugeBuffer<Synapse<W>> synapses;

    [[nodiscard]] std::size_t rows() const noexcept { return begin.empty() ? 0 : begin.size() - 1; }
    [[nodiscard]] std::size_t bytes() const noexcept {
        return begin.size() * sizeof(begin[0]) + directory_begin.size() * sizeof(directory_begin[0]) +
               directory.size() * sizeof(Segment) + synapses.size() * sizeof(Synapse<W>);
    }
};

} // namespace spikecast
