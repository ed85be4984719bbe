"""Tunes that are sent: checked, compared, read, and made into files.

What is sent is the file itself, in any format and of any content type.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from tunetrace.arguments import Reading
from tunetrace.checker.records import CheckReport
from tunetrace.checker.similar.records import SimilarReport
from tunetrace.web.api.operation import operation
from tunetrace.web.api.parameters import (
    CheckParameters,
    ReadParameters,
    ScoreParameters,
    SimilarToSentParameters,
)
from tunetrace.web.sending import ask
from tunetrace.web.settings import Settings
from tunetrace.web.work import questions
from tunetrace.web.work.questions import FILES, ReadTunes

router = APIRouter(prefix="/api")

_TAG: Final = "Tunes that you send"
_LARGE: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
_SENDS: Final = (
    "The tune or tunes: ABC, folk-rnn's text, MusicXML, MIDI, or a table of tunes as CSV, JSON or "
    "Parquet, plain or packed. Its content type does not matter."
)


@router.post("/check", **operation("Where a tune comes from", _TAG, CheckReport, _LARGE,
                                   sends=_SENDS))  # fmt: skip
async def check(request: Request, asked: Annotated[CheckParameters, Query()]) -> Response:
    """What of each tune that you send is in the index, and where.

    The verdict says it in one sentence: the tune is a corpus tune, a part of one, mostly in one, a
    near copy of one, in pieces in the corpus, or shares no more with it than real tunes do. Tunes
    that cannot be read are listed in `set_aside`.
    """
    settings: Settings = request.app.state.settings
    return await ask(
        request,
        questions.check,
        await request.body(),
        asked.reading(),
        limits=settings.limits,
        verbatim=asked.verbatim,
        view=asked.view,
        copy_share=asked.copy_share,
        details=asked.details,
        **asked.without(),
    )


@router.post("/similar", **operation("Tunes that are like a tune", _TAG, SimilarReport, _LARGE,
                                     sends=_SENDS))  # fmt: skip
async def similar_to_sent(
    request: Request, asked: Annotated[SimilarToSentParameters, Query()]
) -> Response:
    """The tunes of the index that are like each tune that you send."""
    settings: Settings = request.app.state.settings
    data, options = await request.body(), asked.options(request)
    return await ask(
        request, questions.similar_to_sent, data, asked.reading(), limits=settings.limits, **options
    )


@router.post("/read", **operation("The tunes in a file", _TAG, ReadTunes, _LARGE, sends=_SENDS))
async def read(request: Request, asked: Annotated[ReadParameters, Query()]) -> Response:
    """The tunes that you send, each as ABC and as tokens, with what was assumed in reading it."""
    settings: Settings = request.app.state.settings
    data = await request.body()
    return await ask(request, questions.read, data, asked.reading(), limits=settings.limits)


_OF_SCORES: Final = operation("A tune as a file", _TAG, "", _LARGE, HTTPStatus.NOT_IMPLEMENTED,
                              sends=_SENDS)  # fmt: skip
_OF_SCORES["responses"][200]["content"] = {
    file.media_type: {"schema": {"type": "string", "format": "binary"}} for file in FILES.values()
}


@router.post("/score", **_OF_SCORES)
async def score(request: Request, asked: Annotated[ScoreParameters, Query()]) -> Response:
    """The first tune that you send as a file: notation, sound, or for another program."""
    settings: Settings = request.app.state.settings
    return await ask(
        request,
        questions.score,
        await request.body(),
        Reading(voice=asked.voice),
        asked.format,
        limits=settings.limits,
        tonic=asked.transpose,
        swing=asked.swing,
        paper=asked.paper,
    )
