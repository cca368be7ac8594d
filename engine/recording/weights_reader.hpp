// Weights of the end of a run, read out of its result file.
#pragma once

#include "engine/core/hdf5_handle.hpp"
#include "engine/recording/result_file.hpp"

#include <cstdint>
#include <string>

namespace spikecast {

/// Serial, on any rank by itself. Throws RunError for a file that can't be read or holds no weights of the end,
/// InputError for one whose columns lie in other files.
class WeightsReader {
public:
    WeightsReader(const std::string& file, const std::string& projection);
    ~WeightsReader();
    WeightsReader(const WeightsReader&) = delete;
    WeightsReader& operator=(const WeightsReader&) = delete;

    [[nodiscard]] std::uint64_t synapses() const noexcept { return synapses_; }
    [[nodiscard]] SynapseColumns read(std::uint64_t begin, std::uint64_t count) const;

private:
    std::string what_;
    hdf5::Handle source_, target_, delay_, weight_;
    std::uint64_t synapses_ = 0;
};

} // namespace spikecast
