// Epochs. With D the minimum delay in steps, epoch k covers steps kD .. kD + D - 1:
//
//   every worker   for each step: deliver(step), update(step) -> packets
//   barrier
//   worker 0       exchange(k): one all-to-all along the routes, packets sorted by (lag, row)
//   barrier
//   every worker   arrive(k): rows of the packets enter the calendar
//
// update(k) precedes exchange(k) precedes deliver of any step of epoch k + 1: a spike found in step s with delay d >= D
// falls due at s + d, which lies in a later epoch. All ranks meet every 50 ms, or as often as recorded state
// calls for, to agree on errors, to sum statistics and to decide together whether buffers are written.
#pragma once

#include "engine/build/builder.hpp"
#include "engine/build/fault.hpp"
#include "engine/build/resolve.hpp"
#include "engine/checkpoint/engine_state.hpp"
#include "engine/checkpoint/plastic_state.hpp"
#include "engine/checkpoint/resume.hpp"
#include "engine/exchange/clock.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/exchange/current_epoch.hpp"
#include "engine/exchange/drawn_arrivals.hpp"
#include "engine/exchange/packet_order.hpp"
#include "engine/experiment/check.hpp"
#include "engine/mapping/machine_run.hpp"
#include "engine/network/selection.hpp"
#include "engine/plasticity/sorted_synapses.hpp"
#include "engine/recording/weights_reader.hpp"
#include "engine/simulation/engine.hpp"
#include "engine/simulation/worker.hpp"
#include "partitioners/partitioners.hpp"

#include <fmt/core.h>
#include <sched.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>

namespace spikecast {

/// Peak resident memory of this process in bytes. Not getrusage's ru_maxrss, which a process inherits from the one that
/// started it (Python with numpy is larger than a small network).
[[nodiscard]] std::uint64_t peak_rss();
/// Resident memory of this process in bytes, now.
[[nodiscard]] std::uint64_t resident();
/// Whether all workers of all ranks on this node have a core of their own.
[[nodiscard]] bool workers_fit_cores(MPI_Comm comm, std::uint32_t threads);

/// Throws RunError where it is asked for, but this processor hasn't it.
[[nodiscard]] bool use_avx512(VectorWidth width);

template <class T, class W>
class Engine final : public Simulation::Impl {
public:
    Engine(Experiment experiment, SimulationOptions options)
        : start_(wall_seconds()), experiment_(std::move(experiment)), options_(std::move(options)),
          settings_(experiment_.simulation) {
        phase("build");
        base_bytes_ = resident();
        collectively(comm_, [&] { wide_ = use_avx512(settings_.vector_width); });
        MPI_Comm_rank(comm_, &rank_);
        MPI_Comm_size(comm_, &processes_);
        ranks_ = processes_;
        if (options_.by_rank || options_.dry_run) clock_ = &cpu_seconds;
        if (options_.dry_run) plan_dry_run();
        if (!options_.checkpoint.file.empty() || !options_.resume.empty())
            refuse_router("packets under way are in no checkpoint", "leave out the checkpoints");
        if (options_.dry_run) refuse_router("a dry run has the spikes of one rank only", "leave out the dry run");
        resume_ = open_checkpoint(comm_, options_, experiment_); // what is refused is refused before it takes time
        if (!options_.checkpoint.file.empty()) note_inputs();
        draw_seed_ = resume_ ? resume_->run.draw_seed : settings_.seed;
        if (options_.reseed) draw_seed_ = *options_.reseed;
        const Share share{rank_, ranks_, options_.dry_run.has_value()};
        std::vector<std::uint64_t> sizes;
        for (const Population& population : experiment_.populations)
            sizes.push_back(population.size);
        const auto workers = static_cast<std::uint32_t>(ranks_) * options_.threads;
        std::shared_ptr<const Partition> partition;
        if (experiment_.machine.target.empty()) {
            partition = make_partition(settings_, sizes, workers);
        } else {
            machine_ = std::make_unique<MachineRun>(comm_, experiment_, options_.threads, workers);
            partition = machine_->partition();
            routed_ = experiment_.machine.router;
        }
        plan_ = make_plan(comm_, experiment_, partition, options_.threads);
        plan_.keeps_sources = routed_;
        plan_.wide_sums = plan_.wide_sums || routed_;
        const bool fit = workers_fit_cores(comm_, options_.threads);
        collectively(comm_, [&] { team_ = std::make_unique<Team>(options_.threads, fit); });
        network_ = build_network<W>(comm_, share, plan_, *team_, options_.build_progress);
        if (share.dry)
            make_drawn_exchange();
        else
            exchanger_ = std::make_unique<Exchanger>(comm_, settings_.exchange, destinations(), network_.sources_heard,
                                                     plan_.min_delay, clock_);
        make_workers();
        if (resume_) take_up();
        load_weights();
        make_recorders();
        int code = 0;
        agree(comm_, code, "");
        build_s_ = wall_seconds() - start_ - network_.drawing_s;
        build_peak_ = peak_rss();
        last_flush_ = last_checkpoint_ = wall_seconds();
        resume_.reset();
    }

    void run_steps(std::int64_t steps) override {
        const std::int64_t end = now_ + steps;
        if (now_ < end) ask_to_stop();
        while (now_ < end && stopped_ == 0) {
            std::int64_t until = std::min(end, now_ + std::min(meeting_steps_, brief_steps_));
            if (checkpoint_steps_ > 0) until = std::min(until, now_ - now_ % checkpoint_steps_ + checkpoint_steps_);
            const bool warming = now_ < settings_.warmup_steps;
            if (warming) until = std::min(until, settings_.warmup_steps);
            const double begin = wall_seconds();
            const PhaseSeconds before = phases_;
            failed_ = false;
            team_->run([&](std::uint32_t t) { run_worker(t, until); });
            std::string text;
            for (const std::string& each : errors_)
                if (text.empty()) text = each;
            agree(comm_, failed_ && !text.empty() ? 1 : 0, text);
            const std::int64_t done = until - now_;
            now_ = until;
            meet(until == end, done, wall_seconds() - begin);
            const double seconds = wall_seconds() - begin;
            total_simulate_s_ += seconds;
            if (warming)
                phases_ = before;
            else
                simulate_s_ += seconds;
            if (options_.run_progress)
                options_.run_progress(settings_.time_ms(now_), settings_.time_ms(settings_.duration_steps));
        }
    }

    [[nodiscard]] std::int64_t now() const noexcept override { return now_; }
    [[nodiscard]] int stopped() const noexcept override { return stopped_; }
    [[nodiscard]] const std::vector<std::string>& changes() const noexcept override { return changes_; }
    void checkpoint(const std::string& file) override {
        write();
        save(file);
    }
    [[nodiscard]] const Experiment& experiment() const noexcept override { return experiment_; }

    [[nodiscard]] std::vector<std::pair<std::int64_t, std::uint64_t>> spikes(std::size_t population) override {
        refuse_dry_run("spikes");
        std::vector<std::vector<RecordedSpike>> to(static_cast<std::size_t>(ranks_));
        to[0] = memory_[population];
        std::vector<std::pair<std::int64_t, std::uint64_t>> out;
        for (const auto& from : all_to_all(comm_, to))
            for (const RecordedSpike& spike : from)
                out.emplace_back(spike.step, spike.index);
        std::sort(out.begin(), out.end());
        return out;
    }

    [[nodiscard]] std::vector<double> state(std::size_t population, std::size_t variable) override {
        struct Value {
            std::uint64_t index;
            double value;
        };
        refuse_dry_run("state");
        std::vector<std::vector<Value>> to(static_cast<std::size_t>(ranks_));
        for (const auto& worker : workers_) {
            const auto& indices = worker->indices(population);
            for (std::size_t l = 0; l < indices.size(); ++l)
                to[0].push_back({indices[l], worker->block(population)->get(variable, l)});
        }
        std::vector<double> out;
        if (rank_ == 0) out.resize(experiment_.populations[population].size);
        for (const auto& from : all_to_all(comm_, to))
            for (const Value& value : from)
                out[value.index] = value.value;
        return out;
    }

    void set_state(std::size_t population, std::size_t variable, std::uint64_t neuron, double value) override {
        Partition::Place place{};
        plan_.partition->places(population, std::span(&neuron, 1), std::span(&place, 1));
        if (place.worker / options_.threads == static_cast<std::uint32_t>(rank_))
            workers_[place.worker % options_.threads]->block(population)->set(variable, place.local, value);
    }

    void modulate(std::size_t population, double amount) override {
        for (const auto& worker : workers_)
            worker->modulate(population, static_cast<std::int32_t>(now_ + 1), static_cast<float>(amount));
    }

    [[nodiscard]] std::vector<SynapseWeight> weights(std::size_t projection) override {
        refuse_dry_run("weights");
        sweep();
        std::vector<SynapseWeight> all;
        const PlannedProjection& planned = plan_.projections[projection];
        sorted_synapses(comm_, own_synapses(projection), experiment_.populations[planned.target].size,
                        [&](std::uint64_t, std::span<SortedSynapse> part) {
                            std::vector<std::vector<SynapseWeight>> to(static_cast<std::size_t>(ranks_));
                            for (const SortedSynapse& each : part)
                                to[0].push_back({each.source, each.target, settings_.time_ms(each.delay),
                                                 static_cast<double>(each.weight)});
                            for (const auto& from : all_to_all(comm_, to)) // in the order of ranks, that of the parts
                                all.insert(all.end(), from.begin(), from.end());
                        });
        return all;
    }

