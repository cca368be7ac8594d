// Times every kernel with Google Benchmark.
//
//   kernels_benchmark [--large] [--benchmark_filter=REGEX] [--benchmark_repetitions=N] [--benchmark_format=json] ...
//   mpirun -n R kernels_benchmark        only the exchange, on R ranks
//
// The counter ns is the wall time of a repetition over its events, averaged over threads; the column Time is that of a
// repetition of the whole job. --large adds the networks that take seconds and gigabytes to build. scripts/benchmark.py
// kernels runs this with repetitions and puts kernels beside their bare loops.
#include "benchmarks/kernel.hpp"
#include "spikecast/simulation.hpp"

#include <benchmark/benchmark.h>

#include <barrier>
#include <chrono>
#include <cstring>
#include <fstream>
#include <memory>
#include <ostream>

namespace spikecast::bench {
namespace {

void time(benchmark::State& state, const Kernel& kernel, std::barrier<>& turn) {
    const auto thread = static_cast<std::uint32_t>(state.thread_index());
    const auto threads = static_cast<std::uint32_t>(state.threads());
    std::unique_ptr<Job> job;
    for (std::uint32_t t = 0; t < threads; ++t) { // one after the other: they share networks
        if (t == thread) job = kernel.make(thread, threads);
        turn.arrive_and_wait();
    }
    std::uint64_t events = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (auto _ : state)
        events += job->run();
    const std::chrono::duration<double, std::nano> ns = std::chrono::steady_clock::now() - begin;
    state.counters["ns"] =
        benchmark::Counter(ns.count() / static_cast<double>(events), benchmark::Counter::kAvgThreads);
    state.SetLabel("a " + kernel.unit);
    turn.arrive_and_wait(); // nobody takes a network away that another still uses
}

/// Ranks other than 0 run along and say nothing.
class Silent final : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>&) override {}
};

} // namespace
} // namespace spikecast::bench

int main(int argc, char** argv) {
    using namespace spikecast::bench;
    spikecast::Environment environment(argc, argv);
    bool large = false;
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], "--large") == 0) {
            large = true;
            for (int j = i; j < argc; ++j) // argv[argc] is null
                argv[j] = argv[j + 1];
            --argc;
            break;
        }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    const Kernels kernels = all_kernels();
    std::vector<std::unique_ptr<std::barrier<>>> turns;
    for (const Kernel& kernel : kernels) {
        if (kernel.large && !large) continue;
        if (environment.ranks() > 1 && !kernel.collective) continue;
        for (const int threads : kernel.threads) {
            turns.push_back(std::make_unique<std::barrier<>>(threads));
            auto* registered = benchmark::RegisterBenchmark(
                kernel.name.c_str(),
                [&kernel, turn = turns.back().get()](benchmark::State& state) { time(state, kernel, *turn); });
            registered->UseRealTime()->Unit(benchmark::kMicrosecond);
            if (threads > 1) registered->Threads(threads);
            if (kernel.repeats > 0) registered->Iterations(static_cast<benchmark::IterationCount>(kernel.repeats));
        }
    }
    if (environment.rank() == 0) {
        benchmark::RunSpecifiedBenchmarks();
    } else {
        Silent silent;
        benchmark::RunSpecifiedBenchmarks(&silent);
    }
    benchmark::Shutdown();
    return 0;
}
