// The synapses of a rule that draws by source, each drawn once: the sources are divided into one block for each worker;
// every worker draws its block, and ranks exchange what they drew in rounds, until each synapse is at the worker that
// owns its target.
//
//   round   every worker   draws `exchange_chunk` synapses of its block      -> records, counted by owner
//           every worker   puts its records into the rank's outgoing buffer, in order of owners
//           worker 0       all-to-all, in slices whose sum no rank can exceed
//           every worker   gives its sink those among the arrivals that are its own
//
// A source's synapses all come from one worker and keep their order on the way, and a row holds the synapses of one
// source: so rows are the same, synapse by synapse, as if every worker had drawn everything and kept its own.
//
// A record carries source (from the first of the sending rank's block), draw, target, local number and thread of the
// owner, packed into 8 bytes where they fit, else into 16.
#pragma once

#include "engine/network/plan.hpp"
#include "engine/simulation/team.hpp"

#include <mpi.h>

#include <span>

namespace spikecast {

/// Collective. One sink for each of this rank's workers; each gets its worker's synapses, the batches of one source in
/// ascending order of draws. May be repeated, and gives the same synapses; those of different sources may come in
/// another order. projection.rule->source_draws().sources must not be 0. Throws CollectiveError.
void enumerate_by_exchange(MPI_Comm comm, const NetworkPlan& plan, const PlannedProjection& projection, Team& team,
                           std::span<SynapseSink* const> sinks);

} // namespace spikecast
