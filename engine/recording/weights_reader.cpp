#include "engine/recording/weights_reader.hpp"

#include "engine/data/hdf5_input.hpp"
#include "engine/recording/hdf5.hpp"

#include <mutex>
#include <utility>

namespace spikecast {

WeightsReader::WeightsReader(const std::string& file, const std::string& projection) : what_(file) {
    const std::lock_guard lock(hdf5::library_lock());
    const hdf5::Quiet quiet;
    const hdf5::Input input(file, "/weights/" + projection);
    if (!input.ok()) throw RunError(file + ": can't be opened as a result file: " + hdf5::reason());
    what_ += ": /weights/" + projection;
    const std::string group = "/weights/" + projection;
    if (!input.exists(group)) throw RunError(what_ + " isn't there");
    const auto open = [&](const char* name, H5T_class_t kind) {
        const std::string path = group + "/" + name;
        if (!input.exists(path))
            throw RunError(what_ + ": has no " + name +
                           (std::string(name) == "weight" ? ": the run didn't come to its end" : ""));
        hdf5::Handle dataset = input.dataset(path);
        const hdf5::Handle space(dataset.ok() ? H5Dget_space(dataset.get()) : H5I_INVALID_HID);
        const hdf5::Handle type(dataset.ok() ? H5Dget_type(dataset.get()) : H5I_INVALID_HID);
        hsize_t size = 0;
        if (!dataset.ok() || H5Tget_class(type.get()) != kind || H5Sget_simple_extent_ndims(space.get()) != 1 ||
            H5Sget_simple_extent_dims(space.get(), &size, nullptr) != 1)
            throw RunError(what_ + ": " + name + " isn't a list of numbers");
        if (source_.ok() && size != synapses_)
            throw RunError(what_ + ": " + name + " hasn't the length of the other columns");
        synapses_ = size;
        return dataset;
    };
    source_ = open("source", H5T_INTEGER);
    target_ = open("target", H5T_INTEGER);
    delay_ = open("delay", H5T_FLOAT);
    weight_ = open("weight", H5T_FLOAT);
}

WeightsReader::~WeightsReader() {
    const std::lock_guard lock(hdf5::library_lock());
    for (hdf5::Handle* each : {&source_, &target_, &delay_, &weight_})
        each->reset();
}

SynapseColumns WeightsReader::read(std::uint64_t begin, std::uint64_t count) const {
    SynapseColumns rows;
    if (count == 0) return rows;
    const std::lock_guard lock(hdf5::library_lock());
    const hdf5::Quiet quiet;
    const auto column = [&](const hdf5::Handle& dataset, hid_t type, auto& values) {
        values.resize(count);
        const hsize_t start = begin, size = count;
        const hdf5::Handle space(H5Dget_space(dataset.get())), memory(H5Screate_simple(1, &size, nullptr));
        if (H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &start, nullptr, &size, nullptr) < 0 ||
            H5Dread(dataset.get(), type, memory.get(), space.get(), H5P_DEFAULT, values.data()) < 0)
            throw RunError(what_ + ": can't be read: " + hdf5::reason());
    };
    column(source_, H5T_NATIVE_UINT64, rows.source);
    column(target_, H5T_NATIVE_UINT64, rows.target);
    column(delay_, H5T_NATIVE_DOUBLE, rows.delay_ms);
    column(weight_, H5T_NATIVE_FLOAT, rows.weight);
    return rows;
}

} // namespace spikecast
