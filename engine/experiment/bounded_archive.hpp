// Boost archives that anybody may have made.
#pragma once

// Boost asserts what an archive says of itself; an assertion that doesn't hold throws (archive.cpp).
#define BOOST_ENABLE_ASSERT_HANDLER

#include <cstddef>
#include <istream>
#include <string>

#include <boost/archive/archive_exception.hpp>
#include <boost/archive/binary_iarchive_impl.hpp>
#include <boost/archive/detail/register_archive.hpp>
#include <boost/archive/impl/archive_serializer_map.ipp>
#include <boost/archive/impl/basic_binary_iarchive.ipp>
#include <boost/archive/impl/basic_binary_iprimitive.ipp>
#include <boost/serialization/array_optimization.hpp>
#include <boost/serialization/collection_size_type.hpp>

namespace spikecast {

/// Reads what binary_oarchive wrote to memory. No string or container is made longer than the number of bytes that are
/// left, so an archive of n bytes takes at most n times its largest element. Throws archive_exception.
class BoundedArchive : public boost::archive::binary_iarchive_impl<BoundedArchive, char, std::char_traits<char>> {
    using Implementation = boost::archive::binary_iarchive_impl<BoundedArchive, char, std::char_traits<char>>;
    using Primitive = boost::archive::basic_binary_iprimitive<BoundedArchive, char, std::char_traits<char>>;

public:
    /// The stream holds the whole archive in memory.
    explicit BoundedArchive(std::istream& stream) : Implementation(stream, 0) { init(0); }

    template <class T>
    void load_override(T& x) {
        Implementation::load_override(x);
    }
    void load_override(boost::serialization::collection_size_type& n) {
        Implementation::load_override(n);
        const std::size_t& size = n;
        refuse_more_than_left(size);
    }
    using Primitive::load;
    void load(bool& x) {
        unsigned char byte = 0;
        Primitive::load(byte);
        if (byte > 1) refuse();
        x = byte == 1;
    }
    void load(std::string& text) {
        std::size_t n = 0;
        Primitive::load(n);
        refuse_more_than_left(n);
        text.resize(n);
        if (n > 0) load_binary(text.data(), n);
    }

private:
    [[noreturn]] static void refuse() {
        using boost::archive::archive_exception;
        throw archive_exception(archive_exception::input_stream_error);
    }
    void refuse_more_than_left(std::size_t n) {
        if (n > static_cast<std::size_t>(m_sb.in_avail())) refuse();
    }
};

} // namespace spikecast

BOOST_SERIALIZATION_USE_ARRAY_OPTIMIZATION(spikecast::BoundedArchive) // as what wrote the archives
