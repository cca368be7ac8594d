#include "engine/app/predict.hpp"

#include "engine/build/builder.hpp"
#include "engine/build/huge_buffer.hpp"
#include "engine/plasticity/sorted_synapses.hpp"
#include "engine/plasticity/store.hpp"
#include "engine/recording/result_file.hpp"
#include "engine/recording/statistics.hpp"
#include "partitioners/partitioners.hpp"
#include "spikecast/block.hpp"
#include "spikecast/plasticity.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>
#include <sstream>
#include <thread>
#include <vector>

namespace spikecast {

namespace {

// Measured (docs/performance.md): what a run of a network of 100 neurons has resident at its peak beyond what was there
// when the prediction was made, without and with a result file, and its build time.
constexpr double program_runs = 0.5e6;
constexpr double program_writes = 5e6;
constexpr double build_overhead = 0.02;
// Measured with 0.5 million values of V_m waiting, on 1 to 3 ranks: they, and their copies while they are written.
constexpr double trace_copies = 7.0;
constexpr double weight_copies[] = {5.0, 6.0}; ///< of weights looked at, too: on one rank, on several

double recorded_neurons(const StateRecorder& recorder) {
    const Selection& s = recorder.source;
    const auto all = static_cast<double>(s.list.empty() ? (s.end - s.begin + s.step - 1) / s.step : s.list.size());
    return recorder.sample > 0 ? std::min(all, static_cast<double>(recorder.sample)) : all;
}

/// Where a rank finds its recorded neurons and their columns: 16 bytes for each neuron and variable.
double tracing_bytes(const NetworkPlan& plan, std::uint32_t ranks) {
    double bytes = 0.0;
    for (const StateRecorder& recorder : plan.experiment->state_recorders)
        bytes += 16.0 * recorded_neurons(recorder) * static_cast<double>(recorder.variables.size()) / ranks;
    return bytes;
}

/// Values of state variables that wait on a rank when they are written; the same numbers as the engine's meetings.
double traced_values(const NetworkPlan& plan, std::uint32_t ranks) {
    const SimulationSettings& settings = plan.experiment->simulation;
    const double h = settings.resolution_ms();
    double each_step = 0.0;
    for (const StateRecorder& recorder : plan.experiment->state_recorders) {
        const double neurons = recorded_neurons(recorder);
        each_step += neurons * static_cast<double>(recorder.variables.size()) / std::max(1.0, recorder.interval_ms / h);
    }
    each_step /= ranks;
    if (each_step <= 0.0) return 0.0;
    const double meeting = std::max<double>(plan.min_delay, std::round(50.0 / h));
    const double batch = std::min(each_step * meeting, std::max(each_step, TraceValue::most_kept));
    const double kept = std::ceil(RecordedSpike::most_kept / 1.5 / batch) * batch;
    return std::min(kept, each_step * static_cast<double>(settings.duration_steps));
}

// Assumed on the safe side: seconds for each section (a dataset that all ranks create), and bytes a second.
constexpr double section_s = 1e-3;
constexpr double disk_bytes_s = 2e8;

/// State and statistics of every neuron, what HDF5 and the table take for a section, and the spikes of the longest
/// delay.
void predict_checkpoint(const NetworkPlan& plan, std::uint32_t ranks, Prediction& prediction) {
    const Experiment& e = *plan.experiment;
    const double number = e.simulation.precision == Precision::double_precision ? 8.0 : 4.0;
    double bytes = 0.0, sections = 7.0;
    for (std::size_t p = 0; p < e.populations.size(); ++p) {
        const auto size = static_cast<double>(e.populations[p].size);
        const auto variables = static_cast<double>(plan.models[p]->variables.size());
        bytes += size * (variables * number + static_cast<double>(ActivityStatistics::neuron_bytes));
        sections += variables + 4.0;
        const double rate = std::max(0.0, expected_rate(e, e.populations[p]));
        bytes += 24.0 * size * rate * 1e-3 * e.simulation.time_ms(plan.max_delay);
    }
    for (const PlannedProjection& planned : plan.projections) {
        if (planned.synapse == nullptr) continue;
        const double synapses = planned.rule->expected_synapses();
        const double each = 4.0 * (1.0 + static_cast<double>(planned.synapse->model.variables.size()));
        bytes += synapses * each;
        sections += 1.0 + static_cast<double>(planned.synapse->model.variables.size());
        // Of one projection at a time: where each goes and what it has, sent, received, in order and written.
        prediction.checkpoint_bytes_per_rank =
            std::max(prediction.checkpoint_bytes_per_rank, 4.0 * (8.0 + each) * synapses / ranks);
    }
    bytes += 800.0 * sections + static_cast<double>(e.text.size());
    prediction.checkpoint_bytes = bytes;
    prediction.checkpoint_s = sections * section_s + 3.0 * bytes / disk_bytes_s; // written, read back, synchronised
}

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

/// What the process holds in memory now.
double resident_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024.0;
    return 0.0;
}

/// A HugeBuffer is made of 2 MiB pages once it is longer than one.
double huge(double bytes) {
    constexpr double page = 2097152.0;
    return bytes > page ? std::ceil(bytes / page) * page : bytes;
}

bool varies(const ParameterValues& values, bool parameters, const ModelInfo& model) {
    return std::any_of(values.begin(), values.end(), [&](const auto& value) {
        if (parameters && model.parameter(value.first) < 0) return false;
        const auto* law = std::get_if<Distribution>(&value.second);
        return law != nullptr ? !law->is_constant() : std::holds_alternative<ArrayFile>(value.second);
    });
}

/// Seconds of one Philox word, for draws that are discarded and so aren't in the sample.
double measure_word() {
    std::vector<std::uint32_t> words(4096);
    const Key key = make_key(1, Purpose::test, "speed");
    constexpr unsigned rounds = 500;
    const auto begin = std::chrono::steady_clock::now();
    for (unsigned i = 0; i < rounds; ++i)
        philox_fill(key, i, 0, words);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return seconds.count() / (rounds * 4096.0);
}

/// What memory of some size costs when each of some threads has one of its own; of the slowest.
struct MemoryTimes {
    double touch_s = 0.0; ///< every page for the first time
    double write_s = 0.0; ///< four bytes at the end of a random one of its rows
};
MemoryTimes time_memory(double bytes, double rows, unsigned threads) {
    constexpr std::size_t page = 4096, item = 4, writes = 1'000'000;
    const auto size = static_cast<std::size_t>(bytes);
    const std::size_t row_count = std::clamp<std::size_t>(static_cast<std::size_t>(rows), 1, size / item);
    const auto row_items = static_cast<std::uint32_t>(size / item / row_count);
    std::vector<MemoryTimes> times(threads);
    const auto work = [&](MemoryTimes& mine) {
        using Clock = std::chrono::steady_clock;
        HugeBuffer<std::uint32_t> memory(size / item);
        std::vector<std::uint32_t> filled(row_count, 0);
        const auto begin = Clock::now();
        for (std::size_t i = 0; i < size / item; i += page / item)
            static_cast<volatile std::uint32_t*>(memory.data())[i] = 1;
        const auto touched = Clock::now();
        std::uint64_t random = 88172645463325252;
        for (std::size_t i = 0; i < writes; ++i) {
            random ^= random << 13; // xorshift (Marsaglia 2003)
            random ^= random >> 7;
            random ^= random << 17;
            const std::size_t row = (random >> 32) * row_count >> 32;
            static_cast<volatile std::uint32_t*>(memory.data())[row * row_items + filled[row]] = 1;
            if (++filled[row] == row_items) filled[row] = 0;
        }
        mine.touch_s = std::chrono::duration<double>(touched - begin).count();
        mine.write_s = std::chrono::duration<double>(Clock::now() - touched).count() / static_cast<double>(writes);
    };
    {
        std::vector<std::jthread> team;
        for (unsigned t = 1; t < threads; ++t)
            team.emplace_back(work, std::ref(times[t]));
        work(times[0]);
    }
    MemoryTimes slowest;
    for (const MemoryTimes& t : times)
        slowest = {std::max(slowest.touch_s, t.touch_s), std::max(slowest.write_s, t.write_s)};
    return slowest;
}

/// What a build's memory costs a thread beyond what the sample of the build sees of it.
struct MemoryCosts {
    /// A byte. A virtual machine gives memory back that is free for some seconds, and its host takes a while to supply
    /// it anew; the sample gets memory that was in use a moment ago.
    double supply_s = 0.0;
    double write_s = 0.0; ///< a synapse: the more memory, the fewer of its rows' ends are near the processor
};
MemoryCosts measure_memory(double bytes, double rows, double sample_bytes, unsigned threads) {
    const double most = std::min(512e6, available_memory() / 4.0) / threads;
    const double tried = std::floor(std::min(bytes, most));
    if (tried < 4096.0 || sample_bytes < 4096.0) return {};
    const MemoryTimes found = time_memory(tried, rows, threads);
    const MemoryTimes again = time_memory(tried, rows, threads);
    const MemoryTimes small = time_memory(std::min(sample_bytes, tried), rows, threads);
    return {std::max(0.0, found.touch_s - again.touch_s) / tried, std::max(0.0, again.write_s - small.write_s)};
}

/// Of a rank: which of its synapses recorders of weights watch, what these note until it is written, and a round in
/// which all synapses of a projection are put in order (sorted_synapses: about 32 of them).
double weight_recorder_bytes(const NetworkPlan& plan, std::uint32_t ranks) {
    const Experiment& experiment = *plan.experiment;
    double watched = 0.0, ordering = 0.0;
    for (const WeightRecorder& recorder : experiment.weight_recorders)
        for (const PlannedProjection& planned : plan.projections) {
            if (planned.synapse == nullptr || planned.projection->name != recorder.projection) continue;
            const double all = planned.rule->expected_synapses();
            const double chosen = recorder.sample > 0 ? std::min(all, static_cast<double>(recorder.sample)) : all;
            const double noted = recorder.changes ? 4.0 : weight_copies[ranks > 1 ? 1 : 0] * sizeof(TraceValue);
            if (recorder.interval_ms > 0.0) watched += chosen / ranks * (16.0 + noted);
            const double round = std::min(all, std::max(all / 32.0, 65536.0 * ranks));
            ordering = std::max(ordering, 3.0 * sizeof(SortedSynapse) * round / ranks);
        }
    return std::max(watched, ordering); // it is set up in order before it notes anything
}

/// Seconds that it takes to make arrays of plastic synapses from the rows of a sample, which go.
double time_conversion(const NetworkPlan& plan, BuildSample& sample) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t p = 0; p < plan.projections.size(); ++p) {
        const PlannedProjection& planned = plan.projections[p];
        if (planned.synapse == nullptr) continue;
        const PlasticStore store(plan, p, std::move(sample.plastic[p]), sample.rows_of[planned.source].first,
                                 (sample.layout.neurons() + 0xffffU) >> 16, sample.layout.begin[planned.target]);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return seconds.count();
}

} // namespace

