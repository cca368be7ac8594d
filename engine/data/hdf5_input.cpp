#include "engine/data/hdf5_input.hpp"

#include "spikecast/error.hpp"

#include <fmt/core.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

namespace spikecast::hdf5 {

namespace {

/// Where an external link pointed.
struct Elsewhere {
    bool met = false;
    std::string file;
};

/// HDF5 asks this before it follows an external link.
herr_t never(const char*, const char*, const char* file, const char*, unsigned*, hid_t, void* elsewhere) {
    auto& met = *static_cast<Elsewhere*>(elsewhere);
    met.met = true;
    if (file != nullptr) met.file = file;
    return -1;
}

constexpr std::array<H5Z_filter_t, 3> usual_filters{H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32};

/// The number of a filter that isn't usual; negative where there is none.
H5Z_filter_t unusual_filter(hid_t properties) {
    const int filters = H5Pget_nfilters(properties);
    for (int i = 0; i < filters; ++i) {
        unsigned flags = 0;
        std::size_t values = 0;
        const H5Z_filter_t filter =
            H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &values, nullptr, 0, nullptr, nullptr);
        if (std::find(usual_filters.begin(), usual_filters.end(), filter) == usual_filters.end()) return filter;
    }
    return -1;
}

} // namespace

Input::Input(std::string path, std::string object) : path_(std::move(path)), object_(std::move(object)) {
    std::error_code code;
    if (!std::filesystem::is_regular_file(path_, code)) return;
    H5PLset_loading_state(0); // no filter comes from elsewhere
    file_ = Handle(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT));
}

void Input::refuse(const std::string& message, const std::string& remedy) const {
    throw InputError(Diagnostic{{path_, 0, 0}, object_, message, remedy});
}

template <class Open>
auto Input::within(const std::string& path, Open&& open) const {
    Elsewhere elsewhere;
    const Handle access(H5Pcreate(H5P_LINK_ACCESS));
    H5Pset_elink_cb(access.get(), &never, &elsewhere);
    auto result = open(access.get());
    if (elsewhere.met)
        refuse(fmt::format("{} leads into another file, '{}', by an external link", path, elsewhere.file),
               "name that file, or copy its data into this one");
    return result;
}

bool Input::exists(const std::string& path) const {
    return within(path, [&](hid_t access) {
        // Step by step: H5Lexists fails where an earlier link is missing.
        for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
            if (H5Lexists(file_.get(), path.substr(0, slash).c_str(), access) <= 0) return false;
            if (slash == path.npos) return true;
        }
    });
}

Handle Input::object(const std::string& path, H5I_type_t kind) const {
    return within(path, [&](hid_t access) {
        Handle place(H5Oopen(file_.get(), path.c_str(), access));
        return place.ok() && H5Iget_type(place.get()) == kind ? std::move(place) : Handle();
    });
}

Handle Input::group(const std::string& path) const {
    return object(path, H5I_GROUP);
}

Handle Input::dataset(const std::string& path) const {
    Handle data = object(path, H5I_DATASET);
    if (!data.ok()) return data;
    const Handle properties(H5Dget_create_plist(data.get()));
    if (!properties.ok()) return {};
    if (H5Pget_layout(properties.get()) == H5D_VIRTUAL)
        refuse(fmt::format("{} is a virtual dataset: its data lie in other files", path),
               "copy them into this file (h5repack)");
    if (H5Pget_external_count(properties.get()) > 0)
        refuse(fmt::format("{} has external storage: its data lie in another file", path),
               "copy them into this file (h5repack)");
    if (const H5Z_filter_t filter = unusual_filter(properties.get()); filter >= 0)
        refuse(
            fmt::format("{} passes through filter {}, but only deflate, shuffle and fletcher32 are read", path, filter),
            "store it without, or with gzip (h5repack -f GZIP=4)");
    return data;
}

