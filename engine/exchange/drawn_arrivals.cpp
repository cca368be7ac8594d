#include "engine/exchange/drawn_arrivals.hpp"

#include "spikecast/math.hpp"

#include <algorithm>
#include <utility>

namespace spikecast {

DrawnArrivals::DrawnArrivals(std::vector<DrawnPopulation> populations, std::vector<bool> own_row, std::size_t senders,
                             std::size_t own_peer)
    : populations_(std::move(populations)), own_row_(std::move(own_row)), own_peer_(own_peer), count_(senders, 0),
      next_(senders, 0) {}

void DrawnArrivals::draw(std::int64_t first, std::int64_t end, std::int64_t epoch, const Exchanger& format) {
    spikes_.clear();
    packed_.clear();
    std::fill(count_.begin(), count_.end(), 0);
    const std::size_t senders = count_.size();
    if (senders <= (own_peer_ < senders ? 1U : 0U)) return; // nobody else
    for (std::int64_t step = first; step < end; ++step)
        for (const DrawnPopulation& population : populations_) {
            if (!(population.probability > 0.0)) continue;
            const bool always = population.probability >= 1.0;
            const double scale = always ? 0.0 : 1.0 / math::log(1.0 - population.probability);
            auto row = static_cast<double>(population.first_row);
            for (std::uint64_t i = 0;; ++i, row += 1.0) {
                if (!always) {
                    const double u = open_unit(draw64(population.key, static_cast<std::uint64_t>(step), i));
                    row += static_cast<double>(static_cast<std::uint64_t>(std::min(1e18, math::log(u) * scale)));
                }
                if (row >= static_cast<double>(population.end_row)) break;
                const auto r = static_cast<std::uint32_t>(row);
                if (own_row_[r]) continue;
                // Which rank a row's source is on is forgotten after the build; any sender will do that is always the
                // same.
                std::size_t sender = mix64(r) % senders;
                if (sender == own_peer_) sender = (sender + 1) % senders;
                spikes_.push_back({static_cast<std::uint32_t>(sender), r, static_cast<std::uint32_t>(step - epoch)});
                ++count_[sender];
            }
        }
    std::size_t sum = 0;
    const std::size_t words = format.packet_bytes() / 4;
    for (std::size_t s = 0; s < senders; ++s) {
        next_[s] = sum;
        sum += static_cast<std::size_t>(count_[s]) * words;
        count_[s] *= static_cast<int>(words);
    }
    packed_.resize(sum);
    std::vector<std::uint32_t> packet;
    for (const Spike& spike : spikes_) {
        packet.clear();
        format.pack(packet, spike.row, spike.lag);
        std::copy(packet.begin(), packet.end(), packed_.begin() + static_cast<std::ptrdiff_t>(next_[spike.sender]));
        next_[spike.sender] += words;
    }
}

void DrawnArrivals::counts(const int*, int* in) {
    for (std::size_t s = 0; s < count_.size(); ++s) {
        in[2 * s] = count_[s];
        in[2 * s + 1] = 0;
    }
}

void DrawnArrivals::packets(const std::uint32_t*, const int*, const int*, std::uint32_t* in, const int*, const int*) {
    std::copy(packed_.begin(), packed_.end(), in);
}

} // namespace spikecast