    [[nodiscard]] std::vector<double> weights(std::size_t projection, std::uint64_t source,
                                              std::uint64_t target) override {
        refuse_dry_run("weights");
        sweep();
        const PairSynapses pair = synapses_of(projection, source, target);
        std::uint64_t count = pair.places.size();
        MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_UINT64_T, MPI_SUM, comm_);
        std::vector<double> values(count, 0.0); // one rank has them all
        for (std::size_t i = 0; i < pair.places.size(); ++i)
            values[i] = static_cast<double>(pair.store->weight(pair.places[i]));
        MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(count), MPI_DOUBLE, MPI_SUM, comm_);
        return values;
    }

    void set_weights(std::size_t projection, std::uint64_t source, std::uint64_t target,
                     const std::vector<double>& weights) override {
        refuse_dry_run("weights");
        sweep();
        const PairSynapses pair = synapses_of(projection, source, target);
        std::uint64_t count = pair.places.size();
        MPI_Allreduce(MPI_IN_PLACE, &count, 1, MPI_UINT64_T, MPI_SUM, comm_);
        const std::string& name = experiment_.projections[projection].name;
        if (count != weights.size())
            throw RunError(
                fmt::format("{} has {} synapses from neuron {} to neuron {}, but {} weights were given; give "
                            "one for each",
                            name, count, source, target, weights.size()));
        collectively(comm_, [&] {
            for (std::size_t i = 0; i < pair.places.size(); ++i)
                if (const std::string why = why_not(projection, pair.store->weight(pair.places[i]), weights[i]);
                    !why.empty())
                    throw RunError(
                        fmt::format("{}: a weight from neuron {} to neuron {} {}", name, source, target, why));
        });
        for (std::size_t i = 0; i < pair.places.size(); ++i)
            pair.store->set_weight(pair.places[i], static_cast<float>(weights[i]));
    }

    [[nodiscard]] RunSummary summary() override {
        RunSummary s;
        s.ranks = ranks_;
        s.threads = options_.threads;
        for (const Population& population : experiment_.populations)
            s.neurons += population.size;
        std::uint64_t sums[6] = {network_.synapses, 0, 0, exchanger_->bytes_sent() - bytes_before_, 0,
                                 sorted_by_digit_};
        std::vector<Hash128> hashes(4); // spikes, network, state, weights
        const bool plastic = any_plastic();
        hashes[1] = network_.network_hash;
        for (const auto& worker : workers_) {
            sums[1] += worker->spikes;
            sums[2] += worker->events;
            hashes[0] += worker->hash;
            hashes[2] += worker->hash_state();
        }
        if (plastic) {
            std::vector<Hash128> of_thread(options_.threads);
            sweep();
            team_->run([&](std::uint32_t t) {
                of_thread[t] =
                    workers_[t]->hash_weights([&](std::size_t i, std::uint32_t row) { return plastic_source(i, row); });
            });
            for (const Hash128& each : of_thread)
                hashes[3] += each;
        }
        for (std::size_t t = 0; t < network_.rows.size(); ++t)
            sums[4] += network_.rows[t].bytes() + network_.routes[t].bytes() + workers_[t]->plastic_bytes();
        MPI_Allreduce(MPI_IN_PLACE, sums, 6, MPI_UINT64_T, MPI_SUM, comm_);
        s.most_packets = most_packets_;
        MPI_Allreduce(MPI_IN_PLACE, &s.most_packets, 1, MPI_UINT64_T, MPI_MAX, comm_);
        std::vector<Hash128> all(hashes.size() * static_cast<std::size_t>(processes_));
        const auto words = static_cast<int>(2 * hashes.size());
        MPI_Allgather(hashes.data(), words, MPI_UINT64_T, all.data(), words, MPI_UINT64_T, comm_);
        std::fill(hashes.begin(), hashes.end(), Hash128{});
        for (std::size_t i = 0; i < all.size(); ++i)
            hashes[i % hashes.size()] += all[i];
        s.synapses = sums[0];
        s.spikes = sums[1];
        s.synaptic_events = sums[2];
        s.bytes_sent = sums[3];
        s.network_bytes = sums[4];
        s.epochs_sorted_by_digit = sums[5];
        s.spike_hash = hashes[0].hex();
        s.network_hash = hashes[1].hex();
        s.state_hash = hashes[2].hex();
        if (plastic) {
            s.weights_hash = hashes[3].hex();
            s.plastic = weight_statistics();
        }
        double times[8] = {build_s_,       simulate_s_,      total_simulate_s_, phases_.deliver,
                           phases_.update, phases_.exchange, phases_.record,    phases_.network};
        MPI_Bcast(times, 8, MPI_DOUBLE, 0, comm_);
        s.build_s = times[0];
        s.simulate_s = times[1];
        s.total_simulate_s = times[2];
        s.phases = {times[3], times[4], times[5], times[6], times[7]};
        s.total_biological_s = settings_.time_ms(now_ - begin_) / 1e3;
        s.biological_s =
            settings_.time_ms(std::max<std::int64_t>(0, now_ - std::max(begin_, settings_.warmup_steps))) / 1e3;
        s.checkpoints = checkpoints_;
        s.stopped = stopped_;
        s.resumed_ms = resumed_ ? settings_.time_ms(begin_) : -1.0;
        s.packet_bytes = exchanger_->packet_bytes();
        s.exchange = name(exchanger_->kind());
        for (const PlannedProjection& planned : plan_.projections)
            if (planned.drawing)
                s.drawing.push_back({planned.projection->name, drawing_name(planned.exchanged() && !options_.dry_run)});
        s.peak_rss_bytes.resize(static_cast<std::size_t>(processes_));
        const std::uint64_t rss = peak_rss();
        MPI_Allgather(&rss, 1, MPI_UINT64_T, s.peak_rss_bytes.data(), 1, MPI_UINT64_T, comm_);
        for (const PopulationActivity& activity : reduce_activity(comm_, statistics_pointers(), now_))
            s.populations.push_back(
                {activity.name, activity.neurons, activity.rate_hz, activity.cv, activity.synchrony});
        if (machine_) s.machine = machine_->summary();
        if (options_.by_rank || options_.dry_run) {
            const RankSummary own = rank_summary(rss);
            s.shares.resize(rank_ == 0 || options_.dry_run ? static_cast<std::size_t>(processes_) : 0);
            MPI_Gather(&own, sizeof own, MPI_BYTE, s.shares.data(), sizeof own, MPI_BYTE, 0, comm_);
        }
        return s;
    }

    void finish(const std::string& report_json) override {
        if (file_ && !experiment_.weight_recorders.empty()) {
            sweep();
            for (std::size_t r = 0; r < experiment_.weight_recorders.size(); ++r)
                write_synapses(r, experiment_.weight_recorders[r].interval_ms == 0.0, true);
        }
        if (file_) file_->close(report_json);
        file_.reset();
    }

