// Run on 1, 2 and 3 ranks: the file's content must be that computed here in memory, whatever the number of ranks.
#include "engine/recording/hdf5.hpp"
#include "engine/recording/result_file.hpp"

#include <gtest/gtest.h>

#include <hdf5.h>
#include <mpi.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace {

using namespace spikecast;

struct World {
    int rank = 0, ranks = 1;
    World() {
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (std::filesystem::temp_directory_path() / (name + "_" + std::to_string(ranks) + "_ranks.h5")).string();
    }
};

Experiment example() {
    Experiment experiment;
    experiment.title = "Test of recording";
    experiment.simulation.seed = 18446744073709551615ULL;
    experiment.text = "title = \"Test of recording\"  # \xC3\xA4\n";
    experiment.overrides = {"simulation.seed=1", "a.b=\"x\""};
    return experiment;
}

/// Reads a whole dataset, serially.
template <class T>
std::vector<T> read(hid_t file, const std::string& name, hid_t type) {
    const hdf5::Handle dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT));
    EXPECT_GE(dataset.get(), 0) << name;
    const hdf5::Handle space(H5Dget_space(dataset.get()));
    std::vector<T> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space.get())));
    EXPECT_GE(H5Dread(dataset.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0) << name;
    return values;
}

std::string read_text(hid_t object, const std::string& attribute) {
    const hdf5::Handle handle(H5Aopen(object, attribute.c_str(), H5P_DEFAULT));
    const hdf5::Handle type(H5Aget_type(handle.get()));
    char* text = nullptr;
    H5Aread(handle.get(), type.get(), static_cast<void*>(&text));
    std::string result = text == nullptr ? "" : text;
    H5free_memory(text);
    return result;
}

