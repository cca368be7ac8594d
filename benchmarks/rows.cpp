// Row generation: synapses drawn and put in place.
//
//   rows/<rule>              a connection rule enumerates the synapses of all targets once, into a sink that keeps a
//   sum rows/build/<format>      what a worker does to build: counting, placing (with weights, delays and hashes),
//   sorting, for
//                            the microcircuit at a tenth
//
// 2,000 neurons with about 100 synapses each for the rules, on one worker, which keeps all that it draws. A build
// enumerates twice.
//
// Unit: ns per synapse. There is no bare loop; the draws of a rule (its docstring in engine/network/rules/rules.hpp)
// are the floor: a 64-bit Philox draw is about 1.5 ns in registers.
#include "benchmarks/kernel.hpp"
#include "benchmarks/networks.hpp"
#include "engine/network/rule.hpp"
#include "partitioners/partitioners.hpp"

#include <fmt/core.h>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace spikecast::bench {
namespace {

constexpr std::uint64_t neurons = 2'000, indegree = 100;

class Sum final : public SynapseSink {
public:
    void row(std::uint64_t, std::uint64_t, std::uint64_t, std::span<const std::uint64_t> sources) override {
        for (const std::uint64_t s : sources)
            sum += s;
        synapses += sources.size();
    }
    void scattered(std::span<const DrawnSynapse> drawn) override {
        for (const DrawnSynapse& s : drawn)
            sum += s.source;
        synapses += drawn.size();
    }
    void listed(std::span<const DrawnSynapse> drawn, std::span<const double>, std::span<const double>) override {
        scattered(drawn);
    }
    std::uint64_t synapses = 0;
    std::uint64_t sum = 0; ///< of sources: so that nobody leaves out drawing them
};

class RuleJob final : public Job {
public:
    explicit RuleJob(const std::function<void(Experiment&)>& change) {
        experiment_.title = "rows";
        experiment_.simulation.duration_steps = 1;
        experiment_.populations.resize(1);
        Population& population = experiment_.populations[0];
        population.name = "N";
        population.model = "iaf_psc_delta";
        population.size = neurons;
        experiment_.projections.resize(1);
        Projection& projection = experiment_.projections[0];
        projection.name = "N->N";
        projection.source.population = projection.target.population = "N";
        change(experiment_);
        validate(experiment_);
        partition_ = make_partition(experiment_.simulation, {neurons}, 1);
        rule_ = make_rule({experiment_, projection, *partition_, 0, 0});
        run();
    }
    std::uint64_t run() override {
        Sum sink;
        rule_->enumerate(0, sink);
        sum_ = sink.sum;
        return sink.synapses;
    }

private:
    Experiment experiment_;
    std::shared_ptr<const Partition> partition_;
    std::unique_ptr<ConnectionRule> rule_;
    volatile std::uint64_t sum_ = 0;
};

/// A list of all pairs that differ by 1 to `indegree`, written once for each process.
std::string list_file() {
    struct File {
        std::string path = std::filesystem::temp_directory_path() / fmt::format("spikecast_rows_{}.csv", getpid());
        File() {
            std::ofstream out(path);
            out << "source,target\n";
            for (std::uint64_t target = 0; target < neurons; ++target)
                for (std::uint64_t k = 1; k <= indegree; ++k)
                    out << (target + k) % neurons << ',' << target << '\n';
        }
        File(const File&) = delete;
        File& operator=(const File&) = delete;
        ~File() { std::remove(path.c_str()); }
    };
    static const File file;
    return file.path;
}

template <class W>
void add_build(Kernels& kernels, const std::string& format) {
    using T = std::conditional_t<std::is_same_v<W, float>, double, float>;
    Kernel kernel;
    kernel.name = "rows/build/" + format;
    kernel.unit = "synapse";
    kernel.counted = true;
    kernel.make = [](std::uint32_t, std::uint32_t) {
        auto network = microcircuit<T, W>(0.1, 0.1, 1);
        return job([network] { return static_cast<std::uint64_t>(sample_build<W>(network->plan, 0, 1.0).synapses); });
    };
    kernels.push_back(std::move(kernel));
}

} // namespace

void add_rows(Kernels& kernels) {
    const auto add = [&](const char* name, std::function<void(Experiment&)> change) {
        Kernel kernel;
        kernel.name = fmt::format("rows/{}", name);
        kernel.unit = "synapse";
        kernel.counted = true;
        kernel.make = [change = std::move(change)](std::uint32_t, std::uint32_t) {
            return std::make_unique<RuleJob>(change);
        };
        kernels.push_back(std::move(kernel));
    };
    const auto rule = [](Rule::Kind kind, std::uint64_t number, double probability) {
        return [=](Experiment& e) {
            e.projections[0].rule.kind = kind;
            e.projections[0].rule.number = number;
            e.projections[0].rule.probability = probability;
        };
    };
    constexpr double p = static_cast<double>(indegree) / neurons;
    add("one_to_one", rule(Rule::Kind::one_to_one, 0, 0.0));
    add("all_to_all", rule(Rule::Kind::all_to_all, 0, 0.0));
    add("fixed_indegree", rule(Rule::Kind::fixed_indegree, indegree, 0.0));
    add("fixed_indegree_no_multapses", [](Experiment& e) {
        e.projections[0].rule.kind = Rule::Kind::fixed_indegree;
        e.projections[0].rule.number = indegree;
        e.projections[0].rule.allow_multapses = false;
    });
    add("fixed_outdegree", rule(Rule::Kind::fixed_outdegree, indegree, 0.0));
    add("fixed_total_number", rule(Rule::Kind::fixed_total_number, indegree * neurons, 0.0));
    add("pairwise_bernoulli", rule(Rule::Kind::pairwise_bernoulli, 0, p));
    add("pairwise_poisson", rule(Rule::Kind::pairwise_poisson, 0, p));
    add("symmetric_pairwise_bernoulli", [](Experiment& e) {
        e.projections[0].rule.kind = Rule::Kind::symmetric_pairwise_bernoulli;
        e.projections[0].rule.probability = p;
        e.projections[0].rule.allow_autapses = false;
    });
    add("distance_gaussian", [](Experiment& e) {
        Positions& positions = e.populations[0].positions;
        positions.kind = Positions::Kind::grid;
        positions.extent = {1000.0, 1000.0, 0.0};
        positions.shape = {50, 40, 1};
        positions.periodic = true;
        Rule& r = e.projections[0].rule;
        r.kind = Rule::Kind::pairwise_bernoulli;
        r.kernel.kind = DistanceKernel::Kind::gaussian;
        r.kernel.p0 = 0.5;
        r.kernel.scale = 126.0; // 2 pi 126^2 / 1000^2 * 0.5 is 0.05
        r.kernel.mask = DistanceKernel::Mask::ball;
        r.kernel.radius = 450.0;
    });
    add("explicit_list", [](Experiment& e) {
        e.projections[0].rule.kind = Rule::Kind::explicit_list;
        e.projections[0].rule.file = list_file();
    });
    add_build<std::int16_t>(kernels, "compact");
    add_build<float>(kernels, "float32");
}

} // namespace spikecast::bench
