#pragma once

#include "models/plasticity/kernel.hpp"
#include "spikecast/math.hpp"

#include <cmath>

namespace spikecast::models {

/// x, y and u are those of the source: all its synapses of a projection share them.
struct Tsodyks {
    enum Parameter : std::size_t { U, tau_psc, tau_rec, tau_fac, u_0, x_0, y_0 };
    static constexpr ParameterInfo parameters[] = {
        shared("U", "1", 0.5, {0.0, 1.0}, "step of the release probability at each spike"),
        shared("tau_psc", "ms", 3.0, positive, "time constant of the active state: that of the target's current"),
        shared("tau_rec", "ms", 800.0, positive, "time constant of recovery"),
        shared("tau_fac", "ms", 0.0, not_negative, "time constant of facilitation; 0: none"),
        shared("u", "1", 0.0, {0.0, 1.0}, "release probability at time 0"),
        shared("x", "1", 1.0, {0.0, 1.0}, "recovered resources at time 0"),
        shared("y", "1", 0.0, {0.0, 1.0}, "active resources at time 0"),
    };
    static constexpr ParameterRelation relations[] = {
        {"x + y <= 1", [](const double* p) { return p[x_0] + p[y_0] <= 1.0; }},
    };
    static constexpr VariableInfo row[] = {
        {"u", "1", 0.0, "release probability at the spike"},
        {"z", "1", 0.0, "inactive resources"},
        {"y", "1", 0.0, "active resources after it"},
        {"released", "1", 0.0, "what the spike released"},
    };
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "tsodyks",
                .kind = ModelInfo::Kind::synapse,
                .summary = "short-term depression and facilitation with an active state",
                .equations =
                    R"(x' = z / tau_rec,  y' = -y / tau_psc,  x + y + z = 1,  u' = -u / tau_fac
pre spike     u <- u + U (1 - u);  w u x is delivered and u x goes from x to y
              tau_fac = 0: u = U

u, x and y begin at time 0 of the source with the values given. Solved exactly
from spike to spike; w itself stays.)",
                .citation = "Tsodyks, Uziel, Markram (2000), Journal of Neuroscience 20:RC50, "
                            "doi:10.1523/JNEUROSCI.20-01-j0003.2000.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .row = row,
        .post_spikes = false,
    };

    enum Constant : std::size_t { use, active, recovery, facilitation, first_u, first_z, first_y, constants };
    static void derive(const double* p, double, double* c) {
        c[use] = p[U];
        c[active] = p[tau_psc];
        c[recovery] = p[tau_rec];
        c[facilitation] = p[tau_fac];
        c[first_u] = p[u_0];
        c[first_z] = 1.0 - p[x_0] - p[y_0];
        c[first_y] = p[y_0];
    }
    static void on_first(float* r, const float* c, double at_ms) {
        r[0] = c[first_u];
        r[1] = c[first_z];
        r[2] = c[first_y];
        on_row(r, c, at_ms);
    }
    static void on_row(float* r, const float* c, double since_ms) {
        const double tau_y = static_cast<double>(c[active]), tau_z = static_cast<double>(c[recovery]);
        double u = static_cast<double>(r[0]), z = static_cast<double>(r[1]), y = static_cast<double>(r[2]);
        const double fast = math::exp(-since_ms / tau_y), slow = math::exp(-since_ms / tau_z);
        // what left y and hasn't recovered: y / tau_y times the integral of exp(-(D - s) / tau_z - s / tau_y)
        double moved = 0.0;
        if (slow > 0.0 || fast > 0.0) {
            const double rate = (tau_y - tau_z) / (tau_y * tau_z);
            const double much = std::abs(since_ms * rate);
            // exp(-D / tau_z) (1 - exp(-D (1 / tau_y - 1 / tau_z))) / (1 / tau_y - 1 / tau_z), which has a limit
            moved = much == 0.0 ? since_ms * slow : (rate < 0.0 ? slow : fast) * -math::expm1(-much) / std::abs(rate);
        }
        z = z * slow + y / tau_y * moved;
        y *= fast;
        u *= c[facilitation] > 0.0F ? math::exp(-since_ms / static_cast<double>(c[facilitation])) : 0.0;
        u += static_cast<double>(c[use]) * (1.0 - u);
        const double released = u * ((1.0 - y) - z);
        r[0] = static_cast<float>(u);
        r[1] = static_cast<float>(z);
        r[2] = static_cast<float>(y + released);
        r[3] = static_cast<float>(released);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C&, const X& x) {
        return s.weight * x.row(3);
    }

    using Kernel = RuleKernel<Tsodyks>;
};

} // namespace spikecast::models
