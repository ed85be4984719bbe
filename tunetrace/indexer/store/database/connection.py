"""Reading an index, and changing it in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

from tunetrace.errors import IndexFileError
from tunetrace.garbage import collector_paused
from tunetrace.indexer.store.arrays.pieces import remove_unused
from tunetrace.indexer.store.database.storage import Connection, Storage
from tunetrace.indexer.store.meta import DamagedError, raise_generation


class Database:
    """An index that any number of threads read.

    It is refused once it was changed: the arrays in memory and the rows in the database would no
    longer be of one index.
    """

    def __init__(self, storage: Storage, change: Connection | None = None) -> None:
        """IndexFileError if there is no index.

        change: the connection of a change that is under way. Everything is read through it then.
        """
        self.storage = storage
        self._change = change
        self._is_closed = False
        self._generation: int | None = None
        self._hidden: dict[int, tuple[int, int]] = {}
        if change is None:
            storage.check()
            self._identity = storage.identity()
            self._engine = storage.engine("read")

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection that sees one state of the index.

        IndexFileError if it was changed since it was first asked, if it is no whole index of this
        version, and once it is closed.
        """
        storage = self.storage
        if self._is_closed:
            raise storage.closed()
        if self._change is not None:
            yield self._change
            return
        try:
            with self._engine.connect() as connection:
                is_known = self._generation is not None
                begin = partial(
                    storage.begin_reading, connection, self._identity, is_known=is_known
                )
                generation = begin()
                if self._hidden and not storage.is_hiding(connection):
                    storage.hide(connection, self._hidden)
                    generation = begin()
                if not is_known:
                    self._generation = generation
                elif generation != self._generation:
                    raise storage.changed()
                yield connection
                connection.commit()  # after which the driver keeps the statements it prepared
        except storage.errors as error:
            raise storage.unreadable(error) from None
        except DamagedError:
            raise storage.damaged() from None

    def hide(self, counts: Mapping[int, tuple[int, int]]) -> None:
        """Hide tunes from all later questions.

        counts: how many tokens, without headers, and how many bars each has, by its id.
        """
        self._hidden = dict(counts)

    def close(self) -> None:
        """Let go of the index."""
        self._is_closed = True
        if self._change is None:
            self._engine.dispose()


def version_of(storage: Storage) -> int:
    """The schema version of an index, of this version or not; IndexFileError if it is not whole."""
    storage.check()
    engine = storage.engine("read")
    try:
        with engine.connect() as connection:
            storage.begin_reading(connection, storage.identity(), is_known=True)
            return storage.version(connection)
    except storage.errors as error:
        raise storage.unreadable(error) from None
    finally:
        engine.dispose()


@contextmanager
def changing(
    storage: Storage, *, shrink: str | None = None, upgrades: bool = False
) -> Iterator[Connection]:
    """A connection inside one transaction, which ends with the block: committed, or undone.

    shrink: give back what is free afterwards, before anybody else may change the index; a sentence
    that says what was done, for the error if there is no room for that. upgrades: the index may be
    of another version. Raises IndexFileError if it is no index of this version otherwise, or cannot
    be changed.
    """
    storage.check()
    identity = storage.identity()
    engine = storage.engine("change")
    is_committed = False
    try:
        # Where anything fails, closing the connection undoes the transaction.
        with engine.connect() as connection, collector_paused():
            if upgrades:
                storage.begin_upgrading(connection)
            else:
                storage.begin_changing(connection, keeps_lock=shrink is not None)
            if storage.identity() != identity:
                raise storage.replaced()
            if not upgrades:
                storage.check_whole(connection)
            yield connection
            if storage.has_changed(connection):
                raise_generation(connection)
            connection.commit()
            is_committed = True
            with suppress(*storage.errors):  # what is committed did not fail
                remove_unused(connection)
                connection.commit()  # of what was read
            if shrink:
                storage.shrink(connection)
    except storage.errors as error:
        if is_committed:
            raise IndexFileError(
                f"{storage.shown}: {shrink}, but the index could not be made smaller "
                f"({storage.reason(error)}); free some disk space and run 'tunetrace index compact'"
            ) from None
        if storage.identity() != identity:
            raise storage.replaced() from None
        if storage.is_damage(error):
            raise storage.damaged() from None
        raise storage.unchangeable(error) from None
    except DamagedError:
        raise storage.damaged() from None
    finally:
        engine.dispose()
