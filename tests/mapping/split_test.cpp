#include "engine/mapping/split.hpp"
#include "spikecast/model.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace spikecast {
namespace {

Experiment network(std::uint64_t size, double delay_ms, Rule rule) {
    Experiment e;
    e.title = "one population";
    e.simulation.duration_steps = 10;
    Population population;
    population.name = "E";
    population.model = "iaf_psc_exp";
    population.size = size;
    population.expected_rate = 5.0;
    e.populations.push_back(population);
    Projection projection;
    projection.name = "E->E";
    projection.source.population = projection.target.population = "E";
    projection.rule = rule;
    projection.delay.law = Distribution::constant(delay_ms);
    e.projections.push_back(projection);
    validate(e);
    return e;
}

Rule indegree(std::uint64_t k) {
    Rule rule;
    rule.kind = Rule::Kind::fixed_indegree;
    rule.number = k;
    return rule;
}
Rule one_to_one() {
    return {};
}

mapping::Machine board() {
    return mapping::make_machine({"spin5", "spinnaker", {}});
}

const mapping::Demand& demand(const Split& split, const std::string& name) {
    for (const mapping::Demand& d : split.demands)
        if (d.name == name) return d;
    throw std::runtime_error("no demand " + name);
}

// Ring buffers of 2^(delay bits + receptor bits + neuron bits) words of 2 bytes, which alone fills the 64 KiB of a core
// at 128 neurons, 2 receptors and 128 steps of delay; so at 100 steps slices are half as large.
TEST(Split, long_delays_make_slices_small) {
    SplitSettings settings;
    settings.slowdown = 100.0;
    const Split short_delays = split_experiment(network(2000, 0.1, indegree(10)), board(), settings);
    const Split long_delays = split_experiment(network(2000, 10.0, indegree(10)), board(), settings);
    EXPECT_EQ(short_delays.populations[0].atoms, 250U); // 8 slices of at most 256
    EXPECT_LE(long_delays.populations[0].atoms, 64U);
    EXPECT_GT(long_delays.populations[0].atoms, 32U);
    EXPECT_EQ(long_delays.populations[0].limit, "DTCM");
    EXPECT_TRUE(demand(long_delays, "DTCM").met());
    EXPECT_GE(long_delays.populations[0].dtcm_bytes, 2U << (7 + 1 + 6));
}

TEST(Split, delays_beyond_a_synaptic_word_are_refused) {
    EXPECT_THROW((void)split_experiment(network(100, 5000.0, indegree(10)), board(), {}), InputError);
}

// One to one: slice i hears itself alone, by rows of one synapse: 3 + 1 words for each source.
TEST(Split, nets_go_where_synapses_are) {
    SplitSettings settings;
    settings.atoms_per_core = 64;
    const Split split = split_experiment(network(200, 0.1, one_to_one()), board(), settings);
    ASSERT_EQ(split.graph.nets(), 4U);
    EXPECT_DOUBLE_EQ(split.synapses, 200.0);
    for (std::uint32_t n = 0; n < 4; ++n) {
        ASSERT_EQ(split.graph.sinks_of(n).size(), 1U);
        EXPECT_EQ(split.graph.sinks_of(n)[0], n);
        EXPECT_EQ(split.graph.source[n], n);
        EXPECT_EQ(split.graph.key_bits[n], n < 3 ? 6U : 3U);
        EXPECT_DOUBLE_EQ(split.graph.weight[n], 5.0 * (n < 3 ? 64.0 : 8.0));
    }
    // 8 KiB a core, a word for each parameter and variable of a neuron, and the row of each of as many sources.
    const ModelInfo& model = *find_model("iaf_psc_exp");
    const std::uint64_t neuron = 4 * (model.parameters.size() + model.variables.size());
    EXPECT_EQ(split.parts[0].sdram_bytes, 8192 + 64 * (neuron + 4 * (3 + 1)));
    EXPECT_EQ(split.parts[3].sdram_bytes, 8192 + 8 * (neuron + 4 * (3 + 1)));
}

bool asks_for(const Split& split, const std::string& name) {
    for (const mapping::Demand& d : split.demands)
        if (d.name == name) return true;
    return false;
}

// Cores of TrueNorth and Loihi run no programs: what counts are synapses of a neuron, neurons and, where the profile
// knows it, a word of memory for each synapse.
TEST(Split, profiles_without_programs_bound_fan_in_and_neurons) {
    const Experiment e = network(2000, 0.1, indegree(10));
    for (const double most : {4e9, 1.0}) { // drawn, and by the rule's law
        SplitSettings settings;
        settings.most_synapses = most;
        const Split tn = split_experiment(e, mapping::make_machine({"mesh:4x4", "truenorth", {}}), settings);
        EXPECT_EQ(tn.populations[0].atoms, 250U); // 8 slices of at most 256
        EXPECT_EQ(tn.populations[0].limit, "neurons of a core");
        EXPECT_EQ(tn.parts[0].fan_in, 10U);
        EXPECT_DOUBLE_EQ(demand(tn, "fan-in").used, 10.0);
        EXPECT_DOUBLE_EQ(demand(tn, "fan-in").available, 256.0);
        EXPECT_DOUBLE_EQ(demand(tn, "neurons of a core").used, 250.0);
        for (const char* none : {"DTCM", "synaptic memory", "real time", "packets into a core"})
            EXPECT_FALSE(asks_for(tn, none)) << none;
        for (const mapping::Vertex& v : tn.graph.vertices)
            EXPECT_EQ(v.sdram_bytes, 0U);
        const Split loihi = split_experiment(e, mapping::make_machine({"mesh:1x1", "loihi", {}}), settings);
        EXPECT_EQ(loihi.populations[0].atoms, 1000U);
        EXPECT_NEAR(demand(loihi, "synaptic memory").used, 4.0 * 10 * 1000, 4.0);
        EXPECT_TRUE(demand(loihi, "synaptic memory").met());
    }
    SplitSettings settings;
    settings.atoms_per_core = 300;
    const Split asked = split_experiment(e, mapping::make_machine({"mesh:4x4", "truenorth", {}}), settings);
    EXPECT_FALSE(demand(asked, "neurons of a core").met());
    const Split dense =
        split_experiment(network(2000, 0.1, indegree(300)), mapping::make_machine({"mesh:4x4", "truenorth", {}}), {});
    EXPECT_FALSE(demand(dense, "fan-in").met());
    EXPECT_FALSE(asks_for(split_experiment(e, board(), {}), "fan-in"));
}

// Loihi's core holds 2^15 synapses of a word each, so 32 neurons of 1000 synapses.
TEST(Split, synapses_of_a_core_that_holds_them_bound_its_neurons) {
    const Split split =
        split_experiment(network(3200, 0.1, indegree(1000)), mapping::make_machine({"mesh:2x2", "loihi", {}}), {});
    EXPECT_EQ(split.populations[0].atoms, 32U);
    EXPECT_EQ(split.populations[0].limit, "synaptic memory");
    EXPECT_TRUE(demand(split, "synaptic memory").met());
}

// 100,000 neurons with a synapse each: a slice of a neurons hears a^2 / 100,000 of all slices, as long as that is a
// small part, and so a^2 r packets a second, at 10 Hz and 1 ms a^2 / 100 a step. 256 can wait: at most 160 neurons, or
// some more, as two synapses may come from one slice. Real time would allow 184.
TEST(Split, packets_into_a_core_make_slices_small) {
    Experiment e = network(100'000, 1.0, indegree(1));
    e.simulation.resolution_ps = 1'000'000'000;
    e.populations[0].expected_rate = 10.0;
    const Split split = split_experiment(e, board(), {});
    EXPECT_EQ(split.populations[0].limit, "packets into a core");
    EXPECT_GE(split.populations[0].atoms, 155U);
    EXPECT_LE(split.populations[0].atoms, 184U);
}

// The law gives what drawing gives: here every slice hears every other, and mean row lengths are large.
TEST(Split, expected_rows_are_close_to_drawn_ones) {
    SplitSettings settings;
    settings.atoms_per_core = 100;
    const Experiment e = network(2000, 0.1, indegree(800));
    const Split drawn = split_experiment(e, board(), settings);
    settings.most_synapses = 1.0;
    const Split expected = split_experiment(e, board(), settings);
    EXPECT_TRUE(drawn.exact);
    EXPECT_FALSE(expected.exact);
    EXPECT_EQ(drawn.graph.sinks, expected.graph.sinks);
    // Rows have 40 synapses with a deviation of sqrt(40 x 0.95); the longest of 100 is 2.5 deviations above the mean
    // (the expected largest of 100 normal numbers), the law takes 3: within 0.5 x 6.2 of 43 + 15.5 words.
    const auto a = static_cast<double>(drawn.populations[0].sdram_bytes);
    const auto b = static_cast<double>(expected.populations[0].sdram_bytes);
    EXPECT_NEAR(a / b, 1.0, 0.08);
    EXPECT_NEAR(drawn.populations[0].cycles / expected.populations[0].cycles, 1.0, 0.01);
}

TEST(Split, is_the_same_for_every_number_of_threads) {
    SplitSettings settings;
    const Experiment e = network(1000, 1.0, indegree(50));
    const Split one = split_experiment(e, board(), settings);
    settings.threads = 3;
    const Split three = split_experiment(e, board(), settings);
    EXPECT_EQ(one.graph.sinks, three.graph.sinks);
    EXPECT_EQ(one.graph.sinks_begin, three.graph.sinks_begin);
    for (std::size_t v = 0; v < one.parts.size(); ++v)
        EXPECT_EQ(one.parts[v].sdram_bytes, three.parts[v].sdram_bytes);
}

// At 0.1 ms a core at 200 MHz has 20,000 cycles a step; with 5000 sources at 5 Hz each slice hears 2.5 packets a step,
// which cost 400 cycles each by default: at half the costs' sum it fits, at a thousandth of real time it can't.
TEST(Split, names_the_slowdown_that_real_time_needs) {
    SplitSettings settings;
    settings.slowdown = 0.01;
    const Split split = split_experiment(network(5000, 0.1, indegree(500)), board(), settings);
    const mapping::Demand& time = demand(split, "real time");
    EXPECT_FALSE(time.met());
    EXPECT_DOUBLE_EQ(time.available, 200.0);
    settings.slowdown = time.used / time.available * settings.slowdown * 1.001;
    settings.atoms_per_core = split.populations[0].atoms;
    EXPECT_TRUE(demand(split_experiment(network(5000, 0.1, indegree(500)), board(), settings), "real time").met());
}

} // namespace
} // namespace spikecast
