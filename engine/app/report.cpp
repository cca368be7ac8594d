#include "engine/app/report.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace spikecast {

namespace {

constexpr std::size_t width = 80;

/// Characters of a UTF-8 text.
std::size_t columns_of(const std::string& text) {
    std::size_t n = 0;
    for (const char c : text)
        n += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    return n;
}

/// At most `columns` characters, ending with "..." where something was left out.
std::string shorten(const std::string& text, std::size_t columns) {
    if (columns_of(text) <= columns) return text;
    std::string result;
    std::size_t n = 0;
    for (const char c : text) {
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U && ++n > columns - 3) break;
        result += c;
    }
    return result + "...";
}

/// Padded to `columns` characters; fmt would count bytes of what isn't ASCII in some versions.
std::string pad(const std::string& text, std::size_t columns) {
    const std::string fitting = shorten(text, columns);
    return fitting + std::string(columns - columns_of(fitting), ' ');
}

std::string number(double value, const char* format = "{:.3g}") {
    return std::isfinite(value) ? fmt::format(fmt::runtime(format), value) : "-";
}

/// 77169 -> "77,169"
std::string grouped(std::uint64_t value) {
    std::string digits = std::to_string(value);
    for (std::size_t i = digits.size(); i > 3; i -= 3)
        digits.insert(i - 3, ",");
    return digits;
}

std::string bytes(double value) {
    constexpr std::array<const char*, 6> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t unit = 0;
    while (value >= 1024.0 && unit + 1 < units.size()) {
        value /= 1024.0;
        ++unit;
    }
    return fmt::format("{:.3g} {}", value, units[unit]);
}

/// Fixed digits up to 9999, three significant ones beyond, so that columns keep their width.
std::string cell(double value, int digits) {
    if (!std::isfinite(value)) return "-";
    return std::abs(value) < 9999.0 ? fmt::format("{:.{}f}", value, digits) : fmt::format("{:.2e}", value);
}

const char* partitioner_name(const SimulationSettings& settings) {
    constexpr std::array<const char*, 3> names{"round_robin", "block", "random"};
    return names.at(static_cast<std::size_t>(settings.partitioner));
}
const char* precision_name(const SimulationSettings& settings) {
    return settings.precision == Precision::double_precision ? "double" : "single";
}
const char* weights_name(const SimulationSettings& settings) {
    return settings.weights == WeightFormat::float32 ? "float32" : "compact";
}

nlohmann::ordered_json machine_json(const MachineSummary& m) {
    nlohmann::ordered_json json{{"machine", m.machine},
                                {"fits", m.fits},
                                {"binding_constraint", m.binding_constraint},
                                {"binding_share", m.binding_share},
                                {"chips", m.chips},
                                {"cores", m.slices},
                                {"worst_table_entries", m.worst_table_entries},
                                {"mapping_s", m.mapping_s},
                                {"notes", m.notes},
                                {"router", nullptr}};
    if (m.router)
        json["router"] = {
            {"machine_s", m.machine_s},
            {"packets", m.packets},
            {"deliveries", m.deliveries},
            {"late", m.late},
            {"dropped", m.dropped},
            {"under_way", m.under_way},
            {"emergency_routes", m.emergency_routes},
            {"reinjected", m.reinjected},
            {"max_link_utilisation", m.max_link_utilisation},
            {"latency_us", {{"mean", m.latency_us[0]}, {"p99", m.latency_us[1]}, {"max", m.latency_us[2]}}},
            {"energy_j", {{"links", m.energy_j[0]}, {"idle", m.energy_j[1]}, {"busy", m.energy_j[2]}}},
            {"router_s", m.router_s}};
    return json;
}

} // namespace

double RunReport::real_time_factor() const {
    if (!(summary.biological_s > 0.0)) return std::numeric_limits<double>::quiet_NaN();
    return summary.simulate_s / summary.biological_s;
}

std::uint64_t RunReport::total_peak_rss_bytes() const {
    return std::accumulate(summary.peak_rss_bytes.begin(), summary.peak_rss_bytes.end(), std::uint64_t{0});
}

double RunReport::bytes_per_synapse() const {
    if (summary.synapses == 0) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(total_peak_rss_bytes()) / static_cast<double>(summary.synapses);
}

nlohmann::ordered_json share_json(const RankSummary& s) {
    return {{"rank", s.rank},
            {"neurons", s.neurons},
            {"synapses", s.synapses},
            {"segments", s.segments},
            {"sources_heard", s.sources_heard},
            {"pairs", s.pairs},
            {"ranks_reached", s.ranks_reached},
            {"ranks_heard", s.ranks_heard},
            {"spikes", s.spikes},
            {"synaptic_events", s.synaptic_events},
            {"exchanges", s.exchanges},
            {"peers_to", s.peers_to},
            {"peers_from", s.peers_from},
            {"bytes_sent", s.bytes_sent},
            {"bytes_received", s.bytes_received},
            {"expected_bytes_sent_per_s", s.expected_bytes_sent},
            {"memory_bytes",
             {{"peak", s.peak_rss_bytes},
              {"build_peak", s.build_peak_bytes},
              {"program", s.base_bytes},
              {"neurons", s.neuron_bytes},
              {"synapses", s.synapse_bytes},
              {"sources_heard", s.source_bytes},
              {"pairs", s.pair_bytes},
              {"ranks", s.rank_bytes},
              {"spikes", s.spike_bytes}}},
            {"build_s", s.build_s},
            {"drawing_s", s.drawing_s},
            {"processor_s",
             {{"deliver", s.phases.deliver},
              {"update", s.phases.update},
              {"exchange", s.phases.exchange},
              {"network", s.phases.network},
              {"record", s.phases.record}}},
            {"network_hash", fmt::format("{:016x}{:016x}", s.network_hash[1], s.network_hash[0])}};
}

