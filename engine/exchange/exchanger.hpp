// The one all-to-all of an epoch. A packet names a row at its receiver and the step within the epoch:
//
//   4 bytes:  | row : 32 - lag_bits | lag : lag_bits |        where every rank's rows fit
//   8 bytes:  | row : 32 | lag : 32 |                         elsewhere
//
// Receivers told senders at build which row each source has, so arrival needs no table. A word beside each count
// carries errors: a rank that has failed goes on exchanging, empty-handed, until the next point where all ranks meet.
#pragma once

#include "spikecast/experiment.hpp"

#include <mpi.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spikecast {

class Exchanger {
public:
    /// Collective. destinations: ranks (this one left out) that some neuron here sends to; `rows`: rows of this rank.
    Exchanger(MPI_Comm comm, ExchangeKind kind, const std::vector<bool>& destinations, std::uint64_t rows,
              std::uint32_t epoch_steps);
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
    [[nodiscard]] std::uint32_t packet_bytes() const noexcept { return 4 * words_; }

private:
    std::uint64_t gather(std::vector<std::vector<std::vector<std::uint32_t>>>& out);

    MPI_Comm comm_;
    MPI_Comm graph_ = MPI_COMM_NULL;
    ExchangeKind kind_;
    int rank_ = 0;
    std::uint32_t words_ = 1, lag_bits_ = 0;
    std::vector<int> to_, from_; ///< peers, in the order of counts
    std::vector<int> header_out_, header_in_, count_out_, count_in_, start_out_, start_in_;
    std::vector<std::uint32_t> buffer_out_, buffer_in_;
    std::uint64_t bytes_sent_ = 0;
};

[[nodiscard]] std::string_view name(ExchangeKind kind) noexcept;

} // namespace spikecast
