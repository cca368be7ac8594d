// The main function of tests that run under mpirun: one that fails on any rank fails on all.
#include "spikecast/simulation.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

int main(int argc, char** argv) {
    const spikecast::Environment environment(argc, argv);
    testing::InitGoogleTest(&argc, argv);
    int failed = RUN_ALL_TESTS();
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return failed;
}
