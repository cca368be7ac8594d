#!/usr/bin/python3
"""Faults from outside: kill -9 of a rank at random moments in each phase, signals of batch systems, full disks, folders that
can't be written, memory that ends. Every time all ranks must end within seconds, the last checkpoint and the results up to it
must be readable, and the run that goes on from there must give the undisturbed run's hashes and result file.

    crashes.py PROGRAM SOURCE_DIR [--kills N] [--seed N] [--duration MS] [--only kills,signals,batch,disk,memory,names]

Takes the program whose ranks name the phase they are in (engine/build/fault.hpp), so that it can be hit.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

import messages

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none"]
PHASES = ["build", "update", "exchange", "record", "checkpoint"]  # as the program names them
MOMENTS = PHASES + ["startup"]  # before all of them: MPI itself begins
SECONDS = 20  # to be gone after a fault; a hang takes forever
LONG = 300
wrong = 0


def fail(text):
    global wrong
    wrong += 1
    print("FAIL", text, flush=True)


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            pass
    return found


def comm(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Test:
    def __init__(self, program, source, folder, duration):
        self.program, self.folder, self.duration = program, folder, duration
        self.network = str(source / "tests" / "mpi" / "networks" / "brunel_tenth.toml")
        # many spikes and traces, so that every phase takes a share of the time
        with open(os.path.join(folder, "network.toml"), "w") as file:
            file.write(f'include = ["{self.network}"]\n[[recorders]]\nof = "E"\nvariables = ["V_m"]\nsample = 200\n')
        self.experiment = file.name
        self.settings = ["--set", "simulation.precision=single", "--set", f'simulation.duration="{duration} ms"', "--ignore-memory"]
        self.output, self.checkpoint = os.path.join(folder, "r.h5"), os.path.join(folder, "c.h5")
        self.report = os.path.join(folder, "report.json")
        self.run_s = 0.0
        self.expected = self.expected_data = None

    def path(self, name):
        return os.path.join(self.folder, name)

    def clear(self):
        for name in os.listdir(self.folder):
            if name.startswith(("r.h5", "c.h5", "report")):
                os.unlink(self.path(name))

    def command(self, ranks, arguments, threads=1, mpi=(), before=()):
        return MPIRUN + list(mpi) + ["-n", str(ranks), *before, self.program, "run", *arguments, "--quiet", "--threads",
                                     str(threads), "--report", self.report]

    def fresh(self, ranks, more=(), threads=1, mpi=(), before=()):
        return self.command(ranks, [self.experiment, *self.settings, "--output", self.output, "--checkpoint", self.checkpoint,
                                    "--checkpoint-every", "10.3 ms", "--checkpoint-keep", "2", *more], threads, mpi, before)

    def limited(self, limit, rank=""):
        """What to put before a command so that ranks, or one of them, have a limit of the shell's; mpirun itself has none."""
        script = self.path("limited.sh")
        with open(script, "w") as file:
            file.write(f'#!/bin/sh\n[ -z "{rank}" ] || [ "$OMPI_COMM_WORLD_RANK" = "{rank}" ] || exec "$@"\n'
                       f'ulimit {limit}\nexec "$@"\n')
        os.chmod(script, 0o755)
        return [script]

    def again(self, ranks, threads=1, more=()):
        return self.command(ranks, ["--resume", self.checkpoint, *more], threads)

    def answer(self):
        with open(self.report) as file:
            report = json.load(file)
        return {key: report[key] for key in ("spike_hash", "network_hash", "state_hash", "spikes", "synaptic_events",
                                             "populations", "outcome")}

    def data(self):
        out = {}
        with h5py.File(self.output) as file:
            for group in ("spikes", "report"):
                file[group].visititems(lambda name, item: out.__setitem__(f"{group}/{name}", item[()])
                                       if isinstance(item, h5py.Dataset) else None)
        return out

    def undisturbed(self):
        begin = time.time()
        subprocess.run(self.fresh(2), env=ENVIRONMENT, check=True, timeout=LONG)
        self.run_s = time.time() - begin
        self.expected, self.expected_data = self.answer(), self.data()

    def differs(self):
        """What differs from the undisturbed run, '' for nothing."""
        answer, data = self.answer(), self.data()
        bad = [key for key in self.expected if answer[key] != self.expected[key]]
        bad += [key for key in self.expected_data if not numpy.array_equal(data.get(key), self.expected_data[key])]
        return ", ".join(bad)

    def go_on(self, what, ranks, threads=1):
        """From the last checkpoint to the end; from the beginning where there is none yet."""
        begun = os.path.exists(self.checkpoint)
        try:
            done = subprocess.run(self.again(ranks, threads) if begun else self.fresh(ranks, threads=threads), env=ENVIRONMENT,
                                  capture_output=True, text=True, timeout=LONG)
        except subprocess.TimeoutExpired:
            return fail(f"{what}: going on takes more than {LONG} s")
        if done.returncode != 0:
            return fail(f"{what}: going on ends with {done.returncode}: {done.stderr[:500]}")
        bad = self.differs()
        if bad:
            fail(f"{what}: after going on, {bad} differ from the undisturbed run")

    def readable(self, what):
        """The result file holds the undisturbed run's results up to the last checkpoint at least."""
        if not os.path.exists(self.checkpoint):
            return
        try:
            data = self.data()
            with h5py.File(self.checkpoint) as file:
                file["statistics/E/spikes"][()]
        except (OSError, KeyError) as error:
            return fail(f"{what}: what is left can't be read: {error}")
        for key, values in data.items():
            if key.endswith(("timestamps", "node_ids")) and "mapping" not in key:
                if not numpy.array_equal(values, self.expected_data[key][:len(values)]):
                    fail(f"{what}: {key} isn't the beginning of the undisturbed run's")


