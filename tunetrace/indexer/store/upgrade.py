"""Upgrading an index to this schema version, by Alembic and the modules in `migrations`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tunetrace.indexer.store.meta import DamagedError
from tunetrace.indexer.store.schema import OLDEST_UPGRADED, SCHEMA_VERSION, alembic_version
from tunetrace.progress import Progress

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory


def upgrade(connection: sa.Connection, version: int, progress: Progress) -> list[str]:
    """Upgrade an index from a schema version, inside the transaction of its change.

    Gives the first line of each migration that was run. DamagedError if the index is not whole.
    """
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    scripts = migrations()
    ran: list[str] = []

    def steps(heads: Any, context: MigrationContext) -> Iterable[Any]:
        return scripts._upgrade_revs("head", heads)

    def note(*, step: Any, **_: Any) -> None:
        ran.append(scripts.get_revision(step.up_revision_id).doc)

    options = {"fn": steps, "on_version_apply": [note]}
    context = MigrationContext.configure(connection, opts=options)
    heads = context.get_current_heads() if _has_versions(connection) else None
    if heads != (None if version == OLDEST_UPGRADED else (f"{version:04}",)):
        raise DamagedError("the index has another version than its table of versions")
    if heads is None:  # it is older than this table
        context.stamp(scripts, f"{version:04}")
    context.run_migrations(op=Operations(context), progress=progress)
    if connection.dialect.name == "sqlite":  # where the version is told before a table is read
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return ran


def _has_versions(connection: sa.Connection) -> bool:
    return sa.inspect(connection).has_table(alembic_version.name)


def migrations() -> ScriptDirectory:
    """The migrations that there are, as Alembic has them."""
    from alembic.script import ScriptDirectory

    folder = str(Path(__file__).with_name("migrations"))
    return ScriptDirectory(folder, version_locations=[folder])
