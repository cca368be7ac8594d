#include "partitioners/spinnaker/verify.hpp"

#include "mapping_testing.hpp"

#include <gtest/gtest.h>
#include <set>

using namespace spikecast;
using namespace spikecast::mapping;
using namespace spikecast::mapping::testing;

namespace {

VerifyResult check(const Mapped& m, const VerifyOptions& options = {}) {
    return verify(m.machine, m.graph, m.placement, m.keys, m.tables, options);
}

/// One net of 2^bits keys from chip (0, 0) to a core of chip (2, 0), on a mesh of 4 x 3, straight along the row.
Mapped row(std::uint8_t bits = 0) {
    Mapped m;
    m.machine = make_machine({.shape = "mesh:4x3", .profile = "spinnaker", .cores_per_chip = 4});
    m.graph.vertices = {{"from", 1, 0}, {"to", 1, 0}};
    m.graph.source = {0};
    m.graph.sinks_begin = {0, 1};
    m.graph.sinks = {1};
    m.graph.weight = {1.0};
    m.graph.key_bits = {bits};
    m.placement = {{m.machine.chip(0, 0), m.machine.chip(2, 0)}, {0, 1}};
    m.keys = plain_keys(m.graph);
    m.tables.resize(m.machine.chips());
    m.tables[m.machine.chip(0, 0)] = {{m.keys.key[0], m.keys.mask[0], Route::link(0)}};
    m.tables[m.machine.chip(2, 0)] = {{m.keys.key[0], m.keys.mask[0], Route::core(1)}};
    return m;
}

Fault fault_of(const Mapped& m) {
    const VerifyResult r = check(m);
    EXPECT_EQ(r.faulty, 1U);
    EXPECT_FALSE(r.violations.empty());
    return r.violations.empty() ? Fault::placement : r.violations[0].fault;
}

} // namespace

TEST(Verify, accepts_what_arrives_over_a_default_route) {
    const VerifyResult r = check(row(5));
    EXPECT_TRUE(r.ok());
    EXPECT_EQ(r.nets, 1U);
    EXPECT_EQ(r.keys, 32U);
    EXPECT_EQ(r.walks, 1U) << "keys that nothing tells apart are followed together";
    EXPECT_EQ(r.hops, 3U);
}

TEST(Verify, a_counterexample_tells_the_way_hop_by_hop) {
    Mapped m = row();
    m.tables[m.machine.chip(2, 0)].clear();
    m.tables[m.machine.chip(3, 0)] = {{0, 0, Route::core(0)}};
    const VerifyResult r = check(m);
    ASSERT_EQ(r.violations.size(), 1U);
    EXPECT_EQ(r.violations[0].fault, Fault::wrong_core);
    EXPECT_EQ(r.violations[0].text,
              "net 0 from \"from\", key 0x00000000: it reaches core 0, which is none of its destinations\n"
              "    chip (0, 0)     from core 0: entry 0 (0x00000000/0xffffffff) -> E\n"
              "    chip (1, 0)     by E: no entry matches, straight on -> E\n"
              "    chip (2, 0)     by E: no entry matches, straight on -> E\n"
              "    chip (3, 0)     by E: entry 0 (0x00000000/0x00000000) -> core 0\n");
}

