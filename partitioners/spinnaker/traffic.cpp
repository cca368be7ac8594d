#include "partitioners/spinnaker/traffic.hpp"

#include "partitioners/spinnaker/event_queue.hpp"
#include "partitioners/spinnaker/ternary.hpp"
#include "spikecast/math.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace spikecast::mapping {

namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};
constexpr unsigned local_input = 6; ///< the cores' way into the router
constexpr unsigned input_count = 7;

/// Latencies in nanoseconds, in intervals of 1/32 of an octave.
class Histogram {
public:
    /// Adds what another one has.
    void add(const Histogram& other) {
        counts_.resize(std::max(counts_.size(), other.counts_.size()), 0);
        for (std::size_t i = 0; i < other.counts_.size(); ++i)
            counts_[i] += other.counts_[i];
        total_ += other.total_;
        sum_ += other.sum_;
        min_ = std::min(min_, other.min_);
        max_ = std::max(max_, other.max_);
    }
    void add(Picoseconds latency, std::uint64_t times) {
        const std::uint64_t ns = latency / 1000;
        std::size_t bin = ns;
        if (ns >= 64) {
            const unsigned octave = static_cast<unsigned>(std::bit_width(ns)) - 6;
            bin = 32 * octave + (ns >> octave);
        }
        if (bin >= counts_.size()) counts_.resize(bin + 1, 0);
        counts_[bin] += times;
        total_ += times;
        sum_ += static_cast<Wide>(latency) * times;
        min_ = std::min(min_, latency);
        max_ = std::max(max_, latency);
    }
    [[nodiscard]] LatencyStatistics statistics() const {
        if (total_ == 0) return {};
        const double max_ns = static_cast<double>(max_) * 1e-3;
        const auto percentile = [&](std::uint64_t percent) {
            const std::uint64_t rank = (total_ * percent + 99) / 100;
            std::uint64_t below = 0;
            std::size_t bin = 0;
            for (; bin + 1 < counts_.size(); ++bin)
                if ((below += counts_[bin]) >= rank) break;
            return std::min(upper_edge(bin), max_ns);
        };
        std::vector<LatencyStatistics::Bin> bins;
        for (std::size_t bin = 0; bin < counts_.size();) {
            // From 64 on four intervals become one, the last of which ends at a multiple of four.
            std::uint64_t deliveries = 0;
            const std::size_t end = bin < 64 ? bin + 1 : bin + 4;
            for (; bin < std::min(end, counts_.size()); ++bin)
                deliveries += counts_[bin];
            bin = end;
            if (deliveries > 0) bins.push_back({upper_edge(end - 1), deliveries});
        }
        return {total_,
                static_cast<double>(min_) * 1e-3,
                static_cast<double>(sum_) / static_cast<double>(total_) * 1e-3,
                max_ns,
                percentile(50),
                percentile(90),
                percentile(99),
                std::move(bins)};
    }

private:
    [[nodiscard]] static double upper_edge(std::size_t bin) {
        if (bin < 64) return static_cast<double>(bin + 1);
        const std::size_t octave = bin / 32 - 1;
        return static_cast<double>((bin - 32 * octave + 1) << octave);
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    Wide sum_ = 0;
    Picoseconds min_ = never, max_ = 0;
};

Picoseconds picoseconds(double value, double unit) {
    return static_cast<Picoseconds>(std::llround(value * unit));
}

} // namespace

