// pairwise_bernoulli and pairwise_poisson without positions, and symmetric_pairwise_bernoulli.
#include "engine/network/rules/rules.hpp"
#include "engine/network/rules/support.hpp"
#include "spikecast/distributions.hpp"

#include <algorithm>

namespace spikecast::rules {
namespace {

/// Above this probability a comparison for each pair is cheaper than a logarithm for each synapse.
constexpr double dense = 0.4;

class PairwiseBernoulli final : public RuleBase {
public:
    explicit PairwiseBernoulli(const RuleContext& context)
        : RuleBase(context), probability_(std::clamp(rule().probability, 0.0, 1.0)), skipper_(probability_) {}

    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        if (probability_ <= 0.0) return;
        std::vector<std::uint64_t> row;
        row.reserve(batch);
        const Key draws = key(Purpose::source);
        for (const OwnTarget& own : own_targets(worker)) {
            const std::uint64_t self = exclude_self() ? sources_.position(own.index) : SelectedNeurons::none;
            const std::uint64_t n = sources_.size() - (self != SelectedNeurons::none);
            std::uint64_t k = 0;
            const auto flush = [&] {
                sources_.to_indices(row);
                sink.row(own.index, own.local, k, row);
                k += row.size();
                row.clear();
            };
            const auto connect = [&](std::uint64_t j) {
                row.push_back(j + (j >= self));
                if (row.size() == batch) flush();
            };
            WordStream<16> words(draws, own.index, 0);
            if (probability_ > dense && probability_ < 1.0) {
                for (std::uint64_t j = 0; j < n; ++j) {
                    if (open_unit(words.next()) < probability_) connect(j);
                }
            } else {
                for (std::uint64_t j = skipper_.next(0, n, words); j < n; j = skipper_.next(j + 1, n, words))
                    connect(j);
            }
            if (!row.empty()) flush();
        }
    }
    [[nodiscard]] double expected_synapses() const override {
        const double pairs = static_cast<double>(sources_.size()) * static_cast<double>(targets_.size());
        return probability_ *
               (exclude_self() ? pairs - static_cast<double>(Overlap(targets_, sources_).size()) : pairs);
    }
    [[nodiscard]] double indegree_bound() const override {
        const auto n = static_cast<double>(sources_.size());
        return std::min(n, tail_bound(probability_ * n, static_cast<double>(targets_.size())));
    }

private:
    double probability_;
    Skipper skipper_;
};

class PairwisePoisson final : public RuleBase {
public:
    explicit PairwisePoisson(const RuleContext& context)
        : RuleBase(context), partners_(key(Purpose::source), sources_, exclude_self()) {
        require_multapses("pairwise_poisson");
    }
    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        const Key counts = key(Purpose::count);
        const auto scratch = std::make_unique<UniformPartners::Scratch>();
        for (const OwnTarget& own : own_targets(worker)) {
            const double mean = rule().probability * static_cast<double>(partners_.available(own.index));
            if (!(mean > 0.0)) continue;
            partners_.row(own.index, poisson(counts, own.index, 0, mean), true, *scratch,
                          [&](std::uint64_t first, std::span<const std::uint64_t> sources) {
                              sink.row(own.index, own.local, first, sources);
                          });
        }
    }
    [[nodiscard]] double expected_synapses() const override {
        const double pairs = static_cast<double>(sources_.size()) * static_cast<double>(targets_.size());
        return rule().probability *
               (exclude_self() ? pairs - static_cast<double>(Overlap(targets_, sources_).size()) : pairs);
    }
    [[nodiscard]] double indegree_bound() const override {
        return tail_bound(rule().probability * static_cast<double>(sources_.size()),
                          static_cast<double>(targets_.size()));
    }

private:
    UniformPartners partners_;
};

