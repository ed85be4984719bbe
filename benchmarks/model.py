"""What the model costs: python -m benchmarks.model, or make bench-model."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import sampling
from benchmarks.output import say


def main() -> None:
    """Measure sampling and print its tables."""
    with TemporaryDirectory(prefix="tunetrace-benchmarks-") as name:
        sampling.measure(Path(name))
    say()
    say(f"The load average of the last minute is {os.getloadavg()[0]:.1f}; this alone makes 2.")


if __name__ == "__main__":
    main()
