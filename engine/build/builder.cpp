#include "engine/build/builder.hpp"

#include "engine/build/block_exchange.hpp"
#include "engine/build/fault.hpp"
#include "engine/build/source_index.hpp"
#include "engine/exchange/collective.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <span>
#include <type_traits>

namespace spikecast {

std::string Hash128::hex() const {
    return fmt::format("{:016x}{:016x}", high, low);
}

namespace {

/// One worker's counters, and the numbers of its rank's rows, for each source population.
using Counts = std::vector<SourceCounts>;
using Numbers = std::vector<SourceNumbers>;

class ProgressMeter {
public:
    ProgressMeter(const BuildProgress* progress, double expected) : progress_(progress), expected_(expected) {}
    void add(std::size_t synapses) {
        done_ += static_cast<double>(synapses);
        if (progress_ != nullptr && *progress_ && done_ >= next_) {
            (*progress_)(done_, expected_);
            next_ = done_ + 2e5;
        }
    }

private:
    const BuildProgress* progress_;
    double expected_;
    double done_ = 0.0, next_ = 0.0;
};

class CountSink final : public SynapseSink {
public:
    CountSink(SourceCounts& table, ProgressMeter& meter) : table_(table), meter_(meter) {}
    void row(std::uint64_t, std::uint64_t, std::uint64_t, std::span<const std::uint64_t> sources) override {
        for (const std::uint64_t s : sources)
            table_.add(s);
        meter_.add(sources.size());
    }
    void scattered(std::span<const DrawnSynapse> synapses) override {
        for (const DrawnSynapse& s : synapses)
            table_.add(s.source);
        meter_.add(synapses.size());
    }
    void listed(std::span<const DrawnSynapse> synapses, std::span<const double>, std::span<const double>) override {
        scattered(synapses);
    }

private:
    SourceCounts& table_;
    ProgressMeter& meter_;
};

/// Rounds half to even without libm, for |x| < 2^51.
double round_even(double x) noexcept {
    constexpr double magic = 0x1.8p52;
    return (x + magic) - magic;
}

template <class W, class Tag>
class PlaceSink final : public SynapseSink {
public:
    PlaceSink(const NetworkPlan& plan, std::size_t projection, const WorkerLayout& layout, const SourceNumbers& numbers,
              std::uint32_t first_row, std::vector<std::uint64_t>& cursor, SynapseRows<W>& rows, HugeBuffer<Tag>& tags,
              Hash128& hash, ProgressMeter& meter)
        : planned_(plan.projections[projection]), scale_(plan.scale[planned_.target]), numbers_(numbers),
          first_row_(first_row), cursor_(cursor), synapses_(rows.synapses.data()), tags_(tags.data()), hash_(hash),
          meter_(meter), first_neuron_(layout.begin[planned_.target]), blocks_((layout.neurons() + 0xffffU) >> 16),
          lanes_(blocks_ * plan.receptors), resolution_(plan.experiment->simulation.resolution_ms()) {}

