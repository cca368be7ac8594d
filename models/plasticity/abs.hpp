#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct Abs {
    enum Parameter : std::size_t { tau_y, theta_minus, theta_plus, A_minus, A_plus, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_y", "ms", 50.0, positive, "time constant of the estimate of the target's rate"),
        shared("theta_minus", "Hz", 5.0, not_negative, "rate above which weights shrink"),
        shared("theta_plus", "Hz", 20.0, not_negative, "rate above which they grow"),
        shared("A_minus", "1", 0.01, not_negative,
               "depression for each Hz above theta_minus, in the unit of the weight"),
        shared("A_plus", "1", 0.01, not_negative, "potentiation for each Hz above theta_plus"),
        shared("Wmax", "1", 100.0, positive, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"theta_minus <= theta_plus", [](const double* p) { return p[theta_minus] <= p[theta_plus]; }},
    };
    static constexpr TraceInfo post_traces[] = {{"y", tau_y}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "abs",
                .kind = ModelInfo::Kind::synapse,
                .summary = "Artola, Broecher and Singer's rule with its two thresholds",
                .equations =
                    R"(pre spike   y > theta_plus:                 w <- w + A_plus (y - theta_plus)
            theta_minus < y <= theta_plus:  w <- w - A_minus (y - theta_minus)
            y <= theta_minus:               nothing
            w is kept within [0, Wmax] and delivered

y: rate of the target in Hz, 1 / tau_y times a trace of its spikes before now.)",
                .citation = "Artola, Broecher, Singer (1990), Nature 347:69-72, doi:10.1038/347069a0.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .pre = {},
        .post = post_traces,
    };

    enum Constant : std::size_t { to_hz, low, high, down, up, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[to_hz] = 1000.0 / p[tau_y];
        c[low] = p[theta_minus];
        c[high] = p[theta_plus];
        c[down] = -p[A_minus];
        c[up] = p[A_plus];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec y = c[to_hz] * x.post(0), zero(0.0F);
        const Vec change = select(y > c[high], c[up] * (y - c[high]), select(y > c[low], c[down] * (y - c[low]), zero));
        return s.weight = simd::minimum(simd::maximum(s.weight + change, zero), c[largest]);
    }

    using Kernel = RuleKernel<Abs>;
};

} // namespace spikecast::models
