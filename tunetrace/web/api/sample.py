"""The address at which a model writes tunes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from tunetrace.web.api.operation import operation
from tunetrace.web.api.parameters import Parameters
from tunetrace.web.work.models import ModelTunes, written_tunes
from tunetrace.web.work.pool import Pool

router = APIRouter(prefix="/api", generate_unique_id_function=lambda route: route.name)

_TAG: Final = "Tunes of a model"
_MOST_TUNES: Final = 10
_MOST_TOKENS: Final = 1000


class SampleParameters(Parameters):
    """The parameters of tunes that a model writes."""

    n: int = Field(1, ge=1, le=_MOST_TUNES, examples=[2])
    """Number of tunes to write."""
    meter: str | None = Field(None, examples=["6/8"])
    """Start with this meter, as 6/8."""
    key: str | None = Field(None, examples=["dor"])
    """Start with this key, as Cdor or dor."""
    start: str = ""
    """Start the music with this figure, as G, C C 2."""
    seed: int | None = Field(None, examples=[7])
    """Seed of the random numbers; the same seed writes the same tunes. Without it, it is random."""
    temperature: float = 1.0
    """Below 1, likely tokens become likelier; above 1, less likely."""
    top_p: float = 1.0
    """Draw only from the likeliest tokens that together have this probability."""
    max_copy: int | None = None
    """Copy at most this many notes in a row from the index."""
    max_tokens: int = Field(_MOST_TOKENS, le=_MOST_TOKENS)
    """Cut off longer tunes."""


@router.post("/sample", **operation("New tunes from a model", _TAG, ModelTunes,
                                    HTTPStatus.NOT_IMPLEMENTED))  # fmt: skip
async def sample(request: Request, asked: Annotated[SampleParameters, Query()]) -> Response:
    """New tunes from the model that ships, as tokens and as ABC.

    It answers what `tunetrace sample` writes with the same seed and options. The first answer takes
    some seconds more, since the model is then loaded.
    """
    models: Pool = request.app.state.models
    answer = await models.ask(request, written_tunes, **asked.model_dump())
    return Response(answer.body, headers=dict(answer.headers), media_type=answer.media_type)
