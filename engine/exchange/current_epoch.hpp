// Where a run is, for the message of a failed call of MPI.
#pragma once

#include <atomic>
#include <cstdint>

namespace spikecast {

/// The epoch that the run of this process has reached; negative before the first. A global, since MPI hands its error
/// handlers nothing of ours.
inline std::atomic<std::int64_t> current_epoch{-1};

} // namespace spikecast
