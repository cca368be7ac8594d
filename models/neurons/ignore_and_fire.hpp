#pragma once

#include "models/neuron_block.hpp"
#include "models/neurons/propagators.hpp"
#include "spikecast/model.hpp"
#include "spikecast/simd.hpp"

#include <algorithm>
#include <string>

namespace spikecast::models {

struct IgnoreAndFire {
    enum Parameter { rate, phase };
    static constexpr ParameterInfo parameters[] = {
        {"rate", "Hz", 10.0, positive, "rate of spikes; the interval 1 / rate is rounded to steps"},
        {"phase", "1", 1.0, {0.0, 1.0, true, false}, "time of the first spike in intervals"},
    };
    enum Variable { waiting };
    static constexpr VariableInfo variables[] = {
        {"waiting", "1", -1.0, "steps before the one that spikes; -1 before the run's first step", -1, false},
    };
    static constexpr ReceptorInfo receptors[] = {
        {"ex", "pA", "weights of this sign arrive and are ignored", +1},
        {"in", "pA", "weights of this sign arrive and are ignored", -1},
    };
    static constexpr ModelInfo info{
        .name = "ignore_and_fire",
        .kind = ModelInfo::Kind::neuron,
        .summary = "Spikes at a given rate whatever it receives, for benchmarks of communication and delivery",
        .equations = R"(Spikes in steps p, p + n, p + 2 n, ... where n is 1000 / (rate h) and p is
phase * n, both rounded to steps, at least one.

Receptors are those of iaf_psc_exp and iaf_psc_alpha, so that it can stand in
for them in an experiment: spikes are sent, exchanged and delivered as usual,
but what arrives changes nothing. The load is then independent of the
network's dynamics.)",
        .citation = "NEST Simulator, model ignore_and_fire: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = variables,
        .receptors = receptors,
        .relations = {},
    };

    enum Constant { interval, first, constants };
    static void derive(const double* p, double h, double* c) {
        c[interval] = std::max(1.0, whole_steps(1000.0 / p[rate], h));
        c[first] = std::max(0.0, std::round(p[phase] * c[interval]) - 1.0);
    }
    /// Intervals that the grid, or whole numbers in single precision, can't hold.
    static void check(const double* p, double h, const std::string& object) {
        const double steps = 1000.0 / p[rate] / h;
        if (steps < 0.5)
            refuse(object + ".params.rate",
                   "rate = " + std::to_string(p[rate]) + " Hz is an interval of " + std::to_string(steps) + " steps",
                   "at most one spike a step: lower the rate or take a finer resolution");
        if (steps > 0x1p24)
            refuse(object + ".params.rate",
                   "rate = " + std::to_string(p[rate]) + " Hz is an interval of " + std::to_string(steps) +
                       " steps, but at most 2^24 can be counted",
                   "raise the rate or take a coarser resolution");
    }

    template <class Vec, class Constants, class Input>
    static auto update(Vec* s, const Constants& c, const Input&) {
        const Vec zero(0), one(1);
        const Vec left = select(s[waiting] < zero, c[first], s[waiting]);
        const auto spikes = left == zero;
        s[waiting] = select(spikes, c[interval] - one, left - one);
        return spikes;
    }

    template <class T>
    using Population = NeuronBlock<IgnoreAndFire, T>;
};

} // namespace spikecast::models
