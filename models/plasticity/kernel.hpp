// The driver of synapse models: runs a rule over the synapses of a row, a register at a time. A rule supplies
//   parameters, info                   its declaration (spikecast/plasticity.hpp)
//   enum Constant { ..., constants }   what it needs of the parameters and the resolution
//   derive(parameters, h_ms, c)        computes them, in double
//   on_post(s, c, x)                   a spike of the target reaches the synapse
//   on_pre(s, c, x)                    a spike of the source does; returns what the target receives of it
//   on_neuromodulator(s, c, x)         x.amount(): a neuromodulator is released
//   on_time(s, c, x)                   an interval ends
//   on_row(row, c, since_ms)           a spike of the source, once for all synapses of the row; scalars
//   on_first(row, c, at_ms)            in place of on_row where it is the source's first, at_ms after time 0
// of which it leaves out those that it has no use for. s.weight and s[variable] are registers of float32; c[constant]
// is a constant; of x a rule reads
//   x.pre(i), x.post(i)       traces at that time, without what this very spike adds
//   x.since_pre(), x.since_post()   ms since the last spike before this one (1e8 and more: there was none)
//   x.entry(i)                in on_post, post trace i with this very spike; elsewhere with the last one, at its time
//   x.level(), x.since_mark() of the neuromodulator just after its last spike before this event, and ms since then
//   x.elapsed()               ms since the last pre spike, one of the same time included: by this a rule's variables
//                             can tell times
//   x.row(i)                  variables of the row (in on_pre)
//   x.past(), x.from_past(j, n), x.entry_before(n, i)   in on_post, of rules that compare trials: how many pre spikes
//                             are at hand; ms from number j of them to the n-th entry before this one (0: this one),
//                             and trace i of that entry
//   x.depression()            in on_pre, of rules that follow the target's potential: (u_bar_minus - theta_minus)+ now
#pragma once

#include "models/refuse.hpp"
#include "spikecast/plasticity.hpp"
#include "spikecast/simd.hpp"
#include "spikecast/simd_math.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <type_traits>

namespace spikecast::models {

/// The weight and the variables of a register of synapses.
template <class Vec, std::size_t variables>
struct SynapseState {
    Vec weight;
    std::array<Vec, variables> values;
    Vec& operator[](std::size_t v) { return values[v]; }
};

template <class Vec, std::size_t count>
struct SynapseConstants {
    std::array<Vec, count> values;
    std::array<float, count> scalars;
    [[nodiscard]] const Vec& operator[](std::size_t k) const { return values[k]; }
    /// For decisions, which all synapses of a projection take alike.
    [[nodiscard]] float scalar(std::size_t k) const { return scalars[k]; }
};

/// x^y for x >= 0 and one y for all: additive (0) and multiplicative (1) rules cost nothing.
template <class Vec>
[[nodiscard]] Vec power(Vec x, float y) {
    if (y == 0.0F) return Vec(1.0F);
    if (y == 1.0F) return x;
    return simd::pow(x, Vec(y));
}

/// Random words, one after the other: philox of (projection, synapse, time of the spike).
struct ReleaseDraws {
    Key key;
    std::uint64_t identity, when;
    std::uint32_t next = 0;
    std::array<std::uint32_t, 4> words{};
    std::uint32_t operator()() {
        if (next % 4 == 0) words = philox(key, identity, when + next / 4);
        return words[next++ % 4];
    }
};

/// What tau K' = y^2 - K (TraceKind::square) has gained since y^2 was `square`, y decaying with tau_y: fast = -2 /
/// tau_y, slow = -1 / tau, gain from square_gain (spikecast/plasticity.hpp).
template <class Vec>
[[nodiscard]] Vec square_response(Vec square, Vec since, float gain, Vec fast, Vec slow) {
    if (gain == 0.0F) return -slow * square * since * simd::exp(slow * since);
    return Vec(gain) * square * (simd::exp(slow * since) - simd::exp(fast * since));
}

template <class Rule, std::size_t Width = simd::native_width<float>>
class RuleKernel final : public SynapseKernel {
    using Vec = simd::vec<float, Width>;
    using Int = simd::vec<std::int32_t, Width>;
    static constexpr std::size_t variable_count = Rule::info.model.variables.size();
    static constexpr std::size_t pre_count = Rule::info.pre.size(), post_count = Rule::info.post.size();
    static_assert(pre_count <= most_traces && post_count <= most_traces && Rule::info.row.size() <= most_traces);
    using State = SynapseState<Vec, variable_count>;
    using Constants = SynapseConstants<Vec, Rule::constants>;

public:
    explicit RuleKernel(const SynapseSetup& setup) : h_(static_cast<float>(setup.resolution_ms)), key_(setup.key) {
        std::array<double, Rule::constants> derived{};
        Rule::derive(setup.parameters.data(), setup.resolution_ms, derived.data());
        for (std::size_t k = 0; k < Rule::constants; ++k) {
            c_.scalars[k] = static_cast<float>(derived[k]);
            c_.values[k] = Vec(c_.scalars[k]);
        }
        const auto rates = [&](std::span<const TraceInfo> traces, auto& rate) {
            for (std::size_t i = 0; i < traces.size(); ++i)
                rate[i] = Vec(static_cast<float>(-setup.resolution_ms / setup.parameters[traces[i].tau]));
        };
        rates(Rule::info.pre, pre_rate_);
        rates(Rule::info.post, post_rate_);
    }

