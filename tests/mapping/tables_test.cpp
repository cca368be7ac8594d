// Tables from trees, and as files.
#include "partitioners/spinnaker/tables.hpp"

#include "tests/mapping/mapping_testing.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace spikecast::mapping {
namespace {

std::string folder() {
    const auto path = std::filesystem::temp_directory_path() / ("spikecast_tables_" + std::to_string(::getpid()));
    std::filesystem::create_directories(path);
    return path.string();
}
void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}
std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
std::string errors(const std::string& text) {
    try {
        (void)parse_table(text, "t.csv");
    } catch (const InputError& e) {
        return e.what();
    }
    return {};
}

TEST(Tables, an_entry_for_each_chip_of_a_tree_and_straight_ones_marked) {
    // A row of four chips; net 0 goes from chip 0 to core 2 of chip 3, net 1 from chip 1 to its own core 0.
    Machine machine = make_machine({.shape = "mesh:4x1", .profile = "spinnaker", .cores_per_chip = 4});
    Routing routing;
    routing.begin = {0, 4, 5};
    const Route east = Route::link(0);
    routing.nodes = {
        {0, 0, 255, east}, {1, 0, 0, east}, {2, 1, 0, east}, {3, 2, 0, Route::core(2)}, {1, 0, 255, Route::core(0)}};
    const Keys keys{{8, 4}, {~std::uint32_t{7}, ~std::uint32_t{3}}};
    const auto raw = raw_tables(machine, routing, keys);
    EXPECT_EQ(raw[0].entries, (Table{{8, ~std::uint32_t{7}, east}}));
    EXPECT_EQ(raw[0].straight, (std::vector<std::uint8_t>{0}));
    EXPECT_EQ(raw[1].entries, (Table{{4, ~std::uint32_t{3}, Route::core(0)}, {8, ~std::uint32_t{7}, east}}));
    EXPECT_EQ(raw[1].straight, (std::vector<std::uint8_t>{0, 1}));
    EXPECT_EQ(raw[2].straight, (std::vector<std::uint8_t>{1}));
    EXPECT_EQ(raw[3].entries, (Table{{8, ~std::uint32_t{7}, Route::core(2)}}));
    const BuiltTables built = build_tables(machine, routing, keys, {});
    EXPECT_EQ(built.tables[1].size(), 1U);
    EXPECT_TRUE(built.tables[2].empty());
    EXPECT_EQ(built.reports[1].entries, 2U);
    EXPECT_EQ(built.reports[1].straight, 1U);
    EXPECT_EQ(built.reports[1].floor, 1U);
    EXPECT_EQ(built.reports[1].minimised, 1U);
}

TEST(Tables, a_packet_that_turns_is_not_straight) {
    Machine machine = make_machine({.shape = "mesh:3x3", .profile = "spinnaker", .cores_per_chip = 4});
    Routing routing;
    routing.begin = {0, 3};
    routing.nodes = {{0, 0, 255, Route::link(0)}, {1, 0, 0, Route::link(2)}, {4, 1, 2, Route::core(0)}};
    const BuiltTables built = build_tables(machine, routing, {{0}, {~std::uint32_t{0}}}, {});
    for (const ChipId c : {0U, 1U, 4U})
        EXPECT_EQ(built.tables[c].size(), 1U);
}

TEST(Tables, minimised_tables_deliver_every_key_and_do_not_depend_on_threads) {
    std::size_t mapped = 0;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        testing::Mapped m;
        try {
            m = testing::random_mapping(seed);
        } catch (const Refused&) {
            continue;
        }
        ++mapped;
        for (const MinimiseMethod method :
             {MinimiseMethod::none, MinimiseMethod::default_routes, MinimiseMethod::ordered_covering,
              MinimiseMethod::pair, MinimiseMethod::best}) {
            const BuiltTables one = build_tables(m.machine, m.routing, m.keys, {.method = method});
            EXPECT_TRUE(testing::right_by_brute_force(m.machine, m.graph, m.placement, m.keys, one.tables))
                << "seed " << seed << " method " << static_cast<int>(method);
            for (const unsigned threads : {2U, 5U})
                EXPECT_EQ(build_tables(m.machine, m.routing, m.keys, {.method = method, .threads = threads}).tables,
                          one.tables);
        }
    }
    EXPECT_GT(mapped, 40U);
}

TEST(Tables, too_many_entries_are_refused_with_chip_and_numbers) {
    Machine machine = make_machine({.shape = "mesh:2x1", .profile = "spinnaker", .cores_per_chip = 4});
    machine.resources[0].router_entries = 1;
    Routing routing;
    routing.begin = {0, 1, 2};
    routing.nodes = {{0, 0, 255, Route::core(0)}, {0, 0, 255, Route::core(1)}};
    const BuiltTables built = build_tables(machine, routing, {{0, 1}, {~std::uint32_t{0}, ~std::uint32_t{0}}}, {});
    try {
        check_capacity(machine, built);
        FAIL();
    } catch (const Refused& e) {
        const std::string text = e.what();
        EXPECT_NE(text.find("chip (0, 0): 2 entries after minimising"), std::string::npos) << text;
        EXPECT_NE(text.find("holds 1"), std::string::npos) << text;
    }
    machine.resources[0].router_entries = 2;
    EXPECT_NO_THROW(check_capacity(machine, built));
}

