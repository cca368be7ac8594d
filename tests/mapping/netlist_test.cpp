#include "partitioners/spinnaker/netlist.hpp"

#include "spikecast/error.hpp"

#include <gtest/gtest.h>

using namespace spikecast;
using namespace spikecast::mapping;

namespace {

std::vector<Diagnostic> errors_of(const std::string& text) {
    try {
        (void)parse_netlist(text, "n.json");
    } catch (const InputError& e) {
        return e.diagnostics();
    }
    return {};
}

} // namespace

TEST(Netlist, both_forms_of_nets_and_the_defaults_are_read) {
    std::vector<std::string> warnings;
    const MachineGraph g =
        parse_netlist(R"({"vertices_resources": {"a": {"Cores": 2, "SDRAM": 100}, "b": {}, "c": {"SDRAM": 5}},
        "nets": [["a", ["b", "c", "b"], 2.5], ["b", []], {"source": "c", "sinks": ["c"], "weight": 0}],
        "same_chip_constraints": [["a", "b"], ["c"]], "labels": {"x": ["a"]}})",
                      "n.json", &warnings);
    ASSERT_EQ(g.vertices.size(), 3U);
    EXPECT_EQ(g.vertices[0].cores, 2);
    EXPECT_EQ(g.vertices[1].cores, 1);
    EXPECT_EQ(g.vertices[2].sdram_bytes, 5U);
    ASSERT_EQ(g.nets(), 3U);
    EXPECT_EQ(g.sinks, (std::vector<std::uint32_t>{1, 2, 2}));
    EXPECT_EQ(g.weight, (std::vector<double>{2.5, 1.0, 0.0}));
    EXPECT_EQ(g.same_chip, (std::vector<std::vector<std::uint32_t>>{{0, 1}}));
    EXPECT_EQ(warnings.size(), 1U);
}

TEST(Netlist, all_errors_come_together_with_their_objects) {
    const auto errors =
        errors_of(R"({"vertices_resources": {"a": {"Cores": -1, "SDRAM": 1.5, "DTCM": 3}, "b": {"Cores": 0}},
        "nets": [["a", ["z"], -2], ["q", ["b"], "x"], ["a"], 7], "same_chip_constraints": [["a", "y"], "b"], "net": []})");
    EXPECT_EQ(errors.size(), 13U);
    for (const Diagnostic& d : errors) {
        EXPECT_FALSE(d.object.empty());
        EXPECT_FALSE(d.message.empty());
        EXPECT_FALSE(d.remedy.empty());
    }
}

TEST(Netlist, text_that_is_no_json_is_refused_at_its_place) {
    const auto errors = errors_of("{\"vertices_resources\": {},\n \"nets\": [,]}");
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].where.line, 2U);
    EXPECT_EQ(errors[0].where.column, 11U);
    EXPECT_EQ(errors_of("").size(), 1U);
    EXPECT_EQ(errors_of("[]").size(), 1U);
    EXPECT_EQ(errors_of("{}").size(), 2U);
    EXPECT_FALSE(errors_of(R"({"vertices_resources": {"a": {}}, "nets": [["a", ["a"], NaN]]})").empty());
    EXPECT_FALSE(errors_of(R"({"vertices_resources": {"a": {}}, "nets": [["a", ["a"], 1e999]]})").empty());
    EXPECT_FALSE(errors_of(R"({"vertices_resources": {"a": {}, "a": {}}, "nets": []})").empty());
    EXPECT_FALSE(errors_of("{\"vertices_resources\": {\"\xff\": {}}, \"nets\": []}").empty());
    EXPECT_FALSE(errors_of(std::string(1000000, '[')).empty());
}
