#include "engine/recording/hdf5.hpp"

#include "engine/exchange/collective.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace spikecast::hdf5 {

namespace {

herr_t keep_description(unsigned /*depth*/, const H5E_error2_t* error, void* out) {
    auto& text = *static_cast<std::string*>(out);
    if (error->desc != nullptr && text.empty()) text = error->desc;
    return 0;
}

Handle text_type(std::size_t length) {
    Handle type(H5Tcopy(H5T_C_S1));
    H5Tset_size(type.get(), length);
    H5Tset_strpad(type.get(), length == H5T_VARIABLE ? H5T_STR_NULLTERM : H5T_STR_NULLPAD);
    H5Tset_cset(type.get(), H5T_CSET_UTF8);
    return type;
}

void write_scalar_attribute(hid_t object, const std::string& name, hid_t file_type, hid_t memory_type, const void* data,
                            const std::string& path) {
    const Handle space(H5Screate(H5S_SCALAR));
    const Handle attribute(check(H5Acreate2(object, name.c_str(), file_type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                                 path, "can't create attribute " + name));
    check(H5Awrite(attribute.get(), memory_type, data), path, "can't write attribute " + name);
}

/// Every rank writes its own contiguous box by itself. Collective transfers would gain nothing, since the data has been
/// redistributed before, and Open MPI 4.1's hang where one of their aggregators can't write (a full disk; seen with 5
/// ranks), while an independent one returns an error that the ranks then agree on.
Handle independent_transfer() {
    Handle transfer(H5Pcreate(H5P_DATASET_XFER));
    H5Pset_dxpl_mpio(transfer.get(), H5FD_MPIO_INDEPENDENT);
    return transfer;
}

/// "" where a file can be created at `path`.
std::string obstacle(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code code;
    if (fs::is_directory(path, code)) return "is a folder; give the name of a file in it";
    const fs::path folder = fs::path(path).has_parent_path() ? fs::path(path).parent_path() : fs::path(".");
    if (!fs::is_directory(folder, code)) return "there is no folder " + folder.string() + "; create it first";
    const bool existed = fs::exists(path, code);
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) return "can't be created: " + std::generic_category().message(errno);
    ::close(descriptor);
    if (!existed) ::unlink(path.c_str());
    return {};
}

} // namespace

std::string reason() {
    std::string text;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_description, &text);
    return text.empty() ? "HDF5 gives no reason" : text;
}

hid_t check(hid_t id, const std::string& path, const std::string& what) {
    if (id < 0) throw RunError(path + ": " + what + ": " + reason());
    return id;
}

void agree(MPI_Comm comm, const std::string& text) {
    try {
        spikecast::agree(comm, text.empty() ? 0 : 1, text);
    } catch (const CollectiveError& e) {
        throw FileError(e.exit_code(), e.what());
    }
}

namespace {

Handle parallel_access(MPI_Comm comm) {
    Handle access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_fapl_mpio(access.get(), comm, MPI_INFO_NULL);
    // All ranks read metadata in the same calls, which lets HDF5 do it once for all of them. Writing it
    // collectively is left off for the reason given at independent_transfer.
    H5Pset_all_coll_metadata_ops(access.get(), true);
    H5Pset_fclose_degree(access.get(), H5F_CLOSE_STRONG);
    return access;
}

} // namespace

Handle create_file(MPI_Comm comm, const std::string& path, std::uint64_t user_block) {
    const Quiet quiet;
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    together(comm, [&] {
        if (rank != 0) return;
        const std::string why = obstacle(path);
        if (!why.empty()) throw RunError(path + ": " + why);
    });
    Handle file;
    std::string error;
    {
        const Handle access = parallel_access(comm), creation(H5Pcreate(H5P_FILE_CREATE));
        if (user_block > 0) {
            H5Pset_userblock(creation.get(), user_block);
            H5Pset_alignment(access.get(), 1, 8);
        }
        file = Handle(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()));
        if (file.get() < 0) error = path + ": can't create the file: " + reason();
    }
    agree(comm, error);
    return file;
}

Handle open_file(MPI_Comm comm, const std::string& path) {
    const Quiet quiet;
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    together(comm, [&] {
        if (rank == 0 && ::access(path.c_str(), R_OK | W_OK) != 0)
            throw RunError(path + ": can't be opened for writing: " + std::generic_category().message(errno));
    });
    Handle file;
    std::string error;
    {
        const Handle access = parallel_access(comm);
        file = Handle(H5Fopen(path.c_str(), H5F_ACC_RDWR, access.get()));
        if (file.get() < 0) error = path + ": can't open the file: " + reason();
    }
    agree(comm, error);
    return file;
}

Handle create_group(hid_t parent, const std::string& name, const std::string& path) {
    return Handle(check(H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path,
                        "can't create group " + name));
}

void write_attribute(hid_t object, const std::string& name, const std::string& text, const std::string& path) {
    // Variable length, since that is what SONATA readers expect; every rank writes the same metadata.
    const Handle type = text_type(H5T_VARIABLE);
    const char* const data = text.c_str();
    write_scalar_attribute(object, name, type.get(), type.get(), &data, path);
}

void write_attribute(hid_t object, const std::string& name, double number, const std::string& path) {
    write_scalar_attribute(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &number, path);
}

void write_attribute(hid_t object, const std::string& name, std::uint64_t number, const std::string& path) {
    write_scalar_attribute(object, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, &number, path);
}

