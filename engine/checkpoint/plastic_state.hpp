// What a checkpoint holds of plastic projections: what learning changed, by synapse, source and target, so that any
// other layout can take it up. Workers have swept before: a row that waits for its next spike would hold what depends
// on when its history ran full.
#pragma once

#include "engine/build/fault.hpp"
#include "engine/checkpoint/file.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/plasticity/store.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace spikecast {

/// A piece of 0, 1, ... size - 1 for each rank, in their order.
struct Blocks {
    std::uint64_t share;
    Blocks(std::uint64_t size, int ranks)
        : share(std::max<std::uint64_t>(1, (size + static_cast<std::uint64_t>(ranks) - 1) /
                                               static_cast<std::uint64_t>(ranks))) {}
    [[nodiscard]] std::size_t owner(std::uint64_t index) const noexcept { return index / share; }
    [[nodiscard]] std::uint64_t begin(int rank, std::uint64_t size) const noexcept {
        return std::min(size, share * static_cast<std::uint64_t>(rank));
    }
};

/// Collective. The sum over lower ranks, and over all.
inline std::pair<std::uint64_t, std::uint64_t> sum_before(MPI_Comm comm, std::uint64_t mine) {
    std::uint64_t before = 0, all = 0;
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    MPI_Exscan(&mine, &before, 1, MPI_UINT64_T, MPI_SUM, comm);
    if (rank == 0) before = 0; // MPI leaves it undefined there
    MPI_Allreduce(&mine, &all, 1, MPI_UINT64_T, MPI_SUM, comm);
    return {before, all};
}

/// Collective. Things are numbered by what has them, index 0's first. Given how many each index has, by worker as
/// `indices`, returns the number of each one's first, and that of all things.
inline std::pair<std::vector<std::vector<std::uint64_t>>, std::uint64_t>
number_by_index(MPI_Comm comm, std::uint64_t size, const std::vector<std::vector<std::uint64_t>>& indices,
                const std::vector<std::vector<std::uint64_t>>& counts) {
    struct Count {
        std::uint64_t index, count;
    };
    int rank = 0, ranks = 1;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    const Blocks blocks(size, ranks);
    std::vector<std::vector<Count>> out(static_cast<std::size_t>(ranks));
    for (std::size_t w = 0; w < indices.size(); ++w)
        for (std::size_t i = 0; i < indices[w].size(); ++i)
            out[blocks.owner(indices[w][i])].push_back({indices[w][i], counts[w][i]});
    const auto in = all_to_all(comm, out);
    const std::uint64_t begin = blocks.begin(rank, size);
    std::vector<std::uint64_t> first(blocks.begin(rank + 1, size) - begin, 0);
    for (const auto& from : in)
        for (const Count& each : from)
            first[each.index - begin] = each.count;
    std::uint64_t mine = 0;
    for (std::uint64_t& each : first)
        mine += std::exchange(each, mine);
    const auto [before, all] = sum_before(comm, mine);
    std::vector<std::vector<std::uint64_t>> answers(in.size());
    for (std::size_t r = 0; r < in.size(); ++r)
        for (const Count& each : in[r])
            answers[r].push_back(before + first[each.index - begin]);
    const auto given = all_to_all(comm, answers);
    std::vector<std::size_t> next(given.size(), 0);
    std::vector<std::vector<std::uint64_t>> numbers(indices.size());
    for (std::size_t w = 0; w < indices.size(); ++w)
        for (const std::uint64_t index : indices[w])
            numbers[w].push_back(given[blocks.owner(index)][next[blocks.owner(index)]++]);
    return {std::move(numbers), all};
}

/// A source's row, and where its spikes under way stand among all of them.
struct StoredRow {
    PlasticStore::Row row;
    std::uint64_t first_event = 0, events = 0;
};

