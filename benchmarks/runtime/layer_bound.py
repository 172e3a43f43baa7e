"""What a bare convolution of every layer's shape costs here: the bound of a target that is out of reach.

    python benchmarks/runtime/layer_bound.py --oracle DIR [--precision fp32|bf16] [--batch 8] [--threads 2]
        [--work forward|screen|exact|fast ...] [--ra PROGRAM] [--layout best|channels_last] [--seconds 0.3]
        [--flop-only] [--json FILE]

Each convolution of the full-size network, and for screening of the SqueezeNet distance, is timed alone, in a tight
loop, as a plain LibTorch call of the same shape, batch, precision and threads: the output (forward), the gradient of
its input and that of its weight. Of both layouts the faster one counts unless --layout says otherwise; of a convolution
behind the decoder's upsampling, also the form that makes the upsampling part of it (Note [Phases] in
src/ra/model/convolution.h), but not for exact. The bound of a kind of work is the sum over the layers, each counted as
often as the work needs it (COUNTS): nothing else is in it, no norm, activation, loss or optimiser. With
--ra, `ra benchmark` is run beside it and its share is bound / measured: 1 is a program that does nothing but
convolutions at this rate; above 1 is one whose convolutions are faster than these. FLOP are two a multiply-add.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

KINDS = ("forward", "input", "weight")
SHORT = {"channels_last": "l", "contiguous": "c"}
# How often a kind of work computes forward pass, input gradient and weight gradient of each half of the network.
# screen: the distance of two pairs of pictures, as they are and equalised.
# exact: the reference's order (src/ra/training/introspective_step.h). fast: fake and rec are decoded once, rec is
# encoded once in the encoder update, and the terms of weight 1e-8 are left out.
COUNTS = {
    "forward": {"encoder": (1, 0, 0), "decoder": (1, 0, 0)},
    "screen": {"encoder": (1, 0, 0), "decoder": (1, 0, 0), "lpips": (4, 0, 0)},
    "exact": {"encoder": (6, 6, 4), "decoder": (8, 7, 4)},
    "fast": {"encoder": (5, 5, 3), "decoder": (4, 5, 2)},
}
# The first convolution's input is an image: only the decoder update, through E(rec) and E(fake), needs its gradient.
FIRST_LAYER_INPUT_GRADIENTS = {"forward": 0, "screen": 0, "exact": 2, "fast": 2}


class Layer:
    """One convolution of the network: its shapes and what it costs."""

    def __init__(self, name, module, input_size, size):
        self.name, self.half = name, name.split(".")[0]
        self.shape = (module.out_channels, module.in_channels, *module.kernel_size)
        self.padding, self.stride = list(module.padding), list(module.stride)
        self.input_size, self.size = input_size, size
        self.seconds, self.layout = {}, {}
        # Behind an upsampling, from 8 pixels to 16 on: seconds of the form that makes it part of the convolution.
        self.doubles = self.half == "decoder" and name.endswith("conv1") and size >= 16
        self.by_phases = {}

    def flop(self):
        """Of one slice and one kind."""
        out, inner, height, width = self.shape
        return 2 * out * inner * height * width * self.size**2

    def call(self, kind, batch, dtype, layout):
        """A function that computes one kind once."""
        out, inner = self.shape[:2]
        memory = {"channels_last": torch.channels_last, "contiguous": torch.contiguous_format}[layout]
        x, gradient, weight = (torch.randn(shape, dtype=torch.float32).to(dtype).contiguous(memory_format=memory)
                               for shape in ((batch, inner, self.input_size, self.input_size),
                                             (batch, out, self.size, self.size), self.shape))
        if kind == "forward":
            return lambda: torch.conv2d(x, weight, None, self.stride, self.padding)
        mask = [kind == "input", kind == "weight", False]
        return lambda: torch.ops.aten.convolution_backward(gradient, x, weight, None, self.stride, self.padding, [1, 1],
                                                           False, [0, 0], 1, mask)

    def phases_call(self, kind, batch, dtype):
        out, inner = self.shape[:2]
        x, gradient, weight = (torch.randn(shape).to(dtype).contiguous(memory_format=torch.channels_last) for shape in
                               ((batch, inner, self.size // 2, self.size // 2), (batch, out, self.size, self.size),
                                (inner, out, 4, 4)))
        return {"forward": lambda: torch.conv_transpose2d(x, weight, None, 2, 1),
                "input": lambda: torch.conv2d(gradient, weight, None, 2, 1),
                "weight": lambda: torch.ops.aten.convolution_backward(
                    x, gradient, weight, None, [2, 2], [1, 1], [1, 1], False, [0, 0], 1, [False, True, False])}[kind]

    def seconds_of(self, work, kind):
        """The least that a kind of this layer takes in a kind of work."""
        direct = self.seconds[kind]
        return direct if work == "exact" else min(direct, self.by_phases.get(kind, direct))

    def measure(self, kind, options, dtype):
        if self.doubles:
            self.by_phases[kind] = timed(self.phases_call(kind, options.batch, dtype), options.seconds)
        for layout in ["channels_last"] + (["contiguous"] if options.layout == "best" else []):
            seconds = timed(self.call(kind, options.batch, dtype, layout), options.seconds)
            if seconds < self.seconds.get(kind, float("inf")):
                self.seconds[kind], self.layout[kind] = seconds, layout

    def count(self, work, kind):
        times = COUNTS[work].get(self.half, (0, 0, 0))[KINDS.index(kind)]
        first = self.name == "encoder.main.0" and kind == "input"
        return FIRST_LAYER_INPUT_GRADIENTS[work] if first else times


def timed(work, seconds):
    """Median of runs that fill `seconds`, at least three, after one that does not count."""
    work()
    runs, started = [], time.perf_counter()
    while len(runs) < 3 or time.perf_counter() - started < seconds:
        before = time.perf_counter()
        work()
        runs.append(time.perf_counter() - before)
    return statistics.median(runs)


def layers_of(oracle):
    """Every convolution of the full-size network and of the SqueezeNet distance, as it meets a slice."""
    sys.path.insert(0, str(oracle))
    from oracle.anomaly_map import SqueezeLpips
    from oracle.benchmark import build

    layers = []
    distance = SqueezeLpips.from_folder(oracle / "weights/lpips_squeeze").backbone
    with torch.no_grad():
        for prefix, network, channels in (("", build("eager")[0].eval(), 1), ("lpips.", distance, 3)):
            for name, module in network.named_modules():
                if isinstance(module, torch.nn.Conv2d):
                    module.register_forward_hook(lambda m, given, output, called=prefix + name: layers.append(
                        Layer(called, m, given[0].shape[-1], output.shape[-1])))
            network(torch.rand(1, channels, 128, 128))
    return layers


def counted(layers, work):
    """(layer, kind, how often), where that is not 0."""
    every = [(layer, kind, layer.count(work, kind)) for layer in layers for kind in KINDS]
    return [entry for entry in every if entry[2] > 0]


def flop(layers, work):
    """Of one slice."""
    return sum(times * layer.flop() for layer, _, times in counted(layers, work))


def bound(layers, work, batch):
    """Seconds a slice."""
    return sum(times * layer.seconds_of(work, kind) for layer, kind, times in counted(layers, work)) / batch


def ra_seconds(work, options):
    """What `ra benchmark` says of the same work, with its arithmetic."""
    command = [options.ra, "benchmark", "--batch", str(options.batch), "--threads", str(options.threads), "--repeats",
               "3", "--precision", options.precision, "--quiet"]
    if work == "screen":
        command += ["--backend", "openvino", "--perceptual", "squeezenet", "--perceptual-weights",
                    options.oracle / "weights/lpips_squeeze"]
    command += ["--work", work] if work in ("forward", "screen") else ["--work", "train", "--fidelity", work]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])["seconds_per_slice"]


def print_layers(layers, batch, kinds):
    print("GFLOP/s of a bare convolution; l: channels last, c: contiguous, the faster\n")
    print("| layer | shape | output | " + " | ".join(kinds) + " |\n|---|---|---|" + "---:|" * len(kinds))
    for layer in layers:
        rates = [f"{batch * layer.flop() / layer.seconds[kind] / 1e9:.1f} {SHORT[layer.layout[kind]]}"
                 if kind in layer.seconds else "-" for kind in kinds]
        print(f"| {layer.name} | {'x'.join(map(str, layer.shape))} | {layer.size}x{layer.size} | {' | '.join(rates)} |")


def print_bounds(bounds):
    print("\n| work | GFLOP a slice | bound, ms a slice | GFLOP/s | ra, ms a slice | GFLOP/s | share of the bound |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for work, entry in bounds.items():
        gflop, seconds, ra = entry["gflop"], entry["bound_seconds"], entry.get("ra_seconds")
        tail = f"{1000 * ra:.1f} | {gflop / ra:.1f} | {100 * seconds / ra:.0f} %" if ra else "- | - | -"
        print(f"| {work} | {gflop:.1f} | {1000 * seconds:.1f} | {gflop / seconds:.1f} | {tail} |")


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", nargs="+", choices=list(COUNTS), default=list(COUNTS))
    parser.add_argument("--layout", choices=["best", "channels_last"], default="best")
    parser.add_argument("--seconds", type=float, default=0.3, help="spent on each layer, kind and layout")
    parser.add_argument("--ra", type=Path, help="the program, run beside it")
    parser.add_argument("--flop-only", action="store_true", help="count, and time nothing")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(layers, kinds, options):
    """Times every layer; the fastest rate found, in GFLOP/s."""
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[options.precision]
    for layer in layers:
        for kind in kinds if layer.half != "lpips" else KINDS[:1]:
            layer.measure(kind, options, dtype)
    return max(options.batch * layer.flop() / seconds / 1e9 for layer in layers for seconds in layer.seconds.values())


def main():
    options = parsed()
    torch.set_num_threads(options.threads)
    layers = layers_of(options.oracle)
    found = {"precision": options.precision, "batch": options.batch, "threads": options.threads,
             "bounds": {work: {"gflop": flop(layers, work) / 1e9} for work in options.work}}
    if not options.flop_only:
        kinds = KINDS if {"exact", "fast"} & set(options.work) else KINDS[:1]
        found["peak_gflops"] = measure(layers, kinds, options)
        for work, entry in found["bounds"].items():
            entry["bound_seconds"] = bound(layers, work, options.batch)
            if options.ra:
                entry["ra_seconds"] = ra_seconds(work, options)
        print(f"LibTorch {torch.__version__}, {options.precision}, batch {options.batch}, {options.threads} threads; "
              f"fastest convolution {found['peak_gflops']:.1f} GFLOP/s\n")
        print_layers(layers, options.batch, kinds)
        print_bounds(found["bounds"])
    if options.json:
        found["layers"] = [{"name": layer.name, "shape": layer.shape, "size": layer.size, "flop": layer.flop(),
                            "seconds": layer.seconds, "layout": layer.layout, "by_phases": layer.by_phases}
                           for layer in layers]
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
