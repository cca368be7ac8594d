#include "engine/experiment/machine_words.hpp"

#include "engine/experiment/check.hpp"
#include "engine/experiment/quantity.hpp"
#include "engine/experiment/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace spikecast {

namespace {

template <class T>
using Names = std::vector<std::pair<std::string, T>>;

/// What a word stands for; the first where it stands for nothing.
template <class T>
T choose(const Names<T>& names, const std::string& word, const char* key, const WrongWord& wrong) {
    std::vector<std::string> known;
    for (const auto& [name, value] : names) {
        if (name == word) return value;
        known.push_back(name);
    }
    wrong(key, fmt::format("there is no '{}' here", word), suggestion(word, known));
    return names.front().second;
}

using Settings = mapping::TrafficSettings;
struct TrafficKey {
    const char* name;
    std::variant<double Settings::*, unsigned Settings::*, bool Settings::*> field;
};
constexpr TrafficKey traffic_keys[] = {
    {"router_mhz", &Settings::router_mhz},
    {"pipeline_cycles", &Settings::pipeline_cycles},
    {"link_mbit_s", &Settings::link_mbit_s},
    {"board_link_mbit_s", &Settings::board_link_mbit_s},
    {"board_latency_ns", &Settings::board_latency_ns},
    {"output_buffer", &Settings::output_buffer},
    {"input_buffer", &Settings::input_buffer},
    {"wait_cycles", &Settings::wait_cycles},
    {"emergency_routing", &Settings::emergency_routing},
    {"emergency_wait_cycles", &Settings::emergency_wait_cycles},
    {"reinject", &Settings::reinject},
    {"reinject_queue", &Settings::reinject_queue},
    {"reinject_interval_us", &Settings::reinject_interval_us},
    {"phase_ms", &Settings::phase_ms},
    {"payload", &Settings::payload},
    {"link_pj_per_bit", &Settings::link_pj_per_bit},
    {"chip_idle_w", &Settings::chip_idle_w},
    {"chip_busy_w", &Settings::chip_busy_w},
    {"board_fpgas_w", &Settings::board_fpgas_w},
};
const TrafficKey& traffic_key(std::string_view key) {
    for (const TrafficKey& each : traffic_keys)
        if (key == each.name) return each;
    throw std::logic_error(fmt::format("machine.traffic.{} is no setting of the router model", key));
}

} // namespace

mapping::PipelineSettings pipeline_settings(const MapWords& words, const WrongWord& wrong) {
    using mapping::KeyMethod;
    using mapping::MinimiseMethod;
    using mapping::Objective;
    using mapping::PlaceMethod;
    using mapping::RouteMethod;
    mapping::PipelineSettings s;
    s.place.method = choose<PlaceMethod>(
        {{"ours", PlaceMethod::best}, {"hilbert", PlaceMethod::hilbert}, {"random", PlaceMethod::random}}, words.place,
        "place", wrong);
    s.place.objective = choose<Objective>({{"tree-cost", Objective::tree_cost},
                                           {"link-load", Objective::max_link_load},
                                           {"table-entries", Objective::table_entries},
                                           {"board-crossings", Objective::board_crossings}},
                                          words.objective, "objective", wrong);
    s.route.method = choose<RouteMethod>(
        {{"steiner", RouteMethod::steiner}, {"ner", RouteMethod::ner}, {"ldf", RouteMethod::longest_dimension_first}},
        words.route, "route", wrong);
    s.keys.method =
        choose<KeyMethod>({{"own", KeyMethod::own}, {"index", KeyMethod::index}, {"netlist", KeyMethod::given}},
                          words.keys, "keys", wrong);
    s.minimise.method = choose<MinimiseMethod>({{"best", MinimiseMethod::best},
                                                {"ordered-covering", MinimiseMethod::ordered_covering},
                                                {"pair", MinimiseMethod::pair},
                                                {"default-routes", MinimiseMethod::default_routes},
                                                {"none", MinimiseMethod::none}},
                                               words.minimise, "minimise", wrong);
    s.place.seed = s.route.seed = s.keys.seed = words.seed;
    s.place.threads = s.route.threads = s.minimise.threads = words.threads;
    s.place.effort = s.keys.effort = s.minimise.effort = words.effort;
    s.route.congestion_rounds = words.congestion_rounds;
    s.minimise.target = words.target_entries;
    s.minimise.fit = words.fit_entries;
    return s;
}

