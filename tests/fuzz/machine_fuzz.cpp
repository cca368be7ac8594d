// Machines: a specification in the first line, its faults in the others.
#include "partitioners/spinnaker/machine.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    fuzz::answers([&] { (void)mapping::parse_faults(text, "faults.txt"); });
    return 0;
}
