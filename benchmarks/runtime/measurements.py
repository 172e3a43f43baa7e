"""One side of a comparison: a process whose own clock, or whose whole life, is timed."""

import json
import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

from machine import Neighbours

TIMEOUT_S = 900


class Failed(Exception):
    """A process that did not end well, with what it said."""


@dataclass
class Measurement:
    """What to run. `clock` says whose time counts:
    json    the runs, in seconds a slice, of the JSON line that the process prints last
    wall    the process from start to end, by `slices`; with `start` (the command for one slice) what the others take
    printed "N slices in X s" in what it prints, imports and loading excluded
    """

    name: str
    command: list
    cwd: str
    clock: str = "json"
    slices: int = 0
    start: list | None = None
    repeats: int = 1  # processes a round: one has only one run where its whole life is timed
    flop: float = 0.0  # of one slice; 0 for unknown
    environment: dict = field(default_factory=dict)


@dataclass
class Samples:
    """What a measurement gave, round by round."""

    rounds: list = field(default_factory=list)  # each a list of seconds a slice
    peak_mib: float = 0.0
    others: float = 0.0  # largest share of the processors that others took
    variant: str = ""

    def seconds(self):
        return statistics.median(self.all())

    def all(self):
        return [seconds for runs in self.rounds for seconds in runs]

    def of_round(self, index):
        return statistics.median(self.rounds[index])


@dataclass
class _Finished:
    output: str
    wall: float  # seconds, from start to end
    processor: float  # seconds
    peak_mib: float


def _finished(command, cwd, environment):
    """A process that must end well and in time."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=cwd, env={**os.environ, **environment}, stdout=output, stderr=errors)
        limit = threading.Timer(TIMEOUT_S, child.kill)
        limit.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        finally:
            limit.cancel()
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0), errors.seek(0)
        said, complained = output.read().decode(), errors.read().decode()
    if child.returncode != 0:
        late = f"more than {TIMEOUT_S} s" if wall > TIMEOUT_S else f"exit code {child.returncode}"
        raise Failed(f"{late}: {' '.join(command)[:300]}\n{(complained or said).strip()[-600:]}")
    return _Finished(said, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _words(command):
    return [str(word) for word in command]


def _runs(measurement, finished):
    """(seconds a slice of each run, the line of a JSON clock)."""
    if measurement.clock == "wall" and measurement.start:
        one = _finished(_words(measurement.start), measurement.cwd, measurement.environment)
        return [(finished.wall - one.wall) / (measurement.slices - 1)], {}
    if measurement.clock == "wall":
        return [finished.wall / measurement.slices], {}
    if measurement.clock == "printed":
        count, seconds = re.search(r"(\d+) slices in ([0-9.]+) s", finished.output).groups()
        return [float(seconds) / int(count)], {}
    line = json.loads(finished.output.strip().splitlines()[-1])
    return line["runs"], line


def run(measurement, samples):
    """Runs it for one round and adds to `samples`; Failed when the process fails."""
    of_round = []
    for _ in range(measurement.repeats):
        neighbours = Neighbours()
        finished = _finished(_words(measurement.command), measurement.cwd, measurement.environment)
        samples.others = max(samples.others, neighbours.share(finished.processor))
        runs, line = _runs(measurement, finished)
        of_round += runs
        samples.peak_mib = max(samples.peak_mib, finished.peak_mib)
        samples.variant = line.get("variant", samples.variant)
    samples.rounds.append(of_round)
