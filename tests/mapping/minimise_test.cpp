// Minimised tables against the given ones, key by key over whole small key spaces.
#include "partitioners/spinnaker/minimise.hpp"

#include "partitioners/spinnaker/tables.hpp"
#include "tests/mapping/mapping_testing.hpp"

#include <filesystem>
#include <gtest/gtest.h>
#include <optional>

namespace spikecast::mapping {
namespace {

using testing::Draws;

constexpr std::uint32_t space = 1024; // keys of ten bits; higher bits are given everywhere
constexpr std::uint32_t high = ~(space - 1);

std::optional<std::size_t> first_match(const Table& t, std::uint32_t key) {
    for (std::size_t i = 0; i < t.size(); ++i)
        if ((key & t[i].mask) == t[i].key) return i;
    return std::nullopt;
}

/// What differs, or nothing. Straight keys may match nothing.
std::string difference(const RoutedTable& given, const Table& made, bool strict, std::uint32_t base = 0) {
    for (std::uint32_t k = 0; k < space; ++k) {
        const std::uint32_t key = base | k;
        const auto a = first_match(given.entries, key), b = first_match(made, key);
        if (!a) {
            if (strict && b) return "unused key " + std::to_string(key) + " matches";
            continue;
        }
        if (!b) {
            if (given.straight.empty() || given.straight[*a] == 0) return "key " + std::to_string(key) + " is lost";
            continue;
        }
        if (given.entries[*a].route != made[*b].route) return "key " + std::to_string(key) + " goes astray";
    }
    return {};
}

Route random_route(Draws& d, std::uint64_t routes) {
    Route r = Route::link(static_cast<int>(d.below(6)));
    const std::uint64_t n = d.below(routes);
    if (n > 5) r |= Route::core(static_cast<unsigned>(n));
    return r;
}

/// Random cubes, which may meet; or disjoint ones.
RoutedTable random_table(Draws& d, bool disjoint, bool prefixes, std::uint64_t routes) {
    RoutedTable t;
    std::vector<std::uint8_t> taken(space, 0);
    const std::uint64_t tries = 3 + d.below(60);
    for (std::uint64_t i = 0; i < tries; ++i) {
        std::uint32_t mask = high;
        if (prefixes)
            mask = ~((std::uint32_t{1} << d.below(5)) - 1);
        else
            for (std::uint32_t bit = 1; bit < space; bit <<= 1)
                if (d.chance(0.8)) mask |= bit;
        const auto key = static_cast<std::uint32_t>(d.below(space)) & mask;
        if (disjoint) {
            bool free = true;
            for (std::uint32_t k = 0; k < space; ++k)
                free = free && !((k & mask) == key && taken[k] != 0);
            if (!free) continue;
            for (std::uint32_t k = 0; k < space; ++k)
                if ((k & mask) == key) taken[k] = 1;
        }
        const Route r = random_route(d, routes);
        t.entries.push_back({key, mask, r});
        t.straight.push_back(r == Route::link(static_cast<int>(d.below(6))) ? 1 : 0);
    }
    return t;
}

constexpr std::array methods{MinimiseMethod::none, MinimiseMethod::default_routes, MinimiseMethod::ordered_covering,
                             MinimiseMethod::pair, MinimiseMethod::best};

TEST(Minimise, disjoint_tables_do_the_same_by_every_method) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Draws d(seed);
        const RoutedTable t = random_table(d, true, d.chance(0.5), 4 + d.below(12));
        for (const MinimiseMethod method : methods) {
            const Table made = minimise(t.entries, t.straight, {.method = method});
            ASSERT_EQ(difference(t, made, false), "") << "seed " << seed << " method " << static_cast<int>(method);
            ASSERT_LE(made.size(), t.entries.size());
            ASSERT_GE(made.size(), table_floor(t.entries, t.straight));
        }
    }
}

TEST(Minimise, ordered_tables_whose_entries_meet_do_the_same) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Draws d(1000 + seed);
        const RoutedTable t = random_table(d, false, d.chance(0.5), 4 + d.below(12));
        for (const MinimiseMethod method : {MinimiseMethod::default_routes, MinimiseMethod::best}) {
            const Table made = minimise(t.entries, t.straight, {.method = method});
            ASSERT_EQ(difference(t, made, false), "") << "seed " << seed << " method " << static_cast<int>(method);
        }
    }
}

TEST(Minimise, strict_leaves_unused_keys_unmatched) {
    std::size_t free = 0, strict = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        Draws d(2000 + seed);
        const RoutedTable t = random_table(d, d.chance(0.5), d.chance(0.7), 8);
        const Table made = minimise(t.entries, t.straight, {.strict = true});
        ASSERT_EQ(difference(t, made, true), "") << "seed " << seed;
        strict += made.size();
        free += minimise(t.entries, t.straight, {}).size();
    }
    EXPECT_LT(free, strict) << "unused keys are of use";
}

