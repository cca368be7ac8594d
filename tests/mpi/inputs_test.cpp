// What a neuron receives in one step: sums of compact weights that 32 bits can't hold, and stimuli of both signs.
#include "engine/experiment/reader.hpp"
#include "engine/network/plan.hpp"
#include "partitioners/partitioners.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/error.hpp"
#include "spikecast/random.hpp"
#include "spikecast/simulation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace spikecast {
namespace {

void add_population(Experiment& e, const char* name, const char* model, std::uint64_t size,
                    ParameterValues params = {}) {
    e.populations.push_back(
        {.name = name, .model = model, .size = size, .params = std::move(params), .init = {}, .positions = {}});
}

/// Weight 1, delay 1 ms.
Projection& connect(Experiment& e, const char* source, const char* target, Rule::Kind rule, std::uint64_t number = 0) {
    Projection p;
    p.name = std::string(source) + "->" + target;
    p.source.population = source;
    p.target.population = target;
    p.rule.kind = rule;
    p.rule.number = number;
    e.projections.push_back(p);
    return e.projections.back();
}

/// `spikes` spikes at 1 ms.
ParameterValues volley(std::size_t spikes) {
    return {{"spike_times", std::vector<double>(spikes, 1.0)}};
}

/// One source onto one neuron that never spikes, 1 mV a spike. 1 mV is 2^14 units of a compact weight, so 2^17 spikes
/// are 2^31 units.
Experiment onto_one(const char* source, ParameterValues params) {
    Experiment e;
    e.simulation.duration_steps = 100;
    e.simulation.seed = 8;
    e.simulation.weights = WeightFormat::compact;
    add_population(e, "G", source, 1, std::move(params));
    add_population(e, "N", "iaf_psc_delta", 1,
                   {{"E_L", Distribution::constant(0.0)},
                    {"V_reset", Distribution::constant(0.0)},
                    {"V_th", Distribution::constant(1e9)}});
    connect(e, "G", "N", Rule::Kind::all_to_all);
    return e;
}

/// The potential after some steps; rank 0 only.
std::vector<double> potential(const Experiment& e, std::int64_t steps) {
    Simulation simulation(e, {});
    simulation.run_steps(steps);
    return simulation.state("N", "V_m");
}

/// V jumps by exactly the number of spikes at 2 ms.
void expect_jump(Experiment e, std::int64_t steps, double expected) {
    for (const WeightFormat weights : {WeightFormat::compact, WeightFormat::float32}) {
        e.simulation.weights = weights;
        const auto v = potential(e, steps);
        if (!v.empty()) { // rank 0
            EXPECT_EQ(v[0], expected) << (weights == WeightFormat::compact ? "compact" : "float32");
        }
    }
}

TEST(CompactWeights, a_source_that_spikes_many_times_in_a_step_cannot_overflow) {
    for (const std::size_t spikes : {131071U, 131072U, 131073U, 393216U}) // around 2^31 units, and beyond 2^32
        expect_jump(onto_one("spike_generator", volley(spikes)), 20, static_cast<double>(spikes));
}

TEST(CompactWeights, parrots_that_multiply_spikes_cannot_overflow) {
    Experiment e = onto_one("parrot_neuron", {});
    add_population(e, "volley", "spike_generator", 1, volley(512));
    connect(e, "volley", "G", Rule::Kind::fixed_indegree, 256); // 2^9 * 2^8 spikes
    expect_jump(e, 30, 131072.0);
}

TEST(CompactWeights, poisson_sources_cannot_overflow) {
    // The most that can be asked for: 1e5 spikes a step on average, so two sources exceed 2^17. One step of input.
    Experiment e =
        onto_one("poisson_generator", {{"rate", Distribution::constant(1e9)}, {"stop", Distribution::constant(0.1)}});
    e.populations[0].size = 2;
    const auto compact = potential(e, 11);
    e.simulation.weights = WeightFormat::float32; // sums of ones in double, which are exact
    const auto exact = potential(e, 11);
    EXPECT_EQ(compact, exact);
    if (!compact.empty()) {
        EXPECT_GT(compact[0], 131072.0);
    }
}

TEST(CompactWeights, an_indegree_beyond_32_bits_is_fine) {
    Experiment e = onto_one("spike_generator", volley(1));
    e.projections[0].rule.kind = Rule::Kind::fixed_indegree;
    e.projections[0].rule.number = 131072;
    expect_jump(e, 20, 131072.0);
}

bool wide(const Experiment& given) {
    Experiment e = given;
    validate(e);
    std::vector<std::uint64_t> sizes;
    for (const Population& population : e.populations)
        sizes.push_back(population.size);
    return make_plan(MPI_COMM_SELF, e, make_partition(e.simulation, sizes, 1), 1).wide_sums;
}

TEST(CompactWeights, sums_are_wide_only_where_a_bound_asks_for_it) {
    EXPECT_FALSE(wide(onto_one("spike_generator", volley(65535)))); // half of 2^31 units, less one spike
    EXPECT_TRUE(wide(onto_one("spike_generator", volley(65536))));
    EXPECT_FALSE(wide(onto_one("poisson_generator", {{"rate", Distribution::constant(1e4)}})));
    EXPECT_TRUE(wide(onto_one("poisson_generator", {{"rate", Distribution::uniform(0.0, 1e9)}})));
    // A file isn't read for this, so its rates may be anything. It needn't exist before it is drawn from.
    EXPECT_EQ(wide(onto_one("parrot_neuron", {})), false) << "nothing reaches it";
    Experiment loop = onto_one("parrot_neuron", {});
    connect(loop, "G", "G", Rule::Kind::one_to_one);
    EXPECT_TRUE(wide(loop));
    Experiment relayed = onto_one("parrot_neuron", {});
    Stimulus stimulus;
    stimulus.name = "background";
    stimulus.model = "poisson_generator";
    stimulus.target.population = "G";
    stimulus.params = {{"rate", Distribution::constant(1e4)}};
    relayed.stimuli.push_back(stimulus);
    EXPECT_FALSE(wide(relayed));
    relayed.projections[0].rule = {
        .kind = Rule::Kind::fixed_indegree, .number = 20000, .kernel = {}, .file = {}, .dataset = {}};
    EXPECT_TRUE(wide(relayed)); // Poisson of mean 1, so up to a dozen spikes through each of 20,000 synapses
    // Neurons spike once: the microcircuit keeps the narrow sums, which are the fast ones.
    EXPECT_FALSE(wide(read_experiment(std::string(SPIKECAST_SOURCE_DIR) + "/experiments/microcircuit_pd14.toml")));
    relayed.simulation.weights = WeightFormat::float32;
    EXPECT_FALSE(wide(relayed));
}

/// In single precision a sum of ones ends at 2^24: every rank stops, with the population's name.
TEST(Parrot, spikes_beyond_what_is_countable_are_an_error_on_every_rank) {
    Experiment e = onto_one("parrot_neuron", {});
    e.simulation.precision = Precision::single_precision;
    add_population(e, "volley", "spike_generator", 1, volley(4096));
    connect(e, "volley", "G", Rule::Kind::fixed_indegree, 4096);
    for (const WeightFormat weights : {WeightFormat::compact, WeightFormat::float32}) {
        e.simulation.weights = weights;
        Simulation simulation(e, {});
        try {
            simulation.run_steps(30);
            FAIL() << "2^24 spikes were counted";
        } catch (const RunError& error) {
            EXPECT_NE(std::string(error.what()).find("population G: a parrot_neuron receives 2^24 spikes"),
                      std::string::npos)
                << error.what();
        }
    }
}

/// 300 neurons that a spike at 1 ms reaches at 2 ms, with weights of both signs under one name: from a stimulus or over
/// a projection.
Experiment both_signs(bool stimulus, const std::string& receptor, bool slice) {
    Experiment e;
    e.simulation.duration_steps = 100;
    e.simulation.seed = 21;
    add_population(e, "N", "iaf_psc_exp", 300,
                   {{"tau_syn_ex", Distribution::constant(1.0)}, {"tau_syn_in", Distribution::constant(5.0)}});
    const Distribution weight = Distribution::normal(4.0, 30.0);
    const Selection target{
        .population = "N", .begin = slice ? 7U : 0U, .end = slice ? 250U : 300U, .step = slice ? 3U : 1U, .list = {}};
    if (stimulus) {
        Stimulus s;
        s.name = "input";
        s.model = "spike_generator";
        s.target = target;
        s.params = volley(1);
        s.weight = weight;
        s.delay_ms = 1.0;
        s.receptor = receptor;
        e.stimuli.push_back(s);
    } else {
        add_population(e, "G", "spike_generator", 1, volley(1));
        Projection& p = connect(e, "G", "N", Rule::Kind::all_to_all);
        p.name = "input"; // the key of the weights, drawn at (target, 0) in both cases
        p.target = target;
        p.weight = weight;
        p.receptor = receptor;
    }
    return e;
}

std::pair<std::vector<double>, std::vector<double>> currents(const Experiment& e) {
    Simulation simulation(e, {});
    simulation.run_steps(20);
    auto ex = simulation.state("N", "I_syn_ex");
    return {std::move(ex), simulation.state("N", "I_syn_in")};
}

TEST(Stimulus, each_targets_input_goes_where_its_weights_sign_says) {
    const Key key = make_key(21, Purpose::weight, "input");
    const Sampler sampler(Distribution::normal(4.0, 30.0));
    for (const bool slice : {false, true}) {
        const auto [ex, in] = currents(both_signs(true, "", slice));
        const auto [forced_ex, forced_in] = currents(both_signs(true, "ex", slice));
        const auto [projected_ex, projected_in] = currents(both_signs(false, "", slice));
        unsigned positive = 0, negative = 0;
        for (std::size_t i = 0; i < ex.size(); ++i) { // rank 0
            const bool reached = !slice || (i >= 7 && i < 250 && (i - 7) % 3 == 0);
            const double weight = reached ? sampler(draw32(key, i, 0)) : 0.0;
            EXPECT_EQ(ex[i], std::max(weight, 0.0));
            EXPECT_EQ(in[i], std::min(weight, 0.0));
            EXPECT_EQ(forced_ex[i], weight);
            EXPECT_EQ(forced_in[i], 0.0);
            // weights of projections are stored as float32: half an ulp of 24 bits
            EXPECT_NEAR(projected_ex[i], ex[i], std::abs(weight) * 0x1p-24);
            EXPECT_NEAR(projected_in[i], in[i], std::abs(weight) * 0x1p-24);
            positive += weight > 0.0;
            negative += weight < 0.0;
        }
        if (!ex.empty()) {
            EXPECT_GT(positive, 20U);
            EXPECT_GT(negative, 20U);
        }
    }
}

} // namespace
} // namespace spikecast
