// Headers of NPY and IDX files: where the numbers of an array begin, of what type they are, and how many.
#pragma once

#include "engine/data/byte_stream.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spikecast {

struct NumberArray {
    enum class Kind : std::uint8_t { integer, natural, real };
    Kind kind = Kind::real;
    std::uint32_t width = 8; ///< bytes of a number: 1, 2, 4 or 8
    bool big_endian = false;
    std::uint64_t offset = 0; ///< of the first number; they follow each other, the last axis fastest
    std::vector<std::uint64_t> shape;

    /// A number from its bytes.
    [[nodiscard]] double number(const unsigned char* bytes) const;
};

/// Throws std::runtime_error, with what is wrong as its text, for a header that is cut off, isn't one, names a type
/// that isn't read, or claims more numbers than the stream has bytes for.
[[nodiscard]] NumberArray read_npy_header(ByteStream& stream);
[[nodiscard]] NumberArray read_idx_header(ByteStream& stream);

/// "(60000, 28, 28)"
[[nodiscard]] std::string shape_text(const std::vector<std::uint64_t>& shape);

} // namespace spikecast
