#include "engine/plasticity/store.hpp"

#include "spikecast/error.hpp"
#include "spikecast/math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace spikecast {

PlasticStore::PlasticStore(const NetworkPlan& plan, std::size_t projection, SynapseRows<float>&& rows,
                           std::uint32_t first_row, std::uint32_t blocks, std::uint32_t first_target)
    : planned_(plan.projections[projection]), h_(plan.experiment->simulation.resolution_ms()),
      kernel_(make_synapse_kernel({planned_.synapse, planned_.synapse_parameters, h_,
                                   make_key(plan.experiment->simulation.seed, Purpose::release,
                                            plan.experiment->projections[projection].name)})),
      first_row_(first_row), blocks_(blocks), first_target_(first_target),
      longest_(static_cast<std::int32_t>(planned_.longest)),
      longest_dendritic_(static_cast<std::int32_t>(planned_.longest_dendritic())), begin_(std::move(rows.begin)),
      directory_begin_(std::move(rows.directory_begin)), directory_(std::move(rows.directory)),
      rows_(begin_.size() - 1) {
    const std::size_t n = begin_.back();
    const HugeBuffer<Synapse<float>> synapses = std::move(rows.synapses);
    targets_ = HugeBuffer<std::uint16_t>(n);
    weights_ = HugeBuffer<float>(n);
    for (std::size_t i = 0; i < n; ++i) {
        targets_[i] = synapses[i].target;
        weights_[i] = synapses[i].weight;
    }
    for (const VariableInfo& variable : planned_.synapse->model.variables) {
        variables_.emplace_back(n);
        if (variable.default_value != 0.0)
            std::fill_n(variables_.back().data(), n, static_cast<float>(variable.default_value));
    }
    for (Row& row : rows_)
        for (std::size_t v = 0; v < planned_.synapse->row.size(); ++v)
            row.variables[v] = static_cast<float>(planned_.synapse->row[v].default_value);
    pointers_.resize(variables_.size());
    events_.resize(64);
    event_rows_.resize(64);
    if (const SynapseModelInfo& model = *planned_.synapse; model.interval >= 0 || compares_trials())
        interval_steps_ = static_cast<std::int32_t>(
            std::lround(planned_.synapse_parameters[compares_trials() ? model.trial->interval
                                                                      : static_cast<std::size_t>(model.interval)] /
                        h_));
    if (compares_trials()) {
        newest_.assign(rows_.size(), ~0U);
        before_.resize(events_.size());
    }
    const std::size_t slots = std::bit_ceil(std::size_t{plan.max_delay} + plan.min_delay + 1);
    slot_mask_ = slots - 1;
    calendar_.resize(slots);
}

std::vector<TraceLaw> PlasticStore::post_traces() const {
    std::vector<TraceLaw> laws;
    for (const TraceInfo& trace : planned_.synapse->post)
        laws.push_back({planned_.synapse_parameters[trace.tau], trace.kind,
                        trace.kind == TraceKind::square ? planned_.synapse_parameters[trace.of] : 0.0});
    return laws;
}

void PlasticStore::connect(PostHistory& history, const Potentials* potentials) {
    history_ = &history;
    potentials_ = potentials;
    for (const TraceLaw& law : post_traces())
        traces_.push_back(history.find(law));
    recent_.assign(static_cast<std::size_t>(longest_dendritic_) + 1, PostHistory::none);
    for (const Segment& segment : directory_) {
        const std::uint32_t dendritic = segment.delay - planned_.axonal(segment.delay);
        if (recent_[dendritic] == PostHistory::none)
            recent_[dendritic] = history.add_recent(static_cast<std::int32_t>(dendritic));
    }
}

void PlasticStore::modulate(std::int32_t time, float amount) {
    float level = amount;
    if (!marks_.empty() && planned_.synapse->modulator_tau >= 0) {
        const double tau = planned_.synapse_parameters[static_cast<std::size_t>(planned_.synapse->modulator_tau)];
        level = static_cast<float>(static_cast<double>(marks_.back().level) *
                                       math::exp((marks_.back().time - time) * h_ / tau) +
                                   static_cast<double>(amount));
    }
    marks_.push_back({time, amount, level, false});
}

