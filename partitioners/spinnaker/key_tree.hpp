// A binary tree over bundles of nets. A turn in it is a bit of the key.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikecast::mapping {

[[nodiscard]] std::uint64_t node_hash(const TreeNode& node) noexcept;

class KeyTree {
public:
    /// Bundle b holds nets[begin[b]] to nets[begin[b + 1] - 1], all alike; its keys are 2^bits[b].
    KeyTree(const MachineGraph& graph, const Machine& machine, const Placement& placement, const Routing& routing,
            const std::vector<std::uint64_t>& begin, const std::vector<std::uint32_t>& nets,
            const std::vector<unsigned>& bits);

    void search(std::uint64_t seed, double effort);
    /// First key of each bundle; false where the tree is too deep for 32 bits.
    [[nodiscard]] bool codes(std::vector<std::uint64_t>& first) const;
    /// Bundles from the lowest key to the highest.
    [[nodiscard]] std::vector<std::uint32_t> leaves() const;

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};
    static constexpr unsigned key_width = 32;

    /// What a subtree costs at a chip, as in tree_table(): `cost` entries when it inherits a route of the set, one more
    /// with another, `null_cost` with none. An empty set: the chip isn't concerned.
    struct State {
        std::uint64_t routes = 0;
        std::uint32_t cost = 0, null_cost = 0;
        friend bool operator==(const State&, const State&) = default;
    };
    static State join(const State& a, const State& b);
    /// At one chip, what a bundle does.
    struct Use {
        std::uint32_t chip; ///< number among those used
        State state;
    };
    struct Node {
        std::uint32_t parent = none, left = none, right = none;
        unsigned height = 0; ///< bits of the keys below
    };
    struct Shape {
        std::vector<Node> nodes; ///< the first are the leaves, by bundle
        std::uint32_t root = none;
    };

    [[nodiscard]] Shape split(std::vector<std::uint32_t>& order, const std::vector<std::uint64_t>& code) const;
    [[nodiscard]] Shape gather(const std::vector<std::vector<std::uint32_t>>& orders) const;
    [[nodiscard]] static std::vector<std::uint32_t> depth_first(const Shape& shape);
    static void codes(const Shape& shape, std::vector<std::uint64_t>& first);
    /// Sum over chips of the squared size of the table.
    [[nodiscard]] double cost(const Shape& shape) const;
    void improve(std::uint64_t seed, double effort);

    std::vector<unsigned> bits_;
    std::vector<std::uint64_t> uses_begin_;
    std::vector<Use> uses_; ///< by bundle, ascending by chip
    std::uint32_t chips_ = 0;
    std::vector<std::uint32_t> floor_;         ///< by chip
    std::vector<std::uint32_t> group_;         ///< by bundle
    std::vector<std::uint64_t> sinks_, where_; ///< by bundle: hash of the sinks, place of the source
    Shape shape_;
};

} // namespace spikecast::mapping