TEST(Verify, finds_each_kind_of_fault) {
    const auto at = [](const Mapped& m, int x, int y) { return m.machine.chip(x, y); };
    Mapped m = row();
    m.tables[at(m, 0, 0)].clear();
    EXPECT_EQ(fault_of(m), Fault::lost);
    m = row();
    m.tables[at(m, 1, 0)] = {{0, ~0U, Route{}}};
    EXPECT_EQ(fault_of(m), Fault::discarded);
    m = row();
    m.tables[at(m, 2, 0)].clear(); // straight on, off the mesh
    EXPECT_EQ(fault_of(m), Fault::dead_link);
    m = row();
    m.machine.links[at(m, 1, 0)] &= static_cast<std::uint8_t>(~1U); // one way: (2, 0) could still send to (1, 0)
    EXPECT_EQ(fault_of(m), Fault::dead_link);
    m = row();
    m.machine.alive[at(m, 1, 0)] = 0;
    EXPECT_EQ(fault_of(m), Fault::dead_link);
    m = row();
    m.tables[at(m, 1, 0)] = {{0, ~0U, Route::link(2)}}; // N, W, S and again
    m.tables[at(m, 1, 1)] = {{0, ~0U, Route::link(3)}};
    m.tables[at(m, 0, 1)] = {{0, ~0U, Route::link(5)}};
    EXPECT_EQ(fault_of(m), Fault::loop);
    m = row();
    m.tables[at(m, 2, 0)] = {{0, ~0U, Route::core(2)}};
    EXPECT_EQ(fault_of(m), Fault::wrong_core);
    m = row();
    m.tables[at(m, 1, 0)] = {{0, ~0U, Route::core(0)}};
    EXPECT_EQ(fault_of(m), Fault::wrong_core);
    m = row(); // a second copy by way of (0, 1), (1, 1) and (2, 1)
    Route two = Route::link(0);
    two |= Route::link(2);
    m.tables[at(m, 0, 0)][0].route = two;
    m.tables[at(m, 0, 1)] = {{0, ~0U, Route::link(0)}};
    m.tables[at(m, 2, 1)] = {{0, ~0U, Route::link(5)}};
    EXPECT_EQ(fault_of(m), Fault::duplicate);
    m = row();
    m.graph.vertices.push_back({"other", 1, 0});
    m.graph.sinks.push_back(2);
    m.graph.sinks_begin[1] = 2;
    m.placement.chip.push_back(at(m, 2, 0));
    m.placement.first_core.push_back(3);
    EXPECT_EQ(fault_of(m), Fault::missing_core);
    m.placement.first_core[2] = 4; // beyond the chip's cores
    EXPECT_EQ(fault_of(m), Fault::placement);
    m.placement.first_core[2] = 1; // taken
    EXPECT_EQ(fault_of(m), Fault::placement);
    m = row();
    m.keys.key[0] = 1;
    m.keys.mask[0] = ~1U;
    EXPECT_EQ(fault_of(m), Fault::bad_block);
    m = row();
    m.machine.resources[at(m, 2, 0)].router_entries = 0;
    EXPECT_EQ(fault_of(m), Fault::table_size);
}

TEST(Verify, crossing_paths_are_no_fault) {
    // Two branches cross on (1, 1), each straight on: E from (0, 1) and S from (1, 2).
    Mapped m = row();
    const auto at = [&](int x, int y) { return m.machine.chip(x, y); };
    m.placement.chip = {at(0, 1), at(2, 1)};
    m.graph.vertices.push_back({"south", 1, 0});
    m.graph.sinks.push_back(2);
    m.graph.sinks_begin[1] = 2;
    m.placement.chip.push_back(at(1, 0));
    m.placement.first_core.push_back(0);
    Route two = Route::link(0);
    two |= Route::link(1);
    m.tables.assign(m.machine.chips(), {});
    m.tables[at(0, 1)] = {{0, ~0U, two}};
    m.tables[at(1, 2)] = {{0, ~0U, Route::link(5)}};
    m.tables[at(2, 1)] = {{0, ~0U, Route::core(1)}};
    m.tables[at(1, 0)] = {{0, ~0U, Route::core(0)}};
    EXPECT_TRUE(check(m).ok());
    EXPECT_TRUE(right_by_brute_force(m.machine, m.graph, m.placement, m.keys, m.tables));
}

TEST(Verify, tells_keys_of_a_block_apart) {
    Mapped m = row(10);
    ASSERT_TRUE(check(m).ok());
    Table& last = m.tables[m.machine.chip(2, 0)];
    last.insert(last.begin(), {0x155, ~0U, Route::core(1)});
    EXPECT_TRUE(check(m).ok()) << "another entry with the same route does no harm";
    last[0].route = Route::core(0);
    const VerifyResult r = check(m);
    ASSERT_EQ(r.violations.size(), 1U);
    EXPECT_EQ(r.violations[0].key, 0x155U) << "the one key of 1024 that goes astray";
}

