// What the tests of connection rules share: experiments in code, sinks that keep everything, chi-square bounds.
#pragma once

#include "engine/network/positions.hpp"
#include "engine/network/rule.hpp"
#include "partitioners/partitioners.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace spikecast::testing {

struct Synapse {
    std::uint64_t target, k, source;
    double weight = 0.0, delay = 0.0;
    friend auto operator<=>(const Synapse&, const Synapse&) = default;
};

/// Keeps every synapse and checks what a sink may rely on.
class Keep final : public SynapseSink {
public:
    Keep(const Partition& partition, WorkerId worker, std::size_t population)
        : partition_(partition), worker_(worker), population_(population) {}
    void row(std::uint64_t target, std::uint64_t local, std::uint64_t k_first,
             std::span<const std::uint64_t> sources) override {
        EXPECT_LE(sources.size(), 4096U);
        check(target, local);
        for (std::size_t j = 0; j < sources.size(); ++j)
            add({target, k_first + j, sources[j]});
    }
    void scattered(std::span<const DrawnSynapse> drawn) override {
        EXPECT_LE(drawn.size(), 4096U);
        for (const DrawnSynapse& s : drawn) {
            check(s.target, s.target_local);
            add({s.target, s.k, s.source});
        }
    }
    void listed(std::span<const DrawnSynapse> drawn, std::span<const double> weights,
                std::span<const double> delays) override {
        for (std::size_t j = 0; j < drawn.size(); ++j) {
            check(drawn[j].target, drawn[j].target_local);
            add({drawn[j].target, drawn[j].k, drawn[j].source, weights.empty() ? 0.0 : weights[j],
                 delays.empty() ? 0.0 : delays[j]});
        }
    }
    std::vector<Synapse> synapses;

private:
    void check(std::uint64_t target, std::uint64_t local) {
        EXPECT_EQ(partition_.index(worker_, population_, local), target);
    }
    void add(const Synapse& s) {
        const auto [last, first_time] = last_k_.try_emplace({s.source, s.target}, s.k);
        if (!first_time) {
            EXPECT_LT(last->second, s.k) << "k doesn't ascend within a pair";
            last->second = s.k;
        }
        synapses.push_back(s);
    }
    const Partition& partition_;
    WorkerId worker_;
    std::size_t population_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> last_k_;
};

/// Two populations, A and B, and one projection.
struct Case {
    Experiment experiment;
    Projection projection;

    Case(std::uint64_t a, std::uint64_t b, const char* source = "A", const char* target = "B") {
        experiment.populations.resize(2);
        experiment.populations[0].name = "A";
        experiment.populations[0].size = a;
        experiment.populations[1].name = "B";
        experiment.populations[1].size = b;
        experiment.simulation.seed = 20250131;
        projection.name = std::string(source) + "->" + target;
        projection.source.population = source;
        projection.target.population = target;
    }
    [[nodiscard]] static std::size_t number(const Selection& selection) { return selection.population == "A" ? 0 : 1; }
    [[nodiscard]] std::shared_ptr<const Partition> partition(PartitionerKind kind, std::uint32_t workers) const {
        SimulationSettings settings = experiment.simulation;
        settings.partitioner = kind;
        settings.partition_seed = 77;
        return make_partition(settings, {experiment.populations[0].size, experiment.populations[1].size}, workers);
    }
    /// The union over workers, sorted.
    std::vector<Synapse> draw(PartitionerKind kind = PartitionerKind::round_robin, std::uint32_t workers = 1) const {
        const auto where = partition(kind, workers);
        const auto rule =
            make_rule({experiment, projection, *where, number(projection.source), number(projection.target)});
        std::vector<Synapse> all;
        for (WorkerId w = 0; w < workers; ++w) {
            Keep first(*where, w, number(projection.target)), second(*where, w, number(projection.target));
            rule->enumerate(w, first);
            rule->enumerate(w, second);
            EXPECT_EQ(first.synapses, second.synapses) << "the second enumeration differs";
            all.insert(all.end(), first.synapses.begin(), first.synapses.end());
        }
        std::sort(all.begin(), all.end());
        return all;
    }
    /// Calls use(rule) with the rule on one worker.
    template <class Use>
    auto with_rule(Use&& use) const {
        const auto where = partition(PartitionerKind::round_robin, 1);
        const auto rule =
            make_rule({experiment, projection, *where, number(projection.source), number(projection.target)});
        return use(*rule);
    }
};

inline std::vector<double> indegrees(const std::vector<Synapse>& all, std::uint64_t size) {
    std::vector<double> result(size);
    for (const Synapse& s : all)
        result[s.target] += 1.0;
    return result;
}
inline std::vector<double> outdegrees(const std::vector<Synapse>& all, std::uint64_t size) {
    std::vector<double> result(size);
    for (const Synapse& s : all)
        result[s.source] += 1.0;
    return result;
}

/// P(chi-square with d degrees >= d + 2 sqrt(d x) + 2 x) <= exp(-x) (Laurent and Massart 2000, lemma 1): with x = 14 a
/// correct generator fails with probability below 1e-6, were the seed drawn anew. The lower side, d - 2 sqrt(d x),
/// likewise.
inline void expect_chi_square(double statistic, double degrees) {
    EXPECT_LT(statistic, degrees + 2.0 * std::sqrt(14.0 * degrees) + 28.0);
    EXPECT_GT(statistic, degrees - 2.0 * std::sqrt(14.0 * degrees));
}
/// Pearson's statistic of counts against one expectation.
inline double pearson(const std::vector<double>& counts, double expected) {
    double sum = 0.0;
    for (const double c : counts)
        sum += (c - expected) * (c - expected) / expected;
    return sum;
}

} // namespace spikecast::testing
