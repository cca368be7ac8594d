#include "engine/checkpoint/file.hpp"

#include "engine/build/fault.hpp"
#include "engine/exchange/collective.hpp"
#include "engine/recording/hdf5.hpp"
#include "spikecast/random.hpp"

#include <fmt/core.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <system_error>
#include <type_traits>
#include <utility>

namespace spikecast {

namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "checkpoints hold little-endian numbers");

constexpr std::array<char, 24> magic{'\x89', 's', 'p', 'i', 'k', 'e', 'c', 'a', 's', 't',  ' ',  'c',
                                     'h',    'e', 'c', 'k', 'p', 'o', 'i', 'n', 't', '\r', '\n', '\x1a'};

struct Header {
    std::array<char, 24> magic{};
    std::uint32_t format = 0, header_bytes = 0;
    std::uint64_t end = 0, table_bytes = 0, table_checksum = 0, structure = 0;
    std::uint64_t own_checksum = 0; ///< of what stands before it
};
static_assert(sizeof(Header) == 72 && std::is_trivially_copyable_v<Header>);
constexpr std::uint64_t user_block = 512; ///< the smallest that HDF5 knows
constexpr std::uint64_t longest_table = std::uint64_t{1} << 28;
constexpr std::uint64_t read_piece = std::uint64_t{8} << 20;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
    throw RunError(path + ": " + what);
}
[[noreturn]] void fail_errno(const std::string& path, const std::string& what) {
    fail(path, what + ": " + std::generic_category().message(errno));
}

