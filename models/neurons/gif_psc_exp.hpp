#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/propagators.hpp"
#include "models/neurons/refractoriness.hpp"
#include "models/numbered.hpp"
#include "models/uniform_draws.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"
#include "spikecast/simd_math.hpp"

#include <array>
#include <bit>

namespace spikecast::models {

template <class T, std::size_t Width>
class GifBlock;

struct GifPscExp {
    enum Parameter {
        C_m,
        g_L,
        E_L,
        V_reset,
        V_T_star,
        Delta_V,
        lambda_0,
        t_ref,
        tau_syn_ex,
        tau_syn_in,
        tau_sfa,
        q_sfa,
        tau_stc,
        q_stc,
        I_e
    };
    static constexpr ParameterInfo parameters[] = {
        {"C_m", "pF", 80.0, positive, "capacitance of the membrane"},
        {"g_L", "nS", 4.0, positive, "leak conductance"},
        {"E_L", "mV", -70.0, any_value, "resting potential"},
        {"V_reset", "mV", -55.0, any_value, "potential after a spike and while refractory"},
        {"V_T_star", "mV", -35.0, any_value, "threshold without adaptation"},
        {"Delta_V", "mV", 0.5, positive, "sharpness of the threshold: V_m - E_sfa that makes spikes e times as likely"},
        {"lambda_0", "Hz", 1.0, not_negative, "rate of spikes at the threshold"},
        {"t_ref", "ms", 4.0, not_negative, "refractory time, rounded to steps"},
        {"tau_syn_ex", "ms", 2.0, positive, "decay time of the excitatory synaptic current"},
        {"tau_syn_in", "ms", 2.0, positive, "decay time of the inhibitory synaptic current"},
        list_of("tau_sfa", "ms", {}, positive, "decay times of the threshold's elements, at most 8"),
        list_of("q_sfa", "mV", {}, any_value, "what a spike adds to each of them"),
        list_of("tau_stc", "ms", {}, positive, "decay times of the spike-triggered current's elements, at most 8"),
        list_of("q_stc", "pA", {}, any_value, "what a spike adds to each of them"),
        {"I_e", "pA", 0.0, any_value, "constant input current"},
    };
    static constexpr std::size_t most = 8; ///< elements of each list
    enum Variable {
        V_m,
        E_sfa,
        I_stc,
        I_syn_ex,
        I_syn_in,
        refractory,
        I_0,
        E_sfa_1,
        I_stc_1 = E_sfa_1 + most,
        variable_count = I_stc_1 + most
    };
    static constexpr auto variables = followed_by_numbered<most>(
        followed_by_numbered<most>(
            std::array<VariableInfo, E_sfa_1>{{
                {"V_m", "mV", std::numeric_limits<double>::quiet_NaN(), "potential of the membrane", E_L},
                {"E_sfa", "mV", std::numeric_limits<double>::quiet_NaN(), "threshold with adaptation", V_T_star, true,
                 true},
                {"I_stc", "pA", 0.0, "spike-triggered current, which flows outwards", -1, true, true},
                {"I_syn_ex", "pA", 0.0, "excitatory synaptic current"},
                {"I_syn_in", "pA", 0.0, "inhibitory synaptic current"},
                {"refractory", "1", 0.0, "steps of the refractory time that remain", -1, false},
                {"I_0", "pA", 0.0, "current of stimuli that acts in the next step", -1, false},
            }},
            VariableInfo{"", "mV", 0.0, "an element of the threshold", -1, false}, Numbered<"E_sfa_", most>::names),
        VariableInfo{"", "pA", 0.0, "an element of the spike-triggered current", -1, false},
        Numbered<"I_stc_", most>::names);
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "pA", "excitatory current; the weight is its peak, positive", +1},
        {"in", "pA", "inhibitory current; the weight is its peak, negative", -1},
    };
    static constexpr ListPair pairs[] = {{tau_sfa, q_sfa, most}, {tau_stc, q_stc, most}};
    static constexpr ModelInfo info{
        .name = "gif_psc_exp",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Generalised integrate-and-fire neuron: spikes by chance, with adaptation of threshold and current",
        .equations = R"(C_m dV_m/dt = -g_L (V_m - E_L) - I_stc + I_syn_ex + I_syn_in + I_e + I
dI_syn_x/dt = -I_syn_x / tau_syn_x,  x = ex, in
I_stc = sum over k of I_stc_k,             dI_stc_k/dt = -I_stc_k / tau_stc[k]
E_sfa = V_T_star + sum over k of E_sfa_k,  dE_sfa_k/dt = -E_sfa_k / tau_sfa[k]
A spike of weight w adds w to I_syn_x; a spike of the neuron itself adds
q_stc[k] to I_stc_k and q_sfa[k] to E_sfa_k.

Outside its refractory time the neuron spikes in a step of length h with
probability 1 - exp(-lambda h), where lambda = lambda_0 exp((V_m - E_sfa) /
Delta_V) of the step's end. It does where this exceeds the uniform number that
is word s mod 4 of the Philox block (key of the population for escape, index
of the neuron, s div 4) for the step that ends at step s; numbers have 32
bits, so that spikes with a probability below 1.2e-10 a step don't occur.
Integrated exactly on the grid (matrix exponential), I_stc and equal time
constants included. In each step V_m advances with the currents of the step's
begin, currents and threshold decay, then the step's spikes are added. V_m is
V_reset from a spike on for t_ref, while all currents go on. NEST holds I_stc
constant within a step, uses the threshold of the step's begin, adds spikes
before V_m advances, and leaves V_m as it is where t_ref = 0. I is the sum of
stimulating currents, constant within a step.)",
        .citation = "Mensi S, Naud R, Pozzorini C, Avermann M, Petersen CCH, Gerstner W (2012) J Neurophysiol "
                    "107:1756-1775, doi:10.1152/jn.00408.2011; Pozzorini C, Mensi S, Hagens O, Naud R, Koch C, "
                    "Gerstner W (2015) PLoS Comput Biol 11:e1004275, doi:10.1371/journal.pcbi.1004275",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = {},
        .charge = [](const double* p, std::size_t r) { return r == 0 ? p[tau_syn_ex] : p[tau_syn_in]; },
        .list_pairs = pairs,
    };

    template <class T>
    using Population = GifBlock<T, simd::native_width<T>>;
};

