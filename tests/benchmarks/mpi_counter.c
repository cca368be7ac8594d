/* Counts MPI calls through the profiling interface; preloaded into a program (LD_PRELOAD). At MPI_Finalize rank 0 writes
   "name count" lines to the file that MPI_COUNTER names. Every function of MPI that the engine links is here, which
   mpi_calls.py checks. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNTED(name, parameters, arguments)                                                                           \
    static unsigned long count_##name;                                                                                 \
    int MPI_##name parameters {                                                                                        \
        ++count_##name;                                                                                                \
        return PMPI_##name arguments;                                                                                  \
    }

#define EACH(do_)                                                                                                      \
    do_(Allgather, (const void* a, int b, MPI_Datatype c, void* d, int e, MPI_Datatype f, MPI_Comm g),                 \
        (a, b, c, d, e, f, g))                                                                                         \
    do_(Allgatherv,                                                                                                    \
        (const void* a, int b, MPI_Datatype c, void* d, const int* e, const int* f, MPI_Datatype g, MPI_Comm h),       \
        (a, b, c, d, e, f, g, h))                                                                                      \
    do_(Allreduce, (const void* a, void* b, int c, MPI_Datatype d, MPI_Op e, MPI_Comm f), (a, b, c, d, e, f))          \
    do_(Alltoall, (const void* a, int b, MPI_Datatype c, void* d, int e, MPI_Datatype f, MPI_Comm g),                  \
        (a, b, c, d, e, f, g))                                                                                         \
    do_(Alltoallv,                                                                                                     \
        (const void* a, const int* b, const int* c, MPI_Datatype d, void* e, const int* f, const int* g,               \
         MPI_Datatype h, MPI_Comm i),                                                                                  \
        (a, b, c, d, e, f, g, h, i))                                                                                   \
    do_(Barrier, (MPI_Comm a), (a))                                                                                    \
    do_(Bcast, (void* a, int b, MPI_Datatype c, int d, MPI_Comm e), (a, b, c, d, e))                                   \
    do_(Exscan, (const void* a, void* b, int c, MPI_Datatype d, MPI_Op e, MPI_Comm f), (a, b, c, d, e, f))             \
    do_(Gather, (const void* a, int b, MPI_Datatype c, void* d, int e, MPI_Datatype f, int g, MPI_Comm h),             \
        (a, b, c, d, e, f, g, h))                                                                                      \
    do_(Gatherv,                                                                                                       \
        (const void* a, int b, MPI_Datatype c, void* d, const int* e, const int* f, MPI_Datatype g, int h,             \
         MPI_Comm i),                                                                                                  \
        (a, b, c, d, e, f, g, h, i))                                                                                   \
    do_(Iallreduce,                                                                                                    \
        (const void* a, void* b, int c, MPI_Datatype d, MPI_Op e, MPI_Comm f, MPI_Request* g), (a, b, c, d, e, f, g)) \
    do_(Ialltoall,                                                                                                     \
        (const void* a, int b, MPI_Datatype c, void* d, int e, MPI_Datatype f, MPI_Comm g, MPI_Request* h),            \
        (a, b, c, d, e, f, g, h))                                                                                      \
    do_(Ialltoallv,                                                                                                    \
        (const void* a, const int* b, const int* c, MPI_Datatype d, void* e, const int* f, const int* g,               \
         MPI_Datatype h, MPI_Comm i, MPI_Request* j),                                                                  \
        (a, b, c, d, e, f, g, h, i, j))                                                                                \
    do_(Iprobe, (int a, int b, MPI_Comm c, int* d, MPI_Status* e), (a, b, c, d, e))                                    \
    do_(Irecv, (void* a, int b, MPI_Datatype c, int d, int e, MPI_Comm f, MPI_Request* g), (a, b, c, d, e, f, g))      \
    do_(Isend, (const void* a, int b, MPI_Datatype c, int d, int e, MPI_Comm f, MPI_Request* g),                       \
        (a, b, c, d, e, f, g))                                                                                         \
    do_(Neighbor_alltoall, (const void* a, int b, MPI_Datatype c, void* d, int e, MPI_Datatype f, MPI_Comm g),         \
        (a, b, c, d, e, f, g))                                                                                         \
    do_(Neighbor_alltoallv,                                                                                            \
        (const void* a, const int* b, const int* c, MPI_Datatype d, void* e, const int* f, const int* g,               \
         MPI_Datatype h, MPI_Comm i),                                                                                  \
        (a, b, c, d, e, f, g, h, i))                                                                                   \
    do_(Recv, (void* a, int b, MPI_Datatype c, int d, int e, MPI_Comm f, MPI_Status* g), (a, b, c, d, e, f, g))        \
    do_(Reduce, (const void* a, void* b, int c, MPI_Datatype d, MPI_Op e, int f, MPI_Comm g), (a, b, c, d, e, f, g))   \
    do_(Send, (const void* a, int b, MPI_Datatype c, int d, int e, MPI_Comm f), (a, b, c, d, e, f))                    \
    do_(Sendrecv,                                                                                                      \
        (const void* a, int b, MPI_Datatype c, int d, int e, void* f, int g, MPI_Datatype h, int i, int j, MPI_Comm k, \
         MPI_Status* l),                                                                                               \
        (a, b, c, d, e, f, g, h, i, j, k, l))                                                                          \
    do_(Start, (MPI_Request * a), (a))                                                                                 \
    do_(Test, (MPI_Request * a, int* b, MPI_Status* c), (a, b, c))                                                     \
    do_(Testall, (int a, MPI_Request* b, int* c, MPI_Status* d), (a, b, c, d))                                         \
    do_(Wait, (MPI_Request * a, MPI_Status* b), (a, b))                                                                \
    do_(Waitall, (int a, MPI_Request* b, MPI_Status* c), (a, b, c))

EACH(COUNTED)

int MPI_Finalize(void) {
    int rank = 0;
    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    const char* path = getenv("MPI_COUNTER");
    FILE* file = rank == 0 && path ? fopen(path, "w") : NULL;
    if (file) {
#define WRITTEN(name, parameters, arguments) fprintf(file, "MPI_" #name " %lu\n", count_##name);
        EACH(WRITTEN)
        fclose(file);
    }
    return PMPI_Finalize();
}
