#include "engine/experiment/archive.hpp"
#include "engine/experiment/reader.hpp"
#include "engine/experiment/schema.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <gtest/gtest.h>

using namespace spikecast;
namespace fs = std::filesystem;

namespace {

const std::string source_dir = SPIKECAST_SOURCE_DIR;

std::string content(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

/// Files of one test, removed after it.
class Reading : public ::testing::Test {
protected:
    Reading() {
        const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = fs::temp_directory_path() / ("spikecast_reader_" + std::to_string(::getpid()) + "_" + test->name());
        fs::create_directories(folder_);
    }
    ~Reading() override { fs::remove_all(folder_); }
    std::string write(const std::string& name, const std::string& text) {
        fs::create_directories((folder_ / name).parent_path());
        std::ofstream(folder_ / name) << text;
        return (folder_ / name).string();
    }
    fs::path folder_;
};

const char* const two = R"(
[simulation]
duration = "100 ms"
[populations.E]
model = "iaf_psc_exp"
size = 80
[populations.I]
like = "E"
size = 20
)";

double number(const ParameterValue& value) {
    return std::get<Distribution>(value).a;
}

} // namespace

TEST(BadExperiments, each_gives_exactly_the_expected_messages) {
    const fs::path folder = fs::path(source_dir) / "tests/experiment/bad";
    int cases = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() != ".toml") continue;
        ++cases;
        fs::path expected = entry.path();
        expected.replace_extension(".expected");
        ASSERT_TRUE(fs::exists(expected)) << expected;
        std::string said;
        try {
            (void)read_experiment(entry.path().string());
            ADD_FAILURE() << entry.path() << " is accepted";
            continue;
        } catch (const InputError& e) {
            said = std::string(e.what()) + "\n";
        }
        const std::string prefix = folder.string() + "/";
        for (std::size_t at; (at = said.find(prefix)) != std::string::npos;)
            said.erase(at, prefix.size());
        EXPECT_EQ(said, content(expected));
    }
    EXPECT_GE(cases, 60);
}

TEST(ShippedExperiments, microcircuit_has_the_published_size) {
    const Experiment e = read_experiment(source_dir + "/experiments/microcircuit_pd14.toml");
    std::uint64_t neurons = 0, synapses = 0;
    for (const Population& p : e.populations)
        neurons += p.size;
    for (const Projection& p : e.projections)
        synapses += p.rule.number;
    EXPECT_EQ(neurons, 77169U);
    EXPECT_EQ(e.populations[0].name, "L23E"); // the order of the file, not of the alphabet
    EXPECT_EQ(e.populations[7].name, "L6I");
    EXPECT_EQ(e.projections.size(), 55U);                        // 64 pairs, 9 of them with probability 0
    EXPECT_NEAR(static_cast<double>(synapses), 298.9e6, 0.05e6); // EXPERIMENTS: 298.9 M, given to four digits
    for (const Projection& p : e.projections) {
        const bool doubled = p.name == "L4E->L23E";
        const double expected = p.source.population.back() == 'I' ? -4 * 87.81 : doubled ? 2 * 87.81 : 87.81;
        EXPECT_DOUBLE_EQ(p.weight.a, expected) << p.name;
        EXPECT_DOUBLE_EQ(p.weight.b, 0.1 * std::abs(expected));
        EXPECT_EQ(expected > 0 ? p.weight.low : p.weight.high, 0.0);
        EXPECT_DOUBLE_EQ(p.delay.law.b, 0.5 * p.delay.law.a);
    }
    // 1600 * 8 Hz * 87.81 pA * 0.5 ms
    EXPECT_DOUBLE_EQ(number(e.populations[0].params.at("I_e")), 561.984);
    EXPECT_EQ(e.simulation.duration_steps, 15000);
    EXPECT_EQ(e.simulation.warmup_steps, 5000);
    EXPECT_TRUE(e.stimuli.empty());
}

