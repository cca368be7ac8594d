#include "engine/data/number_array.hpp"

#include <bit>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>

#include <fmt/core.h>

namespace spikecast {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    throw std::runtime_error(why);
}

/// Refuses a shape whose numbers can't all be there.
void check_length(const NumberArray& array, const ByteStream& stream) {
    std::uint64_t bytes = array.width;
    for (const std::uint64_t extent : array.shape) {
        if (extent == 0) refuse(fmt::format("has the shape {}, which holds no numbers", shape_text(array.shape)));
        if (extent > (std::uint64_t{1} << 62) / bytes)
            refuse(fmt::format("claims the shape {}, which no file could hold", shape_text(array.shape)));
        bytes *= extent;
    }
    const auto size = stream.size();
    if (size && (array.offset > *size || bytes > *size - array.offset))
        refuse(fmt::format("is cut off: numbers of the shape {} take {} bytes after the header, but {} are there",
                           shape_text(array.shape), bytes, *size < array.offset ? 0 : *size - array.offset));
}

/// The dictionary in an NPY header: a literal of Python with the keys descr, fortran_order and shape.
class HeaderParser {
public:
    explicit HeaderParser(std::string_view text) : text_(text) {}

    void parse(NumberArray& array) {
        bool descr = false, order = false, shape = false;
        expect('{');
        while (!accept('}')) {
            const std::string key = string();
            expect(':');
            if (key == "descr" && !descr) {
                type(array, string());
                descr = true;
            } else if (key == "fortran_order" && !order) {
                if (word() == "True") refuse("is in Fortran order; save numpy.ascontiguousarray(...) of it");
                order = true;
            } else if (key == "shape" && !shape) {
                expect('(');
                while (!accept(')')) {
                    array.shape.push_back(natural());
                    if (array.shape.size() > 32) refuse("has more than 32 axes");
                    if (!accept(',')) {
                        expect(')');
                        break;
                    }
                }
                shape = true;
            } else {
                bad();
            }
            if (!accept(',')) {
                expect('}');
                break;
            }
        }
        if (!descr || !order || !shape) bad();
    }

private:
    [[noreturn]] static void bad() { refuse("has an NPY header that isn't one"); }
    void skip() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t'))
            ++at_;
    }
    bool accept(char c) {
        skip();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) bad();
    }
    std::string string() {
        skip();
        if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) bad();
        const std::size_t end = text_.find(text_[at_], at_ + 1);
        if (end == std::string_view::npos) bad();
        std::string value(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return value;
    }
    std::string word() {
        skip();
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] >= 'A' && text_[at_] <= 'z')
            ++at_;
        std::string value(text_.substr(begin, at_ - begin));
        if (value != "True" && value != "False") bad();
        return value;
    }
    std::uint64_t natural() {
        skip();
        std::uint64_t value = 0;
        const std::size_t begin = at_;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
            if (value > (std::uint64_t{1} << 62) / 10) refuse("has an axis that is longer than any file");
            value = 10 * value + static_cast<std::uint64_t>(text_[at_] - '0');
        }
        if (at_ == begin) bad();
        return value;
    }
    static void type(NumberArray& array, const std::string& descr) {
        const auto unknown = [&] {
            refuse(
                fmt::format("holds numbers of type '{}', which isn't read; integers, floats and booleans are", descr));
        };
        if (descr.size() != 3) unknown();
        array.big_endian = descr[0] == '>';
        array.width = static_cast<std::uint32_t>(descr[2] - '0');
        const bool one_byte = array.width == 1;
        if (descr[0] != '<' && descr[0] != '>' && !(one_byte && descr[0] == '|')) unknown();
        const bool whole = one_byte || array.width == 2 || array.width == 4 || array.width == 8;
        if ((descr[1] == 'u' && whole) || (descr[1] == 'b' && one_byte))
            array.kind = NumberArray::Kind::natural;
        else if (descr[1] == 'i' && whole)
            array.kind = NumberArray::Kind::integer;
        else if (descr[1] == 'f' && (array.width == 4 || array.width == 8))
            array.kind = NumberArray::Kind::real;
        else
            unknown();
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

double NumberArray::number(const unsigned char* bytes) const {
    std::uint64_t bits = 0;
    for (std::uint32_t i = 0; i < width; ++i)
        bits |= std::uint64_t{bytes[big_endian ? width - 1 - i : i]} << (8 * i);
    switch (kind) {
    case Kind::natural:
        return static_cast<double>(bits);
    case Kind::integer: {
        const unsigned unused = 64 - 8 * width;
        return static_cast<double>(static_cast<std::int64_t>(bits << unused) >> unused);
    }
    case Kind::real:
        break;
    }
    return width == 4 ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))
                      : std::bit_cast<double>(bits);
}

NumberArray read_npy_header(ByteStream& stream) {
    unsigned char begin[12];
    if (!stream.read(0, begin, 10) || std::memcmp(begin, "\x93NUMPY", 6) != 0) refuse("is no NPY array");
    if (begin[6] < 1 || begin[6] > 3) refuse(fmt::format("is an NPY array of the unknown version {}", begin[6]));
    std::uint64_t length = begin[8] | std::uint64_t{begin[9]} << 8;
    std::uint64_t offset = 10;
    if (begin[6] > 1) {
        if (!stream.read(0, begin, 12)) refuse("has a header that is cut off");
        length |= std::uint64_t{begin[10]} << 16 | std::uint64_t{begin[11]} << 24;
        offset = 12;
    }
    if (length > 65536) refuse(fmt::format("claims a header of {} bytes; real ones are far shorter", length));
    std::string text(length, ' ');
    if (!stream.read(offset, text.data(), length)) refuse("has a header that is cut off");
    NumberArray array;
    array.offset = offset + length;
    HeaderParser(text).parse(array);
    check_length(array, stream);
    return array;
}

NumberArray read_idx_header(ByteStream& stream) {
    unsigned char begin[4];
    if (!stream.read(0, begin, 4) || begin[0] != 0 || begin[1] != 0) refuse("is no IDX array");
    NumberArray array;
    array.big_endian = true;
    using Kind = NumberArray::Kind;
    switch (begin[2]) {
    case 0x08:
        array.kind = Kind::natural, array.width = 1;
        break;
    case 0x09:
        array.kind = Kind::integer, array.width = 1;
        break;
    case 0x0b:
        array.kind = Kind::integer, array.width = 2;
        break;
    case 0x0c:
        array.kind = Kind::integer, array.width = 4;
        break;
    case 0x0d:
        array.kind = Kind::real, array.width = 4;
        break;
    case 0x0e:
        array.kind = Kind::real, array.width = 8;
        break;
    default:
        refuse(fmt::format("is an IDX array of the unknown type {:#04x}", begin[2]));
    }
    if (begin[3] == 0 || begin[3] > 32) refuse(fmt::format("is an IDX array of {} axes", begin[3]));
    for (std::uint64_t axis = 0; axis < begin[3]; ++axis) {
        unsigned char extent[4];
        if (!stream.read(4 + 4 * axis, extent, 4)) refuse("has a header that is cut off");
        array.shape.push_back(std::uint64_t{extent[0]} << 24 | std::uint64_t{extent[1]} << 16 |
                              std::uint64_t{extent[2]} << 8 | extent[3]);
    }
    array.offset = 4 + 4 * std::uint64_t{begin[3]};
    check_length(array, stream);
    return array;
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
    std::string text = "(";
    for (std::size_t i = 0; i < shape.size(); ++i)
        text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + (shape.size() == 1 ? ",)" : ")");
}

} // namespace spikecast
