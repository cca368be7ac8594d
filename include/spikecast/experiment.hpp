// What an experiment is, as values: what the TOML reader produces, what the C++ API takes, what rank 0 broadcasts.
//
// Quantities are plain numbers in the unit that the documentation of the field or the model's parameter names
// (time: ms, potential: mV, current: pA, capacitance: pF, conductance: nS, rate: Hz, length: um). Durations and
// delays inside [simulation] are integer picoseconds or steps, since time is an integer inside (docs/architecture.md).
#pragma once

#include "spikecast/cable.hpp"
#include "spikecast/error.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace spikecast {

/// A law that numbers are drawn from. `constant` always gives `a`.
///
/// kind         a        b
/// constant     value    -
/// uniform      low      high      (a <= x < b)
/// normal       mean     std
/// lognormal    mu       sigma     (of the logarithm of the number in its unit)
/// exponential  mean     -
///
/// low and high bound what is drawn: with `redraw` the law is the one that redrawing until the number lies inside gives
/// (computed by inverting the truncated distribution, never by a loop), with `clip` a number outside becomes the bound.
struct Distribution {
    enum class Kind : std::uint8_t { constant, uniform, normal, lognormal, exponential };
    enum class Outside : std::uint8_t { redraw, clip };

    Kind kind = Kind::constant;
    double a = 0.0;
    double b = 0.0;
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    Outside outside = Outside::redraw;

    static Distribution constant(double value) { return {Kind::constant, value}; }
    static Distribution uniform(double low, double high) { return {Kind::uniform, low, high}; }
    static Distribution normal(double mean, double std) { return {Kind::normal, mean, std}; }
    static Distribution lognormal(double mu, double sigma) { return {Kind::lognormal, mu, sigma}; }
    static Distribution exponential(double mean) { return {Kind::exponential, mean}; }

    /// The same law, confined to [low, high].
    [[nodiscard]] Distribution within(double lowest, double highest, Outside rule = Outside::redraw) const {
        Distribution d = *this;
        d.low = lowest;
        d.high = highest;
        d.outside = rule;
        return d;
    }
    [[nodiscard]] bool is_constant() const noexcept { return kind == Kind::constant; }
    friend bool operator==(const Distribution&, const Distribution&) = default;
};

/// A one-dimensional HDF5 dataset of one number for each neuron of a population, in the parameter's unit.
struct ArrayFile {
    std::string
        file; ///< absolute, or relative to the working directory (the reader resolves it against the experiment)
    std::string dataset;
    friend bool operator==(const ArrayFile&, const ArrayFile&) = default;
};

/// The value of a parameter or initial state: a law (a constant in most cases) drawn for each neuron, an array from a
/// file, or a list (spike_times and the like).
using ParameterValue = std::variant<Distribution, ArrayFile, std::vector<double>>;
using ParameterValues = std::map<std::string, ParameterValue>;

/// Where the neurons of a population are, in um; two or three dimensions.
struct Positions {
    enum class Kind : std::uint8_t {
        none,
        grid, ///< neuron i sits at the centre of cell i of a regular grid, the first axis fastest
        drawn ///< uniform in the box; drawn as counts per cell of a grid, then a place within the cell, cell by cell
    };
    Kind kind = Kind::none;
    std::uint8_t dimensions = 2;                 ///< 2 or 3
    std::array<double, 3> extent{0.0, 0.0, 0.0}; ///< um; the box is [-extent/2, extent/2] around the centre
    std::array<double, 3> centre{0.0, 0.0, 0.0}; ///< um
    std::array<std::uint64_t, 3> shape{1, 1, 1}; ///< grid: cells along each axis; their product is the population size
    bool periodic = false;                       ///< distances wrap around the box
    friend bool operator==(const Positions&, const Positions&) = default;
};

struct Population {
    std::string name;
    std::string model;
    std::uint64_t size = 0;
    ParameterValues params; ///< what differs from the model's defaults
    ParameterValues init;   ///< initial state variables, by name
    Positions positions;
    double scaling_rate = -1.0;  ///< Hz; full-scale mean rate, for the compensation of [scaling]; < 0: not given
    double expected_rate = -1.0; ///< Hz; what a dry run draws other ranks' spikes at; < 0: not given; changes no result
    std::shared_ptr<const CableDeclaration> cable = nullptr; ///< of model cable_neuron: the tree of all its neurons
};

/// The declaration of a population's model with the receptors and variables that this population has: where a list
/// parameter makes receptors (iaf_psc_exp_multisynapse), their number is the list's; those of cable_neuron come from
/// its tree. nullptr where there is no such model, no such number, or no tree.
[[nodiscard]] const ModelInfo* model_of(const Population& population);

/// Part of a population: all of it, a slice [begin, end) with a step, or a list of indices (ascending, distinct).
struct Selection {
    std::string population;
    std::uint64_t begin = 0;
    std::uint64_t end = std::numeric_limits<std::uint64_t>::max(); ///< clamped to the population's size by validate()
    std::uint64_t step = 1;
    std::vector<std::uint64_t> list; ///< not empty: these indices, and begin, end, step have no meaning
    friend bool operator==(const Selection&, const Selection&) = default;
};