/// The driver of a neuron that spikes by chance and adapts by lists: as NeuronBlock, with loops over their elements.
template <class T, std::size_t Width>
class GifBlock final : public PopulationBlock<T> {
    using Model = GifPscExp;
    using Vec = simd::vec<T, Width>;
    enum Constant {
        leak,
        ex_to_V,
        in_to_V,
        I_to_V,
        ex_decay,
        in_decay,
        current,
        reset,
        threshold,
        steepness,
        expected, ///< spikes a step at the threshold
        refractory_steps,
        elements ///< then decay and jump of each of sfa's; decay, jump and to V of each of stc's
    };
    static_assert(chunk_size % Width == 0);

public:
    /// Throws InputError for lists of different or excessive lengths and for refractory times that can't be counted.
    explicit GifBlock(const BlockSetup& setup)
        : size_(setup.indices.size()), stride_(simd::padded<T>(size_)), sfa_(elements_of(setup, Model::pairs[0])),
          stc_(elements_of(setup, Model::pairs[1])), numbers_(setup) {
        bool per_neuron = false;
        for (const ResolvedValue& value : setup.parameters)
            per_neuron = per_neuron || !value.each.empty();
        constant_stride_ = per_neuron ? stride_ : Width; // one set: the same number in every lane
        neuron_step_ = per_neuron ? 1 : 0;
        constants_ = AlignedArray<T>((elements + 2 * sfa_ + 3 * stc_) * constant_stride_);
        for (std::size_t i = 0; i < constant_stride_ && size_ > 0; ++i)
            derive(setup, per_neuron ? std::min(i, size_ - 1) : 0, i);
        E_L_ = setup.parameters[Model::E_L];
        V_T_star_ = setup.parameters[Model::V_T_star];
        state_ = AlignedArray<T>((Model::E_sfa_1 + sfa_ + stc_) * stride_);
        for (std::size_t v = 0; v < Model::variable_count; ++v)
            for (std::size_t i = 0; i < size_; ++i) {
                const double given = v < setup.initial.size() ? value_of(setup.initial[v], i) : 0.0;
                set(v, i, std::isnan(given) ? offset(v, i) : given);
            }
    }

