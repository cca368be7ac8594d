// Update: neurons advanced by a step.
//
//   update/<model>/<precision>/engine      PopulationBlock::update of 20,000 neurons in chunks, every model of the
//   catalogue update/<model>/<precision>/bare        the model's arithmetic by hand over plain arrays, where somebody
//   wrote it below update/microcircuit/<format>/engine    Worker::update: sums taken and cleared, then the blocks; all
//   77,169 neurons update/microcircuit/<format>/bare      one loop over plain arrays that does the same
//
// Neurons have their model's default parameters, constant inputs too weak for a spike (models that spike by themselves
// do) and uniform parameters; per_neuron: a parameter of its own for each, which makes every constant an array. /bare
// uses registers of the same width, because what it leaves out is structure, not vectors: virtual calls a chunk, input
// buffers between two loops, names.
//
// Unit: ns per neuron and step. bare / engine is the share of the roofline's rate. 20,000 neurons of 3 to 8 variables
// are 240 kB to 1.3 MB: more than a level-1 cache, so that this is the speed of level 2, as in a run.
#include "benchmarks/kernel.hpp"
#include "benchmarks/networks.hpp"
#include "models/aligned.hpp"
#include "models/neurons/iaf_psc_alpha.hpp"
#include "models/neurons/iaf_psc_delta.hpp"
#include "models/neurons/iaf_psc_exp.hpp"
#include "spikecast/block.hpp"
#include "spikecast/cable.hpp"
#include "spikecast/simd.hpp"

#include <fmt/core.h>

#include <array>
#include <bit>
#include <cstring>
#include <numeric>
#include <type_traits>

namespace spikecast::bench {
namespace {

constexpr std::size_t neurons = 20'000;
constexpr std::uint64_t steps = 20; ///< a repetition

BlockSetup setup_of(const ModelInfo& model, std::size_t size, bool per_neuron, bool wide) {
    BlockSetup setup;
    setup.model = &model;
    setup.object = "benchmark";
    setup.seed = 1;
    setup.resolution_ms = 0.1;
    setup.wide = wide;
    setup.indices.resize(size);
    std::iota(setup.indices.begin(), setup.indices.end(), std::uint64_t{0});
    setup.stop_step = std::numeric_limits<std::int64_t>::max() / 2;
    for (const ParameterInfo& p : model.parameters)
        setup.parameters.push_back({p.default_value, {}, {}});
    for (const VariableInfo& v : model.variables)
        setup.initial.push_back({v.default_value, {}, {}});
    if (per_neuron && !setup.parameters.empty()) setup.parameters[0].each.assign(size, setup.parameters[0].constant);
    return setup;
}

/// The input of one chunk: small, different for each neuron, the same in each step.
template <class T>
struct Input {
    explicit Input(std::size_t receptors) {
        for (std::size_t r = 0; r <= receptors; ++r) {
            buffers.emplace_back(chunk_size);
            for (std::size_t i = 0; i < chunk_size; ++i)
                buffers.back()[i] = r == receptors ? T{0} : static_cast<T>(1e-3 * static_cast<double>(i % 7 + 1));
        }
        for (std::size_t r = 0; r < receptors; ++r)
            pointers.push_back(buffers[r].data());
    }
    [[nodiscard]] ChunkInput<T> chunk() const { return {pointers.data(), buffers.back().data()}; }
    std::vector<models::AlignedArray<T>> buffers;
    std::vector<const T*> pointers;
};

template <class T>
class BlockUpdate final : public Job {
public:
    BlockUpdate(const ModelInfo& model, bool per_neuron, bool wide = simd::has_avx512())
        : block_(make_population_block<T>(setup_of(model, neurons, per_neuron, wide))), input_(model.receptors.size()) {
        run();
    }
    std::uint64_t run() override {
        for (std::uint64_t s = 0; s < steps; ++s, ++step_) {
            spikes_.clear();
            for (std::size_t begin = 0; begin < neurons; begin += chunk_size)
                block_->update(step_, begin, std::min(begin + chunk_size, neurons), input_.chunk(), spikes_);
        }
        return steps * neurons;
    }

private:
    std::unique_ptr<PopulationBlock<T>> block_;
    Input<T> input_;
    std::vector<std::uint32_t> spikes_;
    std::int64_t step_ = 0;
};

template <class T>
using Vec = simd::vec<T, simd::native_width<T>>;

/// Constants and arrays of a bare loop. A local copy of it stays in registers; a member's constants would be read again
/// after every store.
template <class Model, class T>
struct Lanes {
    std::array<Vec<T>, Model::constants> c;
    std::array<T*, std::size(Model::variables)> s;

