// The driver of point-neuron models: owns the arrays and runs a model's kernel over them, a register of neurons at a
// time. A model supplies
//   parameters, variables, receptors, info   its declaration (spikecast/model.hpp)
//   enum Constant { ..., constants }         what the kernel needs of the parameters and the resolution
//   derive(parameters, h_ms, constants)      computes them, in double
//   update(state, constants, input)          one step of one register of neurons; returns the mask of those that spike
// (docs/adding_a_model.md).
#pragma once

#include "models/aligned.hpp"
#include "models/neuron_kernel.hpp"
#include "models/refuse.hpp"
#include "spikecast/block.hpp"
#include "spikecast/simd.hpp"

#include <algorithm>
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
    explicit NeuronBlock(const BlockSetup& setup)
        : kernel_(choose_kernel(setup.wide)), size_(setup.indices.size()), stride_(simd::padded<T>(size_)) {
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
        std::array<std::uint32_t, chunk_size> found;
        const std::size_t count = kernel_({state_.data(), stride_, uniform_.data(), derived_.data(), input.receptor,
                                           input.sums, input.scale, input.current, begin, end},
                                          found.data());
        if (count != 0) spikes.insert(spikes.end(), found.begin(), found.begin() + count);
    }
    [[nodiscard]] bool takes_sums() const noexcept override { return derived_.size() == 0; }

    [[nodiscard]] double get(std::size_t variable, std::size_t neuron) const override {
        return static_cast<double>(state_[variable * stride_ + neuron]) + value_of(offsets_[variable], neuron);
    }
    void set(std::size_t variable, std::size_t neuron, double value) override {
        state_[variable * stride_ + neuron] = static_cast<T>(value - value_of(offsets_[variable], neuron));
    }
    void state(StateColumns& columns) override {
        for (std::size_t v = 0; v < variable_count; ++v)
            columns.column(Model::variables[v].name, size_, state_.data() + v * stride_);
    }
    [[nodiscard]] std::size_t bytes() const override {
        std::size_t total = sizeof(*this) + state_.bytes() + derived_.bytes();
        for (const ResolvedValue& offset : offsets_)
            total += offset.each.capacity() * sizeof(double);
        return total;
    }

private:
    [[nodiscard]] static KernelFunction<T> choose_kernel([[maybe_unused]] bool wide) {
#ifdef SPIKECAST_WIDE_KERNELS
        if constexpr (Width == simd::native_width<T>)
            if (wide) return WideKernel<Model, T>::update;
#endif
        return &NeuronKernel<Model, T, Width>::update;
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

    KernelFunction<T> kernel_;
    std::size_t size_, stride_;
    std::array<T, constant_count> uniform_{};           ///< used while derived_ is empty
    AlignedArray<T> derived_;                           ///< [constant][neuron]
    AlignedArray<T> state_;                             ///< [variable][neuron]
    std::array<ResolvedValue, variable_count> offsets_; ///< what the stored values are relative to
};

} // namespace spikecast::models
