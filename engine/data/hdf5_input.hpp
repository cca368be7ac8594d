// HDF5 files that an experiment names. They may come from somebody else, and HDF5 can hold the names of other files: in
// external links, in external storage, in virtual datasets and in filters that are loaded as programs. A reader opens
// its datasets here, where none of them is followed.
#pragma once

#include "engine/core/hdf5_handle.hpp"

#include <string>
#include <vector>

namespace spikecast::hdf5 {

/// A file to read from. Its user holds library_lock() where several workers read, also when it is closed.
class Input {
public:
    /// object: what messages call it. Not ok() where the file isn't there, is no regular file or isn't HDF5.
    Input(std::string path, std::string object);
    [[nodiscard]] bool ok() const noexcept { return file_.ok(); }
    void close() noexcept { file_.reset(); }

    /// All of these throw InputError where the path leads into another file.
    /// Whether there is such a path, from the root; an object need not be at its end.
    [[nodiscard]] bool exists(const std::string& path) const;
    /// Not ok() where there is no such group.
    [[nodiscard]] Handle group(const std::string& path) const;
    /// Not ok() where there is no such dataset. Throws InputError also for one whose data lie in other files, or pass
    /// through filters other than deflate, shuffle and fletcher32.
    [[nodiscard]] Handle dataset(const std::string& path) const;

private:
    template <class Open>
    auto within(const std::string& path, Open&& open) const;
    [[nodiscard]] Handle object(const std::string& path, H5I_type_t kind) const;
    [[noreturn]] void refuse(const std::string& message, const std::string& remedy) const;

    std::string path_, object_;
    Handle file_;
};

/// Opens some datasets of a file in a process of its own and reads the first and last number of each, so that a fault
/// of the HDF5 library, which damaged files bring about, doesn't end this one. What doesn't exist is left to the
/// readers. Throws InputError where the library crashes, or takes more than 3 s of processor time or 512 MiB. A file
/// that doesn't begin as HDF5 isn't opened.
void probe(const std::string& path, const std::string& object, const std::vector<std::string>& datasets);

} // namespace spikecast::hdf5
