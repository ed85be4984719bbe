"""Extraction: how far a model continues tunes verbatim from their first bars.

A model has learnt a tune by heart if a prompt with its beginning makes it write the rest. That is
asked of tunes that it was trained on and of tunes that it never saw (Carlini et al. 2021 and 2023).
A model may also continue a tune that it never saw, since a part repeats itself. So only what it
continues of training tunes beyond that of held-out tunes is memory.

The continuation is greedy: each token is the most probable one. It is verbatim up to the first step
at which the most probable token is not the tune's. So no token is written. The network reads each
tune once as it is, and this one pass gives the continuation from every prompt. The same pass gives
the probability that a random draw at temperature 1 continues verbatim (Hayes et al. 2025).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import many_numbers, public
from tunetrace.checker.compare.intervals import (
    difference_interval,
    percentile_interval,
    resampled_means,
    wilson,
)
from tunetrace.checker.records import TuneName, names_of
from tunetrace.errors import ModelFileError, QueryError
from tunetrace.indexer.filters import Filters
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.model.library.models import open_model
from tunetrace.model.records import END, START, Model
from tunetrace.model.training.evaluation import logits_of
from tunetrace.model.training.tunes import held_out_ids, is_usable, trained_on, training_ids
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.text import counted, listed
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.layout.timeline import Bar
from tunetrace.tokenizer.vocabulary import MEANINGS, NOTE

PROMPTS: Final = (1, 2, 4, 8)
"""Bars of the prompts."""

BARS: Final = 8
"""Bars that must follow verbatim: a part of most tunes."""

DRAWS: Final = 1000
_MOST_DRAWS: Final = 1e300

_AT_ONCE: Final = 128
"""Tunes that are read together."""


@dataclass(frozen=True, slots=True, repr=False)
class Continued(Record):
    """How far a model continues the tunes of one group from a prompt of one length."""

    prompt_bars: int
    """Bars of the prompt; the header and the pickup precede them."""
    tunes: int
    """Tunes with enough bars after the prompt: half of the bars that are asked for."""
    extracted: int
    """Tunes whose next bars are continued verbatim, or the whole rest and its end if fewer bars
    follow."""
    share: float | None
    """Extracted tunes by all; None without a tune, as are all that follow."""
    low: float | None
    """The lower bound of its 95% interval (Wilson 1927)."""
    high: float | None
    """The upper bound."""
    whole: int
    """Tunes that are continued verbatim to their end."""
    bars: float | None
    """Whole bars that are continued verbatim, on average."""
    tokens: float | None
    """Tokens that are continued verbatim, on average."""
    notes: float | None
    """Notes among them, on average."""
    by_draws: float | None
    """The expected share of tunes that at least one of `draws` random continuations extracts."""


@dataclass(frozen=True, slots=True, repr=False)
class ContinuedDifference(Record):
    """How much further training tunes are continued than held-out ones, from prompts of a length.

    The intervals of shares are Newcombe's (1998), those of means by the bootstrap over tunes.
    """

    prompt_bars: int
    """Bars of the prompt."""
    share: float
    """The share of training tunes that are extracted minus that of held-out ones."""
    low: float
    """The lower bound of its 95% interval."""
    high: float
    """The upper bound."""
    bars: float
    """The difference of the bars that are continued verbatim."""
    bars_low: float
    """The lower bound of its 95% interval."""
    bars_high: float
    """The upper bound."""
    tokens: float
    """The difference of the tokens that are continued verbatim."""
    tokens_low: float
    """The lower bound of its 95% interval."""
    tokens_high: float
    """The upper bound."""


@dataclass(frozen=True, slots=True, repr=False)
class ContinuedTune(TuneName):
    """A tune that a model continues verbatim, and from which prompt."""

    is_held_out: bool
    """Whether the model was not trained on it."""
    prompt_bars: int
    """Bars of the prompt."""
    bars: int
    """Whole bars that are continued verbatim."""
    following: int
    """Bars that follow the prompt."""
    is_whole: bool
    """Whether it is continued verbatim to its end."""


@dataclass(frozen=True, slots=True, repr=False)
class Extraction(Record):
    """How far a model continues training tunes and held-out tunes verbatim."""

    model: str
    """Its name."""
    corpora: tuple[str, ...]
    """The corpora whose tunes are continued."""
    says_training: bool
    """Whether the model says what it was trained on. If not, all tunes of the corpus are taken as
    training tunes, and none as held out."""
    bars: int
    """How many bars must follow verbatim for a tune to be extracted."""
    draws: int
    """How many random continuations `by_draws` supposes."""
    seed: int
    """With which the tunes were chosen."""
    training: tuple[Continued, ...]
    """Training tunes by the length of the prompt, the shortest first."""
    held_out: tuple[Continued, ...]
    """Held-out tunes in the same way; empty if there are none."""
    differences: tuple[ContinuedDifference, ...]
    """Training tunes minus held-out tunes, where both have tunes."""
    extracted: tuple[ContinuedTune, ...]
    """The tunes that are extracted, each from the shortest prompt that does it. Those with the most
    bars come first."""
    longest: ContinuedTune | None
    """The tune with the most bars that are continued verbatim, extracted or not; None if no whole
    bar of any tune is continued."""
    left_out: int
    """Tunes that were not continued, since the model lacks one of their tokens or they are longer
    than those that models are trained on."""


@public
def extract(
    model: Model | str | Path | None = None,
    index: Index | str | Path | None = None,
    *,
    corpus: str | None = None,
    n: int = 500,
    prompts: Sequence[int] = PROMPTS,
    bars: int = BARS,
    draws: int = DRAWS,
    seed: int = 1,
    progress: Progress = silent,
) -> Extraction:
    """How far a model continues training tunes and held-out tunes verbatim from their first bars.

    model: as for open_model. index: the one that it was trained on. corpus: only tunes of this
    corpus; needed if the model does not say what it was trained on. n: the most tunes of each kind,
    chosen at random by seed. prompts: numbers of bars of the prompts. bars: how many must follow
    verbatim. draws: random continuations that `by_draws` supposes.
    Raises QueryError for an argument out of range or if no tune has enough bars, ModelFileError if
    the index lacks the model's tunes or the model cannot read them.
    Method: Carlini et al. (2023), with bars in place of 50 tokens; Hayes et al. (2025).
    """
    lengths = sorted({*many_numbers(prompts, "prompts")})
    if not lengths:
        raise QueryError("prompts cannot be empty; give numbers of bars, such as 1,2,4,8")
    for name, value, least in (
        ("prompts", lengths[0], 1), ("n", n, 1), ("bars", bars, 1), ("draws", draws, 1),
        ("seed", seed, 0),
    ):  # fmt: skip
        if value < least:
            raise QueryError(f"{name} cannot be {value}; give {least} or more")
    opened = open_model(model)
    with given_or_default(index) as searched:
        chosen = _Chosen(opened, searched, corpus, n, seed)
        asked = _Asked(lengths, bars, draws)
        trained, held_out = (
            _Group(list(_read(opened, searched, tunes, progress)), asked)
            for tunes in (chosen.training, chosen.held_out)
        )
        if not any(trained.places.values()):
            least = lengths[0] + asked.least
            raise QueryError(
                f"no training tune of {listed(chosen.corpora)} has {least} bars or more, which a "
                f"prompt of {counted(lengths[0], 'bar')} needs; give shorter prompts or fewer bars"
            )
        continued = [*trained.continued(False), *held_out.continued(True)]
        names = searched.catalogue.tunes({tune for tune, _, _ in continued})
    tunes = [
        (is_extracted, ContinuedTune(*names_of(names[tune]), *found))
        for tune, is_extracted, found in continued
    ]
    return Extraction(
        model=opened.name,
        corpora=chosen.corpora,
        says_training=chosen.says_training,
        bars=bars,
        draws=draws,
        seed=seed,
        training=tuple(map(trained.row, lengths)),
        held_out=tuple(map(held_out.row, lengths)) if held_out.tunes else (),
        differences=tuple(
            _difference(length, trained, held_out)
            for length in lengths
            if trained.places[length] and held_out.places[length]
        ),
        extracted=_each_once(tune for is_extracted, tune in tunes if is_extracted),
        longest=min((tune for _, tune in tunes if tune.bars), key=_rank, default=None),
        left_out=chosen.left_out,
    )


# Which tunes


class _Chosen:
    """The tunes that a model is asked to continue.

    training, held_out: their ids, at most n of each. corpora: whose they are. says_training:
    whether the model says what it was trained on. left_out: how many it cannot read.
    """

    def __init__(self, model: Model, index: Index, corpus: str | None, n: int, seed: int) -> None:
        named = trained_on(model, "corpora")
        self.says_training = bool(named)
        if not named and corpus is None:
            raise ModelFileError(
                f"the model '{model.name}' does not say which corpora it was trained on; name one "
                "of the index with --corpus"
            )
        of_corpus = None
        if corpus is not None:
            of_corpus = set(index.catalogue.admitted(Filters(corpus=corpus)) or ())
            if named and corpus not in named:
                raise QueryError(
                    f"the model '{model.name}' was not trained on '{corpus}' but on "
                    f"{listed(named)}; give one of these, or no corpus for all"
                )
        self.corpora = tuple(named) if corpus is None else (corpus,)
        self.left_out = 0
        self._model, self._index, self._n = model, index, n
        self._random = np.random.default_rng([seed])
        if named:
            training = training_ids(model, index)
            held_out = held_out_ids(model, index) if trained_on(model, "held_out") else []
        else:
            training, held_out = sorted(of_corpus or ()), []
        self.training, self.held_out = (
            self._some([tune for tune in tunes if of_corpus is None or tune in of_corpus])
            for tunes in (training, held_out)
        )
        if not self.training:
            raise QueryError(
                f"the model '{model.name}' can read no training tune of {listed(self.corpora)}; "
                "give another corpus or a model with the tokens of these tunes"
            )

    def _some(self, tunes: list[int]) -> list[int]:
        """At most n of tunes that the model can read, in their order."""
        known_tokens = self._model.tokens.numbers.keys() - {START, END}
        lacked = np.array([token not in known_tokens for token in self._index.vocabulary.tokens])
        known = []
        for tune in tunes:
            symbols = self._index.symbols(tune)
            if not is_usable(symbols) or lacked[np.frombuffer(symbols, dtype=np.uint8)].any():
                self.left_out += 1
            else:
                known.append(tune)
        if len(known) <= self._n:
            return known
        return sorted(self._random.choice(known, self._n, replace=False).tolist())


# Reading them


@dataclass(frozen=True, slots=True)
class _Tune:
    """What the network says of a tune of T tokens while it reads it."""

    tune: int
    """Its id."""
    ends: list[int]
    """The token after each bar and its bar lines, counted in the tune."""
    wrong: NDArray[np.int64]
    """The tokens that are not the most probable ones there; T is the end."""
    bits: NDArray[np.float64]
    """(T + 1,), -log2 of the probability of each token and of the end."""
    is_note: NDArray[np.bool_]
    """(T,), which tokens are notes."""


def _read(model: Model, index: Index, tunes: Sequence[int], progress: Progress) -> Iterator[_Tune]:
    """What the network says of tunes, in their order."""
    for first in range(0, len(tunes), _AT_ONCE):
        progress("reading tunes", first)
        some = tunes[first : first + _AT_ONCE]
        tokens = [index.tokens(tune) for tune in some]
        said = _predicted(model, [model.tokens.encode(one) for one in tokens])
        for tune, of_tune, (is_first, bits) in zip(some, tokens, said, strict=True):
            is_note = [MEANINGS[token].kind == NOTE for token in of_tune]
            wrong = np.flatnonzero(~is_first)
            yield _Tune(tune, ends_of_bars(of_tune), wrong, bits, np.array(is_note, dtype=bool))


def _predicted(
    model: Model, sequences: Sequence[Sequence[int]]
) -> list[tuple[NDArray[np.bool_], NDArray[np.float64]]]:
    """For each transcription, (its tokens + 1,): whether each token, and last END, is the most
    probable one, and its bits. START, which is never written, has no probability."""
    import torch

    from tunetrace.model.training.batches import unpack

    found = [(np.empty(0, dtype=bool), np.empty(0))] * len(sequences)
    for places, packed, logits in logits_of(model, sequences):
        targets = packed.targets.to(logits.device)
        logits[:, model.tokens.start] = -torch.inf
        nats = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
        bits = nats.cpu().double().numpy() / np.log(2)
        if not np.isfinite(bits).all():
            raise model.overflow()
        is_first = (logits.argmax(dim=1) == targets).cpu().numpy()
        for place, *one in zip(places, unpack(is_first, packed), unpack(bits, packed), strict=True):
            found[place] = (one[0], one[1])
    return found


def ends_of_bars(tokens: Sequence[str]) -> list[int]:
    """The token after each whole bar of a tune and after its closing bar lines.

    A pickup belongs to the bar after it, and two short bars that make one are one. What follows the
    last bar belongs to it.
    """
    starts: list[int] = []
    before: Bar | None = None
    for bar in lay_out(tokens).bars:
        has_begun = bar.offset or (before and before.is_pickup and before.part == bar.part)
        if not has_begun:
            starts.append(bar.start)
        before = bar
    return [*starts[1:], len(tokens)] if starts else []


# What is continued


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of each tune."""

    lengths: list[int]
    """Bars of the prompts."""
    bars: int
    draws: int

    @property
    def least(self) -> int:
        """Bars that must follow a prompt: a shorter rest would be guessed too easily."""
        return (self.bars + 1) // 2


