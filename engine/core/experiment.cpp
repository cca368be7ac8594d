#include "spikecast/experiment.hpp"

#include <algorithm>

namespace spikecast {

Where Experiment::where(const std::string& path) const {
    // Shortened from the right, a key or an index at a time: a.b[3].c, a.b[3], a.b, a, and the empty path, which stands
    // for the file as a whole where the reader gave it one.
    std::string prefix = path;
    for (;;) {
        const auto found = provenance.find(prefix);
        if (found != provenance.end()) {
            return found->second;
        }
        if (prefix.empty()) {
            return {};
        }
        const std::size_t cut = prefix.find_last_of(".[");
        prefix.resize(cut == std::string::npos ? 0 : cut);
    }
}

const Population* Experiment::find_population(const std::string& name) const {
    const auto found =
        std::find_if(populations.begin(), populations.end(), [&name](const Population& p) { return p.name == name; });
    return found == populations.end() ? nullptr : &*found;
}

double expected_rate(const Experiment& experiment, const Population& population) {
    if (population.expected_rate >= 0.0) return population.expected_rate;
    const auto known = experiment.reference.rates_hz.find(population.name);
    return known != experiment.reference.rates_hz.end() ? known->second : population.scaling_rate;
}

} // namespace spikecast
