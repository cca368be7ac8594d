#include "engine/app/minimise.hpp"

#include "engine/app/outputs.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/experiment/machine_words.hpp"
#include "engine/experiment/quantity.hpp"
#include "partitioners/spinnaker/tables.hpp"
#include "partitioners/spinnaker/verify.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <optional>
#include <vector>

namespace spikecast {

namespace {

using mapping::MinimiseMethod;

struct Method {
    const char* name;
    MinimiseMethod method;
    bool can_be_strict;
};
constexpr Method methods[] = {{"ordered-covering", MinimiseMethod::ordered_covering, false},
                              {"pair", MinimiseMethod::pair, false},
                              {"best", MinimiseMethod::best, true}};

struct Minimised {
    const Method* method;
    mapping::Table table;
    double seconds = 0.0;
    std::optional<mapping::TableDifference> difference;
};

const Method& method_of(const MinimiseArguments& arguments) {
    const auto found = std::find_if(std::begin(methods), std::end(methods),
                                    [&](const Method& m) { return m.name == arguments.method; });
    if (found == std::end(methods)) {
        std::vector<std::string> known;
        for (const Method& m : methods)
            known.emplace_back(m.name);
        throw InputError(Diagnostic{{"--minimise", 0, 0},
                                    "",
                                    fmt::format("there is no '{}' here", arguments.method),
                                    suggestion(arguments.method, known)});
    }
    if (arguments.strict && !found->can_be_strict)
        throw InputError(Diagnostic{{"--strict", 0, 0},
                                    arguments.method,
                                    "the published algorithms let entries match unused keys",
                                    "leave it out, or write --minimise best"});
    return *found;
}

void check_outputs(const MinimiseArguments& arguments) {
    const auto check = [](const char* option, const std::string& path, const std::vector<std::string>& others) {
        if (const std::string other = same_file(path, others); !path.empty() && !other.empty())
            throw InputError(Diagnostic{{option, 0, 0},
                                        path,
                                        fmt::format("this is also {}, which would be overwritten", other),
                                        "name another file"});
    };
    check("--output", arguments.output, {arguments.input});
    check("--report", arguments.report, {arguments.input, arguments.output});
}

std::string report_json(const MinimiseArguments& arguments, std::size_t entries, std::size_t routes,
                        const std::vector<Minimised>& results) {
    nlohmann::ordered_json made = nlohmann::ordered_json::array();
    for (const Minimised& r : results)
        made.push_back({{"method", r.method->name},
                        {"entries", r.table.size()},
                        {"seconds", r.seconds},
                        {"equivalent", !r.difference.has_value()}});
    return nlohmann::ordered_json{{"version", SPIKECAST_VERSION}, {"input", arguments.input},
                                  {"entries", entries},           {"routes", routes},
                                  {"strict", arguments.strict},   {"methods", made}}
        .dump(2);
}

} // namespace

CLI::App* add_minimise_command(CLI::App& app, MinimiseArguments& a) {
    CLI::App* minimise = app.add_subcommand("minimise", "makes a router table small, and compares methods");
    minimise->add_option("TABLE", a.input, "lines of key,mask,route (.csv or .csv.gz)")->required();
    minimise->add_option("--output", a.output, "write the small table here, compressed where the name ends in .gz")
        ->type_name("FILE.csv[.gz]");
    minimise->add_option("--report", a.report, "write entries and seconds of all methods here")->type_name("FILE.json");
    minimise->add_option("--minimise", a.method, "whose table is written: best, ordered-covering or pair [best]")
        ->type_name("HOW");
    minimise->add_flag("--strict", a.strict, "best leaves keys unmatched that the table doesn't match");
    minimise->add_option("--target-entries", a.target_entries, "a table of so many entries is small enough")
        ->check(CLI::Range(1U, 1U << 30))
        ->type_name("N");
    minimise->add_option("--effort", a.effort, "scales how long best searches [1]")
        ->check(CLI::Range(effort_range.low, effort_range.high))
        ->type_name("X");
    minimise->add_flag("--quiet", a.quiet, "print nothing but errors");
    minimise->footer("Example:\n"
                     "  spikecast minimise table.csv.gz --output small.csv");
    return minimise;
}

int minimise_command(const MinimiseArguments& arguments, const Environment& environment) {
    int code = 0;
    collectively(MPI_COMM_WORLD, [&] {
        if (environment.rank() != 0) return;
        const Method& wanted = method_of(arguments);
        check_outputs(arguments);
        const mapping::Table given = mapping::read_table(arguments.input);
        std::vector<Minimised> results;
        for (const Method& m : methods) {
            Minimised r{&m, {}, 0.0, {}};
            const auto start = std::chrono::steady_clock::now();
            r.table = mapping::minimise(given, {},
                                        {.method = m.method,
                                         .strict = arguments.strict && m.can_be_strict,
                                         .target = arguments.target_entries,
                                         .effort = arguments.effort});
            r.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
            r.difference = mapping::table_difference(given, r.table);
            results.push_back(std::move(r));
        }
        const std::size_t routes = mapping::table_floor(given, {});
        const Minimised& result =
            *std::find_if(results.begin(), results.end(), [&](const Minimised& r) { return r.method == &wanted; });
        if (!arguments.report.empty())
            write_file(arguments.report, report_json(arguments, given.size(), routes, results));
        if (!arguments.quiet) {
            fmt::print("{}: {} entries, {} distinct routes\n", arguments.input, given.size(), routes);
            fmt::print("{:<20}{:>10}{:>10}{:>10}   {}\n", "method", "before", "after", "seconds", "same routes");
            for (const Minimised& r : results)
                fmt::print("{:<20}{:>10}{:>10}{:>10.2f}   {}\n", r.method->name, given.size(), r.table.size(),
                           r.seconds, r.difference ? "NO: " + r.difference->text : "yes, on every key of the table");
        }
        if (result.difference) {
            code = 1;
            std::fflush(stdout);
            fmt::print(stderr,
                       "spikecast: {} made another table of it, so that nothing is written: {} (the published "
                       "algorithms want entries that have no key in common; use --minimise best)\n",
                       wanted.name, result.difference->text);
            return;
        }
        if (arguments.output.empty()) return;
        mapping::write_table(result.table, arguments.output);
        if (!arguments.quiet) fmt::print("table: {}\n", arguments.output);
    });
    MPI_Bcast(&code, 1, MPI_INT, 0, MPI_COMM_WORLD);
    return code;
}

} // namespace spikecast