_IS: Final = ("is_extracted", "is_whole")
_MEANS: Final = ("bars", "tokens", "notes", "by_draws")
"""The fields of a continuation that are counted, and those whose means are given."""


class _Group:
    """The tunes of one kind and how far each is continued.

    tunes: what the network says of them. places: for each length of a prompt, the tunes with enough
    bars after it, by their places. The other arrays by length, (tunes with enough bars,) each.
    """

    def __init__(self, tunes: Sequence[_Tune], asked: _Asked) -> None:
        self.tunes = tunes
        self._asked = asked
        self.places = {
            length: [
                place for place, tune in enumerate(tunes) if len(tune.ends) >= length + asked.least
            ]
            for length in asked.lengths
        }
        self.found = {
            length: [_continued(tunes[place], length, asked) for place in places]
            for length, places in self.places.items()
        }

    def values(self, length: int, name: str) -> NDArray[np.float64]:
        """A field of the continuation of each tune with enough bars after a prompt."""
        return np.array([getattr(one, name) for one in self.found[length]], dtype=np.float64)

    def row(self, length: int) -> Continued:
        """How far the tunes are continued from a prompt of a length."""
        found = self.found[length]
        if not found:
            return Continued(length, 0, 0, None, None, None, 0, *[None] * 4)
        extracted, whole = (int(self.values(length, name).sum()) for name in _IS)
        means = (float(self.values(length, name).mean()) for name in _MEANS)
        share = extracted / len(found)
        bounds = wilson(extracted, len(found))
        return Continued(length, len(found), extracted, share, *bounds, whole, *means)

    def continued(
        self, is_held_out: bool
    ) -> Iterator[tuple[int, bool, tuple[bool, int, int, int, bool]]]:
        """Each tune and prompt of which a whole bar or all is continued verbatim: the tune's id,
        whether that extracts it, and the fields of ContinuedTune."""
        for length, found in self.found.items():
            for place, one in zip(self.places[length], found, strict=True):
                if one.bars or one.is_extracted:
                    following = len(self.tunes[place].ends) - length
                    fields = is_held_out, length, one.bars, following, one.is_whole
                    yield self.tunes[place].tune, one.is_extracted, fields