class Traffic::Simulation {
public:
    Simulation(const Machine& machine, const MachineGraph& graph, const Placement& placement, const Keys& keys,
               const Tables& tables, const TrafficSettings& settings)
        : s_(settings), machine_(machine), source_(graph.source), key_bits_(graph.key_bits), group_(graph.group),
          keys_(keys), tables_(tables) {
        if (auto wrong = wrong_settings(settings); !wrong.empty()) throw InputError(std::move(wrong));
        const auto need = [](std::size_t got, std::size_t expected, const char* what) {
            if (got != expected)
                throw std::invalid_argument(fmt::format("traffic: {} {}, but there must be {}", got, what, expected));
        };
        need(placement.chip.size(), graph.vertices.size(), "placed vertices");
        need(keys.key.size(), graph.nets(), "keys");
        need(keys.mask.size(), graph.nets(), "masks");
        need(graph.key_bits.size(), graph.nets(), "key_bits");
        need(tables.size(), machine.chips(), "tables");
        for (std::uint32_t& v : source_)
            v = placement.chip[v]; // from here on chips
        // By chip and core: the group of the vertex there.
        for (std::size_t v = 0; v < graph.target_group.size(); ++v)
            for (unsigned c = 0; c < graph.vertices[v].cores; ++c)
                target_at_.emplace(core_id(placement.chip[v], placement.first_core[v] + c), graph.target_group[v]);
        cycle_ = picoseconds(1e6, 1.0 / s_.router_mhz);
        pipeline_ = cycle_ * s_.pipeline_cycles;
        wait_ = cycle_ * s_.wait_cycles;
        emergency_wait_ = cycle_ * s_.emergency_wait_cycles;
        reinject_interval_ = std::max<Picoseconds>(1, picoseconds(s_.reinject_interval_us, 1e6));
        phase_ = picoseconds(s_.phase_ms, 1e9);
        step_ = picoseconds(s_.step_ms, 1e9);
        for (const bool payload : {false, true}) {
            const double bits = payload ? 72.0 : 40.0;
            send_time_[0][payload] = std::max<Picoseconds>(1, picoseconds(bits / s_.link_mbit_s, 1e6));
            send_time_[1][payload] = std::max<Picoseconds>(1, picoseconds(bits / s_.board_link_mbit_s, 1e6));
        }
        board_latency_ = picoseconds(s_.board_latency_ns, 1e3);

        const std::size_t chips = machine.chips();
        routers_.resize(chips);
        links_.resize(chips * link_count);
        std::vector<std::uint8_t> boards;
        for (ChipId c = 0; c < chips; ++c) {
            if (machine.alive[c] == 0) continue;
            ++live_chips_;
            if (machine.board[c] >= boards.size()) boards.resize(machine.board[c] + std::size_t{1}, 0);
            boards[machine.board[c]] = 1;
            for (int l = 0; l < link_count; ++l) {
                Link& link = links_[c * link_count + static_cast<unsigned>(l)];
                const ChipId to = machine.neighbour(c, l);
                if (to == no_chip || machine.alive[to] == 0) continue;
                link.to = to;
                link.alive = machine.has_link(c, l);
                link.board = machine.board[c] != machine.board[to];
                link.room = s_.input_buffer;
                // Serial links buffer what is on its way, so that the distance doesn't cost bandwidth.
                if (link.board)
                    link.room += static_cast<unsigned>((board_latency_ + send_time_[1][0] - 1) / send_time_[1][0]);
            }
        }
        live_boards_ = static_cast<std::size_t>(std::count(boards.begin(), boards.end(), 1));
        std::vector<std::uint8_t> used(chips, 0);
        for (const ChipId c : placement.chip)
            used[c] = 1;
        used_chips_ = static_cast<std::size_t>(std::count(used.begin(), used.end(), 1));

        roots_.assign(graph.nets(), none);
        std::uint32_t groups = 1;
        for (const std::uint32_t g : group_)
            groups = std::max(groups, g + 1);
        groups_ = groups;
        seen_.assign(chips * input_count, 0);
    }

    Picoseconds now() const noexcept { return now_; }

    void run(std::span<const Spike> spikes, Picoseconds until, std::vector<Delivery>* deliveries) {
        if (until < now_) throw std::invalid_argument("traffic: time doesn't go back");
        Picoseconds last = now_;
        for (const Spike& spike : spikes) {
            if (spike.time < last || spike.time >= until)
                throw std::invalid_argument(
                    fmt::format("traffic: a spike at {} ps, but spikes come in order, from {} ps to before {} ps",
                                spike.time, last, until));
            if (spike.net >= roots_.size() || spike.index >> key_bits_[spike.net] != 0)
                throw std::invalid_argument(fmt::format("traffic: no neuron {} of net {}", spike.index, spike.net));
            last = spike.time;
        }
        deliveries_ = deliveries;
        // Spikes and the end are events too, so that nobody looks for events beyond them.
        queue_.push(until, stop_event);
        std::size_t next = 0;
        if (!spikes.empty()) queue_.push(spikes[0].time, spike_event);
        while (next_event(until))
            if (event_ != spike_event) {
                handle(event_ - first_event);
            } else {
                send(spikes[next++]);
                if (next < spikes.size()) queue_.push(spikes[next].time, spike_event);
            }
        now_ = until;
        check_conservation();
    }

    void finish(std::vector<Delivery>* deliveries) {
        const Picoseconds limit = now_ + picoseconds(s_.drain_ms, 1e9);
        deliveries_ = deliveries;
        queue_.push(limit, stop_event);
        while (live_packets_ != 0 && next_event(limit))
            handle(event_ - first_event);
        if (live_packets_ != 0) give_up();
        check_conservation();
    }

