#pragma once

#include "models/plasticity/kernel.hpp"
#include "spikecast/math.hpp"

namespace spikecast::models {

struct ChronotronE {
    enum Parameter : std::size_t { tau_m, tau_s, gamma, gamma_r, tau_q, interval, Wmin, Wmax };
    static constexpr ParameterInfo parameters[] = {
        shared("tau_m", "ms", 10.0, positive, "time constant of the synaptic potential's decay"),
        shared("tau_s", "ms", 5.0, positive, "time constant of its rise"),
        shared("gamma", "1", 0.01, not_negative, "learning rate, in the unit of the weight"),
        shared("gamma_r", "ms", 10.0, not_negative, "weight of spikes that are moved"),
        shared("tau_q", "ms", 10.0, positive, "by 2 tau_q at most spikes are moved"),
        time_on_grid("interval", 250.0, positive, "length of a trial; the first begins at 0"),
        shared("Wmin", "1", -100.0, any_value, "smallest weight, in the unit of the weight"),
        shared("Wmax", "1", 100.0, any_value, "largest weight, in the unit of the weight"),
    };
    static constexpr ParameterRelation relations[] = {
        {"Wmin < Wmax", [](const double* p) { return p[Wmin] < p[Wmax]; }},
        {"tau_s < tau_m", [](const double* p) { return p[tau_s] < p[tau_m]; }},
    };
    static constexpr TraceInfo post_traces[] = {{"contribution", tau_m, TraceKind::given},
                                                {"trial", tau_m, TraceKind::trial}};
    static constexpr TrialInfo trial{.interval = interval, .tau_q = tau_q, .gamma_r = gamma_r};
    static constexpr SynapseModelInfo info{
        .model =
            {
                .name = "chronotron_e",
                .kind = ModelInfo::Kind::synapse,
                .summary = "chronotron, E-learning: trials move the target's spikes to a teacher's",
                .equations =
                    R"(end of a trial  w <- w + gamma (sum of lambda(t') over teacher's spikes that
                are inserted - sum of lambda(t) over spikes that are removed
                + gamma_r / tau_q^2 sum of (t - t') lambda(t) over those that
                are moved), kept within [Wmin, Wmax]

The cheapest way from the target's spikes t of the trial to its teacher's t'
decides: removing and inserting cost 1, moving ((t - t') / tau_q)^2 / 2.
lambda(t): sum over pre spikes of the trial before t of exp(-s / tau_m) -
exp(-s / tau_s) over its maximum, s being the time since each. Trials end at
the multiples of interval. A teacher's spikes reach the target by a projection
onto the same population whose synapse is teacher.)",
                .citation = "Florian (2012), PLoS ONE 7:e40233, doi:10.1371/journal.pone.0040233.",
                .parameters = parameters,
                .variables = {},
                .receptors = {},
                .relations = relations,
            },
        .post = post_traces,
        .teacher = true,
        .trial = &trial,
    };

    enum Constant : std::size_t { rate, slow, fast, length, lowest, largest, constants };
    static void derive(const double* p, double, double* c) {
        const double top = math::log(p[tau_m] / p[tau_s]) * p[tau_m] * p[tau_s] / (p[tau_m] - p[tau_s]);
        c[rate] = p[gamma] / (math::exp(-top / p[tau_m]) - math::exp(-top / p[tau_s]));
        c[slow] = -1.0 / p[tau_m];
        c[fast] = -1.0 / p[tau_s];
        c[length] = p[interval];
        c[lowest] = p[Wmin];
        c[largest] = p[Wmax];
    }

    template <class S, class C, class X>
    static void on_post(S& s, const C& c, const X& x) {
        using Vec = std::remove_cvref_t<decltype(s.weight)>;
        const Vec entries = x.entry(1);
        Vec change(0.0F);
        int n = 1;
        for (auto in = entries >= Vec(1.0F); any(in); in = entries >= Vec(static_cast<float>(++n))) {
            Vec lambda(0.0F);
            for (std::size_t j = 0; j < x.past(); ++j) {
                const Vec since = x.from_past(j, n);
                const auto counts = (since > Vec(0.0F)) & (x.from_past(j, 0) < c[length]);
                lambda = lambda + select(counts, simd::exp(since * c[slow]) - simd::exp(since * c[fast]), Vec(0.0F));
            }
            change = change + select(in, x.entry_before(n, 0) * lambda, Vec(0.0F));
        }
        const Vec w = simd::minimum(simd::maximum(s.weight + c[rate] * change, c[lowest]), c[largest]);
        s.weight = select(entries >= Vec(1.0F), w, s.weight);
    }
    template <class S, class C, class X>
    static auto on_pre(S& s, const C&, const X&) {
        return s.weight;
    }

    using Kernel = RuleKernel<ChronotronE>;
};

} // namespace spikecast::models
