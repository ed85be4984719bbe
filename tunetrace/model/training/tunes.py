"""The tunes that a model is trained on, and those that are held out, from an index.

A trained model keeps the names of its corpora and references to the tunes that were held out. The
tunes themselves are in the index that it was trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from tunetrace.arguments import public
from tunetrace.errors import ModelFileError, QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.near.graph import graph_of
from tunetrace.indexer.tune import transcriptions_of
from tunetrace.model.library.header import Header
from tunetrace.model.library.models import open_header
from tunetrace.model.records import END, START, Model, Tokens
from tunetrace.text import counted
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import V2_TOKENS

LONGEST: Final = 2000
"""Tokens of a tune. A longer one is not trained on: it would take the memory of a batch."""

_CHAIN: Final = 50
"""Titles and families together may make chains of tunes that are no settings of one another. One of
more tunes than this, and than the share to hold out, is trained on."""


@dataclass(frozen=True, slots=True)
class TrainingTunes:
    """The tunes that a model is trained on and those held out, by their tokens' numbers."""

    tokens: Tokens
    training: list[list[int]]
    held_out: list[list[int]]
    held_out_names: list[str]
    """As `corpus:number`, in the order of held_out."""
    too_long: int
    """How many tunes are too long for either."""
    by_family: bool
    """Whether settings were told by families as well as by titles."""


def is_usable(symbols: bytes) -> bool:
    """Whether a tune of so many symbols, as an index has them, is trained on or held out."""
    return 0 < len(symbols) <= LONGEST


def gather(
    index: Index,
    corpora: Sequence[str],
    validation: float,
    seed: int,
    *,
    by_family: bool | None = None,
) -> TrainingTunes:
    """The tunes of corpora, of which a share is held out together with their settings.

    The tokens are v2's, and those beyond it that these tunes have. by_family: tell settings by
    families as well as by titles; None to do so if the index has them. QueryError where there are
    too few tunes, and where the index lacks families that are asked for.
    """
    if by_family is None:
        by_family = index.graph is not None
    ids = _ids(index, corpora) if corpora else sorted(index.catalogue.setting_groups())
    every = {tune: index.symbols(tune) for tune in ids}
    kept = {tune: symbols for tune, symbols in every.items() if is_usable(symbols)}
    used = sorted({symbol for symbols in kept.values() for symbol in set(symbols)})
    names = (*V2_TOKENS, *index.vocabulary.decode(bytes(s for s in used if s >= len(V2_TOKENS))))
    tokens = Tokens(names)
    number_of = {s: tokens.numbers[index.vocabulary.tokens[s]] for s in used}
    frame = {tokens.numbers[START], tokens.numbers[END]}
    held_out = _held_out(index, list(kept), validation, seed, by_family)
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
        by_family,
    )


def _too_few(kept: int, too_long: int) -> QueryError:
    """The error when too few tunes are left to train on. too_long: how many are too long."""
    if too_long and not kept:
        all_are = "the only tune is" if too_long == 1 else f"all {too_long:,} tunes are"
        return QueryError(
            f"{all_are} longer than {LONGEST:,} tokens, the most for a training; give corpora with "
            "shorter tunes"
        )
    longer = f" without the {too_long:,} longer than {LONGEST:,} tokens" if too_long else ""
    return QueryError(
        f"{counted(kept, 'tune')} {'is' if kept == 1 else 'are'} too few to train on{longer}; give "
        "corpora with more tunes, or hold nothing out with --validation 0"
    )


def _ids(index: Index, corpora: Sequence[str]) -> list[int]:
    """The ids of the tunes of corpora, in order."""
    admitted = [index.catalogue.admitted(Filters(corpus=name)) for name in corpora]
    return sorted({tune for some in admitted for tune in some or ()})


