"""How much memory a process may take, so that no question takes all that the machine has."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from tunetrace.indexer.store.database.storage import Storage

MOST_BYTES: Final = 2_000_000_000
"""Bytes that a process may have besides what its index needs."""

_OF_INDEX: Final = 4
"""An index that is open takes at most this many times its bytes."""


def bound_memory(index: Storage) -> None:
    """Let this process have no more memory than a question needs. What asks for more gets
    MemoryError. On systems that have no such bound it does nothing."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        most = MOST_BYTES + _OF_INDEX * index.size()
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
