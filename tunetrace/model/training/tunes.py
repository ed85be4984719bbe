"""The tunes that a model is trained on, and those that are held out, from an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tunetrace.errors import QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index
from tunetrace.model.records import END, START, Tokens
from tunetrace.text import counted
from tunetrace.tokenizer.vocabulary import V2_TOKENS

LONGEST: Final = 2000
"""Tokens. Longer tunes are not trained on: one would take the memory of a whole batch."""


@dataclass(frozen=True, slots=True)
class TrainingTunes:
    """The tunes that a model is trained on and those held out, by their tokens' numbers."""

    tokens: Tokens
    training: list[list[int]]
    held_out: list[list[int]]
    held_out_names: list[str]
    too_long: int


def is_usable(symbols: bytes) -> bool:
    """Whether a tune of so many symbols, as an index has them, is trained on or held out."""
    return 0 < len(symbols) <= LONGEST


def gather(index: Index, corpora: Sequence[str], validation: float, seed: int) -> TrainingTunes:
    """The tunes of corpora, with a share of them held out together with their settings.

    The tokens are v2's, and those beyond it that these tunes have. QueryError where there are too
    few tunes.
    """
    ids = _ids(index, corpora)
    every = {tune: index.symbols(tune) for tune in ids}
    kept = {tune: symbols for tune, symbols in every.items() if is_usable(symbols)}
    used = sorted({symbol for symbols in kept.values() for symbol in set(symbols)})
    names = (*V2_TOKENS, *index.vocabulary.decode(bytes(s for s in used if s >= len(V2_TOKENS))))
    tokens = Tokens(names)
    number_of = {s: tokens.numbers[index.vocabulary.tokens[s]] for s in used}
    frame = {tokens.numbers[START], tokens.numbers[END]}
    held_out = _held_out(index, list(kept), validation, seed)
    sequences = {
        tune: [number_of[s] for s in symbols if number_of[s] not in frame]
        for tune, symbols in kept.items()
    }
    training = [sequence for tune, sequence in sequences.items() if tune not in held_out]
    if not training or (validation and not held_out):
        raise _too_few(len(kept), len(every) - len(kept))
    records = index.catalogue.tunes(held_out)
    return TrainingTunes(
        tokens,
        training,
        [sequences[tune] for tune in held_out],
        [f"{records[tune].corpus}:{records[tune].number}" for tune in held_out],
        len(every) - len(kept),
    )


def _too_few(kept: int, too_long: int) -> QueryError:
    """The error where so many tunes are left to train on, and so many are too long for that."""
    if too_long and not kept:
        all_are = "the only tune is" if too_long == 1 else f"all {too_long:,} tunes are"
        return QueryError(
            f"{all_are} longer than {LONGEST:,} tokens, and none so long is trained on; name "
            "corpora with shorter tunes"
        )
    longer = f" without the {too_long:,} longer than {LONGEST:,} tokens" if too_long else ""
    return QueryError(
        f"{counted(kept, 'tune')} {'is' if kept == 1 else 'are'} too few to train on{longer}; name "
        "corpora with more, or hold nothing out with --validation 0"
    )


def _ids(index: Index, corpora: Sequence[str]) -> list[int]:
    """The ids of the tunes of corpora, of all where none is named, in order."""
    if not corpora:
        return sorted(index.catalogue.setting_groups())
    admitted = [index.catalogue.admitted(Filters(corpus=name)) for name in corpora]
    return sorted({tune for some in admitted for tune in some or ()})


def _held_out(index: Index, tunes: list[int], share: float, seed: int) -> list[int]:
    """Which of tunes to hold out, with all settings of each: about this share, in order."""
    group_of = index.catalogue.setting_groups()
    groups = sorted({group_of[tune] for tune in tunes})
    np.random.default_rng([seed]).shuffle(groups)
    members: dict[int, list[int]] = {}
    for tune in tunes:
        members.setdefault(group_of[tune], []).append(tune)
    held_out: list[int] = []
    for group in groups:
        if len(held_out) + 1 > share * len(tunes):
            break
        held_out += members[group]
    return sorted(held_out)
