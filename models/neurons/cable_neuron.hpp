#pragma once

#include "models/aligned.hpp"
#include "models/neuron_block.hpp"
#include "models/refuse.hpp"
#include "spikecast/block.hpp"
#include "spikecast/cable.hpp"
#include "spikecast/math.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"
#include "spikecast/simd_math.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <vector>

namespace spikecast::models {

template <class T, std::size_t Width>
class CableBlock;

struct CableNeuron {
    enum Parameter { V_th, E_Na, E_K, celsius, I_e };
    static constexpr ParameterInfo parameters[] = {
        {"V_th", "mV", 0.0, any_value, "a spike is where V_m passes it upwards, at spikes_at"},
        {"E_Na", "mV", 50.0, any_value, "reversal potential of sodium"},
        {"E_K", "mV", -77.0, any_value, "reversal potential of potassium"},
        {"celsius", "1", 6.3, any_value, "temperature; rates of gates go with 3^((celsius - 6.3) / 10)"},
        {"I_e", "pA", 0.0, any_value, "constant input current, at current_at"},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"SITE", "pA or nS", "every site of the morphology: an exponential current, or a conductance with E_rev"},
    };
    static constexpr ModelInfo info{
        .name = "cable_neuron",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Tree of compartments, passive or with the channels of Hodgkin and Huxley (1952)",
        .equations = R"(c_m dV/dt = (d / 4) d/dx (1 / R_a) dV/dx - g_leak (V - e_leak)
            - g_Na m^3 h (V - E_Na) - g_K n^4 (V - E_K) + synapses + currents
along every section (d: diameter); V is continuous at branch points and
currents add to 0 there; ends are sealed.
dx/dt = phi (alpha_x (1 - x) - beta_x x), x = m, h, n;
phi = 3^((celsius - 6.3) / 10); rates as in hh_psc_alpha, for rest at -65 mV.
At a site:  I = I_syn or I = -g_syn (V - E_rev),  decaying with tau_syn;
a spike of weight w adds w.

The tree is the population's `morphology` (docs/experiment_format.md), the
same for all its neurons: cylinders or frusta, cut into compartments by their
number or by the d_lambda rule, with a junction without membrane at the end of
each section and at the begin of the root.
Gates live at the middles of steps (Hines 1984), where they advance exactly at
the V of the step's begin. V advances by the L-stable Runge-Kutta method of
two implicit stages, order 2 (Alexander 1977), with the conductances of the
step's middle and the mean of each site's exponential: both stages share one
elimination of the tree from its tips to the root and back (Hines 1984). Order
2 in time and space; no step is too long for stability.
A spike is reported at the end of the step in which V at spikes_at passes V_th
upwards; nothing is reset, and nothing is refractory. Spikes that arrive in
the step are added at its end. I_e and stimulating currents, constant within a
step, enter at current_at.
Variables: V_m (at spikes_at; as initial value, of all compartments), V_m[k]
and, where there are channels, Act_m[k], Inact_h[k], Act_n[k] of compartment
k, also as V_m[dend(0.5)] by place; I_syn_SITE or g_syn_SITE. Gates start at
their equilibrium.)",
        .citation = "Hines M (1984) Efficient computation of branched nerve equations. Int J Biomed Comput 15:69-76. "
                    "doi:10.1016/0020-7101(84)90008-4; Alexander R (1977) Diagonally implicit Runge-Kutta methods for "
                    "stiff O.D.E.'s. SIAM J Numer Anal 14:1006-1021. doi:10.1137/0714068; Hodgkin AL, Huxley AF (1952) "
                    "J Physiol 117:500-544. doi:10.1113/jphysiol.1952.sp004764; Carnevale NT, Hines ML (2006) The "
                    "NEURON Book. Cambridge University Press",
        .parameters = parameters,
        .variables = {},
        .receptors = receptors,
        .relations = {},
    };
    template <class T>
    using Population = CableBlock<T, simd::native_width<T>>;
};