TEST(Verify, finds_shared_keys) {
    const std::size_t nets = 300;
    Mapped m = row();
    m.graph.vertices.assign(1, {"all", 1, 0});
    m.placement = {{0}, {0}};
    m.graph.source.assign(nets, 0);
    m.graph.weight.assign(nets, 1.0);
    m.graph.sinks.assign(nets, 0);
    m.graph.sinks_begin.clear();
    for (std::size_t n = 0; n <= nets; ++n)
        m.graph.sinks_begin.push_back(n);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Draws d(seed);
        m.keys = {};
        m.graph.key_bits.clear();
        std::set<std::uint32_t> heads;
        for (std::size_t n = 0; n < nets; ++n) { // blocks with free bits anywhere among the lowest 16
            std::uint32_t mask = ~0U;
            for (unsigned b = 0; b < 2; ++b)
                if (d.chance(0.3)) mask &= ~(1U << d.below(16));
            m.keys.mask.push_back(mask);
            m.keys.key.push_back(static_cast<std::uint32_t>(d.below(seed % 2 == 0 ? 1U << 24 : 1U << 14)) & mask);
            m.graph.key_bits.push_back(static_cast<std::uint8_t>(__builtin_popcount(~mask)));
        }
        m.tables.assign(m.machine.chips(), {});
        m.tables[0] = {{0, 0, Route::core(0)}};
        std::set<std::uint32_t> expected; // nets that share a key with an earlier one
        for (std::uint32_t n = 0; n < nets; ++n)
            for (std::uint32_t o = 0; o < n; ++o)
                if (((m.keys.key[n] ^ m.keys.key[o]) & m.keys.mask[n] & m.keys.mask[o]) == 0) expected.insert(n);
        VerifyOptions options;
        options.most_violations = nets;
        const VerifyResult r = check(m, options);
        EXPECT_EQ(r.faulty == 0, expected.empty());
        for (const Violation& v : r.violations) {
            EXPECT_EQ(v.fault, Fault::shared_key);
            EXPECT_TRUE(expected.count(v.net) == 1);
        }
        EXPECT_EQ(r.violations.size(), expected.size()) << "seed " << seed;
        options.unique_keys = false;
        EXPECT_TRUE(check(m, options).ok());
    }
}

TEST(Verify, agrees_with_brute_force_on_every_corrupted_table) {
    std::size_t harmless = 0, harmful = 0, refused = 0;
    std::map<std::string, std::size_t> kinds;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
        Mapped m;
        try {
            m = random_mapping(seed);
        } catch (const Refused&) {
            ++refused;
            continue;
        }
        ASSERT_TRUE(check(m).ok()) << "seed " << seed << "\n" << check(m).violations[0].text;
        ASSERT_TRUE(right_by_brute_force(m.machine, m.graph, m.placement, m.keys, m.tables)) << "seed " << seed;
        Draws d(seed + 1'000'000);
        const Tables right = m.tables;
        for (int c = 0; c < 40; ++c) {
            m.tables = right;
            const std::string what = corrupt(m.tables, m.machine, d);
            const bool is_right = right_by_brute_force(m.machine, m.graph, m.placement, m.keys, m.tables);
            const VerifyResult r = check(m);
            ASSERT_EQ(r.ok(), is_right) << "seed " << seed << ", " << what << "\n"
                                        << (r.ok() ? "" : r.violations[0].text);
            ++(is_right ? harmless : harmful);
            if (is_right) continue;
            ++kinds[name(r.violations[0].fault)];
            // The counterexample is one.
            const Violation& v = r.violations[0];
            const Fate fate = follow(m.machine, m.tables, m.placement.chip[m.graph.source[v.net]], v.key);
            EXPECT_TRUE(fate.astray || fate.cores != expected_cores(m.graph, m.placement, v.net)) << v.text;
        }
        // A link dies, one way.
        m.tables = right;
        for (int c = 0; c < 10; ++c) {
            const Machine whole = m.machine;
            const ChipId chip = static_cast<ChipId>(d.below(m.machine.chips()));
            m.machine.links[chip] &= static_cast<std::uint8_t>(~(1U << d.below(6)));
            EXPECT_EQ(check(m).ok(), right_by_brute_force(m.machine, m.graph, m.placement, m.keys, m.tables));
            m.machine = whole;
        }
    }
    EXPECT_GT(harmful, 2000U);
    EXPECT_GT(harmless, 200U);
    EXPECT_LT(refused, 30U);
    for (const char* kind : {"lost", "dead_link", "loop", "duplicate", "wrong_core", "missing_core", "discarded"})
        EXPECT_GT(kinds[kind], 0U) << kind << " never came up";
}