/// Those with begin < time <= end.
void PlasticStore::mark(SynapseRun& run, std::int32_t begin, std::int32_t end) const {
    if (marks_.empty()) return;
    const auto later = [](std::int32_t time, const Mark& mark) { return time < mark.time; };
    const auto first = std::upper_bound(marks_.begin(), marks_.end(), begin, later);
    const auto last = std::upper_bound(first, marks_.end(), end, later);
    run.marks = {first, last};
    if (first != marks_.begin()) run.last_mark = *(first - 1);
}

std::uint32_t PlasticStore::new_event(std::int64_t now, std::uint32_t row) {
    // An event is over when its last synapses have been served.
    while (first_event_ != next_event_ && event(first_event_).stamp + longest_ < now &&
           event(first_event_).stamp <= forgotten())
        ++first_event_;
    if (next_event_ - first_event_ == events_.size()) {
        const auto grow = [&](auto& values) {
            std::remove_reference_t<decltype(values)> larger(2 * values.size());
            for (std::uint32_t i = first_event_; i != next_event_; ++i)
                larger[i & (larger.size() - 1)] = values[i & (values.size() - 1)];
            values = std::move(larger);
        };
        grow(events_);
        grow(event_rows_);
        if (compares_trials()) grow(before_);
    }
    event_rows_[next_event_ & (events_.size() - 1)] = row;
    if (compares_trials()) before_[next_event_ & (events_.size() - 1)] = std::exchange(newest_[row], next_event_);
    return next_event_++;
}

void PlasticStore::tell_past(SynapseRun& run, std::uint32_t row, std::int32_t shift) {
    past_.clear();
    for (std::uint32_t i = newest_[row]; kept(i); i = before_[i & (events_.size() - 1)])
        past_.push_back(event(i).stamp + shift);
    run.past = past_;
}

void PlasticStore::pass_time(std::int64_t step) {
    if (interval_steps_ == 0) return;
    if (!compares_trials()) {
        if ((step + 1) % interval_steps_ == 0)
            marks_.push_back({static_cast<std::int32_t>(step + 1), 0.0F, 0.0F, true});
        return;
    }
    // When the end of a trial has come to all synapses, they compare it, so that its spikes can be forgotten.
    if (const std::int64_t ended = step - 2 * longest_dendritic_ - 1; ended > 0 && ended % interval_steps_ == 0)
        sweep(step);
}