namespace {

/// The superblock stands at 0 or at a power of two from 512 on.
bool begins_as_hdf5(const std::string& path) {
    constexpr std::string_view signature("\x89HDF\r\n\x1a\n", 8);
    std::error_code code;
    if (!std::filesystem::is_regular_file(path, code)) return false;
    const std::uintmax_t size = std::filesystem::file_size(path, code);
    if (code) return false;
    std::ifstream file(path, std::ios::binary);
    std::array<char, signature.size()> bytes{};
    for (std::uintmax_t at = 0; at < size; at = at == 0 ? 512 : 2 * at) {
        if (!file.seekg(static_cast<std::streamoff>(at)) || !file.read(bytes.data(), bytes.size())) return false;
        if (std::string_view(bytes.data(), bytes.size()) == signature) return true;
    }
    return false;
}

/// What readers do first, on the first and the last number.
void touch(const Input& input, const std::string& path) {
    const Handle data = input.dataset(path);
    if (!data.ok()) return;
    const Handle space(H5Dget_space(data.get())), type(H5Dget_type(data.get()));
    const H5T_class_t kind = H5Tget_class(type.get());
    const int axes = H5Sget_simple_extent_ndims(space.get());
    if (axes <= 0 || axes > H5S_MAX_RANK || (kind != H5T_INTEGER && kind != H5T_FLOAT)) return;
    std::array<hsize_t, H5S_MAX_RANK> shape{}, at{}, one{};
    H5Sget_simple_extent_dims(space.get(), shape.data(), nullptr);
    one.fill(1);
    if (std::find(shape.begin(), shape.begin() + axes, hsize_t{0}) != shape.begin() + axes) return;
    const hsize_t single = 1;
    const Handle memory(H5Screate_simple(1, &single, nullptr));
    for (const bool last : {false, true}) {
        for (int axis = 0; last && axis < axes; ++axis)
            at[static_cast<std::size_t>(axis)] = shape[static_cast<std::size_t>(axis)] - 1;
        double number = 0.0;
        H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, at.data(), nullptr, one.data(), nullptr);
        H5Dread(data.get(), H5T_NATIVE_DOUBLE, memory.get(), space.get(), H5P_DEFAULT, &number);
    }
}

// Opening a file and reading two chunks of it takes milliseconds and the size of a chunk.
constexpr unsigned most_seconds = 3;
constexpr std::uint64_t most_mib = 512;
constexpr int too_large = 1;

/// Bytes of address space in use.
rlim_t address_space() {
    std::ifstream pages("/proc/self/statm");
    rlim_t count = 0;
    pages >> count;
    return count * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
}
std::uint64_t peak_mib() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) >> 10;
}

/// The child: never returns, and says nothing.
[[noreturn]] void probe_here(const std::string& path, const std::vector<std::string>& datasets) {
    for (const int signal : {SIGSEGV, SIGFPE, SIGBUS, SIGILL, SIGABRT, SIGXCPU, SIGTERM, SIGINT})
        std::signal(signal, SIG_DFL);                                    // MPI's handlers would print
    const rlim_t space = address_space() + (rlim_t{2 * most_mib} << 20); // where HDF5 gives up, but says nothing of it
    const rlimit none{0, 0}, time{most_seconds, most_seconds + 2}, memory{space, space};
    ::setrlimit(RLIMIT_CORE, &none);
    ::setrlimit(RLIMIT_AS, &memory);
    ::setrlimit(RLIMIT_CPU, &time);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::close(STDERR_FILENO);
    const std::uint64_t before = peak_mib();
    try {
        const Quiet quiet;
        const Input input(path, "");
        for (const std::string& each : datasets) {
            try {
                if (input.ok()) touch(input, each);
            } catch (const InputError&) { // the reader will say so
            }
        }
    } catch (...) {
    }
    ::_exit(peak_mib() > before + most_mib ? too_large : 0); // what belongs to the parent stays as it is
}

} // namespace

void probe(const std::string& path, const std::string& object, const std::vector<std::string>& datasets) {
    if (!begins_as_hdf5(path)) return;
    H5open(); // once, here, and not in every child
    const pid_t child = ::fork();
    if (child == 0) probe_here(path, datasets);
    int status = 0;
    pid_t ended = child;
    do {
        if (child > 0) ended = ::waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
    if (ended < 0)
        throw RunError(fmt::format("{}: can't be looked at in a process of its own: {}", path,
                                   std::generic_category().message(errno)));
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal == 0 && WEXITSTATUS(status) != too_large) return;
    const std::string how = signal == 0         ? fmt::format("takes more than {} MiB to open it", most_mib)
                            : signal == SIGXCPU ? fmt::format("takes more than {} s to open it", most_seconds)
                                                : fmt::format("crashes on it (signal {})", signal);
    throw InputError(Diagnostic{{path, 0, 0}, object, "the HDF5 library " + how, "the file is damaged: make it again"});
}

} // namespace spikecast::hdf5
