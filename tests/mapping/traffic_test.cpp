#include "partitioners/spinnaker/traffic.hpp"

#include "mapping_testing.hpp"
#include "partitioners/spinnaker/event_queue.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <stdexcept>

using namespace spikecast;
using namespace spikecast::mapping;
using namespace spikecast::mapping::testing;

namespace {

// The closed forms below, with the settings' own numbers: 200 MHz is 5 ns a cycle, 40 bits at 250 Mbit/s are 160 ns.
constexpr Picoseconds cycle = 5'000;
constexpr Picoseconds pipeline = 7 * cycle;
constexpr Picoseconds link_time = 160'000;
constexpr Picoseconds long_link_time = 288'000; ///< 72 bits

/// Nets on a machine, each along paths of links, with an entry for every chip.
struct Paths {
    Machine machine;
    MachineGraph graph;
    Placement placement;
    Keys keys;
    Tables tables;

    explicit Paths(const std::string& shape)
        : machine(make_machine({.shape = shape, .profile = "spinnaker", .cores_per_chip = 16})) {
        tables.resize(machine.chips());
        graph.sinks_begin.push_back(0);
        taken_.resize(machine.chips(), 0);
    }
    std::uint32_t vertex(ChipId chip) {
        graph.vertices.push_back({"v" + std::to_string(graph.vertices.size()), 1, 0});
        placement.chip.push_back(chip);
        placement.first_core.push_back(taken_[chip]++);
        return static_cast<std::uint32_t>(graph.vertices.size() - 1);
    }
    /// A net from a core of a new vertex on (x, y) over the links to a new vertex at their end.
    std::uint32_t net(int x, int y, const std::vector<int>& links, std::uint8_t bits = 0) {
        const auto n = static_cast<std::uint32_t>(graph.nets());
        ChipId chip = machine.chip(x, y);
        graph.source.push_back(vertex(chip));
        graph.key_bits.push_back(bits);
        graph.weight.push_back(1.0);
        keys.key.push_back(n << 12);
        keys.mask.push_back(~((1U << bits) - 1));
        for (const int l : links) {
            tables[chip].push_back({keys.key[n], keys.mask[n], Route::link(l)});
            chip = machine.neighbour(chip, l);
        }
        const std::uint32_t sink = vertex(chip);
        graph.sinks.push_back(sink);
        graph.sinks_begin.push_back(graph.sinks.size());
        tables[chip].push_back({keys.key[n], keys.mask[n], Route::core(placement.first_core[sink])});
        return n;
    }
    Traffic traffic(const TrafficSettings& settings = {}) const {
        return {machine, graph, placement, keys, tables, settings};
    }

private:
    std::vector<std::uint16_t> taken_;
};

std::vector<Spike> burst(std::uint32_t net, std::size_t packets, Picoseconds interval, bool payload = false) {
    std::vector<Spike> spikes;
    for (std::size_t i = 0; i < packets; ++i)
        spikes.push_back({i * interval, net, 0, payload});
    return spikes;
}
std::vector<Spike> merged(std::vector<std::vector<Spike>> trains) {
    std::vector<Spike> all;
    for (const auto& t : trains)
        all.insert(all.end(), t.begin(), t.end());
    std::stable_sort(all.begin(), all.end(), [](const Spike& a, const Spike& b) { return a.time < b.time; });
    return all;
}

} // namespace

TEST(EventQueue, gives_events_in_order_of_time_then_number) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Draws d(seed);
        EventQueue queue;
        std::set<std::pair<std::uint64_t, std::uint32_t>> expected;
        std::uint64_t now = 0;
        for (int i = 0; i < 5000; ++i) {
            if (expected.empty() || d.chance(0.5)) {
                const std::uint64_t ahead = d.below(d.chance(0.1)   ? 100'000'000'000
                                                    : d.chance(0.3) ? 2000
                                                                    : 30'000'000);
                const std::pair<std::uint64_t, std::uint32_t> e{now + ahead,
                                                                static_cast<std::uint32_t>(d.below(1 << 28))};
                if (expected.insert(e).second) queue.push(e.first, e.second);
            } else {
                now = queue.next_time();
                ASSERT_EQ(now, expected.begin()->first);
                ASSERT_EQ(queue.pop(), expected.begin()->second);
                expected.erase(expected.begin());
            }
        }
        while (!expected.empty()) {
            ASSERT_EQ(queue.next_time(), expected.begin()->first);
            ASSERT_EQ(queue.pop(), expected.begin()->second);
            expected.erase(expected.begin());
        }
        EXPECT_EQ(queue.next_time(), EventQueue::end);
    }
}

