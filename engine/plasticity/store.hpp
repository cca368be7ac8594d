// The plastic synapses of one projection on one worker: rows by source as those of static synapses, but as structure of
// arrays, with a calendar of their own whose entries know the spike that they belong to.
//
// A row catches up when a spike of its source is due (SynapseKernel::deliver). sweep() makes all rows catch up as far
// as spikes are known, which changes no result; it is called when the post history runs full, and before weights are
// read.
#pragma once

#include "engine/build/hashes.hpp"
#include "engine/build/huge_buffer.hpp"
#include "engine/build/rows.hpp"
#include "engine/network/plan.hpp"
#include "engine/plasticity/post_history.hpp"
#include "engine/plasticity/potentials.hpp"
#include "spikecast/state.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace spikecast {

class PlasticStore {
public:
    struct Row {
        std::int32_t last = never;    ///< stamp of the last spike that arrived on this rank
        std::int32_t earlier = never; ///< the last stamp before that
        std::uint32_t repeat = 0;     ///< spikes before it with the same stamp
        float before[most_traces] = {}, after[most_traces] = {}, variables[most_traces] = {};
    };

    /// rows: of the sources first_row, first_row + 1, ... of the rank; they are consumed. blocks: lanes of a receptor
    /// on this worker; first_target: number of the population's first neuron on the worker.
    PlasticStore(const NetworkPlan& plan, std::size_t projection, SynapseRows<float>&& rows, std::uint32_t first_row,
                 std::uint32_t blocks, std::uint32_t first_target);

    /// The history of the target population, which the store's view then follows, and for rules that follow potentials
    /// those. Before the first spike.
    void connect(PostHistory& history, const Potentials* potentials = nullptr);
    /// Gives synapses of models that draw random numbers their identities; arguments as those of hash().
    void identify(const std::function<std::uint64_t(std::uint32_t)>& source_of,
                  const std::vector<std::uint64_t>& indices);
    [[nodiscard]] std::vector<TraceLaw> post_traces() const;
    [[nodiscard]] bool post_spikes() const noexcept { return planned_.synapse->post_spikes; }

    /// Enters packets (lag << 32 | row, sorted) emitted in the epoch that begins with epoch_step; returns the synapses
    /// that they reach.
    std::uint64_t arrive(const std::vector<std::uint64_t>& packets, std::int64_t epoch_step);
    /// What falls due in a step, into the lanes' accumulators.
    template <class A>
    void deliver(std::int64_t step, const std::vector<A*>& lanes);

    [[nodiscard]] SynapseModelInfo::Role role() const noexcept { return planned_.synapse->role; }
    [[nodiscard]] bool neuromodulated() const noexcept { return planned_.synapse->neuromodulated; }
    [[nodiscard]] bool teacher() const noexcept { return planned_.synapse->teacher; }
    [[nodiscard]] bool potential() const noexcept { return planned_.synapse->potential != nullptr; }
    [[nodiscard]] bool compares_trials() const noexcept { return planned_.synapse->trial != nullptr; }
    /// Of role modulator: calls release(amount) for every spike that falls due in a step.
    template <class Release>
    void release(std::int64_t step, const Release& release) {
        std::vector<Entry>& due = calendar_[static_cast<std::size_t>(step) & slot_mask_];
        for (std::size_t i = 0; i < due.size(); ++i) // a spike has an entry for each lane
            if (i == 0 || due[i].event != due[i - 1].event) release(weights_[due[i].synapses >> 16]);
        due.clear();
    }
    /// Of role teacher: calls teach(local number of the target) for every synapse that is due in a step.
    template <class Teach>
    void teach(std::int64_t step, const Teach& teach) {
        std::vector<Entry>& due = calendar_[static_cast<std::size_t>(step) & slot_mask_];
        for (const Entry& entry : due) {
            const SynapseRun run = run_of(entry.synapses >> 16, entry.synapses & 0xffff, entry.lane);
            for (std::size_t i = 0; i < run.count; ++i)
                teach(static_cast<std::uint32_t>(run.targets[i] + run.target_offset));
        }
        due.clear();
    }
    /// A spike of the neuromodulator at `time` at the synapses; in order of time.
    void modulate(std::int32_t time, float amount);

    /// Where an interval ends with `step`: scales the weights of each target to the sum.
    void normalise(std::int64_t step);
    /// What a rule does at intervals of its own, or after trials; before what is due in a step is delivered.
    void pass_time(std::int64_t step);