MapWords map_words(const MachineSettings& machine, std::uint32_t threads) {
    return {.place = machine.place,
            .objective = machine.objective,
            .route = machine.route,
            .keys = machine.keys,
            .minimise = machine.minimise,
            .effort = machine.effort,
            .congestion_rounds = static_cast<int>(machine.congestion_rounds),
            .seed = machine.seed,
            .threads = threads};
}

mapping::MachineSpec machine_spec(const MachineSettings& machine) {
    mapping::MachineSpec spec{machine.target, machine.profile, {}};
    if (machine.cores_per_chip > 0) spec.cores_per_chip = static_cast<int>(machine.cores_per_chip);
    spec.sdram_per_chip = machine.sdram_per_chip;
    spec.dtcm_per_core = machine.dtcm_per_core;
    spec.router_entries = machine.router_entries;
    return spec;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    std::uint64_t number = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    std::string_view unit(at, static_cast<std::size_t>(text.data() + text.size() - at));
    while (!unit.empty() && unit.front() == ' ')
        unit.remove_prefix(1);
    for (const auto& [name, shift] :
         {std::pair<std::string_view, unsigned>{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}})
        if (unit == name && number <= std::numeric_limits<std::uint64_t>::max() >> shift) return number << shift;
    return std::nullopt;
}

void set_traffic(std::map<std::string, double>& traffic, const std::string& assignment) {
    const std::size_t equals = assignment.find('=');
    const std::string key = assignment.substr(0, equals);
    const auto refuse = [&](std::string message, std::string remedy) {
        throw InputError(Diagnostic{{"--traffic-set", 0, 0}, key, std::move(message), std::move(remedy)});
    };
    std::vector<std::string> known;
    for (const TrafficKey& each : traffic_keys)
        known.emplace_back(each.name);
    if (std::find(known.begin(), known.end(), key) == known.end())
        refuse("is no setting of the router model", suggestion(key, known));
    if (equals == std::string::npos) refuse("has no value", fmt::format("write {}=VALUE", key));
    const std::string text = assignment.substr(equals + 1);
    const TrafficKind kind = traffic_kind(key);
    if (kind == TrafficKind::flag) {
        if (text != "true" && text != "false") refuse(fmt::format("is '{}'", text), "write true or false");
        traffic[key] = text == "true" ? 1.0 : 0.0;
        return;
    }
    double value = 0.0;
    try {
        value = in_unit(evaluate(text, {}), "1", text);
    } catch (const QuantityError& e) {
        refuse(e.what(), e.remedy().empty() ? "write a number in the unit of the key" : e.remedy());
    }
    constexpr double most_whole = 1U << 30;
    if (kind == TrafficKind::whole && !(value >= 0.0 && value <= most_whole && std::floor(value) == value))
        refuse(fmt::format("is {}, but must be a whole number from 0 to 2^30", value), "correct it");
    traffic[key] = value;
}

TrafficKind traffic_kind(std::string_view key) {
    return static_cast<TrafficKind>(traffic_key(key).field.index());
}

mapping::TrafficSettings traffic_settings(const MachineSettings& machine, double step_ms) {
    mapping::TrafficSettings settings;
    settings.step_ms = step_ms;
    for (const auto& [name, value] : machine.traffic)
        std::visit(
            [&, given = value](auto field) {
                settings.*field = static_cast<std::remove_reference_t<decltype(settings.*field)>>(given);
            },
            traffic_key(name).field);
    return settings;
}

