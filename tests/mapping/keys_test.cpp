// Keys: blocks that don't share keys, and tables that become small by them.
#include "partitioners/spinnaker/keys.hpp"

#include "partitioners/spinnaker/netlist.hpp"
#include "partitioners/spinnaker/tables.hpp"
#include "tests/mapping/mapping_testing.hpp"

#include <filesystem>
#include <gtest/gtest.h>

namespace spikecast::mapping {
namespace {

void expect_blocks(const MachineGraph& graph, const Keys& keys) {
    ASSERT_EQ(keys.key.size(), graph.nets());
    ASSERT_EQ(keys.mask.size(), graph.nets());
    std::vector<std::pair<std::uint64_t, std::uint64_t>> spans;
    for (std::size_t n = 0; n < graph.nets(); ++n) {
        const std::uint64_t block = std::uint64_t{1} << graph.key_bits[n];
        ASSERT_EQ(keys.mask[n], static_cast<std::uint32_t>(~(block - 1)));
        ASSERT_EQ(keys.key[n] & ~keys.mask[n], 0U);
        spans.emplace_back(keys.key[n], keys.key[n] + block);
    }
    std::sort(spans.begin(), spans.end());
    for (std::size_t i = 0; i + 1 < spans.size(); ++i)
        ASSERT_LE(spans[i].second, spans[i + 1].first);
}

std::size_t worst(const BuiltTables& built) {
    std::size_t w = 0;
    for (const Table& t : built.tables)
        w = std::max(w, t.size());
    return w;
}
std::size_t total(const BuiltTables& built) {
    std::size_t n = 0;
    for (const Table& t : built.tables)
        n += t.size();
    return n;
}

TEST(Keys, blocks_are_aligned_and_apart_and_packets_arrive) {
    std::size_t mapped = 0, own = 0, index = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        testing::Mapped m;
        try {
            m = testing::random_mapping(seed, seed % 2 == 0 ? 0 : 4);
        } catch (const Refused&) {
            continue;
        }
        ++mapped;
        for (const KeyMethod method : {KeyMethod::index, KeyMethod::own}) {
            const Keys keys =
                allocate_keys(m.graph, m.machine, m.placement, m.routing, {.method = method, .effort = 0.02});
            expect_blocks(m.graph, keys);
            const BuiltTables built = build_tables(m.machine, m.routing, keys, {});
            EXPECT_TRUE(testing::right_by_brute_force(m.machine, m.graph, m.placement, keys, built.tables)) << seed;
            (method == KeyMethod::own ? own : index) += total(built);
        }
    }
    EXPECT_GT(mapped, 40U);
    EXPECT_LT(static_cast<double>(own), 0.95 * static_cast<double>(index));
}

TEST(Keys, index_is_the_number_of_the_net) {
    testing::Mapped m = testing::random_mapping(1, 0);
    const Keys keys = allocate_keys(m.graph, m.machine, m.placement, m.routing, {.method = KeyMethod::index});
    for (std::uint32_t n = 0; n < m.graph.nets(); ++n) {
        EXPECT_EQ(keys.key[n], n);
        EXPECT_EQ(keys.mask[n], ~std::uint32_t{0});
    }
}

TEST(Keys, own_keys_are_the_same_each_time) {
    const testing::Mapped m = testing::random_mapping(3, 2);
    const auto keys = [&](std::uint64_t seed) {
        return allocate_keys(m.graph, m.machine, m.placement, m.routing, {.seed = seed, .effort = 0.02}).key;
    };
    EXPECT_EQ(keys(1), keys(1));
}

/// Nets with these blocks, all from one vertex to itself.
testing::Mapped alone(const std::vector<std::uint8_t>& bits) {
    testing::Mapped m;
    m.machine = make_machine({.shape = "mesh:2x2", .profile = "spinnaker", .cores_per_chip = 4});
    m.graph.vertices.resize(2);
    m.graph.sinks_begin.push_back(0);
    m.routing.begin.push_back(0);
    for (std::size_t n = 0; n < bits.size(); ++n) {
        m.graph.source.push_back(0);
        m.graph.sinks.push_back(static_cast<std::uint32_t>(n % 2));
        m.graph.sinks_begin.push_back(n + 1);
        m.graph.weight.push_back(1.0);
        m.routing.nodes.push_back({0, 0, 255, Route::core(static_cast<unsigned>(n % 2))});
        m.routing.begin.push_back(n + 1);
    }
    m.graph.key_bits = bits;
    m.placement.chip = {0, 0};
    m.placement.first_core = {0, 1};
    return m;
}

TEST(Keys, a_key_space_that_is_just_full_is_used_to_the_last_key) {
    // 2^31 + 2^30 + ... + 2^0 + 2^0 = 2^32.
    std::vector<std::uint8_t> bits;
    for (std::uint8_t b = 0; b < 32; ++b)
        bits.push_back(b);
    bits.push_back(0);
    const testing::Mapped m = alone(bits);
    expect_blocks(m.graph, allocate_keys(m.graph, m.machine, m.placement, m.routing, {}));
}

TEST(Keys, a_key_space_that_runs_out_is_refused) {
    for (const KeyMethod method : {KeyMethod::index, KeyMethod::own}) {
        const testing::Mapped m = alone({31, 31, 0});
        try {
            (void)allocate_keys(m.graph, m.machine, m.placement, m.routing, {.method = method});
            FAIL();
        } catch (const Refused& e) {
            EXPECT_NE(std::string(e.what()).find("a key has 32 bits"), std::string::npos) << e.what();
        }
    }
    const testing::Mapped m = alone({33});
    EXPECT_THROW((void)allocate_keys(m.graph, m.machine, m.placement, m.routing, {}), Refused);
}

/// Four populations of 30 slices each on a mesh, all slices of one sending to all of two others.
TEST(Keys, populations_need_hardly_more_entries_than_there_are_routes) {
    testing::Mapped m;
    m.machine = make_machine({.shape = "mesh:6x6", .profile = "spinnaker", .cores_per_chip = 4});
    m.graph.sinks_begin.push_back(0);
    for (std::uint32_t v = 0; v < 120; ++v) {
        m.graph.vertices.push_back({"v" + std::to_string(v), 1, 0});
        m.graph.source.push_back(v);
        for (std::uint32_t s = 0; s < 120; ++s)
            if (s / 30 == (v / 30 + 1) % 4 || s / 30 == v / 30) m.graph.sinks.push_back(s);
        m.graph.sinks_begin.push_back(m.graph.sinks.size());
        m.graph.weight.push_back(1.0);
        m.graph.key_bits.push_back(7);
        m.graph.group.push_back(v / 30);
    }
    m.placement = place(m.graph, m.machine, {.method = PlaceMethod::hilbert});
    m.routing = route(m.graph, m.machine, m.placement, {});
    const Keys keys = allocate_keys(m.graph, m.machine, m.placement, m.routing, {});
    expect_blocks(m.graph, keys);
    const BuiltTables built = build_tables(m.machine, m.routing, keys, {});
    EXPECT_TRUE(testing::right_by_brute_force(m.machine, m.graph, m.placement, keys, built.tables));
    for (std::size_t c = 0; c < built.tables.size(); ++c)
        EXPECT_LE(static_cast<double>(built.tables[c].size()), 1.1 * built.reports[c].floor) << c;
    EXPECT_GT(worst(build_tables(m.machine, m.routing, keys, {.method = MinimiseMethod::default_routes})),
              4 * worst(built));
}

struct Published {
    const char* name;
    std::size_t worst; ///< of the published tables, with simulated annealing
};

/// The published protocol with keys chosen: at most half of the published worst table, or within 10 % of the number of
/// distinct routes at that chip.
TEST(Keys, worst_tables_of_the_published_netlists) {
    const std::string folder = std::string(SPIKECAST_SOURCE_DIR) + "/../shared/netlists/";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no " << folder;
    const Machine machine = make_machine({.shape = "mesh:13x13", .profile = "spinnaker", .cores_per_chip = 16});
    for (const Published p : {Published{"microcircuit", 485}, {"sudoku", 59}, {"card_sorting", 72}, {"mu0", 21}}) {
        const MachineGraph graph = read_netlist(folder + p.name + ".json");
        const Placement placement = place(graph, machine, {.threads = 2, .effort = 0.1});
        const Routing routing = route(graph, machine, placement, {});
        const Keys keys = allocate_keys(graph, machine, placement, routing, {.effort = 0.5});
        const BuiltTables built = build_tables(machine, routing, keys, {.threads = 2});
        std::size_t w = 0, floor = 0;
        for (std::size_t c = 0; c < built.tables.size(); ++c)
            if (built.tables[c].size() > w) {
                w = built.tables[c].size();
                floor = built.reports[c].floor;
            }
        EXPECT_TRUE(2 * w <= p.worst || 10 * w <= 11 * floor) << p.name << ": " << w << ", floor " << floor;
        if (std::string(p.name) == "microcircuit") {
            EXPECT_LE(w, 100U);
        }
        // Keys that count the nets as the published runs had them need more.
        const Keys index = allocate_keys(graph, machine, placement, routing, {.method = KeyMethod::index});
        EXPECT_GT(total(build_tables(machine, routing, index, {.method = MinimiseMethod::pair})), total(built));
    }
}

} // namespace
} // namespace spikecast::mapping
