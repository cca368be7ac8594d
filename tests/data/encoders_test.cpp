// Arrays from files to spikes: every kind of file, every code and back, and files that are damaged or lie.
#include "engine/data/samples.hpp"
#include "spikecast/error.hpp"
#include "spikecast/random.hpp"
#include "tests/validation/blocks.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <string>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

namespace spikecast::test {
namespace {

namespace fs = std::filesystem;

class Folder {
public:
    Folder() : path_(fs::temp_directory_path() / ("spikecast_encoders_" + std::to_string(::getpid()))) {
        fs::create_directories(path_);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path_); }
    [[nodiscard]] std::string file(const std::string& name, const std::string& bytes) const {
        std::ofstream(path_ / name, std::ios::binary) << bytes;
        return (path_ / name).string();
    }
    [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }

private:
    fs::path path_;
};

constexpr std::uint64_t samples = 5, neurons = 700;

/// Number i of sample s: whole numbers from 0 to 250, so that every type holds them.
double datum(std::uint64_t s, std::uint64_t i) {
    return static_cast<double>(draw32(Key{7}, s, i) % 251);
}

std::string npy(const std::string& header, const std::string& content, char version = 1) {
    const auto n = static_cast<unsigned>(header.size());
    std::string bytes =
        std::string("\x93NUMPY") + version + '\0' + static_cast<char>(n & 255) + static_cast<char>(n >> 8);
    if (version > 1) bytes += std::string(2, '\0');
    return bytes + header + content;
}
template <class T>
std::string numbers(bool big_endian = false, std::uint64_t count = samples) {
    std::string bytes;
    for (std::uint64_t s = 0; s < count; ++s)
        for (std::uint64_t i = 0; i < neurons; ++i) {
            const T x = static_cast<T>(datum(s, i));
            std::array<char, sizeof(T)> raw;
            std::memcpy(raw.data(), &x, sizeof(T));
            if (big_endian) std::reverse(raw.begin(), raw.end());
            bytes.append(raw.data(), raw.size());
        }
    return bytes;
}
const std::string shape_5_700 = "'fortran_order': False, 'shape': (5, 700), }\n";

std::string idx(unsigned char type, std::initializer_list<std::uint32_t> shape, const std::string& content) {
    std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
    for (const std::uint32_t extent : shape)
        for (const int shift : {24, 16, 8, 0})
            bytes += static_cast<char>(extent >> shift & 255U);
    return bytes + content;
}

std::vector<double> all_of(SampleSource& source, std::uint64_t sample) {
    std::vector<double> values(source.length());
    source.scan(sample, [&](std::uint64_t first, std::span<const double> part) {
        std::copy(part.begin(), part.end(), values.begin() + static_cast<std::ptrdiff_t>(first));
    });
    return values;
}
void expect_data(const ArrayFile& array, std::uint64_t count = samples) {
    const auto source = open_samples(array, neurons, false);
    ASSERT_EQ(source->samples(), count) << array.file;
    ASSERT_EQ(source->length(), neurons);
    for (const std::uint64_t s : {count - 1, std::uint64_t{0}, count / 2}) { // back and forth
        const std::vector<double> values = all_of(*source, s);
        for (std::uint64_t i = 0; i < neurons; ++i)
            ASSERT_EQ(values[i], datum(s, i)) << array.file << ", sample " << s << ", number " << i;
    }
}
std::string message_of(const ArrayFile& array, std::uint64_t n = neurons, bool several = false) {
    try {
        const auto source = open_samples(array, n, several);
        for (std::uint64_t s = 0; s < std::min<std::uint64_t>(source->samples(), 50); ++s)
            source->scan(s, [](std::uint64_t, std::span<const double>) {});
    } catch (const InputError& error) {
        return error.what();
    }
    return "";
}
#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

void write_zip(const std::string& path, const std::string& name, const std::string& content, bool compressed) {
    int error = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
    ASSERT_NE(archive, nullptr);
    const zip_int64_t index = zip_file_add(
        archive, name.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), ZIP_FL_ENC_UTF_8);
    ASSERT_GE(index, 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    ASSERT_EQ(zip_close(archive), 0);
}
void write_gzip(const std::string& path, const std::string& content) {
    gzFile file = gzopen(path.c_str(), "wb");
    gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
    gzclose(file);
}
template <class T>
void write_hdf5(hid_t file, const char* name, hid_t type, const std::vector<hsize_t>& shape,
                const std::vector<T>& data) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t dataset = H5Dcreate2(file, name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data.data());
    H5Dclose(dataset);
    H5Pclose(links);
    H5Sclose(space);
}

