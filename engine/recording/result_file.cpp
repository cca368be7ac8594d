// Everything here is collective, and every rank makes the same sequence of HDF5 and MPI calls whatever fails on it: an
// error is kept, agreed on at the end of the step, and thrown as the same RunError on all ranks.
#include "engine/recording/result_file.hpp"

#include "engine/exchange/collective.hpp"
#include "engine/recording/hdf5.hpp"
#include "engine/recording/placed_spikes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <utility>

namespace spikecast {

struct ResultFile::Impl {
    struct Spikes {
        std::string name;
        hdf5::Handle group, timestamps, node_ids;
        std::uint64_t written = 0;
        std::int64_t last_step = std::numeric_limits<std::int64_t>::min();
    };
    struct Trace {
        std::string name;
        std::uint64_t columns;
        std::int64_t first_step, interval_steps;
        hdf5::Handle data, time;
        std::uint64_t frames = 0;
    };
    struct Weights {
        WeightLayout layout;
        std::string name;
        hdf5::Handle group, source, target, delay, weight; ///< weight: made when the end has come
        hdf5::Handle change_times, change_synapses, change_weights;
        std::uint64_t changes = 0;
        std::size_t trace = 0; ///< of a recording at intervals without changes: number in weight_traces
        [[nodiscard]] bool looks() const noexcept { return layout.interval_steps > 0 && !layout.changes; }
    };

    Impl(MPI_Comm from, std::string file_path) : path(std::move(file_path)) {
        MPI_Comm_dup(from, &comm);
        MPI_Comm_rank(comm, &rank);
        MPI_Comm_size(comm, &ranks);
    }
    /// What creates or opens the file; fails on all ranks or on none.
    template <class Work>
    void opening(Work&& work) {
        try {
            work();
        } catch (...) {
            release();
            file.reset();
            MPI_Comm_free(&comm);
            throw;
        }
    }

    MPI_Comm comm = MPI_COMM_NULL; ///< our own, so that our messages never meet others
    int rank = 0, ranks = 1;
    std::string path;
    std::int64_t time_numerator = 1, time_denominator = 1; ///< ms = step * numerator / denominator, reduced
    bool single = false;
    bool broken = false;
    std::uint64_t bytes = 0;
    std::uint64_t run = 0; ///< drawn, to recognise the file
    hdf5::Handle file, spikes_group, report_group, about_group;
    std::vector<Spikes> spikes;
    std::vector<Trace> traces;
    hdf5::Handle weights_group;
    std::vector<Weights> weights;
    std::vector<Trace> weight_traces; ///< of the recordings at intervals
    std::optional<ResultPositions> goes_on_from;