class Descriptor {
public:
    Descriptor(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
        if (fd_ < 0) fail_errno(path, "can't be opened");
    }
    ~Descriptor() { ::close(fd_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

void read_at(int fd, void* to, std::uint64_t bytes, std::uint64_t offset, const std::string& path) {
    auto* place = static_cast<char*>(to);
    while (bytes > 0) {
        const ssize_t got = ::pread(fd, place, bytes, static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail_errno(path, "can't be read");
        if (got == 0) fail(path, "ends before it should");
        place += got;
        bytes -= static_cast<std::uint64_t>(got);
        offset += static_cast<std::uint64_t>(got);
    }
}
void write_at(int fd, const void* from, std::uint64_t bytes, std::uint64_t offset, const std::string& path) {
    const auto* place = static_cast<const char*>(from);
    while (bytes > 0) {
        const ssize_t put = ::pwrite(fd, place, bytes, static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) fail_errno(path, "can't be written");
        place += put;
        bytes -= static_cast<std::uint64_t>(put);
        offset += static_cast<std::uint64_t>(put);
    }
}
void synchronise(const std::string& path) {
    const Descriptor file(path, O_RDONLY);
    if (::fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS) fail_errno(path, "can't be synchronised");
}

std::uint64_t checksum_of_range(int fd, std::uint64_t offset, std::uint64_t bytes, std::uint64_t first_word,
                                const std::string& path) {
    std::vector<std::byte> buffer(std::min(bytes, read_piece));
    std::uint64_t sum = 0;
    for (std::uint64_t done = 0; done < bytes; done += read_piece) {
        const std::uint64_t n = std::min(read_piece, bytes - done);
        read_at(fd, buffer.data(), n, offset + done, path);
        sum += checksum({buffer.data(), n}, first_word + done / 8);
    }
    return sum;
}

/// Of everything in [user_block, end) that no section covers.
std::uint64_t checksum_of_structure(int fd, const CheckpointIndex& index) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> covered;
    for (const CheckpointSection& s : index.sections)
        if (s.bytes() > 0) covered.emplace_back(s.offset, s.offset + s.bytes());
    covered.emplace_back(index.end, index.end);
    std::sort(covered.begin(), covered.end());
    std::uint64_t sum = 0, at = user_block;
    for (const auto& [begin, end] : covered) {
        if (begin > at) sum += checksum_of_range(fd, at, begin - at, at, index.path);
        at = std::max(at, end);
    }
    return sum;
}

/// Blocks of rows: those of rank r are [r * share, (r + 1) * share). A multiple of 8 rows begins at a whole word.
std::uint64_t share_of(std::uint64_t rows, int ranks) {
    const auto n = static_cast<std::uint64_t>(ranks);
    return std::max<std::uint64_t>(8, ((rows + n - 1) / n + 7) / 8 * 8);
}
std::pair<std::uint64_t, std::uint64_t> block_of(std::uint64_t rows, int rank, int ranks) {
    const std::uint64_t share = share_of(rows, ranks);
    const std::uint64_t begin = std::min(rows, share * static_cast<std::uint64_t>(rank));
    return {begin, std::min(rows, begin + share)};
}

/// Each rank reads its share of every section. Returns the sections whose checksums differ.
std::vector<bool> damaged_sections(MPI_Comm comm, const CheckpointIndex& index) {
    int rank = 0, ranks = 1;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    std::vector<std::uint64_t> sums(index.sections.size() + 1, 0);
    collectively(comm, [&] {
        const Descriptor file(index.path, O_RDONLY);
        for (std::size_t s = 0; s < index.sections.size(); ++s) {
            const auto [begin, end] = block_of(index.sections[s].bytes(), rank, ranks);
            if (begin < end)
                sums[s] =
                    checksum_of_range(file.get(), index.sections[s].offset + begin, end - begin, begin / 8, index.path);
        }
        if (rank == 0) sums.back() = checksum_of_structure(file.get(), index);
    });
    MPI_Allreduce(MPI_IN_PLACE, sums.data(), static_cast<int>(sums.size()), MPI_UINT64_T, MPI_SUM, comm);
    std::vector<bool> damaged(sums.size());
    for (std::size_t s = 0; s < index.sections.size(); ++s)
        damaged[s] = sums[s] != index.sections[s].checksum;
    damaged.back() = sums.back() != index.structure;
    return damaged;
}

template <class Number>
void put(std::string& to, Number number) {
    std::array<char, sizeof number> bytes;
    std::memcpy(bytes.data(), &number, sizeof number);
    to.append(bytes.data(), bytes.size());
}
std::string to_table(const std::vector<CheckpointSection>& sections) {
    std::string out;
    put(out, static_cast<std::uint64_t>(sections.size()));
    for (const CheckpointSection& s : sections) {
        put(out, static_cast<std::uint32_t>(s.name.size()));
        out += s.name;
        put(out, static_cast<std::uint32_t>(s.type));
        put(out, s.width);
        put(out, s.rows);
        put(out, s.offset);
        put(out, s.checksum);
    }
    return out;
}

/// Takes numbers and texts off a buffer; throws where it ends.
class Taker {
public:
    Taker(const std::string& from, const std::string& path) : from_(from), path_(path) {}
    template <class Number>
    [[nodiscard]] Number number() {
        Number n{};
        std::memcpy(&n, bytes(sizeof n), sizeof n);
        return n;
    }
    [[nodiscard]] std::string text(std::uint64_t length) { return {bytes(length), length}; }
    [[nodiscard]] bool at_end() const noexcept { return at_ == from_.size(); }

private:
    const char* bytes(std::uint64_t n) {
        if (n > from_.size() - at_) fail(path_, "its table of sections is malformed");
        const char* const here = from_.data() + at_;
        at_ += n;
        return here;
    }
    const std::string& from_;
    const std::string& path_;
    std::uint64_t at_ = 0;
};

std::vector<CheckpointSection> from_table(const std::string& table, const std::string& path, std::uint64_t end) {
    Taker take(table, path);
    const auto count = take.number<std::uint64_t>();
    std::vector<CheckpointSection> sections;
    for (std::uint64_t i = 0; i < count; ++i) {
        CheckpointSection s;
        const auto length = take.number<std::uint32_t>();
        s.name = take.text(length);
        const auto type = take.number<std::uint32_t>();
        if (type < 1 || type > static_cast<std::uint32_t>(NumberType::int32))
            fail(path, "section " + s.name + " holds numbers of an unknown type; a newer version may read it");
        s.type = static_cast<NumberType>(type);
        s.width = take.number<std::uint32_t>();
        s.rows = take.number<std::uint64_t>();
        s.offset = take.number<std::uint64_t>();
        s.checksum = take.number<std::uint64_t>();
        const Wide bytes = Wide{s.rows} * (Wide{s.width} * number_bytes(s.type));
        if (bytes > end || (bytes > 0 && (s.offset < user_block || s.offset > end - static_cast<std::uint64_t>(bytes))))
            fail(path, "section " + s.name + " lies outside the file");
        sections.push_back(std::move(s));
    }
    if (!take.at_end()) fail(path, "its table of sections is malformed");
    return sections;
}

hid_t file_type(NumberType type) {
    switch (type) {
    case NumberType::float32:
        return H5T_IEEE_F32LE;
    case NumberType::float64:
        return H5T_IEEE_F64LE;
    case NumberType::uint32:
        return H5T_STD_U32LE;
    case NumberType::uint64:
        return H5T_STD_U64LE;
    case NumberType::int64:
        return H5T_STD_I64LE;
    case NumberType::int32:
        return H5T_STD_I32LE;
    case NumberType::uint8:
        break;
    }
    return H5T_STD_U8LE;
}

std::string dataset_name(const std::string& group, std::string column) {
    std::replace(column.begin(), column.end(), '/', '|');
    return group + "/" + column;
}

} // namespace

std::uint64_t checksum(std::span<const std::byte> bytes, std::uint64_t first_word) noexcept {
    std::uint64_t sum = 0;
    const std::size_t whole = bytes.size() / 8;
    for (std::size_t i = 0; i < whole; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + 8 * i, 8);
        sum += mix64(word ^ (first_word + i + 1) * 0x9e3779b97f4a7c15ULL);
    }
    if (bytes.size() % 8 != 0) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + 8 * whole, bytes.size() % 8);
        sum += mix64(word ^ (first_word + whole + 1) * 0x9e3779b97f4a7c15ULL);
    }
    return sum;
}

