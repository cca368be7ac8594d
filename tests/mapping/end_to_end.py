#!/usr/bin/python3
"""`spikecast map` from files to files: what it writes is read back and checked against counts made here.

    end_to_end.py PROGRAM SOURCE_DIR
"""
import gzip
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

import h5py
import matplotlib.image
import numpy

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
STEPS = [(1, 0), (1, 1), (0, 1), (-1, 0), (-1, -1), (0, -1)]
FIELDS = ["vertices", "nets", "pins", "machine", "seed", "fits", "binding_constraint", "cost", "floor",
          "worst_table_entries", "total_table_entries", "worst_table_entries_before", "total_table_entries_before",
          "max_link_load", "verified", "seconds"]


def run(program, *arguments, ranks=0, code=0):
    command = [program, *map(str, arguments)]
    if ranks:
        command = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), *command]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, f"{command}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def load(path):
    with open(path) as file:
        return json.load(file)


def random_netlist(path, vertices, nets, seed):
    draw = random.Random(seed)
    names = [f"v{i}" for i in range(vertices)]
    netlist = {
        "vertices_resources": {name: {"Cores": 1, "SDRAM": draw.randrange(1000)} for name in names},
        "nets": [[draw.choice(names), draw.sample(names, draw.randint(1, 12)), draw.choice([0.5, 1, 3])]
                 for _ in range(nets)],
    }
    path.write_text(json.dumps(netlist))
    return netlist


def follow(tables, width, height, chip, key):
    """The cores that a packet sent at a chip reaches, by ordered match and default routes, on a mesh."""
    reached, going, visits = [], [(chip, None)], 0
    while going:
        (x, y), came = going.pop()
        visits += 1
        assert visits < 10000, "a packet goes round in circles"
        route = next((r for k, m, r in tables.get((x, y), []) if key & m == k), None)
        if route is None:
            assert came is not None, f"key {key:#x} is lost at {chip}, where it is sent"
            route = 1 << came
        for link in range(6):
            if route >> link & 1:
                there = (x + STEPS[link][0], y + STEPS[link][1])
                assert 0 <= there[0] < width and 0 <= there[1] < height, f"key {key:#x} leaves the machine at {x, y}"
                going.append((there, link))
        reached += [((x, y), bit - 6) for bit in range(6, 40) if route >> bit & 1]
    return sorted(reached)


def read_tables(folder):
    tables = {}
    for path in folder.glob("*.csv"):
        x, y = map(int, path.stem.split("_"))
        tables[x, y] = [tuple(int(word, 16) for word in line.split(",")) for line in path.read_text().split()]
    return tables


def check_tables(stages, tables, width, height):
    """Each net's first and last key reach its sinks' cores, each once, and the tree's weight is the cost."""
    placements, cores = stages["placements"], stages["allocations_cores"]["allocations"]
    used = set()
    for name, (begin, end) in cores.items():
        for core in range(begin, end):
            assert (tuple(placements[name]), core) not in used, f"two vertices on one core: {name}"
            used.add((tuple(placements[name]), core))
    cost = 0.0
    for net, edge in stages["graph"]["edges"].items():
        key, mask = stages["routing_keys"][net]["key"], stages["routing_keys"][net]["mask"]
        want = sorted({(tuple(placements[sink]), core) for sink in edge["sinks"] for core in range(*cores[sink])})
        for each in {key, key | ~mask & 0xFFFFFFFF}:
            got = follow(tables, width, height, tuple(placements[edge["source"]]), each)
            assert got == want, f"{net}, key {each:#x}: reaches {got}, should reach {want}"
        cost += edge["weight"] * len(stages["routes"][net])
    return cost


