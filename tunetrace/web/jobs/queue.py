"""The jobs of a service: one is worked on at a time, the others wait, and what is old is deleted.

All of it happens in the loop of the service, but for the work itself and for waiting for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from tunetrace.errors import OutputError
from tunetrace.interrupts import uninterrupted
from tunetrace.text import counted
from tunetrace.web.guard.lines import log
from tunetrace.web.jobs.folder import JobsFolder
from tunetrace.web.jobs.process import ReportDone, ReportProgress, ReportTask, make_report
from tunetrace.web.jobs.records import (
    BATCH,
    MEDIA_TYPES,
    REPORT,
    Job,
    JobFile,
    State,
    address_of,
    interrupted,
    moment,
    no_room,
)
from tunetrace.web.mistakes import where_it_failed
from tunetrace.web.problems import Problem, ProblemError, busy, not_found
from tunetrace.web.settings import Settings

_SWEEP_SECONDS: Final = 1.0
_REPORT_SIZE: Final = 4
"""A report is at most about as many times as large as its batch."""
_KEPT_CANCELLED: Final = 100
"""Jobs that were cancelled and can still be asked for; they have no files."""
_ID_BYTES: Final = 24
_CRASHED: Final = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR, "stopped", "The work was stopped",
    "the process that made this report was stopped from outside; send the batch again, or a "
    "smaller one",
)  # fmt: skip


class Jobs:
    """The reports that a service makes."""

    def __init__(self, settings: Settings) -> None:
        """OutputError if the folder of the settings cannot be had."""
        self._settings = settings
        self.folder = JobsFolder(settings.jobs)
        """Where they are kept."""
        if settings.jobs is not None:
            self.folder.claim()
        self._jobs: dict[str, Job] = {}  # the oldest first
        self._coming: dict[str, int] = {}  # bytes of batches that are being received
        self._is_closing = False
        self._process: multiprocessing.process.BaseProcess | None = None
        self._stopped = asyncio.Event()  # no process works
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        """Go on with what an earlier service has left: what waits is done, what it was in the
        middle of is interrupted."""
        self.folder.claim()
        for job in await asyncio.to_thread(self.folder.read):
            self._jobs[job.id] = job
            if job.state == "running":
                await self._end(job.id, "interrupted", problem=_as_dict(interrupted()))
            elif job.is_over(datetime.now(UTC)):
                self._delete(job.id)
        self._stopped.set()
        self._wake.set()
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._sweep())]

    async def close(self) -> None:
        """End the work, and let others have the folder."""
        self._is_closing = True
        self._stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.folder.release()

    # What is asked

    def find(self, name: str) -> Job:
        """A job by its id, as it is now. ProblemError if there is none, or no longer."""
        job = self._jobs.get(name)
        if job is None or job.is_over(datetime.now(UTC)):
            raise not_found(
                "there is no report with this id; reports are deleted "
                f"{_spoken(self._settings.keep_seconds)} after they were made"
            )
        if job.state != "waiting":
            return job
        unfinished = [one.id for one in self._jobs.values() if not one.has_ended]
        return replace(job, ahead=unfinished.index(name))

    def file(self, job: Job, name: str) -> tuple[Path, JobFile]:
        """A file of a job, by a name that is in its list. ProblemError if it has none."""
        for file in job.files:
            path = self.folder.place(job.id) / REPORT / file.name
            if file.name == name and path.is_file():
                return path, file
            if file.name == name:
                raise not_found("the file is no longer there; send the batch again")
        if job.files:
            raise not_found("this report has no file with this name; its record lists all names")
        raise not_found(f"this report has no files, since it is {job.state}")

    @asynccontextmanager
    async def coming(self, options: dict[str, Any], size: int) -> AsyncIterator[tuple[Job, Path]]:
        """A new job, and where its batch is to be written. At the end of the statement it waits.

        size: of the batch, or the most that it may have. ProblemError if there is no room. After an
        error in the statement nothing is left of it.
        """
        unfinished = [job.size for job in self._jobs.values() if not job.has_ended]
        limits = self._settings.limits
        if len(unfinished) + len(self._coming) > limits.jobs:
            raise busy(
                f"{counted(limits.jobs, 'report')} already wait to be made; send the batch again "
                "in a minute",
                seconds=60,
            )
        job = Job(secrets.token_urlsafe(_ID_BYTES), options)
        self._coming[job.id] = size
        is_whole = False
        try:
            used = await asyncio.to_thread(self.folder.used)
            coming = sum(self._coming.values())
            if used + coming + _REPORT_SIZE * (coming + sum(unfinished)) > limits.disk:
                raise ProblemError(no_room())
            place = self.folder.make(job.id) / BATCH
            yield job, place
            job = replace(job, created=moment(), size=place.stat().st_size)
            await asyncio.to_thread(self.folder.save, job)
            is_whole = True
        except (OSError, OutputError):
            raise ProblemError(no_room()) from None
        finally:
            del self._coming[job.id]
            if not is_whole:
                self.folder.remove(job.id)
        self._jobs[job.id] = job
        self._wake.set()

    async def cancel(self, job: Job) -> None:
        """End the work on a job, and delete its files; a job that has ended is deleted."""
        if job.has_ended:
            self._delete(job.id)
            return
        was_running = job.state == "running"
        self._jobs[job.id] = self._ended(job.id, "cancelled")
        if was_running:
            self._stop()
            await self._stopped.wait()
        await asyncio.to_thread(self.folder.remove, job.id)
        cancelled = [one.id for one in self._jobs.values() if one.state == "cancelled"]
        for old in cancelled[:-_KEPT_CANCELLED]:
            del self._jobs[old]

    # What is done

    async def _work(self) -> None:
        """Work on the jobs that wait, one after another."""
        while True:
            waiting = (job for job in self._jobs.values() if job.state == "waiting")
            job = next(waiting, None)
            if job is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            self._stopped.clear()
            try:
                await self._work_on(job)
            except Exception as error:
                log(logging.ERROR, {"work": "report"}, where_it_failed(error))
                if self._is_wanted(job.id):
                    self._jobs[job.id] = self._ended(job.id, "failed", problem=_as_dict(_CRASHED))
            finally:
                self._stopped.set()

    async def _work_on(self, job: Job) -> None:
        job = self._jobs[job.id] = replace(job, state="running", started=moment())
        await self._save(job)
        outcome: ReportDone | Problem = _CRASHED
        if self._is_wanted(job.id):
            outcome = await asyncio.to_thread(self._outcome, job, asyncio.get_running_loop())
        if not self._is_wanted(job.id):
            return  # it was cancelled, and whoever did so deletes its files
        if isinstance(outcome, Problem):
            await self._end(job.id, "failed", problem=_as_dict(outcome))
            return
        folder = self.folder.place(job.id) / REPORT
        files = tuple(
            JobFile(
                name,
                (folder / name).stat().st_size,
                MEDIA_TYPES[Path(name).suffix],
                f"{address_of(job.id)}/{name}",
            )
            for name in outcome.files
        )
        await self._end(job.id, "done", files=files, index=outcome.index, report=outcome.report)

    def _outcome(self, job: Job, loop: asyncio.AbstractEventLoop) -> ReportDone | Problem:
        """Let a process do the work, and wait for it. Called in a thread."""
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        settings = self._settings
        task = ReportTask(
            self.folder.place(job.id), settings.index.absolute(), settings.hidden, job.options
        )
        process = self._process = context.Process(target=make_report, args=(task, sender))
        try:
            with uninterrupted():
                process.start()
            sender.close()  # so that the end of the process ends the pipe
            if not self._is_wanted(job.id):
                process.kill()  # it was cancelled before the process was there
            with suppress(EOFError):
                while True:
                    message = receiver.recv()
                    if not isinstance(message, ReportProgress):
                        outcome: ReportDone | Problem = message
                        return outcome
                    with suppress(RuntimeError):  # the loop has ended
                        loop.call_soon_threadsafe(self._note, job.id, message)
            return _CRASHED
        finally:
            receiver.close()
            process.join()
            self._process = None

    def _is_wanted(self, name: str) -> bool:
        """Whether a job that is worked on was not cancelled meanwhile."""
        job = self._jobs.get(name)
        return job is not None and job.state == "running" and not self._is_closing

    def _stop(self) -> None:
        """End the process that works."""
        process = self._process
        if process is not None and process.pid is not None:
            process.kill()

    def _note(self, name: str, step: ReportProgress) -> None:
        """Note how far a job is."""
        job = self._jobs.get(name)
        if job is not None and job.state == "running":
            self._jobs[name] = replace(
                job, doing=step.doing, tunes=step.tunes, tunes_expected=step.expected
            )

    async def _end(self, name: str, state: State, **known: Any) -> None:
        """Keep how a job ended, without the files that it no longer needs; then tell it."""
        job = self._ended(name, state, **known)
        await asyncio.to_thread(self.folder.clear, name, keeps_report=state == "done")
        await self._save(job)
        if self._is_wanted(name):
            self._jobs[name] = job

    def _ended(self, name: str, state: State, **known: Any) -> Job:
        """A job with how it ended, and when it is deleted."""
        expires = moment(datetime.now(UTC) + timedelta(seconds=self._settings.keep_seconds))
        return replace(
            self._jobs[name], state=state, doing=None, ended=moment(), expires=expires, **known
        )

    async def _save(self, job: Job) -> None:
        """Write the record of a job. If the disk is full, it is known as long as the service."""
        with suppress(OutputError):
            await asyncio.to_thread(self.folder.save, job)

    async def _sweep(self) -> None:
        """Delete jobs whose time is over."""
        while True:
            now = datetime.now(UTC)
            for job in list(self._jobs.values()):
                if job.is_over(now):
                    self._delete(job.id)
            await asyncio.sleep(_SWEEP_SECONDS)

    def _delete(self, name: str) -> None:
        """Delete a job that has ended."""
        self._jobs.pop(name, None)
        self.folder.remove(name)


def _as_dict(problem: Problem) -> dict[str, Any]:
    """A problem as its record has it."""
    content: dict[str, Any] = json.loads(problem.body())
    return content


def _spoken(seconds: float) -> str:
    """A time in words."""
    if seconds >= 3600:
        return counted(round(seconds / 3600), "hour")
    if seconds >= 60:
        return counted(round(seconds / 60), "minute")
    return counted(round(seconds), "second")
