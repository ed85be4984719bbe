"""Sampling: new transcriptions from a model."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from tunetrace.api.models import described, open_model
from tunetrace.arguments import public
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.header import Header
from tunetrace.model.records import Model, Sampled, Tokens
from tunetrace.model.sampling.beginning import Beginning, begin_with
from tunetrace.model.sampling.copy_limit import CopyLimit
from tunetrace.model.sampling.draw import Precision

_MAX_BATCH: Final = 4096
_MAX_TOKENS: Final = 100_000
_SEEDS: Final = 2**64
_COOLEST, _WARMEST = 0.01, 100.0


def random_seed() -> int:
    """A seed that nobody chose, short enough to be typed."""
    return secrets.randbelow(2**32)


@public
def sample(
    n: int,
    model: Model | str | Path | None = None,
    *,
    meter: str | None = None,
    key: str | None = None,
    start: str = "",
    temperature: float = 1.0,
    top_p: float = 1.0,
    seed: int | None = None,
    max_copy: int | None = None,
    index: Index | str | Path | None = None,
    max_tokens: int = 1000,
    batch_size: int | None = None,
    precision: Precision = "float32",
) -> Iterator[Sampled]:
    """New transcriptions 1 to n of a model, one by one as they are written.

    model: open, or as open_model has it. meter (`6/8`), key (`Cdor`, `dor`) and start (tokens,
    `G, C C 2`): what each begins with. temperature: below 1 likely tokens become likelier. top_p:
    only the likeliest tokens that have so much probability together are drawn. seed: the same gives
    the same transcriptions, whatever n and batch_size; None is a random one. max_copy: no more
    notes than these in a row stand in the index (the default one if none is given). max_tokens:
    longer ones are cut off. batch_size: how many are written at once; None as many as are fastest.
    precision: of the products.

    Raises ModelFileError for the model, IndexFileError for the index, and QueryError for any other
    argument; where max_copy leaves nothing to write, in the course of the sampling.
    """
    beginning, limit = check_sampling(
        n, described(model), meter=meter, key=key, start=start, temperature=temperature,
        top_p=top_p, seed=seed, max_copy=max_copy, index=index, max_tokens=max_tokens,
        batch_size=batch_size, precision=precision,
    )  # fmt: skip
    from tunetrace.model.sampling.sampling import Plan, sample_many

    plan = Plan(
        seed=random_seed() if seed is None else seed,
        beginning=beginning,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        batch_size=batch_size,
        precision=precision,
        limit=limit,
    )
    return sample_many(open_model(model), n, plan)


def check_sampling(
    n: int,
    model: Model | Header,
    *,
    top_p: float,
    seed: int | None,
    batch_size: int | None,
    precision: str,
    **writing: Any,
) -> tuple[Beginning, CopyLimit | None]:
    """See that the arguments of sample are right, before PyTorch is imported, which takes a second.

    Gives what transcriptions begin with and the limit to what they copy. writing: the arguments of
    check_writing. Raises as sample.
    """
    _check_drawing(n, top_p, seed, batch_size, precision)
    return check_writing(model, **writing)


def check_writing(
    model: Model | Header,
    *,
    meter: str | None,
    key: str | None,
    start: str,
    temperature: float,
    max_copy: int | None,
    index: Index | None,
    max_tokens: int,
) -> tuple[Beginning, CopyLimit | None]:
    """check_sampling for the arguments that sampling and beam search have in common."""
    _check_temperature(temperature)
    beginning = _begin(model, meter, key, start, max_tokens)
    limit = None if max_copy is None else _copy_limit(model, max_copy, index, beginning)
    return beginning, limit


def _begin(
    model: Model | Header, meter: str | None, key: str | None, start: str, max_tokens: int
) -> Beginning:
    """What transcriptions begin with; QueryError for what cannot be, or is cut off there."""
    if not 1 <= max_tokens <= _MAX_TOKENS:
        raise QueryError(
            f"a transcription is cut off after 1 to {_MAX_TOKENS:,} tokens, not {max_tokens}"
        )
    beginning = begin_with(model.tokens, meter, key, start)
    if len(beginning.admitted) >= max_tokens:
        raise QueryError(
            f"what each transcription is to begin with has {len(beginning.admitted)} tokens and is "
            f"cut off after {max_tokens}; allow more with --max-tokens"
        )
    return beginning


def _check_temperature(temperature: float) -> None:
    """QueryError for a temperature that is out of its range."""
    if not _COOLEST <= temperature <= _WARMEST:
        raise QueryError(
            f"the temperature is from {_COOLEST} to {_WARMEST:g}, not {temperature:g}; 1 draws as "
            "the model has learnt"
        )


def _copy_limit(
    model: Model | Header, notes: int, index: Index | str | Path | None, beginning: Beginning
) -> CopyLimit:
    """A limit to what a model copies; QueryError where there can be none, or it is passed."""
    if not model.tokens.stands_on_c:
        raise QueryError(
            f"{model.name} does not write on C, where an index has its tunes, so that no limit to "
            "copying can be kept; leave --max-copy out"
        )
    with given_or_default(index) as opened:
        limit = CopyLimit(opened, model.tokens, notes)
    limit.check_start(beginning.music)
    return limit


def copies_within(tokens: Sequence[str], notes: int, index: Index) -> bool:
    """Whether a transcription copies at most so many notes in a row, by the limit's own count.

    tokens: any that tunetrace reads; no model need have them.
    """
    known = Tokens(tuple(dict.fromkeys(tokens)))
    return CopyLimit(index, known, notes).longest_run(known.encode(tokens)) <= notes


def _check_drawing(
    n: int, top_p: float, seed: int | None, batch_size: int | None, precision: str
) -> None:
    """QueryError for the first number that is out of its range."""
    if n < 1:
        raise QueryError(f"{n} transcriptions cannot be written; ask for 1 or more")
    if not 0 < top_p <= 1:
        raise QueryError(
            f"top-p is a share of probability above 0 and up to 1, not {top_p:g}; 1 leaves no "
            "token out"
        )
    if seed is not None and not 0 <= seed < _SEEDS:
        raise QueryError(f"a seed is a whole number from 0 to {_SEEDS - 1}, not {seed}")
    if batch_size is not None and not 1 <= batch_size <= _MAX_BATCH:
        raise QueryError(
            f"from 1 to {_MAX_BATCH:,} transcriptions are written at once, not {batch_size}"
        )
    if precision not in get_args(Precision):
        raise QueryError(f"products are in {' or '.join(get_args(Precision))}, not '{precision}'")
