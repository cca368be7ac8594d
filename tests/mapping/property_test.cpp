// Random graphs on random machines with faults, from placing to packets. Every mapping is verified, or refused with a
// reason; the oracle of mapping_testing.hpp, which follows one key at a time, says whether the verifier is right, with
// faults put into tables and machines too. The environment's PROPERTY_CASES says how many, 500 if it
// doesn't; the test with the label `full` takes 10,000.
#include "partitioners/spinnaker/keys.hpp"
#include "partitioners/spinnaker/tables.hpp"
#include "partitioners/spinnaker/traffic.hpp"
#include "partitioners/spinnaker/verify.hpp"

#include "mapping_testing.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <string>

using namespace spikecast;
using namespace spikecast::mapping;
using namespace spikecast::mapping::testing;

namespace {

constexpr std::uint64_t chunks = 10;

std::uint64_t property_cases() {
    const char* given = std::getenv("PROPERTY_CASES");
    return given == nullptr ? 500 : std::stoull(given);
}

Machine some_machine(Draws& d, std::uint64_t seed, bool large) {
    static constexpr const char* fixed[]{"spin3", "spin5", "spin5:1x1", "spin5-torus:1x1"};
    MachineSpec spec;
    const int most = large ? 14 : 6;
    const auto size = [&] { return std::to_string(1 + d.below(static_cast<std::uint64_t>(most))); };
    if (d.chance(large ? 0.3 : 0.1))
        spec.shape = fixed[d.below(large ? 4 : 2)];
    else
        spec.shape = (d.chance(0.5) ? "mesh:" : "torus:") + size() + "x" + size();
    spec.cores_per_chip = 2 + static_cast<int>(d.below(d.chance(0.3) ? 16 : 4));
    Machine m = make_machine(spec);
    const double chips = 0.01 * static_cast<double>(d.below(6)), links = 0.01 * static_cast<double>(d.below(6));
    apply_faults(m, random_faults(m, chips, links, seed));
    return m;
}

MachineGraph some_graph(Draws& d, const Machine& machine) {
    std::size_t cores = 0;
    for (const ChipResources& r : machine.resources)
        cores += r.cores;
    // Sometimes more than fits.
    const std::size_t most = d.chance(0.03) ? cores + cores / 2 : cores * 7 / 10;
    const std::size_t vertices = 1 + d.below(std::min<std::size_t>(300, most + 1));
    MachineGraph g = random_graph(d, vertices, 1 + d.below(vertices + 4), static_cast<unsigned>(d.below(5)));
    if (d.chance(0.1) && vertices > 8)
        for (std::uint32_t i = 0; i < 3; ++i)
            g.same_chip.push_back(
                {2 * i % static_cast<std::uint32_t>(vertices), static_cast<std::uint32_t>(d.below(vertices))});
    return g;
}

/// The whole pipeline, each stage by a method drawn. Throws Refused.
Mapped some_mapping(std::uint64_t seed, bool large) {
    Draws d(seed);
    Mapped m;
    m.machine = some_machine(d, seed, large);
    m.graph = some_graph(d, m.machine);
    static constexpr PlaceMethod placers[]{PlaceMethod::hilbert, PlaceMethod::random, PlaceMethod::best};
    static constexpr RouteMethod routers[]{RouteMethod::steiner, RouteMethod::ner,
                                           RouteMethod::longest_dimension_first};
    m.placement = place(m.graph, m.machine, {.method = placers[d.below(3)], .seed = seed, .effort = 0.1});
    m.routing = route(m.graph, m.machine, m.placement, {.method = routers[d.below(3)], .seed = seed});
    if (d.chance(0.1)) { // in their plainest form
        m.keys = plain_keys(m.graph);
        m.tables = plain_tables(m.machine, m.graph, m.routing, m.keys, d.chance(0.7));
        return m;
    }
    const KeyMethod keys = d.chance(0.7) ? KeyMethod::own : KeyMethod::index;
    m.keys = allocate_keys(m.graph, m.machine, m.placement, m.routing, {.method = keys, .seed = seed, .effort = 0.1});
    static constexpr MinimiseMethod minimisers[]{MinimiseMethod::best, MinimiseMethod::none,
                                                 MinimiseMethod::default_routes, MinimiseMethod::ordered_covering,
                                                 MinimiseMethod::pair};
    MinimiseOptions options;
    options.method = minimisers[d.chance(0.5) ? 0 : d.below(5)];
    options.effort = 0.1;
    const bool published = options.method == MinimiseMethod::ordered_covering || options.method == MinimiseMethod::pair;
    options.strict = !published && d.chance(0.3);
    m.tables = build_tables(m.machine, m.routing, m.keys, options).tables;
    return m;
}

VerifyResult check(const Mapped& m) {
    VerifyOptions options;
    options.capacity = false;
    return verify(m.machine, m.graph, m.placement, m.keys, m.tables, options);
}
std::string text_of(const VerifyResult& r) {
    return r.violations.empty() ? "no violation" : r.violations[0].text;
}

/// A packet with each net's first and last key: all arrive once, in no time, for nothing else is under way.
void expect_quiet_traffic(const Mapped& m) {
    Traffic traffic(m.machine, m.graph, m.placement, m.keys, m.tables, {});
    std::vector<Spike> spikes;
    for (std::uint32_t n = 0; n < m.graph.nets(); ++n)
        for (const std::uint32_t index : {0U, (1U << m.graph.key_bits[n]) - 1})
            spikes.push_back({spikes.size() * 20'000'000, n, index});
    std::vector<Delivery> deliveries;
    traffic.run(spikes, (spikes.size() + 1) * 20'000'000, &deliveries);
    std::size_t expected = 0;
    for (std::size_t n = 0; n < m.graph.nets(); ++n)
        expected += 2 * expected_cores(m.graph, m.placement, n).size();
    EXPECT_EQ(deliveries.size(), expected);
    const TrafficReport r = traffic.report();
    EXPECT_EQ(r.delivered, expected);
    EXPECT_EQ(r.spikes_not_in_time, 0U);
}

void expect_conserved(const Mapped& m, std::uint64_t seed) {
    TrafficSettings settings;
    settings.wait_cycles = 50;
    settings.emergency_routing = seed % 2 == 0;
    settings.reinject = seed % 3 == 0;
    settings.drain_ms = 1.0;
    Traffic traffic(m.machine, m.graph, m.placement, m.keys, m.tables, settings);
    RateSource source(m.graph, 2e6, Pattern::poisson, seed);
    const Picoseconds end = ps_per_ms / 50;
    traffic.run(source.before(end), end);
    traffic.finish();
    const TrafficReport r = traffic.report();
    EXPECT_EQ(r.fan_out, r.delivered + r.dropped);
    EXPECT_EQ(r.under_way, 0U);
}

class Property : public ::testing::TestWithParam<std::uint64_t> {
protected:
    /// The seeds of this part.
    std::uint64_t begin(std::uint64_t cases) const { return GetParam() * cases / chunks; }
    std::uint64_t end(std::uint64_t cases) const { return (GetParam() + 1) * cases / chunks; }
};

} // namespace

