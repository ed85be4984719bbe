"""How users name the place of an index: a path, the URL of a database, or nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from tunetrace.errors import IndexFileError
from tunetrace.indexer.store.database.storage import Storage

ENVIRONMENT: Final = "TUNETRACE_INDEX"
"""The environment variable that names the default index."""

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def storage_of(index: str | Path | Storage | None = None) -> Storage:
    """Where an index is kept, given by its path or its URL; None for the default one.

    The default is what TUNETRACE_INDEX names, else a file among the user's data. IndexFileError for
    a URL that is none of a PostgreSQL database.
    """
    if isinstance(index, Storage):
        return index
    named = os.environ.get(ENVIRONMENT) if index is None else index
    if not named:
        import platformdirs

        named = Path(platformdirs.user_data_dir("tunetrace", appauthor=False)) / "tunetrace.db"
    if isinstance(named, str) and _URL.match(named):
        try:
            from tunetrace.indexer.store.database.postgres import server_of
        except ImportError as error:
            raise IndexFileError(
                f"an index in a database needs {error.name or 'psycopg'}, which is not installed; "
                "install tunetrace[postgresql]"
            ) from None
        return server_of(named)
    from tunetrace.indexer.store.database.sqlite import IndexFile

    return IndexFile(Path(named))
