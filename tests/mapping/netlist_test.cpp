#include "partitioners/spinnaker/netlist.hpp"

#include "spikecast/error.hpp"

#include <algorithm>
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

TEST(Netlist, keys_in_all_forms_are_read) {
    const std::string begin = R"({"vertices_resources": {"a": {}}, "nets": [["a", []], ["a", []], ["a", []]])";
    const MachineGraph g = parse_netlist(begin + R"(, "routing_keys": {"net0": {"key": 256, "mask": 4294967040},
        "net2": ["0x300", "0xffffff0f"], "net1": [7]}})",
                                         "n.json");
    EXPECT_EQ(g.given_key, (std::vector<std::uint32_t>{256, 7, 0x300}));
    EXPECT_EQ(g.given_mask, (std::vector<std::uint32_t>{0xffffff00U, 0xffffffffU, 0xffffff0fU}));
    EXPECT_EQ(g.key_bits, (std::vector<std::uint8_t>{8, 0, 4}));
    EXPECT_TRUE(parse_netlist(begin + "}", "n.json").given_key.empty());
}

namespace {

/// A netlist of nets without sinks that brings these keys and masks.
std::string with_keys(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& blocks) {
    std::string nets, keys;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        nets += std::string(i > 0 ? "," : "") + R"(["a", []])";
        keys += std::string(i > 0 ? "," : "") + "\"net" + std::to_string(i) + "\": [" +
                std::to_string(blocks[i].first) + "," + std::to_string(blocks[i].second) + "]";
    }
    return R"({"vertices_resources": {"a": {}}, "nets": [)" + nets + R"(], "routing_keys": {)" + keys + "}}";
}

} // namespace

// Each pair of blocks below that has a key in common is found, and no other, whatever the forms of their masks.
TEST(Netlist, overlapping_keys_are_those_that_brute_force_finds) {
    std::size_t with = 0, without = 0;
    for (std::uint32_t seed = 0; seed < 300; ++seed) {
        std::uint32_t state = seed * 2654435761U + 1;
        const auto draw = [&](std::uint32_t n) {
            state = state * 1664525U + 1013904223U;
            return (state >> 16) % n;
        };
        const bool few = seed % 3 != 0;
        const std::uint32_t bits = few ? 6 : 12, keys = 1U << bits;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks;
        for (std::uint32_t i = 0; i < (few ? 4U : 60U); ++i) {
            std::uint32_t mask = few ? 0xfffffff0U | draw(16) : 0xffffffffU;
            for (std::uint32_t k = draw(few ? 1 : 4); k > 0; --k)
                mask &= ~(1U << draw(bits));
            blocks.emplace_back(draw(keys) & mask, mask);
        }
        std::vector<std::string> common; // "netI netJ", the later one first
        for (std::size_t i = 0; i < blocks.size(); ++i)
            for (std::size_t j = 0; j < i; ++j) {
                bool meet = false;
                for (std::uint32_t k = 0; k < keys; ++k)
                    meet = meet ||
                           ((k & blocks[i].second) == blocks[i].first && (k & blocks[j].second) == blocks[j].first);
                if (meet) common.push_back(std::to_string(i) + " " + std::to_string(j));
            }
        std::vector<std::string> found;
        for (const Diagnostic& d : errors_of(with_keys(blocks))) {
            const std::size_t other = d.message.find("which net") + 9;
            found.push_back(d.object.substr(std::string("routing_keys.net").size()) + " " +
                            d.message.substr(other, d.message.find(' ', other) - other));
        }
        std::sort(common.begin(), common.end());
        std::sort(found.begin(), found.end());
        EXPECT_EQ(found, common) << "seed " << seed;
        ++(common.empty() ? without : with);
    }
    EXPECT_GT(with, 20U);
    EXPECT_GT(without, 20U);
}

TEST(Netlist, twenty_thousand_masks_are_compared_in_seconds) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> blocks;
    for (std::uint32_t i = 0; i < 20'000; ++i)
        blocks.emplace_back(i << 17, 0xfffe0000U | i);
    EXPECT_TRUE(errors_of(with_keys(blocks)).empty());
    blocks[19'999].first = 7U << 17;
    const auto errors = errors_of(with_keys(blocks));
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].object, "routing_keys.net19999");
    // Far more pairs than are told.
    for (std::uint32_t i = 0; i < 20'000; ++i)
        blocks[i] = {0, ~(1U << (i % 32))};
    EXPECT_GT(errors_of(with_keys(blocks)).size(), 200U);
}

TEST(Netlist, weights_without_a_sum_are_refused) {
    const std::string begin = R"({"vertices_resources": {"a": {}}, "nets": [["a", ["a"], 6e299], ["a", ["a"], )";
    EXPECT_TRUE(errors_of(begin + "1e299]]}").empty());
    ASSERT_EQ(errors_of(begin + "6e299]]}").size(), 1U);
}

TEST(Netlist, files_that_are_no_files_are_refused) {
    for (const char* path : {"/dev/zero", "/tmp", "/nowhere/n.json"}) {
        try {
            (void)read_netlist(path);
            FAIL() << path;
        } catch (const InputError& e) {
            EXPECT_EQ(e.diagnostics()[0].object, "netlist") << path;
        }
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
