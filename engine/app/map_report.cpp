#include "engine/app/map_report.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace spikecast {

namespace {

using Json = nlohmann::ordered_json;
using mapping::ChipId;
using mapping::Demand;

constexpr std::size_t width = 92;
constexpr unsigned monitor_cores = 1; ///< before the first application core

std::string grouped(std::uint64_t value) {
    std::string digits = std::to_string(value);
    for (std::size_t i = digits.size(); i > 3; i -= 3)
        digits.insert(i - 3, ",");
    return digits;
}

std::string percent(double share) {
    if (share > 0.0 && share < 1e-5) return "< 0.001 %";
    return share >= 1e6 ? "none" : fmt::format("{:.3g} %", 100.0 * share);
}

std::string chip_text(const mapping::Machine& machine, ChipId chip) {
    return fmt::format("({}, {})", machine.x(chip), machine.y(chip));
}

/// Neither JSON nor a reader has an infinity.
Json finite(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json latency_json(const mapping::LatencyStatistics& l) {
    Json below = Json::array(), deliveries = Json::array();
    for (const auto& bin : l.bins) {
        below.push_back(bin.below_ns);
        deliveries.push_back(bin.deliveries);
    }
    return {{"deliveries", l.deliveries},
            {"min_ns", l.min_ns},
            {"mean_ns", l.mean_ns},
            {"median_ns", l.median_ns},
            {"p90_ns", l.p90_ns},
            {"p99_ns", l.p99_ns},
            {"max_ns", l.max_ns},
            {"histogram", {{"below_ns", std::move(below)}, {"deliveries", std::move(deliveries)}}}};
}

Json traffic_json(const MapResult& result) {
    const mapping::TrafficReport& t = *result.traffic;
    Json groups = Json::array();
    for (std::size_t g = 0; result.split && g < result.split->group_names.size() && g < t.group_latency.size(); ++g) {
        Json group{{"name", result.split->group_names[g]}, {"dropped", t.group_dropped[g]}};
        group["latency"] = latency_json(t.group_latency[g]);
        groups.push_back(std::move(group));
    }
    Json projections = Json::array();
    if (result.split)
        for (const mapping::ProjectionTraffic& p : t.projections)
            projections.push_back({{"source", result.split->group_names[p.source]},
                                   {"target", result.split->group_names[p.target]},
                                   {"dropped", p.dropped},
                                   {"latency", latency_json(p.latency)}});
    Json links = Json::array();
    for (std::size_t l = 0; l < t.link_packets.size(); ++l)
        if (t.link_packets[l] > 0) {
            const auto chip = static_cast<ChipId>(l / 6);
            links.push_back(
                {result.machine.x(chip), result.machine.y(chip), l % 6, t.link_packets[l], t.link_utilisation[l]});
        }
    return {{"mode", result.arguments.traffic},
            {"machine_seconds", t.seconds},
            {"packets_sent", t.packets_sent},
            {"fan_out", t.fan_out},
            {"delivered", t.delivered},
            {"dropped", t.dropped},
            {"under_way", t.under_way},
            {"packets_blocked", t.packets_blocked},
            {"packets_aged", t.packets_aged},
            {"emergency_routes", t.emergency_routes},
            {"reinjected", t.reinjected},
            {"late", t.late},
            {"spikes_not_in_time", t.spikes_not_in_time},
            {"hops", t.hops},
            {"max_link_utilisation", t.max_utilisation},
            {"busiest_link",
             {{"x", result.machine.x(t.busiest_link / 6)},
              {"y", result.machine.y(t.busiest_link / 6)},
              {"link", t.busiest_link % 6}}},
            {"latency", latency_json(t.latency)},
            {"groups", groups},
            {"projections", std::move(projections)},
            {"settings", result.used.traffic},
            {"links", std::move(links)},
            {"energy_j", {{"links", t.link_joules}, {"idle", t.idle_joules}, {"busy", t.busy_joules}}}};
}

/// What chips have where nothing is broken.
mapping::ChipResources largest_chip(const mapping::Machine& machine) {
    mapping::ChipResources largest;
    for (const mapping::ChipResources& r : machine.resources)
        if (r.cores > largest.cores) largest = r;
    return largest;
}

std::size_t pins(const mapping::MachineGraph& graph) {
    return graph.sinks.size();
}

} // namespace

std::string map_report_json(const MapResult& result) {
    const mapping::MachineGraph& graph = result.graph();
    const MapArguments& a = result.arguments;
    const MachineSettings& used = result.used;
    const mapping::ChipResources usual = largest_chip(result.machine);
    Json json{{"version", SPIKECAST_VERSION},
              {"input", a.input},
              {"kind", result.split ? "experiment" : "netlist"},
              {"title", result.title},
              {"machine", result.machine.name},
              {"machine_size",
               {{"width", result.machine.width},
                {"height", result.machine.height},
                {"wraps", result.machine.wraps},
                {"profile", result.machine.profile},
                {"cores_per_chip", usual.cores},
                {"sdram_per_chip", usual.sdram_bytes},
                {"dtcm_per_core", result.machine.dtcm_bytes},
                {"router_entries", usual.router_entries},
                {"chips", std::count(result.machine.alive.begin(), result.machine.alive.end(), 1)}}},
              {"not_modelled", result.machine.not_modelled},
              {"seed", used.seed},
              {"threads", a.threads},
              {"place", used.place},
              {"objective", used.objective},
              {"route", used.route},
              {"keys", used.keys},
              {"minimise", used.minimise},
              {"vertices", graph.vertices.size()},
              {"nets", graph.nets()},
              {"pins", pins(graph)},
              {"fits", result.fits()},
              {"binding_constraint", result.binding_constraint()}};
    if (!result.fits()) json["why_not"] = result.why_not();
    Json demands = Json::array();
    for (const Demand& d : result.demands)
        demands.push_back({{"name", d.name},
                           {"used", finite(d.used)},
                           {"available", finite(d.available)},
                           {"unit", d.unit},
                           {"where", d.where},
                           {"met", d.met()}});
    json["demands"] = demands;
    if (result.smallest)
        json["smallest_machine"] = {{"machine", result.smallest->spec.shape},
                                    {"boards", result.smallest->boards},
                                    {"chips", result.smallest->chips}};
    else
        json["smallest_machine"] = nullptr;
    if (result.mapped) {
        const mapping::Mapped& m = *result.mapped;
        const mapping::TableSizes sizes = mapping::table_sizes(m);
        json["cost"] = m.cost;
        json["floor"] = m.floor;
        json["max_link_load"] =
            m.link_loads.empty() ? 0.0 : *std::max_element(m.link_loads.begin(), m.link_loads.end());
        json["board_crossings"] = mapping::board_crossings(graph, result.machine, m.routing);
        json["worst_table_entries"] = sizes.worst;
        json["total_table_entries"] = sizes.total;
        json["worst_table_entries_before"] = sizes.worst_before;
        json["total_table_entries_before"] = sizes.total_before;
        json["worst_table_floor"] = sizes.worst_floor;
        std::size_t floor = 0;
        for (const mapping::TableReport& report : result.mapped->table_reports)
            floor += report.floor;
        json["total_table_floor"] = floor;
        json["max_table_over_floor"] = sizes.most_over_floor;
        json["verified"] = m.verified.ok();
        Json violations = Json::array();
        for (const mapping::Violation& v : m.verified.violations)
            violations.push_back({{"fault", mapping::name(v.fault)}, {"text", v.text}});
        json["verification"] = {{"nets", m.verified.nets}, {"keys", m.verified.keys},     {"walks", m.verified.walks},
                                {"hops", m.verified.hops}, {"faults", m.verified.faulty}, {"violations", violations}};
    } else {
        for (const char* key : {"cost", "floor", "max_link_load", "worst_table_entries", "total_table_entries",
                                "worst_table_entries_before", "total_table_entries_before"})
            json[key] = nullptr;
        json["verified"] = false;
    }
    if (result.split) {
        const Split& split = *result.split;
        json["synapses"] = split.synapses;
        json["synapses_drawn"] = split.exact;
        Json populations = Json::array();
        for (const PopulationSplit& p : split.populations)
            populations.push_back({{"name", p.name},
                                   {"neurons", p.neurons},
                                   {"neurons_per_core", p.atoms},
                                   {"cores", p.cores},
                                   {"limit", p.limit},
                                   {"rate_hz", p.rate_hz},
                                   {"rate_stated", p.rate_stated},
                                   {"dtcm_bytes", p.dtcm_bytes},
                                   {"sdram_bytes", p.sdram_bytes},
                                   {"cycles_per_step", p.cycles},
                                   {"packets_per_step", p.packets}});
        json["populations"] = populations;
        json["stimulus_cores"] = split.parts.size() - split.slices.count();
        json["slowdown"] = used.slowdown;
    }
    if (result.traffic) json["traffic"] = traffic_json(result);
    Json seconds, processor;
    double total = 0.0;
    for (const mapping::StageTime& stage : result.seconds) {
        seconds[stage.name] = stage.seconds;
        processor[stage.name] = stage.processor_seconds;
        total += stage.seconds;
    }
    json["seconds"] = seconds;
    json["processor_seconds"] = processor;
    json["total_seconds"] = total;
    json["notes"] = result.notes;
    return json.dump(2);
}

std::string map_report_table(const MapResult& result) {
    std::string out;
    const std::string rule(width, '-');
    const auto line = [&](const std::string& text) { out += text + '\n'; };
    const auto field = [&](const std::string& name, const std::string& value) {
        line(fmt::format("{:<20}{}", name, value));
    };
    const mapping::MachineGraph& graph = result.graph();
    const mapping::Machine& machine = result.machine;
    line(result.title.substr(0, width));
    line(rule);
    const auto chips = std::count(machine.alive.begin(), machine.alive.end(), 1);
    field("machine",
          fmt::format("{}: {} chips, {} x {}{}, {}", machine.name, grouped(static_cast<std::uint64_t>(chips)),
                      machine.width, machine.height, machine.wraps ? " torus" : "", machine.profile));
    field("graph", fmt::format("{} vertices, {} nets, {} pins", grouped(graph.vertices.size()), grouped(graph.nets()),
                               grouped(pins(graph))));
    if (result.split) {
        const Split& split = *result.split;
        field("synapses", fmt::format("{} ({})", grouped(static_cast<std::uint64_t>(split.synapses)),
                                      split.exact ? "all drawn" : "expected"));
        line("");
        line(fmt::format("{:<16}{:>10}{:>8}{:>7}{:>9}{:>10}{:>10}{:>9}  {}", "population", "neurons", "a core", "cores",
                         "rate/Hz", "DTCM", "SDRAM", "cycles", "limited by"));
        for (const PopulationSplit& p : split.populations)
            line(fmt::format("{:<16}{:>10}{:>8}{:>7}{:>8.3g}{}{:>10}{:>10}{:>9}  {}", p.name.substr(0, 15),
                             grouped(p.neurons), p.atoms, p.cores, p.rate_hz, p.rate_stated ? " " : "?",
                             amount_text(static_cast<double>(p.dtcm_bytes), "bytes"),
                             amount_text(static_cast<double>(p.sdram_bytes), "bytes"), amount_text(p.cycles, ""),
                             p.limit));
        const std::size_t stimuli = split.parts.size() - split.slices.count();
        if (stimuli > 0) line(fmt::format("{:<34}{:>7}", "generators on cores of their own", stimuli));
    }
    line("");
    line(fmt::format("{:<20}{:>14}{:>14}{:>10}   {}", "asked of the machine", "needed", "there", "share", "most at"));
    for (const Demand& d : result.demands) {
        const bool is_binding = d.name == result.binding_constraint();
        line(fmt::format("{:<20}{:>14}{:>14}{:>10}{}  {}", d.name, amount_text(d.used, d.unit == "bytes" ? d.unit : ""),
                         amount_text(d.available, d.unit == "bytes" ? d.unit : ""), percent(d.share()),
                         d.met() ? " " : "!", d.where + (is_binding ? "  <- binding" : "")));
    }
    if (result.mapped) {
        const mapping::Mapped& m = *result.mapped;
        const mapping::TableSizes sizes = mapping::table_sizes(m);
        line("");
        field("cost", fmt::format("{:.6g} (no placement costs less than {:.6g})", m.cost, m.floor));
        const auto most = std::max_element(m.link_loads.begin(), m.link_loads.end());
        if (most != m.link_loads.end() && *most > 0.0) {
            const auto at = static_cast<ChipId>(most - m.link_loads.begin());
            constexpr std::array<const char*, 6> directions{"E", "NE", "N", "W", "SW", "S"};
            field("busiest link", fmt::format("{:.6g}{} ({} of chip {})", *most, result.split ? " packets/s" : "",
                                              directions.at(at % 6), chip_text(machine, at / 6)));
        }
        field("router entries", fmt::format("worst table {} (before {}), all {} (before {})", sizes.worst,
                                            sizes.worst_before, grouped(sizes.total), grouped(sizes.total_before)));
        field("verified", m.verified.ok() ? fmt::format("yes: {} keys of {} nets reach exactly their cores",
                                                        grouped(m.verified.keys), grouped(m.verified.nets))
                                          : fmt::format("NO: {} faults", grouped(m.verified.faulty)));
        if (!m.verified.ok())
            for (std::size_t i = 0; i < std::min<std::size_t>(m.verified.violations.size(), 3); ++i)
                line(m.verified.violations[i].text);
    }
    if (result.traffic) {
        const mapping::TrafficReport& t = *result.traffic;
        line("");
        field("traffic", fmt::format("{:.3g} s of machine time: {} packets, {} deliveries", t.seconds,
                                     grouped(t.packets_sent), grouped(t.fan_out)));
        field(
            "  dropped",
            fmt::format("{} ({:.3g} %)", grouped(t.dropped),
                        t.fan_out > 0 ? 100.0 * static_cast<double>(t.dropped) / static_cast<double>(t.fan_out) : 0.0));
        field("  late", fmt::format("{} deliveries after their step", grouped(t.late)));
        field("  latency", fmt::format("median {:.3g} us, 99 % below {:.3g} us, largest {:.3g} us",
                                       t.latency.median_ns / 1e3, t.latency.p99_ns / 1e3, t.latency.max_ns / 1e3));
        const auto slowest =
            std::max_element(t.projections.begin(), t.projections.end(),
                             [](const auto& x, const auto& y) { return x.latency.p99_ns < y.latency.p99_ns; });
        if (result.split && slowest != t.projections.end())
            field("  slowest", fmt::format("{} -> {}: median {:.3g} us, 99 % below {:.3g} us, {} dropped",
                                           result.split->group_names[slowest->source],
                                           result.split->group_names[slowest->target], slowest->latency.median_ns / 1e3,
                                           slowest->latency.p99_ns / 1e3, grouped(slowest->dropped)));
        field("  busiest link", fmt::format("sends {:.3g} % of the time", 100.0 * t.max_utilisation));
        field("  energy", fmt::format("links {:.3g} J, chips idle {:.3g} J, busy at most {:.3g} J more", t.link_joules,
                                      t.idle_joules, t.busy_joules));
    }
    line(rule);
    std::string times;
    double total = 0.0;
    for (const mapping::StageTime& stage : result.seconds) {
        times += fmt::format("{}{} {:.2f}", times.empty() ? "" : ", ", stage.name, stage.seconds);
        total += stage.seconds;
    }
    field("seconds", fmt::format("{:.2f}: {}", total, times));
    if (result.smallest) field("smallest machine", smallest_text(*result.smallest));
    field("fits", result.fits() ? fmt::format("yes; {} comes closest to its limit", result.binding_constraint())
                                : fmt::format("no; {} binds", result.binding_constraint()));
    for (const std::string& note : result.notes)
        line("note: " + note);
    return out;
}

std::string map_stages_json(const MapResult& result) {
    const mapping::MachineGraph& graph = result.graph();
    const mapping::Machine& machine = result.machine;
    constexpr std::array<const char*, 6> directions{"east", "north_east", "north", "west", "south_west", "south"};
    const auto net_name = [](std::size_t n) { return fmt::format("net{}", n); };
    const auto at = [&](ChipId c) { return Json{machine.x(c), machine.y(c)}; };
    Json json;

    Json vertices = Json::object(), edges = Json::object();
    for (const mapping::Vertex& v : graph.vertices)
        vertices[v.name] = {{"cores", v.cores}, {"sdram", v.sdram_bytes}};
    for (std::size_t n = 0; n < graph.nets(); ++n) {
        Json sinks = Json::array();
        for (const std::uint32_t sink : graph.sinks_of(n))
            sinks.push_back(graph.vertices[sink].name);
        edges[net_name(n)] = {{"source", graph.vertices[graph.source[n]].name},
                              {"sinks", std::move(sinks)},
                              {"weight", graph.weight[n]},
                              {"type", "mc"}};
    }
    json["graph"] = {{"vertices_resources", std::move(vertices)}, {"edges", std::move(edges)}};

    Json constraints = Json::array();
    for (const auto& together : graph.same_chip) {
        Json names = Json::array();
        for (const std::uint32_t v : together)
            names.push_back(graph.vertices[v].name);
        constraints.push_back({{"type", "same_chip"}, {"vertices", std::move(names)}});
    }
    constraints.push_back({{"type", "reserve_resource"}, {"resource", "cores"}, {"reservation", {0, monitor_cores}}});
    json["constraints"] = constraints;

    const mapping::ChipResources usual = largest_chip(machine);
    Json dead_chips = Json::array(), dead_links = Json::array(), exceptions = Json::array();
    for (ChipId c = 0; c < machine.chips(); ++c) {
        if (machine.alive[c] == 0) {
            dead_chips.push_back(at(c));
            continue;
        }
        for (int l = 0; l < mapping::link_count; ++l)
            if (!machine.has_link(c, l))
                dead_links.push_back({machine.x(c), machine.y(c), directions.at(static_cast<std::size_t>(l))});
        const mapping::ChipResources& r = machine.resources[c];
        if (r.cores != usual.cores || r.sdram_bytes != usual.sdram_bytes)
            exceptions.push_back(
                {machine.x(c), machine.y(c), {{"cores", r.cores + monitor_cores}, {"sdram", r.sdram_bytes}}});
    }
    json["machine"] = {{"width", machine.width},
                       {"height", machine.height},
                       {"chip_resources", {{"cores", usual.cores + monitor_cores}, {"sdram", usual.sdram_bytes}}},
                       {"dead_chips", std::move(dead_chips)},
                       {"dead_links", std::move(dead_links)},
                       {"chip_resource_exceptions", std::move(exceptions)}};
    if (!result.mapped) return json.dump(1);

    const mapping::Mapped& m = *result.mapped;
    Json placements = Json::object(), cores = Json::object();
    for (std::size_t v = 0; v < graph.vertices.size(); ++v) {
        const std::string& name = graph.vertices[v].name;
        placements[name] = at(m.placement.chip[v]);
        const unsigned first = m.placement.first_core[v] + monitor_cores;
        cores[name] = {first, first + graph.vertices[v].cores};
    }
    json["placements"] = std::move(placements);
    json["allocations_cores"] = {{"type", "cores"}, {"allocations", std::move(cores)}};

    // A tree for each net: nodes in order, each with the number of its parent and the link from it.
    Json routes = Json::object(), keys = Json::object();
    for (std::size_t n = 0; n < graph.nets(); ++n) {
        Json nodes = Json::array();
        for (std::uint64_t i = m.routing.begin[n]; i < m.routing.begin[n + 1]; ++i) {
            const mapping::TreeNode& node = m.routing.nodes[i];
            Json one{{"chip", at(node.chip)}};
            if (i != m.routing.begin[n]) {
                one["parent"] = node.parent;
                one["link"] = directions.at(node.link);
            }
            nodes.push_back(std::move(one));
        }
        routes[net_name(n)] = std::move(nodes);
        keys[net_name(n)] = {{"key", m.keys.key[n]}, {"mask", m.keys.mask[n]}};
    }
    json["routes"] = std::move(routes);
    json["routing_keys"] = std::move(keys);

    Json tables = Json::array();
    for (ChipId c = 0; c < machine.chips(); ++c) {
        if (m.tables[c].empty()) continue;
        Json entries = Json::array();
        for (const mapping::TableEntry& e : m.tables[c]) {
            Json to = Json::array();
            for (unsigned b = 0; b < 6; ++b)
                if (e.route.has(b)) to.push_back(directions.at(b));
            for (unsigned b = 6; b < 192; ++b)
                if (e.route.has(b)) to.push_back(b - 6 + monitor_cores);
            entries.push_back({{"key", e.key}, {"mask", e.mask}, {"route", std::move(to)}});
        }
        tables.push_back({{"chip", at(c)}, {"entries", std::move(entries)}});
    }
    json["routing_tables"] = std::move(tables);
    return json.dump(1);
}

} // namespace spikecast