    /// All rows take into account what is known of the post side at `now`: everything stamped before it. Spikes due
    /// until then have been delivered.
    void sweep(std::int64_t now);
    /// The newest post spike that no row needs any more. Those of a trial are needed to its end.
    [[nodiscard]] std::int32_t retired() const noexcept {
        const std::int32_t stamp = swept_ - longest_dendritic_ - 1;
        if (!compares_trials()) return stamp;
        return stamp < 0 ? never : stamp - stamp % interval_steps_;
    }

    [[nodiscard]] std::span<const float> weights() const noexcept { return {weights_.data(), begin_.back()}; }
    [[nodiscard]] std::uint64_t synapses() const noexcept { return begin_.back(); }
    [[nodiscard]] std::size_t bytes() const noexcept;
    [[nodiscard]] std::size_t calendar_bytes() const noexcept;
    /// visit(row, target's local number in its population, delay, ordinal, weight) for every synapse. ordinal: which of
    /// the synapses of its pair with its delay, in order of drawing.
    template <class Visit>
    void each(Visit&& visit) const {
        for_each([&](std::uint32_t row, std::uint32_t local, std::uint32_t delay, std::uint32_t, std::uint64_t ordinal,
                     std::uint64_t i) { visit(row, local, delay, ordinal, weights_[i]); });
    }
    /// visit(row, target's local number, delay, receptor, ordinal, place) for every synapse: rows, and within a row
    /// delays, ascending. place: by which weight() and set_weight() know it.
    template <class Visit>
    void each_place(Visit&& visit) const {
        for_each(visit);
    }
    /// Appends the places of the synapses of a row onto one target, in the order of each_place().
    void each_place_of(std::uint32_t row, std::uint32_t local, std::vector<std::uint64_t>& places) const {
        std::uint64_t i = begin_[row];
        for (std::uint32_t d = directory_begin_[row]; d < directory_begin_[row + 1]; ++d)
            for (const std::uint64_t end = i + directory_[d].count; i < end; ++i)
                if (((directory_[d].lane % blocks_) << 16) + targets_[i] - first_target_ == local) places.push_back(i);
    }
    [[nodiscard]] float weight(std::uint64_t place) const noexcept { return weights_[place]; }
    /// After a sweep.
    void set_weight(std::uint64_t place, float weight) noexcept { weights_[place] = weight; }
    /// Over weights and variables as they stand. source_of(row): index of the source of a row of this store; indices:
    /// of the target population's neurons on the worker.
    [[nodiscard]] Hash128 hash(const std::function<std::uint64_t(std::uint32_t)>& source_of,
                               const std::vector<std::uint64_t>& indices) const;

    // For checkpoints (engine/checkpoint/plastic_state.hpp). What is taken out is taken out after a sweep, so that it
    // is the same for every layout. Targets have their local numbers in their population.