/// Probability as a function of distance (um): p(d) = p0 * f(d) inside the mask, 0 outside.
struct DistanceKernel {
    enum class Kind : std::uint8_t { none, constant, gaussian, exponential };
    enum class Mask : std::uint8_t { none, ball, box };
    Kind kind = Kind::none;
    double p0 = 1.0;
    double scale = 0.0; ///< gaussian: sigma of exp(-d^2 / (2 sigma^2)); exponential: lambda of exp(-d / lambda)
    Mask mask = Mask::none;
    double radius = 0.0;                       ///< ball: distance <= radius
    std::array<double, 3> half_width{0, 0, 0}; ///< box: |dx_a| <= half_width[a]
    friend bool operator==(const DistanceKernel&, const DistanceKernel&) = default;
};

/// How pairs of neurons are connected; the law of each is defined with its generator in engine/network/rules/.
struct Rule {
    enum class Kind : std::uint8_t {
        one_to_one,
        all_to_all,
        fixed_indegree,
        fixed_outdegree,
        fixed_total_number,
        pairwise_bernoulli, ///< probability, or kernel for a distance-dependent one
        pairwise_poisson,
        symmetric_pairwise_bernoulli,
        explicit_list
    };
    Kind kind = Kind::one_to_one;
    std::uint64_t number = 0; ///< indegree, outdegree or total number of synapses
    double probability = 0.0; ///< pairwise_bernoulli, symmetric: probability; pairwise_poisson: mean synapses a pair
    DistanceKernel kernel;    ///< pairwise_bernoulli over positions
    std::string file;         ///< explicit_list: .csv (source,target[,weight,delay] with a header line) or HDF5
    std::string dataset;      ///< explicit_list from HDF5: the group that holds the columns as datasets
    bool allow_autapses = true;
    bool allow_multapses = true;
    friend bool operator==(const Rule&, const Rule&) = default;
};

/// Delay of a synapse in ms, rounded to steps. Where a drawn delay falls below half a step it is redrawn or clipped to
/// one step as the distribution's `outside` says. With `per_distance` the delay is the drawn one + per_distance * d.
/// Of the delay one part, axonal or dendritic, is the same for all synapses of the projection: `fixed_ms`, 0 ms of axon
/// unless given. The other is what remains. Only plastic synapses tell the parts apart (docs/plasticity.md).
struct Delay {
    Distribution law = Distribution::constant(1.0); ///< ms; of the whole delay
    double per_distance = 0.0;                      ///< ms per um
    double fixed_ms = 0.0;
    bool fixed_is_axonal = true;
    friend bool operator==(const Delay&, const Delay&) = default;
};

/// The longest delay of a synapse in steps: what a row can hold.
inline constexpr std::uint32_t longest_delay_steps = 60'000;

/// Synapses from one selection to one other. A projection of the file with several sources and targets stands for one
/// of these for each pair.
struct Projection {
    std::string name; ///< unique; the default is "source->target", with "#2" and so on for further ones of a pair
    Selection source;
    Selection target;
    Rule rule;
    Distribution weight = Distribution::constant(1.0); ///< in the unit of the target's receptor
    Delay delay;
    std::string receptor;           ///< empty: chosen by the weight's sign, or the only one there is
    std::string synapse;            ///< model of plastic synapses; empty: static
    ParameterValues synapse_params; ///< what differs from that model's defaults
    /// > 0: at every multiple of normalise_ms the weights of each target's plastic synapses of this projection are
    /// multiplied so that their amounts sum up to this (in the weight's unit).
    double normalise_sum = 0.0;
    double normalise_ms = 0.0;
    /// A result file whose /weights/<weights_projection> the plastic synapses begin with; empty: with `weight`. The
    /// weights there are of the same synapses, all of them.
    std::string weights_file;
    std::string weights_projection;
    std::string path; ///< where it stands in the file (projections[3]), for messages
};

/// Input from a generator that is independent for each target neuron.
struct Stimulus {
    std::string name; ///< unique; the default is "model->target"
    std::string model;
    Selection target;
    ParameterValues params; ///< of the generator, "start" and "stop" (ms) included
    Distribution weight = Distribution::constant(1.0);
    double delay_ms = 0.0; ///< 0: one step
    std::string receptor;
    std::string path;
};

struct SpikeRecorder {
    Selection source;
    std::uint64_t sample = 0; ///< > 0: so many neurons of the selection, evenly spaced
    double start_ms = 0.0;
    double stop_ms = std::numeric_limits<double>::infinity();
    std::string path;
};

struct StateRecorder {
    Selection source;
    std::vector<std::string> variables;
    double interval_ms = 0.0; ///< 0: every step
    std::uint64_t sample = 0;
    double start_ms = 0.0;
    double stop_ms = std::numeric_limits<double>::infinity();
    std::string path;
};

