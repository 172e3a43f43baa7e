"""Where the time of `ra benchmark` goes: oneDNN's own clock by kind of work, and the rest.

    python benchmarks/runtime/onednn_profile.py [--ra PROGRAM] [--repeats 3] -- --work train --fidelity fast --threads 2

What stands behind -- is given to `ra benchmark`. LibTorch's convolutions and matrix products report themselves where
ONEDNN_VERBOSE asks for it; reorders are copies into another layout. The rest is everything else: norms, activations,
sums, optimiser, and convolutions of our own.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WARM_UPS = 2  # of ra benchmark


def by_kind(lines):
    """{(primitive, implementation, direction): [calls, milliseconds]} of oneDNN's lines."""
    found = collections.defaultdict(lambda: [0, 0.0])
    for line in lines:
        fields = line.split(",")
        if fields[0] != "onednn_verbose" or "exec" not in fields:
            continue
        at = fields.index("exec")
        primitive, implementation, direction = fields[at + 2 : at + 5]
        entry = found[primitive, implementation.split(":")[0], "" if direction == "undef" else direction]
        entry[0] += 1
        entry[1] += float(fields[-1])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ra", type=Path, default=ROOT / "build/release/ra")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("words", nargs="+", help="of ra benchmark")
    options = parser.parse_args()
    done = subprocess.run([options.ra, "benchmark", *options.words, "--repeats", str(options.repeats), "--quiet"],
                          env={**os.environ, "ONEDNN_VERBOSE": "profile_exec"}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    lines = done.stdout.strip().splitlines()
    result = json.loads(lines[-1])
    slices, runs = result.get("slices", result["batch"]), options.repeats + WARM_UPS
    whole = 1000 * sum(result["runs"]) / len(result["runs"])
    print(f"{result['work']} {result['variant']}, batch {result['batch']}, {result['threads']} threads: {whole:.1f} "
          "ms a slice\n\n| oneDNN | kernel | direction | calls a run | ms a slice | share |\n|---|---|---|---:|---:|---:|")
    rest = whole
    for (primitive, kernel, direction), (calls, spent) in sorted(by_kind(lines).items(), key=lambda item: -item[1][1]):
        each = spent / runs / slices
        rest -= each
        if each > 0.005 * whole:
            print(f"| {primitive} | {kernel} | {direction} | {calls / runs:.0f} | {each:.1f} | "
                  f"{100 * each / whole:.0f} % |")
    print(f"| all else | | | | {rest:.1f} | {100 * rest / whole:.0f} % |")


if __name__ == "__main__":
    main()
