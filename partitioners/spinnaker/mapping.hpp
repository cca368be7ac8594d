// The results of the mapping's stages, as values. machine.hpp and graph.hpp are what goes in.
#pragma once

#include "partitioners/spinnaker/graph.hpp"
#include "partitioners/spinnaker/machine.hpp"
#include "spikecast/error.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

namespace spikecast::mapping {

/// The graph does not fit the machine: which resource, how much is asked and how much is there.
class Refused : public InputError {
public:
    using InputError::InputError;
};

/// Where a packet goes from a chip: bits 0-5 are links, bit 6 + c is core c. Wide enough for 152 cores.
struct Route {
    std::array<std::uint64_t, 3> words{};

    [[nodiscard]] static constexpr Route link(int l) noexcept { return bit(static_cast<unsigned>(l)); }
    [[nodiscard]] static constexpr Route core(unsigned c) noexcept { return bit(c + 6); }
    [[nodiscard]] static constexpr Route bit(unsigned b) noexcept {
        Route r;
        r.words[b / 64] = std::uint64_t{1} << (b % 64);
        return r;
    }
    [[nodiscard]] constexpr bool has(unsigned b) const noexcept { return (words[b / 64] >> (b % 64) & 1) != 0; }
    [[nodiscard]] constexpr unsigned links() const noexcept { return static_cast<unsigned>(words[0] & 63); }
    [[nodiscard]] constexpr bool empty() const noexcept { return (words[0] | words[1] | words[2]) == 0; }
    constexpr Route& operator|=(const Route& o) noexcept {
        for (std::size_t w = 0; w < 3; ++w)
            words[w] |= o.words[w];
        return *this;
    }
    friend constexpr auto operator<=>(const Route&, const Route&) = default;
};

/// By vertex: its chip and the first of its consecutive cores there (0-based among application cores; on a SpiNNaker
/// chip core 0 of the hardware is the monitor, so hardware core = first_core + 1; see `core_offset`).
struct Placement {
    std::vector<ChipId> chip;
    std::vector<std::uint16_t> first_core;
};

/// One multicast tree. Nodes are chips; node 0 is the source's. Every node but the first is entered from its parent by
/// `link` (as numbered at the parent). Leaves and inner nodes may deliver to cores.
struct TreeNode {
    ChipId chip;
    std::uint32_t parent; ///< number of the node; 0 for the first
    std::uint8_t link;    ///< of the parent; 255 for the first
    Route route;          ///< links to the children and cores
};
/// Trees of all nets, in compressed rows.
struct Routing {
    std::vector<std::uint64_t> begin; ///< by net; one more entry than nets
    std::vector<TreeNode> nodes;
};

/// By net: the key of its block; the mask has 32 - key_bits ones.
struct Keys {
    std::vector<std::uint32_t> key;
    std::vector<std::uint32_t> mask;
};

/// The first entry that matches (key & mask == entry.key) wins. A packet that matches none leaves by the link opposite
/// to the one it came in by; one from a core that matches none is lost.
struct TableEntry {
    std::uint32_t key, mask;
    Route route;
    friend bool operator==(const TableEntry&, const TableEntry&) = default;
};
using Table = std::vector<TableEntry>;
/// By chip.
using Tables = std::vector<Table>;

} // namespace spikecast::mapping
