"""A job: a report that was asked for, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal

from tunetrace.records import Record
from tunetrace.web.problems import Problem

State = Literal["waiting", "running", "done", "failed", "cancelled", "interrupted"]

BATCH: Final = "batch"
"""The name of the batch in the folder of its job, and in the report."""
REPORT: Final = "report"
"""The folder of the report, in the folder of its job."""

MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
}


def moment(when: datetime | None = None) -> str:
    """A moment (default: now) in UTC, as `2026-01-31T12:00:00.000+00:00`."""
    return (when or datetime.now(UTC)).isoformat(timespec="milliseconds")


def address_of(job: str) -> str:
    """Where a job is asked for, by its id."""
    return f"/api/report/{job}"


@dataclass(frozen=True, slots=True)
class JobFile(Record):
    """A file of a report."""

    name: str
    """As `report.html`."""
    size: int
    """In bytes."""
    media_type: str
    """Its type, as `text/csv; charset=utf-8`."""
    address: str
    """Where it is fetched, as a path on this service."""


@dataclass(frozen=True, slots=True)
class Job(Record):
    """A report that was asked for."""

    id: str
    """Its name, which cannot be guessed."""
    options: dict[str, Any]
    """The options of the report."""
    size: int = 0
    """Of its batch, in bytes."""
    state: State = "waiting"
    """What has become of it."""
    created: str = field(default_factory=moment)
    """When the batch had come, in UTC."""
    started: str | None = None
    """When the work began."""
    ended: str | None = None
    """When it ended, in whichever state."""
    expires: str | None = None
    """When it and its files are deleted."""
    doing: str | None = None
    """What is being done, as `checking`."""
    tunes: int = 0
    """How many tunes were read so far."""
    tunes_expected: int | None = None
    """About how many there are; null if that is unknown."""
    problem: dict[str, Any] | None = None
    """Why there is no report, as problem details."""
    files: tuple[JobFile, ...] = ()
    """The files of the report."""
    index: dict[str, Any] | None = None
    """The index that the batch was checked against: its fingerprint, and of each corpus the name,
    the source, the version and the licence."""
    report: dict[str, Any] | None = None
    """The report in numbers and sentences, as `tunetrace report --json` prints it."""
    ahead: int = 0
    """How many reports are made before it while it waits."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is done for it."""
        return self.ended is not None

    def is_over(self, now: datetime) -> bool:
        """Whether it is to be deleted."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= now


EXAMPLE: Final = Job(
    "Zx3vQm0bT2h-8LrKcW1sYd9uEoNfGi7p",
    {"view": "tokens", "verbatim": True},
    size=9_866_127,
    state="running",
    created="2026-01-31T12:00:00.000+00:00",
    started="2026-01-31T12:00:01.000+00:00",
    doing="checking",
    tunes=4_500,
    tunes_expected=30_000,
)
"""A job that is being worked on."""


def job_from(content: Mapping[str, Any]) -> Job:
    """A job as its record was written. TypeError or KeyError if it is none."""
    known = {one.name: content[one.name] for one in fields(Job)}
    return Job(**{**known, "files": tuple(JobFile(**file) for file in known["files"])})


def interrupted() -> Problem:
    """The problem of a job in whose middle the service ended."""
    return Problem(
        500, "interrupted", "The report was interrupted",
        "the service was stopped before the report was written; send the batch again",
    )  # fmt: skip


def no_room() -> Problem:
    """The problem of a job for which the disk has no room."""
    return Problem(
        503, "disk", "The service has no room",
        "the service has no room on its disk for this report; send the batch again later, or in "
        "smaller pieces",
        headers={"Retry-After": "600"},
    )  # fmt: skip
