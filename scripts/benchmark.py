#!/usr/bin/python3
"""Compares speeds: whole experiments in alternating runs, or kernels beside their bare loops.

    scripts/benchmark.py EXPERIMENT.toml --config 'LABEL [KEY=VALUE...]' [--config ...] [--rounds N] [--protocol]
                         [--set KEY=VALUE...] [--against-nest] [--json FILE]
    scripts/benchmark.py kernels [--large] [--filter REGEX] [--rounds N] [--json FILE]

**Experiments.** Each round runs every configuration once, in turn (and every second round backwards), so that a machine that
gets slower or faster does so for all of them. A configuration is a label and settings, separated by blanks:

    ranks=2 threads=1          layout; the default is 1 and 1
    build=DIR                  another build directory (build/native)
    commit=REV                 that revision, built for it in build/commits/
    output=yes                 write a result file (recording); the default is none
    anything.else=VALUE        an override, as --set

    scripts/benchmark.py experiments/microcircuit_pd14.toml --protocol --config '2x1 ranks=2' --config '1x2 threads=2'
    scripts/benchmark.py experiments/brunel_2000.toml --config 'before commit=HEAD~5' --config now

--protocol is the field's: 10 s of biological time after 0.5 s of warm-up. The table says what drives the network (DC or
Poisson) and that nothing is recorded, or what is. Printed: medians, in brackets the least and the greatest; for every
configuration after the first its time over the first's, round by round. Also printed: whether all gave the same spikes.
Phases are those of rank 0's first worker; exchange contains waiting for the slower worker.

--against-nest adds a configuration that runs the same network in an installed NEST (scripts/nest/run.py; --nest-threads,
the default is all cores; --nest-python, the interpreter that imports nest). Where there is no NEST or no script for the
network, that is said and Spikecast runs alone.

**Kernels.** Runs kernels_benchmark with its repetitions in random order, takes medians, and puts each kernel's bare loop
beside it: bare / engine is the share of the bare loop's rate that the engine reaches.

--json writes all runs with machine, commit, commands, load before each run, and date. Exit code 0: measured; 2: something
can't be run.
"""
import argparse
import datetime
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failure(Exception):
    """Something can't be run; the message says what and what to do."""


