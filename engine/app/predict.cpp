#include "engine/app/predict.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

namespace spikecast {

namespace {

/// Expected number of different delays among n synapses of one source.
double distinct_delays(const PlannedProjection& planned, double n) {
    if (n <= 0.0) return 0.0;
    if (planned.longest == planned.shortest) return 1.0 - std::exp(-n);
    if (planned.projection->delay.per_distance != 0.0) {
        const double kinds = planned.longest - planned.shortest + 1.0;
        return kinds * (1.0 - std::exp(-n / kinds));
    }
    double expected = 0.0, before = 0.0;
    for (const std::uint32_t threshold : planned.delay.thresholds()) {
        const double until = threshold == 0xffff'ffffU ? 1.0 : threshold * 0x1p-32;
        if (until > before) expected += 1.0 - std::exp(-n * (until - before));
        before = std::max(before, until);
    }
    return expected + (before < 1.0 ? 1.0 - std::exp(-n * (1.0 - before)) : 0.0);
}

/// Seconds to draw a Philox word and to add one item to a random place of a large array, with all workers busy.
struct Speed {
    double word_s;
    double scatter_s;
};
Speed measure_speed(unsigned workers) {
    std::vector<Speed> speeds(workers);
    const auto work = [&](unsigned w) {
        const auto now = [] { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); };
        std::vector<std::uint32_t> words(4096);
        const Key key = make_key(1, Purpose::test, "speed");
        const double t0 = now();
        constexpr unsigned rounds = 500;
        for (unsigned i = 0; i < rounds; ++i)
            philox_fill(key, i, 0, words);
        const double t1 = now();
        std::vector<std::uint32_t> places(std::size_t{1} << 25); // 128 MiB, far beyond caches
        const double t2 = now();
        std::uint64_t place = words[7] | 1;
        constexpr unsigned scatters = 1 << 21;
        for (unsigned i = 0; i < scatters; ++i) {
            place = place * 6364136223846793005ULL + 1442695040888963407ULL;
            ++places[place >> 39];
        }
        const double t3 = now();
        speeds[w] = {(t1 - t0) / (rounds * 4096.0), (t3 - t2) / scatters};
    };
    std::vector<std::jthread> threads;
    for (unsigned w = 1; w < workers; ++w)
        threads.emplace_back(work, w);
    work(0);
    threads.clear();
    Speed worst{0.0, 0.0};
    for (const Speed& s : speeds)
        worst = {std::max(worst.word_s, s.word_s), std::max(worst.scatter_s, s.scatter_s)};
    return worst;
}

} // namespace

Prediction predict(const NetworkPlan& plan, std::uint32_t ranks) {
    const Experiment& experiment = *plan.experiment;
    const double workers = static_cast<double>(ranks) * plan.threads;
    const bool compact = experiment.simulation.weights == WeightFormat::compact;
    const bool single = experiment.simulation.precision == Precision::single_precision;
    Prediction prediction;
    double neurons = 0.0, rows_worker = 0.0, rows_rank = 0.0, segments = 0.0, tables = 0.0;
    for (const Population& population : experiment.populations)
        neurons += static_cast<double>(population.size);
    std::vector<double> expected(experiment.populations.size(), 0.0);
    std::vector<double> kinds(experiment.populations.size(), 0.0);
    for (const PlannedProjection& planned : plan.projections) {
        const double synapses = planned.rule->expected_synapses();
        prediction.synapses += synapses;
        expected[planned.source] += synapses;
        prediction.drawn += synapses * planned.rule->draws_per_synapse();
    }
    const double lane_blocks = std::ceil(neurons / workers / 65536.0);
    for (std::size_t p = 0; p < experiment.populations.size(); ++p) {
        if (expected[p] == 0.0) continue;
        const auto size = static_cast<double>(experiment.populations[p].size);
        const double each_worker = expected[p] / size / workers, each_rank = expected[p] / size / ranks;
        rows_worker += size * (1.0 - std::exp(-each_rank)); // a worker has an entry for every row of its rank
        rows_rank += size * (1.0 - std::exp(-each_rank));
        tables += (size <= expected[p] / workers + 65536.0) ? 4.0 * size : 48.0 * size * (1.0 - std::exp(-each_rank));
        double most = 0.0; // projections of one source share delays; the largest counts
        for (const PlannedProjection& planned : plan.projections)
            if (planned.source == p)
                most = std::max(most, distinct_delays(planned, each_worker / lane_blocks));
        kinds[p] = most * lane_blocks;
        segments += size * kinds[p];
    }
    const double synapses_worker = prediction.synapses / workers;
    const double codes = (plan.max_delay + 1.0) * lane_blocks * plan.receptors;
    const double tag = codes <= 256 ? 1.0 : codes <= 65536 ? 2.0 : 4.0;
    const double rows_bytes = synapses_worker * (compact ? 4.0 : 6.0) + rows_worker * 12.0 + segments * 6.0;
    const double neurons_rank = neurons / ranks;
    const double targets_reached = std::min<double>(ranks, rows_rank * ranks / std::max(1.0, neurons));
    const double routes = neurons_rank * (4.0 + 8.0 * targets_reached);
    const double state = neurons_rank * ((single ? 4.0 : 8.0) * 6.0 + (compact ? 4.0 : single ? 4.0 : 8.0) * plan.receptors +
                                         16.0 + 48.0);
    prediction.network_bytes_per_rank = rows_bytes * plan.threads + routes;
    const double building = plan.threads * (synapses_worker * tag + rows_worker * 8.0) + tables + rows_rank * 8.0;
    const double later = routes + state + rows_rank * 24.0;
    constexpr double program = 45e6; // MPI, HDF5 and code, resident before anything is built
    prediction.bytes_per_rank = program + rows_bytes * plan.threads + std::max(building, later);
    prediction.bytes_total = prediction.bytes_per_rank * ranks;
    return prediction;
}

double predict_build_seconds(const Prediction& prediction, std::uint32_t ranks, std::uint32_t threads) {
    const double workers = static_cast<double>(ranks) * threads;
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    const Speed speed = measure_speed(std::min<unsigned>(cores, static_cast<unsigned>(std::min(workers, 1024.0))));
    const double shared = std::max(1.0, workers / cores);
    // Words: two for a source in either pass, one each for weight and delay; the rest of a synapse's cost is placing it.
    return 0.3 + shared * (prediction.drawn / workers * 8.0 * speed.word_s +
                           prediction.synapses / workers * (2.0 * speed.scatter_s + 6e-9));
}

double available_memory() {
    double bytes = 1e18;
    std::ifstream info("/proc/meminfo");
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("MemAvailable:")) bytes = std::stod(line.substr(13)) * 1024.0;
    std::string own;
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);)
        if (line.starts_with("0::")) own = line.substr(3);
    for (std::string path = "/sys/fs/cgroup" + own; path.size() >= 14; path = path.substr(0, path.rfind('/'))) {
        std::ifstream limit(path + "/memory.max"), used(path + "/memory.current");
        double most = 0.0, now = 0.0;
        if (limit >> most && used >> now) bytes = std::min(bytes, std::max(0.0, most - now));
    }
    return bytes;
}

std::string format_bytes(double bytes) {
    const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    std::size_t unit = 0;
    while (bytes >= 1000.0 && unit < 5) {
        bytes /= 1000.0;
        ++unit;
    }
    return fmt::format("{:.3g} {}", bytes, units[unit]);
}

} // namespace spikecast