    void deliver(const SynapseRun& run, const PostView& post, double* lane) const override { work(run, post, lane); }
    void deliver(const SynapseRun& run, const PostView& post, float* lane) const override { work(run, post, lane); }
    void catch_up(const SynapseRun& run, const PostView& post) const override {
        work(run, post, static_cast<Nowhere*>(nullptr));
    }
    void arrive(PreEvent& event, double since_ms) const override {
        if constexpr (requires { Rule::on_first(event.row, c_.scalars.data(), since_ms); })
            if (event.previous == never)
                return Rule::on_first(event.row, c_.scalars.data(),
                                      static_cast<double>(event.stamp) * static_cast<double>(h_));
        if constexpr (requires { Rule::on_row(event.row, c_.scalars.data(), since_ms); })
            Rule::on_row(event.row, c_.scalars.data(), since_ms);
    }

private:
    struct Nowhere {};

    [[nodiscard]] static Vec to_float(Int x) {
        if constexpr (Width == 1)
            return Vec(static_cast<float>(x.v));
        else
            return Vec(__builtin_convertvector(x.v, typename Vec::native));
    }
    [[nodiscard]] static simd::mask<float, Width> as_float(simd::mask<std::int32_t, Width> m) { return {m.v}; }
    [[nodiscard]] static Int load_targets(const std::uint16_t* from) {
        if constexpr (Width == 1) {
            return Int(std::int32_t{*from});
        } else {
            typedef std::uint16_t Short __attribute__((vector_size(2 * Width)));
            Short targets;
            std::memcpy(&targets, from, sizeof targets);
            return Int(__builtin_convertvector(targets, typename Int::native));
        }
    }

    /// Since the last pre spike before `time`; source and target may have spiked in the same step.
    [[nodiscard]] Vec since_pre(const SynapseRun& run, Int time) const {
        const Int since = time - Int(run.origin);
        const std::int32_t more = run.event->previous - run.event->earlier;
        return to_float(select(since == Int(0), Int(more), since)) * Vec(h_);
    }
    [[nodiscard]] Vec elapsed(const SynapseRun& run, Int time) const {
        return to_float(time - Int(run.origin)) * Vec(h_);
    }

