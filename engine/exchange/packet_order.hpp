// Packets in the order in which they are entered: by step of emission, then row.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace spikecast {

/// Sorts packets (lag << 32 | row); scratch is memory to work in. A few by comparing, many digit by digit from the
/// lowest (of those bits in which packets differ), which on thousands of ranks, where an epoch brings 10^5 packets,
/// costs a tenth. What is sorted are the keys themselves, so that both ways give the same. Returns whether it went
/// digit by digit.
inline bool sort_packets(std::vector<std::uint64_t>& packets, std::vector<std::uint64_t>& scratch) {
    constexpr std::size_t few = 512;
    constexpr std::uint32_t widest = 11; // 2048 places to write to stay within the nearest caches
    if (packets.size() < few) {
        std::sort(packets.begin(), packets.end());
        return false;
    }
    std::uint64_t all = ~std::uint64_t{0}, any = 0;
    for (const std::uint64_t packet : packets) {
        all &= packet;
        any |= packet;
    }
    std::uint64_t differ = any & ~all;
    scratch.resize(packets.size());
    std::array<std::uint32_t, std::size_t{1} << widest> place;
    while (differ != 0) {
        const auto shift = static_cast<std::uint32_t>(std::countr_zero(differ));
        const auto half = static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint32_t>(differ)));
        // Digits of the row are equally wide; those of the lag have passes of their own.
        const std::uint32_t bits =
            half > shift ? half - shift : static_cast<std::uint32_t>(std::bit_width(differ)) - shift;
        const std::uint32_t passes = (bits + widest - 1) / widest;
        const std::uint32_t width = (bits + passes - 1) / passes;
        const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
        std::fill_n(place.begin(), mask + 1, 0U);
        for (const std::uint64_t packet : packets)
            ++place[packet >> shift & mask];
        std::uint32_t sum = 0;
        for (std::size_t digit = 0; digit <= mask; ++digit) {
            const std::uint32_t count = place[digit];
            place[digit] = sum;
            sum += count;
        }
        for (const std::uint64_t packet : packets)
            scratch[place[packet >> shift & mask]++] = packet;
        packets.swap(scratch);
        differ &= ~(mask << shift);
    }
    return true;
}

} // namespace spikecast
