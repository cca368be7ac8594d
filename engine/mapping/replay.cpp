#include "engine/mapping/replay.hpp"

#include "engine/data/hdf5_input.hpp"
#include "engine/experiment/quantity.hpp"
#include "engine/mapping/machine_router.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace spikecast {

namespace {

constexpr std::uint32_t no_net = ~std::uint32_t{0};

struct Reader {
    const std::string& path;
    [[noreturn]] void refuse(const std::string& object, const std::string& what, const std::string& remedy) const {
        throw InputError(Diagnostic{{path, 0, 0}, object, what, remedy});
    }
    /// A one-dimensional dataset of numbers.
    template <class T>
    [[nodiscard]] std::vector<T> numbers(const hdf5::Input& file, const char* name, const std::string& object,
                                         hid_t type) const {
        const hdf5::Handle data = file.dataset(object + "/" + name);
        const hdf5::Handle space(data.ok() ? H5Dget_space(data.get()) : H5I_INVALID_HID);
        if (!data.ok() || H5Sget_simple_extent_ndims(space.get()) != 1)
            refuse(object, fmt::format("there is no one-dimensional dataset \"{}\"", name),
                   "give a file that `spikecast run --output` wrote");
        hsize_t n = 0;
        H5Sget_simple_extent_dims(space.get(), &n, nullptr);
        std::vector<T> values(n);
        if (n > 0 && H5Dread(data.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
            refuse(object, fmt::format("\"{}\" can't be read as numbers", name), "the file may be damaged; run again");
        return values;
    }
};

/// What H5Literate finds.
herr_t collect(hid_t, const char* name, const H5L_info_t*, void* names) {
    static_cast<std::vector<std::string>*>(names)->emplace_back(name);
    return 0;
}

} // namespace

void replay_spikes(mapping::Traffic& traffic, const std::string& path, const Experiment& experiment, const Split& split,
                   double slowdown, mapping::Picoseconds duration,
                   const std::function<void(double, double)>& progress) {
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
        const auto times = reader.numbers<double>(file, "timestamps", "spikes/" + name, H5T_NATIVE_DOUBLE);
        const auto ids = reader.numbers<std::uint64_t>(file, "node_ids", "spikes/" + name, H5T_NATIVE_UINT64);
        if (times.size() != ids.size())
            reader.refuse("spikes/" + name, fmt::format("{} timestamps but {} node_ids", times.size(), ids.size()),
                          "the file may be damaged; run again");
        for (std::size_t i = 0; i < times.size(); ++i) {
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
            if (time < duration) spikes.push_back({time, net_of[slice], static_cast<std::uint32_t>(index)});
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
}

} // namespace spikecast
