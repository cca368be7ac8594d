#include "engine/network/rules/rules.hpp"
#include "engine/network/rules/support.hpp"
#include "spikecast/math.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace spikecast::rules {
namespace {

constexpr double negligible = 1e-12; ///< a probability below this is 0
constexpr std::uint64_t blocks_per_cell = 1ULL << 24;

class DistanceBernoulli final : public RuleBase {
public:
    explicit DistanceBernoulli(const RuleContext& context) : RuleBase(context), kernel_(rule().kernel) {
        if (!source_positions_) {
            refuse("a probability that depends on distance, but not both populations have positions",
                   "give positions to source and target, or a plain probability");
        }
        const Positions& source = source_positions_->positions();
        const Positions& target = target_positions_->positions();
        if (source.dimensions != target.dimensions) {
            refuse("source positions have " + std::to_string(source.dimensions) + " dimensions and target positions " +
                       std::to_string(target.dimensions),
                   "give both the same number of dimensions");
        }
        if (source.periodic != target.periodic || (source.periodic && source.extent != target.extent)) {
            refuse("source and target differ in periodicity or, being periodic, in extent", "give both the same space");
        }
        double reach = std::numeric_limits<double>::infinity();
        const double p0 = kernel_.p0;
        if (p0 < negligible) {
            reach = -1.0;
        } else if (kernel_.kind == DistanceKernel::Kind::gaussian) {
            reach = kernel_.scale * std::sqrt(2.0 * math::log(p0 / negligible));
        } else if (kernel_.kind == DistanceKernel::Kind::exponential) {
            reach = kernel_.scale * math::log(p0 / negligible);
        }
        if (kernel_.mask == DistanceKernel::Mask::ball) reach = std::min(reach, kernel_.radius);
        for (std::size_t a = 0; a < source.dimensions; ++a) {
            reach_[a] = kernel_.mask == DistanceKernel::Mask::box ? std::min(reach, kernel_.half_width[a]) : reach;
        }
    }

    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        if (reach_[0] < 0.0 || sources_.size() == 0) return;
        std::unordered_map<std::uint64_t, PositionDirectory::Members> known;
        std::vector<std::uint64_t> row;
        row.reserve(batch);
        const Key draws = key(Purpose::source);
        for (const OwnTarget& own : own_targets(worker)) {
            const Position here = target_positions_->position(own.index);
            std::uint64_t k = 0;
            const auto flush = [&] {
                sink.row(own.index, own.local, k, row);
                k += row.size();
                row.clear();
            };
            each_cell(here, [&](const std::array<std::uint64_t, 3>& cell, std::uint64_t number, double p_max) {
                const PositionDirectory::Members members = members_of(cell, number, known);
                WordStream<1> words(draws, own.index, number * blocks_per_cell);
                const Skipper skipper(p_max);
                for (std::uint64_t m = skipper.next(0, members.count, words); m < members.count;
                     m = skipper.next(m + 1, members.count, words)) {
                    const std::uint64_t source = source_positions_->member(cell, members, m);
                    const Position there = source_positions_->position_in(cell, source);
                    // The word is used whether or not the source counts: what is drawn next mustn't depend on selections.
                    if (open_unit(words.next()) * p_max >= probability(here, there)) continue;
                    if (exclude_self() && source == own.index) continue;
                    if (sources_.position(source) == SelectedNeurons::none) continue;
                    row.push_back(source);
                    if (row.size() == batch) flush();
                }
            });
            if (!row.empty()) flush();
        }
    }

