"""One rank makes no MPI call in the loop over epochs: a longer run makes more of them only for meetings (every 50 ms).

    mpi_calls.py PROGRAM SOURCE_DIR COUNTER_LIBRARY
"""
import os
import re
import subprocess
import sys
import tempfile

PROGRAM, SOURCE, COUNTER = sys.argv[1:4]
NETWORK = os.path.join(SOURCE, "benchmarks/experiments/brunel_tenth.toml")  # epochs of 1.5 ms
# What neither talks to other ranks nor waits.
LOCAL = {"MPI_Init_thread", "MPI_Finalize", "MPI_Abort", "MPI_Comm_rank", "MPI_Comm_size", "MPI_Comm_free",
         "MPI_Comm_create_errhandler", "MPI_Errhandler_free", "MPI_Finalized",
         "MPI_Comm_dup", "MPI_Comm_split", "MPI_Comm_split_type", "MPI_Error_string", "MPI_Info_create", "MPI_Info_set",
         "MPI_Info_free", "MPI_Dist_graph_create_adjacent", "MPI_Type_contiguous", "MPI_Type_commit", "MPI_Type_free",
         "MPI_Initialized", "MPI_Finalized", "MPI_Get_library_version", "MPI_Get_count", "MPI_Wtime", "MPI_Op_create",
         "MPI_Op_free", "MPI_Comm_set_errhandler", "MPI_Request_free", "MPI_Get_processor_name"}


def calls(ranks, ms):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "calls")
        line = [PROGRAM, "run", NETWORK, "--quiet", "--set", f"simulation.duration={ms} ms", "--set",
                "simulation.warmup=0 ms"]
        environment = dict(os.environ, MPI_COUNTER=file, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        if ranks > 1:
            line = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), "-x", f"LD_PRELOAD={COUNTER}"] + line
        else:
            environment["LD_PRELOAD"] = COUNTER
        subprocess.run(line, env=environment, stdout=subprocess.DEVNULL, check=True)
        with open(file, encoding="ascii") as f:
            return {name: int(n) for name, n in (text.split() for text in f)}


def main():
    wrong = 0

    def expect(holds, text):
        nonlocal wrong
        wrong += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {text}")

    used = set(re.findall(r"\bU (MPI_[A-Z]\w*)", subprocess.run(["nm", "-D", PROGRAM], stdout=subprocess.PIPE, text=True,
                                                               check=True).stdout))
    short, long = calls(1, 500), calls(1, 1000)
    missing = used - set(short) - LOCAL
    expect(not missing, f"all MPI functions of the program are counted or known to be local {sorted(missing) or ''}")
    epochs, meetings = 500 / 1.5, 500 / 50
    more = sum(long.values()) - sum(short.values())
    expect(0 < more <= 6 * meetings, f"one rank: {more} calls in {epochs:.0f} epochs, {more / meetings:g} a meeting")
    # The same measure notices a call an epoch: two ranks make two.
    more = sum(calls(2, 1000).values()) - sum(calls(2, 500).values())
    expect(more >= 2 * (epochs - 1), f"two ranks: {more} calls in {epochs:.0f} epochs, {more / epochs:.2f} an epoch")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