private:
    /// The process takes the part of a rank that was asked for.
    void plan_dry_run() {
        collectively(comm_, [&] {
            const DryRun& dry = *options_.dry_run;
            if (processes_ != 1)
                throw RunError(fmt::format("a dry run is one process, but there are {}; start it without mpirun, or "
                                           "with mpirun -n 1",
                                           processes_));
            if (dry.ranks == 0 || dry.rank >= dry.ranks)
                throw RunError(fmt::format("there is no rank {} of {}; ranks count from 0", dry.rank, dry.ranks));
            if (std::uint64_t{dry.ranks} * options_.threads > 0x7fff'ffffU)
                throw RunError(fmt::format("{} ranks of {} threads are more than 2^31 workers; ask for fewer",
                                           dry.ranks, options_.threads));
            if (!options_.output.empty() || options_.keep_spikes)
                throw RunError("a dry run's spikes are no result; leave out the result file");
        });
        rank_ = static_cast<int>(options_.dry_run->rank);
        ranks_ = static_cast<int>(options_.dry_run->ranks);
    }
    void refuse_dry_run(const char* what) const {
        if (options_.dry_run)
            throw RunError(
                fmt::format("a dry run has one rank's share of the network, so there are no {} to ask for", what));
    }

    /// The exchanger of a dry run, over packets drawn at the expected rates of the sources.
    void make_drawn_exchange() {
        collectively(comm_, [&] {
            exchanger_ = std::make_unique<Exchanger>(rank_, ranks_, settings_.exchange, destinations(), network_.hears,
                                                     network_.sources_heard, plan_.min_delay, clock_);
            std::vector<DrawnPopulation> populations;
            std::vector<Diagnostic> wrong;
            for (std::size_t p = 0; p < experiment_.populations.size(); ++p) {
                const auto [first, end] = network_.rows_of[p];
                if (first == end) continue;
                const Population& population = experiment_.populations[p];
                const double rate = expected_rate(experiment_, population);
                const std::string key = "populations." + population.name + ".expected_rate";
                if (rate < 0.0)
                    wrong.push_back({experiment_.where(key), key,
                                     "a dry run draws the spikes of other ranks' neurons, but the experiment states no "
                                     "rate of this population",
                                     "give expected_rate, in Hz"});
                const double probability = rate * 1e-3 * settings_.resolution_ms();
                if (probability > 1.0)
                    wrong.push_back({experiment_.where(key), key,
                                     fmt::format("{} Hz are more than one spike in each step of {} ms", rate,
                                                 settings_.resolution_ms()),
                                     "give a lower rate, or a finer resolution"});
                populations.push_back(
                    {make_key(settings_.seed, Purpose::dry_run, fmt::format("{} at rank {}", population.name, rank_)),
                     first, end, probability});
            }
            if (!wrong.empty()) throw InputError(std::move(wrong));
            const std::vector<int>& from = exchanger_->from();
            const auto own = static_cast<std::size_t>(std::find(from.begin(), from.end(), rank_) - from.begin());
            auto drawn =
                std::make_unique<DrawnArrivals>(std::move(populations), std::move(network_.own_row), from.size(), own);
            drawn_ = drawn.get();
            exchanger_->connect(std::move(drawn));
        });
    }

    RankSummary rank_summary(std::uint64_t rss) const {
        RankSummary s;
        s.rank = static_cast<std::uint32_t>(rank_);
        s.synapses = network_.synapses;
        s.sources_heard = network_.sources_heard;
        s.base_bytes = base_bytes_;
        s.build_peak_bytes = build_peak_;
        s.peak_rss_bytes = rss;
        s.build_s = build_s_;
        s.drawing_s = network_.drawing_s;
        s.phases = phases_;
        s.network_hash[0] = network_.network_hash.low;
        s.network_hash[1] = network_.network_hash.high;
        for (std::size_t t = 0; t < workers_.size(); ++t) {
            const Worker<T, W>& worker = *workers_[t];
            const SynapseRows<W>& rows = network_.rows[t];
            const std::uint64_t neurons = network_.layouts[t].neurons();
            s.neurons += neurons;
            for (std::size_t p = 0; p < experiment_.populations.size(); ++p) {
                std::uint64_t elsewhere = 0;
                const Routes& routes = network_.routes[t];
                for (std::uint32_t e = routes.begin[network_.layouts[t].begin[p]];
                     e < routes.begin[network_.layouts[t].begin[p + 1]]; ++e)
                    elsewhere += static_cast<int>(routes.entries[e].rank) != rank_;
                s.expected_bytes_sent += static_cast<double>(elsewhere) * exchanger_->packet_bytes() *
                                         std::max(0.0, expected_rate(experiment_, experiment_.populations[p]));
            }
            s.segments += rows.directory.size();
            s.pairs += network_.routes[t].entries.size();
            s.spikes += worker.spikes;
            s.synaptic_events += worker.events;
            s.neuron_bytes += worker.state_bytes + worker.input_bytes() + neurons * ActivityStatistics::neuron_bytes +
                              network_.routes[t].begin.size() * sizeof(std::uint32_t);
            s.synapse_bytes += worker.plastic_bytes();
            s.synapse_bytes += rows.synapses.size() * sizeof(Synapse<W>) + rows.directory.size() * sizeof(Segment);
            s.source_bytes += rows.begin.size() * sizeof(rows.begin[0]) +
                              rows.directory_begin.size() * sizeof(rows.directory_begin[0]);
            s.pair_bytes += network_.routes[t].entries.size() * sizeof(RouteEntry);
            s.spike_bytes += worker.calendar_bytes();
            for (const auto& packets : outbox_[t])
                s.spike_bytes += packets.capacity() * sizeof(std::uint32_t);
            s.rank_bytes += outbox_[t].size() * sizeof(std::vector<std::uint32_t>);
        }
        s.spike_bytes +=
            exchanger_->buffer_bytes() + (inbox_.capacity() + inbox_scratch_.capacity()) * sizeof(inbox_[0]);
        s.rank_bytes += exchanger_->peer_bytes();
        const std::vector<bool> reached = destinations();
        for (std::size_t r = 0; r < reached.size(); ++r) {
            if (static_cast<int>(r) == rank_) continue;
            s.ranks_reached += reached[r];
            s.ranks_heard += network_.hears[r];
        }
        s.bytes_sent = exchanger_->bytes_sent();
        s.bytes_received = exchanger_->bytes_received();
        s.exchanges = exchanger_->exchanges();
        s.peers_to = exchanger_->to().size();
        s.peers_from = exchanger_->from().size();
        return s;
    }

    std::vector<bool> destinations() const {
        std::vector<bool> to(static_cast<std::size_t>(ranks_), false);
        for (const Routes& routes : network_.routes)
            for (const RouteEntry& entry : routes.entries)
                to[entry.rank] = true;
        return to;
    }

    std::vector<ActivityStatistics*> statistics_pointers() {
        std::vector<ActivityStatistics*> out;
        for (auto& each : statistics_)
            out.push_back(each.get());
        return out;
    }

    [[nodiscard]] std::int64_t steps_of(double ms, std::int64_t otherwise) const {
        if (!(std::abs(ms) < 9e15)) return otherwise;
        return static_cast<std::int64_t>(std::llround(ms / settings_.resolution_ms()));
    }

    void make_workers() {
        std::vector<std::string> names;
        for (const Population& population : experiment_.populations)
            names.push_back(population.name);
        outbox_.assign(options_.threads, std::vector<std::vector<std::uint32_t>>(static_cast<std::size_t>(ranks_)));
        errors_.resize(options_.threads);
        corrections_.resize(options_.threads);
        memory_.resize(names.size());
        const auto bin = std::max<std::int64_t>(1, steps_of(3.0, 1));
        collectively(comm_, [&] {
            for (std::uint32_t t = 0; t < options_.threads; ++t) {
                const WorkerLayout& layout = network_.layouts[t];
                std::vector<std::uint64_t> counts;
                for (std::size_t p = 0; p < names.size(); ++p)
                    counts.push_back(layout.count(p));
                statistics_.push_back(std::make_unique<ActivityStatistics>(names, counts, settings_.resolution_ms(),
                                                                           settings_.warmup_steps, bin));
                const WorkerId id = static_cast<WorkerId>(rank_) * options_.threads + t;
                workers_.push_back(std::make_unique<Worker<T, W>>(
                    plan_, id, layout, network_.rows[t], network_.routes[t], *exchanger_, *statistics_.back()));
                workers_.back()->keeps_emitted = !options_.dry_run;
            }
        });
        std::vector<std::pair<int, std::string>> results(options_.threads);
        team_->run([&](std::uint32_t t) {
            try {
                if (fault("fill") && breaks(t)) throw RunError("a fault in filling a worker");
                fill_worker(*workers_[t]);
                add_plastic(*workers_[t], t);
            } catch (...) {
                results[t] = describe_current_exception();
            }
        });
        const auto bad = std::find_if(results.begin(), results.end(), [](const auto& r) { return r.first != 0; });
        agree(comm_, bad == results.end() ? 0 : bad->first, bad == results.end() ? "" : bad->second);
    }

    /// The worker on which a fault that is put in on purpose occurs: the last one.
    [[nodiscard]] bool breaks(std::uint32_t t) const noexcept {
        return rank_ + 1 == ranks_ && t + 1 == options_.threads;
    }

    void fill_worker(Worker<T, W>& worker) {
        for (std::size_t p = 0; p < experiment_.populations.size(); ++p) {
            const Population& population = experiment_.populations[p];
            BlockSetup setup;
            setup.model = plan_.models[p];
            setup.object = population.name;
            setup.seed = draw_seed_;
            setup.resolution_ms = settings_.resolution_ms();
            setup.wide = wide_;
            setup.population_size = population.size;
            setup.indices = worker.indices(p);
            setup.parameters = resolve_parameters(settings_.seed, population.name, *setup.model, population.params,
                                                  setup.indices, population.size);
            setup.initial = resolve_initial(settings_.seed, population.name, *setup.model, population.init,
                                            setup.parameters, setup.indices);
            setup_activity(setup, *setup.model, population.params);
            worker.set_block(p, make_population_block<T>(setup));
            const bool each = std::any_of(setup.parameters.begin(), setup.parameters.end(),
                                          [](const ResolvedValue& value) { return !value.each.empty(); });
            worker.state_bytes += setup.indices.size() * sizeof(T) *
                                  (setup.model->variables.size() + (each ? setup.model->parameters.size() + 2 : 0));
        }
        for (const Stimulus& stimulus : experiment_.stimuli)
            for (std::size_t p = 0; p < experiment_.populations.size(); ++p)
                if (experiment_.populations[p].name == stimulus.target.population) add_stimulus(worker, stimulus, p);
    }

    void add_plastic(Worker<T, W>& worker, std::uint32_t t) {
        const WorkerLayout& layout = network_.layouts[t];
        bool any = false;
        for (std::size_t p = 0; p < plan_.projections.size(); ++p) {
            const PlannedProjection& planned = plan_.projections[p];
            if (planned.synapse == nullptr) continue;
            any = true;
            worker.add_plastic(std::make_unique<PlasticStore>(
                                   plan_, p, std::move(network_.plastic[p][t]), network_.rows_of[planned.source].first,
                                   (layout.neurons() + 0xffffU) >> 16, layout.begin[planned.target]),
                               planned.target);
            worker.plastic.back()->identify(
                [&](std::uint32_t row) { return network_.row_sources[planned.source][row]; },
                worker.indices(planned.target));
        }
        if (any) worker.connect_plastic();
    }
    /// After a sweep. Sums are of integers, so that no order matters.
    [[nodiscard]] std::vector<WeightStatistics> weight_statistics() const {
        constexpr std::size_t bins = 20;
        std::vector<WeightStatistics> all;
        std::size_t i = 0;
        for (std::size_t p = 0; p < plan_.projections.size(); ++p) {
            const SynapseModelInfo* synapse = plan_.projections[p].synapse;
            if (synapse == nullptr) continue;
            const std::size_t number = i++;
            if (synapse->role != SynapseModelInfo::Role::synapse) continue;
            const auto each = [&](const auto& visit) {
                for (const auto& worker : workers_)
                    for (const float weight : worker->plastic[number]->weights())
                        visit(static_cast<double>(weight));
            };
            double ends[2] = {-std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
            each([&](double w) {
                ends[0] = std::max(ends[0], w);
                ends[1] = std::max(ends[1], -w);
            });
            MPI_Allreduce(MPI_IN_PLACE, ends, 2, MPI_DOUBLE, MPI_MAX, comm_);
            WeightStatistics statistics;
            statistics.projection = experiment_.projections[p].name;
            statistics.highest = ends[0];
            statistics.lowest = -ends[1];
            const double largest = std::max(std::abs(ends[0]), std::abs(ends[1])), range = ends[0] + ends[1];
            int exponent = 0;
            if (std::isfinite(largest)) (void)std::frexp(largest, &exponent);
            const double unit = std::ldexp(1.0, exponent - 40);
            std::int64_t sums[bins + 2] = {}; // by bin; of all in units, low and high word apart
            std::int64_t total = 0;
            each([&](double w) {
                ++sums[range > 0.0 ? std::min(bins - 1, static_cast<std::size_t>((w - statistics.lowest) / range *
                                                                                 static_cast<double>(bins)))
                                   : 0];
                total += std::llround(w / unit); // 2^40 at most
                sums[bins + 1] += total >> 32;
                total &= 0xffff'ffff;
            });
            sums[bins] = total;
            MPI_Allreduce(MPI_IN_PLACE, sums, static_cast<int>(bins) + 2, MPI_INT64_T, MPI_SUM, comm_);
            for (std::size_t b = 0; b < bins; ++b) {
                statistics.histogram.push_back(static_cast<std::uint64_t>(sums[b]));
                statistics.synapses += static_cast<std::uint64_t>(sums[b]);
            }
            if (statistics.synapses == 0) {
                statistics.lowest = statistics.highest = 0.0;
            } else {
                // high word and low word as one number; both are exact in double up to 2^53 units of theirs
                const std::int64_t high = sums[bins + 1] + (sums[bins] >> 32), low = sums[bins] & 0xffff'ffff;
                statistics.mean = (static_cast<double>(high) * 0x1p32 + static_cast<double>(low)) * unit /
                                  static_cast<double>(statistics.synapses);
            }
            all.push_back(std::move(statistics));
        }
        return all;
    }
    /// All plastic synapses take into account what is known now.
    void sweep() {
        team_->run([&](std::uint32_t t) { workers_[t]->sweep(now_); });
    }
    /// Number of a plastic projection's stores on the workers.
    [[nodiscard]] std::size_t store_number(std::size_t projection) const {
        std::size_t number = 0;
        for (std::size_t p = 0; p < projection; ++p)
            number += plan_.projections[p].synapse != nullptr;
        return number;
    }
    [[nodiscard]] std::vector<OwnSynapses> own_synapses(std::size_t projection) const {
        const PlannedProjection& planned = plan_.projections[projection];
        std::vector<OwnSynapses> own;
        for (const auto& worker : workers_)
            own.push_back({worker->plastic[store_number(projection)].get(), &worker->indices(planned.target),
                           &network_.row_sources[planned.source]});
        return own;
    }
    /// The synapses of a pair of neurons, on the rank that has the target; by delay, receptor and order of drawing.
    struct PairSynapses {
        PlasticStore* store = nullptr;
        std::vector<std::uint64_t> places;
    };
    [[nodiscard]] PairSynapses synapses_of(std::size_t projection, std::uint64_t source, std::uint64_t target) const {
        const PlannedProjection& planned = plan_.projections[projection];
        PairSynapses found;
        Partition::Place place{};
        plan_.partition->places(planned.target, std::span(&target, 1), std::span(&place, 1));
        if (place.worker / options_.threads != static_cast<std::uint32_t>(rank_)) return found;
        const auto& sources = network_.row_sources[planned.source];
        const auto row = std::lower_bound(sources.begin(), sources.end(), source);
        if (row == sources.end() || *row != source) return found;
        found.store = workers_[place.worker % options_.threads]->plastic[store_number(projection)].get();
        found.store->each_place_of(static_cast<std::uint32_t>(row - sources.begin()),
                                   static_cast<std::uint32_t>(place.local), found.places);
        return found;
    }
    /// Why a weight can't take the place of another; empty: it can.
    [[nodiscard]] std::string why_not(std::size_t projection, float old, double weight) const {
        const ReceptorChoice& receptor = plan_.projections[projection].receptor;
        if (!std::isfinite(static_cast<float>(weight)))
            return fmt::format("is {}, but must be a finite float32", weight);
        if (receptor.positive != receptor.negative && (old < 0.0F ? weight > 0.0 : weight < 0.0))
            return fmt::format(
                "is {} in place of {}; give one of the same sign, since the sign has chosen the receptor", weight, old);
        return {};
    }
    /// Initial weights from files; and recorders of more synapses than there are are refused.
    void load_weights() {
        for (const WeightRecorder& recorder : experiment_.weight_recorders) {
            const std::uint64_t count =
                count_synapses(comm_, own_synapses(projection_number(experiment_, recorder.projection)));
            collectively(comm_, [&] {
                const std::string key = recorder.path + ".sample";
                if (recorder.sample > count && !options_.dry_run)
                    throw InputError(
                        {experiment_.where(key), key,
                         fmt::format("is {}, but {} has {} synapses", recorder.sample, recorder.projection, count),
                         "lower it"});
            });
        }
        for (std::size_t p = 0; p < plan_.projections.size(); ++p) {
            const Projection& projection = experiment_.projections[p];
            if (projection.weights_file.empty() || resume_) continue; // a checkpoint holds what became of them
            const std::string key = projection.path + ".initial_weights";
            const auto wrong = [&](std::string message, std::string remedy) {
                return InputError({experiment_.where(key), key, std::move(message), std::move(remedy)});
            };
            collectively(comm_, [&] {
                if (options_.dry_run)
                    throw wrong("a dry run has one rank's share of the synapses, which a file's can't be told from",
                                "leave initial_weights out");
            });
            const std::vector<OwnSynapses> own = own_synapses(p);
            const std::uint64_t count = count_synapses(comm_, own);
            std::unique_ptr<WeightsReader> reader;
            const std::string what =
                fmt::format("{}: /weights/{}", projection.weights_file, projection.weights_projection);
            collectively(comm_, [&] {
                try {
                    reader = std::make_unique<WeightsReader>(projection.weights_file, projection.weights_projection);
                } catch (const RunError& e) {
                    throw wrong(e.what(), "give the result file of a run that recorded weights to its end");
                }
                if (reader->synapses() != count)
                    throw wrong(fmt::format("{} holds {} weights, but this projection has {} synapses", what,
                                            reader->synapses(), count),
                                "record all weights, without sample, of the same projection and seed");
            });
            std::pair<int, std::string> error{0, ""};
            sorted_synapses(
                comm_, own, experiment_.populations[plan_.projections[p].target].size,
                [&](std::uint64_t first, std::span<SortedSynapse> part) {
                    std::vector<std::vector<PlacedWeight>> to(static_cast<std::size_t>(ranks_));
                    try {
                        const SynapseColumns rows = reader->read(first, part.size());
                        for (std::size_t i = 0; i < part.size(); ++i) {
                            const SortedSynapse& own_one = part[i];
                            if (rows.source[i] != own_one.source || rows.target[i] != own_one.target ||
                                rows.delay_ms[i] != settings_.time_ms(own_one.delay))
                                throw wrong(
                                    fmt::format("{}, row {}, is a synapse from {} to {} of {} ms, but here it is "
                                                "one from {} to {} of {} ms",
                                                what, first + i, rows.source[i], rows.target[i], rows.delay_ms[i],
                                                own_one.source, own_one.target, settings_.time_ms(own_one.delay)),
                                    "take weights of the same synapses: rule, delay, name and seed as there");
                            if (const std::string why = why_not(p, own_one.weight, static_cast<double>(rows.weight[i]));
                                !why.empty())
                                throw wrong(fmt::format("{}, row {}: the weight {}", what, first + i, why),
                                            "take weights of the same synapses");
                            to[own_one.rank].push_back({own_one.place, own_one.thread, rows.weight[i]});
                        }
                    } catch (...) {
                        if (error.first == 0) error = describe_current_exception();
                    }
                    for (const auto& from : all_to_all(comm_, to))
                        for (const PlacedWeight& each : from)
                            own[each.thread].store->set_weight(each.place, each.weight);
                });
            agree(comm_, error.first, error.second);
        }
    }

    /// The recordings of weights, and which of their synapses are whose.
    void make_weight_recorders(bool goes_on) {
        std::size_t traces = 0;
        for (std::size_t r = 0; r < experiment_.weight_recorders.size(); ++r) {
            const WeightRecorder& recorder = experiment_.weight_recorders[r];
            const std::size_t p = projection_number(experiment_, recorder.projection);
            const PlannedProjection& planned = plan_.projections[p];
            const std::vector<OwnSynapses> own = own_synapses(p);
            const std::uint64_t count = count_synapses(comm_, own);
            WeightLayout layout;
            layout.projection = recorder.projection;
            layout.unit = weight_unit(plan_.models[planned.target], experiment_.projections[p].receptor);
            layout.source = experiment_.projections[p].source.population;
            layout.target = experiment_.projections[p].target.population;
            layout.synapses = recorder.sample > 0 ? recorder.sample : count;
            layout.interval_steps =
                recorder.interval_ms > 0.0 ? std::max<std::int64_t>(1, steps_of(recorder.interval_ms, 1)) : 0;
            layout.first_step = steps_of(recorder.start_ms, 0) + layout.interval_steps;
            if (goes_on)
                layout.first_step = resume_->recording.weight_first_steps.at(r);
            else if (layout.interval_steps > 0 && layout.first_step <= now_) // a new file begins after the checkpoint
                layout.first_step +=
                    (now_ - layout.first_step) / layout.interval_steps * layout.interval_steps + layout.interval_steps;
            weight_first_steps_.push_back(layout.first_step);
            layout.changes = recorder.changes;
            file_->add_weights(layout);
            weight_counts_.push_back(count);
            const std::int64_t last = steps_of(recorder.stop_ms, std::numeric_limits<std::int64_t>::max());
            if (layout.interval_steps > 0) {
                for (auto& worker : workers_) {
                    WeightShare share;
                    share.recording = r;
                    share.trace = traces;
                    share.store = store_number(p);
                    share.first_step = layout.first_step;
                    share.interval = layout.interval_steps;
                    share.last_step = last;
                    share.changes = layout.changes;
                    worker->weight_shares.push_back(std::move(share));
                }
                write_synapses(r, true, false);
                if (!layout.changes) {
                    ++traces;
                    weight_traces_.push_back({layout.first_step, layout.interval_steps, last});
                }
            }
        }
        weight_values_.assign(options_.threads, std::vector<std::vector<TraceValue>>(traces));
        weight_changes_.assign(options_.threads,
                               std::vector<std::vector<WeightChange>>(experiment_.weight_recorders.size()));
    }

    /// Rows of a recording's synapses: who they are, which then also tells their owners, or the weights of the end.
    void write_synapses(std::size_t r, bool identities, bool end) {
        const WeightRecorder& recorder = experiment_.weight_recorders[r];
        const std::size_t p = projection_number(experiment_, recorder.projection);
        const std::uint64_t count = weight_counts_[r], chosen = recorder.sample > 0 ? recorder.sample : count;
        __extension__ using Product = unsigned __int128;
        // Row c is synapse number c * count / chosen.
        const auto row_from = [&](std::uint64_t number) { // the first one with at least that number
            return static_cast<std::uint64_t>((static_cast<Product>(number) * chosen + count - 1) /
                                              std::max<std::uint64_t>(1, count));
        };
        std::vector<WeightShare*> shares;
        for (auto& worker : workers_)
            for (WeightShare& share : worker->weight_shares)
                if (share.recording == r) shares.push_back(&share);
        sorted_synapses(comm_, own_synapses(p), experiment_.populations[plan_.projections[p].target].size,
                        [&](std::uint64_t first, std::span<SortedSynapse> part) {
                            const std::uint64_t begin = row_from(first);
                            SynapseColumns columns;
                            std::vector<std::vector<PlacedColumn>> to(static_cast<std::size_t>(ranks_));
                            for (std::uint64_t row = begin; row < chosen; ++row) {
                                const auto number =
                                    static_cast<std::uint64_t>(static_cast<Product>(row) * count / chosen);
                                if (number >= first + part.size()) break;
                                const SortedSynapse& synapse = part[number - first];
                                if (identities) {
                                    columns.source.push_back(synapse.source);
                                    columns.target.push_back(synapse.target);
                                    columns.delay_ms.push_back(settings_.time_ms(synapse.delay));
                                    to[synapse.rank].push_back({synapse.place, row, synapse.thread});
                                }
                                if (end) columns.weight.push_back(synapse.weight);
                            }
                            file_->write_synapses(r, begin, columns);
                            if (shares.empty() || end) return;
                            for (const auto& from : all_to_all(comm_, to))
                                for (const PlacedColumn& each : from)
                                    shares[each.thread]->synapses.emplace_back(each.place, each.column);
                        });
    }
    struct PlacedColumn {
        std::uint64_t place, column;
        std::uint32_t thread;
    };

    /// Index of the source of a row of the plastic projection number i.
    [[nodiscard]] std::uint64_t plastic_source(std::size_t i, std::uint32_t row) const {
        for (const PlannedProjection& planned : plan_.projections)
            if (planned.synapse != nullptr && i-- == 0) return network_.row_sources[planned.source][row];
        return 0;
    }

    /// start and stop are parameters of generators, in ms.
    void setup_activity(BlockSetup& setup, const ModelInfo& model, const ParameterValues& given) const {
        setup.start_step = 0;
        setup.stop_step = std::numeric_limits<std::int64_t>::max() / 2;
        const auto constant = [&](const char* key, std::int64_t& step) {
            const auto found = given.find(key);
            if (model.parameter(key) < 0 || found == given.end()) return;
            step = steps_of(std::get<Distribution>(found->second).a, setup.stop_step);
        };
        constant("start", setup.start_step);
        constant("stop", setup.stop_step);
    }

    /// A generator's spikes go to one receptor for each sign that weights have here, as those of a projection do.
    void add_stimulus(Worker<T, W>& worker, const Stimulus& stimulus, std::size_t p) {
        const SelectedNeurons targets(stimulus.target, experiment_.populations[p].size);
        const auto& indices = worker.indices(p);
        const bool whole = targets.size() == experiment_.populations[p].size;
        std::vector<std::uint32_t> positions;
        if (!whole) {
            for (std::uint32_t l = 0; l < indices.size(); ++l)
                if (targets.contains(indices[l])) positions.push_back(l);
            if (positions.empty()) return;
        } else if (indices.empty()) {
            return;
        }
        if (find_model(stimulus.model)->kind == ModelInfo::Kind::current_generator) {
            add_stimulus(worker, stimulus, p, std::move(positions), -1);
            return;
        }
        const ReceptorChoice choice = choose_receptor(*plan_.models[p], stimulus.receptor);
        const Sampler weight(stimulus.weight);
        if (choice.positive == choice.negative || weight.lowest() >= 0.0 || weight.highest() < 0.0) {
            add_stimulus(worker, stimulus, p, std::move(positions), choice.of(weight.lowest()));
            return;
        }
        const Key key = make_key(settings_.seed, Purpose::weight, stimulus.name);
        std::vector<std::uint32_t> shares[2]; // of weights >= 0 and < 0
        for (std::uint32_t i = 0; i < (whole ? indices.size() : positions.size()); ++i) {
            const std::uint32_t l = whole ? i : positions[i];
            shares[weight(draw32(key, indices[l], 0)) < 0.0].push_back(l);
        }
        if (!shares[0].empty()) add_stimulus(worker, stimulus, p, std::move(shares[0]), choice.positive);
        if (!shares[1].empty()) add_stimulus(worker, stimulus, p, std::move(shares[1]), choice.negative);
    }

    /// positions: the targets' local numbers, all of them where it is empty; receptor: -1 for a current.
    void add_stimulus(Worker<T, W>& worker, const Stimulus& stimulus, std::size_t p,
                      std::vector<std::uint32_t> positions, int receptor) {
        const ModelInfo& model = *find_model(stimulus.model);
        const Population& population = experiment_.populations[p];
        const auto& indices = worker.indices(p);
        StimulusSetup setup;
        if (positions.empty()) setup.generator.indices = indices;
        for (const std::uint32_t l : positions)
            setup.generator.indices.push_back(indices[l]);
        setup.generator.model = &model;
        setup.generator.population_size = population.size;
        setup.generator.object = stimulus.name;
        setup.generator.seed = draw_seed_;
        setup.generator.resolution_ms = settings_.resolution_ms();
        setup.generator.parameters = resolve_parameters(settings_.seed, stimulus.name, model, stimulus.params,
                                                        setup.generator.indices, population.size);
        setup_activity(setup.generator, model, stimulus.params);
        setup.delay_steps = std::max<std::int64_t>(1, steps_of(stimulus.delay_ms, 1));
        setup.weight = resolve_law(make_key(settings_.seed, Purpose::weight, stimulus.name), stimulus.weight,
                                   setup.generator.indices);
        if (receptor >= 0 && plan_.models[p]->receptors[static_cast<std::size_t>(receptor)].counts)
            setup.weight = {1.0, {}, {}};
        if (receptor >= 0)
            worker.state_bytes += setup.generator.indices.size() * (8 + 4 * sizeof(T)); // a train and its weights
        worker.stimuli[p].push_back({make_stimulus_block<T>(setup), receptor,
                                     static_cast<std::size_t>(&stimulus - experiment_.stimuli.data()),
                                     std::move(positions)});
    }

    /// Takes up what the checkpoint holds.
    void take_up() {
        const Hash128 whole = network_hash();
        const RunSection& run = resume_->run;
        collectively(comm_, [&] {
            if (whole.low != run.network_hash[0] || whole.high != run.network_hash[1])
                throw RunError(fmt::format("{}: the network that was built isn't the checkpoint's, although the "
                                           "experiment is the same; files of connections, weights or positions that it "
                                           "names have changed since",
                                           options_.resume));
        });
        const auto own = own_workers();
        read_workers(resume_->reader, own, resume_->old_stimulus);
        if (any_plastic()) PlasticState(own, plan_, network_.row_sources, run.step).read(resume_->reader);
        now_ = begin_ = run.step;
        resumed_ = true;
        changes_ = resume_->changes;
        const TotalsSection& totals = resume_->totals;
        for (std::size_t t = 0; t < workers_.size(); ++t) {
            const bool first = rank_ == 0 && t == 0; // keeps what was gathered before
            if (first) {
                workers_[t]->hash = {totals.spike_hash[0], totals.spike_hash[1]};
                workers_[t]->spikes = totals.spikes;
                workers_[t]->events = totals.synaptic_events;
            }
            statistics_[t]->resume({totals.bins_done,
                                    first ? totals.bin_counts : std::vector<std::uint64_t>(totals.bin_counts.size(), 0),
                                    totals.counts, totals.squares, totals.squares_high});
        }
        send_again();
    }

    /// Fills the calendars: what was sent in the last epochs is sent once more, in the same order, and enters where it
    /// isn't due before now.
    void send_again() {
        const std::int64_t epoch_steps = plan_.min_delay;
        std::int64_t epoch = std::max<std::int64_t>(0, now_ - plan_.max_delay);
        epoch -= epoch % epoch_steps;
        std::vector<std::size_t> next(workers_.size(), 0);
        for (; epoch < now_; epoch += epoch_steps) {
            for (std::size_t t = 0; t < workers_.size(); ++t) {
                const auto& emitted = workers_[t]->emissions;
                for (; next[t] < emitted.size() && emitted[next[t]].step < epoch + epoch_steps; ++next[t])
                    workers_[t]->route(emitted[next[t]].population, emitted[next[t]].local,
                                       static_cast<std::uint32_t>(emitted[next[t]].step - epoch), outbox_[t]);
            }
            inbox_.clear();
            std::string error;
            const bool failed = exchanger_->exchange(outbox_, false, inbox_, error);
            agree(comm_, failed ? 1 : 0, error);
            (void)sort_packets(inbox_, inbox_scratch_);
            if (fault("unordered_again")) std::reverse(inbox_.begin(), inbox_.end());
            collectively_on(comm_, *team_, [&](std::uint32_t t) { workers_[t]->arrive_again(inbox_, epoch, now_); });
        }
        collectively(comm_, [&] {
            for (const auto& worker : workers_)
                for (const auto& store : worker->plastic)
                    if (store->events_left() > 0)
                        throw RunError(options_.resume +
                                       ": its spikes under way to plastic synapses aren't those of its "
                                       "neurons; take an earlier checkpoint (FILE.1)");
        });
        inbox_.clear();
        bytes_before_ = exchanger_->bytes_sent();
    }

    [[nodiscard]] bool any_plastic() const {
        return std::any_of(plan_.projections.begin(), plan_.projections.end(),
                           [](const PlannedProjection& planned) { return planned.synapse != nullptr; });
    }
    [[nodiscard]] WorkersOfRank<T, W> own_workers() {
        return {comm_, experiment_, *plan_.partition, options_.threads, workers_, statistics_};
    }
    [[nodiscard]] Hash128 network_hash() const {
        std::vector<Hash128> all(static_cast<std::size_t>(processes_));
        MPI_Allgather(&network_.network_hash, 2, MPI_UINT64_T, all.data(), 2, MPI_UINT64_T, comm_);
        Hash128 whole;
        for (const Hash128& each : all)
            whole += each;
        return whole;
    }

    /// Where a recording of changes keeps the weights of its last look, in the order of the recorded synapses.
    [[nodiscard]] static std::string looked_at(std::size_t recording) { return "looks/" + std::to_string(recording); }
    /// Collective. visit(recording, the workers' shares) of those recordings of changes that have looked.
    template <class Visit>
    void each_last_look(const Visit& visit) {
        for (std::size_t s = 0; s < workers_.front()->weight_shares.size(); ++s) {
            const WeightShare& first = workers_.front()->weight_shares[s];
            if (!first.changes || !first.begun) continue;
            std::vector<WeightShare*> shares;
            for (auto& worker : workers_)
                shares.push_back(&worker->weight_shares[s]);
            visit(first.recording, shares);
        }
    }
    static std::vector<TableShare> columns_of(const std::vector<WeightShare*>& shares) {
        std::vector<TableShare> tables(shares.size());
        for (std::size_t w = 0; w < shares.size(); ++w)
            for (const auto& [place, column] : shares[w]->synapses)
                tables[w].rows.push_back(column);
        return tables;
    }
    static void last_look(StateColumns& columns, WeightShare& share) {
        columns.column<float>("weight", share.seen.size(), share.seen.data());
    }
    void write_last_looks(CheckpointWriter& writer) {
        each_last_look([&](std::size_t recording, const std::vector<WeightShare*>& shares) {
            std::vector<TableShare> tables = columns_of(shares);
            std::uint64_t rows = 0;
            for (std::size_t w = 0; w < shares.size(); ++w) {
                last_look(tables[w].columns, *shares[w]);
                rows += shares[w]->synapses.size();
            }
            MPI_Allreduce(MPI_IN_PLACE, &rows, 1, MPI_UINT64_T, MPI_SUM, comm_);
            writer.table(looked_at(recording), rows, tables);
        });
    }
    void read_last_looks() {
        for (auto& worker : workers_)
            for (WeightShare& share : worker->weight_shares)
                share.begun = share.changes && share.first_step <= std::min(now_, share.last_step);
        each_last_look([&](std::size_t recording, const std::vector<WeightShare*>& shares) {
            std::vector<TableShare> tables = columns_of(shares);
            resume_->reader.table(looked_at(recording), tables);
            for (std::size_t w = 0; w < shares.size(); ++w) {
                shares[w]->seen.resize(shares[w]->synapses.size());
                last_look(tables[w].columns, *shares[w]);
            }
        });
    }
    void refuse_router(const char* why, const char* remedy) const {
        if (!experiment_.machine.target.empty() && experiment_.machine.router)
            throw InputError(
                {experiment_.where("machine.router"), "machine.router", fmt::format("is true, but {}", why),
                 fmt::format("write router = false, which only uses the mapping as the partition, or {}", remedy)});
    }
    /// Collective. Remembers what the files of the experiment hold, for its checkpoints.
    void note_inputs() {
        inputs_.emplace();
        collectively(comm_, [&] {
            if (rank_ != 0) return;
            inputs_ = resume_ && resume_->inputs ? *resume_->inputs : input_checksums(experiment_);
        });
    }
    /// Collective. Writes a checkpoint of this moment; results have been written up to here.
    void save(const std::string& file) {
        phase("checkpoint");
        const double begin = wall_seconds();
        refuse_dry_run("checkpoints");
        refuse_router("packets under way are in no checkpoint", "leave out the checkpoints");
        collectively(comm_, [&] {
            if (fault("save") && breaks(options_.threads - 1)) throw RunError("a fault in a checkpoint");
        });
        if (!inputs_) note_inputs();
        for (auto& worker : workers_)
            worker->forget_emitted(now_ - plan_.max_delay);
        const std::vector<ActivityStatistics*> statistics = statistics_pointers();
        TotalsSection totals;
        const ActivityStatistics::Totals bins = statistics[0]->totals();
        totals.bins_done = bins.bins_done;
        totals.counts = bins.counts;
        totals.squares = bins.squares;
        totals.squares_high = bins.squares_high;
        totals.bin_counts.assign(bins.begun.size(), 0);
        std::vector<Hash128> hashes(1);
        for (std::size_t t = 0; t < workers_.size(); ++t) {
            const std::vector<std::uint64_t> begun = statistics[t]->totals().begun;
            for (std::size_t p = 0; p < begun.size(); ++p)
                totals.bin_counts[p] += begun[p];
            totals.spikes += workers_[t]->spikes;
            totals.synaptic_events += workers_[t]->events;
            hashes[0] += workers_[t]->hash;
        }
        MPI_Allreduce(MPI_IN_PLACE, totals.bin_counts.data(), static_cast<int>(totals.bin_counts.size()), MPI_UINT64_T,
                      MPI_SUM, comm_);
        std::uint64_t sums[2] = {totals.spikes, totals.synaptic_events};
        MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_UINT64_T, MPI_SUM, comm_);
        totals.spikes = sums[0];
        totals.synaptic_events = sums[1];
        std::vector<Hash128> all(static_cast<std::size_t>(processes_));
        MPI_Allgather(hashes.data(), 2, MPI_UINT64_T, all.data(), 2, MPI_UINT64_T, comm_);
        Hash128 spikes;
        for (const Hash128& each : all)
            spikes += each;
        totals.spike_hash[0] = spikes.low;
        totals.spike_hash[1] = spikes.high;
        const Hash128 network = network_hash();

        CheckpointWriter writer(comm_, file);
        writer.text(ExperimentSection::name, to_bytes(experiment_section(experiment_, *inputs_)));
        writer.text(RunSection::name,
                    to_bytes(run_section(experiment_, now_, draw_seed_, {network.low, network.high}, plan_.max_delay)));
        writer.text(TotalsSection::name, to_bytes(totals));
        writer.text(RecordingSection::name, to_bytes(recording_section()));
        const auto own = own_workers();
        write_workers(writer, own);
        if (any_plastic()) {
            sweep();
            PlasticState(own, plan_, network_.row_sources, now_).write(writer);
        }
        write_last_looks(writer);
        const std::uint64_t bytes = writer.finish(std::max<std::uint32_t>(1, options_.checkpoint.keep));
        double seconds = wall_seconds() - begin;
        MPI_Bcast(&seconds, 1, MPI_DOUBLE, 0, comm_);
        checkpoints_.written += 1;
        checkpoints_.bytes = bytes;
        checkpoints_.seconds += seconds;
        checkpoints_.longest_s = std::max(checkpoints_.longest_s, seconds);
        checkpoints_.file = file;
        checkpoints_.at_ms = settings_.time_ms(now_);
        last_checkpoint_ = wall_seconds();
    }

    [[nodiscard]] RecordingSection recording_section() const {
        RecordingSection section;
        if (!file_) return section;
        section.output = std::filesystem::absolute(options_.output).string();
        const ResultPositions positions = file_->positions();
        section.run = positions.run;
        section.spikes = positions.spikes;
        section.frames = positions.frames;
        section.weight_looks = positions.weight_looks;
        section.weight_changes = positions.weight_changes;
        section.weight_first_steps = weight_first_steps_;
        for (const std::size_t p : recorded_populations_)
            section.populations.push_back(experiment_.populations[p].name);
        for (const TraceLayout& layout : traces_) {
            section.traces.push_back(layout.population + "." + layout.variable);
            section.first_steps.push_back(layout.first_step);
        }
        return section;
    }

    void make_recorders() {
        const bool goes_on = resume_ && resume_->continues_output; // in the same file
        std::vector<TraceLayout> layouts;
        collectively(comm_, [&] {
            for (const SpikeRecorder& recorder : experiment_.spike_recorders) {
                const std::size_t p = population_number(experiment_, recorder.source.population);
                if (std::find(recorded_populations_.begin(), recorded_populations_.end(), p) ==
                    recorded_populations_.end())
                    recorded_populations_.push_back(p);
                const SampledNeurons chosen(recorder.source, experiment_.populations[p].size, recorder.sample);
                const bool whole = chosen.size() == experiment_.populations[p].size;
                for (auto& worker : workers_) {
                    RecordedShare share;
                    share.first_stamp = steps_of(recorder.start_ms, 0) + 1;
                    share.last_stamp = steps_of(recorder.stop_ms, std::numeric_limits<std::int64_t>::max());
                    if (options_.output.empty() && !options_.keep_spikes) continue; // nobody will ask for them
                    if (!whole) {
                        for (const std::uint64_t index : worker->indices(p))
                            share.chosen.push_back(chosen.position(index) != SelectedNeurons::none);
                        if (share.chosen.empty()) continue;
                    }
                    worker->recorded[p].push_back(std::move(share));
                }
            }
            std::sort(recorded_populations_.begin(), recorded_populations_.end());
            for (const StateRecorder& recorder : experiment_.state_recorders) {
                const std::size_t p = population_number(experiment_, recorder.source.population);
                const SampledNeurons neurons(recorder.source, experiment_.populations[p].size, recorder.sample);
                const std::int64_t interval = std::max<std::int64_t>(1, steps_of(recorder.interval_ms, 1));
                for (const std::string& variable : recorder.variables) {
                    const auto v = static_cast<std::size_t>(find_variable(*plan_.models[p], variable));
                    TraceLayout layout{.population = recorder.source.population,
                                       .variable = variable,
                                       .unit = std::string(plan_.models[p]->variables[v].unit),
                                       .neurons = neurons,
                                       .first_step = steps_of(recorder.start_ms, 0) + interval,
                                       .interval_steps = interval};
                    if (goes_on && layouts.size() < resume_->recording.first_steps.size())
                        layout.first_step = resume_->recording.first_steps[layouts.size()];
                    else if (layout.first_step <= now_) // a new file begins after the checkpoint
                        layout.first_step += (now_ - layout.first_step) / interval * interval + interval;
                    for (auto& worker : workers_) {
                        TracedShare share;
                        share.trace = layouts.size();
                        share.population = p;
                        share.variable = v;
                        share.first_step = layout.first_step;
                        share.interval = interval;
                        share.last_step = steps_of(recorder.stop_ms, std::numeric_limits<std::int64_t>::max());
                        const auto& own = worker->indices(p);
                        for (std::uint32_t l = 0; l < own.size(); ++l) {
                            const std::uint64_t column = neurons.position(own[l]);
                            if (column != SelectedNeurons::none) share.neurons.emplace_back(l, column);
                        }
                        worker->traces.push_back(std::move(share));
                    }
                    trace_last_.push_back(steps_of(recorder.stop_ms, std::numeric_limits<std::int64_t>::max()));
                    layouts.push_back(std::move(layout));
                }
            }
        });
        if (options_.output.empty()) { // nobody will ask for them
            layouts.clear();
            trace_last_.clear();
            for (auto& worker : workers_)
                worker->traces.clear();
        }
        double traced = 0.0; // values a step, on the rank that has most
        for (const auto& worker : workers_)
            for (const TracedShare& share : worker->traces)
                traced += static_cast<double>(share.neurons.size()) / static_cast<double>(share.interval);
        MPI_Allreduce(MPI_IN_PLACE, &traced, 1, MPI_DOUBLE, MPI_MAX, comm_);
        meeting_steps_ = std::max<std::int64_t>(plan_.min_delay, steps_of(50.0, 1));
        if (traced * static_cast<double>(meeting_steps_) > TraceValue::most_kept)
            meeting_steps_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(TraceValue::most_kept / traced));
        traces_ = layouts;
        trace_values_.assign(options_.threads, std::vector<std::vector<TraceValue>>(layouts.size()));
        if (options_.checkpoint.every_ms > 0.0) checkpoint_steps_ = steps_of(options_.checkpoint.every_ms, 0);
        if (options_.output.empty()) return;
        std::vector<std::string> names;
        for (const std::size_t p : recorded_populations_)
            names.push_back(experiment_.populations[p].name);
        if (goes_on) {
            const RecordingSection& before = resume_->recording;
            file_ = std::make_unique<ResultFile>(comm_, options_.output, experiment_, names, layouts,
                                                 ResultPositions{before.run, now_, before.spikes, before.frames,
                                                                 before.weight_looks, before.weight_changes});
        } else {
            file_ = std::make_unique<ResultFile>(comm_, options_.output, experiment_, names, layouts);
        }
        make_weight_recorders(goes_on);
        if (goes_on) read_last_looks();
        double looked = traced;
        for (const auto& worker : workers_)
            for (const WeightShare& share : worker->weight_shares)
                looked += static_cast<double>(share.synapses.size()) / static_cast<double>(share.interval);
        MPI_Allreduce(MPI_IN_PLACE, &looked, 1, MPI_DOUBLE, MPI_MAX, comm_);
        if (looked * static_cast<double>(meeting_steps_) > TraceValue::most_kept)
            meeting_steps_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(TraceValue::most_kept / looked));
    }

    /// What one worker does until step `until`. Never throws: an error is kept and told to the other ranks.
    void run_worker(std::uint32_t t, std::int64_t until) noexcept {
        Worker<T, W>& worker = *workers_[t];
        const auto attempt = [&](auto&& job) {
            if (failed_.load(std::memory_order_relaxed)) return;
            try {
                job();
            } catch (...) {
                errors_[t] = describe_current_exception().second;
                failed_.store(true, std::memory_order_relaxed);
            }
        };
        Barrier& barrier = team_->barrier();
        double clock = t == 0 ? clock_() : 0.0;
        const double network_before = t == 0 ? exchanger_->network_seconds() : 0.0;
        const auto lap = [&](double& phase) {
            if (t != 0) return;
            const double now = clock_();
            phase += now - clock;
            clock = now;
        };
        const bool tracing = !worker.traces.empty(), looking = !worker.weight_shares.empty();
        for (std::int64_t step = now_; step < until;) {
            // Pieces of a run may end inside an epoch; epochs always begin at multiples of the minimum delay, so that
            // stopping changes nothing but the moment of an exchange.
            const std::int64_t epoch = step - step % plan_.min_delay;
            const std::int64_t end = std::min<std::int64_t>(until, epoch + plan_.min_delay);
            const std::int64_t first = step;
            if (t == 0) {
                phase("update");
                current_epoch.store(epoch / plan_.min_delay, std::memory_order_relaxed);
            }
            for (; step < end; ++step) {
                attempt([&] { worker.deliver(step); });
                if constexpr (std::is_integral_v<W>)
                    if (routed_) attempt([&] { worker.deliver_corrections(step); });
                lap(phases_.deliver);
                attempt([&] {
                    if (fault("step") && step == 137 && breaks(t)) throw RunError("a fault in a step");
                    worker.update(step, static_cast<std::uint32_t>(step - epoch), outbox_[t]);
                });
                lap(phases_.update);
                if (tracing) {
                    attempt([&] { worker.trace(step + 1, trace_values_[t]); });
                    lap(phases_.record);
                }
                if (looking) {
                    attempt([&] { worker.look_at_weights(step + 1, weight_values_[t], weight_changes_[t]); });
                    lap(phases_.record);
                }
            }
            barrier.arrive_and_wait();
            if (t == 0) {
                if (drawn_ != nullptr) { // what others would have sent; no part of any phase
                    const double begin = clock_();
                    attempt([&] { drawn_->draw(first, step, epoch, *exchanger_); });
                    clock += clock_() - begin;
                }
                inbox_.clear();
                phase("exchange");
                bool failed = failed_.load(std::memory_order_relaxed);
                try {
                    failed = exchanger_->exchange(outbox_, failed, inbox_, errors_[0]);
                    if (!fault("unordered") && sort_packets(inbox_, inbox_scratch_)) ++sorted_by_digit_;
                    most_packets_ = std::max<std::uint64_t>(most_packets_, inbox_.size());
                } catch (...) {
                    errors_[0] = describe_current_exception().second;
                    failed = true;
                }
                if (failed) failed_.store(true, std::memory_order_relaxed);
                if (routed_) route_spikes(first, step, attempt);
            }
            barrier.arrive_and_wait();
            attempt([&] { worker.arrive(inbox_, epoch); });
            if constexpr (std::is_integral_v<W>)
                if (routed_) attempt([&] { worker.correct(corrections_[t]); });
            lap(phases_.exchange);
        }
        if (t == 0 && drawn_ == nullptr) phases_.network += exchanger_->network_seconds() - network_before;
    }

    /// Sends the spikes of steps first to end - 1 through the routers; of what comes late or not at all, each worker of
    /// this rank gets what concerns its neurons. Collective, also where something has failed before.
    template <class Attempt>
    void route_spikes(std::int64_t first, std::int64_t end, const Attempt& attempt) {
        const SlicePartition& partition = *machine_->partition();
        const Slices& slices = partition.slices();
        own_spikes_.clear();
        attempt([&] {
            for (const auto& worker : workers_) {
                const auto& emitted = worker->emissions;
                for (auto each = std::partition_point(emitted.begin(), emitted.end(),
                                                      [&](const auto& one) { return one.step < first; });
                     each != emitted.end(); ++each) {
                    const std::uint64_t index = worker->indices(each->population)[each->local];
                    const std::uint32_t slice = slices.of(each->population, index);
                    own_spikes_.push_back({static_cast<std::uint32_t>(each->step - first), slice,
                                           static_cast<std::uint32_t>(index - slices.begin(slice))});
                }
            }
        });
        std::string error;
        const std::vector<RoutedException>& exceptions = machine_->route(first, end, own_spikes_, error);
        attempt([&] {
            if (!error.empty()) throw RunError(error);
            for (auto& corrections : corrections_)
                corrections.clear();
            for (const RoutedException& e : exceptions) {
                const WorkerId id = partition.worker_of(e.target);
                if (id / options_.threads != static_cast<std::uint32_t>(rank_)) continue;
                const std::size_t source = slices.population(e.slice), target = slices.population(e.target);
                const std::uint64_t index = slices.begin(e.slice) + e.index;
                const auto& sources = network_.row_sources[source];
                const auto row = std::lower_bound(sources.begin(), sources.end(), index);
                if (row == sources.end() || *row != index) continue; // nobody here hears it
                const std::uint32_t t = id % options_.threads;
                const std::uint32_t begin = network_.layouts[t].begin[target] + partition.start(e.target);
                const Correction correction{
                    first + e.lag, network_.rows_of[source].first + static_cast<std::uint32_t>(row - sources.begin()),
                    begin, begin + static_cast<std::uint32_t>(slices.end(e.target) - slices.begin(e.target)),
                    e.late != 0 ? 1 : -1};
                auto& own = corrections_[t];
                if (!own.empty() && own.back().goes_on_with(correction)) // slices side by side
                    own.back().end = correction.end;
                else
                    own.push_back(correction);
            }
            if (fault("uncorrected"))
                for (auto& corrections : corrections_)
                    corrections.clear();
        });
    }

    /// All ranks meet: statistics are summed, buffers written when they are large, old, or at the end of a piece.
    void meet(bool last, std::int64_t steps, double seconds) {
        phase("record");
        const double begin = wall_seconds(), begin_phase = clock_();
        sync_activity(comm_, statistics_pointers(), now_);
        double need[5] = {0.0, 0.0, 0.0, 0.0, 0.0};
        if (options_.stop) need[2] = options_.stop();
        if (rank_ == 0 && options_.checkpoint.wall_s > 0.0 && begin - last_checkpoint_ >= options_.checkpoint.wall_s)
            need[3] = 1.0;
        if (rank_ == 0) need[4] = seconds; // its clock decides, so that all do the same
        for (const auto& worker : workers_)
            for (const auto& kept : worker->kept)
                need[0] += static_cast<double>(kept.size());
        for (const auto& thread : trace_values_)
            for (const auto& values : thread)
                need[0] += 1.5 * static_cast<double>(values.size());
        for (const auto& thread : weight_values_)
            for (const auto& values : thread)
                need[0] += 1.5 * static_cast<double>(values.size());
        for (const auto& thread : weight_changes_)
            for (const auto& changes : thread)
                need[0] += 1.5 * static_cast<double>(changes.size());
        need[1] = begin - last_flush_;
        MPI_Allreduce(MPI_IN_PLACE, need, fault("meet") && rank_ == 1 ? -1 : 5, MPI_DOUBLE, MPI_MAX, comm_);
        stopped_ = static_cast<int>(need[2]);
        const bool due = (checkpoint_steps_ > 0 && now_ % checkpoint_steps_ == 0) || need[3] > 0.0 || stopped_ != 0 ||
                         now_ == settings_.duration_steps;
        const bool saves = due && !options_.checkpoint.file.empty();
        if (last || saves || stopped_ != 0 || need[0] > RecordedSpike::most_kept || need[1] > 10.0) write();
        phases_.record += clock_() - begin_phase;
        for (auto& worker : workers_)
            worker->forget_emitted(now_ - plan_.max_delay);
        if (saves) save(options_.checkpoint.file);
        // No request waits longer than about this, even where 50 ms take minutes.
        constexpr double patience_s = 0.5;
        brief_steps_ =
            std::max<std::int64_t>(plan_.min_delay, static_cast<std::int64_t>(patience_s / std::max(need[4], 1e-9) *
                                                                              static_cast<double>(steps)));
    }

    /// Before the first step: what came while the network was built.
    void ask_to_stop() {
        int signal = options_.stop ? options_.stop() : 0;
        MPI_Allreduce(MPI_IN_PLACE, &signal, 1, MPI_INT, MPI_MAX, comm_);
        stopped_ = signal;
    }

    void write() {
        last_flush_ = wall_seconds();
        std::vector<std::vector<RecordedSpike>> spikes;
        for (const std::size_t p : recorded_populations_) {
            spikes.emplace_back();
            for (auto& worker : workers_) {
                spikes.back().insert(spikes.back().end(), worker->kept[p].begin(), worker->kept[p].end());
                worker->kept[p].clear();
            }
            if (options_.keep_spikes) memory_[p].insert(memory_[p].end(), spikes.back().begin(), spikes.back().end());
        }
        std::vector<std::vector<TraceValue>> values(traces_.size());
        std::vector<std::int64_t> end_frames;
        for (std::size_t i = 0; i < traces_.size(); ++i) {
            for (auto& thread : trace_values_) {
                values[i].insert(values[i].end(), thread[i].begin(), thread[i].end());
                thread[i].clear();
            }
            const std::int64_t until = std::min(now_, trace_last_[i]);
            end_frames.push_back(
                until < traces_[i].first_step ? 0 : (until - traces_[i].first_step) / traces_[i].interval_steps + 1);
        }
        if (!file_) return;
        if (!recorded_populations_.empty()) file_->append_spikes(spikes);
        if (!traces_.empty()) file_->append_traces(values, end_frames);
        if (!experiment_.weight_recorders.empty()) write_weights();
        file_->flush();
    }
    void write_weights() {
        std::vector<std::vector<TraceValue>> values(weight_traces_.size());
        std::vector<std::int64_t> end_frames;
        for (std::size_t i = 0; i < weight_traces_.size(); ++i) {
            for (auto& thread : weight_values_) {
                values[i].insert(values[i].end(), thread[i].begin(), thread[i].end());
                thread[i].clear();
            }
            const std::int64_t until = std::min(now_, weight_traces_[i].last_step);
            end_frames.push_back(until < weight_traces_[i].first_step
                                     ? 0
                                     : (until - weight_traces_[i].first_step) / weight_traces_[i].interval + 1);
        }
        if (!values.empty()) file_->append_weights(values, end_frames);
        std::vector<std::vector<WeightChange>> changes(experiment_.weight_recorders.size());
        for (auto& thread : weight_changes_)
            for (std::size_t r = 0; r < changes.size(); ++r) {
                changes[r].insert(changes[r].end(), thread[r].begin(), thread[r].end());
                thread[r].clear();
            }
        file_->append_changes(changes);
    }

    double start_;
    MPI_Comm comm_ = MPI_COMM_WORLD;
    int rank_ = 0, ranks_ = 1; ///< in a dry run: of the run that is planned
    int processes_ = 1;        ///< in comm_
    Clock clock_ = &wall_seconds;
    Experiment experiment_;
    SimulationOptions options_;
    const SimulationSettings& settings_;
    NetworkPlan plan_;
    std::unique_ptr<Team> team_;
    RankNetwork<W> network_;
    std::unique_ptr<Exchanger> exchanger_;
    DrawnArrivals* drawn_ = nullptr; ///< dry run only; the exchanger's wire
    std::vector<std::unique_ptr<ActivityStatistics>> statistics_;
    std::vector<std::unique_ptr<Worker<T, W>>> workers_;
    std::vector<std::vector<std::vector<std::uint32_t>>> outbox_; ///< [thread][rank]
    std::vector<std::uint64_t> inbox_, inbox_scratch_;
    std::unique_ptr<MachineRun> machine_; ///< with [machine]
    bool routed_ = false;                 ///< its router model is in the loop
    std::vector<SliceSpike> own_spikes_;
    std::vector<std::vector<Correction>> corrections_;     ///< by thread, of this epoch
    std::uint64_t most_packets_ = 0, sorted_by_digit_ = 0; ///< of an epoch; epochs
    std::atomic<bool> failed_{false};
    std::vector<std::string> errors_;
    std::vector<std::size_t> recorded_populations_;
    std::vector<std::vector<RecordedSpike>> memory_;
    std::vector<TraceLayout> traces_;
    std::vector<std::int64_t> trace_last_;
    std::vector<std::vector<std::vector<TraceValue>>> trace_values_; ///< [thread][trace]
    struct WeightTrace {
        std::int64_t first_step, interval, last_step;
    };
    std::vector<WeightTrace> weight_traces_;                             ///< of recordings at intervals
    std::vector<std::int64_t> weight_first_steps_;                       ///< of each recorder's looks
    std::vector<std::uint64_t> weight_counts_;                           ///< synapses of each recorder's projection
    std::vector<std::vector<std::vector<TraceValue>>> weight_values_;    ///< [thread][trace]
    std::vector<std::vector<std::vector<WeightChange>>> weight_changes_; ///< [thread][recorder]
    std::unique_ptr<ResultFile> file_;
    std::int64_t now_ = 0;
    std::int64_t begin_ = 0;                                                  ///< where this process took up the run
    std::int64_t meeting_steps_ = 1;                                          ///< all ranks meet so often at least
    std::int64_t brief_steps_ = std::numeric_limits<std::int64_t>::max() / 4; ///< and so often, by rank 0's clock
    std::int64_t checkpoint_steps_ = 0;
    std::optional<Resume> resume_;         ///< while the engine is made
    std::optional<InputChecksums> inputs_; ///< on rank 0; empty on others
    bool resumed_ = false;
    std::vector<std::string> changes_;
    std::uint64_t draw_seed_ = 0, bytes_before_ = 0;
    int stopped_ = 0;
    CheckpointSummary checkpoints_;
    PhaseSeconds phases_;
    std::uint64_t base_bytes_ = 0, build_peak_ = 0;
    bool wide_ = false; ///< neurons are updated in registers of 512 bits
    double build_s_ = 0.0, simulate_s_ = 0.0, total_simulate_s_ = 0.0, last_flush_ = 0.0, last_checkpoint_ = 0.0;
};

} // namespace spikecast
