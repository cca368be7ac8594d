// Stimuli: what a generator adds to the input of its targets in a step.
//
//   stimulus/<model>/<precision>/one_value    the same parameters for all targets
//   stimulus/<model>/<precision>/per_target   the first parameter differs from target to target (16 values)
//
// 20,000 targets, every model of the catalogue that can be a stimulus, with its defaults; a rate is 12,800 Hz, which is
// the microcircuit's background (1600 inputs of 8 Hz) and gives 1.28 spikes a step. Draws are made for four steps at a
// time, so a repetition is 20 steps. threads:2 has both workers busy.
//
// Unit: ns per target and step. What a Poisson background adds to a run is this and the clearing of the buffer that it
// adds to. There is no bare loop: ten Philox rounds a block of four draws are the arithmetic, and instructions are the
// limit.
#include "benchmarks/kernel.hpp"
#include "models/aligned.hpp"
#include "spikecast/block.hpp"
#include "spikecast/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace spikecast::bench {
namespace {

constexpr std::size_t targets = 20'000;
constexpr std::int64_t steps = 20;

template <class T>
class StimulusJob final : public Job {
public:
    explicit StimulusJob(const StimulusSetup& setup) : block_(make_stimulus_block<T>(setup)), buffer_(chunk_size) {
        run();
    }
    std::uint64_t run() override {
        for (std::int64_t s = 0; s < steps; ++s, ++step_)
            for (std::size_t begin = 0; begin < targets; begin += chunk_size)
                block_->add(step_, begin, std::min(begin + chunk_size, targets), buffer_.data());
        if (++runs_ % 64 == 0) std::fill_n(buffer_.data(), chunk_size, T{0});
        return steps * targets;
    }

private:
    std::unique_ptr<StimulusBlock<T>> block_;
    models::AlignedArray<T> buffer_;
    std::int64_t step_ = 0;
    std::uint64_t runs_ = 0;
};

StimulusSetup setup_of(const ModelInfo& model, bool per_target) {
    StimulusSetup setup;
    BlockSetup& generator = setup.generator;
    generator.model = &model;
    generator.object = "benchmark";
    generator.seed = 1;
    generator.resolution_ms = 0.1;
    generator.indices.resize(targets);
    std::iota(generator.indices.begin(), generator.indices.end(), std::uint64_t{0});
    generator.stop_step = std::numeric_limits<std::int64_t>::max() / 2;
    for (const ParameterInfo& p : model.parameters)
        generator.parameters.push_back({p.name == "rate" ? 12'800.0 : p.default_value, {}, {}});
    if (per_target)
        for (std::size_t i = 0; i < targets; ++i)
            generator.parameters[0].each.push_back(generator.parameters[0].constant *
                                                   (1.0 + 0.01 * static_cast<double>(i % 16)));
    setup.weight.constant = 87.81;
    return setup;
}

template <class T>
void add(Kernels& kernels, const std::string& precision) {
    for (const ModelInfo* model : all_models()) {
        if (model->kind == ModelInfo::Kind::neuron) continue;
        for (const bool per_target : {false, true}) {
            if (per_target && (model->parameters.empty() || model->parameters[0].is_list)) continue;
            try {
                (void)make_stimulus_block<T>(setup_of(*model, per_target));
            } catch (const std::exception&) {
                continue; // a population only, or its defaults aren't enough to run
            }
            Kernel kernel;
            kernel.name =
                fmt::format("stimulus/{}/{}/{}", model->name, precision, per_target ? "per_target" : "one_value");
            kernel.unit = "target and step";
            kernel.threads = {1, 2};
            kernel.counted = model->name == "poisson_generator";
            kernel.make = [model, per_target](std::uint32_t, std::uint32_t) {
                return std::make_unique<StimulusJob<T>>(setup_of(*model, per_target));
            };
            kernels.push_back(std::move(kernel));
        }
    }
}

} // namespace

void add_stimuli(Kernels& kernels) {
    add<float>(kernels, "single");
    add<double>(kernels, "double");
}

} // namespace spikecast::bench
