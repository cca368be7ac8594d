// Arrays of samples in HDF5, NPY, NPZ and IDX files, for encoders; and spikes in SONATA files, for injectors.
#pragma once

#include "spikecast/block.hpp"
#include "spikecast/experiment.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace spikecast {

/// Opens an array whose first axis are samples and whose other axes together are the neurons of a population; an array
/// of one axis is one sample. With `several` a sample may hold several numbers for each neuron, those of neuron 0
/// first. The kind of file is told from its first bytes; NPY and IDX files may be compressed with gzip. Throws
/// InputError naming file, dataset, shape and the shape that is expected.
[[nodiscard]] std::unique_ptr<SampleSource> open_samples(const ArrayFile& array, std::uint64_t neurons, bool several);

/// The spikes of the given neurons (indices of a population, any order) in the group `dataset` of a SONATA file, which
/// holds `timestamps` (ms) and `node_ids`: read in parts of bounded size. Throws InputError, also where a spike's
/// neuron isn't below `neurons`.
[[nodiscard]] std::vector<ReadSpike> read_spikes(const ArrayFile& array, std::span<const std::uint64_t> indices,
                                                 std::uint64_t neurons);

/// Throws what read_spikes would say of the group, without reading the spikes.
void check_spikes(const ArrayFile& array);

} // namespace spikecast
