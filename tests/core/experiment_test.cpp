#include "spikecast/experiment.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace spikecast;

TEST(Diagnostic, names_place_object_message_and_remedy) {
    const Diagnostic full{{"net.toml", 3, 7},
                          "populations.E.params.C_m",
                          "C_m = -1 pF, but it must be > 0 pF",
                          "give a positive capacitance"};
    EXPECT_EQ(full.text(), "net.toml:3:7: populations.E.params.C_m: C_m = -1 pF, but it must be > 0 pF; "
                           "give a positive capacitance");
    EXPECT_EQ((Diagnostic{{"net.toml", 3, 0}, "x", "is wrong", ""}.text()), "net.toml:3: x: is wrong");
    EXPECT_EQ((Diagnostic{{"--set", 0, 0}, "x", "is wrong", ""}.text()), "--set: x: is wrong");
    EXPECT_EQ((Diagnostic{{}, "", "is wrong", ""}.text()), "is wrong");
}

TEST(InputError, reports_all_diagnostics_in_order) {
    const InputError error({Diagnostic{{"a", 1, 1}, "x", "first", ""}, Diagnostic{{"a", 2, 1}, "y", "second", ""}});
    EXPECT_EQ(std::string(error.what()), "a:1:1: x: first\na:2:1: y: second");
    ASSERT_EQ(error.diagnostics().size(), 2U);
    EXPECT_EQ(error.diagnostics()[1].object, "y");
}

TEST(Experiment, finds_the_place_of_the_longest_known_prefix) {
    Experiment experiment;
    experiment.provenance["populations.E"] = {"f", 5, 1};
    experiment.provenance["projections[3]"] = {"f", 9, 1};
    experiment.provenance["projections[3].rule"] = {"f", 10, 3};
    EXPECT_EQ(experiment.where("populations.E.params.C_m").line, 5U);
    EXPECT_EQ(experiment.where("populations.E").line, 5U);
    EXPECT_EQ(experiment.where("populations.Ex").line, 0U);
    EXPECT_EQ(experiment.where("projections[3].weight").line, 9U);
    EXPECT_EQ(experiment.where("projections[3].rule.number").line, 10U);
    EXPECT_EQ(experiment.where("projections[31]").line, 0U);
    EXPECT_EQ(experiment.where("nowhere").file, "");
    experiment.provenance[""] = {"f", 0, 0};
    EXPECT_EQ(experiment.where("nowhere").file, "f");
}

TEST(Experiment, finds_populations_by_name) {
    Experiment experiment;
    experiment.populations.resize(2);
    experiment.populations[0].name = "E";
    experiment.populations[1].name = "I";
    EXPECT_EQ(experiment.find_population("I"), &experiment.populations[1]);
    EXPECT_EQ(experiment.find_population("X"), nullptr);
}

} // namespace
