"""Sampling: new transcriptions from a model, and the arguments that say how they are written.

Arguments are checked before PyTorch is imported, which takes a second.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, get_args

from tunetrace.arguments import public
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.hooks import Change, Planned, changes_of
from tunetrace.model.library.header import Header
from tunetrace.model.library.models import open_header, open_model
from tunetrace.model.records import Model, Precision, Sampled
from tunetrace.model.sampling.certificate import Certifier
from tunetrace.model.sampling.copy_limit import CopyLimit
from tunetrace.model.sampling.prompt import Prompt, make_prompt
from tunetrace.model.sampling.records import Certificate, Tally
from tunetrace.model.sampling.similar_limit import SimilarLimit
from tunetrace.text import plain

_MAX_BATCH: Final = 4096
_MAX_TOKENS: Final = 100_000
_SEEDS: Final = 2**64
_COOLEST, _WARMEST = 0.01, 100.0


def random_seed() -> int:
    """A random seed, short enough to be typed."""
    return secrets.randbelow(2**32)


class Sampling(Iterator[Sampled]):
    """Transcriptions that are being written, one by one, and what became of those drawn so far."""

    def __init__(
        self, tunes: Iterator[Sampled], tally: Tally, certifier: Certifier | None, opened: ExitStack
    ) -> None:
        """tunes: counted in the tally as they come. opened: is closed after the last of them."""
        self._tally = tally
        self._tunes = tunes
        self._certifier = certifier
        self._opened = opened

    def __next__(self) -> Sampled:
        try:
            sampled = next(self._tunes)
            if self._certifier is not None:
                self._certifier.add(sampled)
        except BaseException:  # the last one has come, or none can
            self._opened.close()
            raise
        return sampled

    @property
    def drawn(self) -> int:
        """How many transcriptions were drawn so far: all of the numbers up to this one."""
        return self._tally.drawn

    @property
    def given(self) -> int:
        """How many of them were given."""
        return self._tally.given

    @property
    def copied(self) -> int:
        """How many of them were left out since they would copy more than max_copy as ABC."""
        return self._tally.copied

    @property
    def similar(self) -> int:
        """How many of them were left out since they have a near copy that max_similar excludes."""
        return self._tally.similar

    def certificate(self) -> Certificate:
        """What those that have come were measured to have in common with the index.

        QueryError if they were sampled without certify=True.
        """
        if self._certifier is None:
            raise QueryError(
                "these transcriptions were not measured while they were written; sample them "
                "again with certify=True and the same seed"
            )
        return self._certifier.certificate(self._tally)


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
    max_similar: float | None = None,
    index: Index | str | Path | None = None,
    certify: bool = False,
    max_tokens: int = 1000,
    batch_size: int | None = None,
    precision: Precision = "float32",
    changes: Sequence[Change | Planned] = (),
) -> Sampling:
    """n new transcriptions of a model, one by one as they are written.

    model: open, or as open_model has it. meter (`6/8`), key (`Cdor`, `dor`) and start (tokens,
    `G, C C 2`): what each begins with. temperature: below 1 likely tokens become likelier. top_p:
    only the likeliest tokens that have so much probability together are drawn. seed: the same gives
    the same transcriptions, whatever n and batch_size (default: a random one). max_copy: no more
    than so many notes in a row are found in the index (default: your own); a transcription that
    would copy more once it is written as ABC is left out with its number. max_similar: one is left
    out with its number too if some tune of the index is a near copy with this probability or more;
    fewer than n come if 100 draws for each that is wanted are not enough. certify: measure each
    against the index, for Sampling.certificate. max_tokens: longer ones are cut off. batch_size:
    how many are written at once (default: as many as are fastest). precision: of the matrix
    products. changes: what to change in the network at each step, as [ablate(3, [60, 97])].

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
    header = open_header(model)
    prompt = check_writing(
        header, meter=meter, key=key, start=start, temperature=temperature, max_tokens=max_tokens
    )
    with ExitStack() as stack:
        limit = limit_copying(header, prompt, max_copy, index)
        similar = certifier = against = None
        if max_similar is not None or certify:
            _check_comparable(header, "--certificate" if max_similar is None else "--max-similar")
            against = stack.enter_context(given_or_default(index))
        if against is not None and max_similar is not None:
            similar = SimilarLimit(against, max_similar)
        from tunetrace.model.sampling.blocks import Plan, sample_many

        seed = random_seed() if seed is None else seed
        opened = open_model(model)
        plan = Plan(
            seed, prompt, temperature, top_p, max_tokens, batch_size, precision, limit, similar,
            changes_of(opened, changes),
        )  # fmt: skip
        if against is not None and certify:
            begun = {"meter": meter, "key": key, "start": start}
            certifier = Certifier(against, opened, n, plan, begun)
        tally = Tally()
        tunes = sample_many(opened, n, plan, tally)
        return Sampling(tunes, tally, certifier, stack.pop_all())


def check_writing(
    model: Model | Header,
    *,
    meter: str | None,
    key: str | None,
    start: str,
    temperature: float,
    max_tokens: int,
) -> Prompt:
    """Check what sampling and beam search share; gives the prompt."""
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
    return prompt


def limit_copying(
    model: Model | Header,
    prompt: Prompt,
    max_copy: int | None,
    index: Index | str | Path | None,
) -> CopyLimit | None:
    """The copy limit, against which the prompt is checked; None without one."""
    if max_copy is None:
        return None
    if not model.tokens.stands_on_c:
        raise QueryError(
            f"{model.name} does not write on C, but the tunes of an index are on C, so copying "
            "cannot be limited; leave out --max-copy"
        )
    with given_or_default(index) as opened:
        limit = CopyLimit(opened.figures, model.tokens, max_copy)
    limit.check_start(prompt.music)
    return limit


def _check_comparable(model: Model | Header, option: str) -> None:
    """QueryError if a model may write what cannot be compared with an index."""
    if not model.tokens.stands_on_c:
        reason = "does not write on C, but the tunes of an index are on C"
    elif model.tokens.unread:
        reason = f"writes '{plain(model.tokens.unread[0])[:20]}', which tunetrace does not read"
    else:
        return
    raise QueryError(f"{model.name} {reason}, so they cannot be compared; leave out {option}")
