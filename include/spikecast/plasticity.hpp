// Synapses that change: how a synapse model declares itself, and what the engine asks of its kernel.
//
// A plastic synapse has a delay of two parts, axonal a and dendritic b, in steps. A spike of the source stamped s
// reaches the synapse at s + a, one of the target stamped p at p + b; the weight acts on the target at s + a + b. The
// engine works lazily, row by row: when a spike is due at the targets, the synapses of its row catch up with the post
// spikes since the previous one, then with the spike itself. Anything may catch up at any other time as well, for the
// result is the same, bit by bit (docs/plasticity.md).
#pragma once

#include "spikecast/model.hpp"
#include "spikecast/random.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace spikecast {

/// What a spike adds to a trace, which decays exponentially.
enum class TraceKind : std::uint8_t {
    all,          ///< 1: every spike counts
    nearest,      ///< what is missing to 1: only the last one counts
    square,       ///< post only: nothing; K' = (y^2 - K) / tau, y being the trace of all spikes that decays with `of`
    teacher,      ///< post only: 1 for spikes of a teacher, nothing for the target's own
    from_teacher, ///< post only: 1 for spikes of a teacher, 0 for the target's own, whatever came before
    given,        ///< post only: what was said with each entry, whatever came before
    trial         ///< post only: at the end of a trial the number of entries in it, 0 for spikes
};
struct TraceInfo {
    std::string_view name;
    std::size_t tau; ///< number of the parameter that is its time constant, ms
    TraceKind kind = TraceKind::all;
    std::size_t of = 0; ///< square: number of the parameter that is the time constant of y
};
/// TraceKind::square: the factor of its response to y^2, 0 where 2 tau = tau_y, for which there is a limit.
[[nodiscard]] constexpr double square_gain(double tau_y, double tau) {
    const double rate = 2.0 * tau / tau_y - 1.0;
    return rate > -1e-9 && rate < 1e-9 ? 0.0 : 1.0 / rate;
}

/// The most traces of each side, and values of a row, that a model can have.
inline constexpr std::size_t most_traces = 4;

/// Rules that follow the target's membrane potential u, of any model that has V_m: numbers of the parameters that say
/// how. Entries of the history aren't spikes then, but the steps in which the potential potentiates, and a trace
/// `given` holds by how much; what it depresses by is at hand in every step (engine/plasticity/potentials.hpp).
struct PotentialInfo {
    std::size_t tau_plus, tau_minus, tau_bar; ///< ms, of u_bar_plus and u_bar_minus, and of the mean of the latter
    std::size_t theta_plus, theta_minus;      ///< mV
    std::size_t delay;                        ///< ms, after which u_bar_plus and u_bar_minus take effect
    std::size_t reference, rest;              ///< mV^2, 0: depression doesn't depend on the mean; mV
    std::size_t clamp, clamp_time;            ///< what u is after a spike, mV, and for how long, ms
};

/// Rules that compare the spikes of a trial with a teacher's at its end: numbers of the parameters. The history has an
/// entry for every trial's end, and its trace `given` then holds what each spike of the trial contributes
/// (engine/plasticity/trials.hpp).
struct TrialInfo {
    std::size_t interval; ///< ms
    std::size_t tau_q;    ///< ms, within which a spike counts as moved
    std::size_t gamma_r;  ///< ms, weight of what is moved
};

/// A time for the whole projection, a multiple of the resolution.
constexpr ParameterInfo time_on_grid(std::string_view name, double by_default, Bounds bounds,
                                     std::string_view meaning) {
    ParameterInfo info = shared(name, "ms", by_default, bounds, meaning);
    info.form = ParameterForm::on_grid;
    return info;
}

/// Variables that hold the bits of a synapse's identity, which the engine fills in.
inline constexpr VariableInfo identity_low{"identity_low", "1", 0.0, "bits of the synapse's identity", -1, false};
inline constexpr VariableInfo identity_high{"identity_high", "1", 0.0, "bits of the synapse's identity", -1, false};

/// The declaration of a synapse model. Parameters are one number for the whole projection; model.variables are what
/// each synapse has besides its weight, 4 bytes each.
struct SynapseModelInfo {
    ModelInfo model; ///< of kind synapse
    /// Traces of the source's spikes, one set for each row, and of the target's, one for each neuron, which
    /// projections share.
    std::span<const TraceInfo> pre{}, post{};
    /// Variables of a row: what all synapses of a source on a worker have in common.
    std::span<const VariableInfo> row{};
    bool post_spikes = true; ///< whether spikes of the target matter
    /// Whether hooks on_neuromodulator and on_time exist; the model then has parameters of these meanings.
    bool neuromodulated = false;
    /// >= 0: number of the parameter that is the time constant (ms) with which what a neuromodulator released decays.
    int modulator_tau = -1;
    /// Spikes of a teacher take effect as those of the target do.
    bool teacher = false;
    /// Draws random numbers: its first two variables are identity_low and identity_high.
    bool random = false;
    /// What spikes do that arrive: change targets, or tell the plastic synapses onto the same population something.
    enum class Role : std::uint8_t { synapse, modulator, teacher } role = Role::synapse;
    int interval = -1;                        ///< number of the parameter between calls of on_time, ms; -1: none
    const PotentialInfo* potential = nullptr; ///< not null: the rule follows the target's potential
    const TrialInfo* trial = nullptr;         ///< not null: the rule compares trials
    /// Of each parameter, if not empty: the number of an earlier one whose value is its default, -1: it has its own.
    std::span<const int> defaults{};
    [[nodiscard]] int default_of(std::size_t parameter) const noexcept {
        return defaults.empty() ? -1 : defaults[parameter];
    }
};

