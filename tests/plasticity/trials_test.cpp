// The comparison of a trial's spikes with a teacher's against all ways there are.
#include "engine/plasticity/trials.hpp"
#include "spikecast/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace spikecast {
namespace {

constexpr double h = 0.1;

/// The least cost of turning own spikes from i on into the teacher's from j on.
double least(const std::vector<std::int32_t>& own, const std::vector<std::int32_t>& teacher, double tau_q,
             std::size_t i = 0, std::size_t j = 0) {
    double cost = static_cast<double>(own.size() - i + teacher.size() - j);
    for (std::size_t a = i; a < own.size(); ++a) // the first own spike that is moved, and where to
        for (std::size_t b = j; b < teacher.size(); ++b) {
            const double by = h * (own[a] - teacher[b]) / tau_q;
            cost = std::min(cost, static_cast<double>(a - i + b - j) + by * by / 2 +
                                      least(own, teacher, tau_q, a + 1, b + 1));
        }
    return cost;
}

TEST(Trials, the_cheapest_way_is_taken) {
    constexpr double tau_q = 3.0, large = 1e6; // a spike that is moved by t ms contributes large t
    const TrialLaw law{1000, tau_q, large * tau_q * tau_q};
    const Key key = make_key(7, Purpose::test, "trials");
    std::uint64_t moved = 0;
    for (std::uint64_t trial = 0; trial < 300; ++trial) {
        std::vector<std::int32_t> trains[2];
        for (std::size_t side = 0; side < 2; ++side) {
            const std::uint32_t n = draw32(key, trial, 100 * side) % 6;
            for (std::uint32_t i = 0; i < n; ++i)
                trains[side].push_back(static_cast<std::int32_t>(draw32(key, trial, 100 * side + i + 1) % 300));
            std::sort(trains[side].begin(), trains[side].end());
        }
        const TrialContributions found = compare_trial(trains[0], trains[1], law, h);
        ASSERT_EQ(found.own.size(), trains[0].size());
        ASSERT_EQ(found.teacher.size(), trains[1].size());
        double cost = 0.0;
        std::size_t goals = 0;
        for (const double each : found.own) {
            const double by = each / large / tau_q;
            cost += each == -1.0 ? 1.0 : by * by / 2;
            goals += each != -1.0;
        }
        for (const double each : found.teacher) {
            EXPECT_TRUE(each == 0.0 || each == 1.0) << each;
            cost += each;
            goals -= each == 0.0;
        }
        EXPECT_EQ(goals, 0U) << "as many spikes are moved as are moved to";
        EXPECT_NEAR(cost, least(trains[0], trains[1], tau_q), 1e-9) << "trial " << trial; // a dozen roundings of 1e-16
        moved += static_cast<std::uint64_t>(
            std::count_if(found.own.begin(), found.own.end(), [](double each) { return each != -1.0 && each != 0.0; }));
    }
    EXPECT_GT(moved, 100U);
}

TEST(Trials, of_equal_ways_the_same_is_taken) {
    const TrialLaw law{1000, 10.0, 10.0};
    // 5 ms to either side: from the last spikes on, removing comes before moving
    const std::vector<std::int32_t> own{100, 200}, teacher{150};
    const TrialContributions found = compare_trial(own, teacher, law, h);
    EXPECT_EQ(found.own, (std::vector<double>{-0.5, -1.0}));
    EXPECT_EQ(found.teacher, (std::vector<double>{0.0}));
    // by 2 tau_q moving costs as much as removing and inserting
    const TrialContributions far =
        compare_trial(std::vector<std::int32_t>{100}, std::vector<std::int32_t>{300}, law, h);
    EXPECT_EQ(far.own, (std::vector<double>{-1.0}));
    EXPECT_EQ(far.teacher, (std::vector<double>{1.0}));
}

TEST(Trials, entries_of_one_trial_are_compared) {
    const TrialLaw law{100, 10.0, 10.0};
    PostHistory history(2, {{1.0, TraceKind::given}, {1.0, TraceKind::trial}}, h, 4);
    history.add(0, 90); // of the trial before
    history.add(0, 120, {.teacher = true, .given = 1.0F});
    history.add(0, 130);
    EXPECT_EQ(end_trial(history, 0, 200, law, h), 2U);
    EXPECT_EQ(end_trial(history, 1, 200, law, h), 0U);
    EXPECT_EQ(history.trace_at(history.place(0, 0), 0), 0.1F); // 1 ms too late
    EXPECT_EQ(history.trace_at(history.place(0, 1), 0), 0.0F);
    EXPECT_EQ(history.trace_at(history.place(0, 2), 0), 0.0F);
}

} // namespace
} // namespace spikecast
