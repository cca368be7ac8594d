#!/usr/bin/python3
"""Bad netlists, machine files and requests through `spikecast map`: each case of tests/mapping/bad must give its message
and its exit code, write no picture, and end.

    bad_input.py PROGRAM SOURCE_DIR [--write]

A case is NAME.json (a netlist), NAME.faults (a machine file, with a good netlist) or NAME.args (a command line), and
NAME.expected: the exit code, then the lines that stderr must hold, with {dir} for the folder. --write writes what the
program says now, to be read before it is kept. Cases named fit_... don't fit: their report is still written and says so.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
SECONDS = 60  # far above the second that a refusal takes: only a hang gets there


def command_of(case, folder):
    if case.suffix == ".json":
        return [f"bad/{case.name}", "--machine", "mesh:4x4"]
    if case.suffix == ".faults":
        return ["good.json", "--machine", "mesh:4x4", "--faults", f"bad/{case.name}"]
    return shlex.split(case.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.source / "tests" / "mapping"
    cases = sorted(p for p in (folder / "bad").iterdir() if p.suffix in (".json", ".faults", ".args"))
    if len(cases) < 25:
        sys.exit(f"only {len(cases)} cases in {folder / 'bad'}; where are the others?")
    failures = []
    with tempfile.TemporaryDirectory() as temporary:
        for case in cases:
            report = pathlib.Path(temporary) / f"{case.stem}.report.json"
            command = [arguments.program, "map", *command_of(case, folder), "--quiet"]
            fit = case.stem.startswith("fit_")
            if fit:
                command += ["--report", str(report)]
            try:
                done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
                                      timeout=SECONDS, errors="replace")
            except subprocess.TimeoutExpired:
                failures.append(f"{case.name}: still running after {SECONDS} s")
                continue
            said = [line.rstrip() for line in done.stderr.splitlines() if line.strip()]
            expected_file = case.with_suffix(".expected")
            if arguments.write:
                expected_file.write_text("\n".join([str(done.returncode), *said]) + "\n")
                continue
            code, *lines = expected_file.read_text().splitlines()
            if done.returncode != int(code):
                failures.append(f"{case.name}: exit code {done.returncode}, expected {code}: {said}")
            if said != lines:
                failures.append(f"{case.name}: said {said}, expected {lines}")
            if fit:
                if not report.exists():
                    failures.append(f"{case.name}: no report was written")
                else:
                    found = json.loads(report.read_text())
                    if found["fits"] is not False or not found["binding_constraint"] or not found["why_not"]:
                        failures.append(f"{case.name}: the report doesn't say why it doesn't fit")
            elif report.exists():
                failures.append(f"{case.name}: wrote {report.name}")
    for failure in failures:
        print(failure)
    print(f"{len(cases)} cases, {len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
