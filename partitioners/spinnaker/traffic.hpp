// Spikes as packets through routers and links: who arrives when, what is dropped, how busy each link is.
#pragma once

#include "partitioners/spinnaker/mapping.hpp"
#include "spikecast/random.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spikecast::mapping {

/// Times of the simulation are whole picoseconds.
using Picoseconds = std::uint64_t;
inline constexpr Picoseconds ps_per_ms = 1'000'000'000;
inline constexpr unsigned most_pipeline_cycles = 16;
inline constexpr Picoseconds never = std::numeric_limits<Picoseconds>::max();

/// The routers and links. Where the defaults come from is in docs/mapping_traffic.md.
struct TrafficSettings {
    double router_mhz = 200.0;        ///< a router takes one packet a cycle
    unsigned pipeline_cycles = 7;     ///< from entering a router to its outputs; 1 to 16, and as many packets fit in
    double link_mbit_s = 250.0;       ///< each direction of a link between chips
    double board_link_mbit_s = 250.0; ///< the same where it joins two boards: its share of the serial link
    double board_latency_ns = 300.0;  ///< what crossing to another board takes longer
    unsigned output_buffer = 2;       ///< packets at each output, the one being sent among them
    unsigned input_buffer = 2;        ///< packets at each input of a router
    unsigned wait_cycles = 480;       ///< how long a router tries a blocked packet before emergency routing or drop
    bool emergency_routing = false;   ///< round two sides of the triangle of a blocked link
    unsigned emergency_wait_cycles = 480; ///< how long it then tries both ways before it drops
    bool reinject = false;                ///< a monitor core sends dropped packets again
    unsigned reinject_queue = 4096;       ///< packets that it can hold
    double reinject_interval_us = 10.0;   ///< between two packets that it sends
    double phase_ms = 0.0;         ///< period of the time phase; packets of the last but one are dropped; 0: no ageing
    double step_ms = 1.0;          ///< a spike is in time when it has arrived this long after it was sent
    double drain_ms = 100.0;       ///< how long finish() waits for what is under way
    bool payload = false;          ///< every packet has 72 bits, with a word of payload
    double link_pj_per_bit = 25.0; ///< energy of a bit over a link
    double chip_idle_w = 0.36;     ///< a chip that is powered and idle
    double chip_busy_w = 1.0;      ///< a chip with all cores at work
    double board_fpgas_w = 3 * 0.585; ///< the serial links' FPGAs of a board, on machines of several boards
};

/// What is out of bounds: a diagnostic for each, with the object traffic.NAME.
[[nodiscard]] std::vector<Diagnostic> wrong_settings(const TrafficSettings& settings);

/// A packet to send: from the source of a net, with one of its keys.
struct Spike {
    Picoseconds time = 0;
    std::uint32_t net = 0;
    std::uint32_t index = 0; ///< neuron of the slice: which key of the block
    bool payload = false;    ///< 72 bits instead of 40
};

struct Delivery {
    std::uint64_t spike; ///< number of the spike since the start, 0 for the first
    ChipId chip;
    std::uint16_t core;
    Picoseconds arrival; ///< never: dropped on the way
};

/// A distribution of latencies over deliveries, from the time of the spike, waiting at the sender included. Percentiles
/// are the upper edges of intervals of 1/32 of their value, the rest is exact.
struct LatencyStatistics {
    struct Bin {
        double below_ns;
        std::uint64_t deliveries;
    };
    std::uint64_t deliveries = 0;
    double min_ns = 0.0, mean_ns = 0.0, max_ns = 0.0;
    double median_ns = 0.0, p90_ns = 0.0, p99_ns = 0.0;
    std::vector<Bin> bins; ///< ascending; those with deliveries, at most eight to a factor of two
};

/// From the nets of one group to the vertices of one target group (MachineGraph::group, target_group).
struct ProjectionTraffic {
    std::uint32_t source = 0, target = 0;
    LatencyStatistics latency;
    std::uint64_t dropped = 0; ///< deliveries
};

