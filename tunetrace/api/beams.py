"""Beam search: the most probable transcriptions of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tunetrace.api.models import described, open_model
from tunetrace.api.sampling import check_writing
from tunetrace.arguments import public
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.model.header import Header
from tunetrace.model.records import Hypothesis, Model
from tunetrace.model.sampling.beginning import Beginning
from tunetrace.model.sampling.copy_limit import CopyLimit

MOST_WIDE: Final = 1000
"""Each transcription that is kept has its own states."""


@public
def beam_search(
    width: int,
    model: Model | str | Path | None = None,
    *,
    meter: str | None = None,
    key: str | None = None,
    start: str = "",
    temperature: float = 1.0,
    max_copy: int | None = None,
    index: Index | str | Path | None = None,
    max_tokens: int = 1000,
) -> list[Hypothesis]:
    """The most probable transcriptions of a model that a beam so wide finds, the best first.

    model: open, or as open_model has it. meter (`6/8`), key (`Cdor`, `dor`) and start (tokens, `G,
    C C 2`): what each begins with. temperature: below 1 likely tokens become likelier. max_copy: no
    more notes than these in a row stand in the index (the default one if none is given).
    max_tokens: longer ones are cut off. See sampler/beam.py for what is most probable.

    Raises ModelFileError for the model, IndexFileError for the index, and QueryError for any other
    argument and where max_copy leaves nothing to write.
    """
    beginning, limit = check_beam(
        width, described(model), meter=meter, key=key, start=start, temperature=temperature,
        max_copy=max_copy, index=index, max_tokens=max_tokens,
    )  # fmt: skip
    from tunetrace.model.sampling.beam import beam_search as search

    return search(
        open_model(model),
        width,
        beginning=beginning,
        max_tokens=max_tokens,
        temperature=temperature,
        limit=limit,
    )


def check_beam(
    width: int, model: Model | Header, n: int = 1, **writing: Any
) -> tuple[Beginning, CopyLimit | None]:
    """check_sampling for the arguments of beam_search, of which the first n are wanted.

    writing: the arguments of check_writing. Raises as beam_search.
    """
    if not 1 <= width <= MOST_WIDE:
        raise QueryError(f"a beam of {width} cannot be searched; it may be 1 to {MOST_WIDE} wide")
    if not 1 <= n <= width:
        raise QueryError(
            f"a beam of {width} finds up to {width} transcriptions, so that {n} cannot be written; "
            "ask for 1 or more, or make it wider"
        )
    return check_writing(model, **writing)
