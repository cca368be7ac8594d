// Activity of populations while a run goes on: rates, irregularity and synchrony without recording a spike. Sums are of
// integers only, so that no result depends on the partition or on the order of spikes of different neurons.
#pragma once

#include "spikecast/state.hpp"

#include <mpi.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace spikecast {

struct PopulationActivity {
    std::string name;
    std::uint64_t neurons = 0;
    double rate_hz = 0.0;   ///< mean over neurons and the time after the warm-up
    double cv = 0.0;        ///< std / mean of a neuron's intervals, averaged over neurons with >= 3 of them; NaN: none
    double synchrony = 0.0; ///< variance / mean of the population's count in bins after the warm-up; NaN without spikes
};

/// What one worker sees of its own neurons. 32 bytes a neuron.
class ActivityStatistics {
public:
    static constexpr std::size_t neuron_bytes = 32;

    /// own_neurons[p]: the worker's neurons of population p. Stamps up to warmup_steps are left out. bin_steps > 0: the
    /// width of the bins that synchrony is computed over.
    ActivityStatistics(std::vector<std::string> populations, const std::vector<std::uint64_t>& own_neurons,
                       double resolution_ms, std::int64_t warmup_steps, std::int64_t bin_steps);

    /// A spike with a stamp in steps. Those of one neuron come in ascending order, and none comes with a stamp of at
    /// most the step up to which sync_activity was called.
    void spike(std::size_t population, std::uint64_t local, std::int64_t step) {
        if (step <= warmup_steps_) return;
        Neuron& neuron = neurons_[first_[population] + local];
        if (neuron.spikes++ == 0) {
            neuron.first = step;
        } else {
            const auto interval = static_cast<std::uint64_t>(step - neuron.last);
            neuron.squares += interval * interval;
        }
        neuron.last = step;
        const auto bin = static_cast<std::size_t>((step - warmup_steps_ - 1) / bin_steps_ - bins_done_);
        const std::size_t place = bin * names_.size() + population;
        if (place >= counts_.size()) counts_.resize((bin + 1) * names_.size());
        ++counts_[place];
    }

    /// What is known of each neuron of a population: takes it out or puts it back.
    void state(StateColumns& columns, std::size_t population);
    /// The sums over whole populations, after sync_activity.
    struct Totals {
        std::int64_t bins_done = 0;
        std::vector<std::uint64_t> begun; ///< by population: spikes of this worker in the bin that isn't complete
        std::vector<std::uint64_t> counts, squares, squares_high; ///< by population; kept by the rank's first worker
    };
    [[nodiscard]] Totals totals() const;
    void resume(const Totals& totals);

    /// Collective: sums the bins that are complete at `up_to_step`, after which they take no memory. All workers of the
    /// rank at once, because a bin's square is that of the sum over workers.
    friend void sync_activity(MPI_Comm comm, std::span<ActivityStatistics* const> workers, std::int64_t up_to_step);
    /// Collective: the activity up to `last_step` (every spike up to there was given), the same on every rank. Can be
    /// called again later.
    friend std::vector<PopulationActivity> reduce_activity(MPI_Comm comm, std::span<ActivityStatistics* const> workers,
                                                           std::int64_t last_step);

private:
    /// The sum of intervals is last - first. Squares stay below 2^63 up to 3e9 steps.
    struct Neuron {
        std::int64_t first = 0, last = 0;
        std::uint64_t squares = 0; ///< sum of squared intervals
        std::uint64_t spikes = 0;
    };
    static_assert(sizeof(Neuron) == neuron_bytes);
    struct Sums {
        std::uint64_t counts = 0;
        std::uint64_t squares_low = 0, squares_high = 0; ///< 128 bits: bins of 1e9 spikes would overflow 64 soon
    };
    std::vector<std::string> names_;
    std::vector<std::uint64_t> first_; ///< number of the first neuron of each population, and the end
    double resolution_ms_;
    std::int64_t warmup_steps_;
    std::int64_t bin_steps_;
    std::vector<Neuron> neurons_;
    std::vector<std::uint64_t> counts_; ///< [bin - bins_done_][population], of bins not yet summed
    std::int64_t bins_done_ = 0;
    std::vector<Sums> sums_; ///< over bins done, of the whole population; kept by the rank's first worker
};

void sync_activity(MPI_Comm comm, std::span<ActivityStatistics* const> workers, std::int64_t up_to_step);
[[nodiscard]] std::vector<PopulationActivity>
reduce_activity(MPI_Comm comm, std::span<ActivityStatistics* const> workers, std::int64_t last_step);

} // namespace spikecast
