// A kernel as both tools see it: kernels_benchmark times it (Google Benchmark), count_instructions counts it
// (callgrind).
//
// Names go from the general to the particular, /engine or /bare last. /engine is the code that a run executes. /bare is
// its roofline: the same arithmetic over the same bytes in the same order with nothing else around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spikecast::bench {

/// What one worker does over and over. Made once for each thread of a benchmark, used by that thread alone.
class Job {
public:
    virtual ~Job() = default;
    /// One repetition; returns the number of events (the kernel's unit) that it worked off.
    virtual std::uint64_t run() = 0;
};

struct Kernel {
    std::string name;
    std::string unit; ///< of an event: "synaptic event", "neuron and step"
    /// The job of worker `thread` of `threads`. Called by one thread after the other, worker 0 first.
    std::function<std::unique_ptr<Job>(std::uint32_t thread, std::uint32_t threads)> make;
    std::vector<int> threads = {1};
    bool counted = false;      ///< guarded by benchmarks/instructions.json
    bool large = false;        ///< more than a second or 100 MB to set up: left out unless asked for
    bool collective = false;   ///< all ranks run it, a fixed number of times; others run on rank 0 of one rank only
    std::uint64_t repeats = 0; ///< of a collective kernel
};
using Kernels = std::vector<Kernel>;

/// A job from a function that returns the number of events.
template <class F>
[[nodiscard]] std::unique_ptr<Job> job(F function) {
    class Function final : public Job {
    public:
        explicit Function(F f) : f_(std::move(f)) {}
        std::uint64_t run() override { return f_(); }

    private:
        F f_;
    };
    return std::make_unique<Function>(std::move(function));
}

// One function for each file, which says what its kernels measure and how to read them.
void add_delivery(Kernels& kernels);
void add_plasticity(Kernels& kernels);
void add_update(Kernels& kernels);
void add_stimuli(Kernels& kernels);
void add_rows(Kernels& kernels);
void add_exchange(Kernels& kernels);

[[nodiscard]] inline Kernels all_kernels() {
    Kernels kernels;
    add_delivery(kernels);
    add_plasticity(kernels);
    add_update(kernels);
    add_stimuli(kernels);
    add_rows(kernels);
    add_exchange(kernels);
    return kernels;
}

} // namespace spikecast::bench
