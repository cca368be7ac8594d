// Sets of keys as ternary cubes, and ordered ternary match over them: what the verifier and the traffic model look
// tables up with. Apart from the code that makes keys and tables, so that a mistake there is not repeated here.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikecast::mapping {

/// All keys k with (k & mask) == key; key has no bit outside mask.
struct Cube {
    std::uint32_t key = 0, mask = 0;
    friend bool operator==(const Cube&, const Cube&) = default;
};
[[nodiscard]] constexpr bool meet(Cube a, Cube b) noexcept {
    return ((a.key ^ b.key) & a.mask & b.mask) == 0;
}
/// Every key of b is one of a.
[[nodiscard]] constexpr bool covers(Cube a, Cube b) noexcept {
    return (a.mask & ~b.mask) == 0 && ((a.key ^ b.key) & a.mask) == 0;
}
/// Of cubes that meet: the keys of both.
[[nodiscard]] constexpr Cube common(Cube a, Cube b) noexcept {
    return {a.key | b.key, a.mask | b.mask};
}
/// Appends disjoint cubes that hold the keys of `a` that aren't in `b`; the cubes meet, b doesn't cover a.
inline void subtract(Cube a, Cube b, std::vector<Cube>& out) {
    Cube rest = a;
    for (std::uint32_t bits = b.mask & ~a.mask; bits != 0;) {
        const std::uint32_t bit = std::bit_floor(bits);
        bits ^= bit;
        out.push_back({rest.key | (~b.key & bit), rest.mask | bit});
        rest = {rest.key | (b.key & bit), rest.mask | bit};
    }
}

/// The tables of all chips, packed for fast look-up. Entries with key bits outside their mask match nothing and are
/// left out. Refers to the tables, which must outlive it.
class PackedTables {
public:
    static constexpr std::size_t block = 16; ///< entries compared at a time
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    explicit PackedTables(const Tables& tables);

    /// Number in its table of the first entry, from number `from` on among those packed, that matches some key of the
    /// cube; none. `position` receives its number among those packed.
    [[nodiscard]] std::uint32_t first(ChipId chip, Cube cube, std::uint32_t from = 0,
                                      std::uint32_t* position = nullptr) const noexcept {
        const std::uint64_t begin = begin_[chip];
        const std::uint32_t entries = count_[chip];
        for (std::uint32_t b = from & ~static_cast<std::uint32_t>(block - 1); b < entries; b += block) {
            const std::uint32_t* const k = key_.data() + begin + b;
            const std::uint32_t* const m = mask_.data() + begin + b;
            unsigned any = 0;
            for (std::size_t l = 0; l < block; ++l)
                any |= static_cast<unsigned>(((k[l] ^ cube.key) & m[l] & cube.mask) == 0);
            if (any == 0) continue;
            for (std::uint32_t l = 0; l < block; ++l) {
                if (((k[l] ^ cube.key) & m[l] & cube.mask) != 0 || b + l < from) continue;
                if (b + l >= entries) return none;
                if (position != nullptr) *position = b + l;
                return number_[begin + b + l];
            }
        }
        return none;
    }
    [[nodiscard]] const TableEntry& entry(ChipId chip, std::uint32_t number) const noexcept {
        return (*tables_)[chip][number];
    }

private:
    const Tables* tables_;
    std::vector<std::uint64_t> begin_;
    std::vector<std::uint32_t> count_;
    std::vector<std::uint32_t> key_, mask_, number_;
};

} // namespace spikecast::mapping
