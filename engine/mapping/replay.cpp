#include "engine/mapping/replay.hpp"

#include "engine/data/hdf5_input.hpp"
#include "engine/experiment/quantity.hpp"
#include "engine/mapping/machine_router.hpp"
#include "engine/network/selection.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace spikecast {

namespace {

constexpr std::uint32_t no_net = ~std::uint32_t{0};

struct Reader {
    const std::string& path;
    [[noreturn]] void refuse(const std::string& object, const std::string& what, const std::string& remedy) const {
        throw InputError(Diagnostic{{path, 0, 0}, object, what, remedy});
    }
};

/// A one-dimensional dataset of numbers, read in pieces.
template <class T>
class Numbers {
public:
    Numbers(const Reader& reader, const hdf5::Input& file, const char* name, std::string object, hid_t type)
        : reader_(reader), name_(name), object_(std::move(object)), type_(type),
          data_(file.dataset(object_ + "/" + name)), space_(data_.ok() ? H5Dget_space(data_.get()) : H5I_INVALID_HID) {
        if (!data_.ok() || H5Sget_simple_extent_ndims(space_.get()) != 1)
            reader_.refuse(object_, fmt::format("there is no one-dimensional dataset \"{}\"", name),
                           "give a file that `spikecast run --output` wrote");
        H5Sget_simple_extent_dims(space_.get(), &size_, nullptr);
        const hdf5::Handle stored(H5Dget_type(data_.get())), creation(H5Dget_create_plist(data_.get()));
        // Deflate makes data at most 1032 times smaller.
        const double smaller = H5Pget_nfilters(creation.get()) > 0 ? 2048.0 : 1.0;
        const double wanted = static_cast<double>(size_) * static_cast<double>(H5Tget_size(stored.get()));
        const auto held = static_cast<double>(H5Dget_storage_size(data_.get()));
        if (wanted > held * smaller)
            reader_.refuse(
                object_,
                fmt::format("\"{}\" declares {} numbers, but the file holds {:.0f} bytes of them", name, size_, held),
                "the file is damaged; run again");
    }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    /// Numbers begin to begin + count - 1.
    void read(std::uint64_t begin, std::uint64_t count, std::vector<T>& values) const {
        values.resize(count);
        const hsize_t from = begin, many = count;
        const hdf5::Handle memory(H5Screate_simple(1, &many, nullptr));
        if (H5Sselect_hyperslab(space_.get(), H5S_SELECT_SET, &from, nullptr, &many, nullptr) < 0 ||
            H5Dread(data_.get(), type_, memory.get(), space_.get(), H5P_DEFAULT, values.data()) < 0)
            reader_.refuse(object_, fmt::format("\"{}\" can't be read as numbers", name_),
                           "the file may be damaged; run again");
    }

private:
    const Reader& reader_;
    const char* name_;
    std::string object_;
    hid_t type_;
    hdf5::Handle data_, space_;
    hsize_t size_ = 0;
};

/// Which sources sent nothing, or not all that they had to send, and why. sent: by population.
std::vector<std::string> silent_sources(const std::string& path, const Experiment& experiment, const Split& split,
                                        const std::vector<std::string>& recorded,
                                        const std::vector<std::uint64_t>& sent) {
    std::vector<std::string> notes;
    std::vector<bool> heard(experiment.populations.size(), false);
    std::size_t generators = 0;
    for (const std::uint32_t source : split.graph.source) {
        const SlicePart& part = split.parts[source];
        if (part.stimulus == SlicePart::no_stimulus)
            heard[part.population] = true;
        else
            ++generators;
    }
    for (std::size_t p = 0; p < heard.size(); ++p) {
        if (!heard[p]) continue;
        const Population& population = experiment.populations[p];
        if (std::find(recorded.begin(), recorded.end(), population.name) == recorded.end()) {
            notes.push_back(fmt::format("{} sends nothing: {} has no spikes of it, for the run didn't record them",
                                        population.name, path));
            continue;
        }
        if (sent[p] == 0)
            notes.push_back(fmt::format("{} sends nothing: it has no spike in the time that is simulated "
                                        "(--traffic-duration)",
                                        population.name));
        std::uint64_t most = 0; // neurons of all recorders together
        for (const SpikeRecorder& recorder : experiment.spike_recorders)
            if (recorder.source.population == population.name)
                most += SampledNeurons(recorder.source, population.size, recorder.sample).size();
        if (most > 0 && most < population.size)
            notes.push_back(fmt::format("{} sends less than it would: at most {} of its {} neurons are recorded",
                                        population.name, most, population.size));
    }
    if (generators > 0)
        notes.push_back(fmt::format("generators on {} cores of their own send nothing: results have no spikes of "
                                    "stimuli; with --traffic poisson they send",
                                    generators));
    return notes;
}

/// What H5Literate finds.
herr_t collect(hid_t, const char* name, const H5L_info_t*, void* names) {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
}

} // namespace

