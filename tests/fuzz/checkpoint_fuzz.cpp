// Checkpoints: header, table of sections and their bytes. A first byte below 128 leaves the file as it is; otherwise
// the rest is the table's length (2 bytes), the table and what lies before it, in a file whose header and table have
// their checksums, so that more than those is reached.
#include "engine/checkpoint/file.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

namespace {

/// docs/file_formats.md, Checkpoints.
std::vector<std::uint8_t> with_header(std::span<const std::uint8_t> rest) {
    constexpr std::size_t header = 512;
    const std::size_t table_bytes =
        rest.size() < 2 ? 0 : std::min<std::size_t>(rest.size() - 2, rest[0] | std::size_t{rest[1]} << 8);
    const auto table = rest.size() < 2 ? rest.first(0) : rest.subspan(2, table_bytes);
    const auto body = rest.size() < 2 ? rest : rest.subspan(2 + table_bytes);
    std::vector<std::uint8_t> file(header, 0);
    file.insert(file.end(), body.begin(), body.end());
    const std::uint64_t end = file.size();
    file.insert(file.end(), table.begin(), table.end());
    const auto put = [&](std::size_t at, auto number) { std::memcpy(file.data() + at, &number, sizeof number); };
    std::memcpy(file.data(), "\x89spikecast checkpoint\r\n\x1a", 24);
    put(24, spikecast::checkpoint_format);
    put(28, std::uint32_t{72});
    put(32, end);
    put(40, std::uint64_t{table.size()});
    put(48, spikecast::checksum(std::as_bytes(table), 0));
    put(64, spikecast::checksum(std::as_bytes(std::span(file)).first(64), 0));
    return file;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace spikecast;
    if (size == 0) return 0;
    std::vector<std::uint8_t> file(data + 1, data + size);
    if (data[0] >= 128) file = with_header(file);
    const std::string path = fuzz::scratch().write("c.h5", file.data(), file.size());
    fuzz::answers([&] {
        const CheckpointIndex index = read_checkpoint_index(path);
        for (const CheckpointSection& section : index.sections) {
            if (section.bytes() > file.size()) std::abort(); // outside the file
            fuzz::answers([&] { (void)read_checkpoint_text(index, section.name); });
        }
    });
    return 0;
}