TEST(Tables, keys_of_other_nets_are_a_mistake) {
    const Machine machine = make_machine({.shape = "mesh:2x1", .profile = "spinnaker", .cores_per_chip = 4});
    Routing routing;
    routing.begin = {0};
    EXPECT_THROW((void)build_tables(machine, routing, {{1}, {~std::uint32_t{0}}}, {}), std::invalid_argument);
}

TEST(TableFile, what_is_written_is_read_again) {
    Table t{
        {0x00100000, 0xFFFFFFE0, {{0x4223, 0, 0}}}, {0, 0, Route::link(5)}, {1, ~std::uint32_t{0}, Route::core(100)}};
    t[2].route |= Route::core(151);
    t[2].route |= Route::core(57);
    const std::string at = folder();
    for (const char* name : {"/t.csv", "/t.csv.gz"}) {
        write_table(t, at + name);
        EXPECT_EQ(read_table(at + name), t) << name;
    }
    EXPECT_EQ(read(at + "/t.csv"), table_text(t));
    EXPECT_EQ(read(at + "/t.csv.gz").substr(0, 2), "\x1f\x8b");
    EXPECT_EQ(table_text({t[0]}), "0x00100000,0xFFFFFFE0,0x00004223\n");
    std::filesystem::remove_all(at);
}

TEST(TableFile, spaces_comments_empty_lines_and_missing_0x_are_fine) {
    const Table t = parse_table("# key,mask,route\r\n\n 10 , FFFFfff0,\t0x1\r\n0x20,0xFFFFFFF0,2", "t.csv");
    EXPECT_EQ(t, (Table{{0x10, 0xFFFFFFF0, Route::link(0)}, {0x20, 0xFFFFFFF0, Route::link(1)}}));
    EXPECT_TRUE(parse_table("", "t.csv").empty());
}

TEST(TableFile, everything_that_is_wrong_is_named_with_its_line_and_column) {
    const std::string text = errors("0x10,0xFFFFFFF0,0x1\n0x1G,0xFFFFFFF0,0x1\n1,2\n0x11,0xFFFFFFF0,0x1\n"
                                    "1,0x1FFFFFFFF,1\n1,2,3,4\n,,\n1,FFFFFFFF,0x");
    for (const char* part :
         {"t.csv:2:1: key: \"0x1G\"", "t.csv:3: line: \"1,2\" has 2 fields",
          "t.csv:4:1: key: 0x00000011 has bits outside of the mask 0xFFFFFFF0", "t.csv:5:3: mask: \"0x1FFFFFFFF\"",
          "t.csv:6: line: \"1,2,3,4\" has 4 fields", "t.csv:7:1: key: \"\"", "t.csv:8:12: route: \"0x\""})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
    EXPECT_EQ(text.find("t.csv:1"), std::string::npos) << text;
    std::string many;
    for (int i = 0; i < 100; ++i)
        many += "x\n";
    EXPECT_NE(errors(many).find("80 more errors"), std::string::npos);
}

TEST(TableFile, lines_without_end_take_no_memory) {
    const std::string text = errors("1,FFFFFFFF,1\n" + std::string(1 << 20, '1') + "\n2,FFFFFFFF,zz\n");
    EXPECT_NE(text.find("t.csv:2: line: more than 256 characters"), std::string::npos) << text;
    EXPECT_NE(text.find("t.csv:3:12: route"), std::string::npos) << text;
    EXPECT_LT(text.size(), 1000U);
}

TEST(TableFile, files_that_are_not_whole_or_not_there_are_errors) {
    const std::string at = folder();
    Table t;
    for (std::uint32_t k = 0; k < 50000; ++k)
        t.push_back({k * 2654435761U, ~std::uint32_t{0}, Route::link(0)});
    write_table(t, at + "/t.csv.gz");
    const std::string whole = read(at + "/t.csv.gz");
    write(at + "/cut.csv.gz", whole.substr(0, whole.size() / 2));
    EXPECT_THROW((void)read_table(at + "/cut.csv.gz"), RunError);
    std::string damaged = whole;
    damaged[whole.size() / 2] = static_cast<char>(damaged[whole.size() / 2] ^ 0x55);
    write(at + "/damaged.csv.gz", damaged);
    EXPECT_ANY_THROW((void)read_table(at + "/damaged.csv.gz"));
    EXPECT_THROW((void)read_table(at + "/none.csv"), InputError);
    EXPECT_THROW((void)read_table(at), InputError); // a folder
    EXPECT_THROW((void)read_table("/dev/zero"), InputError);
    EXPECT_THROW(write_table(t, at + "/none/t.csv"), RunError);
    std::filesystem::remove_all(at);
}

} // namespace
} // namespace spikecast::mapping