void write_sonata_marks(hid_t file, const std::string& path) {
    const std::uint32_t magic = 0x0A7A, version[2] = {0, 1};
    write_scalar_attribute(file, "magic", H5T_STD_U32LE, H5T_NATIVE_UINT32, &magic, path);
    const hsize_t two = 2;
    const Handle space(H5Screate_simple(1, &two, nullptr));
    const Handle attribute(check(H5Acreate2(file, "version", H5T_STD_U32LE, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                                 path, "can't create attribute version"));
    check(H5Awrite(attribute.get(), H5T_NATIVE_UINT32, version), path, "can't write attribute version");
}

Handle create_growing(hid_t parent, const std::string& name, hid_t type, std::uint64_t columns,
                      const std::string& path) {
    const std::uint64_t elements = (std::uint64_t{256} << 10) / H5Tget_size(type);
    const int axes = columns == 0 ? 1 : 2;
    const std::uint64_t chunk_columns = std::min(std::max<std::uint64_t>(columns, 1), elements);
    const hsize_t now[2] = {0, columns}, most[2] = {H5S_UNLIMITED, columns};
    const hsize_t chunk[2] = {std::max<hsize_t>(1, elements / chunk_columns), chunk_columns};
    const Handle space(check(H5Screate_simple(axes, now, most), path, "can't describe " + name));
    const Handle layout(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_chunk(layout.get(), axes, chunk);
    H5Pset_fill_time(layout.get(), H5D_FILL_TIME_NEVER); // everything that the extent covers gets written
    return Handle(check(H5Dcreate2(parent, name.c_str(), type, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
                        path, "can't create dataset " + name));
}

Handle create_fixed(hid_t parent, const std::string& name, hid_t type, std::span<const hsize_t> shape,
                    const std::string& path) {
    const Handle space(
        check(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), path, "can't describe " + name));
    const Handle layout(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_fill_time(layout.get(), H5D_FILL_TIME_NEVER);
    return Handle(check(H5Dcreate2(parent, name.c_str(), type, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT),
                        path, "can't create dataset " + name));
}

std::string write_whole(hid_t dataset, hid_t memory_type, const void* data, int rank) {
    const Handle space(H5Dget_space(dataset));
    if (H5Sget_simple_extent_npoints(space.get()) == 0) return {};
    const Handle memory(H5Scopy(space.get()));
    if (rank != 0) {
        H5Sselect_none(space.get());
        H5Sselect_none(memory.get());
    }
    const Handle transfer = independent_transfer();
    if (H5Dwrite(dataset, memory_type, memory.get(), space.get(), transfer.get(), data) < 0) return reason();
    return {};
}

void write_text(hid_t parent, const std::string& name, const std::string& text, int rank, const std::string& path) {
    const Handle type = text_type(std::max<std::size_t>(1, text.size()));
    const Handle space(H5Screate(H5S_SCALAR));
    const Handle dataset(
        check(H5Dcreate2(parent, name.c_str(), type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), path,
              "can't create dataset " + name));
    std::string padded = text;
    padded.resize(std::max<std::size_t>(1, text.size()));
    const std::string error = write_whole(dataset.get(), type.get(), padded.data(), rank);
    if (!error.empty()) throw RunError(path + ": can't write " + name + ": " + error);
}

void write_texts(hid_t parent, const std::string& name, const std::vector<std::string>& texts, int rank,
                 const std::string& path) {
    std::size_t longest = 1;
    for (const std::string& text : texts)
        longest = std::max(longest, text.size());
    const Handle type = text_type(longest);
    const hsize_t shape[1] = {texts.size()};
    const Handle dataset = create_fixed(parent, name, type.get(), shape, path);
    std::string padded;
    for (const std::string& text : texts) {
        padded += text;
        padded.resize(padded.size() + longest - text.size());
    }
    const std::string error = write_whole(dataset.get(), type.get(), padded.data(), rank);
    if (!error.empty()) throw RunError(path + ": can't write " + name + ": " + error);
}

std::string write_box(MPI_Comm comm, hid_t dataset, hid_t memory_type, std::size_t element_bytes,
                      std::span<const hsize_t> start, std::span<const hsize_t> count, const void* data) {
    std::uint64_t row = element_bytes;
    for (std::size_t a = 1; a < count.size(); ++a)
        row *= count[a];
    const bool empty = row == 0 || count[0] == 0;
    const std::uint64_t rows = std::max<std::uint64_t>(1, (std::uint64_t{256} << 20) / std::max<std::uint64_t>(row, 1));
    std::uint64_t rounds = empty ? 0 : (count[0] + rows - 1) / rows;
    MPI_Allreduce(MPI_IN_PLACE, &rounds, 1, MPI_UINT64_T, MPI_MAX, comm);
    std::string error;
    const Handle transfer = independent_transfer();
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const Handle space(H5Dget_space(dataset));
        std::vector<hsize_t> from(start.begin(), start.end()), size(count.begin(), count.end());
        const std::uint64_t done = empty ? 0 : std::min<std::uint64_t>(round * rows, count[0]);
        size[0] = empty ? 0 : std::min<std::uint64_t>(rows, count[0] - done);
        from[0] += done;
        hsize_t elements = size[0];
        for (std::size_t a = 1; a < size.size(); ++a)
            elements *= size[a];
        const Handle memory(H5Screate_simple(1, &elements, nullptr));
        if (elements == 0) {
            H5Sselect_none(space.get());
            H5Sselect_none(memory.get());
        } else if (H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, from.data(), nullptr, size.data(), nullptr) < 0) {
            if (error.empty()) error = reason();
            H5Sselect_none(space.get());
            H5Sselect_none(memory.get());
        }
        const char nothing = 0;
        const void* const bytes = elements == 0 ? &nothing : static_cast<const char*>(data) + done * row;
        if (H5Dwrite(dataset, memory_type, memory.get(), space.get(), transfer.get(), bytes) < 0 && error.empty())
            error = reason();
    }
    return error;
}

} // namespace spikecast::hdf5
