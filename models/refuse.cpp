#include "models/refuse.hpp"

#include "spikecast/error.hpp"

namespace spikecast::models {

void refuse(const std::string& object, const std::string& message, const std::string& remedy) {
    Diagnostic diagnostic;
    diagnostic.object = object;
    diagnostic.message = message;
    diagnostic.remedy = remedy;
    throw InputError(diagnostic);
}

} // namespace spikecast::models
