#pragma once

#include <string>

namespace spikecast::models {

/// Throws the InputError of one diagnostic without a place: blocks don't know where their parameters were written.
[[noreturn]] void refuse(const std::string& object, const std::string& message, const std::string& remedy);

} // namespace spikecast::models
