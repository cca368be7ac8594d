// What a run will need, computed from the experiment alone, before anything is allocated.
#pragma once

#include "engine/network/plan.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikecast {

struct Prediction {
    /// Projections whose rules draw by source: what finding their synapses will cost, and how many they are.
    struct BySource {
        std::string projection;
        DrawingPrediction cost;
    };
    std::vector<BySource> by_source;
    double synapses_by_source = 0.0;

    double synapses = 0.0;               ///< expected, of the whole network
    double bytes_per_rank = 0.0;         ///< peak resident memory of the largest rank, building included
    double network_bytes_per_rank = 0.0; ///< of the finished rows, directories and routes
    double bytes_total = 0.0;
    double written_per_worker = 0.0; ///< bytes of fresh memory that a worker fills while building
    double checkpoint_bytes = 0.0;   ///< of a checkpoint file
    double checkpoint_s = 0.0;       ///< that writing it takes, about
    double checkpoint_bytes_per_rank =
        0.0;            ///< that a rank needs while it writes plastic synapses, beyond bytes_per_rank
    double drawn = 0.0; ///< synapses drawn, those that are drawn and discarded included
};

/// The network of `plan` on so many ranks of plan.threads workers each. plan.partition must have as many workers.
/// writes: the run writes a result file. To be called where MPI is initialised: what the program takes by then is
/// measured, the rest is computed (docs/architecture.md, Memory).
[[nodiscard]] Prediction predict(const NetworkPlan& plan, std::uint32_t ranks, bool writes);

/// Seconds that `run` will call build_s: a share of the network's synapses is drawn, placed and sorted for a fraction
/// of a second, with as many cores busy as will be, and thrown away; so is as much fresh memory as the build fills, up
/// to a limit, for what the machine takes to supply it (docs/performance.md).
[[nodiscard]] double predict_build_seconds(const Experiment& experiment, const Prediction& prediction,
                                           std::uint32_t ranks, std::uint32_t threads);

/// Bytes that this machine can still give (the smaller of MemAvailable and the control group's limit).
[[nodiscard]] double available_memory();

/// "1.73 GB"
[[nodiscard]] std::string format_bytes(double bytes);

} // namespace spikecast
