#include "engine/data/samples.hpp"

#include "engine/data/byte_stream.hpp"
#include "engine/data/hdf5_input.hpp"
#include "engine/data/number_array.hpp"
#include "spikecast/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/core.h>
#include <hdf5.h>

namespace spikecast {
namespace {

constexpr std::uint64_t numbers_at_once = 1 << 16;

std::string object_of(const ArrayFile& array) {
    return array.dataset.empty() ? "array" : "dataset " + array.dataset;
}
[[noreturn]] void refuse(const ArrayFile& array, const std::string& why, const std::string& remedy) {
    throw InputError({{array.file, 0, 0}, object_of(array), why, remedy});
}

/// Samples and numbers in each, from a shape; refuses one that doesn't go with so many neurons.
std::pair<std::uint64_t, std::uint64_t> interpret(const ArrayFile& array, const std::vector<std::uint64_t>& shape,
                                                  std::uint64_t neurons, bool several) {
    std::uint64_t samples = 1, length = 1;
    for (std::size_t axis = 0; axis < shape.size(); ++axis)
        (axis == 0 && shape.size() > 1 ? samples : length) *= shape[axis];
    if (shape.empty() || length == 0 || samples == 0 || (several ? length % neurons != 0 : length != neurons))
        refuse(array,
               fmt::format("has the shape {}, but {} neurons need (samples, {}){}", shape_text(shape), neurons,
                           several ? fmt::format("{}, numbers", neurons) : std::to_string(neurons),
                           several ? "" : " or more axes with that product"),
               "give an array of that shape or change the size");
    return {samples, length};
}

void check_finite(const ArrayFile& array, std::uint64_t sample, std::uint64_t first, std::span<const double> numbers) {
    for (std::size_t i = 0; i < numbers.size(); ++i)
        if (!std::isfinite(numbers[i]))
            refuse(array, fmt::format("number {} of sample {} is {}", first + i, sample, numbers[i]),
                   "give finite numbers");
}

/// NPY, NPZ and IDX.
class StreamSamples final : public SampleSource {
public:
    StreamSamples(ArrayFile array, std::unique_ptr<ByteStream> stream, NumberArray layout, std::uint64_t neurons,
                  bool several)
        : array_(std::move(array)), stream_(std::move(stream)), layout_(std::move(layout)) {
        std::tie(samples_, length_) = interpret(array_, layout_.shape, neurons, several);
    }
    [[nodiscard]] std::uint64_t samples() const override { return samples_; }
    [[nodiscard]] std::uint64_t length() const override { return length_; }
    void scan(std::uint64_t sample, const std::function<void(std::uint64_t, std::span<const double>)>& visit) override {
        for (std::uint64_t first = 0; first < length_; first += numbers_at_once) {
            const std::size_t n = std::min(numbers_at_once, length_ - first);
            bytes_.resize(n * layout_.width);
            numbers_.resize(n);
            if (!stream_->read(layout_.offset + (sample * length_ + first) * layout_.width, bytes_.data(),
                               bytes_.size()))
                refuse(array_, fmt::format("ends or is damaged in sample {} of {}", sample, samples_),
                       "the file isn't complete: make it again");
            for (std::size_t i = 0; i < n; ++i)
                numbers_[i] = layout_.number(bytes_.data() + i * layout_.width);
            check_finite(array_, sample, first, numbers_);
            visit(first, numbers_);
        }
    }

private:
    ArrayFile array_;
    std::unique_ptr<ByteStream> stream_;
    NumberArray layout_;
    std::uint64_t samples_ = 0, length_ = 0;
    std::vector<unsigned char> bytes_;
    std::vector<double> numbers_;
};

using hdf5::Handle;

hdf5::Input open_file(const ArrayFile& array) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    hdf5::Input file(array.file, object_of(array));
    if (!file.ok()) refuse(array, "the file is none of HDF5, NPY, NPZ and IDX, or is damaged", "give one of them");
    return file;
}
Handle open_dataset(const ArrayFile& array, const hdf5::Input& file, const std::string& name) {
    Handle dataset = file.dataset(name);
    if (!dataset.ok()) refuse(array, fmt::format("there is no dataset {}", name), "name one with `dataset`");
    return dataset;
}

class Hdf5Samples final : public SampleSource {
public:
    /// Called with the lock held.
    Hdf5Samples(ArrayFile array, std::uint64_t neurons, bool several)
        : array_(std::move(array)), file_(open_file(array_)), dataset_(open_dataset(array_, file_, array_.dataset)) {
        const Handle space(H5Dget_space(dataset_.get()));
        const int axes = H5Sget_simple_extent_ndims(space.get());
        shape_.resize(static_cast<std::size_t>(std::max(axes, 0)));
        if (axes > 0) H5Sget_simple_extent_dims(space.get(), shape_.data(), nullptr);
        std::tie(samples_, length_) =
            interpret(array_, std::vector<std::uint64_t>(shape_.begin(), shape_.end()), neurons, several);
        const Handle type(H5Dget_type(dataset_.get()));
        const H5T_class_t kind = H5Tget_class(type.get());
        if (kind != H5T_INTEGER && kind != H5T_FLOAT) refuse(array_, "holds no numbers", "name another dataset");
    }
    Hdf5Samples(const Hdf5Samples&) = delete;
    Hdf5Samples& operator=(const Hdf5Samples&) = delete;
    ~Hdf5Samples() override {
        const std::lock_guard lock(hdf5::library_lock());
        dataset_.reset();
        file_.close();
    }
    [[nodiscard]] std::uint64_t samples() const override { return samples_; }
    [[nodiscard]] std::uint64_t length() const override { return length_; }
    void scan(std::uint64_t sample, const std::function<void(std::uint64_t, std::span<const double>)>& visit) override {
        // parts of the axis after the samples
        const std::size_t axis = shape_.size() > 1 ? 1 : 0;
        const std::uint64_t across = length_ / shape_[axis];
        const std::uint64_t step = std::max<std::uint64_t>(1, numbers_at_once / across);
        for (std::uint64_t begin = 0; begin < shape_[axis]; begin += step) {
            const std::uint64_t count = std::min<std::uint64_t>(step, shape_[axis] - begin);
            numbers_.resize(count * across);
            read(sample, axis, begin, count);
            check_finite(array_, sample, begin * across, numbers_);
            visit(begin * across, numbers_);
        }
    }

private:
    void read(std::uint64_t sample, std::size_t axis, std::uint64_t begin, std::uint64_t count) {
        const std::lock_guard lock(hdf5::library_lock());
        std::vector<hsize_t> from(shape_.size(), 0), counts(shape_);
        if (axis == 1) {
            from[0] = sample;
            counts[0] = 1;
        }
        from[axis] = begin;
        counts[axis] = count;
        const Handle space(H5Dget_space(dataset_.get()));
        const hsize_t total = numbers_.size();
        const Handle memory(H5Screate_simple(1, &total, nullptr));
        if (H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, from.data(), nullptr, counts.data(), nullptr) < 0 ||
            H5Dread(dataset_.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, numbers_.data()) < 0)
            refuse(array_, fmt::format("can't be read in sample {} of {}", sample, samples_),
                   "the file is damaged: make it again");
    }

