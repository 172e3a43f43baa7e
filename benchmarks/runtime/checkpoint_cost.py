"""What saving the state of a run costs, in processor time and beside a run that does not save.

python benchmarks/runtime/checkpoint_cost.py [--rounds 2] [--channels 64 128 256 512 512] [--image-size 128]
Trains the same steps on synthetic brains, once saving after every step that the disk lets it and once not at all, and
divides the difference in processor time (which a busy neighbour hardly changes) by the number of states saved. The share
at the default interval of 10 minutes is that by 600 s: what it would cost if the writing thread had to share the core that
trains.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RA = ROOT / "build/release/ra"
INTERVAL_S = 600.0
CONFIG = """data: {{train: lists/train.csv, val: lists/val.csv}}
model: {{image_size: {size}, channels: [{channels}], latent_size: 128}}
training: {{epochs: {epochs}, batch_size: 1, examples_every: 0}}
"""


def train(config, brains, folder, minutes):
    """(processor seconds, wall seconds, states saved, largest file in bytes)."""
    command = [RA, "train", config, "--data-root", brains, "--output", folder, "--overwrite", "--threads", "1",
               "--log-level", "debug", "--set", f"training.checkpoints.minutes={minutes}"]
    before, started = os.times(), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode != 0:
        sys.exit(done.stderr)
    after, wall = os.times(), time.monotonic() - started
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    largest = max(path.stat().st_size for path in Path(folder, "checkpoints").iterdir())
    return processor, wall, done.stderr.count("saved '"), largest


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--channels", type=int, nargs="+", default=[64, 128, 256, 512, 512])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        brains, config = Path(scratch, "brains"), Path(scratch, "cost.yaml")
        subprocess.run([RA, "synthesize", "--output", brains, "--count", "12", "--seed", "1", "--quiet"], check=True)
        config.write_text(CONFIG.format(size=options.image_size, epochs=options.epochs,
                                        channels=", ".join(map(str, options.channels))))
        print(f"channels {options.channels}, {options.image_size} pixels, load {os.getloadavg()[0]:.1f}")
        for _ in range(options.rounds):
            without = train(config, brains, Path(scratch, "without"), 1e6)
            saving = train(config, brains, Path(scratch, "saving"), 0)
            states = saving[2] - without[2]
            each = (saving[0] - without[0]) / max(states, 1)
            print(f"{saving[3] / 2**20:.0f} MiB a state, {states} more saved: {each:.2f} s of processor time each "
                  f"({saving[0]:.1f} against {without[0]:.1f} s in all; wall {saving[1]:.1f} against {without[1]:.1f} s): "
                  f"{100 * each / INTERVAL_S:.2f} % of 10 minutes", flush=True)


if __name__ == "__main__":
    main()
