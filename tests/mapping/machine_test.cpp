#include "partitioners/spinnaker/machine.hpp"

#include "partitioners/spinnaker/place.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <set>

using namespace spikecast;
using namespace spikecast::mapping;

namespace {

std::size_t live(const Machine& m) {
    return static_cast<std::size_t>(std::count(m.alive.begin(), m.alive.end(), 1));
}
std::size_t links(const Machine& m) {
    std::size_t n = 0;
    for (ChipId c = 0; c < m.chips(); ++c)
        for (int l = 0; l < link_count; ++l)
            n += m.has_link(c, l) ? 1U : 0U;
    return n;
}
std::string errors_of(const std::string& text) {
    try {
        Machine m = make_machine({.shape = "mesh:4x4", .profile = "spinnaker", .cores_per_chip = {}});
        apply_faults(m, parse_faults(text, "faults.cfg"));
    } catch (const InputError& e) {
        std::string all;
        for (const Diagnostic& d : e.diagnostics())
            all += d.text() + "\n";
        return all;
    }
    return "";
}

} // namespace

TEST(Machine, shapes_have_their_chips_and_links) {
    struct Case {
        const char* shape;
        int width, height;
        std::size_t chips, links;
        int boards;
    };
    // A mesh has 2 ((w - 1) h + w (h - 1) + (w - 1)(h - 1)) directed links. A SpiNN-5 board has 240 live ones inside:
    // 48 * 6 less the 48 that lead off it; two boards side by side share 8 both ways. A wrapped machine has 6 a chip.
    for (const Case& c :
         {Case{"mesh:13x13", 13, 13, 169, 2 * (12 * 13 + 13 * 12 + 12 * 12), 1}, Case{"torus:5x4", 5, 4, 20, 120, 1},
          Case{"spin3", 2, 2, 4, 24, 1}, Case{"spin5", 8, 8, 48, 240, 1},
          Case{"spin5:1x1", 16, 16, 144, 3 * 240 + 3 * 16, 3}, Case{"spin5-torus:1x1", 12, 12, 144, 864, 3},
          Case{"spin5:3x3", 40, 40, 27 * 48, 0, 27}, Case{"full", 240, 240, 57600, 345600, 1200}}) {
        const Machine m = make_machine({.shape = c.shape, .profile = "spinnaker", .cores_per_chip = {}});
        EXPECT_EQ(m.width, c.width) << c.shape;
        EXPECT_EQ(m.height, c.height) << c.shape;
        EXPECT_EQ(live(m), c.chips) << c.shape;
        if (c.links != 0) {
            EXPECT_EQ(links(m), c.links) << c.shape;
        }
        std::set<int> boards;
        std::vector<int> size(1200, 0);
        for (ChipId i = 0; i < m.chips(); ++i)
            if (m.alive[i] != 0) {
                boards.insert(m.board[i]);
                ++size[m.board[i]];
            }
        EXPECT_EQ(boards.size(), static_cast<std::size_t>(c.boards)) << c.shape;
        if (c.boards > 1) {
            for (const int b : boards)
                EXPECT_EQ(size[static_cast<std::size_t>(b)], 48) << c.shape;
        }
        // Without faults every link works both ways.
        for (ChipId i = 0; i < m.chips(); ++i)
            for (int l = 0; l < link_count; ++l)
                if (m.has_link(i, l)) {
                    EXPECT_TRUE(m.has_link(m.neighbour(i, l), opposite(l)));
                }
        EXPECT_EQ(usable_chips(m).size(), c.chips);
    }
}

TEST(Machine, bad_requests_are_refused_with_what_is_known) {
    for (const char* shape : {"", "mesh", "mesh:", "mesh:13", "mesh:0x4", "mesh:-1x4", "mesh:4x4x4", "mesh:1e3x2",
                              "mesh:99999x99999", "spin5:999x999", "spin4", "spin3:2x2", "full:2x2", "mesh:4x4 "})
        EXPECT_THROW((void)make_machine({.shape = shape, .profile = "spinnaker", .cores_per_chip = {}}), InputError)
            << shape;
    EXPECT_THROW((void)make_machine({.shape = "mesh:2x2", .profile = "spinaker", .cores_per_chip = {}}), InputError);
    EXPECT_THROW((void)make_machine({.shape = "mesh:2x2", .profile = "spinnaker", .cores_per_chip = 0}), InputError);
    EXPECT_THROW((void)make_machine({.shape = "mesh:2x2", .profile = "spinnaker", .cores_per_chip = 18}), InputError);
    EXPECT_THROW((void)make_machine({.shape = "spin5", .profile = "loihi", .cores_per_chip = {}}), InputError);
}

