"""The machine of a measurement: processor, instruction set, versions, and how busy others kept it."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

# Classes of instruction sets, best first, and a processor flag that each needs.
CLASSES = {"amx": "amx_bf16", "avx512_bf16": "avx512_bf16", "avx512": "avx512bw", "avx2": "avx2"}
# What an environment may take away, best first: the class that is left, and what tells oneDNN (in LibTorch and in
# OpenVINO, whose build reads the same variable) and ATen's own kernels.
LIMITS = {
    "avx512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "ATEN_CPU_CAPABILITY": "avx512"},
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "sse4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41", "ATEN_CPU_CAPABILITY": "default"},
}


def _cpuinfo(name):
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(name):
            return line.split(":", 1)[1].strip()
    return ""


def isa_class():
    """amx, avx512_bf16, avx512, avx2, or sse4.1 for anything less."""
    flags = _cpuinfo("flags").split()
    return next((name for name, flag in CLASSES.items() if flag in flags), "sse4.1")


def has_bf16_units():
    return isa_class() in ("amx", "avx512_bf16")


def lower_classes():
    """The limits that take something away from this processor."""
    order = [*CLASSES, "sse4.1"]
    return [name for name in LIMITS if order.index(name) > order.index(isa_class())]


def _commit(root):
    done = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def describe(root):
    """What a table says of the place it was measured in."""
    return {"processor": _cpuinfo("model name") or platform.processor(), "cores": os.cpu_count(), "isa": isa_class(),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
            "kernel": platform.release(), "commit": _commit(root), "load": round(os.getloadavg()[0], 2),
            "versions": {name: importlib.metadata.version(name) for name in ("torch", "openvino", "onnx", "numpy")}}


class Neighbours:
    """How much of the processors others took while a child process ran: seconds busy less those of the child."""

    def __init__(self):
        self.busy, self.idle = self._read()

    @staticmethod
    def _read():
        ticks = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        idle = ticks[3] + ticks[4]
        return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK"), idle / os.sysconf("SC_CLK_TCK")

    def share(self, child_seconds):
        """Of all processors, in [0, 1]."""
        busy, idle = self._read()
        total = busy - self.busy + idle - self.idle
        return max(0.0, busy - self.busy - child_seconds) / total if total > 0 else 0.0