/// Members of the elements of a vector as columns; width 0 is left out.
template <class Element>
class ElementColumns {
public:
    ElementColumns(StateColumns& columns, std::vector<Element>& elements) : columns_(columns), elements_(elements) {}
    template <class Number, class Member>
    void number(const char* name, Member&& member) {
        columns_.column<Number>(name, elements_.size(), 1,
                                [&](std::size_t i, std::uint32_t) -> Number& { return member(elements_[i]); });
    }
    template <class Member>
    void numbers(const char* name, std::size_t width, Member&& member) {
        if (width == 0) return;
        columns_.column<float>(name, elements_.size(), static_cast<std::uint32_t>(width),
                               [&](std::size_t i, std::uint32_t k) -> float& { return member(elements_[i])[k]; });
    }

private:
    StateColumns& columns_;
    std::vector<Element>& elements_;
};

/// The sections of a plastic projection, each of them both ways.
struct PlasticSections {
    std::size_t traces, variables; ///< of a row
    explicit PlasticSections(const SynapseModelInfo& synapse)
        : traces(synapse.pre.size()), variables(synapse.row.size()) {}

    void rows(StateColumns& columns, std::vector<StoredRow>& rows) const {
        ElementColumns<StoredRow> each(columns, rows);
        each.number<std::int32_t>("last", [](StoredRow& r) -> std::int32_t& { return r.row.last; });
        each.number<std::int32_t>("earlier", [](StoredRow& r) -> std::int32_t& { return r.row.earlier; });
        each.number<std::uint32_t>("repeat", [](StoredRow& r) -> std::uint32_t& { return r.row.repeat; });
        each.numbers("before", traces, [](StoredRow& r) { return r.row.before; });
        each.numbers("after", traces, [](StoredRow& r) { return r.row.after; });
        each.numbers("variables", variables, [](StoredRow& r) { return r.row.variables; });
        each.number<std::uint64_t>("first_event", [](StoredRow& r) -> std::uint64_t& { return r.first_event; });
        each.number<std::uint64_t>("events", [](StoredRow& r) -> std::uint64_t& { return r.events; });
    }
    void events(StateColumns& columns, std::vector<PreEvent>& events) const {
        ElementColumns<PreEvent> each(columns, events);
        each.number<std::int32_t>("stamp", [](PreEvent& e) -> std::int32_t& { return e.stamp; });
        each.number<std::int32_t>("previous", [](PreEvent& e) -> std::int32_t& { return e.previous; });
        each.number<std::uint32_t>("repeat", [](PreEvent& e) -> std::uint32_t& { return e.repeat; });
        each.number<std::int32_t>("earlier", [](PreEvent& e) -> std::int32_t& { return e.earlier; });
        each.numbers("before", traces, [](PreEvent& e) { return e.before; });
        each.numbers("after", traces, [](PreEvent& e) { return e.after; });
        each.numbers("at", traces, [](PreEvent& e) { return e.at; });
        each.numbers("variables", variables, [](PreEvent& e) { return e.row; });
    }
    static void marks(StateColumns& columns, std::vector<Mark>& marks) {
        ElementColumns<Mark> each(columns, marks);
        each.number<std::int32_t>("time", [](Mark& m) -> std::int32_t& { return m.time; });
        each.number<float>("amount", [](Mark& m) -> float& { return m.amount; });
        each.number<float>("level", [](Mark& m) -> float& { return m.level; });
    }
};

/// The spikes of a population that its synapses may still need: how many each neuron has and where they begin; then
/// their stamps and traces.
struct HistorySections {
    static void neurons(StateColumns& columns, std::vector<std::uint64_t>& first, std::vector<std::uint32_t>& spikes) {
        columns.column<std::uint64_t>("first", first.size(), first.data());
        columns.column<std::uint32_t>("spikes", spikes.size(), spikes.data());
    }
    static void spikes(StateColumns& columns, PostHistory& history, const std::vector<std::size_t>& places) {
        columns.column<std::int32_t>("stamp", places.size(), 1, [&](std::size_t i, std::uint32_t) -> std::int32_t& {
            return history.stamp_at(places[i]);
        });
        if (history.traces() > 0)
            columns.column<float>(
                "traces", places.size(), static_cast<std::uint32_t>(history.traces()),
                [&](std::size_t i, std::uint32_t k) -> float& { return history.trace_at(places[i], k); });
    }
};

