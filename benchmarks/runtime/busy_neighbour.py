"""How much speed is left when another process keeps one core busy.

python benchmarks/runtime/busy_neighbour.py [--work forward screen train] [--rounds 3]
Runs `ra benchmark` on the idle machine and beside an endless loop that is pinned to one core, turn by turn, and prints
medians and the share of the idle speed that remains; at least half should. For an otherwise idle machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def neighbour(core):
    """An endless loop on one core, for as long as the block lasts."""
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"],
                            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def seconds_per_slice(options, work):
    command = [options.ra, "benchmark", "--work", work, "--batch", options.batch, "--threads", options.threads,
               "--repeats", options.repeats, "--quiet"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])["seconds_per_slice"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs="+", default=["forward", "screen", "train"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--ra", type=Path, default=ROOT / "build/release/ra")
    options = parser.parse_args()
    core = max(os.sched_getaffinity(0))
    print(f"{options.threads} threads, batch {options.batch}, neighbour on core {core}, load {os.getloadavg()[0]:.1f}")
    print(f"{'work':8} {'idle ms/slice':>14} {'beside':>9} {'remains':>8}")
    for work in options.work:
        idle, beside = [], []
        for _ in range(options.rounds):
            idle.append(1000 * seconds_per_slice(options, work))
            with neighbour(core):
                beside.append(1000 * seconds_per_slice(options, work))
        quiet, busy = statistics.median(idle), statistics.median(beside)
        print(f"{work:8} {quiet:14.1f} {busy:9.1f} {100 * quiet / busy:7.0f}%", flush=True)


if __name__ == "__main__":
    main()
