#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct Bcm {
    enum Parameter : std::size_t { tau_y, tau_theta, y0, eta, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_y", "ms", 100.0, positive, "time constant of the estimate of the target's rate"),
        shared("tau_theta", "ms", 2000.0, positive, "time constant of the threshold"),
        shared("y0", "Hz", 10.0, positive, "rate at which a constant rate is its own threshold"),
        shared("eta", "1", 1e-4, not_negative, "learning rate, in the unit of the weight, for each Hz^2"),
        shared("Wmax", "1", 100.0, positive, "largest weight, in the unit of the weight"),
    };
    static constexpr TraceInfo post_traces[] = {{"y", tau_y}, {"theta", tau_theta, TraceKind::square, tau_y}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "bcm",
                .kind = ModelInfo::Kind::synapse,
                .summary = "Bienenstock, Cooper and Munro's rule with a sliding threshold: selectivity",
                .equations =
                    R"(theta' = (y^2 / y0 - theta) / tau_theta, from 0
pre spike    w <- w + eta y (y - theta), kept within [0, Wmax], then delivered

y: rate of the target in Hz, 1 / tau_y times a trace of its spikes before now.
theta is solved exactly from spike to spike. With a source of rate x,
w' = eta x y (y - theta) on average.)",
                .citation = "Bienenstock, Cooper, Munro (1982), Journal of Neuroscience 2:32-48, "
                            "doi:10.1523/JNEUROSCI.02-01-00032.1982; Intrator, Cooper (1992), Neural Networks 5:3-17, "
                            "doi:10.1016/S0893-6080(05)80003-6.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = {},
            },
        .pre = {},
        .post = post_traces,
    };

    enum Constant : std::size_t { to_hz, to_threshold, mixed, fast, slow, rate, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[to_hz] = 1000.0 / p[tau_y];
        c[to_threshold] = c[to_hz] * c[to_hz] / p[y0];
        c[mixed] = square_gain(p[tau_y], p[tau_theta]);
        c[fast] = -2.0 / p[tau_y];
        c[slow] = -1.0 / p[tau_theta];
        c[rate] = p[eta];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec y = c[to_hz] * x.post(0), since = x.since_post(), last = x.entry(0);
        const Vec squares = square_response(last * last, since, c.scalar(mixed), c[fast], c[slow]);
        const Vec theta = c[to_threshold] * (x.post(1) + squares);
        const Vec w = s.weight + c[rate] * y * (y - theta);
        return s.weight = simd::minimum(simd::maximum(w, Vec(0.0F)), c[largest]);
    }

    using Kernel = RuleKernel<Bcm>;
};

} // namespace spikecast::models