/// The neurons of one tree. A register of neurons is a unit: its state is contiguous, compartment by compartment, and
/// the tree is solved for all its lanes at once; so every lane does the same operations at every width. Throws
/// InputError where the population has no morphology.
template <class T, std::size_t Width>
class CableBlock final : public PopulationBlock<T> {
    using Vec = simd::vec<T, Width>;
    static_assert(chunk_size % Width == 0);

public:
    explicit CableBlock(const BlockSetup& setup) : size_(setup.indices.size()) {
        cable_ = cable_of(*setup.model);
        if (cable_ == nullptr && size_ == 0) return;
        if (cable_ == nullptr) refuse(setup.object, "a cable_neuron needs a morphology", "give the population one");
        const Compartments& tree = cable_->compartments();
        n_ = tree.size();
        sites_ = cable_->morphology().sites.size();
        slots_ = cable_->variables.size() - 1; // all but V_m, which is one of the others
        gates_ = n_;
        synapses_ = gates_ + 3 * tree.active.size();
        registers_ = (size_ + Width - 1) / Width;
        spikes_at_ = cable_->compartment(cable_->morphology().spikes_at);
        current_at_ = cable_->compartment(cable_->morphology().current_at);
        const double h = setup.resolution_ms;
        const double gamma = 1.0 - 0.5 * std::sqrt(2.0);
        second_ = static_cast<T>((1.0 - gamma) / gamma);
        parent_ = tree.parent;
        active_ = tree.active;
        for (std::size_t i = 0; i < n_; ++i) {
            diagonal_.push_back(tree.capacitance[i] / (gamma * h) + tree.leak[i]);
            inertia_.push_back(static_cast<T>(tree.capacitance[i] / (gamma * h)));
            leak_current_.push_back(static_cast<T>(tree.leak_current[i]));
            axial_.push_back(static_cast<T>(tree.axial[i]));
        }
        for (std::size_t i = n_; i-- > 1;) {
            diagonal_[i] += tree.axial[i];
            diagonal_[parent_[i]] += tree.axial[i];
        }
        for (const double d : diagonal_)
            constant_diagonal_.push_back(static_cast<T>(d));
        for (const std::uint32_t i : active_) {
            sodium_.push_back(static_cast<T>(tree.sodium[i]));
            potassium_.push_back(static_cast<T>(tree.potassium[i]));
        }
        for (const SynapseSite& site : cable_->morphology().sites)
            site_.push_back({cable_->compartment(site.at), site.conductance, static_cast<T>(site.E_rev),
                             static_cast<T>(math::exp(-h / site.tau_syn)),
                             static_cast<T>(-math::expm1(-h / site.tau_syn) * site.tau_syn / h)});

        // lanes beyond the last neuron repeat it, so that they compute with ordinary numbers
        constants_ = AlignedArray<T>(registers_ * constants * Width);
        state_ = AlignedArray<T>(registers_ * slots_ * Width);
        work_ = AlignedArray<T>(4 * n_ * Width);
        for (std::size_t i = 0; i < registers_ * Width; ++i) {
            const std::size_t from = std::min(i, size_ - 1);
            T* const c = constants_.data() + i / Width * constants * Width + i % Width;
            const auto p = [&](std::size_t which) { return value_of(setup.parameters[which], from); };
            c[threshold * Width] = static_cast<T>(p(CableNeuron::V_th));
            c[E_Na * Width] = static_cast<T>(p(CableNeuron::E_Na));
            c[E_K * Width] = static_cast<T>(p(CableNeuron::E_K));
            c[rate * Width] = static_cast<T>(-h * math::exp(math::log(3.0) * (p(CableNeuron::celsius) - 6.3) / 10.0));
            c[current * Width] = static_cast<T>(p(CableNeuron::I_e));
            const auto given = [&](std::size_t v) {
                return v < setup.initial.size() ? value_of(setup.initial[v], from) : cable_->variables[v].default_value;
            };
            for (std::size_t k = 0; k < n_; ++k) {
                const double V = given(1 + k);
                slot(k, i) = static_cast<T>(std::isnan(V) ? given(0) : V);
            }
            for (std::size_t k = 0; k < active_.size(); ++k) {
                const auto r = rates(simd::vec<double, 1>(static_cast<double>(slot(active_[k], i))));
                for (std::size_t g = 0; g < 3; ++g) {
                    const double x = given(1 + gates_ + g * active_.size() + k);
                    slot(gates_ + g * active_.size() + k, i) =
                        static_cast<T>(std::isnan(x) ? r[g][0].v / (r[g][0].v + r[g][1].v) : x);
                }
            }
            for (std::size_t s = synapses_; s < slots_; ++s)
                slot(s, i) = static_cast<T>(given(1 + s));
        }
    }

