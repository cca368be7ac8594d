#include "engine/data/byte_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>

#include <zip.h>
#include <zlib.h>

namespace spikecast {
namespace {

class PlainFile final : public ByteStream {
public:
    PlainFile(const std::string& path, std::uint64_t size) : file_(path, std::ios::binary), size_(size) {}
    bool read(std::uint64_t offset, void* to, std::size_t n) override {
        if (offset > size_ || n > size_ - offset) return false;
        file_.clear();
        file_.seekg(static_cast<std::streamoff>(offset));
        file_.read(static_cast<char*>(to), static_cast<std::streamsize>(n));
        return file_.gcount() == static_cast<std::streamsize>(n);
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

private:
    std::ifstream file_;
    std::uint64_t size_;
};

/// What compressed streams share: skipping forward by reading, going back by beginning anew.
class ForwardStream : public ByteStream {
public:
    bool read(std::uint64_t offset, void* to, std::size_t n) override {
        if (offset < position_ || broken_) {
            broken_ = !rewind();
            position_ = 0;
            if (broken_) return false;
        }
        std::array<char, 65536> skipped;
        while (position_ < offset)
            if (!take(skipped.data(), std::min<std::uint64_t>(skipped.size(), offset - position_))) return false;
        return take(static_cast<char*>(to), n);
    }

protected:
    virtual bool rewind() = 0;
    /// Up to n bytes; below 1 at the end or on an error.
    virtual std::int64_t next(char* to, std::size_t n) = 0;

private:
    bool take(char* to, std::size_t n) {
        while (n > 0) {
            const std::int64_t got = next(to, std::min<std::size_t>(n, 1 << 20));
            if (got < 1) {
                broken_ = true; // the state of what decompresses isn't known any more
                return false;
            }
            to += got;
            n -= static_cast<std::size_t>(got);
            position_ += static_cast<std::uint64_t>(got);
        }
        return true;
    }
    std::uint64_t position_ = 0;
    bool broken_ = false;
};

class GzipFile final : public ForwardStream {
public:
    explicit GzipFile(gzFile file) : file_(file) {}
    GzipFile(const GzipFile&) = delete;
    GzipFile& operator=(const GzipFile&) = delete;
    ~GzipFile() override { gzclose(file_); }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }

private:
    bool rewind() override {
        gzclearerr(file_);
        return gzrewind(file_) == 0;
    }
    std::int64_t next(char* to, std::size_t n) override { return gzread(file_, to, static_cast<unsigned>(n)); }
    gzFile file_;
};

class ZipMember final : public ForwardStream {
public:
    ZipMember(zip_t* archive, zip_uint64_t index, std::uint64_t size) : archive_(archive), index_(index), size_(size) {
        rewind();
    }
    ZipMember(const ZipMember&) = delete;
    ZipMember& operator=(const ZipMember&) = delete;
    ~ZipMember() override {
        if (member_ != nullptr) zip_fclose(member_);
        zip_discard(archive_);
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

private:
    bool rewind() override {
        if (member_ != nullptr) zip_fclose(member_);
        member_ = zip_fopen_index(archive_, index_, 0);
        return member_ != nullptr;
    }
    std::int64_t next(char* to, std::size_t n) override { return member_ == nullptr ? -1 : zip_fread(member_, to, n); }
    zip_t* archive_;
    zip_uint64_t index_;
    std::uint64_t size_;
    zip_file_t* member_ = nullptr;
};

} // namespace

std::unique_ptr<ByteStream> open_bytes(const std::string& path) {
    std::error_code code;
    const std::uint64_t size = std::filesystem::file_size(path, code);
    if (code || !std::filesystem::is_regular_file(path, code)) return nullptr;
    auto plain = std::make_unique<PlainFile>(path, size);
    unsigned char magic[2];
    if (plain->read(0, magic, 2) && magic[0] == 0x1f && magic[1] == 0x8b) {
        gzFile file = gzopen(path.c_str(), "rb");
        return file == nullptr ? nullptr : std::make_unique<GzipFile>(file);
    }
    return plain;
}

std::unique_ptr<ByteStream> open_zip_member(const std::string& path, const std::string& member, std::string& problem) {
    int error = 0;
    zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, &error);
    if (archive == nullptr) {
        zip_error_t description;
        zip_error_init_with_code(&description, error);
        problem = std::string("can't be opened as an NPZ file: ") + zip_error_strerror(&description);
        zip_error_fini(&description);
        return nullptr;
    }
    zip_int64_t index = -1;
    for (const std::string& name : {member, member + ".npy"})
        if (index < 0) index = zip_name_locate(archive, name.c_str(), 0);
    zip_stat_t about;
    zip_stat_init(&about);
    if (index < 0) {
        problem = "there is no such array; it has";
        const zip_int64_t entries = zip_get_num_entries(archive, 0);
        for (zip_int64_t i = 0; i < std::min<zip_int64_t>(entries, 10); ++i) {
            const char* name = zip_get_name(archive, static_cast<zip_uint64_t>(i), 0);
            problem += std::string(i == 0 ? " " : ", ") + (name == nullptr ? "?" : name);
        }
        if (entries > 10) problem += ", ...";
        if (entries < 1) problem += " none";
    } else if (zip_stat_index(archive, static_cast<zip_uint64_t>(index), 0, &about) != 0 ||
               (about.valid & ZIP_STAT_SIZE) == 0) {
        problem = "the archive doesn't say how long the array is";
    } else {
        return std::make_unique<ZipMember>(archive, static_cast<zip_uint64_t>(index), about.size);
    }
    zip_discard(archive);
    return nullptr;
}

} // namespace spikecast
