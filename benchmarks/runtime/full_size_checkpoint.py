"""Writes a checkpoint of the full-size network with seeded random weights, for timing what reads one.

    python benchmarks/runtime/full_size_checkpoint.py --oracle DIR OUT.pt
"""

import argparse
import sys
from pathlib import Path

import torch


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    sys.path.insert(0, str(options.oracle))
    from oracle.benchmark import build

    torch.save({"model_weights": build("eager")[0].state_dict(), "epoch": 0}, options.out)


if __name__ == "__main__":
    main()
