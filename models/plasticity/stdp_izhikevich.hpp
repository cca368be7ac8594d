#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct StdpIzhikevich {
    enum Parameter : std::size_t { tau_plus, tau_minus, A_plus, A_minus, interval, growth, kept, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_plus", "ms", 20.0, positive, "time constant of potentiation"),
        shared("tau_minus", "ms", 20.0, positive, "time constant of depression"),
        shared("A_plus", "1", 0.1, any_value, "potentiation at once, in the unit of the weight"),
        shared("A_minus", "1", 0.12, any_value, "depression at once, in the unit of the weight"),
        time_on_grid("interval", 1000.0, positive, "between changes of the weight"),
        shared("growth", "1", 0.01, any_value, "what a weight gains in an interval without spikes"),
        shared("kept", "1", 0.9, {0.0, 1.0}, "share of sd that an interval leaves"),
        shared("Wmax", "1", 10.0, positive, "largest weight, in the unit of the weight"),
    };
    static constexpr VariableInfo variables[] = {
        {"sd", "1", 0.0, "change of the weight at the next interval's end, in its unit"},
    };
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "stdp_izhikevich",
                .kind = ModelInfo::Kind::synapse,
                .summary = "nearest-neighbour STDP of the weight's derivative, applied at intervals",
                .equations =
                    R"(post spike      sd <- sd + A_plus exp(-s / tau_plus)
pre spike       sd <- sd - A_minus exp(-s / tau_minus); w is delivered
interval's end  w <- w + growth + sd, kept within [0, Wmax]; sd <- kept sd

s: time since the last spike of the other side. A post spike doesn't see a pre
spike of the very same time, but where there is no dendritic delay; a pre
spike never sees such a post spike. Intervals end at the multiples of
interval, before what else happens then.)",
                .citation = "Izhikevich (2006), Neural Computation 18:245-282, doi:10.1162/089976606775093882.",
                .parameters = parameters,
                .variables = variables,
                .receptors = {},
                .relations = {},
            },
        .interval = interval,
    };

    enum Variable : std::size_t { sd };
    enum Constant : std::size_t { up, down, plus, minus, gain, share, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[A_plus];
        c[down] = p[A_minus];
        c[plus] = -1.0 / p[tau_plus];
        c[minus] = -1.0 / p[tau_minus];
        c[gain] = p[growth];
        c[share] = p[kept];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        s[sd] = s[sd] + c[up] * simd::exp(x.elapsed() * c[plus]);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        s[sd] = s[sd] - c[down] * simd::exp(x.since_post() * c[minus]);
        return s.weight;
    }
    template <class S, class C, class X>
    static void on_time(S& s, const C& c, const X&) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        s.weight = simd::minimum(simd::maximum(s.weight + (c[gain] + s[sd]), Vec(0.0F)), c[largest]);
        s[sd] = c[share] * s[sd];
    }

    using Kernel = RuleKernel<StdpIzhikevich>;
};

} // namespace spikecast::models
