#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "models/numbered.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace spikecast::models {

template <class T, std::size_t Width>
class MultisynapseBlock;

struct IafPscExpMultisynapse {
    enum Parameter { C_m, tau_m, tau_syn, t_ref, E_L, V_th, V_reset, I_e };
    static constexpr double one_receptor[] = {2.0};
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 250.0, positive, "capacitance of the membrane"},
        {"tau_m", "ms", 10.0, positive, "time constant of the membrane"},
        list_of("tau_syn", "ms", one_receptor, positive, "decay time of each receptor's current"),
        {"t_ref", "ms", 2.0, not_negative, "refractory time, rounded to steps"},
        {"E_L", "mV", -70.0, any_value, "resting potential"},
        {"V_th", "mV", -55.0, any_value, "threshold"},
        {"V_reset", "mV", -70.0, any_value, "potential after a spike and while refractory"},
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    static constexpr ParameterRelation relations[] = {
        {"V_reset < V_th", [](const double* p) { return p[V_reset] < p[V_th]; }},
    };
    static constexpr std::size_t most = 128; ///< receptors of a neuron
    enum Variable { V_m, I_syn, refractory, I_0, I_syn_1 };
    static constexpr auto variables = followed_by_numbered<most>(
        std::array<VariableInfo, I_syn_1>{{
            {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
            {"I_syn", "pA", 0.0, "sum of the synaptic currents", -1, true, true},
            {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
            {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
        }},
        VariableInfo{"I_syn_", "pA", 0.0, "current of receptor 1; those of others have their numbers"},
        Numbered<"I_syn_", most>::names);
    static constexpr auto receptors = followed_by_numbered<most>(
        std::array<ReceptorInfo, 0>{},
        ReceptorInfo{"", "pA",
                     "current with the decay time of this place in tau_syn; the weight is its peak, of either "
                     "sign"},
        Numbered<"", most>::names);

    static constexpr ModelInfo declared(std::size_t count) {
        return {
            .name = "iaf_psc_exp_multisynapse",
            .kind = ModelInfo::Kind::neuron,
            .summary = "Leaky integrate-and-fire neuron with any number of exponentially decaying synaptic currents",
            .equations = R"(C_m dV_m/dt = -(C_m / tau_m) (V_m - E_L) + I_syn + I_e + I
I_syn = sum over k of I_syn_k
dI_syn_k/dt = -I_syn_k / tau_syn[k],  k = 1, 2, ..., length of tau_syn
A spike of weight w that receptor k receives adds w to I_syn_k.

The list tau_syn makes the receptors: its values belong to receptors 1, 2 and
so on, which projections and stimuli name (receptor = 2), as in NEST.
Integrated exactly on the grid (matrix exponential), tau_m = tau_syn[k]
included. In each step V_m advances with the currents of the step's begin, the
currents decay, then the step's spikes are added. At the end of a step with
V_m >= V_th the neuron spikes; V_m is V_reset then and for the next t_ref,
while synaptic currents go on. I is the sum of stimulating currents, constant
within a step.)",
            .citation = "Rotter S, Diesmann M (1999) Exact digital simulation of time-invariant linear systems with "
                        "applications to neuronal modeling. Biol Cybern 81:381-402. doi:10.1007/s004220050570",
            .parameters = parameters,
            .variables = std::span(variables).first(I_syn_1 + count),
            .receptors = std::span(receptors).first(count),
            .relations = relations,
            .receptor_list = tau_syn,
            .with_receptors = [](std::size_t n) { return n > 0 && n <= most ? &infos[n - 1] : nullptr; },
            .most_receptors = most,
        };
    }
    static const std::array<ModelInfo, most> infos; ///< by number of receptors, less one
    static const ModelInfo info;

    template <class T>
    using Population = MultisynapseBlock<T, simd::native_width<T>>;
};
inline constexpr ModelInfo IafPscExpMultisynapse::info = declared(1);
inline constexpr std::array<ModelInfo, IafPscExpMultisynapse::most> IafPscExpMultisynapse::infos = [] {
    return []<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<ModelInfo, most>{declared(I + 1)...};
    }
    (std::make_index_sequence<most>{});
}();

/// The driver of a neuron whose receptors are counted at run time: as NeuronBlock, with a loop over receptors.
template <class T, std::size_t Width>
class MultisynapseBlock final : public PopulationBlock<T> {
    using Model = IafPscExpMultisynapse;
    using Vec = simd::vec<T, Width>;
    enum Constant {
        leak,
        I_to_V,
        current,
        threshold,
        reset,
        refractory_steps,
        synaptic
    }; ///< then decay and to V of each
    static_assert(chunk_size % Width == 0);

public:
    explicit MultisynapseBlock(const BlockSetup& setup)
        : size_(setup.indices.size()), stride_(simd::padded<T>(size_)),
          receptors_(setup.parameters[Model::tau_syn].list.size()) {
        bool per_neuron = false;
        for (const ResolvedValue& value : setup.parameters)
            per_neuron = per_neuron || !value.each.empty();
        const std::size_t lanes = per_neuron ? stride_ : Width; // one set: the same number in every lane
        constant_stride_ = lanes;
        neuron_step_ = per_neuron ? 1 : 0;
        constants_ = AlignedArray<T>((synaptic + 2 * receptors_) * lanes);
        for (std::size_t i = 0; i < lanes && size_ > 0; ++i)
            derive(setup, per_neuron ? std::min(i, size_ - 1) : 0, i);
        E_L_ = setup.parameters[Model::E_L];
        state_ = AlignedArray<T>((Model::I_syn_1 + receptors_) * stride_);
        for (std::size_t v = 0; v < Model::I_syn_1 + receptors_; ++v)
            for (std::size_t i = 0; i < size_; ++i) {
                const double given = v < setup.initial.size() ? value_of(setup.initial[v], i) : 0.0;
                set(v, i, std::isnan(given) ? value_of(E_L_, i) : given);
            }
    }