TEST(ShippedExperiments, scaling_keeps_the_mean_input_of_the_microcircuit) {
    const std::string path = source_dir + "/experiments/microcircuit_pd14.toml";
    const Experiment full = read_experiment(path, {"variant=poisson"});
    const Experiment small = read_experiment(path, {"variant=poisson", "scaling.N=0.1", "scaling.K=0.1"});
    const auto mean_input = [&](const Experiment& e, const std::string& target) {
        double current = number(e.find_population(target)->params.at("I_e"));
        for (const Projection& p : e.projections)
            if (p.target.population == target)
                current += static_cast<double>(p.rule.number) / static_cast<double>(e.find_population(target)->size) *
                           full.find_population(p.source.population)->scaling_rate * 1e-3 * p.weight.a * 0.5;
        for (const Stimulus& s : e.stimuli)
            if (s.target.population == target) current += number(s.params.at("rate")) * 1e-3 * s.weight.a * 0.5;
        return current;
    };
    for (const Population& p : full.populations) {
        const double size = static_cast<double>(small.find_population(p.name)->size);
        EXPECT_EQ(size, std::round(0.1 * static_cast<double>(p.size)));
        // Sizes are rounded to whole neurons: half a neuron in the smallest target (107) changes its recurrent input,
        // below 1000 pA in all, by 0.5 %.
        EXPECT_NEAR(mean_input(small, p.name), mean_input(full, p.name), 5.0) << p.name;
    }
    EXPECT_DOUBLE_EQ(small.projections[0].weight.a, full.projections[0].weight.a / std::sqrt(0.1));
    EXPECT_NEAR(static_cast<double>(small.projections[0].rule.number),
                0.01 * static_cast<double>(full.projections[0].rule.number), 0.6);
    EXPECT_EQ(small.stimuli.size(), 8U);
    EXPECT_DOUBLE_EQ(number(small.stimuli[0].params.at("rate")), 1280.0);
}

TEST(ShippedExperiments, brunel_has_its_four_regimes) {
    const std::string path = source_dir + "/experiments/brunel_2000.toml";
    struct Regime {
        const char* name;
        double g, eta;
    };
    for (const Regime& r : {Regime{"SR", 3, 2}, {"SI_fast", 6, 4}, {"AI", 5, 2}, {"SI_slow", 4.5, 0.9}}) {
        const Experiment e = read_experiment(path, {std::string("variant=") + r.name});
        ASSERT_EQ(e.projections.size(), 4U);
        EXPECT_EQ(e.projections[0].rule.number, 1000U);
        EXPECT_EQ(e.projections[1].rule.number, 250U);
        EXPECT_DOUBLE_EQ(e.projections[1].weight.a, -r.g * 0.1);
        // eta theta / (J tau)
        EXPECT_DOUBLE_EQ(number(e.stimuli[0].params.at("rate")), r.eta * 20 / (0.1 * 20e-3));
        EXPECT_EQ(e.reference.rates_hz.count("E"), 1U);
    }
}

TEST_F(Reading, every_file_that_an_experiment_names_is_reported_where_it_is_found) {
    fs::create_directories(folder_ / "parts" / "data");
    write("parts/data/cell.swc", content(source_dir + "/tests/experiment/cell.swc"));
    write("parts/data/list.csv", "source,target\n0,0\n");
    write("parts/cells.toml", R"(
[populations.C]
model = "cable_neuron"
size = 1
morphology = { swc = "data/cell.swc" }
[[projections]]
source = "E"
target = "I"
rule = { explicit_list = { file = "data/list.csv" } }
weight = "1 pA"
delay = "1 ms"
[machine]
target = "spin5"
faults = "data/faults.json"
)");
    const std::string main = write("main.toml", "include = [\"parts/cells.toml\"]\n" + std::string(two));
    std::vector<std::string> files;
    const Experiment e = read_experiment(main, {}, &files);
    const std::string parts = (folder_ / "parts").string();
    EXPECT_EQ(files, (std::vector<std::string>{main, parts + "/cells.toml", parts + "/data/faults.json",
                                               parts + "/data/cell.swc", parts + "/data/list.csv"}));
    EXPECT_EQ(e.machine.faults, parts + "/data/faults.json");
    EXPECT_EQ(e.projections.at(0).rule.file, parts + "/data/list.csv");
}