std::uint64_t PlasticStore::arrive(const std::vector<std::uint64_t>& packets, std::int64_t epoch_step) {
    std::uint64_t reached = 0;
    const auto& traces = planned_.synapse->pre;
    for (const std::uint64_t packet : packets) {
        const std::uint64_t r = (packet & 0xffff'ffffU) - first_row_; // huge for rows before the first
        if (r >= rows_.size() || begin_[r] == begin_[r + 1]) continue;
        const std::int64_t emitted = epoch_step + static_cast<std::int64_t>(packet >> 32);
        Row& row = rows_[r];
        const std::uint32_t number = new_event(emitted, static_cast<std::uint32_t>(r));
        PreEvent& e = event(number);
        e.stamp = static_cast<std::int32_t>(emitted + 1);
        e.previous = row.last;
        const bool first = row.last == never;
        const bool again = row.last == e.stamp; // spikes of one time don't see each other
        e.earlier = row.earlier;
        e.repeat = row.repeat = again ? row.repeat + 1 : 0;
        if (!again) row.earlier = row.last;
        const double since = first ? std::numeric_limits<double>::infinity() : (e.stamp - row.last) * h_;
        for (std::size_t i = 0; i < traces.size(); ++i) {
            e.before[i] = row.before[i];
            e.after[i] = row.after[i];
            const double tau = planned_.synapse_parameters[traces[i].tau];
            if (!again)
                row.before[i] =
                    first ? 0.0F : static_cast<float>(static_cast<double>(row.after[i]) * math::exp(-since / tau));
            e.at[i] = row.before[i];
            const double left = static_cast<double>(again ? row.after[i] : row.before[i]);
            row.after[i] = traces[i].kind == TraceKind::all ? static_cast<float>(left + 1.0) : 1.0F;
        }
        std::copy(std::begin(row.variables), std::end(row.variables), std::begin(e.row));
        kernel_->arrive(e, since);
        std::copy(std::begin(e.row), std::end(e.row), std::begin(row.variables));
        row.last = e.stamp;
        std::uint64_t offset = begin_[r];
        for (std::uint32_t d = directory_begin_[r]; d < directory_begin_[r + 1]; ++d) {
            const Segment& segment = directory_[d];
            const std::size_t slot = (static_cast<std::size_t>(emitted) + segment.delay) & slot_mask_;
            calendar_[slot].push_back({offset << 16 | segment.count, number, segment.lane, segment.delay});
            offset += segment.count;
        }
        reached += offset - begin_[r];
    }
    return reached;
}

std::vector<std::uint64_t> PlasticStore::indegrees(std::size_t neurons) const {
    std::vector<std::uint64_t> counts(neurons, 0);
    for_each([&](std::uint32_t, std::uint32_t local, std::uint32_t, std::uint32_t, std::uint64_t, std::uint64_t) {
        ++counts[local];
    });
    return counts;
}

std::vector<std::uint64_t> PlasticStore::numbers(std::vector<std::uint64_t> first) const {
    std::vector<std::uint64_t> out(begin_.back()); // rows stand by source, their segments by delay
    for_each([&](std::uint32_t, std::uint32_t local, std::uint32_t, std::uint32_t, std::uint64_t, std::uint64_t i) {
        out[i] = first[local]++;
    });
    return out;
}

void PlasticStore::state(StateColumns& columns) {
    if (role() != SynapseModelInfo::Role::synapse) return;
    columns.column<float>("weight", begin_.back(), weights_.data());
    for (std::size_t v = planned_.synapse->random ? 2 : 0; v < variables_.size(); ++v) // an identity never changes
        columns.column<float>(planned_.synapse->model.variables[v].name, begin_.back(), variables_[v].data());
}

void PlasticStore::take_up(std::int64_t now, std::vector<std::pair<std::uint32_t, PreEvent>> events) {
    if (history_ != nullptr) swept_ = std::max(0, static_cast<std::int32_t>(now) - longest_dendritic_); // as sweep(now)
    taken_up_ = std::move(events);
    // Those that are kept for trials alone aren't sent again.
    for (next_taken_up_ = 0; next_taken_up_ < taken_up_.size(); ++next_taken_up_) {
        const auto& [row, e] = taken_up_[next_taken_up_];
        if (e.stamp - 1 + longest_ >= now) break;
        event(new_event(e.stamp - 1, row)) = e;
    }
}

void PlasticStore::arrive_again(const std::vector<std::uint64_t>& packets, std::int64_t epoch_step, std::int64_t now) {
    for (const std::uint64_t packet : packets) {
        const std::uint64_t r = (packet & 0xffff'ffffU) - first_row_;
        if (r >= rows_.size() || begin_[r] == begin_[r + 1]) continue;
        const std::int64_t emitted = epoch_step + static_cast<std::int64_t>(packet >> 32);
        if (emitted + longest_ < now) continue;
        if (next_taken_up_ == taken_up_.size() || taken_up_[next_taken_up_].first != r ||
            taken_up_[next_taken_up_].second.stamp != emitted + 1)
            throw RunError("the checkpoint's spikes under way to plastic synapses aren't those of its neurons; take an "
                           "earlier one (FILE.1)");
        const std::uint32_t number = new_event(emitted, static_cast<std::uint32_t>(r));
        event(number) = taken_up_[next_taken_up_++].second;
        std::uint64_t offset = begin_[r];
        for (std::uint32_t d = directory_begin_[r]; d < directory_begin_[r + 1]; ++d) {
            const Segment& segment = directory_[d];
            const std::int64_t due = emitted + segment.delay;
            if (due >= now)
                calendar_[static_cast<std::size_t>(due) & slot_mask_].push_back(
                    {offset << 16 | segment.count, number, segment.lane, segment.delay});
            offset += segment.count;
        }
    }
}

SynapseRun PlasticStore::run_of(std::uint64_t offset, std::uint32_t count, std::uint16_t lane) {
    SynapseRun run;
    run.targets = targets_.data() + offset;
    run.weights = weights_.data() + offset;
    for (std::size_t v = 0; v < pointers_.size(); ++v)
        pointers_[v] = variables_[v].data() + offset;
    run.variables = pointers_.data();
    run.count = count;
    run.target_offset = static_cast<std::int32_t>((lane % blocks_) << 16) - static_cast<std::int32_t>(first_target_);
    return run;
}

constexpr std::size_t fetched_ahead = 4;

template <class A>
void PlasticStore::deliver(std::int64_t step, const std::vector<A*>& lanes) {
    std::vector<Entry>& due = calendar_[static_cast<std::size_t>(step) & slot_mask_];
    if (due.empty()) return;
    std::size_t synapses = 0;
    for (const Entry& entry : due)
        synapses += entry.synapses & 0xffff;
    PostView view;
    std::int32_t viewed = -1; // dendritic delay
    for (std::size_t i = 0; i < due.size(); ++i) {
        const Entry& entry = due[i];
        if (i + fetched_ahead < due.size()) {
            const std::uint64_t next = due[i + fetched_ahead].synapses >> 16;
            __builtin_prefetch(targets_.data() + next);
            __builtin_prefetch(weights_.data() + next, 1);
        }
        SynapseRun run = run_of(entry.synapses >> 16, entry.synapses & 0xffff, entry.lane);
        const PreEvent& e = event(entry.event);
        const auto a = static_cast<std::int32_t>(planned_.axonal(entry.delay));
        const std::int32_t b = entry.delay - a;
        const bool first = e.previous == never;
        run.event = &e;
        run.at = e.stamp + a - b;
        run.origin = first ? never : e.previous + a - b;
        run.end = before(e.stamp + a, b);
        const std::int32_t begin = first ? swept_ : std::max(e.previous + a, swept_);
        run.begin = before(begin, b);
        run.dendritic = b;
        mark(run, begin, e.stamp + a);
        if (compares_trials()) tell_past(run, event_rows_[entry.event & (events_.size() - 1)], a - b);
        if (b != viewed && history_ != nullptr) { // of all entries with this b, `at` and `end` are the same
            const std::uint32_t recent = recent_[static_cast<std::size_t>(b)];
            view = recent == PostHistory::none
                       ? history_->view(traces_)
                       : history_->view(traces_, recent, run.end, run.at, synapses > history_->neurons() / 4);
            // Without dendrite, the potential of this very step isn't known yet.
            if (potentials_ != nullptr) view.depression = potentials_->depression(b == 0 ? run.at - 1 : run.at);
            viewed = b;
        }
        kernel_->deliver(run, view, lanes[entry.lane]);
    }
    due.clear();
}
template void PlasticStore::deliver<double>(std::int64_t, const std::vector<double*>&);
template void PlasticStore::deliver<float>(std::int64_t, const std::vector<float*>&);

void PlasticStore::sweep(std::int64_t now) {
    // Before this time at the synapse all is known: pre spikes that arrived by then are delivered, for they act at the
    // target longest_dendritic_ later at most.
    const auto time = static_cast<std::int32_t>(now) - longest_dendritic_;
    if (time <= swept_ || history_ == nullptr) return;
    const PostView view = history_->view(traces_);
    // Spikes under way that arrive after that, of each row: the calendar's events, newest first.
    std::vector<std::vector<std::uint32_t>> under_way(rows_.size());
    for (std::uint32_t i = first_event_; i != next_event_; ++i)
        under_way[event_rows_[i & (events_.size() - 1)]].push_back(i);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
        std::uint64_t offset = begin_[r];
        for (std::uint32_t d = directory_begin_[r]; d < directory_begin_[r + 1]; ++d) {
            const Segment& segment = directory_[d];
            SynapseRun run = run_of(offset, segment.count, segment.lane);
            offset += segment.count;
            const auto a = static_cast<std::int32_t>(planned_.axonal(segment.delay));
            const std::int32_t b = segment.delay - a;
            PreEvent last; // as the next spike would see it
            last.previous = rows_[r].last;
            last.earlier = rows_[r].earlier;
            std::copy(std::begin(rows_[r].before), std::end(rows_[r].before), std::begin(last.before));
            std::copy(std::begin(rows_[r].after), std::end(rows_[r].after), std::begin(last.after));
            bool ahead = false; // has taken effect later than `time` already
            for (std::size_t i = under_way[r].size(); i-- > 0;) {
                const PreEvent& e = event(under_way[r][i]);
                if (e.stamp + a <= time) break;
                if (e.stamp + a + b <= now) {
                    ahead = true;
                    break;
                }
                last = e;
            }
            if (ahead) continue;
            const bool first = last.previous == never;
            run.event = &last;
            run.origin = first ? never : last.previous + a - b;
            run.end = before(time, b);
            const std::int32_t begin = first ? swept_ : std::max(last.previous + a, swept_);
            run.begin = before(begin, b);
            run.dendritic = b;
            mark(run, begin, time);
            if (compares_trials()) tell_past(run, static_cast<std::uint32_t>(r), a - b);
            if (run.begin < run.end || !run.marks.empty()) kernel_->catch_up(run, view);
        }
    }
    swept_ = time;
    std::size_t old = 0; // of those that all rows have taken into account, the last one is needed
    while (old + 1 < marks_.size() && marks_[old + 1].time <= time)
        ++old;
    marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(old));
}