TEST(Traffic, a_lone_packet_takes_pipeline_and_link_for_each_hop) {
    for (const bool payload : {false, true})
        for (unsigned hops = 0; hops < 9; ++hops) {
            Paths p("mesh:10x2");
            p.net(0, 0, std::vector<int>(hops, 0));
            Traffic t = p.traffic();
            std::vector<Delivery> deliveries;
            const std::vector<Spike> one{{1234, 0, 0, payload}};
            t.run(one, ps_per_ms, &deliveries);
            ASSERT_EQ(deliveries.size(), 1U);
            const Picoseconds link = payload ? long_link_time : link_time;
            EXPECT_EQ(deliveries[0].arrival - 1234, (hops + 1) * pipeline + hops * link);
            EXPECT_EQ(deliveries[0].chip, p.machine.chip(static_cast<int>(hops), 0));
            const TrafficReport r = t.report();
            EXPECT_EQ(r.hops, hops);
            EXPECT_EQ(r.delivered, 1U);
            EXPECT_EQ(r.late, 0U);
            EXPECT_DOUBLE_EQ(r.link_joules, hops * (payload ? 72 : 40) * 25e-12);
        }
}

TEST(Traffic, packets_with_payload_can_be_asked_for_in_the_settings) {
    Paths p("mesh:10x2");
    p.net(0, 0, {0, 0, 0});
    TrafficSettings s;
    s.payload = true;
    Traffic t = p.traffic(s);
    std::vector<Delivery> deliveries;
    t.run(burst(0, 1, 0), ps_per_ms, &deliveries);
    ASSERT_EQ(deliveries.size(), 1U);
    EXPECT_EQ(deliveries[0].arrival, 4 * pipeline + 3 * long_link_time);
    EXPECT_DOUBLE_EQ(t.report().link_joules, 3 * 72 * 25e-12);
}

