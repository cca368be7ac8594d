// What is mapped: vertices, each a program for one or more cores of a chip, and multicast nets between them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace spikecast::mapping {

struct Vertex {
    std::string name;
    std::uint16_t cores = 1;
    std::uint64_t sdram_bytes = 0;
};

/// Vertices and nets, nets in compressed rows. A net is one source, its distinct sinks (the source may be one of them)
/// and a weight (packets, in any unit). Key blocks: net n is sent with 2^key_bits[n] keys, aligned, one for each neuron
/// of a slice; 0 bits for netlists.
struct MachineGraph {
    std::vector<Vertex> vertices;
    std::vector<std::uint32_t> source;      ///< by net
    std::vector<std::uint64_t> sinks_begin; ///< by net; one more entry than nets
    std::vector<std::uint32_t> sinks;
    std::vector<double> weight;              ///< by net
    std::vector<std::uint8_t> key_bits;      ///< by net
    std::vector<std::uint32_t> group;        ///< by net: nets of one population or origin; empty: unknown
    std::vector<std::uint32_t> target_group; ///< by vertex: the population of its neurons; empty: unknown
    std::vector<std::vector<std::uint32_t>> same_chip;
    std::vector<std::uint32_t> given_key, given_mask; ///< by net, for KeyMethod::given; empty: none are given

    [[nodiscard]] std::size_t nets() const noexcept { return source.size(); }
    [[nodiscard]] std::span<const std::uint32_t> sinks_of(std::size_t net) const noexcept {
        return {sinks.data() + sinks_begin[net], sinks_begin[net + 1] - sinks_begin[net]};
    }
};

} // namespace spikecast::mapping
