"""How far the tasks of a cluster are, in words for the display of progress."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tunetrace.text import counted


@dataclass
class Standing:
    """The tasks of one command: how many are done, and how often one was begun again.

    Tasks begin on another thread than the one that reads this.
    """

    what: str
    """What is being done: `checking`."""
    workers: int = 0
    """How many workers there are now."""
    tasks: int = 0
    """How many tasks are done that have tunes of their own."""
    tunes: int = 0
    """How many tunes are done."""
    _begun: Counter[int] = field(default_factory=Counter)
    _since: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def repeats(self) -> int:
        """How many tasks were begun again, since the worker that had them is gone."""
        with self._lock:
            return self._begun.total() - len(self._begun)

    def begin(self, task: int) -> None:
        """Count that a worker has begun a task, given by its number."""
        with self._lock:
            self._begun[task] += 1

    def finish(self, tunes: int) -> None:
        """Count a task as done. tunes: how many it did; 0 if other tasks count for them."""
        self.tasks += tunes > 0
        self.tunes += tunes

    def __str__(self) -> str:
        """`checking on 2 workers: 3 slices done, 310 tunes a second, 1 begun again`."""
        where = counted(self.workers, "worker") if self.workers else "no worker (waiting for one)"
        told = f"{self.what} on {where}"
        parts = []
        if self.tasks:
            each_second = self.tunes / max(time.monotonic() - self._since, 1e-9)
            parts += [f"{counted(self.tasks, 'slice')} done", f"{each_second:,.0f} tunes a second"]
        if self.repeats:
            parts.append(f"{self.repeats:,} begun again")
        return f"{told}: {', '.join(parts)}" if parts else told
