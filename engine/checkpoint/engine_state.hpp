// What a checkpoint holds of the workers: state by neuron, statistics by neuron, state of stimuli by target, and the
// spikes under way. All of it is global by neuron, so that any other layout can take it up.
#pragma once

#include "engine/checkpoint/file.hpp"
#include "engine/checkpoint/sections.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/recording/placed_spikes.hpp"
#include "engine/recording/statistics.hpp"
#include "engine/simulation/worker.hpp"

#include <fmt/core.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace spikecast {

/// The workers of this rank and what belongs to them.
template <class T, class W>
struct WorkersOfRank {
    MPI_Comm comm;
    const Experiment& experiment;
    const Partition& partition;
    std::uint32_t threads;
    std::vector<std::unique_ptr<Worker<T, W>>>& workers;
    std::vector<std::unique_ptr<ActivityStatistics>>& statistics;

    [[nodiscard]] std::string of_population(const char* what, std::size_t p) const {
        return std::string(what) + "/" + experiment.populations[p].name;
    }
    /// One share for each worker: all of its neurons of the population.
    [[nodiscard]] std::vector<TableShare> neurons(std::size_t p) const {
        std::vector<TableShare> shares(workers.size());
        for (std::size_t t = 0; t < workers.size(); ++t)
            shares[t].rows = workers[t]->indices(p);
        return shares;
    }
    struct StimulusPart {
        StimulusBlock<T>* block;
        std::vector<std::uint64_t> targets;
    };
    [[nodiscard]] std::vector<StimulusPart> parts(std::size_t stimulus) const {
        std::vector<StimulusPart> out;
        for (auto& worker : workers)
            for (std::size_t p = 0; p < experiment.populations.size(); ++p)
                for (StimulusShare<T>& share : worker->stimuli[p]) {
                    if (share.number != stimulus) continue;
                    StimulusPart part{share.block.get(), {}};
                    if (share.positions.empty()) part.targets = worker->indices(p);
                    for (const std::uint32_t local : share.positions)
                        part.targets.push_back(worker->indices(p)[local]);
                    out.push_back(std::move(part));
                }
        return out;
    }
    [[nodiscard]] std::uint64_t targets_size(std::size_t stimulus) const {
        return experiment.find_population(experiment.stimuli[stimulus].target.population)->size;
    }
};

/// Collective. spikes: those found in the last max_delay steps (Worker::emissions).
template <class T, class W>
void write_workers(CheckpointWriter& writer, const WorkersOfRank<T, W>& own) {
    for (std::size_t p = 0; p < own.experiment.populations.size(); ++p) {
        const std::uint64_t size = own.experiment.populations[p].size;
        std::vector<TableShare> shares = own.neurons(p);
        for (std::size_t t = 0; t < shares.size(); ++t)
            own.workers[t]->block(p)->state(shares[t].columns);
        writer.table(own.of_population("populations", p), size, shares);
        shares = own.neurons(p);
        for (std::size_t t = 0; t < shares.size(); ++t)
            own.statistics[t]->state(shares[t].columns, p);
        writer.table(own.of_population("statistics", p), size, shares);
    }
    for (std::size_t s = 0; s < own.experiment.stimuli.size(); ++s) {
        std::vector<TableShare> shares;
        for (const auto& part : own.parts(s)) {
            shares.push_back({part.targets, {}});
            part.block->state(shares.back().columns);
        }
        writer.table("stimuli/" + std::to_string(s), own.targets_size(s), shares);
    }
    std::vector<PlacedSpike> spikes;
    for (const auto& worker : own.workers)
        for (const auto& e : worker->emissions)
            spikes.push_back({e.population, e.step, worker->indices(e.population)[e.local]});
    spikes = sort_over_ranks(own.comm, std::move(spikes));
    const std::uint64_t mine = spikes.size();
    std::uint64_t before = 0, all = 0;
    int rank = 0;
    MPI_Comm_rank(own.comm, &rank);
    MPI_Exscan(&mine, &before, 1, MPI_UINT64_T, MPI_SUM, own.comm);
    if (rank == 0) before = 0; // MPI leaves it undefined there
    MPI_Allreduce(&mine, &all, 1, MPI_UINT64_T, MPI_SUM, own.comm);
    std::vector<TableShare> shares(1);
    for (std::uint64_t i = 0; i < mine; ++i)
        shares[0].rows.push_back(before + i);
    const auto column = [&]<class Number>(const char* name, Number PlacedSpike::*member) {
        shares[0].columns.column<Number>(name, mine, 1,
                                         [&](std::size_t i, std::uint32_t) -> Number& { return spikes[i].*member; });
    };
    column("population", &PlacedSpike::population);
    column("step", &PlacedSpike::step);
    column("index", &PlacedSpike::index);
    writer.table("spikes_in_flight", all, shares);
}

