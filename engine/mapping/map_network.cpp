#include "engine/mapping/map_network.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <utility>

namespace spikecast {

namespace {

using mapping::Demand;

/// Packets a second over the link that has most of what it takes.
Demand link_demand(const NetworkMapping& m, double slowdown, const mapping::TrafficSettings& settings) {
    const double packet_bits = settings.payload ? 72.0 : 40.0;
    Demand demand{"link load", 0.0, settings.link_mbit_s * 1e6 / packet_bits,
                  "packets/s", "",  "run slower (--slowdown), or use more chips"};
    const auto& loads = m.mapped->link_loads;
    constexpr std::array<const char*, 6> directions{"E", "NE", "N", "W", "SW", "S"};
    for (std::size_t i = 0; i < loads.size(); ++i) {
        const auto c = static_cast<mapping::ChipId>(i / 6);
        const mapping::ChipId to = m.machine.neighbour(c, static_cast<int>(i % 6));
        const bool crosses = to != mapping::no_chip && m.machine.board[c] != m.machine.board[to];
        const double load = loads[i] / slowdown;
        const double takes = (crosses ? settings.board_link_mbit_s : settings.link_mbit_s) * 1e6 / packet_bits;
        if (load / takes <= demand.share()) continue;
        demand.used = load;
        demand.available = takes;
        demand.where = fmt::format("{} of chip ({}, {})", directions.at(i % 6), m.machine.x(c), m.machine.y(c));
    }
    return demand;
}

} // namespace

bool NetworkMapping::fits() const {
    return refusal.empty() && verified() &&
           std::all_of(demands.begin(), demands.end(), [](const Demand& d) { return d.met(); });
}

std::string NetworkMapping::binding_constraint() const {
    const Demand* most = mapping::binding(demands);
    if (most == nullptr) return "none";
    if (!refusal.empty() && most->met()) return "placement";
    return most->name;
}

std::string NetworkMapping::why_not() const {
    std::string text;
    const auto line = [&](const std::string& sentence) { text += (text.empty() ? "" : "\n") + sentence; };
    for (const Demand& d : demands)
        if (!d.met())
            line(fmt::format("{}: {} needs {}, but there are {}; {}", d.name, d.where, amount_text(d.used, d.unit),
                             amount_text(d.available, d.unit), d.remedy));
    if (!refusal.empty() && text.empty()) line(refusal);
    if (mapped && !mapped->verified.ok())
        line(fmt::format("the router tables are wrong: {} faults; the first: {}", mapped->verified.faulty,
                         mapped->verified.violations.empty() ? "" : mapped->verified.violations.front().text));
    if (!text.empty() && smallest)
        line(fmt::format("the smallest machine with room for all: {}", smallest_text(*smallest)));
    return text;
}

void timed_stage(NetworkMapping& m, const std::string& name, const MapWatch& watch, const std::function<void()>& work) {
    if (watch) watch(name, 0.0, 1.0);
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t processor = std::clock();
    work();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    m.seconds.push_back({name, spent.count(), static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC});
    if (watch) watch(name, 1.0, 1.0);
}

mapping::Machine first_machine(const MapSettings& settings) {
    mapping::MachineSpec spec = settings.machine;
    if (spec.shape == "auto") spec.shape = "mesh:1x1";
    mapping::Machine machine = mapping::make_machine(spec);
    if (!settings.faults.empty()) mapping::apply_faults(machine, mapping::read_faults(settings.faults));
    return machine;
}

void map_network(NetworkMapping& m, const Experiment* experiment, const MapSettings& settings, const MapWatch& watch) {
    if (experiment != nullptr) {
        timed_stage(m, "split", watch, [&] {
            m.split = split_experiment(*experiment, m.machine, settings.split, [&](double done, double of) {
                if (watch) watch("split", std::min(done, 0.999 * of), of);
            });
        });
        m.demands = m.split->demands;
        m.notes.insert(m.notes.end(), m.split->notes.begin(), m.split->notes.end());
    }
    const mapping::MachineGraph& graph = m.graph();
    if (!m.machine.not_modelled.empty())
        m.notes.push_back(fmt::format("not modelled of {}: {}", m.machine.profile, m.machine.not_modelled));
    timed_stage(m, "smallest", {}, [&] { m.smallest = mapping::smallest_machine(graph, settings.machine); });
    if (settings.machine.shape == "auto") {
        if (!m.smallest)
            throw mapping::Refused(
                Diagnostic{{"--machine", 0, 0}, "auto", "no machine has room for all vertices", "split them further"});
        m.machine = mapping::make_machine(m.smallest->spec);
    }
    for (Demand& demand : mapping::graph_demands(graph, m.machine))
        m.demands.push_back(std::move(demand));

    std::string stage;
    const auto begin = [&](const std::string& next) {
        if (watch && !stage.empty()) watch(stage, 1.0, 1.0);
        stage = next;
        if (watch && !stage.empty()) watch(stage, 0.0, 1.0);
    };
    try {
        m.mapped = mapping::run_pipeline(graph, m.machine, settings.pipeline, begin);
    } catch (const mapping::Refused& e) {
        begin("");
        m.refusal = e.what();
        return;
    }
    m.seconds.insert(m.seconds.end(), m.mapped->stages.begin(), m.mapped->stages.end());
    m.demands.push_back(mapping::table_demand(m.machine, m.mapped->tables));
    if (m.split) {
        Demand links = link_demand(m, settings.split.slowdown, settings.traffic);
        if (links.used > 0.0) m.demands.push_back(std::move(links));
    }
}

std::string amount_text(double value, const std::string& unit) {
    const auto with_prefix = [&](double base, double limit, const auto& prefixes, const char* format) {
        std::size_t p = 0;
        while (std::abs(value) >= limit && p + 1 < prefixes.size()) {
            value /= base;
            ++p;
        }
        return fmt::format(fmt::runtime(format), value, prefixes[p]);
    };
    if (unit == "bytes")
        return with_prefix(1024.0, 1024.0, std::array<const char*, 5>{"B", "KiB", "MiB", "GiB", "TiB"}, "{:.3g} {}");
    const std::string number =
        with_prefix(1000.0, 9999.5, std::array<const char*, 5>{"", " k", " M", " G", " T"}, "{:.4g}{}");
    return number + (unit.empty() ? "" : " " + unit);
}

std::string smallest_text(const mapping::SmallestMachine& s) {
    const std::string boards =
        s.boards > 0 ? fmt::format("{} {}, ", s.boards, s.boards == 1 ? "board" : "boards") : std::string();
    return fmt::format("{} ({}{} chips)", s.spec.shape, boards, s.chips);
}

} // namespace spikecast