TEST(Verify, threads_do_not_change_the_result) {
    for (std::uint64_t seed = 7; seed < 10; ++seed) {
        Draws d(seed);
        Mapped m;
        m.machine = make_machine({.shape = "torus:12x12", .profile = "spinnaker", .cores_per_chip = 16});
        m.graph = random_graph(d, 1500, 1800, 2);
        m.placement = place(m.graph, m.machine, {.method = PlaceMethod::random, .seed = seed});
        m.routing = route(m.graph, m.machine, m.placement, {.method = RouteMethod::ner, .seed = seed});
        m.keys = plain_keys(m.graph);
        m.tables = plain_tables(m.machine, m.graph, m.routing, m.keys);
        for (int c = 0; c < 60; ++c)
            corrupt(m.tables, m.machine, d);
        VerifyOptions options;
        options.capacity = false;
        const VerifyResult one = check(m, options);
        EXPECT_GT(one.faulty, options.most_violations);
        for (const unsigned threads : {2U, 3U, 5U}) {
            options.threads = threads;
            const VerifyResult many = check(m, options);
            EXPECT_EQ(many.faulty, one.faulty);
            EXPECT_EQ(many.walks, one.walks);
            ASSERT_EQ(many.violations.size(), one.violations.size());
            for (std::size_t i = 0; i < one.violations.size(); ++i)
                EXPECT_EQ(many.violations[i].text, one.violations[i].text);
        }
    }
}

TEST(TableDifference, agrees_with_brute_force_over_all_keys) {
    std::size_t alike = 0, different = 0;
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        Draws d(seed);
        const auto entry = [&] {
            std::uint32_t mask = static_cast<std::uint32_t>(d.below(256)) | static_cast<std::uint32_t>(d.below(256));
            if (d.chance(0.3)) mask = 255;
            const std::uint32_t key = static_cast<std::uint32_t>(d.below(256));
            return TableEntry{d.chance(0.95) ? key & mask : key, mask | ~255U,
                              Route::bit(static_cast<unsigned>(d.below(3)))};
        };
        Table original, other;
        for (std::size_t i = d.below(40); i-- > 0;)
            original.push_back(entry());
        other = original;
        if (d.chance(0.5) && !other.empty())
            other.erase(other.begin() + static_cast<std::ptrdiff_t>(d.below(other.size())));
        if (d.chance(0.3) && !other.empty()) std::swap(other[0], other[d.below(other.size())]);
        if (d.chance(0.3)) other.push_back(entry());
        const auto find = [](const Table& t, std::uint32_t key) -> const TableEntry* {
            for (const TableEntry& e : t)
                if ((key & e.mask) == e.key) return &e;
            return nullptr;
        };
        const auto differs = [&](std::uint32_t key) {
            const TableEntry *a = find(original, key), *b = find(other, key);
            return a != nullptr && (b == nullptr || a->route != b->route);
        };
        bool expected = false;
        for (std::uint32_t key = 0; key < 256; ++key)
            expected = expected || differs(key);
        const std::optional<TableDifference> found = table_difference(original, other);
        ASSERT_EQ(found.has_value(), expected) << "seed " << seed;
        ++(expected ? different : alike);
        if (found) {
            EXPECT_TRUE(differs(found->key)) << found->text;
            EXPECT_EQ(found->original, find(original, found->key)->route);
            EXPECT_EQ(found->other.has_value(), find(other, found->key) != nullptr);
        }
    }
    EXPECT_GT(alike, 500U);
    EXPECT_GT(different, 500U);
}