def kill_once(test, phase, ranks, generator):
    """A run one of whose ranks is killed in a phase: (process, pids of its ranks, whether it came to that)."""
    test.clear()
    run = subprocess.Popen(test.fresh(ranks), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while run.poll() is None and len(children(run.pid)) < ranks:
        time.sleep(0.002)
    # somewhere in the run, as its checkpoints tell, then at the first moment in the phase
    if phase == "startup":
        time.sleep(generator.uniform(0.0, 0.1))
    elif phase == "build":
        while run.poll() is None and not any(comm(pid) in PHASES for pid in children(run.pid)):
            time.sleep(0.002)
        time.sleep(generator.uniform(0.0, 0.03))  # it takes about 0.04 s
    else:
        # a single rank has no other whose end could spoil its file: let there be something to read
        stamps, wanted = set(), generator.randint(1 if ranks == 1 else 0, int(test.duration / 10.3 * 0.7))
        while run.poll() is None and len(stamps) < wanted:
            try:
                stamps.add(os.stat(test.checkpoint).st_mtime_ns)
            except FileNotFoundError:
                pass
            time.sleep(0.002)
        time.sleep(generator.uniform(0.0, 0.03))
    victims = children(run.pid)
    victim = generator.choice(victims) if victims else 0
    while run.poll() is None and alive(victim):
        seen = comm(victim)
        if seen == phase or (phase == "startup" and seen not in PHASES):
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                break
            return run, victims, True
    return run, victims, False


def kills(test, count, seed):
    generator = random.Random(seed)
    hit, stuck = dict.fromkeys(MOMENTS, 0), 0
    for number in range(count):
        phase = MOMENTS[number % len(MOMENTS)]
        for _ in range(5):
            ranks = 1 if phase == "record" and number < len(MOMENTS) else generator.choice([2, 3])
            what = f"kill {number} in {phase} on {ranks} ranks"
            run, victims, killed = kill_once(test, phase, ranks, generator)
            begin = time.time()
            try:
                run.wait(timeout=SECONDS if killed else LONG)
            except subprocess.TimeoutExpired:
                # mpirun's own end can hang, seldom, where a rank dies in MPI_Init (docs/reliability.md); the ranks must be gone
                if killed and phase == "startup" and not any(alive(pid) for pid in victims):
                    stuck += 1
                else:
                    fail(f"{what}: still running after {SECONDS} s, ranks: {[comm(pid) for pid in victims if alive(pid)]}")
                run.kill()
                run.wait()
            if killed:
                break
        else:
            fail(f"{what}: the run was over each time")
            continue
        hit[phase] += 1
        while any(alive(pid) for pid in victims) and time.time() < begin + SECONDS:
            time.sleep(0.05)
        if any(alive(pid) for pid in victims):
            fail(f"{what}: a rank is alive after {SECONDS} s")
        if run.returncode == 0:
            fail(f"{what}: exit code 0")
        test.readable(what)
        test.go_on(what, generator.choice([1, 2, 3]), generator.choice([1, 2]))
    print(f"kills by phase: {hit}" + (f"; mpirun alone was left {stuck} times" if stuck else ""), flush=True)


def signals(test, short=False):
    patience = 2 if short else 5  # mpirun waits twice as long, whether there is anything to wait for or not
    patient = ["--mca", "odls_base_sigkill_timeout", str(patience)]
    cases = [("SIGUSR1 to mpirun", signal.SIGUSR1, 2, patient, "mpirun"), ("SIGTERM to mpirun", signal.SIGTERM, 3, patient, "mpirun"),
             ("SIGTERM to a rank", signal.SIGTERM, 3, (), "rank"), ("SIGINT to a rank", signal.SIGINT, 2, (), "rank")]
    for what, number, ranks, mpi, target in cases[:1] if short else cases:
        test.clear()
        run = subprocess.Popen(test.fresh(ranks, mpi=mpi), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True)
        while run.poll() is None and not os.path.exists(test.checkpoint):
            time.sleep(0.005)
        os.kill(run.pid if target == "mpirun" else children(run.pid)[-1], number)
        try:
            _, said = run.communicate(timeout=SECONDS + 2 * patience)
        except subprocess.TimeoutExpired:
            fail(f"{what}: still running after {SECONDS} s")
            run.kill()
            continue
        with open(test.report) as file:
            report = json.load(file)
        if report["outcome"] != "interrupted" or not report["interrupted_by"]:
            fail(f"{what}: the report says {report['outcome']}")
        if run.returncode == 0 or "go on with" not in said:
            fail(f"{what}: exit code {run.returncode}, says {said[:300]}")
        if not 0 < report["checkpoints"]["at_ms"] < test.duration:
            fail(f"{what}: last checkpoint at {report['checkpoints']['at_ms']} ms")
        test.readable(what)
        test.go_on(what, 5 - ranks)
    print("signals", flush=True)


def one_message(what, done, text, code=None):
    # without what MPI's own modules say of a file that they can't write
    said = [line for line in messages.of_ranks(done.stderr) if "mca_" not in line]
    if done.returncode == 0 or (code is not None and done.returncode != code) or len(said) != 1 or text not in said[0]:
        fail(f"{what}: exit code {done.returncode}, says {said}")


def run_case(what, command):
    try:
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=LONG)
    except subprocess.TimeoutExpired:
        fail(f"{what}: still running after {LONG} s")
        return None


