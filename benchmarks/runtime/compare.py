"""Sets `ra` beside its peers, turn by turn in one run, and prints and stores one table (scripts/bench calls it).

    python benchmarks/runtime/compare.py [--rounds 3] [--only forward screen ...] [--isa] [--scaling] [--no-bound]
        [--store] [--output build/bench]

Every round runs every side once, the two sides of a row next to each other; each process warms up by itself. A ratio is
the peer's median by ra's; its range is that of the rounds. --only takes rows whose name begins so. The table goes to
OUTPUT/table.{json,md}. Exit code 1 when a side fails or a ratio has dropped below the stored one by more than the noise
(ratios.json, one entry a class of instruction sets; --store writes it). The oracle lies in the shared folder
(RA_SHARED, or `shared` beside the project).
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import limits
import machine
import ratios
import scaling
import table
from measurements import Failed, Samples, run
from table_rows import ROOT, Sides, rows_of

HERE = Path(__file__).resolve().parent


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5, help="timed runs a round")
    parser.add_argument("--train-repeats", type=int, default=1, help="the same of training steps, of seconds each")
    parser.add_argument("--file-repeats", type=int, default=3, help="processes a round that screen files or volumes")
    parser.add_argument("--only", nargs="+", default=[""], metavar="ROW", help="rows whose names begin so")
    parser.add_argument("--isa", action="store_true", help="also with less of the processor (ONEDNN_MAX_CPU_ISA)")
    parser.add_argument("--scaling", action="store_true", help="also the curves over threads and batch")
    parser.add_argument("--no-bound", dest="bound", action="store_false", help="without bare convolutions and peak")
    parser.add_argument("--store", action="store_true", help="make these ratios the ones to hold")
    parser.add_argument("--output", type=Path, default=ROOT / "build/bench")
    parser.add_argument("--ra", type=Path, default=ROOT / "build/release/ra")
    options = parser.parse_args()
    options.shared = Path(os.environ.get("RA_SHARED", ROOT.parent / "shared")).resolve()
    options.output.mkdir(parents=True, exist_ok=True)
    return options


def bare_convolutions(options, precision):
    """What layer_bound.py finds: the peak, and the FLOP and the bound of each kind of work."""
    file = options.output / f"layer_bound_{precision}.json"
    command = [sys.executable, HERE / "layer_bound.py", "--oracle", options.shared, "--batch", options.batch,
               "--threads", options.threads, "--seconds", 0.1, "--json", file,
               "--precision", precision]
    command += [] if options.bound else ["--flop-only"]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    (options.output / f"layer_bound_{precision}.md").write_text(done.stdout)
    return json.loads(file.read_text())


class Comparison:
    """Runs rows round by round and keeps what their sides gave."""

    def __init__(self, rows, rounds):
        self.rows, self.rounds = rows, rounds
        self.samples, self.failures = {}, {}

    def run(self):
        for number in range(self.rounds):
            done = set()
            for row in self.rows:
                for side in (row.ours, row.peer):
                    if side.name not in done and side.name not in self.failures:
                        self._once(side, number)
                    done.add(side.name)

    def _once(self, side, number):
        samples = self.samples.setdefault(side.name, Samples())
        try:
            run(side, samples)
        except Failed as failure:
            self.failures[side.name] = str(failure)
            print(f"FAILED {side.name}: {failure}", flush=True)
            return
        print(f"round {number + 1}/{self.rounds}  {side.name}: {1000 * samples.of_round(number):.2f} ms a slice",
              flush=True)

    def result(self, row):
        """Of a row whose sides both ran, else None."""
        if row.ours.name in self.failures or row.peer.name in self.failures:
            return None
        ours, peer = self.samples[row.ours.name], self.samples[row.peer.name]
        by_round = [peer.of_round(k) / ours.of_round(k) for k in range(self.rounds)]
        return {"ratio": peer.seconds() / ours.seconds(), "low": min(by_round), "high": max(by_round)}


def empty_start(options):
    """Seconds that `ra` takes to start and do nothing: the loading of its libraries."""
    def once():
        began = time.perf_counter()
        subprocess.run([options.ra, "--version"], check=True, capture_output=True)
        return time.perf_counter() - began
    return statistics.median(once() for _ in range(9))


def prepare(rows, options):
    """The network that files are screened with, and what the first screening of a machine makes once."""
    with_files = [row for row in rows if row.key.startswith(("files", "volume"))]
    if with_files or options.isa:
        subprocess.run([sys.executable, HERE / "full_size_checkpoint.py", "--oracle", options.shared,
                        options.scratch / "full_size.pt"], check=True)
    for row in with_files:
        try:
            run(row.ours, Samples())
        except Failed:
            pass  # said when it is measured


def main():
    options = parsed()
    place = machine.describe(ROOT) | {"date": datetime.date.today().isoformat(), "threads": options.threads,
                                      "batch": options.batch, "rounds": options.rounds}
    print(f"{place['processor']}, {place['isa']}, load {place['load']}", flush=True)
    precisions = ["fp32", *(["bf16"] if machine.has_bf16_units() else [])]
    bare = {precision: bare_convolutions(options, precision) for precision in precisions}
    flop = {work: 1e9 * entry["gflop"] for work, entry in bare["fp32"]["bounds"].items()}
    with tempfile.TemporaryDirectory() as scratch:
        options.scratch = Path(scratch)
        every = rows_of(Sides(options, flop))
        rows = [row for row in every if row.key.startswith(tuple(options.only))]
        prepare(rows, options)
        comparisons = [Comparison(rows, options.rounds)]
        lower = machine.lower_classes() if options.isa else []
        comparisons += [Comparison(limits.rows(options, flop, name), 1) for name in lower]
        start = empty_start(options)
        for comparison in comparisons:
            comparison.run()
        agreement = {name: limits.agreement(options, name) for name in lower}
        curves = scaling.curves(options) if options.scaling else []
    report = table.report(place, comparisons, bare, curves) | {"agreement": agreement, "start_seconds": start}
    drops = ratios.drops(report, HERE / "ratios.json")
    table.write(report, drops, options.output)
    if options.store:
        ratios.store(report, HERE / "ratios.json")
    failures = [name for comparison in comparisons for name in comparison.failures]
    sys.exit(1 if failures or drops.found else 0)


if __name__ == "__main__":
    main()
