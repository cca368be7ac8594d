// What may change between a checkpoint and the run that goes on from it.
#include "engine/checkpoint/sections.hpp"
#include "engine/experiment/reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace spikecast {
namespace {

const char* const text = R"(
title = "t"
[simulation]
resolution = "0.1 ms"
duration = "1 s"
seed = 1
[populations.E]
model = "iaf_psc_exp"
size = 100
params = { I_e = "400 pA" }
init = { V_m = { uniform = ["-70 mV", "-55 mV"] } }
[populations.I]
like = "E"
[[projections]]
source = "E"
target = "I"
rule = { fixed_indegree = 10 }
weight = "20 pA"
delay = "1.5 ms"
[[stimuli]]
model = "poisson_generator"
target = "E"
params = { rate = "1000 Hz" }
weight = "20 pA"
[[recorders]]
spikes = ["E"]
)";

std::vector<Difference> with(const std::vector<std::string>& overrides) {
    return differences(read_experiment_text(text, ".", "then", {}), read_experiment_text(text, "", "now", overrides));
}
/// key of the only difference, with what it is.
std::string only(const std::string& override_text) {
    const auto found = with({override_text});
    if (found.size() != 1) return std::to_string(found.size()) + " differences";
    const Difference& d = found[0];
    return d.key + (d.past ? " past" : d.stimulus ? " stimulus" : d.recorder ? " recorder" : " future");
}

TEST(Differences, none_between_two_readings_of_the_same) {
    EXPECT_TRUE(with({}).empty());
    EXPECT_TRUE(with({"title=another", "populations.E.expected_rate=3"}).empty());
}

TEST(Differences, what_would_have_changed_the_past_is_named_by_its_key) {
    EXPECT_EQ(only("simulation.seed=2"), "simulation.seed past");
    EXPECT_EQ(only("simulation.precision=single"), "simulation.precision past");
    EXPECT_EQ(only("simulation.weights=compact"), "simulation.weights past");
    EXPECT_EQ(only("simulation.warmup=100 ms"), "simulation.warmup past");
    EXPECT_EQ(only("simulation.resolution=0.05 ms").find("simulation"), std::string::npos); // more than one thing
    EXPECT_EQ(only("populations.I.params.I_e=300 pA"), "populations.I.params.I_e past");
    EXPECT_EQ(only("populations.I.params.tau_m=30 ms"), "populations.I.params.tau_m past");
    EXPECT_EQ(only("populations.I.size=101"), "2 differences"); // and the projection onto it, clamped to its size
    EXPECT_EQ(only("populations.I.init.V_m=-60 mV"), "populations.I.init.V_m past");
    EXPECT_EQ(only("projections[0].weight=21 pA"), "projections[0].weight past");
    EXPECT_EQ(only("projections[0].delay=1.6 ms"), "projections[0].delay past");
    EXPECT_EQ(only("projections[0].rule.fixed_indegree=11"), "projections[0].rule past");
    EXPECT_EQ(only("populations.J={ like = \"E\" }").find(" future"), std::string::npos);
}

TEST(Differences, what_only_concerns_the_future_may_change) {
    EXPECT_EQ(only("simulation.duration=2 s"), "simulation.duration future");
    EXPECT_EQ(only("simulation.partitioner=block"), "simulation.partitioner future");
    EXPECT_EQ(only("simulation.exchange=neighbour"), "simulation.exchange future");
    EXPECT_EQ(only("stimuli[0].params.rate=2000 Hz"), "stimuli[0] stimulus");
    EXPECT_EQ(only("stimuli[0].weight=10 pA"), "stimuli[0] stimulus");
    EXPECT_EQ(only("recorders[0].sample=3"), "recorders recorder");
    EXPECT_EQ(only("recorders=[]"), "recorders recorder");
}

TEST(Differences, recorders_of_weights_are_recorders) {
    const std::string learning = std::string(text) + R"(
[[projections]]
name = "learns"
source = "E"
target = "E"
rule = { fixed_indegree = 3 }
weight = "20 pA"
delay = "1 ms"
synapse = "stdp_pl_hom"
[[recorders]]
weights = "learns"
interval = "1 ms"
)";
    const Experiment then = read_experiment_text(learning, ".", "then", {});
    EXPECT_TRUE(differences(then, read_experiment_text(learning, "", "now", {})).empty());
    const auto found = differences(then, read_experiment_text(learning, "", "now", {"recorders[1].interval=2 ms"}));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].recorder && !found[0].past);
}

} // namespace
} // namespace spikecast
