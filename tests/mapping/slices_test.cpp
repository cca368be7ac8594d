#include "engine/mapping/slices.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

namespace spikecast {
namespace {

Slices some_slices() {
    return Slices({10, 1, 256, 7}, {3, 5, 64, 7});
}

TEST(Slices, cover_every_neuron_once) {
    const Slices slices = some_slices();
    EXPECT_EQ(slices.count(), 4U + 1U + 4U + 1U);
    std::uint32_t s = 0;
    for (std::size_t p = 0; p < slices.populations(); ++p) {
        std::uint64_t next = 0;
        for (; s < slices.first(p + 1); ++s) {
            EXPECT_EQ(slices.population(s), p);
            EXPECT_EQ(slices.begin(s), next);
            for (std::uint64_t i = slices.begin(s); i < slices.end(s); ++i)
                EXPECT_EQ(slices.of(p, i), s);
            next = slices.end(s);
        }
        EXPECT_EQ(next, slices.size(p));
    }
}

TEST(Slices, refuse_empty_ones) {
    EXPECT_THROW(Slices({10}, {0}), std::invalid_argument);
}

// Whatever slices a worker has, its neurons are numbered densely, and index and places are inverse to each other.
TEST(SlicePartition, is_a_directory) {
    const Slices slices = some_slices();
    std::vector<WorkerId> workers(slices.count());
    for (std::size_t s = 0; s < workers.size(); ++s)
        workers[s] = static_cast<WorkerId>((7 * s + 3) % 3);
    const SlicePartition partition(slices, workers, 4); // worker 3 has nothing
    for (std::size_t p = 0; p < slices.populations(); ++p) {
        std::vector<std::uint64_t> all(slices.size(p));
        std::iota(all.begin(), all.end(), std::uint64_t{0});
        std::vector<Partition::Place> places(all.size());
        partition.places(p, all, places);
        std::set<std::pair<WorkerId, std::uint64_t>> seen;
        for (std::uint64_t i = 0; i < all.size(); ++i) {
            EXPECT_EQ(places[i].worker, workers[slices.of(p, i)]);
            EXPECT_LT(places[i].local, partition.count(places[i].worker, p));
            EXPECT_EQ(partition.index(places[i].worker, p, places[i].local), i);
            seen.emplace(places[i].worker, places[i].local);
        }
        EXPECT_EQ(seen.size(), all.size());
        std::uint64_t sum = 0;
        for (WorkerId w = 0; w < 4; ++w)
            sum += partition.count(w, p);
        EXPECT_EQ(sum, slices.size(p));
    }
    EXPECT_EQ(partition.count(3, 0), 0U);
}

TEST(SlicePartition, refuses_workers_that_do_not_exist) {
    EXPECT_THROW(SlicePartition(Slices({4}, {2}), {0, 2}, 2), std::invalid_argument);
    EXPECT_THROW(SlicePartition(Slices({4}, {2}), {0}, 2), std::invalid_argument);
}

} // namespace
} // namespace spikecast