/// The plastic part of a rank's workers.
template <class Workers>
class PlasticState {
public:
    /// sources: of rows, by population (RankNetwork::row_sources).
    PlasticState(const Workers& own, const NetworkPlan& plan, const std::vector<std::vector<std::uint64_t>>& sources,
                 std::int64_t now)
        : own_(own), plan_(plan), sources_(sources), now_(now) {
        MPI_Comm_rank(own.comm, &rank_);
        MPI_Comm_size(own.comm, &ranks_);
    }

    /// Collective. All workers have swept.
    void write(CheckpointWriter& writer) const {
        each_projection([&](std::size_t i, const PlannedProjection& planned, const std::string& group) {
            write_synapses(writer, i, planned, group + "/synapses");
            write_rows(writer, i, planned, group);
            write_marks(writer, i, planned, group + "/marks");
        });
        each_history([&](std::size_t h, const std::string& group) {
            write_history(writer, h, group);
            write_potentials(writer, h, group + "/filters");
        });
    }

    /// Collective. Calendars are left empty: spikes that are sent again fill them.
    void read(const CheckpointReader& reader) const {
        each_projection([&](std::size_t i, const PlannedProjection& planned, const std::string& group) {
            read_synapses(reader, i, planned, group + "/synapses");
            read_marks(reader, i, planned, group + "/marks");
            read_rows(reader, i, planned, group);
        });
        each_history([&](std::size_t h, const std::string& group) {
            read_history(reader, h, group);
            read_potentials(reader, h, group + "/filters");
        });
        for (auto& worker : own_.workers)
            worker->retire_all();
    }

private:
    template <class Visit>
    void each_projection(Visit&& visit) const {
        std::size_t i = 0; // number of its stores
        for (std::size_t p = 0; p < plan_.projections.size(); ++p)
            if (plan_.projections[p].synapse != nullptr)
                visit(i++, plan_.projections[p], "projections/" + std::to_string(p));
    }
    /// The same ones on all ranks: all workers have stores of all plastic projections.
    template <class Visit>
    void each_history(Visit&& visit) const {
        const auto& worker = *own_.workers.front();
        const std::size_t populations = own_.experiment.populations.size();
        for (std::size_t h = 0; h < worker.histories(); ++h)
            if (worker.history(h) != nullptr)
                visit(h, h < 2 * populations
                             ? own_.of_population(h < populations ? "histories" : "taught", population(h))
                             : "followed/" + std::to_string(h - 2 * populations));
    }
    [[nodiscard]] std::size_t population(std::size_t history) const {
        return own_.workers.front()->population_of_history(history);
    }
    [[nodiscard]] PlasticStore& store(std::size_t worker, std::size_t i) const {
        return *own_.workers[worker]->plastic[i];
    }
    [[nodiscard]] std::uint64_t size(std::size_t population) const {
        return own_.experiment.populations[population].size;
    }
    /// As read_workers does for the sections of neurons.
    void put_back(const CheckpointReader& reader, const std::string& group, const std::function<void()>& work) const {
        collectively(own_.comm, [&] {
            try {
                work();
            } catch (const RunError& e) {
                throw RunError(fmt::format("{}: {}: {}; a model has changed since: use the version that wrote it",
                                           reader.index().path, group, e.what()));
            }
        });
    }
    /// Rows first, first + 1, ...
    static std::vector<std::uint64_t> numbered(std::uint64_t first, std::uint64_t count) {
        std::vector<std::uint64_t> rows(count);
        for (std::uint64_t i = 0; i < count; ++i)
            rows[i] = first + i;
        return rows;
    }