void PlasticStore::normalise(std::int64_t step) {
    if (planned_.normalise_steps == 0 || step == 0 || step % planned_.normalise_steps != 0) return;
    sweep(step);
    // A target's synapses are all here, in the order of their sources and delays, whoever has the other neurons.
    std::vector<double> sums;
    const auto each = [&](const auto& visit) {
        for (std::size_t r = 0; r < rows_.size(); ++r) {
            std::uint64_t i = begin_[r];
            for (std::uint32_t d = directory_begin_[r]; d < directory_begin_[r + 1]; ++d) {
                const std::size_t offset = (std::size_t{directory_[d].lane} % blocks_ << 16) - first_target_;
                for (const std::uint64_t end = i + directory_[d].count; i < end; ++i)
                    visit(offset + targets_[i], weights_[i]);
            }
        }
    };
    each([&](std::size_t target, float weight) {
        if (target >= sums.size()) sums.resize(target + 1, 0.0);
        sums[target] += std::abs(static_cast<double>(weight));
    });
    for (double& sum : sums)
        sum = sum > 0.0 ? planned_.normalise_sum / sum : 1.0;
    each([&](std::size_t target, float& weight) {
        weight = static_cast<float>(static_cast<double>(weight) * sums[target]);
    });
}

std::size_t PlasticStore::bytes() const noexcept {
    return begin_.size() * sizeof(begin_[0]) + directory_begin_.size() * sizeof(directory_begin_[0]) +
           directory_.size() * sizeof(Segment) + rows_.size() * sizeof(Row) +
           targets_.size() * (sizeof(std::uint16_t) + sizeof(float) * (1 + variables_.size()));
}

