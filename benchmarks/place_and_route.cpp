// Times placing and routing. A row a seed: cost of the placed and routed graph, busiest link, seconds of each stage;
// with
// --tables also the choice of keys, the tables (--table-effort 0: decision trees alone) and their verification.
//
//     place_and_route NETLIST.json --machine mesh:13x13 --cores-per-chip 16 --seeds 5
//     place_and_route mesh:960x938 --machine full --cores-per-chip 16 --threads 2
//
// "mesh:WxH" is a synthetic graph: every vertex sends one net to its eight neighbours in a W x H sheet.
#include "partitioners/spinnaker/keys.hpp"
#include "partitioners/spinnaker/netlist.hpp"
#include "partitioners/spinnaker/place.hpp"
#include "partitioners/spinnaker/route.hpp"
#include "partitioners/spinnaker/tables.hpp"
#include "partitioners/spinnaker/verify.hpp"

#include <algorithm>
#include <chrono>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <fmt/format.h>
#include <map>
#include <stdexcept>
#include <sys/resource.h>

using namespace spikecast;
using namespace spikecast::mapping;

namespace {

MachineGraph sheet(const std::string& text) {
    int w = 0, h = 0;
    if (std::sscanf(text.c_str(), "mesh:%dx%d", &w, &h) != 2 || w < 1 || h < 1)
        throw std::runtime_error("mesh:WxH, please");
    MachineGraph g;
    g.sinks_begin.push_back(0);
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) {
            g.vertices.push_back({fmt::format("{},{}", x, y), 1, 1 << 20});
            g.source.push_back(static_cast<std::uint32_t>(y * w + x));
            for (int dy = -1; dy <= 1; ++dy)
                for (int dx = -1; dx <= 1; ++dx)
                    if ((dx != 0 || dy != 0) && x + dx >= 0 && x + dx < w && y + dy >= 0 && y + dy < h)
                        g.sinks.push_back(static_cast<std::uint32_t>((y + dy) * w + x + dx));
            g.sinks_begin.push_back(g.sinks.size());
            g.weight.push_back(1.0);
            g.key_bits.push_back(0);
        }
    return g;
}

double processor_seconds() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Keys, tables and verification of a routed graph, with what each takes of the processors. False: tables are wrong.
bool time_tables(const MachineGraph& graph, const Machine& machine, const Placement& placement, const Routing& trees,
                 const KeyOptions& choice, const MinimiseOptions& minimising) {
    const double start = processor_seconds();
    const Keys keys = allocate_keys(graph, machine, placement, trees, choice);
    const double chosen = processor_seconds();
    const BuiltTables built = build_tables(machine, trees, keys, minimising);
    const double made = processor_seconds();
    VerifyOptions options;
    options.threads = minimising.threads;
    const bool right = verify(machine, graph, placement, keys, built.tables, options).ok();
    std::size_t total = 0, floor = 0;
    TableReport worst;
    for (const TableReport& report : built.reports) {
        total += report.minimised;
        floor += report.floor;
        if (report.minimised > worst.minimised) worst = report;
    }
    fmt::print(
        "    worst table {} (floor {}), entries {} (floor {}), {}; seconds of processors: keys {:.2f}, tables {:.2f}, "
        "verification {:.2f}\n",
        worst.minimised, worst.floor, total, floor, right ? "verified" : "WRONG", chosen - start, made - chosen,
        processor_seconds() - made);
    return right;
}

double since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app{"Times placing and routing."};
    std::string graph_name, faults;
    MachineSpec spec;
    int cores = 0;
    std::uint64_t seeds = 1;
    PlaceSettings placing;
    RouteSettings routing;
    KeyOptions keys;
    MinimiseOptions minimising;
    bool tables = false;
    const std::map<std::string, KeyMethod> choices{{"own", KeyMethod::own}, {"index", KeyMethod::index}};
    const std::map<std::string, PlaceMethod> placers{
        {"hilbert", PlaceMethod::hilbert}, {"random", PlaceMethod::random}, {"best", PlaceMethod::best}};
    const std::map<std::string, RouteMethod> routers{
        {"ner", RouteMethod::ner}, {"ldf", RouteMethod::longest_dimension_first}, {"steiner", RouteMethod::steiner}};
    app.add_option("graph", graph_name, "a netlist, or mesh:WxH")->required();
    app.add_option("--machine", spec.shape);
    app.add_option("--cores-per-chip", cores);
    app.add_option("--faults", faults);
    app.add_option("--placer", placing.method)->transform(CLI::CheckedTransformer(placers));
    app.add_option("--router", routing.method)->transform(CLI::CheckedTransformer(routers));
    app.add_option("--effort", placing.effort);
    app.add_option("--threads", placing.threads);
    app.add_option("--seed", placing.seed, "the first");
    app.add_option("--seeds", seeds, "how many");
    app.add_option("--congestion-rounds", routing.congestion_rounds);
    app.add_flag("--tables", tables, "keys and tables too");
    app.add_option("--keys", keys.method)->transform(CLI::CheckedTransformer(choices));
    app.add_option("--table-effort", minimising.effort);
    CLI11_PARSE(app, argc, argv);
    if (cores > 0) spec.cores_per_chip = cores;
    routing.threads = minimising.threads = placing.threads;

    Machine machine = make_machine(spec);
    if (!faults.empty()) apply_faults(machine, read_faults(faults));
    const MachineGraph graph = graph_name.rfind("mesh:", 0) == 0 ? sheet(graph_name) : read_netlist(graph_name);
    fmt::print("{}: {} vertices, {} nets, {} pins, floor {:.0f}\n", graph_name, graph.vertices.size(), graph.nets(),
               graph.sinks.size(), cost_floor(graph, machine));
    std::vector<double> costs;
    for (std::uint64_t i = 0; i < seeds; ++i) {
        const auto start = std::chrono::steady_clock::now();
        const double clock = processor_seconds();
        const Placement placement = place(graph, machine, placing);
        const double placed = since(start), processor = processor_seconds() - clock;
        const Routing trees = route(graph, machine, placement, routing);
        const double routed = since(start) - placed;
        const std::vector<double> load = link_loads(graph, machine, trees);
        costs.push_back(tree_cost(graph, trees));
        fmt::print("seed {}: cost {:.0f}, busiest link {:.0f}, placed in {:.3f} s ({:.3f} s of processors), routed in "
                   "{:.3f} s\n",
                   placing.seed, costs.back(), *std::max_element(load.begin(), load.end()), placed, processor, routed);
        keys.seed = placing.seed;
        if (tables && !time_tables(graph, machine, placement, trees, keys, minimising)) return 1;
        ++placing.seed;
    }
    std::sort(costs.begin(), costs.end());
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    fmt::print("median cost {:.0f}, largest memory {} MB\n", costs[costs.size() / 2], usage.ru_maxrss / 1024);
    return 0;
} catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", e.what());
    return 2;
}
