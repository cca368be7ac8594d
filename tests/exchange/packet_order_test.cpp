#include "engine/exchange/packet_order.hpp"

#include "spikecast/random.hpp"

#include <gtest/gtest.h>

namespace spikecast {
namespace {

/// Rows below `rows` from first_row on, lags below `lags`: drawn, so that some occur twice.
std::vector<std::uint64_t> packets(std::size_t n, std::uint64_t first_row, std::uint64_t rows, std::uint64_t lags) {
    const Key key = make_key(1, Purpose::dry_run, "packets");
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 0; i < n; ++i)
        out.push_back((draw64(key, 0, i) % lags) << 32 | (first_row + draw64(key, 1, i) % rows));
    return out;
}

void expect_sorted(std::vector<std::uint64_t> given) {
    std::vector<std::uint64_t> expected = given, scratch{7, 7};
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(sort_packets(given, scratch), given.size() >= 512);
    EXPECT_EQ(given, expected) << given.size() << " packets";
}

TEST(PacketOrder, any_number_is_sorted_as_by_comparing) {
    for (const std::size_t n : {0U, 1U, 2U, 511U, 512U, 513U, 5000U, 70000U})
        expect_sorted(packets(n, 0, 3'000'000, 15));
}

TEST(PacketOrder, any_range_of_rows_and_lags_is_sorted_as_by_comparing) {
    for (const std::uint64_t rows : {1ULL, 2ULL, 2048ULL, 2049ULL, 1ULL << 22, (1ULL << 32) - 1})
        for (const std::uint64_t lags : {1ULL, 2ULL, 15ULL, 5000ULL, 1ULL << 32})
            expect_sorted(packets(3000, 0, rows, lags));
    expect_sorted(packets(3000, 0xffff'0000ULL, 0xffffULL, 3));     // only low digits differ
    expect_sorted(std::vector<std::uint64_t>(600, 5ULL << 32 | 9)); // nothing differs
}

} // namespace
} // namespace spikecast
