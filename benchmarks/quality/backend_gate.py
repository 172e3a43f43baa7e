"""Whether a fast backend gives the scores of the exact one: torch fp32 against openvino, and bf16 where asked.

    python benchmarks/quality/backend_gate.py --model M [--data DIR] [--perceptual encoder|squeezenet ...]
        [--candidates openvino:fp32 openvino:bf16 torch:bf16] [--limit N] [--variants 6] [--threads 2] [--json FILE]

Held-out slices of the shared folder DIR (RA_SHARED, or `shared` beside the project): the IXI subjects of the
reference's test list, each with lesions that `ra synthesize --into` puts into it, and LGG slices with and without
tumour. Every slice is screened by every engine; a gate compares the scores slice by slice. Passed: image AUROC within
0.002 of torch fp32 and Spearman's rank correlation at least 0.999, in each set. --limit takes so many healthy IXI
slices and so many of either kind of LGG. Exit code 1 when a gate fails.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parents[2]
AUROC_WITHIN, RANK_AT_LEAST = 0.002, 0.999


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")


def held_out(data):
    """The files of the reference's test list that are there: subjects whom no model of these splits has seen."""
    listed = rows_of(data / "data/ra_splits/data/CAPS_IXI/splits/ixi-t1_test_2D.csv")
    files = [data / "data/ixi_mid_axial" / Path(row["filename"]).name for row in listed]
    return sorted(file for file in files if file.exists())


def ixi_with_lesions(data, limit, variants, ra, scratch):
    """(files, labels): healthy slices, and the copies with a lesion each."""
    healthy = held_out(data)[:limit]
    folder = scratch / "lesions"
    run(ra, "synthesize", "--into", *healthy, "--lesions", "--variants", variants, "--seed", 5, "--output", folder,
        "--quiet")
    ill = [folder / row["image"] for row in rows_of(folder / "lesions.csv")]
    return [*healthy, *ill], [0] * len(healthy) + [1] * len(ill)


def lgg(data, limit):
    """(files, labels): tumour-free slices of patients, and the slice with the largest tumour of each."""
    folder = data / "data/lgg_t1"
    rows = rows_of(folder / "index.csv")
    free = [folder / row["image"] for row in rows if int(row["tumour_px"]) == 0][:limit]
    ill = [folder / row["image"] for row in rows if row["largest"] == "1"][:limit]
    return [*free, *ill], [0] * len(free) + [1] * len(ill)


def scores(files, engine, options, perceptual, folder):
    """The score of each file, in order."""
    backend, precision = engine.split(":")
    extra = ["--perceptual-weights", options.data / "weights/lpips_squeeze"] if perceptual == "squeezenet" else []
    listed = folder / "list.csv"
    folder.mkdir(parents=True)
    listed.write_text("filename\n" + "".join(f"{file}\n" for file in files))
    run(options.ra, "screen", "--model", options.model, listed, "--output", folder / "out", "--save", "none",
        "--latent", options.latent, "--perceptual", perceptual, *extra, "--backend", backend, "--precision", precision,
        "--threads", options.threads, "--quiet")
    found = {row["input"]: float(row["score"]) for row in rows_of(folder / "out/scores.csv")}
    return np.array([found[str(file)] for file in files])


def judged(exact, fast, labels):
    """One gate: what the numbers are and whether it holds."""
    auroc = [roc_auc_score(labels, values) for values in (exact, fast)]
    rank = spearmanr(exact, fast).statistic
    return {"slices": len(labels), "auroc": auroc[0], "auroc_fast": auroc[1], "rank_correlation": rank,
            "largest_relative_difference": float(np.max(np.abs(fast - exact) / exact)),
            "passed": bool(abs(auroc[1] - auroc[0]) <= AUROC_WITHIN and rank >= RANK_AT_LEAST)}


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("RA_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--perceptual", nargs="+", choices=["encoder", "squeezenet"], default=["encoder", "squeezenet"])
    parser.add_argument("--candidates", nargs="+", default=["openvino:fp32"], metavar="BACKEND:PRECISION")
    parser.add_argument("--latent", default="mean")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--variants", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ra", type=Path, default=ROOT / "build/release/ra")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.data = options.data.resolve()
    return options


def main():
    options, gates = parsed(), []
    print("| set | perceptual | engine | slices | AUROC, torch fp32 | AUROC | rank correlation | largest relative "
          "difference | |\n|---|---|---|---:|---:|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        sets = {"lesions in held-out IXI": ixi_with_lesions(options.data, options.limit, options.variants, options.ra,
                                                           scratch),
                "LGG, tumour or none": lgg(options.data, options.limit)}
        for number, (called, (files, labels)) in enumerate(sets.items()):
            for perceptual in options.perceptual:
                place = scratch / f"{number}_{perceptual}"
                exact = scores(files, "torch:fp32", options, perceptual, place / "exact")
                for engine in options.candidates:
                    fast = scores(files, engine, options, perceptual, place / engine.replace(":", "_"))
                    gate = {"set": called, "perceptual": perceptual, "engine": engine} | judged(exact, fast, labels)
                    gates.append(gate)
                    print(f"| {called} | {perceptual} | {engine.replace(':', ' ')} | {gate['slices']} | "
                          f"{gate['auroc']:.4f} | {gate['auroc_fast']:.4f} | {gate['rank_correlation']:.6f} | "
                          f"{gate['largest_relative_difference']:.1e} | {'passed' if gate['passed'] else 'FAILED'} |",
                          flush=True)
    if options.json:
        options.json.write_text(json.dumps(gates, indent=1) + "\n")
    sys.exit(0 if all(gate["passed"] for gate in gates) else 1)


if __name__ == "__main__":
    main()
