// The loop over neurons that a model's kernel runs in, as a function of plain arrays. It stands apart from the driver
// (neuron_block.hpp) because it is compiled twice: with the program's flags, and once more for registers of 512 bits,
// in a file of its own that is used only where the processor has them (cmake/catalogue.cmake). Functions that both
// compilations instantiated under one name would be merged by the linker, and the program would stop on processors
// without AVX-512. So nothing is used here but templates whose arguments name the width, and built-in functions; the
// test wide_kernels.symbols looks at the result.
#pragma once

#include "spikecast/simd.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace spikecast::models {

/// One chunk: neurons begin to end - 1 of a block. What ChunkInput says of padding and of sums holds here too.
template <class T>
struct KernelArguments {
    T* state;                  ///< [variable][neuron]
    std::size_t stride;        ///< neurons from one variable to the next, and from one constant to the next
    const T* shared;           ///< constants that all neurons share, or
    const T* each;             ///< [constant][neuron]; used where it isn't null
    const T* const* receptor;  ///< input of the chunk, or, where it isn't null,
    std::int32_t* const* sums; ///< sums of compact weights,
    const T* scale;            ///< to be multiplied by this
    const T* current;
    std::size_t begin, end;
};

template <class Model, class T, std::size_t Width>
class NeuronKernel {
    using Vec = simd::vec<T, Width>;
    static constexpr std::size_t variable_count = std::size(Model::variables);
    static constexpr std::size_t receptor_count = std::size(Model::receptors);
    static constexpr std::size_t constant_count = Model::constants;

public:
    /// Writes the numbers of the neurons that spike, ascending, and returns how many they are.
    static std::size_t update(const KernelArguments<T>& a, std::uint32_t* spikes) {
        if (a.each != nullptr) return run(a, Summed(a), PerNeuron{a.each, a.stride}, spikes);
        if (a.sums != nullptr) return run(a, Sums(a), Uniform(a), spikes);
        return run(a, Summed(a), Uniform(a), spikes);
    }

private:
    /// Constants that all neurons share, spread over registers once a chunk.
    struct Uniform {
        Vec values[constant_count];
        explicit Uniform(const KernelArguments<T>& a) {
            for (std::size_t k = 0; k < constant_count; ++k)
                values[k] = Vec(a.shared[k]);
        }
        [[nodiscard]] const Uniform& at(std::size_t) const { return *this; }
        [[nodiscard]] Vec operator[](std::size_t k) const { return values[k]; }
    };
    /// One array for each constant.
    struct PerNeuron {
        const T* first;
        std::size_t stride;
        [[nodiscard]] PerNeuron at(std::size_t i) const { return {first + i, stride}; }
        [[nodiscard]] Vec operator[](std::size_t k) const { return Vec::load(first + k * stride); }
    };
    /// Input that is summed up in the run's scalar.
    struct Summed {
        const T* from[receptor_count];
        explicit Summed(const KernelArguments<T>& a) {
            for (std::size_t r = 0; r < receptor_count; ++r)
                from[r] = a.receptor[r];
        }
        [[nodiscard]] Vec load(std::size_t r, std::size_t i) const { return Vec::load(from[r] + i); }
        void clear(std::size_t, std::size_t) const {}
    };
    /// Sums of compact weights where they stand: converted when they are read, then cleared.
    struct Sums {
        std::int32_t* from[receptor_count];
        Vec scales[receptor_count];
        explicit Sums(const KernelArguments<T>& a) {
            for (std::size_t r = 0; r < receptor_count; ++r) {
                from[r] = a.sums[r];
                scales[r] = Vec(a.scale[r]);
            }
        }
        [[nodiscard]] Vec load(std::size_t r, std::size_t i) const { return Vec::converted(from[r] + i) * scales[r]; }
        /// Those of neurons i to n - 1, as far as they are in one register: behind the chunk's last stand others'.
        void clear(std::size_t i, std::size_t n) const {
            if (i + Width <= n) [[likely]] {
                for (std::size_t r = 0; r < receptor_count; ++r)
                    simd::clear<T, Width>(from[r] + i);
                return;
            }
            for (std::size_t r = 0; r < receptor_count; ++r)
                for (std::size_t k = i; k < n; ++k)
                    from[r][k] = 0;
        }
    };
    struct Input {
        Vec receptors[receptor_count];
        Vec stimulus;
        [[nodiscard]] Vec receptor(std::size_t r) const { return receptors[r]; }
        [[nodiscard]] Vec current() const { return stimulus; }
    };

    /// f(0) ... f(N - 1) with constant arguments: compilers keep arrays in registers only where indices are constant.
    template <std::size_t N, class F>
    [[gnu::always_inline]] static void unrolled(F f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
            (f(std::integral_constant<std::size_t, I>{}), ...);
        }
        (std::make_index_sequence<N>{});
    }

    /// Inlined always: only where the compiler sees the constants being made does it keep them in registers.
    template <class Source, class Constants>
    [[gnu::always_inline]] static std::size_t run(const KernelArguments<T>& a, const Source& source,
                                                  const Constants& constants, std::uint32_t* spikes) {
        const std::size_t begin = a.begin, end = a.end;
        const T* const current = a.current;
        T* state[variable_count];
        for (std::size_t v = 0; v < variable_count; ++v)
            state[v] = a.state + v * a.stride;
        std::uint32_t* found = spikes;
        for (std::size_t i = begin; i < end; i += Width) {
            Input in;
            Vec s[variable_count];
            unrolled<receptor_count>([&](auto r) { in.receptors[r] = source.load(r, i - begin); });
            in.stimulus = Vec::load(current + (i - begin));
            unrolled<variable_count>([&](auto v) { s[v] = Vec::load(state[v] + i); });
            const std::uint32_t spiking = simd::bits(Model::update(s, constants.at(i), in));
            unrolled<variable_count>([&](auto v) { s[v].store(state[v] + i); });
            source.clear(i - begin, end - begin);
            if (spiking != 0) [[unlikely]]
                found = collect(spiking, i, end, found);
        }
        return static_cast<std::size_t>(found - spikes);
    }
    /// Out of line: no vector register outlives a call, and with one on the common path compilers keep the constants in
    /// memory.
    [[gnu::noinline, gnu::cold]] static std::uint32_t* collect(std::uint32_t spiking, std::size_t first,
                                                               std::size_t end, std::uint32_t* found) {
        for (; spiking != 0; spiking &= spiking - 1) {
            const std::size_t neuron = first + static_cast<std::size_t>(__builtin_ctz(spiking));
            if (neuron < end) *found++ = static_cast<std::uint32_t>(neuron);
        }
        return found;
    }
};

template <class T>
using KernelFunction = std::size_t (*)(const KernelArguments<T>&, std::uint32_t*);

#ifdef SPIKECAST_WIDE_KERNELS
/// The kernel for 512 bits, defined in a file of its own for each model of the catalogue.
template <class Model, class T>
struct WideKernel {
    static const KernelFunction<T> update;
};
#endif

} // namespace spikecast::models
