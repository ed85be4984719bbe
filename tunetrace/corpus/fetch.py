"""Fetching published files into the user's cache, whole or not at all.

A file is written beside its place, compared with what is published of it, and renamed, so that
whoever looks finds no file or a whole one. What is cut off, stalls or differs is tried again.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import uuid4

from tunetrace.errors import InputError

Progress = Callable[[str], None]
"""Told what is being done, as `fetching folkrnn-v2, 3.4 MB`."""

Check = Callable[[Path], str | None]
"""Says what is wrong with a file, None where it is whole."""

ENVIRONMENT: Final = "TUNETRACE_CACHE"

_CHUNK: Final = 1 << 16
_ABANDONED: Final = 24 * 3600
"""Seconds after which a file that a fetch left unfinished is nobody's."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for, in seconds, and how often it is asked.

    connect: for the connection; read: for the next bytes; wait: before the second attempt, twice
    that before the third, and so on.
    """

    connect: float = 10
    read: float = 30
    attempts: int = 3
    wait: float = 1


PATIENCE: Final = Patience()


def silent(what: str) -> None:
    """A Progress that shows nothing."""


def cache_folder(kind: str) -> Path:
    """Where fetched files of a kind lie: a folder of TUNETRACE_CACHE, else of the user's cache.

    kind: `corpora` or `models`.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named) / kind
    import platformdirs

    return Path(platformdirs.user_cache_dir("tunetrace", appauthor=False)) / kind


def git_blob(path: Path) -> str:
    """The id that git gives a file's bytes: the SHA-1 of `blob <size>`, a NUL and the bytes."""
    data = path.read_bytes()
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def fetch(
    name: str,
    url: str,
    path: Path,
    check: Check,
    progress: Progress = silent,
    patience: Patience | None = None,
) -> None:
    """Fetch the file at url to path, where it replaces what is there once it is whole.

    name: of the corpus or the model that it holds. Raises InputError, which says what went wrong
    and where to put the file by hand; then path is as it was.
    """
    patience = patience or PATIENCE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        beside = path.with_name(f".{path.name}.fetching-{uuid4().hex}")
        try:
            _attempt(name, url, beside, path, check, progress, patience)
            beside.replace(path)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{name}: {path} cannot be written ({(error.strerror or 'unwritable').lower()}); "
            f"name another folder with {ENVIRONMENT}"
        ) from None


def _attempt(
    name: str,
    url: str,
    beside: Path,
    path: Path,
    check: Check,
    progress: Progress,
    patience: Patience,
) -> None:
    """Bring the whole file to beside, in as many attempts as are allowed."""
    for attempt in range(1, patience.attempts + 1):
        may_pass, reason = _download(name, url, beside, progress, patience)
        if reason is None:
            reason = check(beside)
            if reason is None:
                return
            reason = f"what the server sent is not the file: {reason}"
        if not may_pass:
            break
        if attempt < patience.attempts:
            time.sleep(patience.wait * attempt)
    raise InputError(
        f"{name}: it cannot be fetched ({reason}); try again later, or get {url} by other means "
        f"and save it as {path}"
    )


def _download(
    name: str, url: str, to: Path, progress: Progress, patience: Patience
) -> tuple[bool, str | None]:
    """One attempt: whether a failure may pass, and what failed, None where nothing did."""
    import pooch
    import requests

    # Through a file of ours, pooch's downloader writes where and as we say, and logs nothing.
    downloader = pooch.HTTPDownloader(timeout=(patience.connect, patience.read), chunk_size=_CHUNK)
    try:
        with to.open("wb") as file:
            downloader(url, _Told(file, f"fetching {name}", progress), None)
    except requests.HTTPError as error:
        answer: Any = error.response
        said = f"the server answers {answer.status_code} {answer.reason or ''}".rstrip()
        return answer.status_code >= 500 or answer.status_code in (408, 429), said
    except requests.RequestException as error:
        return True, _reason(error, patience)
    return True, None


def _reason(error: Any, patience: Patience) -> str:
    """What kept a transfer from its end, in a few words."""
    import requests
    from urllib3.exceptions import ReadTimeoutError

    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {patience.connect:g} s"
    if isinstance(error, requests.ReadTimeout) or any(
        isinstance(cause, ReadTimeoutError) for cause in error.args
    ):
        return f"the server sent nothing for {patience.read:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate cannot be verified"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection ended before the file did"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection to the server"
    return "the server's answer makes no sense"


class _Told:
    """A file that says how much was written to it."""

    def __init__(self, file: BinaryIO, what: str, progress: Progress) -> None:
        self._file = file
        self._what = what
        self._progress = progress
        self._size = 0

    def write(self, data: bytes) -> int:
        self._size += len(data)
        self._progress(f"{self._what}, {self._size / 1e6:.1f} MB")
        return self._file.write(data)

    def flush(self) -> None:
        """Nothing: pooch would have every chunk flushed, and the file is closed before its use."""


def _remove_abandoned(path: Path) -> None:
    """Remove what fetches that were killed left beside a file, and none that may be at work."""
    for left in path.parent.glob(f".{path.name}.fetching-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()
