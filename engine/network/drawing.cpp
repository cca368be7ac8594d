#include "engine/network/drawing.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace spikecast {

DrawingPrediction predict_drawing(const RuleContext& context, const SourceDraws& law, std::uint64_t workers,
                                  std::uint64_t threads) {
    // Measured, seconds a synapse and pass: docs/performance.md, Drawing by source.
    constexpr double draw = 2.8e-9, distinct_draw = 11e-9;
    constexpr double find_closed_form = 2e-9, find_permuted = 118e-9;
    constexpr double keep = 13e-9; // of a redrawn synapse that is the worker's own: a branch nobody can predict
    constexpr double sort = 0.4e-9, send_byte = 0.1e-9;
    // Of one round, with several ranks on a core.
    constexpr double meeting = 50e-6, meeting_rank = 50e-6;

    const SimulationSettings& settings = context.experiment.simulation;
    const double find = settings.partitioner == PartitionerKind::random ? find_permuted : find_closed_form;
    const double each = (context.projection.rule.allow_multapses ? draw : distinct_draw) + find;
    const std::uint64_t ranks = workers / threads;
    const double synapses = static_cast<double>(law.sources) * static_cast<double>(law.draws);
    const double own = synapses / static_cast<double>(workers);
    const auto width = [](double greatest) {
        return static_cast<double>(std::bit_width(static_cast<std::uint64_t>(greatest)));
    };
    const auto targets = static_cast<double>(context.experiment.populations[context.target_population].size);
    const auto share = static_cast<double>(workers);
    const double source_range = static_cast<double>(context.experiment.populations[context.source_population].size) /
                                share * static_cast<double>(threads);
    const double bits = width(static_cast<double>(threads - 1)) + width(targets / share + 1.0) + width(targets) +
                        width(source_range) + std::ceil(std::log2(static_cast<double>(law.draws)));
    const double bytes = bits <= 64.0 ? 8.0 : 16.0;
    const double rounds = std::ceil(own / exchange_chunk) + 1.0;

    DrawingPrediction prediction;
    prediction.redraw_s = 2.0 * (synapses * each + (workers > 1 ? own * keep : 0.0));
    prediction.exchange_s = 2.0 * (own * (each + sort + bytes * send_byte) +
                                   rounds * (meeting + meeting_rank * static_cast<double>(ranks)));
    if (bits > 128.0) prediction.exchange_s = std::numeric_limits<double>::infinity();
    const auto t = static_cast<double>(threads), r = static_cast<double>(ranks);
    prediction.exchange_bytes =
        t * ((2.0 * bytes + 4.0) * exchange_chunk + 4.0 * share + 5e5) +
        (ranks > 1 ? bytes * r * static_cast<double>(exchange_slice(ranks, threads)) + 32.0 * r : 0.0);
    prediction.exchanged = settings.drawing == DrawingKind::exchange ||
                           (settings.drawing == DrawingKind::automatic && prediction.exchange_s < prediction.redraw_s);
    return prediction;
}

} // namespace spikecast
