// Netlists of the mapping.
#include "partitioners/spinnaker/netlist.hpp"
#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    fuzz::answers([&] {
        const mapping::MachineGraph graph =
            mapping::parse_netlist({reinterpret_cast<const char*>(data), size}, "netlist.json");
        for (std::size_t net = 0; net < graph.nets(); ++net)
            for (const std::uint32_t sink : graph.sinks_of(net))
                if (sink >= graph.vertices.size() || graph.source[net] >= graph.vertices.size()) std::abort();
    });
    return 0;
}
