"""The addresses of the page, its files, and the parts of it that come later."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tunetrace.arguments import AS_FOUND
from tunetrace.web.page import questions
from tunetrace.web.page.files import page_files
from tunetrace.web.problems import not_found
from tunetrace.web.sending import ask

router = APIRouter(include_in_schema=False)


@router.get("/")
async def trace() -> Response:
    """Where a tune is traced."""
    return _page("trace.html.jinja", "/", "Where does a tune come from?")


@router.get("/files/{name}")
async def file(name: str) -> Response:
    """A style or a script. Its address changes with its content, so that a browser may keep it."""
    found = page_files().get(name)
    if found is None:
        raise not_found(f"there is no file {name}")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(found.body, headers=headers, media_type=found.media_type)


@router.post("/view/check")
async def check(request: Request) -> Response:
    """A checked tune with its scores."""
    data = await request.body()
    return await ask(request, questions.checked, data, AS_FOUND, view="tokens")


def _page(template: str, here: str, title: str) -> Response:
    html = questions.templates().get_template(template).render(here=here, title=title)
    return Response(html, media_type=questions.HTML)
