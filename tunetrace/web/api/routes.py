"""The addresses that programs ask, and how questions end that none of them answers."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tunetrace.errors import TunetraceError
from tunetrace.text import plain
from tunetrace.web.api import figures, openapi, posted, tunes
from tunetrace.web.api.parameters import refuse_repeated, wrong_value
from tunetrace.web.problems import MEDIA_TYPE, Problem, ProblemError, problem_of

router = APIRouter(
    dependencies=[Depends(refuse_repeated)],
    generate_unique_id_function=lambda route: route.name.strip("_"),
)
for _part in (figures, tunes, posted):
    router.include_router(_part.router)


def add_api(app: FastAPI) -> None:
    """Add the addresses to a service, with their description and the problems of wrong requests."""
    app.include_router(router)
    app.include_router(openapi.router)

    @app.exception_handler(ProblemError)
    async def cannot(request: Request, error: ProblemError) -> Response:
        return _response(error.problem)

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> Response:
        return _response(wrong_value(error.errors()[0]).problem)

    @app.exception_handler(TunetraceError)
    async def no_answer(request: Request, error: TunetraceError) -> Response:
        return _response(problem_of(error))

    @app.exception_handler(HTTPException)
    async def no_address(request: Request, error: HTTPException) -> Response:
        return _response(_problem_of_address(request, error))


def _problem_of_address(request: Request, error: HTTPException) -> Problem:
    """The problem of an address that there is not, or that is not asked in this way."""
    status = HTTPStatus(error.status_code)
    path, headers = plain(request.url.path), dict(error.headers or {})
    if status is HTTPStatus.NOT_FOUND:
        detail = f"there is no page {path}; /api lists what there is"
        return Problem(status, "not-found", "There is no such thing", detail)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        right = headers.get("Allow", "another method")
        detail = f"{path} does not take {request.method}; use {right}"
        return Problem(status, "method", "The method is wrong", detail, headers=headers)
    kind = status.phrase.lower().replace(" ", "-")
    return Problem(status, kind, status.phrase, plain(error.detail), headers=headers)


def _response(problem: Problem) -> Response:
    return Response(problem.body(), problem.status, problem.headers, MEDIA_TYPE)
