#include "engine/mapping/split.hpp"

#include "engine/network/plan.hpp"
#include "engine/network/selection.hpp"
#include "partitioners/partitioners.hpp"
#include "partitioners/spinnaker/parallel.hpp"
#include "spikecast/math.hpp"
#include "spikecast/random.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>

namespace spikecast {

namespace {

using mapping::Demand;

// Memory of a core's program, as in sPyNNaker (docs/mapping.md).
constexpr std::uint64_t word = 4;
constexpr std::uint64_t row_header = 3;          ///< words: plastic size, fixed size, plastic-control size
constexpr std::uint64_t program_bytes = 6 << 10; ///< of DTCM: stack, system and constants
constexpr std::uint64_t packet_buffer = 256;     ///< words: packets that wait to be processed
constexpr std::uint64_t population_entry = 16;   ///< bytes of DTCM for each slice heard
constexpr std::uint64_t core_sdram = 8 << 10;    ///< bytes a core: system, provenance and parameter regions
constexpr std::uint32_t most_atoms = 256;        ///< of a slice: 8 bits of a synaptic word name the target
constexpr unsigned word_bits = 16;               ///< of a synaptic word beside the weight: delay, receptor, target

unsigned bits_for(std::uint64_t values) {
    return values <= 1 ? 0U : static_cast<unsigned>(std::bit_width(values - 1));
}

/// The mean of what a parameter is given as.
double mean_of(const ParameterValues& values, const ModelInfo& model, std::string_view name) {
    const auto found = values.find(std::string(name));
    if (found == values.end()) {
        const int i = model.parameter(name);
        return i < 0 ? -1.0 : model.parameters[static_cast<std::size_t>(i)].default_value;
    }
    const auto* law = std::get_if<Distribution>(&found->second);
    if (law == nullptr) return -1.0;
    switch (law->kind) {
    case Distribution::Kind::uniform:
        return 0.5 * (law->a + law->b);
    case Distribution::Kind::lognormal:
        return math::exp(law->a + 0.5 * law->b * law->b);
    default:
        return law->a;
    }
}

/// Of a model with a rate as parameter; negative elsewhere.
double generator_rate(const ParameterValues& values, const ModelInfo& model) {
    return model.parameter("rate") < 0 ? -1.0 : mean_of(values, model, "rate");
}

struct Rates {
    std::vector<double> hz; ///< by population
    std::vector<bool> stated;
};

Rates rates_of(const Experiment& experiment, double by_default) {
    Rates rates;
    for (const Population& population : experiment.populations) {
        double rate = expected_rate(experiment, population);
        const ModelInfo& model = *model_of(population);
        if (rate < 0.0 && model.kind != ModelInfo::Kind::neuron) rate = generator_rate(population.params, model);
        rates.stated.push_back(rate >= 0.0);
        rates.hz.push_back(rate >= 0.0 ? rate : by_default);
    }
    return rates;
}

/// A generator that sends spikes to its targets; rate by target.
struct SpikingStimulus {
    std::uint32_t number = 0;
    std::size_t target = 0; ///< population
    double rate_hz = 0.0;
    std::uint32_t delay_steps = 1;
};

struct Context {
    const Experiment& experiment;
    const mapping::Machine& machine;
    const SplitSettings& settings;
    NetworkPlan plan; ///< for one worker
    Rates rates;
    std::vector<SpikingStimulus> stimuli;
    double cycles_in_step = 0.0; ///< 0: the profile has no clock
    double steps_per_s = 0.0;

