#!/usr/bin/python3
"""A long run that is killed and goes on, again and again: the microcircuit at a tenth on oversubscribed ranks, a checkpoint
each biological minute, kill -9 of a rank and a resume every second minute. At the end the hashes must be those of a run that
nobody disturbed, and no rank may have grown, neither in its median nor at most.

    scripts/soak.py [--program P] [--minutes 10] [--ranks 4] [--checkpoint-every "60 s"] [--kill-after 2] [--scale 0.1]
                    [--seconds N] [--undisturbed HASH]

--seconds N: N biological seconds instead of minutes, for a quick look. The undisturbed run comes first, on 2 ranks, unless its
spike_hash is given. Exit code 0 where all is well.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def children(pid):
    out = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            out += [int(word) for word in task.read_text().split()]
        except OSError:
            pass
    return out


def resident(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build" / "release" / "spikecast"))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--ranks", type=int, default=4)
    parser.add_argument("--checkpoint-every", default=None)
    parser.add_argument("--kill-after", type=int, default=2, help="kill when so many checkpoints were written")
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--undisturbed", help="spike_hash of the undisturbed run")
    arguments = parser.parse_args()
    duration_s = arguments.seconds or arguments.minutes * 60
    every = arguments.checkpoint_every or f"{duration_s / 10:g} s"
    experiment = [str(ROOT / "experiments" / "microcircuit_pd14.toml"), "--set", "variant=poisson", "--set",
                  f"scaling.N={arguments.scale}", "--set", f"scaling.K={arguments.scale}", "--set",
                  f'simulation.duration="{duration_s:g} s"', "--set", 'simulation.warmup="0 ms"']
    with tempfile.TemporaryDirectory() as folder:
        report, checkpoint, output = (os.path.join(folder, name) for name in ("report.json", "c.h5", "r.h5"))

        def command(ranks, words):
            return ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks), arguments.program, "run", *words, "--quiet",
                    "--report", report]
        wanted = arguments.undisturbed
        if wanted is None:
            begin = time.time()
            subprocess.run(command(2, experiment), env=ENVIRONMENT, check=True)
            with open(report) as file:
                wanted = json.load(file)["spike_hash"]
            print(f"undisturbed: spike_hash {wanted}, {time.time() - begin:.0f} s", flush=True)
        words = [*experiment, "--output", output, "--checkpoint", checkpoint, "--checkpoint-every", every,
                 "--checkpoint-keep", "2"]
        memory, median, kills, begin = [], [], 0, time.time()
        generator = random.Random(1)
        while True:
            run = subprocess.Popen(command(arguments.ranks, words), env=ENVIRONMENT)
            seen, stamp, sizes, began = 0, None, [], time.time()
            while run.poll() is None:
                time.sleep(0.05)
                sizes.append((max([0.0] + [resident(pid) for pid in children(run.pid)]), time.time() - began))
                try:
                    now = os.stat(checkpoint).st_ino, os.stat(checkpoint).st_mtime
                except OSError:
                    continue
                if now != stamp:
                    seen, stamp = seen + (stamp is not None or "--resume" not in words), now
                if seen >= arguments.kill_after:
                    time.sleep(generator.uniform(0.0, 0.3))
                    ranks = children(run.pid)
                    if ranks:
                        os.kill(generator.choice(ranks), signal.SIGKILL)
                        kills += 1
                    run.wait(timeout=60)
                    break
            peak, peak_s = max(sizes)
            memory.append(peak)
            median.append(statistics.median(size for size, _ in sizes))
            if run.returncode == 0:
                break
            if not os.path.exists(checkpoint):
                sys.exit("FAIL: the run ended before its first checkpoint")
            words = ["--resume", checkpoint, "--checkpoint-every", every, "--checkpoint-keep", "2"]
            print(f"killed {kills}, {time.time() - begin:.0f} s, largest rank {median[-1]:.1f} MB (median), {peak:.1f} MB "
                  f"at most, after {peak_s:.1f} of {time.time() - began:.1f} s", flush=True)
        with open(report) as file:
            found = json.load(file)
        # what is held, and what is needed for a moment when results are written
        grown = max(max(sizes[1:], default=sizes[0]) / sizes[0] for sizes in (median, memory))
        print(f"{kills} kills, {found['spikes']} spikes, {time.time() - begin:.0f} s; largest rank, medians of the pieces: "
              f"{' '.join(f'{size:.1f}' for size in median)} MB; at most: {' '.join(f'{size:.1f}' for size in memory)} MB")
        if found["checkpoints"]["written"] > 0:  # since the last kill
            print(f"a checkpoint of {found['checkpoints']['bytes'] / 1e6:.2f} MB took "
                  f"{found['checkpoints']['longest_s']:.2f} s at most")
        if found["spike_hash"] != wanted:
            sys.exit(f"FAIL: spike_hash {found['spike_hash']} instead of {wanted}")
        if grown > 1.15:
            sys.exit(f"FAIL: a rank grew to {grown:.2f} of its size")
        if kills == 0:
            sys.exit("FAIL: nothing was killed")
        print("the undisturbed run's spikes")


if __name__ == "__main__":
    main()