    TrafficReport report() const {
        TrafficReport r = counts_;
        r.seconds = static_cast<double>(now_) * 1e-12;
        r.under_way = r.fan_out - r.delivered - r.dropped;
        r.link_packets.resize(links_.size());
        r.link_utilisation.resize(links_.size());
        double bits = 0.0;
        for (std::size_t l = 0; l < links_.size(); ++l) {
            const Link& link = links_[l];
            r.link_packets[l] = link.packets[0] + link.packets[1];
            r.hops += r.link_packets[l];
            bits += 40.0 * static_cast<double>(link.packets[0]) + 72.0 * static_cast<double>(link.packets[1]);
            const Picoseconds sending =
                link.packets[0] * send_time_[link.board][0] + link.packets[1] * send_time_[link.board][1];
            r.link_utilisation[l] = now_ == 0 ? 0.0 : static_cast<double>(sending) / static_cast<double>(now_);
            if (r.link_utilisation[l] > r.max_utilisation) {
                r.max_utilisation = r.link_utilisation[l];
                r.busiest_link = static_cast<std::uint32_t>(l);
            }
        }
        for (const std::uint64_t word : not_in_time_)
            r.spikes_not_in_time += static_cast<unsigned>(std::popcount(word));
        Histogram all;
        std::vector<Histogram> by_group(groups_);
        r.group_dropped.resize(groups_, 0);
        for (const Projection& p : projections_) {
            all.add(p.latency);
            by_group[p.source].add(p.latency);
            r.group_dropped[p.source] += p.dropped;
            r.projections.push_back({p.source, p.target, p.latency.statistics(), p.dropped});
        }
        r.latency = all.statistics();
        for (const Histogram& h : by_group)
            r.group_latency.push_back(h.statistics());
        std::sort(r.projections.begin(), r.projections.end(), [](const auto& a, const auto& b) {
            return a.source != b.source ? a.source < b.source : a.target < b.target;
        });
        r.link_joules = bits * s_.link_pj_per_bit * 1e-12;
        r.idle_joules = r.seconds * (s_.chip_idle_w * static_cast<double>(live_chips_) +
                                     (live_boards_ > 1 ? s_.board_fpgas_w * static_cast<double>(live_boards_) : 0.0));
        r.busy_joules = r.seconds * (s_.chip_busy_w - s_.chip_idle_w) * static_cast<double>(used_chips_);
        return r;
    }

private:
    /// What a packet does on one chip, found from the tables once. Children follow each other in order of their links.
    struct Node {
        ChipId chip;
        std::uint32_t child = none;
        std::uint32_t below = 0;    ///< deliveries on this chip and all that lie behind
        std::uint32_t cores = none; ///< which of core_sets_ and shares_begin_
        std::uint16_t here = 0;     ///< deliveries on this chip
        std::uint8_t links = 0;
        std::uint8_t direction = local_input; ///< that it is entered by
    };
    struct Packet {
        Picoseconds sent;
        std::uint64_t spike;
        std::uint32_t node;  ///< where it is, or is to be after an emergency route; none: not in use
        std::uint32_t next;  ///< in whatever list it is
        std::uint32_t phase; ///< in which it entered its first router
        bool payload;
        bool detour; ///< on the chip between the two legs of an emergency route
        bool routed; ///< its phase is set
    };
    struct Projection {
        std::uint32_t source, target; ///< groups
        Histogram latency;
        std::uint64_t dropped;
    };
    /// Of the deliveries on a chip, those of one projection.
    struct Share {
        std::uint32_t projection, deliveries;
    };
    struct List {
        std::uint32_t head = none, tail = none, count = 0;
    };
    struct Link {
        List out;                          ///< waiting, the first being sent where `busy`
        List arriving;                     ///< sent, on its way to another board
        std::uint64_t packets[2] = {0, 0}; ///< sent, without and with payload
        ChipId to = no_chip;
        std::uint32_t room = 0;     ///< of the receiver's input
        std::uint32_t reserved = 0; ///< of it
        bool alive = false, board = false, busy = false;
    };
    struct Router {
        struct Stage {
            Picoseconds ready;
            std::uint32_t packet;
        };
        List in[input_count];
        List dropped; ///< for the monitor to send again
        std::array<Stage, most_pipeline_cycles> pipeline;
        std::uint8_t first = 0, held = 0; ///< of the pipeline
        std::uint8_t turn = 0;            ///< the input whose turn it is
        bool blocked = false, emergency = false, timer = false, monitor = false;
        Picoseconds next_entry = 0, blocked_since = 0;
    };
    enum Kind : std::uint32_t { link_done = 0, head_ready = 6, timer = 7, monitor = 8, crossed = 9 };

    static constexpr std::uint32_t stop_event = 0, spike_event = 1, first_event = 2;

