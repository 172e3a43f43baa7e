"""Times OpenVINO on an ONNX export of the oracle's full-size network: the peer of `ra benchmark --work forward`.

    python benchmarks/runtime/openvino_peer.py --oracle DIR [--batch 8] [--threads 2] [--precision auto|fp32|bf16]
        [--repeats 5] [--onnx FILE]

DIR holds the package `oracle`. The model goes the way its users go: torch.onnx.export, openvino.Core.read_model,
throughput hint. Every stream gets its own batch and a run is as many batches as there are streams, so that no stream
waits. `auto` is what OpenVINO itself chooses for this processor. FILE keeps the export for the next call. Prints one
JSON line as oracle/benchmark.py does.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import openvino
from openvino import properties
from openvino.properties import hint


def export(oracle, batch, file):
    """Writes the network with seeded random weights as ONNX, unless `file` is there."""
    if file.exists():
        return
    sys.path.insert(0, str(oracle))
    import torch
    from oracle.benchmark import build

    model = build("eager")[0].eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (torch.rand(batch, 1, 128, 128),), str(file), dynamo=False)


def compile_model(file, threads, precision):
    settings = {hint.performance_mode(): hint.PerformanceMode.THROUGHPUT,
                properties.inference_num_threads(): threads}
    if precision != "auto":
        settings[hint.inference_precision()] = {"fp32": openvino.Type.f32, "bf16": openvino.Type.bf16}[precision]
    core = openvino.Core()
    model = core.read_model(file)
    # The reconstruction alone, as ra computes it: the other outputs would only be copied.
    kept = openvino.Model([model.outputs[0]], model.get_parameters(), "reconstruction")
    return core.compile_model(kept, "CPU", settings)


def measure(compiled, batch, repeats):
    """Seconds a slice of each run, and the batches of a run."""
    at_once = compiled.get_property(properties.optimal_number_of_infer_requests())
    generator = np.random.default_rng(0)
    requests = [compiled.create_infer_request() for _ in range(at_once)]
    for request in requests:
        request.set_input_tensor(openvino.Tensor(generator.random((batch, 1, 128, 128), np.float32)))

    def work():
        for request in requests:
            request.start_async()
        for request in requests:
            request.wait()

    for _ in range(2):
        work()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append((time.perf_counter() - start) / (batch * at_once))
    return seconds, at_once


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--onnx", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        file = options.onnx or Path(scratch, "network.onnx")
        export(options.oracle, options.batch, file)
        compiled = compile_model(file, options.threads, options.precision)
    seconds, at_once = measure(compiled, options.batch, options.repeats)
    chosen = compiled.get_property(hint.inference_precision()).get_type_name()
    print(json.dumps({"work": "forward", "variant": f"openvino {openvino.get_version().split('-')[0]} {chosen}",
                      "batch": options.batch, "threads": options.threads, "streams": at_once,
                      "seconds_per_slice": statistics.median(seconds), "runs": seconds}))


if __name__ == "__main__":
    main()
