#pragma once

#include "models/plasticity/kernel.hpp"
#include "spikecast/math.hpp"

namespace spikecast::models {

/// u is that of the source; how many sites are depleted is each synapse's own.
struct QuantalStp {
    enum Parameter : std::size_t { U, tau_rec, tau_fac, n };
    static constexpr ParameterInfo parameters[] = {
        shared("U", "1", 0.5, {0.0, 1.0}, "release probability of the first spike; step of facilitation"),
        shared("tau_rec", "ms", 800.0, positive, "time constant of a site's recovery"),
        shared("tau_fac", "ms", 0.0, not_negative, "time constant of facilitation; 0: none"),
        shared("n", "1", 1.0, {1.0, 1e6}, "release sites, a whole number"),
    };
    static constexpr ParameterRelation relations[] = {
        {"n is a whole number", [](const double* p) { return p[n] == static_cast<double>(static_cast<long>(p[n])); }},
    };
    static constexpr VariableInfo variables[] = {
        identity_low,
        identity_high,
        {"depleted", "1", 0.0, "sites that have released and not recovered"},
    };
    static constexpr VariableInfo row[] = {
        {"u", "1", 0.0, "release probability"},
        {"recovery", "1", 0.0, "probability of a site's recovery since the last spike"},
    };
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "quantal_stp",
                .kind = ModelInfo::Kind::synapse,
                .summary = "release of quanta by chance, with short-term depression and facilitation",
                .equations =
                    R"(pre spike     each depleted site has recovered with probability
              1 - exp(-D / tau_rec), D being the time since the last spike;
              each site that isn't depleted releases with probability u; w
              times the number that do is delivered
u_1 = U, and after D  u <- U + u (1 - U) exp(-D / tau_fac); tau_fac = 0: u = U

w is the amount of one quantum. Draws are a function of seed, projection,
synapse and time. On average n sites deliver n w u x with u and x of tsodyks2.)",
                .citation = "Fuhrmann, Segev, Markram, Tsodyks (2002), Journal of Neurophysiology 87:140-148, "
                            "doi:10.1152/jn.00258.2001; Loebel et al. (2009), Front Comput Neurosci 3:27, "
                            "doi:10.3389/neuro.10.027.2009.",
                .parameters = parameters,
                .variables = variables,
                .receptors = {},
                .relations = relations,
            },
        .row = row,
        .post_spikes = false,
        .random = true,
    };

    enum Variable : std::size_t { depleted = 2 };
    enum Constant : std::size_t { use, recovery, facilitation, sites, constants };
    static void derive(const double* p, double, double* c) {
        c[use] = p[U];
        c[recovery] = p[tau_rec];
        c[facilitation] = p[tau_fac];
        c[sites] = p[n];
    }
    static void on_row(float* r, const float* c, double since_ms) {
        const double u = static_cast<double>(r[0]), first = static_cast<double>(c[use]);
        const double kept = c[facilitation] > 0.0F ? math::exp(-since_ms / static_cast<double>(c[facilitation])) : 0.0;
        r[0] = static_cast<float>(first + u * (1.0 - first) * kept);
        r[1] = static_cast<float>(-math::expm1(-since_ms / static_cast<double>(c[recovery])));
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        alignas(64) float empty[Vec::width], released[Vec::width];
        s[depleted].store(empty);
        const float u = x.row(0)[0], recovers = x.row(1)[0];
        const auto all = static_cast<std::uint32_t>(c.scalar(sites));
        const auto happens = [](std::uint32_t bits, float probability) {
            return open_unit(bits) < static_cast<double>(probability);
        };
        for (std::size_t i = 0; i < Vec::width; ++i) {
            auto draw = x.draws(s, i); // one word a site for recovery, then one a site for release
            auto still = static_cast<std::uint32_t>(empty[i]);
            for (std::uint32_t site = still; site > 0; --site)
                still -= happens(draw(), recovers) ? 1U : 0U;
            std::uint32_t quanta = 0;
            for (std::uint32_t site = still; site < all; ++site)
                quanta += happens(draw(), u) ? 1U : 0U;
            empty[i] = static_cast<float>(still + quanta);
            released[i] = static_cast<float>(quanta);
        }
        s[depleted] = Vec::load(empty);
        return s.weight * Vec::load(released);
    }

    using Kernel = RuleKernel<QuantalStp>;
};

} // namespace spikecast::models
