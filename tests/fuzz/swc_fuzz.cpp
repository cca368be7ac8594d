// Morphologies in SWC files, and what a population makes of them.
#include "engine/experiment/swc.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    const std::string file = fuzz::scratch().write("cell.swc", data, size);
    std::vector<Diagnostic> errors;
    const auto sections = read_swc(file, {{"experiment.toml", 1, 1}, "populations.cell.morphology"}, errors);
    if (!errors.empty() && !sections.empty()) std::abort();
    return 0;
}
