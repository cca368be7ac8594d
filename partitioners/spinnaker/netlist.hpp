// Reads netlists of vertices and multicast nets, the format of SpiNNaker's place-and-route benchmarks.
#pragma once

#include "partitioners/spinnaker/graph.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spikecast::mapping {

/// `{"vertices_resources": {vertex: {"Cores": n, "SDRAM": bytes}}, "nets": [[source, [sink, ...], weight], ...],
/// "same_chip_constraints": [[vertex, ...], ...]}`. Cores defaults to 1, SDRAM to 0 and the weight to 1; a net may also
/// be
/// `{"source": v, "sinks": [...], "weight": w}`; "labels" and "label_colours" are for drawings and read by nobody here.
/// "routing_keys": {"net0": {"key": 0, "mask": 4294967295}, ...} gives the nets keys, net i being "net<i>"; all nets or
/// none, no two of them with a key in common. [key, mask] is the same, numbers may be strings in hexadecimal
/// ("0xff00"), and without a mask there is one key. Vertices are in the order of their names. A sink that a net names
/// twice counts once, with a line in `warnings` where there is one. Weights add up to at most 1e300. Throws InputError
/// with everything that is wrong, of keys in common as many as are worth reading; files of more than 4 GiB are refused.
/// Memory: at most about 40 times the size of the text.
[[nodiscard]] MachineGraph parse_netlist(std::string_view text, const std::string& file,
                                         std::vector<std::string>* warnings = nullptr);
[[nodiscard]] MachineGraph read_netlist(const std::string& path, std::vector<std::string>* warnings = nullptr);

} // namespace spikecast::mapping
