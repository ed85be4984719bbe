"""Opening an index file: what it must be to be trusted, and where it is looked for."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from tunetrace.errors import IndexFileError
from tunetrace.indexer.schema import APPLICATION_ID, SCHEMA_VERSION

ENVIRONMENT: Final = "TUNETRACE_INDEX"


def default_path() -> Path:
    """Where the index is when nothing names another: TUNETRACE_INDEX, else the user's data."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("tunetrace", appauthor=False)) / "tunetrace.db"


def open_engine(path: Path) -> sa.Engine:
    """A read-only engine on an index file; IndexFileError where it is not a whole one of ours."""
    _check_header(path)
    uri = f"{path.absolute().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, check_same_thread=False)

    return sa.create_engine("sqlite://", creator=connect)


def _check_header(path: Path) -> None:
    """Read SQLite's file header (https://www.sqlite.org/fileformat.html, section 1.3)."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
            size = file.seek(0, os.SEEK_END)
    except FileNotFoundError:
        raise IndexFileError(
            f"{path}: there is no index; build one with 'tunetrace index build', "
            "or name another with --index"
        ) from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise IndexFileError(f"{path}: the index cannot be read ({reason}); name a file") from None
    if not header.startswith(b"SQLite format 3\0"):
        raise IndexFileError(f"{path}: this is no index of tunetrace; name another with --index")
    if len(header) < 100 or size < _page_size(header) * int.from_bytes(header[28:32], "big"):
        raise IndexFileError(
            f"{path}: the index is cut off; build it again with 'tunetrace index build --force'"
        )
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise IndexFileError(
            f"{path}: this is a database of another program; name an index of tunetrace"
        )
    version = int.from_bytes(header[60:64], "big")
    if version != SCHEMA_VERSION:
        raise IndexFileError(
            f"{path}: the index has schema version {version} and this tunetrace reads "
            f"{SCHEMA_VERSION}; build it again with 'tunetrace index build --force'"
        )


def _page_size(header: bytes) -> int:
    size = int.from_bytes(header[16:18], "big")
    return 65_536 if size == 1 else size
