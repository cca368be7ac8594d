#include "engine/recording/network_file.hpp"

#include "engine/network/distance_delay.hpp"
#include "engine/network/rule.hpp"
#include "engine/recording/hdf5.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

namespace spikecast {

namespace {

constexpr double synapses_of_a_part = 1e6;

/// Worker w owns the w-th contiguous block of every population. What is drawn doesn't depend on the partition, so that
/// drawing with this one gives the rows of consecutive targets, part by part, which is the order of the file.
class ConsecutiveBlocks final : public Partition {
public:
    ConsecutiveBlocks(const Experiment& experiment, std::uint32_t workers) : workers_(workers) {
        for (const Population& population : experiment.populations)
            sizes_.push_back(population.size);
    }
    [[nodiscard]] std::uint32_t workers() const noexcept override { return workers_; }
    [[nodiscard]] std::uint64_t count(WorkerId worker, std::size_t population) const override {
        return begin(worker + std::uint64_t{1}, population) - begin(worker, population);
    }
    void places(std::size_t population, std::span<const std::uint64_t> indices, std::span<Place> out) const override {
        for (std::size_t i = 0; i < indices.size(); ++i) {
            const std::uint64_t worker = below_or_at(indices[i], population);
            out[i] = {static_cast<WorkerId>(worker), indices[i] - begin(worker, population)};
        }
    }
    [[nodiscard]] std::uint64_t index(WorkerId worker, std::size_t population, std::uint64_t local) const override {
        return begin(worker, population) + local;
    }
    /// The first index of a worker's block.
    [[nodiscard]] std::uint64_t begin(std::uint64_t worker, std::size_t population) const {
        // quotient and remainder apart, so that the product fits 64 bits (sizes < 2^63, workers < 2^32)
        const std::uint64_t size = sizes_[population], whole = size / workers_, rest = size % workers_;
        return worker * whole + std::min(worker, rest);
    }

private:
    [[nodiscard]] std::uint64_t below_or_at(std::uint64_t index, std::size_t population) const {
        const std::uint64_t whole = sizes_[population] / workers_, rest = sizes_[population] % workers_;
        const std::uint64_t in_longer = rest * (whole + 1); // the first `rest` blocks hold one more
        return index < in_longer ? index / (whole + 1) : rest + (index - in_longer) / whole;
    }
    std::uint32_t workers_;
    std::vector<std::uint64_t> sizes_;
};

struct Edge {
    std::uint64_t target, k, source;
    float weight;
    std::uint32_t delay; ///< steps
};

/// Half to even without libm, as the builder rounds.
double round_even(double x) noexcept {
    constexpr double magic = 0x1.8p52;
    return (x + magic) - magic;
}

class EdgeSink final : public SynapseSink {
public:
    EdgeSink(const Experiment& experiment, const Projection& projection, const ConnectionRule& rule,
             std::vector<Edge>& edges)
        : rule_(rule), weight_key_(make_key(experiment.simulation.seed, Purpose::weight, projection.name)),
          delay_key_(make_key(experiment.simulation.seed, Purpose::delay, projection.name)), weight_(projection.weight),
          delay_(DiscreteSampler::delays(projection.delay.per_distance != 0.0
                                             ? Distribution::constant(experiment.simulation.resolution_ms())
                                             : projection.delay.law,
                                         experiment.simulation.resolution_ms())),
          resolution_(experiment.simulation.resolution_ms()), edges_(edges) {
        if (projection.delay.per_distance != 0.0) distance_delay_.emplace(projection.delay, resolution_);
    }

