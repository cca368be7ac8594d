// One worker's share of the network and what it does in a step: deliver what is due, update its neurons, send packets.
//
// Delivery. When a spike arrives, the directory of its row is read once and each segment is entered in a calendar under
// the step at which it falls due. At that step the entries are worked off one after the other: each is a contiguous run
// of synapses that add into accumulators of one lane, which stay in cache; the addresses are known ahead, so they are
// prefetched. Entries of a step stand in the order (step of emission, source, segment), whatever the partition, which
// fixes the order of every floating-point sum.
#pragma once

#include "engine/build/builder.hpp"
#include "engine/build/hashes.hpp"
#include "engine/exchange/exchanger.hpp"
#include "engine/network/plan.hpp"
#include "engine/plasticity/store.hpp"
#include "engine/plasticity/trials.hpp"
#include "engine/recording/result_file.hpp"
#include "engine/recording/statistics.hpp"
#include "spikecast/block.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

namespace spikecast {

/// Which spikes of a population are recorded by one recorder, for the neurons of one worker.
struct RecordedShare {
    std::int64_t first_stamp = 0, last_stamp = 0; ///< inclusive
    std::vector<bool> chosen;                     ///< by local number within the population; empty: all
};

/// A state variable recorded from some neurons of one worker.
struct TracedShare {
    std::size_t trace = 0; ///< number of the layout
    std::size_t population = 0, variable = 0;
    std::int64_t first_step = 0, interval = 1, last_step = 0;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> neurons; ///< local number, column
};

/// Weights recorded from one worker's synapses of a plastic projection.
struct WeightShare {
    std::size_t recording = 0; ///< number of the layout
    std::size_t trace = 0;     ///< of those at intervals without `changes`: number among them
    std::size_t store = 0;
    std::int64_t first_step = 0, interval = 1, last_step = 0;
    bool changes = false, begun = false;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> synapses; ///< place in the store, column
    std::vector<float> seen;                                       ///< changes: the weights of the look before
};

/// The synapses of a row onto neurons [first, end) of the worker act once more (sign 1) or once less (-1), as for a
/// spike found in `step`.
struct Correction {
    std::int64_t step;
    std::uint32_t row, first, end;
    std::int32_t sign;
    [[nodiscard]] bool goes_on_with(const Correction& next) const noexcept {
        return step == next.step && row == next.row && sign == next.sign && end == next.first;
    }
};

template <class T>
struct StimulusShare {
    std::unique_ptr<StimulusBlock<T>> block;
    int receptor = -1;                    ///< -1: a current
    std::size_t number = 0;               ///< of the stimulus
    std::vector<std::uint32_t> positions; ///< local numbers of its targets, ascending; empty: all of the population
};

template <class T, class W>
class Worker {
public:
    /// Sums of a lane's input: integers for compact weights, so that order can't matter; else the run's scalar.
    using Accumulator = std::conditional_t<std::is_same_v<W, float>, T, std::int32_t>;
    /// Where 32 bits might not do (NetworkPlan::wide_sums): no step has 2^48 spikes for one neuron, and none has so
    /// much time. The same numbers, so the same bits.
    using WideAccumulator = std::conditional_t<std::is_same_v<W, float>, T, std::int64_t>;

    Worker(const NetworkPlan& plan, WorkerId id, const WorkerLayout& layout, const SynapseRows<W>& rows,
           const Routes& routes, const Exchanger& exchanger, ActivityStatistics& statistics)
        : plan_(plan), layout_(layout), rows_(rows), routes_(routes), exchanger_(exchanger), statistics_(statistics),
          wide_(plan.wide_sums) {
        const std::size_t populations = plan.models.size();
        blocks_.resize(populations);
        stimuli.resize(populations);
        recorded.resize(populations);
        kept.resize(populations);
        indices_.resize(populations);
        scale_.resize(populations);
        taken_.resize(plan.receptors);
        for (std::size_t p = 0; p < populations; ++p) {
            indices_[p].resize(layout.count(p));
            for (std::uint64_t l = 0; l < layout.count(p); ++l)
                indices_[p][l] = plan.partition->index(id, p, l);
            population_hash_.push_back(hash64(plan.experiment->populations[p].name));
            if constexpr (!std::is_same_v<Accumulator, T>)
                for (std::size_t r = 0; r < plan.models[p]->receptors.size(); ++r)
                    scale_[p].push_back(static_cast<T>(1.0 / plan.scale[p][r]));
        }
        if (wide_)
            wide_sums_ = Sums<WideAccumulator>(layout.neurons(), plan.receptors);
        else
            sums_ = Sums<Accumulator>(layout.neurons(), plan.receptors);
        lanes_ = wide_ ? wide_sums_.lanes.size() : sums_.lanes.size();
        const std::size_t slots = std::bit_ceil(std::size_t{plan.max_delay} + plan.min_delay + 1);
        slot_mask_ = slots - 1;
        calendar_.resize(slots * lanes_);
        buffers_.resize(plan.receptors + 1);
        for (auto& buffer : buffers_)
            buffer = std::make_unique<Chunk>();
        for (auto& buffer : buffers_)
            pointers_.push_back(buffer->values);
    }

