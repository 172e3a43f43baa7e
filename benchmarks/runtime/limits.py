"""Machines with less: both sides under a limit on instruction sets, and whether the scores stay what they are."""

import argparse
import csv
import os
import subprocess

import machine
from table_rows import ROOT, Sides, rows_of_limit

# Little work: a processor without AVX2 is several times slower.
LITTLE = {"batch": 2, "repeats": 2, "train_repeats": 1}
SLICES = 4


def rows(options, flop, name):
    little = argparse.Namespace(**vars(options) | LITTLE)
    return rows_of_limit(Sides(little, flop, machine.LIMITS[name], f" ({name})"), name)


def _scores(sides, backend, name, environment):
    side = sides.ra_files(sides.images[:SLICES], SLICES, f"limit_{name}", "fp32", backend)
    subprocess.run([str(word) for word in side.command], cwd=ROOT, env={**os.environ, **environment}, check=True,
                   capture_output=True)
    with open(sides.scratch / f"limit_{name}" / "scores.csv", newline="") as file:
        return [float(row["score"]) for row in csv.DictReader(file)]


def agreement(options, name):
    """Largest relative difference of scores under the limit from those without, one a backend; None where it failed."""
    sides, found = Sides(options, {"forward": 0.0, "exact": 0.0, "fast": 0.0}), {}
    for backend in ("torch", "openvino", "native"):
        try:
            whole = _scores(sides, backend, f"{backend}_whole", {})
            limited = _scores(sides, backend, f"{backend}_{name}", machine.LIMITS[name])
            found[backend] = max(abs(a - b) / abs(a) for a, b in zip(whole, limited, strict=True))
        except subprocess.CalledProcessError as error:
            print(f"FAILED {backend} with {name}: {error.stderr.decode()[-400:]}", flush=True)
            found[backend] = None
    return found