/// Windows of spikes of three populations; the second window is empty, the third population never spikes. Each spike
/// appears once or twice (generators can spike twice in a step), in a shuffled order.
std::vector<std::vector<std::vector<RecordedSpike>>> windows() {
    std::mt19937_64 random(5);
    std::vector<std::vector<std::vector<RecordedSpike>>> result(3, std::vector<std::vector<RecordedSpike>>(3));
    for (std::size_t w : {0U, 2U})
        for (std::size_t p = 0; p < 2; ++p)
            for (int i = 0; i < (p == 0 ? 50'000 : 7); ++i)
                result[w][p].push_back(
                    {static_cast<std::int64_t>(w) * 1000 + 1 + static_cast<std::int64_t>(random() % 1000),
                     random() % 5'000'000'000ULL});
    result[0][1].push_back(result[0][1].front());
    return result;
}

TEST(ResultFile, spikes_are_sorted_and_the_same_for_every_number_of_ranks) {
    const World world;
    const std::string path = world.path("spikecast_spikes");
    const auto all = windows();
    {
        ResultFile file(MPI_COMM_WORLD, path, example(), {"E", "I", "silent"}, {});
        for (const auto& window : all) {
            // Rank r takes the spikes of its neurons; with 3 ranks the last has none at all.
            std::vector<std::vector<RecordedSpike>> own(3);
            const auto takers = static_cast<std::uint64_t>(world.ranks == 3 ? 2 : world.ranks);
            for (std::size_t p = 0; p < 3; ++p)
                for (const RecordedSpike& s : window[p])
                    if (s.index % takers == static_cast<std::uint64_t>(world.rank)) own[p].push_back(s);
            file.append_spikes(own);
        }
        EXPECT_EQ(file.bytes_written(), 16U * (2 * 50'000 + 15));
        file.close(world.rank == 0 ? "{\"spikes\": 100015}" : "another length on other ranks");
    }
    if (world.rank == 0) {
        const hdf5::Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
        ASSERT_GE(file.get(), 0);
        const std::array<std::string, 3> names{"E", "I", "silent"};
        for (std::size_t p = 0; p < 3; ++p) {
            std::vector<RecordedSpike> expected;
            for (const auto& window : all)
                expected.insert(expected.end(), window[p].begin(), window[p].end());
            std::sort(expected.begin(), expected.end());
            std::vector<double> times;
            std::vector<std::uint64_t> ids;
            for (const RecordedSpike& s : expected) {
                times.push_back(static_cast<double>(s.step) / 10.0); // steps of 0.1 ms; the quotient is exactly rounded
                ids.push_back(s.index);
            }
            const std::string group = "/spikes/" + names[p] + "/";
            EXPECT_EQ(read<double>(file.get(), group + "timestamps", H5T_NATIVE_DOUBLE), times);
            EXPECT_EQ(read<std::uint64_t>(file.get(), group + "node_ids", H5T_NATIVE_UINT64), ids);
            const hdf5::Handle dataset(H5Dopen2(file.get(), (group + "timestamps").c_str(), H5P_DEFAULT));
            EXPECT_EQ(read_text(dataset.get(), "units"), "ms");
            const hdf5::Handle sorting(H5Aopen_by_name(file.get(), group.c_str(), "sorting", H5P_DEFAULT, H5P_DEFAULT));
            const hdf5::Handle type(H5Aget_type(sorting.get()));
            std::uint8_t value = 0;
            H5Aread(sorting.get(), type.get(), &value);
            std::array<char, 16> name{};
            H5Tenum_nameof(type.get(), &value, name.data(), name.size());
            EXPECT_STREQ(name.data(), "by_time");
        }
        const hdf5::Handle about(H5Gopen2(file.get(), "/spikecast", H5P_DEFAULT));
        EXPECT_EQ(read_text(about.get(), "title"), "Test of recording");
        std::uint64_t seed = 0;
        const hdf5::Handle attribute(H5Aopen(about.get(), "seed", H5P_DEFAULT));
        H5Aread(attribute.get(), H5T_NATIVE_UINT64, &seed);
        EXPECT_EQ(seed, 18446744073709551615ULL);
        const auto text = [&](const char* name) {
            const hdf5::Handle dataset(H5Dopen2(about.get(), name, H5P_DEFAULT));
            const hdf5::Handle type(H5Dget_type(dataset.get()));
            std::string result(H5Tget_size(type.get()), '\0');
            H5Dread(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, result.data());
            return result;
        };
        EXPECT_EQ(text("experiment"), example().text);
        EXPECT_EQ(text("report"), "{\"spikes\": 100015}");
        std::filesystem::remove(path);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

TEST(ResultFile, traces_have_every_value_in_its_place) {
    const World world;
    for (const bool single : {false, true}) {
        const std::string path = world.path(single ? "spikecast_traces_f4" : "spikecast_traces_f8");
        Experiment experiment = example();
        experiment.simulation.precision = single ? Precision::single_precision : Precision::double_precision;
        const std::vector<std::uint64_t> indices{3, 5, 8, 1000, 4'000'000'000ULL};
        const auto value = [](std::int64_t frame, std::uint64_t column) {
            return -65.0 + static_cast<double>(frame) + static_cast<double>(column) / 10.0;
        };
        {
            Selection chosen, one;
            chosen.list = indices;
            one.begin = 1, one.end = 2;
            ResultFile file(
                MPI_COMM_WORLD, path, experiment, {},
                {{"E", "V_m", "mV", {chosen, 5'000'000'000ULL, 0}, 5, 2}, {"I", "g_ex", "nS", {one, 25, 0}, 1, 1}});
            std::int64_t begin = 0;
            for (const std::int64_t end : {1, 1, 40, 42}) { // fewer frames than ranks, none, many, two
                std::vector<std::vector<TraceValue>> own(2);
                for (std::int64_t f = begin; f < end; ++f)
                    for (std::uint64_t c = 0; c < indices.size(); ++c)
                        if (static_cast<int>(c * 7 % 5) % world.ranks == world.rank)
                            own[0].push_back({f, c, value(f, c)});
                file.append_traces(own, {end, 0});
                begin = end;
            }
            file.close("{}");
        }
        if (world.rank == 0) {
            const hdf5::Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
            ASSERT_GE(file.get(), 0);
            const auto data = read<double>(file.get(), "/report/E.V_m/data", H5T_NATIVE_DOUBLE);
            ASSERT_EQ(data.size(), 42U * 5U);
            for (std::int64_t f = 0; f < 42; ++f)
                for (std::uint64_t c = 0; c < 5; ++c) {
                    const double wanted = value(f, c);
                    EXPECT_EQ(data[static_cast<std::size_t>(f) * 5 + c],
                              single ? static_cast<double>(static_cast<float>(wanted)) : wanted);
                }
            const std::string mapping = "/report/E.V_m/mapping/";
            EXPECT_EQ(read<double>(file.get(), mapping + "time", H5T_NATIVE_DOUBLE),
                      (std::vector<double>{0.5, 8.9, 0.2})); // 42 frames of 0.2 ms from 0.5 ms, the end excluded
            EXPECT_EQ(read<std::uint64_t>(file.get(), mapping + "node_ids", H5T_NATIVE_UINT64), indices);
            EXPECT_EQ(read<std::uint64_t>(file.get(), mapping + "index_pointer", H5T_NATIVE_UINT64),
                      (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
            EXPECT_TRUE(read<double>(file.get(), "/report/I.g_ex/data", H5T_NATIVE_DOUBLE).empty());
            const hdf5::Handle dataset(H5Dopen2(file.get(), "/report/E.V_m/data", H5P_DEFAULT));
            EXPECT_EQ(read_text(dataset.get(), "units"), "mV");
            const hdf5::Handle type(H5Dget_type(dataset.get()));
            EXPECT_EQ(H5Tget_size(type.get()), single ? 4U : 8U);
            std::filesystem::remove(path);
        }
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

// Ranks write shares of these tables in pieces of 65,536.
TEST(ResultFile, tables_of_a_large_selection_are_whole) {
    const World world;
    const std::string path = world.path("spikecast_large_selection");
    constexpr std::uint64_t size = 1'000'003, sample = 700'001;
    Selection every;
    every.begin = 1;
    {
        ResultFile file(MPI_COMM_WORLD, path, example(), {}, {{"E", "V_m", "mV", {every, size, sample}, 1, 1}});
        file.close("{}");
    }
    if (world.rank == 0) {
        const hdf5::Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
        const std::string mapping = "/report/E.V_m/mapping/";
        std::vector<std::uint64_t> ids(sample), pointers(sample + 1);
        for (std::uint64_t i = 0; i < sample; ++i)
            ids[i] = 1 + i * (size - 1) / sample;
        std::iota(pointers.begin(), pointers.end(), std::uint64_t{0});
        EXPECT_TRUE(read<std::uint64_t>(file.get(), mapping + "node_ids", H5T_NATIVE_UINT64) == ids);
        EXPECT_TRUE(read<std::uint64_t>(file.get(), mapping + "index_pointers", H5T_NATIVE_UINT64) == pointers);
        EXPECT_TRUE(read<std::uint32_t>(file.get(), mapping + "element_ids", H5T_NATIVE_UINT32) ==
                    std::vector<std::uint32_t>(sample, 0));
        std::filesystem::remove(path);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

TEST(ResultFile, flushed_content_is_readable_while_the_writer_is_alive) {
    const World world;
    const std::string path = world.path("spikecast_flushed"), copy = world.path("spikecast_copy");
    ResultFile file(MPI_COMM_WORLD, path, example(), {"E"}, {});
    std::vector<std::vector<RecordedSpike>> own(1);
    own[0].push_back({3, static_cast<std::uint64_t>(world.rank)});
    file.append_spikes(own);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world.rank == 0) {
        // A copy is what is left when the writer dies here.
        std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing);
        const hdf5::Handle left(H5Fopen(copy.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
        ASSERT_GE(left.get(), 0);
        EXPECT_EQ(read<double>(left.get(), "/spikes/E/timestamps", H5T_NATIVE_DOUBLE),
                  std::vector<double>(static_cast<std::size_t>(world.ranks), 0.3));
        std::filesystem::remove(copy);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    file.close("{}");
    if (world.rank == 0) std::filesystem::remove(path);
}

template <class Work>
std::string message_of(Work&& work) {
    try {
        work();
    } catch (const RunError& error) {
        return error.what();
    }
    return {};
}

TEST(ResultFile, an_impossible_path_is_named_with_the_reason_on_every_rank) {
    const std::string missing = "/nonexistent_folder_of_spikecast/x.h5";
    const std::string message = message_of([&] { ResultFile file(MPI_COMM_WORLD, missing, example(), {}, {}); });
    EXPECT_NE(message.find(missing), std::string::npos) << message;
    EXPECT_NE(message.find("there is no folder"), std::string::npos) << message;
    const std::string folder = std::filesystem::temp_directory_path().string();
    EXPECT_NE(message_of([&] { ResultFile file(MPI_COMM_WORLD, folder, example(), {}, {}); }).find("is a folder"),
              std::string::npos);
}

TEST(ResultFile, a_spike_out_of_order_on_one_rank_is_an_error_on_all) {
    const World world;
    const std::string path = world.path("spikecast_order");
    ResultFile file(MPI_COMM_WORLD, path, example(), {"E"}, {});
    std::vector<std::vector<RecordedSpike>> own(1);
    if (world.rank == 0) own[0].push_back({10, 1});
    file.append_spikes(own);
    if (world.rank == world.ranks - 1) own[0].push_back({10, 2});
    EXPECT_NE(message_of([&] { file.append_spikes(own); }).find("step 10"), std::string::npos);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world.rank == 0) std::filesystem::remove(path);
}

TEST(ResultFile, a_missing_trace_value_is_an_error_on_all_ranks) {
    const World world;
    const std::string path = world.path("spikecast_missing");
    Selection both;
    both.end = 2;
    ResultFile file(MPI_COMM_WORLD, path, example(), {}, {{"E", "V_m", "mV", {both, 100, 0}, 1, 1}});
    std::vector<std::vector<TraceValue>> own(1);
    if (world.rank == 0) own[0].push_back({0, 0, 1.0});
    EXPECT_NE(message_of([&] { file.append_traces(own, {1}); }).find("missing"), std::string::npos);
    MPI_Barrier(MPI_COMM_WORLD);
    if (world.rank == 0) std::filesystem::remove(path);
}

/// The largest file a process may write, as a stand-in for a full disk; on one rank only.
TEST(ResultFile, a_full_disk_on_one_rank_stops_all_and_leaves_the_earlier_spikes) {
    const World world;
    const std::string path = world.path("spikecast_full");
    rlimit old{};
    getrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, SIG_IGN);
    {
        ResultFile file(MPI_COMM_WORLD, path, example(), {"E"}, {});
        std::vector<std::vector<RecordedSpike>> own(1);
        own[0].push_back({1, static_cast<std::uint64_t>(world.rank)});
        file.append_spikes(own);
        MPI_Barrier(MPI_COMM_WORLD);
        if (world.rank == 0) { // the rank that surely does write, since MPI-IO gathers data on some ranks
            rlimit limit = old;
            limit.rlim_cur = std::filesystem::file_size(path);
            setrlimit(RLIMIT_FSIZE, &limit);
        }
        for (std::int64_t i = 0; i < 400'000; ++i)
            own[0].push_back({2 + i, static_cast<std::uint64_t>(world.rank)});
        const std::string message = message_of([&] { file.append_spikes(own); });
        EXPECT_NE(message.find(path), std::string::npos) << "message: " << message;
        setrlimit(RLIMIT_FSIZE, &old);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (world.rank == 0) {
        const hdf5::Handle left(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
        ASSERT_GE(left.get(), 0);
        EXPECT_EQ(read<double>(left.get(), "/spikes/E/timestamps", H5T_NATIVE_DOUBLE),
                  std::vector<double>(static_cast<std::size_t>(world.ranks), 0.1));
        std::filesystem::remove(path);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

} // namespace