def small_file_system(test, size):
    """The path of one, None where none can be mounted."""
    path = test.path("small")
    os.makedirs(path, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={int(size) // 4096 * 4096}", "none", path], capture_output=True,
                          check=False)
    return path if done.returncode == 0 else None


def disk(test):
    results, one_checkpoint = (os.stat(file).st_blocks * 512 for file in (test.output, test.checkpoint))
    # No file can grow beyond a size that lies in the middle of the run.
    what = "results on a full disk"
    test.clear()
    unshared = ["--mca", "btl", "self,tcp"]  # memory that ranks share is a file, too
    done = run_case(what, test.fresh(3, mpi=unshared, before=test.limited(f"-f {results // 2 // 512}")))
    if done is not None:
        one_message(what, done, "r.h5", 1)
        test.readable(what)
        test.go_on(what, 2)
    what = "a checkpoint on a full disk"
    test.clear()
    done = run_case(what, test.command(3, [test.experiment, *test.settings, "--checkpoint", test.checkpoint, "--checkpoint-every",
                                           "10.3 ms"], mpi=unshared, before=test.limited(f"-f {one_checkpoint // 2 // 512}")))
    if done is not None:
        one_message(what, done, "c.h5.part", 1)
    if os.path.exists(test.checkpoint + ".part"):
        fail(f"{what}: an unfinished checkpoint is left")
    # Small file systems: for half the results; for one checkpoint, but not two.
    for what, size, name in (("results in a small file system", results * 0.6, "output"),
                             ("checkpoints in a small file system", one_checkpoint * 1.6, "checkpoint")):
        test.clear()
        small = small_file_system(test, size)
        if small is None:
            print("small file systems can't be mounted here", flush=True)
            break
        old = getattr(test, name)
        setattr(test, name, os.path.join(small, os.path.basename(old)))
        try:
            done = run_case(what, test.fresh(2))
            if done is not None:
                one_message(what, done, small, 1)
                if not os.path.exists(test.checkpoint):
                    fail(f"{what}: there is no checkpoint")
                test.readable(what)
                if subprocess.run(["mount", "-o", "remount,size=500m", small], capture_output=True, check=False).returncode == 0:
                    test.go_on(what, 3)
        finally:
            setattr(test, name, old)
            subprocess.run(["umount", small], check=False)
    test.clear()
    for option in ("--output", "--checkpoint", "--report"):
        what = f"{option} in a folder that isn't there"
        command = MPIRUN + ["-n", "3", test.program, "run", test.experiment, *test.settings, "--quiet", option,
                            "/nonexistent_folder/x.h5"]
        done = run_case(what, command)
        if done is not None:
            one_message(what, done, "/nonexistent_folder", 2)
    small = small_file_system(test, 1 << 20)
    if small is None or subprocess.run(["mount", "-o", "remount,ro", small], capture_output=True, check=False).returncode != 0:
        print("a folder that root can't write can't be mounted here", flush=True)
    else:
        for option in ("--output", "--checkpoint", "--report"):
            what = f"{option} in a folder that can't be written"
            done = run_case(what, MPIRUN + ["-n", "2", test.program, "run", test.experiment, *test.settings, "--quiet", option,
                                            os.path.join(small, "x.h5")])
            if done is not None:
                one_message(what, done, f"the folder {small} does not exist or can't be written", 2)
    if small is not None:
        subprocess.run(["umount", small], check=False)
    print("disks", flush=True)


def names(test):
    """Where the file system gives a file no second name, FILE is there at every moment all the same, and FILE.1 is whole."""
    what = "checkpoints without second names"
    test.clear()
    run = subprocess.Popen(test.fresh(2), env=dict(ENVIRONMENT, SPIKECAST_FAULT="link"), stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    begun = False
    while run.poll() is None:
        there = os.path.exists(test.checkpoint)
        if begun and not there:
            fail(f"{what}: for a moment there is none")
            break
        begun = begun or there
    if run.wait() != 0:
        fail(f"{what}: exit code {run.returncode}")
    os.replace(test.checkpoint + ".1", test.checkpoint)
    test.go_on(what, 2)
    print("names", flush=True)


def memory(test):
    """The last rank alone has little memory: about what the program takes before it builds."""
    what = "no memory to build"
    test.clear()
    done = run_case(what, test.command(2, [test.experiment, *test.settings, "--set", "populations.E.size=400000", "--checkpoint",
                                           test.checkpoint], before=test.limited("-v 450000", 1)))
    if done is not None:
        one_message(what, done, "memory", 1)
    print("memory", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("source")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--duration", type=int, default=600, help="ms of each run")
    parser.add_argument("--only", help="some of kills, signals, batch (one of them), disk, memory, names, with commas")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int(time.time())
    print(f"seed {seed}")
    folder = tempfile.mkdtemp()
    try:
        test = Test(os.path.abspath(arguments.program), pathlib.Path(arguments.source).resolve(), folder,
                    arguments.duration)
        test.undisturbed()
        print(f"undisturbed: {test.expected['spikes']} spikes, {test.run_s:.1f} s", flush=True)
        parts = {"disk": lambda: disk(test), "memory": lambda: memory(test), "signals": lambda: signals(test),
                 "batch": lambda: signals(test, short=True), "names": lambda: names(test),
                 "kills": lambda: kills(test, arguments.kills, seed)}
        for name, part in parts.items():
            if arguments.only is None or name in arguments.only.split(","):
                part()
    finally:
        shutil.rmtree(folder)
    print(f"{wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
