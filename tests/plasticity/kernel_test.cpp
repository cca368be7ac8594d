// The driver of synapse models: the same bits at every vector width, and however often synapses catch up in between.
#include "engine/plasticity/post_history.hpp"
#include "models/plasticity/stdp_pl_hom.hpp"
#include "models/plasticity/stdp_synapse.hpp"
#include "spikecast/random.hpp"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>

namespace spikecast {
namespace {

constexpr double h = 0.1;
constexpr std::size_t neurons = 37, synapses = 203; // no multiple of any width

SynapseSetup setup_of(const SynapseModelInfo& model) {
    SynapseSetup setup;
    setup.model = &model;
    for (const ParameterInfo& parameter : model.model.parameters)
        setup.parameters.push_back(parameter.default_value);
    setup.resolution_ms = h;
    return setup;
}

/// A row of synapses with one delay, its source and its targets spiking at random; in some steps it catches up.
struct Row {
    const SynapseModelInfo& model;
    SynapseSetup setup = setup_of(model);
    std::vector<std::uint16_t> targets = std::vector<std::uint16_t>(synapses);
    std::vector<float> weights = std::vector<float>(synapses);
    std::vector<double> lane = std::vector<double>(neurons, 0.0);
    PostHistory history;
    std::int32_t axonal, dendritic;
    std::size_t post_spikes = 0, pre_spikes = 0;

    Row(const SynapseModelInfo& info, std::int32_t a, std::int32_t b)
        : model(info), history(neurons, laws(info), h, 3), axonal(a), dendritic(b) {
        const Key key = make_key(3, Purpose::test, "row");
        for (std::size_t i = 0; i < synapses; ++i) {
            targets[i] = static_cast<std::uint16_t>(draw32(key, 0, i) % neurons);
            weights[i] = static_cast<float>(20.0 + 60.0 * open_unit(draw32(key, 1, i)));
        }
    }
    static std::vector<TraceLaw> laws(const SynapseModelInfo& info) {
        std::vector<TraceLaw> all;
        for (const TraceInfo& trace : info.post)
            all.push_back({setup_of(info).parameters[trace.tau], trace.kind});
        return all;
    }
    [[nodiscard]] std::int32_t before(std::int32_t time) const { return time - dendritic - (dendritic == 0 ? 1 : 0); }

    /// every: steps between catching up, 0: only where the history is full.
    void run(const SynapseKernel& kernel, std::int32_t steps, std::int32_t every) {
        const Key key = make_key(5, Purpose::test, "trains");
        PreEvent last;
        std::int32_t swept = 0;
        std::vector<PreEvent> due; // one spike in flight after the other
        const auto run_to = [&](const PreEvent& e, std::int32_t time) {
            SynapseRun run;
            run.targets = targets.data();
            run.weights = weights.data();
            run.count = synapses;
            const bool first = e.previous == never;
            run.event = &e;
            run.origin = first ? never : e.previous + axonal - dendritic;
            run.at = time - dendritic;
            run.end = before(time);
            run.begin = before(first ? swept : std::max(e.previous + axonal, swept));
            return run;
        };
        std::vector<std::size_t> traces(model.post.size());
        for (std::size_t i = 0; i < traces.size(); ++i)
            traces[i] = i;
        PreEvent next; // what the next spike will find
        const auto sweep = [&](std::int32_t now) {
            const std::int32_t time = now - dendritic;
            if (time <= swept) return;
            // the last spike that has arrived by then
            PreEvent state = next;
            for (std::size_t i = due.size(); i-- > 0 && due[i].stamp + axonal > time;)
                state = due[i];
            const SynapseRun run = run_to(state, time);
            if (run.begin < run.end) kernel.catch_up(run, history.view(traces));
            swept = time;
            history.retire(swept - dendritic - 1);
        };
        for (std::int32_t step = 0; step < steps; ++step) {
            for (std::size_t i = 0; i < due.size(); ++i)
                if (due[i].stamp + axonal + dendritic == step + 1) {
                    const SynapseRun run = run_to(due[i], due[i].stamp + axonal);
                    kernel.deliver(run, history.view(traces), lane.data());
                }
            std::erase_if(due, [&](const PreEvent& e) { return e.stamp + axonal + dendritic == step + 1; });
            const std::int32_t stamp = step + 1;
            const bool burst = step % 1000 < 100;
            for (std::uint32_t n = 0; n < neurons; ++n)
                if (open_unit(draw32(key, n, static_cast<std::uint64_t>(step))) < (burst ? 0.2 : 0.004)) {
                    if (history.full(n)) sweep(stamp);
                    while (history.full(n))
                        history.grow();
                    history.add(n, stamp);
                    ++post_spikes;
                }
            if (open_unit(draw32(key, neurons, static_cast<std::uint64_t>(step))) < (burst ? 0.1 : 0.005)) {
                PreEvent e = next;
                e.stamp = stamp;
                for (std::size_t i = 0; i < model.pre.size(); ++i) {
                    const double decay = e.previous == never
                                             ? 0.0
                                             : std::exp(-(stamp - e.previous) * h / setup.parameters[model.pre[i].tau]);
                    e.at[i] = next.before[i] = static_cast<float>(static_cast<double>(next.after[i]) * decay);
                    next.after[i] = e.at[i] + 1.0F;
                }
                next.previous = stamp;
                due.push_back(e);
                ++pre_spikes;
            }
            if (every > 0 && step % every == 0) sweep(stamp);
        }
        sweep(steps);
    }
};

template <class Rule>
class Kernels : public testing::Test {};
using Rules = testing::Types<models::StdpPlHom, models::StdpSynapse>;
TYPED_TEST_SUITE(Kernels, Rules);

TYPED_TEST(Kernels, same_bits_at_every_width_and_however_often_synapses_catch_up) {
    for (const auto& [axonal, dendritic] : {std::pair{0, 15}, {7, 3}, {12, 0}, {0, 1}, {40, 35}}) {
        const SynapseModelInfo& info = TypeParam::info;
        Row plain(info, axonal, dendritic);
        const std::vector<float> initial = plain.weights;
        plain.run(models::RuleKernel<TypeParam, 1>(plain.setup), 5000, 0);
        EXPECT_GT(plain.post_spikes, 1000U);
        EXPECT_GT(plain.pre_spikes, 50U);
        std::size_t changed = 0;
        for (std::size_t i = 0; i < synapses; ++i)
            changed += plain.weights[i] != initial[i];
        EXPECT_GT(changed, synapses * 9 / 10);
        for (const std::int32_t every : {0, 1, 17, 400}) {
            Row native(info, axonal, dendritic), four(info, axonal, dendritic);
            native.run(models::RuleKernel<TypeParam>(native.setup), 5000, every);
            four.run(models::RuleKernel<TypeParam, 4>(four.setup), 5000, every);
            for (std::size_t i = 0; i < synapses; ++i) {
                ASSERT_EQ(std::bit_cast<std::uint32_t>(native.weights[i]),
                          std::bit_cast<std::uint32_t>(plain.weights[i]))
                    << "synapse " << i << ", delay " << axonal << " + " << dendritic << ", every " << every;
                ASSERT_EQ(std::bit_cast<std::uint32_t>(four.weights[i]), std::bit_cast<std::uint32_t>(plain.weights[i]))
                    << "synapse " << i;
            }
            EXPECT_EQ(native.lane, plain.lane);
        }
    }
}

} // namespace
} // namespace spikecast
