#include "partitioners/partitioners.hpp"
#include "partitioners/permutation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace spikecast {
namespace {

const std::vector<std::uint64_t> sizes{7, 0, 1, 100, 23, 2, 1000};
constexpr PartitionerKind kinds[] = {PartitionerKind::round_robin, PartitionerKind::block, PartitionerKind::random};

std::shared_ptr<const Partition> partition(PartitionerKind kind, std::uint32_t workers, std::uint64_t seed = 3) {
    SimulationSettings settings;
    settings.partitioner = kind;
    settings.partition_seed = seed;
    return make_partition(settings, sizes, workers);
}

TEST(Partitioners, place_and_index_are_inverse_and_shares_are_dense) {
    for (const PartitionerKind kind : kinds) {
        for (const std::uint32_t workers : {1U, 2U, 3U, 5U, 64U, 2000U}) {
            const auto p = partition(kind, workers);
            ASSERT_EQ(p->workers(), workers);
            for (std::size_t population = 0; population < sizes.size(); ++population) {
                std::vector<std::uint64_t> indices(sizes[population]), seen(workers);
                std::iota(indices.begin(), indices.end(), 0);
                std::vector<Partition::Place> places(indices.size());
                p->places(population, indices, places);
                for (std::size_t j = 0; j < indices.size(); ++j) {
                    ASSERT_LT(places[j].worker, workers);
                    ASSERT_LT(places[j].local, p->count(places[j].worker, population));
                    ASSERT_EQ(p->index(places[j].worker, population, places[j].local), indices[j]);
                    ++seen[places[j].worker];
                }
                for (std::uint32_t w = 0; w < workers; ++w)
                    ASSERT_EQ(p->count(w, population), seen[w]);
            }
        }
    }
}

TEST(Partitioners, totals_differ_by_at_most_one_neuron) {
    for (const PartitionerKind kind : kinds) {
        for (const std::uint32_t workers : {1U, 2U, 3U, 5U, 64U, 2000U}) {
            const auto p = partition(kind, workers);
            std::vector<std::uint64_t> totals(workers);
            for (std::uint32_t w = 0; w < workers; ++w) {
                for (std::size_t population = 0; population < sizes.size(); ++population) {
                    totals[w] += p->count(w, population);
                }
            }
            const auto [least, most] = std::minmax_element(totals.begin(), totals.end());
            EXPECT_LE(*most - *least, 1U);
            EXPECT_EQ(std::accumulate(totals.begin(), totals.end(), std::uint64_t{0}), 1133U);
        }
    }
}

TEST(Partitioners, round_robin_goes_on_where_the_previous_population_ended) {
    const auto p = partition(PartitionerKind::round_robin, 5);
    std::vector<Partition::Place> place(1);
    const std::uint64_t first = 0;
    p->places(3, {&first, 1}, place); // 7 + 0 + 1 neurons before it
    EXPECT_EQ(place[0].worker, 3U);
}

TEST(Partitioners, block_is_contiguous_in_declared_order) {
    const auto p = partition(PartitionerKind::block, 3);
    WorkerId last = 0;
    for (std::size_t population = 0; population < sizes.size(); ++population) {
        for (std::uint64_t i = 0; i < sizes[population]; ++i) {
            std::vector<Partition::Place> place(1);
            p->places(population, {&i, 1}, place);
            EXPECT_TRUE(place[0].worker == last || place[0].worker == last + 1);
            last = place[0].worker;
        }
    }
    EXPECT_EQ(last, 2U);
}

TEST(Partitioners, random_depends_on_its_seed_and_scatters_neighbours) {
    const auto a = partition(PartitionerKind::random, 2, 3), b = partition(PartitionerKind::random, 2, 4);
    std::vector<std::uint64_t> indices(1000);
    std::iota(indices.begin(), indices.end(), 0);
    std::vector<Partition::Place> in_a(1000), in_b(1000);
    a->places(6, indices, in_a);
    b->places(6, indices, in_b);
    int together = 0, alike = 0;
    for (std::size_t j = 0; j < 1000; ++j) {
        alike += in_a[j].worker == in_b[j].worker;
        together += j > 0 && in_a[j].worker == in_a[j - 1].worker;
    }
    // Of 1000 fair coins fewer than 400 or more than 600 fall on one side with probability below 1e-8 (Hoeffding).
    EXPECT_GT(alike, 400);
    EXPECT_LT(alike, 600);
    EXPECT_GT(together, 400);
    EXPECT_LT(together, 600);
}

TEST(Partitioners, ten_to_the_twelve_neurons_need_no_table) {
    for (const PartitionerKind kind : kinds) {
        SimulationSettings settings;
        settings.partitioner = kind;
        const auto p = make_partition(settings, {1'000'000'000'000ULL, 999'999'999'989ULL}, 65537);
        for (const std::uint64_t index : {0ULL, 1ULL, 123'456'789'012ULL, 999'999'999'988ULL}) {
            std::vector<Partition::Place> place(1);
            p->places(1, {&index, 1}, place);
            EXPECT_EQ(p->index(place[0].worker, 1, place[0].local), index);
        }
    }
}

TEST(Permutation, every_place_is_taken_once_for_every_size) {
    for (std::uint64_t n = 0; n < 200; ++n) {
        const Permutation permutation(make_key(1, Purpose::partition, "p"), n);
        std::vector<bool> taken(n);
        for (std::uint64_t i = 0; i < n; ++i) {
            const std::uint64_t place = permutation(i);
            ASSERT_LT(place, n);
            ASSERT_FALSE(taken[place]);
            taken[place] = true;
            ASSERT_EQ(permutation.inverse(place), i);
        }
    }
}

} // namespace
} // namespace spikecast