TEST_P(Property, verifier_is_never_silent_on_a_fault_that_matters) {
    std::size_t mapped = 0, refused = 0, faults = 0, harmless = 0;
    for (std::uint64_t seed = begin(property_cases()); seed < end(property_cases()); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Mapped m;
        try {
            m = some_mapping(seed, false);
        } catch (const Refused& r) {
            ++refused;
            EXPECT_FALSE(r.diagnostics().at(0).message.empty());
            continue;
        }
        ++mapped;
        const VerifyResult right = check(m);
        ASSERT_TRUE(right.ok()) << text_of(right);
        ASSERT_TRUE(right_by_brute_force(m.machine, m.graph, m.placement, m.keys, m.tables));
        expect_quiet_traffic(m);
        expect_conserved(m, seed);

        Draws d(seed + (std::uint64_t{1} << 40));
        const Mapped whole = m;
        for (int i = 0; i < 8; ++i) {
            std::string what;
            if (d.chance(0.8)) {
                what = corrupt(m.tables, m.machine, d);
                if (d.chance(0.2)) what += ", " + corrupt(m.tables, m.machine, d);
            } else {
                const auto chip = static_cast<ChipId>(d.below(m.machine.chips()));
                m.machine.links[chip] &= static_cast<std::uint8_t>(~(1U << d.below(link_count)));
                what = "a dead link";
            }
            const bool is_right = right_by_brute_force(m.machine, m.graph, m.placement, m.keys, m.tables);
            const VerifyResult r = check(m);
            ASSERT_EQ(r.ok(), is_right) << what << "\n" << text_of(r);
            ++(is_right ? harmless : faults);
            if (!is_right) {
                const Violation& v = r.violations[0];
                const Fate fate = follow(m.machine, m.tables, m.placement.chip[m.graph.source[v.net]], v.key);
                EXPECT_TRUE(fate.astray || fate.cores != expected_cores(m.graph, m.placement, v.net)) << v.text;
            }
            m = whole;
        }
    }
    EXPECT_GT(mapped, 2 * refused);
    EXPECT_GT(faults, mapped);
    EXPECT_GT(harmless, 0U);
    RecordProperty("mapped", static_cast<int>(mapped));
    RecordProperty("refused", static_cast<int>(refused));
    RecordProperty("faults", static_cast<int>(faults));
}

// Machines of up to 196 chips with 0 to 5 % dead chips and links (each direction by itself).
TEST_P(Property, every_mapping_on_a_faulty_machine_is_verified_or_refused) {
    std::size_t mapped = 0, refused = 0;
    for (std::uint64_t seed = begin(property_cases() / 10); seed < end(property_cases() / 10); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        try {
            const Mapped m = some_mapping(seed + 1'000'000, true);
            const VerifyResult r = check(m);
            ASSERT_TRUE(r.ok()) << text_of(r);
            ++mapped;
        } catch (const Refused& r) {
            ++refused;
            const Diagnostic& why = r.diagnostics().at(0);
            EXPECT_FALSE(why.message.empty() || why.remedy.empty()) << why.text();
        }
    }
    EXPECT_GE(mapped, refused);
}

INSTANTIATE_TEST_SUITE_P(Part, Property, ::testing::Range<std::uint64_t>(0, chunks));
