#include "spikecast/random.hpp"

#include <gtest/gtest.h>

// Random123's own headers don't compile under the project's warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace spikecast;
using Words = std::array<std::uint32_t, 4>;

// The kat_vectors file of Random123 for philox4x32 with 10 rounds: counter, key, result.
TEST(Philox, gives_the_published_known_answers) {
    EXPECT_EQ(philox(Key{0}, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    EXPECT_EQ(philox(Key{~0ULL}, ~0ULL, ~0ULL), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    EXPECT_EQ(philox(Key{0x299f31d0a4093822ULL}, 0x0370734413198a2eULL, 0x85a308d3243f6a88ULL),
              (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, equals_random123) {
    std::uint64_t x = 1;
    const auto next = [&x] { return x = mix64(x + 0x9e3779b97f4a7c15ULL); };
    for (int i = 0; i < 10000; ++i) {
        const std::uint64_t key = next(), neuron = next(), block = next();
        const r123::Philox4x32::ctr_type counter{
            {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32),
             static_cast<std::uint32_t>(neuron), static_cast<std::uint32_t>(neuron >> 32)}};
        const r123::Philox4x32::key_type k{{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}};
        const auto theirs = r123::Philox4x32()(counter, k);
        ASSERT_EQ(philox(Key{key}, neuron, block), (Words{theirs[0], theirs[1], theirs[2], theirs[3]}));
    }
}

TEST(Philox, fill_along_blocks_equals_single_blocks) {
    const Key key = make_key(7, Purpose::test, "fill");
    // Sizes around the sixteen lanes, and a start from which the low counter word carries over.
    for (const std::size_t blocks : {0U, 1U, 15U, 16U, 17U, 32U, 100U}) {
        for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0xfffffff8}, ~std::uint64_t{0} - 200}) {
            std::vector<std::uint32_t> out(4 * blocks);
            philox_fill(key, 0x123456789abcdef0ULL, first, out);
            for (std::size_t b = 0; b < blocks; ++b) {
                const Words expected = philox(key, 0x123456789abcdef0ULL, first + b);
                for (std::size_t w = 0; w < 4; ++w) {
                    ASSERT_EQ(out[4 * b + w], expected[w]) << "block " << b << " of " << blocks;
                }
            }
        }
    }
}

TEST(Philox, fill_over_neurons_equals_single_blocks) {
    const Key key = make_key(7, Purpose::test, "fill");
    for (const std::size_t count : {0U, 1U, 15U, 16U, 17U, 100U}) {
        std::vector<std::uint64_t> neurons(count);
        for (std::size_t j = 0; j < count; ++j) {
            neurons[j] = mix64(j + 1);
        }
        std::vector<std::uint32_t> out(4 * count);
        philox_fill(key, neurons, 0x1ffffffffULL, out);
        for (std::size_t j = 0; j < count; ++j) {
            const Words expected = philox(key, neurons[j], 0x1ffffffffULL);
            for (std::size_t w = 0; w < 4; ++w) {
                ASSERT_EQ(out[4 * j + w], expected[w]) << "neuron " << j << " of " << count;
            }
        }
    }
}

TEST(Draws, are_words_of_the_blocks) {
    const Key key{42};
    const Words block = philox(key, 5, 3);
    EXPECT_EQ(draw32(key, 5, 14), block[2]);
    EXPECT_EQ(draw64(key, 5, 6), block[0] | std::uint64_t{block[1]} << 32);
    EXPECT_EQ(draw64(key, 5, 7), block[2] | std::uint64_t{block[3]} << 32);
}

TEST(Draws, unit_numbers_never_reach_the_ends) {
    EXPECT_EQ(open_unit(std::uint32_t{0}), 0x1p-33);
    EXPECT_EQ(open_unit(~std::uint32_t{0}), 1.0 - 0x1p-33);
    EXPECT_EQ(open_unit(std::uint64_t{0}), 0x1p-53);
    EXPECT_LT(open_unit(~std::uint64_t{0}), 1.0);
}

TEST(Draws, below_covers_its_range) {
    EXPECT_EQ(below(0, 10), 0U);
    EXPECT_EQ(below(~std::uint64_t{0}, 10), 9U);
    EXPECT_EQ(below(std::uint64_t{1} << 63, 10), 5U);
    EXPECT_EQ(below(~std::uint64_t{0}, 1), 0U);
}

// The vectors of docs/reproducibility.md: they pin every result of the project.
TEST(Keys, have_not_changed) {
    EXPECT_EQ(mix64(1), 0x4179b061e0c0e0d0ULL);
    EXPECT_EQ(hash64(""), 0x2180a92350d49cceULL);
    EXPECT_EQ(hash64("E"), 0x457881eaba506cb2ULL);
    EXPECT_EQ(make_key(1, Purpose::source, "E->I").value, 0x2395283e2cacefa9ULL);
    EXPECT_EQ(make_key(1234, Purpose::delay, "E->I").value, 0x91a40a1504989d04ULL);
    EXPECT_EQ(make_key(0, Purpose::test, "").value, 0x47f06e4f93a8ed94ULL);
}

TEST(Keys, differ_in_every_part) {
    std::set<std::uint64_t> seen;
    std::size_t made = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        for (std::uint32_t purpose = 1; purpose < 10; ++purpose) {
            for (int object = 0; object < 100; ++object) {
                seen.insert(make_key(seed, static_cast<Purpose>(purpose), "P" + std::to_string(object)).value);
                ++made;
            }
        }
    }
    // 36,000 random keys would coincide with probability 36000^2 / 2^65 < 1e-10.
    EXPECT_EQ(seen.size(), made);
}

} // namespace