    void row(std::uint64_t target, std::uint64_t, std::uint64_t k_first,
             std::span<const std::uint64_t> sources) override {
        for (std::size_t i = 0; i < sources.size(); ++i)
            add(target, k_first + i, sources[i]);
    }
    void scattered(std::span<const DrawnSynapse> synapses) override {
        for (const DrawnSynapse& s : synapses)
            add(s.target, s.k, s.source);
    }
    void listed(std::span<const DrawnSynapse> synapses, std::span<const double> weights,
                std::span<const double> delays_ms) override {
        for (std::size_t i = 0; i < synapses.size(); ++i) {
            add(synapses[i].target, synapses[i].k, synapses[i].source);
            if (!weights.empty()) edges_.back().weight = static_cast<float>(weights[i]);
            if (!delays_ms.empty())
                edges_.back().delay = static_cast<std::uint32_t>(round_even(delays_ms[i] / resolution_));
        }
    }

private:
    void add(std::uint64_t target, std::uint64_t k, std::uint64_t source) {
        const auto weight = static_cast<float>(weight_(draw32(weight_key_, target, k)));
        const std::uint32_t word = draw32(delay_key_, target, k);
        const std::uint32_t delay =
            distance_delay_ ? (*distance_delay_)(word, rule_.distance(source, target)) : delay_(word);
        edges_.push_back({target, k, source, weight, delay});
    }

    const ConnectionRule& rule_;
    Key weight_key_, delay_key_;
    Sampler weight_;
    DiscreteSampler delay_;
    std::optional<DistanceDelay> distance_delay_;
    double resolution_;
    std::vector<Edge>& edges_;
};

struct Column {
    const char* name;
    hid_t file_type, memory_type;
    hdf5::Handle dataset;
};

/// The columns of the edges of one pair of populations, or of the nodes of a population, which grow together.
class Table {
public:
    Table(MPI_Comm comm, const std::string& path) : comm_(comm), path_(path) { MPI_Comm_rank(comm, &rank_); }
    void add(hid_t group, const char* name, hid_t file_type, hid_t memory_type) {
        columns_.push_back({name, file_type, memory_type, hdf5::create_growing(group, name, file_type, 0, path_)});
    }
    [[nodiscard]] hid_t dataset(std::size_t column) const { return columns_[column].dataset.get(); }

