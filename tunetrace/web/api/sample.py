"""The address at which a model writes tunes."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from tunetrace.web.work.models import written_tunes
from tunetrace.web.work.pool import Pool

router = APIRouter(prefix="/api", tags=["models"])

_MOST_TUNES: Final = 10
_MOST_TOKENS: Final = 1000


@router.post("/sample")
async def sample(
    request: Request,
    n: Annotated[int, Query(ge=1, le=_MOST_TUNES, description="Number of tunes to write.")] = 1,
    meter: Annotated[str | None, Query(description="Start with this meter, as 6/8.")] = None,
    key: Annotated[str | None, Query(description="Start with this key, as Cdor or dor.")] = None,
    start: Annotated[str, Query(description="Start the music with this figure.")] = "",
    seed: Annotated[
        int | None,
        Query(description="The same seed writes the same tunes (default: random)."),
    ] = None,
    temperature: Annotated[
        float, Query(description="Below 1, likely tokens become likelier; above 1, less likely.")
    ] = 1.0,
    top_p: Annotated[
        float,
        Query(description="Draw only from the likeliest tokens that have this probability."),
    ] = 1.0,
    max_copy: Annotated[
        int | None, Query(description="Copy at most this many notes in a row from the index.")
    ] = None,
    max_tokens: Annotated[int, Query(le=_MOST_TOKENS, description="Cut off longer tunes.")] = 1000,
) -> Response:
    """New tunes from the model that ships."""
    pool: Pool = request.app.state.models
    answer = await pool.ask(
        request,
        written_tunes,
        n,
        seed,
        meter=meter,
        key=key,
        start=start,
        temperature=temperature,
        top_p=top_p,
        max_copy=max_copy,
        max_tokens=max_tokens,
    )
    return Response(answer.body, headers=dict(answer.headers), media_type=answer.media_type)
