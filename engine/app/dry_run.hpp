// What a dry run found out, for people and for programs: memory, time and bytes of one rank of a run that is only
// planned.
#pragma once

#include "engine/app/report.hpp"

#include <string>
#include <vector>

namespace spikecast {

/// The network between ranks, as the model of an exchange takes it; assumptions unless given by the user.
struct Network {
    double latency_us = 1.5;     ///< of one message, us
    double bandwidth_gb_s = 1.0; ///< of one rank, 10^9 bytes a second
};

/// Seconds that one exchange spends in the network by the model: for each of its two collective calls the messages that
/// a rank sends one after the other, each with the latency, and its bytes by the bandwidth.
///
///   counts, alltoall    the cheaper of R - 1 messages of 8 bytes, and ceil(log2 R) of 4 R bytes (Bruck et al. 1997)
///   packets, alltoall   R - 1 messages, empty ones too, as in the pairwise algorithm of MPI_Alltoallv
///   neighbour           for both, one message for each peer
///
/// Waiting for slower ranks is no part of it, nor is contention.
[[nodiscard]] double modelled_exchange_seconds(const Network& network, const std::string& scheme, double ranks,
                                               double peers, double packet_bytes);

struct DryRunReport {
    RunReport run; ///< of the one share; summary.shares has it
    Network network;
    std::vector<double> expected_hz; ///< of each population; < 0: not stated

    [[nodiscard]] double modelled_network_s() const; ///< for a biological second
};

/// One JSON object, indented; the schema is in docs/file_formats.md. No newline at the end.
[[nodiscard]] std::string to_json(const DryRunReport& report);
/// A table of at most 80 columns. Ends with a newline.
[[nodiscard]] std::string to_table(const DryRunReport& report);

} // namespace spikecast