TEST(Machine, memory_and_entries_can_differ_from_the_profile) {
    MachineSpec spec{.shape = "mesh:2x2", .profile = "spinnaker", .cores_per_chip = {}};
    spec.sdram_per_chip = 1 << 20;
    spec.dtcm_per_core = 1 << 10;
    spec.router_entries = 7;
    const Machine m = make_machine(spec);
    EXPECT_EQ(m.resources[3].sdram_bytes, 1U << 20);
    EXPECT_EQ(m.resources[3].router_entries, 7U);
    EXPECT_EQ(m.dtcm_bytes, 1U << 10);
    spec.profile = "loihi";
    EXPECT_TRUE(make_machine(spec).has_sdram);
    spec.sdram_per_chip = most_chip_bytes + 1;
    EXPECT_THROW((void)make_machine(spec), InputError);
}

TEST(Machine, profiles_differ_and_say_what_is_missing) {
    const Machine s2 = make_machine({.shape = "mesh:4x4", .profile = "spinnaker2", .cores_per_chip = {}});
    EXPECT_EQ(s2.resources[0].cores, 152);
    EXPECT_EQ(s2.resources[0].router_entries, 16384U);
    EXPECT_FALSE(s2.not_modelled.empty());
    const Machine tn = make_machine({.shape = "mesh:64x64", .profile = "truenorth", .cores_per_chip = {}});
    EXPECT_EQ(tn.fan_in, 256U);
    EXPECT_FALSE(tn.has_sdram);
    EXPECT_EQ(tn.clock_mhz, 0.0);
    EXPECT_FALSE(tn.not_modelled.empty());
    EXPECT_TRUE(s2.has_sdram);
    EXPECT_FALSE(tn.has_link(tn.chip(5, 5), 1)); // a square mesh
    EXPECT_TRUE(tn.has_link(tn.chip(5, 5), 2));
}

TEST(Machine, faults_are_read_from_all_forms_and_taken_off) {
    Machine m = make_machine({.shape = "mesh:4x4", .profile = "spinnaker", .cores_per_chip = {}});
    apply_faults(
        m, parse_faults("[Machine]\n# a comment\ndown_chips = 1,1:2,2\ndown_cores = 0,0,3 ; one\n  0,0,4\n  0,0,4\n"
                        "down_links = 0,0,0:3,3,3\n",
                        "faults.cfg"));
    EXPECT_EQ(live(m), 14U);
    EXPECT_EQ(m.resources[0].cores, 15);
    EXPECT_EQ(m.resources[m.chip(1, 1)].cores, 0);
    EXPECT_FALSE(m.has_link(0, 0)); // one way
    EXPECT_TRUE(m.has_link(1, 3));
    EXPECT_FALSE(m.has_link(0, 1)); // towards the dead chip
    EXPECT_FALSE(m.has_link(m.chip(1, 0), 2));
}

TEST(Machine, wrong_faults_are_reported_together_each_with_its_place) {
    const std::string text =
        errors_of("1,1\ndown_chips = 4,0:x,1\ndown_cores = 1,1,0:1,1,18:2,2\ndown_links = 0,0,6\ndown = 1,1\n");
    EXPECT_NE(text.find("faults.cfg:1:1"), std::string::npos) << text;
    EXPECT_NE(text.find("faults.cfg:2:18"), std::string::npos) << text;
    EXPECT_NE(text.find("faults.cfg:3:27"), std::string::npos) << text;
    EXPECT_NE(text.find("faults.cfg:5:1"), std::string::npos) << text;
    const std::string ranges = errors_of("down_chips = 4,0\ndown_cores = 1,1,0:1,1,18\ndown_links = 0,0,6");
    EXPECT_EQ(std::count(ranges.begin(), ranges.end(), '\n'), 4) << ranges;
}

TEST(Machine, one_way_links_leave_out_chips_that_cannot_answer) {
    Machine m = make_machine({.shape = "mesh:3x1", .profile = "spinnaker", .cores_per_chip = {}});
    apply_faults(m, parse_faults("down_links = 2,0,3", "f")); // (2,0) can be reached but reaches nobody
    EXPECT_EQ(usable_chips(m), (std::vector<ChipId>{0, 1}));
}
