"""scripts/benchmark.py and scripts/nest/run.py: alternation, tables and JSON, refusals, NEST by a stand-in.

    benchmark_test.py PROGRAM SOURCE_DIR BUILD_DIR [--kernels]
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

PROGRAM, SOURCE, BUILD = (os.path.abspath(a) for a in sys.argv[1:4])
SCRIPT = os.path.join(SOURCE, "scripts/benchmark.py")
TENTH = os.path.join(SOURCE, "benchmarks/experiments/brunel_tenth.toml")
FAKE = os.path.join(SOURCE, "tests/benchmarks/fake_nest")
SHORT = ["--set", "simulation.duration=150 ms", "--set", "simulation.warmup=50 ms"]


def call(*arguments, environment=None):
    return subprocess.run([sys.executable, SCRIPT, *arguments, "--build", BUILD], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}, check=False)


class Experiments(unittest.TestCase):
    def test_rounds_alternate_and_every_second_goes_backwards(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "out.json")
            done = call(TENTH, *SHORT, "--rounds", "3", "--config", "a", "--config",
                        "b threads=2 simulation.partitioner=block", "--json", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(file, encoding="utf-8") as f:
                found = json.load(f)
        self.assertEqual([r["label"] for r in found["runs"]], ["a", "b", "b", "a", "a", "b"])
        for run in found["runs"]:
            self.assertEqual(run["report"]["threads"], 2 if run["label"] == "b" else 1)
            self.assertAlmostEqual(run["report"]["biological_s"], 0.1)
            self.assertNotIn("--output", run["command"])
        for key in ("machine", "commit", "command", "date", "rounds"):
            self.assertTrue(found[key], key)
        factors = sorted(r["report"]["real_time_factor"] for r in found["runs"] if r["label"] == "b")
        self.assertEqual(found["summary"]["b"]["real_time_factor"],
                         {"median": factors[1], "min": factors[0], "max": factors[2]})
        first = [r["report"]["real_time_factor"] for r in found["runs"] if r["label"] == "a"]
        second = [r["report"]["real_time_factor"] for r in found["runs"] if r["label"] == "b"]
        ratios = sorted(y / x for x, y in zip(first, second))
        self.assertAlmostEqual(found["summary"]["b"]["ratio_to_first"]["median"], ratios[1])
        self.assertIn("All runs gave the same spikes", done.stdout)
        self.assertIn("driven by Poisson", done.stdout)
        self.assertIn("shorter than the field's protocol", done.stdout)

    def test_different_spikes_are_said(self):
        done = call(TENTH, *SHORT, "--rounds", "1", "--config", "a", "--config", "b simulation.seed=2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("different spikes", done.stdout)

    def test_recording_writes_a_file_and_is_said(self):
        done = call(os.path.join(SOURCE, "tests/mpi/networks/brunel_tenth.toml"), "--rounds", "1", "--config",
                    "off", "--config", "on output=yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"\| off .*\| no +\|")
        self.assertRegex(done.stdout, r"\| on .*\| yes +\|")

    def test_what_cannot_be_run_is_refused(self):
        for arguments, text in (([TENTH, "--config", "ranks=2"], "doesn't begin with a label"),
                                ([TENTH, "--config", "a speed=3"], "no key 'speed'"),
                                ([TENTH, "--config", "a ranks=two"], "ranks is 'two'"),
                                ([TENTH, "--config", "a", "--config", "a"], "the same label"),
                                ([TENTH, "--config", "a build=/nowhere"], "/nowhere/spikecast"),
                                ([TENTH, "--rounds", "0"], "--rounds is 0"),
                                ([TENTH, "--config", "a simulation.seed=x"], "simulation.seed"),
                                (["no_such.toml"], "no experiment no_such.toml")):
            done = call(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(text, done.stderr)


class AgainstNest(unittest.TestCase):
    def test_nest_runs_in_turn_for_as_long(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "out.json")
            done = call(TENTH, *SHORT, "--rounds", "2", "--against-nest", "--nest-threads", "3", "--nest-python",
                        sys.executable, "--json", file, environment={"PYTHONPATH": FAKE})
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(file, encoding="utf-8") as f:
                found = json.load(f)
        self.assertEqual([r["label"] for r in found["runs"]], ["default", "NEST", "NEST", "default"])
        nest = found["runs"][1]["report"]
        self.assertEqual(nest["threads"], 3)
        self.assertAlmostEqual(nest["biological_s"], 0.1)
        # the stand-in takes half of real time; the warm-up isn't counted
        self.assertGreater(nest["real_time_factor"], 0.49)
        self.assertLess(nest["simulate_s"], 0.05 + 0.02 + 0.2)
        self.assertEqual((nest["neurons"], nest["synapses"]), (1250, 156250))
        self.assertAlmostEqual(nest["rate_hz"], 4.0)
        self.assertAlmostEqual(nest["synaptic_events"], 500 * 125)
        self.assertRegex(done.stdout, r"\| NEST +\| 1 x 3")

    def test_no_nest_is_said(self):
        done = call(TENTH, *SHORT, "--rounds", "1", "--against-nest", "--nest-python", "/usr/bin/false")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("NEST was not run: /usr/bin/false can't import nest", done.stdout)
        done = call(TENTH, *SHORT, "--set", "constants.C_E=50", "--rounds", "1", "--against-nest")
        self.assertIn("NEST was not run: scripts/nest/run.py has no network", done.stdout)

    def test_networks_are_those_of_the_experiments(self):
        """Numbers of neurons, synapses and inputs as `spikecast check` and the files have them."""
        cases = [("microcircuit_dc", "experiments/microcircuit_pd14.toml", None, 64 - 9, 8),
                 ("microcircuit_poisson", "experiments/microcircuit_pd14.toml", "poisson", 64 - 9 + 8, 16),
                 ("brunel_AI", "experiments/brunel_2000.toml", "AI", 3, 3),
                 ("brunel_tenth", "benchmarks/experiments/brunel_tenth.toml", None, 3, 3),
                 ("hpc_static", "benchmarks/experiments/hpc_static.toml", None, 3, 3)]
        for network, file, variant, connects, creates in cases:
            with self.subTest(network), tempfile.TemporaryDirectory() as folder:
                log, report = os.path.join(folder, "log"), os.path.join(folder, "report.json")
                subprocess.run([sys.executable, os.path.join(SOURCE, "scripts/nest/run.py"), network, "--duration",
                                "10", "--warmup", "1", "--report", report], check=True,
                               env={**os.environ, "PYTHONPATH": FAKE, "FAKE_NEST_LOG": log})
                with open(report, encoding="utf-8") as f:
                    found = json.load(f)
                with open(log, encoding="utf-8") as f:
                    calls = [json.loads(line) for line in f]
                text = subprocess.run([PROGRAM, "check", os.path.join(SOURCE, file)]
                                      + (["--set", f"variant={variant}"] if variant else []),
                                      stdout=subprocess.PIPE, text=True, check=True).stdout
                numbers = [int(re.search(rf"^ +{what} +(\d+)", text, re.MULTILINE).group(1))
                           for what in ("neurons", "synapses")]
                self.assertEqual([found["neurons"], found["synapses"]], numbers)
                self.assertEqual(sum(c["call"] == "Connect" for c in calls), connects)
                self.assertEqual(sum(c["call"] == "Create" for c in calls), creates)
                order = [c["call"] for c in calls if c["call"] in ("ResetKernel", "Prepare", "Run", "Cleanup")]
                self.assertEqual(order, ["ResetKernel", "Prepare", "Run", "Run", "Cleanup"])
                self.assertEqual([c["ms"] for c in calls if c["call"] == "Run"], [1.0, 10.0])


class Kernels(unittest.TestCase):
    @unittest.skipUnless(os.path.exists(os.path.join(BUILD, "benchmarks/kernels_benchmark")), "no Google Benchmark here")
    def test_every_kernel_runs_and_stands_beside_its_bare_loop(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "out.json")
            done = call("kernels", "--rounds", "1", "--seconds", "0.001", "--json", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(file, encoding="utf-8") as f:
                kernels = json.load(f)["kernels"]
        for name, found in kernels.items():
            self.assertGreater(found["ns"][0], 0.0, name)
            self.assertTrue(found["unit"].startswith("a "), name)
        for name in ("deliver/compact/scale:0.1/engine", "update/iaf_psc_exp/double/engine",
                     "update/microcircuit/compact/engine"):
            for threads in ("", "/threads:2"):
                self.assertGreater(kernels[name + threads]["share_of_bare"], 0.0)
        models = subprocess.run([PROGRAM, "models"], stdout=subprocess.PIPE, text=True, check=True).stdout
        neurons = re.findall(r"\biaf_\w+|\bparrot_neuron", models)
        self.assertGreaterEqual(len(neurons), 4)
        for model in neurons:
            self.assertIn(f"update/{model}/single/engine", kernels)
        self.assertIn("stimulus/poisson_generator/single/per_target/threads:2", kernels)
        self.assertIn("rows/explicit_list", kernels)
        self.assertIn("exchange/one_rank/packets:0", kernels)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