std::vector<std::string> replay_spikes(mapping::Traffic& traffic, const std::string& path, const Experiment& experiment,
                                       const Split& split, double slowdown, mapping::Picoseconds duration,
                                       const std::function<void(double, double)>& progress) {
    constexpr std::uint64_t piece = 1U << 18, most_spikes = 1U << 28;
    const hdf5::Quiet quiet;
    const Reader reader{path};
    const hdf5::Input file(path, "--spikes");
    if (!file.ok()) reader.refuse("--spikes", "the file isn't there or isn't HDF5", "name a result of `spikecast run`");
    const hdf5::Handle group = file.group("spikes");
    if (!group.ok())
        reader.refuse("spikes", "the file has no group \"spikes\"", "record spikes in the run ([[recorders]] spikes)");
    std::vector<std::string> names;
    hsize_t at = 0;
    H5Literate(group.get(), H5_INDEX_NAME, H5_ITER_INC, &at, collect, &names);

    std::vector<std::uint32_t> net_of(split.parts.size(), no_net);
    for (std::size_t n = 0; n < split.graph.nets(); ++n)
        net_of[split.graph.source[n]] = static_cast<std::uint32_t>(n);
    const double step_ms = experiment.simulation.resolution_ms();
    const mapping::Picoseconds step_ps = step_picoseconds(experiment.simulation, slowdown);
    std::vector<mapping::Spike> spikes;
    std::vector<std::uint64_t> sent(experiment.populations.size(), 0);
    std::vector<double> times;
    std::vector<std::uint64_t> ids;
    for (const std::string& name : names) {
        std::size_t p = 0;
        while (p < experiment.populations.size() && experiment.populations[p].name != name)
            ++p;
        if (p == experiment.populations.size()) {
            std::vector<std::string> known;
            for (const Population& population : experiment.populations)
                known.push_back(population.name);
            reader.refuse("spikes/" + name, "the experiment has no such population; " + suggestion(name, known),
                          "give a result of the same experiment");
        }
        const Numbers<double> all_times(reader, file, "timestamps", "spikes/" + name, H5T_NATIVE_DOUBLE);
        const Numbers<std::uint64_t> all_ids(reader, file, "node_ids", "spikes/" + name, H5T_NATIVE_UINT64);
        if (all_times.size() != all_ids.size())
            reader.refuse("spikes/" + name,
                          fmt::format("{} timestamps but {} node_ids", all_times.size(), all_ids.size()),
                          "the file may be damaged; run again");
        for (std::uint64_t row = 0; row < all_times.size(); ++row) {
            const std::size_t i = row % piece;
            if (i == 0) {
                const std::uint64_t count = std::min(piece, all_times.size() - row);
                all_times.read(row, count, times);
                all_ids.read(row, count, ids);
            }
            if (ids[i] >= experiment.populations[p].size)
                reader.refuse(
                    "spikes/" + name,
                    fmt::format("neuron {} spikes, but the population has {}", ids[i], experiment.populations[p].size),
                    "give a result of the same experiment, with the same --set");
            const std::uint32_t slice = split.slices.of(p, ids[i]);
            if (net_of[slice] == no_net) continue; // nobody hears it
            const std::uint64_t index = ids[i] - split.slices.begin(slice);
            const double step = std::round(times[i] / step_ms) - 1.0;
            if (!(step >= 0.0 && step < static_cast<double>(duration) / static_cast<double>(step_ps) + 1.0)) continue;
            const mapping::Picoseconds time = spike_time(static_cast<std::int64_t>(step), index,
                                                         split.slices.end(slice) - split.slices.begin(slice), step_ps);
            if (time >= duration) continue;
            if (spikes.size() == most_spikes)
                reader.refuse("spikes/" + name,
                              fmt::format("more than {} spikes are in the time that is simulated", most_spikes),
                              "simulate less (--traffic-duration)");
            spikes.push_back({time, net_of[slice], static_cast<std::uint32_t>(index)});
            ++sent[p];
        }
    }
    std::sort(spikes.begin(), spikes.end(), [](const mapping::Spike& a, const mapping::Spike& b) {
        return std::tie(a.time, a.net, a.index) < std::tie(b.time, b.net, b.index);
    });
    // In pieces, so that progress can be told.
    constexpr std::size_t pieces = 100;
    std::size_t begin = 0;
    for (std::size_t k = 1; k <= pieces; ++k) {
        const mapping::Picoseconds until = duration / pieces * k;
        std::size_t end = begin;
        while (end < spikes.size() && spikes[end].time < until)
            ++end;
        traffic.run({spikes.data() + begin, end - begin}, until);
        begin = end;
        if (progress) progress(static_cast<double>(k), static_cast<double>(pieces));
    }
    traffic.run({spikes.data() + begin, spikes.size() - begin}, duration);
    traffic.finish();
    return silent_sources(path, experiment, split, names, sent);
}

} // namespace spikecast
