// A small vector of N numbers over the compiler's vector extensions: the arithmetic of model kernels. Every operation
// is the IEEE operation lane by lane, so that a kernel gives the same bits at every width; vec<T, 1> is a plain scalar.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace spikecast::simd {

#if defined(__AVX512F__) && defined(__AVX512DQ__)
inline constexpr std::size_t native_bytes = 64;
#elif defined(__AVX2__)
inline constexpr std::size_t native_bytes = 32;
#else
inline constexpr std::size_t native_bytes = 16;
#endif

/// Whether this processor has what kernels for registers of 512 bits are compiled for (x86-64-v4).
[[nodiscard]] inline bool has_avx512() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

/// The number of T in one register of the machine compiled for.
template <class T>
inline constexpr std::size_t native_width = native_bytes / sizeof(T);

/// The integer of T's size that holds one lane of a mask: all ones or zero.
template <class T>
using lane_t = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

namespace detail {
template <class T, std::size_t N>
struct registers {
    typedef T type __attribute__((vector_size(N * sizeof(T))));
    typedef T anywhere __attribute__((vector_size(N * sizeof(T)), aligned(alignof(T)), may_alias));
};
} // namespace detail

template <class T, std::size_t N>
struct mask {
    using native = typename detail::registers<lane_t<T>, N>::type;
    native v;

    friend mask operator&(mask a, mask b) { return {a.v & b.v}; }
    friend mask operator|(mask a, mask b) { return {a.v | b.v}; }
    friend mask operator~(mask a) { return {~a.v}; }
};
template <class T>
struct mask<T, 1> {
    bool v;

    friend mask operator&(mask a, mask b) { return {a.v && b.v}; }
    friend mask operator|(mask a, mask b) { return {a.v || b.v}; }
    friend mask operator~(mask a) { return {!a.v}; }
};

template <class T, std::size_t N>
struct vec {
    static_assert(N > 1 && (N & (N - 1)) == 0, "a power of two lanes");
    using scalar = T;
    using mask_type = mask<T, N>;
    using native = typename detail::registers<T, N>::type;
    using anywhere = typename detail::registers<T, N>::anywhere;
    static constexpr std::size_t width = N;
    native v;

    vec() = default;
    vec(native x) : v(x) {}
    explicit vec(T x) : v(x - native{}) {} // x - 0 is x for every x, -0 and infinities included
    /// Any alignment; on aligned addresses as fast as an aligned access.
    static vec load(const T* from) { return vec(static_cast<native>(*reinterpret_cast<const anywhere*>(from))); }
    /// N whole numbers of any alignment.
    static vec converted(const std::int32_t* from) {
        typedef std::int32_t integers __attribute__((vector_size(N * 4), aligned(4), may_alias));
        return vec(__builtin_convertvector(*reinterpret_cast<const integers*>(from), native));
    }
    void store(T* to) const { *reinterpret_cast<anywhere*>(to) = v; }
    T operator[](std::size_t i) const { return v[i]; }

    friend vec operator+(vec a, vec b) { return a.v + b.v; }
    friend vec operator-(vec a, vec b) { return a.v - b.v; }
    friend vec operator*(vec a, vec b) { return a.v * b.v; }
    friend vec operator/(vec a, vec b) { return a.v / b.v; }
    friend vec operator-(vec a) { return -a.v; }
    // casts: some compilers give masks of `long`, others of `long long`
    friend mask_type operator<(vec a, vec b) { return {(typename mask_type::native)(a.v < b.v)}; }
    friend mask_type operator<=(vec a, vec b) { return {(typename mask_type::native)(a.v <= b.v)}; }
    friend mask_type operator>(vec a, vec b) { return {(typename mask_type::native)(a.v > b.v)}; }
    friend mask_type operator>=(vec a, vec b) { return {(typename mask_type::native)(a.v >= b.v)}; }
    friend mask_type operator==(vec a, vec b) { return {(typename mask_type::native)(a.v == b.v)}; }
};
template <class T>
struct vec<T, 1> {
    using scalar = T;
    using mask_type = mask<T, 1>;
    static constexpr std::size_t width = 1;
    T v;

    vec() = default;
    explicit vec(T x) : v(x) {}
    static vec load(const T* from) { return vec(*from); }
    static vec converted(const std::int32_t* from) { return vec(static_cast<T>(*from)); }
    void store(T* to) const { *to = v; }
    T operator[](std::size_t) const { return v; }

    friend vec operator+(vec a, vec b) { return vec(a.v + b.v); }
    friend vec operator-(vec a, vec b) { return vec(a.v - b.v); }
    friend vec operator*(vec a, vec b) { return vec(a.v * b.v); }
    friend vec operator/(vec a, vec b) { return vec(a.v / b.v); }
    friend vec operator-(vec a) { return vec(-a.v); }
    friend mask_type operator<(vec a, vec b) { return {a.v < b.v}; }
    friend mask_type operator<=(vec a, vec b) { return {a.v <= b.v}; }
    friend mask_type operator>(vec a, vec b) { return {a.v > b.v}; }
    friend mask_type operator>=(vec a, vec b) { return {a.v >= b.v}; }
    friend mask_type operator==(vec a, vec b) { return {a.v == b.v}; }
};

