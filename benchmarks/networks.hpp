// The microcircuit as kernels need it: built by the engine on this process alone, with spikes at its published rates.
#pragma once

#include "engine/build/builder.hpp"
#include "engine/exchange/exchanger.hpp"
#include "engine/network/plan.hpp"
#include "engine/simulation/worker.hpp"
#include "spikecast/experiment.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spikecast::bench {

/// T, W as in the engine. One rank, `workers` threads.
template <class T, class W>
class Network {
public:
    /// Scales of the number of neurons and of indegrees (1, 1: 77,169 neurons, 299 million synapses).
    Network(double neurons, double indegrees, std::uint32_t workers);

    /// A worker without spikes under way. Its neurons have the experiment's parameters but a current too weak for them
    /// to spike.
    [[nodiscard]] std::unique_ptr<Worker<T, W>> make_worker(std::uint32_t worker);

    /// What arrives in each of `cycle` steps, as the exchange hands it over: lag << 32 | row, sorted. Every neuron
    /// fires at its population's published rate, independently.
    static constexpr std::int64_t cycle = 256;
    std::vector<std::vector<std::uint64_t>> arrivals;

    Experiment experiment;
    NetworkPlan plan;
    RankNetwork<W> network;
    std::unique_ptr<Exchanger> exchanger;
    std::vector<std::unique_ptr<ActivityStatistics>> statistics; ///< of each worker
};

/// The network of these properties, built when it is first asked for and kept: repetitions come in any order.
template <class T, class W>
[[nodiscard]] std::shared_ptr<Network<T, W>> microcircuit(double neurons, double indegrees, std::uint32_t workers);

extern template class Network<float, std::int16_t>;
extern template class Network<double, float>;
extern template std::shared_ptr<Network<float, std::int16_t>> microcircuit<float, std::int16_t>(double, double,
                                                                                                std::uint32_t);
extern template std::shared_ptr<Network<double, float>> microcircuit<double, float>(double, double, std::uint32_t);

} // namespace spikecast::bench
