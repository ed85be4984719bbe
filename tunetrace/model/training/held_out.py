"""Which tunes of an index a model was trained on, and which were held out from it.

A trained model keeps the names of its corpora and references to the tunes that were held out; the
tunes themselves are in the index that it was trained on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tunetrace.errors import ModelFileError, QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index
from tunetrace.model.records import Model
from tunetrace.model.training.tunes import is_usable
from tunetrace.text import printable
from tunetrace.tokenizer.folkrnn import to_folkrnn
from tunetrace.tokenizer.transcription import Transcription


def held_out_tunes(model: Model, index: Index) -> list[int]:
    """The ids of the tunes that were held out from a model.

    ModelFileError where it names none, and where the index lacks one of them.
    """
    references = _references(model, "held_out")
    if not references:
        raise ModelFileError(
            f"the model '{model.name}' names no held-out tunes, as those of "
            "'tunetrace model train' do; name what to use it on instead"
        )
    try:
        return sorted({tune for reference in references for tune in index.resolve(reference)})
    except QueryError as error:
        raise _other_index(model, index, str(error)) from None


def training_tunes(model: Model, index: Index) -> list[int]:
    """The ids of the tunes that a model was trained on: those of its corpora, less the held-out
    and those that are too long to be trained on.

    ModelFileError where it names no corpora, and where the index lacks one of its tunes or corpora.
    """
    corpora = _references(model, "corpora")
    if not corpora:
        raise ModelFileError(
            f"the model '{model.name}' does not say which corpora it was trained on, as those of "
            "'tunetrace model train' do; ask for the tunes of one that does"
        )
    held_out = set(held_out_tunes(model, index)) if _references(model, "held_out") else set()
    return [
        tune
        for tune in tunes_of(model, index, corpora)
        if tune not in held_out and is_usable(index.symbols(tune))
    ]


def tunes_of(model: Model, index: Index, corpora: Sequence[str]) -> list[int]:
    """The ids of the tunes of corpora, in their order; ModelFileError where the index lacks one."""
    found: list[int] = []
    for corpus in corpora:
        try:
            found += index.catalogue.admitted(Filters(corpus=corpus)) or ()
        except QueryError as error:
            raise _other_index(model, index, str(error)) from None
    return sorted(set(found))


def training_corpora(model: Model) -> list[str]:
    """The names of the corpora that a model says it was trained on; empty where it says none."""
    return _references(model, "corpora")


def has_held_out(model: Model) -> bool:
    """Whether a model names tunes that were held out from it."""
    return bool(_references(model, "held_out"))


def _references(model: Model, name: str) -> list[str]:
    """A list of names from what a model says of its training; empty where there is none."""
    training: Any = model.provenance.get("training")
    named = training.get(name) if isinstance(training, dict) else None
    return [str(one) for one in named] if isinstance(named, list) else []


def _other_index(model: Model, index: Index, reason: str) -> ModelFileError:
    return ModelFileError(
        f"{printable(str(index.path))}: this is not the index that '{model.name}' was trained on, "
        f"since {reason.split(';')[0]}; give that one with --index"
    )


def transcriptions_of(tunes: Sequence[int], index: Index) -> Iterator[Transcription]:
    """Tunes of an index, by their ids, as the tokens that it has of them."""
    records = index.catalogue.tunes(tunes)
    for tune in tunes:
        record = records[tune]
        tokens = tuple(index.tokens(tune))
        yield Transcription(
            titles=(record.title,) if record.title else (),
            number=record.number,
            meter=record.meter,
            key=record.key,
            original_key=record.original_key,
            tokens=tokens,
            text=to_folkrnn(tokens, title=record.title, number=record.number),
            input=record.reference,
            link=record.link,
        )