    void schedule(Picoseconds time, ChipId chip, std::uint32_t kind) {
        queue_.push(time, (chip << 4 | kind) + first_event);
    }
    /// Takes the next event before the stop that was set there. Stops that a run didn't come to are passed over.
    bool next_event(Picoseconds stop) {
        do {
            now_ = queue_.next_time();
            event_ = queue_.pop();
            if (event_ == stop_event && now_ == stop) return false;
        } while (event_ == stop_event);
        return true;
    }

    // Lists of packets.
    void append(List& list, std::uint32_t p) {
        packets_[p].next = none;
        (list.count == 0 ? list.head : packets_[list.tail].next) = p;
        list.tail = p;
        ++list.count;
    }
    std::uint32_t take(List& list) {
        const std::uint32_t p = list.head;
        list.head = packets_[p].next;
        --list.count;
        return p;
    }
    std::uint32_t new_packet(const Packet& like) {
        ++live_packets_;
        if (free_ == none) {
            packets_.push_back(like);
            return static_cast<std::uint32_t>(packets_.size() - 1);
        }
        const std::uint32_t p = free_;
        free_ = packets_[p].next;
        packets_[p] = like;
        return p;
    }
    void release(std::uint32_t p) {
        packets_[p].node = none;
        packets_[p].next = free_;
        free_ = p;
        --live_packets_;
    }

    void send(const Spike& spike) {
        const std::uint32_t root = root_of(spike.net, spike.index);
        ++counts_.packets_sent;
        counts_.fan_out += nodes_[root].below;
        const std::uint64_t number = counts_.packets_sent - 1;
        if (nodes_[root].links == 0 && nodes_[root].here == 0) return; // nobody listens
        const std::uint32_t p = new_packet({now_, number, root, none, 0, spike.payload || s_.payload, false, false});
        append(routers_[nodes_[root].chip].in[local_input], p);
        admit(nodes_[root].chip);
    }

    void handle(std::uint32_t event) {
        const ChipId chip = event >> 4;
        const std::uint32_t kind = event & 15;
        if (kind < link_count) {
            sent(chip, kind);
        } else if (kind == head_ready) {
            if (!routers_[chip].blocked) attempt(chip);
        } else if (kind == timer) {
            timed_out(chip);
        } else if (kind == monitor) {
            inject_again(chip);
        } else {
            const unsigned l = kind - crossed;
            arrive(chip, l, take(link_into(chip, l).arriving));
        }
    }

    Link& link_of(ChipId chip, unsigned l) { return links_[chip * link_count + l]; }
    /// The link that enters a chip in direction l.
    Link& link_into(ChipId chip, unsigned l) {
        const ChipId from = machine_.neighbour(chip, opposite(static_cast<int>(l)));
        return link_of(from, l);
    }

    void start(ChipId chip, unsigned l) {
        Link& link = link_of(chip, l);
        if (link.busy || link.out.count == 0 || link.reserved >= link.room) return;
        link.busy = true;
        ++link.reserved;
        schedule(now_ + send_time_[link.board][packets_[link.out.head].payload], chip, link_done + l);
    }

    void sent(ChipId chip, unsigned l) {
        Link& link = link_of(chip, l);
        link.busy = false;
        const std::uint32_t p = take(link.out);
        ++link.packets[packets_[p].payload];
        if (link.board && board_latency_ > 0) {
            append(link.arriving, p);
            schedule(now_ + board_latency_, link.to, crossed + l);
        } else {
            arrive(link.to, l, p);
        }
        start(chip, l);
        if (routers_[chip].blocked) attempt(chip);
    }

    void arrive(ChipId chip, unsigned l, std::uint32_t p) {
        append(routers_[chip].in[l], p);
        admit(chip);
    }

    /// Moves packets from the inputs, in turn, to the pipeline while it has room.
    void admit(ChipId chip) {
        Router& r = routers_[chip];
        while (r.held < s_.pipeline_cycles) {
            unsigned i = 0;
            while (i < input_count && r.in[(r.turn + i) % input_count].count == 0)
                ++i;
            if (i == input_count) return;
            const unsigned input = (r.turn + i) % input_count;
            r.turn = static_cast<std::uint8_t>((input + 1) % input_count);
            const std::uint32_t p = take(r.in[input]);
            const Picoseconds enters = std::max(now_, r.next_entry);
            r.next_entry = enters + cycle_;
            Packet& packet = packets_[p];
            if (!packet.routed && phase_ > 0) packet.phase = static_cast<std::uint32_t>(enters / phase_);
            packet.routed = true;
            r.pipeline[(r.first + r.held) % most_pipeline_cycles] = {enters + pipeline_, p};
            if (++r.held == 1) schedule(enters + pipeline_, chip, head_ready);
            if (input != local_input) {
                const ChipId from = machine_.neighbour(chip, opposite(static_cast<int>(input)));
                --link_of(from, input).reserved;
                start(from, input);
            }
        }
    }

