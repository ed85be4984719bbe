"""Sampling: new transcriptions from a model, and the arguments that say how they are written.

Arguments are checked before PyTorch is imported, which takes a second.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, get_args

from tunetrace.arguments import public
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.hooks import Change, Planned, changes_of
from tunetrace.model.library.header import Header
from tunetrace.model.library.models import open_header, open_model
from tunetrace.model.records import Model, Precision, Sampled
from tunetrace.model.sampling.copy_limit import CopyLimit
from tunetrace.model.sampling.prompt import Prompt, make_prompt

_MAX_BATCH: Final = 4096
_MAX_TOKENS: Final = 100_000
_SEEDS: Final = 2**64
_COOLEST, _WARMEST = 0.01, 100.0


def random_seed() -> int:
    """A random seed, short enough to be typed."""
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
    changes: Sequence[Change | Planned] = (),
) -> Iterator[Sampled]:
    """n new transcriptions of a model, one by one as they are written.

    model: open, or as open_model has it. meter (`6/8`), key (`Cdor`, `dor`) and start (tokens,
    `G, C C 2`): what each begins with. temperature: below 1 likely tokens become likelier. top_p:
    only the likeliest tokens that have so much probability together are drawn. seed: the same gives
    the same transcriptions, whatever n and batch_size (default: a random one). max_copy: no more
    than so many notes in a row are found in the index (default: your own); a transcription that
    would copy more once it is written as ABC is left out with its number. max_tokens: longer ones
    are cut off. batch_size: how many are written at once (default: as many as are fastest).
    precision: of the matrix products. changes: what to change in the network at each step, as
    [ablate(3, [60, 97])].

    Raises ModelFileError for the model, IndexFileError for the index, and QueryError for any other
    argument; where max_copy leaves nothing to write, in the course of the sampling.

    >>> for tune in sample(2, meter="6/8", seed=7):
    ...     print(tune.number, tune.tokens[0], tune.has_ended)
    1 M:6/8 True
    2 M:6/8 True
    """
    if n < 1:
        raise QueryError(f"the number of transcriptions cannot be {n}; give 1 or more")
    if not 0 < top_p <= 1:
        raise QueryError(
            f"top-p cannot be {top_p:g}; give a share of probability above 0 and up to 1, where 1 "
            "keeps every token"
        )
    if seed is not None and not 0 <= seed < _SEEDS:
        raise QueryError(f"the seed cannot be {seed}; give a whole number from 0 to {_SEEDS - 1}")
    if batch_size is not None and not 1 <= batch_size <= _MAX_BATCH:
        raise QueryError(
            f"the batch size cannot be {batch_size}; give 1 to {_MAX_BATCH:,} transcriptions"
        )
    if precision not in get_args(Precision):
        known = " or ".join(get_args(Precision))
        raise QueryError(f"the precision cannot be '{precision}'; give {known}")
    prompt, limit = check_writing(
        open_header(model), meter=meter, key=key, start=start, temperature=temperature,
        max_copy=max_copy, index=index, max_tokens=max_tokens,
    )  # fmt: skip
    from tunetrace.model.sampling.blocks import Plan, sample_many

    seed = random_seed() if seed is None else seed
    opened = open_model(model)
    made = changes_of(opened, changes)
    plan = Plan(seed, prompt, temperature, top_p, max_tokens, batch_size, precision, limit, made)
    return sample_many(opened, n, plan)


def check_writing(
    model: Model | Header,
    *,
    meter: str | None,
    key: str | None,
    start: str,
    temperature: float,
    max_copy: int | None,
    index: Index | str | Path | None,
    max_tokens: int,
) -> tuple[Prompt, CopyLimit | None]:
    """Check what sampling and beam search share; gives the prompt and the copy limit."""
    if not _COOLEST <= temperature <= _WARMEST:
        raise QueryError(
            f"the temperature cannot be {temperature:g}; give a number from {_COOLEST} to "
            f"{_WARMEST:g}, where 1 draws as the model has learnt"
        )
    if not 1 <= max_tokens <= _MAX_TOKENS:
        raise QueryError(
            f"the limit of tokens cannot be {max_tokens}; give 1 to {_MAX_TOKENS:,} tokens"
        )
    prompt = make_prompt(model.tokens, meter, key, start)
    if len(prompt.admitted) >= max_tokens:
        raise QueryError(
            f"meter, key and start have {len(prompt.admitted)} tokens together, but tunes are cut "
            f"off after {max_tokens} tokens; allow more tokens with --max-tokens"
        )
    if max_copy is None:
        return prompt, None
    if not model.tokens.stands_on_c:
        raise QueryError(
            f"{model.name} does not write on C, but the tunes of an index are on C, so copying "
            "cannot be limited; leave out --max-copy"
        )
    with given_or_default(index) as opened:
        limit = CopyLimit(opened.figures, model.tokens, max_copy)
    limit.check_start(prompt.music)
    return prompt, limit
