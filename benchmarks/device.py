"""The device that a benchmark runs on, for its figures."""

import os
import platform
import sys
from pathlib import Path
from typing import Any

import torch

DEVICES = ("cpu", "cuda", "auto")


def chosen_device(name: str) -> str:
    """Turn "auto" into "cuda" or "cpu"; end the program if there is no GPU."""
    if name == "cuda" and not torch.cuda.is_available():
        sys.exit("--device must be cpu or auto here, got cuda: torch finds no GPU")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


def device_facts(device: str) -> dict[str, Any]:
    """Return the name of the device, the versions and the number of threads."""
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else _processor(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda if device == "cuda" else None,
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
    }


def peak_device_mb(device: str) -> float | None:
    """Return the largest memory that torch allocated on a GPU in this process, in MiB; None on a CPU."""
    return torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else None


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return f"CPU: {line.partition(':')[2].strip()}"
    return f"CPU: {platform.processor() or platform.machine()}"