    void update(std::int64_t step, std::size_t begin, std::size_t end, const ChunkInput<T>& input,
                std::vector<std::uint32_t>& spikes) override {
        if (begin >= end) return;
        const Vec zero(0);
        const T* const numbers = numbers_.at(step + 1, begin / chunk_size);
        for (std::size_t i = begin; i < end; i += Width) {
            const T* const constants = constants_.data() + i * neuron_step_;
            const auto c = [&](std::size_t k) { return Vec::load(constants + k * constant_stride_); };
            T* const state = state_.data() + i;
            const auto s = [&](std::size_t v) { return state + v * stride_; };
            const Vec ex = Vec::load(s(Model::I_syn_ex)), in = Vec::load(s(Model::I_syn_in));
            Vec change = ex * c(ex_to_V) + in * c(in_to_V);
            (ex * c(ex_decay) + Vec::load(input.receptor[0] + (i - begin))).store(s(Model::I_syn_ex));
            (in * c(in_decay) + Vec::load(input.receptor[1] + (i - begin))).store(s(Model::I_syn_in));
            for (std::size_t k = 0; k < stc_; ++k)
                change = change - Vec::load(s(first_stc() + k)) * c(of_stc(k) + 2);
            const Vec waiting = Vec::load(s(Model::refractory)), before = Vec::load(s(Model::V_m));
            const auto integrates = waiting == zero;
            const Vec constant = (Vec::load(s(Model::I_0)) + c(current)) * c(I_to_V);
            const Vec V = select(integrates, before + ((before * c(leak) + change) + constant), before);
            Vec::load(input.current + (i - begin)).store(s(Model::I_0));

            Vec adaptation = zero; // at the step's end, before a spike there
            for (std::size_t k = 0; k < sfa_; ++k)
                adaptation = adaptation + Vec::load(s(Model::E_sfa_1 + k)) * c(of_sfa(k));
            const Vec above = V - (c(threshold) + adaptation);
            const Vec probability = -simd::expm1(-(c(expected) * simd::exp(above * c(steepness))));
            const auto spiking = integrates & (probability > Vec::load(numbers + (i - begin)));

            Vec E = zero, I = zero;
            for (std::size_t k = 0; k < sfa_; ++k) {
                const Vec left = Vec::load(s(Model::E_sfa_1 + k)) * c(of_sfa(k));
                const Vec now = select(spiking, left + c(of_sfa(k) + 1), left);
                E = E + now;
                now.store(s(Model::E_sfa_1 + k));
            }
            for (std::size_t k = 0; k < stc_; ++k) {
                const Vec left = Vec::load(s(first_stc() + k)) * c(of_stc(k));
                const Vec now = select(spiking, left + c(of_stc(k) + 1), left);
                I = I + now;
                now.store(s(first_stc() + k));
            }
            E.store(s(Model::E_sfa));
            I.store(s(Model::I_stc));
            select(spiking, c(reset), V).store(s(Model::V_m));
            remaining_wait(waiting, integrates, spiking, c(refractory_steps)).store(s(Model::refractory));
            for (std::uint32_t left = simd::bits(spiking); left != 0; left &= left - 1) {
                const std::size_t neuron = i + static_cast<std::size_t>(std::countr_zero(left));
                if (neuron < end) spikes.push_back(static_cast<std::uint32_t>(neuron));
            }
        }
    }

    [[nodiscard]] double get(std::size_t variable, std::size_t neuron) const override {
        const std::size_t place = place_of(variable);
        return place == nowhere ? 0.0
                                : static_cast<double>(state_[place * stride_ + neuron]) + offset(variable, neuron);
    }
    void set(std::size_t variable, std::size_t neuron, double value) override {
        const std::size_t place = place_of(variable);
        if (place != nowhere) state_[place * stride_ + neuron] = static_cast<T>(value - offset(variable, neuron));
    }
    void state(StateColumns& columns) override {
        for (std::size_t v = 0; v < Model::variable_count; ++v)
            if (const std::size_t place = place_of(v); place != nowhere)
                columns.column(Model::variables[v].name, size_, state_.data() + place * stride_);
    }
    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(*this) + state_.bytes() + constants_.bytes() + numbers_.bytes() +
               (E_L_.each.capacity() + V_T_star_.each.capacity()) * sizeof(double);
    }

