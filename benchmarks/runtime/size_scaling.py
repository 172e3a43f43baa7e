"""What screening costs against the number of slices: time, memory and disk for lists of growing length.

python benchmarks/runtime/size_scaling.py PICTURES... [--sizes 1000 10000 100000] [--maps-up-to 10000]
Repeats the given pictures as links with names of their own, lists them in a CSV, and screens the list with a network that
is as small as there is, so that all but the network is what costs. Time should be linear in the number of slices, and
memory flat but for the names and rows.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """data: {train: lists/train.csv, val: lists/val.csv}
model: {image_size: 32, channels: [4, 8], latent_size: 8}
training: {epochs: 1, batch_size: 8, examples_every: 0}
"""


def run(command, **options):
    """(wall seconds, processor seconds, peak MiB) of one process."""
    started = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def small_model(ra, scratch):
    """A checkpoint of a tiny network, trained for a moment."""
    brains, config, output = scratch / "brains", scratch / "tiny.yaml", scratch / "run"
    run([ra, "synthesize", "--output", brains, "--count", "16", "--seed", "1", "--quiet"])
    config.write_text(CONFIG)
    run([ra, "train", config, "--data-root", brains, "--output", output, "--threads", "1", "--quiet"])
    return next((output / "checkpoints").resolve().glob("best*"))


def linked_list(pictures, count, scratch):
    """A list of `count` links to the pictures in turn."""
    folder = scratch / f"links{count}"
    folder.mkdir()
    names = [folder / f"{k:06}{pictures[k % len(pictures)].suffix}" for k in range(count)]
    for k, name in enumerate(names):
        name.symlink_to(pictures[k % len(pictures)])
    listing = scratch / f"list{count}.csv"
    listing.write_text("filename\n" + "".join(f"{name}\n" for name in names))
    return listing


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000, 10000, 100000])
    parser.add_argument("--maps-up-to", type=int, default=10000, help="largest list that is screened with maps, too")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ra", type=Path, default=ROOT / "build/release/ra")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pictures = [picture.resolve() for picture in options.pictures]
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        model = small_model(options.ra.resolve(), scratch)
        print(f"{options.threads} threads, load {os.getloadavg()[0]:.1f}")
        print(f"{'slices':>8} {'saved':>6} {'seconds':>9} {'ms/slice':>9} {'CPU ms/slice':>13} {'peak MiB':>9}", flush=True)
        for size in options.sizes:
            listing = linked_list(pictures, size, scratch)
            for saved in ["none", "map"] if size <= options.maps_up_to else ["none"]:
                wall, processor, peak = run([options.ra.resolve(), "screen", "--model", model, listing, "--output",
                                             scratch / f"{size}{saved}", "--save", saved, "--threads", options.threads,
                                             "--latent", "mean", "--quiet", "--log-level", "error"])
                print(f"{size:8} {saved:>6} {wall:9.1f} {1000 * wall / size:9.3f} {1000 * processor / size:13.3f} "
                      f"{peak:9.0f}", flush=True)


if __name__ == "__main__":
    main()
