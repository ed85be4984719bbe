"""The folder of the jobs: a folder for each, with its record, its batch and its report.

Only one service works in it at a time. A record is written whole, or not at all.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from tunetrace.errors import OutputError
from tunetrace.files import write_whole
from tunetrace.text import printable
from tunetrace.web.jobs.records import BATCH, REPORT, Job, job_from

_RECORD: Final = "job.json"
_MARK: Final = "about.txt"
_ABOUT: Final = "The reports of 'tunetrace serve'. It deletes what is in this folder.\n"
_LOCK: Final = "service.lock"
_JOB: Final = re.compile(r"[A-Za-z0-9_-]{32}")
_OWNER_ONLY: Final = 0o700


class JobsFolder:
    """A folder in which a service keeps its jobs."""

    def __init__(self, path: Path | None) -> None:
        """path: None for a temporary folder, which is removed at the end."""
        self._path = path
        self._lock: FileLock | None = None
        self._is_temporary = path is None

    def claim(self) -> None:
        """Make the folder and take it for this process, unless it has it already.

        OutputError if it has other files, cannot be written, or another service has it.
        """
        if self._lock is not None:
            return
        if self._path is None:
            self._path = Path(tempfile.mkdtemp(prefix="tunetrace-jobs-"))
        path = self._path = self._path.absolute()
        name = printable(str(path))
        try:
            path.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
            if not (path / _MARK).exists() and any(path.iterdir()):
                raise OutputError(
                    f"{name}: this folder has files that are not jobs of 'tunetrace serve', which "
                    "would delete them; give an empty folder or a new one with --jobs"
                )
            path.chmod(_OWNER_ONLY)
            (path / _MARK).write_text(_ABOUT, encoding="utf-8")
            lock = FileLock(path / _LOCK, timeout=0, thread_local=False)
            lock.acquire()
        except Timeout:
            raise OutputError(
                f"{name}: another 'tunetrace serve' keeps its jobs in this folder; give another "
                "folder with --jobs"
            ) from None
        except OSError as error:
            raise OutputError(
                f"{name}: jobs cannot be kept in this folder "
                f"({(error.strerror or 'unwritable').lower()}); give another one with --jobs"
            ) from None
        self._lock = lock

    def release(self) -> None:
        """Let others have the folder."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
            if self._is_temporary:
                shutil.rmtree(self._root, ignore_errors=True)
                self._path = None

    @property
    def _root(self) -> Path:
        assert self._path is not None, "the folder is claimed before it is used"
        return self._path

    def place(self, job: str) -> Path:
        """The folder of a job of this service."""
        return self._root / job

    def make(self, job: str) -> Path:
        """Make the folder of a new job."""
        place = self.place(job)
        place.mkdir(mode=_OWNER_ONLY)
        return place

    def save(self, job: Job) -> None:
        """Write the record of a job. OutputError if the disk is full."""
        content = json.dumps(job.to_dict(), ensure_ascii=False)
        write_whole(self.place(job.id) / _RECORD, content.encode(), "the record of a job")

    def remove(self, job: str) -> None:
        """Delete a job with all of its files."""
        shutil.rmtree(self.place(job), ignore_errors=True)

    def clear(self, job: str, *, keeps_report: bool) -> None:
        """Delete the batch of a job, and its report."""
        place = self.place(job)
        (place / BATCH).unlink(missing_ok=True)
        if not keeps_report:
            shutil.rmtree(place / REPORT, ignore_errors=True)

    def read(self) -> list[Job]:
        """The jobs that are there, the oldest first. What is left of others is deleted."""
        jobs = []
        for place in self._root.iterdir():
            if not _JOB.fullmatch(place.name) or place.is_symlink() or not place.is_dir():
                continue
            try:
                job = job_from(json.loads((place / _RECORD).read_bytes()))
            except (OSError, ValueError, TypeError, KeyError):
                self.remove(place.name)  # its batch had not come whole, or it is of another version
            else:
                jobs.append(job)
        return sorted(jobs, key=lambda job: job.created)

    def used(self) -> int:
        """The bytes of all files in it."""
        total = 0
        for path in self._root.rglob("*"):
            with suppress(OSError):  # it was deleted just now
                total += path.lstat().st_size
        return total
