// The driver of point-neuron models: owns the arrays and runs a model's kernel over them, a register of neurons at a
// time. A model supplies
//   parameters, variables, receptors, info   its declaration (spikecast/model.hpp)
//   enum Constant { ..., constants }         what the kernel needs of the parameters and the resolution
//   derive(parameters, h_ms, constants)      computes them, in double
//   update(state, constants, input)          one step of one register of neurons; returns the mask of those that spike
// (docs/adding_a_model.md).
#pragma once

#include "models/aligned.hpp"
#include "models/refuse.hpp"
#include "spikecast/block.hpp"
#include "spikecast/simd.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace spikecast::models {

/// Value of a neuron of the block.
[[nodiscard]] inline double value_of(const ResolvedValue& value, std::size_t neuron) {
    return value.each.empty() ? value.constant : value.each[neuron];
}

/// Refuses more steps of t_ref than can be counted down in T, where whole numbers end at 2^24 or 2^53.
template <class T>
double countable(double steps, const std::string& object) {
    constexpr double most = std::is_same_v<T, float> ? 0x1p24 : 0x1p53;
    if (steps > most)
        refuse(object + ".params.t_ref",
               "t_ref is " + std::to_string(steps) + " steps, but at most " + std::to_string(most) +
                   " can be counted in this precision",
               "shorten t_ref or run in double precision");
    return steps;
}

/// Width is that of the registers; anything but the native one is for tests, for the bits are the same.
template <class Model, class T, std::size_t Width = simd::native_width<T>>
class NeuronBlock final : public PopulationBlock<T> {
    using Vec = simd::vec<T, Width>;
    static constexpr std::size_t variable_count = std::size(Model::variables);
    static constexpr std::size_t parameter_count = std::size(Model::parameters);
    static constexpr std::size_t receptor_count = std::size(Model::receptors);
    static constexpr std::size_t constant_count = Model::constants;
    static_assert(chunk_size % Width == 0);

public:
    /// Throws InputError where a parameter can't be represented at this resolution and precision.
    explicit NeuronBlock(const BlockSetup& setup) : size_(setup.indices.size()), stride_(simd::padded<T>(size_)) {
        bool per_neuron = false;
        for (const ResolvedValue& value : setup.parameters)
            per_neuron = per_neuron || !value.each.empty();
        if (per_neuron) {
            derived_ = AlignedArray<T>(constant_count * stride_);
            // lanes beyond the last neuron repeat it, so that they compute with ordinary numbers
            for (std::size_t i = 0; i < stride_; ++i) {
                const auto constants = derive(setup, std::min(i, size_ - 1));
                for (std::size_t k = 0; k < constant_count; ++k)
                    derived_[k * stride_ + i] = constants[k];
            }
        } else if (size_ > 0) { // without neurons, parameters of each neuron have no value
            uniform_ = derive(setup, 0);
        }

        state_ = AlignedArray<T>(variable_count * stride_);
        for (std::size_t v = 0; v < variable_count; ++v) {
            if (Model::variables[v].offset >= 0)
                offsets_[v] = setup.parameters[static_cast<std::size_t>(Model::variables[v].offset)];
            for (std::size_t i = 0; i < size_; ++i) {
                const double given =
                    v < setup.initial.size() ? value_of(setup.initial[v], i) : Model::variables[v].default_value;
                set(v, i, std::isnan(given) ? value_of(offsets_[v], i) : given); // NaN: where the offset is
            }
        }
    }

    void update(std::int64_t, std::size_t begin, std::size_t end, const ChunkInput<T>& input,
                std::vector<std::uint32_t>& spikes) override {
        if (begin >= end) return;
        if (derived_.size() == 0)
            run(begin, end, input, spikes, Uniform(uniform_));
        else
            run(begin, end, input, spikes, PerNeuron{derived_.data(), stride_});
    }

