#!/usr/bin/python3
"""Arrays through the program and back: each kind of file through each code on one rank and on two, decoded by
scripts/decode_spikes.py, which must find the array again within the code's resolution, and must not find another one;
spikes of a result file injected into another run give the same spikes.

    encoders_end_to_end.py PROGRAM SOURCE_DIR
"""
import gzip
import os
import struct
import subprocess
import sys
import tempfile

import h5py
import numpy

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
CODES = {"binary_encoder": "", "poisson_rate_encoder": 'max_rate = "400 Hz"', "regular_rate_encoder": 'max_rate = "400 Hz"',
         "latency_encoder": "", "rank_order_encoder": 'interval = "0.2 ms"',
         "full_temporal_encoder": 'min_interval = "1 ms", max_interval = "12 ms"'}


def call(command, expected=0):
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    if done.returncode != expected:
        sys.exit(f"{' '.join(command)}\ngave {done.returncode} instead of {expected}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    program, source = sys.argv[1], sys.argv[2]
    decode = [sys.executable, os.path.join(source, "scripts", "decode_spikes.py")]
    random = numpy.random.default_rng(5)
    images = random.integers(0, 256, (4, 6, 8), dtype=numpy.uint8)
    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: os.path.join(folder, name)
        numpy.save(at("images.npy"), images)
        numpy.save(at("other.npy"), images[::-1])
        numpy.savez_compressed(at("images.npz"), x=images)
        with h5py.File(at("images.h5"), "w") as file:
            file["set/x"] = images
        with gzip.open(at("images.idx.gz"), "wb") as file:
            file.write(struct.pack(">HBB3I", 0, 8, 3, *images.shape) + images.tobytes())
        files = [("images.npy", ""), ("images.npz", "x"), ("images.h5", "set/x"), ("images.idx.gz", "")]
        for number, (model, own) in enumerate(CODES.items()):
            name, dataset = files[number % len(files)]
            size = 12 if model == "full_temporal_encoder" else 48
            where = f'file = "{name}"' + (f', dataset = "{dataset}"' if dataset else "")
            with open(at("e.toml"), "w") as file:
                file.write(f"""[simulation]
duration = "240 ms"
[populations.input]
model = "{model}"
size = {size}
params = {{ data = {{ {where} }}, data_max = 255, duration = "50 ms", gap = "10 ms"{", " + own if own else ""} }}
[[recorders]]
spikes = ["input"]
""")
            run = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(1 + number % 2), program, "run", at("e.toml"),
                   "--quiet", "--output", at("r.h5")]
            call(run)
            compare = decode + [at("r.h5"), "input", "--dataset", dataset, "--compare"]
            print(call(compare + [at(name)]).strip())
            call(compare[:-3] + ["--compare", at("other.npy")], expected=1)
        # The example, with images of the right kind in place of the package's, which not everybody has installed.
        clothes = numpy.zeros((10, 28, 28), dtype=numpy.uint8)
        clothes[:, 4:24, 6:22] = random.integers(1, 256, (10, 20, 16), dtype=numpy.uint8)
        with gzip.open(at("clothes.gz"), "wb") as file:
            file.write(struct.pack(">HBB3I", 0, 8, 3, *clothes.shape) + clothes.tobytes())
        call([program, "run", os.path.join(source, "examples", "fashion_mnist.toml"), "--quiet", "--output", at("clothes.h5"),
              "--set", f"populations.input.params.data.file={at('clothes.gz')}"])
        print(call(decode + [at("clothes.h5"), "input", "--compare", at("clothes.gz")]).strip())
        with h5py.File(at("clothes.h5")) as file:
            answers = len(set(file["/spikes/layer/timestamps"][:] // 60.0))
            if answers != 10:
                sys.exit(f"the layer of examples/fashion_mnist.toml answers to {answers} of 10 images")
        with open(at("i.toml"), "w") as file: # the spikes of the last run, injected
            file.write("""[simulation]
duration = "240 ms"
[populations.input]
model = "spike_train_injector"
size = 12
params = { spike_times = { file = "r.h5", dataset = "/spikes/input" } }
[[recorders]]
spikes = ["input"]
""")
        call([program, "run", at("i.toml"), "--quiet", "--output", at("again.h5"), "--threads", "2"])
        print(call([sys.executable, os.path.join(source, "scripts", "compare_spikes.py"), at("r.h5"), at("again.h5")]).strip())


if __name__ == "__main__":
    main()
