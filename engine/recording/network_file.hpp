// The drawn network as a file: SONATA nodes and edges.
#pragma once

#include "spikecast/experiment.hpp"
#include "spikecast/partition.hpp"

#include <mpi.h>

#include <string>

namespace spikecast {

/// Collective. Writes the network of a validated experiment: /nodes/<population> for each population, and
/// /edges/<source>_to_<target> with the synapses of all projections between two populations, in the order of the
/// projections; rows sorted by (projection, target, k), the same for every number of ranks and every partition (which
/// isn't needed: blocks of consecutive targets are drawn here). edge_type_id is the projection's number. 0/syn_weight
/// is float32 in the unit of the target's receptor, 0/delay in ms.
///
/// A rank draws blocks of targets of about a million synapses and writes each before it draws the next. Rules that draw
/// and discard (fixed_outdegree) draw once for each block, so that large ones take long. Throws RunError naming the
/// file, or with what a rule says; the same on every rank.
void export_network(MPI_Comm comm, const std::string& path, const Experiment& experiment, const Partition& partition);

} // namespace spikecast
