#!/usr/bin/python3
"""The face of checkpoints: what a resumed run may change and what is refused, branches, recorders that change, checkpoints by
time and clock, files that aren't whole, results that were changed or belong to another run.

    program.py PROGRAM SOURCE_DIR
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
TEXT = """
title = "Checkpoints"
[simulation]
resolution = "0.1 ms"
duration = "200 ms"
seed = 3
[populations.E]
model = "iaf_psc_exp"
size = 200
params = { I_e = "380 pA" }
init = { V_m = { uniform = ["-70 mV", "-55 mV"] } }
[[projections]]
source = "E"
target = "E"
rule = { fixed_indegree = 20 }
weight = "30 pA"
delay = { uniform = ["1 ms", "4 ms"] }
[[stimuli]]
model = "poisson_generator"
target = "E"
params = { rate = "2000 Hz" }
weight = "30 pA"
[[recorders]]
spikes = ["E"]
[[recorders]]
of = "E"
variables = ["V_m"]
interval = "1 ms"
sample = 5
"""
wrong = 0


def fail(text):
    global wrong
    wrong += 1
    print("FAIL", text, flush=True)


class Runs:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.experiment = self.path("e.toml")
        with open(self.experiment, "w") as file:
            file.write(TEXT)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *arguments, ranks=1, code=0, says=None):
        report = self.path("report.json")
        if os.path.exists(report):
            os.unlink(report)
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), self.program, "run", *arguments,
                   "--report", report]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, cwd=self.folder)
        if done.returncode != code or (says is not None and says not in done.stderr):
            fail(f"{arguments}: exit code {done.returncode}, says {done.stderr[:600]}; expected {code}: {says}")
        return json.load(open(report)) if os.path.exists(report) else None

    def spikes(self, name):
        with h5py.File(self.path(name)) as file:
            return file["spikes/E/timestamps"][()], file["spikes/E/node_ids"][()]


def main():
    program = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp()
    r = Runs(program, folder)
    try:
        straight = r.run(r.experiment, "--output", "s.h5")
        half = r.run(r.experiment, "--output", "r.h5", "--checkpoint", "c.h5", "--set", 'simulation.duration="73.3 ms"', ranks=2)
        if half["checkpoints"]["written"] != 1 or half["checkpoints"]["at_ms"] != 73.3 or half["outcome"] != "complete":
            fail(f"the report's checkpoints: {half['checkpoints']}")
        if half["checkpoints"]["bytes"] != os.path.getsize(r.path("c.h5")):
            fail("the report's bytes of a checkpoint")
        for name in ("c.h5", "r.h5"):
            shutil.copy(r.path(name), r.path("kept_" + name))

        # What would have changed the past is refused by name, all at once, before anything is touched.
        for change, says in ((("simulation.seed=4",), "--reseed"), (("populations.E.params.I_e=390 pA",), "populations.E.params.I_e"),
                             (("projections[0].weight=31 pA", "simulation.precision=single"), "projections[0].weight"),
                             (("simulation.duration=50 ms",), "before the checkpoint"),
                             (("stimuli[0].params.rate=1000 Hz",), "a branch would end up in it"),
                             (("recorders[1].sample=6",), "recorders were others")):
            sets = [word for each in change for word in ("--set", each)]
            r.run("--resume", "c.h5", *sets, code=2, says=says)
        r.run("--resume", "c.h5", "--reseed", "9", code=2, says="name another file")
        r.run(r.experiment, "--reseed", "9", code=1, says="--resume")
        r.run(code=2, says="EXPERIMENT")
        if not all(open(r.path(n), "rb").read() == open(r.path("kept_" + n), "rb").read() for n in ("c.h5", "r.h5")):
            fail("a refused run changed files")

        # The file may be named again; its text counts then.
        edited = r.path("edited.toml")
        with open(edited, "w") as file:
            file.write(TEXT.replace("weight = \"30 pA\"\ndelay", "weight = \"29 pA\"\ndelay"))
        r.run(edited, "--resume", "c.h5", code=2, says="projections[0].weight")

        # Branches: other stimuli, other seeds, other recorders, into other files that begin at the checkpoint.
        same = r.run("--resume", "c.h5", "--output", "same.h5", "--checkpoint", "same_c.h5", "--set",
                     "simulation.duration=200 ms", ranks=3)
        if same["spike_hash"] != straight["spike_hash"] or same["state_hash"] != straight["state_hash"]:
            fail("a run that goes on into another file has other spikes")
        times, ids = r.spikes("same.h5")
        all_times, all_ids = r.spikes("s.h5")
        later = all_times > 73.35
        if not numpy.array_equal(times, all_times[later]) or not numpy.array_equal(ids, all_ids[later]):
            fail("another file doesn't hold exactly what follows the checkpoint")
        with h5py.File(r.path("same.h5")) as file, h5py.File(r.path("s.h5")) as whole:
            if not numpy.array_equal(file["report/E.V_m/data"][()], whole["report/E.V_m/data"][()][73:]):
                fail("traces in another file don't begin at the checkpoint")
            if file["report/E.V_m/mapping/time"][0] != 74.0:
                fail("the first stamp of traces that begin at the checkpoint")
        branches = {}
        for name, more in (("rate", ("--set", "stimuli[0].params.rate=500 Hz")), ("seed", ("--reseed", "9")),
                           ("seed again", ("--reseed", "9")), ("same seed", ("--reseed", "3"))):
            branches[name] = r.run("--resume", "c.h5", "--output", "b.h5", "--checkpoint", "b_c.h5", "--set",
                                   "simulation.duration=200 ms", *more, ranks=2, says="changes from 73.3 ms on" if name == "rate"
                                   else "seed")["spike_hash"]
        if len({straight["spike_hash"], branches["rate"], branches["seed"]}) != 3:
            fail("branches don't differ")
        if branches["seed"] != branches["seed again"] or branches["same seed"] != straight["spike_hash"]:
            fail("a seed doesn't give one branch")
        # The branch's seed goes on through its own checkpoints.
        r.run("--resume", "c.h5", "--output", "b.h5", "--checkpoint", "b_c.h5", "--reseed", "9", "--set",
              "simulation.duration=99.9 ms")
        chained = r.run("--resume", "b_c.h5", "--set", "simulation.duration=200 ms", ranks=2)
        if chained["spike_hash"] != branches["seed"]:
            fail("a branch that was interrupted differs")

        # Goes on in the same file, without being told its name; with the report of the interrupted run replaced.
        whole = r.run("--resume", "c.h5", "--set", "simulation.duration=200 ms", ranks=2)
        for key in ("spike_hash", "state_hash", "populations", "spikes", "synaptic_events"):
            if whole[key] != straight[key]:
                fail(f"{key} differs after going on")
        if whole["resumed_at_ms"] != 73.3 or abs(whole["biological_s"] - 0.1267) > 1e-9:
            fail("the report of a resumed run")
        for a, b in zip(r.spikes("r.h5"), r.spikes("s.h5")):
            if not numpy.array_equal(a, b):
                fail("the continued result differs")
        with h5py.File(r.path("r.h5")) as file:
            if json.loads(file["spikecast/report"].asstr()[()])["total_biological_s"] > 0.13:
                fail("the report in the continued result isn't the last run's")

        # Results that don't fit: another run's, one that was cut, one that is gone.
        shutil.copy(r.path("kept_c.h5"), r.path("c.h5"))
        shutil.copy(r.path("s.h5"), r.path("r.h5"))
        r.run("--resume", "c.h5", code=1, says="another run")
        shutil.copy(r.path("kept_r.h5"), r.path("r.h5"))
        with h5py.File(r.path("r.h5"), "a") as file:
            file["spikes/E/timestamps"].resize((3,))
        r.run("--resume", "c.h5", code=1, says="changed since")
        os.unlink(r.path("r.h5"))
        r.run("--resume", "c.h5", code=1, says="r.h5")

        # A file that the experiment reads has other contents under its old name.
        array = r.path("array.h5")
        numbers = numpy.full(200, 250.0)

        def write_array():
            with h5py.File(array, "w") as file:
                file["C_m"] = numbers
        write_array()
        arrays = ("--set", 'populations.E.params.C_m={ file = "array.h5", dataset = "C_m" }')
        whole = r.run(r.experiment, *arrays)
        r.run(r.experiment, *arrays, "--checkpoint", "a.h5", "--set", "simulation.duration=50 ms")
        numbers[7] = 260.0
        write_array()
        r.run("--resume", "a.h5", "--set", "simulation.duration=200 ms", ranks=2, code=2, says="array.h5: isn't what it was")
        numbers[7] = 250.0
        write_array()
        if r.run("--resume", "a.h5", "--set", "simulation.duration=200 ms")["spike_hash"] != whole["spike_hash"]:
            fail("a run with an array doesn't go on")

        # By time and by the clock, keeping some.
        shutil.copy(r.path("kept_r.h5"), r.path("r.h5"))
        timed = r.run(r.experiment, "--checkpoint-every", "50.5 ms", "--checkpoint-keep", "3")
        if timed["checkpoints"]["written"] != 4 or timed["spike_hash"] != straight["spike_hash"]: # 3, and the end
            fail(f"checkpoints by time: {timed['checkpoints']}")
        names = sorted(name for name in os.listdir(folder) if name.startswith("e.checkpoint"))
        if names != ["e.checkpoint.h5", "e.checkpoint.h5.1", "e.checkpoint.h5.2"]:
            fail(f"kept {names}")
        older = r.run("--resume", "e.checkpoint.h5.2", "--checkpoint", "x.h5")
        if older["spike_hash"] != straight["spike_hash"] or older["resumed_at_ms"] != 101.0:
            fail("an older checkpoint doesn't go on")
        clocked = r.run(r.experiment, "--checkpoint", "w.h5", "--checkpoint-wall", "0.001 s")
        if clocked["checkpoints"]["written"] < 2 or clocked["spike_hash"] != straight["spike_hash"]:
            fail(f"checkpoints by the clock: {clocked['checkpoints']}")
        for option, value in (("--checkpoint-every", "0.25 ms"), ("--checkpoint-every", "3 mV"), ("--checkpoint-wall", "-1 s")):
            r.run(r.experiment, option, value, code=2, says=option)
        r.run(r.experiment, "--checkpoint-wall", "10 min")

        # Files that aren't whole, through the program.
        data = open(r.path("w.h5"), "rb").read()
        for content, says in ((data[:-7], "truncated"), (data[:5000] + bytes([data[5000] ^ 1]) + data[5001:], "is damaged"),
                              (TEXT.encode(), "no checkpoint"), (b"", "no checkpoint")):
            with open(r.path("broken.h5"), "wb") as file:
                file.write(content)
            for ranks in (1, 3):
                r.run(r.experiment, "--resume", "broken.h5", ranks=ranks, code=1, says=says)
    finally:
        shutil.rmtree(folder)
    print(f"{wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
