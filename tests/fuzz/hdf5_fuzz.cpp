// What is read from HDF5 files: spikes in the SONATA layout, arrays of samples, lists of synapses, weights of an
// earlier run, spikes that a mapping's packets follow. The bytes decide what objects of which types, shapes, values and
// attributes stand in a file that libhdf5 itself writes: damaged files would find faults of the library, not ours
// (docs/reliability.md).
#include "engine/core/hdf5_handle.hpp"
#include "engine/data/samples.hpp"
#include "engine/mapping/replay.hpp"
#include "engine/recording/weights_reader.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/listed_network.hpp"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <vector>

namespace {

namespace fuzz = spikecast::fuzz;
using spikecast::hdf5::Handle;

hid_t some_type(fuzz::Choices& bytes) {
    switch (bytes.between(0, 11)) {
    case 0:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    case 1:
        return H5Tcopy(H5T_NATIVE_INT64);
    case 2:
        return H5Tcopy(H5T_NATIVE_UINT64);
    case 3:
        return H5Tcopy(H5T_STD_I16BE);
    case 4:
        return H5Tcopy(H5T_IEEE_F32BE);
    case 5:
        return H5Tcopy(H5T_NATIVE_UINT8);
    case 6: {
        const hid_t text = H5Tcopy(H5T_C_S1);
        H5Tset_size(text, bytes.between<std::size_t>(1, 20));
        return text;
    }
    case 7: {
        const hid_t text = H5Tcopy(H5T_C_S1);
        H5Tset_size(text, H5T_VARIABLE);
        return text;
    }
    case 8: {
        const hid_t pair = H5Tcreate(H5T_COMPOUND, 16);
        H5Tinsert(pair, "a", 0, H5T_NATIVE_DOUBLE);
        H5Tinsert(pair, "b", 8, H5T_NATIVE_INT64);
        return pair;
    }
    case 9: {
        const hsize_t three = 3;
        return H5Tarray_create2(H5T_NATIVE_INT32, 1, &three);
    }
    case 10:
        return H5Tvlen_create(H5T_NATIVE_INT32);
    default:
        return H5Tcopy(H5T_STD_REF_OBJ);
    }
}
hid_t some_space(fuzz::Choices& bytes, hsize_t usual) {
    std::array<hsize_t, 4> shape{usual, 1, 1, 1};
    switch (bytes.between(0, 7)) {
    case 0:
        return H5Screate(H5S_SCALAR);
    case 1:
        return H5Screate(H5S_NULL);
    case 2: {
        const int rank = bytes.between(1, 4);
        for (hsize_t& n : shape)
            n = bytes.between<hsize_t>(0, 6);
        return H5Screate_simple(rank, shape.data(), nullptr);
    }
    case 3: { // huge and chunked, so that next to nothing is stored
        shape[0] = bytes.number<std::uint64_t>() >> 8;
        return H5Screate_simple(bytes.between(1, 2), shape.data(), nullptr);
    }
    default:
        return H5Screate_simple(1, shape.data(), nullptr);
    }
}
/// Plain values are written; of others the fill value is what a reader finds.
void fill(fuzz::Choices& bytes, const Handle& data, const Handle& space) {
    const hssize_t n = H5Sget_simple_extent_npoints(space.get());
    if (n <= 0 || n > 1000) return;
    const auto count = static_cast<std::size_t>(n);
    if (bytes.coin()) {
        std::vector<std::int64_t> values(count);
        for (auto& v : values)
            v = bytes.coin() ? bytes.between<std::int64_t>(-2, 60) : bytes.number<std::int64_t>();
        H5Dwrite(data.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    } else {
        std::vector<double> values(count);
        for (auto& v : values)
            v = bytes.coin() ? bytes.between(-1.0, 100.0) : bytes.number<double>();
        H5Dwrite(data.get(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
    }
}
void some_attribute(fuzz::Choices& bytes, hid_t object) {
    const Handle type(some_type(bytes));
    const Handle space(some_space(bytes, bytes.between<hsize_t>(1, 5)));
    const hssize_t n = H5Sget_simple_extent_npoints(space.get());
    if (n > 1000) return;
    const Handle attribute(H5Acreate2(object, "units", type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT));
    if (!attribute.ok() || n <= 0 || H5Tget_class(type.get()) != H5T_STRING) return;
    if (H5Tis_variable_str(type.get()) > 0) {
        const std::string text = bytes.text(20);
        const std::vector<const char*> values(static_cast<std::size_t>(n), text.c_str());
        H5Awrite(attribute.get(), type.get(), values.data());
    } else {
        std::vector<char> values(static_cast<std::size_t>(n) * H5Tget_size(type.get()), 'm');
        H5Awrite(attribute.get(), type.get(), values.data());
    }
}
void some_dataset(fuzz::Choices& bytes, hid_t group, const char* name, hsize_t usual) {
    const int kind = bytes.between(0, 15);
    if (kind == 0) return; // not there
    if (kind == 1) {
        const Handle other(H5Gcreate2(group, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
        return;
    }
    if (kind == 2) {
        H5Lcreate_soft("/nowhere", group, name, H5P_DEFAULT, H5P_DEFAULT);
        return;
    }
    if (kind == 3) {
        H5Lcreate_soft("/x", group, name, H5P_DEFAULT, H5P_DEFAULT); // perhaps itself
        return;
    }
    const Handle type(kind < 8 ? some_type(bytes) : H5Tcopy(bytes.coin() ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64));
    const Handle space(some_space(bytes, usual));
    const Handle list(H5Pcreate(H5P_DATASET_CREATE));
    const int rank = H5Sget_simple_extent_ndims(space.get());
    if (rank > 0 && H5Sget_simple_extent_npoints(space.get()) > 1000) {
        const std::array<hsize_t, 4> chunk{16, 1, 1, 1};
        H5Pset_chunk(list.get(), rank, chunk.data());
    }
    const Handle data(H5Dcreate2(group, name, type.get(), space.get(), H5P_DEFAULT, list.get(), H5P_DEFAULT));
    if (!data.ok()) return;
    fill(bytes, data, space);
    if (bytes.coin()) some_attribute(bytes, data.get());
}

/// A population "x" of 50 neurons, three slices on a chip's cores that all send to a core of its neighbour.
void replay(const std::string& path) {
    using namespace spikecast;
    Experiment experiment;
    experiment.populations.resize(1);
    experiment.populations[0].name = "x";
    experiment.populations[0].size = 50;
    Split split;
    split.slices = Slices({50}, {20});
    const mapping::Machine machine =
        mapping::make_machine({.shape = "2x2", .profile = "spinnaker", .cores_per_chip = 16});
    mapping::Placement placement;
    mapping::Keys keys;
    mapping::Tables tables(machine.chips());
    split.graph.sinks_begin.push_back(0);
    for (std::uint32_t n = 0; n < 4; ++n) {
        split.graph.vertices.push_back({"v" + std::to_string(n), 1, 0});
        placement.chip.push_back(n < 3 ? machine.chip(0, 0) : machine.chip(1, 0));
        placement.first_core.push_back(static_cast<std::uint16_t>(n % 3));
        SlicePart part;
        if (n < 3) {
            part.begin = split.slices.begin(n);
            part.end = split.slices.end(n);
        }
        split.parts.push_back(part);
        if (n == 3) break;
        split.graph.source.push_back(n);
        split.graph.key_bits.push_back(5);
        split.graph.weight.push_back(1.0);
        split.graph.sinks.push_back(3);
        split.graph.sinks_begin.push_back(split.graph.sinks.size());
        keys.key.push_back(n << 12);
        keys.mask.push_back(~std::uint32_t{31});
        tables[machine.chip(0, 0)].push_back({keys.key[n], keys.mask[n], mapping::Route::link(0)});
        tables[machine.chip(1, 0)].push_back({keys.key[n], keys.mask[n], mapping::Route::core(0)});
    }
    mapping::Traffic traffic(machine, split.graph, placement, keys, tables, {});
    (void)replay_spikes(traffic, path, experiment, split, 1.0, 100'000'000'000);
    const mapping::TrafficReport report = traffic.report();
    if (report.dropped > report.fan_out) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
    using namespace spikecast;
    const hdf5::Quiet quiet;
    fuzz::Choices bytes(input, size);
    const std::string path = fuzz::scratch().path("file.h5");
    const int what = bytes.between(0, 4);
    const hsize_t usual = bytes.between<hsize_t>(0, 40);
    {
        const Handle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
        if (!file.ok()) std::abort();
        if (what == 2) {
            some_dataset(bytes, file.get(), "x", usual);
        } else {
            const Handle links(H5Pcreate(H5P_LINK_CREATE));
            H5Pset_create_intermediate_group(links.get(), 1);
            const char* const place = std::array{"x", "x", "", "weights/x", "spikes/x"}[static_cast<std::size_t>(what)];
            const Handle group(H5Gcreate2(file.get(), place, links.get(), H5P_DEFAULT, H5P_DEFAULT));
            for (const char* name : what == 0 || what == 4
                                        ? std::vector<const char*>{"timestamps", "node_ids"}
                                        : std::vector<const char*>{"source", "target", "weight", "delay"})
                some_dataset(bytes, group.get(), name, usual);
        }
    }
    fuzz::answers([&] {
        if (what == 0) {
            const std::array<std::uint64_t, 3> indices{7, 2, 39};
            check_spikes({path, "x"});
            for (const ReadSpike& spike : read_spikes({path, "x"}, indices, 50))
                if (spike.neuron >= indices.size()) std::abort();
        } else if (what == 1) {
            fuzz::connect(path, "x");
        } else if (what == 4) {
            replay(path);
        } else if (what == 3) {
            const WeightsReader weights(path, "x");
            const std::uint64_t some = std::min<std::uint64_t>(weights.synapses(), 1000);
            if (weights.read(0, some).weight.size() != some) std::abort();
            (void)weights.read(weights.synapses() - some, some);
        } else {
            const auto samples = open_samples({path, "x"}, 5, true);
            if (samples->samples() == 0 || samples->length() % 5 != 0 || samples->length() > 100'000) return;
            samples->scan(samples->samples() - 1, [](std::uint64_t, std::span<const double>) {});
        }
    });
    return 0;
}