    void update(std::int64_t, std::size_t begin, std::size_t end, const ChunkInput<T>& input,
                std::vector<std::uint32_t>& spikes) override {
        const Vec zero(0);
        for (std::size_t i = begin; i < end; i += Width) {
            const T* const constants = constants_.data() + i * neuron_step_;
            const auto c = [&](std::size_t k) { return Vec::load(constants + k * constant_stride_); };
            T* const state = state_.data() + i;
            const auto s = [&](std::size_t v) { return state + v * stride_; };
            Vec change = zero, sum = zero;
            for (std::size_t r = 0; r < receptors_; ++r) {
                const Vec I = Vec::load(s(Model::I_syn_1 + r));
                change = change + I * c(synaptic + 2 * r + 1);
                const Vec now = I * c(synaptic + 2 * r) + Vec::load(input.receptor[r] + (i - begin));
                sum = sum + now;
                now.store(s(Model::I_syn_1 + r));
            }
            sum.store(s(Model::I_syn));
            const Vec waiting = Vec::load(s(Model::refractory)), before = Vec::load(s(Model::V_m));
            const auto integrates = waiting == zero;
            const Vec constant = (Vec::load(s(Model::I_0)) + c(current)) * c(I_to_V);
            const Vec V = select(integrates, before + ((before * c(leak) + change) + constant), before);
            Vec::load(input.current + (i - begin)).store(s(Model::I_0));
            const auto spiking = V >= c(threshold);
            select(spiking, c(reset), V).store(s(Model::V_m));
            remaining_wait(waiting, integrates, spiking, c(refractory_steps)).store(s(Model::refractory));
            for (std::uint32_t left = simd::bits(spiking); left != 0; left &= left - 1) {
                const std::size_t neuron = i + static_cast<std::size_t>(std::countr_zero(left));
                if (neuron < end) spikes.push_back(static_cast<std::uint32_t>(neuron));
            }
        }
    }

    [[nodiscard]] double get(std::size_t variable, std::size_t neuron) const override {
        return static_cast<double>(state_[variable * stride_ + neuron]) + offset(variable, neuron);
    }
    void set(std::size_t variable, std::size_t neuron, double value) override {
        state_[variable * stride_ + neuron] = static_cast<T>(value - offset(variable, neuron));
    }
    void state(StateColumns& columns) override {
        for (std::size_t v = 0; v < Model::I_syn_1 + receptors_; ++v)
            columns.column(Model::variables[v].name, size_, state_.data() + v * stride_);
    }
    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(*this) + state_.bytes() + constants_.bytes() + E_L_.each.capacity() * sizeof(double);
    }

private:
    [[nodiscard]] double offset(std::size_t variable, std::size_t neuron) const {
        return variable == Model::V_m ? value_of(E_L_, neuron) : 0.0;
    }
    void derive(const BlockSetup& setup, std::size_t neuron, std::size_t lane) {
        const auto p = [&](std::size_t which) { return value_of(setup.parameters[which], neuron); };
        const double h = setup.resolution_ms;
        const auto put = [&](std::size_t k, double x) { constants_[k * constant_stride_ + lane] = static_cast<T>(x); };
        put(leak, math::expm1(-h / p(Model::tau_m)));
        put(I_to_V, constant_current_to_V(h, p(Model::tau_m), p(Model::C_m)));
        put(current, p(Model::I_e));
        put(threshold, p(Model::V_th) - p(Model::E_L));
        put(reset, p(Model::V_reset) - p(Model::E_L));
        put(refractory_steps, countable<T>(whole_steps(p(Model::t_ref), h), setup.object));
        for (std::size_t r = 0; r < receptors_; ++r) {
            const double tau = setup.parameters[Model::tau_syn].list[r];
            put(synaptic + 2 * r, math::exp(-h / tau));
            put(synaptic + 2 * r + 1, exp_current_to_V(h, p(Model::tau_m), tau, p(Model::C_m)));
        }
    }

    std::size_t size_, stride_, receptors_;
    std::size_t constant_stride_ = 0, neuron_step_ = 0;
    AlignedArray<T> constants_; ///< [constant][neuron or lane]
    AlignedArray<T> state_;     ///< [variable][neuron]
    ResolvedValue E_L_;
};

} // namespace spikecast::models
