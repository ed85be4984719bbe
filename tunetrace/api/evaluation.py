"""Evaluating a model, and the tunes that it was trained on or that were held out from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tunetrace.api.models import open_model
from tunetrace.arguments import many_paths, many_texts, public
from tunetrace.corpus.readers import Format
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.indexer.build.sources import find_sources
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.training.evaluation import Evaluation
from tunetrace.model.training.history import EpochOriginality
from tunetrace.progress import Progress, silent
from tunetrace.text import printable
from tunetrace.tokenizer.transcription import Transcription

if TYPE_CHECKING:
    from tunetrace.model.records import Model


@public
def evaluate_model(
    model: Model | str | Path | None = None,
    sources: str | Path | Sequence[str | Path] = (),
    index: Index | str | Path | None = None,
    *,
    held_out: bool = False,
    format: Format | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """How well a model predicts tunes, beside a back-off n-gram model of the index's other tunes.

    model: as for open_model, or one that is open. sources: files, folders, `-` and named corpora;
    or held_out: the tunes of the index that were held out from the model. The index is the default
    one if none is given. Raises InputError where no tune can be used, or neither or both of sources
    and held_out are given; ModelFileError where the index lacks the model's tunes.
    """
    inputs = many_paths(sources, "sources")
    if held_out == bool(inputs):
        raise InputError(
            "a model is evaluated either on sources or on its held-out tunes; name sources after "
            "the model, as 'tunetrace-small tunes.abc', or ask for --held-out"
        )
    opened_model = open_model(model)
    from tunetrace.model.training.evaluate import evaluate
    from tunetrace.model.training.held_out import held_out_tunes, transcriptions_of

    with given_or_default(index) as opened:
        if held_out:
            ids = held_out_tunes(opened_model, opened)
            tunes = transcriptions_of(ids, opened)
            return evaluate(opened_model, tunes, opened, held_out=ids, progress=progress)
        names = [printable(str(source)) for source in inputs]
        read = _read(inputs, format, progress)
        return evaluate(opened_model, read, opened, sources=names, progress=progress)


@public
def held_out_tunes(
    model: Model | str | Path | None = None, index: Index | str | Path | None = None
) -> Iterator[Transcription]:
    """The tunes that were held out from a model, from the index that it was trained on.

    Raises ModelFileError where the model names none or the index lacks one of them.
    """
    opened_model = open_model(model)
    from tunetrace.model.training import held_out

    with given_or_default(index) as opened:
        ids = held_out.held_out_tunes(opened_model, opened)
        yield from held_out.transcriptions_of(ids, opened)


@public
def training_tunes(
    model: Model | str | Path | None = None, index: Index | str | Path | None = None
) -> Iterator[Transcription]:
    """The tunes that a model was trained on, the held-out ones left out.

    Raises ModelFileError where the model does not say or the index lacks one of its corpora.
    """
    opened_model = open_model(model)
    from tunetrace.model.training import held_out

    with given_or_default(index) as opened:
        ids = held_out.training_tunes(opened_model, opened)
        yield from held_out.transcriptions_of(ids, opened)


def _read(
    sources: Sequence[str | Path], format: Format | None, progress: Progress
) -> Iterator[Transcription | Rejected]:
    found = find_sources(sources, format, progress)
    for source in found:
        for tune in source.read(is_only=len(found) == 1):
            # Where the files of a named corpus happen to lie says nothing.
            named = source.name if source.named else source.where
            yield replace(tune, input=tune.input.replace(source.where, named, 1))


@public
def originality(
    samples: Iterable[str], index: Index | str | Path | None = None, *, ended: int | None = None
) -> EpochOriginality:
    """How original samples are against an index (the default one if none is given).

    samples: each one transcription in folk-rnn's text. ended: how many of them ended by themselves,
    which their text does not say. Raises InputError where there is no sample.
    """
    from tunetrace.model.training.originality import originality_of

    with given_or_default(index) as opened:
        return originality_of(many_texts(samples, "samples"), opened, ended=ended)
