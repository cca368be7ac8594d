#include "tests/network/rule_testing.hpp"

#include "spikecast/math.hpp"

#include <hdf5.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <unistd.h>

namespace spikecast::testing {
namespace {

/// A file that is gone when the test is over.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& name)
        : path_((std::filesystem::temp_directory_path() / (std::to_string(getpid()) + name)).string()) {}
    ~TemporaryFile() { std::filesystem::remove(path_); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

Case with(Rule::Kind kind, std::uint64_t number, double probability, std::uint64_t a = 60, std::uint64_t b = 101,
          const char* source = "A", const char* target = "B") {
    Case c(a, b, source, target);
    c.projection.rule.kind = kind;
    c.projection.rule.number = number;
    c.projection.rule.probability = probability;
    return c;
}
Case within_b(Rule::Kind kind, std::uint64_t number, double probability, bool autapses = true, bool multapses = true) {
    Case c = with(kind, number, probability, 60, 101, "B", "B");
    c.projection.rule.allow_autapses = autapses;
    c.projection.rule.allow_multapses = multapses;
    return c;
}
Case over_space(Positions::Kind kind, bool periodic, std::uint8_t dimensions, DistanceKernel kernel) {
    Case c = with(Rule::Kind::pairwise_bernoulli, 0, 0.0, 60, 20 * 20, "B", "B");
    Positions& p = c.experiment.populations[1].positions;
    p.kind = kind;
    p.dimensions = dimensions;
    p.extent = {1000.0, 800.0, dimensions == 3 ? 100.0 : 0.0};
    p.centre = {100.0, -50.0, 0.0};
    p.shape = {20, dimensions == 3 ? 10U : 20U, dimensions == 3 ? 2U : 1U};
    p.periodic = periodic;
    c.projection.rule.kernel = kernel;
    c.projection.rule.allow_autapses = false;
    return c;
}

using K = Rule::Kind;
DistanceKernel gaussian() {
    return {DistanceKernel::Kind::gaussian, 0.8, 150.0, DistanceKernel::Mask::none, 0.0, {0, 0, 0}};
}
DistanceKernel exponential_box() {
    return {DistanceKernel::Kind::exponential, 1.0, 120.0, DistanceKernel::Mask::box, 0.0, {200.0, 90.0, 60.0}};
}
DistanceKernel ball() {
    return {DistanceKernel::Kind::constant, 1.0, 0.0, DistanceKernel::Mask::ball, 130.0, {0, 0, 0}};
}

std::vector<std::pair<std::string, Case>> all_cases() {
    std::vector<std::pair<std::string, Case>> cases;
    cases.emplace_back("one_to_one", with(K::one_to_one, 0, 0, 101, 101));
    cases.emplace_back("all_to_all", with(K::all_to_all, 0, 0));
    cases.emplace_back("all_to_all without autapses", within_b(K::all_to_all, 0, 0, false));
    for (const bool autapses : {true, false}) {
        for (const bool multapses : {true, false}) {
            const std::string variant = (autapses ? "" : " -autapses") + std::string(multapses ? "" : " -multapses");
            cases.emplace_back("fixed_indegree" + variant, within_b(K::fixed_indegree, 37, 0, autapses, multapses));
            cases.emplace_back("fixed_outdegree" + variant, within_b(K::fixed_outdegree, 37, 0, autapses, multapses));
            cases.emplace_back("fixed_total_number" + variant,
                               within_b(K::fixed_total_number, 3001, 0, autapses, multapses));
        }
        cases.emplace_back("pairwise_bernoulli", within_b(K::pairwise_bernoulli, 0, 0.13, autapses));
        cases.emplace_back("pairwise_bernoulli, dense", within_b(K::pairwise_bernoulli, 0, 0.7, autapses));
        cases.emplace_back("pairwise_poisson", within_b(K::pairwise_poisson, 0, 0.4, autapses));
    }
    cases.emplace_back("fixed_indegree, long rows", with(K::fixed_indegree, 5000, 0, 60, 7));
    Case symmetric = with(K::symmetric_pairwise_bernoulli, 0, 0.03, 60, 601, "B", "B");
    cases.emplace_back("symmetric", symmetric);
    cases.emplace_back("gaussian on a grid", over_space(Positions::Kind::grid, false, 2, gaussian()));
    cases.emplace_back("gaussian on drawn places", over_space(Positions::Kind::drawn, true, 2, gaussian()));
    cases.emplace_back("exponential in a box, 3-D", over_space(Positions::Kind::drawn, false, 3, exponential_box()));
    cases.emplace_back("exponential in a box, 3-D grid", over_space(Positions::Kind::grid, true, 3, exponential_box()));
    cases.emplace_back("ball", over_space(Positions::Kind::grid, true, 2, ball()));
    // Every rule again between a list and a strided slice that overlap.
    const std::size_t whole = cases.size();
    for (std::size_t j = 0; j < whole; ++j) {
        Case c = cases[j].second;
        Selection& source = c.projection.source;
        Selection& target = c.projection.target;
        source.begin = 5;
        source.step = 2;
        source.end = 95;
        if (c.projection.rule.kind == K::symmetric_pairwise_bernoulli || c.projection.rule.kind == K::one_to_one) {
            target.begin = source.begin, target.end = source.end, target.step = source.step;
        } else {
            if (c.experiment.populations[1].size == 7) continue;
            target.list = {0,  5,  6,  7,  13, 20, 21, 22, 23, 40, 41, 42, 43, 44, 45, 51,
                           52, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74,
                           75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90};
        }
        if (c.projection.rule.number == 3001) c.projection.rule.number = 900;
        if (c.projection.rule.number == 37) c.projection.rule.number = 23;
        cases.emplace_back(cases[j].first + ", selections", c);
    }
    return cases;
}

TEST(Rules, runs_of_sources_give_what_workers_enumerate) {
    std::vector<std::pair<std::string, Case>> cases = all_cases();
    Case long_rows = with(K::fixed_outdegree, 5000, 0, 7, 7001);
    cases.emplace_back("long rows", long_rows);
    long_rows.projection.rule.allow_multapses = false;
    cases.emplace_back("long rows of distinct targets", long_rows);
    std::size_t found = 0;
    for (const auto& [name, c] : cases) {
        if (c.projection.rule.kind != K::fixed_outdegree) continue;
        ++found;
        SCOPED_TRACE(name);
        const std::vector<Synapse> expected = c.draw(PartitionerKind::random, 3);
        c.with_rule([&](const ConnectionRule& rule) {
            const SourceDraws law = rule.source_draws();
            EXPECT_EQ(law.sources * law.draws, expected.size());
            for (const std::uint64_t blocks : {std::uint64_t{1}, std::uint64_t{4}, 3 * law.sources}) {
                std::vector<Synapse> all;
                std::vector<DrawnSynapse> drawn;
                for (std::uint64_t b = 0; b < blocks; ++b) {
                    const std::uint64_t begin = law.sources * b / blocks, end = law.sources * (b + 1) / blocks;
                    const auto run = rule.draw_sources(begin, end);
                    std::uint64_t position = begin, k = 0;
                    while (run->next(drawn)) {
                        EXPECT_LE(drawn.size(), 8192U);
                        for (const DrawnSynapse& s : drawn) { // in order, none left out
                            EXPECT_EQ(s.source, rule.source_at(position));
                            EXPECT_EQ(s.k, k);
                            all.push_back({s.target, s.source * law.draws + s.k, s.source, 0.0, 0.0});
                            if (++k < law.draws) continue;
                            k = 0;
                            ++position;
                        }
                    }
                    EXPECT_EQ(position, end);
                    EXPECT_TRUE(drawn.empty());
                }
                std::sort(all.begin(), all.end());
                EXPECT_EQ(all, expected);
            }
        });
    }
    EXPECT_EQ(found, 10U);
}

bool selected(const Selection& s, std::uint64_t index) {
    if (!s.list.empty()) return std::find(s.list.begin(), s.list.end(), index) != s.list.end();
    return index >= s.begin && index < s.end && (index - s.begin) % s.step == 0;
}

TEST(Rules, the_union_over_workers_is_the_same_for_every_partition) {
    for (const auto& [name, c] : all_cases()) {
        SCOPED_TRACE(name);
        const std::vector<Synapse> expected = c.draw();
        EXPECT_FALSE(expected.empty());
        for (const PartitionerKind kind :
             {PartitionerKind::round_robin, PartitionerKind::block, PartitionerKind::random}) {
            for (const std::uint32_t workers : {1U, 2U, 3U, 5U})
                EXPECT_EQ(c.draw(kind, workers), expected);
        }
    }
}

TEST(Rules, identities_are_unique_and_selections_and_prohibitions_hold) {
    for (const auto& [name, c] : all_cases()) {
        SCOPED_TRACE(name);
        std::set<std::pair<std::uint64_t, std::uint64_t>> identities, pairs;
        const bool multapses = c.projection.rule.allow_multapses && c.projection.rule.kind != K::pairwise_bernoulli &&
                               c.projection.rule.kind != K::symmetric_pairwise_bernoulli;
        for (const Synapse& s : c.draw()) {
            EXPECT_TRUE(identities.emplace(s.target, s.k).second);
            EXPECT_TRUE(pairs.emplace(s.source, s.target).second || multapses ||
                        c.projection.rule.kind == K::fixed_indegree);
            EXPECT_TRUE(selected(c.projection.source, s.source)) << s.source;
            EXPECT_TRUE(selected(c.projection.target, s.target)) << s.target;
            if (c.projection.source.population == c.projection.target.population && !c.projection.rule.allow_autapses) {
                EXPECT_NE(s.source, s.target);
            }
            if (!c.projection.rule.allow_multapses) {
                EXPECT_EQ(pairs.size(), identities.size());
            }
        }
    }
}

TEST(Rules, no_indegree_exceeds_its_bound_and_expectations_are_near) {
    for (const auto& [name, c] : all_cases()) {
        SCOPED_TRACE(name);
        const std::vector<Synapse> all = c.draw();
        const bool space = c.projection.rule.kernel.kind != DistanceKernel::Kind::none;
        const std::vector<double> degrees = indegrees(all, c.experiment.populations[1].size);
        const double most = *std::max_element(degrees.begin(), degrees.end());
        c.with_rule([&](const ConnectionRule& rule) {
            EXPECT_LE(most, rule.indegree_bound());
            const auto count = static_cast<double>(all.size());
            // Six standard deviations of a Poisson count (symmetric synapses come in pairs), exceeded with probability
            // below 1e-8; estimates over space have 5 % beside it.
            EXPECT_NEAR(count, rule.expected_synapses(), 8.5 * std::sqrt(count) + (space ? 0.05 * count : 0.0));
        });
    }
}

TEST(Rules, another_seed_or_name_gives_another_network) {
    Case a = within_b(K::fixed_indegree, 10, 0), b = a, c = a;
    b.experiment.simulation.seed += 1;
    c.projection.name += "#2";
    EXPECT_NE(a.draw(), b.draw());
    EXPECT_NE(a.draw(), c.draw());
}

TEST(FixedIndegree, every_target_has_exactly_k_and_sources_are_uniform) {
    for (const bool multapses : {true, false}) {
        const Case c = within_b(K::fixed_indegree, 50, 0, false, multapses);
        const std::vector<Synapse> all = c.draw();
        for (const double degree : indegrees(all, 101))
            EXPECT_EQ(degree, 50.0);
        // Sums over 101 independent rows of indicators or binomials: variance of an outdegree is 100 q (1 - q), q =
        // 0.5, or nearly Poisson. Outdegrees are weakly dependent, the sum fixed: 100 degrees of freedom.
        const double mean = 50.0, variance = multapses ? 50.0 * 99.0 / 100.0 : 25.0;
        double statistic = 0.0;
        for (const double degree : outdegrees(all, 101))
            statistic += (degree - mean) * (degree - mean) / variance;
        expect_chi_square(statistic, 100.0);
    }
}

TEST(FixedIndegree, draw_k_of_a_target_is_the_documented_word) {
    const Case c = with(K::fixed_indegree, 40, 0);
    const Key key = make_key(c.experiment.simulation.seed, Purpose::source, "A->B");
    for (const Synapse& s : c.draw())
        EXPECT_EQ(s.source, below(draw64(key, s.target, s.k), 60));
}

TEST(FixedIndegree, sources_beyond_32_bits_follow_the_same_law) {
    Case c = with(K::fixed_indegree, 1000, 0, 1ULL << 40, 3);
    const Key key = make_key(c.experiment.simulation.seed, Purpose::source, "A->B");
    for (const Synapse& s : c.draw())
        EXPECT_EQ(s.source, below(draw64(key, s.target, s.k), 1ULL << 40));
}

TEST(FixedIndegree, more_sources_than_there_are_is_refused_without_multapses) {
    EXPECT_THROW(within_b(K::fixed_indegree, 101, 0, false, false).draw(), InputError);
    EXPECT_NO_THROW(within_b(K::fixed_indegree, 101, 0, true, false).draw());
    EXPECT_NO_THROW(within_b(K::fixed_indegree, 100, 0, false, false).draw());
}

TEST(FixedOutdegree, every_source_has_exactly_k_and_k_names_source_and_draw) {
    for (const bool multapses : {true, false}) {
        const Case c = within_b(K::fixed_outdegree, 50, 0, false, multapses);
        const std::vector<Synapse> all = c.draw();
        for (const double degree : outdegrees(all, 101))
            EXPECT_EQ(degree, 50.0);
        for (const Synapse& s : all)
            EXPECT_EQ(s.k / 50, s.source);
        const double mean = 50.0, variance = multapses ? 50.0 * 99.0 / 100.0 : 25.0;
        double statistic = 0.0;
        for (const double degree : indegrees(all, 101))
            statistic += (degree - mean) * (degree - mean) / variance;
        expect_chi_square(statistic, 100.0);
    }
}

TEST(FixedTotalNumber, the_total_is_exact_and_pairs_are_uniform) {
    for (const bool autapses : {true, false}) {
        for (const bool multapses : {true, false}) {
            SCOPED_TRACE(multapses);
            const Case c = within_b(K::fixed_total_number, 5000, 0, autapses, multapses);
            const std::vector<Synapse> all = c.draw();
            EXPECT_EQ(all.size(), 5000U);
            const double pairs = 101.0 * (autapses ? 101.0 : 100.0);
            const double mean = 5000.0 / 101.0;
            // Without multapses a degree's variance shrinks by the share of pairs that stay free.
            const double shrink = multapses ? 1.0 : (1.0 - 5000.0 / pairs);
            expect_chi_square(pearson(indegrees(all, 101), mean) / shrink, 100.0);
            expect_chi_square(pearson(outdegrees(all, 101), mean) / shrink, 100.0);
        }
    }
}

TEST(FixedTotalNumber, a_target_among_the_sources_weighs_one_pair_less) {
    // One source, which is target 3 itself: without autapses target 3 gets nothing.
    Case c = within_b(K::fixed_total_number, 1000, 0, false);
    c.projection.source.list = {3};
    const auto degrees = indegrees(c.draw(), 101);
    EXPECT_EQ(degrees[3], 0.0);
    // Two sources, one of them target 3: it expects half of what others do.
    c.projection.source.list = {3, 70};
    c.projection.target.list = {3, 4, 5};
    c.projection.rule.number = 100000;
    const auto uneven = indegrees(c.draw(), 101);
    EXPECT_NEAR(uneven[3], 20000.0, 6.0 * std::sqrt(100000.0 * 0.2 * 0.8)); // 6 sigma: below 1e-8
    EXPECT_NEAR(uneven[4], 40000.0, 6.0 * std::sqrt(100000.0 * 0.4 * 0.6));
    // Every pair, exactly once.
    c.projection.rule.allow_multapses = false;
    c.projection.rule.number = 5;
    EXPECT_EQ(c.draw().size(), 5U);
    c.projection.rule.number = 6;
    EXPECT_THROW(c.draw(), InputError);
}

TEST(PairwiseBernoulli, degrees_are_binomial_at_every_probability) {
    for (const double p : {0.01, 0.13, 0.39, 0.41, 0.9}) {
        const Case c = with(K::pairwise_bernoulli, 0, p, 500, 400);
        const std::vector<Synapse> all = c.draw();
        double in = 0.0, out = 0.0;
        for (const double d : indegrees(all, 400))
            in += (d - 500 * p) * (d - 500 * p) / (500 * p * (1 - p));
        for (const double d : outdegrees(all, 500))
            out += (d - 400 * p) * (d - 400 * p) / (400 * p * (1 - p));
        expect_chi_square(in, 400.0);
        expect_chi_square(out, 500.0);
        EXPECT_NEAR(static_cast<double>(all.size()), 200000 * p, 6.0 * std::sqrt(200000 * p * (1 - p)));
    }
    EXPECT_TRUE(with(K::pairwise_bernoulli, 0, 0.0).draw().empty());
    EXPECT_EQ(with(K::pairwise_bernoulli, 0, 1.0).draw().size(), 60U * 101U);
}

TEST(PairwisePoisson, multiplicities_and_degrees_are_poisson) {
    const Case c = with(K::pairwise_poisson, 0, 0.5, 200, 300);
    const std::vector<Synapse> all = c.draw();
    expect_chi_square(pearson(indegrees(all, 300), 100.0), 300.0);
    expect_chi_square(pearson(outdegrees(all, 200), 150.0), 200.0);
    std::map<std::pair<std::uint64_t, std::uint64_t>, int> multiplicity;
    for (const Synapse& s : all)
        ++multiplicity[{s.source, s.target}];
    std::vector<double> observed(5);
    observed[0] = 60000.0 - static_cast<double>(multiplicity.size());
    for (const auto& [pair, m] : multiplicity)
        observed[std::min<std::size_t>(4, static_cast<std::size_t>(m))] += 1.0;
    double p = std::exp(-0.5), rest = 1.0, statistic = 0.0;
    for (std::size_t m = 0; m < 5; ++m) {
        const double expected = 60000.0 * (m < 4 ? p : rest);
        statistic += (observed[m] - expected) * (observed[m] - expected) / expected;
        rest -= p;
        p *= 0.5 / static_cast<double>(m + 1);
    }
    EXPECT_LT(statistic, 4.0 + 2.0 * std::sqrt(4.0 * 14.0) + 28.0);
}

TEST(Symmetric, pairs_are_connected_in_both_directions_with_the_given_probability) {
    const Case c = with(K::symmetric_pairwise_bernoulli, 0, 0.05, 60, 700, "B", "B");
    const std::vector<Synapse> all = c.draw();
    std::set<std::pair<std::uint64_t, std::uint64_t>> pairs;
    for (const Synapse& s : all) {
        EXPECT_NE(s.source, s.target);
        EXPECT_EQ(s.k, s.source);
        pairs.emplace(s.source, s.target);
    }
    for (const auto& [source, target] : pairs)
        EXPECT_EQ(pairs.count({target, source}), 1U);
    const double n = 700.0 * 699.0 / 2.0;
    EXPECT_NEAR(static_cast<double>(all.size()) / 2.0, n * 0.05, 6.0 * std::sqrt(n * 0.05 * 0.95));
    double statistic = 0.0;
    for (const double d : indegrees(all, 700))
        statistic += (d - 699 * 0.05) * (d - 699 * 0.05) / (699 * 0.05 * 0.95);
    expect_chi_square(statistic, 700.0);
    Case different = c;
    different.projection.target.begin = 1;
    EXPECT_THROW(different.draw(), InputError);
}

TEST(AllToAll, every_pair_once) {
    EXPECT_EQ(with(K::all_to_all, 0, 0).draw().size(), 60U * 101U);
    EXPECT_EQ(within_b(K::all_to_all, 0, 0, false).draw().size(), 101U * 100U);
}

TEST(OneToOne, positions_meet) {
    Case c = with(K::one_to_one, 0, 0, 101, 101);
    for (const Synapse& s : c.draw())
        EXPECT_EQ(s.source, s.target);
    c.projection.source.end = 50;
    EXPECT_THROW(c.draw(), InputError);
    c.projection.target.begin = 51;
    for (const Synapse& s : c.draw())
        EXPECT_EQ(s.source + 51, s.target);
    Case self = within_b(K::one_to_one, 0, 0, false);
    EXPECT_TRUE(self.draw().empty());
}

// --- over space

double brute_distance(const Case& c, const Position& a, const Position& b, std::array<double, 3>& d) {
    const Positions& p = c.experiment.populations[1].positions;
    double sum = 0.0;
    for (std::size_t axis = 0; axis < p.dimensions; ++axis) {
        double best = std::abs(b[axis] - a[axis]);
        if (p.periodic) best = std::min(best, std::abs(p.extent[axis] - best));
        d[axis] = best;
        sum += best * best;
    }
    return std::sqrt(sum);
}

TEST(DistanceBernoulli, counts_by_distance_follow_the_kernel) {
    // 30 networks, pairs in 20 classes of distance, each count against the sum of its pairs' probabilities.
    for (const Positions::Kind kind : {Positions::Kind::grid, Positions::Kind::drawn}) {
        for (const bool periodic : {false, true}) {
            Case c = over_space(kind, periodic, 2, gaussian());
            std::vector<double> observed(20), expected(20), variance(20);
            for (int network = 0; network < 10; ++network) {
                c.experiment.simulation.seed += 1;
                const PositionDirectory places(c.experiment.simulation.seed, c.experiment.populations[1]);
                std::array<double, 3> d{};
                for (const Synapse& s : c.draw()) {
                    const double r = brute_distance(c, places.position(s.target), places.position(s.source), d);
                    observed[std::min<std::size_t>(19, static_cast<std::size_t>(r / 25.0))] += 1.0;
                }
                for (std::uint64_t i = 0; i < 400; ++i) {
                    for (std::uint64_t j = 0; j < 400; ++j) {
                        if (i == j) continue;
                        const double r = brute_distance(c, places.position(i), places.position(j), d);
                        const double p = 0.8 * std::exp(-r * r / (2.0 * 150.0 * 150.0));
                        const auto bin = std::min<std::size_t>(19, static_cast<std::size_t>(r / 25.0));
                        expected[bin] += p;
                        variance[bin] += p * (1.0 - p);
                    }
                }
            }
            double statistic = 0.0, used = 0.0;
            for (std::size_t bin = 0; bin < 20; ++bin) {
                if (variance[bin] < 10.0) continue;
                statistic += (observed[bin] - expected[bin]) * (observed[bin] - expected[bin]) / variance[bin];
                used += 1.0;
            }
            EXPECT_GT(used, 15.0);
            EXPECT_LT(statistic, used + 2.0 * std::sqrt(14.0 * used) + 28.0);
        }
    }
}

TEST(DistanceBernoulli, probability_one_in_a_mask_gives_exactly_the_pairs_within) {
    for (const Positions::Kind kind : {Positions::Kind::grid, Positions::Kind::drawn}) {
        for (const bool periodic : {false, true}) {
            for (const std::uint8_t dimensions : {std::uint8_t{2}, std::uint8_t{3}}) {
                for (const bool box : {false, true}) {
                    DistanceKernel kernel = ball();
                    if (box) kernel.mask = DistanceKernel::Mask::box, kernel.half_width = {130.0, 170.0, 30.0};
                    const Case c = over_space(kind, periodic, dimensions, kernel);
                    const PositionDirectory places(c.experiment.simulation.seed, c.experiment.populations[1]);
                    std::set<std::pair<std::uint64_t, std::uint64_t>> drawn, expected;
                    for (const Synapse& s : c.draw())
                        drawn.emplace(s.source, s.target);
                    std::array<double, 3> d{0, 0, 0};
                    for (std::uint64_t i = 0; i < 400; ++i) {
                        for (std::uint64_t j = 0; j < 400; ++j) {
                            const double r = brute_distance(c, places.position(i), places.position(j), d);
                            const bool inside = box ? d[0] <= 130.0 && d[1] <= 170.0 && d[2] <= 30.0 : r <= 130.0;
                            if (i != j && inside) expected.emplace(j, i);
                        }
                    }
                    EXPECT_EQ(drawn, expected);
                    EXPECT_FALSE(expected.empty());
                }
            }
        }
    }
}

TEST(DistanceBernoulli, distance_is_that_of_the_positions) {
    const Case c = over_space(Positions::Kind::grid, true, 2, gaussian());
    c.with_rule([](const ConnectionRule& rule) {
        EXPECT_DOUBLE_EQ(rule.distance(0, 1), 50.0);  // 1000 um / 20
        EXPECT_DOUBLE_EQ(rule.distance(0, 20), 40.0); // 800 um / 20
        EXPECT_DOUBLE_EQ(rule.distance(0, 19), 50.0); // around
    });
    Case plain = with(K::pairwise_bernoulli, 0, 0.1);
    plain.with_rule([](const ConnectionRule& rule) { EXPECT_EQ(rule.distance(0, 1), 0.0); });
    plain.projection.rule.kernel = gaussian();
    EXPECT_THROW(plain.draw(), InputError);
}

// --- lists

Case listed(const std::string& file) {
    Case c = with(K::explicit_list, 0, 0);
    c.projection.rule.file = file;
    c.projection.path = "projections[0]";
    return c;
}

TEST(ExplicitList, csv_rows_arrive_at_their_workers_with_weights_and_delays) {
    const TemporaryFile file("list.csv");
    std::string text = "target, source,weight,delay\r\n";
    std::vector<Synapse> expected;
    for (std::uint64_t row = 0; row < 70000; ++row) {
        const Synapse s{row * 7 % 101, row, row * 11 % 60, 0.25 * static_cast<double>(row % 9), 1.5};
        text += std::to_string(s.target) + "," + std::to_string(s.source) + ", " + std::to_string(s.weight) + ",1.5\n";
        if (row % 1000 == 0) text += "\n";
        expected.push_back(s);
    }
    std::sort(expected.begin(), expected.end());
    file.write(text);
    const Case c = listed(file.path());
    EXPECT_EQ(c.draw(), expected);
    EXPECT_EQ(c.draw(PartitionerKind::random, 3), expected);
    c.with_rule([](const ConnectionRule& rule) {
        EXPECT_EQ(rule.expected_synapses(), 70000.0);
        EXPECT_EQ(rule.indegree_bound(), 694.0); // ceil(70000 / 101)
    });
}

TEST(ExplicitList, what_is_wrong_with_a_csv_file_is_told_with_its_line) {
    const TemporaryFile file("bad.csv");
    const std::vector<std::tuple<std::string, std::uint32_t, std::string>> cases{
        {"", 0, "empty"},
        {"source,traget\n", 1, "traget"},
        {"source,source,target\n", 1, "second"},
        {"source,weight\n1,2\n", 1, "target"},
        {"source,target\n1,2\n1\n", 3, "1 fields"},
        {"source,target\n1,2,3\n", 2, "3 fields"},
        {"source,target\n\n1,2\n1,x\n", 4, "\"x\""},
        {"source,target\n-1,2\n", 2, "-1"},
        {"source,target\n60,2\n", 2, "source = 60"},
        {"source,target\n1,101\n", 2, "target = 101"},
        {"source,target,weight\n1,2,nan\n", 2, "finite"},
        {"source,target,weight\n1,2,1mV\n", 2, "1mV"},
        {"source,target,delay\n1,2,0.05\n", 2, "resolution"},
        {"source,target,delay\n1,2,1.23\n", 2, "multiple"},
        {std::string(10000, '\x01'), 1, "4096"}};
    for (const auto& [text, line, word] : cases) {
        file.write(text);
        try {
            listed(file.path()).draw();
            ADD_FAILURE() << "accepted: " << text;
        } catch (const InputError& error) {
            ASSERT_EQ(error.diagnostics().size(), 1U);
            EXPECT_EQ(error.diagnostics()[0].where.file, file.path());
            EXPECT_EQ(error.diagnostics()[0].where.line, line) << text;
            EXPECT_NE(error.diagnostics()[0].message.find(word), std::string::npos) << error.diagnostics()[0].message;
        }
    }
    EXPECT_THROW(listed("/nonexistent/list.csv").draw(), InputError);
}

void write_dataset(hid_t place, const char* name, hid_t file_type, hid_t memory_type, hsize_t size, const void* data) {
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t set = H5Dcreate2(place, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    H5Dclose(set);
    H5Sclose(space);
}

TEST(ExplicitList, hdf5_columns_of_any_integer_type_are_read_in_chunks) {
    const TemporaryFile file("list.h5");
    constexpr hsize_t rows = 140000;
    std::vector<std::uint32_t> sources;
    std::vector<std::int64_t> targets;
    std::vector<float> weights;
    std::vector<Synapse> expected;
    for (std::uint64_t row = 0; row < rows; ++row) {
        sources.push_back(static_cast<std::uint32_t>(row * 11 % 60));
        targets.push_back(static_cast<std::int64_t>(row * 7 % 101));
        weights.push_back(0.5F * static_cast<float>(row % 5));
        expected.push_back({row * 7 % 101, row, row * 11 % 60, 0.5 * static_cast<double>(row % 5)});
    }
    std::sort(expected.begin(), expected.end());
    const hid_t h5 = H5Fcreate(file.path().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t group = H5Gcreate2(h5, "edges", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    write_dataset(group, "source", H5T_STD_U32BE, H5T_NATIVE_UINT32, rows, sources.data());
    write_dataset(group, "target", H5T_STD_I64LE, H5T_NATIVE_INT64, rows, targets.data());
    write_dataset(group, "weight", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, rows, weights.data());
    const hid_t bad = H5Gcreate2(h5, "bad", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    targets[100000] = -5;
    write_dataset(bad, "source", H5T_STD_U32LE, H5T_NATIVE_UINT32, rows, sources.data());
    write_dataset(bad, "target", H5T_STD_I64LE, H5T_NATIVE_INT64, rows, targets.data());
    H5Gclose(bad);
    H5Gclose(group);
    H5Fclose(h5);

    Case c = listed(file.path());
    c.projection.rule.dataset = "edges";
    EXPECT_EQ(c.draw(), expected);
    EXPECT_EQ(c.draw(PartitionerKind::block, 2), expected);
    c.projection.rule.dataset = "/bad/";
    try {
        c.draw();
        ADD_FAILURE() << "accepted a negative target";
    } catch (const InputError& error) {
        EXPECT_NE(error.diagnostics().at(0).message.find("row 100000: target = -5"), std::string::npos) << error.what();
    }
    c.projection.rule.dataset = "nothing/here";
    EXPECT_THROW(c.draw(), InputError);
    file.write("no HDF5 at all");
    EXPECT_THROW(c.draw(), InputError);
}

} // namespace
} // namespace spikecast::testing