    void set_block(std::size_t population, std::unique_ptr<PopulationBlock<T>> block) {
        blocks_[population] = std::move(block);
    }
    [[nodiscard]] PopulationBlock<T>* block(std::size_t population) const { return blocks_[population].get(); }
    [[nodiscard]] const std::vector<std::uint64_t>& indices(std::size_t population) const {
        return indices_[population];
    }

    /// Enters the rows of arrived packets (lag << 32 | row, sorted) in the calendar; they were emitted in the epoch
    /// that begins with `epoch_step`.
    void arrive(const std::vector<std::uint64_t>& packets, std::int64_t epoch_step) {
        const auto row_of = [](std::uint64_t packet) { return static_cast<std::size_t>(packet & 0xffff'ffffU); };
        const std::size_t n = packets.size();
        for (std::size_t i = 0; i < std::min(row_ahead, n); ++i)
            prefetch_row(row_of(packets[i]));
        for (std::size_t i = 0; i < std::min(directory_ahead, n); ++i)
            prefetch_directory(row_of(packets[i]));
        for (std::size_t i = 0; i < n; ++i) {
            if (i + row_ahead < n) prefetch_row(row_of(packets[i + row_ahead]));
            if (i + directory_ahead < n) prefetch_directory(row_of(packets[i + directory_ahead]));
            const std::uint64_t packet = packets[i];
            const std::size_t row = row_of(packet);
            const auto emitted = static_cast<std::size_t>(epoch_step) + (packet >> 32);
            std::uint64_t offset = rows_.begin[row];
            const Segment* segment = rows_.directory.data() + rows_.directory_begin[row];
            const Segment* end = rows_.directory.data() + rows_.directory_begin[row + 1];
            for (; segment != end; ++segment) {
                const std::size_t slot = (emitted + segment->delay) & slot_mask_;
                calendar_[slot * lanes_ + segment->lane].push_back(offset << 16 | segment->count);
                offset += segment->count;
            }
            events += offset - rows_.begin[row];
        }
        for (const auto& store : plastic)
            events += store->arrive(packets, epoch_step);
    }

    /// As arrive, of packets that have arrived before: only what falls due at step `now` or later is entered, and no
    /// event counted.
    void arrive_again(const std::vector<std::uint64_t>& packets, std::int64_t epoch_step, std::int64_t now) {
        for (const auto& store : plastic)
            store->arrive_again(packets, epoch_step, now);
        for (const std::uint64_t packet : packets) {
            const auto row = static_cast<std::size_t>(packet & 0xffff'ffffU);
            const std::int64_t emission = epoch_step + static_cast<std::int64_t>(packet >> 32);
            std::uint64_t offset = rows_.begin[row];
            for (std::size_t d = rows_.directory_begin[row]; d < rows_.directory_begin[row + 1]; ++d) {
                const Segment& segment = rows_.directory[d];
                const std::int64_t due = emission + segment.delay;
                if (due >= now)
                    calendar_[(static_cast<std::size_t>(due) & slot_mask_) * lanes_ + segment.lane].push_back(
                        offset << 16 | segment.count);
                offset += segment.count;
            }
        }
    }
    /// Enters corrections of compact weights' sums; what they change falls due in a step to come, like what arrive()
    /// has entered.
    void correct(const std::vector<Correction>& corrections) {
        if (corrections.empty()) return;
        corrections_.resize(slot_mask_ + 1);
        const auto blocks = static_cast<std::uint32_t>(lanes_ / plan_.receptors);
        for (const Correction& c : corrections) {
            const Synapse<W>* next = rows_.synapses.data() + rows_.begin[c.row];
            for (std::size_t d = rows_.directory_begin[c.row]; d < rows_.directory_begin[c.row + 1]; ++d) {
                const Segment& segment = rows_.directory[d];
                const Synapse<W>* const begin = next;
                next += segment.count;
                const std::uint32_t lane_begin = (segment.lane % blocks) << 16; // neurons [lane_begin, + 2^16)
                if (c.end <= lane_begin || c.first >= lane_begin + 0x10000U) continue;
                const std::uint32_t low = c.first > lane_begin ? c.first - lane_begin : 0, high = c.end - lane_begin;
                const auto concerned = [&](const Synapse<W>& s) { return s.target >= low && s.target < high; };
                // Synapses of several projections stand one after the other, so a segment can have several runs.
                const auto due = static_cast<std::size_t>(c.step) + segment.delay;
                for (const Synapse<W>* last = begin; last != next;) {
                    const Synapse<W>* const first = std::find_if(last, next, concerned);
                    last = std::find_if_not(first, next, concerned);
                    const auto count = static_cast<std::uint32_t>(last - first);
                    if (count > 0) corrections_[due & slot_mask_].push_back({first, count, segment.lane, c.sign});
                    events += static_cast<std::uint64_t>(c.sign * static_cast<std::int64_t>(count));
                }
            }
        }
    }
    /// Adds the corrections that fall due, after deliver(). Sums are of integers, so that no order matters; they take
    /// 64 bits, for late spikes come together with others.
    void deliver_corrections(std::int64_t step) {
        if (corrections_.empty()) return;
        auto& due = corrections_[static_cast<std::size_t>(step) & slot_mask_];
        for (const CorrectedRun& run : due) {
            WideAccumulator* const lane = wide_sums_.lanes[run.lane];
            for (const Synapse<W>* s = run.first; s != run.first + run.count; ++s)
                lane[s->target] += static_cast<WideAccumulator>(run.sign) * static_cast<WideAccumulator>(s->weight);
        }
        due.clear();
    }
    /// Packs a spike of a neuron for all ranks that it reaches.
    void route(std::size_t p, std::uint32_t local, std::uint32_t lag,
               std::vector<std::vector<std::uint32_t>>& out) const {
        const std::uint32_t neuron = layout_.begin[p] + local;
        for (std::uint32_t e = routes_.begin[neuron]; e < routes_.begin[neuron + 1]; ++e)
            exchanger_.pack(out[routes_.entries[e].rank], routes_.entries[e].row, lag);
    }
    /// Forgets spikes found before `step`.
    void forget_emitted(std::int64_t step) {
        const auto first = std::partition_point(emissions.begin(), emissions.end(),
                                                [&](const Emitted& each) { return each.step < step; });
        emissions.erase(emissions.begin(), first);
    }

    /// Adds what falls due to the accumulators, lane by lane, so that one lane's stay in the nearest cache.
    void deliver(std::int64_t step) {
        const std::size_t slot = static_cast<std::size_t>(step) & slot_mask_;
        for (std::size_t lane = 0; lane < lanes_; ++lane) {
            if (wide_)
                deliver(calendar_[slot * lanes_ + lane], wide_sums_.lanes[lane]);
            else
                deliver(calendar_[slot * lanes_ + lane], sums_.lanes[lane]);
        }
        if constexpr (std::is_same_v<Accumulator, T>) // plastic synapses have float32 weights
            deliver_plastic(step);
    }

    /// Adds the plastic synapses of a projection, after those of projections declared before it. All of them are there
    /// before connect_plastic().
    void add_plastic(std::unique_ptr<PlasticStore> store, std::size_t target) {
        plastic.push_back(std::move(store));
        plastic_target_.push_back(target);
    }
    /// Gives every population with plastic synapses that depend on its spikes or potentials a history of them.
    void connect_plastic() {
        follow_potentials();
        compare_trials();
        histories_.resize(2 * blocks_.size() + potentials_.size() + trials_.size());
        for (std::size_t h = 0; h < histories_.size(); ++h) {
            const std::size_t p = population_of_history(h);
            std::vector<TraceLaw> laws;
            double bytes = 0.0;
            for (std::size_t i = 0; i < plastic.size(); ++i) {
                if (history_number(i) != h || !plastic[i]->post_spikes()) continue;
                bytes += static_cast<double>(plastic[i]->bytes()) + 1.0;
                for (const TraceLaw& law : plastic[i]->post_traces())
                    if (std::find(laws.begin(), laws.end(), law) == laws.end()) laws.push_back(law);
            }
            if (bytes == 0.0) continue;
            // so many spikes that they take a sixteenth of the synapses' memory
            const double most =
                bytes / 16.0 / std::max<double>(1.0, layout_.count(p)) / (4.0 + 4.0 * static_cast<double>(laws.size()));
            std::uint32_t log2 = potentials_of_history(h) == nullptr ? 3 : 6; // a clamped spike is dozens of entries
            while (log2 < 6 && static_cast<double>(2U << log2) <= most)
                ++log2;
            histories_[h] = std::make_unique<PostHistory>(layout_.count(p), laws,
                                                          plan_.experiment->simulation.resolution_ms(), log2);
            for (std::size_t i = 0; i < plastic.size(); ++i)
                if (history_number(i) == h && plastic[i]->post_spikes())
                    plastic[i]->connect(*histories_[h], potentials_of_history(h));
        }
    }
    /// A neuromodulator is released at all plastic synapses onto a population, at a time after all that has happened.
    void modulate(std::size_t target, std::int32_t time, float amount) {
        for (std::size_t i = 0; i < plastic.size(); ++i)
            if (plastic_target_[i] == target && plastic[i]->neuromodulated()) plastic[i]->modulate(time, amount);
    }
    /// All plastic synapses take into account what is known at `now`; changes no result.
    void sweep(std::int64_t now) {
        for (const auto& store : plastic)
            store->sweep(now);
        retire_all();
    }
    /// What plastic synapses depend on: number p the spikes of population p, number populations + p those with a
    /// teacher's among them, then what potentials do, then spikes and ends of trials. nullptr where nothing needs them.
    [[nodiscard]] PostHistory* history(std::size_t h) const { return histories_[h].get(); }
    [[nodiscard]] std::size_t histories() const noexcept { return histories_.size(); }
    [[nodiscard]] std::size_t population_of_history(std::size_t h) const noexcept {
        if (h < 2 * blocks_.size()) return h % blocks_.size();
        return h < first_trial() ? potentials_[h - 2 * blocks_.size()].population
                                 : trials_[h - first_trial()].population;
    }
    /// nullptr for those of spikes.
    [[nodiscard]] Potentials* potentials_of_history(std::size_t h) const noexcept {
        const bool of_spikes = h < 2 * blocks_.size() || h >= first_trial();
        return of_spikes ? nullptr : potentials_[h - 2 * blocks_.size()].values.get();
    }
    /// Stores and histories have taken up what a checkpoint holds.
    void retire_all() {
        for (std::size_t h = 0; h < histories_.size(); ++h)
            if (histories_[h]) retire(h);
    }
    /// Of all plastic synapses; sources: the indices of the rows' sources, by row of the rank.
    [[nodiscard]] Hash128
    hash_weights(const std::function<std::uint64_t(std::size_t, std::uint32_t)>& source_of) const {
        Hash128 sum;
        for (std::size_t i = 0; i < plastic.size(); ++i)
            sum += plastic[i]->hash([&](std::uint32_t row) { return source_of(i, row); }, indices_[plastic_target_[i]]);
        return sum;
    }

    /// Updates all neurons from step to step + 1 and packs the spikes found into out[rank].
    void update(std::int64_t step, std::uint32_t lag, std::vector<std::vector<std::uint32_t>>& out) {
        for (std::size_t p = 0; p < blocks_.size(); ++p) {
            const std::size_t count = layout_.count(p);
            if (count == 0) continue;
            const std::size_t receptors = plan_.models[p]->receptors.size();
            const bool taken = !std::is_same_v<Accumulator, T> && !wide_ && blocks_[p]->takes_sums() &&
                               std::none_of(stimuli[p].begin(), stimuli[p].end(),
                                            [](const StimulusShare<T>& stimulus) { return stimulus.receptor >= 0; });
            spikes_.clear();
            for (std::size_t begin = 0; begin < count; begin += chunk_size) {
                const std::size_t end = std::min(begin + chunk_size, count);
                const std::size_t first = layout_.begin[p] + begin, n = end - begin;
                // Sums in the run's scalar are handed over where they stand, and cleared while they are in cache. Those
                // of compact weights are taken by the block where it can, and no generator's spikes are added to them.
                const auto receptor = [&](std::size_t r) {
                    if constexpr (std::is_same_v<Accumulator, T>)
                        return sums_.arrays[r].data() + first;
                    else
                        return buffers_[r]->values;
                };
                for (std::size_t r = 0; r < receptors; ++r) {
                    pointers_[r] = receptor(r);
                    if constexpr (!std::is_same_v<Accumulator, T>) {
                        if (taken)
                            taken_[r] = sums_.arrays[r].data() + first;
                        else if (wide_)
                            take(wide_sums_.arrays[r].data() + first, buffers_[r]->values, n, scale_[p][r]);
                        else
                            take(sums_.arrays[r].data() + first, buffers_[r]->values, n, scale_[p][r]);
                    }
                }
                if (!stimuli[p].empty()) {
                    T* current = buffers_[plan_.receptors]->values;
                    std::fill_n(current, end - begin, T{0});
                    current_used_ = true;
                    for (StimulusShare<T>& stimulus : stimuli[p])
                        add_stimulus(stimulus, step, begin, end,
                                     stimulus.receptor < 0 ? current
                                                           : receptor(static_cast<std::size_t>(stimulus.receptor)));
                } else if (current_used_) {
                    std::fill_n(buffers_[plan_.receptors]->values, chunk_size, T{0});
                    current_used_ = false;
                }
                ChunkInput<T> input{pointers_.data(), pointers_[plan_.receptors]};
                if constexpr (!std::is_same_v<Accumulator, T>)
                    if (taken) {
                        input.sums = taken_.data();
                        input.scale = scale_[p].data();
                    }
                blocks_[p]->update(step, begin, end, input, spikes_);
                if constexpr (std::is_same_v<Accumulator, T>)
                    for (std::size_t r = 0; r < receptors; ++r)
                        std::fill_n(pointers_[r], n, T{0});
            }
            for (const std::uint32_t local : spikes_)
                emit(p, local, step, lag, out);
            for (std::size_t k = 0; k < potentials_.size(); ++k)
                if (potentials_[k].population == p) advance_potentials(k, step + 1);
            for (std::size_t k = 0; k < trials_.size(); ++k)
                if (trials_[k].population == p && (step + 1) % trials_[k].law.interval_steps == 0)
                    end_trial(k, step + 1);
        }
    }

    void trace(std::int64_t stamp, std::vector<std::vector<TraceValue>>& values) const {
        for (const TracedShare& traced : traces) {
            if (stamp < traced.first_step || stamp > traced.last_step) continue;
            if ((stamp - traced.first_step) % traced.interval != 0) continue;
            const std::int64_t frame = (stamp - traced.first_step) / traced.interval;
            for (const auto& [local, column] : traced.neurons)
                values[traced.trace].push_back(
                    {frame, column, blocks_[traced.population]->get(traced.variable, local)});
        }
    }

    /// Looks at recorded weights, as they are after all that is known at a stamp.
    void look_at_weights(std::int64_t stamp, std::vector<std::vector<TraceValue>>& values,
                         std::vector<std::vector<WeightChange>>& changes) {
        for (WeightShare& share : weight_shares) {
            if (stamp < share.first_step || stamp > share.last_step) continue;
            if ((stamp - share.first_step) % share.interval != 0) continue;
            PlasticStore& store = *plastic[share.store];
            store.sweep(stamp);
            const std::int64_t frame = (stamp - share.first_step) / share.interval;
            if (share.changes) share.seen.resize(share.synapses.size());
            for (std::size_t i = 0; i < share.synapses.size(); ++i) {
                const auto [place, column] = share.synapses[i];
                const float weight = store.weight(place);
                if (!share.changes) {
                    values[share.trace].push_back({frame, column, static_cast<double>(weight)});
                } else if (!share.begun ||
                           std::bit_cast<std::uint32_t>(weight) != std::bit_cast<std::uint32_t>(share.seen[i])) {
                    changes[share.recording].push_back({stamp, column, weight});
                    share.seen[i] = weight;
                }
            }
            share.begun = true;
        }
    }

    /// Memory of what grows with the worker's neurons, but their state and statistics.
    [[nodiscard]] std::size_t input_bytes() const noexcept {
        std::size_t bytes = 0;
        for (const auto& each : sums_.arrays)
            bytes += each.size() * sizeof(Accumulator);
        for (const auto& each : wide_sums_.arrays)
            bytes += each.size() * sizeof(WideAccumulator);
        for (const auto& each : indices_)
            bytes += each.size() * sizeof(each[0]);
        for (const auto& history : histories_)
            if (history) bytes += history->bytes();
        for (const Followed& each : potentials_)
            bytes += each.values->bytes();
        return bytes;
    }
    [[nodiscard]] std::size_t plastic_bytes() const noexcept {
        std::size_t bytes = 0;
        for (const auto& store : plastic)
            bytes += store->bytes();
        return bytes;
    }
    /// Memory of the spikes that are due.
    [[nodiscard]] std::size_t calendar_bytes() const noexcept {
        std::size_t bytes = 0;
        for (const auto& due : calendar_)
            bytes += due.capacity() * sizeof(due[0]);
        for (const auto& store : plastic)
            bytes += store->calendar_bytes();
        return bytes;
    }
    /// Over all state variables as they are now.
    [[nodiscard]] Hash128 hash_state() const {
        Hash128 sum;
        for (std::size_t p = 0; p < blocks_.size(); ++p)
            for (std::size_t v = 0; v < plan_.models[p]->variables.size(); ++v)
                for (std::size_t l = 0; l < indices_[p].size(); ++l)
                    sum += state_hash(population_hash_[p], indices_[p][l], v, blocks_[p]->get(v, l));
        return sum;
    }

    std::vector<std::vector<StimulusShare<T>>> stimuli; ///< by population, in declared order
    std::vector<std::vector<RecordedShare>> recorded;   ///< by population
    std::vector<TracedShare> traces;
    std::vector<WeightShare> weight_shares;
    std::vector<std::unique_ptr<PlasticStore>> plastic; ///< in the order of their projections
    std::vector<std::vector<RecordedSpike>> kept;       ///< recorded and not yet written, by population
    /// A spike whose arrivals may not all be past: what a checkpoint holds instead of calendars.
    struct Emitted {
        std::int64_t step; ///< in which it was found
        std::uint32_t population, local;
    };
    bool keeps_emitted = false;     ///< where checkpoints may be asked for
    std::vector<Emitted> emissions; ///< ascending by step
    Hash128 hash;
    std::uint64_t spikes = 0, events = 0;
    std::size_t state_bytes = 0; ///< of neurons and stimuli, as far as they were set up

private:
    struct alignas(64) Chunk {
        T values[chunk_size] = {};
    };

    struct CorrectedRun {
        const Synapse<W>* first;
        std::uint32_t count, lane;
        std::int32_t sign;
    };

    /// The input that is summed up: one array a receptor, by neuron of the worker, and where its lanes begin.
    template <class A>
    struct Sums {
        Sums() = default;
        Sums(std::uint32_t neurons, std::uint32_t receptors) {
            for (std::uint32_t r = 0; r < receptors; ++r) {
                arrays.emplace_back(neurons + 64);
                for (std::uint32_t b = 0; b < (neurons + 0xffffU) >> 16; ++b)
                    lanes.push_back(arrays.back().data() + (std::size_t{b} << 16));
            }
        }
        std::vector<HugeBuffer<A>> arrays;
        std::vector<A*> lanes;
    };

    template <class A>
    void deliver(std::vector<std::uint64_t>& due, A* const lane) const {
        const Synapse<W>* const synapses = rows_.synapses.data();
        const std::size_t n = due.size();
        constexpr std::size_t ahead = 12;
        const auto prefetch = [&](std::uint64_t entry) __attribute__((always_inline)) {
            // the same number of lines for every segment, the last one repeated: a branch would be mispredicted
            const char* const first = reinterpret_cast<const char*>(synapses + (entry >> 16));
            const std::size_t last = (entry & 0xffff) * sizeof(Synapse<W>) - 1;
            for (std::size_t line = 0; line < 5; ++line)
                __builtin_prefetch(first + std::min(line * 64, last), 0, 0);
        };
        for (std::size_t i = 0; i < std::min(ahead, n); ++i)
            prefetch(due[i]);
        for (std::size_t i = 0; i < n; ++i) {
            if (i + ahead < n) prefetch(due[i + ahead]);
            const std::uint64_t entry = due[i];
            const Synapse<W>* s = synapses + (entry >> 16);
            const Synapse<W>* const end = s + (entry & 0xffff);
            for (; s != end; ++s)
                lane[s->target] += static_cast<A>(s->weight);
        }
        due.clear();
    }

    /// A row's place, then its directory, are fetched while earlier packets are entered: both are rarely in cache.
    /// (Inlined always: the compiler takes a function that only prefetches for one without effect and drops its calls.)
    static constexpr std::size_t row_ahead = 16, directory_ahead = 8;
    [[gnu::always_inline]] void prefetch_row(std::size_t row) const {
        __builtin_prefetch(rows_.begin.data() + row);
        __builtin_prefetch(rows_.directory_begin.data() + row);
    }
    [[gnu::always_inline]] void prefetch_directory(std::size_t row) const {
        const char* first = reinterpret_cast<const char*>(rows_.directory.data() + rows_.directory_begin[row]);
        for (std::size_t b = 0; b < 256; b += 64)
            __builtin_prefetch(first + b);
    }

    /// Moves a chunk of compact weights' sums into a buffer and clears them.
    template <class A>
    static void take(A* __restrict from, T* __restrict to, std::size_t n, T scale) {
        for (std::size_t i = 0; i < n; ++i) {
            to[i] = static_cast<T>(from[i]) * scale;
            from[i] = 0;
        }
    }

    void add_stimulus(StimulusShare<T>& stimulus, std::int64_t step, std::size_t begin, std::size_t end, T* buffer) {
        if (stimulus.positions.empty()) {
            stimulus.block->add(step, begin, end, buffer);
            return;
        }
        const auto& positions = stimulus.positions;
        auto first =
            static_cast<std::size_t>(std::lower_bound(positions.begin(), positions.end(), begin) - positions.begin());
        const auto last =
            static_cast<std::size_t>(std::lower_bound(positions.begin(), positions.end(), end) - positions.begin());
        while (first < last) { // blocks take ranges that stay within one of their own chunks
            const std::size_t until = std::min(last, (first / chunk_size + 1) * chunk_size);
            std::fill_n(sparse_.values, until - first, T{0});
            stimulus.block->add(step, first, until, sparse_.values);
            for (std::size_t i = first; i < until; ++i)
                buffer[positions[i] - begin] += sparse_.values[i - first];
            first = until;
        }
    }

    void emit(std::size_t p, std::uint32_t local, std::int64_t step, std::uint32_t lag,
              std::vector<std::vector<std::uint32_t>>& out) {
        route(p, local, lag, out);
        if (keeps_emitted) emissions.push_back({step, static_cast<std::uint32_t>(p), local});
        const std::uint64_t index = indices_[p][local];
        if (!histories_.empty()) {
            if (histories_[p]) remember(p, local, step + 1);
            if (histories_[blocks_.size() + p]) remember(blocks_.size() + p, local, step + 1);
            for (std::size_t k = 0; k < trials_.size(); ++k)
                if (trials_[k].population == p) remember(first_trial() + k, local, step + 1);
        }
        ++spikes;
        hash += spike_hash(population_hash_[p], index, step + 1);
        statistics_.spike(p, local, step + 1);
        for (const RecordedShare& share : recorded[p])
            if (step + 1 >= share.first_stamp && step + 1 <= share.last_stamp &&
                (share.chosen.empty() || share.chosen[local])) {
                kept[p].push_back({step + 1, index});
                break;
            }
    }

    /// The potentials of a population that rules follow, with filters of one law.
    struct Followed {
        std::size_t population, variable; ///< V_m
        PotentialLaw law;
        std::int32_t longest_dendritic;
        std::unique_ptr<Potentials> values;
    };
    /// A population has one history for rules that know its spikes alone, one with those of a teacher among them, and
    /// one for each law by which rules follow its potentials.
    [[nodiscard]] std::size_t history_number(std::size_t store) const {
        if (plastic[store]->potential()) return 2 * blocks_.size() + shared_[store];
        if (plastic[store]->compares_trials()) return first_trial() + shared_[store];
        return plastic_target_[store] + (plastic[store]->teacher() ? blocks_.size() : 0);
    }
    void follow_potentials() {
        const double h = plan_.experiment->simulation.resolution_ms();
        shared_.assign(plastic.size(), 0);
        for (std::size_t i = 0; i < plastic.size(); ++i) {
            if (!plastic[i]->potential()) continue;
            const PlannedProjection& planned = plastic[i]->planned();
            const std::size_t p = planned.target;
            const PotentialLaw law = potential_law(*planned.synapse->potential, planned.synapse_parameters, h);
            auto found = std::find_if(potentials_.begin(), potentials_.end(),
                                      [&](const Followed& each) { return each.population == p && each.law == law; });
            if (found == potentials_.end()) {
                potentials_.push_back({p, static_cast<std::size_t>(plan_.models[p]->variable("V_m")), law, 0, nullptr});
                found = potentials_.end() - 1;
            }
            found->longest_dendritic =
                std::max(found->longest_dendritic, static_cast<std::int32_t>(planned.longest_dendritic()));
            shared_[i] = static_cast<std::size_t>(found - potentials_.begin());
        }
        for (Followed& each : potentials_) {
            each.values =
                std::make_unique<Potentials>(indices_[each.population].size(), each.law, h, each.longest_dendritic);
            each.values->begin([&](std::size_t n) { return blocks_[each.population]->get(each.variable, n); });
        }
    }
    void advance_potentials(std::size_t k, std::int64_t stamp) {
        const Followed& each = potentials_[k];
        const PopulationBlock<T>& block = *blocks_[each.population];
        each.values->advance(
            static_cast<std::int32_t>(stamp), spikes_, [&](std::size_t n) { return block.get(each.variable, n); },
            [&](std::uint32_t n, float by) { remember(2 * blocks_.size() + k, n, stamp, {.given = by}); });
    }
    /// The trials of a population by which rules compare its spikes with a teacher's.
    struct Trials {
        std::size_t population;
        TrialLaw law;
    };
    [[nodiscard]] std::size_t first_trial() const noexcept { return 2 * blocks_.size() + potentials_.size(); }
    void compare_trials() {
        const double h = plan_.experiment->simulation.resolution_ms();
        for (std::size_t i = 0; i < plastic.size(); ++i) {
            if (!plastic[i]->compares_trials()) continue;
            const PlannedProjection& planned = plastic[i]->planned();
            const TrialLaw law = trial_law(*planned.synapse->trial, planned.synapse_parameters, h);
            auto found = std::find_if(trials_.begin(), trials_.end(), [&](const Trials& each) {
                return each.population == planned.target && each.law == law;
            });
            if (found == trials_.end()) {
                trials_.push_back({planned.target, law});
                found = trials_.end() - 1;
            }
            shared_[i] = static_cast<std::size_t>(found - trials_.begin());
        }
    }
    void end_trial(std::size_t k, std::int64_t stamp) {
        const Trials& trials = trials_[k];
        const std::size_t h = first_trial() + k;
        for (std::uint32_t n = 0; n < layout_.count(trials.population); ++n) {
            const std::uint32_t entries =
                spikecast::end_trial(*histories_[h], n, static_cast<std::int32_t>(stamp), trials.law,
                                     plan_.experiment->simulation.resolution_ms());
            if (entries > 0) remember(h, n, stamp, {.trial = static_cast<float>(entries)});
        }
    }
    /// First what plastic synapses are told, so that it is known at the time of the spikes that arrive with it.
    void deliver_plastic(std::int64_t step) requires std::is_same_v<Accumulator, T> {
        const auto now = static_cast<std::int32_t>(step + 1);
        for (std::size_t i = 0; i < plastic.size(); ++i) {
            const std::size_t target = plastic_target_[i];
            plastic[i]->normalise(step);
            plastic[i]->pass_time(step);
            if (plastic[i]->role() == SynapseModelInfo::Role::modulator)
                plastic[i]->release(step, [&](float amount) { modulate(target, now, amount); });
            else if (plastic[i]->role() == SynapseModelInfo::Role::teacher)
                plastic[i]->teach(step, [&](std::uint32_t local) {
                    const std::size_t h = blocks_.size() + target;
                    if (histories_[h]) remember(h, local, now, {.teacher = true});
                    for (std::size_t k = 0; k < trials_.size(); ++k)
                        if (trials_[k].population == target)
                            remember(first_trial() + k, local, now, {.teacher = true, .given = 1.0F});
                });
        }
        for (const auto& store : plastic)
            if (store->role() == SynapseModelInfo::Role::synapse) store->deliver(step, sums_.lanes);
    }
    void retire(std::size_t h) {
        std::int32_t stamp = std::numeric_limits<std::int32_t>::max();
        for (std::size_t i = 0; i < plastic.size(); ++i)
            if (history_number(i) == h && plastic[i]->post_spikes()) stamp = std::min(stamp, plastic[i]->retired());
        histories_[h]->retire(stamp);
    }
    /// Adds an entry to a history; where that is full, all synapses catch up first. A teacher's spikes arrive while
    /// those of their step are being delivered.
    void remember(std::size_t h, std::uint32_t local, std::int64_t stamp, PostEntry entry = {}) {
        PostHistory& history = *histories_[h];
        if (history.full(local)) [[unlikely]] {
            for (std::size_t i = 0; i < plastic.size(); ++i)
                if (history_number(i) == h) plastic[i]->sweep(stamp - (entry.teacher ? 1 : 0));
            retire(h);
            while (history.full(local))
                history.grow();
        }
        history.add(local, static_cast<std::int32_t>(stamp), entry);
    }

    const NetworkPlan& plan_;
    const WorkerLayout& layout_;
    const SynapseRows<W>& rows_;
    const Routes& routes_;
    const Exchanger& exchanger_;
    ActivityStatistics& statistics_;
    std::vector<std::unique_ptr<PopulationBlock<T>>> blocks_;
    std::vector<std::vector<std::uint64_t>> indices_;
    std::vector<std::uint64_t> population_hash_;
    std::vector<std::size_t> plastic_target_;             ///< population, by store
    std::vector<std::unique_ptr<PostHistory>> histories_; ///< none, or empty, where nothing needs them
    std::vector<Followed> potentials_;
    std::vector<Trials> trials_;
    std::vector<std::size_t> shared_; ///< number in potentials_ or trials_, by store
    const bool wide_;                 ///< which of the two are used
    Sums<Accumulator> sums_;
    Sums<WideAccumulator> wide_sums_;
    std::size_t lanes_ = 0;
    std::size_t slot_mask_ = 0;                          ///< slots of the calendar, a power of two, less one
    std::vector<std::vector<std::uint64_t>> calendar_;   ///< [step][lane]: synapse offset : 48 | count : 16
    std::vector<std::vector<CorrectedRun>> corrections_; ///< by slot; empty before there are any
    std::vector<std::unique_ptr<Chunk>> buffers_;        ///< one a receptor, and the current
    std::vector<T*> pointers_;
    std::vector<std::vector<T>> scale_; ///< of compact weights, by population and receptor
    std::vector<std::int32_t*> taken_;  ///< sums of one chunk that the block takes itself
    Chunk sparse_;
    bool current_used_ = false;
    std::vector<std::uint32_t> spikes_;
};

// The loop of a step, in files of their own: one with several inlines less (GCC's limit on a unit's growth).
extern template class Worker<double, float>;
extern template class Worker<double, std::int16_t>;
extern template class Worker<float, float>;
extern template class Worker<float, std::int16_t>;

} // namespace spikecast