@dataclass(frozen=True, slots=True)
class _Continuation:
    """How far a tune is continued verbatim from a prompt."""

    bars: int
    tokens: int
    notes: int
    is_whole: bool
    is_extracted: bool
    by_draws: float


def _continued(tune: _Tune, length: int, asked: _Asked) -> _Continuation:
    """How far a tune is continued from its first bars; it has more bars than these."""
    start, last = tune.ends[length - 1], len(tune.is_note)
    at = int(np.searchsorted(tune.wrong, start))
    is_whole = at == len(tune.wrong)
    stop = last if is_whole else int(tune.wrong[at])
    bars = sum(end <= stop for end in tune.ends[length:])
    is_short = len(tune.ends) < length + asked.bars
    goal = last + 1 if is_short else tune.ends[length - 1 + asked.bars]
    probability = 2.0 ** -float(tune.bits[start:goal].sum())
    return _Continuation(
        bars,
        stop - start,
        int(tune.is_note[start:stop].sum()),
        is_whole,
        is_whole if is_short else bars >= asked.bars,
        # 1 - (1 - p)^draws, exact for small p
        -float(np.expm1(min(asked.draws, _MOST_DRAWS) * np.log1p(-min(probability, 1 - 1e-16)))),
    )


def _difference(length: int, trained: _Group, held_out: _Group) -> ContinuedDifference:
    """How much further training tunes are continued; both groups have tunes."""
    counts = [group.values(length, "is_extracted") for group in (trained, held_out)]
    ours, theirs = (float(one.mean()) for one in counts)
    bounds = [wilson(int(one.sum()), len(one)) for one in counts]
    shares = difference_interval(ours, bounds[0], theirs, bounds[1])
    means: list[float] = []
    for name in ("bars", "tokens"):
        values = trained.values(length, name), held_out.values(length, name)
        drawn = resampled_means(values[0], 1) - resampled_means(values[1], 2)
        means += [float(values[0].mean() - values[1].mean()), *percentile_interval(drawn)]
    return ContinuedDifference(length, ours - theirs, *shares, *means)


def _rank(tune: ContinuedTune) -> tuple[int, int, int]:
    """What tunes are sorted by: the most bars, the shortest prompt."""
    return -tune.bars, tune.prompt_bars, tune.tune


def _each_once(tunes: Iterator[ContinuedTune]) -> tuple[ContinuedTune, ...]:
    """Each tune once, from the shortest prompt; those with the most bars first."""
    first: dict[int, ContinuedTune] = {}
    for tune in sorted(tunes, key=lambda tune: tune.prompt_bars):
        first.setdefault(tune.tune, tune)
    return tuple(sorted(first.values(), key=_rank))
