// Runs the counted kernels once each under callgrind and leaves their instruction counts in its output files.
//
//   valgrind --tool=callgrind --instr-atstart=no --callgrind-out-file=FILE.%p count_instructions [--list] [--warm]
//            [NAME...]
//
// Set-up and a first repetition, which fills caches and buffers, run uncounted at full speed; then one repetition is
// counted and dumped under the kernel's name. --warm: simulated once more before it is counted, so that simulated
// caches hold what they would in a run. Prints "name events" for each kernel, in the order of the dumps. Without
// valgrind it only runs the kernels. scripts/count_instructions.py reads both and compares them with instructions.json.
#include "benchmarks/kernel.hpp"
#include "spikecast/simulation.hpp"

#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

int main(int argc, char** argv) {
    using namespace spikecast::bench;
    spikecast::Environment environment(argc, argv);
    bool list = false, warm = false;
    std::vector<std::string> wanted;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--list") == 0)
            list = true;
        else if (std::strcmp(argv[i], "--warm") == 0)
            warm = true;
        else
            wanted.emplace_back(argv[i]);
    }
    const Kernels kernels = all_kernels();
    std::size_t found = 0;
    for (const Kernel& kernel : kernels) {
        if (!kernel.counted) continue;
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), kernel.name) == wanted.end()) continue;
        ++found;
        std::uint64_t events = 0;
        if (!list) {
            const auto job = kernel.make(0, 1);
            job->run();
            CALLGRIND_START_INSTRUMENTATION;
            if (warm) job->run();
            CALLGRIND_ZERO_STATS;
            events = job->run();
            CALLGRIND_STOP_INSTRUMENTATION;
            CALLGRIND_DUMP_STATS_AT(kernel.name.c_str());
        }
        std::printf("%s %llu\n", kernel.name.c_str(), static_cast<unsigned long long>(events));
        std::fflush(stdout);
    }
    if (!wanted.empty() && found != wanted.size()) {
        std::fprintf(stderr, "count_instructions: %zu of the %zu kernels named don't exist; --list shows all\n",
                     wanted.size() - found, wanted.size());
        return 2;
    }
    return 0;
}