void check_machine(const Experiment& experiment, const WrongWord& wrong) {
    const MachineSettings& m = experiment.machine;
    if (m.target.empty()) return;
    const SimulationSettings& s = experiment.simulation;
    const auto range = [&](const char* key, double value, const Range& bounds) {
        if (!(value >= bounds.low && value <= bounds.high))
            wrong(std::string("machine.") + key,
                  fmt::format("is {}, but must be {} to {}", value, bounds.low, bounds.high),
                  "give a number in that range");
    };
    if (m.cores_per_chip > 0) range("cores_per_chip", m.cores_per_chip, cores_per_chip_range);
    if (m.atoms_per_core > 0) range("atoms_per_core", m.atoms_per_core, atoms_per_core_range);
    range("slowdown", m.slowdown, slowdown_range);
    range("rate", m.rate, rate_range);
    range("effort", m.effort, effort_range);
    range("congestion_rounds", m.congestion_rounds, congestion_rounds_range);
    try {
        mapping::MachineSpec spec = machine_spec(m);
        if (m.target == "auto") spec.shape = "mesh:1x1";
        (void)mapping::make_machine(spec);
    } catch (const InputError& e) {
        for (const Diagnostic& d : e.diagnostics()) {
            std::string key = d.object;
            std::replace(key.begin(), key.end(), '-', '_');
            const bool other = d.object != m.target && schema_table("[machine]").find(key) != nullptr;
            wrong("machine." + (other ? key : "target"),
                  other ? d.message : fmt::format("'{}': {}", m.target, d.message), d.remedy);
        }
    }
    if (m.target == "auto" && !m.faults.empty())
        wrong("machine.faults", "faults belong to a machine, but the target is auto", "name the machine");
    const MapWords words{
        .place = m.place, .objective = m.objective, .route = m.route, .keys = m.keys, .minimise = m.minimise};
    if (m.keys == "netlist")
        wrong("machine.keys", "is \"netlist\", but an experiment brings no keys", "write \"own\" or \"index\"");
    (void)pipeline_settings(words, [&](const std::string& key, std::string message, std::string remedy) {
        wrong("machine." + key, std::move(message), std::move(remedy));
    });
    if (m.slowdown > 0.0 && s.resolution_ps > 0)
        for (const Diagnostic& d : mapping::wrong_settings(traffic_settings(m, s.resolution_ms() * m.slowdown)))
            wrong("machine." + d.object, d.message, d.remedy);

    if (s.resolution_ps != 1'000'000'000 && s.resolution_ps != 100'000'000)
        wrong("simulation.resolution",
              fmt::format("is {}, but SpiNNaker's steps are 1 ms or 0.1 ms", with_unit(s.resolution_ms(), "ms")),
              "choose one of them, or leave [machine] out");
    if (!m.router) return;
    constexpr double most_ps = 9e18; // of whole picoseconds in 64 bits
    if (static_cast<double>(s.duration_steps) * static_cast<double>(s.resolution_ps) * m.slowdown > most_ps)
        wrong("machine.slowdown", fmt::format("{} makes the run longer than 9e6 s of machine time", m.slowdown),
              "shorten the run, or lower it");
    bool plastic = false;
    for (const Projection& p : experiment.projections) {
        if (p.synapse.empty()) continue;
        plastic = true;
        wrong(p.path + ".synapse",
              "plastic synapses can't be told that a spike came late or not at all, as the router model may say",
              "leave synapse out, or write machine.router = false");
    }
    if (s.weights != WeightFormat::compact && !plastic) // plastic weights are float32
        wrong("simulation.weights", "is float32, but SpiNNaker's weights have 16 bits",
              "write weights = \"compact\", or machine.router = false, which only uses the mapping as the partition");
    if (s.precision != Precision::single_precision)
        wrong("simulation.precision", "is double, but SpiNNaker's numbers have 32 bits",
              "write precision = \"single\", or machine.router = false, which only uses the mapping as the partition");
}

} // namespace spikecast
