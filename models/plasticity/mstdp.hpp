#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct Mstdp {
    enum Parameter : std::size_t { tau_plus, tau_minus, A_plus, A_minus, tau_r, gamma, Wmin, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_plus", "ms", 20.0, positive, "time constant of the trace of pre spikes"),
        shared("tau_minus", "ms", 20.0, positive, "time constant of the trace of post spikes"),
        shared("A_plus", "1", 1.0, any_value, "potentiation by a post spike, for K_plus = r = 1"),
        shared("A_minus", "1", 1.0, any_value, "depression by a pre spike, for K_minus = r = 1"),
        shared("tau_r", "ms", 25.0, positive, "time constant of the reward signal"),
        shared("gamma", "1", 0.1, not_negative, "learning rate, in the unit of the weight"),
        shared("Wmin", "1", 0.0, any_value, "smallest weight, in the unit of the weight"),
        shared("Wmax", "1", 5.0, any_value, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmin < Wmax", [](const double* p) { return p[Wmin] < p[Wmax]; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"K_plus", tau_plus}};
    static constexpr TraceInfo post_traces[] = {{"K_minus", tau_minus}};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "mstdp",
                .kind = ModelInfo::Kind::synapse,
                .summary = "STDP whose sign and size follow a reward signal",
                .equations =
                    R"(r' = -r / tau_r    reward R: r <- r + R
post spike         w <- w + gamma r A_plus K_plus
pre spike          w <- w - gamma r A_minus K_minus, then w is delivered

w is kept within [Wmin, Wmax]. A reward is a spike of a volume_transmitter of
weight R onto the same population; spikes at the very same time see it.
K_plus, K_minus: traces of all pre (post) spikes, +1 at each. Pairs that meet
at the very same time don't interact.)",
                .citation = "Florian (2007), Neural Computation 19:1468-1502, doi:10.1162/neco.2007.19.6.1468.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
        .neuromodulated = true,
        .modulator_tau = static_cast<int>(tau_r),
    };

    enum Constant : std::size_t { up, down, decay, lowest, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[gamma] * p[A_plus];
        c[down] = p[gamma] * p[A_minus];
        c[decay] = -1.0 / p[tau_r];
        c[lowest] = p[Wmin];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X, class Vec>
    static void change(S& s, const C& c, const X& x, Vec by) {
        const Vec r = x.level() * simd::exp(x.since_mark() * c[decay]);
        s.weight = simd::minimum(simd::maximum(s.weight + r * by, c[lowest]), c[largest]);
    }
    template <class S, class C, class X>
    static void on_neuromodulator(S&, const C&, const X&) {}
    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        change(s, c, x, c[up] * x.pre(0));
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        change(s, c, x, -(c[down] * x.post(0)));
        return s.weight;
    }

    using Kernel = RuleKernel<Mstdp>;
};

} // namespace spikecast::models
