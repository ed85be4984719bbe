"""Fetching published files into the user's cache, whole or not at all.

A file is written beside its place, checked, and renamed, so that another process finds no file or
a whole one. A transfer that breaks off, stalls or gives a wrong file is tried again.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tunetrace.errors import InputError

Progress = Callable[[str], None]
"""Called with what is being done, as `fetching folkrnn-v2, 3.4 MB`."""

Check = Callable[[Path], str | None]
"""What is wrong with a file; None if it is whole."""

ENVIRONMENT: Final = "TUNETRACE_CACHE"

_CHUNK: Final = 1 << 16
_ABANDONED: Final = 24 * 3600
"""Seconds after which an unfinished file belongs to no running fetch."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How long to wait for a server, in seconds, and how often to ask it."""

    connect: float = 10
    """For the connection."""
    read: float = 30
    """For the next bytes."""
    attempts: int = 3
    wait: float = 1
    """Before the second attempt; twice as long before the third, and so on."""


LIMITS: Final = FetchLimits()


def silent(what: str) -> None:
    """A Progress that shows nothing."""


def cache_folder(kind: str) -> Path:
    """The folder for fetched files of a kind (`corpora` or `models`).

    It is in the folder that TUNETRACE_CACHE names, or else in the user's cache.
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


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(name: str, url: str, path: Path, check: Check, progress: Progress = silent) -> None:
    """Fetch the file at url to path. A whole file replaces the one that is there.

    name: of the corpus or the model in the file. Raises InputError, which says what went wrong and
    where to put the file by hand; path is then unchanged.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        unfinished = path.with_name(f".{path.name}.fetching-{os.urandom(16).hex()}")
        try:
            failure = _fetch_whole(name, url, unfinished, check, progress)
            if failure is not None:
                raise InputError(
                    f"{name}: the download failed ({failure}); try again later, or download {url} "
                    f"yourself and save it as {path}"
                )
            unfinished.replace(path)
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"{name}: {path} cannot be written ({(error.strerror or 'unwritable').lower()}); "
            f"give another folder with {ENVIRONMENT}"
        ) from None


def _fetch_whole(name: str, url: str, to: Path, check: Check, progress: Progress) -> str | None:
    """Fetch a file in as many attempts as are allowed: why the last one failed, or None."""
    import requests

    failure = None
    for attempt in range(LIMITS.attempts):
        time.sleep(LIMITS.wait * attempt)
        size = 0
        try:
            with (
                requests.get(url, stream=True, timeout=(LIMITS.connect, LIMITS.read)) as answer,
                to.open("wb") as file,
            ):
                answer.raise_for_status()
                for chunk in answer.iter_content(_CHUNK):
                    size += file.write(chunk)
                    progress(f"fetching {name}, {size / 1e6:.1f} MB")
        except requests.HTTPError:
            status = answer.status_code
            failure = f"the server answers {status} {answer.reason or ''}".rstrip()
            if status < 500 and status not in (408, 429):
                break  # another attempt would fail too
        except requests.RequestException as error:
            failure = _reason(error)
        else:
            problem = check(to)
            if problem is None:
                return None
            failure = f"the server sent a wrong file: {problem}"
    return failure


def _reason(error: Any) -> str:
    """Why a transfer failed, in a few words."""
    import requests
    from urllib3.exceptions import ReadTimeoutError

    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {LIMITS.connect:g} s"
    if isinstance(error, requests.ReadTimeout) or any(
        isinstance(cause, ReadTimeoutError) for cause in error.args
    ):
        return f"the server sent nothing for {LIMITS.read:g} s"
    for kind, reason in (
        (requests.exceptions.SSLError, "the server's certificate cannot be verified"),
        (requests.exceptions.ProxyError, "the proxy does not answer"),
        (
            requests.exceptions.ChunkedEncodingError,
            "the connection ended before the end of the file",
        ),
        (requests.ConnectionError, "there is no connection to the server"),
    ):
        if isinstance(error, kind):
            return reason
    return "the server's answer cannot be understood"


def _remove_abandoned(path: Path) -> None:
    """Remove the unfinished files of fetches that were killed, but of none that may be running."""
    for left in path.parent.glob(f".{path.name}.fetching-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()
