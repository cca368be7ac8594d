// The last spikes of one population's neurons on one worker, with the traces after each: what plastic synapses onto
// them catch up with. A ring for each neuron; a spike is dropped only when every synapse has taken it into account.
#pragma once

#include "spikecast/plasticity.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace spikecast {

/// A trace by its values, so that projections with equal ones share it.
struct TraceLaw {
    double tau_ms;
    TraceKind kind;
    double of_ms = 0.0; ///< of TraceKind::square
    friend bool operator==(const TraceLaw&, const TraceLaw&) = default;
};

/// What an entry of the history is beside its time.
struct PostEntry {
    bool teacher = false; ///< a spike of the neuron's teacher, not its own
    float given = 0.0F;   ///< for traces of these kinds
    float trial = 0.0F;
};

class PostHistory {
public:
    PostHistory(std::size_t neurons, std::vector<TraceLaw> traces, double resolution_ms, std::uint32_t log2_capacity);

    /// Spikes up to this stamp have been taken into account by all synapses (local neuron numbers).
    void retire(std::int32_t stamp) noexcept { retired_ = stamp; }
    /// Whether another spike of the neuron would overwrite one that may be needed. The last retired spike is needed,
    /// too: its traces reach on.
    [[nodiscard]] bool full(std::uint32_t neuron) const noexcept {
        const std::uint32_t n = static_cast<std::uint32_t>(count_[neuron]);
        return steps_[slot(neuron, n + 1)] > retired_; // the oldest that would remain
    }
    /// Doubles the capacity.
    void grow();
    void add(std::uint32_t neuron, std::int32_t stamp, PostEntry entry = {});
    /// How many entries of the neuron have later stamps.
    [[nodiscard]] std::uint32_t since(std::uint32_t neuron, std::int32_t stamp) const noexcept {
        std::uint32_t n = 0;
        while (n < static_cast<std::uint32_t>(count_[neuron]) && n < (1U << log2_) && steps_[place(neuron, n)] > stamp)
            ++n;
        return n;
    }
    /// Where the entry `back` before the newest stands.
    [[nodiscard]] std::size_t place(std::uint32_t neuron, std::uint32_t back) const noexcept {
        return slot(neuron, static_cast<std::uint32_t>(count_[neuron]) - 1 - back);
    }
    /// Number of the first trace of a kind.
    [[nodiscard]] std::size_t trace_of(TraceKind kind) const noexcept {
        std::size_t t = 0;
        while (traces_[t].kind != kind)
            ++t;
        return t;
    }

    // For checkpoints: the spikes that synapses may still need, which are those after the last retired one, and that.

    [[nodiscard]] std::uint32_t needed(std::uint32_t neuron) const noexcept {
        const auto spikes = static_cast<std::uint32_t>(count_[neuron]);
        std::uint32_t n = 0;
        while (n < spikes && n < (1U << log2_) && (n == 0 || steps_[slot(neuron, spikes - n)] > retired_))
            ++n;
        return n;
    }
    /// Where the last so many spikes of each neuron stand, in order of time, neuron by neuron.
    [[nodiscard]] std::vector<std::size_t> places(const std::vector<std::uint32_t>& spikes) const;
    [[nodiscard]] std::int32_t& stamp_at(std::size_t place) noexcept { return steps_[place]; }
    [[nodiscard]] float& trace_at(std::size_t place, std::size_t trace) noexcept { return values_[trace][place]; }
    [[nodiscard]] std::size_t traces() const noexcept { return traces_.size(); }
    /// Room for so many spikes of each neuron, which has none yet, and are filled in then.
    void make_room(const std::vector<std::uint32_t>& spikes);
    /// They have been filled in.
    void take_up(const std::vector<std::uint32_t>& spikes);

    [[nodiscard]] std::size_t neurons() const noexcept { return count_.size(); }
    [[nodiscard]] std::size_t find(const TraceLaw& law) const;
    /// The history with the given traces in the given order.
    [[nodiscard]] PostView view(const std::vector<std::size_t>& traces) const;
    /// Has spikes at hand by neuron from now on as synapses with a dendritic delay see them; gives the number under
    /// which views ask for them, or `none` where there are enough. Before the first spike.
    [[nodiscard]] std::uint32_t add_recent(std::int32_t dendritic);
    static constexpr std::uint32_t none = ~0U;
    /// The history with what is at hand under a number, for runs that end at `end` and read traces at `at`: both of the
    /// step that is being delivered. with_traces: traces are computed for all neurons, unless that has become
    /// impossible.
    [[nodiscard]] PostView view(const std::vector<std::size_t>& traces, std::uint32_t recent, std::int32_t end,
                                std::int32_t at, bool with_traces);
    [[nodiscard]] std::size_t bytes() const noexcept {
        return count_.size() * sizeof(count_[0]) + steps_.size() * sizeof(steps_[0]) +
               values_.size() * steps_.size() * sizeof(float) +
               recent_.size() * count_.size() * (4 + 4 * recent_spikes + 8 * traces_.size());
    }

private:
    [[nodiscard]] std::size_t slot(std::uint32_t neuron, std::uint32_t number) const noexcept {
        return (std::size_t{neuron} << log2_) | (number & ((1U << log2_) - 1));
    }
    std::vector<TraceLaw> traces_;
    double h_;
    std::uint32_t log2_;
    std::int32_t retired_ = never;
    std::vector<std::int32_t> count_, steps_;
    std::vector<std::vector<float>> values_; ///< [trace][slot]
    struct Logged {
        std::int32_t stamp;
        std::uint32_t neuron;
        std::int32_t number; ///< of the neuron's spike
    };
    /// Spikes up to some time ago, by neuron (PostView::seen, recent, at).
    struct Recent {
        std::int32_t dendritic = 0;
        std::uint64_t next = 0;   ///< in the log
        std::int32_t end = never; ///< what was taken in has stamps up to this
        std::int32_t traces_at = never;
        std::vector<std::int32_t> seen;
        std::vector<std::vector<std::int32_t>> stamps; ///< [how many before the last][neuron]
        std::vector<std::vector<float>> after, at;     ///< [trace][neuron]: after the last spike, and at traces_at
    };
    void take_in(Recent& recent, std::int32_t end) const;
    static constexpr std::size_t most_recent = 16;
    std::vector<Recent> recent_;
    std::int32_t lag_ = 0; ///< steps for which the log is kept
    std::deque<Logged> log_;
    std::uint64_t log_begin_ = 0; ///< number of the log's first entry
};

} // namespace spikecast
