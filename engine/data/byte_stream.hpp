// The bytes of a file, of a gzip-compressed file, or of a member of a zip archive, read at any position.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace spikecast {

class ByteStream {
public:
    virtual ~ByteStream() = default;
    /// Exactly n bytes from an offset on; false where they aren't there. Going on from where the last read ended is
    /// cheap everywhere; going back begins anew where the bytes are compressed.
    [[nodiscard]] virtual bool read(std::uint64_t offset, void* to, std::size_t n) = 0;
    /// Nothing where it isn't known without reading to the end (gzip).
    [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
};

/// A file as it is, or decompressed where it is gzip. nullptr where it can't be opened.
[[nodiscard]] std::unique_ptr<ByteStream> open_bytes(const std::string& path);

/// A member of a zip archive; the name is `member` or `member`.npy. Where there is none, nullptr, and `problem` says
/// why (with the names that there are).
[[nodiscard]] std::unique_ptr<ByteStream> open_zip_member(const std::string& path, const std::string& member,
                                                          std::string& problem);

} // namespace spikecast
