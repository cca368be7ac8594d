// Who draws the synapses of a rule that draws by source: every worker all of them, to keep its own, or each worker a
// block of sources, to send what isn't its own (engine/build/block_exchange.hpp). The network is the same either way;
// which is cheaper is predicted here from the numbers alone, so that all ranks, and `check`, come to the same answer.
#pragma once

#include "engine/network/rule.hpp"
#include "spikecast/experiment.hpp"

#include <cstddef>
#include <cstdint>

namespace spikecast {

/// A worker draws and sends so many synapses in one round of the exchange.
inline constexpr std::size_t exchange_chunk = 65536;
/// Synapses that one rank sends another in one all-to-all: twice the mean, so that one will nearly always do, while
/// what arrives at a rank is bounded whatever the targets are.
[[nodiscard]] constexpr std::uint64_t exchange_slice(std::uint64_t ranks, std::uint64_t threads) noexcept {
    return 2 * ((threads * exchange_chunk + ranks - 1) / ranks) + 16;
}

/// Seconds of one worker for finding its synapses of a projection, in both passes of the build; placing them not
/// included, which is the same either way.
struct DrawingPrediction {
    double redraw_s = 0.0;
    double exchange_s = 0.0;
    double exchange_bytes = 0.0; ///< a rank's buffers of the exchange
    bool exchanged = false;      ///< what is taken: the cheaper, or what simulation.drawing asks for
};

/// "exchange" or "redraw"
[[nodiscard]] constexpr const char* drawing_name(bool exchanged) noexcept {
    return exchanged ? "exchange" : "redraw";
}

/// For a projection whose rule draws by source, on workers = ranks * threads. In seconds of the machine on which the
/// coefficients were measured (docs/performance.md).
[[nodiscard]] DrawingPrediction predict_drawing(const RuleContext& context, const SourceDraws& law,
                                                std::uint64_t workers, std::uint64_t threads);

/// Seconds for counting, placing and sorting one synapse that is drawn by source, on that machine.
inline constexpr double placing_s = 28e-9;
/// Seconds of one Philox word on that machine, to scale to others.
inline constexpr double drawing_word_s = 1.2e-9;

} // namespace spikecast
