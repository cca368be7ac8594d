// A projection from an explicit list between 50 and 30 neurons, whose synapses are enumerated and checked.
#pragma once

#include "engine/network/rule.hpp"
#include "partitioners/partitioners.hpp"

#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>

namespace spikecast::fuzz {

class CheckedSink final : public SynapseSink {
public:
    void row(std::uint64_t, std::uint64_t, std::uint64_t, std::span<const std::uint64_t>) override { std::abort(); }
    void scattered(std::span<const DrawnSynapse> drawn) override { listed(drawn, {}, {}); }
    void listed(std::span<const DrawnSynapse> drawn, std::span<const double> weights,
                std::span<const double> delays) override {
        for (const DrawnSynapse& s : drawn)
            if (s.source >= 50 || s.target >= 30) std::abort();
        for (const double w : weights)
            if (!std::isfinite(w)) std::abort();
        for (const double d : delays)
            if (!(d > 0.0) || !std::isfinite(d)) std::abort();
    }
};

inline void connect(const std::string& file, const std::string& dataset) {
    Experiment experiment;
    experiment.populations.resize(2);
    experiment.populations[0].name = "A";
    experiment.populations[0].size = 50;
    experiment.populations[1].name = "B";
    experiment.populations[1].size = 30;
    Projection projection;
    projection.name = "A->B";
    projection.path = "projections[0]";
    projection.source.population = "A";
    projection.target.population = "B";
    projection.rule.kind = Rule::Kind::explicit_list;
    projection.rule.file = file;
    projection.rule.dataset = dataset;
    const auto partition = make_partition(experiment.simulation, {50, 30}, 1);
    const auto rule = make_rule({experiment, projection, *partition, 0, 1});
    CheckedSink sink;
    rule->enumerate(0, sink);
}

} // namespace spikecast::fuzz
