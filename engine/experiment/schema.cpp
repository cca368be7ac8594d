#include "engine/experiment/schema.hpp"

#include <stdexcept>

namespace spikecast {
namespace {

constexpr KeyInfo file_keys[] = {
    {"title", "string", "\"\"", "what a report and the result file call the experiment"},
    {"include", "list of files", "[]", "merged in order before the file's own content; paths are relative to the file"},
    {"variant", "name or list", "none", "the variants to merge over the file"},
    {"constants", "table", "{}", "named quantities"},
    {"parameters", "table", "{}", "named parameter sets"},
    {"simulation", "table", "required", "time, seed, precision, distribution over processes"},
    {"populations", "table", "required", "neurons and generators by name"},
    {"projections", "list of tables", "[]", "synapses"},
    {"stimuli", "list of tables", "[]", "generators that are independent for each target"},
    {"recorders", "list of tables", "[]", "what goes to the result file"},
    {"scaling", "table", "{}", "downscaling of neurons and indegrees"},
    {"machine", "table", "none", "a SpiNNaker-like machine that the network is mapped onto and run on"},
    {"reference", "table", "{}", "published results shown beside a run's own"},
    {"variants", "table", "{}", "named changes of the file"},
};
constexpr KeyInfo simulation_keys[] = {
    {"resolution", "time (ms)", "\"0.1 ms\"", "the step; all fixed times are multiples of it"},
    {"duration", "time (ms)", "required", "biological time"},
    {"warmup", "time (ms)", "0", "part of the duration that rates and the real-time factor leave out"},
    {"seed", "integer >= 0", "1", "changes every draw"},
    {"precision", "name", "\"double\"", "`double` or `single`: state and arithmetic"},
    {"weights", "name", "\"float32\"", "`float32` or `compact` (16 bits)"},
    {"partitioner", "name or table", "\"round_robin\"",
     "`round_robin`, `block`, `random`, or a table; changes no result"},
    {"exchange", "name", "\"auto\"", "`auto`, `alltoall`, `neighbour`; changes no result"},
    {"drawing", "name", "\"auto\"", "`auto`, `redraw`, `exchange`: who draws fixed_outdegree; changes no result"},
    {"vector_width", "name", "\"auto\"",
     "`auto`, `built`, `512 bits`: registers that update neurons; changes no result"},
};
constexpr KeyInfo machine_keys[] = {
    {"target", "name", "required",
     "`mesh:WxH`, `torus:WxH`, `spin3`, `spin5`, `spin5:WxH`, `spin5-torus:WxH`, `full`, `auto`"},
    {"profile", "name", "\"spinnaker\"", "`spinnaker`, `spinnaker2`, `truenorth`, `loihi`"},
    {"cores_per_chip", "count", "the profile's", "application cores"},
    {"sdram_per_chip", "bytes", "the profile's", "as `134217728` or `\"128 MiB\"` (KiB, MiB, GiB)"},
    {"dtcm_per_core", "bytes", "the profile's", "the memory of a core"},
    {"router_entries", "count", "the profile's", "of a chip, that an application may use"},
    {"faults", "path", "none", "what is broken, relative to the experiment"},
    {"atoms_per_core", "count", "as many as fit", "neurons of a slice"},
    {"slowdown", "number", "1", "machine time over biological time, 0.001 to 1e6"},
    {"rate", "rate (Hz)", "10 Hz", "of populations whose rate isn't stated, for what is predicted of cores and links"},
    {"place", "name", "\"ours\"", "`ours`, `hilbert`, `random`"},
    {"objective", "name", "\"tree-cost\"",
     "what placing makes small: `tree-cost`, `link-load`, `table-entries`, `board-crossings`"},
    {"effort", "number", "1", "scales how long placing, keys and tables search"},
    {"route", "name", "\"steiner\"", "`steiner`, `ner`, `ldf`"},
    {"congestion_rounds", "count", "0", "times to route around busy links"},
    {"keys", "name", "\"own\"", "`own`, `index`"},
    {"minimise", "name", "\"best\"", "`best`, `ordered-covering`, `pair`, `default-routes`, `none`"},
    {"seed", "integer >= 0", "1", "of placing, routing and keys"},
    {"router", "boolean", "true", "every spike goes through the router model and acts when and where it arrives"},
    {"traffic", "table", "{}", "the router model's parameters"},
};
constexpr KeyInfo traffic_keys[] = {
    {"router_mhz", "number", "200", "a router takes one packet a cycle"},
    {"pipeline_cycles", "count", "7", "from entering a router to its outputs; 1 to 16"},
    {"link_mbit_s", "number", "250", "each direction of a link between chips, 10^6 bits a second"},
    {"board_link_mbit_s", "number", "250", "the same where it joins two boards"},
    {"board_latency_ns", "number", "300", "what crossing to another board takes longer"},
    {"output_buffer", "count", "2", "packets at each output"},
    {"input_buffer", "count", "2", "packets at each input"},
    {"wait_cycles", "count", "480", "how long a router tries a blocked packet"},
    {"emergency_routing", "boolean", "false", "blocked packets go round two sides of the triangle"},
    {"emergency_wait_cycles", "count", "480", "how long both ways are tried then"},
    {"reinject", "boolean", "false", "a monitor core sends dropped packets again"},
    {"reinject_queue", "count", "4096", "packets that it can hold"},
    {"reinject_interval_us", "number", "10", "between two packets that it sends"},
    {"phase_ms", "number", "0", "period of the time phase; packets of the last but one are dropped; 0: none are"},
    {"payload", "boolean", "false", "packets have 72 bits, with a word of payload, instead of 40"},
    {"link_pj_per_bit", "number", "25", "energy of a bit over a link"},
    {"chip_idle_w", "number", "0.36", "power of an idle chip"},
    {"chip_busy_w", "number", "1", "power of a chip with all cores at work"},
    {"board_fpgas_w", "number", "1.755", "power of a board's serial links, on machines of several boards"},
};
constexpr KeyInfo partitioner_keys[] = {
    {"kind", "name", "required", "`round_robin`, `block` or `random`"},
    {"seed", "integer >= 0", "0", "of `random`"},
};
constexpr KeyInfo population_keys[] = {
    {"model", "name", "required", "a neuron or generator (`spikecast models`)"},
    {"size", "count", "required", "up to 2^40"},
    {"like", "name", "none", "take all keys from that population, then change what is given here"},
    {"params", "parameters", "{}", "what differs from the model's defaults; name of a set, table, or list of both"},
    {"init", "table of laws", "{}", "initial state variables"},
    {"positions", "table", "none", "places in 2 or 3 dimensions"},
    {"morphology", "table", "none", "of model cable_neuron: the tree of compartments, the same for all neurons"},
    {"rate", "rate (Hz)", "none", "full-scale mean rate, for the compensation of [scaling]"},
    {"expected_rate", "rate (Hz)", "reference rate, or `rate`",
     "mean rate that predictions and dry runs assume; changes no result"},
};
constexpr KeyInfo position_keys[] = {
    {"extent", "list of lengths (um)", "required", "sides of the box, 2 or 3"},
    {"centre", "list of lengths (um)", "0", "of the box"},
    {"grid", "list of counts", "none", "cells along each axis, the first fastest; without it positions are drawn"},
    {"periodic", "boolean", "false", "distances wrap around the box"},
};
constexpr KeyInfo morphology_keys[] = {
    {"sections", "list of tables", "this or swc", "unbranched pieces of the tree"},
    {"swc", "path", "this or sections", "an SWC file, relative to the experiment"},
    {"regions", "table", "{}", "with swc: properties of the membrane of `soma`, `axon`, `dend`, `apic`, `other`"},
    {"d_lambda", "number", "0.1", "longest compartment, in length constants at `frequency`"},
    {"frequency", "rate (Hz)", "100 Hz", "of the d_lambda rule"},
    {"sites", "list of tables", "[]", "synapses: the receptors of the neuron"},
    {"spikes_at", "place", "middle of the root", "where V_th is watched: \"dend(0.25)\", or \"dend\" for its middle"},
    {"current_at", "place", "middle of the root", "where I_e and currents of stimuli enter"},
    {"R_a", "resistivity (ohm cm)", "100", "default of all sections, as are the keys below"},
    {"c_m", "capacitance (uF/cm^2)", "1", ""},
    {"g_leak", "conductance (mS/cm^2)", "0.1", ""},
    {"e_leak", "potential (mV)", "-65", ""},
    {"g_Na", "conductance (mS/cm^2)", "0", "Hodgkin and Huxley's sodium channels; 120 in the squid's axon"},
    {"g_K", "conductance (mS/cm^2)", "0", "potassium channels; 36 in the squid's axon"},
};
constexpr KeyInfo section_keys[] = {
    {"name", "name", "required", "letters, digits and _"},
    {"parent", "name", "none: the root", "the section that it grows from"},
    {"parent_at", "number", "1", "where on the parent, from 0 (begin) to 1 (end)"},
    {"length", "length (um)", "required", ""},
    {"diameter", "length (um) or two", "required", "of a cylinder; [begin, end] of a cone"},
    {"compartments", "count", "by d_lambda", "of equal length"},
    {"R_a", "resistivity (ohm cm)", "the morphology's", "as are all below"},
    {"c_m", "capacitance (uF/cm^2)", "", ""},
    {"g_leak", "conductance (mS/cm^2)", "", ""},
    {"e_leak", "potential (mV)", "", ""},
    {"g_Na", "conductance (mS/cm^2)", "", ""},
    {"g_K", "conductance (mS/cm^2)", "", ""},
};
constexpr KeyInfo membrane_keys[] = {
    {"R_a", "resistivity (ohm cm)", "the morphology's", "as are all below"},
    {"c_m", "capacitance (uF/cm^2)", "", ""},
    {"g_leak", "conductance (mS/cm^2)", "", ""},
    {"e_leak", "potential (mV)", "", ""},
    {"g_Na", "conductance (mS/cm^2)", "", ""},
    {"g_K", "conductance (mS/cm^2)", "", ""},
};
constexpr KeyInfo region_keys[] = {
    {"soma", "table", "{}", "type 1 of SWC"},           {"axon", "table", "{}", "type 2"},
    {"dend", "table", "{}", "type 3, basal dendrites"}, {"apic", "table", "{}", "type 4, apical dendrites"},
    {"other", "table", "{}", "all other types"},
};
constexpr KeyInfo site_keys[] = {
    {"name", "name", "required", "what projections and stimuli give as `receptor`"},
    {"at", "place", "required", "\"dend(0.25)\", or \"dend\" for its middle"},
    {"tau_syn", "time (ms)", "2 ms", "decay time"},
    {"E_rev", "potential (mV)", "none", "with it weights are conductances (nS), without it currents (pA)"},
};
constexpr KeyInfo projection_keys[] = {
    {"name", "string", "\"source->target\"",
     "identifies the draws; with several pairs, \":source->target\" is appended"},
    {"source", "selection or list", "required", "one projection is made for each pair"},
    {"target", "selection or list", "required", ""},
    {"rule", "name or table", "required", "how pairs are connected"},
    {"weight", "law", "1", "in the unit of the target's receptor"},
    {"delay", "law (ms) or table", "1 ms",
     "at least one step; drawn delays are rounded to steps; a table { axonal, dendritic } gives its parts"},
    {"receptor", "name or number", "by sign", "a receptor of the target's model"},
    {"synapse", "name or table", "static", "a model of plastic synapses (`spikecast models`); a table has parameters"},
    {"normalise", "table", "none", "weights of each target's plastic synapses are scaled to a sum, again and again"},
    {"initial_weights", "table", "none", "plastic synapses begin with the weights of another run's end"},
};
constexpr KeyInfo initial_weights_keys[] = {
    {"file", "path", "required", "its result file, relative to the experiment; of the same synapses, all recorded"},
    {"projection", "name", "the projection's own", "whose weights in the file"},
};
constexpr KeyInfo normalise_keys[] = {
    {"sum", "quantity", "required", "of the amounts of a target's weights, in the unit of the weight; > 0"},
    {"interval", "time (ms)", "required", "between normalisations, the first one interval after the begin"},
};
constexpr KeyInfo synapse_keys[] = {
    {"model", "name", "required", "a synapse model; all other keys are its parameters"},
};
constexpr KeyInfo delay_part_keys[] = {
    {"axonal", "law (ms)", "0 ms", "from the source's spike to the synapse"},
    {"dendritic", "law (ms)", "0 ms", "from the synapse to the target, and from the target's spike to the synapse"},
};
constexpr KeyInfo selection_keys[] = {
    {"population", "name", "required", ""},
    {"slice", "[begin, end] or [begin, end, step]", "all", "begin <= index < end, from 0"},
    {"indices", "list of indices", "none", "ascending, distinct"},
};
constexpr KeyInfo rule_keys[] = {
    {"one_to_one", "true", "", "i to i; as a string, \"one_to_one\""},
    {"all_to_all", "true", "", "every pair; as a string, \"all_to_all\""},
    {"fixed_indegree", "count", "", "sources drawn for each target"},
    {"fixed_outdegree", "count", "", "targets drawn for each source"},
    {"fixed_total_number", "count or table", "",
     "pairs drawn; { probability = C } means ln(1-C)/ln(1-1/(N_pre N_post)), rounded"},
    {"pairwise_bernoulli", "probability or table", "",
     "each pair once with the probability, which can depend on distance"},
    {"pairwise_poisson", "number", "", "mean synapses of each pair"},
    {"symmetric_pairwise_bernoulli", "probability", "", "each unordered pair, in both directions or none"},
    {"explicit_list", "table", "", "synapses from a file"},
    {"allow_autapses", "boolean", "true", "a neuron to itself (symmetric: false)"},
    {"allow_multapses", "boolean", "true", "a pair more than once (fixed_* only)"},
};
constexpr KeyInfo total_keys[] = {{"probability", "probability", "required", "that a pair has at least one synapse"}};
constexpr KeyInfo kernel_keys[] = {
    {"constant", "probability", "1 without another", "p0 inside the mask"},
    {"gaussian", "table", "none", "{ p0, sigma }: p0 exp(-d^2 / (2 sigma^2)), sigma in um"},
    {"exponential", "table", "none", "{ p0, lambda }: p0 exp(-d / lambda), lambda in um"},
    {"mask", "table", "none", "{ ball = radius } or { box = [half width along each axis] }, in um"},
};
constexpr KeyInfo gaussian_keys[] = {{"p0", "probability", "1", ""}, {"sigma", "length (um)", "required", ""}};
constexpr KeyInfo exponential_kernel_keys[] = {{"p0", "probability", "1", ""},
                                               {"lambda", "length (um)", "required", ""}};
constexpr KeyInfo mask_keys[] = {{"ball", "length (um)", "none", ""}, {"box", "list of lengths (um)", "none", ""}};
constexpr KeyInfo list_keys[] = {
    {"file", "path", "required",
     "CSV (source,target[,weight,delay] under a header line) or HDF5, relative to the experiment"},
    {"dataset", "string", "\"\"", "HDF5: the group that holds the columns"},
};
constexpr KeyInfo array_keys[] = {
    {"file", "path", "required", "HDF5, relative to the experiment"},
    {"dataset", "string", "required but for NPY and IDX",
     "one number for each neuron, in the parameter's unit; encoders: samples; injectors: a group of spikes"},
};
constexpr KeyInfo law_keys[] = {
    {"constant", "quantity", "", "always the same"},
    {"uniform", "[low, high] or table", "", "{ low, high }"},
    {"normal", "[mean, std] or table", "", "{ mean, std } or { mean, std_relative }"},
    {"lognormal", "[mu, sigma] or table", "", "{ mu, sigma } of the logarithm of the number in its unit"},
    {"exponential", "mean or table", "", "{ mean }"},
    {"low", "quantity", "none", "lower bound"},
    {"high", "quantity", "none", "upper bound"},
    {"outside", "name", "\"redraw\"", "`redraw` or `clip`"},
    {"sign_kept", "boolean", "false", "bounds the law at 0 on the side of its mean"},
    {"per_distance", "time per length (ms/um)", "0", "delays only: added for each um between the neurons"},
};
constexpr KeyInfo uniform_keys[] = {{"low", "quantity", "required", ""}, {"high", "quantity", "required", ""}};
constexpr KeyInfo normal_keys[] = {{"mean", "quantity", "required", ""},
                                   {"std", "quantity", "this or std_relative", ""},
                                   {"std_relative", "number", "this or std", "in units of |mean|"}};
constexpr KeyInfo lognormal_keys[] = {{"mu", "number", "required", ""}, {"sigma", "number", "required", ""}};
constexpr KeyInfo exponential_keys[] = {{"mean", "quantity", "required", ""}};
constexpr KeyInfo stimulus_keys[] = {
    {"name", "string", "\"model->target\"", "identifies the draws"},
    {"model", "name", "required", "a generator"},
    {"target", "selection or list", "required", "numbers below can be lists that go by target"},
    {"params", "parameters", "{}", "of the generator"},
    {"weight", "law", "1", "in the unit of the target's receptor"},
    {"delay", "time (ms)", "one step", ""},
    {"receptor", "name or number", "by sign", "by the sign of each target's weight, unless it is named"},
    {"start", "time (ms)", "0", "active for spikes in (start, stop]"},
    {"stop", "time (ms)", "inf", ""},
};
constexpr KeyInfo recorder_keys[] = {
    {"spikes", "selection or list", "one of three", "record spikes of these"},
    {"variables", "list of names", "one of three", "record these state variables"},
    {"weights", "name or list", "one of three",
     "record weights of these plastic projections, at the end of the run at least"},
    {"of", "selection or list", "required with variables", "whose variables"},
    {"interval", "time (ms)", "every step",
     "between values of variables; with weights: between looks, by default only at the end"},
    {"changes", "boolean", "false",
     "with weights and interval: of each look only those that changed since the one before"},
    {"sample", "count", "all", "so many neurons of each selection, or synapses, evenly spaced"},
    {"start", "time (ms)", "0", ""},
    {"stop", "time (ms)", "inf", ""},
};
constexpr KeyInfo scaling_keys[] = {
    {"N", "number > 0", "1", "factor of population sizes"},
    {"K", "number > 0", "1", "factor of indegrees"},
};
constexpr KeyInfo reference_keys[] = {
    {"source", "string", "\"\"", "the paper or derivation"},
    {"rates", "table (Hz)", "{}", "mean rate by population"},
};

constexpr TableInfo tables[] = {
    {"file", "The top of the file.", file_keys},
    {"[constants]", "Quantities by name; any other quantity can use them, in any order.", {}, true},
    {"[parameters.NAME]", "A parameter set that populations and stimuli name in `params`.", {}, true},
    {"[simulation]", "", simulation_keys},
    {"partitioner", "The partitioner as a table.", partitioner_keys},
    {"[machine]",
     "The network runs mapped (docs/mapping.md): the mapping is the partition, and `precision` and `weights` are "
     "`single` "
     "and `compact` unless the file says otherwise. The step is 1 ms or 0.1 ms.",
     machine_keys},
    {"traffic", "", traffic_keys},
    {"[populations.NAME]", "Neurons, or generators whose trains are sources.", population_keys},
    {"positions", "Places of a population's neurons.", position_keys},
    {"morphology",
     "Trees of model cable_neuron. Sections of an SWC file are its unbranched pieces, named by region: `soma`, "
     "`dend_0`, "
     "`dend_1` and so on in the order of the file.",
     morphology_keys},
    {"section", "", section_keys},
    {"regions", "", region_keys},
    {"membrane", "Properties of one region.", membrane_keys},
    {"site", "", site_keys},
    {"[[projections]]",
     "Any number in rule, weight and delay can be a matrix (rows are targets, columns are sources) or a list that goes "
     "by "
     "source. A zero count or probability makes no projection.",
     projection_keys},
    {"initial_weights", "Synapses are the same where populations, rule, delay, projection's name and seed are.",
     initial_weights_keys},
    {"synapse", "A synapse model with parameters; one set for the whole projection.", synapse_keys, true},
    {"normalise", "Of plastic synapses: each projection by itself (docs/plasticity.md).", normalise_keys},
    {"delay parts",
     "At least one of the two is the same for all synapses; the other can be a constant, uniform or normal law. Their "
     "sum is at least one step. A delay without parts is all dendritic.",
     delay_part_keys},
    {"selection", "A population's name, or a table for a part of it.", selection_keys},
    {"rule", "Exactly one of the laws, and where they make sense the allowances.", rule_keys},
    {"fixed_total_number", "", total_keys},
    {"pairwise_bernoulli", "A probability over distance; both populations need positions.", kernel_keys},
    {"gaussian", "", gaussian_keys},
    {"exponential (distance)", "", exponential_kernel_keys},
    {"mask", "", mask_keys},
    {"explicit_list", "", list_keys},
    {"array", "Numbers from a file: a parameter's, one for each neuron; an encoder's samples; an injector's spikes.",
     array_keys},
    {"law", "A quantity, or a table with exactly one of the first five keys.", law_keys},
    {"uniform", "", uniform_keys},
    {"normal", "", normal_keys},
    {"lognormal", "", lognormal_keys},
    {"exponential", "", exponential_keys},
    {"[[stimuli]]", "", stimulus_keys},
    {"[[recorders]]", "", recorder_keys},
    {"[scaling]",
     "Sizes are multiplied by N, indegrees by K (total numbers by N K, probabilities by K / N), weights of projections "
     "and "
     "Poisson stimuli by 1/sqrt(K), rates of Poisson stimuli by K; I_e of each target gains the (1 - sqrt(K)) part of "
     "its "
     "full-scale mean input, for which every source population gives its `rate`.",
     scaling_keys},
    {"[reference]", "", reference_keys},
    {"[variants.NAME]",
     "The content is merged over the file; a key `variant` names variants to merge before.",
     {},
     true},
};

} // namespace

const KeyInfo* TableInfo::find(std::string_view key) const noexcept {
    for (const KeyInfo& k : keys)
        if (k.name == key) return &k;
    return nullptr;
}

std::span<const TableInfo> schema() {
    return tables;
}

const TableInfo& schema_table(std::string_view name) {
    for (const TableInfo& t : tables)
        if (t.name == name) return t;
    throw std::logic_error("no table of that name in the schema: " + std::string(name));
}

std::string schema_markdown() {
    std::string out;
    for (const TableInfo& t : tables) {
        ((out += "### `") += t.name) += "`\n\n";
        if (!t.doc.empty()) (out += t.doc) += "\n\n";
        if (t.keys.empty()) continue;
        out += "| key | value | default | meaning |\n|---|---|---|---|\n";
        for (const KeyInfo& k : t.keys) {
            (((((((out += "| `") += k.name) += "` | ") += k.type) += " | ") += k.default_value) += " | ") += k.doc;
            out += " |\n";
        }
        out += '\n';
    }
    return out;
}

} // namespace spikecast
