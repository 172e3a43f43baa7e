"""Times `ra benchmark` and the Python oracle turn by turn, and prints medians, spread and ratios.

python benchmarks/runtime/compare.py [--rounds 3] [--threads 2] [--work train forward screen]
The oracle lies in the shared folder (RA_SHARED, or `shared` beside the project). Ratio > 1: ra is faster.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("RA_SHARED", ROOT.parent / "shared"))
LPIPS = SHARED / "weights" / "lpips_squeeze"


def measure(command, cwd):
    """The JSON line that one process prints."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def sides(work, options):
    """(command, folder) of ra and of the oracle."""
    shared = ["--work", work, "--batch", str(options.batch), "--threads", str(options.threads),
              "--repeats", str(options.repeats)]
    ra = [str(ROOT / "build/release/ra"), "benchmark", *shared, "--quiet"]
    if work == "screen":
        ra += ["--perceptual", "squeezenet", "--perceptual-weights", str(LPIPS)]
    oracle = [sys.executable, "-m", "oracle.benchmark", *shared, "--variant", "eager", "--lpips", str(LPIPS)]
    return (ra, ROOT), (oracle, SHARED)


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--work", nargs="+", default=["train", "forward", "screen"])
    options = parser.parse_args()
    print(f"{processor()}, {options.threads} threads, batch {options.batch}, fp32, full-size network, "
          f"{options.rounds} rounds of {options.repeats} runs, load {os.getloadavg()[0]:.1f}")
    print(f"{'work':8} {'ra ms/slice':>26} {'oracle eager ms/slice':>26} {'ratio':>6} {'ra peak MiB':>12}")
    for work in options.work:
        runs, peak = {"ra": [], "oracle": []}, 0
        for _ in range(options.rounds):
            for name, (command, folder) in zip(runs, sides(work, options)):
                line = measure(command, folder)
                runs[name] += [1000 * seconds for seconds in line["runs"]]
                peak = max(peak, line.get("peak_memory_mib", 0))
        text = {name: f"{statistics.median(v):.1f} ({min(v):.1f}-{max(v):.1f})" for name, v in runs.items()}
        ratio = statistics.median(runs["oracle"]) / statistics.median(runs["ra"])
        print(f"{work:8} {text['ra']:>26} {text['oracle']:>26} {ratio:6.2f} {peak:12}")


if __name__ == "__main__":
    main()
