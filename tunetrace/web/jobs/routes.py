"""The addresses of reports: a batch is sent, its report is made in the background, and fetched."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

import anyio
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import Field
from starlette.requests import ClientDisconnect

from tunetrace.arguments import ViewName
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.web.api.operation import operation, problem
from tunetrace.web.api.parameters import NoParameters, ReadParameters
from tunetrace.web.jobs.queue import Jobs
from tunetrace.web.jobs.records import MEDIA_TYPES, Job, address_of
from tunetrace.web.problems import Problem, ProblemError
from tunetrace.web.settings import Settings
from tunetrace.web.work.answers import origin_headers

router = APIRouter(
    prefix="/api/report", generate_unique_id_function=lambda route: route.name.strip("_")
)

_TAG: Final = "Reports on many tunes"
_SENDS: Final = (
    "The batch: tunes in any format that the command line reads, plain or packed. Its content type "
    "does not matter."
)
_ASK_AGAIN_SECONDS: Final = "1"

_PAGE_POLICY: Final = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; "
    "frame-ancestors 'none'"
)
"""A report's page has titles from elsewhere in it. So it gets an origin of its own, from which it
reaches nothing of the service. What it may run and load, it says in itself."""

_Id = Annotated[str, Path(description="The id of the report, as the answer to its batch had it.")]
_Nothing = Annotated[NoParameters, Query()]


class ReportParameters(ReadParameters):
    """The parameters of a report."""

    view: ViewName = "tokens"
    """What is compared: tokens as they are, or the melody, intervals, rhythm or contour alone."""
    exclude_family: list[str] = Field([])
    """Leave out a tune of the index with all settings of its melody. It may be given several
    times."""
    copy_share: float = Field(COPY_SHARE, gt=0, le=1)
    """Say that most of a tune is copied if one corpus tune has at least this share of its notes, in
    runs of 8 or more."""
    verbatim: bool = False
    """Seek no near copies (the same melody transposed or varied), which takes less time."""
    with_scores: bool = False
    """Show notation on the page of the report, which can be played there."""

    def options(self) -> dict[str, Any]:
        """The arguments of a report."""
        options = self.model_dump()
        options["exclude_families"] = options.pop("exclude_family")
        return options


def _operation(
    summary: str, status: HTTPStatus, *may_end: HTTPStatus, sends: str | None = None
) -> dict[str, Any]:
    """As operation, for an address of reports."""
    told = operation(summary, _TAG, Job, *may_end, sends=sends)
    answers = told["responses"]
    answer = answers.pop(200)
    del answer["headers"]
    del answers[int(HTTPStatus.GATEWAY_TIMEOUT)]
    if HTTPStatus.NOT_FOUND in may_end:
        answers[404] = problem("There is no such report, or no longer.")
    told["responses"] = {int(status): answer, **answers}
    return {**told, "status_code": int(status)}


_OF_ASKING: Final = _operation(
    "Ask for a report on many tunes", HTTPStatus.ACCEPTED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    sends=_SENDS,
)  # fmt: skip
_OF_ASKING["responses"][202] |= {
    "description": "The batch has come, and its report will be made.",
    "headers": {
        "Location": {
            "description": "The address that says how far the report is.",
            "schema": {"type": "string"},
        }
    },
}
_OF_ASKING["responses"] |= {
    400: problem("The batch was cut off."),
    408: problem("The batch comes too slowly."),
}
_OF_CANCELLING: Final = _operation(
    "Cancel a report, or delete it", HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND
)
_OF_CANCELLING["responses"][204] = {"description": "It is cancelled, or deleted."}
_OF_FILES: Final = _operation("A file of a report", HTTPStatus.OK, HTTPStatus.NOT_FOUND)
_OF_FILES["responses"][200]["content"] = {
    media_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
    for media_type in MEDIA_TYPES.values()
}


@router.post("", **_OF_ASKING)
async def ask_for_report(request: Request, asked: Annotated[ReportParameters, Query()]) -> Response:
    """A report on a batch, as `tunetrace report` writes it.

    The answer comes at once, with the address that says how far the report is. One report is made
    at a time; the others wait.
    """
    jobs = _jobs(request)
    async with jobs.coming(asked.options(), _announced(request)) as (job, place):
        await _receive(request, place)
    headers = {"Location": address_of(job.id), "Retry-After": _ASK_AGAIN_SECONDS}
    return JSONResponse(jobs.find(job.id).to_dict(), HTTPStatus.ACCEPTED, headers)


@router.get("/{id}", **_operation("How far a report is", HTTPStatus.OK, HTTPStatus.NOT_FOUND))
async def report(request: Request, id: _Id, asked: _Nothing) -> Response:
    """How far a report is; when it is done, its summary and where its files are.

    Its state is `waiting`, `running`, `done`, `failed`, `cancelled` or `interrupted`. `problem`
    says why there is no report. All of it is deleted at the time `expires`.
    """
    job = _jobs(request).find(id)
    headers = {"Cache-Control": "no-store"}
    if not job.has_ended:
        headers["Retry-After"] = _ASK_AGAIN_SECONDS
    return JSONResponse(job.to_dict(), headers=headers | _origin(job))


@router.delete("/{id}", **_OF_CANCELLING)
async def cancel_report(request: Request, id: _Id, asked: _Nothing) -> Response:
    """The work on it ends, and its files are deleted. One that has ended is forgotten."""
    jobs = _jobs(request)
    await jobs.cancel(jobs.find(id))
    return Response(status_code=HTTPStatus.NO_CONTENT)


@router.get("/{id}/{name}", **_OF_FILES)
async def report_file(
    request: Request,
    id: _Id,
    name: Annotated[
        str,
        Path(description="The name of a file in the report's list.", examples=["tunes.csv"]),
    ],
    asked: _Nothing,
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
