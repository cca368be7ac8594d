#include "benchmarks/networks.hpp"

#include "engine/build/resolve.hpp"
#include "engine/experiment/reader.hpp"
#include "partitioners/partitioners.hpp"
#include "spikecast/random.hpp"
#include "spikecast/simd.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <type_traits>

namespace spikecast::bench {

template <class T, class W>
Network<T, W>::Network(double neurons, double indegrees, std::uint32_t workers) {
    std::vector<std::string> overrides;
    if (neurons != 1.0 || indegrees != 1.0)
        overrides = {fmt::format("scaling.N={}", neurons), fmt::format("scaling.K={}", indegrees)};
    overrides.emplace_back(std::is_same_v<T, float> ? "simulation.precision=\"single\""
                                                    : "simulation.precision=\"double\"");
    overrides.emplace_back(std::is_same_v<W, float> ? "simulation.weights=\"float32\""
                                                    : "simulation.weights=\"compact\"");
    experiment = read_experiment(SPIKECAST_SOURCE_DIR "/experiments/microcircuit_pd14.toml", overrides);
    validate(experiment);
    std::vector<std::uint64_t> sizes;
    std::vector<std::string> names;
    for (const Population& population : experiment.populations) {
        sizes.push_back(population.size);
        names.push_back(population.name);
    }
    plan = make_plan(MPI_COMM_SELF, experiment, make_partition(experiment.simulation, sizes, workers), workers);
    Team team(workers, false);
    network = build_network<W>(MPI_COMM_SELF, Share{}, plan, team, {});
    exchanger = std::make_unique<Exchanger>(MPI_COMM_SELF, ExchangeKind::alltoall, std::vector<bool>{true},
                                            network.sources_heard, plan.min_delay, wall_seconds);
    for (const WorkerLayout& layout : network.layouts) {
        std::vector<std::uint64_t> counts;
        for (std::size_t p = 0; p < names.size(); ++p)
            counts.push_back(layout.count(p));
        statistics.push_back(
            std::make_unique<ActivityStatistics>(names, counts, experiment.simulation.resolution_ms(), 0, 30));
    }

    arrivals.resize(cycle);
    for (std::size_t p = 0; p < sizes.size(); ++p) {
        const Key key = make_key(1, Purpose::test, names[p]);
        // the published rates, and so the same at every scale
        const double mean = experiment.reference.rates_hz.at(names[p]) * 1e-3 * experiment.simulation.resolution_ms() *
                            static_cast<double>(sizes[p]);
        for (std::int64_t step = 0; step < cycle; ++step) {
            const auto s = static_cast<std::uint64_t>(step);
            const auto spikes = static_cast<std::uint64_t>(mean + open_unit(draw64(key, s, 0)));
            for (std::uint64_t i = 1; i <= spikes; ++i) {
                const std::uint64_t index = below(draw64(key, s, i), sizes[p]);
                Partition::Place place{};
                plan.partition->places(p, {&index, 1}, {&place, 1});
                const Routes& routes = network.routes[place.worker];
                const std::size_t neuron = network.layouts[place.worker].begin[p] + place.local;
                for (std::uint32_t e = routes.begin[neuron]; e < routes.begin[neuron + 1]; ++e)
                    arrivals[s].push_back(routes.entries[e].row); // lag 0: every step an epoch
            }
        }
    }
    for (auto& packets : arrivals)
        std::sort(packets.begin(), packets.end());
}

template <class T, class W>
std::unique_ptr<Worker<T, W>> Network<T, W>::make_worker(std::uint32_t id) {
    auto worker = std::make_unique<Worker<T, W>>(plan, id, network.layouts[id], network.rows[id], network.routes[id],
                                                 *exchanger, *statistics[id]);
    for (std::size_t p = 0; p < experiment.populations.size(); ++p) {
        ParameterValues quiet = experiment.populations[p].params;
        quiet["I_e"] = Distribution::constant(100.0);
        BlockSetup setup;
        setup.model = plan.models[p];
        setup.object = experiment.populations[p].name;
        setup.seed = experiment.simulation.seed;
        setup.resolution_ms = experiment.simulation.resolution_ms();
        setup.wide = simd::has_avx512();
        setup.indices = worker->indices(p);
        setup.parameters = resolve_parameters(setup.seed, setup.object, *setup.model, quiet, setup.indices,
                                              experiment.populations[p].size);
        setup.initial = resolve_initial(setup.seed, setup.object, *setup.model, {}, setup.parameters, setup.indices);
        setup.stop_step = std::numeric_limits<std::int64_t>::max() / 2;
        worker->set_block(p, make_population_block<T>(setup));
    }
    return worker;
}

template <class T, class W>
std::shared_ptr<Network<T, W>> microcircuit(double neurons, double indegrees, std::uint32_t workers) {
    static std::map<std::tuple<double, double, std::uint32_t>, std::shared_ptr<Network<T, W>>> kept;
    std::shared_ptr<Network<T, W>>& network = kept[{neurons, indegrees, workers}];
    if (!network) network = std::make_shared<Network<T, W>>(neurons, indegrees, workers);
    return network;
}

template class Network<float, std::int16_t>;
template class Network<double, float>;
template std::shared_ptr<Network<float, std::int16_t>> microcircuit<float, std::int16_t>(double, double, std::uint32_t);
template std::shared_ptr<Network<double, float>> microcircuit<double, float>(double, double, std::uint32_t);

} // namespace spikecast::bench
