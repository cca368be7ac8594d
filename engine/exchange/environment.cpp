// MPI from the program's begin to its end.
#include "spikecast/simulation.hpp"

#include <fmt/core.h>
#include <mpi.h>

#include <cstdio>
#include <cstdlib>

namespace spikecast {

namespace {

/// What MPI can't do ends the job, with the rank in the message; the exchange of packets reports its own errors.
void end_with_message(MPI_Comm* comm, int* code, ...) {
    int rank = -1, length = 0;
    char text[MPI_MAX_ERROR_STRING] = "";
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Error_string(*code, text, &length);
    fmt::print(stderr, "spikecast: rank {}: MPI failed: {}\n", rank, text);
    std::fflush(stderr);
    MPI_Abort(*comm, 1);
}

} // namespace

Environment::Environment(int& argc, char**& argv) {
    // Without mpirun Open MPI starts a daemon of its own, for processes that join later: two fifths of a short run's
    // time. Without it there is no folder for shared file pointers, which nobody here uses.
    // There are no other threads yet.
    ::setenv("OMPI_MCA_ess_singleton_isolated", "1", 0); // NOLINT(concurrency-mt-unsafe)
    ::setenv("OMPI_MCA_sharedfp", "^sm", 0);             // NOLINT(concurrency-mt-unsafe)
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
