#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct StdpDopamine {
    enum Parameter : std::size_t { tau_plus, tau_minus, A_plus, A_minus, tau_c, tau_n, b, Wmin, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_plus", "ms", 20.0, positive, "time constant of the trace of pre spikes"),
        shared("tau_minus", "ms", 20.0, positive, "time constant of the trace of post spikes"),
        shared("A_plus", "1", 1.0, any_value, "what a post spike adds to the eligibility, for K_plus = 1"),
        shared("A_minus", "1", 1.5, any_value, "what a pre spike takes from it, for K_minus = 1"),
        shared("tau_c", "ms", 1000.0, positive, "time constant of the eligibility"),
        shared("tau_n", "ms", 200.0, positive, "time constant of the neuromodulator's concentration"),
        shared("b", "1", 0.0, any_value, "baseline of the concentration"),
        shared("Wmin", "1", 0.0, any_value, "smallest weight, in the unit of the weight"),
        shared("Wmax", "1", 200.0, any_value, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmin < Wmax", [](const double* p) { return p[Wmin] < p[Wmax]; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"K_plus", tau_plus}};
    static constexpr TraceInfo post_traces[] = {{"K_minus", tau_minus}};
    static constexpr VariableInfo variables[] = {
        {"c", "1", 0.0, "eligibility at the last event of the synapse"},
        {"since", "ms", 0.0, "time of that event, from the last pre spike on"},
    };
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "stdp_dopamine",
                .kind = ModelInfo::Kind::synapse,
                .summary = "STDP that a neuromodulator turns into weights",
                .equations =
                    R"(c' = -c / tau_c   post spike: c <- c + A_plus K_plus
                  pre spike:  c <- c - A_minus K_minus
n' = -n / tau_n   spike of a volume_transmitter of weight v: n <- n + v/tau_n
w' = c (n - b)    solved exactly from event to event (of either neuron or the
                  transmitter), then kept within [Wmin, Wmax]

K_plus, K_minus: traces of all pre (post) spikes, +1 at each. Pairs that meet
at the very same time don't interact. The neuromodulator comes from the
projections onto the same population whose synapse is volume_transmitter.)",
                .citation = "Izhikevich (2007), Cerebral Cortex 17:2443-2452, doi:10.1093/cercor/bhl152; Potjans, "
                            "Morrison, Diesmann (2010), Front Comput Neurosci 4:141, doi:10.3389/fncom.2010.00141.",
                .parameters = parameters,
                .variables = variables,
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
        .neuromodulated = true,
        .modulator_tau = static_cast<int>(tau_n),
    };

    enum Variable : std::size_t { c_, since };
    enum Constant : std::size_t { up, down, eligible, level, both, gain, baseline, lowest, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[A_plus];
        c[down] = p[A_minus];
        c[eligible] = -1.0 / p[tau_c];
        c[level] = -1.0 / p[tau_n];
        c[both] = -(1.0 / p[tau_c] + 1.0 / p[tau_n]);
        c[gain] = 1.0 / (p[tau_n] * (1.0 / p[tau_c] + 1.0 / p[tau_n])); // levels are sums of v, not of v / tau_n
        c[baseline] = p[b] * p[tau_c];
        c[lowest] = p[Wmin];
        c[largest] = p[Wmax];
    }

    /// To the time of x, which becomes the last event.
    template <class S, class C, class X>
    static void advance(S& s, const C& c, const X& x) {
        const auto now = x.elapsed();
        const auto span = now - s[since];
        const auto n = x.level() * simd::exp((x.since_mark() - span) * c[level]);
        const auto w = s.weight - s[c_] * (c[gain] * n * simd::expm1(span * c[both]) -
                                           c[baseline] * simd::expm1(span * c[eligible]));
        s.weight = simd::minimum(simd::maximum(w, c[lowest]), c[largest]);
        s[c_] = s[c_] * simd::exp(span * c[eligible]);
        s[since] = now;
    }
    template <class S, class C, class X>
    static void on_neuromodulator(S& s, const C& c, const X& x) {
        advance(s, c, x);
    }
    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        advance(s, c, x);
        s[c_] = s[c_] + c[up] * x.pre(0);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        advance(s, c, x);
        s[c_] = s[c_] - c[down] * x.post(0);
        s[since] = Vec(0.0F);
        return s.weight;
    }

    using Kernel = RuleKernel<StdpDopamine>;
};

} // namespace spikecast::models
