#include "engine/mapping/machine_run.hpp"

#include "engine/exchange/clock.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/experiment/machine_words.hpp"
#include "partitioners/spinnaker/place.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace spikecast {

namespace {

/// Remedies speak of the options of `spikecast map`; in an experiment they are keys.
std::string in_words_of_the_file(std::string text) {
    for (const auto& [option, key] : {std::pair<std::string, std::string>{"--atoms-per-core", "machine.atoms_per_core"},
                                      {"--slowdown", "machine.slowdown"},
                                      {"--sdram-per-chip", "machine.sdram_per_chip"},
                                      {"--dtcm-per-core", "machine.dtcm_per_core"},
                                      {"--router-entries", "machine.router_entries"},
                                      {"--rate", "machine.rate"},
                                      {"--keys own", "machine.keys = \"own\""}})
        for (std::size_t at; (at = text.find(option)) != std::string::npos;)
            text.replace(at, option.size(), key);
    return text;
}

} // namespace

NetworkMapping map_machine(const Experiment& experiment, unsigned threads) {
    const MachineSettings& m = experiment.machine;
    MapSettings settings;
    settings.machine = machine_spec(m);
    settings.faults = m.faults;
    settings.pipeline = pipeline_settings(map_words(m, threads),
                                          [](const std::string&, const std::string& message, const std::string&) {
                                              throw std::logic_error("an experiment that wasn't validated: " + message);
                                          });
    settings.split.atoms_per_core = m.atoms_per_core;
    settings.split.slowdown = m.slowdown;
    settings.split.default_rate_hz = m.rate;
    settings.split.stimuli_on_core = true;
    settings.split.threads = threads;
    settings.traffic = traffic_settings(m, experiment.simulation.resolution_ms() * m.slowdown);
    NetworkMapping mapping;
    mapping.machine = first_machine(settings);
    try {
        map_network(mapping, &experiment, settings);
    } catch (const InputError& e) {
        std::vector<Diagnostic> wrong = e.diagnostics();
        for (Diagnostic& d : wrong) {
            d.remedy = in_words_of_the_file(d.remedy);
            if (!d.where.file.starts_with("--")) continue;
            d.where = experiment.where("machine.target");
            d.object = "machine.target";
        }
        throw InputError(std::move(wrong));
    }
    const auto overloaded = std::find_if(mapping.demands.begin(), mapping.demands.end(),
                                         [](const mapping::Demand& d) { return d.name == "link load" && !d.met(); });
    if (overloaded != mapping.demands.end()) {
        mapping.notes.push_back(fmt::format("link {} is asked for {:.3g} times what it carries: packets will come late "
                                            "or be dropped",
                                            overloaded->where, overloaded->share()));
        mapping.demands.erase(overloaded);
    }
    for (std::string& note : mapping.notes)
        note = in_words_of_the_file(note);
    return mapping;
}

void refuse_misfit(const Experiment& experiment, const NetworkMapping& mapping) {
    if (mapping.fits()) return;
    throw InputError(
        {experiment.where("machine.target"), "machine.target",
         fmt::format("the network doesn't fit {}, by {}", mapping.machine.name, mapping.binding_constraint()),
         in_words_of_the_file(mapping.why_not())});
}

MachineSummary machine_summary(const NetworkMapping& m) {
    MachineSummary s;
    s.machine = m.machine.name;
    s.fits = m.fits();
    s.binding_constraint = m.binding_constraint();
    if (const mapping::Demand* most = mapping::binding(m.demands)) s.binding_share = most->share();
    s.slices = m.split->slices.count();
    s.notes = m.notes;
    if (!m.mapped) return s;
    std::vector<mapping::ChipId> chips = m.mapped->placement.chip;
    std::sort(chips.begin(), chips.end());
    s.chips = static_cast<std::uint64_t>(std::unique(chips.begin(), chips.end()) - chips.begin());
    s.worst_table_entries = mapping::table_sizes(*m.mapped).worst;
    return s;
}

std::vector<WorkerId> workers_of_slices(const NetworkMapping& m, std::uint32_t workers) {
    const Slices& slices = m.split->slices;
    std::vector<mapping::ChipId> chips(m.machine.chips());
    std::iota(chips.begin(), chips.end(), 0U);
    std::vector<std::uint32_t> turn(chips.size());
    chips = mapping::hilbert_order(m.machine, chips);
    for (std::uint32_t i = 0; i < chips.size(); ++i)
        turn[chips[i]] = i;
    std::vector<std::uint32_t> order(slices.count());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return turn[m.mapped->placement.chip[a]] < turn[m.mapped->placement.chip[b]];
    });
    double total = 0.0, before = 0.0;
    for (std::size_t p = 0; p < slices.populations(); ++p)
        total += static_cast<double>(slices.size(p));
    std::vector<WorkerId> worker(slices.count());
    for (const std::uint32_t s : order) {
        const auto neurons = static_cast<double>(slices.end(s) - slices.begin(s));
        const double share = (before + 0.5 * neurons) / total * workers;
        worker[s] = std::min(static_cast<WorkerId>(share), workers - 1);
        before += neurons;
    }
    return worker;
}

