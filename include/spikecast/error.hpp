// Errors a person can act on. Every message names the place, the object, the value, the rule and the remedy.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace spikecast {

/// A place in an input file; line and column count from 1, 0 where there is none (values set from code or from the
/// command line, whose `file` is then "<code>" or "--set").
struct Where {
    std::string file;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// One thing that is wrong with an input.
struct Diagnostic {
    Where where;
    std::string object;  ///< what it is about, as a key path: populations.E.params.C_m
    std::string message; ///< the value and the rule it breaks: "C_m = -1 pF, but it must be > 0 pF"
    std::string remedy;  ///< what to change: "give a positive capacitance"

    /// "file:line:column: object: message; remedy"
    [[nodiscard]] std::string text() const;
};

/// All that is wrong with an input, reported together. The program's exit code for it is 2.
class InputError : public std::runtime_error {
public:
    explicit InputError(std::vector<Diagnostic> diagnostics);
    explicit InputError(Diagnostic diagnostic) : InputError(std::vector<Diagnostic>{std::move(diagnostic)}) {}

    [[nodiscard]] const std::vector<Diagnostic>& diagnostics() const noexcept { return diagnostics_; }

private:
    std::vector<Diagnostic> diagnostics_;
};

/// A run that cannot go on although its input was fine (memory, files, communication). The exit code is 1.
class RunError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

} // namespace spikecast