    /// An estimate: the mean over 64 targets of the probability's integral (whole source population; midpoint rule) or of
    /// its sum over 4096 evenly spaced sources (parts of it), times the number of targets. A few per cent.
    [[nodiscard]] double expected_synapses() const override {
        if (reach_[0] < 0.0 || sources_.size() == 0 || targets_.size() == 0) return 0.0;
        const std::uint64_t samples = std::min<std::uint64_t>(64, targets_.size());
        double sum = 0.0;
        for (std::uint64_t j = 0; j < samples; ++j) {
            const std::uint64_t target = targets_.at((2 * j + 1) * targets_.size() / (2 * samples));
            const Position here = target_positions_->position(target);
            sum += sources_.size() == source_positions_->size() ? integral(here) : sampled(here);
        }
        return sum / static_cast<double>(samples) * static_cast<double>(targets_.size());
    }
    /// The tail bound of the largest mean indegree: that of a target at the centre of the sources (Anderson 1955: of all
    /// translates of a symmetric box the centred one holds most of a symmetric unimodal function), where a grid's sites
    /// are bounded by the probability at the nearest point of each site's square.
    [[nodiscard]] double indegree_bound() const override {
        if (reach_[0] < 0.0) return 0.0;
        const auto n = static_cast<double>(sources_.size());
        const double mean = 1.02 * integral(source_positions_->positions().centre, source_positions_->spacing()) + 1e-9;
        return std::min(n, tail_bound(mean, static_cast<double>(targets_.size())));
    }

private:
    [[nodiscard]] std::size_t dimensions() const { return source_positions_->positions().dimensions; }

    /// p0 f(d) without the mask; 0 below `negligible`.
    [[nodiscard]] double unmasked(double squared) const noexcept {
        double p = kernel_.p0;
        if (kernel_.kind == DistanceKernel::Kind::gaussian) {
            p *= math::exp(-squared / (2.0 * kernel_.scale * kernel_.scale));
        } else if (kernel_.kind == DistanceKernel::Kind::exponential) {
            p *= math::exp(-std::sqrt(squared) / kernel_.scale);
        }
        return p < negligible ? 0.0 : std::min(p, 1.0);
    }
    [[nodiscard]] double masked(const std::array<double, 3>& d) const noexcept {
        double squared = 0.0;
        for (std::size_t a = 0; a < dimensions(); ++a) {
            if (kernel_.mask == DistanceKernel::Mask::box && std::abs(d[a]) > kernel_.half_width[a]) return 0.0;
            squared += d[a] * d[a];
        }
        if (kernel_.mask == DistanceKernel::Mask::ball && std::sqrt(squared) > kernel_.radius) return 0.0;
        return unmasked(squared);
    }
    [[nodiscard]] double probability(const Position& target, const Position& source) const noexcept {
        std::array<double, 3> d{0, 0, 0};
        for (std::size_t a = 0; a < dimensions(); ++a) d[a] = source_positions_->displacement(target[a], source[a], a);
        return masked(d);
    }

    /// Calls visit(cell, number, greatest probability in it) for the cells within reach of a point.
    template <class Visit>
    void each_cell(const Position& here, Visit&& visit) const {
        const auto& cells = source_positions_->cells();
        const auto& side = source_positions_->cell_side();
        const bool periodic = source_positions_->positions().periodic;
        std::array<std::int64_t, 3> first{0, 0, 0}, last{0, 0, 0};
        for (std::size_t a = 0; a < dimensions(); ++a) {
            const auto count = static_cast<std::int64_t>(cells[a]);
            first[a] = 0;
            last[a] = count - 1;
            const double x = here[a] - source_positions_->low(a);
            // One cell more on each side than the arithmetic says, so that rounding loses none.
            const double from = std::floor((x - reach_[a]) / side[a]) - 1.0, to = std::floor((x + reach_[a]) / side[a]) + 1.0;
            if (periodic) {
                if (to - from + 1.0 >= static_cast<double>(count)) continue;
                first[a] = static_cast<std::int64_t>(from);
                last[a] = static_cast<std::int64_t>(to);
            } else {
                if (from > static_cast<double>(last[a]) || to < 0.0) return;
                first[a] = std::max<std::int64_t>(0, from > 0.0 ? static_cast<std::int64_t>(from) : 0);
                if (to < static_cast<double>(last[a])) last[a] = static_cast<std::int64_t>(to);
            }
        }
        std::array<std::int64_t, 3> c{0, 0, 0};
        for (c[2] = first[2]; c[2] <= last[2]; ++c[2]) {
            for (c[1] = first[1]; c[1] <= last[1]; ++c[1]) {
                for (c[0] = first[0]; c[0] <= last[0]; ++c[0]) {
                    std::array<std::uint64_t, 3> cell{0, 0, 0};
                    double squared = 0.0;
                    bool outside = false;
                    for (std::size_t a = 0; a < dimensions(); ++a) {
                        const auto count = static_cast<std::int64_t>(cells[a]);
                        cell[a] = static_cast<std::uint64_t>((c[a] % count + count) % count);
                        const double centre = source_positions_->cell_low(a, cell[a]) + 0.5 * side[a];
                        // Slightly nearer than exact, so that p_max bounds every member's probability in spite of rounding.
                        const double d = std::max(0.0, std::abs(source_positions_->displacement(here[a], centre, a)) -
                                                           0.5 * side[a] * (1.0 + 1e-9)) * (1.0 - 1e-9);
                        outside = outside || d > reach_[a];
                        squared += d * d;
                    }
                    if (outside) continue;
                    if (kernel_.mask == DistanceKernel::Mask::ball && std::sqrt(squared) > kernel_.radius) continue;
                    const double p_max = unmasked(squared);
                    if (p_max > 0.0) visit(cell, cell[0] + cells[0] * (cell[1] + cells[1] * cell[2]), p_max);
                }
            }
        }
    }