/// Collective. old_stimulus[s]: the number that stimulus s had in the checkpoint, where it goes on as it was. Calendars
/// are left empty: Worker::emissions has the spikes that fill them.
template <class T, class W>
void read_workers(const CheckpointReader& reader, const WorkersOfRank<T, W>& own,
                  const std::vector<std::optional<std::size_t>>& old_stimulus) {
    const auto put_back = [&](const std::string& group, auto&& work) {
        try {
            work();
        } catch (const RunError& e) {
            throw RunError(fmt::format("{}: {}: {}; a model has changed since: use the version that wrote it",
                                       reader.index().path, group, e.what()));
        }
    };
    for (std::size_t p = 0; p < own.experiment.populations.size(); ++p) {
        std::string group = own.of_population("populations", p);
        std::vector<TableShare> shares = own.neurons(p);
        if (reader.has_table(group)) reader.table(group, shares); // parrots have no state
        collectively(own.comm, [&] {
            put_back(group, [&] {
                for (std::size_t t = 0; t < shares.size(); ++t) {
                    if (!shares[t].columns.loading())
                        shares[t].columns = StateColumns(std::vector<StateColumns::Column>());
                    own.workers[t]->block(p)->state(shares[t].columns);
                }
            });
        });
        group = own.of_population("statistics", p);
        shares = own.neurons(p);
        reader.table(group, shares);
        collectively(own.comm, [&] {
            put_back(group, [&] {
                for (std::size_t t = 0; t < shares.size(); ++t)
                    own.statistics[t]->state(shares[t].columns, p);
            });
        });
    }
    for (std::size_t s = 0; s < own.experiment.stimuli.size(); ++s) {
        if (!old_stimulus[s]) continue;
        const std::string group = "stimuli/" + std::to_string(*old_stimulus[s]);
        if (!reader.has_table(group)) continue; // a function of the step
        const auto parts = own.parts(s);
        std::vector<TableShare> shares(parts.size());
        for (std::size_t i = 0; i < parts.size(); ++i)
            shares[i].rows = parts[i].targets;
        reader.table(group, shares);
        collectively(own.comm, [&] {
            put_back(group, [&] {
                for (std::size_t i = 0; i < parts.size(); ++i)
                    parts[i].block->state(shares[i].columns);
            });
        });
    }

    // Spikes under way go to the ranks that own their sources now.
    std::vector<StateColumns::Column> columns = reader.block("spikes_in_flight");
    std::vector<PlacedSpike> spikes;
    collectively(own.comm, [&] {
        StateColumns given(std::move(columns));
        if (given.columns().empty()) throw RunError(reader.index().path + ": has no section spikes_in_flight");
        spikes.resize(given.columns().front().bytes.size() / given.columns().front().row_bytes());
        const auto column = [&]<class Number>(const char* name, Number PlacedSpike::*member) {
            given.column<Number>(name, spikes.size(), 1,
                                 [&](std::size_t i, std::uint32_t) -> Number& { return spikes[i].*member; });
        };
        column("population", &PlacedSpike::population);
        column("step", &PlacedSpike::step);
        column("index", &PlacedSpike::index);
        for (const PlacedSpike& spike : spikes)
            if (spike.population >= own.experiment.populations.size() ||
                spike.index >= own.experiment.populations[spike.population].size)
                throw RunError(reader.index().path + ": spikes_in_flight names a neuron that there isn't");
    });
    struct Owned {
        std::int64_t step;
        std::uint32_t population, thread;
        std::uint64_t local;
    };
    int ranks = 1;
    MPI_Comm_size(own.comm, &ranks);
    std::vector<std::vector<Owned>> out(static_cast<std::size_t>(ranks));
    for (std::size_t p = 0; p < own.experiment.populations.size(); ++p) {
        std::vector<std::uint64_t> indices;
        std::vector<std::int64_t> steps;
        for (const PlacedSpike& spike : spikes)
            if (spike.population == p) {
                indices.push_back(spike.index);
                steps.push_back(spike.step);
            }
        std::vector<Partition::Place> places(indices.size());
        own.partition.places(p, indices, places);
        for (std::size_t i = 0; i < places.size(); ++i)
            out[places[i].worker / own.threads].push_back(
                {steps[i], static_cast<std::uint32_t>(p), places[i].worker % own.threads, places[i].local});
    }
    for (const auto& from : all_to_all(own.comm, out))
        for (const Owned& each : from)
            own.workers[each.thread]->emissions.push_back(
                {each.step, each.population, static_cast<std::uint32_t>(each.local)});
    for (auto& worker : own.workers)
        std::sort(worker->emissions.begin(), worker->emissions.end(), [](const auto& a, const auto& b) {
            return std::tuple(a.step, a.population, a.local) < std::tuple(b.step, b.population, b.local);
        });
}

} // namespace spikecast
