// Delivery by synapses that learn: a store of plastic rows, driven as a worker drives it.
//
//   deliver/<model>/engine   PlasticStore::arrive and ::deliver and the spikes of the post side, step after step
//
// As in the HPC benchmark: rows of 900 synapses with one delay of 1.5 ms, both sides firing independently at 10 Hz, but
// 1,000 neurons on either side (5.4 MB of synapses, which caches hold). Unit: ns per synaptic event, learning included:
// what the weight loses at the pre spike and gains for the post spikes since the one before.
#include "spikecast/plasticity.hpp"
#include "benchmarks/kernel.hpp"
#include "engine/plasticity/store.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace spikecast::bench {
namespace {

constexpr double h = 0.1;
constexpr std::uint32_t neurons = 1000, targets_of_a_source = 900, delay = 15;
constexpr std::int64_t cycle = 1000;  ///< steps of a repetition
constexpr double probability = 0.001; ///< of a spike in a step

class PlasticDelivery final : public Job {
public:
    explicit PlasticDelivery(const char* model)
        : plan_(plan_of(model, experiment_)), store_(plan_, 0, rows(), 0, 1, 0) {
        history_ = std::make_unique<PostHistory>(neurons, store_.post_traces(), h, 6);
        store_.connect(*history_);
        const Key key = make_key(1, Purpose::test, "plasticity");
        pre_.resize(cycle);
        post_.resize(cycle);
        for (std::uint64_t step = 0; step < cycle; ++step)
            for (std::uint32_t n = 0; n < neurons; ++n) {
                if (open_unit(draw64(key, 2 * step, n)) < probability) pre_[step].push_back(n);
                if (open_unit(draw64(key, 2 * step + 1, n)) < probability) post_[step].push_back(n);
            }
    }
    std::uint64_t run() override {
        std::uint64_t events = 0;
        for (std::size_t i = 0; i < cycle; ++i, ++step_) {
            store_.deliver(step_, lanes_);
            for (const std::uint32_t n : post_[i]) {
                if (history_->full(n)) {
                    store_.sweep(step_ + 1);
                    history_->retire(store_.retired());
                    while (history_->full(n))
                        history_->grow();
                }
                history_->add(n, static_cast<std::int32_t>(step_ + 1));
            }
            events += store_.arrive(pre_[i], step_); // every step an epoch
        }
        return events;
    }

private:
    static NetworkPlan plan_of(const char* model, Experiment& experiment) {
        experiment.projections.emplace_back();
        const Distribution constant = Distribution::constant(1.0);
        PlannedProjection planned{.rule = nullptr,
                                  .weight_key = {},
                                  .delay_key = {},
                                  .weight = Sampler(constant),
                                  .delay = DiscreteSampler::delays(constant, h),
                                  .distance_delay = {},
                                  .receptor = {}};
        planned.synapse = find_synapse_model(model);
        for (const ParameterInfo& parameter : planned.synapse->model.parameters)
            planned.synapse_parameters.push_back(parameter.default_value);
        planned.fixed_is_axonal = true; // a part of nothing: the delay is dendritic
        planned.shortest = planned.longest = delay;
        NetworkPlan plan;
        plan.experiment = &experiment;
        plan.projections.push_back(std::move(planned));
        plan.min_delay = plan.max_delay = delay;
        return plan;
    }
    static SynapseRows<float> rows() {
        const Key key = make_key(2, Purpose::test, "plasticity");
        SynapseRows<float> rows;
        rows.synapses = HugeBuffer<Synapse<float>>(std::size_t{neurons} * targets_of_a_source);
        rows.begin.push_back(0);
        rows.directory_begin.push_back(0);
        std::vector<std::uint16_t> targets(targets_of_a_source);
        for (std::uint32_t s = 0; s < neurons; ++s) {
            for (std::uint32_t i = 0; i < targets_of_a_source; ++i)
                targets[i] = static_cast<std::uint16_t>(below(draw64(key, s, i), neurons));
            std::sort(targets.begin(), targets.end());
            for (std::uint32_t i = 0; i < targets_of_a_source; ++i)
                rows.synapses[std::size_t{s} * targets_of_a_source + i] = {targets[i], 45.0F};
            rows.directory.push_back({delay, 0, targets_of_a_source});
            rows.begin.push_back((s + 1) * std::uint64_t{targets_of_a_source});
            rows.directory_begin.push_back(s + 1);
        }
        return rows;
    }

    Experiment experiment_;
    NetworkPlan plan_;
    PlasticStore store_;
    std::unique_ptr<PostHistory> history_;
    std::vector<double> sums_ = std::vector<double>(neurons);
    std::vector<double*> lanes_{sums_.data()};
    std::vector<std::vector<std::uint64_t>> pre_; ///< packets of each step
    std::vector<std::vector<std::uint32_t>> post_;
    std::int64_t step_ = 0;
};

} // namespace

void add_plasticity(Kernels& kernels) {
    for (const char* model : {"stdp_pl_hom", "stdp_synapse", "stdp_triplet", "vogels_sprekeler", "tsodyks2"}) {
        Kernel kernel;
        kernel.name = std::string("deliver/") + model + "/engine";
        kernel.unit = "synaptic event";
        kernel.counted = true;
        kernel.threads = {1, 2};
        kernel.make = [model](std::uint32_t, std::uint32_t) { return std::make_unique<PlasticDelivery>(model); };
        kernels.push_back(kernel);
    }
}

} // namespace spikecast::bench