const CheckpointSection* CheckpointIndex::find(const std::string& name) const noexcept {
    for (const CheckpointSection& s : sections)
        if (s.name == name) return &s;
    return nullptr;
}

CheckpointIndex read_checkpoint_index(const std::string& path) {
    std::error_code code;
    if (fs::is_directory(path, code)) fail(path, "is a folder; give the name of a checkpoint");
    const Descriptor file(path, O_RDONLY);
    const auto size = static_cast<std::uint64_t>(fs::file_size(path));
    Header header;
    if (size < sizeof(Header))
        fail(path, fmt::format("is no checkpoint of spikecast: it has {} bytes, less than the header", size));
    read_at(file.get(), &header, sizeof header, 0, path);
    if (header.magic != magic) {
        const bool hdf5 = std::memcmp(header.magic.data(), "\x89HDF\r\n\x1a\n", 8) == 0;
        fail(path, hdf5 ? "is an HDF5 file, but no checkpoint of spikecast; give a file that --checkpoint wrote"
                        : "is no checkpoint of spikecast; give a file that --checkpoint wrote");
    }
    if (header.format > checkpoint_format)
        fail(path, fmt::format("has format {}, which a newer version of spikecast wrote; this one ({}) reads up to "
                               "format {}: use that version",
                               header.format, SPIKECAST_VERSION, checkpoint_format));
    const auto bytes_of = [](const Header& h) {
        return checksum(std::as_bytes(std::span(&h, 1)).first(offsetof(Header, own_checksum)), 0);
    };
    if (header.own_checksum != bytes_of(header) || header.header_bytes != sizeof(Header))
        fail(path, "is damaged: its header doesn't have its checksum; take an earlier checkpoint (FILE.1)");
    if (header.format < oldest_checkpoint_format)
        fail(path, fmt::format("has format {}, but this version reads none before {}", header.format,
                               oldest_checkpoint_format));
    if (header.table_bytes > longest_table || header.end < user_block || header.end > size ||
        size - header.end != header.table_bytes)
        fail(path, fmt::format("is truncated or has grown: it has {} bytes instead of {}; take an earlier checkpoint "
                               "(FILE.1)",
                               size, header.end + header.table_bytes));
    CheckpointIndex index;
    index.path = path;
    index.format = header.format;
    index.end = header.end;
    index.structure = header.structure;
    std::string table(header.table_bytes, '\0');
    read_at(file.get(), table.data(), table.size(), header.end, path);
    if (checksum(std::as_bytes(std::span(table)), 0) != header.table_checksum)
        fail(path, "is damaged: its table of sections doesn't have its checksum; take an earlier checkpoint (FILE.1)");
    index.sections = from_table(table, path, header.end);
    return index;
}

std::uint64_t file_checksum(const std::string& path) {
    const Descriptor file(path, O_RDONLY);
    const std::uint64_t size = fs::file_size(path);
    return checksum_of_range(file.get(), 0, size, 0, path) + mix64(size);
}

