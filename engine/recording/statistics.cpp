#include "engine/recording/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace spikecast {

namespace {

__extension__ using Wide = unsigned __int128;

/// CVs are summed as multiples of 2^-24: a rounding of 3e-8 each, and room for 5e11 neurons of CV 1.
constexpr double fixed_point = 0x1p24;

} // namespace

ActivityStatistics::ActivityStatistics(std::vector<std::string> populations,
                                       const std::vector<std::uint64_t>& own_neurons, double resolution_ms,
                                       std::int64_t warmup_steps, std::int64_t bin_steps)
    : names_(std::move(populations)), resolution_ms_(resolution_ms), warmup_steps_(warmup_steps),
      bin_steps_(std::max<std::int64_t>(1, bin_steps)), sums_(names_.size()) {
    first_.push_back(0);
    for (const std::uint64_t n : own_neurons)
        first_.push_back(first_.back() + n);
    neurons_.resize(first_.back());
}

void ActivityStatistics::state(StateColumns& columns, std::size_t population) {
    Neuron* const first = neurons_.data() + first_[population];
    const std::uint64_t n = first_[population + 1] - first_[population];
    const auto column = [&]<class Number>(const char* name, Number Neuron::*member) {
        columns.column<Number>(name, n, 1, [&](std::size_t i, std::uint32_t) -> Number& { return first[i].*member; });
    };
    column("first", &Neuron::first);
    column("last", &Neuron::last);
    column("squares", &Neuron::squares);
    column("spikes", &Neuron::spikes);
}

ActivityStatistics::Totals ActivityStatistics::totals() const {
    Totals totals;
    totals.bins_done = bins_done_;
    totals.begun = counts_;
    totals.begun.resize(names_.size(), 0);
    for (const Sums& sums : sums_) {
        totals.counts.push_back(sums.counts);
        totals.squares.push_back(sums.squares_low);
        totals.squares_high.push_back(sums.squares_high);
    }
    return totals;
}

void ActivityStatistics::resume(const Totals& totals) {
    bins_done_ = totals.bins_done;
    counts_ = totals.begun;
    for (std::size_t p = 0; p < sums_.size(); ++p)
        sums_[p] = {totals.counts[p], totals.squares[p], totals.squares_high[p]};
}

void sync_activity(MPI_Comm comm, std::span<ActivityStatistics* const> workers, std::int64_t up_to_step) {
    ActivityStatistics& keeper = *workers.front();
    const std::size_t populations = keeper.names_.size();
    const std::int64_t complete = (up_to_step - keeper.warmup_steps_) / keeper.bin_steps_;
    if (populations == 0 || complete <= keeper.bins_done_) return;
    // In pieces, so that neither the count nor the buffer grows with the time since the last call.
    const std::int64_t most =
        std::max<std::int64_t>(1, (std::int64_t{1} << 18) / static_cast<std::int64_t>(populations));
    std::vector<std::uint64_t> sum;
    const std::int64_t begin = keeper.bins_done_;
    for (std::int64_t bin = begin; bin < complete; bin += most) {
        const auto cells = static_cast<std::size_t>(std::min(most, complete - bin)) * populations;
        const auto start = static_cast<std::size_t>(bin - begin) * populations;
        sum.assign(cells, 0);
        for (const ActivityStatistics* worker : workers)
            for (std::size_t i = 0; i < cells && start + i < worker->counts_.size(); ++i)
                sum[i] += worker->counts_[start + i];
        MPI_Allreduce(MPI_IN_PLACE, sum.data(), static_cast<int>(cells), MPI_UINT64_T, MPI_SUM, comm);
        for (std::size_t i = 0; i < cells; ++i) {
            ActivityStatistics::Sums& sums = keeper.sums_[i % populations];
            sums.counts += sum[i];
            const Wide squares = ((Wide{sums.squares_high} << 64) | sums.squares_low) + Wide{sum[i]} * sum[i];
            sums.squares_low = static_cast<std::uint64_t>(squares);
            sums.squares_high = static_cast<std::uint64_t>(squares >> 64);
        }
    }
    const auto gone = static_cast<std::size_t>(complete - begin) * populations;
    for (ActivityStatistics* worker : workers) {
        worker->counts_.erase(worker->counts_.begin(), worker->counts_.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                                                     gone, worker->counts_.size())));
        worker->bins_done_ = complete;
    }
}

std::vector<PopulationActivity> reduce_activity(MPI_Comm comm, std::span<ActivityStatistics* const> workers,
                                                std::int64_t last_step) {
    sync_activity(comm, workers, last_step);
    const ActivityStatistics& keeper = *workers.front();
    const std::size_t populations = keeper.names_.size();
    constexpr std::size_t fields = 4; // neurons, spikes, neurons with a CV, sum of CVs
    std::vector<std::uint64_t> sums(populations * fields, 0);
    for (const ActivityStatistics* worker : workers)
        for (std::size_t p = 0; p < populations; ++p) {
            std::uint64_t* const sum = &sums[p * fields];
            sum[0] += worker->first_[p + 1] - worker->first_[p];
            for (std::uint64_t i = worker->first_[p]; i < worker->first_[p + 1]; ++i) {
                const ActivityStatistics::Neuron& neuron = worker->neurons_[i];
                sum[1] += neuron.spikes;
                const auto total = static_cast<std::uint64_t>(neuron.last - neuron.first);
                if (neuron.spikes < 4 || total == 0) continue; // 3 intervals; a mean of zero has no CV
                const std::uint64_t intervals = neuron.spikes - 1;
                // n^2 variance = n sum(x^2) - sum(x)^2, exact in integers
                const Wide spread = Wide{intervals} * neuron.squares - Wide{total} * total;
                const double cv = std::sqrt(static_cast<double>(spread)) / static_cast<double>(total);
                ++sum[2];
                sum[3] += static_cast<std::uint64_t>(std::llround(cv * fixed_point));
            }
        }
    for (std::size_t i = 0; i < sums.size(); i += std::size_t{1} << 20)
        MPI_Allreduce(MPI_IN_PLACE, &sums[i], static_cast<int>(std::min(sums.size() - i, std::size_t{1} << 20)),
                      MPI_UINT64_T, MPI_SUM, comm);

    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    std::vector<PopulationActivity> result;
    for (std::size_t p = 0; p < populations; ++p) {
        const std::uint64_t* const sum = &sums[p * fields];
        PopulationActivity activity{keeper.names_[p], sum[0], 0.0, none, none};
        const double seconds = static_cast<double>(last_step - keeper.warmup_steps_) * keeper.resolution_ms_ / 1e3;
        if (sum[0] > 0 && seconds > 0.0)
            activity.rate_hz = static_cast<double>(sum[1]) / static_cast<double>(sum[0]) / seconds;
        if (sum[2] > 0) activity.cv = static_cast<double>(sum[3]) / fixed_point / static_cast<double>(sum[2]);
        const ActivityStatistics::Sums& bins = keeper.sums_[p];
        if (bins.counts > 0) {
            // variance / mean = (n sum(x^2) - sum(x)^2) / (n sum(x))
            const auto n = static_cast<std::uint64_t>(keeper.bins_done_);
            const Wide squares = (Wide{bins.squares_high} << 64) | bins.squares_low;
            const Wide spread = n * squares - Wide{bins.counts} * bins.counts;
            activity.synchrony =
                static_cast<double>(spread) / (static_cast<double>(n) * static_cast<double>(bins.counts));
        }
        result.push_back(std::move(activity));
    }
    return result;
}

} // namespace spikecast
