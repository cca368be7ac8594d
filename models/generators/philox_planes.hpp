#pragma once

#include "spikecast/random.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace spikecast::models {

/// words[w * stride + i] = philox(key, neurons[i], block)[w], for a number of neurons that is a multiple of 8. One word
/// after the other, as those who use a word of all neurons at once want them. neurons and words of any alignment.
inline void philox_planes(Key key, std::span<const std::uint64_t> neurons, std::uint64_t block, std::uint32_t* words,
                          std::size_t stride) {
#if defined(__AVX2__)
    // Each 32-bit word lives in the low half of a 64-bit lane, for that is where the multiplication reads it; what
    // gathers in the high halves is never looked at.
    const __m256i m0 = _mm256_set1_epi64x(0xD2511F53LL), m1 = _mm256_set1_epi64x(0xCD9E8D57LL);
    __m256i k0[10], k1[10];
    auto low = static_cast<std::uint32_t>(key.value), high = static_cast<std::uint32_t>(key.value >> 32);
    for (std::size_t round = 0; round < 10; ++round, low += 0x9E3779B9U, high += 0xBB67AE85U) {
        k0[round] = _mm256_set1_epi64x(static_cast<long long>(low));
        k1[round] = _mm256_set1_epi64x(static_cast<long long>(high));
    }
    const auto block_bits = static_cast<long long>(block);
    for (std::size_t i = 0; i < neurons.size(); i += 8) {
        const __m256i first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(neurons.data() + i));
        const __m256i second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(neurons.data() + i + 4));
        // neurons 0 1 4 5 and 2 3 6 7: the order from which one shuffle packs the low halves of both
        __m256i a2 = _mm256_permute2x128_si256(first, second, 0x20),
                b2 = _mm256_permute2x128_si256(first, second, 0x31);
        __m256i a3 = _mm256_srli_epi64(a2, 32), b3 = _mm256_srli_epi64(b2, 32);
        __m256i a0 = _mm256_set1_epi64x(block_bits), b0 = a0, a1 = _mm256_srli_epi64(a0, 32), b1 = a1;
        for (std::size_t round = 0; round < 10; ++round) {
            const __m256i ap = _mm256_mul_epu32(a0, m0), aq = _mm256_mul_epu32(a2, m1);
            const __m256i bp = _mm256_mul_epu32(b0, m0), bq = _mm256_mul_epu32(b2, m1);
            a0 = _mm256_xor_si256(_mm256_srli_epi64(aq, 32), _mm256_xor_si256(a1, k0[round]));
            b0 = _mm256_xor_si256(_mm256_srli_epi64(bq, 32), _mm256_xor_si256(b1, k0[round]));
            a2 = _mm256_xor_si256(_mm256_srli_epi64(ap, 32), _mm256_xor_si256(a3, k1[round]));
            b2 = _mm256_xor_si256(_mm256_srli_epi64(bp, 32), _mm256_xor_si256(b3, k1[round]));
            a1 = aq;
            b1 = bq;
            a3 = ap;
            b3 = bp;
        }
        const auto store = [&](std::size_t w, __m256i a, __m256i b) {
            const __m256 packed = _mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88);
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(words + w * stride + i), _mm256_castps_si256(packed));
        };
        store(0, a0, b0);
        store(1, a1, b1);
        store(2, a2, b2);
        store(3, a3, b3);
    }
#else
    for (std::size_t i = 0; i < neurons.size(); ++i) {
        const auto four = philox(key, neurons[i], block);
        for (std::size_t w = 0; w < 4; ++w)
            words[w * stride + i] = four[w];
    }
#endif
}

} // namespace spikecast::models
