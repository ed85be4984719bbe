"""Where an index is kept: what a file and a database on a server have in common.

Everything else in the store says what it asks of an index in SQLAlchemy's terms. What only one
database has is in `sqlite` and `postgres`, each a subclass of Storage.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, Final, Literal

import sqlalchemy as sa

from tunetrace.errors import IndexChangedError, IndexFileError
from tunetrace.indexer.store.schema import OLDEST_UPGRADED, SCHEMA_VERSION

Connection = sa.Connection
"""A connection to an index. Outside the store it is only handed on."""

LOCK_WAIT_SECONDS: Final = 60.0
"""How long a command waits while another one changes the index."""


class Storage(ABC):
    """The file, or the part of a database, that holds an index, whether there is one or not.

    It can be pickled, so that other processes open the same index.
    """

    errors: ClassVar[tuple[type[Exception], ...]]
    """What the driver and SQLAlchemy may raise where the index is read or written."""

    @property
    @abstractmethod
    def shown(self) -> str:
        """How messages name it, harmless and without a password. It may be given as --index."""

    @property
    @abstractmethod
    def place(self) -> Path | str:
        """Its path, or its URL without a password."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The last part of its place, which tells nothing of folders or machines."""

    def told(self, message: str) -> str:
        """A message for those who are not to know of folders or machines."""
        return message.replace(self.shown, self.name)

    @abstractmethod
    def absolute(self) -> Storage:
        """The same, whatever folder a process works in."""

    @property
    @abstractmethod
    def cache_folders(self) -> tuple[Path, ...]:
        """Where its arrays are cached: the first of these folders that can be written."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether anything is there, an index or not."""

    @abstractmethod
    def size(self) -> int:
        """How many bytes the index takes where it is kept. OSError if that cannot be told."""

    @abstractmethod
    def check(self) -> None:
        """See that there is an index of tunetrace; IndexFileError if not.

        check_whole sees whether it is whole and of this version.
        """

    @abstractmethod
    def version(self, connection: Connection) -> int:
        """The schema version of an index; IndexFileError if the index is not whole.

        To be asked inside a transaction.
        """

    def check_whole(self, connection: Connection) -> None:
        """See that an index is whole and of this version; IndexFileError if not.

        To be asked inside a transaction.
        """
        version = self.version(connection)
        if version != SCHEMA_VERSION:
            raise self.outdated(version)

    def is_same_place(self, other: Storage) -> bool:
        """Whether another storage is this one, by another path or not."""
        return self.absolute() == other.absolute()

    @abstractmethod
    def identity(self) -> int | None:
        """A number that tells this index from another that takes its place; None if absent, or if
        its generation tells that."""

    @abstractmethod
    def engine(self, mode: Literal["read", "change"]) -> sa.Engine:
        """An engine for the index, with a connection for each thread.

        Transactions begin and end where the code says so.
        """

    @abstractmethod
    def begin_reading(
        self, connection: Connection, identity: int | None, *, is_known: bool
    ) -> int | None:
        """Begin a transaction that sees one state of the index; gives the index's generation.

        identity: as it was opened; IndexChangedError if another index has taken its place.
        is_known: whether it was seen before that the index is whole.
        """

    @abstractmethod
    def begin_changing(self, connection: Connection, *, keeps_lock: bool) -> None:
        """Begin a transaction that changes the index, once no other one does.

        keeps_lock: keep all others out when it ends too, until the connection is closed.
        """

    def begin_upgrading(self, connection: Connection) -> None:
        """Begin a transaction that writes most of an index anew, once nobody else has it in use.

        It needs no memory for what it writes. All others are kept out until the connection is
        closed.
        """
        self.begin_changing(connection, keeps_lock=True)

    @abstractmethod
    def has_changed(self, connection: Connection) -> bool:
        """Whether anything was written since begin_changing."""

    @abstractmethod
    def shrink(self, connection: Connection) -> None:
        """Give back what is free. To be called after a transaction."""

    @abstractmethod
    def replacing(self, *, force: bool) -> AbstractContextManager[Connection]:
        """A connection to a new, empty index, which takes its place when the block ends well.

        Whoever opens the index meanwhile finds the old one, and nothing is left of a new one that
        was cut off. force: replace an index that is there. IndexFileError if one is in the way, if
        something else is there, or if another process changed the old one meanwhile.
        """

    @abstractmethod
    def hide(self, connection: Connection, counts: Mapping[int, tuple[int, int]]) -> None:
        """Hide tunes from whatever is asked through a connection, until it is closed.

        To be called inside a transaction, which it ends. counts: how many tokens, without headers,
        and how many bars each tune has, by its id.
        """

    @abstractmethod
    def is_hiding(self, connection: Connection) -> bool:
        """Whether hide was called with a connection."""

    @abstractmethod
    def faults(self, connection: Connection, *, is_full: bool) -> Iterator[str]:
        """What the database's own checks of an index find, in sentences."""

    @abstractmethod
    def is_damage(self, error: Exception) -> bool:
        """Whether an error is about what the index holds, not about access to it."""

    @abstractmethod
    def reason(self, error: Exception) -> str:
        """The driver's own words for an error, without a password."""

    @abstractmethod
    def unreadable(self, error: Exception) -> IndexFileError:
        """The error for an index that could not be read."""

    @abstractmethod
    def unwritable(self, error: Exception) -> IndexFileError:
        """The error for a place where no index can be written."""

    @abstractmethod
    def unchangeable(self, error: Exception) -> IndexFileError:
        """The error for an index that could not be changed."""

    # Errors that read the same everywhere

    def outdated(self, version: int) -> IndexFileError:
        """The error for an index of another schema version."""
        if version > SCHEMA_VERSION:
            advice = "use a newer tunetrace"
        elif version >= OLDEST_UPGRADED:
            advice = f"upgrade it with 'tunetrace index migrate --index {self.shown}'"
        else:
            advice = "build it again with 'tunetrace index build --force'"
        return IndexFileError(
            f"{self.shown}: the index has schema version {version}, but this tunetrace reads "
            f"version {SCHEMA_VERSION}; {advice}"
        )

    def damaged(self) -> IndexFileError:
        """The error for an index that does not hold what was written."""
        return IndexFileError(
            f"{self.shown}: the index is damaged; build it again with "
            "'tunetrace index build --force'"
        )

    def changed(self) -> IndexChangedError:
        """The error for a question to an index that is no longer what was opened."""
        return IndexChangedError(
            f"{self.shown}: the index was changed after it was opened; open the index again"
        )

    def replaced(self) -> IndexFileError:
        """The error for a change of an index that another one took the place of."""
        return IndexFileError(
            f"{self.shown}: another process replaced the index meanwhile, so nothing was changed; "
            "try again"
        )

    def closed(self) -> IndexFileError:
        """The error for a question to an index that was closed."""
        return IndexFileError(
            f"{self.shown}: this Index was closed; open it again with tunetrace.open_index"
        )

    def in_the_way(self) -> IndexFileError:
        """The error for a new index where there is one."""
        return IndexFileError(
            f"{self.shown}: there is an index already; replace it with --force, or add to it with "
            "'tunetrace index add'"
        )

    def changed_meanwhile(self) -> IndexFileError:
        """The error for a new index where the old one was changed meanwhile."""
        return IndexFileError(
            f"{self.shown}: another process changed the index meanwhile, so it was not replaced; "
            "try again to replace it"
        )