    [[nodiscard]] const PlannedProjection& planned() const noexcept { return planned_; }
    /// Synapses of each target.
    [[nodiscard]] std::vector<std::uint64_t> indegrees(std::size_t neurons) const;
    /// The number of each synapse, in the order in which they are stored: those of a target follow one another from
    /// first[target] on, by (source, delay, ordinal).
    [[nodiscard]] std::vector<std::uint64_t> numbers(std::vector<std::uint64_t> first) const;
    /// Weights and variables, in the order in which synapses are stored; out and in.
    void state(StateColumns& columns);
    /// visit(row, its state) for rows with synapses.
    template <class Visit>
    void each_row(Visit&& visit) {
        for (std::size_t r = 0; r < rows_.size(); ++r)
            if (begin_[r] != begin_[r + 1]) visit(static_cast<std::uint32_t>(r), rows_[r]);
    }
    /// visit(row, spike) for spikes whose last synapses are due at `now` or later, and those of trials that haven't
    /// been compared; of each row in order of time.
    template <class Visit>
    void each_event(std::int64_t now, Visit&& visit) const {
        for (std::uint32_t i = first_event_; i != next_event_; ++i)
            if (const PreEvent& e = events_[i & (events_.size() - 1)];
                e.stamp + longest_ > now || e.stamp > forgotten())
                visit(event_rows_[i & (events_.size() - 1)], e);
    }
    [[nodiscard]] std::vector<Mark>& marks() noexcept { return marks_; }
    /// Rows and marks have been put back, and synapses have taken into account what is known at `now`. events: those of
    /// each_event, by (stamp, row) and in order of time.
    void take_up(std::int64_t now, std::vector<std::pair<std::uint32_t, PreEvent>> events);
    /// Enters packets of `events` again, as far as they fall due at `now` or later; no row's state changes. Throws
    /// RunError where these aren't the packets that made them.
    void arrive_again(const std::vector<std::uint64_t>& packets, std::int64_t epoch_step, std::int64_t now);
    /// Events that no packet has come for.
    [[nodiscard]] std::size_t events_left() const noexcept { return taken_up_.size() - next_taken_up_; }

private:
    struct Entry {
        std::uint64_t synapses; ///< offset : 48 | count : 16
        std::uint32_t event;    ///< number of the event
        std::uint16_t lane, delay;
    };
    [[nodiscard]] SynapseRun run_of(std::uint64_t offset, std::uint32_t count, std::uint16_t lane);
    /// Time at the synapse -> of post spikes that have taken effect then. Without dendrite, a post spike of the very
    /// step in which a pre spike arrives isn't known yet and follows it.
    [[nodiscard]] static std::int32_t before(std::int32_t time, std::int32_t dendritic) noexcept {
        return time - dendritic - (dendritic == 0 ? 1 : 0);
    }
    template <class Visit>
    void for_each(Visit&& visit) const {
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            std::uint64_t i = begin_[r], ordinal = 0;
            for (std::uint32_t d = directory_begin_[r]; d < directory_begin_[r + 1]; ++d) {
                const Segment& segment = directory_[d];
                const bool continued = d > directory_begin_[r] && directory_[d - 1].delay == segment.delay &&
                                       directory_[d - 1].lane == segment.lane; // a long segment in parts
                const std::uint64_t first = continued ? begin_[r] : i;
                for (const std::uint64_t end = i + segment.count; i < end; ++i) {
                    ordinal = i > first && targets_[i] == targets_[i - 1] ? ordinal + 1 : 0;
                    const std::uint32_t local = ((segment.lane % blocks_) << 16) + targets_[i] - first_target_;
                    visit(static_cast<std::uint32_t>(r), local, std::uint32_t{segment.delay},
                          std::uint32_t{segment.lane} / blocks_, ordinal, i);
                }
            }
        }
    }
    PreEvent& event(std::uint32_t number) { return events_[number & (events_.size() - 1)]; }
    [[nodiscard]] bool kept(std::uint32_t number) const noexcept {
        return number - first_event_ < next_event_ - first_event_;
    }
    std::uint32_t new_event(std::int64_t now, std::uint32_t row);
    /// No trial to come needs spikes of sources up to this stamp.
    [[nodiscard]] std::int32_t forgotten() const noexcept {
        return compares_trials() ? retired() - longest_ : std::numeric_limits<std::int32_t>::max();
    }
    /// Tells a run of a row what of its source's spikes is kept for trials.
    void tell_past(SynapseRun& run, std::uint32_t row, std::int32_t shift);

    const PlannedProjection& planned_;
    double h_;
    std::unique_ptr<SynapseKernel> kernel_;
    std::uint32_t first_row_;
    std::uint32_t blocks_, first_target_;
    std::int32_t longest_, longest_dendritic_;
    std::vector<std::uint64_t> begin_;
    std::vector<std::uint32_t> directory_begin_;
    std::vector<Segment> directory_;
    HugeBuffer<std::uint16_t> targets_;
    HugeBuffer<float> weights_;
    std::vector<HugeBuffer<float>> variables_;
    std::vector<float*> pointers_;
    std::vector<Row> rows_;
    std::vector<PreEvent> events_; ///< a ring of a power of two
    std::vector<std::uint32_t> event_rows_;
    std::uint32_t first_event_ = 0, next_event_ = 0;
    // Where trials are compared: number of each row's newest event, and of the event before each of its row.
    std::vector<std::uint32_t> newest_, before_;
    std::vector<std::int32_t> past_;
    std::int32_t interval_steps_ = 0; ///< of the rule, or its trials; 0: none
    std::vector<std::vector<Entry>> calendar_;
    std::size_t slot_mask_;
    std::int32_t swept_ = 0; ///< time at the synapse
    /// Of the neuromodulator; the first is before all that rows have yet to take into account.
    std::vector<Mark> marks_;
    void mark(SynapseRun& run, std::int32_t begin, std::int32_t end) const;
    std::vector<std::pair<std::uint32_t, PreEvent>> taken_up_; ///< spikes under way at a checkpoint, by row
    std::size_t next_taken_up_ = 0;
    PostHistory* history_ = nullptr;
    const Potentials* potentials_ = nullptr;
    std::vector<std::size_t> traces_;
    std::vector<std::uint32_t> recent_; ///< by dendritic delay: what the history has at hand for it
};

} // namespace spikecast
