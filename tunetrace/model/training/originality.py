"""How original samples of a model are: a few numbers, by which to end a training in time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tunetrace.arguments import many_texts, public
from tunetrace.checker.baseline.strata import Strata
from tunetrace.checker.check import check_transcriptions
from tunetrace.checker.records import CheckedTune
from tunetrace.corpus.records import Rejected
from tunetrace.errors import AbcError, InputError
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.store.arrays.baseline import BaselineTunes
from tunetrace.model.training.history import Copying, EpochOriginality
from tunetrace.tokenizer.folkrnn import tokenize_folkrnn
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription


@public
def originality(
    samples: Iterable[str], index: Index | str | Path | None = None, *, ended: int | None = None
) -> EpochOriginality:
    """How original samples are against an index, and whether they are tunes.

    samples: each one transcription in folk-rnn's text. index: open, or its path (default: your
    own). ended: how many of them ended by themselves, which their text does not say. Raises
    InputError where there is no sample, and where ended is more than there are.
    """
    texts = many_texts(samples, "samples")
    tunes = [_read(sample, place) for place, sample in enumerate(texts, 1)]
    if not tunes or (ended is not None and not 0 <= ended <= len(tunes)):
        raise InputError(
            f"{len(tunes)} samples with {ended or 0} that ended by themselves cannot be measured; "
            "give at least one sample, and no more ended samples than samples"
        )
    with given_or_default(index) as opened:
        answers = check_transcriptions(tunes, opened, verbatim=True)
        checked = [answer for answer in answers if isinstance(answer, CheckedTune)]
        baseline = opened.baseline

    def share(count: int) -> float:
        return count / len(checked) if checked else 0.0

    return EpochOriginality(
        transcriptions=len(checked),
        set_aside=len(tunes) - len(checked),
        copying=_copying(checked),
        people=_peoples(checked, baseline) if baseline and checked else None,
        beyond_chance=share(sum(any(s.is_beyond_chance for s in tune.spans) for tune in checked)),
        verbatim=share(sum(bool(tune.identical_to) for tune in checked)),
        duplicates=share(
            sum((tune.duplicate_of or tune.near_duplicate_of) is not None for tune in checked)
        ),
        adding_up=sum(adds_up(tune.transcription.tokens) for tune in checked) / len(tunes),
        ended=None if ended is None else ended / len(tunes),
    )


def adds_up(tokens: Sequence[str]) -> bool:
    """Whether a transcription states a meter and every bar adds up under it."""
    metered = [bar.adds_up for bar in lay_out(tokens).bars if bar.adds_up is not None]
    return bool(metered) and all(metered)


def _read(sample: str, place: int) -> Transcription | Rejected:
    """A sample as a transcription; set aside where it is none."""
    name = f"sample {place}"
    try:
        return tokenize_folkrnn(sample, input=name)
    except AbcError as error:
        return Rejected(name, error.line, error.column, error.reason, error.kind)


def _copying(tunes: Sequence[CheckedTune]) -> Copying:
    """What transcriptions copy, in the mean; nothing where there are none."""
    if not tunes:
        return Copying(0.0, 0.0, 0.0, 0.0)
    rows = [[*(tune.copied_share[k] for k in (8, 12, 16)), tune.longest_notes] for tune in tunes]
    return Copying(*(float(np.mean(column)) for column in zip(*rows, strict=True)))


def _peoples(tunes: Sequence[CheckedTune], baseline: BaselineTunes) -> Copying:
    """What real tunes of the same meters and lengths copy from one another.

    Each transcription counts as the mean of its stratum (post-stratification: Cochran 1977).
    """
    strata = Strata(baseline.meter, baseline.notes)
    numbers = strata.of([tune.meter for tune in tunes], [t.notes for t in tunes])
    weights = np.bincount(numbers, minlength=len(strata.members)) / len(tunes)
    means = {}
    for name in Copying.__dataclass_fields__:
        values = np.asarray(baseline.values[name], dtype=np.float64)
        means[name] = float(weights @ [values[members].mean() for members in strata.members])
    return Copying(**means)
