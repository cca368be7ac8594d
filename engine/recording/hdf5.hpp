// What the writers of HDF5 files share: errors with HDF5's own reason, attributes and datasets of the few kinds that we
// write. Internal to the engine.
#pragma once

#include "engine/core/hdf5_handle.hpp"
#include "engine/exchange/collective.hpp"
#include "spikecast/error.hpp"

#include <hdf5.h>
#include <mpi.h>

#include <cstdint>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace spikecast::hdf5 {

/// HDF5's innermost description of the last failure on this rank.
[[nodiscard]] std::string reason();

/// The identifier or status itself; negative: throws RunError "<path>: <what>: <reason>".
hid_t check(hid_t id, const std::string& path, const std::string& what);

/// Runs `work` on all ranks and agrees: a failure on any rank becomes the same RunError on every rank. `work` must not
/// stop before a collective call that the other ranks make.
template <class Work>
void together(MPI_Comm comm, Work&& work);

/// What agree() throws. HDF5 can't close a file that it couldn't write, keeps a broken half of it, and crashes on that
/// when MPI ends: a program ends without MPI_Finalize then.
class FileError : public CollectiveError {
public:
    using CollectiveError::CollectiveError;
};

/// Throws FileError(text of the lowest rank that has one) on all ranks if any rank's text is not empty. Collective.
void agree(MPI_Comm comm, const std::string& text);

/// Collective. Creates (truncates) a file for all ranks. Rank 0 looks first whether that can work, so that the message
/// names the reason: a missing folder, no permission, a folder in the way. user_block: bytes in front that HDF5 leaves
/// alone, 0 or a power of two from 512 on; with them, everything lies at multiples of 8 bytes.
[[nodiscard]] Handle create_file(MPI_Comm comm, const std::string& path, std::uint64_t user_block = 0);
/// Collective. Opens a file that is there for reading and writing.
[[nodiscard]] Handle open_file(MPI_Comm comm, const std::string& path);

/// Collective metadata; every rank gives the same values.
[[nodiscard]] Handle create_group(hid_t parent, const std::string& name, const std::string& path);
void write_attribute(hid_t object, const std::string& name, const std::string& text, const std::string& path);
void write_attribute(hid_t object, const std::string& name, double number, const std::string& path);
void write_attribute(hid_t object, const std::string& name, std::uint64_t number, const std::string& path);

/// The attributes magic and version by which SONATA's readers recognise a file.
void write_sonata_marks(hid_t file, const std::string& path);

/// An empty dataset that grows along its first axis; columns 0: one-dimensional. Chunks of about 256 KiB.
[[nodiscard]] Handle create_growing(hid_t parent, const std::string& name, hid_t type, std::uint64_t columns,
                                    const std::string& path);
/// A dataset of fixed shape, contiguous.
[[nodiscard]] Handle create_fixed(hid_t parent, const std::string& name, hid_t type, std::span<const hsize_t> shape,
                                  const std::string& path);
/// Collective. A text as a scalar dataset (UTF-8, fixed length), written by rank 0.
void write_text(hid_t parent, const std::string& name, const std::string& text, int rank, const std::string& path);
/// Collective. Texts as a one-dimensional dataset, padded to the longest.
void write_texts(hid_t parent, const std::string& name, const std::vector<std::string>& texts, int rank,
                 const std::string& path);

/// Collective. Writes this rank's box (start, count; an empty one on ranks without data) of a dataset, in rounds so
/// that no rank moves more than 256 MiB at once. Returns this rank's error, "" for none; makes the same collective
/// calls on every rank whatever fails.
[[nodiscard]] std::string write_box(MPI_Comm comm, hid_t dataset, hid_t memory_type, std::size_t element_bytes,
                                    std::span<const hsize_t> start, std::span<const hsize_t> count, const void* data);
/// A whole small dataset, the data from rank 0. Collective; returns this rank's error.
[[nodiscard]] std::string write_whole(hid_t dataset, hid_t memory_type, const void* data, int rank);

template <class Work>
void together(MPI_Comm comm, Work&& work) {
    std::string error;
    try {
        work();
    } catch (const std::exception& e) {
        error = e.what();
        if (error.empty()) error = "unknown error";
    }
    agree(comm, error);
}

} // namespace spikecast::hdf5