    /// Cores run programs, with rows in SDRAM; else they hold their synapses themselves.
    [[nodiscard]] bool programs() const noexcept { return machine.has_sdram; }
    [[nodiscard]] std::uint32_t most_neurons() const noexcept {
        return machine.neurons_per_core > 0 ? machine.neurons_per_core : most_atoms;
    }
};

/// What of a population's slice doesn't depend on how the synapses fell.
struct AtomLimits {
    std::uint64_t delay_slots = 1;
    unsigned delay_bits = 0, receptor_bits = 0;
    std::uint64_t state_bytes = 0; ///< a neuron
    bool source = false;           ///< a population of generators: no synapses, no input
};

AtomLimits limits_of(const Context& context, std::size_t p) {
    AtomLimits limits;
    const ModelInfo& model = *context.plan.models[p];
    limits.source = model.kind != ModelInfo::Kind::neuron;
    std::uint64_t longest = 1;
    for (const PlannedProjection& planned : context.plan.projections)
        if (planned.target == p) longest = std::max<std::uint64_t>(longest, planned.longest);
    for (const SpikingStimulus& stimulus : context.stimuli)
        if (stimulus.target == p) longest = std::max<std::uint64_t>(longest, stimulus.delay_steps);
    limits.delay_slots = std::bit_ceil(longest);
    limits.delay_bits = bits_for(limits.delay_slots);
    limits.receptor_bits = bits_for(std::max<std::size_t>(1, model.receptors.size()));
    limits.state_bytes = word * (model.parameters.size() + model.variables.size());
    return limits;
}

/// Of a core that holds its synapses itself, a word for each.
std::uint64_t synaptic_memory(double synapses) {
    return word * static_cast<std::uint64_t>(synapses);
}

/// DTCM of a slice.
std::uint64_t dtcm_of(const AtomLimits& limits, std::uint64_t atoms, std::uint64_t longest_row,
                      std::uint64_t sources_heard) {
    std::uint64_t bytes = program_bytes + atoms * limits.state_bytes;
    if (limits.source) return bytes;
    bytes += std::uint64_t{2} << (limits.delay_bits + limits.receptor_bits + bits_for(atoms)); // ring buffers
    bytes += word * packet_buffer + sources_heard * population_entry;
    bytes += 2 * word * (row_header + longest_row); // one row is processed while the next one comes
    return bytes;
}

struct Choice {
    std::uint32_t atoms = 1;
    std::string limit;
};

/// The most neurons that a slice of population p can have, by what is expected of its input.
Choice choose_atoms(const Context& context, std::size_t p) {
    const Population& population = context.experiment.populations[p];
    const AtomLimits limits = limits_of(context, p);
    if (context.programs() && limits.delay_bits + limits.receptor_bits > word_bits)
        throw InputError(Diagnostic{
            context.experiment.where("populations." + population.name), population.name,
            fmt::format("delays of up to {} steps and {} receptors take {} bits of a synaptic word, but only {} are "
                        "there beside the weight",
                        limits.delay_slots, context.plan.models[p]->receptors.size(),
                        limits.delay_bits + limits.receptor_bits, word_bits),
            "use shorter delays or a coarser resolution"});
    const double n = static_cast<double>(population.size);
    double events = 0.0; // a second and neuron
    struct Source {
        double rate, sources, synapses;
    };
    std::vector<Source> sources;
    double row = 0.0, words = 0.0; // synapses onto a neuron from one source, and in all
    for (const PlannedProjection& planned : context.plan.projections) {
        if (planned.target != p) continue;
        const double synapses = planned.rule->expected_synapses();
        const double from = static_cast<double>(context.experiment.populations[planned.source].size);
        events += synapses / n * context.rates.hz[planned.source];
        sources.push_back({context.rates.hz[planned.source], from, synapses});
        row = std::max(row, synapses / n / from);
        words += synapses / n;
    }
    double stimulus_rate = 0.0;
    for (const SpikingStimulus& stimulus : context.stimuli)
        if (stimulus.target == p) stimulus_rate += stimulus.rate_hz;
    const bool on_core = context.settings.stimuli_on_core;
    const double sdram = static_cast<double>(
        std::max_element(context.machine.resources.begin(), context.machine.resources.end(), [](auto& a, auto& b) {
            return a.sdram_bytes < b.sdram_bytes;
        })->sdram_bytes);
    const auto fails = [&](std::uint32_t atoms) -> std::string {
        const double a = atoms;
        double packets = 0.0, heard = 0.0, header = 0.0; // a second; slices; words
        for (const Source& s : sources) {
            const double hears = -math::expm1(-s.synapses * a / n * (a / s.sources));
            packets += s.sources * s.rate * hears;
            heard += s.sources / a * hears;
            header +=
                s.sources * hears * (static_cast<double>(row_header) + 4.0 * std::sqrt(s.synapses / n / s.sources * a));
        }
        const double longest = row * a + 4.0 * std::sqrt(row * a) + 1.0;
        if (!context.programs()) {
            if (context.machine.dtcm_bytes > 0 && synaptic_memory(words * a) > context.machine.dtcm_bytes)
                return "synaptic memory";
            return {};
        }
        if (!limits.source) {
            if (limits.delay_bits + limits.receptor_bits + bits_for(atoms) > word_bits) return "synaptic word";
            if (context.machine.dtcm_bytes > 0 &&
                dtcm_of(limits, atoms, static_cast<std::uint64_t>(longest), static_cast<std::uint64_t>(heard)) >
                    context.machine.dtcm_bytes)
                return "DTCM";
            if (sdram > 0.0 &&
                static_cast<double>(word) * (words * a + header) + static_cast<double>(core_sdram) > sdram)
                return "SDRAM";
        }
        if (context.cycles_in_step > 0.0) {
            const CoreCosts& cost = context.settings.costs;
            const double spikes = stimulus_rate * a;
            const double cycles =
                cost.step + cost.neuron * a * (on_core && stimulus_rate > 0.0 ? 2.0 : 1.0) +
                (cost.event * (events * a + spikes) + cost.packet * (packets + (on_core ? 0.0 : spikes))) /
                    context.steps_per_s;
            if (cycles > context.cycles_in_step) return "real time";
        }
        if (!limits.source && (packets + (on_core ? 0.0 : stimulus_rate * a)) / context.steps_per_s >
                                  static_cast<double>(packet_buffer) * context.settings.slowdown)
            return "packets into a core";
        return {};
    };
    if (context.settings.atoms_per_core > 0) return {context.settings.atoms_per_core, "asked for"};
    Choice choice{0, "synaptic word"};
    for (std::uint32_t atoms = context.most_neurons(); atoms >= 1; --atoms) {
        const std::string why = fails(atoms);
        if (why.empty()) {
            choice.atoms = atoms;
            break;
        }
        choice.limit = why;
    }
    if (choice.atoms == 0) { // what smaller slices don't cure: the largest that the memory holds
        choice.atoms = 1;
        for (std::uint32_t atoms = context.most_neurons(); atoms > 1; --atoms) {
            const std::string why = fails(atoms);
            if (why.empty() || why == "real time" || why == "packets into a core") {
                choice.atoms = atoms;
                break;
            }
            choice.limit = why;
        }
    } else if (choice.atoms == context.most_neurons()) {
        choice.limit = context.machine.neurons_per_core > 0 ? "neurons of a core" : "256 neurons of a synaptic word";
    }
    // Slices of equal size rather than full ones and a rest.
    const std::uint64_t slices = (population.size + choice.atoms - 1) / choice.atoms;
    if (population.size <= choice.atoms) choice.limit = "the population's size";
    choice.atoms = static_cast<std::uint32_t>((population.size + slices - 1) / slices);
    return choice;
}

/// Counts the synapses of each row: of one source neuron on one slice.
class RowCounts final : public SynapseSink {
public:
    /// Slices first .. first + many - 1; columns are all neurons, in declared order.
    /// fan_in: counts the synapses of each neuron, too.
    RowCounts(const Slices& slices, std::uint32_t first, std::uint32_t many, const std::vector<std::uint64_t>& offsets,
              bool fan_in)
        : slices_(slices), first_(first), neurons_(offsets.back()), offsets_(offsets),
          counts_(many * offsets.back(), 0) {
        if (!fan_in) return;
        first_neuron_ = number_of(first, slices_.begin(first));
        onto_.resize(number_of(first + many - 1, slices_.end(first + many - 1)) - first_neuron_, 0);
    }
    void of(const PlannedProjection& planned) {
        source_ = offsets_[planned.source];
        target_ = planned.target;
    }
    void row(std::uint64_t target, std::uint64_t, std::uint64_t, std::span<const std::uint64_t> sources) override {
        std::uint16_t* const counts = line(target);
        for (const std::uint64_t source : sources)
            add(counts[source_ + source]);
        synapses += sources.size();
        if (!onto_.empty()) onto_[offsets_[target_] + target - first_neuron_] += sources.size();
    }
    void scattered(std::span<const DrawnSynapse> drawn) override {
        for (const DrawnSynapse& synapse : drawn)
            add(line(synapse.target)[source_ + synapse.source]);
        synapses += drawn.size();
        if (onto_.empty()) return;
        for (const DrawnSynapse& synapse : drawn)
            ++onto_[offsets_[target_] + synapse.target - first_neuron_];
    }
    void listed(std::span<const DrawnSynapse> drawn, std::span<const double>, std::span<const double>) override {
        scattered(drawn);
    }
    [[nodiscard]] const std::uint16_t* line_of(std::uint32_t slice) const {
        return counts_.data() + (slice - first_) * neurons_;
    }
    /// The most synapses of a neuron of a slice; 0 where they aren't counted.
    [[nodiscard]] std::uint64_t fan_in(std::uint32_t slice) const {
        if (onto_.empty()) return 0;
        const auto begin =
            onto_.begin() + static_cast<std::ptrdiff_t>(number_of(slice, slices_.begin(slice)) - first_neuron_);
        return *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(slices_.end(slice) - slices_.begin(slice)));
    }
    std::uint64_t synapses = 0;

private:
    /// Of a neuron of a slice's population, through all populations.
    [[nodiscard]] std::uint64_t number_of(std::uint32_t slice, std::uint64_t index) const {
        return offsets_[slices_.population(slice)] + index;
    }
    std::uint16_t* line(std::uint64_t target) {
        return counts_.data() + (slices_.of(target_, target) - first_) * neurons_;
    }
    /// A row of 65,535 synapses is more than the memory of a core; longer ones needn't be told apart.
    static void add(std::uint16_t& count) { count = static_cast<std::uint16_t>(count + (count != 0xffff ? 1 : 0)); }