    bool output_free(ChipId chip, unsigned l, unsigned more = 1) {
        const Link& link = link_of(chip, l);
        return link.alive && link.out.count + more <= s_.output_buffer;
    }

    /// Tries to route the packet at the head of the pipeline.
    void attempt(ChipId chip) {
        Router& r = routers_[chip];
        const std::uint32_t p = r.pipeline[r.first].packet;
        const Packet packet = packets_[p];
        if (phase_ > 0 && now_ / phase_ >= packet.phase + std::uint64_t{2}) {
            ++counts_.packets_aged;
            lose(p);
            advance(chip);
            return;
        }
        const Node& node = nodes_[packet.node];
        unsigned links = node.links, detours = 0;
        if (packet.detour) links = 1U << ((node.direction + 5U) % link_count);
        unsigned blocked = 0;
        for (unsigned rest = links; rest != 0; rest &= rest - 1) {
            const auto l = static_cast<unsigned>(std::countr_zero(rest));
            if (!output_free(chip, l)) blocked |= 1U << l;
        }
        if (blocked != 0 && r.emergency && !packet.detour) {
            // Each blocked one by way of the next link, where that has room for all that go there.
            detours = blocked;
            for (unsigned l = 0; l < link_count && detours == blocked; ++l) {
                const unsigned by = (l + 1) % link_count;
                if ((blocked >> l & 1) == 0) continue;
                const bool wanted = (links & ~blocked) >> by & 1;
                if (nodes_[child(node, l)].chip == no_chip || !output_free(chip, by, wanted ? 2 : 1)) detours = 0;
            }
        }
        if (blocked != detours) {
            if (r.blocked) return;
            r.blocked = true;
            r.emergency = false;
            r.blocked_since = now_;
            if (!r.timer) {
                r.timer = true;
                schedule(now_ + wait_, chip, timer);
            }
            return;
        }
        deliver(packet, node);
        for (unsigned rest = links; rest != 0; rest &= rest - 1) {
            const auto l = static_cast<unsigned>(std::countr_zero(rest));
            std::uint32_t copy = p;
            if ((rest & (rest - 1)) != 0) copy = new_packet(packet);
            Packet& out = packets_[copy];
            out.detour = (detours >> l & 1) != 0;
            if (!packet.detour) out.node = child(node, l);
            const unsigned by = out.detour ? (l + 1) % link_count : l;
            counts_.emergency_routes += out.detour;
            append(link_of(chip, by).out, copy);
            start(chip, by);
        }
        if (links == 0) release(p);
        advance(chip);
    }

    std::uint32_t child(const Node& node, unsigned l) const {
        return node.child + static_cast<unsigned>(std::popcount(node.links & ((1U << l) - 1)));
    }

    void deliver(const Packet& packet, const Node& node) {
        if (node.here == 0 || packet.detour) return;
        const Picoseconds latency = now_ - packet.sent;
        counts_.delivered += node.here;
        for (const Share& share : shares_of(node))
            projections_[share.projection].latency.add(latency, share.deliveries);
        if (latency > step_) {
            counts_.late += node.here;
            mark_not_in_time(packet.spike);
        }
        if (deliveries_ != nullptr) tell(packet.spike, node, now_);
    }
    void tell(std::uint64_t spike, const Node& node, Picoseconds arrival) {
        const Route& cores = core_sets_[node.cores];
        for (unsigned b = link_count; b < 192; ++b)
            if (cores.has(b))
                deliveries_->push_back({spike, node.chip, static_cast<std::uint16_t>(b - link_count), arrival});
    }
    void mark_not_in_time(std::uint64_t spike) {
        if (spike / 64 >= not_in_time_.size()) not_in_time_.resize(spike / 64 + 1, 0);
        not_in_time_[spike / 64] |= std::uint64_t{1} << (spike % 64);
    }

    /// The head has left.
    void advance(ChipId chip) {
        Router& r = routers_[chip];
        r.blocked = false;
        r.first = static_cast<std::uint8_t>((r.first + 1U) % most_pipeline_cycles);
        if (--r.held > 0) schedule(std::max(r.pipeline[r.first].ready, now_ + cycle_), chip, head_ready);
        admit(chip);
    }

