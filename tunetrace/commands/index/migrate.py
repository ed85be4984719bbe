"""`tunetrace index migrate`: an index of an older version becomes one of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tunetrace.commands.console import console
from tunetrace.commands.options import PrintAs, index_option, json_option, show
from tunetrace.commands.progress import progress_display

if TYPE_CHECKING:
    from tunetrace import MigrationReport


@click.command()
@index_option
@json_option
def migrate(index_path: str | None, print_as: PrintAs) -> None:
    """Upgrade an index of an older version.

    A new version of tunetrace may keep an index in another way. Then every other command refuses an
    older index. Its tunes, baseline and families stay as they are. Nobody can read the index until
    it is upgraded.

    \b
        tunetrace index migrate
        tunetrace index migrate --index mine.db
    """
    from tunetrace import migrate_index

    with progress_display() as progress:
        report = migrate_index(index_path, progress=progress)
    show(report, _print_migration, print_as)


def _print_migration(report: MigrationReport) -> None:
    out = console()
    out.print(report.path, soft_wrap=True)
    if not report.migrations:
        out.print(f"the index has schema version {report.version}; nothing is to be done")
        return
    for migration in report.migrations:
        out.print(migration, soft_wrap=True)
    megabytes = f"{report.bytes_before / 1e6:,.1f} MB before, {report.bytes / 1e6:,.1f} MB now"
    out.print(f"schema version {report.version_before} before, {report.version} now; {megabytes}")