/// yes where the mask is set, no elsewhere; both are evaluated.
template <class T, std::size_t N>
[[nodiscard]] vec<T, N> select(mask<T, N> where, vec<T, N> yes, vec<T, N> no) {
    if constexpr (N == 1)
        return where.v ? yes : no;
    else
        return where.v ? yes.v : no.v;
}

template <class T, std::size_t N>
[[nodiscard]] std::pair<mask<T, N / 2>, mask<T, N / 2>> halves(mask<T, N> m) {
    std::pair<mask<T, N / 2>, mask<T, N / 2>> parts;
    std::memcpy(&parts.first.v, &m.v, sizeof m.v / 2);
    std::memcpy(&parts.second.v, reinterpret_cast<const char*>(&m.v) + sizeof m.v / 2, sizeof m.v / 2);
    return parts;
}

/// Bit i is lane i of the mask.
template <class T, std::size_t N>
[[nodiscard]] std::uint32_t bits(mask<T, N> m) {
    if constexpr (N == 1) {
        return m.v ? 1U : 0U;
    } else {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
        if constexpr (sizeof(m.v) == 64 && sizeof(T) == 4)
            return static_cast<std::uint32_t>(_mm512_movepi32_mask((__m512i)m.v));
        if constexpr (sizeof(m.v) == 64 && sizeof(T) == 8)
            return static_cast<std::uint32_t>(_mm512_movepi64_mask((__m512i)m.v));
#endif
#if defined(__AVX2__)
        if constexpr (sizeof(m.v) == 32 && sizeof(T) == 4)
            return static_cast<std::uint32_t>(_mm256_movemask_ps((__m256)m.v));
        if constexpr (sizeof(m.v) == 32 && sizeof(T) == 8)
            return static_cast<std::uint32_t>(_mm256_movemask_pd((__m256d)m.v));
#endif
        if constexpr (sizeof(m.v) > native_bytes) {
            const auto [low, high] = halves(m);
            return bits(low) | bits(high) << N / 2;
        }
        std::uint32_t all = 0;
        for (std::size_t i = 0; i < N; ++i)
            all |= static_cast<std::uint32_t>(m.v[i] & 1) << i;
        return all;
    }
}
template <class T, std::size_t N>
[[nodiscard]] bool any(mask<T, N> m) {
    if constexpr (N > 1 && sizeof(m.v) > native_bytes) {
        const auto [low, high] = halves(m);
        return any(low | high);
    } else {
        return bits(m) != 0;
    }
}

/// N zeros, at any alignment.
template <class T, std::size_t N>
void clear(std::int32_t* to) {
    if constexpr (N == 1) {
        *to = 0;
    } else {
        typedef std::int32_t integers __attribute__((vector_size(N * 4), aligned(4), may_alias));
        *reinterpret_cast<integers*>(to) = integers{};
    }
}

/// from[at[i]] in lane i.
template <class T, std::size_t N>
[[nodiscard]] vec<T, N> gather(const T* from, vec<std::int32_t, N> at) {
    static_assert(sizeof(T) == 4);
    if constexpr (N == 1) {
        return vec<T, 1>(from[at.v]);
    } else {
#if defined(__AVX512F__) && defined(__AVX512DQ__)
        if constexpr (N == 16)
            return vec<T, N>((typename vec<T, N>::native)_mm512_i32gather_epi32((__m512i)at.v, from, 4));
#endif
#if defined(__AVX2__)
        if constexpr (N == 8)
            return vec<T, N>((typename vec<T, N>::native)_mm256_i32gather_epi32(reinterpret_cast<const int*>(from),
                                                                                (__m256i)at.v, 4));
#endif
        vec<T, N> out;
        for (std::size_t i = 0; i < N; ++i)
            out.v[i] = from[at.v[i]];
        return out;
    }
}

#if defined(__AVX2__)
namespace detail {
struct Packing {
    std::int32_t lanes[256][8] = {};
    constexpr Packing() {
        for (int bits = 0; bits < 256; ++bits)
            for (int i = 0, n = 0; i < 8; ++i)
                if ((bits >> i & 1) != 0) lanes[bits][n++] = i;
    }
};
inline constexpr Packing packing;
} // namespace detail
#endif

/// The lanes of `which` (as bits() gives them), one after the other, to `to`, where N numbers have room.
template <std::size_t N>
void pack(std::int32_t* to, vec<std::int32_t, N> v, std::uint32_t which) {
#if defined(__AVX2__)
    if constexpr (N == 8) {
        const __m256i order = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(detail::packing.lanes[which]));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permutevar8x32_epi32((__m256i)v.v, order));
        return;
    }
#endif
    for (std::size_t i = 0; i < N; ++i) {
        *to = v[i];
        to += which >> i & 1U;
    }
}

/// Rounded up to whole registers, so that arrays can be walked without a remainder loop.
template <class T>
[[nodiscard]] constexpr std::size_t padded(std::size_t n) {
    constexpr std::size_t line = 64 / sizeof(T);
    return (n + line - 1) / line * line;
}

} // namespace spikecast::simd
