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


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an attempt failed."""

    reason: str
    may_pass: bool
    """Whether another attempt may succeed."""


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


def fetch(
    name: str,
    url: str,
    path: Path,
    check: Check,
    progress: Progress = silent,
    limits: FetchLimits | None = None,
) -> None:
    """Fetch the file at url to path. A whole file replaces the one that is there.

    name: of the corpus or the model in the file. Raises InputError, which says what went wrong and
    where to put the file by hand; path is then unchanged.
    """
    limits = limits or LIMITS
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        unfinished = path.with_name(f".{path.name}.fetching-{os.urandom(16).hex()}")
        try:
            failure = _fetch_whole(name, url, unfinished, check, progress, limits)
            if failure is not None:
                raise InputError(
                    f"{name}: the download failed ({failure.reason}); try again later, or download "
                    f"{url} yourself and save it as {path}"
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


def _fetch_whole(
    name: str, url: str, to: Path, check: Check, progress: Progress, limits: FetchLimits
) -> _Failure | None:
    """Fetch a file in as many attempts as are allowed: the last failure, or None."""
    failure = None
    for attempt in range(limits.attempts):
        time.sleep(limits.wait * attempt)
        failure = _download(name, url, to, progress, limits)
        if failure is None:
            problem = check(to)
            if problem is None:
                return None
            failure = _Failure(f"the server sent a wrong file: {problem}", True)
        if not failure.may_pass:
            break
    return failure


def _download(
    name: str, url: str, to: Path, progress: Progress, limits: FetchLimits
) -> _Failure | None:
    """Make one attempt."""
    import requests

    size = 0
    try:
        with (
            requests.get(url, stream=True, timeout=(limits.connect, limits.read)) as answer,
            to.open("wb") as file,
        ):
            answer.raise_for_status()
            for chunk in answer.iter_content(_CHUNK):
                size += file.write(chunk)
                progress(f"fetching {name}, {size / 1e6:.1f} MB")
    except requests.HTTPError:
        reason = f"the server answers {answer.status_code} {answer.reason or ''}".rstrip()
        return _Failure(reason, answer.status_code >= 500 or answer.status_code in (408, 429))
    except requests.RequestException as error:
        return _Failure(_reason(error, limits), True)
    return None


def _reason(error: Any, limits: FetchLimits) -> str:
    """Why a transfer failed, in a few words."""
    import requests
    from urllib3.exceptions import ReadTimeoutError

    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {limits.connect:g} s"
    if isinstance(error, requests.ReadTimeout) or any(
        isinstance(cause, ReadTimeoutError) for cause in error.args
    ):
        return f"the server sent nothing for {limits.read:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate cannot be verified"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy does not answer"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection ended before the end of the file"
    if isinstance(error, requests.ConnectionError):
        return "there is no connection to the server"
    return "the server's answer cannot be understood"


def _remove_abandoned(path: Path) -> None:
    """Remove the unfinished files of fetches that were killed, but of none that may be running."""
    for left in path.parent.glob(f".{path.name}.fetching-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                left.unlink()
