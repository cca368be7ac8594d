#include "engine/plasticity/post_history.hpp"

#include "spikecast/error.hpp"
#include "spikecast/math.hpp"
#include "spikecast/simd_math.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace spikecast {

PostHistory::PostHistory(std::size_t neurons, std::vector<TraceLaw> traces, double resolution_ms,
                         std::uint32_t log2_capacity)
    : traces_(std::move(traces)), h_(resolution_ms), log2_(log2_capacity), count_(neurons, 0),
      steps_(neurons << log2_capacity, never),
      values_(traces_.size(), std::vector<float>(neurons << log2_capacity, 0.0F)) {}

namespace {

/// What tau K' = y^2 - K has gained from the decaying y^2 since it was `square`.
double square_response(double square, double since, double gain, double fast, double slow) {
    return gain == 0.0 ? -slow * square * since * math::exp(slow * since)
                       : gain * square * (math::exp(slow * since) - math::exp(fast * since));
}

} // namespace

void PostHistory::grow() {
    const std::uint32_t old = log2_;
    if (count_.size() << (old + 1) > 0x7fff'ffffU)
        throw RunError("the spikes that plastic synapses have yet to take into account are more than a worker can "
                       "hold; use more ranks or threads, or shorter dendritic delays");
    const auto moved = [&](auto& values, auto empty) {
        std::vector<decltype(empty)> larger(values.size() * 2, empty);
        for (std::uint32_t n = 0; n < count_.size(); ++n) {
            const auto spikes = static_cast<std::uint32_t>(count_[n]);
            for (std::uint32_t i = spikes - std::min(spikes, 1U << old); i != spikes; ++i)
                larger[(std::size_t{n} << (old + 1)) | (i & ((2U << old) - 1))] =
                    values[(std::size_t{n} << old) | (i & ((1U << old) - 1))];
        }
        values = std::move(larger);
    };
    moved(steps_, never);
    for (std::vector<float>& values : values_)
        moved(values, 0.0F);
    ++log2_;
}

void PostHistory::add(std::uint32_t neuron, std::int32_t stamp, PostEntry entry) {
    const bool teacher = entry.teacher;
    const auto n = static_cast<std::uint32_t>(count_[neuron]);
    const std::size_t last = slot(neuron, n - 1), next = slot(neuron, n);
    for (std::size_t t = 0; t < traces_.size(); ++t) {
        const TraceLaw& law = traces_[t];
        const double since = n > 0 ? (stamp - steps_[last]) * h_ : 0.0;
        double value = n > 0 ? static_cast<double>(values_[t][last]) * math::exp(-since / law.tau_ms) : 0.0;
        switch (law.kind) {
        case TraceKind::all:
            value += teacher ? 0.0 : 1.0;
            break;
        case TraceKind::nearest:
            value = teacher ? value : 1.0;
            break;
        case TraceKind::square:
            if (n > 0) {
                const auto y = static_cast<double>(values_[find({law.of_ms, TraceKind::all})][last]);
                value += square_response(y * y, since, square_gain(law.of_ms, law.tau_ms), -2.0 / law.of_ms,
                                         -1.0 / law.tau_ms);
            }
            break;
        case TraceKind::teacher:
            value += teacher ? 1.0 : 0.0;
            break;
        case TraceKind::from_teacher:
            value = teacher ? 1.0 : 0.0;
            break;
        case TraceKind::given:
            value = static_cast<double>(entry.given);
            break;
        case TraceKind::trial:
            value = static_cast<double>(entry.trial);
            break;
        }
        values_[t][next] = static_cast<float>(value);
    }
    steps_[next] = stamp;
    if (!recent_.empty()) {
        const std::int32_t old = stamp - lag_ - 1; // nobody reads what was before this again
        if (!log_.empty() && log_.front().stamp <= old) {
            for (Recent& recent : recent_)
                take_in(recent, old);
            for (; !log_.empty() && log_.front().stamp <= old; ++log_begin_)
                log_.pop_front();
        }
        log_.push_back({stamp, neuron, count_[neuron]});
    }
    ++count_[neuron];
}

std::vector<std::size_t> PostHistory::places(const std::vector<std::uint32_t>& spikes) const {
    std::vector<std::size_t> out;
    for (std::uint32_t n = 0; n < spikes.size(); ++n)
        for (std::uint32_t i = spikes[n]; i > 0; --i)
            out.push_back(slot(n, static_cast<std::uint32_t>(count_[n]) - i));
    return out;
}

void PostHistory::make_room(const std::vector<std::uint32_t>& spikes) {
    for (std::uint32_t n = 0; n < spikes.size(); ++n) {
        while (spikes[n] >= 1U << log2_) // one slot stays free for the next
            grow();
        count_[n] = static_cast<std::int32_t>(spikes[n]);
    }
}

void PostHistory::take_up(const std::vector<std::uint32_t>& spikes) {
    if (recent_.empty()) return;
    for (std::uint32_t n = 0; n < spikes.size(); ++n)
        for (std::uint32_t i = 0; i < spikes[n]; ++i)
            log_.push_back({steps_[slot(n, i)], n, static_cast<std::int32_t>(i)});
    std::sort(log_.begin(), log_.end(), [](const Logged& a, const Logged& b) {
        return std::tie(a.stamp, a.neuron, a.number) < std::tie(b.stamp, b.neuron, b.number);
    });
}

std::uint32_t PostHistory::add_recent(std::int32_t dendritic) {
    for (std::uint32_t i = 0; i < recent_.size(); ++i)
        if (recent_[i].dendritic == dendritic) return i;
    if (recent_.size() == most_recent) return none;
    const std::size_t n = count_.size();
    Recent recent;
    recent.dendritic = dendritic;
    recent.seen.assign(n, 0);
    recent.stamps.assign(recent_spikes, std::vector<std::int32_t>(n, never));
    recent.after.assign(traces_.size(), std::vector<float>(n, 0.0F));
    recent.at = recent.after;
    recent_.push_back(std::move(recent));
    lag_ = std::max(lag_, 2 * dendritic);
    return static_cast<std::uint32_t>(recent_.size() - 1);
}

void PostHistory::take_in(Recent& recent, std::int32_t end) const {
    recent.end = std::max(recent.end, end);
    for (; recent.next < log_begin_ + log_.size(); ++recent.next) {
        const Logged& spike = log_[recent.next - log_begin_];
        if (spike.stamp > end) break;
        const std::uint32_t n = spike.neuron;
        for (std::size_t d = recent_spikes - 1; d > 0; --d)
            recent.stamps[d][n] = recent.stamps[d - 1][n];
        recent.stamps[0][n] = spike.stamp;
        recent.seen[n] = spike.number + 1;
        const std::size_t at = slot(n, static_cast<std::uint32_t>(spike.number));
        for (std::size_t t = 0; t < traces_.size(); ++t)
            recent.after[t][n] = values_[t][at];
    }
}

PostView PostHistory::view(const std::vector<std::size_t>& traces, std::uint32_t number, std::int32_t end,
                           std::int32_t at, bool with_traces) {
    Recent& recent = recent_[number];
    if (with_traces && recent.traces_at != at && recent.end < at) {
        take_in(recent, at - 1);
        constexpr std::size_t width = simd::native_width<float>;
        using Vec = simd::vec<float, width>;
        using One = simd::vec<float, 1>;
        const std::size_t n = count_.size();
        const std::int32_t* last = recent.stamps[0].data();
        for (std::size_t t = 0; t < traces_.size(); ++t) {
            if (traces_[t].kind == TraceKind::given || traces_[t].kind == TraceKind::trial)
                continue; // read with entries only
            const auto rate = static_cast<float>(-h_ / traces_[t].tau_ms);
            const float* after = recent.after[t].data();
            float* out = recent.at[t].data();
            alignas(64) float since[width];
            std::size_t i = 0;
            for (; i + width <= n; i += width) {
                for (std::size_t j = 0; j < width; ++j)
                    since[j] = static_cast<float>(at - last[i + j]);
                (Vec::load(after + i) * simd::exp(Vec::load(since) * Vec(rate))).store(out + i);
            }
            for (; i < n; ++i)
                out[i] = after[i] * simd::exp(One(static_cast<float>(at - last[i])) * One(rate))[0];
        }
        recent.traces_at = at;
    }
    take_in(recent, end);
    PostView all = view(traces);
    all.seen = recent.seen.data();
    for (std::size_t d = 0; d < recent_spikes; ++d)
        all.recent[d] = recent.stamps[d].data();
    for (std::size_t i = 0; i < traces.size() && recent.traces_at == at; ++i)
        all.at[i] = recent.at[traces[i]].data();
    return all;
}

std::size_t PostHistory::find(const TraceLaw& law) const {
    return static_cast<std::size_t>(std::find(traces_.begin(), traces_.end(), law) - traces_.begin());
}

PostView PostHistory::view(const std::vector<std::size_t>& traces) const {
    PostView view;
    view.count = count_.data();
    view.steps = steps_.data();
    view.log2_capacity = log2_;
    for (std::size_t i = 0; i < traces.size(); ++i)
        view.traces[i] = values_[traces[i]].data();
    return view;
}

} // namespace spikecast