TEST(Minimise, best_is_never_longer_than_the_published_algorithms) {
    std::size_t best = 0, covering = 0, pair = 0;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        Draws d(3000 + seed);
        const RoutedTable t = random_table(d, true, true, 10);
        const auto size = [&](MinimiseMethod m) { return minimise(t.entries, t.straight, {.method = m}).size(); };
        best += size(MinimiseMethod::best);
        covering += size(MinimiseMethod::ordered_covering);
        pair += size(MinimiseMethod::pair);
        ASSERT_LE(size(MinimiseMethod::best), size(MinimiseMethod::ordered_covering)) << seed;
        ASSERT_LE(size(MinimiseMethod::best), size(MinimiseMethod::pair)) << seed;
    }
    EXPECT_LT(best, covering);
    EXPECT_LT(best, pair);
}

TEST(Minimise, the_check_of_these_tests_sees_one_wrong_entry) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Draws d(4000 + seed);
        RoutedTable t = random_table(d, true, true, 10);
        Table made = minimise(t.entries, {}, {});
        t.straight.clear();
        made[d.below(made.size())].route |= Route::core(30);
        ASSERT_NE(difference(t, made, false), "") << seed;
    }
}

/// "01X" as key and mask, higher bits given.
TableEntry entry(const std::string& bits, Route route) {
    TableEntry e{0, 0, route};
    for (const char c : bits) {
        e.key = e.key << 1 | (c == '1' ? 1U : 0U);
        e.mask = e.mask << 1 | (c == 'X' ? 0U : 1U);
    }
    e.mask |= ~((std::uint32_t{1} << bits.size()) - 1);
    return e;
}
const Route N = Route::link(2), S = Route::link(5), NE = Route::link(1), E = Route::link(0);

TEST(OrderedCovering, a_merge_goes_below_the_entries_that_it_covers) {
    Route se = S;
    se |= E;
    const Table t{entry("0001", N), entry("0010", N), entry("0000", se), entry("0011", E)};
    const Table made = ordered_covering(t, {}, 0).entries;
    ASSERT_EQ(made.size(), 3U);
    EXPECT_EQ(made.back(), entry("00XX", N));
    EXPECT_EQ(difference({t, {}}, made, false), "");
}

TEST(OrderedCovering, the_up_check_leaves_out_what_would_be_hidden) {
    // 1000 may not sink below X000, which a merge of all three to XXXX would make it do.
    const Table t{entry("0011", N), entry("0100", N), entry("1000", N), entry("X000", NE)};
    const Table made = ordered_covering(t, {}, 0).entries;
    EXPECT_EQ(difference({t, {}}, made, false), "");
    EXPECT_EQ(made.size(), 3U);
    EXPECT_EQ(made[0], entry("1000", N));
}

TEST(OrderedCovering, the_down_check_shrinks_a_merge_that_would_hide_an_entry) {
    // Merging the first four to 00XXX would hide 00110 of XX1XX; what is left is 000X1.
    const Table t{entry("00001", N), entry("00011", N), entry("00100", N), entry("00X00", N), entry("XX1XX", S)};
    const Table made = ordered_covering(t, {}, 0).entries;
    EXPECT_EQ(difference({t, {}}, made, false), "");
    EXPECT_NE(std::find(made.begin(), made.end(), entry("000X1", N)), made.end());
    EXPECT_EQ(made.size(), 4U);
}

TEST(OrderedCovering, aliases_remember_what_a_merge_stands_for) {
    // XXXX stands for 0011 and 1100 alone, so that 11XX may go above it unless it hides 1100.
    const Table t{entry("0011", N), entry("1100", N), entry("1101", S), entry("1110", S)};
    const Table made = ordered_covering(t, {}, 0).entries;
    EXPECT_EQ(difference({t, {}}, made, false), "");
    EXPECT_EQ(made.size(), 3U);
}

TEST(OrderedCovering, stops_at_the_target) {
    Table t;
    for (const char* bits : {"0000", "0001", "0100", "0101"})
        t.push_back(entry(bits, N));
    for (const char* bits : {"1000", "1001", "1010"})
        t.push_back(entry(bits, S));
    EXPECT_EQ(ordered_covering(t, {}, 5).entries.size(), 4U);
    EXPECT_EQ(ordered_covering(t, {}, 7).entries.size(), 7U);
    EXPECT_EQ(ordered_covering(t, {}, 0).entries.size(), 2U);
}

TEST(PairMerge, the_commonest_route_comes_last_as_one_entry) {
    const Table t{entry("0000", N), entry("0001", N), entry("0110", N), entry("1111", N),
                  entry("0010", S), entry("1000", S), entry("0100", E)};
    const Table made = pair_merge(t, {}).entries;
    EXPECT_EQ(difference({t, {}}, made, false), "");
    EXPECT_EQ(made.back(), entry("XXXX", N));
    EXPECT_EQ(made.front().route, E);
    EXPECT_EQ(made.size(), 4U); // XXX0 of both entries to the south would meet those to the north
}

