#pragma once

#include "models/plasticity/kernel.hpp"

namespace spikecast::models {

struct Clopath {
    enum Parameter : std::size_t {
        A_LTP,
        A_LTD,
        tau_x,
        tau_u_bar_plus,
        tau_u_bar_minus,
        tau_u_bar_bar,
        theta_plus,
        theta_minus,
        delay_u_bars,
        u_ref_squared,
        u_rest,
        V_clamp,
        t_clamp,
        Wmin,
        Wmax
    };
    static constexpr ParameterInfo parameters[] = {
        shared("A_LTP", "1", 8e-5, not_negative, "rate of potentiation, in the unit of the weight for each mV^2"),
        shared("A_LTD", "1", 14e-5, not_negative, "amount of depression, in the unit of the weight for each mV"),
        shared("tau_x", "ms", 15.0, positive, "time constant of the trace of pre spikes"),
        shared("tau_u_bar_plus", "ms", 7.0, positive, "time constant of u_bar_plus"),
        shared("tau_u_bar_minus", "ms", 10.0, positive, "time constant of u_bar_minus"),
        shared("tau_u_bar_bar", "ms", 500.0, positive, "time constant of the mean of u_bar_minus"),
        shared("theta_plus", "mV", -45.3, any_value, "potential above which there is potentiation"),
        shared("theta_minus", "mV", -70.6, any_value, "filtered potential above which weights change"),
        time_on_grid("delay_u_bars", 5.0, {0.0, 1000.0}, "after which the filtered potentials take effect"),
        shared("u_ref_squared", "1", 0.0, not_negative, "mV^2 at which A_LTD is itself; 0: it is constant"),
        shared("u_rest", "mV", -70.6, any_value, "what the mean is relative to"),
        shared("V_clamp", "mV", 33.0, any_value, "potential after a spike"),
        time_on_grid("t_clamp", 2.0, {0.0, 1000.0}, "for which it holds; 0: V_m alone counts"),
        shared("Wmin", "1", 0.0, any_value, "smallest weight, in the unit of the weight"),
        shared("Wmax", "1", 100.0, any_value, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmin < Wmax", [](const double* p) { return p[Wmin] < p[Wmax]; }},
    };
    static constexpr TraceInfo pre_traces[] = {{"x_bar", tau_x}};
    static constexpr TraceInfo post_traces[] = {{"potentiation", tau_u_bar_plus, TraceKind::given}};
    static constexpr PotentialInfo potential{
        .tau_plus = tau_u_bar_plus,
        .tau_minus = tau_u_bar_minus,
        .tau_bar = tau_u_bar_bar,
        .theta_plus = theta_plus,
        .theta_minus = theta_minus,
        .delay = delay_u_bars,
        .reference = u_ref_squared,
        .rest = u_rest,
        .clamp = V_clamp,
        .clamp_time = t_clamp,
    };
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "clopath",
                .kind = ModelInfo::Kind::synapse,
                .summary = "plasticity by the target's membrane potential",
                .equations =
                    R"(each step w <- w + A_LTP h x_bar (u - theta_plus)+ (u_bar_plus - theta_minus)+
pre spike w <- w - A_LTD (u_bar_minus - theta_minus)+, then w is delivered
with u_ref_squared > 0: A_LTD times (u_bar_bar - u_rest)^2 / u_ref_squared
both kept within [Wmin, Wmax]; h: the length of a step

x_bar: trace of pre spikes over tau_x. u: V_m of the target at the end of each
step, or V_clamp from a spike on for t_clamp. u_bar_plus, u_bar_minus: u
through filters of tau_u_bar_plus and tau_u_bar_minus, delay_u_bars ago;
u_bar_bar: the latter, undelayed, through one of tau_u_bar_bar. Filters begin
at the first V_m.)",
                .citation = "Clopath, Buesing, Vasilaki, Gerstner (2010), Nature Neuroscience 13:344-352, "
                            "doi:10.1038/nn.2479; delay_u_bars: ModelDB 144566.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .pre = pre_traces,
        .post = post_traces,
        .potential = &potential,
    };

    enum Constant : std::size_t { up, down, lowest, largest, constants };
    static void derive(const double* p, double, double* c) {
        c[up] = p[A_LTP] / p[tau_x];
        c[down] = p[A_LTD];
        c[lowest] = p[Wmin];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        s.weight = simd::minimum(s.weight + c[up] * x.pre(0) * x.entry(0), c[largest]);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        return s.weight = simd::maximum(s.weight - c[down] * x.depression(), c[lowest]);
    }

    using Kernel = RuleKernel<Clopath>;
};

} // namespace spikecast::models
