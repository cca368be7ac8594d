// Gives every net its keys.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <cstdint>

namespace spikecast::mapping {

enum class KeyMethod : std::uint8_t {
    index, ///< net i has key i, the published protocol; with blocks, key i x the largest block
    own,   ///< chosen so that tables become small
    given  ///< those that the graph brings
};

struct KeyOptions {
    KeyMethod method = KeyMethod::own;
    std::uint64_t seed = 1;
    double effort = 1.0; ///< scales how long `own` searches; 0: it takes the best of its first guesses
};

/// Blocks of 2^key_bits keys, aligned, that no two nets share. `own` puts the nets into a binary tree, each bit of a
/// key a turn in it, such that nets which go alike at many chips are close. How many entries a tree costs at a chip
/// follows from the routes there (see tree_table()), so the tree is improved by moving branches. Throws Refused where
/// the blocks don't fit 32 bits or none are given, std::invalid_argument where routing and graph aren't of the same
/// nets. Memory: 40 bytes a tree node of the routing, about 1 KB a bundle of nets where subtrees are joined, and at
/// most 256 MB.
[[nodiscard]] Keys allocate_keys(const MachineGraph& graph, const Machine& machine, const Placement& placement,
                                 const Routing& routing, const KeyOptions& options);

} // namespace spikecast::mapping