Prediction predict(const NetworkPlan& plan, std::uint32_t ranks, bool writes) {
    const Experiment& experiment = *plan.experiment;
    const double threads = plan.threads, workers = static_cast<double>(ranks) * threads;
    const bool compact = experiment.simulation.weights == WeightFormat::compact;
    const double scalar = experiment.simulation.precision == Precision::single_precision ? 4.0 : 8.0;
    Prediction prediction;
    double neurons = 0.0;
    for (const Population& population : experiment.populations)
        neurons += static_cast<double>(population.size);
    std::vector<double> expected(experiment.populations.size(), 0.0);
    double exchange_buffers = 0.0; // of one projection at a time
    for (const PlannedProjection& planned : plan.projections) {
        const double synapses = planned.rule->expected_synapses();
        prediction.synapses += synapses;
        expected[planned.source] += synapses;
        if (planned.drawing) {
            prediction.by_source.push_back({planned.projection->name, *planned.drawing});
            prediction.synapses_by_source += synapses;
            if (planned.exchanged()) exchange_buffers = std::max(exchange_buffers, planned.drawing->exchange_bytes);
        }
        prediction.drawn += synapses * (planned.drawing ? 1.0 : planned.rule->draws_per_synapse());
    }
    const double neurons_rank = std::ceil(neurons / ranks), neurons_worker = std::ceil(neurons / workers);
    const double blocks = std::ceil(neurons_worker / 65536.0);
    // Plastic synapses have arrays of their own, which are made from rows as those of static synapses.
    double plastic_worker = 0.0, plastic_bytes = 0.0, largest_plastic = 0.0, plastic_rows = 0.0;
    for (const PlannedProjection& planned : plan.projections) {
        if (planned.synapse == nullptr) continue;
        const double own = planned.rule->expected_synapses() / workers;
        const double bytes =
            huge(2.0 * own) + huge(4.0 * own) * (1.0 + static_cast<double>(planned.synapse->model.variables.size()));
        plastic_worker += own;
        plastic_bytes += bytes;
        largest_plastic = std::max(largest_plastic, bytes);
        plastic_rows += 64.0 * static_cast<double>(experiment.populations[planned.source].size);
    }
    const double synapses_worker = prediction.synapses / workers;

    // Rows: a worker has an entry for every source that its rank hears, and a segment for each (delay, lane) of a
    // source.
    double rows = 0.0, segments = 0.0, counts = 0.0, numbers = 0.0;
    for (std::size_t p = 0; p < experiment.populations.size(); ++p) {
        if (expected[p] == 0.0) continue;
        const auto size = static_cast<double>(experiment.populations[p].size);
        const double each_worker = expected[p] / size / workers;
        const double heard = size * (1.0 - std::exp(-expected[p] / size / ranks));
        const bool dense = size <= expected[p] / workers + 65536.0;
        rows += heard;
        counts += dense ? 4.0 * size : 8.0 * expected[p] / workers;
        numbers += dense ? 4.0 * size : 4.0 * std::exp2(std::ceil(std::log2(std::max(1.0, heard / 4.0))));
        double most = 0.0; // projections of one source share delays; the largest counts
        for (const PlannedProjection& planned : plan.projections)
            if (planned.source == p) most = std::max(most, distinct_delays(planned, each_worker / blocks));
        segments += size * most * blocks;
    }
    const double codes = (plan.max_delay + 1.0) * blocks * plan.receptors;
    const double tag = codes <= 256 ? 1.0 : codes <= 65536 ? 2.0 : 4.0;
    const double drawn_bytes = (synapses_worker - plastic_worker) * (compact ? 4.0 : 6.0) + plastic_worker * 6.0;
    const double finished = threads * (huge(drawn_bytes - plastic_worker * 6.0) + plastic_bytes + plastic_rows +
                                       rows * 12.0 + segments * 6.0);
    const double converting =
        threads * (huge(drawn_bytes) + largest_plastic + plastic_rows + rows * 12.0 + segments * 6.0);
    const double routes = neurons_rank * 4.0 + rows * 8.0; // as many sources are heard as are sent to, over all ranks
    prediction.network_bytes_per_rank = finished + routes;

    predict_checkpoint(plan, ranks, prediction);
    prediction.written_per_worker = finished / threads + huge(plastic_worker * 6.0) + huge(synapses_worker * tag);
    const double heard = 8.0 * rows;
    const double counting = threads * counts + numbers + (threads > 1.0 ? 3.0 : 1.0) * heard + exchange_buffers;
    const double placing = finished + numbers + heard + exchange_buffers +
                           threads * (huge(synapses_worker * tag) + std::max(0.0, rows * 8.0 - segments * 6.0));
    // 12 bytes for each pair until the routes are sorted; rounds of 2^18 rows out and in, with MPI's copies.
    const double round = 4.0 * 12.0 * std::min(rows, 262144.0);
    const double telling = finished + 12.0 * rows + std::max(routes, heard + (ranks > 1 ? round : 0.0));

    // Neurons: state, input, indices (8), statistics (32), and while they are set up indices and values once more.
    double state = 0.0, setup = 0.0;
    for (std::size_t p = 0; p < experiment.populations.size(); ++p) {
        const Population& population = experiment.populations[p];
        const ModelInfo& model = *plan.models[p];
        const double own = static_cast<double>(population.size) / ranks;
        double doubles = 1.0; // indices
        if (varies(population.init, false, model)) doubles += 1.0;
        double each = scalar * static_cast<double>(model.variables.size());
        if (varies(population.params, true, model)) {
            each += scalar * static_cast<double>(model.parameters.size() + 2);
            doubles += static_cast<double>(population.params.size());
        }
        setup = std::max(setup, own * 8.0 * doubles);
        state += own * each;
    }
    for (const Stimulus& stimulus : experiment.stimuli) {
        const ModelInfo& model = *find_model(stimulus.model);
        if (model.kind == ModelInfo::Kind::current_generator) continue;
        for (const Population& population : experiment.populations)
            if (population.name == stimulus.target.population)
                state += threads * std::ceil(static_cast<double>(population.size) / workers / chunk_size) * chunk_size *
                         (8.0 + 4.0 * scalar);
    }
    const double sums = !compact ? scalar : plan.wide_sums ? 8.0 : 4.0;
    state += threads * plan.receptors * huge(neurons_worker * sums) + neurons_rank * (8.0 + 32.0);

    // Running: spikes under way, and those that wait to be written (with their copies while they are).
    double under_way = 0.0, waiting = 0.0;
    constexpr double assumed_rate = 10.0; // Hz, where the experiment states no rate
    for (std::size_t p = 0; p < experiment.populations.size(); ++p) {
        const Population& population = experiment.populations[p];
        const double stated = expected_rate(experiment, population);
        const double rate = stated >= 0.0 ? stated : assumed_rate;
        under_way += static_cast<double>(population.size) * rate * 1e-3 * experiment.simulation.resolution_ms();
        waiting += static_cast<double>(population.size) / ranks * rate;
    }
    const double running =
        threads * under_way * (plan.max_delay + plan.min_delay) * 8.0 * segments / std::max(1.0, rows);
    const double meeting = std::max(1.0, waiting * 0.05); // whether to write is asked every 50 ms
    const double kept = std::min(waiting * experiment.simulation.time_ms(experiment.simulation.duration_steps) / 1e3,
                                 std::ceil(RecordedSpike::most_kept / meeting) * meeting);
    const bool records = writes && !experiment.spike_recorders.empty();
    const double copies = ranks > 1 ? 12.0 : 6.0; // measured: sorted on one rank, or over all ranks, while written
    const double recording =
        (writes ? program_writes : 0.0) + (records ? copies * sizeof(RecordedSpike) * kept : 0.0) +
        (writes ? trace_copies * sizeof(TraceValue) * traced_values(plan, ranks) + tracing_bytes(plan, ranks) : 0.0);
    const double weights = writes ? weight_recorder_bytes(plan, ranks) : 0.0;
    const double simulating =
        prediction.network_bytes_per_rank + state + std::max(setup, running + recording + weights);

    prediction.bytes_per_rank =
        resident_bytes() + program_runs + std::max({counting, placing, telling, converting, simulating});
    prediction.bytes_total = prediction.bytes_per_rank * ranks;
    return prediction;
}

