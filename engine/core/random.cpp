#include "spikecast/random.hpp"

#include <algorithm>

namespace spikecast {
namespace {

// Sixteen blocks at a time: two AVX2 vectors (or one AVX-512 vector) for each of the four words. Plain loops over
// arrays, so that the same source serves every vector width; integer arithmetic makes the result the same at
// all of them.
constexpr std::size_t lanes = 16;

struct Lanes {
    alignas(64) std::uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
};

inline void ten_rounds(Lanes& x, std::uint32_t k0, std::uint32_t k1) noexcept {
    for (int round = 0; round < 10; ++round) {
        for (std::size_t j = 0; j < lanes; ++j) {
            const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * x.c0[j];
            const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * x.c2[j];
            x.c0[j] = static_cast<std::uint32_t>(p1 >> 32) ^ x.c1[j] ^ k0;
            x.c1[j] = static_cast<std::uint32_t>(p1);
            x.c2[j] = static_cast<std::uint32_t>(p0 >> 32) ^ x.c3[j] ^ k1;
            x.c3[j] = static_cast<std::uint32_t>(p0);
        }
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
}

inline void store(const Lanes& x, std::uint32_t* out) noexcept {
    for (std::size_t j = 0; j < lanes; ++j) {
        out[4 * j] = x.c0[j];
        out[4 * j + 1] = x.c1[j];
        out[4 * j + 2] = x.c2[j];
        out[4 * j + 3] = x.c3[j];
    }
}

} // namespace

std::uint64_t hash64(std::string_view text) noexcept {
    // FNV-1a over the bytes, then the finaliser: FNV alone leaves the high bits of short texts alike.
    std::uint64_t h = 0xcbf29ce484222325ULL;
    for (const char c : text) {
        h ^= static_cast<unsigned char>(c);
        h *= 0x100000001b3ULL;
    }
    return mix64(h);
}

Key make_key(std::uint64_t seed, Purpose purpose, std::string_view object) {
    // A chain of bijections in each argument: for fixed others, two seeds (or purposes) never give the same key.
    std::uint64_t h = mix64(seed + 0x9e3779b97f4a7c15ULL);
    h = mix64(h + static_cast<std::uint64_t>(purpose) * 0xbf58476d1ce4e5b9ULL);
    return Key{mix64(h + hash64(object))};
}

void philox_fill(Key key, std::uint64_t neuron, std::uint64_t first_block, std::span<std::uint32_t> out) noexcept {
    const auto k0 = static_cast<std::uint32_t>(key.value), k1 = static_cast<std::uint32_t>(key.value >> 32);
    const auto n0 = static_cast<std::uint32_t>(neuron), n1 = static_cast<std::uint32_t>(neuron >> 32);
    const std::size_t blocks = out.size() / 4;
    std::size_t done = 0;
    for (; done + lanes <= blocks; done += lanes) {
        Lanes x;
        const std::uint64_t base = first_block + done;
        for (std::size_t j = 0; j < lanes; ++j) {
            x.c0[j] = static_cast<std::uint32_t>(base + j);
            x.c1[j] = static_cast<std::uint32_t>((base + j) >> 32);
            x.c2[j] = n0;
            x.c3[j] = n1;
        }
        ten_rounds(x, k0, k1);
        store(x, out.data() + 4 * done);
    }
    for (; done < blocks; ++done) {
        const auto words = philox(key, neuron, first_block + done);
        std::copy(words.begin(), words.end(), out.data() + 4 * done);
    }
}

void philox_fill(Key key, std::span<const std::uint64_t> neurons, std::uint64_t block,
                 std::span<std::uint32_t> out) noexcept {
    const auto k0 = static_cast<std::uint32_t>(key.value), k1 = static_cast<std::uint32_t>(key.value >> 32);
    const auto b0 = static_cast<std::uint32_t>(block), b1 = static_cast<std::uint32_t>(block >> 32);
    const std::size_t blocks = std::min(out.size() / 4, neurons.size());
    std::size_t done = 0;
    for (; done + lanes <= blocks; done += lanes) {
        Lanes x;
        const std::uint64_t* ids = neurons.data() + done;
        for (std::size_t j = 0; j < lanes; ++j) {
            x.c0[j] = b0;
            x.c1[j] = b1;
            x.c2[j] = static_cast<std::uint32_t>(ids[j]);
            x.c3[j] = static_cast<std::uint32_t>(ids[j] >> 32);
        }
        ten_rounds(x, k0, k1);
        store(x, out.data() + 4 * done);
    }
    for (; done < blocks; ++done) {
        const auto words = philox(key, neurons[done], block);
        std::copy(words.begin(), words.end(), out.data() + 4 * done);
    }
}

} // namespace spikecast