    void timed_out(ChipId chip) {
        Router& r = routers_[chip];
        r.timer = false;
        if (!r.blocked) return;
        const Picoseconds limit = r.blocked_since + wait_ + (r.emergency ? emergency_wait_ : 0);
        if (now_ < limit) { // set for a packet before this one
            r.timer = true;
            schedule(limit, chip, timer);
            return;
        }
        if (s_.emergency_routing && !r.emergency) {
            r.emergency = true;
            r.timer = true;
            schedule(r.blocked_since + wait_ + emergency_wait_, chip, timer);
            attempt(chip);
            return;
        }
        const std::uint32_t p = r.pipeline[r.first].packet;
        if (s_.reinject && r.dropped.count < s_.reinject_queue) {
            append(r.dropped, p);
            if (!r.monitor) {
                r.monitor = true;
                schedule(now_ + reinject_interval_, chip, monitor);
            }
        } else {
            ++counts_.packets_blocked;
            lose(p);
        }
        advance(chip);
    }

    void inject_again(ChipId chip) {
        Router& r = routers_[chip];
        const std::uint32_t p = take(r.dropped);
        packets_[p].routed = false; // the monitor sends it with the phase of its own time
        ++counts_.reinjected;
        append(r.in[local_input], p);
        r.monitor = r.dropped.count > 0;
        if (r.monitor) schedule(now_ + reinject_interval_, chip, monitor);
        admit(chip);
    }

    void lose(std::uint32_t p) {
        const Packet& packet = packets_[p];
        const std::uint32_t below = nodes_[packet.node].below;
        counts_.dropped += below;
        if (below > 0) {
            mark_not_in_time(packet.spike);
            lost_nodes_.assign(1, packet.node);
            while (!lost_nodes_.empty()) {
                const Node& node = nodes_[lost_nodes_.back()];
                lost_nodes_.pop_back();
                if (node.here > 0) {
                    for (const Share& share : shares_of(node))
                        projections_[share.projection].dropped += share.deliveries;
                    if (deliveries_ != nullptr) tell(packet.spike, node, never);
                }
                for (int i = 0; i < std::popcount(node.links); ++i)
                    lost_nodes_.push_back(node.child + static_cast<unsigned>(i));
            }
        }
        release(p);
    }

    void give_up() {
        for (std::uint32_t p = 0; p < packets_.size(); ++p)
            if (packets_[p].node != none) {
                ++counts_.packets_unfinished;
                lose(p);
            }
        // All lists held nothing else.
        for (Router& r : routers_)
            r = {};
        for (Link& l : links_) {
            l.out = {};
            l.arriving = {};
            l.reserved = 0;
            l.busy = false;
        }
        queue_ = {};
    }

    void check_conservation() const {
        std::uint64_t under_way = 0;
        if (live_packets_ != 0)
            for (const Packet& p : packets_)
                if (p.node != none) under_way += nodes_[p.node].below;
        if (counts_.fan_out != counts_.delivered + counts_.dropped + under_way)
            throw std::logic_error(fmt::format(
                "traffic: packets aren't conserved: {} deliveries asked for, {} made, {} dropped, {} under way",
                counts_.fan_out, counts_.delivered, counts_.dropped, under_way));
    }

    // Trees.
    std::uint32_t root_of(std::uint32_t net, std::uint32_t index) {
        if (roots_[net] == none) {
            const std::uint32_t root = grow(net, {keys_.key[net], keys_.mask[net]});
            roots_[net] = root == none ? split_net : root;
        }
        if (roots_[net] != split_net) return roots_[net];
        // The tables tell keys of the block apart.
        std::uint32_t key = keys_.key[net];
        for (std::uint32_t rest = ~keys_.mask[net]; rest != 0 && index != 0; rest &= rest - 1, index >>= 1)
            if ((index & 1) != 0) key |= rest & -rest;
        const std::uint64_t id = std::uint64_t{net} << 32 | key;
        const auto known = key_roots_.find(id);
        if (known != key_roots_.end()) return known->second;
        const std::uint32_t root = grow(net, {key, ~std::uint32_t{0}});
        key_roots_.emplace(id, root);
        return root;
    }