    void row(std::uint64_t target, std::uint64_t target_local, std::uint64_t k_first,
             std::span<const std::uint64_t> sources) override {
        const std::size_t n = sources.size();
        if (n == 0) return;
        weights_.resize(n);
        delays_.resize(n);
        const std::uint64_t keyed = fault("local_key") ? target_local : target;
        if (planned_.projection->weight.is_constant()) {
            std::fill(weights_.begin(), weights_.end(), planned_.projection->weight.a);
        } else {
            planned_.weight.fill(words(planned_.weight_key, keyed, k_first, n), weights_);
        }
        if (planned_.distance_delay) {
            const auto drawn = words(planned_.delay_key, target, k_first, n);
            for (std::size_t i = 0; i < n; ++i)
                delays_[i] = (*planned_.distance_delay)(drawn[i], planned_.rule->distance(sources[i], target));
        } else if (planned_.delay.low() == planned_.delay.high()) {
            std::fill(delays_.begin(), delays_.end(), planned_.delay.low());
        } else {
            planned_.delay.fill(words(planned_.delay_key, target, k_first, n), delays_);
        }
        place(n, target_local, [&](std::size_t i) {
            return DrawnSynapse{target, k_first + i, sources[i], target_local};
        });
    }
    void scattered(std::span<const DrawnSynapse> synapses) override { listed(synapses, {}, {}); }
    void listed(std::span<const DrawnSynapse> synapses, std::span<const double> weights,
                std::span<const double> delays) override {
        const std::size_t n = synapses.size();
        weights_.resize(n);
        delays_.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            const DrawnSynapse& s = synapses[i];
            if (!weights.empty())
                weights_[i] = weights[i];
            else if (planned_.projection->weight.is_constant())
                weights_[i] = planned_.projection->weight.a;
            else
                weights_[i] = planned_.weight(draw32(planned_.weight_key, s.target, s.k));
            if (!delays.empty())
                delays_[i] = static_cast<std::uint32_t>(round_even(delays[i] / resolution_));
            else if (planned_.distance_delay)
                delays_[i] = (*planned_.distance_delay)(draw32(planned_.delay_key, s.target, s.k),
                                                        planned_.rule->distance(s.source, s.target));
            else
                delays_[i] = planned_.delay(draw32(planned_.delay_key, s.target, s.k));
        }
        for (std::size_t i = 0; i < n; ++i)
            place_one(synapses[i], weights_[i], delays_[i]);
        hash_ += batch_hash_;
        batch_hash_ = {};
        meter_.add(n);
    }

private:
    /// Words k_first .. k_first + n - 1 of a target's draws.
    std::span<const std::uint32_t> words(Key key, std::uint64_t target, std::uint64_t k_first, std::size_t n) {
        const std::uint64_t first = k_first >> 2;
        const std::uint64_t blocks = ((k_first + n + 3) >> 2) - first;
        words_.resize(blocks * 4);
        philox_fill(key, target, first, words_);
        return std::span<const std::uint32_t>(words_).subspan(k_first & 3, n);
    }
    template <class Identity>
    void place(std::size_t n, std::uint64_t, Identity&& identity) {
        for (std::size_t i = 0; i < n; ++i)
            place_one(identity(i), weights_[i], delays_[i]);
        hash_ += batch_hash_;
        batch_hash_ = {};
        meter_.add(n);
    }
    void place_one(const DrawnSynapse& s, double weight, std::uint32_t delay) {
        const auto neuron = static_cast<std::uint32_t>(first_neuron_ + s.target_local);
        std::uint32_t receptor = planned_.receptor.of(weight);
        W stored;
        std::uint32_t bits;
        if (planned_.receptor.counts) {
            receptor = planned_.receptor.positive;
            weight = 1.0;
        }
        if constexpr (std::is_same_v<W, float>) {
            stored = static_cast<float>(weight);
            bits = std::bit_cast<std::uint32_t>(stored);
        } else {
            stored = static_cast<W>(round_even(weight * scale_[receptor]));
            bits = static_cast<std::uint16_t>(stored);
        }
        if (fault("weight_bit") && neuron == 5 && s.k == 0 && first_neuron_ == 0 && s.target == 5) {
            if constexpr (std::is_same_v<W, float>) stored = std::bit_cast<float>(bits ^= 1);
        }
        const std::uint32_t lane = receptor * blocks_ + (neuron >> 16);
        const std::uint64_t position = cursor_[numbers_.at(s.source) - first_row_]++;
        synapses_[position] = {static_cast<std::uint16_t>(neuron & 0xffffU), stored};
        tags_[position] = static_cast<Tag>(delay * lanes_ + lane);
        batch_hash_ += synapse_hash(planned_.identity, s.target, s.k, s.source, bits, delay);
    }

