// What placing works on: vertices that must share a chip as one cluster, and nets with equal pins as one edge. On whom
// a net depends is no matter here: a tree of live links costs the same from whichever of its chips it starts.
#pragma once

#include "partitioners/spinnaker/graph.hpp"
#include "partitioners/spinnaker/machine.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace spikecast::mapping {

struct Hypergraph {
    std::vector<std::uint32_t> cores; ///< by cluster
    std::vector<std::uint64_t> sdram; ///< by cluster
    std::vector<std::uint64_t> pins_begin{0};
    std::vector<std::uint32_t> pins; ///< distinct clusters, ascending, at least two
    std::vector<double> weight;      ///< by edge; > 0
    std::vector<std::uint64_t> edges_begin;
    std::vector<std::uint32_t> edges; ///< by cluster, ascending

    [[nodiscard]] std::size_t clusters() const noexcept { return cores.size(); }
    [[nodiscard]] std::size_t edge_count() const noexcept { return weight.size(); }
    [[nodiscard]] std::span<const std::uint32_t> pins_of(std::size_t edge) const noexcept {
        return {pins.data() + pins_begin[edge], pins_begin[edge + 1] - pins_begin[edge]};
    }
    [[nodiscard]] std::span<const std::uint32_t> edges_of(std::size_t cluster) const noexcept {
        return {edges.data() + edges_begin[cluster], edges_begin[cluster + 1] - edges_begin[cluster]};
    }
    /// Sets edges_begin and edges from the pins.
    void index();
};

/// Adds edges to a hypergraph, those with equal pins as one of the summed weight.
class EdgeMerger {
public:
    explicit EdgeMerger(Hypergraph& h) : h_(h) {}
    /// Pins in any order, repeated ones too; they are sorted in place. Fewer than two distinct ones, or no weight:
    /// nothing.
    void add(std::vector<std::uint32_t>& pins, double weight);

private:
    void grow();
    Hypergraph& h_;
    std::vector<std::uint32_t> slots_; ///< edge + 1; 0: free
    std::vector<std::uint64_t> hash_;  ///< by edge
};

struct Problem {
    std::vector<std::uint32_t> cluster; ///< by vertex
    Hypergraph graph;
};

/// Throws Refused where vertices that must share a chip fit none of `chips`, or all vertices together don't fit them.
[[nodiscard]] Problem make_problem(const MachineGraph& graph, const Machine& machine, std::span<const ChipId> chips,
                                   bool unit_weights);

} // namespace spikecast::mapping