std::size_t PlasticStore::calendar_bytes() const noexcept {
    std::size_t bytes = events_.size() * (sizeof(PreEvent) + sizeof(std::uint32_t));
    for (const auto& due : calendar_)
        bytes += due.capacity() * sizeof(Entry);
    return bytes;
}

Hash128 PlasticStore::hash(const std::function<std::uint64_t(std::uint32_t)>& source_of,
                           const std::vector<std::uint64_t>& indices) const {
    Hash128 sum;
    std::uint32_t known = ~0U;
    std::uint64_t source = 0;
    for_each([&](std::uint32_t row, std::uint32_t local, std::uint32_t delay, std::uint32_t, std::uint64_t ordinal,
                 std::uint64_t i) {
        if (row != known) source = source_of(known = row);
        sum += weight_hash(planned_.identity, source, indices[local], ordinal, delay, 0, weights_[i]);
        for (std::uint32_t v = 0; v < variables_.size(); ++v)
            sum += weight_hash(planned_.identity, source, indices[local], ordinal, delay, v + 1, variables_[v][i]);
    });
    return sum;
}

void PlasticStore::identify(const std::function<std::uint64_t(std::uint32_t)>& source_of,
                            const std::vector<std::uint64_t>& indices) {
    if (!planned_.synapse->random) return;
    for_each([&](std::uint32_t row, std::uint32_t local, std::uint32_t delay, std::uint32_t, std::uint64_t ordinal,
                 std::uint64_t i) {
        const std::uint64_t identity = mix64(mix64(mix64(source_of(row)) + indices[local]) + (ordinal << 32 | delay));
        variables_[0][i] = std::bit_cast<float>(static_cast<std::uint32_t>(identity));
        variables_[1][i] = std::bit_cast<float>(static_cast<std::uint32_t>(identity >> 32));
    });
}

} // namespace spikecast
