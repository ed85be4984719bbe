"""What a service is started with: where things are, and how much it does for one request."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tunetrace.indexer.store.database.storage import Storage


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the service does for one request, and for all together."""

    body: int = 1_000_000
    """Bytes that a request may send."""
    batch: int = 64_000_000
    """Bytes of a batch that a report is asked for."""
    tokens: int = 10_000
    """Tokens of a tune."""
    tunes: int = 20
    """Tunes in one check; a report is for more of them."""
    results: int = 1_000
    """Results of one answer."""
    seconds: float = 20.0
    """The time from the request to its answer, waiting included."""
    waiting: int = 200
    """Questions that are asked or wait at the same time."""
    send_seconds: float = 10.0
    """The time for a request's head, and for a body of no size; each 5,000 bytes of a body add a
    second."""
    jobs: int = 20
    """Reports that wait to be made."""
    disk: int = 4_000_000_000
    """Bytes of all batches and reports together."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a service is started with."""

    index: Storage
    """The index that is asked."""
    workers: int
    """Processes that answer questions."""
    hidden: frozenset[str] = frozenset()
    """Tunes of the index that no answer names or counts, as `corpus:number`."""
    hosts: frozenset[str] | None = None
    """The names that a request may give as its host, without a port; None if any will do."""
    jobs: Path | None = None
    """The folder of the reports; None for a temporary one, which ends with the service."""
    keep_seconds: float = 24 * 3600.0
    """How long a report is kept after it was made."""
    limits: Limits = field(default_factory=Limits)
