#include "spikecast/error.hpp"

namespace spikecast {
namespace {

std::string joined(const std::vector<Diagnostic>& diagnostics) {
    std::string all;
    for (const Diagnostic& d : diagnostics) {
        if (!all.empty()) {
            all += '\n';
        }
        all += d.text();
    }
    return all;
}

} // namespace

std::string Diagnostic::text() const {
    std::string out = where.file;
    if (where.line > 0) {
        if (!out.empty()) {
            out += ':';
        }
        out += std::to_string(where.line);
        if (where.column > 0) {
            out += ':' + std::to_string(where.column);
        }
    }
    for (const std::string* part : {&object, &message}) {
        if (!part->empty()) {
            if (!out.empty()) {
                out += ": ";
            }
            out += *part;
        }
    }
    if (!remedy.empty()) {
        if (!out.empty()) {
            out += "; ";
        }
        out += remedy;
    }
    return out;
}

// The base is initialised before the member takes the diagnostics over.
InputError::InputError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(joined(diagnostics)), diagnostics_(std::move(diagnostics)) {}

} // namespace spikecast
