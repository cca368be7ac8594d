#!/usr/bin/python3
"""Bad input through the program: each file of tests/experiment/bad, and what else a person can get wrong at the command
line, must give its message once (not once for each rank), exit code 2, no output file, and end.

    bad_input.py PROGRAM SOURCE_DIR [--full]

--full: every file at one rank and at three; without it every tenth of them at one rank, every twentieth at three.
"""
import argparse
import concurrent.futures
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
SECONDS = 60  # far above the second that a refusal takes: only a hang gets there

GOOD = """[simulation]
duration = "10 ms"

[populations.E]
model = "iaf_psc_exp"
size = SIZE

[[projections]]
source = "E"
target = "E"
rule = { fixed_indegree = INDEGREE }
delay = "1 ms"

[[recorders]]
spikes = ["E"]
"""


def messages(text, ranks):
    """The program's own lines: mpirun's notice and what follows it are left out."""
    lines = text.splitlines()
    rule = next((i for i, line in enumerate(lines) if ranks > 1 and line.startswith("-----")), len(lines))
    return [line for line in lines[:rule] if line.strip()]


def run(program, ranks, arguments, folder):
    command = [program, *arguments]
    if ranks > 1:
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *command]
    try:
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS, cwd=folder,
                              errors="replace")
    except subprocess.TimeoutExpired:
        return None, [f"hangs: still running after {SECONDS} s"], ""
    return done.returncode, messages(done.stderr, ranks), done.stdout


def cases(bad, full):
    """(name, ranks, command line, lines that stderr must hold or a list of parts of its only line, output or None)"""
    files = sorted(bad.glob("*.toml"))
    always = {"size_negative", "weight_nan", "delay_below", "unit_unknown", "include_missing", "include_cycle",
              "toml_syntax", "random_bytes", "rule_indegree_multapses", "size_huge"}
    for number, file in enumerate(files):
        for ranks, every in ((1, 10), (3, 20)):
            if full or number % every == 0 or (ranks == 1 and file.stem in always):
                expected = file.with_suffix(".expected").read_text(errors="replace").splitlines()
                yield file.stem, ranks, ["run", file.name, "--output", "X.h5"], expected, "X.h5"
    for ranks in (1, 3):
        out = ["--output", "X.h5"]
        yield "too_large", ranks, ["run", "too_large.toml", *out], ["too_large.toml:6:8: ", "1e+12 neurons", " PB on each of",
                                                                  "are free; ", "--ignore-memory"], "X.h5"
        yield "noise", ranks, ["run", "noise.toml", *out], ["noise.toml:1:"], "X.h5"
        yield "missing_file", ranks, ["run", "nowhere.toml", *out], ["nowhere.toml: ", "check the path"], "X.h5"
        yield "a_folder", ranks, ["run", "folder", *out], ["folder: ", "check the path"], "X.h5"
        yield "no_folder", ranks, ["run", "good.toml", "--output", "nowhere/X.h5"], ["nowhere/X.h5: ", "folder nowhere"], None
        yield "output_is_folder", ranks, ["run", "good.toml", "--output", "folder"], ["folder: output: ", "folder; name"], None
        yield "report_is_folder", ranks, ["run", "good.toml", *out, "--report", "folder"], ["folder: output: "], "X.h5"
        yield "threads_0", ranks, ["run", "good.toml", *out, "--threads", "0"], ["--threads", "1 to 4096"], "X.h5"
        yield "unknown_option", ranks, ["run", "good.toml", *out, "--colour"], ["--colour"], "X.h5"
    yield "no_command", 1, [], ["subcommand"], None
    yield "unknown_command", 3, ["chek", "good.toml"], ["subcommand 'chek'", "did you mean 'check'?"], None
    yield "unknown_model", 3, ["models", "iaf_psc_ex"], ["model 'iaf_psc_ex'", "did you mean 'iaf_psc_exp'?"], None
    yield "no_ranks", 1, ["check", "good.toml", "--ranks", "0"], ["--ranks", "1 to "], None
    yield "seed_large", 1, ["run", "good.toml", *out, "--set", "simulation.seed=18446744073709551615"], ["at most 9e18"], "X.h5"
    yield "override_bare", 1, ["run", "good.toml", *out, "--set", "x"], ["--set", "key.path=value"], "X.h5"
    yield "override_unknown", 1, ["run", "good.toml", *out, "--set", "simulation.sed=1"], ["--set", "seed"], "X.h5"
    yield "over_experiment", 1, ["run", "good.toml", "--output", "./good.toml"], ["./good.toml: ", "overwritten"], None
    yield "two_in_one", 1, ["run", "good.toml", *out, "--report", "./X.h5"], ["X.h5: ", "overwritten"], "X.h5"
    yield "too_many_workers", 1, ["check", "good.toml", "--ranks", "1048576", "--threads", "4096"], ["--ranks: "], None
    yield "export_no_folder", 1, ["export", "good.toml", "--network", "nowhere/N.h5"], ["nowhere/N.h5: "], None
    yield "export_onto_itself", 1, ["export", "good.toml", "--network", "good.toml"], ["good.toml: "], None
    yield "array_short", 3, ["run", "array.toml", *out], ["array.h5: dataset C_m", "neuron"], "X.h5"
    yield "array_value", 3, ["run", "bounds.toml", *out], ["C_m", "neuron 99", "bounds"], "X.h5"
    yield "list_delay", 3, ["run", "list_delay.toml", *out], ["list_delay.csv:3: ", "429496730 ms", "60000 steps"], "X.h5"
    yield "list_delay_huge", 1, ["run", "list_delay_huge.toml", *out], ["list_delay_huge.csv:3: ", "1e+300 ms"], "X.h5"
    yield "list_weight", 1, ["run", "list_weight.toml", *out], ["list_weight.csv:3: ", "1e+39", "3.4e38"], "X.h5"
    yield "list_index", 3, ["run", "list.toml", *out], ["list.csv:3", "100"], "X.h5"


