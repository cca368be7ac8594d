// The C++ API, on any number of ranks.
#include "spikecast/simulation.hpp"

#include "engine/exchange/collective.hpp"

#include <gtest/gtest.h>

#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

namespace spikecast {
namespace {

Experiment chain() {
    Experiment e;
    e.title = "chain";
    e.simulation.duration_steps = 1000;
    e.populations.push_back(
        {.name = "P", .model = "parrot_neuron", .size = 10, .params = {}, .init = {}, .positions = {}});
    Stimulus stimulus;
    stimulus.name = "start";
    stimulus.model = "spike_generator";
    stimulus.target = {.population = "P", .begin = 0, .end = 1, .step = 1, .list = {}};
    stimulus.params = {{"spike_times", std::vector<double>{1.0}}};
    stimulus.delay_ms = 0.5;
    e.stimuli.push_back(stimulus);
    for (std::uint64_t i = 0; i + 1 < 10; ++i) {
        Projection p;
        p.name = "link" + std::to_string(i);
        p.source = {.population = "P", .begin = i, .end = i + 1, .step = 1, .list = {}};
        p.target = {.population = "P", .begin = i + 1, .end = i + 2, .step = 1, .list = {}};
        p.delay.law = Distribution::constant(0.3 + 0.1 * static_cast<double>(i));
        e.projections.push_back(p);
    }
    SpikeRecorder recorder;
    recorder.source.population = "P";
    e.spike_recorders.push_back(recorder);
    return e;
}

/// Parrots in a row: a spike stamped 1.0 ms reaches the first at 1.5 ms, and each link adds its delay. NEST's parrot
/// emits at the time of arrival, so stamps are sums of delays.
TEST(Simulation, spikes_travel_with_exactly_their_delays) {
    SimulationOptions options;
    options.keep_spikes = true;
    Simulation simulation(chain(), options);
    simulation.run(100.0);
    const auto spikes = simulation.spikes("P");
    if (spikes.empty()) { // complete on rank 0, empty elsewhere
        EXPECT_EQ(simulation.summary().spikes, 10U);
        return;
    }
    EXPECT_EQ(simulation.summary().spikes, 10U);
    ASSERT_EQ(spikes.size(), 10U);
    std::int64_t expected = 15;
    for (std::uint64_t i = 0; i < 10; ++i) {
        EXPECT_EQ(spikes[i], (std::pair<std::int64_t, std::uint64_t>{expected, i}));
        expected += 3 + static_cast<std::int64_t>(i);
    }
}

Experiment balanced() {
    Experiment e;
    e.title = "balanced";
    e.simulation.duration_steps = 1000;
    e.simulation.seed = 3;
    e.populations.push_back({.name = "N",
                             .model = "iaf_psc_exp",
                             .size = 200,
                             .params = {{"I_e", Distribution::constant(450.0)}},
                             .init = {{"V_m", Distribution::uniform(-70.0, -56.0)}},
                             .positions = {}});
    Projection p;
    p.name = "N->N";
    p.source.population = p.target.population = "N";
    p.rule.kind = Rule::Kind::fixed_indegree;
    p.rule.number = 20;
    p.weight = Distribution::normal(-40.0, 8.0);
    p.delay.law = Distribution::uniform(0.7, 2.0);
    e.projections.push_back(p);
    SpikeRecorder recorder;
    recorder.source.population = "N";
    e.spike_recorders.push_back(recorder);
    return e;
}

TEST(Simulation, running_in_pieces_changes_nothing) {
    Simulation whole(balanced(), {});
    whole.run_steps(1000);
    Simulation pieces(balanced(), {});
    for (const std::int64_t steps : {1, 2, 3, 94, 0, 400, 500})
        pieces.run_steps(steps);
    EXPECT_GT(whole.summary().spikes, 100U);
    EXPECT_EQ(whole.summary().spike_hash, pieces.summary().spike_hash);
}

/// A path that all ranks know and that goes away with the test.
struct SharedFile {
    std::string path;
    explicit SharedFile(const std::string& name) {
        int ranks = 1;
        MPI_Comm_size(MPI_COMM_WORLD, &ranks);
        path = (std::filesystem::temp_directory_path() / (name + std::to_string(ranks) + ".h5")).string();
    }
    ~SharedFile() {
        MPI_Barrier(MPI_COMM_WORLD);
        int rank = 0;
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        if (rank == 0) std::filesystem::remove(path);
        MPI_Barrier(MPI_COMM_WORLD);
    }
    SharedFile(const SharedFile&) = delete;
    SharedFile& operator=(const SharedFile&) = delete;
};

/// An experiment that was made in code, and changes of state between pieces.
TEST(Simulation, goes_on_from_a_checkpoint_with_other_threads_and_partitioner) {
    const SharedFile file("spikecast_simulation_");
    Simulation whole(balanced(), {});
    whole.run_steps(137);
    whole.set_state("N", "V_m", 5, -55.0);
    whole.checkpoint(file.path);
    whole.run_steps(863);
    EXPECT_EQ(whole.summary().checkpoints.written, 1U);
    EXPECT_EQ(whole.summary().checkpoints.at_ms, 13.7);

    Experiment moved = balanced();
    moved.simulation.partitioner = PartitionerKind::block;
    SimulationOptions options;
    options.threads = 2;
    options.resume = file.path;
    Simulation resumed(moved, options);
    EXPECT_EQ(resumed.now(), 137);
    resumed.run_steps(863);
    const RunSummary a = whole.summary(), b = resumed.summary();
    EXPECT_EQ(a.spike_hash, b.spike_hash);
    EXPECT_EQ(a.state_hash, b.state_hash);
    EXPECT_EQ(a.spikes, b.spikes);
    EXPECT_EQ(a.synaptic_events, b.synaptic_events);
    EXPECT_EQ(a.populations[0].rate_hz, b.populations[0].rate_hz);
    EXPECT_EQ(a.populations[0].cv, b.populations[0].cv);
    EXPECT_EQ(a.populations[0].synchrony, b.populations[0].synchrony);
    EXPECT_EQ(b.resumed_ms, 13.7);

    Experiment changed = balanced();
    changed.populations[0].params["I_e"] = Distribution::constant(451.0);
    EXPECT_THROW(Simulation(changed, options), CollectiveError); // the past would have been another
}

/// Plastic synapses, several of some pairs, with delays that differ.
Experiment learning() {
    Experiment e = balanced();
    Projection& p = e.projections[0];
    p.weight = Distribution::normal(40.0, 8.0).within(0.0, 100.0);
    p.synapse = "stdp_synapse";
    p.synapse_params = {{"Wmax", Distribution::constant(120.0)}};
    return e;
}

TEST(Simulation, weights_are_read_by_source_and_target) {
    SimulationOptions options;
    options.threads = 2;
    Simulation simulation(learning(), options);
    const std::vector<SynapseWeight> before = simulation.weights("N->N");
    simulation.run_steps(700);
    const std::vector<SynapseWeight> after = simulation.weights("N->N");
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    EXPECT_EQ(after.size(), rank == 0 ? 200U * 20U : 0U);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < after.size(); ++i) {
        EXPECT_EQ(before[i].target, i / 20); // in order
        EXPECT_EQ(std::tuple(before[i].source, before[i].target, before[i].delay_ms),
                  std::tuple(after[i].source, after[i].target, after[i].delay_ms));
        changed += before[i].weight != after[i].weight;
    }
    if (rank == 0) {
        EXPECT_GT(changed, 1000U);
    }
    // The same pair by pair, on every rank: those onto neuron 7.
    std::vector<std::uint64_t> sources(20);
    for (std::size_t i = 0; rank == 0 && i < 20; ++i)
        sources[i] = after[7 * 20 + i].source;
    MPI_Bcast(sources.data(), 20, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    for (std::size_t i = 0; i < 20;) {
        const std::vector<double> pair = simulation.weights("N->N", sources[i], 7);
        ASSERT_FALSE(pair.empty());
        for (std::size_t k = 0; k < pair.size(); ++k, ++i) {
            ASSERT_LT(i, 20U);
            if (rank == 0) {
                EXPECT_EQ(pair[k], after[7 * 20 + i].weight);
            }
        }
    }
    std::uint64_t stranger = 0;
    while (std::find(sources.begin(), sources.end(), stranger) != sources.end())
        ++stranger;
    EXPECT_TRUE(simulation.weights("N->N", stranger, 7).empty());
    EXPECT_THROW((void)simulation.weights("nothing"), RunError);
    EXPECT_THROW((void)simulation.weights("N->N", 200, 7), RunError);

    // Weights that are set are there, and count from then on: on any layout the same.
    const std::vector<double> old = simulation.weights("N->N", sources[0], 7);
    EXPECT_THROW(simulation.set_weights("N->N", sources[0], 7, std::vector<double>(old.size() + 1, 1.0)), RunError);
    EXPECT_THROW(simulation.set_weights("N->N", sources[0], 7, std::vector<double>(old.size(), -1.0)), CollectiveError);
    const std::vector<double> set(old.size(), 77.5);
    simulation.set_weights("N->N", sources[0], 7, set);
    EXPECT_EQ(simulation.weights("N->N", sources[0], 7), set);
    simulation.run_steps(300);
    Simulation other(learning(), {});
    other.run_steps(700);
    other.set_weights("N->N", sources[0], 7, set);
    other.run_steps(300);
    EXPECT_EQ(simulation.summary().weights_hash, other.summary().weights_hash);
    Simulation untouched(learning(), {});
    untouched.run_steps(1000);
    EXPECT_NE(untouched.summary().weights_hash, other.summary().weights_hash);
}

TEST(Simulation, a_request_to_stop_ends_a_run_early_with_a_checkpoint) {
    const SharedFile file("spikecast_stop_");
    int rank = 0, ranks = 1, asked = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    SimulationOptions options;
    options.checkpoint.file = file.path;
    options.stop = [&] { return rank == ranks - 1 && ++asked == 2 ? 15 : 0; }; // before the first step, then at 50 ms
    Simulation stopped(balanced(), options);
    stopped.run_steps(1000);
    EXPECT_EQ(stopped.stopped(), 15);
    EXPECT_EQ(stopped.now(), 500);
    EXPECT_EQ(stopped.summary().checkpoints.written, 1U);
    SimulationOptions more;
    more.resume = file.path;
    Simulation resumed(balanced(), more);
    resumed.run_steps(500);
    Simulation whole(balanced(), {});
    whole.run_steps(1000);
    EXPECT_EQ(resumed.summary().spike_hash, whole.summary().spike_hash);
}

TEST(Simulation, threads_change_nothing) {
    SimulationOptions two;
    two.threads = 2;
    Simulation one(balanced(), {});
    Simulation other(balanced(), two);
    one.run_steps(1000);
    other.run_steps(1000);
    EXPECT_EQ(one.summary().spike_hash, other.summary().spike_hash);
    EXPECT_EQ(one.summary().network_hash, other.summary().network_hash);
}

TEST(Simulation, another_seed_is_another_network) {
    Experiment changed = balanced();
    changed.simulation.seed = 4;
    Simulation a(balanced(), {});
    Simulation b(changed, {});
    EXPECT_NE(a.summary().network_hash, b.summary().network_hash);
}

/// Adding a population must change no draw of what was there.
TEST(Simulation, an_added_population_changes_no_other_draw) {
    Experiment more = balanced();
    more.populations.insert(
        more.populations.begin(),
        {.name = "first", .model = "iaf_psc_exp", .size = 33, .params = {}, .init = {}, .positions = {}});
    Simulation a(balanced(), {});
    Simulation b(more, {});
    a.run_steps(500);
    b.run_steps(500);
    EXPECT_EQ(a.summary().spike_hash, b.summary().spike_hash);
    EXPECT_EQ(a.summary().network_hash, b.summary().network_hash);
}

TEST(Simulation, state_is_read_back_by_index) {
    Simulation simulation(balanced(), {});
    simulation.set_state("N", "V_m", 17, -61.5);
    const auto v = simulation.state("N", "V_m");
    if (v.empty()) return; // not rank 0
    ASSERT_EQ(v.size(), 200U);
    EXPECT_EQ(v[17], -61.5);
    for (const double x : v)
        EXPECT_TRUE(x >= -70.0 && x < -56.0);
}

TEST(Simulation, an_error_is_the_same_on_every_rank) {
    Experiment wrong = balanced();
    wrong.populations[0].params["C_m"] = Distribution::constant(-1.0);
    EXPECT_ANY_THROW(Simulation(wrong, {}));
}

} // namespace
} // namespace spikecast
