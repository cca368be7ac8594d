// The file of a checkpoint: an HDF5 file that all ranks write at once, with a header in front of it and a table of
// sections behind it, from which it can be checked and read without the HDF5 library.
//
//   0      header: magic, format, sizes, checksums                        512 bytes, HDF5's user block
//   512    HDF5: one dataset for each section                             for any HDF5 tool
//   end    table: name, type, shape, offset and checksum of each section
//
// A damaged file must not reach a library that trusts it: magic, format, sizes and the checksum of every section and of
// the structure between them are verified first. Sections are contiguous, so each rank then reads what it needs of
// them at its offset. The file is written under another name, synchronised, read back and compared with what memory
// holds, and only then takes its place; whatever happens, the last whole checkpoint stays.
#pragma once

#include "spikecast/state.hpp"

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spikecast {

/// The newest and the oldest format that this program reads; it writes the newest.
inline constexpr std::uint32_t checkpoint_format = 1, oldest_checkpoint_format = 1;

struct CheckpointSection {
    std::string name;
    NumberType type = NumberType::uint8;
    std::uint32_t width = 1;
    std::uint64_t rows = 0;
    std::uint64_t offset = 0; ///< in the file
    std::uint64_t checksum = 0;
    [[nodiscard]] std::uint64_t row_bytes() const noexcept { return width * number_bytes(type); }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return rows * row_bytes(); }
};

/// What header and table say.
struct CheckpointIndex {
    std::string path;
    std::uint32_t format = 0;
    std::uint64_t end = 0;       ///< of the HDF5 part
    std::uint64_t structure = 0; ///< checksum of what no section covers
    std::vector<CheckpointSection> sections;

    /// nullptr where there is none.
    [[nodiscard]] const CheckpointSection* find(const std::string& name) const noexcept;
};

/// The sum over 8-byte words (the last padded with zeros) of a mix of each with its number, from `first_word` on: of
/// any pieces that begin at multiples of 8 bytes, the sums add up to that of the whole.
[[nodiscard]] std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t first_word) noexcept;

/// Of a whole file of any kind, with its length. Throws RunError where it can't be read.
[[nodiscard]] std::uint64_t file_checksum(const std::string& path);

/// Header and table, verified; nothing else of the file is read. Throws RunError saying what is wrong with it.
[[nodiscard]] CheckpointIndex read_checkpoint_index(const std::string& path);
/// A section of bytes, verified. Throws RunError.
[[nodiscard]] std::string read_checkpoint_text(const CheckpointIndex& index, const std::string& name);

/// Some rows of a table, those of one worker: row numbers in any order, and a column's numbers in the same order.
struct TableShare {
    std::vector<std::uint64_t> rows;
    StateColumns columns;
};

class CheckpointWriter {
public:
    /// Collective, as all members are. Throws the same RunError on all ranks where something can't be written.
    CheckpointWriter(MPI_Comm comm, std::string path);
    /// Removes what wasn't finished.
    ~CheckpointWriter();
    CheckpointWriter(const CheckpointWriter&) = delete;
    CheckpointWriter& operator=(const CheckpointWriter&) = delete;

    /// A section of bytes: those of rank 0.
    void text(const std::string& name, const std::string& bytes);
    /// A section for each column, of so many rows; the shares are those of this rank's workers, and a row that nobody
    /// gives is 0. Shares without columns are left out; the others have the same ones on all ranks.
    void table(const std::string& group, std::uint64_t rows, const std::vector<TableShare>& own);
    /// Synchronises, verifies, and puts the file in its place; earlier ones become FILE.1, FILE.2 and so on, as far as
    /// `keep` files are wanted. Returns the bytes of the file.
    std::uint64_t finish(std::uint32_t keep);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

class CheckpointReader {
public:
    /// Collective, as all members are. Verifies the whole file, each rank a share of it.
    CheckpointReader(MPI_Comm comm, const std::string& path);

    [[nodiscard]] const CheckpointIndex& index() const noexcept { return index_; }
    /// The same on all ranks.
    [[nodiscard]] std::string text(const std::string& name) const;
    [[nodiscard]] bool has_table(const std::string& group) const noexcept;
    /// The number of rows of a group's tables.
    [[nodiscard]] std::uint64_t rows(const std::string& group) const;
    /// Columns of the rows that each share names.
    void table(const std::string& group, std::vector<TableShare>& wanted) const;
    /// This rank's block of the rows, which are dealt evenly in their order.
    [[nodiscard]] std::vector<StateColumns::Column> block(const std::string& group) const;

private:
    [[nodiscard]] std::vector<const CheckpointSection*> columns(const std::string& group) const;
    MPI_Comm comm_;
    int rank_ = 0, ranks_ = 1;
    CheckpointIndex index_;
};

} // namespace spikecast
