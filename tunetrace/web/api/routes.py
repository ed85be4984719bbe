"""The addresses that programs ask."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tunetrace.arguments import AS_FOUND
from tunetrace.indexer.filters import Filters
from tunetrace.web.sending import ask
from tunetrace.web.work import questions

router = APIRouter(prefix="/api")


@router.get("/figure")
async def figure(request: Request, q: Annotated[str, Query()]) -> Response:
    """Where a figure is found."""
    return await ask(request, questions.figure, q, Filters())


@router.post("/check")
async def check(request: Request, verbatim: bool = False) -> Response:
    """What of the tunes in a text or file is in the index."""
    data = await request.body()
    return await ask(request, questions.check, data, AS_FOUND, verbatim=verbatim, view="tokens")