def git(*words):
    done = subprocess.run(["git", "-C", ROOT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout.strip()


def commit_name():
    try:
        return git("rev-parse", "--short=10", "HEAD") + (" with changes" if git("status", "--porcelain") else "")
    except (Failure, FileNotFoundError):
        return "unknown"


def machine():
    facts = {"cores": len(os.sched_getaffinity(0)), "kernel": os.uname().release, "architecture": os.uname().machine}
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
            facts["processor"] = re.search(r"^model name\s*: (.+)$", f.read(), re.MULTILINE).group(1)
        with open("/proc/meminfo", encoding="ascii") as f:
            facts["memory_bytes"] = int(re.search(r"^MemTotal:\s+(\d+) kB", f.read(), re.MULTILINE).group(1)) * 1024
    except (OSError, AttributeError):
        pass
    caches = subprocess.run(["lscpu", "-B", "--caches=NAME,ONE-SIZE,ALL-SIZE"], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, check=False)
    if caches.returncode == 0:
        facts["caches"] = [line.split() for line in caches.stdout.splitlines()[1:]]
    return facts


def environment():
    # MPI refuses root without these; a container has nobody else.
    return dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def run(line):
    done = subprocess.run(line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{shlex.join(line)}\nends with exit code {done.returncode}:\n{done.stderr.strip()}")
    return done.stdout


class Configuration:
    def __init__(self, text, arguments):
        words = shlex.split(text)
        if not words or "=" in words[0]:
            raise Failure(f"--config {text!r} doesn't begin with a label")
        self.label, self.ranks, self.threads, self.output = words[0], 1, 1, False
        self.build, self.commit, self.overrides = arguments.build, None, list(arguments.set)
        for word in words[1:]:
            key, equals, value = word.partition("=")
            if not equals:
                raise Failure(f"--config {text!r}: {word!r} isn't KEY=VALUE")
            if key in ("ranks", "threads"):
                if not value.isdigit() or int(value) < 1:
                    raise Failure(f"--config {text!r}: {key} is {value!r}, but must be a whole number from 1 on")
                setattr(self, key, int(value))
            elif key == "build":
                self.build = value
            elif key == "commit":
                self.commit = value
            elif key == "output":
                if value not in ("yes", "no"):
                    raise Failure(f"--config {text!r}: output is {value!r}, but must be yes or no")
                self.output = value == "yes"
            elif "." in key or key == "variant":
                self.overrides.append(word)
            else:
                raise Failure(f"--config {text!r}: there is no key {key!r}; keys are ranks, threads, build, commit, "
                              "output, variant and overrides such as simulation.seed")

    def program(self):
        folder = self.build
        if self.commit:
            folder = build_of_commit(self.commit)
        path = os.path.join(folder, "spikecast")
        if not os.access(path, os.X_OK):
            raise Failure(f"there is no program {path}; build it first (cmake --build {folder})")
        return path

    def command(self, program, experiment, report, folder):
        line = [program, "run", experiment, "--quiet", "--threads", str(self.threads), "--report", report]
        for override in self.overrides:
            line += ["--set", override]
        if self.output:
            line += ["--output", os.path.join(folder, "spikes.h5")]
        # without mpirun on one rank, as people do: what a launcher costs belongs to several
        return line if self.ranks == 1 else ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(self.ranks)] + line


def build_of_commit(revision):
    """The build directory of a revision, in a worktree of its own; built once."""
    name = git("rev-parse", "--short=10", revision + "^{commit}")
    folder = os.path.join(ROOT, "build", "commits", name)
    if not os.path.isdir(folder):
        git("worktree", "add", "--detach", folder, name)
    build = os.path.join(folder, "build", "release")
    if not os.path.exists(os.path.join(build, "spikecast")):
        print(f"building {revision} ({name}) ...", file=sys.stderr)
        run(["cmake", "-S", folder, "--preset", "release", "-B", build, "-DSPIKECAST_TESTS=OFF",
             "-DSPIKECAST_BENCHMARKS=OFF"])
        run(["cmake", "--build", build, "--target", "spikecast_program"])
    return build


class Nest:
    """NEST as one more configuration."""
    label, output = "NEST", False

    def __init__(self, network, arguments):
        self.network, self.threads, self.ranks = network, arguments.nest_threads, 1
        self.python, self.seed = arguments.nest_python, 55
        self.duration_ms, self.warmup_ms = None, None

    def command(self, _program, _experiment, report, _folder):
        line = [self.python, os.path.join(ROOT, "scripts/nest/run.py"), self.network, "--threads", str(self.threads),
                "--seed", str(self.seed), "--report", report]
        if self.duration_ms is not None:
            line += ["--duration", f"{self.duration_ms:.10g}", "--warmup", f"{self.warmup_ms:.10g}"]
        return line

    def program(self):
        return None


def has_nest(python):
    """None, or why NEST can't be run."""
    try:
        done = subprocess.run([python, "-c", "import nest"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              check=False)
    except OSError as error:
        return f"{python} can't be run ({error.strerror})"
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return f"{python} can't import nest ({last})"
    return None


def chosen_variant(experiment, overrides):
    with open(experiment, "rb") as f:
        text = tomllib.load(f)
    variant = text.get("variant")
    for override in overrides:
        key, _, value = override.partition("=")
        if key == "variant":
            variant = value.strip("\"'")
    return text, variant


def drive(experiment, overrides):
    """What drives the network, for the table: stimuli and input currents of the file and its variant."""
    text, variant = chosen_variant(experiment, overrides)
    layers = [text]
    while variant:
        layer = text.get("variants", {}).get(variant, {})
        layers.append(layer)
        variant = layer.get("variant")
    models = sorted({s.get("model", "?") for layer in layers for s in layer.get("stimuli", [])})
    constants = {}
    for layer in reversed(layers[1:]):
        constants.update(layer.get("constants", {}))
    dc = "I_e" in json.dumps(text.get("populations", {})) and constants.get("dc", 1) != 0
    parts = (["Poisson"] if "poisson_generator" in models else [])
    parts += [m for m in models if m != "poisson_generator"] + (["DC (constant current I_e)"] if dc else [])
    return " and ".join(parts) or "nothing but its initial state"


def nest_network(experiment, overrides):
    """The name of scripts/nest/run.py's network, or None. Overrides that change the network have no counterpart."""
    name = os.path.basename(experiment)
    _, variant = chosen_variant(experiment, overrides)
    known = ("simulation.duration", "simulation.warmup", "simulation.precision", "simulation.weights",
             "simulation.partitioner", "simulation.exchange", "simulation.seed", "variant")
    if any(o.partition("=")[0] not in known for o in overrides):
        return None
    return {("microcircuit_pd14.toml", None): "microcircuit_dc",
            ("microcircuit_pd14.toml", "poisson"): "microcircuit_poisson",
            ("brunel_tenth.toml", None): "brunel_tenth",
            ("hpc_static.toml", None): "hpc_static",
            **{("brunel_2000.toml", v): f"brunel_{v}" for v in ("SR", "SI_fast", "AI", "SI_slow")}}.get((name, variant))


def spread(values, digits=3):
    if not values:
        return "-"
    text = f"{statistics.median(values):.{digits}g}"
    return text if len(values) == 1 else f"{text} ({min(values):.{digits}g}-{max(values):.{digits}g})"


def table(head, rows):
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    print("| " + " | ".join(cell.ljust(w) for cell, w in zip(head, widths)) + " |")
    print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    for row in rows:
        print("| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |")


def write_json(path, content):
    if path:
        with open(path, "w", encoding="utf-8") as f:
            json.dump(content, f, indent=2)
            f.write("\n")
        print(f"wrote {path}", file=sys.stderr)


def header(arguments):
    return {"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"), "machine": machine(),
            "commit": commit_name(), "command": shlex.join(["scripts/benchmark.py"] + sys.argv[1:]),
            "rounds": arguments.rounds}


def benchmark_experiment(arguments):
    if not os.path.exists(arguments.what):
        raise Failure(f"there is no experiment {arguments.what}")
    if arguments.protocol:
        arguments.set += ["simulation.duration=10.5 s", "simulation.warmup=500 ms"]
    configurations = [Configuration(text, arguments) for text in arguments.config or ["default"]]
    labels = [c.label for c in configurations]
    if len(set(labels)) != len(labels):
        raise Failure(f"two configurations have the same label: {', '.join(labels)}")
    notes = []
    if arguments.against_nest:
        overrides = configurations[0].overrides
        network, why = nest_network(arguments.what, overrides), has_nest(arguments.nest_python)
        if network is None:
            notes.append(f"NEST was not run: scripts/nest/run.py has no network for {os.path.basename(arguments.what)} "
                         f"with {' '.join(overrides) or 'no overrides'}")
        elif why:
            notes.append(f"NEST was not run: {why}")
        else:
            configurations.append(Nest(network, arguments))
    programs = {c.label: c.program() for c in configurations}
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.rounds):
            for c in configurations if number % 2 == 0 else configurations[::-1]:
                report = os.path.join(folder, "report.json")
                if isinstance(c, Nest) and c.duration_ms is None and runs:
                    c.duration_ms = 1e3 * runs[0]["report"]["biological_s"]  # as long as Spikecast's
                    c.warmup_ms = 1e3 * (runs[0]["report"]["total_biological_s"] - runs[0]["report"]["biological_s"])
                line = c.command(programs[c.label], arguments.what, report, folder)
                load = os.getloadavg()[0]
                print(f"round {number + 1} of {arguments.rounds}: {c.label} ...", file=sys.stderr, flush=True)
                try:
                    run(line)
                except Failure as failure:
                    if not isinstance(c, Nest):
                        raise
                    notes.append(f"NEST was not measured: {failure}")
                    configurations.remove(c)
                    break  # it is the last of a round that goes forwards, and the first to fail is in such a one
                with open(report, encoding="utf-8") as f:
                    runs.append({"label": c.label, "round": number + 1, "load_before": load, "command": shlex.join(line),
                                 "report": json.load(f)})
    rows, summary = [], {}
    for c in configurations:
        reports = [r["report"] for r in runs if r["label"] == c.label]
        factors = [r["real_time_factor"] for r in reports]
        if any(f is None for f in factors):
            raise Failure("the runs have no biological time after the warm-up; give a longer simulation.duration")
        ratios = [f / g for f, g in zip(factors, [r["report"]["real_time_factor"] for r in runs
                                                  if r["label"] == configurations[0].label])]
        seconds = [r["biological_s"] for r in reports]
        phases = " / ".join(f"{statistics.median(r['phases_s'][p] / s for r, s in zip(reports, seconds)):.3g}"
                            for p in ("deliver", "update", "exchange", "record")) if "phases_s" in reports[0] else "-"
        events = [1e9 * r.get("total_simulate_s", r["simulate_s"]) / r["synaptic_events"]
                  for r in reports if r.get("synaptic_events")]
        memory = [sum(r["peak_rss_bytes"]) / r["synapses"] for r in reports if r["synapses"]]
        rows.append([c.label, f"{c.ranks} x {c.threads}", spread(factors), "1" if c is configurations[0] else spread(ratios),
                     phases, spread(events), spread([r["build_s"] for r in reports]), spread(memory), "yes" if c.output else "no",
                     str(len(reports))])
        summary[c.label] = {"real_time_factor": {"median": statistics.median(factors), "min": min(factors),
                                                 "max": max(factors)},
                            "ratio_to_first": {"median": statistics.median(ratios), "min": min(ratios),
                                               "max": max(ratios)},
                            "build_s": statistics.median(r["build_s"] for r in reports), "runs": len(reports)}
        if events:
            summary[c.label]["wall_ns_per_synaptic_event"] = statistics.median(events)
    first = runs[0]["report"]
    print(f"{os.path.basename(arguments.what)}: {first['neurons']} neurons, {first['synapses']} synapses, driven by "
          f"{drive(arguments.what, configurations[0].overrides)}")
    warmup = first.get("total_biological_s", 0) - first["biological_s"]
    kind = "the field's protocol" if first["biological_s"] >= 10 else "shorter than the field's protocol of 10 s"
    print(f"{first['biological_s']:g} s of biological time after {warmup:g} s of warm-up ({kind}); commit {commit_name()}")
    print()
    table(["configuration", "ranks x threads", "wall s per biological s", "over the first",
           "deliver / update / exchange / record", "wall ns per synaptic event", "build s", "bytes a synapse", "recording", "runs"], rows)
    print()
    hashes = {r["report"]["spike_hash"] for r in runs if "spike_hash" in r["report"]}
    if len(hashes) == 1:
        print("All runs gave the same spikes.")
    else:
        print("Runs gave different spikes: " + ", ".join(
            f"{c.label} {next(r['report']['spike_hash'] for r in runs if r['label'] == c.label)[:12]}"
            for c in configurations if not isinstance(c, Nest)))
    for note in notes:
        print(note)
    write_json(arguments.json, {**header(arguments), "experiment": arguments.what, "notes": notes, "summary": summary,
                                "runs": runs})


def benchmark_kernels(arguments):
    program = os.path.join(arguments.build, "benchmarks/kernels_benchmark")
    if not os.access(program, os.X_OK):
        raise Failure(f"there is no program {program}; build it (cmake --build --preset release --target kernels_benchmark), "
                      "which takes Google Benchmark (scripts/setup.sh)")
    line = [program] + (["--large"] if arguments.large else [])
    line += [f"--benchmark_filter={arguments.filter}", f"--benchmark_repetitions={arguments.rounds}",
             "--benchmark_enable_random_interleaving=true", f"--benchmark_min_time={arguments.seconds:g}",
             "--benchmark_format=json"]
    result = json.loads(run(line))
    times = {}
    for entry in result["benchmarks"]:
        if entry["run_type"] != "iteration":
            continue
        if entry.get("error_occurred"):
            raise Failure(f"{entry['name']}: {entry.get('error_message')}")
        name = entry["name"].replace("/real_time", "")
        name = re.sub(r"/iterations:\d+|/repeats:\d+", "", name)
        times.setdefault(name, {"unit": entry.get("label", ""), "ns": []})["ns"].append(entry["ns"])
    if not times:
        raise Failure(f"no kernel's name matches {arguments.filter!r}")
    rows = []
    for name, found in sorted(times.items()):
        if "/bare" in name and name.replace("/bare", "/engine") in times:
            continue
        bare = times.get(name.replace("/engine", "/bare")) if "/engine" in name else None
        share = [b / e for b, e in zip(bare["ns"], found["ns"])] if bare else []
        if share:
            found["share_of_bare"] = statistics.median(bare["ns"]) / statistics.median(found["ns"])
        rows.append([name, found["unit"], spread(found["ns"]), spread(bare["ns"]) if bare else "",
                     f"{100 * found['share_of_bare']:.0f} %" if share else ""])
    table(["kernel", "ns for", "median (least-greatest)", "bare loop", "bare / engine"], rows)
    write_json(arguments.json, {**header(arguments), "kernels_command": shlex.join(line), "kernels": times})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", metavar="EXPERIMENT.toml | kernels")
    parser.add_argument("--config", action="append", default=[], metavar="'LABEL KEY=VALUE...'")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each configuration, repetitions of each kernel")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override, for all configurations")
    parser.add_argument("--protocol", action="store_true", help="10 s of biological time after 0.5 s")
    parser.add_argument("--build", default=os.path.join(ROOT, "build/release"), metavar="DIR")
    parser.add_argument("--against-nest", action="store_true")
    parser.add_argument("--nest-threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--nest-python", default="python3")
    parser.add_argument("--large", action="store_true", help="kernels: the networks that take gigabytes too")
    parser.add_argument("--filter", default=".", metavar="REGEX", help="kernels: only those whose name matches")
    parser.add_argument("--seconds", type=float, default=0.1, help="kernels: at least so long a repetition")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    try:
        if arguments.rounds < 1:
            raise Failure(f"--rounds is {arguments.rounds}, but must be at least 1")
        if arguments.what == "kernels":
            benchmark_kernels(arguments)
        else:
            benchmark_experiment(arguments)
    except Failure as failure:
        print(f"benchmark.py: {failure}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