class SymmetricPairwiseBernoulli final : public RuleBase {
public:
    explicit SymmetricPairwiseBernoulli(const RuleContext& context)
        : RuleBase(context), probability_(std::clamp(rule().probability, 0.0, 1.0)), skipper_(probability_) {
        const bool same_list =
            std::equal(sources_.list().begin(), sources_.list().end(), targets_.list().begin(), targets_.list().end());
        const bool same =
            one_population() && sources_.size() == targets_.size() && same_list &&
            (!sources_.list().empty() || sources_.size() == 0 ||
             (sources_.begin() == targets_.begin() && (sources_.size() == 1 || sources_.step() == targets_.step())));
        if (!same) {
            refuse(
                "symmetric_pairwise_bernoulli between different selections, but a pair can only be connected in both "
                "directions within one",
                "give the same population and slice as source and target");
        }
    }
    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        if (probability_ <= 0.0) return;
        const std::vector<OwnTarget> own = own_targets(worker);
        const Key draws = key(Purpose::source);
        const std::uint64_t tiles = (targets_.size() + side - 1) / side;
        const std::vector<std::uint64_t> occupied = tiles_of(own);
        Side rows, columns;
        std::vector<DrawnSynapse> drawn;
        drawn.reserve(batch);
        const auto connect = [&](std::uint64_t source, std::uint64_t target, std::uint64_t local) {
            drawn.push_back({targets_.at(target), sources_.at(source), sources_.at(source), local});
            if (drawn.size() < batch) return;
            sink.scattered(drawn);
            drawn.clear();
        };
        const auto tile = [&](std::uint64_t r, std::uint64_t c) {
            const std::uint64_t height = std::min(side, targets_.size() - r * side);
            const std::uint64_t width = std::min(side, targets_.size() - c * side);
            WordStream<16> words(draws, r * tiles + c, 0);
            const std::uint64_t end = height * width;
            for (std::uint64_t i = skipper_.next(0, end, words); i < end; i = skipper_.next(i + 1, end, words)) {
                const std::uint64_t x = i / width, y = i % width;
                if (r == c && y <= x) continue; // the lower half of a tile on the diagonal is drawn in vain
                if (rows.local[x] != SelectedNeurons::none) connect(c * side + y, r * side + x, rows.local[x]);
                if (columns.local[y] != SelectedNeurons::none) connect(r * side + x, c * side + y, columns.local[y]);
            }
        };
        std::size_t next = 0;
        for (std::uint64_t r = 0; r < tiles; ++r) {
            fill(rows, own, r);
            const bool own_rows = next < occupied.size() && occupied[next] == r;
            next += own_rows;
            if (own_rows) {
                for (std::uint64_t c = r; c < tiles; ++c) {
                    fill(columns, own, c);
                    tile(r, c);
                }
            } else {
                for (std::size_t j = next; j < occupied.size(); ++j) {
                    fill(columns, own, occupied[j]);
                    tile(r, occupied[j]);
                }
            }
        }
        if (!drawn.empty()) sink.scattered(drawn);
    }
    [[nodiscard]] double expected_synapses() const override {
        const auto n = static_cast<double>(sources_.size());
        return probability_ * n * (n - 1.0);
    }
    [[nodiscard]] double indegree_bound() const override {
        const double others = static_cast<double>(sources_.size()) - 1.0;
        return std::max(0.0, std::min(others, tail_bound(probability_ * others, others + 1.0)));
    }
    [[nodiscard]] double draws_per_synapse() const override {
        return std::max(1.0, 0.5 * static_cast<double>(context_.partition.workers()));
    }

private:
    static constexpr std::uint64_t side = 256;
    /// Local numbers of the neurons along a tile's side, none where they are another worker's.
    struct Side {
        std::array<std::uint64_t, side> local;
    };
    static void fill(Side& out, const std::vector<OwnTarget>& own, std::uint64_t tile) {
        out.local.fill(SelectedNeurons::none);
        const auto before = [](const OwnTarget& o, std::uint64_t position) { return o.position < position; };
        for (auto o = std::lower_bound(own.begin(), own.end(), tile * side, before);
             o != own.end() && o->position < (tile + 1) * side; ++o) {
            out.local[o->position - tile * side] = o->local;
        }
    }
    static std::vector<std::uint64_t> tiles_of(const std::vector<OwnTarget>& own) {
        std::vector<std::uint64_t> result;
        for (const OwnTarget& o : own) {
            if (result.empty() || result.back() != o.position / side) result.push_back(o.position / side);
        }
        return result;
    }

    double probability_;
    Skipper skipper_;
};

} // namespace

RulePointer pairwise_bernoulli(const RuleContext& context) {
    return std::make_unique<PairwiseBernoulli>(context);
}
RulePointer pairwise_poisson(const RuleContext& context) {
    return std::make_unique<PairwisePoisson>(context);
}
RulePointer symmetric_pairwise_bernoulli(const RuleContext& context) {
    return std::make_unique<SymmetricPairwiseBernoulli>(context);
}

} // namespace spikecast::rules