def setting_groups(index: Index, *, by_family: bool) -> dict[int, int]:
    """A number for each tune of an index, by its id, that it shares with its settings and theirs.

    Settings share a title, or a work of their corpus. by_family: or a family.
    """
    groups = index.catalogue.setting_groups()
    if not by_family:
        return groups
    graph = graph_of(index.graph, index.named)
    chief = {group: group for group in groups.values()}

    def of(group: int) -> int:
        while chief[group] != group:
            chief[group] = group = chief[chief[group]]
        return group

    met: dict[int, int] = {}
    for tune, family in zip(graph.tunes.tolist(), graph.families.tolist(), strict=True):
        chief[of(groups[tune])] = of(met.setdefault(family, groups[tune]))
    return {tune: of(group) for tune, group in groups.items()}


def _held_out(
    index: Index, tunes: list[int], share: float, seed: int, by_family: bool
) -> list[int]:
    """Which of tunes to hold out, with all settings of each: about this share, in order."""
    group_of = setting_groups(index, by_family=by_family)
    groups = sorted({group_of[tune] for tune in tunes})
    np.random.default_rng([seed]).shuffle(groups)
    members: dict[int, list[int]] = {}
    for tune in tunes:
        members.setdefault(group_of[tune], []).append(tune)
    held_out: list[int] = []
    for group in groups:
        if len(held_out) + 1 > share * len(tunes):
            break
        if by_family and len(members[group]) > max(_CHAIN, share * len(tunes)):
            continue
        held_out += members[group]
    return sorted(held_out)


# The tunes of a model that was trained


@public
def held_out_tunes(
    model: Model | str | Path | None = None, index: Index | str | Path | None = None
) -> Iterator[Transcription]:
    """The tunes that were held out from a model, from the index that it was trained on.

    Raises ModelFileError where the model names none or the index lacks one of them.
    """
    header = open_header(model)
    with given_or_default(index) as opened:
        yield from transcriptions_of(held_out_ids(header, opened), opened)


@public
def training_tunes(
    model: Model | str | Path | None = None, index: Index | str | Path | None = None
) -> Iterator[Transcription]:
    """The tunes that a model was trained on, without those held out.

    Raises ModelFileError where the model does not say or the index lacks one of its corpora.
    """
    header = open_header(model)
    with given_or_default(index) as opened:
        yield from transcriptions_of(training_ids(header, opened), opened)


def held_out_ids(model: Model | Header, index: Index) -> list[int]:
    """The ids of the tunes that were held out from a model.

    ModelFileError where it names none, and where the index lacks one of them.
    """
    references = trained_on(model, "held_out")
    if not references:
        raise ModelFileError(
            f"the model '{model.name}' does not say which tunes were held out; give tunes, or give "
            "a model that 'tunetrace model train' made"
        )
    try:
        return sorted({tune for reference in references for tune in index.resolve(reference)})
    except QueryError as error:
        raise _other_index(model, index, str(error)) from None


def training_ids(model: Model | Header, index: Index) -> list[int]:
    """The ids of the tunes that a model was trained on: those of its corpora that were neither held
    out nor too long. Raises as training_tunes."""
    corpora = trained_on(model, "corpora")
    if not corpora:
        raise ModelFileError(
            f"the model '{model.name}' does not say which corpora it was trained on; give a model "
            "that 'tunetrace model train' made"
        )
    held_out = set(held_out_ids(model, index)) if trained_on(model, "held_out") else set()
    return [
        tune
        for tune in tunes_of(model, index, corpora)
        if tune not in held_out and is_usable(index.symbols(tune))
    ]


def tunes_of(model: Model | Header, index: Index, corpora: Sequence[str]) -> list[int]:
    """The ids of the tunes of corpora, in their order; ModelFileError where the index lacks one."""
    try:
        return _ids(index, corpora)
    except QueryError as error:
        raise _other_index(model, index, str(error)) from None


def trained_on(model: Model | Header, what: Literal["corpora", "held_out"]) -> list[str]:
    """The corpora that a model was trained on, or the tunes held out; empty if it does not say."""
    training: Any = model.provenance.get("training")
    named = training.get(what) if isinstance(training, dict) else None
    return [str(one) for one in named] if isinstance(named, list) else []


def _other_index(model: Model | Header, index: Index, reason: str) -> ModelFileError:
    return ModelFileError(
        f"{index.named}: this is not the index that '{model.name}' was trained on, "
        f"because {reason.split(';')[0]}; give the index of the training with --index"
    )