std::string read_checkpoint_text(const CheckpointIndex& index, const std::string& name) {
    const CheckpointSection* const section = index.find(name);
    if (section == nullptr) fail(index.path, "has no section " + name);
    std::string text(section->bytes(), '\0');
    const Descriptor file(index.path, O_RDONLY);
    read_at(file.get(), text.data(), text.size(), section->offset, index.path);
    if (checksum(std::as_bytes(std::span(text)), 0) != section->checksum)
        fail(index.path,
             "is damaged: section " + name + " doesn't have its checksum; take an earlier checkpoint (FILE.1)");
    return text;
}

struct CheckpointWriter::Impl {
    MPI_Comm comm = MPI_COMM_NULL;
    int rank = 0, ranks = 1;
    std::string path, part;
    hdf5::Handle file;
    std::vector<CheckpointSection> sections;
    bool finished = false;

    /// This rank's box of a new section; begin is a multiple of 8 rows.
    void section(const std::string& name, NumberType type, std::uint32_t width, std::uint64_t rows, std::uint64_t begin,
                 const std::vector<std::byte>& box) {
        const hdf5::Quiet quiet;
        CheckpointSection s;
        s.name = name;
        s.type = type;
        s.width = width;
        s.rows = rows;
        hdf5::Handle dataset;
        std::string error;
        const std::array<hsize_t, 2> shape{rows, width};
        {
            const hdf5::Handle space(H5Screate_simple(width == 1 ? 1 : 2, shape.data(), nullptr));
            const hdf5::Handle layout(H5Pcreate(H5P_DATASET_CREATE)), links(H5Pcreate(H5P_LINK_CREATE));
            H5Pset_alloc_time(layout.get(), H5D_ALLOC_TIME_EARLY);
            H5Pset_fill_time(layout.get(), H5D_FILL_TIME_NEVER);
            H5Pset_create_intermediate_group(links.get(), 1);
            dataset = hdf5::Handle(H5Dcreate2(file.get(), name.c_str(), file_type(type), space.get(), links.get(),
                                              layout.get(), H5P_DEFAULT));
        }
        if (!dataset.ok()) error = part + ": can't create " + name + ": " + hdf5::reason();
        hdf5::agree(comm, error);
        if (s.bytes() > 0) {
            const haddr_t offset = H5Dget_offset(dataset.get());
            if (offset == HADDR_UNDEF)
                error = part + ": HDF5 doesn't say where " + name + " lies: " + hdf5::reason();
            else
                s.offset = offset;
            const std::array<hsize_t, 2> start{begin, 0}, count{box.size() / s.row_bytes(), width};
            const std::size_t axes = width == 1 ? 1 : 2;
            const std::string why =
                hdf5::write_box(comm, dataset.get(), file_type(type), number_bytes(type), std::span(start).first(axes),
                                std::span(count).first(axes), box.data());
            if (error.empty() && !why.empty()) error = part + ": can't write " + name + ": " + why;
        }
        s.checksum = checksum(box, begin * s.row_bytes() / 8);
        MPI_Allreduce(MPI_IN_PLACE, &s.checksum, 1, MPI_UINT64_T, MPI_SUM, comm);
        hdf5::agree(comm, error);
        sections.push_back(std::move(s));
    }
};

CheckpointWriter::CheckpointWriter(MPI_Comm comm, std::string path) : impl_(std::make_unique<Impl>()) {
    impl_->comm = comm;
    MPI_Comm_rank(comm, &impl_->rank);
    MPI_Comm_size(comm, &impl_->ranks);
    impl_->part = path + ".part";
    impl_->path = std::move(path);
    impl_->file = hdf5::create_file(comm, impl_->part, user_block);
}

CheckpointWriter::~CheckpointWriter() {
    const hdf5::Quiet quiet;
    impl_->file.abandon(); // closing takes all ranks, and hangs where only some of them can't write
    if (!impl_->finished && impl_->rank == 0) ::unlink(impl_->part.c_str());
}

void CheckpointWriter::text(const std::string& name, const std::string& bytes) {
    std::uint64_t rows = bytes.size();
    MPI_Bcast(&rows, 1, MPI_UINT64_T, 0, impl_->comm);
    std::vector<std::byte> box;
    if (impl_->rank == 0) {
        const auto given = std::as_bytes(std::span(bytes));
        box.assign(given.begin(), given.end());
    }
    impl_->section(name, NumberType::uint8, 1, rows, 0, box);
}