    /// A register of synapses in the middle of a run. Dense: the view's arrays by neuron end where the run does.
    template <bool Dense>
    struct Block {
        const RuleKernel& k;
        const SynapseRun& run;
        const PostView& history;
        State s;
        Int neuron, base;  ///< of each target in the history, and where its ring begins
        Int number, step;  ///< of the newest post spike that has taken effect; Dense: of number nothing but `seen`
        std::int32_t mark; ///< time of the neuromodulator's last spike
        float level;
        [[nodiscard]] Vec since_mark(Int time) const { return to_float(time - Int(mark)) * Vec(k.h_); }

        [[nodiscard]] Int slot(Int n) const { return base + Int(n.v & ((1 << history.log2_capacity) - 1)); }
        [[nodiscard]] Int step_of(Int n) const { return gather(history.steps, slot(n)); }
        /// The stamp of the spike `depth` before the newest.
        [[nodiscard]] Int earlier(int depth) const {
            if constexpr (Dense)
                if (depth < static_cast<int>(recent_spikes))
                    return gather(history.recent[static_cast<std::size_t>(depth)], neuron);
            return step_of(number - Int(depth));
        }
        /// Moves to the newest spike with p <= end.
        void seek(Int newest, std::int32_t end) {
            number = newest;
            step = step_of(number);
            for (auto late = step > Int(end); any(late); late = step > Int(end)) {
                number = select(late, number - Int(1), number);
                step = select(late, step_of(number), step);
            }
        }
        /// The value of a post trace at a time after spike n, whose stamp is p.
        [[nodiscard]] Vec trace(std::size_t i, Int n, Int p, Int time) const {
            return gather(history.traces[i], slot(n)) * simd::exp(to_float(time - p) * k.post_rate_[i]);
        }
        [[nodiscard]] Vec pre_trace(std::size_t i, Int time) const {
            const Int since = time - Int(run.origin);
            const Vec first = select(as_float(since == Int(0)), Vec(run.event->before[i]), Vec(run.event->after[i]));
            return first * simd::exp(to_float(since) * k.pre_rate_[i]);
        }
    };
    /// What on_post sees: spike number `number` of each target, stamped `step`.
    template <bool Dense>
    struct AtPost {
        const Block<Dense>& b;
        Int number, step, before; ///< before: stamp of the spike before it
        [[nodiscard]] Vec pre(std::size_t i) const { return b.pre_trace(i, step); }
        [[nodiscard]] Vec post(std::size_t i) const { return b.trace(i, number - Int(1), before, step); }
        [[nodiscard]] Vec since_pre() const { return b.k.since_pre(b.run, step); }
        [[nodiscard]] Vec elapsed() const { return b.k.elapsed(b.run, step); }
        [[nodiscard]] Vec since_post() const { return to_float(step - before) * Vec(b.k.h_); }
        [[nodiscard]] Vec entry(std::size_t i) const { return gather(b.history.traces[i], b.slot(number)); }
        [[nodiscard]] Vec level() const { return Vec(b.level); }
        [[nodiscard]] Vec since_mark() const { return b.since_mark(step); }
        [[nodiscard]] std::size_t past() const { return b.run.past.size(); }
        [[nodiscard]] Vec from_past(std::size_t j, int n) const {
            return to_float((n == 0 ? step : b.step_of(number - Int(n))) - Int(b.run.past[j])) * Vec(b.k.h_);
        }
        [[nodiscard]] Vec entry_before(int n, std::size_t i) const {
            return gather(b.history.traces[i], b.slot(number - Int(n)));
        }
    };
    /// What the other hooks see; number and step are those of the newest post spike before.
    template <bool Dense>
    struct AtTime {
        const Block<Dense>& b;
        Int number, step;
        std::int32_t time;
        float released;
        bool arriving; ///< at the pre spike
        [[nodiscard]] Vec pre(std::size_t i) const {
            return arriving ? Vec(b.run.event->at[i]) : b.pre_trace(i, Int(time));
        }
        [[nodiscard]] Vec post(std::size_t i) const {
            if constexpr (Dense)
                if (b.history.at[i] != nullptr) return gather(b.history.at[i], b.neuron);
            return b.trace(i, number, step, Int(time));
        }
        [[nodiscard]] Vec since_pre() const { return b.k.since_pre(b.run, Int(time)); }
        [[nodiscard]] Vec elapsed() const { return b.k.elapsed(b.run, Int(time)); }
        [[nodiscard]] Vec since_post() const { return to_float(Int(time) - step) * Vec(b.k.h_); }
        [[nodiscard]] Vec entry(std::size_t i) const { return gather(b.history.traces[i], b.slot(number)); }
        [[nodiscard]] Vec level() const { return Vec(b.level); }
        [[nodiscard]] Vec since_mark() const { return b.since_mark(Int(time)); }
        [[nodiscard]] Vec row(std::size_t i) const { return Vec(b.run.event->row[i]); }
        [[nodiscard]] Vec amount() const { return Vec(released); }
        [[nodiscard]] Vec depression() const { return gather(b.history.depression, b.neuron); }
        /// Random words of synapse i of the register for this pre spike.
        [[nodiscard]] ReleaseDraws draws(const State& s, std::size_t i) const {
            const auto bits = [&](std::size_t v) {
                return std::uint64_t{std::bit_cast<std::uint32_t>(s.values[v][i])};
            };
            const PreEvent& event = *b.run.event;
            return {b.k.key_, bits(1) << 32 | bits(0),
                    std::uint64_t{static_cast<std::uint32_t>(event.stamp)} << 32 |
                        std::uint64_t{std::min(event.repeat, 255U)} << 24};
        }
    };
    static constexpr bool has_post = requires(State & s, const Constants& c, const AtPost<false>& x) {
        Rule::on_post(s, c, x);
    };
    static constexpr bool has_pre = requires(State & s, const Constants& c, const AtTime<false>& x) {
        Rule::on_pre(s, c, x);
    };
    static constexpr bool has_modulator = requires(State & s, const Constants& c, const AtTime<false>& x) {
        Rule::on_neuromodulator(s, c, x);
    };
    static constexpr bool has_time = requires(State & s, const Constants& c, const AtTime<false>& x) {
        Rule::on_time(s, c, x);
    };
    static_assert(has_pre, "a rule says what a spike delivers");
    static_assert(!has_post || Rule::info.post_spikes, "without spikes of the target there is no on_post");
    static_assert(has_modulator == Rule::info.neuromodulated && has_time == (Rule::info.interval >= 0));
    static_assert(!has_modulator || !has_time, "marks are of one kind");