    ArrayFile array_;
    hdf5::Input file_;
    Handle dataset_;
    std::vector<hsize_t> shape_;
    std::uint64_t samples_ = 0, length_ = 0;
    std::vector<double> numbers_;
};

hsize_t length_of(const ArrayFile& array, const Handle& dataset, const char* name) {
    const Handle space(H5Dget_space(dataset.get()));
    hsize_t length = 0;
    if (H5Sget_simple_extent_ndims(space.get()) != 1)
        refuse(array, fmt::format("{} has not one axis", name), "give a SONATA file of spikes");
    H5Sget_simple_extent_dims(space.get(), &length, nullptr);
    return length;
}

/// The two datasets of a group of spikes; called with the lock held.
struct SpikeGroup {
    explicit SpikeGroup(const ArrayFile& array)
        : file(open_file(array)), times(open_dataset(array, file, array.dataset + "/timestamps")),
          ids(open_dataset(array, file, array.dataset + "/node_ids")), count(length_of(array, times, "timestamps")) {
        if (const hsize_t other = length_of(array, ids, "node_ids"); other != count)
            refuse(array, fmt::format("timestamps has {} numbers, but node_ids {}", count, other),
                   "give a SONATA file of spikes");
        const Handle type(H5Dget_type(ids.get()));
        if (H5Tget_class(type.get()) != H5T_INTEGER)
            refuse(array, "node_ids aren't integers", "give a SONATA file of spikes");
        const std::string unit = units();
        if (!unit.empty() && unit != "milliseconds" && unit != "ms")
            refuse(array, fmt::format("timestamps are in '{}'", unit), "give them in milliseconds");
    }
    hdf5::Input file;
    Handle times, ids;
    hsize_t count;

private:
    /// The attribute `units` of the times; empty where there is none that is text.
    [[nodiscard]] std::string units() const {
        if (H5Aexists(times.get(), "units") <= 0) return {};
        const Handle attribute(H5Aopen(times.get(), "units", H5P_DEFAULT));
        const Handle space(H5Aget_space(attribute.get()));
        if (H5Sget_simple_extent_npoints(space.get()) != 1) return {}; // a list, or nothing
        const Handle type(H5Aget_type(attribute.get()));
        if (H5Tget_class(type.get()) != H5T_STRING) return {};
        if (H5Tis_variable_str(type.get()) > 0) {
            const Handle text(H5Tcopy(H5T_C_S1));
            H5Tset_size(text.get(), H5T_VARIABLE);
            H5Tset_cset(text.get(), H5Tget_cset(type.get()));
            char* value = nullptr;
            if (H5Aread(attribute.get(), text.get(), &value) < 0 || value == nullptr) return {};
            std::string unit(value);
            H5free_memory(value);
            return unit;
        }
        std::string unit(H5Tget_size(type.get()), '\0');
        if (H5Aread(attribute.get(), type.get(), unit.data()) < 0) return {};
        return unit.substr(0, unit.find('\0'));
    }
};

} // namespace