void CheckpointWriter::table(const std::string& group, std::uint64_t rows, const std::vector<TableShare>& own) {
    MPI_Comm comm = impl_->comm;
    // The columns, from the lowest rank that has any.
    struct Shape {
        std::array<char, 120> name{};
        std::uint32_t type = 0, width = 0;
    };
    std::vector<Shape> shapes;
    std::size_t most = 0; // columns of any share
    for (const TableShare& share : own)
        most = std::max(most, share.columns.columns().size());
    collectively(comm, [&] {
        for (const TableShare& share : own)
            if (shapes.empty())
                for (const StateColumns::Column& c : share.columns.columns()) {
                    Shape shape;
                    if (c.name.size() >= shape.name.size()) fail(impl_->part, "the name " + c.name + " is too long");
                    std::copy(c.name.begin(), c.name.end(), shape.name.begin());
                    shape.type = static_cast<std::uint32_t>(c.type);
                    shape.width = c.width;
                    shapes.push_back(shape);
                }
    });
    int first = shapes.empty() ? std::numeric_limits<int>::max() : impl_->rank;
    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm);
    if (first == std::numeric_limits<int>::max()) return;
    std::uint64_t count = shapes.size();
    MPI_Bcast(&count, 1, MPI_UINT64_T, first, comm);
    shapes.resize(count);
    MPI_Bcast(shapes.data(), static_cast<int>(count * sizeof(Shape)), MPI_BYTE, first, comm);

    // Records of (row, its numbers in all columns) go to the rank that writes the row's block.
    std::uint64_t record = sizeof(std::uint64_t);
    for (const Shape& shape : shapes)
        record += shape.width * number_bytes(static_cast<NumberType>(shape.type));
    const std::uint64_t share = share_of(rows, impl_->ranks);
    std::vector<std::vector<std::byte>> out(static_cast<std::size_t>(impl_->ranks));
    collectively(comm, [&] {
        if (most != 0 && most != shapes.size())
            fail(impl_->part, fmt::format("{} has {} columns here and {} elsewhere", group, most, shapes.size()));
        std::vector<std::uint64_t> sizes(out.size(), 0);
        for (const TableShare& s : own)
            if (!s.columns.columns().empty())
                for (const std::uint64_t row : s.rows)
                    sizes[row / share] += record;
        for (std::size_t r = 0; r < out.size(); ++r)
            out[r].reserve(sizes[r]);
        for (const TableShare& s : own) {
            if (s.columns.columns().empty()) continue;
            for (std::size_t i = 0; i < s.rows.size(); ++i) {
                std::vector<std::byte>& to = out[s.rows[i] / share];
                const auto* const number = reinterpret_cast<const std::byte*>(&s.rows[i]);
                to.insert(to.end(), number, number + sizeof(std::uint64_t));
                for (const StateColumns::Column& c : s.columns.columns()) {
                    const std::byte* const from = c.bytes.data() + i * c.row_bytes();
                    to.insert(to.end(), from, from + c.row_bytes());
                }
            }
        }
    });
    const auto in = all_to_all(comm, out);
    out.clear();
    const auto [begin, end] = block_of(rows, impl_->rank, impl_->ranks);
    std::uint64_t place = sizeof(std::uint64_t); // in a record
    for (const Shape& shape : shapes) {
        const auto type = static_cast<NumberType>(shape.type);
        const std::uint64_t bytes = shape.width * number_bytes(type);
        std::vector<std::byte> box((end - begin) * bytes);
        for (const auto& from : in)
            for (std::uint64_t at = 0; at < from.size(); at += record) {
                std::uint64_t row = 0;
                std::memcpy(&row, from.data() + at, sizeof row);
                std::memcpy(box.data() + (row - begin) * bytes, from.data() + at + place, bytes);
            }
        impl_->section(dataset_name(group, shape.name.data()), type, shape.width, rows, begin, box);
        place += bytes;
    }
}

