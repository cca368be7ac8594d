// Proves router tables right, or shows a packet that goes astray. It follows every key of every net through the tables
// as the routers would, and shares no code with what placed, routed, chose keys or compressed.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace spikecast::mapping {

struct VerifyOptions {
    unsigned threads = 1;             ///< the result is the same for every number
    std::size_t most_violations = 20; ///< how many are kept with their text
    bool unique_keys = true;          ///< no two nets share a key
    bool capacity = true;             ///< tables fit the routers
};

enum class Fault : std::uint8_t {
    placement,   ///< a vertex on a dead chip, on cores that the chip hasn't, or on a core that another has
    bad_block,   ///< a net's key has bits outside its mask, or the mask isn't 32 - key_bits ones
    shared_key,  ///< two nets send the same key
    table_size,  ///< more entries than the router holds
    lost,        ///< no entry matches where a core sends: nothing says where to go
    dead_link,   ///< sent over a link that is dead or leads to a dead chip or beyond the edge
    discarded,   ///< an entry without any route
    loop,        ///< a chip is entered again on the way
    duplicate,   ///< a core or a chip is reached twice
    wrong_core,  ///< a core that isn't a destination
    missing_core ///< a destination that isn't reached
};
[[nodiscard]] const char* name(Fault fault) noexcept;

struct Violation {
    static constexpr std::uint32_t no_net = ~std::uint32_t{0};
    Fault fault;
    std::uint32_t net = no_net;
    std::uint32_t key = 0; ///< one that goes astray
    ChipId chip = no_chip; ///< where
    std::string text;      ///< the whole story, hop by hop, in lines
};

struct VerifyResult {
    std::uint64_t nets = 0, keys = 0;
    std::uint64_t walks = 0;           ///< sets of keys followed, each alike all the way
    std::uint64_t hops = 0;            ///< chips visited in them
    std::uint64_t faulty = 0;          ///< faults found: at most one a net, and those that concern no single net
    std::vector<Violation> violations; ///< the first of them: those of no single net, then by net
    [[nodiscard]] bool ok() const noexcept { return faulty == 0; }
};

/// Every key of every net's block is sent from the net's source and followed over ordered ternary match, default routes
/// (straight on where nothing matches), dead and one-way links, until it has arrived everywhere. It must reach exactly
/// the cores of the net's sinks, each once. Keys that are alike in all entries they meet are followed together, so the
/// time goes with the entries that tell keys of a block apart, not with the number of keys. Memory: 12 bytes an entry,
/// and 92 bytes a chip and thread. Throws std::invalid_argument where the sizes of the arguments don't fit each other.
[[nodiscard]] VerifyResult verify(const Machine& machine, const MachineGraph& graph, const Placement& placement,
                                  const Keys& keys, const Tables& tables, const VerifyOptions& options = {});

/// A key whose route differs.
struct TableDifference {
    std::uint32_t key;
    Route original;
    std::optional<Route> other; ///< nothing where no entry matches
    std::string text;
};
/// The first difference on keys that the original matches; nothing where the tables are alike on all of them.
[[nodiscard]] std::optional<TableDifference> table_difference(const Table& original, const Table& other);
[[nodiscard]] inline bool table_equivalence(const Table& original, const Table& other) {
    return !table_difference(original, other).has_value();
}

} // namespace spikecast::mapping
