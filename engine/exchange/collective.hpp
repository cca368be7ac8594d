// Collective helpers: errors that every rank agrees on, and all-to-all exchanges whose counts can't overflow an int.
#pragma once

#include "spikecast/error.hpp"

#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>
#include <new>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace spikecast {

/// An error that all ranks have agreed on: the same object is thrown on every rank, and rank 0 prints it.
class CollectiveError : public RunError {
public:
    CollectiveError(int code, const std::string& text) : RunError(text), exit_code_(code) {}
    [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

private:
    int exit_code_;
};

/// The exit code and text of the exception being handled.
inline std::pair<int, std::string> describe_current_exception() {
    try {
        throw;
    } catch (const CollectiveError& e) {
        return {e.exit_code(), e.what()};
    } catch (const InputError& e) {
        return {2, e.what()};
    } catch (const std::bad_alloc&) {
        return {1, "out of memory; run on more ranks on more machines, or use weights = \"compact\""};
    } catch (const std::exception& e) {
        return {1, e.what()};
    } catch (...) {
        return {1, "unknown error"};
    }
}

/// Agrees on an error: collective; `code` 0 means none here. Throws on all ranks what the lowest failing rank has.
inline void agree(MPI_Comm comm, int code, const std::string& text) {
    int rank = 0;
    MPI_Comm_rank(comm, &rank);
    int first = code != 0 ? rank : std::numeric_limits<int>::max();
    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm);
    if (first == std::numeric_limits<int>::max()) return;
    int header[2] = {code, static_cast<int>(std::min<std::size_t>(text.size(), 1u << 20))};
    MPI_Bcast(header, 2, MPI_INT, first, comm);
    std::string message = text.substr(0, static_cast<std::size_t>(header[1]));
    message.resize(static_cast<std::size_t>(header[1]));
    MPI_Bcast(message.data(), header[1], MPI_CHAR, first, comm);
    throw CollectiveError(header[0], message);
}

/// Runs `work` (which must contain no collective calls that a failing rank would miss) and agrees on its errors.
template <class Work>
void collectively(MPI_Comm comm, Work&& work) {
    int code = 0;
    std::string text;
    try {
        work();
    } catch (...) {
        std::tie(code, text) = describe_current_exception();
    }
    agree(comm, code, text);
}

/// Runs job(t) on every worker of every rank and agrees on their errors. The jobs must contain no collective calls.
template <class Workers, class Job>
void collectively_on(MPI_Comm comm, Workers& team, Job&& job) {
    std::vector<std::pair<int, std::string>> errors(team.threads());
    team.run([&](std::uint32_t t) {
        try {
            job(t);
        } catch (...) {
            errors[t] = describe_current_exception();
        }
    });
    const auto bad = std::find_if(errors.begin(), errors.end(), [](const auto& e) { return e.first != 0; });
    if (bad == errors.end())
        agree(comm, 0, "");
    else
        agree(comm, bad->first, bad->second);
}

/// Sends out[r] to rank r; returns what each rank sent here, in rank order. Works in rounds, so that no count or
/// displacement exceeds an int whatever the sizes are. T must be trivially copyable.
template <class T>
std::vector<std::vector<T>> all_to_all(MPI_Comm comm, const std::vector<std::vector<T>>& out) {
    int ranks = 1;
    MPI_Comm_size(comm, &ranks);
    const auto n = static_cast<std::size_t>(ranks);
    std::vector<std::uint64_t> sizes(n), sizes_in(n);
    for (std::size_t r = 0; r < n; ++r)
        sizes[r] = out[r].size();
    MPI_Alltoall(sizes.data(), 1, MPI_UINT64_T, sizes_in.data(), 1, MPI_UINT64_T, comm);
    std::vector<std::vector<T>> in(n);
    std::uint64_t longest = 0;
    for (std::size_t r = 0; r < n; ++r) {
        in[r].resize(sizes_in[r]);
        longest = std::max(longest, sizes[r]);
    }
    MPI_Allreduce(MPI_IN_PLACE, &longest, 1, MPI_UINT64_T, MPI_MAX, comm);
    const std::uint64_t step = std::max<std::uint64_t>(1, (std::uint64_t{1} << 26) / (n * sizeof(T)));
    std::vector<int> count(n), start(n), count_in(n), start_in(n);
    std::vector<T> buffer, buffer_in;
    for (std::uint64_t done = 0; done < longest; done += step) {
        int total = 0, total_in = 0;
        buffer.clear();
        const auto part = [&](std::uint64_t size) { return size > done ? std::min(step, size - done) : 0; };
        std::uint64_t items = 0;
        for (const std::uint64_t size : sizes)
            items += part(size);
        buffer.reserve(items);
        for (std::size_t r = 0; r < n; ++r) {
            const std::uint64_t c = part(sizes[r]);
            buffer.insert(buffer.end(), out[r].begin() + static_cast<std::ptrdiff_t>(std::min(done, sizes[r])),
                          out[r].begin() + static_cast<std::ptrdiff_t>(std::min(done, sizes[r]) + c));
            count[r] = static_cast<int>(c * sizeof(T));
            start[r] = total;
            total += count[r];
            count_in[r] = static_cast<int>(part(sizes_in[r]) * sizeof(T));
            start_in[r] = total_in;
            total_in += count_in[r];
        }
        buffer_in.resize(static_cast<std::size_t>(total_in) / sizeof(T));
        MPI_Alltoallv(buffer.data(), count.data(), start.data(), MPI_BYTE, buffer_in.data(), count_in.data(),
                      start_in.data(), MPI_BYTE, comm);
        for (std::size_t r = 0; r < n; ++r)
            std::copy_n(buffer_in.begin() + start_in[r] / static_cast<int>(sizeof(T)),
                        static_cast<std::size_t>(count_in[r]) / sizeof(T),
                        in[r].begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(done, sizes_in[r])));
    }
    return in;
}

} // namespace spikecast
