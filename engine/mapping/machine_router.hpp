// Spikes of a run as packets of its mapping: when each leaves its core, and which deliveries don't come in their step.
#pragma once

#include "engine/mapping/map_network.hpp"
#include "partitioners/spinnaker/traffic.hpp"

#include <cmath>
#include <cstdint>
#include <deque>
#include <vector>

namespace spikecast {

/// Machine time of a step.
[[nodiscard]] inline mapping::Picoseconds step_picoseconds(const SimulationSettings& simulation, double slowdown) {
    return static_cast<mapping::Picoseconds>(std::llround(static_cast<double>(simulation.resolution_ps) * slowdown));
}

/// Machine time at which a spike found in a step leaves its core: as late in the step's first half as its neuron's turn
/// to be updated is. index: within a slice of so many neurons.
[[nodiscard]] inline mapping::Picoseconds spike_time(std::int64_t step, std::uint64_t index, std::uint64_t neurons,
                                                     mapping::Picoseconds step_ps) {
    const double turn = (static_cast<double>(index) + 1.0) / (static_cast<double>(neurons) + 1.0);
    return static_cast<mapping::Picoseconds>(step) * step_ps +
           static_cast<mapping::Picoseconds>(0.5 * turn * static_cast<double>(step_ps));
}

/// A spike of neuron `index` of a slice, found `lag` steps after the first step that is being routed.
struct SliceSpike {
    std::uint32_t lag, slice, index;
};
static_assert(sizeof(SliceSpike) == 3 * sizeof(std::uint32_t));

/// What differs from a run in which every packet comes in its own step. A delivery that is dropped, or still under way
/// when the step ends, is one that is missing: the spike doesn't act on the target slice. When it comes at last, in
/// step t, it acts as one that was found in t would: the machine counts delays from when it works a packet off.
struct RoutedException {
    std::uint32_t slice, index; ///< the spike's
    std::uint32_t target;       ///< slice
    std::uint32_t lag;          ///< missing: of the spike; late: of the step in which it came
    std::uint32_t late;         ///< 1; or 0: missing
};
static_assert(sizeof(RoutedException) == 5 * sizeof(std::uint32_t));

/// The router model in the loop of a run. What it says depends on the spikes alone, not on how steps are grouped.
class MachineRouter {
public:
    /// step_ps: machine time of a step. The mapping must fit and live as long as this.
    MachineRouter(const NetworkMapping& mapping, const mapping::TrafficSettings& settings,
                  mapping::Picoseconds step_ps);

    /// Sends the spikes of steps first to end - 1, in any order; first is where the call before ended. Appends the
    /// exceptions that are known at the end.
    void run(std::int64_t first, std::int64_t end, std::vector<SliceSpike> spikes, std::vector<RoutedException>& out);

    /// Deliveries that came after the step of their spike.
    [[nodiscard]] std::uint64_t late() const noexcept { return late_; }
    [[nodiscard]] mapping::TrafficReport report() const { return traffic_.report(); }

private:
    void step(std::int64_t step, std::uint32_t lag, std::vector<RoutedException>& out);

    struct Sent {
        std::int64_t step;
        std::uint32_t net, slice, index;
        std::uint32_t awaited; ///< deliveries that are neither made nor dropped
    };

    const Split& split_;
    mapping::Picoseconds step_ps_;
    mapping::Traffic traffic_;
    std::vector<std::uint32_t> net_of_;    ///< by slice
    std::vector<std::uint32_t> vertex_at_; ///< by chip and core
    std::size_t cores_ = 0;                ///< of the chip that has most
    std::deque<Sent> sent_;                ///< from the oldest that is still awaited
    std::uint64_t first_sent_ = 0;         ///< its number
    std::uint64_t late_ = 0;
    std::int64_t first_ = 0; ///< of the steps that are being routed
    std::vector<mapping::Spike> packets_;
    std::vector<mapping::Delivery> deliveries_;
};

} // namespace spikecast
