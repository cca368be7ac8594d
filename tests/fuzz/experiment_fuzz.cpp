// Experiment files: parsing, includes of themselves, arithmetic, units, the schema, validation, and the archive that
// other ranks get.
#include "engine/experiment/archive.hpp"
#include "engine/experiment/reader.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    fuzz::answers([&] {
        const std::string file = fuzz::scratch().write("experiment.toml", data, size);
        const std::string archive = to_archive(read_experiment(file));
        if (to_archive(from_archive(archive)) != archive) std::abort();
    });
    return 0;
}
