#!/usr/bin/python3
"""What an experiment from somebody else may do: read the files that it names, and write nothing but the outputs of the command
line. Devices, pipes and files of any length in their place are refused at once, and so are HDF5 files that lead into others or
that the HDF5 library itself doesn't survive.

    strangers.py PROGRAM SOURCE_DIR
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy

import messages

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
SECONDS = 60  # far above what a refusal takes: only a hang gets there
GOOD = """[simulation]
duration = "10 ms"
[populations.E]
model = "iaf_psc_exp"
size = 10
params = { I_e = "600 pA" }
[[projections]]
source = "E"
target = "E"
rule = { explicit_list = { file = "FILE" } }
weight = "10 pA"
delay = "1 ms"
[[recorders]]
spikes = ["E"]
"""
MORPHOLOGY = """[simulation]
duration = "10 ms"
[populations.C]
model = "cable_neuron"
size = 1
morphology = { swc = "FILE" }
"""
MACHINE = """[machine]
target = "spin5"
faults = "FILE"
"""
wrong = 0


def fail(text):
    global wrong
    wrong += 1
    print("FAIL", text, flush=True)


def run(program, folder, *arguments, ranks=1):
    command = [program, *arguments]
    if ranks > 1:
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *command]
    try:
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS, cwd=folder)
    except subprocess.TimeoutExpired:
        fail(f"{arguments}: still running after {SECONDS} s")
        return None
    return done


def refused(program, folder, what, text, says, ranks=1):
    (folder / "e.toml").write_text(text)
    done = run(program, folder, "run", "e.toml", "--quiet", ranks=ranks)
    if done is None:
        return
    said = messages.of_ranks(done.stderr)
    if done.returncode != 2 or len(said) != 1 or any(part not in said[0] for part in says):
        fail(f"{what}: exit code {done.returncode}, says {said}; expected {says}")


def names(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def outputs(program, folder):
    """Before and after: only what the command line names is there."""
    (folder / "parts").mkdir()
    (folder / "parts" / "list.csv").write_text("source,target\n1,2\n3,4\n")
    (folder / "parts" / "e.toml").write_text(GOOD.replace("FILE", "list.csv"))
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    asked = ["--output", "r.h5", "--report", "r.json", "--checkpoint", "c.h5", "--checkpoint-every", "3 ms", "--checkpoint-keep", "2"]
    for command, made in ((["check", "../parts/e.toml"], set()), (["run", "../parts/e.toml", "--quiet"], set()),
                          (["run", "../parts/e.toml", "--quiet", *asked], {"r.h5", "r.json", "c.h5", "c.h5.1"}),
                          (["run", "--resume", "c.h5", "--quiet", "--set", "simulation.duration=20 ms"], set()),
                          (["export", "../parts/e.toml", "--quiet", "--network", "n.h5"], {"n.h5"})):
        for ranks in (1, 2):
            before = names(folder)
            done = run(program, elsewhere, *command, ranks=ranks)
            if done is None or done.returncode != 0:
                fail(f"{command}: {done and done.stderr[:500]}")
            new = names(folder) - before
            if new - {f"elsewhere/{name}" for name in made} or (ranks == 1 and len(new) != len(made)):
                fail(f"{command} at {ranks} ranks makes {sorted(new)} instead of {sorted(made)}")


def main():
    program, source = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        outputs(program, folder)
        os.mkfifo(folder / "pipe")
        (folder / "long.swc").write_bytes(b"1 " * (1 << 20))
        with open(folder / "huge.swc", "wb") as file:
            file.truncate(1 << 40)  # next to nothing of it is stored
        for file in ("/dev/zero", "pipe"):
            refused(program, folder, f"swc = {file}", MORPHOLOGY.replace("FILE", file), [file.strip("/"), "can't be read"])
            refused(program, folder, f"a list {file}", GOOD.replace("FILE", file), [file.strip("/"), "doesn't exist"])
            refused(program, folder, f"machine.faults = {file}", GOOD.replace('rule = { explicit_list = { file = "FILE" } }',
                    'rule = "all_to_all"') + MACHINE.replace("FILE", file), [file.strip("/"), "isn't a regular file"])
        refused(program, folder, "one long line", MORPHOLOGY.replace("FILE", "long.swc"), ["long.swc:1:1", "4096 characters"])
        refused(program, folder, "a huge tree", MORPHOLOGY.replace("FILE", "huge.swc"), ["huge.swc", "at most 67108864"])
        refused(program, folder, "huge faults", GOOD.replace('rule = { explicit_list = { file = "FILE" } }', 'rule = "all_to_all"') +
                MACHINE.replace("FILE", "huge.swc"), ["huge.swc", "at most 67108864"])

        with h5py.File(folder / "secret.h5", "w") as file:
            file["source"] = file["target"] = numpy.arange(10)
        with h5py.File(folder / "link.h5", "w") as file:
            file["source"] = h5py.ExternalLink("secret.h5", "/source")
            file["target"] = numpy.arange(10)
        with h5py.File(folder / "raw.h5", "w") as file:
            numpy.arange(10).tofile(folder / "raw.bin")
            file.create_dataset("source", (10,), dtype="<i8", external=[(str(folder / "raw.bin"), 0, 80)])
            file["target"] = numpy.arange(10)
        for name, says in (("link.h5", "external link"), ("raw.h5", "external storage")):
            for ranks in (1, 3):
                refused(program, folder, name, GOOD.replace("FILE", name), [name, says], ranks)

        # Files that libhdf5 1.10.8 doesn't survive; another version may only find them damaged.
        for number, path in enumerate(sorted((source / "tests" / "data" / "damaged").glob("*.h5"))):
            shutil.copy(path, folder / path.name)
            refused(program, folder, path.name, GOOD.replace("FILE", path.name), [path.name], 3 if number == 0 else 1)
    finally:
        shutil.rmtree(folder)
    print(f"{wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
