"""Ctrl-C: held back while other processes start, since only the command itself is to meet it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back interrupts; threads and processes that start meanwhile are never interrupted."""
    if os.name == "nt":
        yield  # signals cannot be held back there
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
