// Arrays of encoders: NPY, IDX, either compressed, and members of NPZ archives; the first byte chooses the population.
// (HDF5 files are told by their signature and left out: the library has faults of its own, docs/reliability.md.)
#include "engine/data/samples.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <cstring>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    if (size < 9 || std::memcmp(data + 1, "\x89HDF\r\n\x1a\n", 8) == 0) return 0;
    const std::uint64_t neurons = 1 + data[0] % 64;
    const std::string file = fuzz::scratch().write("array", data + 1, size - 1);
    fuzz::answers([&] {
        const auto samples = open_samples({file, "x"}, neurons, data[0] >= 128);
        const std::uint64_t all = samples->samples();
        if (all == 0 || samples->length() % neurons != 0) std::abort();
        std::uint64_t seen = 0;
        for (const std::uint64_t sample : {std::uint64_t{0}, all - 1}) {
            seen = 0;
            samples->scan(sample, [&](std::uint64_t first, std::span<const double> numbers) {
                if (first != seen) std::abort();
                seen += numbers.size();
            });
            if (seen != samples->length()) std::abort();
        }
    });
    return 0;
}