    /// One share a worker, without columns; and the number of synapses.
    std::uint64_t number_synapses(std::size_t i, const PlannedProjection& planned,
                                  std::vector<TableShare>& shares) const {
        std::vector<std::vector<std::uint64_t>> indices, counts;
        for (std::size_t w = 0; w < own_.workers.size(); ++w) {
            indices.push_back(own_.workers[w]->indices(planned.target));
            counts.push_back(store(w, i).indegrees(indices.back().size()));
        }
        auto [first, all] = number_by_index(own_.comm, size(planned.target), indices, counts);
        shares.resize(own_.workers.size());
        for (std::size_t w = 0; w < own_.workers.size(); ++w)
            shares[w].rows = store(w, i).numbers(std::move(first[w]));
        return all;
    }
    void write_synapses(CheckpointWriter& writer, std::size_t i, const PlannedProjection& planned,
                        const std::string& group) const {
        if (planned.synapse->role != SynapseModelInfo::Role::synapse) return;
        std::vector<TableShare> shares;
        const std::uint64_t all = number_synapses(i, planned, shares);
        for (std::size_t w = 0; w < shares.size(); ++w)
            store(w, i).state(shares[w].columns);
        writer.table(group, all, shares);
    }
    void read_synapses(const CheckpointReader& reader, std::size_t i, const PlannedProjection& planned,
                       const std::string& group) const {
        if (planned.synapse->role != SynapseModelInfo::Role::synapse) return;
        std::vector<TableShare> shares;
        const std::uint64_t all = number_synapses(i, planned, shares);
        put_back(reader, group, [&] {
            if (reader.rows(group) != all)
                throw RunError(fmt::format("there are {} synapses instead of {}", reader.rows(group), all));
        });
        reader.table(group, shares);
        put_back(reader, group, [&] {
            for (std::size_t w = 0; w < shares.size(); ++w)
                store(w, i).state(shares[w].columns);
        });
    }

    void write_rows(CheckpointWriter& writer, std::size_t i, const PlannedProjection& planned,
                    const std::string& group) const {
        struct RowOf {
            std::uint64_t source;
            PlasticStore::Row row;
        };
        struct EventOf {
            std::uint64_t source;
            PreEvent event;
        };
        // All workers that hold a row of a source know the same of it: the rank that the source falls to keeps one.
        const std::uint64_t sources = size(planned.source);
        const Blocks blocks(sources, ranks_);
        std::vector<std::vector<RowOf>> rows_out(static_cast<std::size_t>(ranks_));
        std::vector<std::vector<EventOf>> events_out(rows_out.size());
        for (std::size_t w = 0; w < own_.workers.size(); ++w) {
            store(w, i).each_row([&](std::uint32_t row, const PlasticStore::Row& state) {
                const std::uint64_t source = sources_[planned.source][row];
                if (state.last != never) rows_out[blocks.owner(source)].push_back({source, state});
            });
            store(w, i).each_event(now_, [&](std::uint32_t row, const PreEvent& event) {
                const std::uint64_t source = sources_[planned.source][row];
                events_out[blocks.owner(source)].push_back({source, event});
            });
        }
        const auto rows_in = all_to_all(own_.comm, rows_out);
        const auto events_in = all_to_all(own_.comm, events_out);
        const std::uint64_t begin = blocks.begin(rank_, sources);
        std::vector<StoredRow> rows(blocks.begin(rank_ + 1, sources) - begin);
        StoredRow fresh; // of sources that haven't spiked
        for (std::size_t v = 0; v < planned.synapse->row.size(); ++v)
            fresh.row.variables[v] = static_cast<float>(planned.synapse->row[v].default_value);
        std::fill(rows.begin(), rows.end(), fresh);
        for (const auto& from : rows_in)
            for (const RowOf& each : from)
                rows[each.source - begin].row = each.row;
        std::vector<EventOf> events;
        for (const auto& from : events_in)
            events.insert(events.end(), from.begin(), from.end());
        const auto key = [](const EventOf& e) { return std::tuple(e.source, e.event.stamp, e.event.repeat); };
        std::sort(events.begin(), events.end(), [&](const EventOf& a, const EventOf& b) { return key(a) < key(b); });
        events.erase(std::unique(events.begin(), events.end(),
                                 [&](const EventOf& a, const EventOf& b) { return key(a) == key(b); }),
                     events.end());
        const auto [before, all] = sum_before(own_.comm, events.size());
        std::vector<PreEvent> kept;
        for (const EventOf& each : events) {
            StoredRow& row = rows[each.source - begin];
            if (row.events++ == 0) row.first_event = before + kept.size();
            kept.push_back(each.event);
        }
        const PlasticSections sections(*planned.synapse);
        std::vector<TableShare> shares(1);
        shares[0].rows = numbered(begin, rows.size());
        sections.rows(shares[0].columns, rows);
        writer.table(group + "/rows", sources, shares);
        shares[0] = {numbered(before, kept.size()), {}};
        sections.events(shares[0].columns, kept);
        writer.table(group + "/events", all, shares);
    }
    void read_rows(const CheckpointReader& reader, std::size_t i, const PlannedProjection& planned,
                   const std::string& group) const {
        const PlasticSections sections(*planned.synapse);
        std::vector<TableShare> shares(own_.workers.size()), of_events(own_.workers.size());
        std::vector<std::vector<std::uint32_t>> numbers(own_.workers.size()), event_rows(own_.workers.size());
        for (std::size_t w = 0; w < shares.size(); ++w)
            store(w, i).each_row([&](std::uint32_t row, const PlasticStore::Row&) {
                numbers[w].push_back(row);
                shares[w].rows.push_back(sources_[planned.source][row]);
            });
        reader.table(group + "/rows", shares);
        const std::uint64_t all = reader.rows(group + "/events");
        put_back(reader, group + "/rows", [&] {
            for (std::size_t w = 0; w < shares.size(); ++w) {
                std::vector<StoredRow> rows(numbers[w].size());
                sections.rows(shares[w].columns, rows);
                if (fault("forgotten_rows"))
                    for (StoredRow& row : rows)
                        row.row.last = row.row.earlier = never;
                std::size_t next = 0;
                store(w, i).each_row([&](std::uint32_t, PlasticStore::Row& state) { state = rows[next++].row; });
                for (std::size_t r = 0; r < rows.size(); ++r) {
                    if (rows[r].events > all || rows[r].first_event > all - rows[r].events)
                        throw RunError("its rows and spikes don't fit together");
                    for (std::uint64_t e = 0; e < rows[r].events; ++e) {
                        of_events[w].rows.push_back(rows[r].first_event + e);
                        event_rows[w].push_back(numbers[w][r]);
                    }
                }
            }
        });
        reader.table(group + "/events", of_events);
        put_back(reader, group + "/events", [&] {
            for (std::size_t w = 0; w < shares.size(); ++w) {
                std::vector<PreEvent> events(event_rows[w].size());
                sections.events(of_events[w].columns, events);
                std::vector<std::pair<std::uint32_t, PreEvent>> of_rows;
                for (std::size_t e = 0; e < events.size(); ++e)
                    of_rows.emplace_back(event_rows[w][e], events[e]);
                std::stable_sort(of_rows.begin(), of_rows.end(), [](const auto& a, const auto& b) {
                    return std::pair(a.second.stamp, a.first) < std::pair(b.second.stamp, b.first);
                });
                store(w, i).take_up(now_, std::move(of_rows));
            }
        });
    }