std::uint64_t CheckpointWriter::finish(std::uint32_t keep) {
    Impl& impl = *impl_;
    {
        const hdf5::Quiet quiet;
        std::string error;
        if (H5Fflush(impl.file.get(), H5F_SCOPE_GLOBAL) < 0)
            error = impl.part + ": can't flush to disk: " + hdf5::reason();
        hdf5::agree(impl.comm, error);
        if (impl.file.reset() < 0) error = impl.part + ": can't close the file: " + hdf5::reason();
        hdf5::agree(impl.comm, error);
    }
    CheckpointIndex index;
    index.path = impl.part;
    index.sections = impl.sections;
    collectively(impl.comm, [&] {
        if (impl.rank != 0) return;
        const Descriptor file(impl.part, O_RDONLY);
        index.end = fs::file_size(impl.part);
        index.structure = checksum_of_structure(file.get(), index);
    });
    std::array<std::uint64_t, 2> known{index.end, index.structure};
    MPI_Bcast(known.data(), 2, MPI_UINT64_T, 0, impl.comm);
    index.end = known[0];
    index.structure = known[1];
    const std::vector<bool> damaged = damaged_sections(impl.comm, index); // sums were taken of what memory held
    for (std::size_t s = 0; s < index.sections.size(); ++s)
        if (damaged[s])
            throw CollectiveError(1, fmt::format("{}: section {} isn't on disk as it was written; check the disk",
                                                 impl.part, index.sections[s].name));
    const std::string table = to_table(index.sections);
    collectively(impl.comm, [&] {
        if (impl.rank != 0) return;
        Header header;
        header.magic = magic;
        header.format = checkpoint_format;
        header.header_bytes = sizeof(Header);
        header.end = index.end;
        header.table_bytes = table.size();
        header.table_checksum = checksum(std::as_bytes(std::span(table)), 0);
        header.structure = index.structure;
        header.own_checksum = checksum(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, own_checksum)), 0);
        {
            const Descriptor file(impl.part, O_RDWR);
            write_at(file.get(), table.data(), table.size(), index.end, impl.part);
            write_at(file.get(), &header, sizeof header, 0, impl.part);
            if (::fsync(file.get()) != 0) fail_errno(impl.part, "can't be synchronised");
        }
        (void)read_checkpoint_index(impl.part);
        // Earlier ones move back; the newest gets a second name, so that the old name never points to nothing.
        const auto numbered = [&](std::uint32_t n) { return impl.path + "." + std::to_string(n); };
        std::error_code code;
        if (keep > 1 && fs::exists(impl.path, code)) {
            for (std::uint32_t n = keep - 1; n > 1; --n)
                if (fs::exists(numbered(n - 1), code)) fs::rename(numbered(n - 1), numbered(n));
            ::unlink(numbered(1).c_str());
            if (fault("link") || ::link(impl.path.c_str(), numbered(1).c_str()) != 0) {
                fs::copy_file(impl.path, numbered(1)); // a file system without second names
                synchronise(numbered(1));
            }
        }
        fs::rename(impl.part, impl.path);
        const fs::path folder = fs::path(impl.path).has_parent_path() ? fs::path(impl.path).parent_path() : ".";
        synchronise(folder.string());
    });
    impl.finished = true;
    return index.end + table.size();
}

CheckpointReader::CheckpointReader(MPI_Comm comm, const std::string& path) : comm_(comm) {
    MPI_Comm_rank(comm, &rank_);
    MPI_Comm_size(comm, &ranks_);
    std::string table;
    std::array<std::uint64_t, 4> known{};
    collectively(comm, [&] {
        if (rank_ != 0) return;
        index_ = read_checkpoint_index(path);
        table = to_table(index_.sections);
        known = {index_.format, index_.end, index_.structure, table.size()};
    });
    MPI_Bcast(known.data(), 4, MPI_UINT64_T, 0, comm);
    table.resize(known[3]);
    MPI_Bcast(table.data(), static_cast<int>(table.size()), MPI_CHAR, 0, comm);
    collectively(comm, [&] {
        if (rank_ == 0) return;
        index_.path = path;
        index_.format = static_cast<std::uint32_t>(known[0]);
        index_.end = known[1];
        index_.structure = known[2];
        index_.sections = from_table(table, path, index_.end);
    });
    const std::vector<bool> damaged = damaged_sections(comm, index_);
    std::string which;
    for (std::size_t s = 0; s < damaged.size(); ++s)
        if (damaged[s])
            which += (which.empty() ? "" : ", ") +
                     (s < index_.sections.size() ? index_.sections[s].name : std::string("the HDF5 structure"));
    if (!which.empty())
        throw CollectiveError(
            1, fmt::format("{}: is damaged: these sections don't have their checksums: {}; take an earlier checkpoint "
                           "(FILE.1)",
                           path, which));
}

