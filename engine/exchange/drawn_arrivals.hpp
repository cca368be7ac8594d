// What a dry run has instead of other ranks: spikes of the sources heard, drawn at stated rates, which arrive as
// packets in the order in which a real exchange brings them.
#pragma once

#include "engine/exchange/exchanger.hpp"
#include "spikecast/random.hpp"

#include <cstdint>
#include <vector>

namespace spikecast {

/// The rows of one source population, and how often one of its neurons spikes.
struct DrawnPopulation {
    Key key;
    std::uint32_t first_row = 0, end_row = 0;
    double probability = 0.0; ///< of a spike in a step
};

/// Poisson trains on the grid of steps: in each step every row spikes with its population's probability. The rows of a
/// step are found by skipping (a geometric gap from draw64(key, step, i)), and thinned: rows of this rank's own
/// neurons, which spike by themselves, are left out. A neuron spikes at most once a step.
class DrawnArrivals final : public Wire {
public:
    /// own_row[row]: the source is a neuron of this rank. own_peer: the place of this rank among the senders, or
    /// `senders` where it isn't one of them.
    DrawnArrivals(std::vector<DrawnPopulation> populations, std::vector<bool> own_row, std::size_t senders,
                  std::size_t own_peer);

    /// Draws the packets of steps first .. end - 1 of the epoch that begins with `epoch`.
    void draw(std::int64_t first, std::int64_t end, std::int64_t epoch, const Exchanger& format);

    void counts(const int* out, int* in) override;
    void packets(const std::uint32_t* out, const int* count_out, const int* start_out, std::uint32_t* in,
                 const int* count_in, const int* start_in) override;

private:
    struct Spike {
        std::uint32_t sender, row, lag;
    };
    std::vector<DrawnPopulation> populations_;
    std::vector<bool> own_row_;
    std::size_t own_peer_;
    std::vector<Spike> spikes_;         ///< by step and row
    std::vector<std::uint32_t> packed_; ///< by sender, step and row
    std::vector<int> count_;            ///< words, by sender
    std::vector<std::size_t> next_;
};

} // namespace spikecast
