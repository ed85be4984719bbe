"""What models cost: python -m benchmarks.model, or make bench-model."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks import sampling, training
from benchmarks.output import say


def main() -> None:
    """Measure sampling and training, and print their tables."""
    start = time.perf_counter()
    say(
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores; PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
    )
    with TemporaryDirectory(prefix="tunetrace-benchmarks-") as name:
        sampling.measure(Path(name))
    training.measure()
    say()
    say(
        f"All of this took {time.perf_counter() - start:.0f} s. The load average of the last "
        f"minute is {os.getloadavg()[0]:.1f}; the benchmark alone makes about 2."
    )


if __name__ == "__main__":
    main()
