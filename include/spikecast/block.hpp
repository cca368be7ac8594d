// What the engine updates: one block per population and worker, structure of arrays, one virtual call per chunk of
// neurons. T is the run's scalar (double or float). Blocks know nothing of delivery, threads or ranks.
#pragma once

#include "spikecast/model.hpp"
#include "spikecast/random.hpp"
#include "spikecast/state.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spikecast {

/// Neurons are updated in chunks that start at multiples of this.
inline constexpr std::size_t chunk_size = 512;

/// An array in a file whose first axis are samples; each sample holds `length()` numbers, those of neuron 0 first. A
/// worker opens its own and reads in parts of bounded size, whenever it needs a sample.
class SampleSource {
public:
    virtual ~SampleSource() = default;
    [[nodiscard]] virtual std::uint64_t samples() const = 0;
    [[nodiscard]] virtual std::uint64_t length() const = 0; ///< a multiple of the population's size
    /// Calls visit(first, numbers) for consecutive parts of one sample. Throws InputError where the file can't be read
    /// or holds what isn't a finite number.
    virtual void scan(std::uint64_t sample,
                      const std::function<void(std::uint64_t, std::span<const double>)>& visit) = 0;
};

/// A spike that was read from a file.
struct ReadSpike {
    double time_ms;
    std::uint32_t neuron; ///< number within the block
};

/// A parameter or initial value of the neurons of a block: one number for all, or one for each, or a list for all.
struct ResolvedValue {
    double constant = 0.0;
    std::vector<double> each;                        ///< not empty: one for each neuron of the block
    std::vector<double> list;                        ///< for list parameters
    std::shared_ptr<SampleSource> samples = nullptr; ///< for ParameterForm::samples and sequences
    std::vector<ReadSpike> spikes = {};              ///< for ParameterForm::trains; those of the block, in any order
};

struct BlockSetup {
    const ModelInfo* model = nullptr;
    std::string object; ///< population or stimulus name, for keys
    std::uint64_t seed = 0;
    double resolution_ms = 0.1;
    std::uint64_t population_size = 0;     ///< of which the block is a part
    std::vector<std::uint64_t> indices;    ///< index in the population of each neuron of the block
    std::vector<ResolvedValue> parameters; ///< in the model's declared order, all of them
    std::vector<ResolvedValue> initial;    ///< in the order of model->variables, as the user sees them (V_m in mV)
    std::int64_t start_step = 0;           ///< generators: active for spike stamps in (start_step, stop_step]
    std::int64_t stop_step = 0;
    bool wide = false; ///< the processor has AVX-512 (simd::has_avx512()) and it may be used; the bits are the same
};

/// Input of one chunk, already summed: receptor[r][i] for neuron begin + i, in the receptor's unit; current in pA.
/// Arrays needn't be aligned. Up to 63 bytes beyond the chunk's last neuron may be read; what stands there is any
/// number.
/// Blocks that take sums may get them instead: the input of receptor r is then scale[r] * sums[r][i], and the block
/// sets sums[r] to zero for the chunk's neurons, but not beyond.
template <class T>
struct ChunkInput {
    const T* const* receptor = nullptr;
    const T* current = nullptr; ///< always valid, zeros where there is none
    std::int32_t* const* sums = nullptr;
    const T* scale = nullptr;
};

/// A population's share on one worker.
template <class T>
class PopulationBlock {
public:
    virtual ~PopulationBlock() = default;
    /// Advances neurons [begin, end) from step to step + 1; begin is a multiple of chunk_size, end - begin at most
    /// chunk_size. Appends to `spikes` the number within the block of every neuron that spikes, ascending, as often as
    /// it spikes (generators and parrots may spike several times in a step).
    virtual void update(std::int64_t step, std::size_t begin, std::size_t end, const ChunkInput<T>& input,
                        std::vector<std::uint32_t>& spikes) = 0;
    [[nodiscard]] virtual bool takes_sums() const noexcept { return false; }
    /// A state variable as the user sees it; get(v, i) after set(v, i, x) is x rounded to T.
    [[nodiscard]] virtual double get(std::size_t variable, std::size_t neuron) const = 0;
    virtual void set(std::size_t variable, std::size_t neuron, double value) = 0;
    /// Everything that the next update depends on beside parameters, seed and step: takes it out or puts it back. The
    /// names of columns are the same on all workers, for a block without neurons, too.
    virtual void state(StateColumns& columns) = 0;
    [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// A stimulus's share on one block of targets: independent input for each of them.
template <class T>
class StimulusBlock {
public:
    virtual ~StimulusBlock() = default;
    /// Adds to buffer[i] what target number begin + i (within the setup's indices) receives at the end of the update of
    /// `step`: weight * number of spikes stamped step + 1 - delay, or the current in pA. Called in order of steps.
    virtual void add(std::int64_t step, std::size_t begin, std::size_t end, T* buffer) = 0;
    /// As PopulationBlock::state. Most generators are functions of seed and step and have none.
    virtual void state(StateColumns& /*columns*/) {}
    [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// Delay in steps and the weight of each target (one number for all or one each).
struct StimulusSetup {
    BlockSetup
        generator; ///< indices are those of the target neurons in their population; object is the stimulus's name
    std::int64_t delay_steps = 1;
    ResolvedValue weight;
};

/// T: double or float (models/catalogue.cpp).
template <class T>
[[nodiscard]] std::unique_ptr<PopulationBlock<T>> make_population_block(const BlockSetup& setup);
template <class T>
[[nodiscard]] std::unique_ptr<StimulusBlock<T>> make_stimulus_block(const StimulusSetup& setup);

} // namespace spikecast
