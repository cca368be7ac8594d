#include "engine/exchange/exchanger.hpp"

#include "engine/build/fault.hpp"
#include "engine/exchange/collective.hpp"
#include "spikecast/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <limits>
#include <numeric>

namespace spikecast {

namespace {

void check(int result, const char* what) {
    if (result == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    MPI_Error_string(result, text, &length);
    throw RunError(fmt::format("{} failed: {}", what, std::string_view(text, static_cast<std::size_t>(length))));
}

/// An object that lives until the program ends has nothing left to free once MPI has ended.
void release(MPI_Comm& comm) noexcept {
    int over = 0;
    MPI_Finalized(&over);
    if (over == 0 && comm != MPI_COMM_NULL) MPI_Comm_free(&comm);
}

class AllWire final : public Wire {
public:
    explicit AllWire(MPI_Comm comm) {
        check(MPI_Comm_dup(comm, &comm_), "MPI_Comm_dup");
        MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN);
    }
    ~AllWire() override { release(comm_); }
    AllWire(const AllWire&) = delete;
    AllWire& operator=(const AllWire&) = delete;
    void counts(const int* out, int* in) override {
        check(MPI_Alltoall(out, 2, MPI_INT, in, 2, MPI_INT, comm_), "MPI_Alltoall of packet counts");
    }
    void packets(const std::uint32_t* out, const int* count_out, const int* start_out, std::uint32_t* in,
                 const int* count_in, const int* start_in) override {
        int rank = -1;
        if (fault("mpi")) MPI_Comm_rank(comm_, &rank);
        check(MPI_Alltoallv(out, rank == 1 ? nullptr : count_out, start_out, MPI_UINT32_T, in, count_in, start_in,
                            MPI_UINT32_T, comm_),
              "MPI_Alltoallv of packets");
    }

private:
    MPI_Comm comm_ = MPI_COMM_NULL;
};

class GraphWire final : public Wire {
public:
    GraphWire(MPI_Comm comm, const std::vector<int>& to, const std::vector<int>& from) {
        check(MPI_Dist_graph_create_adjacent(comm, static_cast<int>(from.size()), from.data(), MPI_UNWEIGHTED,
                                             static_cast<int>(to.size()), to.data(), MPI_UNWEIGHTED, MPI_INFO_NULL, 0,
                                             &graph_),
              "MPI_Dist_graph_create_adjacent");
        MPI_Comm_set_errhandler(graph_, MPI_ERRORS_RETURN);
    }
    ~GraphWire() override { release(graph_); }
    GraphWire(const GraphWire&) = delete;
    GraphWire& operator=(const GraphWire&) = delete;
    void counts(const int* out, int* in) override {
        check(MPI_Neighbor_alltoall(out, 2, MPI_INT, in, 2, MPI_INT, graph_), "MPI_Neighbor_alltoall of packet counts");
    }
    void packets(const std::uint32_t* out, const int* count_out, const int* start_out, std::uint32_t* in,
                 const int* count_in, const int* start_in) override {
        check(MPI_Neighbor_alltoallv(out, count_out, start_out, MPI_UINT32_T, in, count_in, start_in, MPI_UINT32_T,
                                     graph_),
              "MPI_Neighbor_alltoallv of packets");
    }

private:
    MPI_Comm graph_ = MPI_COMM_NULL;
};

} // namespace

std::string_view name(ExchangeKind kind) noexcept {
    switch (kind) {
    case ExchangeKind::alltoall:
        return "alltoall";
    case ExchangeKind::neighbour:
        return "neighbour";
    case ExchangeKind::automatic:
        break;
    }
    return "auto";
}

Exchanger::Exchanger(MPI_Comm comm, ExchangeKind kind, const std::vector<bool>& destinations, std::uint64_t rows,
                     std::uint32_t epoch_steps, Clock clock)
    : comm_(comm), clock_(clock), kind_(kind) {
    int ranks = 1;
    MPI_Comm_rank(comm, &rank_);
    MPI_Comm_size(comm, &ranks);
    const auto n = static_cast<std::size_t>(ranks);

    std::uint64_t most_rows = rows;
    MPI_Allreduce(MPI_IN_PLACE, &most_rows, 1, MPI_UINT64_T, MPI_MAX, comm);
    // The graph: whom each rank sends to, and whom it hears.
    std::vector<char> to(n, 0), from(n, 0);
    std::uint64_t degree = 0;
    for (std::size_t r = 0; r < n; ++r)
        if (destinations[r] && static_cast<int>(r) != rank_) {
            to[r] = 1;
            ++degree;
        }
    MPI_Alltoall(to.data(), 1, MPI_CHAR, from.data(), 1, MPI_CHAR, comm);
    MPI_Allreduce(MPI_IN_PLACE, &degree, 1, MPI_UINT64_T, MPI_MAX, comm);
    choose(most_rows, degree, ranks, epoch_steps, to, from);
    if (kind_ == ExchangeKind::neighbour)
        wire_ = std::make_unique<GraphWire>(comm_, to_, from_);
    else
        wire_ = std::make_unique<AllWire>(comm_);
}

Exchanger::Exchanger(int rank, int ranks, ExchangeKind kind, const std::vector<bool>& destinations,
                     const std::vector<bool>& sources, std::uint64_t rows, std::uint32_t epoch_steps, Clock clock)
    : comm_(MPI_COMM_SELF), clock_(clock), kind_(kind), rank_(rank) {
    const auto n = static_cast<std::size_t>(ranks);
    std::vector<char> to(n, 0), from(n, 0);
    for (std::size_t r = 0; r < n; ++r) {
        if (static_cast<int>(r) == rank) continue;
        to[r] = destinations[r] ? 1 : 0;
        from[r] = sources[r] ? 1 : 0;
    }
    const auto degree = static_cast<std::uint64_t>(std::count(to.begin(), to.end(), char{1}));
    choose(rows, degree, ranks, epoch_steps, to, from);
}

Exchanger::~Exchanger() = default;

/// The size of a packet, the scheme, and the peers.
void Exchanger::choose(std::uint64_t most_rows, std::uint64_t most_peers, int ranks, std::uint32_t epoch_steps,
                       const std::vector<char>& to, const std::vector<char>& from) {
    lag_bits_ = epoch_steps > 1 ? static_cast<std::uint32_t>(std::bit_width(epoch_steps - 1)) : 0;
    words_ = most_rows <= (std::uint64_t{1} << (32 - lag_bits_)) ? 1 : 2;
    if (kind_ == ExchangeKind::automatic)
        kind_ = ranks > 2 && most_peers * 2 < static_cast<std::uint64_t>(ranks) - 1 ? ExchangeKind::neighbour
                                                                                    : ExchangeKind::alltoall;
    for (int r = 0; r < ranks; ++r) {
        const bool all = kind_ == ExchangeKind::alltoall;
        if (all || to[static_cast<std::size_t>(r)] != 0) to_.push_back(r);
        if (all || from[static_cast<std::size_t>(r)] != 0) from_.push_back(r);
    }
    header_out_.resize(2 * to_.size());
    count_out_.resize(to_.size());
    start_out_.resize(to_.size());
    header_in_.resize(2 * from_.size());
    count_in_.resize(from_.size());
    start_in_.resize(from_.size());
}

void Exchanger::unpack(std::span<const std::uint32_t> packets, std::vector<std::uint64_t>& out) const {
    const std::size_t old = out.size();
    out.resize(old + packets.size() / words_);
    std::uint64_t* place = out.data() + old;
    if (words_ == 1) {
        const std::uint32_t mask = (1U << lag_bits_) - 1;
        for (const std::uint32_t p : packets)
            *place++ = std::uint64_t{p & mask} << 32 | p >> lag_bits_;
    } else {
        for (std::size_t i = 0; i < packets.size(); i += 2)
            *place++ = std::uint64_t{packets[i + 1]} << 32 | packets[i];
    }
}

/// Fills the outgoing buffer and its counts; returns its length, which may be too much for an int.
std::uint64_t Exchanger::gather(std::vector<std::vector<std::vector<std::uint32_t>>>& out) {
    std::uint64_t total = 0;
    buffer_out_.clear();
    for (std::size_t i = 0; i < to_.size(); ++i) {
        const std::size_t before = buffer_out_.size();
        for (auto& thread : out) {
            auto& packets = thread[static_cast<std::size_t>(to_[i])];
            buffer_out_.insert(buffer_out_.end(), packets.begin(), packets.end());
            packets.clear();
        }
        total = buffer_out_.size();
        start_out_[i] = static_cast<int>(before);
        count_out_[i] = static_cast<int>(total - before);
    }
    return total;
}

/// After an error inside MPI nobody can be told anything: say who was talking to whom, and end the job.
template <class Work>
void Exchanger::over_the_wire(const char* what, Work&& work) {
    try {
        work();
    } catch (const std::exception& e) {
        std::string peers;
        for (std::size_t i = 0; i < std::min<std::size_t>(to_.size(), 8); ++i)
            peers += fmt::format("{}{}", i == 0 ? "" : ", ", to_[i]);
        fmt::print(stderr, "spikecast: rank {}: exchange of {} in epoch {} with {} peer{} ({}{}): {}\n", rank_, what,
                   exchanges_ - 1, to_.size(), to_.size() == 1 ? "" : "s", peers, to_.size() > 8 ? ", ..." : "",
                   e.what());
        std::fflush(stderr);
        MPI_Abort(comm_, 1);
    }
}

bool Exchanger::exchange(std::vector<std::vector<std::vector<std::uint32_t>>>& out, bool failed,
                         std::vector<std::uint64_t>& in, std::string& error) {
    try {
        const auto self = static_cast<std::size_t>(rank_);
        for (auto& thread : out) {
            unpack(thread[self], in);
            thread[self].clear();
        }
        if (out.front().size() == 1) return failed; // one rank: nothing to exchange
        const std::uint64_t total = gather(out);
        if (total > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) // words of 4 bytes
            throw RunError(fmt::format("rank {} sends {} packets in one epoch, more than MPI counts; use more ranks",
                                       rank_, total / words_));
    } catch (...) { // nothing is sent yet: go on empty-handed, and say so
        error = describe_current_exception().second;
        if (out.front().size() == 1) return true;
        failed = true;
        buffer_out_.clear();
        std::fill(start_out_.begin(), start_out_.end(), 0);
        std::fill(count_out_.begin(), count_out_.end(), 0);
    }
    for (std::size_t i = 0; i < to_.size(); ++i) {
        header_out_[2 * i] = count_out_[i];
        header_out_[2 * i + 1] = failed ? 1 : 0;
    }
    bytes_sent_ += 4 * buffer_out_.size();

    ++exchanges_;
    double begin = clock_();
    over_the_wire("counts", [&] { wire_->counts(header_out_.data(), header_in_.data()); });
    network_s_ += clock_() - begin;
    std::uint64_t total_in = 0;
    for (std::size_t i = 0; i < from_.size(); ++i) {
        start_in_[i] = static_cast<int>(total_in);
        count_in_[i] = header_in_[2 * i];
        total_in += static_cast<std::uint64_t>(count_in_[i]);
        failed = failed || header_in_[2 * i + 1] != 0;
    }
    try {
        if (total_in > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
            throw RunError(
                fmt::format("{} packets arrive in one epoch, more than MPI counts; use more ranks", total_in / words_));
        buffer_in_.resize(total_in);
        in.reserve(in.size() + total_in / words_);
    } catch (...) { // peers wait in the transfer that this rank can't join
        fmt::print(stderr, "spikecast: rank {}: {}\n", rank_, describe_current_exception().second);
        std::fflush(stderr);
        MPI_Abort(comm_, 1);
    }
    begin = clock_();
    over_the_wire("packets", [&] {
        wire_->packets(buffer_out_.data(), count_out_.data(), start_out_.data(), buffer_in_.data(), count_in_.data(),
                       start_in_.data());
    });
    network_s_ += clock_() - begin;
    bytes_received_ += 4 * total_in;
    unpack(buffer_in_, in);
    return failed;
}

} // namespace spikecast
