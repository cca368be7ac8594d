// Run on 1, 2 and 3 ranks: what was put into a checkpoint comes out for every share of the rows, and nothing damaged
// does.
#include "engine/checkpoint/file.hpp"

#include "engine/checkpoint/sections.hpp"
#include "spikecast/error.hpp"

#include <gtest/gtest.h>

#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

namespace spikecast {
namespace {

namespace fs = std::filesystem;

struct World {
    int rank = 0, ranks = 1;
    World() {
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (fs::temp_directory_path() / (name + "_" + std::to_string(ranks) + "_ranks.h5")).string();
    }
};

constexpr std::uint64_t rows = 1003;

double value(std::uint64_t row) {
    return row % 100 == 0 ? std::numeric_limits<double>::quiet_NaN() : std::sin(static_cast<double>(row)) * 1e-310;
}
std::uint32_t triple(std::uint64_t row, std::uint32_t k) {
    return static_cast<std::uint32_t>(row * 3 + k);
}

/// Rows dealt to the ranks by `deal`, those of this rank in descending order.
std::vector<TableShare> shares(const World& world, std::uint64_t deal, bool filled) {
    std::vector<TableShare> out(2); // two workers
    for (std::uint64_t row = rows; row-- > 0;) {
        const std::uint64_t worker = row * deal % (2 * static_cast<std::uint64_t>(world.ranks));
        if (worker / 2 == static_cast<std::uint64_t>(world.rank)) out[worker % 2].rows.push_back(row);
    }
    if (!filled) return out;
    for (TableShare& share : out) {
        std::vector<double> a;
        std::vector<float> b;
        std::vector<std::uint32_t> c;
        for (const std::uint64_t row : share.rows) {
            a.push_back(value(row));
            b.push_back(static_cast<float>(row));
            for (std::uint32_t k = 0; k < 3; ++k)
                c.push_back(triple(row, k));
        }
        share.columns.column("V_m", a.size(), a.data());
        share.columns.column("a/b", b.size(), b.data());
        share.columns.column<std::uint32_t>(
            "three", share.rows.size(), 3,
            [&](std::size_t i, std::uint32_t k) -> std::uint32_t& { return c[3 * i + k]; });
    }
    return out;
}

std::uint64_t write(const World& world, const std::string& path, const std::string& text, std::uint32_t keep = 1) {
    CheckpointWriter writer(MPI_COMM_WORLD, path);
    writer.text("spikecast/text", world.rank == 0 ? text : "another");
    writer.table("populations/E", rows, shares(world, 1, true));
    writer.table("populations/empty", 0, std::vector<TableShare>(1));
    return writer.finish(keep);
}

TEST(CheckpointFile, rows_come_back_bit_for_bit_in_another_dealing) {
    const World world;
    const std::string path = world.path("spikecast_checkpoint");
    const std::uint64_t bytes = write(world, path, "text of \n two lines");
    EXPECT_EQ(bytes, fs::file_size(path));
    EXPECT_FALSE(fs::exists(path + ".part"));
    const CheckpointReader reader(MPI_COMM_WORLD, path);
    EXPECT_EQ(reader.text("spikecast/text"), "text of \n two lines");
    EXPECT_TRUE(reader.has_table("populations/E"));
    EXPECT_FALSE(reader.has_table("populations/empty"));
    EXPECT_EQ(reader.rows("populations/E"), rows);
    std::vector<TableShare> wanted = shares(world, 7, false);
    reader.table("populations/E", wanted);
    for (TableShare& share : wanted) {
        std::vector<double> a(share.rows.size());
        std::vector<float> b(share.rows.size());
        std::vector<std::uint32_t> c(3 * share.rows.size());
        share.columns.column("V_m", a.size(), a.data());
        share.columns.column("a/b", b.size(), b.data());
        share.columns.column<std::uint32_t>(
            "three", share.rows.size(), 3,
            [&](std::size_t i, std::uint32_t k) -> std::uint32_t& { return c[3 * i + k]; });
        for (std::size_t i = 0; i < share.rows.size(); ++i) {
            const double wants = value(share.rows[i]);
            EXPECT_EQ(std::memcmp(&a[i], &wants, sizeof wants), 0) << share.rows[i];
            EXPECT_EQ(b[i], static_cast<float>(share.rows[i]));
            for (std::uint32_t k = 0; k < 3; ++k)
                EXPECT_EQ(c[3 * i + k], triple(share.rows[i], k));
        }
        EXPECT_THROW(share.columns.column("V_m", b.size(), b.data()), RunError); // of another type
        EXPECT_THROW(share.columns.column("I_syn", a.size(), a.data()), RunError);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (world.rank == 0) fs::remove(path);
    MPI_Barrier(MPI_COMM_WORLD);
}

TEST(CheckpointFile, earlier_ones_are_kept_under_numbers) {
    const World world;
    const std::string path = world.path("spikecast_keep");
    for (const char* text : {"one", "two", "three", "four"})
        write(world, path, text, 3);
    const auto text_of = [](const std::string& file) {
        return read_checkpoint_text(read_checkpoint_index(file), "spikecast/text");
    };
    EXPECT_EQ(text_of(path), "four");
    EXPECT_EQ(text_of(path + ".1"), "three");
    EXPECT_EQ(text_of(path + ".2"), "two");
    EXPECT_FALSE(fs::exists(path + ".3"));
    MPI_Barrier(MPI_COMM_WORLD);
    if (world.rank == 0)
        for (const char* suffix : {"", ".1", ".2"})
            fs::remove(path + suffix);
    MPI_Barrier(MPI_COMM_WORLD);
}

std::string message_of(const std::string& path) {
    try {
        const CheckpointReader reader(MPI_COMM_WORLD, path);
    } catch (const RunError& e) {
        return e.what();
    }
    return "";
}

TEST(CheckpointFile, every_flipped_bit_is_noticed_and_named) {
    const World world;
    const std::string path = world.path("spikecast_flip"), broken = world.path("spikecast_flipped");
    write(world, path, "text");
    std::vector<char> bytes;
    if (world.rank == 0) {
        std::ifstream file(path, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    std::uint64_t size = bytes.size();
    MPI_Bcast(&size, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    const CheckpointIndex index = read_checkpoint_index(path);
    const std::uint64_t in_state = index.find("populations/E/V_m")->offset + 4;
    std::vector<std::uint64_t> places{0,        25,        40,      71, 512, 600, index.find("spikecast/text")->offset,
                                      in_state, index.end, size - 1};
    for (std::uint64_t p = 530; p < size; p += size / 40)
        places.push_back(p);
    for (const std::uint64_t place : places) {
        if (world.rank == 0) {
            std::vector<char> damaged = bytes;
            damaged[place] = static_cast<char>(damaged[place] ^ 0x10);
            std::ofstream(broken, std::ios::binary).write(damaged.data(), static_cast<std::streamsize>(size));
        }
        MPI_Barrier(MPI_COMM_WORLD);
        // What lies between header and HDF5 (72 .. 511) is nobody's and isn't read.
        const std::string message = message_of(broken);
        EXPECT_NE(message, "") << "byte " << place << " of " << size;
        if (place == in_state) {
            EXPECT_NE(message.find("populations/E/V_m"), std::string::npos) << message;
        }
        MPI_Barrier(MPI_COMM_WORLD);
    }
    if (world.rank == 0) fs::remove(broken);
    if (world.rank == 0) fs::remove(path);
    MPI_Barrier(MPI_COMM_WORLD);
}

TEST(CheckpointFile, what_is_no_whole_checkpoint_is_refused_with_what_is_wrong) {
    const World world;
    const std::string path = world.path("spikecast_whole"), other = world.path("spikecast_other");
    write(world, path, "text");
    std::string bytes;
    {
        std::ifstream file(path, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    const auto message_for = [&](const std::string& content) {
        MPI_Barrier(MPI_COMM_WORLD);
        if (world.rank == 0) std::ofstream(other, std::ios::binary) << content;
        MPI_Barrier(MPI_COMM_WORLD);
        return message_of(other);
    };
    const auto says = [&](const std::string& content, const std::string& what) {
        const std::string message = message_for(content);
        EXPECT_NE(message.find(what), std::string::npos) << message;
        EXPECT_NE(message.find(other), std::string::npos) << message;
    };
    says("", "less than the header");
    says(bytes.substr(0, bytes.size() - 1), "truncated");
    says(bytes.substr(0, 600), "truncated");
    says(bytes + "x", "has grown");
    says(std::string("\x89HDF\r\n\x1a\n", 8) + std::string(2000, '\0'), "is an HDF5 file, but no checkpoint");
    says("title = \"An experiment\"" + std::string(200, ' '), "no checkpoint of spikecast");
    std::string newer = bytes;
    newer[24] = 99; // the format, before anything else of the header is trusted
    says(newer, "newer version");
    EXPECT_NE(message_of("/nonexistent/c.h5").find("can't be opened"), std::string::npos);
    EXPECT_NE(message_of(fs::temp_directory_path().string()).find("is a folder"), std::string::npos);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world.rank == 0) {
        fs::remove(path);
        fs::remove(other);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

TEST(CheckpointFile, one_that_cannot_be_finished_leaves_the_old_one) {
    const World world;
    const std::string path = world.path("spikecast_old");
    write(world, path, "old");
    {
        CheckpointWriter writer(MPI_COMM_WORLD, path);
        writer.text("spikecast/text", "new");
        EXPECT_TRUE(fs::exists(path + ".part"));
        MPI_Barrier(MPI_COMM_WORLD);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    EXPECT_FALSE(fs::exists(path + ".part"));
    EXPECT_EQ(read_checkpoint_text(read_checkpoint_index(path), "spikecast/text"), "old");
    MPI_Barrier(MPI_COMM_WORLD);
    if (world.rank == 0) fs::remove(path);
    MPI_Barrier(MPI_COMM_WORLD);
}

TEST(CheckpointSections, come_back_and_refuse_what_is_newer) {
    RunSection run;
    run.step = 12345;
    run.populations = {"E", "I"};
    run.sizes = {100, 25};
    std::string bytes = to_bytes(run);
    EXPECT_EQ(from_bytes<RunSection>(bytes, "c.h5").step, 12345);
    EXPECT_EQ(from_bytes<RunSection>(bytes, "c.h5").populations, run.populations);
    EXPECT_THROW((void)from_bytes<RunSection>(bytes.substr(0, bytes.size() / 2), "c.h5"), RunError);
    EXPECT_THROW((void)from_bytes<RunSection>("", "c.h5"), RunError);
}

/// A recording section as version 1 wrote it: /tmp/r.h5, run 77, 9 spikes of E, 3 frames of E.V_m from step 11 on.
std::string recording_of_version_1() {
    const std::string digits =
        "160000000000000073657269616c697a6174696f6e3a3a61726368697665120004080408010000000001000000090000"
        "00000000002f746d702f722e68354d000000000000000000000000010000000000000000000000010000000000000045"
        "010000000000000009000000000000000100000000000000000000000500000000000000452e565f6d01000000000000"
        "00030000000000000001000000000000000b00000000000000";
    std::string bytes;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    return bytes;
}

TEST(CheckpointSections, of_older_versions_are_read_and_of_newer_ones_refused) {
    std::string bytes = recording_of_version_1();
    const auto recording = from_bytes<RecordingSection>(bytes, "c.h5");
    EXPECT_EQ(recording.output, "/tmp/r.h5");
    EXPECT_EQ(recording.run, 77U);
    EXPECT_EQ(recording.populations, std::vector<std::string>{"E"});
    EXPECT_EQ(recording.spikes, std::vector<std::uint64_t>{9});
    EXPECT_EQ(recording.traces, std::vector<std::string>{"E.V_m"});
    EXPECT_EQ(recording.frames, std::vector<std::uint64_t>{3});
    EXPECT_EQ(recording.first_steps, std::vector<std::int64_t>{11});
    EXPECT_TRUE(recording.weight_looks.empty());
    constexpr std::size_t version_at = 41;
    ASSERT_EQ(bytes[version_at], 1);
    bytes[version_at] = 99;
    try {
        (void)from_bytes<RecordingSection>(bytes, "c.h5");
        FAIL() << "a section of version 99 is read";
    } catch (const RunError& e) {
        EXPECT_NE(std::string(e.what()).find("newer version"), std::string::npos) << e.what();
    }
}

} // namespace
} // namespace spikecast
