// The workers of a rank: threads that live as long as the run, and their barrier.
#pragma once

#include "spikecast/error.hpp"

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

namespace spikecast {

/// A sense-counting barrier. It spins while every worker on this node has a core of its own and sleeps otherwise: with
/// more workers than cores a spinning worker keeps the one that everybody waits for from running.
class Barrier {
public:
    Barrier(std::uint32_t parties, bool spin) : parties_(parties), spin_(spin) {}

    void arrive_and_wait() noexcept {
        if (parties_ == 1) return;
        const std::uint32_t phase = phase_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == parties_) {
            arrived_.store(0, std::memory_order_relaxed);
            phase_.store(phase + 1, std::memory_order_release);
            if (!spin_) phase_.notify_all();
            return;
        }
        if (spin_) {
            while (phase_.load(std::memory_order_acquire) == phase)
                __builtin_ia32_pause();
        } else {
            while (phase_.load(std::memory_order_acquire) == phase)
                phase_.wait(phase, std::memory_order_acquire);
        }
    }

private:
    const std::uint32_t parties_;
    const bool spin_;
    alignas(64) std::atomic<std::uint32_t> arrived_{0};
    alignas(64) std::atomic<std::uint32_t> phase_{0};
};

/// Runs a function on all workers of the rank; worker 0 is the calling thread, the only one that speaks MPI. The
/// function must not throw.
class Team {
public:
    /// Throws RunError where the system doesn't give so many threads.
    explicit Team(std::uint32_t threads, bool spin) : barrier_(threads, spin), threads_(threads) {
        try {
            for (std::uint32_t t = 1; t < threads; ++t)
                others_.emplace_back([this, t] {
                    for (std::uint32_t done = 0;;) {
                        start_.wait(done, std::memory_order_acquire);
                        done = start_.load(std::memory_order_acquire);
                        if (stop_) return;
                        work_(t);
                        barrier_.arrive_and_wait();
                    }
                });
        } catch (const std::exception& e) {
            stop(); // those that began would be waited for forever
            throw RunError(fmt::format("thread {} of {} can't be started ({}); use fewer threads", others_.size() + 2,
                                       threads, e.what()));
        }
    }
    ~Team() { stop(); }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    void run(std::function<void(std::uint32_t)> work) {
        work_ = std::move(work);
        if (threads_ > 1) {
            start_.fetch_add(1, std::memory_order_release);
            start_.notify_all();
        }
        work_(0);
        barrier_.arrive_and_wait();
    }
    [[nodiscard]] Barrier& barrier() noexcept { return barrier_; }
    [[nodiscard]] std::uint32_t threads() const noexcept { return threads_; }

private:
    void stop() noexcept {
        stop_ = true;
        start_.fetch_add(1, std::memory_order_release);
        start_.notify_all();
    }

    Barrier barrier_;
    std::uint32_t threads_;
    std::function<void(std::uint32_t)> work_;
    std::atomic<std::uint32_t> start_{0};
    bool stop_ = false;
    std::vector<std::jthread> others_;
};

} // namespace spikecast
