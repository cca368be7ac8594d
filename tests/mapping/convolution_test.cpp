// The published result that placement decides what drops: J. Heathcote's thesis counts the multicast packets that a
// network of circular convolutions ("cconv") loses on a real machine: a median of 2.96 million with Hilbert placement
// (58 runs), 3.80 million with random placement (9), and 3 with simulated annealing (95);
// data/cconv-dropped-packets.csv of mossblaser/phd_thesis.
#include "partitioners/spinnaker/traffic.hpp"
#include "partitioners/spinnaker/verify.hpp"

#include "mapping_testing.hpp"

#include <gtest/gtest.h>

using namespace spikecast;
using namespace spikecast::mapping;
using namespace spikecast::mapping::testing;

namespace {

/// A grid of units, each like a circular convolution: every input reaches every product, every product every output,
/// and outputs are the inputs of the units to the right and above.
MachineGraph convolutions(std::uint32_t rows, std::uint32_t columns) {
    constexpr std::uint32_t inputs = 32, products = 24, outputs = 16, unit = inputs + products + outputs;
    MachineGraph g;
    g.vertices.assign(std::size_t{rows} * columns * unit, {"v", 1, 0});
    g.sinks_begin.push_back(0);
    const auto net = [&](std::uint32_t source, const std::vector<std::uint32_t>& sinks) {
        if (sinks.empty()) return;
        g.source.push_back(source);
        g.sinks.insert(g.sinks.end(), sinks.begin(), sinks.end());
        g.sinks_begin.push_back(g.sinks.size());
        g.weight.push_back(1.0);
        g.key_bits.push_back(0);
    };
    const auto range = [](std::uint32_t first, std::uint32_t count) {
        std::vector<std::uint32_t> v;
        for (std::uint32_t i = 0; i < count; ++i)
            v.push_back(first + i);
        return v;
    };
    for (std::uint32_t r = 0; r < rows; ++r)
        for (std::uint32_t c = 0; c < columns; ++c) {
            const std::uint32_t base = (r * columns + c) * unit, product = base + inputs, output = product + products;
            for (std::uint32_t i = 0; i < inputs; ++i)
                net(base + i, range(product, products));
            for (std::uint32_t i = 0; i < products; ++i)
                net(product + i, range(output, outputs));
            for (std::uint32_t i = 0; i < outputs; ++i) {
                std::vector<std::uint32_t> next;
                if (c + 1 < columns) next.push_back(base + unit + i);
                if (r + 1 < rows) next.push_back(base + columns * unit + outputs + i);
                net(output + i, next);
            }
        }
    return g;
}

TrafficReport run(PlaceMethod method) {
    Mapped m;
    m.machine = make_machine({.shape = "mesh:13x13", .profile = "spinnaker", .cores_per_chip = 16});
    m.graph = convolutions(6, 6);
    m.placement = place(m.graph, m.machine, {.method = method, .seed = 1, .threads = 2});
    m.routing = route(m.graph, m.machine, m.placement, {.method = RouteMethod::ner, .seed = 1});
    m.keys = plain_keys(m.graph);
    m.tables = plain_tables(m.machine, m.graph, m.routing, m.keys);
    EXPECT_TRUE(verify(m.machine, m.graph, m.placement, m.keys, m.tables, {.capacity = false}).ok());
    Traffic traffic(m.machine, m.graph, m.placement, m.keys, m.tables, {});
    RateSource source(m.graph, 60'000.0, Pattern::poisson, 1); // 60 packets a vertex and millisecond
    const TrafficReport r = run_rates(traffic, source, 5 * ps_per_ms);
    EXPECT_EQ(r.fan_out, r.delivered + r.dropped);
    return r;
}

} // namespace

TEST(Convolution, bad_placement_drops_much_and_good_placement_almost_nothing) {
    const TrafficReport random = run(PlaceMethod::random), hilbert = run(PlaceMethod::hilbert),
                        best = run(PlaceMethod::best);
    const auto share = [](const TrafficReport& r) {
        return static_cast<double>(r.dropped) / static_cast<double>(r.fan_out);
    };
    EXPECT_GT(share(random), 0.5);
    EXPECT_GT(share(hilbert), 0.1);
    EXPECT_LT(share(best), 1e-4);
    // Packets, which is what the thesis counts, over the time of docs/mapping_traffic.md.
    EXPECT_GT(random.packets_blocked, 500'000U);
    EXPECT_GT(hilbert.packets_blocked, 100'000U);
    EXPECT_EQ(best.packets_blocked, 0U);
    EXPECT_EQ(best.packets_sent, hilbert.packets_sent) << "the same spikes";
    RecordProperty("dropped_random", static_cast<int>(random.packets_blocked));
    RecordProperty("dropped_hilbert", static_cast<int>(hilbert.packets_blocked));
    RecordProperty("dropped_best", static_cast<int>(best.packets_blocked));
}