    void write_marks(CheckpointWriter& writer, std::size_t i, const PlannedProjection& planned,
                     const std::string& group) const {
        if (!planned.synapse->neuromodulated && planned.synapse->interval < 0) return;
        // Every worker with neurons of the population heard the same.
        std::vector<Mark> marks;
        for (std::size_t w = 0; w < own_.workers.size(); ++w)
            if (!own_.workers[w]->indices(planned.target).empty()) marks = store(w, i).marks();
        std::uint64_t all = marks.size();
        MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_UINT64_T, MPI_MAX, own_.comm);
        std::vector<TableShare> shares(1);
        shares[0].rows = numbered(0, marks.size());
        PlasticSections::marks(shares[0].columns, marks);
        writer.table(group, all, shares);
    }
    void read_marks(const CheckpointReader& reader, std::size_t i, const PlannedProjection& planned,
                    const std::string& group) const {
        if (!planned.synapse->neuromodulated && planned.synapse->interval < 0) return;
        std::vector<TableShare> shares(1);
        shares[0].rows = numbered(0, reader.rows(group));
        reader.table(group, shares);
        std::vector<Mark> marks(shares[0].rows.size());
        put_back(reader, group, [&] { PlasticSections::marks(shares[0].columns, marks); });
        for (Mark& mark : marks)
            mark.interval = planned.synapse->interval >= 0;
        for (std::size_t w = 0; w < own_.workers.size(); ++w)
            store(w, i).marks() = marks;
    }

    void write_history(CheckpointWriter& writer, std::size_t h, const std::string& group) const {
        const std::size_t p = population(h);
        std::vector<std::vector<std::uint64_t>> indices, counts;
        for (const auto& worker : own_.workers) {
            indices.push_back(worker->indices(p));
            counts.emplace_back();
            for (std::uint32_t n = 0; n < indices.back().size(); ++n)
                counts.back().push_back(worker->history(h)->needed(n));
        }
        auto [first, all] = number_by_index(own_.comm, size(p), indices, counts);
        std::vector<TableShare> of_neurons, of_spikes;
        for (std::size_t w = 0; w < own_.workers.size(); ++w) {
            std::vector<std::uint32_t> spikes(counts[w].begin(), counts[w].end());
            of_neurons.push_back({indices[w], {}});
            HistorySections::neurons(of_neurons.back().columns, first[w], spikes);
            of_spikes.push_back({rows_of(first[w], spikes), {}});
            PostHistory& history = *own_.workers[w]->history(h);
            HistorySections::spikes(of_spikes.back().columns, history, history.places(spikes));
        }
        writer.table(group + "/neurons", size(p), of_neurons);
        writer.table(group + "/spikes", all, of_spikes);
    }
    void read_history(const CheckpointReader& reader, std::size_t h, const std::string& group) const {
        const std::size_t p = population(h);
        std::vector<TableShare> of_neurons(own_.workers.size()), of_spikes(own_.workers.size());
        std::vector<std::vector<std::uint32_t>> spikes(own_.workers.size());
        for (std::size_t w = 0; w < own_.workers.size(); ++w)
            of_neurons[w].rows = own_.workers[w]->indices(p);
        reader.table(group + "/neurons", of_neurons);
        const std::uint64_t all = reader.rows(group + "/spikes");
        put_back(reader, group + "/neurons", [&] {
            for (std::size_t w = 0; w < own_.workers.size(); ++w) {
                std::vector<std::uint64_t> first(of_neurons[w].rows.size());
                spikes[w].resize(first.size());
                HistorySections::neurons(of_neurons[w].columns, first, spikes[w]);
                for (std::size_t n = 0; n < first.size(); ++n)
                    if (spikes[w][n] > all || first[n] > all - spikes[w][n])
                        throw RunError("its neurons and spikes don't fit together");
                of_spikes[w].rows = rows_of(first, spikes[w]);
            }
        });
        reader.table(group + "/spikes", of_spikes);
        put_back(reader, group + "/spikes", [&] {
            for (std::size_t w = 0; w < own_.workers.size(); ++w) {
                PostHistory& history = *own_.workers[w]->history(h);
                history.make_room(spikes[w]);
                HistorySections::spikes(of_spikes[w].columns, history, history.places(spikes[w]));
                history.take_up(spikes[w]);
            }
        });
    }
    void write_potentials(CheckpointWriter& writer, std::size_t h, const std::string& group) const {
        if (own_.workers.front()->potentials_of_history(h) == nullptr) return;
        std::vector<TableShare> shares = own_.neurons(population(h));
        for (std::size_t w = 0; w < shares.size(); ++w)
            own_.workers[w]->potentials_of_history(h)->state(shares[w].columns);
        writer.table(group, size(population(h)), shares);
    }
    void read_potentials(const CheckpointReader& reader, std::size_t h, const std::string& group) const {
        if (own_.workers.front()->potentials_of_history(h) == nullptr) return;
        std::vector<TableShare> shares = own_.neurons(population(h));
        reader.table(group, shares);
        put_back(reader, group, [&] {
            for (std::size_t w = 0; w < shares.size(); ++w)
                own_.workers[w]->potentials_of_history(h)->state(shares[w].columns);
        });
    }
    static std::vector<std::uint64_t> rows_of(const std::vector<std::uint64_t>& first,
                                              const std::vector<std::uint32_t>& counts) {
        std::vector<std::uint64_t> rows;
        for (std::size_t n = 0; n < first.size(); ++n)
            for (std::uint32_t i = 0; i < counts[n]; ++i)
                rows.push_back(first[n] + i);
        return rows;
    }

    const Workers& own_;
    const NetworkPlan& plan_;
    const std::vector<std::vector<std::uint64_t>>& sources_;
    std::int64_t now_;
    int rank_ = 0, ranks_ = 1;
};

} // namespace spikecast
