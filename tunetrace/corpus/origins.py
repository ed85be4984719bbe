"""Where the files of named corpora come from: an installed music21, or published files.

music21's files are read directly; music21 itself, which takes long to import, is not imported. A
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
from tunetrace.corpus.tables.session import problem_of
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

    def files(self) -> list[Path]:
        """The tunebooks in their order. Text files are left out: one is music21's licence."""
        path = self.path()
        found = [] if path is None else path.rglob("*")
        return sorted(one for one in found if one.suffix.lower() == ".abc" and one.is_file())

    def is_here(self) -> bool:
        """Whether it is installed."""
        return self.path() is not None

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

    A file without a checksum is one of The Session's, which change weekly. Its version is the day
    of the file in the cache, and only its beginning and its end can be checked.
    """

    source: str
    url: str
    git_blob: str | None = None
    """git's id of its content, if the content never changes."""
    pinned: str | None = None
    """Its version, if the content never changes."""
    kind: Literal["corpora", "models"] = "corpora"
    sha256: str | None = None
    """Of its content, if that never changes and its publisher states it."""
    folder: str = ""
    """The folder of the cache where it lies with other files of one corpus."""

    @property
    def checksum(self) -> str | None:
        """Of the whole file; None if none is published."""
        if self.sha256 is not None:
            return f"sha256:{self.sha256}"
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
        return fetch.cache_folder(self.kind) / self.folder / self.url.rpartition("/")[2]

    def files(self) -> list[Path]:
        """The file alone."""
        return [self.path()]

    def is_here(self) -> bool:
        """Whether there is a file in the cache."""
        return _is_file(self.path())

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
            if self.sha256 is not None:
                what, expected, found = "SHA-256", self.sha256, fetch.sha256(path)
            elif self.git_blob is not None:
                what, expected, found = "git blob id", self.git_blob, fetch.git_blob(path)
            else:
                return problem_of(path)
        except OSError as error:
            return f"it cannot be read, {(error.strerror or 'for no known reason').lower()}"
        return None if found == expected else f"its {what} is {found}, but should be {expected}"


@dataclass(frozen=True, slots=True)
class PublishedFiles:
    """Several files on the web that are one corpus. They lie in a folder of the cache."""

    source: str
    published: tuple[PublishedFile, ...]
    """In the order in which they are read, with the same folder and version."""

    @property
    def url(self) -> str:
        """The addresses of the files, separated by spaces."""
        return " ".join(file.url for file in self.published)

    @property
    def checksum(self) -> str | None:
        """Those of the files, separated by spaces."""
        return " ".join(file.checksum or "" for file in self.published).strip() or None

    @property
    def version(self) -> str | None:
        """A commit, or the day of a file in the cache."""
        return self.published[0].version

    def path(self) -> Path:
        """The folder of the files."""
        return self.published[0].path().parent

    def files(self) -> list[Path]:
        """The files in their order."""
        return [file.path() for file in self.published]

    def is_here(self) -> bool:
        """Whether every file is in the cache."""
        return all(file.is_here() for file in self.published)

    def problem(self) -> str | None:
        """What is wrong with a file in the cache, if anything."""
        for file in self.published:
            problem = file.problem()
            if problem is not None:
                return f"{file.path().name}: {problem}"
        return None

    def locate(self, name: str, progress: fetch.Progress, refresh: bool) -> Path:
        """The folder, after fetching the files that are needed. InputError as for one file."""
        for file in self.published:
            file.locate(name, progress, refresh)
        return self.path()


Origin = Music21Folder | PublishedFile | PublishedFiles


def _is_file(path: Path) -> bool:
    return exists(path) and path.is_file()
