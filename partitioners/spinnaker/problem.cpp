#include "partitioners/spinnaker/problem.hpp"

#include "partitioners/spinnaker/mapping.hpp"
#include "spikecast/random.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <numeric>

namespace spikecast::mapping {

void Hypergraph::index() {
    edges_begin.assign(clusters() + 1, 0);
    for (const std::uint32_t p : pins)
        ++edges_begin[p + 1];
    std::partial_sum(edges_begin.begin(), edges_begin.end(), edges_begin.begin());
    edges.resize(pins.size());
    std::vector<std::uint64_t> at(edges_begin.begin(), edges_begin.end() - 1);
    for (std::uint32_t e = 0; e < edge_count(); ++e)
        for (const std::uint32_t p : pins_of(e))
            edges[at[p]++] = e;
}

void EdgeMerger::grow() {
    slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
    const std::size_t mask = slots_.size() - 1;
    for (std::uint32_t e = 0; e < hash_.size(); ++e) {
        std::size_t i = hash_[e] & mask;
        while (slots_[i] != 0)
            i = (i + 1) & mask;
        slots_[i] = e + 1;
    }
}

void EdgeMerger::add(std::vector<std::uint32_t>& pins, double weight) {
    std::sort(pins.begin(), pins.end());
    pins.erase(std::unique(pins.begin(), pins.end()), pins.end());
    if (pins.size() < 2 || !(weight > 0.0)) return;
    if (hash_.size() * 2 >= slots_.size()) grow();
    std::uint64_t hash = pins.size();
    for (const std::uint32_t p : pins)
        hash = mix64(hash + 0x9e3779b97f4a7c15ULL * (p + 1));
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = hash & mask;
    for (; slots_[i] != 0; i = (i + 1) & mask) {
        const std::uint32_t e = slots_[i] - 1;
        if (hash_[e] != hash) continue;
        const auto other = h_.pins_of(e);
        if (!std::equal(other.begin(), other.end(), pins.begin(), pins.end())) continue;
        h_.weight[e] += weight;
        return;
    }
    h_.pins.insert(h_.pins.end(), pins.begin(), pins.end());
    h_.pins_begin.push_back(h_.pins.size());
    h_.weight.push_back(weight);
    hash_.push_back(hash);
    slots_[i] = static_cast<std::uint32_t>(hash_.size());
}

Problem make_problem(const MachineGraph& graph, const Machine& machine, std::span<const ChipId> chips,
                     bool unit_weights) {
    const auto n = static_cast<std::uint32_t>(graph.vertices.size());
    std::vector<std::uint32_t> parent(n);
    std::iota(parent.begin(), parent.end(), 0U);
    const auto find = [&](std::uint32_t v) {
        while (parent[v] != v)
            v = parent[v] = parent[parent[v]];
        return v;
    };
    for (const auto& group : graph.same_chip)
        for (const std::uint32_t v : group) {
            const std::uint32_t a = find(group[0]), b = find(v);
            parent[std::max(a, b)] = std::min(a, b); // the root is the lowest number
        }
    Problem problem;
    Hypergraph& h = problem.graph;
    problem.cluster.resize(n);
    std::vector<std::uint32_t> first;
    std::uint64_t all_cores = 0, all_sdram = 0;
    for (std::uint32_t v = 0; v < n; ++v) {
        const std::uint32_t root = find(v);
        if (root == v) {
            problem.cluster[v] = static_cast<std::uint32_t>(h.cores.size());
            h.cores.push_back(0);
            h.sdram.push_back(0);
            first.push_back(v);
        } else {
            problem.cluster[v] = problem.cluster[root];
        }
        h.cores[problem.cluster[v]] += graph.vertices[v].cores;
        all_cores += graph.vertices[v].cores;
        if (!machine.has_sdram) continue;
        h.sdram[problem.cluster[v]] += graph.vertices[v].sdram_bytes;
        all_sdram += graph.vertices[v].sdram_bytes;
    }

    std::vector<Diagnostic> wrong;
    const auto refuse = [&](std::string object, std::string message, std::string remedy) {
        wrong.push_back({{machine.name, 0, 0}, std::move(object), std::move(message), std::move(remedy)});
    };
    std::uint64_t cores = 0, sdram = 0, most_cores = 0, most_sdram = 0;
    for (const ChipId c : chips) {
        const ChipResources& r = machine.resources[c];
        cores += r.cores;
        sdram += r.sdram_bytes;
        most_cores = std::max<std::uint64_t>(most_cores, r.cores);
        most_sdram = std::max(most_sdram, r.sdram_bytes);
    }
    const auto live = static_cast<std::size_t>(std::count(machine.alive.begin(), machine.alive.end(), 1));
    const std::string where = chips.size() == live
                                  ? fmt::format("the machine's {} chips", live)
                                  : fmt::format("the {} of {} live chips that reach each other", chips.size(), live);
    if (all_cores > cores)
        refuse("cores", fmt::format("the vertices need {} cores, but {} have {}", all_cores, where, cores),
               "use a larger machine or fewer vertices");
    if (all_sdram > sdram)
        refuse("SDRAM", fmt::format("the vertices need {} bytes, but {} have {}", all_sdram, where, sdram),
               "use a larger machine or smaller vertices");
    std::vector<std::uint32_t> size(h.clusters(), 0);
    for (const std::uint32_t c : problem.cluster)
        ++size[c];
    for (std::size_t c = 0; c < h.clusters() && wrong.size() < 20; ++c) {
        const std::string object = size[c] == 1 ? "vertex " + graph.vertices[first[c]].name
                                                : fmt::format("same_chip_constraints: {} and {} more vertices",
                                                              graph.vertices[first[c]].name, size[c] - 1);
        if (h.cores[c] > most_cores)
            refuse(
                object,
                fmt::format("needs {} cores on one chip, but no usable chip has more than {}", h.cores[c], most_cores),
                "split it");
        else if (h.sdram[c] > most_sdram)
            refuse(object,
                   fmt::format("needs {} bytes of SDRAM on one chip, but no usable chip has more than {}", h.sdram[c],
                               most_sdram),
                   "split it");
    }
    if (!wrong.empty()) throw Refused(std::move(wrong));

    EdgeMerger merger(h);
    std::vector<std::uint32_t> pins;
    for (std::size_t net = 0; net < graph.nets(); ++net) {
        pins.assign(1, problem.cluster[graph.source[net]]);
        for (const std::uint32_t v : graph.sinks_of(net))
            pins.push_back(problem.cluster[v]);
        merger.add(pins, unit_weights ? 1.0 : graph.weight[net]);
    }
    h.index();
    return problem;
}

} // namespace spikecast::mapping