/// Weights of a plastic projection: all synapses, or `sample` of them at even distances in the order (target, source,
/// delay). Those of the end of the run are always recorded.
struct WeightRecorder {
    std::string projection;   ///< by name
    double interval_ms = 0.0; ///< between looks; 0: none but the end's
    bool changes = false;     ///< of each look only the weights that differ from those of the look before
    std::uint64_t sample = 0;
    double start_ms = 0.0;
    double stop_ms = std::numeric_limits<double>::infinity();
    std::string path;
};

enum class Precision : std::uint8_t { double_precision, single_precision };
enum class WeightFormat : std::uint8_t { float32, compact };
enum class PartitionerKind : std::uint8_t { round_robin, block, random };
enum class ExchangeKind : std::uint8_t { automatic, alltoall, neighbour };
/// How workers come to the synapses of rules that draw by source: all of them redraw all and keep their own, or each
/// draws a block of sources and sends what isn't its own. The network is the same.
enum class DrawingKind : std::uint8_t { automatic, redraw, exchange };
/// Registers of the neurons' update: the widest that the processor has, those that the program was built for (256 bits
/// for x86-64-v3), or 512 bits. The bits of results are the same.
enum class VectorWidth : std::uint8_t { automatic, built, bits_512 };

struct SimulationSettings {
    std::int64_t resolution_ps = 100'000'000; ///< picoseconds; 0.1 ms
    std::int64_t duration_steps = 0;
    std::int64_t warmup_steps = 0; ///< part of the duration that rates and the real-time factor leave out
    std::uint64_t seed = 1;
    Precision precision = Precision::double_precision;
    WeightFormat weights = WeightFormat::float32;
    PartitionerKind partitioner = PartitionerKind::round_robin;
    std::uint64_t partition_seed = 0; ///< for `random`; changes no result
    ExchangeKind exchange = ExchangeKind::automatic;
    DrawingKind drawing = DrawingKind::automatic;
    VectorWidth vector_width = VectorWidth::automatic;

    [[nodiscard]] double resolution_ms() const noexcept { return static_cast<double>(resolution_ps) / 1e9; }
    /// The time of a step in ms, correctly rounded: step 3 of 0.1 ms is 0.3, not 0.30000000000000004.
    [[nodiscard]] double time_ms(std::int64_t step) const noexcept {
        return static_cast<double>(step * resolution_ps) / 1e9;
    }
};

/// A SpiNNaker-like machine that the network is mapped onto and run on (docs/mapping.md); words and numbers are those
/// of `spikecast map`.
struct MachineSettings {
    std::string target; ///< spin5:3x3 and so on; empty: the run is of no machine, and nothing below has a meaning
    std::string profile = "spinnaker";
    std::string faults;               ///< a file; empty: nothing is broken
    std::uint32_t cores_per_chip = 0; ///< 0: the profile's
    std::uint64_t sdram_per_chip = 0; ///< bytes; 0: the profile's
    std::uint64_t dtcm_per_core = 0;  ///< bytes; 0: the profile's
    std::uint32_t router_entries = 0; ///< 0: the profile's
    std::uint32_t atoms_per_core = 0; ///< 0: as many as fit
    double slowdown = 1.0;            ///< machine time over biological time
    double rate = 10.0;               ///< Hz; of populations whose rate isn't stated
    std::string place = "ours", objective = "tree-cost", route = "steiner", keys = "own", minimise = "best";
    double effort = 1.0;
    std::uint32_t congestion_rounds = 0;
    std::uint64_t seed = 1;
    bool router = true;                    ///< spikes go through the router model, and act when and where they arrive
    std::map<std::string, double> traffic; ///< fields of mapping::TrafficSettings that differ from their defaults
    friend bool operator==(const MachineSettings&, const MachineSettings&) = default;
};

/// Reference results that a run's report shows beside its own, and that scripts/reproduce.py judges.
struct Reference {
    std::string source;                     ///< the paper or the derivation
    std::map<std::string, double> rates_hz; ///< by population
};

struct Experiment {
    std::string title;
    SimulationSettings simulation;
    MachineSettings machine;
    std::vector<Population> populations;
    std::vector<Projection> projections;
    std::vector<Stimulus> stimuli;
    std::vector<SpikeRecorder> spike_recorders;
    std::vector<StateRecorder> state_recorders;
    std::vector<WeightRecorder> weight_recorders;
    Reference reference;

    std::string text;                        ///< the file as it was read, includes merged in, for the result file
    std::string directory;                   ///< that relative names of files in the text start from
    std::vector<std::string> overrides;      ///< --set arguments, in order
    std::map<std::string, Where> provenance; ///< key path -> where it was written

    /// The place of the longest known prefix of a key path: of "populations.E.params.C_m", perhaps "populations.E".
    [[nodiscard]] Where where(const std::string& path) const;
    [[nodiscard]] const Population* find_population(const std::string& name) const;
};

/// The mean rate (Hz) at which a population is expected to spike: its expected_rate, else its reference rate, else its
/// full-scale rate; negative where the experiment says nothing.
[[nodiscard]] double expected_rate(const Experiment& experiment, const Population& population);

/// Checks an experiment against the catalogue (names, bounds, overlaps, representable delays, rules that can't hold),
/// and clamps selections. Throws InputError with everything that is wrong.
void validate(Experiment& experiment);

} // namespace spikecast