    [[nodiscard]] Vec<T> load(std::size_t v, std::size_t i) const { return Vec<T>::load(s[v] + i); }
    /// Threshold, reset and refractory time, and the current that acts in the next step; the mask of those that spike.
    [[nodiscard]] std::uint32_t finish(Vec<T> V, Vec<T> waiting, Vec<T> current, std::size_t i) const {
        const Vec<T> zero(0), one(1);
        const auto fires = V >= c[Model::threshold];
        select(fires, c[Model::reset], V).store(s[Model::V_m] + i);
        select(fires, c[Model::refractory_steps], select(waiting == zero, zero, waiting - one))
            .store(s[Model::refractory] + i);
        current.store(s[Model::I_0] + i);
        return simd::bits(fires);
    }
};

/// What the lanes of a bare loop over `size` neurons stand on.
template <class Model, class T>
struct Bare {
    static constexpr std::size_t width = simd::native_width<T>;
    Bare(const ModelInfo& model, std::size_t size) : padded(simd::padded<T>(size)) {
        std::array<double, std::size(Model::parameters)> parameters;
        for (std::size_t p = 0; p < parameters.size(); ++p)
            parameters[p] = model.parameters[p].default_value;
        std::array<double, Model::constants> exact;
        Model::derive(parameters.data(), 0.1, exact.data());
        for (std::size_t k = 0; k < exact.size(); ++k)
            lanes.c[k] = Vec<T>(static_cast<T>(exact[k]));
        for (std::size_t v = 0; v < std::size(Model::variables); ++v)
            arrays.emplace_back(padded);
        for (std::size_t v = 0; v < arrays.size(); ++v)
            lanes.s[v] = arrays[v].data();
    }
    void keep(std::uint32_t spiking, std::size_t i) {
        for (; spiking != 0; spiking &= spiking - 1)
            spikes.push_back(static_cast<std::uint32_t>(i) + static_cast<std::uint32_t>(std::countr_zero(spiking)));
    }
    std::size_t padded;
    Lanes<Model, T> lanes;
    std::vector<models::AlignedArray<T>> arrays;
    std::vector<std::uint32_t> spikes;
};

template <class T>
std::uint32_t bare_step(const Lanes<models::IafPscDelta, T>& b, std::size_t i, Vec<T> in, Vec<T>, Vec<T> current) {
    using M = models::IafPscDelta;
    const Vec<T> V = b.load(M::V_m, i), waiting = b.load(M::refractory, i);
    const Vec<T> change = V * b.c[M::leak] + (b.load(M::I_0, i) + b.c[M::current]) * b.c[M::I_to_V];
    return b.finish(select(waiting == Vec<T>(0), V + change + in, V), waiting, current, i);
}
template <class T>
std::uint32_t bare_step(const Lanes<models::IafPscExp, T>& b, std::size_t i, Vec<T> ex, Vec<T> in, Vec<T> current) {
    using M = models::IafPscExp;
    const Vec<T> V = b.load(M::V_m, i), waiting = b.load(M::refractory, i);
    const Vec<T> I_ex = b.load(M::I_syn_ex, i), I_in = b.load(M::I_syn_in, i);
    const Vec<T> change = V * b.c[M::leak] + (I_ex * b.c[M::ex_to_V] + I_in * b.c[M::in_to_V]) +
                          (b.load(M::I_0, i) + b.c[M::current]) * b.c[M::I_to_V];
    (I_ex * b.c[M::ex_decay] + ex).store(b.s[M::I_syn_ex] + i);
    (I_in * b.c[M::in_decay] + in).store(b.s[M::I_syn_in] + i);
    return b.finish(select(waiting == Vec<T>(0), V + change, V), waiting, current, i);
}
template <class T>
std::uint32_t bare_step(const Lanes<models::IafPscAlpha, T>& b, std::size_t i, Vec<T> ex, Vec<T> in, Vec<T> current) {
    using M = models::IafPscAlpha;
    const Vec<T> V = b.load(M::V_m, i), waiting = b.load(M::refractory, i);
    const Vec<T> I_ex = b.load(M::I_syn_ex, i), I_in = b.load(M::I_syn_in, i);
    const Vec<T> d_ex = b.load(M::dI_syn_ex, i), d_in = b.load(M::dI_syn_in, i);
    const Vec<T> change =
        V * b.c[M::leak] +
        ((I_ex * b.c[M::ex_to_V] + d_ex * b.c[M::dex_to_V]) + (I_in * b.c[M::in_to_V] + d_in * b.c[M::din_to_V])) +
        (b.load(M::I_0, i) + b.c[M::current]) * b.c[M::I_to_V];
    (I_ex * b.c[M::ex_decay] + d_ex * b.c[M::dex_to_ex]).store(b.s[M::I_syn_ex] + i);
    (I_in * b.c[M::in_decay] + d_in * b.c[M::din_to_in]).store(b.s[M::I_syn_in] + i);
    (d_ex * b.c[M::ex_decay] + ex * b.c[M::ex_rise]).store(b.s[M::dI_syn_ex] + i);
    (d_in * b.c[M::in_decay] + in * b.c[M::in_rise]).store(b.s[M::dI_syn_in] + i);
    return b.finish(select(waiting == Vec<T>(0), V + change, V), waiting, current, i);
}

template <class Model, class T>
class BareUpdate final : public Job {
public:
    explicit BareUpdate(const ModelInfo& model) : bare_(model, neurons), input_(2) { run(); }
    std::uint64_t run() override {
        const T* const first = input_.buffers[0].data();
        const T* const second = input_.buffers[1].data();
        const T* const current = input_.buffers[2].data();
        for (std::uint64_t step = 0; step < steps; ++step) {
            const Lanes<Model, T> lanes = bare_.lanes;
            bare_.spikes.clear();
            for (std::size_t i = 0; i < neurons; i += bare_.width) {
                const std::size_t k = i % chunk_size;
                const std::uint32_t spiking = bare_step<T>(lanes, i, Vec<T>::load(first + k), Vec<T>::load(second + k),
                                                           Vec<T>::load(current + k));
                if (spiking != 0) bare_.keep(spiking, i);
            }
        }
        return steps * neurons;
    }

private:
    Bare<Model, T> bare_;
    Input<T> input_;
};

/// Neurons of cable_neuron on one unbranched tree of 101 compartments and two junctions; a unit is a compartment.
template <class T>
class CableUpdate final : public Job {
public:
    explicit CableUpdate(bool active)
        : cable_(CableDeclaration::make(tree(active))),
          block_(make_population_block<T>(setup_of(*cable_, cells, false, false))), input_(cable_->receptors.size()) {
        run();
    }
    std::uint64_t run() override {
        for (std::uint64_t s = 0; s < steps; ++s) {
            spikes_.clear();
            block_->update(0, 0, cells, input_.chunk(), spikes_);
        }
        return steps * cells * 101;
    }

private:
    static constexpr std::size_t cells = 64;
    static Morphology tree(bool active) {
        Morphology m;
        CableSection section;
        section.name = "cable";
        section.points = {{0.0, 1.0}, {1000.0, 1.0}};
        section.compartments = 101;
        if (active) section.membrane.g_Na = 120.0;
        if (active) section.membrane.g_K = 36.0;
        m.sections.push_back(section);
        m.sites.push_back({"synapse", {"cable", 1.0}, 2.0, true, 0.0});
        return m;
    }
    std::shared_ptr<const CableDeclaration> cable_;
    std::unique_ptr<PopulationBlock<T>> block_;
    Input<T> input_;
    std::vector<std::uint32_t> spikes_;
};

template <class T>
void add_cables(Kernels& kernels, const std::string& precision) {
    for (const bool active : {false, true}) {
        Kernel kernel;
        kernel.unit = "compartment and step";
        kernel.threads = {1};
        kernel.name = fmt::format("update/cable_neuron/{}/{}", precision, active ? "hodgkin_huxley" : "passive");
        kernel.make = [active](std::uint32_t, std::uint32_t) { return std::make_unique<CableUpdate<T>>(active); };
        kernels.push_back(kernel);
    }
}

template <class T>
void add_models(Kernels& kernels, const std::string& precision) {
    for (const ModelInfo* model : all_models()) {
        if (model->kind != ModelInfo::Kind::neuron || model->name == "cable_neuron") continue;
        Kernel kernel;
        kernel.unit = "neuron and step";
        kernel.threads = {1, 2};
        kernel.counted = true;
        kernel.name = fmt::format("update/{}/{}/engine", model->name, precision);
        kernel.make = [model](std::uint32_t, std::uint32_t) { return std::make_unique<BlockUpdate<T>>(*model, false); };
        kernels.push_back(kernel);
        kernel.counted = false;
        kernel.threads = {1};
        if (simd::has_avx512()) { // registers that the program was built for
            kernel.name = fmt::format("update/{}/{}/built", model->name, precision);
            kernel.make = [model](std::uint32_t, std::uint32_t) {
                return std::make_unique<BlockUpdate<T>>(*model, false, false);
            };
            kernels.push_back(kernel);
        }
        if (!model->parameters.empty()) {
            kernel.name = fmt::format("update/{}/{}/per_neuron/engine", model->name, precision);
            kernel.make = [model](std::uint32_t, std::uint32_t) {
                return std::make_unique<BlockUpdate<T>>(*model, true);
            };
            kernels.push_back(kernel);
        }
        kernel.threads = {1, 2};
        kernel.name = fmt::format("update/{}/{}/bare", model->name, precision);
        const auto bare = [&]<class Model>(const Model*) {
            if (model->name != Model::info.name) return;
            kernel.make = [model](std::uint32_t, std::uint32_t) {
                return std::make_unique<BareUpdate<Model, T>>(*model);
            };
            kernels.push_back(kernel);
        };
        bare(static_cast<const models::IafPscDelta*>(nullptr));
        bare(static_cast<const models::IafPscExp*>(nullptr));
        bare(static_cast<const models::IafPscAlpha*>(nullptr));
    }
}

/// Scale of the indegrees: all of the microcircuit's neurons, next to none of its synapses.
constexpr double few_synapses = 1e-4;

template <class T, class W>
class WorkerUpdate final : public Job {
public:
    WorkerUpdate(std::shared_ptr<Network<T, W>> network, std::uint32_t worker)
        : network_(std::move(network)), worker_(network_->make_worker(worker)),
          neurons_(network_->network.layouts[worker].neurons()) {
        run();
    }
    std::uint64_t run() override {
        for (std::uint64_t s = 0; s < steps; ++s)
            worker_->update(step_++, 0, out_);
        return steps * neurons_;
    }

private:
    std::shared_ptr<Network<T, W>> network_;
    std::unique_ptr<Worker<T, W>> worker_;
    std::uint64_t neurons_;
    std::vector<std::vector<std::uint32_t>> out_{1};
    std::int64_t step_ = 0;
};

/// One array a variable and receptor over all neurons of the worker, whatever their population.
template <class T, class W>
class BareWorkerUpdate final : public Job {
public:
    using Accumulator = typename Worker<T, W>::Accumulator;
    BareWorkerUpdate(std::shared_ptr<Network<T, W>> network, std::uint32_t worker)
        : neurons_(network->network.layouts[worker].neurons()), bare_(*network->plan.models[0], neurons_),
          scale_(static_cast<T>(1.0 / network->plan.scale[0][0])), excitatory_(bare_.padded),
          inhibitory_(bare_.padded) {
        run();
    }
    std::uint64_t run() override {
        const Vec<T> none(0);
        for (std::uint64_t step = 0; step < steps; ++step) {
            const Lanes<models::IafPscExp, T> lanes = bare_.lanes;
            Accumulator* const excitatory = excitatory_.data();
            Accumulator* const inhibitory = inhibitory_.data();
            const Vec<T> scale(scale_);
            bare_.spikes.clear();
            for (std::size_t i = 0; i < neurons_; i += bare_.width) {
                const Vec<T> ex = take(excitatory + i, scale), in = take(inhibitory + i, scale);
                const std::uint32_t spiking = bare_step<T>(lanes, i, ex, in, none);
                if (spiking != 0) bare_.keep(spiking, i);
            }
        }
        return steps * neurons_;
    }

private:
    [[nodiscard]] static Vec<T> take(Accumulator* from, [[maybe_unused]] Vec<T> scale) {
        typename simd::detail::registers<Accumulator, simd::native_width<T>>::type whole, none{};
        std::memcpy(&whole, from, sizeof(whole));
        std::memcpy(from, &none, sizeof(none));
        if constexpr (std::is_same_v<Accumulator, T>)
            return whole;
        else
            return Vec<T>(__builtin_convertvector(whole, typename Vec<T>::native)) * scale;
    }
    std::uint64_t neurons_;
    Bare<models::IafPscExp, T> bare_;
    T scale_;
    models::AlignedArray<Accumulator> excitatory_, inhibitory_;
};

template <class T, class W>
void add_workers(Kernels& kernels, const std::string& format) {
    Kernel kernel;
    kernel.unit = "neuron and step";
    kernel.threads = {1, 2};
    kernel.name = fmt::format("update/microcircuit/{}/engine", format);
    kernel.counted = true;
    kernel.make = [](std::uint32_t thread, std::uint32_t threads) -> std::unique_ptr<Job> {
        return std::make_unique<WorkerUpdate<T, W>>(microcircuit<T, W>(1.0, few_synapses, threads), thread);
    };
    kernels.push_back(kernel);
    kernel.name = fmt::format("update/microcircuit/{}/bare", format);
    kernel.counted = false;
    kernel.make = [](std::uint32_t thread, std::uint32_t threads) -> std::unique_ptr<Job> {
        return std::make_unique<BareWorkerUpdate<T, W>>(microcircuit<T, W>(1.0, few_synapses, threads), thread);
    };
    kernels.push_back(kernel);
}

} // namespace

void add_update(Kernels& kernels) {
    add_models<float>(kernels, "single");
    add_models<double>(kernels, "double");
    add_cables<float>(kernels, "single");
    add_cables<double>(kernels, "double");
    add_workers<float, std::int16_t>(kernels, "compact");
    add_workers<double, float>(kernels, "float32");
}

} // namespace spikecast::bench