TEST(PairMerge, a_merge_meets_no_commoner_route_although_unused_keys_may_match) {
    const Table t{entry("0001", S), entry("0111", S), entry("1000", N), entry("1010", N), entry("1100", N)};
    const Table made = pair_merge(t, {}).entries;
    EXPECT_EQ(made, (Table{entry("0XX1", S), entry("1XX0", N)}));
}

TEST(DefaultRoutes, an_entry_stays_where_another_would_take_its_keys) {
    const Table t{entry("0000", N), entry("0100", N), entry("0XXX", S)};
    const std::vector<std::uint8_t> straight{1, 1, 0};
    EXPECT_EQ(remove_default_routes(t, straight), t);
    const Table other{entry("0000", N), entry("0100", N), entry("1XXX", S)};
    EXPECT_EQ(remove_default_routes(other, straight), (Table{entry("1XXX", S)}));
}

TEST(Minimise, an_exception_within_a_block_costs_one_entry) {
    // 63 of 64 keys go north: an exception, then all.
    RoutedTable t;
    for (std::uint32_t k = 0; k < 64; ++k)
        t.entries.push_back({k, ~std::uint32_t{0}, k == 37 ? S : N});
    EXPECT_EQ(minimise(t.entries, {}, {}).size(), 2U);
}

TEST(Minimise, routes_that_alternate_need_one_entry_each) {
    // A bit tells two routes apart although runs of keys are of length one: what prefixes can't see.
    RoutedTable t;
    for (std::uint32_t k = 0; k < 256; ++k)
        t.entries.push_back({k, ~std::uint32_t{0}, k % 4 == 0 ? S : k % 4 == 1 ? N : k % 4 == 2 ? E : NE});
    EXPECT_EQ(minimise(t.entries, {}, {}).size(), 4U);
}

TEST(Minimise, a_target_that_is_met_ends_the_search) {
    RoutedTable t;
    for (std::uint32_t k = 0; k < 64; ++k)
        t.entries.push_back({k * 4, ~std::uint32_t{3}, (k & 1) != 0 ? S : N});
    EXPECT_EQ(minimise(t.entries, {}, {.target = 64}), t.entries);
    EXPECT_LT(minimise(t.entries, {}, {.target = 63}).size(), 64U);
}

TEST(Minimise, published_algorithms_refuse_to_be_strict) {
    EXPECT_THROW((void)minimise({}, {}, {.method = MinimiseMethod::pair, .strict = true}), std::invalid_argument);
    EXPECT_THROW((void)minimise({}, {}, {.method = MinimiseMethod::ordered_covering, .strict = true}),
                 std::invalid_argument);
    const std::vector<std::uint8_t> marks(3, 0);
    EXPECT_THROW((void)minimise({}, marks, {}), std::invalid_argument);
}

TEST(Minimise, empty_tables_and_single_entries) {
    for (const MinimiseMethod method : methods) {
        EXPECT_TRUE(minimise({}, {}, {.method = method}).empty());
        const Table one{entry("0101", N)};
        EXPECT_EQ(minimise(one, {}, {.method = method}).size(), 1U);
    }
    const std::vector<std::uint8_t> straight{1};
    EXPECT_TRUE(minimise({entry("0101", N)}, straight, {}).empty());
    const Table everything{{0, 0, N}};
    EXPECT_EQ(minimise(everything, {}, {}), everything);
}

/// PACMAN's table of 39,235 entries.
TEST(Minimise, a_table_of_PACMAN_becomes_shorter_than_the_published_algorithms_make_it) {
    const std::string path = std::string(SPIKECAST_SOURCE_DIR) + "/../shared/netlists/table1.csv.gz";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
    const Table given = read_table(path);
    ASSERT_EQ(given.size(), 39235U);
    const Table made = minimise(given, {}, {});
    const Table pair = minimise(given, {}, {.method = MinimiseMethod::pair});
    EXPECT_LT(made.size(), pair.size());
    EXPECT_LE(made.size(), 290U); // 281 when this was written; pair compression 390, ordered covering 1672
    // Every key that the given table matches; its entries are disjoint.
    std::size_t keys = 0;
    for (const TableEntry& e : given)
        for (std::uint64_t k = e.key; k <= (std::uint64_t{e.key} | ~e.mask); ++k, ++keys) {
            const auto i = first_match(made, static_cast<std::uint32_t>(k));
            ASSERT_TRUE(i.has_value()) << k;
            ASSERT_EQ(made[*i].route, e.route) << k;
        }
    EXPECT_GT(keys, 1000000U);
}

} // namespace
} // namespace spikecast::mapping