TEST(ArrayFiles, every_kind_and_type_gives_its_numbers) {
    const Folder folder;
    const auto npy_file = [&](const char* name, const char* descr, const std::string& content, char version = 1) {
        expect_data(
            {folder.file(name, npy(std::string("{'descr': '") + descr + "', " + shape_5_700, content, version)), ""});
    };
    npy_file("u1.npy", "|u1", numbers<std::uint8_t>());
    npy_file("i2.npy", "<i2", numbers<std::int16_t>());
    npy_file("u4.npy", ">u4", numbers<std::uint32_t>(true), 2);
    npy_file("i8.npy", ">i8", numbers<std::int64_t>(true));
    npy_file("f4.npy", "<f4", numbers<float>(), 3);
    npy_file("f8.npy", "<f8", numbers<double>());
    expect_data({folder.file("a.idx", idx(0x08, {5, 28, 25}, numbers<std::uint8_t>())), ""});
    expect_data({folder.file("b.idx", idx(0x0b, {5, 700}, numbers<std::int16_t>(true))), ""});
    expect_data({folder.file("c.idx", idx(0x0d, {5, 7, 10, 10}, numbers<float>(true))), ""});
    expect_data({folder.file("d.idx", idx(0x0e, {700}, numbers<double>(true, 1))), ""}, 1);
    write_gzip(folder.at("e.gz"), idx(0x08, {5, 28, 25}, numbers<std::uint8_t>()));
    expect_data({folder.at("e.gz"), ""});
    const std::string array = npy("{'descr': '<f8', " + shape_5_700, numbers<double>());
    for (const bool compressed : {false, true}) {
        write_zip(folder.at("f.npz"), "images.npy", array, compressed);
        expect_data({folder.at("f.npz"), "images"});
        expect_data({folder.at("f.npz"), "images.npy"});
    }
    const hid_t file = H5Fcreate(folder.at("g.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<float> values;
    for (std::uint64_t s = 0; s < samples; ++s)
        for (std::uint64_t i = 0; i < neurons; ++i)
            values.push_back(static_cast<float>(datum(s, i)));
    write_hdf5(file, "train/x", H5T_NATIVE_FLOAT, {5, 70, 10}, values);
    values.resize(neurons);
    write_hdf5(file, "one", H5T_NATIVE_FLOAT, {neurons}, values);
    H5Fclose(file);
    expect_data({folder.at("g.h5"), "train/x"});
    expect_data({folder.at("g.h5"), "/one"}, 1);
}

TEST(ArrayFiles, negative_and_wide_numbers_keep_their_value) {
    const Folder folder;
    const auto only = [&](const char* descr, const std::string& bytes) {
        const std::string header = std::string("{'descr': '") + descr + "', 'fortran_order': False, 'shape': (1,), }";
        return all_of(*open_samples({folder.file("n.npy", npy(header, bytes)), ""}, 1, false), 0)[0];
    };
    EXPECT_EQ(only("|i1", "\xfb"), -5.0);
    EXPECT_EQ(only("<i2", std::string("\x00\x80", 2)), -32768.0);
    EXPECT_EQ(only(">i4", "\xff\xff\xff\xfe"), -2.0);
    EXPECT_EQ(only("<u8", std::string(8, '\xff')), 0x1p64);
    EXPECT_EQ(only("|b1", "\x01"), 1.0);
}

TEST(ArrayFiles, what_does_not_fit_is_refused_by_name_and_shape) {
    const Folder folder;
    const std::string f8 = "{'descr': '<f8', ", data = numbers<double>();
    const std::string good = folder.file("good.npy", npy(f8 + shape_5_700, data));
    const std::string shape = message_of({good, ""}, 784);
    EXPECT_HAS(shape, "good.npy");
    EXPECT_HAS(shape, "(5, 700)");
    EXPECT_HAS(shape, "(samples, 784)");
    EXPECT_HAS(message_of({good, "x"}), "leave `dataset` out");
    EXPECT_HAS(message_of({good, ""}, 300, true), "(samples, 300, numbers)");
    EXPECT_EQ(message_of({good, ""}, 100, true), "") << "seven numbers each";
    EXPECT_HAS(message_of({folder.at("none.npy"), ""}), "can't be opened");
    EXPECT_HAS(message_of({folder.file("text.npy", "hello, world"), ""}), "none of HDF5, NPY, NPZ and IDX");
    EXPECT_HAS(message_of({folder.file("empty.npy", ""), ""}), "none of HDF5, NPY, NPZ and IDX");
    const auto header = [&](const std::string& text) {
        return message_of({folder.file("h.npy", npy(text, data)), ""});
    };
    EXPECT_HAS(header(f8 + "'fortran_order': True, 'shape': (5, 700)}"), "Fortran order");
    EXPECT_HAS(header("{'descr': '<c8', " + shape_5_700), "type '<c8'");
    EXPECT_HAS(header("{'descr': '|f8', " + shape_5_700), "type '|f8'");
    EXPECT_HAS(header(f8 + "'fortran_order': False, 'shape': (6, 700)}"), "cut off");
    EXPECT_HAS(header(f8 + "'fortran_order': False, 'shape': (4611686018427387904, 700)}"), "no file could hold");
    EXPECT_HAS(header(f8 + "'fortran_order': False, 'shape': (99999999999999999999, 700)}"), "longer than any file");
    EXPECT_HAS(header(f8 + "'fortran_order': False, 'shape': (0, 700)}"), "no numbers");
    EXPECT_HAS(header(f8 + "'fortran_order': False, 'shape': ()}"), "(samples, 700)");
    EXPECT_HAS(header(f8 + "'fortran_order': False, 'shape': (5, 700"), "isn't one");
    EXPECT_HAS(header("{'descr': '<f8', 'descr': '<f8', " + shape_5_700), "isn't one");
    EXPECT_HAS(header(f8 + "'shape': (5, 700)}"), "isn't one");
    EXPECT_HAS(message_of({folder.file("v.npy", npy(f8 + shape_5_700, data, 4)), ""}), "unknown version 4");
    EXPECT_HAS(message_of({folder.file("t.idx", idx(0x0a, {5, 700}, data)), ""}), "unknown type 0x0a");
    EXPECT_HAS(message_of({folder.file("l.idx", idx(0x08, {0xffffffff, 0xffffffff, 0xffffffff}, data)), ""}),
               "no file could hold");
    EXPECT_HAS(message_of({folder.file("s.idx", idx(0x08, {6, 700}, numbers<std::uint8_t>())), ""}), "cut off");
    write_gzip(folder.at("short.gz"), idx(0x08, {6, 700}, numbers<std::uint8_t>()));
    EXPECT_HAS(message_of({folder.at("short.gz"), ""}), "ends or is damaged in sample 5 of 6");
    std::string not_a_number = data;
    not_a_number.replace(8 * 703, 8, std::string("\0\0\0\0\0\0\xf8\x7f", 8));
    EXPECT_HAS(message_of({folder.file("nan.npy", npy(f8 + shape_5_700, not_a_number)), ""}),
               "number 3 of sample 1 is nan");
    write_zip(folder.at("z.npz"), "images.npy", npy(f8 + shape_5_700, data), true);
    EXPECT_HAS(message_of({folder.at("z.npz"), "labels"}), "images.npy");
    EXPECT_HAS(message_of({folder.at("z.npz"), ""}), "name one with `dataset`");
    const hid_t file = H5Fcreate(folder.at("h.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    write_hdf5(file, "x", H5T_NATIVE_DOUBLE, {2, 3}, std::vector<double>(6, 0.5));
    H5Fclose(file);
    EXPECT_HAS(message_of({folder.at("h.h5"), "y"}), "there is no dataset y");
    EXPECT_HAS(message_of({folder.at("h.h5"), ""}), "name one with `dataset`");
    EXPECT_HAS(message_of({folder.at("h.h5"), "x"}), "(2, 3)");
}

// Whatever the bytes are: numbers or an InputError, never a crash, a hang or memory that the file doesn't have.
TEST(ArrayFiles, damaged_files_are_refused_or_read) {
    const Folder folder;
    write_zip(folder.at("whole.npz"), "x.npy", npy("{'descr': '|u1', " + shape_5_700, numbers<std::uint8_t>()), true);
    std::ifstream zipped(folder.at("whole.npz"), std::ios::binary);
    const std::vector<std::string> originals = {npy("{'descr': '|u1', " + shape_5_700, numbers<std::uint8_t>()),
                                                idx(0x08, {5, 28, 25}, numbers<std::uint8_t>()),
                                                std::string(std::istreambuf_iterator<char>(zipped), {})};
    int refused = 0, read = 0;
    for (std::size_t kind = 0; kind < originals.size(); ++kind) {
        const std::string& whole = originals[kind];
        const std::string dataset = kind == 2 ? "x" : "";
        for (std::size_t length = 0; length < 120; ++length) // every header that is cut off
            EXPECT_NE(message_of({folder.file("cut", whole.substr(0, length)), dataset}), "") << kind << ' ' << length;
        EXPECT_NE(message_of({folder.file("cut", whole.substr(0, whole.size() - 1)), dataset}), "") << kind;
        for (std::uint64_t trial = 0; trial < 600; ++trial) {
            std::string damaged = whole;
            for (std::uint64_t k = 0; k <= trial % 3; ++k) {
                const std::uint64_t draw = draw64(Key{kind}, trial, k);
                const std::size_t reach = kind == 2 || trial % 2 == 0 ? damaged.size() : 90;
                damaged[draw % reach] = static_cast<char>(draw >> 56);
            }
            (message_of({folder.file("damaged", damaged), dataset}).empty() ? read : refused) += 1;
        }
    }
    EXPECT_GT(refused, 100);
    EXPECT_GT(read, 100);
}

/// A block of an encoder that presents the data of this test, for these neurons.
BlockSetup encoder(std::string_view model, const ArrayFile& array, Values parameters, std::uint64_t begin = 0,
                   std::uint64_t step = 1, std::uint64_t size = neurons) {
    BlockSetup setup = setup_of(model, size, 0.1, parameters);
    setup.indices.clear();
    for (std::uint64_t i = begin; i < size; i += step)
        setup.indices.push_back(i);
    setup.parameters[0].samples = open_samples(array, size, model == "full_temporal_encoder");
    return setup;
}
/// steps[sample][element] of the spikes, counted from 1 in each presentation of `period` steps.
std::vector<std::vector<std::vector<std::int64_t>>> spikes_of(const BlockSetup& setup, std::int64_t period,
                                                              std::size_t presentations) {
    Driver<double> driver(setup);
    std::vector<std::vector<std::vector<std::int64_t>>> all(
        presentations, std::vector<std::vector<std::int64_t>>(setup.indices.size()));
    for (std::int64_t s = 0; s < period * static_cast<std::int64_t>(presentations); ++s)
        for (const std::uint32_t i : driver.step())
            all[static_cast<std::size_t>(s / period)][i].push_back(s % period + 1);
    return all;
}

class Encoders : public testing::Test {
protected:
    Folder folder_;
    ArrayFile array_{folder_.file("x.idx", idx(0x08, {5, 28, 25}, numbers<std::uint8_t>())), ""};
};

TEST_F(Encoders, binary_code_tells_which_numbers_reach_the_threshold) {
    const auto got = spikes_of(
        encoder("binary_encoder", array_, {{"data_max", 250.0}, {"threshold", 0.4}, {"duration", 2.0}, {"gap", 1.0}}),
        30, samples + 1);
    for (std::size_t s = 0; s < samples; ++s)
        for (std::size_t i = 0; i < neurons; ++i)
            ASSERT_EQ(got[s][i], datum(s, i) >= 100 ? std::vector<std::int64_t>{1} : std::vector<std::int64_t>{});
    EXPECT_EQ(got[samples], std::vector<std::vector<std::int64_t>>(neurons)) << "nothing after the last sample";
}

TEST_F(Encoders, latency_gives_numbers_back_within_half_a_step) {
    const auto got =
        spikes_of(encoder("latency_encoder", array_, {{"data_max", 250.0}, {"duration", 10.0}}), 100, samples);
    for (std::size_t s = 0; s < samples; ++s)
        for (std::size_t i = 0; i < neurons; ++i) {
            const double x = datum(s, i) / 250.0;
            ASSERT_EQ(got[s][i].size(), x > 0 ? 1U : 0U);
            if (x > 0) {
                ASSERT_NEAR(1 - static_cast<double>(got[s][i][0] - 1) / 99, x, 0.5 / 99 + 1e-12);
            }
        }
}

TEST_F(Encoders, latency_with_a_step_for_every_number_gives_them_back_exactly) {
    const auto got = spikes_of(encoder("latency_encoder", array_, {{"data_max", 250.0}, {"duration", 25.1}}), 251, 2);
    for (std::size_t i = 0; i < neurons; ++i)
        if (datum(1, i) > 0) {
            ASSERT_EQ(251 - got[1][i].at(0), datum(1, i));
        }
}

TEST_F(Encoders, rank_order_is_that_of_the_numbers) {
    const auto got = spikes_of(
        encoder("rank_order_encoder", array_, {{"data_max", 250.0}, {"interval", 0.2}, {"duration", 100.0}}), 1000, 2);
    for (std::size_t s = 0; s < 2; ++s) {
        std::vector<std::size_t> order(neurons);
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return datum(s, a) > datum(s, b); });
        for (std::size_t rank = 0; rank < neurons; ++rank) {
            const std::size_t i = order[rank];
            const bool fires = datum(s, i) > 0 && 1 + 2 * rank <= 1000;
            ASSERT_EQ(got[s][i], fires ? std::vector<std::int64_t>{1 + 2 * static_cast<std::int64_t>(rank)}
                                       : std::vector<std::int64_t>{});
        }
    }
}

TEST_F(Encoders, regular_rate_gives_numbers_back_within_half_a_spike) {
    const auto got = spikes_of(
        encoder("regular_rate_encoder", array_, {{"data_max", 250.0}, {"max_rate", 500.0}, {"duration", 100.0}}), 1000,
        2);
    for (std::size_t i = 0; i < neurons; ++i) {
        const double x = datum(1, i) / 250.0;
        ASSERT_NEAR(static_cast<double>(got[1][i].size()) / 50, x, 0.5 / 50 + 1e-12);
        for (std::size_t k = 1; k < got[1][i].size(); ++k) // regular: 20 / x steps, rounded at both ends
            ASSERT_NEAR(static_cast<double>(got[1][i][k] - got[1][i][k - 1]), 20 / x, 1.0 + 1e-9);
    }
}

TEST_F(Encoders, poisson_rate_gives_numbers_back_within_their_deviation) {
    const auto got = spikes_of(
        encoder("poisson_rate_encoder", array_, {{"data_max", 250.0}, {"max_rate", 2000.0}, {"duration", 100.0}}), 1000,
        2);
    double deviation = 0, n = 0;
    for (std::size_t s = 0; s < 2; ++s)
        for (std::size_t i = 0; i < neurons; ++i) {
            const double mean = 200 * datum(s, i) / 250.0, count = static_cast<double>(got[s][i].size());
            ASSERT_LE(std::abs(count - mean), 6.5 * std::sqrt(mean) + 6) << "1400 such fail with probability < 1e-7";
            if (mean > 0) {
                deviation += (count - mean) * (count - mean) / mean - 1;
                n += 1;
            }
        }
    // ((N - m)^2 / m) has the variance 2 + 1 / m <= 3.25 for the smallest m = 0.8
    EXPECT_LT(std::abs(deviation), 5.33 * std::sqrt(3.25 * n));
}

TEST_F(Encoders, full_temporal_code_gives_every_number_back) {
    // 100 elements of 7 numbers each; 250 steps between the shortest and the longest interval
    const auto got = spikes_of(
        encoder("full_temporal_encoder", array_,
                {{"data_max", 250.0}, {"min_interval", 0.5}, {"max_interval", 25.5}, {"duration", 200.0}}, 0, 1, 100),
        2000, samples);
    for (std::size_t s = 0; s < samples; ++s)
        for (std::size_t i = 0; i < 100; ++i) {
            ASSERT_EQ(got[s][i].size(), 8U);
            for (std::size_t k = 0; k < 7; ++k)
                ASSERT_EQ(static_cast<double>(got[s][i][k + 1] - got[s][i][k] - 5), datum(s, 7 * i + k));
        }
    EXPECT_THROW(
        make_population_block<double>(encoder("full_temporal_encoder", array_, {{"duration", 70.0}}, 0, 1, 100)),
        InputError);
}

TEST_F(Encoders, any_split_of_the_elements_gives_the_same_spikes) {
    for (const std::string_view model : {"binary_encoder", "poisson_rate_encoder", "regular_rate_encoder",
                                         "latency_encoder", "rank_order_encoder", "full_temporal_encoder"}) {
        const std::uint64_t size = model == "full_temporal_encoder" ? 100 : neurons;
        const Values values = {{"data_max", 250.0}, {"duration", 80.0}, {"gap", 2.0}};
        const auto whole = spikes_of(encoder(model, array_, values, 0, 1, size), 820, 2);
        std::size_t spikes = 0;
        for (std::uint64_t part = 0; part < 3; ++part) {
            BlockSetup setup = encoder(model, array_, values, part, 3, size);
            std::reverse(setup.indices.begin(), setup.indices.end()); // in any order
            const auto got = spikes_of(setup, 820, 2);
            for (std::size_t s = 0; s < 2; ++s)
                for (std::size_t j = 0; j < setup.indices.size(); ++j) {
                    ASSERT_EQ(got[s][j], whole[s][setup.indices[j]]) << model;
                    spikes += got[s][j].size();
                }
        }
        EXPECT_GT(spikes, 100U) << model;
    }
}

TEST_F(Encoders, chosen_samples_are_presented_as_often_as_declared) {
    const auto got = spikes_of(encoder("binary_encoder", array_,
                                       {{"data_max", 250.0},
                                        {"threshold", 0.4},
                                        {"duration", 0.2},
                                        {"first_sample", 3.0},
                                        {"samples", 1.0},
                                        {"repetitions", 2.0}}),
                               2, 3);
    EXPECT_EQ(got[0], got[1]);
    for (std::size_t i = 0; i < neurons; ++i)
        ASSERT_EQ(got[0][i].size(), datum(3, i) >= 100 ? 1U : 0U);
    EXPECT_EQ(got[2], std::vector<std::vector<std::int64_t>>(neurons));
    EXPECT_THROW(make_population_block<double>(encoder("binary_encoder", array_, {{"first_sample", 5.0}})), InputError);
    EXPECT_THROW(make_population_block<double>(encoder("binary_encoder", array_, {{"samples", 6.0}})), InputError);
}

TEST(Injector, spikes_of_a_file_come_at_their_times) {
    const Folder folder;
    const std::string path = folder.at("spikes.h5");
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    std::vector<double> times;
    std::vector<std::uint64_t> ids;
    for (std::uint64_t k = 0; k < 200000; ++k) { // more than is read at once; in no order
        ids.push_back(draw32(Key{3}, 0, k) % 1300);
        times.push_back(static_cast<double>(1 + draw32(Key{4}, 0, k) % 500) / 10.0);
    }
    write_hdf5(file, "spikes/E/timestamps", H5T_NATIVE_DOUBLE, {times.size()}, times);
    write_hdf5(file, "spikes/E/node_ids", H5T_NATIVE_UINT64, {ids.size()}, ids);
    write_hdf5(file, "spikes/off/timestamps", H5T_NATIVE_DOUBLE, {2}, std::vector<double>{1.0, 2.04});
    write_hdf5(file, "spikes/off/node_ids", H5T_NATIVE_UINT64, {2}, std::vector<std::uint64_t>{0, 1});
    write_hdf5(file, "spikes/uneven/timestamps", H5T_NATIVE_DOUBLE, {1}, std::vector<double>{1.0});
    write_hdf5(file, "spikes/uneven/node_ids", H5T_NATIVE_UINT64, {2}, std::vector<std::uint64_t>{0, 1});
    H5Fclose(file);

    for (const std::uint64_t part : {0U, 1U}) {
        BlockSetup setup = setup_of("spike_train_injector", 1300);
        setup.indices.clear();
        for (std::uint64_t i = 1300; i-- > 0;)
            if (i % 2 == part) setup.indices.push_back(i);
        setup.start_step = 20;
        setup.parameters[0].spikes = read_spikes({path, "/spikes/E"}, setup.indices, 1300);
        std::vector<std::vector<int>> expected(501, std::vector<int>(1300, 0));
        for (std::size_t k = 0; k < ids.size(); ++k)
            if (ids[k] % 2 == part && times[k] > 2.01)
                ++expected[static_cast<std::size_t>(std::lround(10 * times[k]))][ids[k]];
        Driver<float> driver(setup);
        for (std::size_t stamp = 1; stamp <= 500; ++stamp) {
            std::vector<int> got(1300, 0);
            for (const std::uint32_t i : driver.step())
                ++got[setup.indices[i]];
            ASSERT_EQ(got, expected[stamp]) << stamp;
        }
    }
    const std::vector<std::uint64_t> two = {0, 1};
    const auto message = [](auto&& f) -> std::string {
        try {
            f();
        } catch (const InputError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_HAS(message([&] { (void)read_spikes({path, "/spikes/E"}, two, 1000); }), "but there are 1000 neurons");
    EXPECT_HAS(message([&] {
                   (void)read_spikes({path, "/spikes/I"}, two, 2);
               }),
               "there is no dataset /spikes/I/timestamps");
    EXPECT_HAS(message([&] { check_spikes({path, "/spikes/uneven"}); }), "timestamps has 1 numbers, but node_ids 2");
    BlockSetup off = setup_of("spike_train_injector", 2);
    off.parameters[0].spikes = read_spikes({path, "/spikes/off"}, two, 2);
    EXPECT_HAS(message([&] { (void)make_population_block<double>(off); }), "2.04");
    off.parameters[1].constant = 1.0;
    Driver<double> driver(off);
    for (int stamp = 1; stamp <= 30; ++stamp)
        EXPECT_EQ(driver.step(), stamp == 10   ? std::vector<std::uint32_t>{0}
                                 : stamp == 21 ? std::vector<std::uint32_t>{1}
                                               : std::vector<std::uint32_t>{})
            << stamp;
}

} // namespace
} // namespace spikecast::test
