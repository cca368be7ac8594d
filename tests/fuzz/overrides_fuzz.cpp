// Arguments of --set, one a line, on an experiment with everything that can be named.
#include "engine/experiment/reader.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <sstream>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    std::istringstream lines(std::string(reinterpret_cast<const char*>(data), size));
    std::vector<std::string> overrides;
    for (std::string line; overrides.size() < 16 && std::getline(lines, line);)
        overrides.push_back(line);
    fuzz::answers([&] {
        static const std::string experiment = std::string(SPIKECAST_SOURCE_DIR) + "/experiments/brunel_2000.toml";
        (void)read_experiment(experiment, overrides);
    });
    return 0;
}