// Groups 0 and 1 of nets, target groups 5 and 7: net 0 goes from group 0 to 5, net 1 from 1 to 5, net 2 from 1 to 7,
// over a link each of its own, of one, two and three hops. A second pass over a link that is too busy drops some.
TEST(Traffic, deliveries_and_drops_are_told_apart_by_projection) {
    Paths p("mesh:8x8");
    p.net(0, 0, {0});
    p.net(0, 2, {0, 0});
    p.net(0, 4, {0, 0, 0});
    p.graph.group = {0, 1, 1};
    p.graph.target_group = {0, 5, 1, 5, 1, 7};
    for (const bool crowded : {false, true}) {
        TrafficSettings s;
        if (crowded) {
            s.link_mbit_s = 1.0;
            s.wait_cycles = 10;
        }
        Traffic t = p.traffic(s);
        t.run(merged({burst(0, 10, 500'000), burst(1, 20, 500'000), burst(2, 30, 500'000)}), ps_per_ms);
        t.finish();
        const TrafficReport r = t.report();
        ASSERT_EQ(r.projections.size(), 3U);
        std::uint64_t delivered = 0, dropped = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            const ProjectionTraffic& projection = r.projections[i];
            EXPECT_EQ(projection.source, i > 0 ? 1U : 0U);
            EXPECT_EQ(projection.target, i < 2 ? 5U : 7U);
            EXPECT_EQ(projection.latency.deliveries + projection.dropped, 10 * (i + 1));
            EXPECT_EQ(projection.dropped > 0, crowded);
            delivered += projection.latency.deliveries;
            dropped += projection.dropped;
            std::uint64_t in_bins = 0;
            double last = 0.0;
            for (const LatencyStatistics::Bin& bin : projection.latency.bins) {
                EXPECT_GT(bin.below_ns, last);
                EXPECT_GT(bin.deliveries, 0U);
                last = bin.below_ns;
                in_bins += bin.deliveries;
            }
            EXPECT_EQ(in_bins, projection.latency.deliveries);
            EXPECT_GT(last, projection.latency.max_ns);
            if (!crowded) { // all take as long: one interval, an eighth of a factor of two wide
                const double ns = 1e-3 * static_cast<double>((i + 2) * pipeline + (i + 1) * link_time);
                ASSERT_EQ(projection.latency.bins.size(), 1U);
                EXPECT_GT(projection.latency.bins[0].below_ns, ns);
                EXPECT_LE(projection.latency.bins[0].below_ns, ns * 1.125 + 1.0);
            }
        }
        EXPECT_EQ(delivered, r.delivered);
        EXPECT_EQ(dropped, r.dropped);
        EXPECT_EQ(r.group_dropped[0] + r.group_dropped[1], r.dropped);
        EXPECT_EQ(r.group_latency[1].deliveries,
                  r.projections[1].latency.deliveries + r.projections[2].latency.deliveries);
    }
}

TEST(Traffic, crossing_boards_takes_the_serial_links_time) {
    Paths p("mesh:6x2");
    p.net(0, 0, {0, 0, 0, 0});
    for (ChipId c = 0; c < p.machine.chips(); ++c)
        p.machine.board[c] = p.machine.x(c) < 2 ? 0 : 1;
    TrafficSettings s;
    s.board_link_mbit_s = 100.0; // 400 ns
    s.board_latency_ns = 1000.0;
    Traffic t = p.traffic(s);
    std::vector<Delivery> deliveries;
    t.run(burst(0, 1, 0), ps_per_ms, &deliveries);
    ASSERT_EQ(deliveries.size(), 1U);
    EXPECT_EQ(deliveries[0].arrival, 5 * pipeline + 3 * link_time + 400'000 + 1'000'000);
    // The distance costs no bandwidth.
    Traffic full = p.traffic(s);
    full.run(burst(0, 10'000, 1000), ps_per_ms);
    EXPECT_NEAR(static_cast<double>(full.report().delivered), 1e9 / 400e3, 5.0);
}

TEST(Traffic, multicast_delivers_to_each_core_once) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Mapped m;
        try {
            m = random_mapping(seed);
        } catch (const Refused&) {
            continue;
        }
        Traffic t(m.machine, m.graph, m.placement, m.keys, m.tables, {});
        Draws d(seed);
        std::vector<Spike> spikes;
        for (Picoseconds i = 0; i < 200; ++i) {
            const auto net = static_cast<std::uint32_t>(d.below(m.graph.nets()));
            spikes.push_back({i * 4'000'000, net, static_cast<std::uint32_t>(d.below(1U << m.graph.key_bits[net]))});
        }
        std::vector<Delivery> deliveries;
        t.run(spikes, ps_per_ms, &deliveries);
        std::vector<std::map<std::pair<ChipId, unsigned>, int>> got(spikes.size());
        for (const Delivery& x : deliveries) {
            EXPECT_NE(x.arrival, never);
            EXPECT_GT(x.arrival, spikes[x.spike].time);
            ++got[x.spike][{x.chip, x.core}];
        }
        for (std::size_t i = 0; i < spikes.size(); ++i)
            EXPECT_EQ(got[i], expected_cores(m.graph, m.placement, spikes[i].net)) << "seed " << seed;
        EXPECT_EQ(t.report().fan_out, deliveries.size());
    }
}

TEST(Traffic, tables_may_tell_keys_of_a_net_apart) {
    Paths p("mesh:4x4");
    p.net(0, 0, {0}, 4);
    p.tables[0].insert(p.tables[0].begin(), {p.keys.key[0] | 8, ~7U, Route::link(2)}); // the upper half goes north
    p.tables[p.machine.chip(0, 1)] = {{0, 0, Route::core(3)}};
    Traffic t = p.traffic();
    std::vector<Delivery> deliveries;
    const std::vector<Spike> spikes{{0, 0, 7}, {1'000'000, 0, 8}, {2'000'000, 0, 15}, {3'000'000, 0, 0}};
    t.run(spikes, ps_per_ms, &deliveries);
    ASSERT_EQ(deliveries.size(), 4U);
    EXPECT_EQ(deliveries[0].chip, p.machine.chip(1, 0));
    EXPECT_EQ(deliveries[1].chip, p.machine.chip(0, 1));
    EXPECT_EQ(deliveries[2].chip, p.machine.chip(0, 1));
    EXPECT_EQ(deliveries[3].chip, p.machine.chip(1, 0));
}

TEST(Traffic, a_link_saturates_at_its_bandwidth) {
    // 6.25 million packets of 40 bits a second at 250 Mbit/s, whatever is offered beyond.
    for (const double load : {0.5, 0.9, 1.5, 4.0}) {
        Paths p("mesh:3x2");
        p.net(0, 0, {0});
        Traffic t = p.traffic();
        const auto interval = static_cast<Picoseconds>(static_cast<double>(link_time) / load);
        const Picoseconds time = 2 * ps_per_ms;
        std::vector<Spike> spikes = burst(0, time / interval, interval);
        t.run(spikes, time);
        const TrafficReport r = t.report();
        const double expected = std::min(1.0, load);
        EXPECT_NEAR(r.max_utilisation, expected, 1e-3) << "load " << load; // what is under way at the end: two packets
        EXPECT_NEAR(static_cast<double>(r.delivered),
                    static_cast<double>(time) / static_cast<double>(link_time) * expected, 3.0);
        EXPECT_EQ(r.dropped, 0U) << "a sender waits; nothing is dropped for it";
        EXPECT_EQ(r.busiest_link, 0U);
        t.finish();
        EXPECT_EQ(t.report().delivered, spikes.size());
    }
}

TEST(Traffic, a_router_takes_one_packet_a_cycle) {
    Paths p("mesh:2x2");
    p.net(0, 0, {});
    Traffic t = p.traffic();
    std::vector<Delivery> deliveries;
    t.run(burst(0, 1000, 0), ps_per_ms, &deliveries);
    ASSERT_EQ(deliveries.size(), 1000U);
    for (std::size_t i = 0; i < deliveries.size(); ++i)
        EXPECT_EQ(deliveries[i].arrival, pipeline + i * cycle);
}

TEST(Traffic, merging_streams_share_a_link_evenly_at_each_router) {
    // Along a row, each chip adds a stream for the last one: every router serves its two inputs in turn, so the one
    // next to the end has half of the last link, the next a quarter, and the two at the start the same.
    Paths p("mesh:6x2");
    for (int x = 0; x < 4; ++x)
        p.net(x, 0, std::vector<int>(static_cast<std::size_t>(4 - x), 0));
    Traffic t = p.traffic();
    const Picoseconds time = 4 * ps_per_ms;
    std::vector<std::vector<Spike>> trains;
    for (std::uint32_t n = 0; n < 4; ++n)
        trains.push_back(burst(n, time / link_time, link_time)); // each alone would fill it
    const std::vector<Spike> spikes = merged(trains);
    std::vector<Delivery> deliveries;
    t.run(spikes, time, &deliveries);
    std::vector<double> shares(4, 0.0);
    for (const Delivery& d : deliveries) {
        ASSERT_NE(d.arrival, never);
        shares[spikes[d.spike].net] += 1.0;
    }
    const double all = static_cast<double>(time) / static_cast<double>(link_time);
    EXPECT_NEAR(shares[3] / all, 0.5, 0.005);
    EXPECT_NEAR(shares[2] / all, 0.25, 0.005);
    EXPECT_NEAR(shares[1] / all, 0.125, 0.005);
    EXPECT_NEAR(shares[0] / all, 0.125, 0.005);
    EXPECT_NEAR(t.report().link_utilisation[static_cast<std::size_t>(6 * p.machine.chip(3, 0))], 1.0, 1e-3);
}

TEST(Traffic, a_blocked_packet_waits_its_time_and_is_dropped) {
    Paths p("mesh:4x3");
    p.net(0, 0, {0, 0, 0});
    p.machine.links[p.machine.chip(1, 0)] &= static_cast<std::uint8_t>(~1U); // one way: only from (1, 0) to (2, 0)
    Traffic t = p.traffic();
    std::vector<Delivery> deliveries;
    t.run(burst(0, 3, 100'000'000), ps_per_ms, &deliveries);
    ASSERT_EQ(deliveries.size(), 3U);
    for (const Delivery& d : deliveries) {
        EXPECT_EQ(d.arrival, never);
        EXPECT_EQ(d.chip, p.machine.chip(3, 0));
    }
    const TrafficReport r = t.report();
    EXPECT_EQ(r.dropped, 3U);
    EXPECT_EQ(r.packets_blocked, 3U);
    EXPECT_EQ(r.spikes_not_in_time, 3U);
    EXPECT_EQ(r.hops, 3U);
    // The other direction works.
    Paths back("mesh:4x3");
    back.net(3, 0, {3, 3, 3});
    back.machine.links = p.machine.links;
    Traffic u = back.traffic();
    u.run(burst(0, 3, 100'000'000), ps_per_ms);
    EXPECT_EQ(u.report().delivered, 3U);
}

TEST(Traffic, a_blocked_head_holds_up_what_comes_behind) {
    // One packet over a dead link, then one for the router's own core: it waits for 480 cycles.
    Paths p("mesh:4x3");
    p.net(1, 0, {0});
    p.net(1, 0, {});
    p.machine.links[p.machine.chip(1, 0)] &= static_cast<std::uint8_t>(~1U);
    Traffic t = p.traffic();
    std::vector<Delivery> deliveries;
    const std::vector<Spike> spikes{{0, 0, 0}, {1000, 1, 0}};
    t.run(spikes, ps_per_ms, &deliveries);
    ASSERT_EQ(deliveries.size(), 2U);
    EXPECT_EQ(deliveries[0].spike, 0U);
    EXPECT_EQ(deliveries[0].arrival, never);
    EXPECT_EQ(deliveries[1].arrival, pipeline + 480 * cycle + cycle);
}

TEST(Traffic, emergency_routing_goes_round_a_blocked_link) {
    for (int l = 0; l < link_count; ++l) {
        Paths p("torus:6x6");
        p.net(2, 2, {l, l});
        const ChipId from = p.machine.chip(2, 2);
        p.machine.links[from] &= static_cast<std::uint8_t>(~(1U << l));
        TrafficSettings s;
        s.emergency_routing = true;
        Traffic t = p.traffic(s);
        std::vector<Delivery> deliveries;
        t.run(burst(0, 1, 0), ps_per_ms, &deliveries);
        ASSERT_EQ(deliveries.size(), 1U);
        // Wait, two legs for one, then the second hop.
        EXPECT_EQ(deliveries[0].arrival, 4 * pipeline + 480 * cycle + 3 * link_time) << "link " << l;
        TrafficReport r = t.report();
        EXPECT_EQ(r.emergency_routes, 1U);
        EXPECT_EQ(r.link_packets[6 * from + static_cast<unsigned>((l + 1) % 6)], 1U);
        const ChipId corner = p.machine.neighbour(from, (l + 1) % 6);
        EXPECT_EQ(r.link_packets[6 * corner + static_cast<unsigned>((l + 5) % 6)], 1U);
        // Where that way is blocked too, the packet is dropped after the second wait.
        p.machine.links[from] &= static_cast<std::uint8_t>(~(1U << ((l + 1) % 6)));
        Traffic u = p.traffic(s);
        deliveries.clear();
        u.run(burst(0, 1, 0), ps_per_ms, &deliveries);
        EXPECT_EQ(u.report().packets_blocked, 1U);
        EXPECT_EQ(u.report().dropped, 1U);
    }
}

TEST(Traffic, a_dropped_branch_loses_what_lies_behind) {
    // From (0, 0) to a core there and to three chips along the row; the link out of (1, 0) is dead.
    Paths p("mesh:5x2");
    p.net(0, 0, {0, 0, 0});
    Route to = Route::link(0);
    to |= Route::core(9);
    p.tables[0][0].route = to;
    p.tables[p.machine.chip(1, 0)][0].route = to;
    p.tables[p.machine.chip(2, 0)][0].route = to;
    p.machine.links[p.machine.chip(1, 0)] &= static_cast<std::uint8_t>(~1U);
    Traffic t = p.traffic();
    std::vector<Delivery> deliveries;
    t.run(burst(0, 1, 0), ps_per_ms, &deliveries);
    const TrafficReport r = t.report();
    EXPECT_EQ(r.fan_out, 4U);
    EXPECT_EQ(r.delivered, 1U);
    EXPECT_EQ(r.dropped, 3U) << "a blocked packet isn't delivered on its chip either";
    EXPECT_EQ(deliveries.size(), 4U);
}

TEST(Traffic, a_monitor_sends_dropped_packets_again) {
    // Too much from two sides through one router: with a monitor all arrive in the end.
    for (const bool reinject : {false, true}) {
        Paths p("mesh:5x2");
        p.net(0, 0, {0, 0, 0, 0});
        p.net(4, 0, {3, 3, 3, 3});
        p.net(1, 0, {0, 0});
        p.net(3, 0, {3, 3});
        TrafficSettings s;
        s.wait_cycles = 20; // shorter than a link takes: 100 ns
        s.reinject = reinject;
        s.drain_ms = 1000.0;
        Traffic t = p.traffic(s);
        t.run(merged(
                  {burst(0, 2000, 100'000), burst(1, 2000, 100'000), burst(2, 2000, 100'000), burst(3, 2000, 100'000)}),
              ps_per_ms);
        t.finish();
        const TrafficReport r = t.report();
        EXPECT_EQ(r.under_way, 0U);
        EXPECT_EQ(r.delivered + r.dropped, 8000U);
        if (reinject) {
            EXPECT_EQ(r.dropped, 0U);
            EXPECT_GT(r.reinjected, 100U);
        } else {
            EXPECT_GT(r.dropped, 100U);
            EXPECT_EQ(r.dropped, r.packets_blocked);
        }
    }
}

TEST(Traffic, old_packets_are_dropped) {
    // Behind a blocked one that is tried for 2 us, packets wait longer than two phases of 0.5 us.
    Paths p("mesh:4x3");
    p.net(1, 0, {0});
    p.net(1, 0, {});
    p.machine.links[p.machine.chip(1, 0)] &= static_cast<std::uint8_t>(~1U);
    TrafficSettings s;
    s.phase_ms = 0.0005;
    Traffic t = p.traffic(s);
    const std::vector<Spike> spikes{{0, 0, 0}, {1000, 1, 0}, {10'000'000, 1, 0}};
    std::vector<Delivery> deliveries;
    t.run(spikes, ps_per_ms, &deliveries);
    const TrafficReport r = t.report();
    EXPECT_EQ(r.packets_aged + r.packets_blocked, 2U);
    EXPECT_GE(r.packets_aged, 1U);
    EXPECT_EQ(r.delivered, 1U);
}

TEST(Traffic, conserves_packets_under_heavy_overload) {
    std::uint64_t all_dropped = 0, all_aged = 0, all_unfinished = 0;
    for (std::uint64_t seed = 100; seed < 130; ++seed) {
        Mapped m;
        try {
            m = random_mapping(seed);
        } catch (const Refused&) {
            continue;
        }
        TrafficSettings s;
        s.emergency_routing = seed % 2 == 0;
        s.reinject = seed % 3 == 0;
        s.reinject_queue = 10;
        s.phase_ms = seed % 5 == 0 ? 0.01 : 0.0;
        s.drain_ms = 0.2;
        s.wait_cycles = 60;
        Traffic t(m.machine, m.graph, m.placement, m.keys, m.tables, s);
        RateSource source(m.graph, 3e5, Pattern::poisson, seed);
        std::uint64_t told = 0, lost = 0;
        for (Picoseconds now = 0; now < ps_per_ms;) {
            now += ps_per_ms / 10;
            std::vector<Delivery> deliveries;
            t.run(source.before(now), now, &deliveries); // throws where packets aren't conserved
            told += deliveries.size();
            for (const Delivery& d : deliveries)
                lost += d.arrival == never;
            const TrafficReport r = t.report();
            EXPECT_EQ(r.delivered + r.dropped, told);
            EXPECT_EQ(r.dropped, lost);
        }
        std::vector<Delivery> deliveries;
        t.finish(&deliveries);
        const TrafficReport r = t.report();
        EXPECT_EQ(r.under_way, 0U);
        EXPECT_EQ(told + deliveries.size(), r.fan_out);
        EXPECT_EQ(r.latency.deliveries, r.delivered);
        all_dropped += r.dropped;
        all_aged += r.packets_aged;
        all_unfinished += r.packets_unfinished;
        // And it goes on from there.
        std::vector<Spike> one{{t.now() + 5, 0, 0}};
        t.run(one, t.now() + ps_per_ms);
        EXPECT_EQ(t.report().packets_sent, r.packets_sent + 1);
    }
    EXPECT_GT(all_dropped, 10'000U);
    EXPECT_GT(all_aged, 0U);
    EXPECT_GT(all_unfinished, 0U);
}

TEST(Traffic, is_the_same_whatever_the_steps) {
    Paths p("torus:6x6");
    for (int i = 0; i < 24; ++i)
        p.net(i % 6, i / 6, std::vector<int>(4, i % 6), 2);
    std::vector<TrafficReport> reports;
    for (const Picoseconds step : {ps_per_ms, ps_per_ms / 10, ps_per_ms / 777}) {
        TrafficSettings s;
        s.emergency_routing = true;
        s.wait_cycles = 20;
        s.emergency_wait_cycles = 20;
        Traffic t = p.traffic(s);
        RateSource source(p.graph, 4e6, Pattern::poisson, 5);
        for (Picoseconds now = 0; now < 2 * ps_per_ms;) {
            now = std::min(2 * ps_per_ms, now + step);
            t.run(source.before(now), now);
        }
        t.finish();
        reports.push_back(t.report());
    }
    for (std::size_t i = 1; i < reports.size(); ++i) {
        EXPECT_EQ(reports[i].packets_sent, reports[0].packets_sent);
        EXPECT_EQ(reports[i].dropped, reports[0].dropped);
        EXPECT_EQ(reports[i].emergency_routes, reports[0].emergency_routes);
        EXPECT_EQ(reports[i].link_packets, reports[0].link_packets);
        EXPECT_EQ(reports[i].latency.mean_ns, reports[0].latency.mean_ns);
    }
    EXPECT_GT(reports[0].dropped, 100U) << "the test is about a busy machine";
    EXPECT_GT(reports[0].emergency_routes, 100U);
}

TEST(Traffic, rates_are_kept) {
    Paths p("mesh:3x2");
    p.net(0, 0, {0}, 3);
    p.net(0, 0, {2});
    p.graph.weight = {3.0, 0.0};
    // 3 x 100000 packets/s for 100 ms: 30000 expected; a Poisson number has a standard deviation of 173.
    RateSource poisson(p.graph, 1e5, Pattern::poisson, 1);
    const std::vector<Spike> spikes = poisson.before(100 * ps_per_ms);
    EXPECT_NEAR(static_cast<double>(spikes.size()), 30000.0, 5 * 173.0);
    std::vector<double> keys(8, 0.0);
    double sum = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < spikes.size(); ++i) {
        EXPECT_EQ(spikes[i].net, 0U);
        ++keys[spikes[i].index];
        const double gap = static_cast<double>(spikes[i].time - (i > 0 ? spikes[i - 1].time : 0));
        sum += gap;
        squares += gap * gap;
    }
    for (const double k : keys)
        EXPECT_NEAR(k, 3750.0, 5 * std::sqrt(3750.0));
    const double n = static_cast<double>(spikes.size()), mean = sum / n;
    EXPECT_NEAR(std::sqrt(squares / n - mean * mean) / mean, 1.0, 5 / std::sqrt(n)); // of an exponential: 1
    RateSource regular(p.graph, std::vector<double>{1e6, 2e6}, Pattern::regular, 1);
    const std::vector<Spike> even = regular.before(ps_per_ms);
    EXPECT_EQ(even.size(), 3000U);
}

TEST(Traffic, refuses_what_makes_no_sense) {
    Paths p("mesh:3x2");
    p.net(0, 0, {0}, 1);
    TrafficSettings s;
    s.link_mbit_s = 0.0;
    s.pipeline_cycles = 17;
    try {
        (void)p.traffic(s);
        FAIL();
    } catch (const InputError& e) {
        EXPECT_EQ(e.diagnostics().size(), 2U);
        EXPECT_EQ(e.diagnostics()[1].object, "traffic.link_mbit_s");
    }
    Traffic t = p.traffic();
    EXPECT_THROW(t.run(std::vector<Spike>{{5, 0, 0}, {4, 0, 0}}, 100), std::invalid_argument);
    EXPECT_THROW(t.run(std::vector<Spike>{{5, 1, 0}}, 100), std::invalid_argument);
    EXPECT_THROW(t.run(std::vector<Spike>{{5, 0, 2}}, 100), std::invalid_argument);
    EXPECT_THROW(t.run(std::vector<Spike>{{100, 0, 0}}, 100), std::invalid_argument);
    p.tables[p.machine.chip(1, 0)] = {{0, 0, Route::link(2)}}; // round and round
    p.tables[p.machine.chip(1, 1)] = {{0, 0, Route::link(3)}};
    p.tables[p.machine.chip(0, 1)] = {{0, 0, Route::link(5)}};
    Traffic u = p.traffic();
    EXPECT_THROW(u.run(burst(0, 1, 0), ps_per_ms), RunError);
}