    /// Post spikes with begin < p <= end, oldest first; b stands at the newest with p <= end.
    template <bool Dense>
    static void catch_up(Block<Dense>& b, std::int32_t begin) {
        constexpr int kept = 16;
        Int steps[kept + 1];
        steps[0] = b.step;
        int depth = 0; // post spikes of the register's busiest target
        Int found(0);  // and of each; further back a ring may begin anew
        for (auto in = b.step > Int(begin); any(in);) {
            found = select(in, found + Int(1), found);
            const Int p = b.earlier(++depth);
            if (depth <= kept) steps[depth] = p;
            in = in & (p > Int(begin));
        }
        const auto at = [&](int d) { return d <= kept ? steps[d] : b.step_of(b.number - Int(d)); };
        while (depth-- > 0) {
            const Int q = at(depth);
            const auto in = as_float(found > Int(depth));
            State changed = b.s;
            Rule::on_post(changed, b.k.c_, AtPost<Dense>{b, b.number - Int(depth), q, at(depth + 1)});
            b.s.weight = select(in, changed.weight, b.s.weight);
            for (std::size_t v = 0; v < variable_count; ++v)
                b.s[v] = select(in, changed[v], b.s[v]);
        }
    }

    /// One register; n of its lanes are synapses.
    template <bool Dense, class A>
    [[gnu::always_inline]] void block(const SynapseRun& run, const PostView& history, const std::uint16_t* targets,
                                      float* weights, float* const* variables, std::size_t first, A* lane,
                                      std::size_t n) const {
        Block<Dense> b{*this,
                       run,
                       history,
                       {},
                       Int(0),
                       Int(0),
                       Int(0),
                       Int(never),
                       run.last_mark.time - run.dendritic,
                       run.last_mark.level};
        b.s.weight = Vec::load(weights);
        for (std::size_t v = 0; v < variable_count; ++v)
            b.s[v] = Vec::load(variables[v] + first);
        Int newest(0);
        if constexpr (Rule::info.post_spikes) {
            b.neuron = load_targets(targets) + Int(run.target_offset);
            b.base = Int(b.neuron.v << static_cast<std::int32_t>(history.log2_capacity));
            if constexpr (!Dense || has_modulator || has_time) newest = gather(history.count, b.neuron) - Int(1);
        }
        std::int32_t begin = run.begin;
        if constexpr (has_modulator || has_time) {
            for (const Mark& mark : run.marks) {
                const std::int32_t time = mark.time - run.dendritic;
                if constexpr (Rule::info.post_spikes) b.seek(newest, std::min(time - 1, run.end));
                if constexpr (has_post) catch_up(b, begin);
                const AtTime<Dense> x{b, b.number, b.step, time, mark.amount, false};
                if constexpr (has_modulator)
                    if (!mark.interval) Rule::on_neuromodulator(b.s, c_, x);
                if constexpr (has_time)
                    if (mark.interval) Rule::on_time(b.s, c_, x);
                begin = std::max(begin, std::min(time - 1, run.end));
                if (!mark.interval) {
                    b.mark = time;
                    b.level = mark.level;
                }
            }
        }
        if constexpr (Rule::info.post_spikes) {
            if constexpr (Dense) {
                b.number = gather(history.seen, b.neuron) - Int(1);
                b.step = b.earlier(0);
            } else {
                b.seek(newest, run.end);
            }
        }
        if constexpr (has_post) catch_up(b, begin);
        if constexpr (!std::is_same_v<A, Nowhere>) {
            AtTime<Dense> x{b, b.number, b.step, run.at, 0.0F, true};
            if constexpr (Rule::info.post_spikes) { // a post spike at the very time doesn't count yet
                for (auto same = x.step == Int(run.at); any(same); same = x.step == Int(run.at)) {
                    x.number = select(same, x.number - Int(1), x.number);
                    x.step = b.step_of(x.number);
                }
            }
            const Vec out = Rule::on_pre(b.s, c_, x);
            alignas(64) float delivered[Width];
            out.store(delivered);
            for (std::size_t i = 0; i < n; ++i)
                lane[targets[i]] += static_cast<A>(delivered[i]);
        }
        b.s.weight.store(weights);
        for (std::size_t v = 0; v < variable_count; ++v)
            b.s[v].store(variables[v] + first);
    }