std::string to_json(const RunReport& report) {
    const RunSummary& r = report.summary;
    using Json = nlohmann::ordered_json;
    const auto finite = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
    Json populations = Json::array();
    for (const PopulationStatistics& p : r.populations)
        populations.push_back({{"name", p.name},
                               {"neurons", p.neurons},
                               {"rate_hz", finite(p.rate_hz)},
                               {"cv", finite(p.cv)},
                               {"synchrony", finite(p.synchrony)}});
    Json drawing = Json::array();
    for (const ProjectionDrawing& d : r.drawing)
        drawing.push_back({{"projection", d.projection}, {"drawing", d.drawing}});
    Json json{{"title", report.title},
              {"version", report.version},
              {"outcome", report.interrupted_by.empty() ? "complete" : "interrupted"},
              {"interrupted_by", report.interrupted_by.empty() ? Json(nullptr) : Json(report.interrupted_by)},
              {"resumed_at_ms", r.resumed_ms < 0.0 ? Json(nullptr) : Json(r.resumed_ms)},
              {"seed", report.settings.seed},
              {"ranks", r.ranks},
              {"threads", r.threads},
              {"partitioner", r.machine ? "mapped" : partitioner_name(report.settings)},
              {"exchange", r.exchange},
              {"drawing", drawing},
              {"precision", precision_name(report.settings)},
              {"weights", weights_name(report.settings)},
              {"neurons", r.neurons},
              {"synapses", r.synapses},
              {"spikes", r.spikes},
              {"synaptic_events", r.synaptic_events},
              {"build_s", finite(r.build_s)},
              {"simulate_s", finite(r.simulate_s)},
              {"biological_s", finite(r.biological_s)},
              {"real_time_factor", finite(report.real_time_factor())},
              {"total_simulate_s", finite(r.total_simulate_s)},
              {"total_biological_s", finite(r.total_biological_s)},
              {"phases_s",
               {{"deliver", finite(r.phases.deliver)},
                {"update", finite(r.phases.update)},
                {"exchange", finite(r.phases.exchange)},
                {"network", finite(r.phases.network)},
                {"record", finite(r.phases.record)}}},
              {"peak_rss_bytes", r.peak_rss_bytes},
              {"peak_rss_bytes_total", report.total_peak_rss_bytes()},
              {"network_bytes", r.network_bytes},
              {"bytes_per_synapse", finite(report.bytes_per_synapse())},
              {"bytes_sent", r.bytes_sent},
              {"packet_bytes", r.packet_bytes},
              {"most_packets_in_an_epoch", r.most_packets},
              {"epochs_sorted_by_digit", r.epochs_sorted_by_digit},
              {"checkpoints",
               {{"written", r.checkpoints.written},
                {"seconds", r.checkpoints.seconds},
                {"longest_s", r.checkpoints.longest_s},
                {"bytes", r.checkpoints.bytes},
                {"file", r.checkpoints.file},
                {"at_ms", r.checkpoints.at_ms}}},
              {"populations", populations},
              {"spike_hash", r.spike_hash},
              {"network_hash", r.network_hash},
              {"state_hash", r.state_hash}};
    if (!r.weights_hash.empty()) json["weights_hash"] = r.weights_hash;
    if (r.machine) json["machine"] = machine_json(*r.machine);
    for (const WeightStatistics& w : r.plastic)
        json["plastic"].push_back({{"projection", w.projection},
                                   {"synapses", w.synapses},
                                   {"lowest", w.lowest},
                                   {"highest", w.highest},
                                   {"mean", w.mean},
                                   {"histogram", w.histogram}});
    if (!r.shares.empty()) {
        json["phases_clock"] = "processor";
        for (const RankSummary& share : r.shares)
            json["shares"].push_back(share_json(share));
    }
    // A title from a file in another encoding must not cost the report.
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string to_table(const RunReport& report, const Reference& reference) {
    const RunSummary& r = report.summary;
    const std::string rule(width, '-');
    std::string out;
    const auto line = [&](const std::string& text) { out += shorten(text, width) + "\n"; };
    const auto field = [&](const char* name, const std::string& value) {
        line(fmt::format("  {:<17}{}", name, value));
    };

    line(report.title);
    line(rule);
    field("network", fmt::format("{} neurons, {} synapses", grouped(r.neurons), grouped(r.synapses)));
    field("on", fmt::format("{} {} x {} {}, {}, {} exchange", r.ranks, r.ranks == 1 ? "rank" : "ranks", r.threads,
                            r.threads == 1 ? "thread" : "threads",
                            r.machine ? "mapped" : partitioner_name(report.settings), r.exchange));
    for (const ProjectionDrawing& d : r.drawing)
        field("drawn by source", fmt::format("{}: {}", d.projection, d.drawing));
    field("numbers", fmt::format("{} precision, {} weights, seed {}", precision_name(report.settings),
                                 weights_name(report.settings), report.settings.seed));
    field("build", number(r.build_s) + " s");
    field("simulation", fmt::format("{} s for {} s of biological time: factor {}", number(r.simulate_s),
                                    number(r.biological_s, "{:.6g}"), number(report.real_time_factor())));
    const double seconds = r.phases.deliver + r.phases.update + r.phases.exchange + r.phases.record;
    const auto share = [&](double phase) { return seconds > 0.0 ? 100.0 * phase / seconds : 0.0; };
    field("  of which",
          fmt::format("deliver {:.0f} %, update {:.0f} %, exchange {:.0f} %, record {:.0f} %", share(r.phases.deliver),
                      share(r.phases.update), share(r.phases.exchange), share(r.phases.record)));
    field("spikes",
          fmt::format("{}, {} synaptic events", grouped(r.spikes), number(static_cast<double>(r.synaptic_events))));
    field("peak memory",
          fmt::format("{} in all, {} bytes a synapse", bytes(static_cast<double>(report.total_peak_rss_bytes())),
                      number(report.bytes_per_synapse())));
    field("sent", fmt::format("{} in packets of {} bytes", bytes(static_cast<double>(r.bytes_sent)), r.packet_bytes));
    if (r.checkpoints.written > 0)
        field("checkpoints", fmt::format("{}, the last of {} at {} ms; the longest took {} s", r.checkpoints.written,
                                         bytes(static_cast<double>(r.checkpoints.bytes)), r.checkpoints.at_ms,
                                         number(r.checkpoints.longest_s)));
    if (r.machine) {
        const MachineSummary& m = *r.machine;
        field("machine", fmt::format("{}: {} slices on {} chips, mapped in {} s", m.machine, grouped(m.slices),
                                     grouped(m.chips), number(m.mapping_s)));
        field("  closest limit", fmt::format("{}: {} %", m.binding_constraint, number(100.0 * m.binding_share)));
        if (m.router) {
            field("  packets", fmt::format("{} with {} deliveries in {} s of machine time", grouped(m.packets),
                                           grouped(m.deliveries), number(m.machine_s)));
            field("  late, dropped", fmt::format("{} and {} deliveries", grouped(m.late), grouped(m.dropped)));
            field("  busiest link", fmt::format("sends {} % of the time", number(100.0 * m.max_link_utilisation)));
            field("  energy", fmt::format("links {} J, chips idle {} J, busy at most {} J more", number(m.energy_j[0]),
                                          number(m.energy_j[1]), number(m.energy_j[2])));
            field("  router model", number(m.router_s) + " s");
        }
        for (std::string note : m.notes) {
            const char* name = "  note";
            constexpr std::size_t room = width - 19;
            for (std::size_t cut; note.size() > room && (cut = note.rfind(' ', room)) != std::string::npos; name = "") {
                field(name, note.substr(0, cut));
                note.erase(0, cut + 1);
            }
            field(name, note);
        }
    }
    field("spike hash", r.spike_hash);
    field("network hash", r.network_hash);
    if (!r.weights_hash.empty()) field("weights hash", r.weights_hash);
    line(rule);
    bool any = false;
    for (const PopulationStatistics& p : r.populations)
        any = any || reference.rates_hz.contains(p.name);
    line(fmt::format("{}{:>14}{:>9}{:>7}{:>11}{}", pad("population", 16), "neurons", "rate/Hz", "CV", "synchrony",
                     any ? " reference/Hz   differs" : ""));
    for (const PopulationStatistics& p : r.populations) {
        std::string text = fmt::format("{}{:>14}{:>9}{:>7}{:>11}", pad(p.name, 16), grouped(p.neurons),
                                       cell(p.rate_hz, 3), cell(p.cv, 2), cell(p.synchrony, 2));
        const auto found = reference.rates_hz.find(p.name);
        if (found != reference.rates_hz.end()) {
            text += fmt::format("{:>13}", cell(found->second, 3));
            if (found->second > 0.0) {
                const double percent = 100.0 * (p.rate_hz / found->second - 1.0);
                text +=
                    std::abs(percent) < 1000.0 ? fmt::format("{:>+8.1f} %", percent) : fmt::format("{:>10}", "> 10 x");
            }
        }
        line(text);
    }
    line(rule);
    if (any && !reference.source.empty()) { // wrapped, for a source that is cut off is no source
        std::string text = "Reference: " + reference.source;
        while (columns_of(text) > width) {
            const std::size_t cut = text.rfind(' ', width);
            if (cut == std::string::npos || cut < 12) break;
            line(text.substr(0, cut));
            text = "  " + text.substr(cut + 1);
        }
        line(text);
    }
    return out;
}

} // namespace spikecast