MachineRun::MachineRun(MPI_Comm comm, const Experiment& experiment, std::uint32_t threads, std::uint32_t workers)
    : comm_(comm) {
    MPI_Comm_rank(comm, &rank_);
    MPI_Comm_size(comm, &ranks_);
    std::vector<std::uint32_t> atoms(experiment.populations.size());
    std::vector<WorkerId> worker;
    const MachineSettings& machine = experiment.machine;
    collectively(comm_, [&] {
        if (rank_ != 0) return;
        const double begin = wall_seconds();
        mapping_ = std::make_unique<NetworkMapping>(map_machine(experiment, threads));
        mapping_s_ = wall_seconds() - begin;
        refuse_misfit(experiment, *mapping_);
        if (machine.router && !mapping_->split->exact)
            throw InputError(
                {experiment.where("machine.router"), "machine.router",
                 fmt::format("the router model needs every destination, but {:.3g} synapses are too many to "
                             "be drawn for a mapping",
                             mapping_->split->synapses),
                 "write router = false, or scale the network down"});
        for (std::size_t p = 0; p < atoms.size(); ++p)
            atoms[p] = mapping_->split->slices.atoms(p);
        worker = workers_of_slices(*mapping_, workers);
        if (machine.router)
            router_ = std::make_unique<MachineRouter>(
                *mapping_, traffic_settings(machine, experiment.simulation.resolution_ms() * machine.slowdown),
                step_picoseconds(experiment.simulation, machine.slowdown));
    });
    MPI_Bcast(atoms.data(), static_cast<int>(atoms.size()), MPI_UINT32_T, 0, comm_);
    std::vector<std::uint64_t> sizes;
    for (const Population& population : experiment.populations)
        sizes.push_back(population.size);
    Slices slices(sizes, atoms);
    worker.resize(slices.count());
    MPI_Bcast(worker.data(), static_cast<int>(worker.size()), MPI_UINT32_T, 0, comm_);
    collectively(comm_,
                 [&] { partition_ = std::make_shared<SlicePartition>(std::move(slices), std::move(worker), workers); });
    counts_.resize(static_cast<std::size_t>(ranks_));
    starts_.resize(static_cast<std::size_t>(ranks_));
}

/// All ranks' spikes to rank 0; none of them, and an error there, where a rank has too many for the counts of MPI.
void MachineRun::gather(const std::vector<SliceSpike>& own, std::string& error) {
    constexpr int words = sizeof(SliceSpike) / sizeof(std::uint32_t);
    const int most = std::numeric_limits<int>::max() / words / ranks_;
    const bool fits = own.size() <= static_cast<std::size_t>(most);
    int count = fits ? static_cast<int>(own.size()) * words : -1;
    MPI_Gather(&count, 1, MPI_INT, counts_.data(), 1, MPI_INT, 0, comm_);
    if (!fits) count = 0;
    if (rank_ == 0) {
        int total = 0;
        for (std::size_t r = 0; r < counts_.size(); ++r) {
            if (counts_[r] < 0) {
                error = fmt::format("rank {} has more than {} spikes between two exchanges, too many for the router "
                                    "model; use more ranks, or machine.router = false",
                                    r, most);
                counts_[r] = 0;
            }
            starts_[r] = total;
            total += counts_[r];
        }
        spikes_.resize(static_cast<std::size_t>(total / words));
    }
    MPI_Gatherv(own.data(), count, MPI_UINT32_T, spikes_.data(), counts_.data(), starts_.data(), MPI_UINT32_T, 0,
                comm_);
}

const std::vector<RoutedException>& MachineRun::route(std::int64_t first, std::int64_t end,
                                                      const std::vector<SliceSpike>& own, std::string& error) {
    gather(own, error);
    exceptions_.clear();
    if (rank_ == 0 && error.empty()) {
        const double begin = wall_seconds();
        try {
            router_->run(first, end, spikes_, exceptions_);
        } catch (...) {
            error = describe_current_exception().second;
            exceptions_.clear();
        }
        router_s_ += wall_seconds() - begin;
    }
    std::uint64_t count = exceptions_.size();
    MPI_Bcast(&count, 1, MPI_UINT64_T, 0, comm_);
    exceptions_.resize(count);
    constexpr std::uint64_t piece = 1U << 24;
    for (std::uint64_t done = 0; done < count; done += piece)
        MPI_Bcast(exceptions_.data() + done,
                  static_cast<int>(std::min(piece, count - done) * sizeof(RoutedException) / sizeof(std::uint32_t)),
                  MPI_UINT32_T, 0, comm_);
    return exceptions_;
}

std::optional<MachineSummary> MachineRun::summary() const {
    if (rank_ != 0) return std::nullopt;
    MachineSummary s = machine_summary(*mapping_);
    s.mapping_s = mapping_s_;
    s.router = router_ != nullptr;
    if (!s.router) return s;
    const mapping::TrafficReport t = router_->report();
    s.machine_s = t.seconds;
    s.packets = t.packets_sent;
    s.deliveries = t.fan_out;
    s.late = router_->late();
    s.dropped = t.dropped;
    s.under_way = t.under_way;
    s.emergency_routes = t.emergency_routes;
    s.reinjected = t.reinjected;
    s.max_link_utilisation = t.max_utilisation;
    s.latency_us = {t.latency.mean_ns * 1e-3, t.latency.p99_ns * 1e-3, t.latency.max_ns * 1e-3};
    s.energy_j = {t.link_joules, t.idle_joules, t.busy_joules};
    s.router_s = router_s_;
    return s;
}

} // namespace spikecast