    template <class A>
    void work(const SynapseRun& run, const PostView& history, A* lane) const {
        constexpr bool tiled = has_post && !has_modulator && !has_time && !std::is_same_v<A, Nowhere>;
        if constexpr (tiled) {
            if (history.seen != nullptr) {
                Tile tile; // not set to zero: what is read of it is written first
                for (auto& values : tile.values)
                    values[tile_size] = 1.0F;
                for (std::size_t i = 0; i < run.count; i += tile_size) {
                    const std::size_t n = std::min(tile_size, run.count - i);
                    if (catch_up_tile(run, history, i, n, tile))
                        arrive_tile(run, history, i, n, tile, lane);
                    else
                        work_on<true>(run, history, lane, i, i + n);
                }
                return;
            }
        }
        // The arrays by neuron show the end of the run, not what was before a mark within.
        constexpr bool dense = Rule::info.post_spikes && !has_modulator && !has_time;
        if constexpr (dense)
            if (history.seen != nullptr) return work_on<true>(run, history, lane, 0, run.count);
        work_on<false>(run, history, lane, 0, run.count);
    }
    /// Post spikes of up to tile_size synapses at once, where the history is at hand by neuron. Most targets have
    /// spiked seldom since the last pre spike, some often, and each of their spikes needs the weight that the one
    /// before left; so those with a spike are listed, of them those with two, and so on, and the lists are worked off
    /// from the last to the first, whole registers of synapses that don't wait for each other.
    static constexpr std::size_t tile_size = 256, most_listed = 16;
    struct Tile {
        struct List {
            std::int32_t place[tile_size + Width], neuron[tile_size + Width], step[tile_size + Width];
        };
        alignas(64) float values[variable_count + 1][tile_size + Width]; ///< the weight, then variables
        std::array<List, most_listed> lists;
    };
    /// What on_post sees then.
    struct AtListed {
        const RuleKernel& k;
        const SynapseRun& run;
        const PostView& history;
        Int neuron, step;
        int depth; ///< spikes after this one
        [[nodiscard]] Int earlier(int d) const {
            if (d < static_cast<int>(recent_spikes)) return gather(history.recent[static_cast<std::size_t>(d)], neuron);
            return gather(history.steps, slot(d));
        }
        [[nodiscard]] Int slot(int d) const {
            const Int number = gather(history.seen, neuron) - Int(d + 1);
            return Int(neuron.v << static_cast<std::int32_t>(history.log2_capacity)) +
                   Int(number.v & ((1 << history.log2_capacity) - 1));
        }
        [[nodiscard]] Vec pre(std::size_t i) const {
            const Int since = step - Int(run.origin);
            const Vec first = select(as_float(since == Int(0)), Vec(run.event->before[i]), Vec(run.event->after[i]));
            return first * simd::exp(to_float(since) * k.pre_rate_[i]);
        }
        [[nodiscard]] Vec post(std::size_t i) const {
            return gather(history.traces[i], slot(depth + 1)) *
                   simd::exp(to_float(step - earlier(depth + 1)) * k.post_rate_[i]);
        }
        [[nodiscard]] Vec since_pre() const { return k.since_pre(run, step); }
        [[nodiscard]] Vec elapsed() const { return k.elapsed(run, step); }
        [[nodiscard]] Vec since_post() const { return to_float(step - earlier(depth + 1)) * Vec(k.h_); }
        [[nodiscard]] Vec entry(std::size_t i) const { return gather(history.traces[i], slot(depth)); }
        [[nodiscard]] std::size_t past() const { return run.past.size(); }
        [[nodiscard]] Vec from_past(std::size_t j, int n) const {
            return to_float((n == 0 ? step : gather(history.steps, slot(depth + n))) - Int(run.past[j])) * Vec(k.h_);
        }
        [[nodiscard]] Vec entry_before(int n, std::size_t i) const {
            return gather(history.traces[i], slot(depth + n));
        }
    };