struct TrafficReport {
    double seconds = 0.0;           ///< simulated
    std::uint64_t packets_sent = 0; ///< spikes
    std::uint64_t fan_out = 0;      ///< deliveries that they ask for
    std::uint64_t delivered = 0;    ///< arrived at a core
    std::uint64_t dropped = 0;      ///< deliveries lost with a packet; fan_out = delivered + dropped + under_way
    std::uint64_t under_way = 0;
    std::uint64_t packets_blocked = 0;    ///< packets dropped because an output stayed blocked
    std::uint64_t packets_aged = 0;       ///< packets dropped because of their time phase
    std::uint64_t packets_unfinished = 0; ///< packets given up by finish()
    std::uint64_t emergency_routes = 0;   ///< packets that went round a blocked link
    std::uint64_t reinjected = 0;         ///< packets that a monitor sent again
    std::uint64_t late = 0;               ///< deliveries after the step
    std::uint64_t spikes_not_in_time = 0; ///< spikes that some destination had late or not at all
    std::uint64_t hops = 0;               ///< packets over links

    std::vector<std::uint64_t> link_packets; ///< by 6 * chip + link
    std::vector<double> link_utilisation;    ///< by 6 * chip + link: share of the time that it was sending
    double max_utilisation = 0.0;
    std::uint32_t busiest_link = 0; ///< 6 * chip + link

    LatencyStatistics latency;                    ///< all deliveries
    std::vector<LatencyStatistics> group_latency; ///< by the nets' group
    std::vector<std::uint64_t> group_dropped;     ///< deliveries, by the nets' group
    std::vector<ProjectionTraffic> projections;   ///< those that had packets, by source, then target

    double link_joules = 0.0; ///< bits over links
    double idle_joules = 0.0; ///< all live chips idle, and FPGAs
    double busy_joules = 0.0; ///< what chips with vertices take more when all their cores are at work
};

/// The simulation. Deterministic: the same spikes give the same packets in the same order. Packets are conserved, which
/// is checked at the end of every run(): a violation throws std::logic_error.
class Traffic {
public:
    /// Tables are followed once for each net that sends; they must be right (verify.hpp). Throws InputError for
    /// settings out of bounds. The tables must live as long as this.
    Traffic(const Machine& machine, const MachineGraph& graph, const Placement& placement, const Keys& keys,
            const Tables& tables, const TrafficSettings& settings);
    ~Traffic();
    Traffic(Traffic&&) noexcept;
    Traffic& operator=(Traffic&&) noexcept;

    /// Sends spikes, ascending in time, from now() to before `until`, and goes on until then; what is under way stays
    /// so. Appends what arrived or was lost meanwhile, in order of time. Throws std::invalid_argument for spikes out of
    /// order, nets or indices that don't exist, and RunError where the tables send a packet in circles.
    void run(std::span<const Spike> spikes, Picoseconds until, std::vector<Delivery>* deliveries = nullptr);
    /// Goes on until nothing is under way, or gives up after drain_ms what still is.
    void finish(std::vector<Delivery>* deliveries = nullptr);
    [[nodiscard]] Picoseconds now() const noexcept;
    [[nodiscard]] TrafficReport report() const;

private:
    class Simulation;
    std::unique_ptr<Simulation> simulation_;
};

enum class Pattern : std::uint8_t {
    poisson, ///< each net a Poisson process
    regular  ///< each net at even intervals, from a time drawn
};
/// Spikes at the nets' weights. Draws are keyed by seed and net: the same for every way of cutting time into windows.
class RateSource {
public:
    /// A net of weight w sends w * packets_per_second_and_weight packets a second, with keys drawn from its block.
    RateSource(const MachineGraph& graph, double packets_per_second_and_weight, Pattern pattern, std::uint64_t seed,
               bool payload = false);
    /// A rate for each net, in packets a second.
    RateSource(const MachineGraph& graph, std::vector<double> rates, Pattern pattern, std::uint64_t seed,
               bool payload = false);
    /// The spikes before `until` that weren't given yet, ascending in time, then net.
    [[nodiscard]] std::vector<Spike> before(Picoseconds until);

private:
    struct Train {
        Picoseconds next;
        std::uint64_t draws;
    };
    void advance(std::uint32_t net);
    std::vector<std::uint8_t> key_bits_;
    std::vector<double> interval_ps_; ///< by net; infinite where it doesn't send
    std::vector<Train> trains_;
    Pattern pattern_;
    Key key_;
    bool payload_;
};

/// Runs rates for a time, step by step, and finishes.
[[nodiscard]] TrafficReport run_rates(Traffic& traffic, RateSource& source, Picoseconds duration);

} // namespace spikecast::mapping
