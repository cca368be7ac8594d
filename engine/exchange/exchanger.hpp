// The one all-to-all of an epoch. A packet names a row at its receiver and the step within the epoch:
//
//   4 bytes:  | row : 32 - lag_bits | lag : lag_bits |        where every rank's rows fit
//   8 bytes:  | row : 32 | lag : 32 |                         elsewhere
//
// Receivers told senders at build which row each source has, so arrival needs no table. A word beside each count
// carries errors: a rank that has failed goes on exchanging, empty-handed, until the next point where all ranks meet.
#pragma once

#include "engine/exchange/clock.hpp"
#include "spikecast/experiment.hpp"

#include <mpi.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spikecast {

/// What carries an epoch's packets: MPI, or in a dry run nothing. Peers are in the order of the exchanger's.
class Wire {
public:
    virtual ~Wire() = default;
    /// Two numbers for each peer: words that follow, and whether this rank failed.
    virtual void counts(const int* out, int* in) = 0;
    virtual void packets(const std::uint32_t* out, const int* count_out, const int* start_out, std::uint32_t* in,
                         const int* count_in, const int* start_in) = 0;
};

class Exchanger {
public:
    /// Collective. destinations: ranks (this one left out) that some neuron here sends to; `rows`: rows of this rank.
    /// clock: for network_seconds.
    Exchanger(MPI_Comm comm, ExchangeKind kind, const std::vector<bool>& destinations, std::uint64_t rows,
              std::uint32_t epoch_steps, Clock clock);
    /// Of a dry run, in which this process is `rank` of `ranks` and the only one there is: the scheme and the size of a
    /// packet are chosen as if all ranks were like this one. sources: ranks that are heard. connect() must follow.
    Exchanger(int rank, int ranks, ExchangeKind kind, const std::vector<bool>& destinations,
              const std::vector<bool>& sources, std::uint64_t rows, std::uint32_t epoch_steps, Clock clock);
    /// What packets go over from now on.
    void connect(std::unique_ptr<Wire> wire) { wire_ = std::move(wire); }
    ~Exchanger();
    Exchanger(const Exchanger&) = delete;
    Exchanger& operator=(const Exchanger&) = delete;

    /// Adds a packet for a row to a buffer.
    void pack(std::vector<std::uint32_t>& out, std::uint32_t row, std::uint32_t lag) const {
        if (words_ == 1) {
            out.push_back(row << lag_bits_ | lag);
        } else {
            out.push_back(row);
            out.push_back(lag);
        }
    }
    /// Appends a buffer's packets as lag << 32 | row.
    void unpack(std::span<const std::uint32_t> packets, std::vector<std::uint64_t>& out) const;

    /// Collective over the communication graph. out[t][r]: the packets of thread t for rank r; they are cleared.
    /// Appends what arrived (this rank's own included) to `in`. Returns whether this rank or a peer reports an error.
    /// What goes wrong before anything is sent is such an error, described in `error`; a rank that can't take what its
    /// peers are already sending ends the job.
    bool exchange(std::vector<std::vector<std::vector<std::uint32_t>>>& out, bool failed,
                  std::vector<std::uint64_t>& in, std::string& error);

    [[nodiscard]] ExchangeKind kind() const noexcept { return kind_; }
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return bytes_received_; }
    [[nodiscard]] std::uint64_t exchanges() const noexcept { return exchanges_; }
    /// Seconds between giving something to the wire and getting the answer, waiting for other ranks included.
    [[nodiscard]] double network_seconds() const noexcept { return network_s_; }
    /// Ranks in one exchange, this one included where it is a peer.
    [[nodiscard]] const std::vector<int>& to() const noexcept { return to_; }
    [[nodiscard]] const std::vector<int>& from() const noexcept { return from_; }
    /// Memory of the tables by peer.
    [[nodiscard]] std::size_t peer_bytes() const noexcept { return 5 * sizeof(int) * (to_.size() + from_.size()); }
    /// Memory of the packets under way.
    [[nodiscard]] std::size_t buffer_bytes() const noexcept {
        return 4 * (buffer_out_.capacity() + buffer_in_.capacity());
    }
    [[nodiscard]] std::uint32_t packet_bytes() const noexcept { return 4 * words_; }

private:
    void choose(std::uint64_t most_rows, std::uint64_t most_peers, int ranks, std::uint32_t epoch_steps,
                const std::vector<char>& to, const std::vector<char>& from);
    template <class Work>
    void over_the_wire(const char* what, Work&& work);
    std::uint64_t gather(std::vector<std::vector<std::vector<std::uint32_t>>>& out);

    MPI_Comm comm_;
    std::unique_ptr<Wire> wire_;
    Clock clock_;
    ExchangeKind kind_;
    int rank_ = 0;
    std::uint32_t words_ = 1, lag_bits_ = 0;
    std::vector<int> to_, from_; ///< peers, in the order of counts
    std::vector<int> header_out_, header_in_, count_out_, count_in_, start_out_, start_in_;
    std::vector<std::uint32_t> buffer_out_, buffer_in_;
    std::uint64_t bytes_sent_ = 0, bytes_received_ = 0, exchanges_ = 0;
    double network_s_ = 0.0;
};

[[nodiscard]] std::string_view name(ExchangeKind kind) noexcept;

} // namespace spikecast