    /// The pre spike.
    struct AtArrival {
        const RuleKernel& k;
        const SynapseRun& run;
        const PostView& history;
        Int neuron;
        /// Number and stamp of the newest post spike with p < at.
        [[nodiscard]] std::pair<Int, Int> newest() const {
            Int number = gather(history.seen, neuron) - Int(1), step = gather(history.recent[0], neuron);
            for (auto same = step == Int(run.at); any(same); same = step == Int(run.at)) {
                number = select(same, number - Int(1), number);
                step = gather(history.steps, slot(number));
            }
            return {number, step};
        }
        [[nodiscard]] Int slot(Int number) const {
            return Int(neuron.v << static_cast<std::int32_t>(history.log2_capacity)) +
                   Int(number.v & ((1 << history.log2_capacity) - 1));
        }
        [[nodiscard]] Vec pre(std::size_t i) const { return Vec(run.event->at[i]); }
        [[nodiscard]] Vec post(std::size_t i) const {
            if (history.at[i] != nullptr) return gather(history.at[i], neuron);
            const auto [number, step] = newest();
            return gather(history.traces[i], slot(number)) * simd::exp(to_float(Int(run.at) - step) * k.post_rate_[i]);
        }
        [[nodiscard]] Vec since_pre() const { return k.since_pre(run, Int(run.at)); }
        [[nodiscard]] Vec elapsed() const { return k.elapsed(run, Int(run.at)); }
        [[nodiscard]] Vec since_post() const { return to_float(Int(run.at) - newest().second) * Vec(k.h_); }
        [[nodiscard]] Vec entry(std::size_t i) const { return gather(history.traces[i], slot(newest().first)); }
        [[nodiscard]] Vec row(std::size_t i) const { return Vec(run.event->row[i]); }
        [[nodiscard]] Vec depression() const { return gather(history.depression, neuron); }
    };
    /// The targets of a register of synapses; where fewer are left, the first stands for those that lack.
    struct Targets {
        const std::uint16_t* first;
        std::uint16_t rest[Width];
        Targets(const std::uint16_t* from, std::size_t n) : first(from) {
            if (n == Width) return;
            for (std::size_t j = 0; j < Width; ++j)
                rest[j] = from[j < n ? j : 0];
            first = rest;
        }
        Targets(const Targets&) = delete;
        [[nodiscard]] Int load() const { return load_targets(first); }
    };
    [[nodiscard]] static std::uint32_t lanes(std::size_t n) noexcept { return (1U << n) - 1; }
    static constexpr std::array<std::int32_t, Width> ascending = [] {
        std::array<std::int32_t, Width> numbers{};
        for (std::size_t i = 0; i < Width; ++i)
            numbers[i] = static_cast<std::int32_t>(i);
        return numbers;
    }();

