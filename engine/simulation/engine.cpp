#include "engine/simulation/engine_impl.hpp"
#include "spikecast/simd.hpp"

#include <fstream>
#include <string>

namespace spikecast {

namespace {

std::uint64_t status_bytes(const char* key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(key)) return std::stoull(line.substr(6)) * 1024;
    return 0;
}

} // namespace

std::uint64_t peak_rss() {
    return status_bytes("VmHWM:");
}
std::uint64_t resident() {
    return status_bytes("VmRSS:");
}

bool workers_fit_cores(MPI_Comm comm, std::uint32_t threads) {
    MPI_Comm node = MPI_COMM_NULL;
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    // The cores that the ranks of this node may use together: bound ranks bring disjoint ones, free ranks the same.
    cpu_set_t mine;
    CPU_ZERO(&mine);
    sched_getaffinity(0, sizeof mine, &mine);
    cpu_set_t all = mine;
    MPI_Allreduce(&mine, &all, static_cast<int>(sizeof mine), MPI_BYTE, MPI_BOR, node);
    auto workers = static_cast<unsigned>(threads);
    MPI_Allreduce(MPI_IN_PLACE, &workers, 1, MPI_UNSIGNED, MPI_SUM, node);
    MPI_Comm_free(&node);
    return static_cast<int>(workers) <= CPU_COUNT(&all) && static_cast<int>(threads) <= CPU_COUNT(&mine);
}

bool use_avx512(VectorWidth width) {
    if (width == VectorWidth::bits_512 && !simd::has_avx512())
        throw RunError("simulation.vector_width is \"512 bits\", but this processor has no AVX-512; say \"auto\"");
    return width != VectorWidth::built && simd::has_avx512();
}

} // namespace spikecast
