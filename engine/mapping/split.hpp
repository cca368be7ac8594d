// From an experiment to a machine graph: populations cut into slices that one core can hold and update in time, and a
// multicast net for each slice that has targets.
#pragma once

#include "engine/mapping/slices.hpp"
#include "partitioners/spinnaker/pipeline.hpp"
#include "spikecast/experiment.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace spikecast {

/// What a core does in a step, in cycles of its clock. Where the defaults come from is in docs/mapping.md.
struct CoreCosts {
    double step = 1000.0;  ///< once a step: timer interrupt and what doesn't grow with neurons
    double neuron = 132.0; ///< update of a neuron
    double packet = 400.0; ///< arrival of a packet: interrupt, population table, DMA of the row
    double event = 20.0;   ///< one synapse of a row
};

struct SplitSettings {
    std::uint32_t atoms_per_core = 0; ///< neurons of a slice; 0: as many as the limits allow
    double slowdown = 1.0;            ///< machine time over biological time
    double default_rate_hz = 10.0;    ///< of populations whose rate the experiment doesn't state
    bool stimuli_on_core = false; ///< generators run with their targets; else on cores of their own, sending packets
    CoreCosts costs;
    double most_synapses = 4e9; ///< beyond, random rules are counted by their law instead of being drawn
    unsigned threads = 1;       ///< the result is the same for every number
};

struct SlicePart {
    static constexpr std::uint32_t no_stimulus = ~std::uint32_t{0};
    std::uint32_t population = 0;         ///< whose neurons they are, or, of a stimulus, are driven
    std::uint32_t stimulus = no_stimulus; ///< its number where this is a generator on a core of its own
    std::uint64_t begin = 0, end = 0;     ///< neurons of the population
    std::uint64_t dtcm_bytes = 0, sdram_bytes = 0;
    double cycles = 0.0;      ///< a step
    double packets = 0.0;     ///< arriving in a step, on average
    std::uint64_t fan_in = 0; ///< most synapses of a neuron; counted where the machine bounds them
};

struct PopulationSplit {
    std::string name;
    std::uint64_t neurons = 0;
    std::uint32_t atoms = 0, cores = 0; ///< neurons of a slice; slices
    std::string limit;                  ///< what kept a slice from being larger
    double rate_hz = 0.0;
    bool rate_stated = false;
    std::uint64_t dtcm_bytes = 0, sdram_bytes = 0; ///< of the fullest slice
    double cycles = 0.0, packets = 0.0;            ///< a step, of the busiest slice
};

struct Split {
    Slices slices;                ///< of populations
    std::vector<SlicePart> parts; ///< by vertex: the slices in order, then stimuli
    mapping::MachineGraph graph;
    std::vector<double> rate_hz; ///< by net: packets a second that it sends
    std::vector<PopulationSplit> populations;
    std::vector<std::string> group_names; ///< of the graph's groups: populations, then stimuli
    std::vector<mapping::Demand> demands; ///< DTCM, real time, packets in a step, fan-in, neurons: what is bounded
    std::vector<std::string> notes;
    double synapses = 0.0;
    bool exact = true; ///< every synapse was drawn
};

/// Collective on one rank only (MPI_COMM_SELF). progress(done, of) counts synapses and is called by one thread. Throws
/// InputError where a population can't be split (delays too long for the memory of a core, more than 2^32 slices).
[[nodiscard]] Split split_experiment(const Experiment& experiment, const mapping::Machine& machine,
                                     const SplitSettings& settings,
                                     const std::function<void(double, double)>& progress = {});

} // namespace spikecast
