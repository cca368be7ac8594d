// Runs on a mapped machine, on any number of ranks, against the router model run by itself.
#include "engine/exchange/collective.hpp"
#include "engine/mapping/machine_run.hpp"
#include "partitioners/spinnaker/traffic.hpp"
#include "spikecast/simulation.hpp"

#include <gtest/gtest.h>

#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace spikecast {
namespace {

constexpr std::uint64_t slice = 32; ///< neurons
constexpr mapping::Picoseconds step_ps = 100'000'000;

/// Generators of three slices and parrots of two, each slice on a chip of its own, in a row of chips.
/// Of the two onto both slices of parrots, with one delay, the one to the higher numbers is declared, and drawn, first.
struct Link {
    std::uint64_t from, to; ///< first source and first target of 32 pairs
    std::int64_t delay;     ///< steps
};
const std::vector<Link> links{{0, 32, 3}, {32, 32, 5}, {64, 0, 1}, {0, 0, 3}};

Experiment parrots(double link_mbit_s, unsigned wait_cycles) {
    Experiment e;
    e.title = "parrots on a machine";
    e.simulation.duration_steps = 400;
    e.simulation.precision = Precision::single_precision;
    e.simulation.weights = WeightFormat::compact;
    e.machine.target = "mesh:5x1";
    e.machine.cores_per_chip = 1;
    e.machine.atoms_per_core = slice;
    e.machine.traffic = {{"link_mbit_s", link_mbit_s}, {"wait_cycles", wait_cycles}};
    e.populations.push_back({.name = "G",
                             .model = "poisson_generator",
                             .size = 96,
                             .params = {{"rate", Distribution::constant(500.0)}},
                             .init = {},
                             .positions = {}});
    e.populations.back().expected_rate = 500.0;
    e.populations.push_back(
        {.name = "P", .model = "parrot_neuron", .size = 64, .params = {}, .init = {}, .positions = {}});
    e.populations.back().expected_rate = 500.0;
    for (const Link& link : links) {
        Projection p;
        p.name = "G" + std::to_string(link.from) + "->P" + std::to_string(link.to);
        p.source = {.population = "G", .begin = link.from, .end = link.from + slice, .step = 1, .list = {}};
        p.target = {.population = "P", .begin = link.to, .end = link.to + slice, .step = 1, .list = {}};
        p.delay.law = Distribution::constant(0.1 * static_cast<double>(link.delay));
        e.projections.push_back(p);
    }
    for (const char* name : {"G", "P"}) {
        SpikeRecorder recorder;
        recorder.source.population = name;
        e.spike_recorders.push_back(recorder);
    }
    return e;
}

using Spikes = std::vector<std::pair<std::int64_t, std::uint64_t>>; ///< stamp in steps, neuron

struct Predicted {
    Spikes parrots;
    std::uint64_t late = 0, dropped = 0;
    std::uint64_t apart = 0; ///< spikes that came to one slice of parrots and to the other in another step, or never
};

/// The generators' spikes through the router model, one step after the other; a parrot repeats what its core works off
/// in step t at stamp t + 1 + delay.
Predicted predict(const Experiment& e, const Spikes& generated) {
    const NetworkMapping m = map_machine(e, 1);
    mapping::TrafficSettings settings;
    settings.link_mbit_s = e.machine.traffic.at("link_mbit_s");
    settings.wait_cycles = static_cast<unsigned>(e.machine.traffic.at("wait_cycles"));
    settings.step_ms = 0.1;
    const mapping::MachineGraph& graph = m.graph();
    mapping::Traffic traffic(m.machine, graph, m.mapped->placement, m.mapped->keys, m.mapped->tables, settings);
    std::map<std::uint64_t, std::uint32_t> net_of; // slice of G -> net
    for (std::uint32_t n = 0; n < graph.nets(); ++n)
        net_of[graph.source[n]] = n;
    std::map<mapping::ChipId, std::uint32_t> slice_on; // of P: vertices 3 and 4
    for (const std::uint32_t v : {3U, 4U})
        slice_on[m.mapped->placement.chip[v]] = v - 3;

    Predicted predicted;
    Spikes sent;                                      // by number: step, neuron
    std::map<std::uint64_t, std::int64_t> first_fate; // of spikes to both slices, -1: dropped
    for (std::int64_t step = 0; step < e.simulation.duration_steps; ++step) {
        std::vector<std::tuple<mapping::Picoseconds, std::uint32_t, std::uint64_t>> now; // time, net, neuron
        for (const auto& [stamp, neuron] : generated) {
            if (stamp != step + 1) continue;
            const double turn = static_cast<double>(neuron % slice + 1) / 33.0; // evenly over half a step
            now.emplace_back(static_cast<mapping::Picoseconds>(step) * step_ps +
                                 static_cast<mapping::Picoseconds>(turn * 0.5e8),
                             net_of.at(neuron / slice), neuron);
        }
        std::sort(now.begin(), now.end());
        std::vector<mapping::Spike> spikes;
        for (const auto& [time, net, neuron] : now) {
            spikes.push_back({time, net, static_cast<std::uint32_t>(neuron % slice)});
            sent.emplace_back(step, neuron);
        }
        std::vector<mapping::Delivery> deliveries;
        traffic.run(spikes, static_cast<mapping::Picoseconds>(step + 1) * step_ps, &deliveries);
        for (const mapping::Delivery& d : deliveries) {
            const auto [found, neuron] = sent[d.spike];
            const std::int64_t fate = d.arrival == mapping::never ? -1 : static_cast<std::int64_t>(d.arrival / step_ps);
            const auto [other, first] = first_fate.emplace(d.spike, fate);
            if (!first && other->second != fate) ++predicted.apart;
            if (d.arrival == mapping::never) {
                ++predicted.dropped;
                continue;
            }
            const auto came = static_cast<std::int64_t>(d.arrival / step_ps);
            predicted.late += came > found ? 1 : 0;
            for (const Link& link : links) {
                const std::uint64_t target = neuron - link.from + link.to;
                if (neuron < link.from || neuron >= link.from + slice || target / slice != slice_on.at(d.chip))
                    continue;
                const std::int64_t stamp = came + 1 + link.delay;
                if (stamp <= e.simulation.duration_steps) predicted.parrots.emplace_back(stamp, target);
            }
        }
    }
    std::sort(predicted.parrots.begin(), predicted.parrots.end());
    return predicted;
}

struct Ran {
    Spikes generated, parrots;
    RunSummary summary;
};
Ran run(const Experiment& e, std::uint32_t threads, const std::vector<std::int64_t>& pieces = {400}) {
    SimulationOptions options;
    options.threads = threads;
    options.keep_spikes = true;
    Simulation simulation(e, options);
    for (const std::int64_t steps : pieces)
        simulation.run_steps(steps);
    Ran ran;
    ran.generated = simulation.spikes("G");
    ran.parrots = simulation.spikes("P");
    ran.summary = simulation.summary();
    return ran;
}
bool on_rank_0() {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank == 0;
}

// 0.5 Mbit/s are 80 us a packet, and a step of 100 us brings 1.6 packets of each slice on average, so that queues grow
// before the routers, and packets come steps late; a packet that a router tries for 60 us in vain is dropped.
TEST(MachineRun, late_and_dropped_spikes_are_those_of_the_router_model) {
    Experiment e = parrots(0.5, 12'000);
    e.machine.place = "random"; // slices of parrots on both sides of their sources
    std::uint64_t apart = 0;
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
        e.machine.seed = seed;
        const Ran ran = run(e, seed % 2 == 0 ? 2 : 1);
        if (!on_rank_0()) continue;
        const Predicted predicted = predict(e, ran.generated);
        ASSERT_GT(predicted.late, 50U);
        ASSERT_GT(predicted.dropped, 50U);
        ASSERT_GT(predicted.parrots.size(), 100U);
        EXPECT_EQ(ran.parrots, predicted.parrots);
        EXPECT_EQ(ran.summary.machine->late, predicted.late);
        EXPECT_EQ(ran.summary.machine->dropped, predicted.dropped);
        apart += predicted.apart;
    }
    EXPECT_TRUE(apart > 50 || !on_rank_0()) << apart;
}

// Packets are never dropped where they may wait for ever: all of them come, some of them late.
TEST(MachineRun, spikes_that_are_only_late_all_come) {
    const Experiment e = parrots(1.0, 1'000'000'000);
    const Ran ran = run(e, 1);
    if (!on_rank_0()) return;
    const Predicted predicted = predict(e, ran.generated);
    ASSERT_GT(predicted.late, 50U);
    EXPECT_EQ(predicted.dropped, 0U);
    EXPECT_EQ(ran.parrots, predicted.parrots);
}

TEST(MachineRun, ample_links_change_nothing) {
    Experiment e = parrots(250.0, 480);
    const Ran mapped = run(e, 2);
    e.machine = {};
    const Ran plain = run(e, 2);
    EXPECT_EQ(mapped.summary.spike_hash, plain.summary.spike_hash);
    EXPECT_EQ(mapped.summary.state_hash, plain.summary.state_hash);
    EXPECT_EQ(mapped.summary.synaptic_events, plain.summary.synaptic_events);
    if (!on_rank_0()) return;
    EXPECT_GT(mapped.summary.machine->packets, 1000U);
    EXPECT_EQ(mapped.summary.machine->late + mapped.summary.machine->dropped, 0U);
}

// Where a run stops in between is no matter, also inside an epoch: the shortest delay is made 3 steps for it.
TEST(MachineRun, pieces_change_nothing) {
    Experiment e = parrots(0.5, 12'000);
    e.projections[2].delay.law = Distribution::constant(0.4);
    const Ran whole = run(e, 1), pieces = run(e, 2, {1, 1, 5, 100, 92, 1, 200});
    EXPECT_EQ(whole.summary.spike_hash, pieces.summary.spike_hash);
    EXPECT_EQ(whole.summary.synaptic_events, pieces.summary.synaptic_events);
    if (on_rank_0()) {
        EXPECT_EQ(whole.summary.machine->dropped, pieces.summary.machine->dropped);
        EXPECT_GT(whole.summary.machine->dropped, 0U);
    }
}

// Shares are contiguous along the curve, and their neurons differ by what one slice can make.
TEST(MachineRun, workers_get_equal_shares_of_neighbouring_chips) {
    if (!on_rank_0()) return;
    Experiment e = parrots(250.0, 480);
    e.populations[0].size = 96 * 40;
    e.machine.target = "mesh:12x12";
    const NetworkMapping m = map_machine(e, 1);
    for (const std::uint32_t workers : {1U, 3U, 7U}) {
        const std::vector<WorkerId> of = workers_of_slices(m, workers);
        std::vector<std::uint64_t> neurons(workers, 0);
        for (std::uint32_t s = 0; s < of.size(); ++s)
            neurons[of[s]] += m.split->slices.end(s) - m.split->slices.begin(s);
        const std::uint64_t total = std::accumulate(neurons.begin(), neurons.end(), std::uint64_t{0});
        EXPECT_EQ(total, 96U * 40 + 64);
        for (const std::uint64_t n : neurons)
            EXPECT_NEAR(static_cast<double>(n), static_cast<double>(total) / workers, slice);
    }
}

TEST(MachineRun, what_does_not_fit_is_refused_with_what_binds) {
    Experiment e = parrots(250.0, 480);
    e.machine.target = "mesh:2x2";
    try {
        Simulation simulation(e, {});
        ADD_FAILURE() << "five slices run on four cores";
    } catch (const CollectiveError& error) {
        EXPECT_EQ(error.exit_code(), 2);
        EXPECT_NE(std::string(error.what()).find("machine.target: the network doesn't fit mesh:2x2, by cores"),
                  std::string::npos)
            << error.what();
        EXPECT_NE(std::string(error.what()).find("needs 5, but there are 4"), std::string::npos) << error.what();
    }
}

TEST(MachineRun, the_router_model_and_checkpoints_exclude_each_other) {
    Experiment e = parrots(250.0, 480);
    SimulationOptions options;
    options.checkpoint.file = "never_written.h5";
    EXPECT_THROW(Simulation(e, options), std::exception);
    Simulation simulation(e, {});
    EXPECT_THROW(simulation.checkpoint("never_written.h5"), std::exception);
    e.machine.router = false;
    EXPECT_NO_THROW(Simulation(e, {}));
}

} // namespace
} // namespace spikecast