    /// Counts of cells are remembered while neighbouring targets ask for them; the memory is bounded.
    [[nodiscard]] PositionDirectory::Members
    members_of(const std::array<std::uint64_t, 3>& cell, std::uint64_t number,
               std::unordered_map<std::uint64_t, PositionDirectory::Members>& known) const {
        if (source_positions_->cheap_members()) return source_positions_->members(cell);
        if (known.size() > (1U << 17)) known.clear();
        const auto [place, inserted] = known.try_emplace(number);
        if (inserted) place->second = source_positions_->members(cell);
        return place->second;
    }

    /// The mean number of sources of a target there: density times the integral of the probability over the space within
    /// reach. With `slack`, the probability at a point is the greatest within half of that along each axis.
    [[nodiscard]] double integral(const Position& here, const std::array<double, 3>& slack = {0, 0, 0}) const {
        const Positions& space = source_positions_->positions();
        const int points = dimensions() == 2 ? 64 : 24;
        std::array<double, 3> from{0, 0, 0}, step{0, 0, 0};
        double volume = 1.0, element = 1.0;
        for (std::size_t a = 0; a < dimensions(); ++a) {
            const double reach = reach_[a] + slack[a];
            double low = std::max(source_positions_->low(a), here[a] - reach);
            double high = std::min(source_positions_->low(a) + space.extent[a], here[a] + reach);
            if (space.periodic) {
                low = here[a] - std::min(reach, 0.5 * space.extent[a]);
                high = here[a] + std::min(reach, 0.5 * space.extent[a]);
            }
            if (high <= low) return 0.0;
            from[a] = low;
            step[a] = (high - low) / points;
            volume *= space.extent[a];
            element *= step[a];
        }
        const int layers = dimensions() == 3 ? points : 1;
        double sum = 0.0;
        std::array<double, 3> d{0, 0, 0};
        for (int z = 0; z < layers; ++z) {
            for (int y = 0; y < points; ++y) {
                for (int x = 0; x < points; ++x) {
                    const std::array<int, 3> at{x, y, z};
                    for (std::size_t a = 0; a < dimensions(); ++a) {
                        d[a] = std::max(0.0, std::abs(from[a] + (at[a] + 0.5) * step[a] - here[a]) - 0.5 * slack[a]);
                    }
                    sum += masked(d);
                }
            }
        }
        return sum * element / volume * static_cast<double>(source_positions_->size());
    }
    [[nodiscard]] double sampled(const Position& here) const {
        const std::uint64_t samples = std::min<std::uint64_t>(4096, sources_.size());
        double sum = 0.0;
        for (std::uint64_t j = 0; j < samples; ++j) {
            const auto at = static_cast<Wide>(2 * j + 1) * sources_.size() / (2 * samples);
            sum += probability(here, source_positions_->position(sources_.at(static_cast<std::uint64_t>(at))));
        }
        return sum / static_cast<double>(samples) * static_cast<double>(sources_.size());
    }

    DistanceKernel kernel_;
    std::array<double, 3> reach_{0, 0, 0}; ///< um; infinite without mask or decay, < 0 if nothing can be connected
};

} // namespace

RulePointer distance_bernoulli(const RuleContext& context) { return std::make_unique<DistanceBernoulli>(context); }

} // namespace spikecast::rules