    /// The tree of a net's keys; none where they part ways.
    std::uint32_t grow(std::uint32_t net, Cube cube) {
        const auto root = static_cast<std::uint32_t>(nodes_.size());
        const std::size_t sets = core_sets_.size(), shares = shares_.size();
        ++stamp_;
        nodes_.push_back({source_[net]});
        for (std::uint32_t n = root; n < nodes_.size(); ++n) {
            const ChipId chip = nodes_[n].chip;
            const unsigned direction = nodes_[n].direction;
            if (chip == no_chip) continue;
            std::uint32_t& seen = seen_[chip * input_count + direction];
            if (seen == stamp_)
                throw RunError(
                    fmt::format("traffic: the tables send packets of net {} (key 0x{:08x}) to chip ({}, {}) a "
                                "second time the same way; verify them first",
                                net, cube.key, machine_.x(chip), machine_.y(chip)));
            seen = stamp_;
            const std::uint32_t number = tables_.first(chip, cube);
            Route route;
            if (number != PackedTables::none) {
                const TableEntry& e = tables_.entry(chip, number);
                if (!covers({e.key, e.mask}, cube)) {
                    nodes_.resize(root);
                    core_sets_.resize(sets);
                    shares_begin_.resize(sets);
                    shares_.resize(shares);
                    return none;
                }
                route = e.route;
            } else if (direction != local_input) {
                route = Route::link(static_cast<int>(direction));
            }
            nodes_[n].links = static_cast<std::uint8_t>(route.links());
            route.words[0] &= ~std::uint64_t{63};
            for (const std::uint64_t w : route.words)
                nodes_[n].here = static_cast<std::uint16_t>(nodes_[n].here + std::popcount(w));
            if (nodes_[n].here > 0) {
                nodes_[n].cores = static_cast<std::uint32_t>(core_sets_.size());
                core_sets_.push_back(route);
                shares_begin_.push_back(shares_.size());
                add_shares(net, chip, route);
            }
            if (nodes_[n].links != 0) nodes_[n].child = static_cast<std::uint32_t>(nodes_.size());
            for (unsigned rest = nodes_[n].links; rest != 0; rest &= rest - 1) {
                const auto l = static_cast<unsigned>(std::countr_zero(rest));
                // Of a dead link (one way or with its chip alive) the packet still wants to get across.
                Node next{link_of(chip, l).to};
                next.direction = static_cast<std::uint8_t>(l);
                nodes_.push_back(next);
            }
        }
        for (auto n = static_cast<std::uint32_t>(nodes_.size()); n-- > root;) {
            Node& node = nodes_[n];
            node.below = node.here;
            for (int i = 0; i < std::popcount(node.links); ++i)
                node.below += nodes_[node.child + static_cast<unsigned>(i)].below;
        }
        return root;
    }

    /// Which projections the deliveries of a net to a chip's cores belong to.
    void add_shares(std::uint32_t net, ChipId chip, const Route& cores) {
        const std::uint32_t source = group_.empty() ? 0 : group_[net];
        const std::size_t begin = shares_.size();
        for (unsigned b = link_count; b < 192; ++b) {
            if (!cores.has(b)) continue;
            const auto at = target_at_.find(core_id(chip, b - link_count));
            const std::uint32_t target = at == target_at_.end() ? 0 : at->second;
            const auto [known, fresh] = projection_of_.emplace(std::uint64_t{source} << 32 | target,
                                                               static_cast<std::uint32_t>(projections_.size()));
            if (fresh) projections_.push_back({source, target, {}, 0});
            const std::uint32_t projection = known->second;
            const auto share = std::find_if(shares_.begin() + static_cast<std::ptrdiff_t>(begin), shares_.end(),
                                            [&](const Share& s) { return s.projection == projection; });
            if (share == shares_.end())
                shares_.push_back({projection, 1});
            else
                ++share->deliveries;
        }
    }
    [[nodiscard]] std::span<const Share> shares_of(const Node& node) const {
        const std::size_t begin = shares_begin_[node.cores];
        const std::size_t end =
            node.cores + std::size_t{1} < shares_begin_.size() ? shares_begin_[node.cores + 1] : shares_.size();
        return {shares_.data() + begin, end - begin};
    }
    static constexpr std::uint64_t core_id(ChipId chip, unsigned core) { return std::uint64_t{chip} << 16 | core; }

    static constexpr std::uint32_t split_net = none - 1;

    TrafficSettings s_;
    Machine machine_;
    std::vector<std::uint32_t> source_;
    std::vector<std::uint8_t> key_bits_;
    std::vector<std::uint32_t> group_;
    Keys keys_;
    PackedTables tables_;
    Picoseconds cycle_, pipeline_, wait_, emergency_wait_, reinject_interval_, phase_, step_, board_latency_;
    Picoseconds send_time_[2][2]; ///< between boards or not; with payload or not
    std::size_t live_chips_ = 0, live_boards_ = 0, used_chips_ = 0;

    std::vector<Node> nodes_;
    std::vector<Route> core_sets_;
    std::vector<std::size_t> shares_begin_; ///< by core set
    std::vector<Share> shares_;
    std::vector<Projection> projections_;
    std::unordered_map<std::uint64_t, std::uint32_t> projection_of_; ///< by both groups
    std::unordered_map<std::uint64_t, std::uint32_t> target_at_;     ///< by core
    std::uint32_t groups_ = 1;                                       ///< of nets
    std::vector<std::uint32_t> roots_;                               ///< by net
    std::unordered_map<std::uint64_t, std::uint32_t> key_roots_;
    std::vector<std::uint32_t> seen_;
    std::uint32_t stamp_ = 0;