def netlists(program, folder):
    netlist = random_netlist(folder / "n.json", 150, 200, 1)
    reports = []
    for keys in ("own", "index"):
        for threads in (1, 2):
            tables = folder / f"tables_{keys}_{threads}"
            report, stages, picture = folder / "r.json", folder / "s.json", folder / "p.svg"
            run(program, "map", folder / "n.json", "--machine", "mesh:5x4", "--cores-per-chip", 16, "--keys", keys,
                "--seed", 3, "--threads", threads, "--report", report, "--output", stages, "--tables", tables,
                "--picture", picture, "--quiet", "--traffic", "poisson", "--traffic-scale", 1000)
            found = load(report)
            for field in FIELDS:
                assert field in found, f"the report has no {field}"
            assert found["vertices"] == 150 and found["nets"] == 200 and found["fits"] and found["verified"]
            assert found["pins"] == sum(len(net[1]) for net in netlist["nets"])
            assert {"place", "route", "keys", "tables", "verify"} <= set(found["seconds"])
            assert found["floor"] <= found["cost"]
            cost = check_tables(load(stages), read_tables(tables), 5, 4)
            assert abs(cost - found["cost"]) < 1e-9 * cost, f"cost {found['cost']}, but the trees' weight is {cost}"
            sizes = [len(table) for table in read_tables(tables).values()]
            assert max(sizes) == found["worst_table_entries"] and sum(sizes) == found["total_table_entries"]
            assert found["total_table_entries"] <= found["total_table_entries_before"]
            traffic = found["traffic"]
            assert traffic["packets_sent"] > 1000
            assert traffic["fan_out"] == traffic["delivered"] + traffic["dropped"] + traffic["under_way"]
            hexagons = tree.parse(picture).getroot()
            drawn = sum(path.get("d").count("Z") for path in hexagons.iter("{http://www.w3.org/2000/svg}path"))
            assert drawn == 3 * 20, f"{drawn} hexagons for three panels of 20 chips"
            for different in ("seconds", "processor_seconds", "total_seconds", "threads"):
                del found[different]
            reports.append(found)
    assert reports[0] == reports[1] and reports[2] == reports[3], "the result depends on the number of threads"
    assert reports[0]["cost"] == reports[2]["cost"]
    index = load(folder / "s.json")["routing_keys"]
    assert all(index[f"net{i}"] == {"key": i, "mask": 0xFFFFFFFF} for i in range(200))
    # Another number of processes: the same report, and a note.
    done = run(program, "map", folder / "n.json", "--machine", "mesh:5x4", "--cores-per-chip", 16, "--seed", 3,
               "--report", folder / "r2.json", "--traffic", "poisson", "--traffic-scale", 1000, ranks=2)
    assert "one process" in done.stderr
    found = load(folder / "r2.json")
    for different in ("seconds", "processor_seconds", "total_seconds", "threads"):
        del found[different]
    assert found == reports[0]
    # Faults: dead chips and links aren't used.
    (folder / "f").write_text("down_chips = 1,1\ndown_links = 2,1,0:3,1,3\ndown_cores = 0,0,3\n")
    run(program, "map", folder / "n.json", "--machine", "mesh:5x4", "--cores-per-chip", 16, "--faults", folder / "f",
        "--output", folder / "s.json", "--tables", folder / "t", "--quiet")
    stages, tables = load(folder / "s.json"), read_tables(folder / "t")
    check_tables(stages, tables, 5, 4)
    assert [1, 1] not in stages["placements"].values() and (1, 1) not in tables
    assert not any(route & 1 for _, _, route in tables[2, 1]) and not any(route >> 3 & 1 for _, _, route in tables[3, 1])
    assert stages["machine"]["dead_chips"] == [[1, 1]]


def keys_of_a_netlist(program, folder):
    """Keys that the netlist brings: blocks of several forms, in the order of the nets turned round."""
    netlist = random_netlist(folder / "k.json", 120, 100, 2)
    keys = {f"net{i}": {"key": 64 * (99 - i), "mask": 0xFFFFFFFF - (i % 3) * 5} for i in range(100)}
    netlist["routing_keys"] = keys
    (folder / "k.json").write_text(json.dumps(netlist))
    for more in ([], ["--keys", "netlist"], ["--keys", "own"]):
        run(program, "map", folder / "k.json", "--machine", "mesh:4x4", "--report", folder / "r.json", "--output",
            folder / "s.json", "--tables", folder / "k_tables", "--quiet", "--traffic", "poisson", "--traffic-scale", 100, *more)
        report, stages = load(folder / "r.json"), load(folder / "s.json")
        assert report["verified"] and report["keys"] == ("own" if "own" in more else "netlist")
        assert (stages["routing_keys"] == keys) == ("own" not in more)
        check_tables(stages, read_tables(folder / "k_tables"), 4, 4)
        assert report["traffic"]["packets_sent"] > 100 and report["traffic"]["dropped"] == 0


