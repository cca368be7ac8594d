#include "partitioners/spinnaker/pipeline.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <set>
#include <utility>

namespace spikecast::mapping {

namespace {

class Stages {
public:
    Stages(std::vector<StageTime>& times, const StageWatch& watch) : times_(times), watch_(watch) {}
    void next(const std::string& name) {
        end();
        name_ = name;
        if (watch_) watch_(name);
        processor_ = std::clock();
        start_ = std::chrono::steady_clock::now();
    }
    void end() {
        if (name_.empty()) return;
        const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
        times_.push_back({name_, spent.count(), static_cast<double>(std::clock() - processor_) / CLOCKS_PER_SEC});
        name_.clear();
    }
    void finish() {
        end();
        if (watch_) watch_("");
    }

private:
    std::vector<StageTime>& times_;
    const StageWatch& watch_;
    std::string name_;
    std::chrono::steady_clock::time_point start_;
    std::clock_t processor_ = 0;
};

std::string chip_name(const Machine& machine, ChipId chip) {
    return fmt::format("chip ({}, {})", machine.x(chip), machine.y(chip));
}

} // namespace

const Demand* binding(const std::vector<Demand>& demands) {
    const auto most = std::max_element(demands.begin(), demands.end(),
                                       [](const Demand& a, const Demand& b) { return a.share() < b.share(); });
    return most == demands.end() ? nullptr : &*most;
}

TableSizes table_sizes(const Mapped& mapped) {
    TableSizes sizes;
    for (std::size_t c = 0; c < mapped.tables.size(); ++c) {
        const std::size_t size = mapped.tables[c].size();
        const TableReport& report = mapped.table_reports[c];
        sizes.total += size;
        sizes.total_before += report.entries;
        sizes.worst_before = std::max<std::size_t>(sizes.worst_before, report.entries);
        if (size > report.floor) sizes.most_over_floor = std::max(sizes.most_over_floor, size - report.floor);
        if (size > sizes.worst) {
            sizes.worst = size;
            sizes.worst_chip = static_cast<ChipId>(c);
            sizes.worst_floor = report.floor;
        }
    }
    return sizes;
}

std::vector<Demand> graph_demands(const MachineGraph& graph, const Machine& machine) {
    double cores = 0.0, sdram = 0.0, cores_there = 0.0, sdram_there = 0.0;
    std::size_t most = 0;
    for (std::size_t v = 0; v < graph.vertices.size(); ++v) {
        cores += graph.vertices[v].cores;
        sdram += static_cast<double>(graph.vertices[v].sdram_bytes);
        if (graph.vertices[v].sdram_bytes > graph.vertices[most].sdram_bytes) most = v;
    }
    double largest = 0.0;
    for (const ChipResources& r : machine.resources) {
        cores_there += r.cores;
        sdram_there += static_cast<double>(r.sdram_bytes);
        largest = std::max(largest, static_cast<double>(r.sdram_bytes));
    }
    std::vector<Demand> demands{{"cores", cores, cores_there, "", "the graph", "use a larger machine"}};
    if (sdram > 0.0 && machine.has_sdram) {
        demands.push_back({"SDRAM", sdram, sdram_there, "bytes", "the graph", "use a larger machine"});
        const auto worst = static_cast<double>(graph.vertices[most].sdram_bytes);
        demands.push_back(
            {"SDRAM of a chip", worst, largest, "bytes", graph.vertices[most].name, "split it into smaller slices"});
    }
    return demands;
}

Demand table_demand(const Machine& machine, const Tables& tables) {
    Demand demand{
        "router entries", 0.0, 0.0, "", "", "choose keys (--keys own), minimise tables, or use fewer vertices"};
    for (std::size_t c = 0; c < tables.size(); ++c) {
        Demand here = demand;
        here.used = static_cast<double>(tables[c].size());
        here.available = machine.resources[c].router_entries;
        if (demand.where.empty() || here.share() > demand.share()) {
            demand = here;
            demand.where = chip_name(machine, static_cast<ChipId>(c));
        }
    }
    return demand;
}

std::optional<SmallestMachine> smallest_machine(const MachineGraph& graph, const MachineSpec& like) {
    std::vector<std::pair<MachineSpec, int>> shapes;
    const auto add = [&](std::string shape, int boards) {
        MachineSpec spec = like;
        spec.shape = std::move(shape);
        shapes.emplace_back(std::move(spec), boards);
    };
    if (like.profile == "spinnaker") {
        add("spin3", 1);
        add("spin5", 1);
        std::set<std::pair<int, int>> triads; // (number, long side)
        for (int w = 1; w <= 20; ++w)
            for (int h = 1; h <= w; ++h)
                if (w <= 2 * h) triads.emplace(w * h, w);
        int last = 0;
        for (const auto& [number, w] : triads) {
            if (number == last) continue; // the squarest of each number
            last = number;
            add(fmt::format("spin5:{}x{}", w, number / w), 3 * number);
        }
        add("full", 1200);
    } else {
        for (int side = 1; side <= 1024; side = side < 16 ? side + 1 : side * 2)
            add(fmt::format("mesh:{0}x{0}", side), 0);
    }
    PlaceSettings quick;
    quick.method = PlaceMethod::hilbert;
    int tries = 0;
    for (const auto& [spec, boards] : shapes) {
        const Machine machine = make_machine(spec);
        const std::vector<Demand> demands = graph_demands(graph, machine);
        if (std::any_of(demands.begin(), demands.end(), [](const Demand& d) { return !d.met(); })) continue;
        try {
            (void)place(graph, machine, quick);
            const auto chips = static_cast<std::size_t>(std::count(machine.alive.begin(), machine.alive.end(), 1));
            return SmallestMachine{spec, boards, chips};
        } catch (const Refused&) {
            if (++tries == 8) return std::nullopt; // what counts can't see and size doesn't cure
        }
    }
    return std::nullopt;
}

Mapped run_pipeline(const MachineGraph& graph, const Machine& machine, const PipelineSettings& settings,
                    const StageWatch& watch) {
    Mapped mapped;
    Stages stages(mapped.stages, watch);
    stages.next("place");
    mapped.placement = place(graph, machine, settings.place);
    stages.next("route");
    mapped.routing = route(graph, machine, mapped.placement, settings.route);
    mapped.cost = tree_cost(graph, mapped.routing);
    mapped.floor = cost_floor(graph, machine);
    mapped.link_loads = link_loads(graph, machine, mapped.routing);
    stages.next("keys");
    mapped.keys = allocate_keys(graph, machine, mapped.placement, mapped.routing, settings.keys);
    stages.next("tables");
    BuiltTables built = build_tables(machine, mapped.routing, mapped.keys, settings.minimise);
    mapped.tables = std::move(built.tables);
    mapped.table_reports = std::move(built.reports);
    stages.next("verify");
    VerifyOptions options;
    options.threads = settings.place.threads;
    options.capacity = false; // that tables fit is a demand, not a fault of theirs
    mapped.verified = verify(machine, graph, mapped.placement, mapped.keys, mapped.tables, options);
    stages.finish();
    return mapped;
}

} // namespace spikecast::mapping
