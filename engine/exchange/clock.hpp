// The clocks that phases are measured with.
#pragma once

#include <ctime>

#include <chrono>

namespace spikecast {

using Clock = double (*)() noexcept;

/// Wall time in seconds, from any origin.
[[nodiscard]] inline double wall_seconds() noexcept {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Processor time of the calling thread in seconds. What a phase costs where ranks share cores: it leaves out the time
/// in which others ran, but not what they did to the caches.
[[nodiscard]] inline double cpu_seconds() noexcept {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

} // namespace spikecast
