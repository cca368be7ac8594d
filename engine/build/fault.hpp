// Faults put in on purpose, to show that the matrix test notices them. Only a program built for that test has any:
// everywhere else fault() is a constant false and no code remains.
#pragma once

#ifdef SPIKECAST_FAULTS
#include <cstdlib>
#include <string_view>
#endif

namespace spikecast {

#ifdef SPIKECAST_FAULTS
inline bool fault(const char* name) noexcept {
    static const char* const wanted = std::getenv("SPIKECAST_FAULT");
    return wanted != nullptr && std::string_view(wanted) == name;
}
#else
constexpr bool fault(const char*) noexcept {
    return false;
}
#endif

} // namespace spikecast