    const PlannedProjection& planned_;
    const std::vector<double>& scale_;
    const SourceNumbers& numbers_;
    std::uint32_t first_row_; ///< of these rows
    std::vector<std::uint64_t>& cursor_;
    Synapse<W>* synapses_;
    Tag* tags_;
    Hash128& hash_;
    Hash128 batch_hash_;
    ProgressMeter& meter_;
    std::uint32_t first_neuron_, blocks_, lanes_;
    double resolution_;
    std::vector<double> weights_;
    std::vector<std::uint32_t> delays_;
    std::vector<std::uint32_t> words_;
};

/// Sorts every row by tag, stable, and writes its directory.
template <class W, class Tag>
void sort_rows(SynapseRows<W>& rows, HugeBuffer<Tag>& tags, std::uint32_t codes, std::uint32_t lanes) {
    std::vector<std::uint32_t> counts(codes + 1);
    std::vector<Synapse<W>> scratch;
    rows.directory_begin.resize(rows.rows() + 1);
    std::size_t most = 0; // a row has a segment for each code or synapse at most; pages that stay empty cost no memory
    for (std::size_t r = 0; r < rows.rows(); ++r) {
        const std::uint64_t n = rows.begin[r + 1] - rows.begin[r];
        most += std::min<std::uint64_t>(n, codes) + n / 0xffff;
    }
    rows.directory.reserve(most);
    const auto add = [&](std::uint32_t tag, std::uint64_t count) {
        while (count > 0) {
            const std::uint64_t part = std::min<std::uint64_t>(count, 0xffff);
            rows.directory.push_back({static_cast<std::uint16_t>(tag / lanes), static_cast<std::uint16_t>(tag % lanes),
                                      static_cast<std::uint16_t>(part)});
            count -= part;
        }
    };
    const auto check_directory = [&] {
        if (rows.directory.size() > 0xffff'ffffU)
            throw RunError("a worker's rows have more than 2^32 segments; use more ranks or threads");
    };
    for (std::size_t r = 0; r < rows.rows(); ++r) {
        check_directory();
        rows.directory_begin[r] = static_cast<std::uint32_t>(rows.directory.size());
        const std::uint64_t begin = rows.begin[r];
        const std::size_t n = rows.begin[r + 1] - begin;
        if (n == 0) continue;
        Synapse<W>* row = rows.synapses.data() + begin;
        Tag* tag = tags.data() + begin;
        if (n * 4 < codes) { // short row: insertion by binary search would not pay either
            for (std::size_t i = 1; i < n; ++i) {
                const Synapse<W> synapse = row[i];
                const Tag t = tag[i];
                std::size_t j = i;
                for (; j > 0 && tag[j - 1] > t; --j) {
                    row[j] = row[j - 1];
                    tag[j] = tag[j - 1];
                }
                row[j] = synapse;
                tag[j] = t;
            }
            for (std::size_t i = 0; i < n;) {
                std::size_t j = i;
                while (j < n && tag[j] == tag[i])
                    ++j;
                add(tag[i], j - i);
                i = j;
            }
            continue;
        }
        std::fill(counts.begin(), counts.end(), 0U);
        for (std::size_t i = 0; i < n; ++i)
            ++counts[tag[i] + std::size_t{1}];
        for (std::uint32_t c = 0; c < codes; ++c) {
            if (counts[c + 1] != 0) add(c, counts[c + 1]);
            counts[c + 1] += counts[c];
        }
        scratch.assign(row, row + n);
        for (std::size_t i = 0; i < n; ++i)
            row[counts[tag[i]]++] = scratch[i];
    }
    check_directory();
    rows.directory_begin.back() = static_cast<std::uint32_t>(rows.directory.size());
    rows.directory.shrink_to_fit();
}

/// Pass 2 of one worker: rows of known length, to be filled through sinks and then sorted.
template <class W>
class Placement {
public:
    virtual ~Placement() = default;
    [[nodiscard]] virtual std::unique_ptr<SynapseSink> sink(std::size_t projection) = 0;
    virtual void sort() = 0;
};

template <class W, class Tag>
class TaggedPlacement final : public Placement<W> {
public:
    TaggedPlacement(const NetworkPlan& plan, const WorkerLayout& layout, const Numbers& numbers,
                    std::uint32_t first_row, SynapseRows<W>& rows, Hash128& hash, ProgressMeter& meter,
                    std::uint32_t codes, std::uint32_t lanes)
        : plan_(plan), layout_(layout), numbers_(numbers), first_row_(first_row), rows_(rows), hash_(hash),
          meter_(meter), codes_(codes), lanes_(lanes) {
        rows.synapses = HugeBuffer<Synapse<W>>(rows.begin.back());
        tags_ = HugeBuffer<Tag>(rows.begin.back());
        cursor_.assign(rows.begin.begin(), rows.begin.end() - 1);
    }
    [[nodiscard]] std::unique_ptr<SynapseSink> sink(std::size_t projection) override {
        return std::make_unique<PlaceSink<W, Tag>>(plan_, projection, layout_,
                                                   numbers_[plan_.projections[projection].source], first_row_, cursor_,
                                                   rows_, tags_, hash_, meter_);
    }
    void sort() override {
        cursor_ = {};
        sort_rows(rows_, tags_, codes_, lanes_);
    }

private:
    const NetworkPlan& plan_;
    const WorkerLayout& layout_;
    const Numbers& numbers_;
    std::uint32_t first_row_;
    SynapseRows<W>& rows_;
    Hash128& hash_;
    ProgressMeter& meter_;
    std::uint32_t codes_, lanes_;
    HugeBuffer<Tag> tags_;
    std::vector<std::uint64_t> cursor_;
};

/// Synapses from each population that a worker expects, those of plastic projections included or left out.
std::vector<double> expected_from(const NetworkPlan& plan, double workers, bool plastic) {
    std::vector<double> expected(plan.experiment->populations.size(), 0.0);
    for (const PlannedProjection& planned : plan.projections)
        if (plastic || planned.synapse == nullptr)
            expected[planned.source] += planned.rule->expected_synapses() / workers;
    return expected;
}

/// Populations whose sources are counted in a dense table: 4 bytes a source, so it is taken where that is no more than
/// the synapses themselves cost.
std::vector<bool> dense_tables(const NetworkPlan& plan, double workers) {
    const auto& populations = plan.experiment->populations;
    const std::vector<double> expected = expected_from(plan, workers, true);
    std::vector<bool> dense(populations.size());
    for (std::size_t p = 0; p < populations.size(); ++p)
        dense[p] = static_cast<double>(populations[p].size) <= expected[p] + 65536.0;
    return dense;
}

/// A worker's counters before pass 1.
Counts empty_counts(const NetworkPlan& plan, const std::vector<bool>& dense, double workers) {
    const auto& populations = plan.experiment->populations;
    std::vector<bool> used(populations.size(), false);
    for (const PlannedProjection& planned : plan.projections)
        used[planned.source] = true;
    const std::vector<double> expected = expected_from(plan, workers, false);
    Counts counts;
    for (std::size_t p = 0; p < populations.size(); ++p)
        counts.push_back(used[p] ? SourceCounts(populations[p].size, dense[p], expected[p]) : SourceCounts());
    return counts;
}

/// One worker's counters of one plastic projection before pass 1.
SourceCounts empty_plastic_counts(const NetworkPlan& plan, std::size_t projection, const std::vector<bool>& dense,
                                  double workers) {
    const PlannedProjection& planned = plan.projections[projection];
    return {plan.experiment->populations[planned.source].size, dense[planned.source],
            planned.rule->expected_synapses() / workers};
}

/// Of two lists in ascending order.
std::vector<std::uint64_t> union_of(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
    std::vector<std::uint64_t> both;
    both.reserve(a.size() + b.size());
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
}

/// All sources that any worker of a rank hears, in global order: their rows.
struct HeardSources {
    Numbers numbers;
    std::vector<std::vector<std::uint64_t>> heard; ///< by population
    std::vector<std::pair<std::uint32_t, std::uint32_t>>
        rows_of; ///< by population: first row, and the one after the last
    std::uint64_t rows = 0;
};
/// counts: [worker][population]; plastic_counts: [worker][projection]. Throws RunError for too many.
HeardSources number_sources(const NetworkPlan& plan, const std::vector<bool>& dense, std::span<const Counts> counts,
                            std::span<const Counts> plastic_counts) {
    const auto& populations = plan.experiment->populations;
    HeardSources all{Numbers(populations.size()), {}, {}, 0};
    all.heard.resize(populations.size());
    all.rows_of.resize(populations.size());
    for (std::size_t p = 0; p < populations.size(); ++p) {
        if (!counts[0][p].used()) continue;
        std::vector<std::uint64_t>& heard = all.heard[p];
        heard = counts[0][p].present();
        for (std::size_t t = 0; t < counts.size(); ++t) {
            if (t > 0) heard = union_of(heard, counts[t][p].present());
            for (std::size_t i = 0; i < plan.projections.size(); ++i)
                if (plan.projections[i].synapse != nullptr && plan.projections[i].source == p)
                    heard = union_of(heard, plastic_counts[t][i].present());
        }
        heard.shrink_to_fit();
        const auto first = static_cast<std::uint32_t>(all.rows);
        all.rows += heard.size();
        if (all.rows >= 0xffff'ffffU) throw RunError("a rank hears more than 2^32 sources; use more ranks");
        all.numbers[p] = SourceNumbers(heard, first, populations[p].size, dense[p]);
        all.rows_of[p] = {first, static_cast<std::uint32_t>(all.rows)};
    }
    return all;
}

/// Pass 2 of one worker, whose rows are as long as counts say: those of the sources heard, which begin with row
/// first_row of the rank. The counts go.
template <class W>
std::unique_ptr<Placement<W>> make_placement(const NetworkPlan& plan, WorkerId worker, const WorkerLayout& layout,
                                             std::span<SourceCounts> counts, const Numbers& numbers,
                                             std::span<const std::vector<std::uint64_t>> heard, std::uint32_t first_row,
                                             SynapseRows<W>& rows, Hash128& hash, ProgressMeter& meter) {
    std::size_t number = 0;
    for (const auto& sources : heard)
        number += sources.size();
    rows.begin.resize(number + 1);
    std::uint64_t sum = 0;
    std::size_t row = 0;
    for (std::size_t p = 0; p < heard.size(); ++p) {
        counts[p].counts(heard[p], [&](std::uint32_t count) {
            rows.begin[row++] = sum;
            sum += count;
        });
        counts[p] = SourceCounts();
    }
    rows.begin[row] = sum;
    const std::uint32_t lanes = ((layout.neurons() + 0xffffU) >> 16) * plan.receptors;
    const std::uint64_t tags = std::uint64_t{plan.max_delay + 1} * lanes;
    if (lanes > 4096 || tags > 0xffff'ffffULL || sum >= std::uint64_t{1} << 36)
        throw RunError(fmt::format("worker {} would hold {} synapses on {} lanes, more than one worker can; use more "
                                   "ranks or threads",
                                   worker, sum, lanes));
    const auto n = static_cast<std::uint32_t>(tags);
    const auto make = [&](auto tag) -> std::unique_ptr<Placement<W>> {
        return std::make_unique<TaggedPlacement<W, decltype(tag)>>(plan, layout, numbers, first_row, rows, hash, meter,
                                                                   n, lanes);
    };
    if (tags <= 0x100) return make(std::uint8_t{});
    if (tags <= 0x10000) return make(std::uint16_t{});
    return make(std::uint32_t{});
}

/// Enumerates all projections, in order, for every worker of every rank: make(t, p) gives the sink of this rank's
/// worker t for projection p. Collective; but a dry run, which has nobody to exchange with, redraws.
template <class MakeSink>
void enumerate_all(MPI_Comm comm, const Share& share, const NetworkPlan& plan, Team& team, WorkerId first_worker,
                   MakeSink&& make) {
    const auto exchanged = [&](std::size_t p) { return plan.projections[p].exchanged() && !share.dry; };
    std::vector<std::unique_ptr<SynapseSink>> sinks(team.threads());
    for (std::size_t p = 0; p < plan.projections.size();) {
        std::size_t end = p;
        while (end < plan.projections.size() && !exchanged(end))
            ++end;
        collectively_on(comm, team, [&](std::uint32_t t) {
            for (std::size_t i = p; i < end; ++i) {
                sinks[t] = make(t, i);
                plan.projections[i].rule->enumerate(first_worker + t, *sinks[t]);
            }
            if (end < plan.projections.size()) sinks[t] = make(t, end);
        });
        if (end < plan.projections.size()) {
            std::vector<SynapseSink*> each;
            each.reserve(sinks.size());
            for (const auto& sink : sinks)
                each.push_back(sink.get());
            enumerate_by_exchange(comm, plan, plan.projections[end], team, each);
        }
        p = end + 1;
    }
}

} // namespace

template <class W>
RankNetwork<W> build_network(MPI_Comm comm, const Share& share, const NetworkPlan& plan, Team& team,
                             const BuildProgress& progress) {
    const std::uint32_t threads = team.threads();
    const WorkerId first_worker = static_cast<WorkerId>(share.rank) * threads;
    const auto& populations = plan.experiment->populations;
    const double workers = static_cast<double>(share.ranks) * threads;

    RankNetwork<W> network;
    network.rows.resize(threads);

    const std::vector<bool> dense = dense_tables(plan, workers);
    const double work = 2.0 * plan.expected_synapses() / workers;

    std::vector<Hash128> hashes(threads);
    std::vector<ProgressMeter> meters;
    for (std::uint32_t t = 0; t < threads; ++t)
        meters.emplace_back(t == 0 ? &progress : nullptr, work);

    collectively(comm, [&] {
        for (std::uint32_t t = 0; t < threads; ++t)
            network.layouts.push_back(make_layout(plan, first_worker + t));
    });

    std::vector<Counts> counts(threads);
    std::vector<Counts> plastic_counts(threads); // by projection
    const auto plastic = [&](std::size_t p) { return plan.projections[p].synapse != nullptr; };
    collectively_on(comm, team, [&](std::uint32_t t) {
        counts[t] = empty_counts(plan, dense, workers);
        plastic_counts[t].resize(plan.projections.size());
        for (std::size_t p = 0; p < plan.projections.size(); ++p)
            if (plastic(p)) plastic_counts[t][p] = empty_plastic_counts(plan, p, dense, workers);
    });
    enumerate_all(comm, share, plan, team, first_worker, [&](std::uint32_t t, std::size_t p) {
        return std::make_unique<CountSink>(plastic(p) ? plastic_counts[t][p] : counts[t][plan.projections[p].source],
                                           meters[t]);
    });
    collectively_on(comm, team, [&](std::uint32_t t) {
        for (SourceCounts& each : counts[t])
            each.finish();
        for (SourceCounts& each : plastic_counts[t])
            each.finish();
    });

    HeardSources sources;
    collectively(comm, [&] {
        sources = number_sources(plan, dense, counts, plastic_counts);
        network.rows_of = sources.rows_of;
        network.sources_heard = sources.rows;
    });
    Numbers& numbers = sources.numbers;
    auto& heard = sources.heard;

    {
        std::vector<std::unique_ptr<Placement<W>>> placements(threads);
        std::vector<std::vector<std::unique_ptr<Placement<float>>>> plastic_placements(threads);
        network.plastic.resize(plan.projections.size());
        for (std::size_t p = 0; p < plan.projections.size(); ++p)
            if (plastic(p)) network.plastic[p].resize(threads);
        collectively_on(comm, team, [&](std::uint32_t t) {
            placements[t] = make_placement<W>(plan, first_worker + t, network.layouts[t], counts[t], numbers, heard, 0,
                                              network.rows[t], hashes[t], meters[t]);
            plastic_placements[t].resize(plan.projections.size());
            for (std::size_t p = 0; p < plan.projections.size(); ++p) {
                if (!plastic(p)) continue;
                const std::size_t source = plan.projections[p].source;
                plastic_placements[t][p] =
                    make_placement<float>(plan, first_worker + t, network.layouts[t],
                                          std::span(&plastic_counts[t][p], 1), numbers, std::span(&heard[source], 1),
                                          network.rows_of[source].first, network.plastic[p][t], hashes[t], meters[t]);
            }
        });
        enumerate_all(comm, share, plan, team, first_worker, [&](std::uint32_t t, std::size_t p) {
            return plastic(p) ? plastic_placements[t][p]->sink(p) : placements[t]->sink(p);
        });
        collectively_on(comm, team, [&](std::uint32_t t) {
            placements[t]->sort();
            placements[t].reset();
            for (auto& placement : plastic_placements[t]) {
                if (placement) placement->sort();
                placement.reset();
            }
        });
    }
    for (std::uint32_t t = 0; t < threads; ++t) {
        network.synapses += network.rows[t].begin.back();
        for (const auto& rows : network.plastic)
            if (!rows.empty()) network.synapses += rows[t].begin.back();
        network.network_hash += hashes[t];
    }

    numbers.clear();
    network.row_sources.resize(populations.size());
    for (const PlannedProjection& planned : plan.projections)
        if (planned.synapse != nullptr || plan.keeps_sources)
            network.row_sources[planned.source] = heard[planned.source];
    RankRoutes routes = make_routes(comm, share, plan, network.layouts, heard);
    network.routes = std::move(routes.routes);
    network.hears = std::move(routes.hears);
    network.own_row = std::move(routes.own_row);
    network.drawing_s = routes.drawing_s;
    return network;
}

template <class W>
BuildSample sample_build(const NetworkPlan& plan, WorkerId worker, double workers) {
    ProgressMeter meter(nullptr, 0.0);
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto begin = now();
    const std::vector<bool> dense = dense_tables(plan, workers);
    const auto plastic = [&](std::size_t p) { return plan.projections[p].synapse != nullptr; };
    Counts counts = empty_counts(plan, dense, workers);
    Counts plastic_counts(plan.projections.size());
    for (std::size_t p = 0; p < plan.projections.size(); ++p) {
        if (plastic(p)) plastic_counts[p] = empty_plastic_counts(plan, p, dense, workers);
        CountSink sink(plastic(p) ? plastic_counts[p] : counts[plan.projections[p].source], meter);
        plan.projections[p].rule->enumerate(worker, sink);
    }
    for (SourceCounts& each : counts)
        each.finish();
    for (SourceCounts& each : plastic_counts)
        each.finish();
    BuildSample sample;
    const HeardSources sources = number_sources(plan, dense, {&counts, 1}, {&plastic_counts, 1});
    sample.rows_of = sources.rows_of;
    SynapseRows<W> rows;
    Hash128 hash;
    sample.layout = make_layout(plan, worker);
    const auto placement =
        make_placement<W>(plan, worker, sample.layout, counts, sources.numbers, sources.heard, 0, rows, hash, meter);
    sample.plastic.resize(plan.projections.size());
    std::vector<std::unique_ptr<Placement<float>>> plastic_placements(plan.projections.size());
    for (std::size_t p = 0; p < plan.projections.size(); ++p) {
        const std::size_t source = plan.projections[p].source;
        if (plastic(p))
            plastic_placements[p] = make_placement<float>(
                plan, worker, sample.layout, std::span(&plastic_counts[p], 1), sources.numbers,
                std::span(&sources.heard[source], 1), sources.rows_of[source].first, sample.plastic[p], hash, meter);
        plan.projections[p].rule->enumerate(worker,
                                            *(plastic(p) ? plastic_placements[p]->sink(p) : placement->sink(p)));
    }
    placement->sort();
    for (const auto& each : plastic_placements)
        if (each) each->sort();
    const std::chrono::duration<double> seconds = now() - begin;
    sample.seconds = seconds.count();
    sample.synapses = static_cast<double>(rows.begin.back());
    for (const SynapseRows<float>& each : sample.plastic)
        if (!each.begin.empty()) sample.synapses += static_cast<double>(each.begin.back());
    return sample;
}

template BuildSample sample_build<float>(const NetworkPlan&, WorkerId, double);
template BuildSample sample_build<std::int16_t>(const NetworkPlan&, WorkerId, double);
template RankNetwork<float> build_network<float>(MPI_Comm, const Share&, const NetworkPlan&, Team&,
                                                 const BuildProgress&);
template RankNetwork<std::int16_t> build_network<std::int16_t>(MPI_Comm, const Share&, const NetworkPlan&, Team&,
                                                               const BuildProgress&);

} // namespace spikecast
