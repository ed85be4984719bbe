"""`tunetrace serve`: the index as an HTTP service with a page."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tunetrace.commands.options import index_option


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Address to listen at; 0.0.0.0 is every address of this machine.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
              metavar="N", help="Port to listen at; 0 takes a free one.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), metavar="N",
              help="Processes that answer questions (default: one a core).")  # fmt: skip
@click.option("--jobs", type=click.Path(path_type=Path), metavar="DIR",
              help="Keep reports in this folder (default: a temporary one).")  # fmt: skip
@click.option("--keep", type=click.FloatRange(min=0, min_open=True), default=60.0,
              show_default=True, metavar="MINUTES",
              help="Delete a report so long after it was made.")  # fmt: skip
@index_option
def serve(
    host: str,
    port: int,
    workers: int | None,
    jobs: Path | None,
    keep: float,
    index_path: str | None,
) -> None:
    """Serve the index over HTTP, with a page for musicians.

    \b
        tunetrace serve
        tunetrace serve --port 8080 --index v2.db
    """
    import uvicorn

    from tunetrace.indexer.store.connection import default_path
    from tunetrace.web.app import make_app
    from tunetrace.web.settings import Settings

    settings = Settings(
        index=Path(index_path) if index_path else default_path(),
        workers=workers or os.cpu_count() or 1,
        jobs=jobs,
        keep_seconds=keep * 60,
    )
    app = make_app(settings)
    app.state.jobs.folder.claim()
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False)