def prepare(folder):
    good = GOOD.replace("SIZE", "100").replace("INDEGREE", "10")
    write = lambda name, text: (folder / name).write_text(text)
    write("good.toml", good)
    write("too_large.toml", GOOD.replace("SIZE", "1000000000000").replace("INDEGREE", "1000"))
    write("list.toml", good.replace("{ fixed_indegree = 10 }", '{ explicit_list = { file = "list.csv" } }'))
    write("list.csv", "source,target\n1,2\n3,100\n")
    # 429496730 ms are 2^32 + 4 steps
    for name, row in (("list_delay", "5,6,1,429496730"), ("list_delay_huge", "5,6,1,1e300"), ("list_weight", "5,6,1e39,1")):
        write(f"{name}.toml", good.replace("{ fixed_indegree = 10 }", '{ explicit_list = { file = "' + name + '.csv" } }'))
        write(f"{name}.csv", f"source,target,weight,delay\n1,2,3,1.5\n{row}\n")
    (folder / "noise.toml").write_bytes(random.Random(7).randbytes(100_000))
    (folder / "folder").mkdir()
    import h5py
    import numpy as np
    for name, values in (("array", np.full(60, 250.0)), ("bounds", np.r_[np.full(99, 250.0), -1.0])):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file["C_m"] = values
        write(f"{name}.toml", good.replace("size = 100", "size = 100\nparams = { C_m = { file = \"" + name +
                                           ".h5\", dataset = \"C_m\" } }"))


def judge(program, source, case):
    name, ranks, command, expected, output = case
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / "work"
        shutil.copytree(source, folder)
        before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        code, said, printed = run(program, ranks, command, folder)
        wrong = []
        if code != 2:
            wrong.append(f"exit code {code} instead of 2")
        if isinstance(expected, list) and command[:1] == ["run"] and (folder / name).with_suffix(".expected").exists():
            if said != expected:
                wrong.append(f"says {said} instead of {expected}")
        else:
            if len([line for line in said if not line.startswith("Run with --help")]) != 1:
                wrong.append(f"says {len(said)} lines instead of one: {said}")
            for part in expected:
                if part not in " ".join(said):
                    wrong.append(f"does not say {part!r}: {said}")
        if output is not None and (folder / output).exists():
            wrong.append("leaves an output file")
        if {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} != before:
            wrong.append("changes or makes files")
        if printed.strip():
            wrong.append(f"prints to stdout: {printed[:200]!r}")
    return [f"FAIL {name} at {ranks} rank{'s' * (ranks > 1)}: {each}" for each in wrong]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("source")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / "bad"
        shutil.copytree(pathlib.Path(arguments.source) / "tests" / "experiment" / "bad", folder)
        prepare(folder)
        everything = list(cases(pathlib.Path(arguments.source) / "tests" / "experiment" / "bad", arguments.full))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda case: judge(program, folder, case), everything))
    for line in (line for result in results for line in result):
        print(line)
    print(f"{len(results)} runs, {sum(map(bool, results))} wrong")
    sys.exit(1 if any(results) else 0)


if __name__ == "__main__":
    main()
