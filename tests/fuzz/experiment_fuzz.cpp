// Experiment files: parsing, includes of themselves, arithmetic, units, the schema, validation, and the archive that
// other ranks get. What follows a zero byte is a second file, included.toml.
#include "engine/experiment/archive.hpp"
#include "engine/experiment/reader.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    const std::uint8_t* const end = std::find(data, data + size, std::uint8_t{0});
    const auto first = static_cast<std::size_t>(end - data);
    if (first < size) (void)fuzz::scratch().write("included.toml", end + 1, size - first - 1);
    fuzz::answers([&] {
        const std::string file = fuzz::scratch().write("experiment.toml", data, first);
        const std::string archive = to_archive(read_experiment(file));
        if (to_archive(from_archive(archive)) != archive) std::abort();
    });
    return 0;
}
