// Run on several ranks: the exported network is that which the rules enumerate, in order, with the synapses' own draws.
#include "engine/network/rule.hpp"
#include "engine/recording/hdf5.hpp"
#include "engine/recording/network_file.hpp"
#include "partitioners/partitioners.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <vector>

namespace {

using namespace spikecast;

Experiment example() {
    Experiment e;
    e.title = "Two populations";
    e.simulation.seed = 9;
    Population population;
    population.model = "iaf_psc_exp";
    population.name = "E";
    population.size = 150;
    e.populations.push_back(population);
    population.name = "I";
    population.size = 37;
    e.populations.push_back(population);
    const auto project = [&](const char* source, const char* target, Rule rule, const char* name) {
        Projection p;
        p.name = name;
        p.source = {source, 0, e.find_population(source)->size, 1, {}};
        p.target = {target, 0, e.find_population(target)->size, 1, {}};
        p.rule = rule;
        p.weight = Distribution::normal(87.8, 8.8);
        p.delay.law = Distribution::normal(1.5, 0.75);
        e.projections.push_back(p);
    };
    Rule indegree, total;
    indegree.kind = Rule::Kind::fixed_indegree;
    indegree.number = 11;
    total.kind = Rule::Kind::fixed_total_number;
    total.number = 2000;
    project("E", "I", indegree, "E->I");
    project("I", "E", total, "I->E");
    project("E", "I", total, "E->I#2");
    return e;
}

struct Row {
    std::uint64_t type, target, k, source;
    friend auto operator<=>(const Row&, const Row&) = default;
};

class Collect final : public SynapseSink {
public:
    std::uint64_t type = 0;
    std::vector<Row> rows;
    void row(std::uint64_t target, std::uint64_t, std::uint64_t k, std::span<const std::uint64_t> sources) override {
        for (const std::uint64_t s : sources)
            rows.push_back({type, target, k++, s});
    }
    void scattered(std::span<const DrawnSynapse> synapses) override {
        for (const DrawnSynapse& s : synapses)
            rows.push_back({type, s.target, s.k, s.source});
    }
    void listed(std::span<const DrawnSynapse> synapses, std::span<const double>, std::span<const double>) override {
        scattered(synapses);
    }
};

template <class T>
std::vector<T> read(hid_t file, const std::string& name, hid_t type) {
    const hdf5::Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT));
    EXPECT_GE(dataset.get(), 0) << name;
    const hdf5::Handle space(H5Dget_space(dataset.get()));
    std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
    EXPECT_GE(H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
    return values;
}

TEST(NetworkFile, holds_what_the_rules_enumerate) {
    int rank = 0, ranks = 1;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const Experiment e = example();
    const std::vector<std::uint64_t> sizes{150, 37};
    const auto partition = make_partition(e.simulation, sizes, 3);
    const std::string path =
        (std::filesystem::temp_directory_path() / ("spikecast_network_" + std::to_string(ranks) + ".h5")).string();
    export_network(MPI_COMM_WORLD, path, e, *partition);
    if (rank == 0) {
        const hdf5::Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
        ASSERT_GE(file.get(), 0);
        EXPECT_EQ(read<std::uint64_t>(file.get(), "/nodes/E/node_group_index", H5T_NATIVE_UINT64).size(), 150U);
        const auto groups = read<std::uint64_t>(file.get(), "/nodes/I/node_group_index", H5T_NATIVE_UINT64);
        ASSERT_EQ(groups.size(), 37U);
        EXPECT_EQ(groups.back(), 36U);
        for (const bool first : {true, false}) {
            Collect collect; // by another partition than the exporter's
            for (const std::size_t p : first ? std::vector<std::size_t>{0, 2} : std::vector<std::size_t>{1}) {
                collect.type = p;
                const auto rule = make_rule({e, e.projections[p], *partition, first ? 0U : 1U, first ? 1U : 0U});
                for (WorkerId w = 0; w < 3; ++w)
                    rule->enumerate(w, collect);
            }
            std::sort(collect.rows.begin(), collect.rows.end());
            const std::string group = first ? "/edges/E_to_I/" : "/edges/I_to_E/";
            const auto sources = read<std::uint64_t>(file.get(), group + "source_node_id", H5T_NATIVE_UINT64);
            const auto targets = read<std::uint64_t>(file.get(), group + "target_node_id", H5T_NATIVE_UINT64);
            const auto types = read<std::uint64_t>(file.get(), group + "edge_type_id", H5T_NATIVE_UINT64);
            const auto numbers = read<std::uint64_t>(file.get(), group + "edge_group_index", H5T_NATIVE_UINT64);
            const auto weights = read<float>(file.get(), group + "0/syn_weight", H5T_NATIVE_FLOAT);
            const auto delays = read<double>(file.get(), group + "0/delay", H5T_NATIVE_DOUBLE);
            ASSERT_EQ(collect.rows.size(), first ? 11U * 37U + 2000U : 2000U);
            ASSERT_EQ(sources.size(), collect.rows.size());
            ASSERT_EQ(delays.size(), collect.rows.size());
            for (std::size_t i = 0; i < sources.size(); ++i) {
                const Row& row = collect.rows[i];
                const Projection& p = e.projections[row.type];
                EXPECT_EQ(types[i], row.type);
                EXPECT_EQ(targets[i], row.target);
                EXPECT_EQ(sources[i], row.source);
                EXPECT_EQ(numbers[i], i);
                const auto word = draw32(make_key(9, Purpose::weight, p.name), row.target, row.k);
                EXPECT_EQ(weights[i], static_cast<float>(Sampler(p.weight)(word)));
                const auto delay = DiscreteSampler::delays(p.delay.law, 0.1)(
                    draw32(make_key(9, Purpose::delay, p.name), row.target, row.k));
                EXPECT_EQ(delays[i], static_cast<double>(delay) / 10.0);
            }
        }
        std::filesystem::remove(path);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

} // namespace
