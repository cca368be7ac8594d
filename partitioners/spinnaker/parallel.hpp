// Work in numbered pieces over threads. Which thread does a piece is left to chance, so a piece's result may depend on
// its number alone.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace spikecast::mapping {

/// Calls make_worker() once in each thread and the function that it returns with every number below `pieces`. The first
/// exception is thrown again, after all threads have ended.
template <class MakeWorker>
void in_pieces(std::size_t pieces, unsigned threads, const MakeWorker& make_worker) {
    if (threads <= 1 || pieces <= 1) {
        auto worker = make_worker();
        for (std::size_t i = 0; i < pieces; ++i)
            worker(i);
        return;
    }
    std::atomic<std::size_t> next{0};
    std::exception_ptr error;
    std::mutex mutex;
    const auto run = [&] {
        try {
            auto worker = make_worker();
            for (std::size_t i = next++; i < pieces; i = next++)
                worker(i);
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!error) error = std::current_exception();
            next = pieces;
        }
    };
    {
        std::vector<std::jthread> others;
        for (std::size_t t = 1; t < threads && t < pieces; ++t)
            others.emplace_back(run);
        run();
    }
    if (error) std::rethrow_exception(error);
}

} // namespace spikecast::mapping
