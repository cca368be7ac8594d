// What HDF5 files may not do to who reads them: lead into other files, ask for filters, bring the program down.
#include "engine/data/hdf5_input.hpp"

#include "engine/build/resolve.hpp"
#include "engine/data/samples.hpp"
#include "engine/recording/weights_reader.hpp"
#include "spikecast/error.hpp"
#include "tests/fuzz/listed_network.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace spikecast {
namespace {

namespace fs = std::filesystem;
using hdf5::Handle;

constexpr hsize_t numbers = 5;

class Hdf5Input : public testing::Test {
protected:
    Hdf5Input() : folder_(fs::temp_directory_path() / ("spikecast_hdf5_input_" + std::to_string(::getpid()))) {
        fs::create_directories(folder_);
        const Handle file(create("other.h5"));
        (void)plain(file.get(), "x");
    }
    ~Hdf5Input() override {
        std::error_code code;
        fs::remove_all(folder_, code);
    }
    [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
    [[nodiscard]] Handle create(const std::string& name) const {
        return Handle(H5Fcreate(path(name).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    }
    /// 0, 1, ... as integers of 8 bytes.
    static Handle plain(hid_t file, const std::string& name, hid_t properties = H5P_DEFAULT) {
        const Handle space(H5Screate_simple(1, &numbers, nullptr)), links(H5Pcreate(H5P_LINK_CREATE));
        H5Pset_create_intermediate_group(links.get(), 1);
        Handle data(
            H5Dcreate2(file, name.c_str(), H5T_NATIVE_INT64, space.get(), links.get(), properties, H5P_DEFAULT));
        const std::array<std::int64_t, numbers> values{0, 1, 2, 3, 4};
        H5Dwrite(data.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
        return data;
    }
    [[nodiscard]] static Handle chunked() {
        Handle properties(H5Pcreate(H5P_DATASET_CREATE));
        H5Pset_chunk(properties.get(), 1, &numbers);
        return properties;
    }

    /// What a dataset may not be, each made under a name; with a part of what is said.
    struct Foreign {
        const char* says;
        std::function<void(hid_t, const std::string&)> make;
    };
    [[nodiscard]] std::vector<Foreign> foreign() const {
        const std::string other = path("other.h5"), raw = path("raw.bin");
        const auto links = [] {
            Handle properties(H5Pcreate(H5P_LINK_CREATE));
            H5Pset_create_intermediate_group(properties.get(), 1);
            return properties;
        };
        return {{"external link",
                 [=](hid_t file, const std::string& name) {
                     H5Lcreate_external(other.c_str(), "/x", file, name.c_str(), links().get(), H5P_DEFAULT);
                 }},
                {"external link", // behind a link within the file
                 [=](hid_t file, const std::string& name) {
                     H5Lcreate_external(other.c_str(), "/x", file, "behind", H5P_DEFAULT, H5P_DEFAULT);
                     H5Lcreate_soft("/behind", file, name.c_str(), links().get(), H5P_DEFAULT);
                 }},
                {"external storage",
                 [=](hid_t file, const std::string& name) {
                     const Handle properties(H5Pcreate(H5P_DATASET_CREATE));
                     H5Pset_external(properties.get(), raw.c_str(), 0, numbers * 8);
                     (void)plain(file, name, properties.get());
                 }},
                {"virtual dataset",
                 [=](hid_t file, const std::string& name) {
                     const Handle properties(H5Pcreate(H5P_DATASET_CREATE));
                     const Handle space(H5Screate_simple(1, &numbers, nullptr));
                     H5Pset_virtual(properties.get(), space.get(), other.c_str(), "/x", space.get());
                     const Handle data(H5Dcreate2(file, name.c_str(), H5T_NATIVE_INT64, space.get(), links().get(),
                                                  properties.get(), H5P_DEFAULT));
                 }},
                {"filter 5", [=](hid_t file, const std::string& name) {
                     const Handle properties = chunked();
                     H5Pset_nbit(properties.get());
                     (void)plain(file, name, properties.get());
                 }}};
    }
    static std::string message_of(const std::function<void()>& read) {
        try {
            read();
        } catch (const InputError& e) {
            return e.what();
        } catch (const RunError& e) {
            return std::string("not an InputError: ") + e.what();
        }
        return "nothing is refused";
    }

    fs::path folder_;
};

TEST_F(Hdf5Input, every_reader_reads_no_other_file) {
    struct Reader {
        const char* name;
        std::vector<std::string> datasets;
        std::function<void(const std::string&)> read;
    };
    const std::array<std::uint64_t, 2> indices{0, 4};
    const std::vector<Reader> readers{
        {"list", {"source", "target"}, [](const std::string& file) { fuzz::connect(file, ""); }},
        {"array",
         {"x"},
         [&](const std::string& file) {
             ModelInfo model;
             const ParameterInfo info{"p", "1", 0.0, {-10.0, 10.0}, ""};
             model.parameters = {&info, 1};
             (void)resolve_parameters(1, "E", model, {{"p", ArrayFile{file, "x"}}}, indices, numbers);
         }},
        {"samples",
         {"x"},
         [](const std::string& file) {
             (void)open_samples({file, "x"}, numbers, false);
         }},
        {"spikes",
         {"x/timestamps", "x/node_ids"},
         [&](const std::string& file) {
             (void)read_spikes({file, "x"}, indices, numbers);
         }},
        {"weights", {"weights/p/source", "weights/p/target"}, [](const std::string& file) {
             const WeightsReader reader(file, "p");
         }}};
    for (const Reader& reader : readers)
        for (const Foreign& kind : foreign()) {
            const std::string file = path(std::string(reader.name) + ".h5");
            {
                const Handle made(create(file));
                for (std::size_t i = 0; i + 1 < reader.datasets.size(); ++i)
                    (void)plain(made.get(), reader.datasets[i]);
                kind.make(made.get(), reader.datasets.back());
            }
            const std::string message = message_of([&] { reader.read(file); });
            EXPECT_NE(message.find(kind.says), message.npos) << reader.name << ": " << message;
            EXPECT_NE(message.find(file), message.npos) << message;
        }
}

TEST_F(Hdf5Input, what_lies_in_the_file_is_read) {
    const std::string file = path("plain.h5");
    {
        const Handle made(create(file)), properties = chunked();
        H5Pset_shuffle(properties.get());
        H5Pset_deflate(properties.get(), 4);
        H5Pset_fletcher32(properties.get());
        (void)plain(made.get(), "group/x", properties.get());
        H5Lcreate_soft("/group/x", made.get(), "soft", H5P_DEFAULT, H5P_DEFAULT);
    }
    const hdf5::Input input(file, "test");
    ASSERT_TRUE(input.ok());
    EXPECT_TRUE(input.exists("/group/x"));
    EXPECT_FALSE(input.exists("/nothing/x"));
    EXPECT_TRUE(input.group("group").ok());
    EXPECT_FALSE(input.dataset("group").ok());
    for (const char* name : {"group/x", "soft"}) {
        const Handle data = input.dataset(name);
        ASSERT_TRUE(data.ok());
        std::array<std::int64_t, numbers> values{};
        EXPECT_GE(H5Dread(data.get(), H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
        EXPECT_EQ(values[4], 4);
    }
    EXPECT_FALSE(hdf5::Input("/dev/zero", "test").ok());
    EXPECT_FALSE(hdf5::Input(folder_.string(), "test").ok());
}

TEST_F(Hdf5Input, probing_leaves_whole_and_missing_files_to_the_readers) {
    EXPECT_NO_THROW(hdf5::probe(path("other.h5"), "test", {"x", "nothing", ""}));
    EXPECT_NO_THROW(hdf5::probe(path("nowhere.h5"), "test", {"x"}));
    std::ofstream(path("text.h5")) << "no HDF5 at all";
    EXPECT_NO_THROW(hdf5::probe(path("text.h5"), "test", {"x"}));
}

} // namespace
} // namespace spikecast
