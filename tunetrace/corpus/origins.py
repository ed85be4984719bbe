"""Where the files of named corpora come from: an installed music21, or a published file.

music21's are read as the files they are; music21 itself, which takes seconds to import, is never
imported. A published file is fetched into the user's cache and compared with its checksum whenever
it is used, whoever put it there.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, Protocol

from tunetrace.corpus import fetch
from tunetrace.corpus.session import problem_of
from tunetrace.errors import InputError
from tunetrace.files import exists


class Origin(Protocol):
    """Where the files of a corpus come from."""

    @property
    def source(self) -> str:
        """Where they are from, in words."""

    @property
    def url(self) -> str | None:
        """Where a file is fetched, None where none is."""

    @property
    def checksum(self) -> str | None:
        """What a whole file has, None where none is published."""

    @property
    def version(self) -> str | None:
        """Which state of them it is, None where that is not known before they are here."""

    def path(self) -> Path | None:
        """Where they lie, or would lie; None where that is nowhere."""

    def problem(self) -> str | None:
        """What is wrong with what lies there, None where nothing is or where nothing lies."""

    def locate(self, name: str, progress: fetch.Progress, refresh: bool) -> Path:
        """Where they lie, once they do; InputError, naming the corpus, where they cannot be had."""


@dataclass(frozen=True, slots=True)
class Music21Folder:
    """A folder of the corpus that music21 ships."""

    folder: str

    @property
    def source(self) -> str:
        return f"the ABC files in corpus/{self.folder} of the Python package music21"

    @property
    def url(self) -> None:
        return None

    @property
    def checksum(self) -> None:
        return None

    @property
    def version(self) -> str | None:
        try:
            return f"music21 {importlib.metadata.version('music21')}"
        except importlib.metadata.PackageNotFoundError:
            return None

    def path(self) -> Path | None:
        spec = importlib.util.find_spec("music21")
        for location in (spec.submodule_search_locations if spec else None) or []:
            folder = Path(location) / "corpus" / self.folder
            if folder.is_dir():
                return folder
        return None

    def problem(self) -> None:
        return None

    def locate(self, name: str, progress: fetch.Progress, refresh: bool) -> Path:
        folder = self.path()
        if folder is None:
            raise InputError(
                f"the corpus '{name}' is read from the files that music21 ships, and they are "
                "not here; install them with: pip install 'tunetrace[corpora]'"
            )
        return folder


_COMMANDS: Final = {"corpora": "corpus", "models": "model"}


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file on the web. git_blob and pinned (its version) are those of a file that never changes.

    Without them it is one of The Session, which changes weekly: its version is the day of the file
    that is here, and its beginning and end are all that can be looked at.
    """

    source: str
    url: str
    git_blob: str | None = None
    pinned: str | None = None
    kind: Literal["corpora", "models"] = "corpora"

    @property
    def checksum(self) -> str | None:
        return self.git_blob and f"git-blob:{self.git_blob}"

    @property
    def version(self) -> str | None:
        path = self.path()
        if self.pinned is not None or not _is_file(path):
            return self.pinned
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()

    def path(self) -> Path:
        return fetch.cache_folder(self.kind) / self.url.rpartition("/")[2]

    def problem(self) -> str | None:
        path = self.path()
        return self._problem_of(path) if _is_file(path) else None

    def locate(self, name: str, progress: fetch.Progress, refresh: bool) -> Path:
        path = self.path()
        if refresh or not _is_file(path):
            fetch.fetch(name, self.url, path, self._problem_of, progress)
            return path
        problem = self.problem()
        if problem is not None:
            raise InputError(
                f"{name}: {path} is not the published file ({problem}); put the one of {self.url} "
                f"there, or fetch it with: tunetrace {_COMMANDS[self.kind]} fetch {name} --refresh"
            )
        return path

    def _problem_of(self, path: Path) -> str | None:
        try:
            if self.git_blob is None:
                return problem_of(path)
            found = fetch.git_blob(path)
        except OSError as error:
            return f"it cannot be read, {(error.strerror or 'for no known reason').lower()}"
        expected = self.git_blob
        return None if found == expected else f"its git blob id is {found} and not {expected}"


def _is_file(path: Path) -> bool:
    return exists(path) and path.is_file()
