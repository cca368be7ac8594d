#include "engine/network/rules/rules.hpp"
#include "engine/network/rules/support.hpp"
#include "spikecast/math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
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
        if (one_population()) selves_ = Overlap(targets_, sources_).size();
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

    /// Cells within reach are gathered first, and the first Philox block of each is drawn for many at a time: most have
    /// a small probability and no stop at all, which takes no logarithm to see. Probabilities are remembered by squared
    /// distance, since a grid has few different ones.
    void enumerate(WorkerId worker, SynapseSink& sink) const override {
        if (reach_[0] < 0.0 || sources_.size() == 0) return;
        std::unordered_map<std::uint64_t, PositionDirectory::Members> known;
        std::vector<std::uint64_t> row;
        row.reserve(batch);
        const Key draws = key(Purpose::source);
        Known probabilities(*this);
        std::vector<Cell> cells;
        cells.reserve(cells_at_once);
        std::vector<std::uint64_t> blocks(cells_at_once);
        std::vector<std::uint32_t> words(4 * cells_at_once);
        std::array<std::vector<AxisCell>, 3> axes;
        for (const OwnTarget& own : own_targets(worker)) {
            const Position here = target_positions_->position(own.index);
            std::uint64_t k = 0;
            const auto flush = [&] {
                sink.row(own.index, own.local, k, row);
                k += row.size();
                row.clear();
            };
            const auto draw = [&] {
                const std::size_t padded = (cells.size() + 15) / 16 * 16; // draws go by sixteen
                for (std::size_t i = 0; i < padded; ++i)
                    blocks[i] = cells[std::min(i, cells.size() - 1)].number * blocks_per_cell;
                philox_blocks(draws, own.index, std::span(blocks.data(), padded), std::span(words.data(), 4 * padded));
                for (std::size_t i = 0; i < cells.size(); ++i) {
                    const Cell& cell = cells[i];
                    CellWords from(draws, own.index, blocks[i], words.data() + 4 * i);
                    draw_cell(here, cell, members_of(cell.at, cell.number, known), from, probabilities,
                              [&](std::uint64_t source) {
                                  if (exclude_self() && source == own.index) return;
                                  if (!sources_.contains(source)) return;
                                  row.push_back(source);
                                  if (row.size() == batch) flush();
                              });
                }
                cells.clear();
            };
            each_cell(here, axes, probabilities, [&](const Cell& cell) {
                cells.push_back(cell);
                if (cells.size() == cells_at_once) draw();
            });
            if (!cells.empty()) draw();
            if (!row.empty()) flush();
        }
    }

    /// An estimate, good to a few per cent: the mean over 64 targets of the probability's integral (whole source
    /// population) or of its sum over 4096 evenly spaced sources (parts of it), times the number of targets.
    [[nodiscard]] double expected_synapses() const override {
        if (reach_[0] < 0.0 || sources_.size() == 0 || targets_.size() == 0) return 0.0;
        const std::uint64_t samples = std::min<std::uint64_t>(64, targets_.size());
        double sum = 0.0;
        for (std::uint64_t j = 0; j < samples; ++j) {
            const std::uint64_t target = targets_.at((2 * j + 1) * targets_.size() / (2 * samples));
            const Position here = target_positions_->position(target);
            sum += sources_.size() == source_positions_->size() ? integral(here) : sampled(here);
        }
        const double autapses = exclude_self() ? std::min(kernel_.p0, 1.0) * static_cast<double>(selves_) : 0.0;
        return std::max(0.0, sum / static_cast<double>(samples) * static_cast<double>(targets_.size()) - autapses);
    }
    /// The tail bound of the largest mean indegree: that of a target at the centre of the sources (Anderson 1955: of
    /// all translates of a symmetric box the centred one holds most of a symmetric unimodal function), where a grid's
    /// sites are bounded by the probability at the nearest point of each site's square.
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
    /// Whether the mask lets it through; if so its square.
    [[nodiscard]] bool within(const std::array<double, 3>& d, double& squared) const noexcept {
        squared = 0.0;
        for (std::size_t a = 0; a < dimensions(); ++a) {
            if (kernel_.mask == DistanceKernel::Mask::box && std::abs(d[a]) > kernel_.half_width[a]) return false;
            squared += d[a] * d[a];
        }
        return kernel_.mask != DistanceKernel::Mask::ball || !(std::sqrt(squared) > kernel_.radius);
    }
    [[nodiscard]] double masked(const std::array<double, 3>& d) const noexcept {
        double squared = 0.0;
        return within(d, squared) ? unmasked(squared) : 0.0;
    }
    [[nodiscard]] bool squared_distance(const Position& target, const Position& source,
                                        double& squared) const noexcept {
        std::array<double, 3> d{0, 0, 0};
        for (std::size_t a = 0; a < dimensions(); ++a)
            d[a] = source_positions_->displacement(target[a], source[a], a);
        return within(d, squared);
    }
    [[nodiscard]] double probability(const Position& target, const Position& source) const noexcept {
        double squared = 0.0;
        return squared_distance(target, source, squared) ? unmasked(squared) : 0.0;
    }

    /// unmasked() and Skippers by squared distance, as far as they fit: 96 kB.
    class Known {
    public:
        explicit Known(const DistanceBernoulli& rule) : rule_(rule), entries_(std::size_t{1} << bits) {}
        [[nodiscard]] double unmasked(double squared) { return entry(squared).p; }
        /// For the unmasked probability there.
        [[nodiscard]] const Skipper& skipper(double squared) {
            Entry& e = entry(squared);
            if (!e.skipper) e.skipper.emplace(e.p);
            return *e.skipper;
        }

    private:
        struct Entry {
            double squared = -1.0, p = 0.0;
            std::optional<Skipper> skipper;
        };
        [[nodiscard]] Entry& entry(double squared) {
            const auto hash = std::bit_cast<std::uint64_t>(squared) * 0x9e3779b97f4a7c15ULL;
            Entry& e = entries_[hash >> (64 - bits)];
            if (e.squared != squared) e = {squared, rule_.unmasked(squared), std::nullopt};
            return e;
        }
        static constexpr std::size_t bits = 11;
        const DistanceBernoulli& rule_;
        std::vector<Entry> entries_;
    };

    struct Cell {
        std::array<std::uint64_t, 3> at;
        std::uint64_t number;
        double squared, p_max; ///< of its nearest point, and the probability there
    };
    static constexpr std::size_t cells_at_once = 256; ///< a multiple of 16

    /// The words of one cell.
    using CellWords = WordStream<1>;

    /// Calls accept(source) for the members of a cell that are drawn.
    template <class Accept>
    void draw_cell(const Position& here, const Cell& cell, const PositionDirectory::Members& members, CellWords& words,
                   Known& known, Accept&& accept) const {
        if (members.count == 0) return;
        std::uint64_t m = 0;
        Skipper skip(1.0); // stops at every member, and spends no word on it
        if (cell.p_max < 1.0) {
            const std::uint64_t word = words.next();
            if (Skipper::passes(word, members.count, cell.p_max)) return;
            skip = known.skipper(cell.squared);
            m = skip.stop(word, 0, members.count);
        }
        for (; m < members.count; m = skip.next(m + 1, members.count, words)) {
            const PositionDirectory::Place there = source_positions_->place(cell.at, members, m);
            // The word is used whether or not the source counts: what is drawn next mustn't depend on selections.
            const double u = open_unit(words.next()) * cell.p_max;
            double squared = 0.0;
            if (squared_distance(here, there.position, squared) && u < known.unmasked(squared)) accept(there.index);
        }
    }

    struct AxisCell {
        std::uint64_t at;
        double squared; ///< distance of its nearest point along the axis
    };
    /// The cells along an axis within reach of a coordinate, in the order in which they are drawn.
    void cells_along(std::size_t a, double here, std::vector<AxisCell>& result) const {
        const auto count = static_cast<std::int64_t>(source_positions_->cells()[a]);
        const double side = source_positions_->cell_side()[a], x = here - source_positions_->low(a);
        std::int64_t first = 0, last = count - 1;
        // One cell more on each side than the arithmetic says, so that rounding loses none.
        const double from = std::floor((x - reach_[a]) / side) - 1.0, to = std::floor((x + reach_[a]) / side) + 1.0;
        result.clear();
        if (!source_positions_->positions().periodic) {
            if (from > static_cast<double>(last) || to < 0.0) return;
            first = std::max<std::int64_t>(0, from > 0.0 ? static_cast<std::int64_t>(from) : 0);
            if (to < static_cast<double>(last)) last = static_cast<std::int64_t>(to);
        } else if (to - from + 1.0 < static_cast<double>(count)) {
            first = static_cast<std::int64_t>(from);
            last = static_cast<std::int64_t>(to);
        }
        for (std::int64_t c = first; c <= last; ++c) {
            const auto at = static_cast<std::uint64_t>((c % count + count) % count);
            const double centre = source_positions_->cell_low(a, at) + 0.5 * side;
            // Slightly nearer than exact, so that p_max bounds every member's probability in spite of rounding.
            const double d =
                std::max(0.0, std::abs(source_positions_->displacement(here, centre, a)) - 0.5 * side * (1.0 + 1e-9)) *
                (1.0 - 1e-9);
            if (!(d > reach_[a])) result.push_back({at, d * d});
        }
    }
    /// Calls visit(Cell) for the cells within reach of a point; `axes` is scratch.
    template <class Visit>
    void each_cell(const Position& here, std::array<std::vector<AxisCell>, 3>& axes, Known& known,
                   Visit&& visit) const {
        const auto& cells = source_positions_->cells();
        const bool ball = kernel_.mask == DistanceKernel::Mask::ball;
        for (std::size_t a = 0; a < 3; ++a) {
            if (a < dimensions())
                cells_along(a, here[a], axes[a]);
            else
                axes[a].assign(1, {0, 0.0});
        }
        for (const AxisCell& z : axes[2]) {
            for (const AxisCell& y : axes[1]) {
                for (const AxisCell& x : axes[0]) {
                    const double squared = (x.squared + y.squared) + z.squared;
                    if (ball && std::sqrt(squared) > kernel_.radius) continue;
                    const double p_max = known.unmasked(squared);
                    if (p_max > 0.0)
                        visit(Cell{{x.at, y.at, z.at}, x.at + cells[0] * (y.at + cells[1] * z.at), squared, p_max});
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

    /// The mean number of sources of a target there: the sum of the probability over a grid's sites within reach where
    /// they are few, otherwise density times the integral over the space within reach by the midpoint rule. With
    /// `slack` always the latter, the probability at a point being the greatest within half of the slack along each
    /// axis.
    [[nodiscard]] double integral(const Position& here, const std::array<double, 3>& slack = {0, 0, 0}) const {
        const Positions& space = source_positions_->positions();
        const bool grid = space.kind == Positions::Kind::grid && slack == std::array<double, 3>{0, 0, 0};
        const double points = dimensions() == 2 ? 64.0 : 24.0;
        std::array<std::vector<double>, 3> nodes{std::vector<double>{}, {}, {0.0}};
        double element = static_cast<double>(source_positions_->size()); // sources for each combination of nodes
        for (std::size_t a = 0; a < dimensions(); ++a) {
            nodes[a].clear();
            const double reach =
                std::min(reach_[a] + slack[a], space.periodic ? 0.5 * space.extent[a] : reach_[a] + slack[a]);
            const double origin = source_positions_->low(a),
                         spacing = space.extent[a] / static_cast<double>(space.shape[a]);
            double low = here[a] - reach, high = here[a] + reach;
            if (!space.periodic) {
                low = std::max(low, origin);
                high = std::min(high, origin + space.extent[a]);
            }
            if (high < low) return 0.0;
            if (grid && high - low < points * spacing) {
                const double first = std::ceil((low - origin) / spacing - 0.5);
                const double last = std::min(std::floor((high - origin) / spacing - 0.5),
                                             first + static_cast<double>(space.shape[a]) - 1.0);
                for (double j = first; j <= last; j += 1.0)
                    nodes[a].push_back(origin + (j + 0.5) * spacing - here[a]);
                element /= static_cast<double>(space.shape[a]);
            } else {
                const double step = (high - low) / points;
                for (double j = 0.5; j < points; j += 1.0) {
                    const double d = low + j * step - here[a];
                    nodes[a].push_back(std::max(0.0, std::abs(d) - 0.5 * slack[a]));
                }
                element *= step / space.extent[a];
            }
        }
        double sum = 0.0;
        for (const double z : nodes[2]) {
            for (const double y : nodes[1]) {
                for (const double x : nodes[0])
                    sum += masked({x, y, z});
            }
        }
        return sum * element;
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
    std::uint64_t selves_ = 0;             ///< targets that are among the sources
    std::array<double, 3> reach_{0, 0, 0}; ///< um; infinite without mask or decay, < 0 if nothing can be connected
};

} // namespace

RulePointer distance_bernoulli(const RuleContext& context) {
    return std::make_unique<DistanceBernoulli>(context);
}

} // namespace spikecast::rules
