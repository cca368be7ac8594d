// Faults put in on purpose, to show that the matrix test notices them. Only a program built for that test has any:
// everywhere else fault() is a constant false and no code remains.
#pragma once

#ifdef SPIKECAST_FAULTS
#include <cstdlib>
#include <string_view>
#include <sys/prctl.h>
#endif

namespace spikecast {

#ifdef SPIKECAST_FAULTS
/// Names what the calling thread is about to do, for who kills it there (/proc/PID/comm).
inline void phase(const char* name) noexcept {
    ::prctl(PR_SET_NAME, name);
}
inline bool fault(const char* name) noexcept {
    static const char* const wanted = std::getenv("SPIKECAST_FAULT");
    return wanted != nullptr && std::string_view(wanted) == name;
}
#else
constexpr void phase(const char*) noexcept {}
constexpr bool fault(const char*) noexcept {
    return false;
}
#endif

} // namespace spikecast
