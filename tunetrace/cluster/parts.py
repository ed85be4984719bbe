"""The finished slices of a command on a cluster: a partitioned data set on disk.

Each folder has a file for each slice, most of them Parquet. `command.json` says what was asked. The
name of a file has the number of its slice and the digest of what the slice has. The file in the
last folder is written last, so a slice that has one is finished. A command that was cut off goes on
from these files.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from tunetrace._version import __version__
from tunetrace.cluster.connecting import ClusterName, connected
from tunetrace.cluster.tasks import Cluster, Task
from tunetrace.errors import ClusterError, OutputError, QueryError, TunetraceError
from tunetrace.files import exists, remove_leftovers, write_whole
from tunetrace.garbage import collector_paused
from tunetrace.progress import Progress, silent
from tunetrace.text import printable

PARQUET: Final = ".parquet"

_ASKED: Final = "command.json"
_PART: Final = re.compile(r"part-(\d+)-([0-9a-f]+)")

_AGAIN: Final = "repeat the command as it was, or remove this folder to begin anew"

Read = TypeVar("Read")


def check_cluster(cluster: ClusterName | None, *, resume: bool, data_set: object) -> None:
    """Raise QueryError if slices are asked for, to go on with or to keep, without a cluster."""
    if cluster is None and (resume or data_set is not None):
        raise QueryError(
            "only work on a cluster has slices to go on with or to keep; give --scheduler or "
            "--workers"
        )


def digest_of(texts: Iterable[str]) -> str:
    """The digest of what a slice has: 16 hexadecimal digits of its SHA-256."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", errors="surrogatepass") + b"\0")
    return digest.hexdigest()[:16]


