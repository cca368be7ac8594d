// Neurons traced by hand or machine, as SWC files (Cannon et al. 1998, J Neurosci Methods 84:49): one point a line,
// "id type x y z radius parent", parent -1 for the root, # before comments.
#pragma once

#include "spikecast/cable.hpp"
#include "spikecast/error.hpp"

#include <string>
#include <vector>

namespace spikecast {

struct SwcSection {
    CableSection section; ///< without membrane
    std::string region;   ///< soma, axon, dend, apic, other
};

/// Where the experiment names the file, for errors that have no line in it.
struct SwcAsked {
    Where where;
    std::string object;
};

/// The unbranched pieces of the tree, in the order of their first points in the file; a change of type begins a new
/// piece.
///   - A soma of one point is a cylinder whose length and diameter are the point's diameter (the area of the sphere).
///   So is
///     one of three points, two of which lie a radius before and after the first (NeuroMorpho's form).
///   - Other somata are sections like any other.
///   - What grows from such a soma begins at its own first point and is joined to the soma's middle; a neurite of a
///   single point
///     begins at the soma's.
/// Mistakes are added to `errors`, each with its line; then the result is empty.
[[nodiscard]] std::vector<SwcSection> read_swc(const std::string& file, const SwcAsked& asked,
                                               std::vector<Diagnostic>& errors);

} // namespace spikecast