double predict_build_seconds(const Experiment& experiment, const Prediction& prediction, std::uint32_t ranks,
                             std::uint32_t threads) {
    const double workers = static_cast<double>(ranks) * threads;
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    const auto busy = static_cast<unsigned>(std::min<double>(cores, workers));
    const double shared = std::max(1.0, workers / cores);
    const double synapses = prediction.synapses / workers;
    // A share of a worker's synapses: at most a quarter of them, or `sampled`.
    constexpr double sampled = 1e7;
    const double share = std::clamp(std::ceil(synapses / sampled), 4.0, std::max(4.0, 1e9 / workers));
    std::vector<std::uint64_t> sizes;
    for (const Population& population : experiment.populations)
        sizes.push_back(population.size);
    const double written = prediction.written_per_worker;
    const MemoryCosts memory =
        measure_memory(written, static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), std::uint64_t{0})),
                       written / share, busy);
    const double shares = std::min(workers * share, 2e9);
    const auto partition = make_partition(experiment.simulation, sizes, static_cast<std::uint32_t>(shares));
    NetworkPlan plan = make_plan(MPI_COMM_SELF, experiment, partition, 1);
    // What is drawn by everybody doesn't shrink with a worker's share, nor do the sources of one target, and there are
    // only so many shares; what would be a large sample is estimated.
    std::erase_if(plan.projections, [&](const PlannedProjection& p) {
        const double targets = static_cast<double>(sizes[p.target]);
        return p.drawing || p.rule->draws_per_synapse() > 2.0 ||
               p.rule->expected_synapses() > 4.0 * sampled * std::min(shares, targets);
    });
    // Arrays over a population that this machine couldn't hold give way to hash tables.
    double arrays = 0.0;
    for (const std::uint64_t size : sizes)
        arrays += 2.0 * 4.0 * static_cast<double>(size) * busy;
    const double counted_as = arrays < 0.5 * available_memory() ? workers : std::numeric_limits<double>::infinity();
    std::vector<BuildSample> samples(busy);
    const auto work = [&](unsigned w) {
        samples[w] = experiment.simulation.weights == WeightFormat::compact
                         ? sample_build<std::int16_t>(plan, w, counted_as)
                         : sample_build<float>(plan, w, counted_as);
        samples[w].seconds += time_conversion(plan, samples[w]);
    };
    std::vector<std::jthread> team;
    for (unsigned w = 1; w < busy; ++w)
        team.emplace_back(work, w);
    work(0);
    team.clear();
    const double word = measure_word();
    double each = plan.projections.empty() ? 12.0 * word : 0.0; // seconds a synapse, of the slowest worker
    for (const BuildSample& sample : samples)
        if (sample.synapses > 0.0) each = std::max(each, sample.seconds / sample.synapses);
    // What is drawn by source costs what its prediction says; from here on `each` is the mean over all synapses.
    if (synapses > 0.0) {
        const double by_source = prediction.synapses_by_source / workers;
        double known = by_source * placing_s;
        for (const Prediction::BySource& p : prediction.by_source)
            known += p.cost.exchanged ? p.cost.exchange_s : p.cost.redraw_s;
        each = ((synapses - by_source) * each + known * word / drawing_word_s) / synapses;
    }
    const double discarded = (prediction.drawn - prediction.synapses) / workers;
    return build_overhead +
           shared * (synapses * (each + memory.write_s) + memory.supply_s * written + discarded * 4.0 * word);
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
