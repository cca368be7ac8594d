#include "engine/app/dry_run.hpp"

#include "engine/app/predict.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace spikecast {

namespace {

using Json = nlohmann::ordered_json;

Json finite(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

/// Own rates further than this from the expected ones are pointed out: the drawn spikes then don't go with the network.
constexpr double tolerated = 0.1;

} // namespace

double modelled_exchange_seconds(const Network& network, const std::string& scheme, double ranks, double peers,
                                 double packet_bytes) {
    if (ranks < 2.0) return 0.0;
    const double latency = 1e-6 * network.latency_us, per_byte = 1e-9 / network.bandwidth_gb_s;
    if (scheme == "neighbour") return peers * (2.0 * latency + 8.0 * per_byte) + packet_bytes * per_byte;
    const double stages = std::ceil(std::log2(ranks));
    const double pairwise = (ranks - 1.0) * (latency + 8.0 * per_byte);
    const double bruck = stages * (latency + 4.0 * ranks * per_byte);
    return std::min(pairwise, bruck) + (ranks - 1.0) * latency + packet_bytes * per_byte;
}

double DryRunReport::modelled_network_s() const {
    const RankSummary& share = run.summary.shares.at(0);
    const auto exchanges = static_cast<double>(share.exchanges);
    if (!(run.summary.total_biological_s > 0.0) || exchanges == 0.0) return 0.0;
    const double bytes =
        std::max(share.expected_bytes_sent * run.summary.total_biological_s, static_cast<double>(share.bytes_received));
    const double each =
        modelled_exchange_seconds(network, run.summary.exchange, run.summary.ranks,
                                  static_cast<double>(std::max(share.peers_to, share.peers_from)), bytes / exchanges);
    return each * exchanges / run.summary.total_biological_s;
}

std::string to_json(const DryRunReport& report) {
    const RunSummary& r = report.run.summary;
    const RankSummary& share = r.shares.at(0);
    const double seconds = r.total_biological_s;
    const double measured = r.biological_s > 0.0 ? r.biological_s : std::numeric_limits<double>::quiet_NaN();
    Json populations = Json::array();
    for (std::size_t p = 0; p < r.populations.size(); ++p)
        populations.push_back(
            {{"name", r.populations[p].name},
             {"own_neurons", r.populations[p].neurons},
             {"rate_hz", finite(r.populations[p].rate_hz)},
             {"expected_hz", report.expected_hz[p] < 0.0 ? Json(nullptr) : Json(report.expected_hz[p])}});
    const PhaseSeconds& phases = share.phases;
    const double network = report.modelled_network_s();
    const Json json{{"dry_run", true},
                    {"title", report.run.title},
                    {"version", report.run.version},
                    {"seed", report.run.settings.seed},
                    {"ranks", r.ranks},
                    {"rank", share.rank},
                    {"threads", r.threads},
                    {"neurons", r.neurons},
                    {"exchange", r.exchange},
                    {"packet_bytes", r.packet_bytes},
                    {"total_biological_s", finite(seconds)},
                    {"processor_s_per_biological_s",
                     {{"deliver", finite(phases.deliver / measured)},
                      {"update", finite(phases.update / measured)},
                      {"exchange", finite(phases.exchange / measured)},
                      {"record", finite(phases.record / measured)}}},
                    {"modelled_network_s_per_biological_s", finite(network)},
                    {"network_model",
                     {{"latency_us", report.network.latency_us}, {"bandwidth_gb_s", report.network.bandwidth_gb_s}}},
                    {"bytes_sent_per_biological_s", finite(share.expected_bytes_sent)},
                    {"bytes_received_per_biological_s", finite(static_cast<double>(share.bytes_received) / seconds)},
                    {"share", share_json(share)},
                    {"populations", populations}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string to_table(const DryRunReport& report) {
    const RunSummary& r = report.run.summary;
    const RankSummary& s = r.shares.at(0);
    const std::string rule(80, '-');
    std::string out;
    const auto line = [&](const std::string& text) { out += text.substr(0, 80) + "\n"; };
    const auto field = [&](const char* name, const std::string& value) {
        line(fmt::format("  {:<17}{}", name, value));
    };
    const auto bytes = [](std::uint64_t value) { return format_bytes(static_cast<double>(value)); };
    const double seconds = r.total_biological_s, measured = r.biological_s;
    const PhaseSeconds& phases = s.phases;
    const double network = report.modelled_network_s();
    line(report.run.title);
    line(rule);
    field("dry run", fmt::format("rank {} of {}, {} {}; the other ranks' spikes are drawn", s.rank, r.ranks, r.threads,
                                 r.threads == 1 ? "thread" : "threads"));
    field("network", fmt::format("{} neurons", r.neurons));
    field("this rank",
          fmt::format("{} neurons, {} synapses, hears {} sources", s.neurons, s.synapses, s.sources_heard));
    field("", fmt::format("on {} other ranks; its neurons reach {} (drawn)", s.ranks_heard, s.ranks_reached));
    line("");
    field("peak memory", fmt::format("{} ({} when built)", bytes(s.peak_rss_bytes), bytes(s.build_peak_bytes)));
    field("  program", bytes(s.base_bytes));
    field("  neurons", bytes(s.neuron_bytes));
    field("  synapses", fmt::format("{} in {} segments", bytes(s.synapse_bytes), s.segments));
    field("  sources heard", bytes(s.source_bytes));
    field("  pairs", fmt::format("{} for {} of own neuron and rank reached (drawn)", bytes(s.pair_bytes), s.pairs));
    field("  ranks", bytes(s.rank_bytes));
    field("  spikes", fmt::format("{} under way", bytes(s.spike_bytes)));
    line("");
    field("build", fmt::format("{:.3g} s, without telling routes", s.build_s));
    if (measured > 0.0) {
        field("a second takes", "processor time of worker 0 for 1 s of biological time");
        field("  deliver", fmt::format("{:.3g} s", phases.deliver / measured));
        field("  update", fmt::format("{:.3g} s", phases.update / measured));
        field("  exchange", fmt::format("{:.3g} s, packing and sorting", phases.exchange / measured));
        field("  network", fmt::format("{:.3g} s by a model: {}, {:.4g} us a message, {:.4g} GB/s", network, r.exchange,
                                       report.network.latency_us, report.network.bandwidth_gb_s));
        field("  together", fmt::format("{:.3g} s, without waiting for other ranks",
                                        (phases.deliver + phases.update + phases.exchange) / measured + network));
    }
    if (seconds > 0.0) {
        field("sends", fmt::format("{} a second at the expected rates, in {:.4g} exchanges",
                                   format_bytes(s.expected_bytes_sent), static_cast<double>(s.exchanges) / seconds));
        field("receives", fmt::format("{}", format_bytes(static_cast<double>(s.bytes_received) / seconds)));
    }
    line(rule);
    line(fmt::format("{:<16}{:>14}{:>14}{:>14}", "population", "own neurons", "rate/Hz", "expected/Hz"));
    for (std::size_t p = 0; p < r.populations.size(); ++p) {
        const PopulationStatistics& population = r.populations[p];
        const double expected = report.expected_hz[p];
        const bool off = expected >= 0.0 && population.neurons > 0 &&
                         std::abs(population.rate_hz - expected) > tolerated * std::max(expected, 1e-9);
        line(fmt::format("{:<16.16}{:>14}{:>14.3f}{:>14}{}", population.name, population.neurons, population.rate_hz,
                         expected < 0.0 ? std::string("-") : fmt::format("{:.3f}", expected), off ? "  differs" : ""));
    }
    line(rule);
    return out;
}

} // namespace spikecast
