"""Where the files of named corpora come from: an installed music21, or a published file.

music21's files are read directly. music21 itself takes seconds to import and is never imported. A
published file is fetched into the user's cache. At each use it is compared with its checksum, also
if a user put it there.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from tunetrace.corpus import fetch
from tunetrace.corpus.session import problem_of
from tunetrace.errors import InputError
from tunetrace.files import exists


@dataclass(frozen=True, slots=True)
class Music21Folder:
    """A folder of the corpus that music21 ships. It has no url, checksum or problem."""

    folder: str

    url: None = field(default=None, init=False)
    checksum: None = field(default=None, init=False)

    @property
    def source(self) -> str:
        """Where the files come from, in words."""
        return f"the ABC files in corpus/{self.folder} of the Python package music21"

    @property
    def version(self) -> str | None:
        """The release of music21; None if it is not installed."""
        import importlib.metadata  # slow, and a check does not need it

        try:
            return f"music21 {importlib.metadata.version('music21')}"
        except importlib.metadata.PackageNotFoundError:
            return None

    def path(self) -> Path | None:
        """Where the folder is; None if it is not installed."""
        spec = importlib.util.find_spec("music21")
        for location in (spec.submodule_search_locations if spec else None) or []:
            folder = Path(location) / "corpus" / self.folder
            if folder.is_dir():
                return folder
        return None

    def problem(self) -> None:
        """Nothing: the files are taken as they are installed."""

    def locate(self, name: str, progress: fetch.Progress, refresh: bool) -> Path:
        """The path of the folder. InputError, naming the corpus, if it is not installed."""
        folder = self.path()
        if folder is None:
            raise InputError(
                f"the corpus '{name}' needs the Python package music21, which is not installed; "
                "install it with: pip install 'tunetrace[corpora]'"
            )
        return folder


_COMMANDS: Final = {"corpora": "corpus", "models": "model"}


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file on the web.

    A file without a git_blob is one of The Session's, which change weekly. Its version is the day
    of the file in the cache, and only its beginning and its end can be checked.
    """

    source: str
    url: str
    git_blob: str | None = None
    """git's id of its content, if the content never changes."""
    pinned: str | None = None
    """Its version, if the content never changes."""
    kind: Literal["corpora", "models"] = "corpora"

    @property
    def checksum(self) -> str | None:
        """Of the whole file; None if none is published."""
        return self.git_blob and f"git-blob:{self.git_blob}"

    @property
    def version(self) -> str | None:
        """A commit, or the day of the file in the cache; None if that is not there."""
        path = self.path()
        if self.pinned is not None or not _is_file(path):
            return self.pinned
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()

    def path(self) -> Path:
        """Where the file is, or will be after fetching."""
        return fetch.cache_folder(self.kind) / self.url.rpartition("/")[2]

    def problem(self) -> str | None:
        """What is wrong with the file in the cache, if anything."""
        path = self.path()
        return self._problem_of(path) if _is_file(path) else None

    def locate(self, name: str, progress: fetch.Progress, refresh: bool) -> Path:
        """The path of the file, after fetching it if needed.

        name: of its corpus or model, for the message of InputError, raised if that fails or if the
        file in the cache is wrong.
        """
        path = self.path()
        if refresh or not _is_file(path):
            fetch.fetch(name, self.url, path, self._problem_of, progress)
            return path
        problem = self.problem()
        if problem is not None:
            raise InputError(
                f"{name}: {path} is not the published file ({problem}); replace it with the file "
                f"at {self.url}, or with: tunetrace {_COMMANDS[self.kind]} fetch {name} --refresh"
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
        return (
            None if found == expected else f"its git blob id is {found}, but should be {expected}"
        )


Origin = Music21Folder | PublishedFile


def _is_file(path: Path) -> bool:
    return exists(path) and path.is_file()
