"""Where figures and bars are found, what comes next, and tunes that have several figures."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from tunetrace.indexer.records import Continuations, Found, Matches
from tunetrace.web.api.operation import operation
from tunetrace.web.api.parameters import (
    BarParameters,
    FigureParameters,
    FindParameters,
    NextParameters,
)
from tunetrace.web.sending import ask
from tunetrace.web.work import questions

router = APIRouter(prefix="/api")

_TAG: Final = "Figures and bars"


@router.get("/figure", **operation("Where a figure is found", _TAG, Matches))
async def figure(request: Request, asked: Annotated[FigureParameters, Query()]) -> Response:
    """In how many tunes a figure is found, how often, and the first places.

    Write the figure in ABC as you play it, and say in which key. Every tune is indexed on C, where
    the figure is searched and shown. You can also write tokens on C with spaces between them; then
    `*` is any one token, `{c C}` is either of two, and `c?` is the note c of any length.
    """
    options = {"open_end": asked.open_end, **asked.options(request)}
    return await ask(request, questions.figure, asked.q, asked.filters(), **options)


@router.get("/bar", **operation("Where a whole bar is found", _TAG, Matches))
async def bar(request: Request, asked: Annotated[BarParameters, Query()]) -> Response:
    """In how many tunes a whole bar is found, how often, and the first places."""
    options = asked.options(request)
    return await ask(request, questions.bar, asked.q, asked.filters(), **options)


@router.get("/next", **operation("What comes after a figure, or before it", _TAG, Continuations))
async def next_(request: Request, asked: Annotated[NextParameters, Query()]) -> Response:
    """What comes after a figure, or before it, with counts.

    Without `notes` and `bars`, the next token is counted, which may be a length of the figure's
    last note. With them the figure ends where its last note ends. A bar that the figure begins
    counts as one of the bars. If the figure is found nowhere, its longest end that is found is
    taken instead; with `before` its longest beginning.
    """
    options = {
        "notes": asked.notes,
        "bars": asked.bars,
        "backward": asked.before,
        **asked.options(request),
    }
    return await ask(request, questions.what_follows, asked.q, asked.filters(), **options)


@router.get("/find", **operation("Tunes that have several figures", _TAG, Found))
async def find(request: Request, asked: Annotated[FindParameters, Query()]) -> Response:
    """The tunes that have several figures, each at its place, with all their hits."""
    options = asked.options(request)
    return await ask(request, questions.find, asked.q, asked.filters(), **options)
