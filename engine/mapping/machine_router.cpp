#include "engine/mapping/machine_router.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace spikecast {

namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};

} // namespace

MachineRouter::MachineRouter(const NetworkMapping& m, const mapping::TrafficSettings& settings,
                             mapping::Picoseconds step_ps)
    : split_(*m.split), step_ps_(step_ps),
      traffic_(m.machine, m.graph(), m.mapped->placement, m.mapped->keys, m.mapped->tables, settings),
      net_of_(split_.parts.size(), none) {
    const mapping::MachineGraph& graph = m.graph();
    for (std::size_t n = 0; n < graph.nets(); ++n)
        net_of_[graph.source[n]] = static_cast<std::uint32_t>(n);
    for (const mapping::ChipResources& r : m.machine.resources)
        cores_ = std::max<std::size_t>(cores_, r.cores);
    vertex_at_.assign(m.machine.chips() * cores_, none);
    for (std::uint32_t v = 0; v < graph.vertices.size(); ++v)
        vertex_at_[m.mapped->placement.chip[v] * cores_ + m.mapped->placement.first_core[v]] = v;
}

void MachineRouter::run(std::int64_t first, std::int64_t end, std::vector<SliceSpike> spikes,
                        std::vector<RoutedException>& out) {
    first_ = first;
    const auto time = [&](const SliceSpike& s) {
        return spike_time(first + s.lag, s.index, split_.slices.end(s.slice) - split_.slices.begin(s.slice), step_ps_);
    };
    std::sort(spikes.begin(), spikes.end(), [&](const SliceSpike& a, const SliceSpike& b) {
        return std::tuple(a.lag, time(a), net_of_[a.slice], a.index) <
               std::tuple(b.lag, time(b), net_of_[b.slice], b.index);
    });
    auto next = spikes.begin();
    for (std::int64_t at = first; at < end; ++at) {
        const auto lag = static_cast<std::uint32_t>(at - first);
        packets_.clear();
        for (; next != spikes.end() && next->lag == lag; ++next) {
            const std::uint32_t net = net_of_[next->slice];
            if (net == none) continue; // nobody hears it
            packets_.push_back({time(*next), net, next->index});
            sent_.push_back(
                {at, net, next->slice, next->index, static_cast<std::uint32_t>(split_.graph.sinks_of(net).size())});
        }
        step(at, lag, out);
    }
}

void MachineRouter::step(std::int64_t at, std::uint32_t lag, std::vector<RoutedException>& out) {
    const std::size_t before = sent_.size() - packets_.size(); // spikes of earlier steps
    deliveries_.clear();
    traffic_.run(packets_, static_cast<mapping::Picoseconds>(at + 1) * step_ps_, &deliveries_);

    std::vector<std::uint32_t> in_time(packets_.size(), 0); // deliveries, by spike of this step
    const auto is_in_time = [&](const mapping::Delivery& d) {
        return d.arrival != mapping::never &&
               static_cast<std::int64_t>(d.arrival / step_ps_) == sent_[d.spike - first_sent_].step;
    };
    for (const mapping::Delivery& d : deliveries_) {
        const std::size_t number = d.spike - first_sent_;
        Sent& sent = sent_[number];
        --sent.awaited;
        if (d.arrival == mapping::never) continue;
        if (is_in_time(d)) {
            ++in_time[number - before];
            continue;
        }
        ++late_;
        const auto came = static_cast<std::int64_t>(d.arrival / step_ps_);
        out.push_back({sent.slice, sent.index, vertex_at_[d.chip * cores_ + d.core],
                       static_cast<std::uint32_t>(came - first_), 1});
    }

    // Of the spikes that didn't come everywhere: where they did.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> reached; // spike of this step, slice
    for (const mapping::Delivery& d : deliveries_) {
        const std::size_t number = d.spike - first_sent_;
        if (number < before || !is_in_time(d)) continue;
        const auto spike = static_cast<std::uint32_t>(number - before);
        if (in_time[spike] < split_.graph.sinks_of(sent_[number].net).size())
            reached.emplace_back(spike, vertex_at_[d.chip * cores_ + d.core]);
    }
    std::sort(reached.begin(), reached.end());
    for (std::uint32_t spike = 0; spike < packets_.size(); ++spike) {
        const Sent& sent = sent_[before + spike];
        const auto sinks = split_.graph.sinks_of(sent.net);
        if (in_time[spike] == sinks.size()) continue;
        for (const std::uint32_t sink : sinks)
            if (!std::binary_search(reached.begin(), reached.end(), std::pair(spike, sink)))
                out.push_back({sent.slice, sent.index, sink, lag, 0});
    }
    while (!sent_.empty() && sent_.front().awaited == 0) {
        sent_.pop_front();
        ++first_sent_;
    }
}

} // namespace spikecast
