"""The oracle's training step at its best where `oracle/benchmark.py` has no variant that runs.

    python benchmarks/runtime/training_peer.py --oracle DIR [--precision fp32] [--compile] [--batch 8] [--threads 2]
        [--repeats 5]

Channels last and fused Adam; --precision bf16 adds autocast as `--variant best` does, --compile torch.compile of both
halves. In fp32 it is the peer of machines without bf16 units, where `--variant best` takes minutes a step. `--variant
compile` ends in its first step: a compiled half keeps whether its parameters want gradients, and the step turns that
off and on. Here each half is compiled once with and once without. Prints one JSON line as `oracle/benchmark.py` does.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from pathlib import Path

import torch


def compile_half(half):
    """Compiles a half of the network for both of its states, trained and frozen."""
    forward = half.forward

    # Two functions, since what is compiled is kept by function.
    def trained(*inputs):
        return forward(*inputs)

    def frozen(*inputs):
        return forward(*inputs)

    compiled = {True: torch.compile(trained), False: torch.compile(frozen)}
    first = next(half.parameters())
    half.forward = lambda *inputs: compiled[first.requires_grad](*inputs)


def training_work(oracle, precision, compiled, count):
    """A function that runs one step."""
    sys.path.insert(0, str(oracle))
    from oracle.benchmark import build
    from oracle.training_step import Hyperparameters, StepNoise, introspective_step

    model = build("eager")[0].to(memory_format=torch.channels_last)
    rate = Hyperparameters().learning_rate
    optimisers = [torch.optim.Adam(half.parameters(), lr=rate, fused=True) for half in (model.encoder, model.decoder)]
    if compiled:
        compile_half(model.encoder)
        compile_half(model.decoder)
    images = torch.rand(count, 1, 128, 128).contiguous(memory_format=torch.channels_last)
    bf16 = precision == "bf16"

    def work():
        noise = StepNoise(*(torch.randn(count, 128) for _ in StepNoise.names()))
        with torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else contextlib.nullcontext():
            terms = introspective_step(model, *optimisers, images, noise)
        if not all(torch.isfinite(term).all() for term in terms.values()):
            raise RuntimeError("a term of the step is not finite")

    return work


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    work = training_work(options.oracle, options.precision, options.compile, options.batch)
    for _ in range(2):
        work()
    seconds = []
    for _ in range(options.repeats):
        start = time.perf_counter()
        work()
        seconds.append((time.perf_counter() - start) / options.batch)
    variant = f"{'compile' if options.compile else 'best'} {options.precision}"
    print(json.dumps({"work": "train", "variant": variant, "batch": options.batch, "threads": options.threads,
                      "seconds_per_slice": statistics.median(seconds), "runs": seconds}))


if __name__ == "__main__":
    main()
