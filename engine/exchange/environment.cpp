// MPI from the program's begin to its end.
#include "engine/exchange/current_epoch.hpp"
#include "spikecast/simulation.hpp"

#include <fmt/core.h>
#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>

namespace spikecast {

namespace {

/// What MPI can't do ends the job, with rank and epoch in the message; the exchange of packets reports its own errors.
void end_with_message(MPI_Comm* comm, int* code, ...) {
    int rank = -1, length = 0;
    char text[MPI_MAX_ERROR_STRING] = "";
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Error_string(*code, text, &length);
    const std::int64_t epoch = current_epoch.load(std::memory_order_relaxed);
    fmt::print(stderr, "spikecast: rank {}: MPI failed {}: {}\n", rank,
               epoch < 0 ? std::string("before the first epoch") : fmt::format("in epoch {}", epoch), text);
    std::fflush(stderr);
    MPI_Abort(*comm, 1);
}

/// Without mpirun Open MPI starts a daemon of its own, for processes that join later: two fifths of a short run's time.
/// Processes without it all use one folder and remove it at their end, one under the other; a process by itself needs
/// none. Nor is there a place for shared file pointers then, which nobody here uses.
/// Settings that a person made stand. Called while there are no other threads.
void prepare_open_mpi() {
    const auto prefer = [](const char* name, const char* value) {
        ::setenv(name, value, 0); // NOLINT(concurrency-mt-unsafe)
    };
    const auto started_by_others = [](const char* name) {
        return std::getenv(name) != nullptr; // NOLINT(concurrency-mt-unsafe)
    };
    prefer("OMPI_MCA_sharedfp", "^sm");
    const char* const launchers[] = {"OMPI_COMM_WORLD_SIZE", "PMIX_NAMESPACE", "PMI_RANK", "SLURM_STEP_ID"};
    if (std::any_of(std::begin(launchers), std::end(launchers), started_by_others)) {
        return;
    }
    prefer("OMPI_MCA_ess_singleton_isolated", "1");
    prefer("OMPI_MCA_orte_create_session_dirs", "0");
}

} // namespace

Environment::Environment(int& argc, char**& argv) {
    prepare_open_mpi();
    int provided = MPI_THREAD_SINGLE;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
    if (provided < MPI_THREAD_FUNNELED) {
        std::fputs("spikecast: this MPI gives no thread support (MPI_THREAD_FUNNELED); use one that does\n", stderr);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
    MPI_Comm_create_errhandler(&end_with_message, &handler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    MPI_Errhandler_free(&handler);
}
Environment::~Environment() {
    MPI_Finalize();
}
int Environment::rank() const noexcept {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}
int Environment::ranks() const noexcept {
    int ranks = 1;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    return ranks;
}

} // namespace spikecast
