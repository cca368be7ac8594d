#pragma once

#include "spikecast/block.hpp"
#include "spikecast/error.hpp"
#include "spikecast/simd.hpp"

#include <limits>
#include <string>

namespace spikecast::models {

/// Its input is a count, exact in T below 2^24 or 2^53 spikes a step: where a sum of ones gets there it stays, so it is
/// an error (RunError).
template <class T>
class ParrotBlock final : public PopulationBlock<T> {
public:
    explicit ParrotBlock(const BlockSetup& setup) : name_(setup.object), h_(setup.resolution_ms) {}
    void update(std::int64_t step, std::size_t begin, std::size_t end, const ChunkInput<T>& input,
                std::vector<std::uint32_t>& spikes) override {
        using Vec = simd::vec<T, simd::native_width<T>>;
        if (begin >= end) return;
        const T* counts = input.receptor[0];
        for (std::size_t i = 0; i < end - begin; i += Vec::width) {
            if (!simd::any(Vec::load(counts + i) > Vec(0))) continue;
            for (std::size_t j = i; j < i + Vec::width && j < end - begin; ++j) {
                if (!(counts[j] < uncountable)) refuse_count(step);
                spikes.insert(spikes.end(), static_cast<std::size_t>(counts[j]), static_cast<std::uint32_t>(begin + j));
            }
        }
    }
    [[nodiscard]] double get(std::size_t, std::size_t) const override { return 0.0; }
    void set(std::size_t, std::size_t, double) override {}
    void state(StateColumns&) override {}
    [[nodiscard]] std::size_t bytes() const override { return sizeof(*this); }

private:
    static constexpr auto uncountable = static_cast<T>(std::uint64_t{1} << std::numeric_limits<T>::digits);
    [[noreturn]] void refuse_count(std::int64_t step) const {
        throw RunError("population " + name_ + ": a parrot_neuron receives 2^" +
                       std::to_string(std::numeric_limits<T>::digits) + " spikes or more in the step from " +
                       std::to_string(static_cast<double>(step) * h_) +
                       " ms, more than this precision counts; lower the rates, break loops of parrots, or give it "
                       "fewer sources");
    }

    std::string name_;
    double h_;
};

struct ParrotNeuron {
    static constexpr ReceptorInfo receptors[] = {
        {"spikes", "1", "every spike counts one; the weight is ignored", 0, true},
    };
    static constexpr ModelInfo info{
        .name = "parrot_neuron",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Repeats every spike that it receives",
        .equations = R"(A neuron that receives c spikes in the step (t, t + h], whatever their
weights, spikes c times at t + h. It gives several targets the same random
train: connect a poisson_generator to it.)",
        .citation = "NEST Simulator, model parrot_neuron: https://nest-simulator.readthedocs.io",
        .parameters = {},
        .variables = {},
        .receptors = receptors,
        .relations = {},
    };
    template <class T>
    using Population = ParrotBlock<T>;
};

} // namespace spikecast::models