private:
    static constexpr std::size_t nowhere = ~std::size_t{0};

    [[nodiscard]] std::size_t first_stc() const { return Model::E_sfa_1 + sfa_; }
    [[nodiscard]] std::size_t of_sfa(std::size_t k) const { return elements + 2 * k; }
    [[nodiscard]] std::size_t of_stc(std::size_t k) const { return elements + 2 * sfa_ + 3 * k; }
    /// Only elements that the lists have are kept.
    [[nodiscard]] std::size_t place_of(std::size_t variable) const {
        if (variable < Model::E_sfa_1) return variable;
        const bool is_stc = variable >= Model::I_stc_1;
        const std::size_t k = variable - (is_stc ? Model::I_stc_1 : Model::E_sfa_1);
        if (k >= (is_stc ? stc_ : sfa_)) return nowhere;
        return is_stc ? first_stc() + k : variable;
    }
    [[nodiscard]] double offset(std::size_t variable, std::size_t neuron) const {
        if (variable == Model::V_m) return value_of(E_L_, neuron);
        return variable == Model::E_sfa ? value_of(V_T_star_, neuron) : 0.0;
    }
    /// Files are checked before; this is for setups made otherwise.
    static std::size_t elements_of(const BlockSetup& setup, const ListPair& pair) {
        const std::size_t n = setup.parameters[pair.first].list.size();
        if (n != setup.parameters[pair.second].list.size() || n > pair.most)
            refuse(setup.object + ".params",
                   std::string(Model::parameters[pair.first].name) + " and " +
                       std::string(Model::parameters[pair.second].name) +
                       " must have the same number of elements, at most " + std::to_string(pair.most),
                   "correct them");
        return n;
    }
    void derive(const BlockSetup& setup, std::size_t neuron, std::size_t lane) {
        const auto p = [&](std::size_t which) { return value_of(setup.parameters[which], neuron); };
        const auto put = [&](std::size_t k, double x) { constants_[k * constant_stride_ + lane] = static_cast<T>(x); };
        const double h = setup.resolution_ms, C = p(Model::C_m), tau_m = C / p(Model::g_L);
        put(leak, math::expm1(-h / tau_m));
        put(ex_to_V, exp_current_to_V(h, tau_m, p(Model::tau_syn_ex), C));
        put(in_to_V, exp_current_to_V(h, tau_m, p(Model::tau_syn_in), C));
        put(I_to_V, constant_current_to_V(h, tau_m, C));
        put(ex_decay, math::exp(-h / p(Model::tau_syn_ex)));
        put(in_decay, math::exp(-h / p(Model::tau_syn_in)));
        put(current, p(Model::I_e));
        put(reset, p(Model::V_reset) - p(Model::E_L));
        put(threshold, p(Model::V_T_star) - p(Model::E_L));
        put(steepness, 1.0 / p(Model::Delta_V));
        put(expected, p(Model::lambda_0) * 1e-3 * h);
        put(refractory_steps, countable<T>(whole_steps(p(Model::t_ref), h), setup.object));
        for (std::size_t k = 0; k < sfa_; ++k) {
            put(of_sfa(k), math::exp(-h / setup.parameters[Model::tau_sfa].list[k]));
            put(of_sfa(k) + 1, setup.parameters[Model::q_sfa].list[k]);
        }
        for (std::size_t k = 0; k < stc_; ++k) {
            const double tau = setup.parameters[Model::tau_stc].list[k];
            put(of_stc(k), math::exp(-h / tau));
            put(of_stc(k) + 1, setup.parameters[Model::q_stc].list[k]);
            put(of_stc(k) + 2, exp_current_to_V(h, tau_m, tau, C));
        }
    }

    std::size_t size_, stride_, sfa_, stc_; ///< elements of the threshold and of the current
    std::size_t constant_stride_ = 0, neuron_step_ = 0;
    AlignedArray<T> constants_; ///< [constant][neuron or lane]
    AlignedArray<T> state_;     ///< [variable][neuron]
    UniformDraws<T> numbers_;
    ResolvedValue E_L_, V_T_star_;
};

} // namespace spikecast::models