/// All synapse models, in the order of the catalogue.
[[nodiscard]] std::span<const SynapseModelInfo* const> all_synapse_models();
/// nullptr where there is none of that name.
[[nodiscard]] const SynapseModelInfo* find_synapse_model(std::string_view name);

/// A step before all others: of a spike that never was.
inline constexpr std::int32_t never = -(1 << 30);

/// A spike of a source and what came before it.
struct PreEvent {
    std::int32_t stamp = never;
    std::int32_t previous = never;  ///< stamp of the spike before it, the same where the source spikes repeatedly
    std::uint32_t repeat = 0;       ///< spikes of the source before it at the very same time
    std::int32_t earlier = never;   ///< the last stamp before `previous`
    float before[most_traces] = {}; ///< traces at `previous`, without what spikes of that step add
    float after[most_traces] = {};  ///< and with it
    float at[most_traces] = {};     ///< traces at `stamp`, without what this spike adds
    float row[most_traces] = {};    ///< variables of the row after `stamp`
};

/// Something that all synapses of a projection notice at once: a neuromodulator's spike, or the end of an interval. No
/// projection has both.
struct Mark {
    std::int32_t time = never; ///< at the synapse
    float amount = 0.0F;       ///< of the neuromodulator; unused for intervals
    float level = 0.0F;        ///< sum of the amounts so far, as far as they haven't decayed, this one included
    bool interval = false;
};

/// A run of synapses of one row with one delay, and what they are to catch up with. All times are those of the target's
/// spikes: stamps p, so that a time t at the synapse is t - b here.
struct SynapseRun {
    const std::uint16_t* targets = nullptr;
    float* weights = nullptr;
    float* const* variables = nullptr; ///< by variable
    std::size_t count = 0;
    std::int32_t target_offset = 0;  ///< number in the history of target 0
    std::int32_t begin = 0, end = 0; ///< post spikes with begin < p <= end take effect
    std::int32_t origin = 0;         ///< when the previous pre spike arrived
    std::int32_t at = 0;             ///< when this one arrives; what it reads of the post side are spikes with p < at
    const PreEvent* event = nullptr;
    std::int32_t dendritic = 0;           ///< b
    std::span<const Mark> marks{};        ///< those to come, ascending; a mark precedes what else happens at its time
    Mark last_mark{};                     ///< the one before them
    std::span<const std::int32_t> past{}; ///< of rules that compare trials: pre spikes of the trials to come, any order
};

/// Post spikes that are at hand for every target, newest first.
inline constexpr std::size_t recent_spikes = 8;

/// The last spikes of the neurons that synapses lead to: neuron n's spike number i stands at n << log2_capacity | i %
/// capacity, with the traces after it. Slots without a spike hold `never` and zeros.
struct PostView {
    const std::int32_t* count = nullptr; ///< spikes of each neuron so far
    const std::int32_t* steps = nullptr;
    std::uint32_t log2_capacity = 0;
    const float* traces[most_traces] = {}; ///< in the order of SynapseModelInfo::post

    /// The same by neuron, which is faster, for runs that end where these do; null: only rings are there.
    const std::int32_t* seen = nullptr;             ///< spikes of each neuron with p <= end
    const std::int32_t* recent[recent_spikes] = {}; ///< stamps of the last of them, the last but one, ...
    const float* at[most_traces] = {};              ///< traces at the run's `at`; null: from the rings
    const float* depression = nullptr;              ///< by neuron, of rules that follow potentials: at the run's `at`
};

/// A synapse model with the parameters of a projection. Thread-safe.
class SynapseKernel {
public:
    virtual ~SynapseKernel() = default;
    /// Catches up with what the run says, then with the pre spike; adds what arrives at the targets to lane[target].
    virtual void deliver(const SynapseRun& run, const PostView& post, double* lane) const = 0;
    virtual void deliver(const SynapseRun& run, const PostView& post, float* lane) const = 0;
    /// Catches up only.
    virtual void catch_up(const SynapseRun& run, const PostView& post) const = 0;
    /// A spike of the row's source, `since_ms` after the one before it (infinite for the first): advances the row's
    /// variables, which stand in event.row.
    virtual void arrive(PreEvent& event, double since_ms) const = 0;
};

struct SynapseSetup {
    const SynapseModelInfo* model = nullptr;
    std::vector<double> parameters; ///< in declared order, all of them
    double resolution_ms = 0.1;
    Key key{}; ///< of the projection's random numbers
};
[[nodiscard]] std::unique_ptr<SynapseKernel> make_synapse_kernel(const SynapseSetup& setup);

} // namespace spikecast
