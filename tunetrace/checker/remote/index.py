"""The index of a command in the workers of a cluster: compared, opened and kept open there."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from threading import RLock
from typing import Final

from tunetrace.errors import ClusterError, IndexFileError
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import fingerprint_of
from tunetrace.indexer.store.database.storage import Storage

_opened: Final[dict[IndexElsewhere, Index]] = {}
"""The index that a worker keeps open: at most one, with its arrays mapped."""

_lock: Final = RLock()


@dataclass(frozen=True, slots=True)
class IndexElsewhere:
    """An index that this process has open, in the form that is sent to workers."""

    storage: Storage
    hidden: frozenset[str]
    """The tunes that are in no answer, as `corpus:number`."""
    fingerprint: str
    generation: int | None
    """The number that every change raises."""

    @classmethod
    def of(cls, index: Index) -> IndexElsewhere:
        """An open index."""
        return cls(
            index.storage.absolute(),
            index.hidden,
            fingerprint_of(index.catalogue.corpora()),
            index.generation,
        )

    @property
    def state(self) -> list[object]:
        """What tells this state of the index from others, as it is written in JSON."""
        return [self.fingerprint, self.generation, sorted(self.hidden)]

    def opened(self) -> Index:
        """The index, open in this process, which keeps it until it is given another one.

        Raises ClusterError if there is none at this place, or another one.
        """
        with _lock:
            if self not in _opened:
                _opened.clear()  # a task that still asks another index keeps it open
                _opened[self] = self._open()
            return _opened[self]

    def _open(self) -> Index:
        where = f"the worker on {socket.gethostname()}"
        try:
            index = Index(self.storage, hidden=self.hidden, may_lack=True)
        except IndexFileError as error:
            raise ClusterError(
                f"{where} cannot open the index, which must be at the same place for every worker: "
                f"{error}"
            ) from None
        found = fingerprint_of(index.catalogue.corpora()), index.generation
        if found != (self.fingerprint, self.generation):
            index.close()
            raise ClusterError(
                f"{where} has another index at {self.storage.shown}, or another state of it; copy "
                "the index of this command there"
            )
        return index
