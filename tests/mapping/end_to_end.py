#!/usr/bin/python3
"""`spikecast map` from files to files: what it writes is read back and checked against counts made here.

    end_to_end.py PROGRAM SOURCE_DIR
"""
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


def main():
    program, source = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as temporary:
        netlists(program, pathlib.Path(temporary))
        keys_of_a_netlist(program, pathlib.Path(temporary))
        pictures(source, pathlib.Path(temporary))
        experiments(program, pathlib.Path(temporary), source)
    print("ok")


if __name__ == "__main__":
    main()
