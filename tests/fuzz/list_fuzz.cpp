// Lists of synapses in CSV files, read through the rule that connects them.
#include "engine/network/rule.hpp"
#include "partitioners/partitioners.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/listed_network.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    fuzz::answers([&] { fuzz::connect(fuzz::scratch().write("list.csv", data, size), ""); });
    return 0;
}
