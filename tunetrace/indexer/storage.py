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


_MAGIC: Final = b"SQLite format 3\0"


def may_be_replaced(path: Path) -> bool:
    """Whether a file is an index, be it cut off or of another version, and no one else's."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError:
        return False
    is_ours = header[68:72] in (b"", APPLICATION_ID.to_bytes(4, "big"))
    return header[: len(_MAGIC)] == _MAGIC[: len(header)] and is_ours


def open_engine(path: Path) -> sa.Engine:
    """A read-only engine on an index file; IndexFileError where it is not a whole one of ours."""
    _check_header(path)
    uri = f"{path.absolute().as_uri()}?mode=ro"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, check_same_thread=False)

    # SQLAlchemy takes a URL without a file for a database in memory, whose pool is not for threads.
    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.pool.QueuePool)


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
    if not header.startswith(_MAGIC):
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
