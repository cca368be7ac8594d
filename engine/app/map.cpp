#include "engine/app/map.hpp"

#include "engine/app/map_report.hpp"
#include "engine/app/outputs.hpp"
#include "engine/app/progress.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/experiment/machine_words.hpp"
#include "engine/experiment/quantity.hpp"
#include "engine/experiment/reader.hpp"
#include "engine/mapping/replay.hpp"
#include "partitioners/spinnaker/netlist.hpp"
#include "partitioners/spinnaker/picture.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <sstream>

namespace spikecast {

namespace {

namespace fs = std::filesystem;
/// What a word stands for; a word that stands for nothing becomes a diagnostic.
template <class T>
T choose(const std::vector<std::pair<std::string, T>>& names, const std::string& word, const char* option,
         std::vector<Diagnostic>& wrong) {
    std::vector<std::string> known;
    for (const auto& [name, value] : names) {
        if (name == word) return value;
        known.push_back(name);
    }
    wrong.push_back({{option, 0, 0}, "", fmt::format("there is no '{}' here", word), suggestion(word, known)});
    return names.front().second;
}

bool ends_with(const std::string& text, std::string_view end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Refuses a file that can't be written or that is read.
void check_writable(const std::string& path, const char* option, const std::vector<std::string>& others,
                    std::vector<Diagnostic>& wrong) {
    if (path.empty()) return;
    std::error_code code;
    const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
    const auto refuse = [&](const std::string& why) {
        wrong.push_back({{option, 0, 0}, path, why, "name another file"});
    };
    if (!fs::is_directory(folder, code) || ::access(folder.c_str(), W_OK) != 0)
        return refuse(fmt::format("the folder {} does not exist or can't be written", folder.string()));
    if (fs::is_directory(path, code)) return refuse("this is a folder");
    if (fs::exists(path, code) && ::access(path.c_str(), W_OK) != 0) return refuse("the file can't be written");
    if (const std::string other = same_file(path, others); !other.empty())
        refuse(fmt::format("this is also {}, which would be overwritten", other));
}

/// x_y.csv, as tables of single chips are called.
bool is_table_name(const std::string& name) {
    const std::size_t line = name.find('_');
    if (line == std::string::npos || !ends_with(name, ".csv")) return false;
    const auto digits = [](std::string_view text) {
        return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    const std::string_view all = name;
    return digits(all.substr(0, line)) && digits(all.substr(line + 1, all.size() - line - 5));
}

/// Tables go to a file of all chips (.csv) or to a folder with one for each chip.
void check_tables(const std::string& path, const std::vector<std::string>& others, std::vector<Diagnostic>& wrong) {
    if (path.empty()) return;
    if (ends_with(path, ".csv")) return check_writable(path, "--tables", others, wrong);
    std::error_code code;
    const auto refuse = [&](const std::string& why, const char* remedy) {
        wrong.push_back({{"--tables", 0, 0}, path, why, remedy});
    };
    if (!fs::is_directory(path, code)) {
        fs::path parent = fs::absolute(path).lexically_normal().parent_path();
        if (ends_with(path, "/")) parent = parent.parent_path();
        if (fs::exists(path, code) || !fs::is_directory(parent, code) || ::access(parent.c_str(), W_OK) != 0)
            refuse("no folder can be made here", "name a folder, or a file that ends with .csv");
        return;
    }
    if (::access(path.c_str(), W_OK) != 0) return refuse("the folder can't be written", "name another one");
    for (const std::string& other : others) {
        if (other.empty()) continue;
        const fs::path file = fs::absolute(other).lexically_normal();
        if (is_table_name(file.filename().string()) && fs::equivalent(file.parent_path(), path, code))
            refuse(fmt::format("a table of this folder would take the place of {}", other), "name another folder");
    }
}

/// All files that are to be written: none may be read, or be another one of them.
void check_outputs(const MapArguments& arguments, std::vector<std::string> others, std::vector<Diagnostic>& wrong) {
    for (const auto& [option, path] : {std::pair<const char*, const std::string&>{"--report", arguments.report},
                                       {"--picture", arguments.picture},
                                       {"--output", arguments.output}}) {
        check_writable(path, option, others, wrong);
        others.push_back(path);
    }
    check_tables(arguments.tables, others, wrong);
}

/// Makes the folder of tables, or takes those of a former mapping away.
void clear_tables(const std::string& folder) {
    std::error_code code;
    fs::create_directory(folder, code);
    std::vector<fs::path> old;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, code))
        if (is_table_name(entry.path().filename().string()) && entry.is_regular_file(code)) old.push_back(entry.path());
    for (const fs::path& path : old)
        fs::remove(path, code);
    if (code) throw RunError(fmt::format("{}: can't be written: {}", folder, code.message()));
}

/// Lines of key,mask,route as PACMAN reads them; core c of the hardware, of which 0 is the monitor, is bit 6 + c. A
/// folder gets a file x_y.csv for each chip with a table; a file of all chips has x and y in front.
void write_tables(const std::string& path, const mapping::Machine& machine, const mapping::Tables& tables) {
    const bool one_file = ends_with(path, ".csv");
    std::string all;
    for (mapping::ChipId c = 0; c < machine.chips(); ++c) {
        mapping::Table table = tables[c];
        for (mapping::TableEntry& entry : table) {
            mapping::Route route;
            for (unsigned b = 0; b < 191; ++b)
                if (entry.route.has(b)) route |= mapping::Route::bit(b < 6 ? b : b + 1);
            entry.route = route;
        }
        if (table.empty()) continue;
        if (!one_file) {
            mapping::write_table(table,
                                 (fs::path(path) / fmt::format("{}_{}.csv", machine.x(c), machine.y(c))).string());
            continue;
        }
        std::istringstream lines(mapping::table_text(table));
        for (std::string line; std::getline(lines, line);)
            all += fmt::format("{},{},{}\n", machine.x(c), machine.y(c), line);
    }
    if (one_file) write_file(path, all);
}

/// What is asked for: the options, and what the experiment says in their place. Its faults are those of its machine.
MachineSettings machine_settings(const MapArguments& arguments, const MachineSettings& experiment,
                                 std::vector<Diagnostic>& wrong) {
    MachineSettings m = experiment;
    if (!arguments.machine.empty() && arguments.machine != m.target) {
        m.target = arguments.machine;
        m.faults.clear();
    }
    const auto word = [](std::string& value, const std::string& given) {
        if (!given.empty()) value = given;
    };
    const auto count = [](std::uint32_t& value, std::uint32_t given) {
        if (given > 0) value = given;
    };
    const auto bytes = [&](std::uint64_t& value, const char* option, const std::string& given) {
        if (given.empty()) return;
        if (const auto number = parse_bytes(given); number && *number > 0)
            value = *number;
        else
            wrong.push_back({{option, 0, 0}, given, "isn't a number of bytes above 0", "write \"128 MiB\""});
    };
    word(m.profile, arguments.profile);
    word(m.faults, arguments.faults);
    count(m.cores_per_chip, arguments.cores_per_chip);
    bytes(m.sdram_per_chip, "--sdram-per-chip", arguments.sdram_per_chip);
    bytes(m.dtcm_per_core, "--dtcm-per-core", arguments.dtcm_per_core);
    count(m.router_entries, arguments.router_entries);
    count(m.atoms_per_core, arguments.atoms_per_core);
    m.slowdown = arguments.slowdown.value_or(m.slowdown);
    m.rate = arguments.rate_hz.value_or(m.rate);
    word(m.place, arguments.place);
    word(m.objective, arguments.objective);
    word(m.route, arguments.route);
    word(m.keys, arguments.keys);
    word(m.minimise, arguments.minimise);
    m.effort = arguments.effort.value_or(m.effort);
    m.congestion_rounds = arguments.congestion_rounds.value_or(m.congestion_rounds);
    m.seed = arguments.seed.value_or(m.seed);
    for (const std::string& assignment : arguments.traffic_set)
        try {
            set_traffic(m.traffic, assignment);
        } catch (const InputError& e) {
            wrong.insert(wrong.end(), e.diagnostics().begin(), e.diagnostics().end());
        }
    return m;
}

/// The pipeline's settings; words that stand for nothing become diagnostics.
mapping::PipelineSettings pipeline_of(const MachineSettings& m, const MapArguments& arguments,
                                      std::vector<Diagnostic>& wrong) {
    MapWords words = map_words(m, arguments.threads);
    const std::string& target = arguments.target_entries;
    words.fit_entries = target == "fit";
    if (!target.empty() && !words.fit_entries) {
        const auto [end, error] = std::from_chars(target.data(), target.data() + target.size(), words.target_entries);
        if (error != std::errc() || end != target.data() + target.size() || words.target_entries == 0)
            wrong.push_back({{"--target-entries", 0, 0},
                             target,
                             "is neither a number of entries nor fit",
                             "write a number from 1, or fit for what each chip's router holds"});
    }
    return pipeline_settings(words, [&](const std::string& key, std::string message, std::string remedy) {
        wrong.push_back({{"--" + key, 0, 0}, "", std::move(message), std::move(remedy)});
    });
}

/// Refuses rates of which a millisecond, which is drawn at a time, takes gigabytes.
void check_scale(const mapping::MachineGraph& graph, double scale) {
    constexpr double most = 1U << 25;
    const double packets = std::accumulate(graph.weight.begin(), graph.weight.end(), 0.0) * scale * 1e-3;
    if (packets <= most) return;
    throw InputError(
        Diagnostic{{"--traffic-scale", 0, 0},
                   "",
                   fmt::format("{:.3g} packets in each millisecond would take {} of memory", packets,
                               amount_text(packets * sizeof(mapping::Spike), "bytes")),
                   fmt::format("lower it to {:.3g} of what it is, which makes 2^25 packets", most / packets)});
}

MapResult map_all(const MapArguments& arguments) {
    std::vector<Diagnostic> wrong;
    MapSettings settings;
    // Options alone first: what is wrong with them needs no file.
    (void)pipeline_of(machine_settings(arguments, {}, wrong), arguments, wrong);
    const bool on_core = choose<bool>({{"cores", false}, {"on-core", true}}, arguments.stimuli, "--stimuli", wrong);
    const auto traffic =
        choose<int>({{"off", 0}, {"poisson", 1}, {"rates", 2}, {"spikes", 3}}, arguments.traffic, "--traffic", wrong);
    const bool netlist = ends_with(arguments.input, ".json");
    if (!netlist && !ends_with(arguments.input, ".toml"))
        wrong.push_back({{arguments.input, 0, 0},
                         "",
                         "the name ends neither with .toml (an experiment) nor with .json (a netlist)",
                         "name it by what it holds"});
    if (netlist && !arguments.overrides.empty())
        wrong.push_back(
            {{"--set", 0, 0}, arguments.overrides.front(), "a netlist has no keys to override", "leave it out"});
    if (netlist && arguments.atoms_per_core > 0)
        wrong.push_back({{"--atoms-per-core", 0, 0}, "", "a netlist is split already", "leave it out"});
    if (traffic == 3 && arguments.spikes.empty())
        wrong.push_back({{"--traffic", 0, 0},
                         "spikes",
                         "which file has the spikes isn't said",
                         "add --spikes FILE.h5, a result of `spikecast run`"});
    if (traffic != 3 && !arguments.spikes.empty())
        wrong.push_back({{"--spikes", 0, 0},
                         arguments.spikes,
                         "spikes are sent with --traffic spikes only",
                         "add it, or leave this out"});
    if (traffic == 3 && netlist)
        wrong.push_back({{"--traffic", 0, 0},
                         "spikes",
                         "the vertices of a netlist have no neurons that spike",
                         "use poisson or rates"});
    if (!arguments.picture.empty() && !ends_with(arguments.picture, ".svg"))
        wrong.push_back({{"--picture", 0, 0},
                         arguments.picture,
                         "pictures are written as SVG, but the name doesn't end so",
                         "let it end with .svg"});
    check_outputs(arguments, {arguments.input, arguments.faults, arguments.spikes}, wrong);
    if (!wrong.empty()) throw InputError(std::move(wrong));

    MapResult result;
    result.arguments = arguments;
    settings.split.stimuli_on_core = on_core;
    settings.split.threads = arguments.threads;
    std::optional<Progress> progress;
    const MapWatch watch = [&](const std::string& stage, double done, double of) {
        if (done == 0.0) progress.emplace(stage, 1.0, "", arguments.quiet);
        if (done < of) return progress->update(done, of);
        progress->finish();
        progress.reset();
    };
    std::optional<Experiment> experiment;
    timed_stage(result, "read", {}, [&] {
        // A file and a machine that are both wrong are both reported.
        std::vector<Diagnostic> wrong_file;
        std::vector<std::string> files;
        try {
            if (netlist) {
                result.netlist = mapping::read_netlist(arguments.input, &result.notes);
                result.title = fs::path(arguments.input).stem().string();
            } else {
                experiment = read_experiment(arguments.input, arguments.overrides, &files);
                result.title = experiment->title;
            }
        } catch (const InputError& e) {
            wrong_file = e.diagnostics();
        }
        const MachineSettings own = experiment ? experiment->machine : MachineSettings{};
        MachineSettings& used = result.used;
        used = machine_settings(arguments, own, wrong);
        settings.pipeline = pipeline_of(used, arguments, wrong);
        settings.machine = machine_spec(used);
        settings.faults = used.faults;
        settings.split.atoms_per_core = used.atoms_per_core;
        settings.split.slowdown = used.slowdown;
        settings.split.default_rate_hz = used.rate;
        if (!own.faults.empty() && used.faults.empty())
            result.notes.push_back(fmt::format("the experiment's faults are those of {}, so that none are taken off {}",
                                               own.target, used.target));
        const double resolution_ms = experiment ? experiment->simulation.resolution_ms() : 1.0;
        settings.traffic = traffic_settings(used, netlist ? 1.0 : resolution_ms * used.slowdown);
        for (Diagnostic& d : mapping::wrong_settings(settings.traffic)) {
            d.where = {"--traffic-set", 0, 0};
            wrong.push_back(std::move(d));
        }
        if (used.target.empty() && (netlist || wrong_file.empty()))
            wrong.push_back({{"--machine", 0, 0}, "", "is missing", "name one, as in --machine spin5"});
        if (used.target == "auto" && !used.faults.empty())
            wrong.push_back({{"--faults", 0, 0},
                             used.faults,
                             "faults belong to a machine, but which isn't said",
                             "name it with --machine"});
        else if (!used.target.empty())
            try {
                result.machine = first_machine(settings);
            } catch (const InputError& e) {
                wrong.insert(wrong.end(), e.diagnostics().begin(), e.diagnostics().end());
            }
        wrong.insert(wrong.end(), wrong_file.begin(), wrong_file.end());
        files.push_back(used.faults);
        files.push_back(arguments.spikes);
        check_outputs(arguments, std::move(files), wrong);
        if (!wrong.empty()) throw InputError(std::move(wrong));
    });
    const bool brings_keys = !result.graph().given_key.empty();
    if (arguments.keys == "netlist" && !brings_keys)
        throw InputError(Diagnostic{{"--keys", 0, 0},
                                    "netlist",
                                    fmt::format("{} brings no keys", arguments.input),
                                    "leave it out, or give the netlist routing_keys"});
    if (brings_keys && arguments.keys.empty()) {
        result.used.keys = "netlist";
        settings.pipeline.keys.method = mapping::KeyMethod::given;
    }
    const double slowdown = result.used.slowdown, scale = arguments.traffic_scale / slowdown;
    const bool draws = traffic == 1 || traffic == 2;
    if (draws && netlist) check_scale(result.netlist, scale);
    map_network(result, experiment ? &*experiment : nullptr, settings, watch);
    if (traffic == 0 || !result.verified()) return result;
    if (draws) check_scale(result.graph(), scale);

    timed_stage(result, "traffic", watch, [&] {
        mapping::Traffic simulation(result.machine, result.graph(), result.mapped->placement, result.mapped->keys,
                                    result.mapped->tables, settings.traffic);
        const auto duration = static_cast<mapping::Picoseconds>(arguments.traffic_ms * 1e9);
        if (traffic == 3) {
            const auto notes =
                replay_spikes(simulation, arguments.spikes, *experiment, *result.split, slowdown, duration,
                              [&](double done, double of) { watch("traffic", std::min(done, 0.999 * of), of); });
            result.notes.insert(result.notes.end(), notes.begin(), notes.end());
            result.traffic = simulation.report();
        } else {
            const auto pattern = traffic == 1 ? mapping::Pattern::poisson : mapping::Pattern::regular;
            mapping::RateSource source(result.graph(), scale, pattern, result.used.seed);
            result.traffic = mapping::run_rates(simulation, source, duration);
        }
    });
    return result;
}

} // namespace

CLI::App* add_map_command(CLI::App& app, MapArguments& a) {
    CLI::App* map = app.add_subcommand("map", "maps onto a SpiNNaker-like machine");
    map->add_option("INPUT", a.input, "an experiment (.toml) or a netlist (.json)")->required();
    map->add_option("--machine", a.machine,
                    "mesh:WxH, torus:WxH (chips), spin3, spin5 (a\n"
                    "board), spin5:WxH (triads of boards),\n"
                    "spin5-torus:WxH, full, or auto (the smallest)\n"
                    "[the experiment's, of its table machine, as all\n"
                    "that stands there for what isn't given here]")
        ->type_name("M");
    map->add_option("--profile", a.profile, "spinnaker, spinnaker2, truenorth, loihi [spinnaker]")->type_name("NAME");
    map->add_option("--cores-per-chip", a.cores_per_chip, "application cores [the profile's]")
        ->check(CLI::Range(static_cast<int>(cores_per_chip_range.low), static_cast<int>(cores_per_chip_range.high)))
        ->type_name("N");
    map->add_option("--sdram-per-chip", a.sdram_per_chip, "as in \"128 MiB\" [the profile's]")->type_name("BYTES");
    map->add_option("--dtcm-per-core", a.dtcm_per_core, "memory of a core [the profile's]")->type_name("BYTES");
    map->add_option("--router-entries", a.router_entries, "of a chip, for the application [the profile's]")
        ->check(CLI::Range(1U, mapping::most_router_entries))
        ->type_name("N");
    map->add_option("--faults", a.faults, "what is broken: down_chips, down_cores, down_links")->type_name("FILE");
    map->add_option("--set", a.overrides, "override a key of the experiment")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->take_all();
    map->add_option("--atoms-per-core", a.atoms_per_core, "neurons of a slice [as many as fit]")
        ->check(CLI::Range(static_cast<int>(atoms_per_core_range.low), static_cast<int>(atoms_per_core_range.high)))
        ->type_name("N");
    map->add_option("--stimuli", a.stimuli,
                    "generators on cores of their own (cores) or with\n"
                    "their targets (on-core) [cores]")
        ->type_name("HOW");
    map->add_option("--slowdown", a.slowdown, "machine time over biological time [1]")
        ->check(CLI::Range(slowdown_range.low, slowdown_range.high))
        ->type_name("X");
    map->add_option("--rate", a.rate_hz, "of populations whose rate isn't stated, Hz [10]")
        ->check(CLI::Range(rate_range.low, rate_range.high))
        ->type_name("HZ");
    map->add_option("--place", a.place, "ours, hilbert or random [ours]")->type_name("HOW");
    map->add_option("--objective", a.objective,
                    "what placing makes small: tree-cost, link-load,\n"
                    "table-entries or board-crossings (as a cost on up\n"
                    "to 64 x 64 chips, beyond as tree-cost) [tree-cost]")
        ->type_name("WHAT");
    map->add_option("--effort", a.effort,
                    "scales how long placing, keys and tables search\n"
                    "[1]")
        ->check(CLI::Range(effort_range.low, effort_range.high))
        ->type_name("X");
    map->add_option("--route", a.route,
                    "steiner, ner, ldf (longest dimension first)\n"
                    "[steiner]")
        ->type_name("HOW");
    map->add_option("--congestion-rounds", a.congestion_rounds, "times to route around busy links [0]")
        ->check(
            CLI::Range(static_cast<int>(congestion_rounds_range.low), static_cast<int>(congestion_rounds_range.high)))
        ->type_name("N");
    map->add_option("--keys", a.keys,
                    "own (chosen for small tables), index (net i has\n"
                    "key i) or netlist (as it gives them) [netlist\n"
                    "where it gives keys, else own]")
        ->type_name("HOW");
    map->add_option("--minimise", a.minimise,
                    "best, ordered-covering, pair, default-routes or\n"
                    "none [best]")
        ->type_name("HOW");
    map->add_option("--target-entries", a.target_entries,
                    "tables of so many entries are small enough; fit:\n"
                    "of as many as the chip's router holds")
        ->type_name("N|fit");
    map->add_option("--seed", a.seed, "of placing, routing and traffic [1]")->type_name("N");
    map->add_option("--threads", a.threads, "the result is the same for every number [1]")
        ->check(CLI::Range(1, 4096))
        ->type_name("N");
    map->add_option("--traffic", a.traffic,
                    "simulate packets: poisson or rates (at even\n"
                    "intervals) at the nets' rates, or spikes of a run\n"
                    "[off]")
        ->type_name("HOW");
    map->add_option("--spikes", a.spikes, "a result of `spikecast run`, for --traffic spikes")->type_name("FILE.h5");
    map->add_option("--traffic-duration", a.traffic_ms, "ms of machine time [100]")
        ->check(CLI::Range(1e-6, 1e7))
        ->type_name("MS");
    map->add_option("--traffic-scale", a.traffic_scale, "packets a second for each unit of weight [1]")
        ->check(CLI::Range(0.0, 1e12))
        ->type_name("X");
    map->add_option("--traffic-set", a.traffic_set,
                    "a parameter of routers and links, as in\n"
                    "link_mbit_s=100 or payload=true (72-bit packets);\n"
                    "all: docs/experiment_format.md, traffic")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->take_all();
    map->add_option("--report", a.report, "write the report here")->type_name("FILE.json");
    map->add_option("--tables", a.tables,
                    "write the router tables: a file of all, or a\n"
                    "folder with one a chip")
        ->type_name("FILE.csv|DIR");
    map->add_option("--picture", a.picture, "draw cores, links and tables")->type_name("FILE.svg");
    map->add_option("--output", a.output,
                    "write all stages: graph, placements, routes, keys,\n"
                    "tables")
        ->type_name("FILE.json");
    map->add_flag("--quiet", a.quiet, "print nothing but errors");
    map->footer("Examples:\n"
                "  spikecast map netlist.json --machine mesh:13x13 --cores-per-chip 16\n"
                "  spikecast map experiments/microcircuit_pd14.toml --machine auto \\\n"
                "    --slowdown 20 --threads 2 --picture microcircuit.svg\n"
                "Exit codes: 0 it fits, 1 it doesn't (the report says what binds), 2 bad input.");
    return map;
}

int map_command(const MapArguments& arguments, const Environment& environment) {
    int code = 0;
    collectively(MPI_COMM_WORLD, [&] {
        if (environment.rank() != 0) return;
        if (environment.ranks() > 1 && !arguments.quiet)
            fmt::print(stderr, "note: a mapping is made by one process, the other {} wait; --threads uses more cores\n",
                       environment.ranks() - 1);
        const MapResult result = map_all(arguments);
        // What was asked for is written whether it fits or not.
        if (!arguments.report.empty()) write_file(arguments.report, map_report_json(result));
        if (!arguments.output.empty()) write_file(arguments.output, map_stages_json(result));
        if (!arguments.tables.empty() && !ends_with(arguments.tables, ".csv")) clear_tables(arguments.tables);
        if (result.mapped && !arguments.tables.empty())
            write_tables(arguments.tables, result.machine, result.mapped->tables);
        if (result.mapped && !arguments.picture.empty()) {
            const mapping::TableSizes sizes = mapping::table_sizes(*result.mapped);
            write_file(arguments.picture,
                       mapping::picture(result.graph(), result.machine, result.mapped->placement,
                                        result.mapped->link_loads, result.mapped->tables,
                                        {result.title,
                                         fmt::format("{} vertices and {} nets on {}; cost {:.4g}, largest router table "
                                                     "{} entries",
                                                     result.graph().vertices.size(), result.graph().nets(),
                                                     result.machine.name, result.mapped->cost, sizes.worst),
                                         result.split ? "packets/s" : "(weight)"}));
        }
        if (!arguments.quiet) {
            fmt::print("{}", map_report_table(result));
            const auto told = [](const char* what, const std::string& path) {
                if (!path.empty()) fmt::print("{}: {}\n", what, path);
            };
            told("report", arguments.report);
            told("stages", arguments.output);
            if (result.mapped) {
                told("tables", arguments.tables);
                told("picture", arguments.picture);
            }
        }
        code = result.fits() ? 0 : 1;
        if (code != 0) {
            std::fflush(stdout);
            fmt::print(stderr, "spikecast: it doesn't fit {}: {}\n", result.machine.name, result.why_not());
        }
    });
    MPI_Bcast(&code, 1, MPI_INT, 0, MPI_COMM_WORLD);
    return code;
}

} // namespace spikecast
