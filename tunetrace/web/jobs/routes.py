"""The addresses of reports: a batch is sent, its report is made in the background, and fetched."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

import anyio
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.requests import ClientDisconnect

from tunetrace.arguments import Format, ViewName
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.web.jobs.queue import Jobs
from tunetrace.web.jobs.records import Job
from tunetrace.web.problems import Problem, ProblemError
from tunetrace.web.settings import Settings
from tunetrace.web.work.answers import origin_headers

router = APIRouter(prefix="/api/report", tags=["reports"])

_ASK_AGAIN_SECONDS: Final = "1"

_PAGE_POLICY: Final = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; "
    "frame-ancestors 'none'"
)
"""A report's page has titles from elsewhere in it. So it gets an origin of its own, from which it
reaches nothing of the service. What it may run and load, it says in itself."""

Id = Annotated[str, Path(description="The id of the report, as the answer to its batch had it.")]


@router.post("", status_code=HTTPStatus.ACCEPTED)
async def ask_for_report(
    request: Request,
    view: Annotated[
        ViewName, Query(description="What is compared: tokens, or one aspect of the music alone.")
    ] = "tokens",
    exclude_family: Annotated[
        list[str] | None,
        Query(description="Leave out a tune of the index with all settings of its melody."),
    ] = None,
    copy_share: Annotated[
        float,
        Query(
            gt=0,
            le=1,
            description="Say that most of a tune is copied if one corpus tune has at least this "
            "share of its notes.",
        ),
    ] = COPY_SHARE,
    verbatim: Annotated[bool, Query(description="Seek no near copies, which is faster.")] = False,
    with_scores: Annotated[
        bool, Query(description="Show notation on the page, which can be played there.")
    ] = False,
    format: Annotated[Format | None, Query(description="Input format (default: detected).")] = None,
    voice: Annotated[
        str | None,
        Query(description="Voice or part to read (default: the first that has music)."),
    ] = None,
    column: Annotated[
        str | None,
        Query(description="Column or key that has the tunes in records (default: found)."),
    ] = None,
) -> Response:
    """Send a batch of tunes, in any format that the command line reads, to get a report on it.

    The answer comes at once, and names the address that says how far the report is.
    """
    jobs = _jobs(request)
    options = {
        "view": view,
        "exclude_families": exclude_family or [],
        "copy_share": copy_share,
        "verbatim": verbatim,
        "with_scores": with_scores,
        "format": format,
        "voice": voice,
        "column": column,
    }
    async with jobs.coming(options, _announced(request)) as (job, place):
        await _receive(request, place)
    job = jobs.find(job.id)
    headers = {"Location": _address(job), "Retry-After": _ASK_AGAIN_SECONDS}
    return JSONResponse(_shown(job, jobs), HTTPStatus.ACCEPTED, headers)


@router.get("/{id}")
async def report(request: Request, id: Id) -> Response:
    """How far a report is; when it is done, its summary and where its files are."""
    jobs = _jobs(request)
    job = jobs.find(id)
    headers = {"Cache-Control": "no-store"}
    if not job.has_ended:
        headers["Retry-After"] = _ASK_AGAIN_SECONDS
    return JSONResponse(_shown(job, jobs), headers=headers | _origin(job))


@router.delete("/{id}", status_code=HTTPStatus.NO_CONTENT)
async def cancel_report(request: Request, id: Id) -> Response:
    """End the work on a report and delete its files; one that has ended is forgotten."""
    jobs = _jobs(request)
    await jobs.cancel(jobs.find(id))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/{id}/{name}")
async def report_file(
    request: Request,
    id: Id,
    name: Annotated[str, Path(description="The name of a file in the report's list.")],
) -> Response:
    """A file of a report that is done. The page is shown in a browser, the others are saved."""
    jobs = _jobs(request)
    job = jobs.find(id)
    path, file = jobs.file(job, name)
    is_page = file.media_type.startswith("text/html")
    headers = {"Cache-Control": "no-store"} | _origin(job)
    if is_page:
        headers["Content-Security-Policy"] = _PAGE_POLICY
    return FileResponse(
        path,
        headers=headers,
        media_type=file.media_type,
        filename=file.name,
        content_disposition_type="inline" if is_page else "attachment",
    )


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def _address(job: Job) -> str:
    return f"/api/report/{job.id}"


def _shown(job: Job, jobs: Jobs) -> dict[str, Any]:
    """A job as it is sent: its record, its place among others, and the addresses of its files."""
    content = job.to_dict()
    content["ahead"] = jobs.ahead(job)
    for file in content["files"]:
        file["address"] = f"{_address(job)}/{file['name']}"
    return content


def _origin(job: Job) -> dict[str, str]:
    """The headers that name the index of a report that is done."""
    return {} if job.index is None else origin_headers(job.index)


def _announced(request: Request) -> int:
    """The size of the batch that is coming, or the most that it may have."""
    settings: Settings = request.app.state.settings
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else settings.limits.batch


async def _receive(request: Request, place: FilePath) -> None:
    """Write the body of a request to a file. ProblemError if it does not come whole."""
    try:
        async with await anyio.open_file(place, "wb") as file:
            async for piece in request.stream():
                await file.write(piece)
    except ClientDisconnect:
        raise ProblemError(
            Problem(
                HTTPStatus.BAD_REQUEST, "cut-off", "The batch was cut off",
                "the connection ended before the whole batch had come; send it again",
            )
        ) from None  # fmt: skip
