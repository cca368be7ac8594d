#pragma once

#include "models/plasticity/kernel.hpp"
#include "spikecast/math.hpp"

namespace spikecast::models {

/// u and x are those of the source: all its synapses of a projection share them.
struct Tsodyks2 {
    enum Parameter : std::size_t { U, tau_rec, tau_fac, u_0, x_0 };
    static constexpr ParameterInfo parameters[] = {
        shared("U", "1", 0.5, {0.0, 1.0},
               "share of the resources that a spike uses without facilitation, and its step"),
        shared("tau_rec", "ms", 800.0, positive, "time constant of recovery from depression"),
        shared("tau_fac", "ms", 0.0, not_negative, "time constant of facilitation; 0: none"),
        shared("u", "1", 0.5, {0.0, 1.0}, "share that the first spike uses"),
        shared("x", "1", 1.0, {0.0, 1.0}, "resources that the first spike finds"),
    };
    static constexpr int defaults[] = {-1, -1, -1, U, -1};
    static constexpr VariableInfo row[] = {
        {"u", "1", 0.0, "share that the spike uses"},
        {"x", "1", 0.0, "resources that it finds"},
    };
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "tsodyks2",
                .kind = ModelInfo::Kind::synapse,
                .summary = "short-term depression and facilitation",
                .equations =
                    R"(pre spike n delivers w u_n x_n;  u_1 = u, x_1 = x, and D after spike n
  x_{n+1} = 1 + (x_n - x_n u_n - 1) exp(-D / tau_rec)
  u_{n+1} = U + u_n (1 - U) exp(-D / tau_fac)          tau_fac = 0: u = U
w itself stays.)",
                .citation = "Maass, Markram (2002), Neural Networks 15:155-161, doi:10.1016/S0893-6080(01)00144-7; "
                            "Tsodyks, Markram (1997), PNAS 94:719-723, doi:10.1073/pnas.94.2.719.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = {},
            },
        .row = row,
        .post_spikes = false,
        .defaults = defaults,
    };

    enum Constant : std::size_t { use, recovery, facilitation, first_u, first_x, constants };
    static void derive(const double* p, double, double* c) {
        c[use] = p[U];
        c[recovery] = p[tau_rec];
        c[facilitation] = p[tau_fac];
        c[first_u] = p[u_0];
        c[first_x] = p[x_0];
    }
    static void on_first(float* r, const float* c, double) {
        r[0] = c[first_u];
        r[1] = c[first_x];
    }
    static void on_row(float* r, const float* c, double since_ms) {
        const double u = static_cast<double>(r[0]), x = static_cast<double>(r[1]), first = static_cast<double>(c[use]);
        const double recovered = math::exp(-since_ms / static_cast<double>(c[recovery]));
        const double kept = c[facilitation] > 0.0F ? math::exp(-since_ms / static_cast<double>(c[facilitation])) : 0.0;
        r[0] = static_cast<float>(first + u * (1.0 - first) * kept);
        r[1] = static_cast<float>(1.0 + (x - x * u - 1.0) * recovered);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C&, const X& x) {
        return s.weight * (x.row(0) * x.row(1));
    }

    using Kernel = RuleKernel<Tsodyks2>;
};

} // namespace spikecast::models