TEST_F(Reading, files_that_include_each_other_without_end_are_refused_in_one_message) {
    for (int i = 0; i < 40; ++i) // 2^40 readings
        (void)write(std::to_string(i) + ".toml",
                    "include = [\"" + std::to_string(i + 1) + ".toml\", \"" + std::to_string(i + 1) + ".toml\"]\n");
    (void)write("40.toml", two);
    try {
        (void)read_experiment((folder_ / "0.toml").string());
        FAIL() << "nothing was said";
    } catch (const InputError& e) {
        ASSERT_EQ(e.diagnostics().size(), 1U) << e.what();
        EXPECT_NE(e.diagnostics()[0].message.find("at most 1000 files"), std::string::npos) << e.what();
    }
}

TEST_F(Reading, includes_are_merged_and_arrays_of_tables_appended) {
    write("sub/base.toml", std::string(two) + "[[projections]]\nsource = \"E\"\ntarget = \"I\"\n"
                                              "rule = { explicit_list = { file = \"list.csv\" } }\n");
    write("sub/list.csv", "source,target\n0,0\n");
    const Experiment e = read_experiment(write("main.toml", R"(include = ["sub/base.toml"]
[simulation]
seed = 7
[[projections]]
source = "I"
target = "E"
rule = "all_to_all"
)"));
    EXPECT_EQ(e.simulation.seed, 7U);
    EXPECT_EQ(e.simulation.duration_steps, 1000);
    ASSERT_EQ(e.projections.size(), 2U);
    EXPECT_TRUE(fs::exists(e.projections[0].rule.file)) << e.projections[0].rule.file; // relative to the included file
    EXPECT_EQ(e.where("populations.E.size").line, 6U);
    EXPECT_EQ(fs::path(e.where("populations.E.size").file).filename(), "base.toml");
    // The merged text stands for itself.
    const Experiment again = read_experiment(write("again.toml", e.text));
    EXPECT_EQ(again.projections.size(), 2U);
    EXPECT_EQ(again.simulation.seed, 7U);
    EXPECT_EQ(again.populations[1].size, 20U);
}

TEST_F(Reading, overrides_win_and_are_checked_like_the_file) {
    const std::string path = write("a.toml", std::string(two) + "[[projections]]\nsource = \"E\"\ntarget = \"I\"\n"
                                                                "rule = \"all_to_all\"\nweight = 1\n");
    const Experiment e =
        read_experiment(path, {"populations.E.size=8", "projections[0].weight=2 pA", "simulation.duration=1 s",
                               "projections[0].rule={ fixed_indegree = 3 }", "title=new"});
    EXPECT_EQ(e.populations[0].size, 8U);
    EXPECT_EQ(e.projections[0].weight.a, 2.0);
    EXPECT_EQ(e.projections[0].rule.number, 3U);
    EXPECT_EQ(e.simulation.duration_steps, 10000);
    EXPECT_EQ(e.title, "new");
    EXPECT_EQ(e.overrides.size(), 5U);
    for (const char* bad : {"populations.E.sise=8", "projections[1].weight=2", "projections.weight=1", "seed", "=3",
                            "a..b=1", "simulation.seed=-1", "projections[x].weight=1"}) {
        try {
            (void)read_experiment(path, {bad});
            ADD_FAILURE() << bad << " is accepted";
        } catch (const InputError& error) {
            EXPECT_EQ(std::string(error.what()).rfind("--set: ", 0), 0U) << error.what();
        }
    }
}

TEST_F(Reading, parameter_sets_like_and_own_values_are_merged_in_this_order) {
    const Experiment e = read_experiment(write("a.toml", R"(
[simulation]
duration = "100 ms"
[parameters.slow]
tau_m = "20 ms"
C_m = "200 pF"
[populations.E]
model = "iaf_psc_exp"
size = 80
params = ["slow", { C_m = "0.1 nF", I_e = { uniform = ["1 pA", "2 pA"] } }]
[populations.I]
like = "E"
size = 20
params = { tau_m = 5, I_e = { normal = [3, 1] } }
)"));
    EXPECT_EQ(number(e.populations[0].params.at("tau_m")), 20.0);
    EXPECT_EQ(number(e.populations[0].params.at("C_m")), 100.0);
    EXPECT_EQ(number(e.populations[1].params.at("tau_m")), 5.0);
    EXPECT_EQ(number(e.populations[1].params.at("C_m")), 100.0);
    EXPECT_EQ(std::get<Distribution>(e.populations[1].params.at("I_e")), Distribution::normal(3, 1));
}

TEST_F(Reading, a_matrix_has_targets_as_rows_and_a_list_goes_by_source) {
    const Experiment e = read_experiment(write("a.toml", std::string(two) + R"(
[[projections]]
source = ["E", "I"]
target = ["I", "E", { population = "E", slice = [0, 10, 2] }]
rule = { fixed_total_number = [[11, 12], [21, 0], [31, 32]] }
weight = ["1 pA", { lognormal = [0.5, 0.1], low = 0 }]
delay = { normal = { mean = [["1 ms", "2 ms"], ["3 ms", "4 ms"], ["5 ms", "6 ms"]], std_relative = 0.5 }, outside = "clip" }
[[projections]]
source = "E"
target = "I"
rule = { fixed_indegree = 1 }
)"));
    ASSERT_EQ(e.projections.size(), 6U);
    EXPECT_EQ(e.projections[0].name, "E->I");
    EXPECT_EQ(e.projections[1].name, "I->I");
    EXPECT_EQ(e.projections[1].rule.number, 12U);
    EXPECT_EQ(e.projections[1].weight.kind, Distribution::Kind::lognormal);
    EXPECT_EQ(e.projections[2].name, "E->E");
    EXPECT_EQ(e.projections[2].delay.law.a, 3.0);
    EXPECT_EQ(e.projections[2].delay.law.outside, Distribution::Outside::clip);
    EXPECT_EQ(e.projections[3].name, "E->E#2");
    EXPECT_EQ(e.projections[4].name, "I->E#2"); // the pair that has no synapses keeps its name
    EXPECT_EQ(e.projections[4].target.end, 10U);
    EXPECT_EQ(e.projections[5].name, "E->I#2");
}

TEST_F(Reading, every_rule_and_kernel_is_read) {
    const Experiment e = read_experiment(write(
        "a.toml", R"(
[simulation]
duration = "100 ms"
partitioner = { kind = "random", seed = 3 }
[populations.A]
model = "iaf_psc_exp"
size = 64
positions = { grid = [8, 8], extent = ["1 mm", 1000], periodic = true }
)" + [] {
            std::string text;
            for (const char* rule :
                 {"\"one_to_one\"", "\"all_to_all\"", "{ all_to_all = true, allow_autapses = false }",
                  "{ fixed_indegree = 5, allow_multapses = false }", "{ fixed_outdegree = 6 }",
                  "{ fixed_total_number = 7 }", "{ pairwise_bernoulli = 0.5 }", "{ pairwise_poisson = 2.5 }",
                  "{ symmetric_pairwise_bernoulli = 0.25 }",
                  "{ pairwise_bernoulli = { gaussian = { p0 = 0.5, sigma = \"0.1 mm\" }, mask = { ball = 300 } } }",
                  "{ pairwise_bernoulli = { exponential = { lambda = 50 } } }",
                  "{ pairwise_bernoulli = { constant = 0.5, mask = { box = [100, 200] } } }"})
                text += std::string("[[projections]]\nsource = \"A\"\ntarget = \"A\"\nrule = ") + rule +
                        "\ndelay = { constant = 1, per_distance = \"1 ms/mm\" }\n";
            return text;
        }()));
    using Kind = Rule::Kind;
    const Kind kinds[] = {Kind::one_to_one,         Kind::all_to_all,         Kind::all_to_all,
                          Kind::fixed_indegree,     Kind::fixed_outdegree,    Kind::fixed_total_number,
                          Kind::pairwise_bernoulli, Kind::pairwise_poisson,   Kind::symmetric_pairwise_bernoulli,
                          Kind::pairwise_bernoulli, Kind::pairwise_bernoulli, Kind::pairwise_bernoulli};
    ASSERT_EQ(e.projections.size(), std::size(kinds));
    for (std::size_t i = 0; i < std::size(kinds); ++i)
        EXPECT_EQ(e.projections[i].rule.kind, kinds[i]) << i;
    EXPECT_FALSE(e.projections[2].rule.allow_autapses);
    EXPECT_FALSE(e.projections[3].rule.allow_multapses);
    EXPECT_FALSE(e.projections[8].rule.allow_autapses);
    EXPECT_EQ(e.projections[9].rule.kernel.scale, 100.0);
    EXPECT_EQ(e.projections[9].rule.kernel.radius, 300.0);
    EXPECT_EQ(e.projections[10].rule.kernel.p0, 1.0);
    EXPECT_EQ(e.projections[11].rule.kernel.half_width[1], 200.0);
    EXPECT_EQ(e.projections[0].delay.per_distance, 1e-3);
    EXPECT_EQ(e.populations[0].positions.extent[0], 1000.0);
    EXPECT_EQ(e.simulation.partitioner, PartitionerKind::random);
    EXPECT_EQ(e.simulation.partition_seed, 3U);
}

TEST_F(Reading, all_mistakes_are_reported_together_in_order) {
    try {
        (void)read_experiment(write("a.toml", R"([simulation]
duration = "100 mV"
sed = 3
[populations.E]
model = "iaf_psc_exp"
size = -1
params = { C_m = "0 pF" }
[[recorders]]
spikes = "F"
)"));
        FAIL();
    } catch (const InputError& e) {
        ASSERT_EQ(e.diagnostics().size(), 5U) << e.what();
        for (std::size_t i = 1; i < 5; ++i)
            EXPECT_LT(e.diagnostics()[i - 1].where.line, e.diagnostics()[i].where.line);
        EXPECT_EQ(e.diagnostics()[4].object, "recorders[0].spikes");
    }
}

TEST_F(Reading, an_archive_gives_the_same_experiment_back) {
    const Experiment e = read_experiment(source_dir + "/experiments/microcircuit_pd14.toml", {"variant=poisson_tenth"});
    const std::string bytes = to_archive(e);
    const Experiment back = from_archive(bytes);
    EXPECT_EQ(to_archive(back), bytes);
    EXPECT_EQ(back.title, e.title);
    EXPECT_EQ(back.projections.size(), e.projections.size());
    EXPECT_EQ(back.projections[5].weight, e.projections[5].weight);
    EXPECT_EQ(back.where("populations.L4I.size").line, e.where("populations.L4I.size").line);
    EXPECT_EQ(back.populations[3].params, e.populations[3].params);
    EXPECT_THROW((void)from_archive("not an archive"), RunError);
    EXPECT_THROW((void)from_archive(bytes.substr(0, bytes.size() / 2)), RunError);
}

TEST(Validation, an_experiment_from_code_is_checked_and_clamped) {
    Experiment e;
    e.simulation.duration_steps = 10;
    e.populations.emplace_back();
    e.populations[0].name = "A";
    e.populations[0].model = "iaf_psc_exp";
    e.populations[0].size = 5;
    Projection p;
    p.name = "A->A";
    p.path = "projections[0]";
    p.source.population = p.target.population = "A";
    e.projections.push_back(p);
    validate(e);
    EXPECT_EQ(e.projections[0].source.end, 5U);
    e.projections[0].weight.a = std::nan("");
    try {
        validate(e);
        FAIL();
    } catch (const InputError& error) {
        EXPECT_EQ(std::string(error.what()).rfind("<code>: projections[0].weight", 0), 0U) << error.what();
    }
}

TEST(Schema, the_reference_page_lists_every_key) {
    EXPECT_NE(content(source_dir + "/docs/experiment_format.md").find(schema_markdown()), std::string::npos)
        << "the page's tables differ from the schema; this is what they should be:\n"
        << schema_markdown();
}
