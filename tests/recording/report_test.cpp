#include "engine/app/progress.hpp"
#include "engine/app/report.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <limits>
#include <sstream>

namespace {

using namespace spikecast;

RunReport example() {
    RunReport report;
    report.title =
        "A title that is far too long for a table of eighty columns, \xC3\xA4 so that it must be cut somewhere";
    report.settings.seed = 18446744073709551615ULL;
    report.settings.weights = WeightFormat::compact;
    RunSummary& s = report.summary;
    s.ranks = 2;
    s.threads = 4;
    s.neurons = 77169;
    s.synapses = 298'880'968;
    s.spikes = 1'234'567;
    s.synaptic_events = 4'000'000'000ULL;
    s.build_s = 12.5;
    s.simulate_s = 30.0;
    s.biological_s = 10.0;
    s.phases = {10.0, 15.0, 3.0, 2.0};
    s.peak_rss_bytes = {1'000'000'000, 1'100'000'000};
    s.bytes_sent = 123'456'789;
    s.packet_bytes = 8;
    s.exchange = "alltoall";
    s.drawing = {{"E->I", "exchange"},
                 {"I->a_population_with_a_very_long_name_in_a_projection_with_a_long_one", "redraw"}};
    s.spike_hash = "0123456789abcdef0123456789abcdef";
    s.network_hash = "fedcba9876543210fedcba9876543210";
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    s.populations = {{"L23E", 20683, 0.91, 0.81, 5.3},
                     {"a_population_with_a_very_long_name", 18'000'000'000'000'000'000ULL, 12345.6789, none, 1e9},
                     {"silent", 10, 0.0, none, none}};
    return report;
}

TEST(RunReport, json_has_every_field) {
    const auto json = nlohmann::json::parse(to_json(example()));
    for (const char* key : {"title",
                            "version",
                            "seed",
                            "ranks",
                            "threads",
                            "neurons",
                            "synapses",
                            "spikes",
                            "synaptic_events",
                            "build_s",
                            "simulate_s",
                            "biological_s",
                            "real_time_factor",
                            "phases_s",
                            "peak_rss_bytes",
                            "peak_rss_bytes_total",
                            "bytes_per_synapse",
                            "bytes_sent",
                            "packet_bytes",
                            "most_packets_in_an_epoch",
                            "epochs_sorted_by_digit",
                            "exchange",
                            "drawing",
                            "partitioner",
                            "precision",
                            "weights",
                            "populations",
                            "spike_hash",
                            "network_hash",
                            "state_hash"})
        EXPECT_TRUE(json.contains(key)) << key;
    EXPECT_EQ(json["seed"].get<std::uint64_t>(), 18446744073709551615ULL);
    EXPECT_EQ(json["real_time_factor"], 3.0);
    EXPECT_EQ(json["peak_rss_bytes_total"], 2'100'000'000);
    EXPECT_EQ(json["bytes_per_synapse"], 2.1e9 / 298'880'968.0);
    EXPECT_EQ(json["phases_s"]["update"], 15.0);
    EXPECT_EQ(json["weights"], "compact");
    EXPECT_EQ(json["precision"], "double");
    EXPECT_EQ(json["partitioner"], "round_robin");
    EXPECT_EQ(json["drawing"][0]["projection"], "E->I");
    EXPECT_EQ(json["drawing"][0]["drawing"], "exchange");
    EXPECT_EQ(json["drawing"][1]["drawing"], "redraw");
    EXPECT_EQ(json["populations"][0]["rate_hz"], 0.91);
    EXPECT_TRUE(json["populations"][2]["cv"].is_null()); // NaN is no JSON
    EXPECT_EQ(json["spike_hash"].get<std::string>().size(), 32U);
}

TEST(RunReport, json_of_an_empty_run_is_valid) {
    const auto json = nlohmann::json::parse(to_json(RunReport{}));
    EXPECT_TRUE(json["real_time_factor"].is_null());
    EXPECT_TRUE(json["bytes_per_synapse"].is_null());
}

TEST(RunReport, table_fits_80_columns_and_shows_references) {
    Reference reference;
    reference.source =
        "a source whose description is so long that it would leave the eighty columns, were it not wrapped "
        "into two lines or even three, as it has to be, since nobody can look up half of a citation";
    reference.rates_hz = {{"L23E", 0.903}, {"a_population_with_a_very_long_name", 1.0}, {"silent", 0.0}};
    const std::string table = to_table(example(), reference);
    std::istringstream lines(table);
    for (std::string line; std::getline(lines, line);) {
        std::size_t columns = 0;
        for (const char c : line)
            columns += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        EXPECT_LE(columns, 80U) << line;
    }
    for (const char* text : {"77,169", "298,880,968", "0.910", "0.903", "+0.8 %", "0123456789abcdef0123456789abcdef",
                             "factor 3", "citation"})
        EXPECT_NE(table.find(text), std::string::npos) << text << " is missing in\n" << table;
    EXPECT_EQ(to_table(example(), {}).find("reference"), std::string::npos);
}

std::string written(bool quiet) {
    std::FILE* const file = std::tmpfile();
    {
        Progress progress("building", 2e6, "synapses", quiet, file);
        progress.update(1e6);
        progress.finish();
    }
    std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
    std::rewind(file);
    EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
    std::fclose(file);
    return text;
}

TEST(Progress, writes_plain_lines_to_a_file_and_nothing_when_quiet) {
    EXPECT_EQ(written(false).rfind("building: done, 2 M synapses in 0.", 0), 0U) << written(false);
    EXPECT_EQ(written(false).find('\r'), std::string::npos);
    EXPECT_EQ(written(true), "");
}

TEST(Progress, durations_read_well) {
    EXPECT_EQ(duration_text(0.04), "0.0 s");
    EXPECT_EQ(duration_text(59.4), "59 s");
    EXPECT_EQ(duration_text(125), "2 min 5 s");
    EXPECT_EQ(duration_text(12000), "3 h 20 min");
    EXPECT_EQ(duration_text(1.0 / 0.0), "very long");
}

} // namespace
