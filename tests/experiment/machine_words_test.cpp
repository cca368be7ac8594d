#include "engine/experiment/machine_words.hpp"
#include "engine/experiment/schema.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace spikecast {
namespace {

// Of each declared key of machine.traffic another value changes the settings, and its default doesn't.
TEST(MachineWords, every_traffic_key_sets_its_field) {
    const auto numbers = [](const mapping::TrafficSettings& s) {
        return std::vector<double>{s.router_mhz,
                                   s.pipeline_cycles * 1.0,
                                   s.link_mbit_s,
                                   s.board_link_mbit_s,
                                   s.board_latency_ns,
                                   s.output_buffer * 1.0,
                                   s.input_buffer * 1.0,
                                   s.wait_cycles * 1.0,
                                   s.emergency_routing ? 1.0 : 0.0,
                                   s.emergency_wait_cycles * 1.0,
                                   s.reinject ? 1.0 : 0.0,
                                   s.reinject_queue * 1.0,
                                   s.reinject_interval_us,
                                   s.phase_ms,
                                   s.payload ? 1.0 : 0.0,
                                   s.link_pj_per_bit,
                                   s.chip_idle_w,
                                   s.chip_busy_w,
                                   s.board_fpgas_w};
    };
    const std::vector<double> usual = numbers(mapping::TrafficSettings{});
    const TableInfo& table = schema_table("traffic");
    ASSERT_EQ(table.keys.size(), usual.size());
    for (std::size_t i = 0; i < usual.size(); ++i) {
        const std::string key(table.keys[i].name), text(table.keys[i].default_value);
        EXPECT_NEAR(text == "false" ? 0.0 : std::stod(text), usual[i], 1e-12) << key;
        MachineSettings machine;
        machine.traffic[key] = usual[i] + 1.0;
        std::vector<double> expected = usual;
        expected[i] += 1.0;
        EXPECT_EQ(numbers(traffic_settings(machine, 1.0)), expected) << key;
    }
    EXPECT_EQ(traffic_kind("reinject"), TrafficKind::flag);
    EXPECT_EQ(traffic_kind("wait_cycles"), TrafficKind::whole);
    EXPECT_EQ(traffic_kind("phase_ms"), TrafficKind::number);
}

TEST(MachineWords, assignments_set_traffic_keys_of_each_kind) {
    std::map<std::string, double> traffic;
    for (const char* one : {"link_mbit_s=2 * 125", "wait_cycles=100", "reinject=true", "payload=false"})
        set_traffic(traffic, one);
    EXPECT_EQ(traffic, (std::map<std::string, double>{
                           {"link_mbit_s", 250.0}, {"wait_cycles", 100.0}, {"reinject", 1.0}, {"payload", 0.0}}));
    for (const char* wrong : {"", "=1", "wait_cycles", "wait_cycles=", "wait_cycles=1.5", "wait_cycles=-1", "wait=1",
                              "phase_ms=1 mV", "reinject=1", "drain_ms=1"})
        EXPECT_THROW(set_traffic(traffic, wrong), InputError) << wrong;
}

TEST(MachineWords, bytes_have_binary_units) {
    EXPECT_EQ(parse_bytes("100"), 100U);
    EXPECT_EQ(parse_bytes("128 MiB"), 128U << 20);
    EXPECT_EQ(parse_bytes("64KiB"), 64U << 10);
    EXPECT_EQ(parse_bytes("3 GiB"), std::uint64_t{3} << 30);
    for (const char* wrong : {"", "MiB", "1 MB", "-1", "1.5 MiB", "99999999999 GiB", "1 MiB "})
        EXPECT_FALSE(parse_bytes(wrong).has_value()) << wrong;
}

} // namespace
} // namespace spikecast