    [[nodiscard]] double time_ms(std::int64_t step) const {
        // Both are exact below 2^53, so that the quotient is the correctly rounded time.
        return static_cast<double>(step * time_numerator) / static_cast<double>(time_denominator);
    }
    void create(const Experiment& experiment, std::vector<std::string> populations, std::vector<TraceLayout> layouts);
    void create_trace(const TraceLayout& layout, const std::string& name);
    void create_time(Trace& trace, const hdf5::Handle& group);
    void units(const Experiment& experiment);
    void open(const Experiment& experiment, std::vector<std::string> populations, std::vector<TraceLayout> layouts,
              const ResultPositions& from);
    void append(std::vector<std::vector<RecordedSpike>>& given);
    void append_frames(std::vector<Trace>& of, bool float32, std::vector<std::vector<TraceValue>>& values,
                       const std::vector<std::int64_t>& end_frames);
    [[nodiscard]] hdf5::Handle opened(hid_t id, const std::string& what) const;
    void cut(const hdf5::Handle& dataset, std::uint64_t rows, const std::string& what) const;
    std::size_t add(const WeightLayout& layout);
    void create_weights(Weights& w);
    void open_weights(Weights& w, std::uint64_t looks, std::uint64_t changes);
    void append(std::vector<std::vector<WeightChange>>& given);
    void write(std::size_t recording, std::uint64_t begin, const SynapseColumns& columns);
    template <class Value>
    [[nodiscard]] std::string write_frames(Trace& trace, const std::vector<TraceValue>& values, std::uint64_t end);
    [[nodiscard]] std::string write_time(Trace& trace);
    void flush();
    void refuse_broken() const {
        if (broken) throw RunError(path + ": nothing more is written after close or a failure");
    }
    /// Agrees on errors of a step; before throwing, `undo` takes back on all ranks what the step half did.
    template <class Undo>
    void settle(const std::string& error, Undo&& undo) {
        try {
            hdf5::agree(comm, error);
        } catch (...) {
            broken = true;
            undo();
            throw;
        }
    }
    void release() noexcept {
        weight_traces.clear();
        weights.clear();
        weights_group.reset();
        traces.clear();
        spikes.clear();
        spikes_group.reset();
        report_group.reset();
        about_group.reset();
    }
};

void ResultFile::Impl::units(const Experiment& experiment) {
    const std::int64_t common = std::gcd(experiment.simulation.resolution_ps, std::int64_t{1'000'000'000});
    time_numerator = experiment.simulation.resolution_ps / common;
    time_denominator = 1'000'000'000 / common;
    single = experiment.simulation.precision == Precision::single_precision;
}

hdf5::Handle ResultFile::Impl::opened(hid_t id, const std::string& what) const {
    return hdf5::Handle(hdf5::check(id, path, what + " can't be opened, so that it can't be continued"));
}

void ResultFile::Impl::cut(const hdf5::Handle& dataset, std::uint64_t rows, const std::string& what) const {
    const hdf5::Handle space(H5Dget_space(dataset.get()));
    std::array<hsize_t, 2> extent{0, 0};
    if (H5Sget_simple_extent_ndims(space.get()) > 2) throw RunError(path + ": " + what + " has another shape");
    H5Sget_simple_extent_dims(space.get(), extent.data(), nullptr);
    if (extent[0] < rows)
        throw RunError(fmt::format("{}: {} holds {} values, but there were {} at the checkpoint; the file was "
                                   "changed since, so that it can't be continued: name another with --output",
                                   path, what, extent[0], rows));
    extent[0] = rows;
    hdf5::check(H5Dset_extent(dataset.get(), extent.data()), path, "can't cut " + what);
}

void ResultFile::Impl::open(const Experiment& experiment, std::vector<std::string> populations,
                            std::vector<TraceLayout> layouts, const ResultPositions& from) {
    units(experiment);
    file = hdf5::open_file(comm, path);
    const hdf5::Quiet quiet;
    run = from.run;
    goes_on_from = from;
    hdf5::together(comm, [&] {
        about_group = opened(H5Gopen2(file.get(), "spikecast", H5P_DEFAULT), "/spikecast");
        const hdf5::Handle attribute(H5Aopen(about_group.get(), "run", H5P_DEFAULT));
        std::uint64_t its_run = 0;
        if (!attribute.ok() || H5Aread(attribute.get(), H5T_NATIVE_UINT64, &its_run) < 0 || its_run != run)
            throw RunError(path + ": is the result of another run than the checkpoint's; name another file with "
                                  "--output, or take that run's");
        if (H5Lexists(about_group.get(), "report", H5P_DEFAULT) > 0) // of the interrupted run
            hdf5::check(H5Ldelete(about_group.get(), "report", H5P_DEFAULT), path, "can't remove the old report");
        spikes_group = opened(H5Gopen2(file.get(), "spikes", H5P_DEFAULT), "/spikes");
        for (std::size_t p = 0; p < populations.size(); ++p) {
            Spikes& s = spikes.emplace_back();
            s.name = std::move(populations[p]);
            s.group = opened(H5Gopen2(spikes_group.get(), s.name.c_str(), H5P_DEFAULT), "/spikes/" + s.name);
            s.timestamps = opened(H5Dopen2(s.group.get(), "timestamps", H5P_DEFAULT), "timestamps of " + s.name);
            s.node_ids = opened(H5Dopen2(s.group.get(), "node_ids", H5P_DEFAULT), "node_ids of " + s.name);
            s.written = from.spikes.at(p);
            s.last_step = from.step;
            cut(s.timestamps, s.written, "timestamps of " + s.name);
            cut(s.node_ids, s.written, "node_ids of " + s.name);
        }
        if (!layouts.empty()) report_group = opened(H5Gopen2(file.get(), "report", H5P_DEFAULT), "/report");
        std::map<std::string, int> seen;
        for (std::size_t t = 0; t < layouts.size(); ++t) {
            std::string name = layouts[t].population + "." + layouts[t].variable;
            const int number = ++seen[name];
            if (number > 1) name += fmt::format("#{}", number);
            traces.push_back({name,
                              layouts[t].neurons.size(),
                              layouts[t].first_step,
                              layouts[t].interval_steps,
                              {},
                              {},
                              from.frames.at(t)});
            Trace& trace = traces.back();
            trace.data = opened(H5Dopen2(report_group.get(), (name + "/data").c_str(), H5P_DEFAULT), name);
            trace.time = opened(H5Dopen2(report_group.get(), (name + "/mapping/time").c_str(), H5P_DEFAULT), name);
            if (trace.columns > 0) cut(trace.data, trace.frames, name);
        }
        for (Trace& trace : traces)
            if (const std::string why = write_time(trace); !why.empty()) throw RunError(why);
    });
    flush();
}

void ResultFile::Impl::create(const Experiment& experiment, std::vector<std::string> populations,
                              std::vector<TraceLayout> layouts) {
    units(experiment);
    file = hdf5::create_file(comm, path);
    const hdf5::Quiet quiet;
    if (rank == 0) {
        std::random_device random;
        run = std::uint64_t{random()} << 32 | random();
    }
    MPI_Bcast(&run, 1, MPI_UINT64_T, 0, comm);
    hdf5::together(comm, [&] {
        about_group = hdf5::create_group(file.get(), "spikecast", path);
        hdf5::write_attribute(about_group.get(), "version", SPIKECAST_VERSION, path);
        hdf5::write_attribute(about_group.get(), "title", experiment.title, path);
        hdf5::write_attribute(about_group.get(), "seed", experiment.simulation.seed, path);
        hdf5::write_attribute(about_group.get(), "resolution_ms", experiment.simulation.resolution_ms(), path);
        hdf5::write_attribute(about_group.get(), "run", run, path);
        hdf5::write_text(about_group.get(), "experiment", experiment.text, rank, path);
        hdf5::write_texts(about_group.get(), "overrides", experiment.overrides, rank, path);
        hdf5::write_sonata_marks(file.get(), path);

        spikes_group = hdf5::create_group(file.get(), "spikes", path);
        const hdf5::Handle sorting(H5Tenum_create(H5T_STD_U8LE));
        const std::array<std::pair<const char*, std::uint8_t>, 3> orders{{{"none", 0}, {"by_id", 1}, {"by_time", 2}}};
        for (const auto& order : orders)
            H5Tenum_insert(sorting.get(), order.first, &order.second);
        for (std::string& name : populations) {
            Spikes& s = spikes.emplace_back();
            s.group = hdf5::create_group(spikes_group.get(), name, path);
            const hdf5::Handle scalar(H5Screate(H5S_SCALAR));
            const hdf5::Handle attribute(
                hdf5::check(H5Acreate2(s.group.get(), "sorting", sorting.get(), scalar.get(), H5P_DEFAULT, H5P_DEFAULT),
                            path, "can't create attribute sorting"));
            hdf5::check(H5Awrite(attribute.get(), sorting.get(), &orders[2].second), path,
                        "can't write attribute sorting");
            s.timestamps = hdf5::create_growing(s.group.get(), "timestamps", H5T_IEEE_F64LE, 0, path);
            hdf5::write_attribute(s.timestamps.get(), "units", std::string("ms"), path);
            s.node_ids = hdf5::create_growing(s.group.get(), "node_ids", H5T_STD_U64LE, 0, path);
            s.name = std::move(name);
        }
        if (!layouts.empty()) report_group = hdf5::create_group(file.get(), "report", path);
        std::map<std::string, int> seen;
        for (const TraceLayout& layout : layouts) {
            std::string name = layout.population + "." + layout.variable;
            const int number = ++seen[name];
            if (number > 1) name += fmt::format("#{}", number);
            create_trace(layout, name);
        }
    });
    flush();
}

void ResultFile::Impl::create_time(Trace& trace, const hdf5::Handle& group) {
    const std::array<double, 3> time{time_ms(trace.first_step), time_ms(trace.first_step),
                                     time_ms(trace.interval_steps)};
    const std::array<hsize_t, 1> shape{time.size()};
    trace.time = hdf5::create_fixed(group.get(), "time", H5T_IEEE_F64LE, shape, path);
    // Writing fails on single ranks, creating the next dataset takes all of them: so they agree first.
    const std::string error = hdf5::write_whole(trace.time.get(), H5T_NATIVE_DOUBLE, time.data(), rank);
    hdf5::agree(comm, error.empty() ? error : path + ": can't write time: " + error);
    hdf5::write_attribute(trace.time.get(), "units", std::string("ms"), path);
}

void ResultFile::Impl::create_trace(const TraceLayout& layout, const std::string& name) {
    const std::uint64_t nodes = layout.neurons.size();
    Trace& trace = traces.emplace_back(Trace{name, nodes, layout.first_step, layout.interval_steps, {}, {}, 0});
    const hdf5::Handle group = hdf5::create_group(report_group.get(), name, path);
    if (nodes > 0) {
        trace.data = hdf5::create_growing(group.get(), "data", single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, nodes, path);
    } else {
        const std::array<hsize_t, 2> none{0, 0};
        trace.data = hdf5::create_fixed(group.get(), "data", single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE, none, path);
    }
    hdf5::write_attribute(trace.data.get(), "units", layout.unit, path);
    const hdf5::Handle mapping = hdf5::create_group(group.get(), "mapping", path);
    const auto written = [&](const char* what, const std::string& error) { // as in create_time
        hdf5::agree(comm, error.empty() ? error : path + ": can't write " + what + ": " + error);
    };
    // Tables as long as the selection: each rank writes a share, a piece at a time.
    const auto put_each = [&]<class Value>(const char* what, hid_t type, hid_t memory, std::uint64_t length,
                                           Value value) {
        using Number = decltype(value(std::uint64_t{0}));
        const std::array<hsize_t, 1> shape{length};
        hdf5::Handle dataset = hdf5::create_fixed(mapping.get(), what, type, shape, path);
        constexpr std::uint64_t piece = 1 << 16;
        const std::uint64_t share =
            (length + static_cast<std::uint64_t>(ranks) - 1) / static_cast<std::uint64_t>(ranks);
        const std::uint64_t end = std::min(length, share * (static_cast<std::uint64_t>(rank) + 1));
        std::vector<Number> numbers(std::min(piece, share));
        std::string error;
        for (std::uint64_t done = 0; done < share; done += piece) {
            const std::uint64_t from = std::min(end, share * static_cast<std::uint64_t>(rank) + done);
            const std::array<hsize_t, 1> start{from}, count{std::min({piece, share - done, end - from})};
            for (std::uint64_t i = 0; i < count[0]; ++i)
                numbers[i] = value(from + i);
            std::string why =
                hdf5::write_box(comm, dataset.get(), memory, sizeof(Number), start, count, numbers.data());
            if (error.empty()) error = std::move(why);
        }
        written(what, error);
        return dataset;
    };
    const hdf5::Handle ids = put_each("node_ids", H5T_STD_U64LE, H5T_NATIVE_UINT64, nodes,
                                      [&](std::uint64_t i) { return layout.neurons.at(i); });
    const hid_t u8 = H5T_STD_U8LE;
    const hdf5::Handle scalar(H5Screate(H5S_SCALAR));
    const hdf5::Handle sorted(hdf5::check(H5Acreate2(ids.get(), "sorted", u8, scalar.get(), H5P_DEFAULT, H5P_DEFAULT),
                                          path, "can't create attribute sorted"));
    const std::uint8_t yes = 1;
    hdf5::check(H5Awrite(sorted.get(), H5T_NATIVE_UINT8, &yes), path, "can't write attribute sorted");
    put_each("index_pointers", H5T_STD_U64LE, H5T_NATIVE_UINT64, nodes + 1, [](std::uint64_t i) { return i; });
    // The guide says index_pointer, libsonata reads index_pointers: both names lead to the one dataset.
    hdf5::check(
        H5Lcreate_hard(mapping.get(), "index_pointers", mapping.get(), "index_pointer", H5P_DEFAULT, H5P_DEFAULT), path,
        "can't link index_pointer");
    put_each("element_ids", H5T_STD_U32LE, H5T_NATIVE_UINT32, nodes, [](std::uint64_t) { return std::uint32_t{0}; });
    create_time(trace, mapping);
}

void ResultFile::Impl::append(std::vector<std::vector<RecordedSpike>>& given) {
    refuse_broken();
    const std::size_t n = spikes.size();
    std::vector<PlacedSpike> own;
    hdf5::together(comm, [&] {
        if (given.size() != n)
            throw RunError(
                fmt::format("{}: spikes of {} populations given, but {} are recorded", path, given.size(), n));
        std::size_t total = 0;
        for (const auto& each : given)
            total += each.size();
        own.reserve(total);
        for (std::size_t p = 0; p < n; ++p) {
            for (const RecordedSpike& s : given[p]) {
                if (s.step <= spikes[p].last_step)
                    throw RunError(
                        fmt::format("{}: a spike of {} at step {} comes after those up to step {} were written", path,
                                    spikes[p].name, s.step, spikes[p].last_step));
                own.push_back({p, s.step, s.index});
            }
            given[p].clear();
        }
    });
    own = sort_over_ranks(comm, std::move(own));

    // Where this rank's piece of each population begins, how long it is, and how much there is in all.
    std::vector<std::uint64_t> counts(n, 0), before(n, 0), totals(n, 0);
    std::vector<std::int64_t> last(n, std::numeric_limits<std::int64_t>::min());
    for (const PlacedSpike& s : own) {
        ++counts[s.population];
        last[s.population] = s.step;
    }
    const int length = static_cast<int>(n);
    MPI_Exscan(counts.data(), before.data(), length, MPI_UINT64_T, MPI_SUM, comm);
    if (rank == 0) std::fill(before.begin(), before.end(), std::uint64_t{0}); // MPI leaves it undefined there
    MPI_Allreduce(counts.data(), totals.data(), length, MPI_UINT64_T, MPI_SUM, comm);
    MPI_Allreduce(MPI_IN_PLACE, last.data(), length, MPI_INT64_T, MPI_MAX, comm);

    const hdf5::Quiet quiet;
    std::string error;
    std::vector<double> times;
    std::vector<std::uint64_t> ids;
    hdf5::together(comm, [&] {
        std::uint64_t most = 0;
        for (const std::uint64_t c : counts)
            most = std::max(most, c);
        times.reserve(most);
        ids.reserve(most);
    });
    auto piece = own.begin();
    for (std::size_t p = 0; p < n; ++p) {
        if (totals[p] == 0) continue;
        const hsize_t extent = spikes[p].written + totals[p];
        if ((H5Dset_extent(spikes[p].timestamps.get(), &extent) < 0 ||
             H5Dset_extent(spikes[p].node_ids.get(), &extent) < 0) &&
            error.empty())
            error = fmt::format("{}: can't extend the spikes of {}: {}", path, spikes[p].name, hdf5::reason());
        times.clear();
        ids.clear();
        for (std::uint64_t i = 0; i < counts[p]; ++i, ++piece) {
            times.push_back(time_ms(piece->step));
            ids.push_back(piece->index);
        }
        const std::array<hsize_t, 1> start{spikes[p].written + before[p]}, count{counts[p]};
        std::string why = hdf5::write_box(comm, spikes[p].timestamps.get(), H5T_NATIVE_DOUBLE, sizeof(double), start,
                                          count, times.data());
        if (why.empty())
            why = hdf5::write_box(comm, spikes[p].node_ids.get(), H5T_NATIVE_UINT64, sizeof(std::uint64_t), start,
                                  count, ids.data());
        else
            (void)hdf5::write_box(comm, spikes[p].node_ids.get(), H5T_NATIVE_UINT64, sizeof(std::uint64_t), start,
                                  count,
                                  ids.data()); // the other ranks are in this call, too
        if (!why.empty() && error.empty())
            error = fmt::format("{}: can't write the spikes of {}: {}", path, spikes[p].name, why);
    }
    settle(error, [&] {
        for (const Spikes& s : spikes) {
            const hsize_t extent = s.written;
            H5Dset_extent(s.timestamps.get(), &extent);
            H5Dset_extent(s.node_ids.get(), &extent);
        }
    });
    for (std::size_t p = 0; p < n; ++p) {
        spikes[p].written += totals[p];
        spikes[p].last_step = std::max(spikes[p].last_step, last[p]);
        bytes += totals[p] * (sizeof(double) + sizeof(std::uint64_t));
    }
    flush();
}

/// Sends every value to the rank that writes its place: whole frames where there are enough of them, columns otherwise;
/// a box per rank either way.
template <class Value>
std::string ResultFile::Impl::write_frames(Trace& trace, const std::vector<TraceValue>& values, std::uint64_t end) {
    const std::uint64_t columns = trace.columns, frames = end - trace.frames;
    const auto n = static_cast<std::uint64_t>(ranks);
    const bool by_frame = frames >= n;
    const std::uint64_t share = ((by_frame ? frames : columns) + n - 1) / n;
    std::string error;
    std::vector<std::vector<TraceValue>> out(n);
    for (const TraceValue& v : values) {
        const std::uint64_t frame = static_cast<std::uint64_t>(v.frame) - trace.frames;
        if (v.frame < 0 || frame >= frames || v.column >= columns) {
            error = fmt::format("{}: a value of frame {}, column {} came for frames {} to {} of {} columns", path,
                                v.frame, v.column, trace.frames, end, columns);
            continue;
        }
        out[(by_frame ? frame : v.column) / share].push_back(v);
    }
    const auto in = all_to_all(comm, out);
    const std::uint64_t first =
        std::min<std::uint64_t>(static_cast<std::uint64_t>(rank) * share, by_frame ? frames : columns);
    const std::uint64_t mine = std::min(share, (by_frame ? frames : columns) - first);
    const std::array<hsize_t, 2> start{trace.frames + (by_frame ? first : 0), by_frame ? 0 : first};
    const std::array<hsize_t, 2> count{by_frame ? mine : frames, by_frame ? columns : mine};
    std::vector<Value> box(count[0] * count[1]);
    std::vector<bool> seen(box.size(), false);
    std::uint64_t filled = 0;
    for (const auto& part : in)
        for (const TraceValue& v : part) {
            const std::uint64_t place =
                (static_cast<std::uint64_t>(v.frame) - start[0]) * count[1] + (v.column - start[1]);
            box[place] = static_cast<Value>(v.value);
            if (!seen[place]) ++filled;
            seen[place] = true;
        }
    if (filled != box.size() && error.empty())
        error = fmt::format("{}: {} of {} values of {} are missing", path, box.size() - filled, box.size(), trace.name);
    const hid_t type = sizeof(Value) == 4 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    const std::string why = hdf5::write_box(comm, trace.data.get(), type, sizeof(Value), start, count, box.data());
    if (error.empty() && !why.empty()) error = fmt::format("{}: can't write {}: {}", path, trace.name, why);
    return error;
}

std::string ResultFile::Impl::write_time(Trace& trace) {
    // Half open, as SONATA's readers count: stop - start is the number of frames times the step.
    const std::array<double, 3> time{
        time_ms(trace.first_step),
        time_ms(trace.first_step + static_cast<std::int64_t>(trace.frames) * trace.interval_steps),
        time_ms(trace.interval_steps)};
    const std::string why = hdf5::write_whole(trace.time.get(), H5T_NATIVE_DOUBLE, time.data(), rank);
    return why.empty() ? why : fmt::format("{}: can't write the time of a report: {}", path, why);
}

void ResultFile::Impl::append_frames(std::vector<Trace>& of, bool float32, std::vector<std::vector<TraceValue>>& values,
                                     const std::vector<std::int64_t>& end_frames) {
    refuse_broken();
    hdf5::together(comm, [&] {
        if (values.size() != of.size() || end_frames.size() != of.size())
            throw RunError(
                fmt::format("{}: values of {} reports given, but there are {}", path, values.size(), of.size()));
    });
    const hdf5::Quiet quiet;
    std::string error;
    std::vector<std::uint64_t> old;
    for (std::size_t t = 0; t < of.size(); ++t) {
        Trace& trace = of[t];
        old.push_back(trace.frames);
        const auto end = static_cast<std::uint64_t>(std::max<std::int64_t>(0, end_frames[t]));
        const std::uint64_t columns = trace.columns;
        if (end <= trace.frames || columns == 0) continue;
        const std::array<hsize_t, 2> extent{end, columns};
        if (H5Dset_extent(trace.data.get(), extent.data()) < 0 && error.empty())
            error = fmt::format("{}: can't extend {}: {}", path, trace.name, hdf5::reason());
        std::string why =
            float32 ? write_frames<float>(trace, values[t], end) : write_frames<double>(trace, values[t], end);
        if (error.empty()) error = std::move(why);
        values[t].clear();
        bytes += (end - trace.frames) * columns * (float32 ? sizeof(float) : sizeof(double));
        trace.frames = end;
        why = write_time(trace);
        if (error.empty()) error = std::move(why);
    }
    settle(error, [&] {
        for (std::size_t t = 0; t < of.size(); ++t) {
            of[t].frames = old[t];
            if (of[t].columns == 0) continue;
            const std::array<hsize_t, 2> extent{old[t], of[t].columns};
            H5Dset_extent(of[t].data.get(), extent.data());
            (void)write_time(of[t]);
        }
    });
    flush();
}

std::size_t ResultFile::Impl::add(const WeightLayout& layout) {
    refuse_broken();
    const hdf5::Quiet quiet;
    hdf5::together(comm, [&] {
        const std::size_t number = weights.size();
        Weights& w = weights.emplace_back();
        w.layout = layout;
        w.name = layout.projection;
        const auto same = std::count_if(weights.begin(), weights.end(), [&](const Weights& each) {
            return each.layout.projection == layout.projection;
        });
        if (same > 1) w.name += fmt::format("#{}", same);
        if (w.looks()) {
            w.trace = weight_traces.size();
            weight_traces.push_back(
                {"weights of " + w.name, layout.synapses, layout.first_step, layout.interval_steps, {}, {}, 0});
        }
        if (goes_on_from)
            open_weights(w, goes_on_from->weight_looks.at(number), goes_on_from->weight_changes.at(number));
        else
            create_weights(w);
    });
    flush();
    return weights.size() - 1;
}

void ResultFile::Impl::create_weights(Weights& w) {
    const WeightLayout& layout = w.layout;
    if (!weights_group.ok()) weights_group = hdf5::create_group(file.get(), "weights", path);
    w.group = hdf5::create_group(weights_group.get(), w.name, path);
    hdf5::write_attribute(w.group.get(), "source_population", layout.source, path);
    hdf5::write_attribute(w.group.get(), "target_population", layout.target, path);
    hdf5::write_attribute(w.group.get(), "units", layout.unit, path);
    const std::array<hsize_t, 1> shape{layout.synapses};
    w.source = hdf5::create_fixed(w.group.get(), "source", H5T_STD_U64LE, shape, path);
    w.target = hdf5::create_fixed(w.group.get(), "target", H5T_STD_U64LE, shape, path);
    w.delay = hdf5::create_fixed(w.group.get(), "delay", H5T_IEEE_F64LE, shape, path);
    hdf5::write_attribute(w.delay.get(), "units", std::string("ms"), path);
    if (layout.interval_steps == 0) return;
    if (layout.changes) {
        const hdf5::Handle group = hdf5::create_group(w.group.get(), "changes", path);
        w.change_times = hdf5::create_growing(group.get(), "timestamps", H5T_IEEE_F64LE, 0, path);
        hdf5::write_attribute(w.change_times.get(), "units", std::string("ms"), path);
        w.change_synapses = hdf5::create_growing(group.get(), "synapse", H5T_STD_U64LE, 0, path);
        w.change_weights = hdf5::create_growing(group.get(), "weight", H5T_IEEE_F32LE, 0, path);
        return;
    }
    Trace& trace = weight_traces[w.trace];
    const std::array<hsize_t, 2> none{0, 0};
    trace.data = layout.synapses > 0
                     ? hdf5::create_growing(w.group.get(), "data", H5T_IEEE_F32LE, layout.synapses, path)
                     : hdf5::create_fixed(w.group.get(), "data", H5T_IEEE_F32LE, none, path);
    create_time(trace, w.group);
}

void ResultFile::Impl::open_weights(Weights& w, std::uint64_t looks, std::uint64_t changes) {
    if (!weights_group.ok()) weights_group = opened(H5Gopen2(file.get(), "weights", H5P_DEFAULT), "/weights");
    w.group = opened(H5Gopen2(weights_group.get(), w.name.c_str(), H5P_DEFAULT), "/weights/" + w.name);
    const auto dataset = [&](const std::string& name) {
        return opened(H5Dopen2(w.group.get(), name.c_str(), H5P_DEFAULT), name + " of the weights of " + w.name);
    };
    w.source = dataset("source");
    w.target = dataset("target");
    w.delay = dataset("delay");
    if (H5Lexists(w.group.get(), "weight", H5P_DEFAULT) > 0) // of the interrupted run's end
        hdf5::check(H5Ldelete(w.group.get(), "weight", H5P_DEFAULT), path, "can't remove old weights");
    if (w.layout.interval_steps == 0) return;
    if (w.layout.changes) {
        w.change_times = dataset("changes/timestamps");
        w.change_synapses = dataset("changes/synapse");
        w.change_weights = dataset("changes/weight");
        for (const hdf5::Handle* each : {&w.change_times, &w.change_synapses, &w.change_weights})
            cut(*each, changes, "changes of " + w.name);
        w.changes = changes;
        return;
    }
    Trace& trace = weight_traces[w.trace];
    trace.data = dataset("data");
    trace.time = dataset("time");
    if (trace.columns > 0) cut(trace.data, looks, trace.name);
    trace.frames = looks;
    const std::string error = write_time(trace);
    hdf5::agree(comm, error);
}

void ResultFile::Impl::append(std::vector<std::vector<WeightChange>>& given) {
    refuse_broken();
    const hdf5::Quiet quiet;
    std::string error;
    std::vector<std::uint64_t> old;
    for (std::size_t r = 0; r < weights.size(); ++r) {
        Weights& w = weights[r];
        old.push_back(w.changes);
        if (!w.change_times.ok()) continue;
        const std::vector<WeightChange> own = sort_over_ranks(comm, std::move(given[r]));
        given[r].clear();
        std::uint64_t mine = own.size(), before = 0, total = 0;
        MPI_Exscan(&mine, &before, 1, MPI_UINT64_T, MPI_SUM, comm);
        if (rank == 0) before = 0; // MPI leaves it undefined there
        MPI_Allreduce(&mine, &total, 1, MPI_UINT64_T, MPI_SUM, comm);
        if (total == 0) continue;
        const auto put = [&]<class Value>(const hdf5::Handle& dataset, hid_t memory, Value value) {
            std::vector<decltype(value(own[0]))> values;
            values.reserve(mine);
            for (const WeightChange& change : own)
                values.push_back(value(change));
            const hsize_t extent = w.changes + total;
            std::string why = H5Dset_extent(dataset.get(), &extent) < 0 ? hdf5::reason() : std::string();
            const std::array<hsize_t, 1> start{w.changes + before}, count{mine};
            const std::string wrote =
                hdf5::write_box(comm, dataset.get(), memory, sizeof(values[0]), start, count, values.data());
            if (why.empty()) why = wrote;
            if (error.empty() && !why.empty())
                error = fmt::format("{}: can't write changes of {}: {}", path, w.name, why);
        };
        put(w.change_times, H5T_NATIVE_DOUBLE, [&](const WeightChange& c) { return time_ms(c.step); });
        put(w.change_synapses, H5T_NATIVE_UINT64, [](const WeightChange& c) { return c.column; });
        put(w.change_weights, H5T_NATIVE_FLOAT, [](const WeightChange& c) { return c.weight; });
        w.changes += total;
        bytes += total * 20;
    }
    settle(error, [&] {
        for (std::size_t r = 0; r < old.size(); ++r) {
            weights[r].changes = old[r];
            if (!weights[r].change_times.ok()) continue;
            const hsize_t extent = old[r];
            for (const hdf5::Handle* each :
                 {&weights[r].change_times, &weights[r].change_synapses, &weights[r].change_weights})
                H5Dset_extent(each->get(), &extent);
        }
    });
    flush();
}

void ResultFile::Impl::write(std::size_t recording, std::uint64_t begin, const SynapseColumns& columns) {
    refuse_broken();
    const hdf5::Quiet quiet;
    Weights& w = weights[recording];
    std::uint64_t with_weights = columns.weight.size();
    MPI_Allreduce(MPI_IN_PLACE, &with_weights, 1, MPI_UINT64_T, MPI_MAX, comm);
    if (with_weights > 0 && !w.weight.ok())
        hdf5::together(comm, [&] {
            const std::array<hsize_t, 1> shape{w.layout.synapses};
            w.weight = hdf5::create_fixed(w.group.get(), "weight", H5T_IEEE_F32LE, shape, path);
            hdf5::write_attribute(w.weight.get(), "units", w.layout.unit, path);
        });
    std::string error;
    const auto put = [&](const hdf5::Handle& dataset, hid_t memory, const auto& values) {
        const std::array<hsize_t, 1> start{values.empty() ? 0 : begin}, count{values.size()};
        const std::string why =
            hdf5::write_box(comm, dataset.get(), memory, sizeof(values[0]), start, count, values.data());
        if (error.empty() && !why.empty()) error = fmt::format("{}: can't write weights of {}: {}", path, w.name, why);
        bytes += values.size() * sizeof(values[0]);
    };
    put(w.source, H5T_NATIVE_UINT64, columns.source);
    put(w.target, H5T_NATIVE_UINT64, columns.target);
    put(w.delay, H5T_NATIVE_DOUBLE, columns.delay_ms);
    if (with_weights > 0) put(w.weight, H5T_NATIVE_FLOAT, columns.weight);
    settle(error, [] {});
}

void ResultFile::Impl::flush() {
    refuse_broken();
    const hdf5::Quiet quiet;
    std::string error;
    if (H5Fflush(file.get(), H5F_SCOPE_GLOBAL) < 0) error = path + ": can't flush to disk: " + hdf5::reason();
    settle(error, [] {});
}

ResultFile::ResultFile(MPI_Comm comm, const std::string& path, const Experiment& experiment,
                       std::vector<std::string> spike_populations, std::vector<TraceLayout> traces)
    : impl_(std::make_unique<Impl>(comm, path)) {
    impl_->opening([&] { impl_->create(experiment, std::move(spike_populations), std::move(traces)); });
}

ResultFile::ResultFile(MPI_Comm comm, const std::string& path, const Experiment& experiment,
                       std::vector<std::string> spike_populations, std::vector<TraceLayout> traces,
                       const ResultPositions& from)
    : impl_(std::make_unique<Impl>(comm, path)) {
    impl_->opening([&] { impl_->open(experiment, std::move(spike_populations), std::move(traces), from); });
}

/// Collective as well; without close() it closes what was written.
ResultFile::~ResultFile() {
    const hdf5::Quiet quiet;
    impl_->release();
    impl_->file.reset();
    if (impl_->comm != MPI_COMM_NULL) MPI_Comm_free(&impl_->comm);
}

void ResultFile::append_spikes(std::vector<std::vector<RecordedSpike>>& spikes) {
    impl_->append(spikes);
}

void ResultFile::append_traces(std::vector<std::vector<TraceValue>>& values,
                               const std::vector<std::int64_t>& end_frames) {
    impl_->append_frames(impl_->traces, impl_->single, values, end_frames);
}

std::size_t ResultFile::add_weights(const WeightLayout& layout) {
    return impl_->add(layout);
}
void ResultFile::append_weights(std::vector<std::vector<TraceValue>>& values,
                                const std::vector<std::int64_t>& end_frames) {
    impl_->append_frames(impl_->weight_traces, true, values, end_frames);
}
void ResultFile::append_changes(std::vector<std::vector<WeightChange>>& changes) {
    impl_->append(changes);
}
void ResultFile::write_synapses(std::size_t recording, std::uint64_t begin, const SynapseColumns& columns) {
    impl_->write(recording, begin, columns);
}

void ResultFile::flush() {
    impl_->flush();
}

void ResultFile::close(const std::string& report_json) {
    Impl& impl = *impl_;
    impl.refuse_broken();
    const hdf5::Quiet quiet;
    // The text of rank 0 counts: its length shapes the dataset, and timings in it may differ between ranks.
    std::uint64_t length = report_json.size();
    MPI_Bcast(&length, 1, MPI_UINT64_T, 0, impl.comm);
    std::string text = impl.rank == 0 ? report_json : std::string(length, ' ');
    hdf5::together(impl.comm, [&] { hdf5::write_text(impl.about_group.get(), "report", text, impl.rank, impl.path); });
    impl.flush();
    impl.release();
    std::string error;
    if (impl.file.reset() < 0) error = impl.path + ": can't close the file: " + hdf5::reason();
    impl.settle(error, [] {});
    impl.broken = true; // closed: anything further is refused
}

std::uint64_t ResultFile::bytes_written() const noexcept {
    return impl_->bytes;
}

ResultPositions ResultFile::positions() const {
    ResultPositions positions;
    positions.run = impl_->run;
    for (const Impl::Spikes& s : impl_->spikes)
        positions.spikes.push_back(s.written);
    for (const Impl::Trace& trace : impl_->traces)
        positions.frames.push_back(trace.frames);
    for (const Impl::Weights& w : impl_->weights) {
        positions.weight_looks.push_back(w.looks() ? impl_->weight_traces[w.trace].frames : 0);
        positions.weight_changes.push_back(w.changes);
    }
    return positions;
}

} // namespace spikecast