std::unique_ptr<SampleSource> open_samples(const ArrayFile& array, std::uint64_t neurons, bool several) {
    std::unique_ptr<ByteStream> stream = open_bytes(array.file);
    if (!stream) refuse(array, "the file can't be opened", "check its name and permissions");
    unsigned char magic[6] = {};
    const bool four = stream->read(0, magic, 4);
    const bool npy = four && stream->read(0, magic, 6) && std::memcmp(magic, "\x93NUMPY", 6) == 0;
    const bool idx = four && !npy && magic[0] == 0 && magic[1] == 0;
    const bool zip = four && !npy && std::memcmp(magic, "PK", 2) == 0 && magic[2] < 8;
    if (npy || idx || zip) {
        if (zip) {
            if (array.dataset.empty()) refuse(array, "an NPZ file can hold several arrays", "name one with `dataset`");
            std::string problem;
            stream = open_zip_member(array.file, array.dataset, problem);
            if (!stream) refuse(array, problem, "correct the name or the file");
        } else if (!array.dataset.empty()) {
            refuse(array, fmt::format("{} files hold one array without a name", npy ? "NPY" : "IDX"),
                   "leave `dataset` out");
        }
        NumberArray layout;
        try {
            layout = idx ? read_idx_header(*stream) : read_npy_header(*stream);
        } catch (const std::runtime_error& problem) {
            refuse(array, problem.what(), "correct the file");
        }
        return std::make_unique<StreamSamples>(array, std::move(stream), std::move(layout), neurons, several);
    }
    const std::lock_guard lock(hdf5::library_lock());
    if (array.dataset.empty() && H5Fis_hdf5(array.file.c_str()) > 0)
        refuse(array, "an HDF5 file can hold several arrays", "name one with `dataset`");
    return std::make_unique<Hdf5Samples>(array, neurons, several);
}

std::vector<ReadSpike> read_spikes(const ArrayFile& array, std::span<const std::uint64_t> indices,
                                   std::uint64_t neurons) {
    const std::lock_guard lock(hdf5::library_lock());
    const SpikeGroup group(array);
    std::vector<std::pair<std::uint64_t, std::uint32_t>> local;
    for (std::size_t i = 0; i < indices.size(); ++i)
        local.emplace_back(indices[i], static_cast<std::uint32_t>(i));
    std::sort(local.begin(), local.end());
    std::vector<ReadSpike> found;
    std::vector<double> times;
    std::vector<std::int64_t> ids;
    for (hsize_t begin = 0; begin < group.count; begin += numbers_at_once) {
        const hsize_t n = std::min<hsize_t>(numbers_at_once, group.count - begin);
        times.resize(n);
        ids.resize(n);
        const Handle memory(H5Screate_simple(1, &n, nullptr));
        const auto read = [&](const Handle& dataset, hid_t type, void* to) {
            const Handle space(H5Dget_space(dataset.get()));
            H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &begin, nullptr, &n, nullptr);
            if (H5Dread(dataset.get(), type, memory.get(), space.get(), H5P_DEFAULT, to) < 0)
                refuse(array, fmt::format("can't be read from spike {} on", begin), "the file is damaged");
        };
        read(group.times, H5T_NATIVE_DOUBLE, times.data());
        read(group.ids, H5T_NATIVE_INT64, ids.data());
        for (std::size_t i = 0; i < n; ++i) {
            if (ids[i] < 0 || static_cast<std::uint64_t>(ids[i]) >= neurons)
                refuse(array,
                       fmt::format("spike {} is of neuron {}, but there are {} neurons", begin + i, ids[i], neurons),
                       "take a larger population or another file");
            const std::pair<std::uint64_t, std::uint32_t> wanted{static_cast<std::uint64_t>(ids[i]), 0};
            const auto at = std::lower_bound(local.begin(), local.end(), wanted);
            if (at != local.end() && at->first == wanted.first) found.push_back({times[i], at->second});
        }
    }
    return found;
}

void check_spikes(const ArrayFile& array) {
    const std::lock_guard lock(hdf5::library_lock());
    const SpikeGroup group(array);
}

} // namespace spikecast
