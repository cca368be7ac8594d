#include "engine/build/resolve.hpp"

#include "engine/data/hdf5_input.hpp"
#include "engine/data/samples.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/error.hpp"

#include <fmt/core.h>
#include <hdf5.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace spikecast {

namespace {

/// Reads the numbers of the given neurons from a one-dimensional dataset, in chunks of bounded size.
std::vector<double> read_array(const ArrayFile& array, std::span<const std::uint64_t> indices) {
    const std::lock_guard lock(hdf5::library_lock()); // every worker reads the values of its own neurons
    const hdf5::Quiet quiet;
    const auto fail = [&](const std::string& why) {
        return InputError({{array.file, 0, 0}, "dataset " + array.dataset, why, "correct the file"});
    };
    const hdf5::Input file(array.file, "dataset " + array.dataset);
    if (!file.ok()) throw fail("can't be opened as an HDF5 file");
    const hdf5::Handle dataset = file.dataset(array.dataset);
    if (!dataset.ok()) throw fail("there is no such dataset");
    const hdf5::Handle space(H5Dget_space(dataset.get()));
    if (H5Sget_simple_extent_ndims(space.get()) != 1)
        throw fail("has not one dimension; give one number for each neuron");
    hsize_t size = 0;
    H5Sget_simple_extent_dims(space.get(), &size, nullptr);
    std::vector<std::size_t> order(indices.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return indices[a] < indices[b]; });
    if (!indices.empty() && indices[order.back()] >= size)
        throw fail(fmt::format("holds {} numbers, but neuron {} needs one; give one for each neuron", size,
                               indices[order.back()]));
    constexpr hsize_t chunk = 1 << 20;
    std::vector<double> buffer, out(indices.size());
    for (std::size_t i = 0; i < order.size();) {
        const hsize_t begin = indices[order[i]];
        const hsize_t count = std::min(chunk, size - begin);
        buffer.resize(count);
        H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, &begin, nullptr, &count, nullptr);
        const hdf5::Handle memory(H5Screate_simple(1, &count, nullptr));
        if (H5Dread(dataset.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, buffer.data()) < 0)
            throw fail("can't be read as numbers");
        for (; i < order.size() && indices[order[i]] < begin + count; ++i)
            out[order[i]] = buffer[indices[order[i]] - begin];
    }
    return out;
}

ResolvedValue resolve(Key key, const ParameterValue& value, std::span<const std::uint64_t> indices) {
    if (const auto* law = std::get_if<Distribution>(&value)) return resolve_law(key, *law, indices);
    ResolvedValue resolved;
    if (const auto* array = std::get_if<ArrayFile>(&value))
        resolved.each = read_array(*array, indices);
    else
        resolved.list = std::get<std::vector<double>>(value);
    return resolved;
}

void check_bounds(const std::string& object, const ParameterInfo& info, const ResolvedValue& value,
                  std::span<const std::uint64_t> indices) {
    for (std::size_t i = 0; i < value.each.size(); ++i)
        if (!info.bounds.contains(value.each[i]))
            throw InputError({{},
                              fmt::format("{}.params.{}", object, info.name),
                              fmt::format("neuron {} would have {} = {} {}, outside the parameter's bounds", indices[i],
                                          info.name, value.each[i], info.unit),
                              "confine the distribution or correct the file"});
}

} // namespace

ResolvedValue resolve_law(Key key, const Distribution& law, std::span<const std::uint64_t> indices) {
    ResolvedValue resolved;
    if (law.is_constant()) {
        resolved.constant = law.a;
        return resolved;
    }
    const Sampler sampler(law);
    resolved.each.reserve(indices.size());
    for (const std::uint64_t index : indices)
        resolved.each.push_back(sampler(draw32(key, index, 0)));
    return resolved;
}

std::vector<ResolvedValue> resolve_parameters(std::uint64_t seed, const std::string& object, const ModelInfo& model,
                                              const ParameterValues& given, std::span<const std::uint64_t> indices,
                                              std::uint64_t size) {
    std::vector<ResolvedValue> resolved;
    for (const ParameterInfo& info : model.parameters) {
        const auto found = given.find(std::string(info.name));
        ResolvedValue value;
        value.constant = info.default_value;
        value.list.assign(info.default_list.begin(), info.default_list.end());
        if (info.is_file()) {
            if (found != given.end()) {
                const ArrayFile& array = std::get<ArrayFile>(found->second);
                if (info.form == ParameterForm::trains)
                    value.spikes = read_spikes(array, indices, size);
                else
                    value.samples = open_samples(array, size, info.form == ParameterForm::sequences);
            }
        } else if (found != given.end())
            value = resolve(make_key(seed, Purpose::parameter, object + "." + std::string(info.name)), found->second,
                            indices);
        check_bounds(object, info, value, indices);
        resolved.push_back(std::move(value));
    }
    return resolved;
}

std::vector<ResolvedValue> resolve_initial(std::uint64_t seed, const std::string& object, const ModelInfo& model,
                                           const ParameterValues& given, std::span<const ResolvedValue> parameters,
                                           std::span<const std::uint64_t> indices) {
    std::vector<ResolvedValue> resolved;
    for (const VariableInfo& info : model.variables) {
        const auto found = given.find(std::string(info.name));
        ResolvedValue value;
        if (found != given.end())
            value = resolve(make_key(seed, Purpose::initial_state, object + "." + std::string(info.name)),
                            found->second, indices);
        else if (std::isnan(info.default_value) && info.offset >= 0)
            value = parameters[static_cast<std::size_t>(info.offset)];
        else
            value.constant = info.default_value;
        resolved.push_back(std::move(value));
    }
    return resolved;
}

} // namespace spikecast
