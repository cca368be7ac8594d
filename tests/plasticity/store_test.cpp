// A plastic projection's store, driven as the engine does, against one synapse after the other that sees all of its
// spikes in order: the same rule's hooks at width 1 on an event list, so that every difference is one of order, of a
// missed or repeated event, or of a trace's time. Rows, delays, both parts of them, bursts, spikes of one step.
#include "engine/plasticity/store.hpp"
#include "models/plasticity/stdp_pl_hom.hpp"
#include "models/plasticity/stdp_synapse.hpp"
#include "spikecast/plasticity.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <map>

namespace spikecast {
namespace {

constexpr double h = 0.1;
constexpr std::uint32_t sources = 13, targets = 70;
constexpr std::int64_t steps = 4000;

struct DrawnPlastic {
    std::uint32_t source, target, delay;
    float weight;
};

/// The weight of one synapse after all spikes of both sides, in double, written out from docs/plasticity.md.
struct Reference {
    bool power_law;
    std::vector<double> p;
    double a, b;
    [[nodiscard]] double weight(double w, const std::vector<std::int64_t>& pre, const std::vector<std::int64_t>& post,
                                std::int64_t end) const {
        struct Event {
            double time;
            int kind; // 0: post, 1: pre; without dendrite a post spike of the step comes second
        };
        std::vector<Event> events;
        for (const std::int64_t s : pre)
            if (static_cast<double>(s) + a + b <= static_cast<double>(end))
                events.push_back({static_cast<double>(s) + a, 1});
        for (const std::int64_t q : post)
            events.push_back({static_cast<double>(q) + b, b > 0 ? 0 : 2});
        std::stable_sort(events.begin(), events.end(), [](const Event& x, const Event& y) {
            return x.time < y.time || (x.time == y.time && x.kind < y.kind);
        });
        const double tau_plus = p[0], tau_minus = p[1], lambda = p[2], alpha = p[3];
        const auto trace = [&](bool of_pre, double time,
                               double tau) { // strictly earlier spikes, and equal ones of a side
            double sum = 0.0;
            for (const Event& e : events)
                if ((e.kind == 1) == of_pre && e.time < time) sum += std::exp(-(time - e.time) * h / tau);
            return sum;
        };
        const double horizon = static_cast<double>(end) - b; // what a sweep at the end takes into account
        for (const Event& e : events) {
            if (e.kind != 1 && e.time > horizon - (b > 0 ? 0 : 1)) continue;
            if (e.kind != 1) {
                const double k = trace(true, e.time, tau_plus);
                if (power_law)
                    w += lambda * std::pow(w, p[4]) * k;
                else
                    w = std::min(1.0, w / p[6] + lambda * std::pow(std::max(0.0, 1.0 - w / p[6]), p[4]) * k) * p[6];
            } else {
                const double k = trace(false, e.time, tau_minus);
                if (power_law)
                    w = std::max(0.0, w - lambda * alpha * w * k);
                else
                    w = std::max(0.0, w / p[6] - lambda * alpha * std::pow(w / p[6], p[5]) * k) * p[6];
            }
        }
        return w;
    }
};

struct Case {
    bool power_law;
    std::uint32_t fixed;
    bool fixed_is_axonal;
    std::uint32_t shortest, longest;
};
class Store : public testing::TestWithParam<Case> {};

/// A worker's share: the targets with local numbers n where n % workers == worker.
struct Share {
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>, float> weights;
    Hash128 hash;
    std::vector<double> lane;
};

Share run(const Case& c, const std::vector<double>& parameters, const std::vector<DrawnPlastic>& synapses,
          const std::vector<std::vector<std::int64_t>>& pre, const std::vector<std::vector<std::int64_t>>& post,
          std::uint32_t workers, std::uint32_t worker, std::int64_t sweep_every) {
    Experiment experiment;
    experiment.projections.emplace_back();
    NetworkPlan plan;
    plan.experiment = &experiment;
    const Distribution constant = Distribution::constant(1.0);
    PlannedProjection planned{.rule = nullptr,
                              .weight_key = {},
                              .delay_key = {},
                              .weight = Sampler(constant),
                              .delay = DiscreteSampler::delays(constant, h),
                              .distance_delay = {},
                              .receptor = {}};
    planned.synapse = c.power_law ? &models::StdpPlHom::info : &models::StdpSynapse::info;
    planned.synapse_parameters = parameters;
    planned.fixed_delay = c.fixed;
    planned.fixed_is_axonal = c.fixed_is_axonal;
    planned.shortest = c.shortest;
    planned.longest = c.longest;
    planned.identity = 99;
    plan.projections.push_back(std::move(planned));
    plan.min_delay = c.shortest;
    plan.max_delay = c.longest;
    // rows as the builder makes them: by source, (delay, lane), target, in order of drawing
    std::vector<std::uint64_t> indices;
    for (std::uint32_t n = worker; n < targets; n += workers)
        indices.push_back(n);
    SynapseRows<float> rows;
    rows.begin.push_back(0);
    rows.directory_begin.push_back(0);
    std::vector<DrawnPlastic> placed;
    for (std::uint32_t s = 0; s < sources; ++s) {
        std::vector<DrawnPlastic> own;
        for (const DrawnPlastic& y : synapses)
            if (y.source == s && y.target % workers == worker) own.push_back(y);
        std::stable_sort(own.begin(), own.end(), [](const auto& x, const auto& y) {
            return x.delay < y.delay || (x.delay == y.delay && x.target < y.target);
        });
        for (std::size_t i = 0; i < own.size();) {
            std::size_t j = i;
            while (j < own.size() && own[j].delay == own[i].delay)
                ++j;
            rows.directory.push_back({static_cast<std::uint16_t>(own[i].delay), 0, static_cast<std::uint16_t>(j - i)});
            i = j;
        }
        placed.insert(placed.end(), own.begin(), own.end());
        rows.begin.push_back(placed.size());
        rows.directory_begin.push_back(static_cast<std::uint32_t>(rows.directory.size()));
    }
    rows.synapses = HugeBuffer<Synapse<float>>(placed.size());
    for (std::size_t i = 0; i < placed.size(); ++i)
        rows.synapses[i] = {static_cast<std::uint16_t>(placed[i].target / workers), placed[i].weight};
    PlasticStore store(plan, 0, std::move(rows), 0, 1, 0);
    PostHistory history(indices.size(), store.post_traces(), h, 3);
    store.connect(history);

    Share share;
    share.lane.assign(indices.size(), 0.0);
    const std::vector<double*> lanes{share.lane.data()};
    std::vector<std::uint64_t> packets;
    const std::int64_t epoch = c.shortest;
    for (std::int64_t step = 0; step < steps; ++step) {
        store.deliver(step, lanes);
        for (std::uint32_t n = 0; n < indices.size(); ++n)
            for (const std::int64_t stamp : post[indices[n]])
                if (stamp == step + 1) {
                    if (history.full(n)) {
                        store.sweep(stamp);
                        history.retire(store.retired());
                        while (history.full(n))
                            history.grow();
                    }
                    history.add(n, static_cast<std::int32_t>(stamp));
                }
        for (std::uint32_t s = 0; s < sources; ++s)
            for (const std::int64_t stamp : pre[s])
                if (stamp == step + 1) packets.push_back(static_cast<std::uint64_t>(step % epoch) << 32 | s);
        if (step % epoch == epoch - 1) {
            store.arrive(packets, step - step % epoch);
            packets.clear();
        }
        if (sweep_every > 0 && step % sweep_every == 0) {
            store.sweep(step + 1);
            history.retire(store.retired());
        }
    }
    store.sweep(steps);
    share.hash = store.hash([](std::uint32_t row) { return row; }, indices);
    store.each([&](std::uint32_t row, std::uint32_t local, std::uint32_t delay, std::uint64_t ordinal, float weight) {
        share.weights[{row, static_cast<std::uint32_t>(indices[local]), delay, static_cast<std::uint32_t>(ordinal)}] =
            weight;
    });
    return share;
}

TEST_P(Store, equals_one_synapse_after_the_other_however_it_is_divided_and_swept) {
    const Case& c = GetParam();
    const Key key = make_key(7, Purpose::test, "store");
    std::vector<double> parameters = c.power_law ? std::vector<double>{15.0, 30.0, 0.02, 0.06, 0.4}
                                                 : std::vector<double>{15.0, 30.0, 0.01, 0.9, 0.5, 1.0, 100.0};
    std::vector<DrawnPlastic> synapses;
    for (std::uint32_t i = 0; i < 3000; ++i)
        synapses.push_back({draw32(key, 0, i) % sources, draw32(key, 1, i) % targets,
                            c.shortest + draw32(key, 2, i) % (c.longest - c.shortest + 1),
                            static_cast<float>(20.0 + 60.0 * open_unit(draw32(key, 3, i)))});
    const auto train = [&](std::uint64_t n, double often, double seldom, bool twice) {
        std::vector<std::int64_t> stamps;
        for (std::int64_t t = 1; t <= steps; ++t) {
            const double u = open_unit(draw32(key, n, static_cast<std::uint64_t>(t)));
            const double probability = t % 1000 < 60 ? often : seldom;
            if (u < probability) stamps.push_back(t);
            if (twice && u < probability / 8) stamps.push_back(t); // two spikes in one step
        }
        return stamps;
    };
    std::vector<std::vector<std::int64_t>> pre, post;
    for (std::uint32_t s = 0; s < sources; ++s)
        pre.push_back(train(100 + s, 0.2, 0.004, true));
    for (std::uint32_t n = 0; n < targets; ++n)
        post.push_back(train(1000 + n, 0.15, 0.004, false));
    const Share whole = run(c, parameters, synapses, pre, post, 1, 0, 0);
    ASSERT_EQ(whole.weights.size(), synapses.size());
    for (const std::uint32_t workers : {1U, 2U, 3U})
        for (const std::int64_t every : {0, 1, 333}) {
            Hash128 sum;
            for (std::uint32_t w = 0; w < workers; ++w) {
                const Share part = run(c, parameters, synapses, pre, post, workers, w, every);
                sum += part.hash;
                for (std::size_t i = 0; i < part.lane.size(); ++i)
                    ASSERT_EQ(part.lane[i], whole.lane[i * workers + w]);
            }
            EXPECT_EQ(sum, whole.hash) << workers << " workers, swept every " << every;
        }
    double worst = 0.0, most = 0.0;
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> seen;
    for (const DrawnPlastic& y : synapses) {
        const std::uint32_t ordinal = seen[{y.source, y.target, y.delay}]++;
        const std::uint32_t a = c.fixed_is_axonal ? c.fixed : y.delay - c.fixed;
        const Reference reference{c.power_law, parameters, static_cast<double>(a), static_cast<double>(y.delay - a)};
        const double bmax = c.fixed_is_axonal ? c.longest - c.fixed : c.fixed;
        if (static_cast<double>(y.delay - a) != bmax) continue; // the last sweep reaches as far as the longest dendrite
        const double expected = reference.weight(y.weight, pre[y.source], post[y.target], steps);
        const double got = whole.weights.at({y.source, y.target, y.delay, ordinal});
        worst = std::max(worst, std::abs(got - expected) / expected);
        most = std::max(most, std::abs(got / y.weight - 1.0));
    }
    // Each of some 150 events rounds the weight to float32 once or twice (6e-8), and traces with it.
    EXPECT_LT(worst, 3e-5);
    EXPECT_GT(most, 0.2) << "nothing was learned";
    RecordProperty("largest_difference", std::to_string(worst));
    std::printf("largest relative difference %.2g\n", worst);
}
INSTANTIATE_TEST_SUITE_P(Delays, Store,
                         testing::Values(Case{true, 0, true, 15, 15}, Case{true, 0, true, 1, 1},
                                         Case{true, 12, true, 12, 12}, Case{true, 7, true, 8, 40},
                                         Case{true, 3, false, 3, 60}, Case{false, 0, true, 15, 15},
                                         Case{false, 12, true, 12, 12}, Case{false, 5, false, 9, 90}),
                         [](const auto& tested) {
                             const Case& c = tested.param;
                             return std::string(c.power_law ? "power_law" : "guetig") + "_" +
                                    std::to_string(c.shortest) + "_to_" + std::to_string(c.longest) + "_of_which_" +
                                    std::to_string(c.fixed) + (c.fixed_is_axonal ? "_axonal" : "_dendritic");
                         });

} // namespace
} // namespace spikecast