    const Slices& slices_;
    std::uint32_t first_;
    std::uint64_t neurons_;
    const std::vector<std::uint64_t>& offsets_;
    std::uint64_t source_ = 0;
    std::size_t target_ = 0;
    std::vector<std::uint16_t> counts_;
    std::uint64_t first_neuron_ = 0;
    std::vector<std::uint64_t> onto_; ///< by neuron: synapses onto it
};

/// What a slice hears.
struct Input {
    std::vector<std::uint32_t> sources; ///< slices, ascending
    std::uint64_t row_words = 0;        ///< of SDRAM
    std::uint64_t longest_row = 0;      ///< synapses
    std::uint64_t fan_in = 0;           ///< most synapses of a neuron
    double synapses = 0.0;
    double events = 0.0, packets = 0.0; ///< a second
};

/// The rows of a slice, from the counts of its sources.
Input input_from(const Slices& slices, const std::vector<std::uint64_t>& offsets, const Rates& rates,
                 const std::uint16_t* counts) {
    Input input;
    for (std::size_t p = 0; p < slices.populations(); ++p) {
        std::uint64_t total = 0;
        for (std::uint32_t s = slices.first(p); s < slices.first(p + 1); ++s) {
            const std::uint16_t* const begin = counts + offsets[p] + slices.begin(s);
            const std::uint16_t* const end = counts + offsets[p] + slices.end(s);
            std::uint64_t sum = 0;
            std::uint16_t most = 0;
            for (const std::uint16_t* c = begin; c != end; ++c) {
                sum += *c;
                most = std::max(most, *c);
            }
            if (sum == 0) continue;
            input.sources.push_back(s);
            input.row_words += static_cast<std::uint64_t>(end - begin) * (row_header + most);
            input.longest_row = std::max<std::uint64_t>(input.longest_row, most);
            input.packets += rates.hz[p] * static_cast<double>(end - begin);
            total += sum;
        }
        input.events += rates.hz[p] * static_cast<double>(total);
        input.synapses += static_cast<double>(total);
    }
    return input;
}

/// The same from the laws of the rules. Whether a slice hears another is drawn with the probability that it does, so
/// that sparse networks keep the number of their destinations.
Input input_expected(const Context& context, const Slices& slices, std::uint32_t slice) {
    Input input;
    const std::size_t p = slices.population(slice);
    const auto atoms = static_cast<double>(slices.end(slice) - slices.begin(slice));
    const Key key = make_key(context.experiment.simulation.seed, Purpose::partition, "slices that hear each other");
    std::vector<double> density(slices.populations(), 0.0); // synapses for each pair of neurons
    double onto = 0.0;                                      // each neuron
    for (const PlannedProjection& planned : context.plan.projections) {
        if (planned.target != p) continue;
        const double each = planned.rule->expected_synapses() / static_cast<double>(slices.size(p));
        density[planned.source] += each / static_cast<double>(slices.size(planned.source));
        onto += each;
    }
    input.fan_in = static_cast<std::uint64_t>(std::ceil(onto));
    for (std::size_t q = 0; q < slices.populations(); ++q) {
        if (!(density[q] > 0.0)) continue;
        const double row = density[q] * atoms;
        for (std::uint32_t s = slices.first(q); s < slices.first(q + 1); ++s) {
            const auto from = static_cast<double>(slices.end(s) - slices.begin(s));
            const double u = static_cast<double>(draw64(key, slice, s) >> 11) * 0x1p-53;
            if (!(u < -math::expm1(-row * from))) continue;
            const auto most = static_cast<std::uint64_t>(std::ceil(row + 3.0 * std::sqrt(row)));
            input.sources.push_back(s);
            input.row_words += static_cast<std::uint64_t>(from) * (row_header + most);
            input.longest_row = std::max(input.longest_row, most);
            input.packets += context.rates.hz[q] * from;
            input.events += context.rates.hz[q] * row * from;
            input.synapses += row * from;
        }
    }
    return input;
}

std::vector<Input> count_inputs(const Context& context, const Slices& slices,
                                const std::function<void(double, double)>& progress, double& synapses) {
    const std::size_t populations = slices.populations();
    std::vector<std::uint64_t> offsets{0};
    for (std::size_t p = 0; p < populations; ++p)
        offsets.push_back(offsets.back() + slices.size(p));
    // Groups of slices whose counts fit a buffer; few, for rules by source draw everything for each group.
    const unsigned threads = std::max(1U, context.settings.threads);
    const std::uint64_t fits = std::max<std::uint64_t>(1, (std::uint64_t{256} << 20) / threads /
                                                              (2 * std::max<std::uint64_t>(1, offsets.back())));
    const std::uint64_t least = threads > 1 ? 4 * threads : 1; // so that threads end together
    const std::uint64_t groups =
        std::max<std::uint64_t>(std::min<std::uint64_t>(least, slices.count()), (slices.count() + fits - 1) / fits);
    std::vector<std::uint32_t> begin;
    for (std::uint64_t g = 0; g <= groups; ++g)
        begin.push_back(static_cast<std::uint32_t>(g * slices.count() / groups));
    std::vector<WorkerId> group_of(slices.count());
    for (std::uint32_t g = 0; g < groups; ++g)
        std::fill(group_of.begin() + begin[g], group_of.begin() + begin[g + 1], g);
    const auto partition =
        std::make_shared<SlicePartition>(slices, std::move(group_of), static_cast<std::uint32_t>(groups));
    const NetworkPlan plan = make_plan(MPI_COMM_SELF, context.experiment, partition, 1);

    std::vector<Input> inputs(slices.count());
    std::atomic<std::uint64_t> counted{0};
    const double expected = plan.expected_synapses();
    std::atomic<unsigned> started{0};
    mapping::in_pieces(groups, threads, [&] {
        const bool tells = started++ == 0;
        return [&, tells](std::size_t g) {
            if (begin[g] == begin[g + 1]) return;
            RowCounts counts(slices, begin[g], begin[g + 1] - begin[g], offsets, context.machine.fan_in > 0);
            std::uint64_t before = 0;
            for (const PlannedProjection& planned : plan.projections) {
                counts.of(planned);
                planned.rule->enumerate(static_cast<WorkerId>(g), counts);
                counted += counts.synapses - before;
                before = counts.synapses;
                if (tells && progress) progress(static_cast<double>(counted.load()), expected);
            }
            for (std::uint32_t s = begin[g]; s < begin[g + 1]; ++s) {
                inputs[s] = input_from(slices, offsets, context.rates, counts.line_of(s));
                inputs[s].fan_in = counts.fan_in(s);
            }
        };
    });
    synapses = static_cast<double>(counted.load());
    return inputs;
}

/// Of all slices, the one that needs most.
Demand worst(std::string name, double available, std::string unit, std::string remedy) {
    return {std::move(name), 0.0, available, std::move(unit), "", std::move(remedy)};
}

} // namespace

