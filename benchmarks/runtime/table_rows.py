"""The rows of the table: what is set beside what, and by how much it must be faster.

To add a row: its measurements in Sides (rows that name the same measurement share it), then a Row below.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import machine
from measurements import Measurement

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LISTED_SLICES = 120
VOLUME_SLICES = 120


@dataclass
class Row:
    """One comparison. The ratio is peer / ra: above 1, ra is faster."""

    key: str
    title: str
    ours: Measurement
    peer: Measurement
    target: float | None  # least ratio; None where the issue asks for none
    aim: float | None = None


class Sides:
    """Makes the measurements of one setting: batch, threads, and what the environment takes from the processor."""

    def __init__(self, options, flop, environment=None, label=""):
        self.options, self.flop, self.label = options, flop, label
        # The oracle's file screening takes its threads from here.
        self.environment = {"OMP_NUM_THREADS": str(options.threads), **(environment or {})}
        self.lpips = options.shared / "weights/lpips_squeeze"
        self.scratch = options.scratch
        self.checkpoint = self.scratch / "full_size.pt"  # main() writes it
        self.images = sorted((options.shared / "data/ixi_mid_axial").glob("*.png"))[:LISTED_SLICES]
        self.volume = options.shared / "data/ixi_volumes_2mm/IXI012-HH-1211_T1.nii.gz"

    def _make(self, name, command, cwd, **more):
        return Measurement(name + self.label, command, cwd, environment=self.environment, **more)

    def _repeats(self, work):
        return self.options.train_repeats if work == "train" else self.options.repeats

    def _shared(self, work, batch):
        return ["--batch", batch, "--threads", self.options.threads, "--repeats", self._repeats(work)]

    def ra(self, work, precision="fp32", backend="torch", fidelity="exact", batch=None):
        """`ra benchmark`."""
        command = [self.options.ra, "benchmark", "--work", work, *self._shared(work, batch or self.options.batch),
                   "--precision", precision, "--quiet"]
        if work == "train":
            return self._make(f"ra {precision} {fidelity}", [*command, "--fidelity", fidelity], ROOT,
                              flop=self.flop[fidelity])
        if work == "screen":
            command += ["--perceptual", "squeezenet", "--perceptual-weights", self.lpips]
        flop = self.flop["forward"] if work == "forward" else 0
        return self._make(f"ra {work} {backend} {precision}", [*command, "--backend", backend], ROOT, flop=flop)

    def prepare(self):
        command = [self.options.ra, "benchmark", "--work", "prepare", *self._shared("prepare", self.options.batch),
                   "--quiet", *self.images, self.volume]
        return self._make("ra prepare", command, ROOT)

    def oracle(self, work, variant="eager", batch=None):
        """`oracle/benchmark.py`."""
        command = [sys.executable, "-m", "oracle.benchmark", "--work", work, *self._shared(work,
                   batch or self.options.batch), "--variant", variant, "--lpips", self.lpips]
        flop = {"train": self.flop["exact"], "forward": self.flop["forward"]}.get(work, 0)
        return self._make(f"oracle {work} {variant}", command, self.options.shared, flop=flop)

    def training_peer(self, precision, compiled=False):
        """The oracle's step, channels last, where `oracle/benchmark.py` has no variant that runs."""
        command = [sys.executable, HERE / "training_peer.py", "--oracle", self.options.shared, "--precision", precision,
                   *self._shared("train", self.options.batch), *(["--compile"] if compiled else [])]
        return self._make(f"oracle train {'compile' if compiled else 'best'} {precision}", command, ROOT,
                          flop=self.flop["exact"])

    def openvino(self, precision):
        command = [sys.executable, HERE / "openvino_peer.py", "--oracle", self.options.shared,
                   *self._shared("forward", self.options.batch), "--precision", precision, "--onnx",
                   self.scratch / f"network{self.options.batch}.onnx"]
        return self._make(f"OpenVINO from ONNX {precision}", command, ROOT, flop=self.flop["forward"])

    def ra_files(self, inputs, count, name, precision, backend, with_start=True):
        """`ra screen`, maps written."""
        command = [self.options.ra, "screen", "--model", self.checkpoint, "--output", self.scratch / name,
                   "--overwrite", "--perceptual", "squeezenet", "--perceptual-weights", self.lpips, "--latent", "mean",
                   "--slices", "all", "--threads", self.options.threads, "--backend", backend, "--precision",
                   precision, "--quiet"]
        return self._make(f"ra {name} {backend} {precision}", [*command, *inputs], ROOT, clock="wall", slices=count,
                          repeats=self.options.file_repeats, start=None if with_start else [*command, inputs[0]])

    def oracle_files(self, inputs, count, name, clock):
        command = [sys.executable, "-m", "oracle.screen_files", self.checkpoint, self.lpips,
                   self.scratch / f"oracle_{name}", *inputs]
        return self._make(f"oracle {name}", command, self.options.shared, clock=clock, slices=count,
                          repeats=self.options.file_repeats)


