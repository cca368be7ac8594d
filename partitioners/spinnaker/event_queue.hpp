// Events in order of time, for simulations whose events mostly lie a few microseconds ahead.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

namespace spikecast::mapping {

/// A wheel of 2^14 slots of 2^10 time units, and a heap for what lies beyond. Events of one time come in order of
/// `what`, so the order doesn't depend on when they were pushed. No event may be pushed for a time before what
/// next_time() last gave.
class EventQueue {
public:
    static constexpr std::uint64_t end = std::numeric_limits<std::uint64_t>::max();

    EventQueue() : slots_(slot_count) {}

    void push(std::uint64_t time, std::uint32_t what) {
        const std::uint64_t slot = time >> slot_bits;
        if (slot >= current_ + slot_count) {
            far_.emplace(time, what);
            return;
        }
        const std::uint64_t event = (time & (slot_size - 1)) << 32 | what;
        std::vector<std::uint64_t>& s = slots_[slot % slot_count];
        if (slot == current_) // sorted, the next one last
            s.insert(std::lower_bound(s.begin(), s.end(), event, std::greater<>()), event);
        else
            s.push_back(event);
        mark(slot % slot_count);
    }
    /// The next event's time; end where there is none.
    [[nodiscard]] std::uint64_t next_time() {
        if (!open()) return end;
        return current_ << slot_bits | slots_[current_ % slot_count].back() >> 32;
    }
    /// Takes the next event; only after next_time() gave one.
    std::uint32_t pop() {
        std::vector<std::uint64_t>& s = slots_[current_ % slot_count];
        const auto what = static_cast<std::uint32_t>(s.back());
        s.pop_back();
        return what;
    }

private:
    static constexpr unsigned slot_bits = 10;
    static constexpr std::uint64_t slot_size = std::uint64_t{1} << slot_bits;
    static constexpr std::uint64_t slot_count = std::uint64_t{1} << 14;

    void mark(std::uint64_t index) { filled_[index / 64] |= std::uint64_t{1} << (index % 64); }

    /// Turns the wheel to the next filled slot. False where nothing is left.
    bool open() {
        while (slots_[current_ % slot_count].empty()) {
            const std::uint64_t here = current_ % slot_count;
            filled_[here / 64] &= ~(std::uint64_t{1} << (here % 64));
            std::uint64_t ahead = slot_count;
            for (std::uint64_t w = 0; w <= slot_count / 64; ++w) {
                const std::uint64_t word = (here / 64 + w) % (slot_count / 64);
                std::uint64_t bits = filled_[word];
                if (w == 0) bits &= ~std::uint64_t{0} << (here % 64);
                if (w == slot_count / 64) bits &= ~(~std::uint64_t{0} << (here % 64));
                if (bits == 0) continue;
                const std::uint64_t index = word * 64 + static_cast<unsigned>(std::countr_zero(bits));
                ahead = (index + slot_count - here) % slot_count;
                break;
            }
            // What is far lies beyond all slots.
            if (ahead == slot_count && far_.empty()) return false;
            current_ = ahead == slot_count ? far_.top().first >> slot_bits : current_ + ahead;
            while (!far_.empty() && far_.top().first >> slot_bits < current_ + slot_count) {
                const auto [time, what] = far_.top();
                far_.pop();
                const std::uint64_t slot = time >> slot_bits;
                slots_[slot % slot_count].push_back((time & (slot_size - 1)) << 32 | what);
                mark(slot % slot_count);
            }
            std::vector<std::uint64_t>& s = slots_[current_ % slot_count];
            std::sort(s.begin(), s.end(), std::greater<>());
        }
        return true;
    }

    std::uint64_t current_ = 0;
    std::vector<std::vector<std::uint64_t>> slots_;
    std::array<std::uint64_t, slot_count / 64> filled_{};
    using Far = std::pair<std::uint64_t, std::uint32_t>;
    std::priority_queue<Far, std::vector<Far>, std::greater<>> far_;
};

} // namespace spikecast::mapping