    /// Collective. Makes room for `own` further rows of every rank, in rank order; returns where this rank's begin. A
    /// failure is kept until finish().
    std::uint64_t grow(std::uint64_t own) {
        std::uint64_t before = 0, total = 0;
        MPI_Exscan(&own, &before, 1, MPI_UINT64_T, MPI_SUM, comm_);
        if (rank_ == 0) before = 0;
        MPI_Allreduce(&own, &total, 1, MPI_UINT64_T, MPI_SUM, comm_);
        start_ = rows_ + before;
        own_ = own;
        rows_ += total;
        const hsize_t extent = rows_;
        if (total > 0)
            for (const Column& column : columns_)
                if (H5Dset_extent(column.dataset.get(), &extent) < 0) keep(column.name, hdf5::reason());
        return start_;
    }
    /// Collective. This rank's rows of one column: number(i) for row i of own ones.
    template <class T, class Number>
    void write(std::size_t column, Number&& number) {
        std::vector<T> values(own_);
        for (std::uint64_t i = 0; i < own_; ++i)
            values[i] = number(i);
        const std::array<hsize_t, 1> start{start_}, count{own_};
        const std::string why = hdf5::write_box(comm_, columns_[column].dataset.get(), columns_[column].memory_type,
                                                sizeof(T), start, count, values.data());
        if (!why.empty()) keep(columns_[column].name, why);
    }
    /// Collective: throws on all ranks what failed on any.
    void settle() const { hdf5::agree(comm_, error_); }

private:
    void keep(const char* name, const std::string& why) {
        if (error_.empty()) error_ = path_ + ": can't write " + name + ": " + why;
    }
    MPI_Comm comm_;
    std::string path_;
    int rank_ = 0;
    std::vector<Column> columns_;
    std::uint64_t rows_ = 0, start_ = 0, own_ = 0;
    std::string error_;
};

void write_nodes(MPI_Comm comm, const std::string& path, hid_t parent, const Experiment& experiment, std::size_t p) {
    int rank = 0, ranks = 1;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    Table table(comm, path);
    hdf5::together(comm, [&] {
        const hdf5::Handle group = hdf5::create_group(parent, experiment.populations[p].name, path);
        hdf5::write_attribute(group.get(), "model", experiment.populations[p].model, path);
        const hdf5::Handle attributes = hdf5::create_group(group.get(), "0", path);
        table.add(group.get(), "node_type_id", H5T_STD_U32LE, H5T_NATIVE_UINT32);
        table.add(group.get(), "node_group_id", H5T_STD_U32LE, H5T_NATIVE_UINT32);
        table.add(group.get(), "node_group_index", H5T_STD_U64LE, H5T_NATIVE_UINT64);
    });
    const std::uint64_t size = experiment.populations[p].size;
    const std::uint64_t piece = std::uint64_t{1} << 22;
    const auto n = static_cast<std::uint64_t>(ranks), r = static_cast<std::uint64_t>(rank);
    for (std::uint64_t done = 0; done < size; done += piece * n) {
        const std::uint64_t left = size - done;
        const std::uint64_t mine = left > r * piece ? std::min(piece, left - r * piece) : 0;
        const std::uint64_t start = table.grow(mine);
        table.write<std::uint32_t>(0, [&](std::uint64_t) { return static_cast<std::uint32_t>(p); });
        table.write<std::uint32_t>(1, [](std::uint64_t) { return 0U; });
        table.write<std::uint64_t>(2, [&](std::uint64_t i) { return start + i; });
        table.settle();
    }
}

/// The file's columns of a pair of populations, in the order that write_edges uses.
Table make_edge_table(MPI_Comm comm, const std::string& path, hid_t parent, const std::string& source,
                      const std::string& target) {
    Table table(comm, path);
    hdf5::together(comm, [&] {
        const hdf5::Handle group = hdf5::create_group(parent, source + "_to_" + target, path);
        const hdf5::Handle attributes = hdf5::create_group(group.get(), "0", path);
        table.add(group.get(), "source_node_id", H5T_STD_U64LE, H5T_NATIVE_UINT64);
        hdf5::write_attribute(table.dataset(0), "node_population", source, path);
        table.add(group.get(), "target_node_id", H5T_STD_U64LE, H5T_NATIVE_UINT64);
        hdf5::write_attribute(table.dataset(1), "node_population", target, path);
        table.add(group.get(), "edge_type_id", H5T_STD_U32LE, H5T_NATIVE_UINT32);
        table.add(group.get(), "edge_group_id", H5T_STD_U32LE, H5T_NATIVE_UINT32);
        table.add(group.get(), "edge_group_index", H5T_STD_U64LE, H5T_NATIVE_UINT64);
        table.add(attributes.get(), "syn_weight", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT);
        table.add(attributes.get(), "delay", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE);
        hdf5::write_attribute(table.dataset(6), "units", std::string("ms"), path);
    });
    return table;
}

void write_edges(MPI_Comm comm, Table& table, const Experiment& experiment, std::size_t number) {
    int rank = 0, ranks = 1;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    const Projection& projection = experiment.projections[number];
    const auto find = [&](const std::string& name) {
        std::size_t p = 0;
        while (experiment.populations[p].name != name)
            ++p;
        return p;
    };
    const std::size_t source = find(projection.source.population), target = find(projection.target.population);

    std::unique_ptr<Partition> blocks;
    std::unique_ptr<ConnectionRule> rule;
    std::vector<Edge> edges;
    std::unique_ptr<EdgeSink> sink;
    const auto n = static_cast<std::uint32_t>(ranks);
    std::uint64_t rounds = 1;
    hdf5::together(comm, [&] {
        blocks = std::make_unique<ConsecutiveBlocks>(experiment, n);
        rule = make_rule({experiment, projection, *blocks, source, target});
        const double parts = rule->expected_synapses() / (synapses_of_a_part * static_cast<double>(n));
        const double most = static_cast<double>(experiment.populations[target].size) / static_cast<double>(n);
        rounds = static_cast<std::uint64_t>(std::clamp(std::ceil(std::min(parts, most)), 1.0, 0x1p32 / n - 1.0));
        if (rounds > 1) {
            blocks = std::make_unique<ConsecutiveBlocks>(experiment, static_cast<std::uint32_t>(rounds * n));
            rule = make_rule({experiment, projection, *blocks, source, target});
        }
        sink = std::make_unique<EdgeSink>(experiment, projection, *rule, edges);
    });
    for (std::uint64_t round = 0; round < rounds; ++round) {
        hdf5::together(comm, [&] {
            edges.clear();
            rule->enumerate(static_cast<WorkerId>(round * n + static_cast<std::uint32_t>(rank)), *sink);
            std::sort(edges.begin(), edges.end(),
                      [](const Edge& a, const Edge& b) { return std::pair(a.target, a.k) < std::pair(b.target, b.k); });
        });
        const std::uint64_t start = table.grow(edges.size());
        table.write<std::uint64_t>(0, [&](std::uint64_t i) { return edges[i].source; });
        table.write<std::uint64_t>(1, [&](std::uint64_t i) { return edges[i].target; });
        table.write<std::uint32_t>(2, [&](std::uint64_t) { return static_cast<std::uint32_t>(number); });
        table.write<std::uint32_t>(3, [](std::uint64_t) { return 0U; });
        table.write<std::uint64_t>(4, [&](std::uint64_t i) { return start + i; });
        table.write<float>(5, [&](std::uint64_t i) { return edges[i].weight; });
        table.write<double>(6, [&](std::uint64_t i) { return experiment.simulation.time_ms(edges[i].delay); });
        table.settle();
    }
}

} // namespace

void export_network(MPI_Comm comm, const std::string& path, const Experiment& experiment, const Partition&) {
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    hdf5::Handle file = hdf5::create_file(comm, path);
    const hdf5::Quiet quiet;
    {
        hdf5::Handle nodes, edges;
        hdf5::together(comm, [&] {
            hdf5::write_sonata_marks(file.get(), path);
            const hdf5::Handle about = hdf5::create_group(file.get(), "spikecast", path);
            hdf5::write_attribute(about.get(), "version", SPIKECAST_VERSION, path);
            hdf5::write_attribute(about.get(), "title", experiment.title, path);
            hdf5::write_attribute(about.get(), "seed", experiment.simulation.seed, path);
            hdf5::write_text(about.get(), "experiment", experiment.text, rank, path);
            hdf5::write_texts(about.get(), "overrides", experiment.overrides, rank, path);
            std::vector<std::string> names;
            for (const Projection& projection : experiment.projections)
                names.push_back(projection.name);
            hdf5::write_texts(about.get(), "edge_types", names, rank, path);
            nodes = hdf5::create_group(file.get(), "nodes", path);
            edges = hdf5::create_group(file.get(), "edges", path);
        });
        for (std::size_t p = 0; p < experiment.populations.size(); ++p)
            write_nodes(comm, path, nodes.get(), experiment, p);
        // Projections by pair, pairs in the order of their first projection.
        std::vector<std::size_t> left(experiment.projections.size());
        std::iota(left.begin(), left.end(), std::size_t{0});
        while (!left.empty()) {
            const Projection& first = experiment.projections[left.front()];
            const auto same = [&](std::size_t i) {
                return experiment.projections[i].source.population == first.source.population &&
                       experiment.projections[i].target.population == first.target.population;
            };
            Table table = make_edge_table(comm, path, edges.get(), first.source.population, first.target.population);
            for (const std::size_t i : left)
                if (same(i)) write_edges(comm, table, experiment, i);
            left.erase(std::remove_if(left.begin(), left.end(), same), left.end());
        }
    }
    std::string error;
    if (H5Fflush(file.get(), H5F_SCOPE_GLOBAL) < 0) error = path + ": can't flush to disk: " + hdf5::reason();
    hdf5::agree(comm, error);
    if (file.reset() < 0) error = path + ": can't close the file: " + hdf5::reason();
    hdf5::agree(comm, error);
}

} // namespace spikecast