std::string CheckpointReader::text(const std::string& name) const {
    std::string text;
    collectively(comm_, [&] {
        if (rank_ == 0) text = read_checkpoint_text(index_, name);
    });
    std::uint64_t size = text.size();
    MPI_Bcast(&size, 1, MPI_UINT64_T, 0, comm_);
    text.resize(size);
    for (std::uint64_t done = 0; done < size; done += 1U << 30)
        MPI_Bcast(text.data() + done, static_cast<int>(std::min<std::uint64_t>(1U << 30, size - done)), MPI_CHAR, 0,
                  comm_);
    return text;
}

std::vector<const CheckpointSection*> CheckpointReader::columns(const std::string& group) const {
    std::vector<const CheckpointSection*> found;
    const std::string prefix = group + "/";
    for (const CheckpointSection& s : index_.sections)
        if (s.name.starts_with(prefix) && s.name.find('/', prefix.size()) == std::string::npos) {
            if (!found.empty() && found.front()->rows != s.rows)
                fail(index_.path, group + " has columns of different lengths");
            found.push_back(&s);
        }
    return found;
}

bool CheckpointReader::has_table(const std::string& group) const noexcept {
    return std::any_of(index_.sections.begin(), index_.sections.end(),
                       [&](const CheckpointSection& s) { return s.name.starts_with(group + "/"); });
}

std::uint64_t CheckpointReader::rows(const std::string& group) const {
    const auto sections = columns(group);
    return sections.empty() ? 0 : sections.front()->rows;
}

std::vector<StateColumns::Column> CheckpointReader::block(const std::string& group) const {
    std::vector<StateColumns::Column> out;
    collectively(comm_, [&] {
        const Descriptor file(index_.path, O_RDONLY);
        for (const CheckpointSection* s : columns(group)) {
            const auto [begin, end] = block_of(s->rows, rank_, ranks_);
            StateColumns::Column& c = out.emplace_back();
            c.name = s->name.substr(group.size() + 1);
            std::replace(c.name.begin(), c.name.end(), '|', '/');
            c.type = s->type;
            c.width = s->width;
            c.bytes.resize((end - begin) * s->row_bytes());
            read_at(file.get(), c.bytes.data(), c.bytes.size(), s->offset + begin * s->row_bytes(), index_.path);
        }
    });
    return out;
}

void CheckpointReader::table(const std::string& group, std::vector<TableShare>& wanted) const {
    const std::vector<StateColumns::Column> own = block(group);
    std::uint64_t rows = 0;
    collectively(comm_, [&] {
        const auto sections = columns(group);
        rows = sections.empty() ? 0 : sections.front()->rows;
        for (const TableShare& share : wanted)
            for (const std::uint64_t row : share.rows)
                if (row >= rows)
                    fail(index_.path, fmt::format("{} has {} rows, so there is no row {}", group, rows, row));
    });
    const std::uint64_t share_rows = share_of(rows, ranks_);
    std::uint64_t record = 0;
    for (const StateColumns::Column& c : own)
        record += c.row_bytes();
    const auto n = static_cast<std::size_t>(ranks_);
    std::vector<std::vector<std::uint64_t>> asked(n);
    for (const TableShare& share : wanted)
        for (const std::uint64_t row : share.rows)
            asked[row / share_rows].push_back(row);
    const auto asked_here = all_to_all(comm_, asked);
    const std::uint64_t begin = block_of(rows, rank_, ranks_).first;
    std::vector<std::vector<std::byte>> answers(n);
    for (std::size_t r = 0; r < n; ++r) {
        answers[r].reserve(asked_here[r].size() * record);
        for (const std::uint64_t row : asked_here[r])
            for (const StateColumns::Column& c : own) {
                const std::byte* const from = c.bytes.data() + (row - begin) * c.row_bytes();
                answers[r].insert(answers[r].end(), from, from + c.row_bytes());
            }
    }
    const auto given = all_to_all(comm_, answers);
    std::vector<std::uint64_t> at(n, 0);
    for (TableShare& share : wanted) {
        std::vector<StateColumns::Column> filled;
        for (const StateColumns::Column& c : own) {
            filled.push_back({c.name, c.type, c.width, {}});
            filled.back().bytes.resize(share.rows.size() * c.row_bytes());
        }
        for (std::size_t i = 0; i < share.rows.size(); ++i) {
            const std::size_t r = share.rows[i] / share_rows;
            for (StateColumns::Column& c : filled) {
                std::memcpy(c.bytes.data() + i * c.row_bytes(), given[r].data() + at[r], c.row_bytes());
                at[r] += c.row_bytes();
            }
        }
        share.columns = StateColumns(std::move(filled));
    }
}

} // namespace spikecast