    void update(std::int64_t, std::size_t begin, std::size_t end, const ChunkInput<T>& input,
                std::vector<std::uint32_t>& spikes) override {
        for (std::size_t i = begin; i < end; i += Width) {
            for (std::uint32_t left = step(i / Width, i - begin, input); left != 0; left &= left - 1) {
                const std::size_t neuron = i + static_cast<std::size_t>(std::countr_zero(left));
                if (neuron < end) spikes.push_back(static_cast<std::uint32_t>(neuron));
            }
        }
    }

    [[nodiscard]] double get(std::size_t variable, std::size_t neuron) const override {
        return static_cast<double>(slot(variable == 0 ? spikes_at_ : variable - 1, neuron));
    }
    /// V_m sets the potential of all compartments; gates stay.
    void set(std::size_t variable, std::size_t neuron, double value) override {
        if (variable > 0) {
            slot(variable - 1, neuron) = static_cast<T>(value);
        } else {
            for (std::size_t k = 0; k < n_; ++k)
                slot(k, neuron) = static_cast<T>(value);
        }
    }
    void state(StateColumns& columns) override {
        for (std::size_t s = 0; s < slots_; ++s)
            columns.column<T>(cable_->variables[1 + s].name, size_, 1,
                              [&](std::size_t i, std::uint32_t) -> T& { return slot(s, i); });
    }
    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(*this) + state_.bytes() + constants_.bytes() + work_.bytes() +
               n_ * (5 * sizeof(T) + sizeof(double) + sizeof(std::uint32_t)) +
               active_.size() * (2 * sizeof(T) + sizeof(std::uint32_t)) + sites_ * sizeof(Site);
    }