    [[nodiscard]] double get(std::size_t variable, std::size_t neuron) const override {
        return static_cast<double>(state_[variable * stride_ + neuron]) + value_of(offsets_[variable], neuron);
    }
    void set(std::size_t variable, std::size_t neuron, double value) override {
        state_[variable * stride_ + neuron] = static_cast<T>(value - value_of(offsets_[variable], neuron));
    }
    [[nodiscard]] std::size_t bytes() const override {
        std::size_t total = sizeof(*this) + state_.bytes() + derived_.bytes();
        for (const ResolvedValue& offset : offsets_)
            total += offset.each.capacity() * sizeof(double);
        return total;
    }

private:
    /// Constants that all neurons share, spread over registers once a chunk.
    struct Uniform {
        std::array<Vec, constant_count> values;
        explicit Uniform(const std::array<T, constant_count>& from) {
            for (std::size_t k = 0; k < constant_count; ++k)
                values[k] = Vec(from[k]);
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
    struct Input {
        std::array<Vec, receptor_count> receptors;
        Vec stimulus;
        [[nodiscard]] Vec receptor(std::size_t r) const { return receptors[r]; }
        [[nodiscard]] Vec current() const { return stimulus; }
    };

    /// f(0) ... f(N - 1) with constant arguments: compilers keep arrays in registers only where indices are constant.
    template <std::size_t N, class F>
    static void unrolled(F f) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (f(std::integral_constant<std::size_t, I>{}), ...);
        }
        (std::make_index_sequence<N>{});
    }

    /// Inlined always: only where the compiler sees the constants being made does it keep them in registers.
    template <class Constants>
    [[gnu::always_inline]] void run(std::size_t begin, std::size_t end, const ChunkInput<T>& input,
                                    std::vector<std::uint32_t>& spikes, const Constants& constants) {
        std::array<T*, variable_count> state;
        for (std::size_t v = 0; v < variable_count; ++v)
            state[v] = state_.data() + v * stride_;
        std::array<const T*, receptor_count> receptors;
        for (std::size_t r = 0; r < receptor_count; ++r)
            receptors[r] = input.receptor[r];
        const T* const current = input.current;
        for (std::size_t i = begin; i < end; i += Width) {
            Input in;
            std::array<Vec, variable_count> s;
            unrolled<receptor_count>([&](auto r) { in.receptors[r] = Vec::load(receptors[r] + (i - begin)); });
            in.stimulus = Vec::load(current + (i - begin));
            unrolled<variable_count>([&](auto v) { s[v] = Vec::load(state[v] + i); });
            const std::uint32_t spiking = simd::bits(Model::update(s.data(), constants.at(i), in));
            unrolled<variable_count>([&](auto v) { s[v].store(state[v] + i); });
            if (spiking != 0) [[unlikely]]
                collect(spiking, i, end, spikes);
        }
    }
    /// Out of line: no vector register outlives a call, and with one on the common path compilers keep the constants in
    /// memory.
    [[gnu::noinline, gnu::cold]] static void collect(std::uint32_t spiking, std::size_t first, std::size_t end,
                                                     std::vector<std::uint32_t>& spikes) {
        for (; spiking != 0; spiking &= spiking - 1) {
            const std::size_t neuron = first + static_cast<std::size_t>(std::countr_zero(spiking));
            if (neuron < end) spikes.push_back(static_cast<std::uint32_t>(neuron));
        }
    }

    [[nodiscard]] static std::array<T, constant_count> derive(const BlockSetup& setup, std::size_t neuron) {
        std::array<double, parameter_count> parameters;
        for (std::size_t p = 0; p < parameter_count; ++p)
            parameters[p] = value_of(setup.parameters[p], neuron);
        std::array<double, constant_count> constants;
        Model::derive(parameters.data(), setup.resolution_ms, constants.data());
        if constexpr (requires { Model::refractory_steps; })
            countable<T>(constants[Model::refractory_steps], setup.object);
        if constexpr (requires { Model::check(parameters.data(), setup.resolution_ms, setup.object); })
            Model::check(parameters.data(), setup.resolution_ms, setup.object);
        std::array<T, constant_count> rounded;
        for (std::size_t k = 0; k < constant_count; ++k)
            rounded[k] = static_cast<T>(constants[k]);
        return rounded;
    }

    std::size_t size_, stride_;
    std::array<T, constant_count> uniform_{};           ///< used while derived_ is empty
    AlignedArray<T> derived_;                           ///< [constant][neuron]
    AlignedArray<T> state_;                             ///< [variable][neuron]
    std::array<ResolvedValue, variable_count> offsets_; ///< what the stored values are relative to
};

} // namespace spikecast::models
