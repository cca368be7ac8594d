#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct Mstdpet {
    enum Parameter : std::size_t { tau_plus, tau_minus, A_plus, A_minus, tau_z, gamma, Wmin, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_plus", "ms", 20.0, positive, "time constant of the trace of pre spikes"),
        shared("tau_minus", "ms", 20.0, positive, "time constant of the trace of post spikes"),
        shared("A_plus", "1", 1.0, any_value, "eligibility of a post spike, for K_plus = 1"),
        shared("A_minus", "1", 1.0, any_value, "that a pre spike takes away, for K_minus = 1"),
        shared("tau_z", "ms", 25.0, positive, "time constant of the eligibility"),
        shared("gamma", "1", 0.1, not_negative, "learning rate, in the unit of the weight"),
        shared("Wmin", "1", 0.0, any_value, "smallest weight, in the unit of the weight"),
        shared("Wmax", "1", 5.0, any_value, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmin < Wmax", [](const double* p) { return p[Wmin] < p[Wmax]; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"K_plus", tau_plus}};
    static constexpr TraceInfo post_traces[] = {{"K_minus", tau_minus}};
    static constexpr VariableInfo variables[] = {
        {"z", "1/ms", 0.0, "eligibility at the last event of the synapse"},
        {"since", "ms", 0.0, "time of that event, from the last pre spike on"},
    };
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "mstdpet",
                .kind = ModelInfo::Kind::synapse,
                .summary = "STDP with an eligibility trace that rewards turn into weights",
                .equations =
                    R"(z' = -z / tau_z    post spike: z <- z + A_plus K_plus / tau_z
                   pre spike:  z <- z - A_minus K_minus / tau_z
reward R           w <- w + gamma R z, kept within [Wmin, Wmax]

A reward is a spike of a volume_transmitter of weight R onto the same
population; it reads the z of spikes before it, not of those at the very same
time. K_plus, K_minus: traces of all pre (post) spikes, +1 at each. Pairs that
meet at the very same time don't interact.)",
                .citation = "Florian (2007), Neural Computation 19:1468-1502, doi:10.1162/neco.2007.19.6.1468.",
                .parameters = parameters,
                .variables = variables,
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
        .neuromodulated = true,
    };

    enum Variable : std::size_t { z, since };
    enum Constant : std::size_t { up, down, decay, rate, lowest, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[A_plus] / p[tau_z];
        c[down] = p[A_minus] / p[tau_z];
        c[decay] = -1.0 / p[tau_z];
        c[rate] = p[gamma];
        c[lowest] = p[Wmin];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void advance(S& s, const C& c, const X& x) {
        const auto now = x.elapsed();
        s[z] = s[z] * simd::exp((now - s[since]) * c[decay]);
        s[since] = now;
    }
    template <class S, class C, class X>
    static void on_neuromodulator(S& s, const C& c, const X& x) {
        advance(s, c, x);
        s.weight = simd::minimum(simd::maximum(s.weight + c[rate] * x.amount() * s[z], c[lowest]), c[largest]);
    }
    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        advance(s, c, x);
        s[z] = s[z] + c[up] * x.pre(0);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        advance(s, c, x);
        s[z] = s[z] - c[down] * x.post(0);
        s[since] = Vec(0.0F);
        return s.weight;
    }

    using Kernel = RuleKernel<Mstdpet>;
};

} // namespace spikecast::models
