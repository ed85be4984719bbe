"""The addresses of the pages of the corpus. Their errors are pages, too."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response

from tunetrace.web.page.corpus import figures, tunes
from tunetrace.web.page.corpus.address import AskedFigure
from tunetrace.web.page.corpus.compared import compared_page
from tunetrace.web.page.questions import HTML, templates
from tunetrace.web.page.traced import WIDEST
from tunetrace.web.problems import Problem, ProblemError
from tunetrace.web.sending import ask

router = APIRouter(include_in_schema=False)


@router.get("/figures")
async def search(request: Request) -> Response:
    """Where a figure is found. A mistake in it is told at its field."""
    asked = _asked_by(request)
    try:
        return await ask(request, figures.figures_page, asked)
    except ProblemError as error:
        if error.problem.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            return _sorry(error.problem)
        mistake = error.problem.detail
    return await _answered(
        request, figures.figures_page, asked, mistake, status=HTTPStatus.UNPROCESSABLE_ENTITY
    )


@router.get("/view/staff")
async def staff(request: Request) -> Response:
    """A figure as notation, while it is entered."""
    return await ask(request, figures.staff_of, _asked_by(request))


@router.get("/tunes")
async def titles(request: Request, title: str = "") -> Response:
    """The tunes with a title, or with a part of one."""
    return await _answered(request, tunes.titles_page, title)


@router.get("/tunes/{reference:path}")
async def tune(request: Request, reference: str) -> Response:
    """A tune of the index, or with `?beside=corpus:number` this one and another, bar under bar.

    For one that is not there, the tunes with the nearest titles.
    """
    beside = request.query_params.get("beside")
    width = _number(request, "width", WIDEST)
    try:
        if beside:
            return await ask(request, compared_page, reference, beside, width)
        return await ask(request, tunes.tune_page, reference, width)
    except ProblemError as error:
        if error.problem.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            return _sorry(error.problem)
        mistake = error.problem.detail
    return await _answered(
        request, tunes.titles_page, beside or reference, mistake, status=HTTPStatus.NOT_FOUND
    )


@router.get("/about")
async def about(request: Request) -> Response:
    """What the service is and what its index holds."""
    return await _answered(request, tunes.about_page)


def _asked_by(request: Request) -> AskedFigure:
    """What the address of a request asks. What a form leaves empty is not asked."""
    given = {name: value.strip() for name, value in request.query_params.items()}
    return AskedFigure(
        q=given.get("q", ""),
        in_key=given.get("in", ""),
        view=given.get("view") or AskedFigure().view,
        meter=given.get("meter", ""),
        corpus=given.get("corpus", ""),
        whole=given.get("whole") == "1",
        offset=min(_number(request, "offset", 0), figures.MOST_HITS),
    )


def _number(request: Request, name: str, otherwise: int) -> int:
    """A number of the address; another one if it is none, or has more than four digits."""
    given = request.query_params.get(name, "").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 5 else otherwise


async def _answered(
    request: Request, question: Callable[..., Any], *given: Any, status: int = HTTPStatus.OK
) -> Response:
    """A page with this status; a page that says what is wrong if there is no answer."""
    try:
        response = await ask(request, question, *given)
    except ProblemError as error:
        return _sorry(error.problem)
    response.status_code = status
    return response


def _sorry(problem: Problem) -> Response:
    """The page of a problem."""
    html = templates().get_template("sorry.html.jinja").render(
        here="", title=problem.title, detail=problem.detail
    )  # fmt: skip
    return Response(html, problem.status, problem.headers, HTML)