def parquet_of(batch: Any) -> bytes:
    """A record batch of Arrow as the bytes of a Parquet file."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    sink = io.BytesIO()
    write_table(pa.Table.from_batches([batch]), sink, compression="zstd")
    return sink.getvalue()


class Parts:
    """The folder of the finished slices, and the way to finish the others."""

    def __init__(
        self,
        folder: Path,
        asked: Mapping[str, Any],
        endings: Mapping[str, str],
        *,
        resume: bool,
        keep: bool,
    ) -> None:
        """Look for finished slices in a folder; nothing is written yet.

        asked: the `command` and what its slices depend on, each by the words that messages use.
        endings: the names of the folders of files, each with the ending of its files. resume: go on
        with the slices that are there. keep: leave them there at the end.
        Raises OutputError if the folder has slices without resume, if they were made otherwise, or
        if it has other files.
        """
        self._folder = folder
        self._name = printable(str(folder))
        self._asked = json.loads(json.dumps({"version of tunetrace": __version__, **asked}))
        self._endings = endings
        self._keep = keep
        self._digests: dict[int, str] = {}
        """The digest of each finished slice, by its number."""
        if exists(folder / _ASKED):
            self._find(resume=resume)
            return
        with suppress(OSError):  # to write there will raise the error
            remove_leftovers(folder / _ASKED)  # a killed command's, which is no other file
            if any(folder.iterdir()):
                raise OutputError(
                    f"{self._name}: this folder has other files, but slices need a folder of their "
                    "own; give another folder"
                )

    def _find(self, *, resume: bool) -> None:
        last, ending = list(self._endings.items())[-1]
        for path in (self._folder / last).glob(f"*{ending}"):
            found = _PART.fullmatch(path.stem)
            if found:
                self._digests[int(found[1])] = found[2]
        try:
            before = json.loads((self._folder / _ASKED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            before = None
        if not isinstance(before, dict):  # it is damaged, or another program's
            before = {}
        if not self._digests and before.get("command") == self._asked["command"]:
            return  # it was cut off before a slice was finished
        if not resume:
            raise OutputError(
                f"{self._name}: there are slices of a command that was cut off, or that are kept "
                "as a data set; go on with --resume, or remove this folder to begin anew"
            )
        for name, value in self._asked.items():
            if before.get(name) != value:
                raise OutputError(
                    f"{self._name}: its slices were made with another {name}; {_AGAIN}"
                )

    def finish(
        self,
        cluster: ClusterName,
        make: Callable[..., Mapping[str, bytes]],
        tasks: Callable[[Cluster], Iterable[tuple[Task, str]]],
        what: str,
        progress: Progress = silent,
    ) -> Iterator[int]:
        """Finish all slices on a cluster; gives their numbers in order, as they can be read.

        make: a function of a module that makes the files of a slice, by the names of their folders.
        tasks: gives them for the connected cluster, numbered from 1, each with the digest of its
        slice. what: is being done, for progress. Raises ClusterError if the cluster cannot do the
        work, and OutputError if the finished slices are not these, or a file cannot be written.
        """
        digests: dict[int, str] = {}
        given = 0
        skipped = 0  # tunes of slices that were finished before

        def unfinished(workers: Cluster) -> Iterator[Task]:
            nonlocal given, skipped
            for task, digest in tasks(workers):
                if self._digests.get(task.number, digest) != digest:
                    raise self._other_slices()
                given += 1
                if task.number in self._digests:
                    skipped += task.tunes
                else:
                    digests[task.number] = digest
                    yield task

        def show(what: str, tunes: int) -> None:
            progress(what, tunes + skipped)

        following = 1
        with connected(cluster) as workers:
            if not self._digests:
                self._clear()  # what is left of a slice that was not finished
                with suppress(OSError):  # slices that are not kept are for this user alone
                    mode = 0o777 if self._keep else 0o700
                    self._folder.mkdir(mode, parents=True, exist_ok=True)
                asked = json.dumps(self._asked, indent=2) + "\n"
                write_whole(self._folder / _ASKED, asked.encode(), "a slice")
            try:
                for task, files in workers.run(make, unfinished(workers), what, show):
                    self._write(task.number, digests.pop(task.number), files)
                    while following <= given and following in self._digests:
                        yield following
                        following += 1
            except ClusterError as error:
                raise ClusterError(
                    f"{error}; with --resume the same command goes on with the finished slices"
                ) from None
        if len(self._digests) > given:
            raise self._other_slices()
        yield from range(following, given + 1)

    def _other_slices(self) -> OutputError:
        return OutputError(
            f"{self._name}: its slices are of other tunes, or the tunes were changed; {_AGAIN}"
        )

    def _write(self, number: int, digest: str, files: Mapping[str, bytes]) -> None:
        for name in self._endings:
            write_whole(self._path(name, number, digest), files[name], "a slice")
        self._digests[number] = digest

    def _path(self, name: str, number: int, digest: str) -> Path:
        return self._folder / name / f"part-{number:06}-{digest}{self._endings[name]}"

    def read(self, name: str, number: int, how: Callable[[Path], Read]) -> Read:
        """A file of a finished slice, by its folder. how: reads it.

        Raises OutputError if it cannot be read.
        """
        path = self._path(name, number, self._digests[number])
        try:
            # Ctrl-C would be lost if it came to what the collector calls in the middle of this.
            with collector_paused():
                return how(path)
        except TunetraceError:
            raise
        except Exception:  # a damaged file can raise anything
            raise OutputError(
                f"{self._name}: the file of slice {number} in '{name}' is damaged; remove this "
                "folder to begin anew"
            ) from None

    def table(self, name: str, number: int) -> Any:
        """The Arrow table of a finished slice, by its folder. OutputError if it is damaged."""
        from pyarrow.parquet import read_table

        return self.read(name, number, lambda path: read_table(path, partitioning=None))

    def end(self) -> None:
        """Remove all slices, unless they are to be kept: what was asked is done."""
        if not self._keep:
            self._clear()
            with suppress(OSError):
                self._folder.rmdir()

    def _clear(self) -> None:
        for name in reversed([*self._endings]):  # first the file that makes a slice finished
            shutil.rmtree(self._folder / name, ignore_errors=True)
        with suppress(OSError):
            (self._folder / _ASKED).unlink(missing_ok=True)