def training_rows(sides, fast):
    """Steps of `fast` arithmetic and of fp32 beside the oracle."""
    trained, eager = sides.ra("train", fast, fidelity="fast"), sides.oracle("train")
    title = f"training step, {fast}, fast"
    bf16 = fast == "bf16"
    best = sides.oracle("train", "best") if bf16 else sides.training_peer(fast)
    rows = [Row("train_fast", f"{title} / oracle eager fp32", trained, eager, 9),
            Row("train_fast_best", f"{title} / oracle's best in {fast}", trained, best, 2.2),
            Row("train_fast_compile", f"{title} / oracle by torch.compile, {fast}", trained,
                sides.training_peer(fast, compiled=True), 2.2),
            Row("train_exact", "training step, fp32, exact / oracle eager fp32", sides.ra("train"), eager, 1.5)]
    if bf16:
        rows.append(Row("train_fast_fp32", "training step, fp32, fast / oracle eager fp32",
                        sides.ra("train", fidelity="fast"), eager, None))
    return rows


def memory_rows(sides, fast):
    """Screening and the forward pass, from memory to memory."""
    screener = sides.oracle("screen")
    ours = {precision: sides.ra("screen", precision, "openvino") for precision in {fast, "fp32"}}
    peer = "oracle eager fp32"
    return [Row("screen_fast", f"screening, no files, {fast}, openvino / {peer}", ours[fast], screener, 7, 10),
            Row("screen_native", f"screening, no files, fp32, native / {peer}", sides.ra("screen", "fp32", "native"),
                screener, 1.8, 2.5),
            Row("screen_fp32", f"screening, no files, fp32, openvino / {peer}", ours["fp32"], screener, None),
            Row("screen_torch", f"screening, no files, fp32, torch / {peer}", sides.ra("screen"), screener, None),
            Row("forward_openvino", f"forward, {fast}, openvino / OpenVINO from ONNX, {fast}",
                sides.ra("forward", fast, "openvino"), sides.openvino(fast), 1.0),
            Row("forward_native", f"forward, fp32, native / {peer}", sides.ra("forward", "fp32", "native"),
                sides.oracle("forward"), None),
            Row("forward_torch", f"forward, fp32, torch / {peer}", sides.ra("forward"), sides.oracle("forward"), None)]


def file_rows(sides, fast):
    """From files to files. The start of a program counts for the volume, and for the list on neither side."""
    count = len(sides.images)
    listed = sides.oracle_files(sides.images, count, "list", "printed")
    volume = sides.oracle_files([sides.volume], VOLUME_SLICES, "volume", "wall")
    rows = []
    for mark, precision, backend in (("", fast, "openvino"), ("_native", "fp32", "native")):
        engine = f"{precision}, {backend} / oracle screen_files"
        rows += [Row(f"files{mark}", f"{count} PNG slices to maps, start not counted, {engine}",
                     sides.ra_files(sides.images, count, "list", precision, backend, with_start=False), listed, 7, 10),
                 Row(f"volume{mark}", f"{VOLUME_SLICES} slices of a volume, start to files, {engine}",
                     sides.ra_files([sides.volume], VOLUME_SLICES, "volume", precision, backend), volume, 6)]
    return [*rows,
            Row("prepare", "preparing slices for training (PNG, NIfTI) / what the fastest step takes", sides.prepare(),
                sides.ra("train", fast, fidelity="fast"), 5)]


def rows_of(sides):
    """The issue's rows. Without bf16 units in the processor, rows of bf16 run in fp32: bf16 takes minutes a step."""
    fast = "bf16" if machine.has_bf16_units() else "fp32"
    return [*training_rows(sides, fast), *memory_rows(sides, fast), *file_rows(sides, fast)]


def rows_of_limit(sides, name):
    """The same work with less of the processor, both sides under the same limit."""
    peer, screener, step = f"oracle eager, both {name}", sides.oracle("screen"), sides.oracle("train")
    return [Row(f"{name}_forward", f"forward, fp32, torch / {peer}", sides.ra("forward"), sides.oracle("forward"),
                None),
            Row(f"{name}_screen_torch", f"screening, fp32, torch / {peer}", sides.ra("screen"), screener, None),
            Row(f"{name}_screen_native", f"screening, fp32, native / {peer}", sides.ra("screen", "fp32", "native"),
                screener, None),
            Row(f"{name}_screen_openvino", f"screening, fp32, openvino / {peer}",
                sides.ra("screen", "fp32", "openvino"), screener, None),
            Row(f"{name}_train_exact", f"training step, fp32, exact / {peer}", sides.ra("train"), step, None),
            Row(f"{name}_train_fast", f"training step, fp32, fast / {peer}", sides.ra("train", fidelity="fast"), step,
                None)]
