#include "engine/network/selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using namespace spikecast;

constexpr std::uint64_t population = 103;

constexpr std::uint64_t samples[] = {0, 1, 2, 5, 6, 40, 52, 53, 1000};

std::vector<Selection> selections() {
    std::vector<Selection> all(5);
    all[1].begin = 7;
    all[1].end = 60;
    all[2].begin = 3;
    all[2].step = 10;
    all[3].list = {0, 1, 5, 50, 51, 52, 102};
    all[4].begin = all[4].end = 20;
    return all;
}

TEST(SampledNeurons, are_at_even_distances_in_the_selection) {
    for (const Selection& selection : selections()) {
        const SelectedNeurons all(selection, population);
        for (const std::uint64_t sample : samples) {
            const SampledNeurons some(selection, population, sample);
            ASSERT_EQ(some.size(), sample == 0 ? all.size() : std::min<std::uint64_t>(sample, all.size()));
            for (std::uint64_t i = 0; i < some.size(); ++i)
                EXPECT_EQ(some.at(i), all.at(i * all.size() / some.size()));
        }
    }
}

TEST(SampledNeurons, have_positions_and_others_have_none) {
    for (const Selection& selection : selections())
        for (const std::uint64_t sample : samples) {
            const SampledNeurons some(selection, population, sample);
            std::vector<std::uint64_t> wanted(population, SelectedNeurons::none);
            for (std::uint64_t i = 0; i < some.size(); ++i)
                wanted[some.at(i)] = i;
            for (std::uint64_t index = 0; index < population; ++index)
                EXPECT_EQ(some.position(index), wanted[index]) << index << " of " << sample;
        }
}

} // namespace