    Picoseconds now_ = 0;
    EventQueue queue_;
    std::uint32_t event_ = 0;
    std::vector<Router> routers_;
    std::vector<Link> links_;
    std::vector<Packet> packets_;
    std::uint32_t free_ = none;
    std::uint64_t live_packets_ = 0;

    std::vector<Delivery>* deliveries_ = nullptr;
    TrafficReport counts_;
    std::vector<std::uint32_t> lost_nodes_;  ///< of lose()
    std::vector<std::uint64_t> not_in_time_; ///< one bit a spike
};

Traffic::Traffic(const Machine& machine, const MachineGraph& graph, const Placement& placement, const Keys& keys,
                 const Tables& tables, const TrafficSettings& settings)
    : simulation_(std::make_unique<Simulation>(machine, graph, placement, keys, tables, settings)) {}
Traffic::~Traffic() = default;
Traffic::Traffic(Traffic&&) noexcept = default;
Traffic& Traffic::operator=(Traffic&&) noexcept = default;
void Traffic::run(std::span<const Spike> spikes, Picoseconds until, std::vector<Delivery>* deliveries) {
    simulation_->run(spikes, until, deliveries);
}
void Traffic::finish(std::vector<Delivery>* deliveries) {
    simulation_->finish(deliveries);
}
Picoseconds Traffic::now() const noexcept {
    return simulation_->now();
}
TrafficReport Traffic::report() const {
    return simulation_->report();
}

namespace {
std::vector<double> scaled(const std::vector<double>& weights, double scale) {
    std::vector<double> rates;
    rates.reserve(weights.size());
    for (const double w : weights)
        rates.push_back(w * scale);
    return rates;
}
} // namespace

RateSource::RateSource(const MachineGraph& graph, double packets_per_second_and_weight, Pattern pattern,
                       std::uint64_t seed, bool payload)
    : RateSource(graph, scaled(graph.weight, packets_per_second_and_weight), pattern, seed, payload) {}

RateSource::RateSource(const MachineGraph& graph, std::vector<double> rates, Pattern pattern, std::uint64_t seed,
                       bool payload)
    : key_bits_(graph.key_bits), trains_(rates.size(), {0, 0}), pattern_(pattern),
      key_(make_key(seed, Purpose::stimulus, "mapping/traffic")), payload_(payload) {
    if (rates.size() != graph.nets())
        throw std::invalid_argument(fmt::format("traffic: {} rates for {} nets", rates.size(), graph.nets()));
    for (std::uint32_t n = 0; n < rates.size(); ++n) {
        if (!(rates[n] >= 0.0) || rates[n] > 1e12)
            throw InputError(Diagnostic{{"<code>"},
                                        fmt::format("traffic.rate of net {}", n),
                                        fmt::format("{} packets/s, but it must be 0 to 1e12", rates[n]),
                                        "give rates in packets a second"});
        interval_ps_.push_back(1e12 / rates[n]);
        if (pattern_ == Pattern::regular && rates[n] > 0.0) {
            // As if the one before had been sent a random part of an interval before the start.
            const double u = open_unit(draw64(key_, n, trains_[n].draws++));
            trains_[n].next = interval_ps_[n] * u < 9e18 ? static_cast<Picoseconds>(interval_ps_[n] * u) : never;
        } else {
            advance(n);
        }
    }
}

void RateSource::advance(std::uint32_t net) {
    Train& t = trains_[net];
    double gap = interval_ps_[net];
    if (pattern_ == Pattern::poisson && std::isfinite(gap)) gap *= -math::log(open_unit(draw64(key_, net, t.draws++)));
    t.next = gap < 9e18 - static_cast<double>(t.next) ? t.next + static_cast<Picoseconds>(gap) : never;
}

std::vector<Spike> RateSource::before(Picoseconds until) {
    std::vector<Spike> spikes;
    for (std::uint32_t n = 0; n < trains_.size(); ++n)
        while (trains_[n].next < until) {
            const std::uint64_t word = draw64(key_, n, trains_[n].draws++);
            spikes.push_back({trains_[n].next, n,
                              static_cast<std::uint32_t>(below(word, std::uint64_t{1} << key_bits_[n])), payload_});
            advance(n);
        }
    std::stable_sort(spikes.begin(), spikes.end(), [](const Spike& a, const Spike& b) { return a.time < b.time; });
    return spikes;
}

TrafficReport run_rates(Traffic& traffic, RateSource& source, Picoseconds duration) {
    const Picoseconds end = traffic.now() + duration;
    while (traffic.now() < end) {
        const Picoseconds until = std::min(end, traffic.now() + ps_per_ms);
        traffic.run(source.before(until), until);
    }
    traffic.finish();
    return traffic.report();
}

} // namespace spikecast::mapping
