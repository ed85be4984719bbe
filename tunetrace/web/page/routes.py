"""The addresses of the page, its files, and the parts of it that come later."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from tunetrace.arguments import AS_FOUND
from tunetrace.web.page import questions
from tunetrace.web.page.examples import EXAMPLES
from tunetrace.web.page.page_files import page_files
from tunetrace.web.page.traced import WIDEST
from tunetrace.web.problems import MEDIA_TYPE, ProblemError, not_found
from tunetrace.web.sending import ask
from tunetrace.web.settings import Settings
from tunetrace.web.work.answers import File
from tunetrace.web.work.models import has_models

router = APIRouter(include_in_schema=False)


@router.get("/")
async def trace() -> Response:
    """Where a tune is traced."""
    return _page(
        "trace.html.jinja",
        "/",
        "Where does a tune come from?",
        examples=EXAMPLES,
        has_model=has_models(),
    )


@router.get("/files/{name}")
async def file(request: Request, name: str) -> Response:
    """A style or a script.

    A page names it with its tag, so that a browser may keep it. A module names another one without
    its tag, so the browser asks whether it has changed.
    """
    found = page_files().get(name)
    if found is None:
        raise not_found(f"there is no file {name}")
    tag = f'"{found.tag}"'
    is_tagged = request.url.query == found.tag
    kept = "public, max-age=31536000, immutable" if is_tagged else "no-cache"
    headers = {"Cache-Control": kept, "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(found.body, headers=headers, media_type=found.media_type)


_Place = Annotated[int, Query(ge=1)]
_Width = Annotated[int, Query(ge=0)]


@router.post("/view/check")
async def check(request: Request, place: _Place = 1, width: _Width = WIDEST) -> Response:
    """The tunes of a text, one of them with its score."""
    return await _view(request, questions.checked, place, width)


@router.post("/view/others")
async def others(request: Request, place: _Place = 1, width: _Width = WIDEST) -> Response:
    """The near copies and the sources of one of the tunes of a text, with their scores."""
    return await _view(request, questions.others, place, width)


async def _view(
    request: Request, question: Callable[..., File], place: int, width: int
) -> Response:
    """A part of the page.

    A text that cannot be read is an answer to the page too: it has status 200, since browsers write
    each other status into the console.
    """
    settings: Settings = request.app.state.settings
    try:
        return await ask(
            request,
            question,
            await request.body(),
            AS_FOUND,
            limits=settings.limits,
            view="tokens",
            place=place,
            width=width,
        )
    except ProblemError as error:
        if error.problem.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return Response(error.problem.body(), media_type=MEDIA_TYPE)


def _page(template: str, here: str, title: str, **more: Any) -> Response:
    html = questions.templates().get_template(template).render(here=here, title=title, **more)
    return Response(html, media_type=questions.HTML)
