#include "partitioners/spinnaker/keys.hpp"

#include "partitioners/spinnaker/key_tree.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace spikecast::mapping {

namespace {

constexpr std::uint64_t all_keys = std::uint64_t{1} << 32;

unsigned bits_of(const MachineGraph& graph, std::size_t net) {
    return graph.key_bits.empty() ? 0 : graph.key_bits[net];
}
std::uint32_t mask_of(unsigned bits) {
    return bits >= 32 ? 0 : ~((std::uint32_t{1} << bits) - 1);
}

[[noreturn]] void no_room(const std::string& what) {
    throw Refused(
        Diagnostic{{"", 0, 0}, "keys", what, "split the network into several applications, or use larger slices"});
}

Keys by_index(const MachineGraph& graph) {
    unsigned widest = 0;
    for (std::size_t n = 0; n < graph.nets(); ++n)
        widest = std::max(widest, bits_of(graph, n));
    if (widest > 32 || graph.nets() > (all_keys >> widest))
        no_room(
            fmt::format("{} nets with blocks of up to 2^{} keys, but a key has 32 bits; choose keys (own) to pack them",
                        graph.nets(), widest));
    Keys keys;
    keys.key.reserve(graph.nets());
    for (std::size_t n = 0; n < graph.nets(); ++n) {
        keys.key.push_back(static_cast<std::uint32_t>(std::uint64_t{n} << widest));
        keys.mask.push_back(mask_of(bits_of(graph, n)));
    }
    return keys;
}

/// Nets with the same routes at the same chips, which no router tells apart.
struct Bundles {
    std::vector<std::uint64_t> begin; ///< by bundle
    std::vector<std::uint32_t> nets;  ///< those of a bundle from wide blocks to narrow ones
    std::vector<unsigned> bits;       ///< by bundle: keys of all its nets, as a power of two
};

Bundles bundle(const MachineGraph& graph, const Routing& routing) {
    const std::size_t nets = graph.nets();
    std::vector<std::uint64_t> hash(nets);
    for (std::size_t n = 0; n < nets; ++n) {
        // Nodes may come in any order, so their hashes are added up.
        std::uint64_t sum = 0;
        for (std::uint64_t i = routing.begin[n]; i < routing.begin[n + 1]; ++i)
            sum += node_hash(routing.nodes[i]);
        hash[n] = sum;
    }
    std::vector<std::uint32_t> order(nets);
    std::iota(order.begin(), order.end(), 0U);
    const auto width = [&](std::uint32_t n) { return bits_of(graph, n); };
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        if (hash[a] != hash[b]) return hash[a] < hash[b];
        return width(a) != width(b) ? width(a) > width(b) : a < b;
    });
    // Bundles in the order of their first nets.
    std::vector<std::array<std::uint32_t, 3>> spans; // first net, begin, end in `order`
    for (std::uint32_t i = 0; i < nets;) {
        std::uint32_t j = i, first = order[i];
        for (; j < nets && hash[order[j]] == hash[order[i]]; ++j)
            first = std::min(first, order[j]);
        spans.push_back({first, i, j});
        i = j;
    }
    std::sort(spans.begin(), spans.end());
    Bundles b;
    b.begin.push_back(0);
    for (const auto& s : spans) {
        std::uint64_t keys = 0;
        for (std::uint32_t i = s[1]; i < s[2]; ++i) {
            b.nets.push_back(order[i]);
            keys += std::uint64_t{1} << width(order[i]);
        }
        b.begin.push_back(b.nets.size());
        b.bits.push_back(static_cast<unsigned>(std::bit_width(keys - 1)));
    }
    return b;
}

/// Keys one after the other in a tree's order of leaves, each block aligned.
bool pack(const Bundles& b, const std::vector<std::uint32_t>& leaves, std::vector<std::uint64_t>& first) {
    std::uint64_t next = 0;
    for (const std::uint32_t leaf : leaves) {
        const std::uint64_t block = std::uint64_t{1} << b.bits[leaf];
        next = (next + block - 1) / block * block;
        first[leaf] = next;
        next += block;
        if (next > all_keys) return false;
    }
    return true;
}

} // namespace

Keys allocate_keys(const MachineGraph& graph, const Machine& machine, const Placement& placement,
                   const Routing& routing, const KeyOptions& options) {
    const std::size_t nets = graph.nets();
    if (routing.begin.size() != nets + 1 || (!graph.key_bits.empty() && graph.key_bits.size() != nets))
        throw std::invalid_argument("keys: graph and routing are of different nets");
    if (options.method == KeyMethod::index) return by_index(graph);
    if (options.method == KeyMethod::given) {
        if (graph.given_key.size() != nets || graph.given_mask.size() != nets)
            throw Refused(Diagnostic{{"", 0, 0}, "keys", "the graph brings none", "let keys be chosen (own)"});
        return {graph.given_key, graph.given_mask};
    }
    Keys keys;
    keys.key.resize(nets);
    keys.mask.resize(nets);
    if (nets == 0) return keys;
    std::uint64_t needed = 0;
    for (std::size_t n = 0; n < nets; ++n) {
        if (bits_of(graph, n) > 32)
            no_room(fmt::format("net {} wants 2^{} keys, but a key has 32 bits", n, bits_of(graph, n)));
        needed += std::uint64_t{1} << bits_of(graph, n);
        keys.mask[n] = mask_of(bits_of(graph, n));
    }
    if (needed > all_keys) no_room(fmt::format("the nets' blocks hold {} keys, but a key has 32 bits", needed));

    const Bundles bundles = bundle(graph, routing);
    std::vector<std::uint64_t> first(bundles.bits.size());
    KeyTree tree(graph, machine, placement, routing, bundles.begin, bundles.nets, bundles.bits);
    tree.search(options.seed, options.effort);
    if (!tree.codes(first) && !pack(bundles, tree.leaves(), first)) {
        // The widest blocks first leave no gaps.
        std::vector<std::uint32_t> order(nets);
        std::iota(order.begin(), order.end(), 0U);
        std::stable_sort(order.begin(), order.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return bits_of(graph, a) > bits_of(graph, b); });
        std::uint64_t next = 0;
        for (const std::uint32_t n : order) {
            keys.key[n] = static_cast<std::uint32_t>(next);
            next += std::uint64_t{1} << bits_of(graph, n);
        }
        return keys;
    }
    for (std::size_t b = 0; b < bundles.bits.size(); ++b) {
        std::uint64_t next = first[b];
        for (std::uint64_t i = bundles.begin[b]; i < bundles.begin[b + 1]; ++i) {
            keys.key[bundles.nets[i]] = static_cast<std::uint32_t>(next);
            next += std::uint64_t{1} << bits_of(graph, bundles.nets[i]);
        }
    }
    return keys;
}

} // namespace spikecast::mapping
