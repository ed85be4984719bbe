"""`tunetrace serve`: the index as an HTTP service with a page."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tunetrace.commands.completion import complete_files
from tunetrace.commands.options import index_option
from tunetrace.errors import InputError, OutputError, QueryError
from tunetrace.text import counted, printable

if TYPE_CHECKING:
    from tunetrace.indexer.index import Index


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Address to listen at; 0.0.0.0 is every address of this machine.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
              metavar="N", help="Port to listen at; 0 takes a free one.")  # fmt: skip
@click.option("--allow-host", "allowed_hosts", multiple=True, metavar="NAME",
              help="Also answer requests for this host, as a proxy sends them on; may be given "
              "again.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), metavar="N",
              help="Processes that answer questions (default: one a core).")  # fmt: skip
@click.option("--hide", metavar="FILE", shell_complete=complete_files,
              help="Tunes that no answer names or counts: a corpus:number a line.")  # fmt: skip
@click.option("--jobs", metavar="FOLDER", shell_complete=complete_files,
              help="Folder of the reports that are made (default: a temporary one).")  # fmt: skip
@click.option("--keep", type=click.FloatRange(min=0, min_open=True), default=24, show_default=True,
              metavar="HOURS", help="How long a report is kept.")  # fmt: skip
@click.option("--most-seconds", type=click.FloatRange(min=0, min_open=True), default=20,
              show_default=True, metavar="N", help="Time for one request.")  # fmt: skip
@click.option("--most-waiting", type=click.IntRange(min=1), default=200, show_default=True,
              metavar="N", help="Requests that are answered or wait at the same time.")  # fmt: skip
@click.option("--most-bytes", type=click.IntRange(min=1), default=1_000_000, show_default=True,
              metavar="N", help="Bytes that one request may send.")  # fmt: skip
@index_option
def serve(
    host: str,
    port: int,
    allowed_hosts: tuple[str, ...],
    workers: int | None,
    hide: str | None,
    jobs: str | None,
    keep: float,
    most_seconds: float,
    most_waiting: int,
    most_bytes: int,
    index_path: str | None,
) -> None:
    """Serve the index over HTTP, with a page for musicians.

    Only this machine can ask it, unless --host says otherwise. A line of JSON for each request goes
    to standard error. Ctrl-C ends it.

    \b
        tunetrace serve
        tunetrace serve --port 8080 --index v2.db
        tunetrace serve --hide hidden.txt --allow-host tunes.example.org
    """
    try:
        from tunetrace.web.app import make_app
        from tunetrace.web.guard.server import bracketed, listen, run_server
    except ImportError as error:
        raise OutputError(
            f"the service needs {error.name}, which is not installed; install tunetrace[serve]"
        ) from None
    from tunetrace.indexer.index import Index
    from tunetrace.indexer.store.database.naming import storage_of
    from tunetrace.web.settings import Limits, Settings

    storage = storage_of(index_path)
    with Index(storage) as index:
        tunes = index.tunes
        hidden = _hidden_tunes(Path(hide), index) if hide else frozenset()
    listening = listen(host, port)
    address = listening.getsockname()[0]
    settings = Settings(
        index=storage,
        workers=workers or os.cpu_count() or 1,
        hidden=hidden,
        hosts=_hosts(address, host, allowed_hosts),
        jobs=Path(jobs) if jobs else None,
        keep_seconds=3600 * keep,
        limits=replace(Limits(), seconds=most_seconds, waiting=most_waiting, body=most_bytes),
    )
    app = make_app(settings)
    place = f"http://{bracketed(host)}:{listening.getsockname()[1]}/"
    click.echo(f"{place} answers from {counted(tunes - len(hidden), 'tune')}; Ctrl-C ends it")
    if ip_address(address).is_unspecified:
        click.echo(
            "tunetrace: everyone who can reach this machine can ask; put a proxy with HTTPS in "
            "front of it",
            err=True,
        )
    run_server(app, listening)


def _hosts(address: str, host: str, allowed: Sequence[str]) -> frozenset[str] | None:
    """The hosts that requests may be for: any, if others can reach it and none is given."""
    from tunetrace.web.guard.refuse import host_name
    from tunetrace.web.guard.server import LOOPBACK_NAMES, bracketed

    if not allowed and not ip_address(address).is_loopback:
        return None
    given = {host_name(bracketed(name) if name.count(":") > 1 else name) for name in allowed}
    return LOOPBACK_NAMES | given | {host_name(bracketed(host))}


def _hidden_tunes(path: Path, index: Index) -> frozenset[str]:
    """The tunes that a file names, a `corpus:number` a line."""
    name = printable(str(path))
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        reason = (error.strerror or "unusable").lower()
        raise InputError(f"{name}: cannot be read ({reason}); give a text file") from None
    except UnicodeDecodeError:
        raise InputError(f"{name}: is no text in UTF-8; give a corpus:number a line") from None
    hidden = set()
    for number, line in enumerate(lines, 1):
        tune = line.partition("#")[0].strip()
        if not tune:
            continue
        if not re.fullmatch(r".+:[0-9]{1,9}", tune):
            raise InputError(
                f"{name}:{number}: '{printable(tune)}' names no tune; write corpus:number, such "
                "as thesession:55"
            )
        try:
            index.resolve(tune)
        except QueryError as error:
            raise InputError(f"{name}:{number}: {error}") from None
        corpus, _, count = tune.rpartition(":")
        hidden.add(f"{corpus}:{int(count)}")
    return frozenset(hidden)