    /// False, and nothing is done, where a target has more than most_listed spikes.
    [[gnu::flatten]] bool catch_up_tile(const SynapseRun& run, const PostView& history, std::size_t first,
                                        std::size_t n, Tile& tile) const {
        std::array<std::size_t, most_listed> length{};
        const Int begin(run.begin);
        Int place = Int::load(ascending.data());
        std::size_t found = 0;
        for (std::size_t i = 0; i < n; i += Width, place = place + Int(static_cast<std::int32_t>(Width))) {
            const std::size_t here = std::min(Width, n - i);
            const Targets targets(run.targets + first + i, here);
            const Int neuron = targets.load() + Int(run.target_offset);
            const Int step = gather(history.recent[0], neuron);
            const std::uint32_t in = bits(step > begin) & lanes(here);
            typename Tile::List& list = tile.lists[0];
            simd::pack(list.place + found, place, in);
            simd::pack(list.neuron + found, neuron, in);
            simd::pack(list.step + found, step, in);
            found += static_cast<std::size_t>(std::popcount(in));
        }
        std::size_t depth = 0;
        while (found > 0) {
            length[depth] = found;
            typename Tile::List& list = tile.lists[depth];
            for (std::size_t j = 0; j < Width; ++j) { // the register that the list ends in works on a place beyond
                list.place[found + j] = static_cast<std::int32_t>(tile_size);
                list.neuron[found + j] = list.neuron[0];
                list.step[found + j] = list.step[0];
            }
            if (++depth == most_listed) return false;
            typename Tile::List& next = tile.lists[depth];
            const std::size_t all = found;
            found = 0;
            for (std::size_t i = 0; i < all; i += Width) {
                const AtListed x{*this, run, history, Int::load(list.neuron + i), Int(0), 0};
                const Int step = x.earlier(static_cast<int>(depth));
                const std::uint32_t in = bits(step > begin) & lanes(std::min(Width, all - i));
                simd::pack(next.place + found, Int::load(list.place + i), in);
                simd::pack(next.neuron + found, x.neuron, in);
                simd::pack(next.step + found, step, in);
                found += static_cast<std::size_t>(std::popcount(in));
            }
        }
        for (std::size_t i = 0; i < n; ++i)
            tile.values[0][i] = run.weights[first + i];
        for (std::size_t v = 0; v < variable_count; ++v)
            for (std::size_t i = 0; i < n; ++i)
                tile.values[v + 1][i] = run.variables[v][first + i];
        while (depth-- > 0) {
            typename Tile::List& list = tile.lists[depth];
            for (std::size_t i = 0; i < length[depth]; i += Width) {
                const Int at = Int::load(list.place + i);
                State s;
                s.weight = gather(tile.values[0], at);
                for (std::size_t v = 0; v < variable_count; ++v)
                    s[v] = gather(tile.values[v + 1], at);
                Rule::on_post(s, c_,
                              AtListed{*this, run, history, Int::load(list.neuron + i), Int::load(list.step + i),
                                       static_cast<int>(depth)});
                for (std::size_t j = 0; j < Width; ++j)
                    tile.values[0][list.place[i + j]] = s.weight[j];
                for (std::size_t v = 0; v < variable_count; ++v)
                    for (std::size_t j = 0; j < Width; ++j)
                        tile.values[v + 1][list.place[i + j]] = s[v][j];
            }
        }
        return true;
    }
    /// What follows catch_up_tile.
    template <class A>
    [[gnu::flatten]] void arrive_tile(const SynapseRun& run, const PostView& history, std::size_t first, std::size_t n,
                                      Tile& tile, A* lane) const {
        for (std::size_t i = 0; i < n; i += Width) {
            const std::size_t here = std::min(Width, n - i);
            const Targets targets(run.targets + first + i, here);
            State s;
            s.weight = Vec::load(tile.values[0] + i);
            for (std::size_t v = 0; v < variable_count; ++v)
                s[v] = Vec::load(tile.values[v + 1] + i);
            const AtArrival x{*this, run, history, targets.load() + Int(run.target_offset)};
            const Vec out = Rule::on_pre(s, c_, x);
            alignas(64) float delivered[Width];
            out.store(delivered);
            for (std::size_t j = 0; j < here; ++j)
                lane[targets.first[j]] += static_cast<A>(delivered[j]);
            s.weight.store(tile.values[0] + i);
            for (std::size_t v = 0; v < variable_count; ++v)
                s[v].store(tile.values[v + 1] + i);
        }
        std::copy_n(tile.values[0], n, run.weights + first);
        for (std::size_t v = 0; v < variable_count; ++v)
            std::copy_n(tile.values[v + 1], n, run.variables[v] + first);
    }

