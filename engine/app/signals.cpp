#include "engine/app/signals.hpp"

#include <atomic>
#include <csignal>

namespace spikecast {

namespace {

/// The one global: a signal handler has nothing else to write to.
std::atomic<int> came{0};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void note(int signal) {
    int none = 0;
    came.compare_exchange_strong(none, signal, std::memory_order_relaxed);
}

} // namespace

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = &note;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    action.sa_handler = SIG_IGN;
    action.sa_flags = 0;
    sigaction(SIGXFSZ, &action, nullptr);
    sigaction(SIGPIPE, &action, nullptr);
}

int signal_that_came() noexcept {
    return came.load(std::memory_order_relaxed);
}

std::string signal_name(int signal) {
    switch (signal) {
    case SIGUSR1:
        return "SIGUSR1";
    case SIGTERM:
        return "SIGTERM";
    case SIGINT:
        return "SIGINT";
    default:
        return "signal " + std::to_string(signal);
    }
}

} // namespace spikecast
