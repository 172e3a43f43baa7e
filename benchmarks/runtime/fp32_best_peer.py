"""The oracle's training step at its best in float32: channels last and fused Adam, without bfloat16.

    python benchmarks/runtime/fp32_best_peer.py --oracle DIR [--compile] [--batch 8] [--threads 2] [--repeats 5]

The peer of machines without bf16 units, where `oracle/benchmark.py --variant best` takes minutes a step; --compile adds
torch.compile of both halves, as `--variant compile` does. Prints one JSON line as that does.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import torch


def training_work(oracle, count, compiled):
    """A function that runs one step."""
    sys.path.insert(0, str(oracle))
    from oracle.benchmark import build
    from oracle.training_step import Hyperparameters, StepNoise, introspective_step

    model = build("eager")[0].to(memory_format=torch.channels_last)
    rate = Hyperparameters().learning_rate
    optimisers = [torch.optim.Adam(half.parameters(), lr=rate, fused=True) for half in (model.encoder, model.decoder)]
    if compiled:
        model.encoder, model.decoder = torch.compile(model.encoder), torch.compile(model.decoder)
    images = torch.rand(count, 1, 128, 128).contiguous(memory_format=torch.channels_last)

    def work():
        noise = StepNoise(*(torch.randn(count, 128) for _ in StepNoise.names()))
        introspective_step(model, *optimisers, images, noise)

    return work


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    work = training_work(options.oracle, options.batch, options.compile)
    for _ in range(2):
        work()
    seconds = []
    for _ in range(options.repeats):
        start = time.perf_counter()
        work()
        seconds.append((time.perf_counter() - start) / options.batch)
    variant = "compile fp32" if options.compile else "best fp32"
    print(json.dumps({"work": "train", "variant": variant, "batch": options.batch, "threads": options.threads,
                      "seconds_per_slice": statistics.median(seconds), "runs": seconds}))


if __name__ == "__main__":
    main()
