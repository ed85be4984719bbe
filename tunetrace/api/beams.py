"""Beam search: the most probable transcriptions of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunetrace.api.models import open_model
from tunetrace.api.sampling import begin, check_temperature, copy_limit
from tunetrace.arguments import public
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.model.needs import require_torch
from tunetrace.model.records import Hypothesis, Model


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
    require_torch()
    opened = model if isinstance(model, Model) else open_model(model)
    from tunetrace.sampler.beam import beam_search as search

    check_temperature(temperature)
    beginning = begin(opened, meter, key, start, max_tokens)
    return search(
        opened,
        width,
        beginning=beginning,
        max_tokens=max_tokens,
        temperature=temperature,
        limit=None if max_copy is None else copy_limit(opened, max_copy, index, beginning),
    )


def most_probable(n: int, width: int, model: Model, **options: Any) -> list[Hypothesis]:
    """The first n that a beam so wide finds; options as for beam_search.

    QueryError where there cannot be so many.
    """
    if width >= 1 and not 1 <= n <= width:
        raise QueryError(
            f"a beam of {width} finds up to {width} transcriptions, so that {n} cannot be written; "
            "ask for 1 or more, or make it wider"
        )
    return beam_search(width, model, **options)[:n]
