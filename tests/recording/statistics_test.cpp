// Run on several ranks, each with two workers; compared with a computation from all spikes in floating point.
#include "engine/recording/statistics.hpp"

#include <gtest/gtest.h>

#include <mpi.h>

#include <cmath>
#include <map>
#include <random>
#include <vector>

namespace {

using namespace spikecast;

struct Train {
    std::size_t population;
    std::vector<std::int64_t> steps;
};

constexpr std::int64_t warmup = 100, end = 5017, bin = 30;

/// 40 neurons of population 0, 15 of population 1, 5 silent ones of population 2, with irregular trains; one neuron
/// spikes twice in a step, some have too few intervals for a CV.
std::vector<Train> trains() {
    std::mt19937_64 random(3);
    std::vector<Train> all;
    for (std::size_t p = 0; p < 3; ++p)
        for (int n = 0; n < (p == 0 ? 40 : p == 1 ? 15 : 5); ++n) {
            Train train{p, {}};
            if (p < 2)
                for (std::int64_t t = 1 + static_cast<std::int64_t>(random() % 200); t <= end;
                     t += 1 + static_cast<std::int64_t>(random() % (n % 7 == 0 ? 3000 : 150)))
                    train.steps.push_back(t);
            if (p == 1 && n == 1) train.steps.push_back(train.steps.back());
            all.push_back(std::move(train));
        }
    return all;
}

std::vector<PopulationActivity> by_brute_force(const std::vector<Train>& all) {
    std::vector<PopulationActivity> result;
    for (std::size_t p = 0; p < 3; ++p) {
        PopulationActivity a;
        double spikes = 0, cvs = 0, with_cv = 0;
        std::vector<double> bins(static_cast<std::size_t>((end - warmup) / bin));
        for (const Train& train : all) {
            if (train.population != p) continue;
            ++a.neurons;
            std::vector<double> kept;
            for (const std::int64_t t : train.steps) {
                if (t <= warmup) continue;
                kept.push_back(static_cast<double>(t));
                const auto b = static_cast<std::size_t>((t - warmup - 1) / bin);
                if (b < bins.size()) ++bins[b];
            }
            spikes += static_cast<double>(kept.size());
            if (kept.size() < 4) continue;
            const double n = static_cast<double>(kept.size() - 1), mean = (kept.back() - kept.front()) / n;
            double variance = 0;
            for (std::size_t i = 1; i < kept.size(); ++i)
                variance += (kept[i] - kept[i - 1] - mean) * (kept[i] - kept[i - 1] - mean) / n;
            cvs += std::sqrt(variance) / mean;
            ++with_cv;
        }
        a.rate_hz = spikes / static_cast<double>(a.neurons) / (static_cast<double>(end - warmup) * 1e-4);
        a.cv = cvs / with_cv;
        double mean = 0, variance = 0;
        for (const double b : bins)
            mean += b / static_cast<double>(bins.size());
        for (const double b : bins)
            variance += (b - mean) * (b - mean) / static_cast<double>(bins.size());
        a.synchrony = variance / mean;
        result.push_back(a);
    }
    return result;
}

/// Neuron n of all belongs to worker n % workers, or to consecutive blocks. Meets every `period` steps.
std::vector<PopulationActivity> measured(const std::vector<Train>& all, bool blocks, std::int64_t period) {
    int rank = 0, ranks = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const std::size_t workers = 2 * static_cast<std::size_t>(ranks);
    std::vector<std::vector<const Train*>> own(2);
    std::vector<std::vector<std::uint64_t>> counts(2, std::vector<std::uint64_t>(3)), local(2);
    for (std::size_t n = 0; n < all.size(); ++n) {
        const std::size_t worker = blocks ? n * workers / all.size() : n % workers;
        if (worker / 2 != static_cast<std::size_t>(rank)) continue;
        own[worker % 2].push_back(&all[n]);
        local[worker % 2].push_back(counts[worker % 2][all[n].population]++);
    }
    std::vector<ActivityStatistics> statistics;
    for (std::size_t w = 0; w < 2; ++w)
        statistics.emplace_back(std::vector<std::string>{"a", "b", "silent"}, counts[w], 0.1, warmup, bin);
    const std::vector<ActivityStatistics*> pointers{&statistics[0], &statistics[1]};
    for (std::int64_t begin = 0; begin < end; begin += period) {
        const std::int64_t until = std::min(end, begin + period);
        for (std::size_t w = 0; w < 2; ++w)
            for (std::size_t i = 0; i < own[w].size(); ++i)
                for (const std::int64_t t : own[w][i]->steps)
                    if (t > begin && t <= until) statistics[w].spike(own[w][i]->population, local[w][i], t);
        sync_activity(MPI_COMM_WORLD, pointers, until);
    }
    return reduce_activity(MPI_COMM_WORLD, pointers, end);
}

TEST(ActivityStatistics, agrees_with_a_computation_from_all_spikes) {
    const auto all = trains();
    const auto expected = by_brute_force(all), found = measured(all, false, 250);
    ASSERT_EQ(found.size(), 3U);
    for (std::size_t p = 0; p < 2; ++p) {
        EXPECT_EQ(found[p].neurons, expected[p].neurons);
        // Rounding of some hundred additions in the brute force: 1e-13 relative; CVs are fixed-point with 2^-25 each.
        EXPECT_NEAR(found[p].rate_hz, expected[p].rate_hz, 1e-12 * expected[p].rate_hz);
        EXPECT_NEAR(found[p].cv, expected[p].cv, 0x1p-24);
        EXPECT_NEAR(found[p].synchrony, expected[p].synchrony, 1e-11 * expected[p].synchrony);
    }
    EXPECT_EQ(found[0].name, "a");
    EXPECT_EQ(found[2].neurons, 5U);
    EXPECT_EQ(found[2].rate_hz, 0.0);
    EXPECT_TRUE(std::isnan(found[2].cv));
    EXPECT_TRUE(std::isnan(found[2].synchrony));
}

TEST(ActivityStatistics, does_not_depend_on_the_partition_or_on_when_ranks_meet) {
    const auto all = trains();
    const auto one = measured(all, false, 250);
    for (const auto& other : {measured(all, true, 250), measured(all, false, 7), measured(all, true, 6000)})
        for (std::size_t p = 0; p < 2; ++p) {
            EXPECT_EQ(one[p].rate_hz, other[p].rate_hz);
            EXPECT_EQ(one[p].cv, other[p].cv);
            EXPECT_EQ(one[p].synchrony, other[p].synchrony);
        }
}

} // namespace
