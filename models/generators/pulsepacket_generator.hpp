#pragma once

#include "models/generators/trains.hpp"
#include "spikecast/math.hpp"
#include "spikecast/random.hpp"

namespace spikecast::models {

template <class T>
class PulsePacketTrain {
public:
    explicit PulsePacketTrain(const BlockSetup& setup)
        : key_(make_key(setup.seed, Purpose::stimulus, setup.object)), indices_(setup.indices), h_(setup.resolution_ms),
          pulses_(setup.parameters[0].list), activity_(static_cast<std::uint64_t>(setup.parameters[1].constant)),
          sdev_(setup.parameters[2].constant), chunks_((setup.indices.size() + chunk_size - 1) / chunk_size),
          counts_(chunk_size) {
        for (std::size_t i = 1; i < pulses_.size(); ++i)
            if (pulses_[i] < pulses_[i - 1])
                refuse(setup.object + ".params.pulse_times",
                       "pulse_times holds " + std::to_string(pulses_[i]) + " ms after " +
                           std::to_string(pulses_[i - 1]) + " ms",
                       "list the times in ascending order");
    }
    [[nodiscard]] const T* counts(std::int64_t stamp, std::size_t chunk) {
        Chunk& state = chunks_[chunk];
        if (state.stamp != stamp) {
            state.stamp = stamp;
            draw_until(stamp, chunk);
            // what is past has been given out
            const auto first = std::lower_bound(state.spikes.begin(), state.spikes.end(), Spike{stamp, 0});
            state.spikes.erase(state.spikes.begin(), first);
        }
        if (state.spikes.empty() || state.spikes.front().step != stamp) return nullptr;
        std::fill_n(counts_.data(), chunk_size, T{0});
        for (const Spike& spike : state.spikes) {
            if (spike.step != stamp) break;
            counts_[spike.target] += T{1};
        }
        return counts_.data();
    }
    [[nodiscard]] std::size_t bytes() const {
        std::size_t total = indices_.capacity() * sizeof(std::uint64_t) + pulses_.capacity() * sizeof(double) +
                            chunks_.capacity() * sizeof(Chunk) + counts_.bytes();
        for (const Chunk& chunk : chunks_)
            total += chunk.spikes.capacity() * sizeof(Spike);
        return total;
    }

private:
    struct Spike {
        std::int64_t step;
        std::uint32_t target; ///< in the chunk
        friend auto operator<=>(const Spike&, const Spike&) = default;
    };
    struct Chunk {
        std::int64_t stamp = -1;
        std::size_t next_pulse = 0; ///< those before it are drawn
        std::vector<Spike> spikes;  ///< not before the stamp, ascending
    };
    /// No normal number drawn from a word lies further from 0 (docs/reproducibility.md).
    static constexpr double reach = 6.34;

    void draw_until(std::int64_t stamp, std::size_t chunk) {
        Chunk& state = chunks_[chunk];
        const std::size_t before = state.next_pulse;
        for (; state.next_pulse < pulses_.size(); ++state.next_pulse) {
            const double centre = pulses_[state.next_pulse];
            if (centre - reach * sdev_ > static_cast<double>(stamp + 1) * h_) break;
            const std::size_t begin = chunk * chunk_size, end = std::min(begin + chunk_size, indices_.size());
            for (std::size_t i = begin; i < end; ++i)
                for (std::uint64_t k = 0; k < activity_; ++k) {
                    const double u = open_unit(draw32(key_, indices_[i], state.next_pulse * activity_ + k));
                    const double t = centre + (sdev_ > 0.0 ? sdev_ * math::normal_quantile(u) : 0.0);
                    const auto step = static_cast<std::int64_t>(std::floor(t / h_ + 0.5));
                    if (step >= stamp) state.spikes.push_back({step, static_cast<std::uint32_t>(i - begin)});
                }
        }
        if (state.next_pulse != before) std::sort(state.spikes.begin(), state.spikes.end());
    }

    Key key_;
    std::vector<std::uint64_t> indices_;
    double h_;
    std::vector<double> pulses_;
    std::uint64_t activity_;
    double sdev_;
    std::vector<Chunk> chunks_;
    AlignedArray<T> counts_;
};

struct PulsepacketGenerator {
    enum Parameter { pulse_times, activity, sdev, start, stop };
    static constexpr ParameterInfo parameters[] = {
        {"pulse_times", "ms", 0.0, positive, "centres of the packets, ascending", true, ParameterForm::off_grid},
        {"activity", "1", 0.0, {0.0, 1e6}, "number of spikes in a packet", false, ParameterForm::shared},
        {"sdev", "ms", 0.0, not_negative, "standard deviation of spike times", false, ParameterForm::shared},
        start_parameter,
        stop_parameter,
    };
    static constexpr ParameterRelation relations[] = {
        {"start <= stop", [](const double* p) { return p[start] <= p[stop]; }},
        {"activity is a whole number", [](const double* p) { return p[activity] == std::floor(p[activity]); }},
    };
    static constexpr ModelInfo info{
        .name = "pulsepacket_generator",
        .kind = ModelInfo::Kind::generator,
        .summary = "Packets of spikes around given times",
        .equations = R"(Around each of pulse_times come `activity` spikes whose times are normally
distributed with the standard deviation sdev; each falls on the nearest step.
A target of a stimulus, or an element of a population, has packets of its own;
targets that are to get the same spikes, as from one generator in NEST, are
connected to a population of size 1. Spikes outside (start, stop] are left
out.)",
        .citation = "NEST Simulator, model pulsepacket_generator: https://nest-simulator.readthedocs.io",
        .parameters = parameters,
        .variables = {},
        .receptors = {},
        .relations = relations,
    };
    template <class T>
    using Population = TrainPopulation<PulsePacketTrain<T>, T>;
    template <class T>
    using Stimulus = TrainStimulus<PulsePacketTrain<T>, T>;
};

} // namespace spikecast::models