    template <bool Dense, class A>
    [[gnu::flatten]] void work_on(const SynapseRun& run, const PostView& history, A* lane, std::size_t begin,
                                  std::size_t end) const {
        std::size_t i = begin;
        for (; i + Width <= end; i += Width)
            block<Dense>(run, history, run.targets + i, run.weights + i, run.variables, i, lane, Width);
        if (const std::size_t n = end - i; n > 0) { // the last ones, beyond which others stand
            std::uint16_t targets[Width];
            float weights[Width], values[variable_count + 1][Width];
            float* variables[variable_count + 1];
            for (std::size_t j = 0; j < Width; ++j) {
                const std::size_t from = i + (j < n ? j : 0);
                targets[j] = run.targets[from];
                weights[j] = run.weights[from];
                for (std::size_t v = 0; v < variable_count; ++v)
                    values[v][j] = run.variables[v][from];
            }
            for (std::size_t v = 0; v < variable_count; ++v)
                variables[v] = values[v];
            block<Dense>(run, history, targets, weights, variables, 0, lane, n);
            for (std::size_t j = 0; j < n; ++j) {
                run.weights[i + j] = weights[j];
                for (std::size_t v = 0; v < variable_count; ++v)
                    run.variables[v][i + j] = values[v][j];
            }
        }
    }

    float h_;
    Key key_;
    Constants c_{};
    std::array<Vec, most_traces> pre_rate_{}, post_rate_{}; ///< minus the resolution over the time constant
};

} // namespace spikecast::models