def pictures(source, folder):
    """The PNG of a picture has its size and its colours."""
    png = folder / "p.png"
    done = subprocess.run(["/usr/bin/python3", source / "scripts" / "picture_png.py", folder / "p.svg", "--output", png, "--width",
                           "1000"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    image = matplotlib.image.imread(png)
    svg = tree.parse(folder / "p.svg").getroot()
    assert abs(image.shape[1] - 1000) <= 1, image.shape
    assert abs(image.shape[0] / image.shape[1] - float(svg.get("height")) / float(svg.get("width"))) < 0.01
    seen = {"#" + "".join(f"{round(255 * v):02x}" for v in pixel[:3]) for pixel in image.reshape(-1, image.shape[2])[::7]}
    drawn = {path.get("fill") for path in svg.iter("{http://www.w3.org/2000/svg}path")} - {"none"}
    assert drawn <= seen, f"colours {drawn - seen} are missing"
    done = subprocess.run(["/usr/bin/python3", source / "scripts" / "picture_png.py", source / "tests" / "mapping" / "good.json"],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "give a picture of" in done.stderr, done.stderr


def experiments(program, folder, source):
    small = source / "tests" / "mapping" / "small.toml"
    run(program, "export", small, "--network", folder / "network.h5", "--quiet")
    pairs = {}
    with h5py.File(folder / "network.h5") as file:
        def visit(name, group):
            if isinstance(group, h5py.Group) and "source_node_id" in group:
                sources, targets = group["source_node_id"], group["target_node_id"]
                key = sources.attrs["node_population"], targets.attrs["node_population"]
                key = tuple(k.decode() if isinstance(k, bytes) else k for k in key)
                pairs.setdefault(key, []).append(numpy.stack([sources[:], targets[:]]))
        file.visititems(visit)
    pairs = {key: numpy.concatenate(value, axis=1) for key, value in pairs.items()}
    assert set(pairs) == {("E", "E"), ("E", "I"), ("I", "E")}, set(pairs)
    atoms, sizes = 64, {"E": 700, "I": 150}
    slices = {name: [(b, min(b + atoms, n)) for b in range(0, n, atoms)] for name, n in sizes.items()}
    name_of = lambda population, b, e: f"{population}[{b}:{e}]"
    sinks, row_words = {}, {}
    for (source_name, target_name), edges in pairs.items():
        rows = numpy.zeros((sizes[source_name], len(slices[target_name])), dtype=int)
        numpy.add.at(rows, (edges[0].astype(int), edges[1].astype(int) // atoms), 1)
        for t, target in enumerate(slices[target_name]):
            for begin, end in slices[source_name]:
                longest = rows[begin:end, t].max()
                if longest == 0:
                    continue
                sinks.setdefault(name_of(source_name, begin, end), set()).add(name_of(target_name, *target))
                where = name_of(target_name, *target)
                row_words[where] = row_words.get(where, 0) + (end - begin) * (3 + int(longest))
    base = {}
    for how in ("cores", "on-core"):
        run(program, "map", small, "--machine", "spin5", "--atoms-per-core", atoms, "--stimuli", how, "--slowdown", 10,
            "--output", folder / "s.json", "--report", folder / "r.json", "--quiet", "--tables", folder / "e")
        stages, report = load(folder / "s.json"), load(folder / "r.json")
        check_tables(stages, read_tables(folder / "e"), 8, 8)
        got = {}
        for edge in stages["graph"]["edges"].values():
            got.setdefault(edge["source"], set()).update(edge["sinks"])
        stimuli = {name: to for name, to in got.items() if name.startswith("poisson_generator")}
        assert {name: to for name, to in got.items() if name not in stimuli} == sinks, "destinations differ"
        assert len(stimuli) == (len(slices["E"]) if how == "cores" else 0)
        assert all(to == {name.replace("poisson_generator->E", "E")} for name, to in stimuli.items()), stimuli
        for population in sizes:
            for begin, end in slices[population]:
                name = name_of(population, begin, end)
                sdram = stages["graph"]["vertices_resources"][name]["sdram"] - 4 * row_words[name]
                if how == "cores" and population == "E":
                    sdram -= 16 * (end - begin)  # a row of one synapse for each train
                base.setdefault((population, end - begin), set()).add(sdram)
        assert report["synapses"] == sum(edges.shape[1] for edges in pairs.values())
        assert report["populations"][0]["rate_hz"] == 20 and not report["populations"][1]["rate_stated"]
    # What isn't rows goes with the number of neurons alone, so every slice of a size has the same.
    assert all(len(values) == 1 for values in base.values()), f"rows are counted wrongly: {base}"
    # As many neurons a core as fit: fewer cores than asked for above.
    run(program, "map", small, "--machine", "auto", "--slowdown", 10, "--report", folder / "r.json", "--quiet")
    report = load(folder / "r.json")
    assert report["machine"] == report["smallest_machine"]["machine"] == "spin3" or report["vertices"] > 60
    assert all(p["neurons_per_core"] > atoms for p in report["populations"]), report["populations"]
    # The spikes of a run, as packets.
    run(program, "run", small, "--output", folder / "spikes.h5", "--quiet")
    with h5py.File(folder / "spikes.h5") as file:
        spikes = sum(len(file["spikes"][name]["timestamps"]) for name in sizes)
    assert spikes > 100
    run(program, "map", small, "--machine", "spin5", "--slowdown", 10, "--traffic", "spikes", "--spikes",
        folder / "spikes.h5", "--traffic-duration", 2500, "--report", folder / "r.json", "--quiet")
    traffic = load(folder / "r.json")["traffic"]
    assert traffic["packets_sent"] == spikes, f"{traffic['packets_sent']} packets for {spikes} spikes"
    assert traffic["fan_out"] == traffic["delivered"] + traffic["dropped"] and traffic["dropped"] == 0


def profiles(program, folder, source):
    """Machines whose cores run no programs: no SDRAM and no real time, but fan-in and neurons of a core."""
    small = source / "tests" / "mapping" / "small.toml"
    run(program, "export", small, "--network", folder / "fan_in.h5", "--quiet")
    onto = numpy.zeros(700, dtype=int)
    with h5py.File(folder / "fan_in.h5") as file:
        def visit(name, group):
            if isinstance(group, h5py.Group) and "source_node_id" in group:
                population = group["target_node_id"].attrs["node_population"]
                if population in ("E", b"E"):
                    numpy.add.at(onto, group["target_node_id"][:].astype(int), 1)
        file.visititems(visit)
    for profile, machine in (("truenorth", "mesh:4x4"), ("loihi", "mesh:1x1"), ("spinnaker2", "mesh:1x1")):
        done = run(program, "map", small, "--machine", machine, "--profile", profile, "--stimuli", "on-core", "--slowdown", 10,
                   "--report", folder / "r.json")
        report = load(folder / "r.json")
        demands = {d["name"]: d for d in report["demands"]}
        assert report["fits"] and report["not_modelled"], report
        assert "not modelled of " + profile in done.stdout
        programs = profile == "spinnaker2"
        assert ("SDRAM" in demands) == ("real time" in demands) == ("packets into a core" in demands) == programs, demands
        if not programs:
            assert demands["fan-in"]["used"] == onto.max(), (demands["fan-in"], onto.max())
            most = {"truenorth": 256, "loihi": 1024}[profile]
            assert demands["neurons of a core"]["available"] == most
            assert all(p["neurons_per_core"] <= most for p in report["populations"])
    assert report["machine_size"]["cores_per_chip"] == 152
    # What netlists say of SDRAM isn't judged where chips have none.
    run(program, "map", folder / "n.json", "--machine", "mesh:13x13", "--profile", "truenorth", "--report", folder / "r.json",
        "--quiet")
    assert not any("SDRAM" in d["name"] for d in load(folder / "r.json")["demands"])


def resources(program, folder):
    """Memory and entries of chips as options."""
    sizes = ["--machine", "mesh:5x4", "--report", folder / "r.json", "--quiet"]
    run(program, "map", folder / "n.json", *sizes, "--sdram-per-chip", "1 MiB", "--dtcm-per-core", "32KiB",
        "--router-entries", 500)
    report = load(folder / "r.json")
    size, demands = report["machine_size"], {d["name"]: d for d in report["demands"]}
    assert (size["sdram_per_chip"], size["dtcm_per_core"], size["router_entries"]) == (1 << 20, 32 << 10, 500), size
    assert demands["SDRAM of a chip"]["available"] == 1 << 20 and demands["router entries"]["available"] == 500
    worst = report["worst_table_entries"]
    # With room for one entry less, "fit" still searches, and with all that is needed it ends where it fits.
    for entries, fits in ((worst - 1, False), (report["worst_table_entries_before"], True)):
        run(program, "map", folder / "n.json", *sizes, "--router-entries", entries, "--target-entries", "fit",
            code=0 if fits else 1)
        found = load(folder / "r.json")
        assert found["fits"] == fits and found["worst_table_entries"] >= worst
    assert found["total_table_entries"] > report["total_table_entries"], "tables that fit are made no smaller"


def traffic(program, folder):
    """Settings of routers and links, and what is told of each link."""
    def packets(*settings):
        run(program, "map", folder / "n.json", "--machine", "mesh:5x4", "--cores-per-chip", 16, "--report", folder / "r.json",
            "--quiet", "--traffic", "rates", "--traffic-scale", 2000, *settings)
        return load(folder / "r.json")["traffic"]
    plain, payload = packets(), packets("--traffic-set", "payload=true")
    assert plain["packets_sent"] == payload["packets_sent"] and plain["settings"] == {}
    for report in (plain, payload):
        assert sum(link[3] for link in report["links"]) == report["hops"]
        busiest = max(report["links"], key=lambda link: link[4])
        assert busiest[4] == report["max_link_utilisation"]
        assert all(0 <= x < 5 and 0 <= y < 4 and 0 <= link < 6 and n > 0 for x, y, link, n, _ in report["links"])
        histogram = report["latency"]["histogram"]
        assert sum(histogram["deliveries"]) == report["delivered"]
        assert histogram["below_ns"] == sorted(histogram["below_ns"]) and len(histogram["below_ns"]) == len(
            histogram["deliveries"])
    # 72 bits instead of 40 at the same bandwidth.
    ratio = payload["max_link_utilisation"] / plain["max_link_utilisation"]
    assert abs(ratio - 1.8) < 0.01, ratio
    slow = packets("--traffic-set", "link_mbit_s=1/4", "--traffic-set", "wait_cycles=10", "--traffic-set", "board_latency_ns=0")
    assert slow["settings"] == {"board_latency_ns": 0.0, "link_mbit_s": 0.25, "wait_cycles": 10.0}
    assert slow["dropped"] > 0 == plain["dropped"]
    assert slow["fan_out"] == slow["delivered"] + slow["dropped"] + slow["under_way"]
    again = packets("--traffic-set", "link_mbit_s=1/4", "--traffic-set", "wait_cycles=10", "--traffic-set", "reinject=true",
                    "--traffic-set", "phase_ms=1")
    assert again["reinjected"] > 0 and again["packets_aged"] > 0


def machine_of_the_experiment(program, folder, source):
    """What [machine] says holds for `map`, unless an option says otherwise."""
    text = (source / "tests" / "mapping" / "small.toml").read_text()
    (folder / "down").write_text("down_chips = 1,1\n")
    (folder / "m.toml").write_text(text + """
[machine]
target         = "spin5"
faults         = "down"
slowdown       = 10
atoms_per_core = 50
sdram_per_chip = "64 MiB"
dtcm_per_core  = 40000
router_entries = 900
keys           = "index"
seed           = 5
traffic        = { link_mbit_s = 100, reinject = true }
""")
    more = ["--report", folder / "r.json", "--quiet", "--traffic", "poisson", "--traffic-duration", 20]
    run(program, "map", folder / "m.toml", *more)
    report = load(folder / "r.json")
    size = report["machine_size"]
    assert report["machine"] == "spin5" and size["chips"] == 47 and report["slowdown"] == 10 and report["seed"] == 5
    assert (size["sdram_per_chip"], size["dtcm_per_core"], size["router_entries"]) == (64 << 20, 40000, 900)
    assert report["keys"] == "index" and [p["neurons_per_core"] for p in report["populations"]] == [50, 50]
    assert report["traffic"]["settings"] == {"link_mbit_s": 100.0, "reinject": 1.0}
    groups = {(p["source"], p["target"]): p for p in report["traffic"]["projections"]}
    assert set(groups) == {("E", "E"), ("E", "I"), ("I", "E"), ("poisson_generator->E", "E")}, set(groups)
    assert sum(p["latency"]["deliveries"] for p in groups.values()) == report["traffic"]["delivered"]
    assert sum(p["dropped"] for p in groups.values()) == report["traffic"]["dropped"]
    for p in groups.values():
        assert sum(p["latency"]["histogram"]["deliveries"]) == p["latency"]["deliveries"]
    run(program, "map", folder / "m.toml", *more, "--machine", "mesh:6x6", "--slowdown", 20, "--atoms-per-core", 70, "--keys",
        "own", "--traffic-set", "link_mbit_s=250")
    report = load(folder / "r.json")
    assert report["machine"] == "mesh:6x6" and report["machine_size"]["chips"] == 36 and report["slowdown"] == 20
    assert report["keys"] == "own" and report["populations"][0]["neurons_per_core"] == 70
    assert report["traffic"]["settings"] == {"link_mbit_s": 250.0, "reinject": 1.0}
    assert any("faults" in note for note in report["notes"]), report["notes"]


def spikes_that_are_missing(program, folder, source):
    """Notes name the sources that send nothing, and files that declare what they haven't got are refused."""
    small = source / "tests" / "mapping" / "small.toml"
    run(program, "run", small, "--output", folder / "all.h5", "--quiet")
    few = ["--set", "recorders[0].spikes=\"E\"", "--set", "recorders[0].sample=100"]
    run(program, "run", small, *few, "--output", folder / "few.h5", "--quiet")
    sends = ["--machine", "spin5", "--slowdown", 10, "--report", folder / "r.json", "--quiet", "--traffic", "spikes"]
    run(program, "map", small, *few, *sends, "--spikes", folder / "few.h5", "--traffic-duration", 2500)
    notes = " / ".join(load(folder / "r.json")["notes"])
    for part in ("I sends nothing", "didn't record", "100 of its 700 neurons", "generators on"):
        assert part in notes, (part, notes)
    run(program, "map", small, *sends, "--stimuli", "on-core", "--spikes", folder / "all.h5", "--traffic-duration", 1e-3)
    notes = " / ".join(load(folder / "r.json")["notes"])
    assert "E sends nothing: it has no spike" in notes and "generators" not in notes, notes
    with h5py.File(folder / "huge.h5", "w") as file:
        group = file.create_group("spikes/E")
        for name, kind in (("timestamps", "f8"), ("node_ids", "u8")):
            group.create_dataset(name, shape=(2**50,), maxshape=(None,), dtype=kind, chunks=(1024,))
    done = run(program, "map", small, *sends, "--spikes", folder / "huge.h5", code=2)
    assert "declares 1125899906842624 numbers" in done.stderr, done.stderr
    with h5py.File(folder / "all.h5") as old, h5py.File(folder / "packed.h5", "w") as file:
        for population, name in ((p, n) for p in "EI" for n in ("timestamps", "node_ids")):
            file.create_dataset(f"spikes/{population}/{name}", data=old["spikes"][population][name][:], compression="gzip")
        spikes = sum(len(old["spikes"][p]["timestamps"]) for p in "EI")
    run(program, "map", small, *sends, "--spikes", folder / "packed.h5", "--traffic-duration", 2500)
    assert load(folder / "r.json")["traffic"]["packets_sent"] == spikes


def files(program, folder, source):
    """No input is written over; tables of a former mapping don't stay; what is no file is refused."""
    here = folder / "files"
    here.mkdir()
    (here / "base.toml").write_text((source / "tests" / "mapping" / "small.toml").read_text())
    (here / "list.csv").write_text("source,target\n0,0\n1,1\n")
    (here / "x.toml").write_text("""include = ["base.toml"]
[[projections]]
source = "I"
target = "E"
rule   = { explicit_list = { file = "list.csv" } }
weight = "-90 pA"
delay  = "2 ms"
""")
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    run(program, "check", here / "x.toml")
    for option in ("--report", "--output", "--tables"):
        for name in ("x.toml", "base.toml", "list.csv"):
            if option != "--tables" or name.endswith(".csv"):
                done = run(program, "map", here / "x.toml", "--machine", "spin5", option, here / name, code=2)
                assert "which would be overwritten" in done.stderr, done.stderr
    for option in ("--report", "--output"):
        for name in ("base.toml", "list.csv"):
            done = run(program, "run", here / "x.toml", option, here / name, code=2)
            assert "which would be overwritten" in done.stderr, done.stderr
    done = run(program, "export", here / "x.toml", "--network", here / "list.csv", code=2)
    assert "which would be overwritten" in done.stderr, done.stderr
    (here / "f").write_text("down_chips = 1,1\n")
    (here / "p.svg").symlink_to(here / "f")
    (here / "n.json").write_text((folder / "n.json").read_text())
    netlist = ["map", here / "n.json", "--machine", "mesh:5x4"]
    done = run(program, *netlist, "--faults", here / "f", "--picture", here / "p.svg", code=2)
    assert "which would be overwritten" in done.stderr, done.stderr
    assert all((here / name).read_bytes() == text for name, text in before.items())
    tables = here / "tables"
    run(program, *netlist, "--tables", tables, "--quiet")
    (tables / "99_99.csv").write_text("0x0,0x0,0x1\n")
    (tables / "mine.csv").write_text("mine\n")
    run(program, *netlist, "--tables", tables, "--quiet")
    assert not (tables / "99_99.csv").exists() and (tables / "mine.csv").read_text() == "mine\n"
    (tables / "0_0.csv").write_text("down_chips = 1,1\n")
    done = run(program, *netlist, "--faults", tables / "0_0.csv", "--tables", tables, code=2)
    assert "would take the place of" in done.stderr, done.stderr
    (here / "folder.json").mkdir()
    (here / "zero.json").symlink_to("/dev/zero")
    for name, why in (("folder.json", "this is a folder"), ("zero.json", "isn't a regular file")):
        done = run(program, "map", here / name, "--machine", "mesh:4x4", code=2)
        assert why in done.stderr, done.stderr


def minimising_a_table(program, folder):
    """A table in PACMAN's lines: made smaller, the same on every key, and no other methods' table is smaller."""
    draw = random.Random(11)
    routes = [1 << bit for bit in draw.sample(range(24), 5)]
    keys = draw.sample(range(1 << 12), 1500)
    table = {key: routes[key >> 9 if key >> 9 < 5 else draw.randrange(5)] for key in keys}
    (folder / "t.csv").write_text("".join(f"0x{key:08X},0xFFFFFFFF,0x{route:08X}\n" for key, route in table.items()))
    done = run(program, "minimise", folder / "t.csv", "--output", folder / "small.csv", "--report", folder / "r.json")
    report = load(folder / "r.json")
    entries = {m["method"]: m["entries"] for m in report["methods"]}
    assert report["entries"] == 1500 and report["routes"] == 5 and all(m["equivalent"] for m in report["methods"])
    assert entries["best"] <= entries["pair"] <= 1500 and entries["best"] <= entries["ordered-covering"] <= 1500
    assert all(name in done.stdout and str(count) in done.stdout for name, count in entries.items())
    small = [tuple(int(word, 16) for word in line.split(",")) for line in (folder / "small.csv").read_text().split()]
    assert len(small) == entries["best"] < 1500
    for key, route in table.items():
        assert next(r for k, m, r in small if key & m == k) == route, hex(key)
    strict = folder / "strict.csv.gz"
    run(program, "minimise", folder / "t.csv", "--strict", "--output", strict, "--quiet")
    with gzip.open(strict, "rt") as file:
        small = [tuple(int(word, 16) for word in line.split(",")) for line in file.read().split()]
    for key in range(1 << 12):
        assert next((r for k, m, r in small if key & m == k), None) == table.get(key), hex(key)
    # Its entries meet, which pair compression doesn't take: the comparison says so, and nothing is written.
    done = run(program, "minimise", strict, "--minimise", "pair", "--quiet", "--output", folder / "none.csv", code=1)
    assert "nothing is written" in done.stderr and not (folder / "none.csv").exists(), done.stderr
    for wrong, why in ((["--output", folder / "t.csv"], "which would be overwritten"), (["--minimise", "x"], "there is no 'x'"),
                       (["--minimise", "pair", "--strict"], "unused keys")):
        done = run(program, "minimise", folder / "t.csv", *wrong, code=2)
        assert why in done.stderr, done.stderr
    for path, why in ((folder, "this is a folder"), ("/dev/zero", "isn't a regular file"), (folder / "none.csv", "can't be opened")):
        done = run(program, "minimise", path, code=2)
        assert why in done.stderr, done.stderr


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as temporary:
        netlists(program, pathlib.Path(temporary))
        keys_of_a_netlist(program, pathlib.Path(temporary))
        pictures(source, pathlib.Path(temporary))
        experiments(program, pathlib.Path(temporary), source)
        profiles(program, pathlib.Path(temporary), source)
        resources(program, pathlib.Path(temporary))
        traffic(program, pathlib.Path(temporary))
        machine_of_the_experiment(program, pathlib.Path(temporary), source)
        spikes_that_are_missing(program, pathlib.Path(temporary), source)
        files(program, pathlib.Path(temporary), source)
        minimising_a_table(program, pathlib.Path(temporary))
    print("ok")


if __name__ == "__main__":
    main()