private:
    enum Constant { threshold, E_Na, E_K, rate, current, constants };
    struct Site {
        std::size_t at;
        bool conductance;
        T E_rev, decay, mean; ///< mean over the step of an exponential that begins at 1
    };

    [[nodiscard]] T& slot(std::size_t s, std::size_t neuron) {
        return state_[(neuron / Width * slots_ + s) * Width + neuron % Width];
    }
    [[nodiscard]] T slot(std::size_t s, std::size_t neuron) const {
        return state_[(neuron / Width * slots_ + s) * Width + neuron % Width];
    }

    /// alpha and beta (per ms) of m, h and n.
    template <class V>
    static std::array<std::array<V, 2>, 3> rates(V v) {
        const auto number = [](double x) { return V(static_cast<typename V::scalar>(x)); };
        const V one(1), at = v + number(65);
        return {
            {{simd::x_over_expm1((v + number(40)) * number(-0.1)), number(4) * simd::exp(at * number(-1.0 / 18))},
             {number(0.07) * simd::exp(at * number(-0.05)), one / (one + simd::exp((v + number(35)) * number(-0.1)))},
             {number(0.1) * simd::x_over_expm1((v + number(55)) * number(-0.1)),
              number(0.125) * simd::exp(at * number(-0.0125))}}};
    }

    /// One step of one register of neurons; the mask of those that spike.
    std::uint32_t step(std::size_t number, std::size_t lane, const ChunkInput<T>& input) {
        T* const state = state_.data() + number * slots_ * Width;
        const auto constant = [&](std::size_t k) {
            return Vec::load(constants_.data() + (number * constants + k) * Width);
        };
        const auto at = [](T* from, std::size_t i) { return from + i * Width; };
        T* const diagonal = work_.data();
        T* const load = at(diagonal, n_); // currents that don't depend on V
        T* const factor = at(load, n_);   // axial / diagonal
        T* const sum = at(factor, n_);    // right-hand side, then the first stage

        for (std::size_t i = 0; i < n_; ++i) {
            Vec(constant_diagonal_[i]).store(at(diagonal, i));
            Vec(leak_current_[i]).store(at(load, i));
        }
        const std::size_t active = active_.size();
        const Vec sodium_reversal = constant(E_Na), potassium_reversal = constant(E_K), minus_phi_h = constant(rate);
        for (std::size_t k = 0; k < active; ++k) {
            const std::size_t i = active_[k];
            const auto r = rates(Vec::load(at(state, i)));
            std::array<Vec, 3> x;
            for (std::size_t g = 0; g < 3; ++g) {
                T* const gate = at(state, gates_ + g * active + k);
                const Vec total = r[g][0] + r[g][1], old = Vec::load(gate);
                x[g] = old + (old - r[g][0] / total) * simd::expm1(total * minus_phi_h);
                x[g].store(gate);
            }
            const Vec n2 = x[2] * x[2];
            const Vec g_Na = Vec(sodium_[k]) * ((x[0] * x[0]) * (x[0] * x[1]));
            const Vec g_K = Vec(potassium_[k]) * (n2 * n2);
            (Vec::load(at(diagonal, i)) + (g_Na + g_K)).store(at(diagonal, i));
            (Vec::load(at(load, i)) + (g_Na * sodium_reversal + g_K * potassium_reversal)).store(at(load, i));
        }
        for (std::size_t s = 0; s < sites_; ++s) {
            const Site& site = site_[s];
            T* const synapse = at(state, synapses_ + s);
            const Vec now = Vec::load(synapse), mean = now * Vec(site.mean);
            if (site.conductance) {
                (Vec::load(at(diagonal, site.at)) + mean).store(at(diagonal, site.at));
                (Vec::load(at(load, site.at)) + mean * Vec(site.E_rev)).store(at(load, site.at));
            } else {
                (Vec::load(at(load, site.at)) + mean).store(at(load, site.at));
            }
            (now * Vec(site.decay) + Vec::load(input.receptor[s] + lane)).store(synapse);
        }
        T* const stimuli = at(state, synapses_ + sites_);
        (Vec::load(at(load, current_at_)) + (constant(current) + Vec::load(stimuli))).store(at(load, current_at_));
        Vec::load(input.current + lane).store(stimuli);

        // first stage: from the tips to the root, and back
        for (std::size_t i = 0; i < n_; ++i)
            (Vec(inertia_[i]) * Vec::load(at(state, i)) + Vec::load(at(load, i))).store(at(sum, i));
        for (std::size_t i = n_; i-- > 1;) {
            const std::size_t p = parent_[i];
            const Vec inverse = Vec(1) / Vec::load(at(diagonal, i)), g(axial_[i]), f = g * inverse;
            inverse.store(at(diagonal, i));
            f.store(at(factor, i));
            (Vec::load(at(diagonal, p)) - f * g).store(at(diagonal, p));
            (Vec::load(at(sum, p)) + f * Vec::load(at(sum, i))).store(at(sum, p));
        }
        (Vec(1) / Vec::load(diagonal)).store(diagonal);
        (Vec::load(sum) * Vec::load(diagonal)).store(sum);
        for (std::size_t i = 1; i < n_; ++i)
            (Vec::load(at(sum, i)) * Vec::load(at(diagonal, i)) +
             Vec::load(at(factor, i)) * Vec::load(at(sum, parent_[i])))
                .store(at(sum, i));

        // second stage: the same elimination, another right-hand side
        const Vec before = Vec::load(at(state, spikes_at_)), second(second_);
        for (std::size_t i = 0; i < n_; ++i) {
            const Vec V = Vec::load(at(state, i));
            const Vec begin = V + second * (Vec::load(at(sum, i)) - V);
            (Vec(inertia_[i]) * begin + Vec::load(at(load, i))).store(at(sum, i));
        }
        for (std::size_t i = n_; i-- > 1;) {
            const std::size_t p = parent_[i];
            (Vec::load(at(sum, p)) + Vec::load(at(factor, i)) * Vec::load(at(sum, i))).store(at(sum, p));
        }
        (Vec::load(sum) * Vec::load(diagonal)).store(state);
        for (std::size_t i = 1; i < n_; ++i)
            (Vec::load(at(sum, i)) * Vec::load(at(diagonal, i)) +
             Vec::load(at(factor, i)) * Vec::load(at(state, parent_[i])))
                .store(at(state, i));
        const Vec after = Vec::load(at(state, spikes_at_)), V_th = constant(threshold);
        return simd::bits((before < V_th) & (after >= V_th));
    }

    const CableDeclaration* cable_;
    std::size_t size_, n_ = 0, sites_ = 0, slots_ = 0, gates_ = 0, synapses_ = 0, registers_ = 0;
    std::size_t spikes_at_ = 0, current_at_ = 0;
    T second_ = 0; ///< of the first stage's change, where the second begins
    std::vector<std::uint32_t> parent_, active_;
    std::vector<double> diagonal_; ///< nS, the part that never changes
    std::vector<T> constant_diagonal_, inertia_, leak_current_, axial_, sodium_, potassium_;
    std::vector<Site> site_;
    AlignedArray<T> constants_; ///< [register][constant][lane]
    AlignedArray<T> state_;     ///< [register][variable but V_m][lane]
    AlignedArray<T> work_;      ///< [4][compartment][lane], of the register at work
};

} // namespace spikecast::models