Split split_experiment(const Experiment& experiment, const mapping::Machine& machine, const SplitSettings& settings,
                       const std::function<void(double, double)>& progress) {
    std::vector<std::uint64_t> sizes;
    for (const Population& population : experiment.populations)
        sizes.push_back(population.size);
    Context context{experiment,
                    machine,
                    settings,
                    make_plan(MPI_COMM_SELF, experiment, make_partition(experiment.simulation, sizes, 1), 1),
                    rates_of(experiment, settings.default_rate_hz),
                    {},
                    machine.clock_mhz * 1e3 * experiment.simulation.resolution_ms() * settings.slowdown,
                    1e3 / experiment.simulation.resolution_ms()};
    Split split;
    std::vector<std::string> unstated;
    for (std::size_t i = 0; i < experiment.stimuli.size(); ++i) {
        const Stimulus& stimulus = experiment.stimuli[i];
        const ModelInfo& model = *find_model(stimulus.model);
        if (model.kind != ModelInfo::Kind::generator) continue; // a current is part of its neuron
        double rate = generator_rate(stimulus.params, model);
        if (rate < 0.0) {
            rate = settings.default_rate_hz;
            unstated.push_back(stimulus.name);
        }
        const double h = experiment.simulation.resolution_ms();
        context.stimuli.push_back({static_cast<std::uint32_t>(i),
                                   population_number(experiment, stimulus.target.population), rate,
                                   static_cast<std::uint32_t>(std::max(1L, std::lround(stimulus.delay_ms / h)))});
    }

    std::vector<std::uint32_t> atoms;
    for (std::size_t p = 0; p < sizes.size(); ++p) {
        const Choice choice = choose_atoms(context, p);
        atoms.push_back(choice.atoms);
        PopulationSplit population;
        population.name = experiment.populations[p].name;
        population.neurons = sizes[p];
        population.atoms = choice.atoms;
        population.limit = choice.limit;
        population.rate_hz = context.rates.hz[p];
        population.rate_stated = context.rates.stated[p];
        if (!population.rate_stated) unstated.push_back(population.name);
        split.populations.push_back(std::move(population));
    }
    if (!unstated.empty()) {
        std::string names;
        for (std::size_t i = 0; i < std::min<std::size_t>(unstated.size(), 4); ++i)
            names += (i > 0 ? ", " : "") + unstated[i];
        if (unstated.size() > 4) names += fmt::format(" and {} more", unstated.size() - 4);
        split.notes.push_back(fmt::format("no rate is stated for {}: {:g} Hz assumed (expected_rate, or --rate)", names,
                                          settings.default_rate_hz));
    }
    split.slices = Slices(sizes, atoms);
    const Slices& slices = split.slices;

    std::vector<Input> inputs;
    const double expected = context.plan.expected_synapses();
    split.exact = expected <= settings.most_synapses;
    if (split.exact) {
        inputs = count_inputs(context, slices, progress, split.synapses);
    } else {
        split.synapses = expected;
        split.notes.push_back(fmt::format("{:.3g} synapses are more than are drawn for a mapping ({:g}): rows and "
                                          "destinations are those that the rules' laws give",
                                          expected, settings.most_synapses));
        inputs.resize(slices.count());
        mapping::in_pieces(slices.count(), std::max(1U, settings.threads), [&] {
            return [&](std::size_t s) { inputs[s] = input_expected(context, slices, static_cast<std::uint32_t>(s)); };
        });
    }

    // Vertices: slices in order, then stimuli.
    mapping::MachineGraph& graph = split.graph;
    for (std::uint32_t s = 0; s < slices.count(); ++s) {
        const std::size_t p = slices.population(s);
        SlicePart part;
        part.population = static_cast<std::uint32_t>(p);
        part.begin = slices.begin(s);
        part.end = slices.end(s);
        const AtomLimits limits = limits_of(context, p);
        const std::uint64_t n = part.end - part.begin;
        const Input& input = inputs[s];
        part.fan_in = input.fan_in;
        part.sdram_bytes = core_sdram + n * limits.state_bytes + word * input.row_words;
        double synapses = input.synapses;
        std::uint64_t heard = input.sources.size();
        double packets = input.packets, events = input.events, neurons = static_cast<double>(n);
        std::uint64_t longest = input.longest_row;
        for (const SpikingStimulus& stimulus : context.stimuli) {
            if (stimulus.target != p) continue;
            const SelectedNeurons selected(experiment.stimuli[stimulus.number].target, sizes[p]);
            const auto driven = static_cast<double>(selected.before(part.end) - selected.before(part.begin));
            if (!(driven > 0.0)) continue;
            events += stimulus.rate_hz * driven;
            longest = std::max<std::uint64_t>(longest, 1);
            if (settings.stimuli_on_core) {
                neurons += driven;
            } else {
                packets += stimulus.rate_hz * driven;
                ++heard;
                ++part.fan_in;
                synapses += driven;
                part.sdram_bytes += static_cast<std::uint64_t>(driven) * word * (row_header + 1);
            }
        }
        part.dtcm_bytes = context.programs() ? dtcm_of(limits, n, longest, heard) : synaptic_memory(synapses);
        if (!context.programs()) part.sdram_bytes = 0;
        part.packets = packets / context.steps_per_s;
        part.cycles = settings.costs.step + settings.costs.neuron * neurons +
                      (settings.costs.packet * packets + settings.costs.event * events) / context.steps_per_s;
        graph.vertices.push_back(
            {fmt::format("{}[{}:{}]", experiment.populations[p].name, part.begin, part.end), 1, part.sdram_bytes});
        split.parts.push_back(part);
        PopulationSplit& population = split.populations[p];
        ++population.cores;
        population.dtcm_bytes = std::max(population.dtcm_bytes, part.dtcm_bytes);
        population.sdram_bytes = std::max(population.sdram_bytes, part.sdram_bytes);
        population.cycles = std::max(population.cycles, part.cycles);
        population.packets = std::max(population.packets, part.packets);
    }

    // Nets of slices: the transposed lists of who hears whom.
    std::vector<std::uint64_t> fan_out(slices.count() + 1, 0);
    for (const Input& input : inputs)
        for (const std::uint32_t source : input.sources)
            ++fan_out[source + 1];
    for (std::size_t s = 0; s < slices.count(); ++s)
        fan_out[s + 1] += fan_out[s];
    std::vector<std::uint32_t> targets(fan_out.back());
    {
        std::vector<std::uint64_t> next(fan_out.begin(), fan_out.end() - 1);
        for (std::uint32_t s = 0; s < slices.count(); ++s)
            for (const std::uint32_t source : inputs[s].sources)
                targets[next[source]++] = s;
    }
    graph.sinks_begin.push_back(0);
    const auto add_net = [&](std::uint32_t source, std::span<const std::uint32_t> sinks, double rate,
                             std::uint64_t keys, std::size_t group) {
        graph.source.push_back(source);
        graph.sinks.insert(graph.sinks.end(), sinks.begin(), sinks.end());
        graph.sinks_begin.push_back(graph.sinks.size());
        graph.weight.push_back(rate);
        graph.key_bits.push_back(static_cast<std::uint8_t>(bits_for(keys)));
        graph.group.push_back(static_cast<std::uint32_t>(group));
        split.rate_hz.push_back(rate);
    };
    for (std::uint32_t s = 0; s < slices.count(); ++s) {
        if (fan_out[s] == fan_out[s + 1]) continue;
        const std::size_t p = slices.population(s);
        const std::uint64_t n = slices.end(s) - slices.begin(s);
        add_net(s, {targets.data() + fan_out[s], fan_out[s + 1] - fan_out[s]},
                context.rates.hz[p] * static_cast<double>(n), n, p);
    }
    for (const Population& population : experiment.populations)
        split.group_names.push_back(population.name);
    if (!settings.stimuli_on_core) {
        for (const SpikingStimulus& stimulus : context.stimuli) {
            const std::size_t p = stimulus.target;
            const SelectedNeurons selected(experiment.stimuli[stimulus.number].target, sizes[p]);
            const std::string& name = experiment.stimuli[stimulus.number].name;
            const std::size_t group = split.group_names.size();
            split.group_names.push_back(name);
            for (std::uint32_t s = slices.first(p); s < slices.first(p + 1); ++s) {
                const std::uint64_t driven = selected.before(slices.end(s)) - selected.before(slices.begin(s));
                if (driven == 0) continue;
                SlicePart part;
                part.population = static_cast<std::uint32_t>(p);
                part.stimulus = stimulus.number;
                part.begin = slices.begin(s);
                part.end = slices.end(s);
                if (context.programs()) {
                    part.dtcm_bytes = program_bytes + driven * 4 * word;
                    part.sdram_bytes = core_sdram + driven * 4 * word;
                }
                part.cycles = settings.costs.step + settings.costs.neuron * static_cast<double>(driven);
                const auto vertex = static_cast<std::uint32_t>(graph.vertices.size());
                graph.vertices.push_back({fmt::format("{}[{}:{}]", name, part.begin, part.end), 1, part.sdram_bytes});
                split.parts.push_back(part);
                add_net(vertex, {&s, 1}, stimulus.rate_hz * static_cast<double>(driven), driven, group);
            }
        }
    }

    for (const SlicePart& part : split.parts)
        graph.target_group.push_back(part.population);

    // What cores are asked for.
    Demand dtcm = worst(context.programs() ? "DTCM" : "synaptic memory", static_cast<double>(machine.dtcm_bytes),
                        "bytes", "use fewer neurons a core (--atoms-per-core), shorter delays or a coarser resolution");
    Demand time = worst("real time", context.cycles_in_step, "cycles a step", "");
    Demand arrivals = worst("packets into a core", static_cast<double>(packet_buffer) * settings.slowdown, "a step",
                            "use fewer neurons a core (--atoms-per-core)");
    Demand fan_in =
        worst("fan-in", machine.fan_in, "", "give neurons fewer synapses, or use a profile without this limit");
    Demand neurons = worst("neurons of a core", machine.neurons_per_core, "", "lower --atoms-per-core");
    for (std::size_t v = 0; v < split.parts.size(); ++v) {
        const SlicePart& part = split.parts[v];
        const auto raise = [&](Demand& demand, double used) {
            if (!demand.where.empty() && used <= demand.used) return;
            demand.used = used;
            demand.where = graph.vertices[v].name;
        };
        raise(dtcm, static_cast<double>(part.dtcm_bytes));
        raise(time, part.cycles);
        raise(arrivals, part.packets);
        raise(fan_in, static_cast<double>(part.fan_in));
        raise(neurons, static_cast<double>(part.end - part.begin));
    }
    if (context.cycles_in_step > 0.0)
        time.remedy = fmt::format("run {:.3g} times slower than real time (--slowdown {:.3g}), or use a coarser step",
                                  time.used / context.cycles_in_step * settings.slowdown,
                                  std::ceil(10.0 * time.used / context.cycles_in_step * settings.slowdown) / 10.0);
    if (machine.dtcm_bytes > 0) split.demands.push_back(dtcm);
    if (context.cycles_in_step > 0.0) split.demands.push_back(time);
    if (context.programs()) split.demands.push_back(arrivals);
    if (machine.fan_in > 0) split.demands.push_back(fan_in);
    if (machine.neurons_per_core > 0) split.demands.push_back(neurons);
    return split;
}

} // namespace spikecast
