#include "engine/network/rules/rules.hpp"
#include "engine/network/rules/support.hpp"
#include "spikecast/distributions.hpp"
#include "spikecast/math.hpp"

#include <algorithm>

namespace spikecast::rules {
namespace {

double log_binomial(double n, double k) {
    return math::lgamma(n + 1.0) - math::lgamma(k + 1.0) - math::lgamma(n - k + 1.0);
}

/// How many of `drawn` things taken without replacement from left + right are from the left, for a uniform number u:
/// inversion outwards from the mode, O(standard deviation).
std::uint64_t hypergeometric(double u, std::uint64_t drawn, std::uint64_t left, std::uint64_t right) {
    const std::uint64_t least = drawn > right ? drawn - right : 0, most = std::min(drawn, left);
    if (least == most) return least;
    const auto c = static_cast<double>(drawn), l = static_cast<double>(left), r = static_cast<double>(right);
    const double peak = (c + 1.0) * (l + 1.0) / (l + r + 2.0);
    const std::uint64_t mode = std::clamp(static_cast<std::uint64_t>(peak), least, most);
    const auto at_mode = static_cast<double>(mode);
    const double p = math::exp(log_binomial(l, at_mode) + log_binomial(r, c - at_mode) - log_binomial(l + r, c));
    std::uint64_t low = mode, high = mode;
    double p_low = p, p_high = p;
    u -= p;
    while (u > 0.0 && (low > least || high < most)) {
        if (low > least) {
            const auto x = static_cast<double>(low);
            p_low *= x * (r - c + x) / ((l - x + 1.0) * (c - x + 1.0));
            --low;
            if ((u -= p_low) <= 0.0) return low;
        }
        if (high < most) {
            const auto x = static_cast<double>(high);
            p_high *= (l - x) * (c - x) / ((x + 1.0) * (r - c + x + 1.0));
            ++high;
            if ((u -= p_high) <= 0.0) return high;
        }
    }
    return mode;
}

class FixedTotalNumber final : public RuleBase {
public:
    explicit FixedTotalNumber(const RuleContext& context)
        : RuleBase(context), partners_(key(Purpose::source), sources_, exclude_self()) {
        if (exclude_self()) selves_ = Overlap(targets_, sources_);
        if (rule().number == 0) return;
        const auto pairs = static_cast<Wide>(targets_.size()) * sources_.size() - selves_.size();
        if (pairs == 0 || (!rule().allow_multapses && rule().number > pairs)) {
            refuse("fixed_total_number = " + std::to_string(rule().number) + ", but there are " +
                       (pairs == 0 ? "no pairs of a source and a target" : "fewer pairs and multapses are forbidden"),
                   "lower the number, allow multapses, or select more neurons");
        }
        if (pairs >> 63 != 0) {
            refuse("fixed_total_number over more than 2^63 pairs of neurons", "select fewer sources or targets");
        }
    }
    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        if (rule().number == 0) return;
        const std::vector<OwnTarget> own = own_targets(worker);
        std::vector<std::uint64_t> cells(own.size()), counts(own.size());
        for (std::size_t j = 0; j < own.size(); ++j)
            cells[j] = own[j].position;
        if (!rule().allow_multapses) {
            descend(key(Purpose::count), 1, 0, targets_.size(), rule().number, cells, counts);
        } else if (selves_.size() == 0) {
            MultinomialTree(key(Purpose::count), rule().number, targets_.size()).counts(cells, counts);
        } else {
            MultinomialTree(key(Purpose::count), rule().number, targets_.size(), &pairs_between, this)
                .counts(cells, counts);
        }
        const auto scratch = std::make_unique<UniformPartners::Scratch>();
        for (std::size_t j = 0; j < own.size(); ++j) {
            partners_.row(own[j].index, counts[j], rule().allow_multapses, *scratch,
                          [&](std::uint64_t first, std::span<const std::uint64_t> sources) {
                              sink.row(own[j].index, own[j].local, first, sources);
                          });
        }
    }
    [[nodiscard]] double expected_synapses() const override { return static_cast<double>(rule().number); }
    [[nodiscard]] double indegree_bound() const override {
        if (rule().number == 0) return 0.0;
        const auto n = static_cast<double>(sources_.size()), m = static_cast<double>(targets_.size());
        const double mean = expected_synapses() * n / (n * m - static_cast<double>(selves_.size()));
        return std::min(rule().allow_multapses ? expected_synapses() : n, tail_bound(mean, m));
    }

private:
    /// Allowed pairs whose target has a position in [a, b).
    [[nodiscard]] std::uint64_t pairs(std::uint64_t a, std::uint64_t b) const {
        return (b - a) * sources_.size() - (selves_.before(b) - selves_.before(a));
    }
    static double pairs_between(const void* self, std::uint64_t a, std::uint64_t b) {
        return static_cast<double>(static_cast<const FixedTotalNumber*>(self)->pairs(a, b));
    }
    /// The split of `total` distinct pairs over target positions [a, b), for the given cells within; node numbers as in
    /// a heap. A draw is keyed by its node, so anyone finds the same one.
    void descend(Key key, std::uint64_t node, std::uint64_t a, std::uint64_t b, std::uint64_t total,
                 std::span<const std::uint64_t> cells, std::span<std::uint64_t> counts) const {
        if (cells.empty()) return;
        if (total == 0 || b - a == 1) {
            std::fill(counts.begin(), counts.end(), total);
            return;
        }
        const std::uint64_t middle = a + (b - a) / 2;
        const std::uint64_t left =
            hypergeometric(open_unit(draw64(key, node, 0)), total, pairs(a, middle), pairs(middle, b));
        const auto cut = static_cast<std::size_t>(std::lower_bound(cells.begin(), cells.end(), middle) - cells.begin());
        descend(key, 2 * node, a, middle, left, cells.first(cut), counts.first(cut));
        descend(key, 2 * node + 1, middle, b, total - left, cells.subspan(cut), counts.subspan(cut));
    }

    UniformPartners partners_;
    Overlap selves_; ///< targets that are among the sources, if they mustn't meet themselves
};

} // namespace

RulePointer fixed_total_number(const RuleContext& context) {
    return std::make_unique<FixedTotalNumber>(context);
}

} // namespace spikecast::rules
