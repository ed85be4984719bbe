"""Evaluating a model: what it predicts of tunes, beside a back-off n-gram model of other tunes.

A token's bits are -log2 of the probability that it was given before it was seen. Their mean is the
cross-entropy, and 2 to the power of that the perplexity (Jelinek et al. 1977). The back-off model
(Witten and Bell 1991, interpolated) is the number that a network must beat. Both are asked for the
tokens of the music. Headers and ends, which only the network predicts, are counted by themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tunetrace.arguments import Format, Reading, many_paths, public
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.indexer.build.sources import find_sources
from tunetrace.indexer.build.writer import encoded, nothing_usable
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.views import TOKENS
from tunetrace.indexer.statistics.backoff import BackoffModel
from tunetrace.indexer.store.arrays.streams import joined
from tunetrace.indexer.tune import transcriptions_of
from tunetrace.model.library.models import open_model
from tunetrace.model.records import Model
from tunetrace.model.training.tunes import (
    held_out_ids,
    setting_groups,
    trained_on,
    tunes_of,
)
from tunetrace.progress import Progress, silent
from tunetrace.records import Record
from tunetrace.text import printable
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import FRAME, HEADER, MEANINGS, Vocabulary

if TYPE_CHECKING:
    from torch import Tensor

    from tunetrace.model.training.batches import Packed

LONGEST = 10_000
"""A transcription of more tokens is set aside; tunes have a few hundred."""

_BATCH_NUMBERS = 1 << 24
"""So many gates or logits are computed together: 64 MB, which is 8,192 tokens of 512 units."""

_MAX_BITS = 1000.0
"""A perplexity beyond 2 to the power of so many bits is given as that, which JSON can hold."""

_RESAMPLES = 1000
_SEED = 1

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Score(Record):
    """How well a model predicts the tokens of some tunes."""

    tokens: int
    """How many were predicted."""
    bits_per_token: float
    """Their cross-entropy."""
    perplexity: float
    """Of a token."""
    bits_per_bar: float
    """The bits of all tokens by the number of bars."""
    perplexity_per_bar: float
    """Of a bar."""


@dataclass(frozen=True, slots=True, repr=False)
class OrderScore(Score):
    """How well the back-off model of one order predicts."""

    order: int
    """It predicts a token from the order - 1 tokens before it."""


@dataclass(frozen=True, slots=True, repr=False)
class ScoreDifference(Record):
    """How many bits a token the network needs more than the back-off model of an order."""

    order: int
    """Of the back-off model."""
    bits_per_token: float
    """Less than 0 if the network predicts better."""
    low: float | None
    """Lower end of the 95% interval, by the bootstrap over tunes; None for a single tune."""
    high: float | None
    """Upper end of the 95% interval; None for a single tune."""

    @property
    def is_better(self) -> bool | None:
        """Whether the network beats the back-off model; None where the interval does not tell."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return None
        return self.high < 0


@dataclass(frozen=True, slots=True, repr=False)
class Evaluation(Record):
    """How well a model predicts tunes, beside a back-off n-gram model counted on other tunes."""

    model: str
    """Its name."""
    sources: tuple[str, ...]
    """What was evaluated; empty for the model's held-out tunes."""
    tunes: int
    """How many were evaluated."""
    bars: int
    """How many bars they have."""
    in_index: int
    """How many of them are in the corpora token by token and are not held out. The network may have
    been trained on these."""
    network: Score
    """The network, over the tokens of the music."""
    backoff: tuple[OrderScore, ...]
    """The back-off model by order, over the same tokens. It knows neither headers nor ends. Empty
    if no tune is left to count one on."""
    difference: ScoreDifference | None
    """Of the network to the best order of the back-off model; None if there is no such model."""
    everything: Score
    """The network over all that it predicts, headers and the ends of tunes too."""
    counted_on: int
    """How many tunes the back-off model was counted on."""
    corpora: tuple[str, ...]
    """The corpora of these: those that the model was trained on if the index has them, else all."""
    left_out: int
    """How many tunes of these corpora it was not counted on, since they are evaluated, held out, or
    settings of such."""
    settings_by: Literal["titles", "families and titles"]
    """By what settings were told: by families too if the index has them (`find_families`)."""
    set_aside: tuple[Rejected, ...]
    """The tunes that could not be read or have a token that the model lacks."""


@public
def evaluate_model(
    model: Model | str | Path | None = None,
    sources: str | Path | Sequence[str | Path] = (),
    index: Index | str | Path | None = None,
    *,
    held_out: bool = False,
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """How well a model predicts tunes, beside a back-off n-gram model of the index's other tunes.

    model: as for open_model, or one that is open. sources: files, folders, `-` and named corpora.
    held_out: evaluate the tunes of the index that were held out from the model instead. index:
    open, or its path (default: your own). The back-off model is counted on the corpora that the
    model says it was trained on, else on the whole index. Raises InputError where no tune can be
    used, or neither or both of sources and held_out are given; ModelFileError where the index lacks
    the model's tunes.
    """
    inputs = many_paths(sources, "sources")
    if held_out == bool(inputs):
        raise InputError(
            "a model is evaluated either on sources or on its held-out tunes; give sources after "
            "the model, as 'tunetrace-small tunes.abc', or give --held-out"
        )
    opened = open_model(model)
    reading = Reading(format, voice, column)
    with given_or_default(index) as searched:
        ids = held_out_ids(opened, searched) if held_out else []
        tunes = transcriptions_of(ids, searched) if held_out else _read(inputs, reading, progress)
        names = tuple(printable(str(source)) for source in inputs)
        return _evaluate(opened, tunes, searched, names, ids, progress)


def _read(
    sources: Sequence[str | Path], reading: Reading, progress: Progress
) -> Iterator[Transcription | Rejected]:
    found = find_sources(sources, reading, progress)
    for source in found:
        yield from source.read(is_only=len(found) == 1)


def token_bits(model: Model, sequences: Sequence[Sequence[int]]) -> list[Floats]:
    """The bits of each token of transcriptions, given by their numbers, and of their ends.

    Each (its tokens + 1,): -log2 of the probability of a token after START and all before it, and
    last that of END. ModelFileError where weights are too large to give probabilities.
    """
    import torch

    from tunetrace.model.training.batches import unpack

    found: list[Floats] = [np.empty(0)] * len(sequences)
    for places, packed, logits in logits_of(model, sequences):
        nats = torch.nn.functional.cross_entropy(
            logits, packed.targets.to(logits.device), reduction="none"
        )
        bits = nats.cpu().double().numpy() / np.log(2)
        if not np.isfinite(bits).all():
            raise model.overflow()
        for place, some in zip(places, unpack(bits, packed), strict=True):
            found[place] = some
    return found


def logits_of(
    model: Model, sequences: Sequence[Sequence[int]]
) -> Iterator[tuple[list[int], Packed, Tensor]]:
    """The logits of what follows each token of transcriptions, which the network reads as they are.

    sequences: the tokens of each by their numbers, without START and END.
    Yields batches in bounded memory: the places of their transcriptions among all, these laid out,
    and the logits (N, tokens), float32, of what follows each of their tokens.
    """
    import torch

    from tunetrace.model.training.batches import by_length, pack

    network = model.network
    device = network.to_tokens.device
    most_tokens = _BATCH_NUMBERS // max(4 * model.sizes.units, model.sizes.tokens)
    for places in by_length([len(one) + 1 for one in sequences], most_tokens):
        packed = pack([sequences[place] for place in places], model.tokens)
        was_training = network.training
        network.eval()
        try:
            with torch.no_grad():
                logits = network(packed.inputs.to(device), packed.rows)
        finally:
            network.train(was_training)
        yield places, packed, logits


def _evaluate(
    model: Model,
    tunes: Iterable[Transcription | Rejected],
    index: Index,
    sources: tuple[str, ...],
    held_out: list[int],
    progress: Progress,
) -> Evaluation:
    """The evaluation of tunes from some sources, or of those of the index that are held out."""
    vocabulary = Vocabulary(index.vocabulary.extensions)
    taken, set_aside = _take(model, tunes, vocabulary)
    symbols = [vocabulary.encode(tune.tokens) for tune in taken]
    progress("building the back-off model", len(taken))
    others = _OtherTunes(model, index, symbols, vocabulary.headers, held_out)
    of_backoff = _backoff_bits(index, others.counted, symbols, vocabulary)
    progress("evaluating", len(taken))
    bits = token_bits(model, [model.tokens.encode(tune.tokens) for tune in taken])
    music, tokens = _of_music(taken, bits)
    bars = sum(len(lay_out(tune.tokens).bars) for tune in taken)
    count = int(tokens.sum())
    backoff = tuple(
        OrderScore(**asdict(_score(float(row.sum()), count, bars)), order=order)
        for order, row in enumerate(of_backoff, 1)
    )
    difference = None
    if backoff:
        best = int(of_backoff.sum(axis=1).argmin())
        difference = _difference(best + 1, music - of_backoff[best], tokens)
    predicted = sum(map(len, bits))
    return Evaluation(
        model=model.name,
        sources=sources,
        tunes=len(taken),
        bars=bars,
        in_index=others.same,
        network=_score(float(music.sum()), count, bars),
        backoff=backoff,
        difference=difference,
        everything=_score(float(sum(some.sum() for some in bits)), predicted, bars),
        counted_on=len(others.counted),
        corpora=others.corpora,
        left_out=others.left_out,
        settings_by="titles" if index.graph is None else "families and titles",
        set_aside=tuple(set_aside),
    )


def _score(bits: float, tokens: int, bars: int) -> Score:
    """The score of so many bits over tokens and bars; of none it is 0 bits."""
    means = (bits / max(tokens, 1), bits / max(bars, 1))
    of_token, of_bar = (float(2.0 ** min(mean, _MAX_BITS)) for mean in means)
    return Score(tokens, means[0], of_token, means[1], of_bar)


# What is evaluated


def _take(
    model: Model, tunes: Iterable[Transcription | Rejected], vocabulary: Vocabulary
) -> tuple[list[Transcription], list[Rejected]]:
    """The tunes that the model and one-byte symbols can say, and the others; InputError if none."""
    taken: list[Transcription] = []
    set_aside: list[Rejected] = []
    known = model.tokens.numbers
    for tune in tunes:
        usable = predictable(tune, known)
        if not isinstance(usable, Rejected):
            taken_in = encoded(usable, vocabulary)
            usable = taken_in if isinstance(taken_in, Rejected) else taken_in[0]
        if isinstance(usable, Rejected):
            set_aside.append(usable)
        else:
            taken.append(usable)
    if not taken and set_aside:
        raise nothing_usable(set_aside)
    if not taken:
        raise InputError(
            "no tune is given to evaluate the model on; give a file, a folder or --held-out"
        )
    return taken, set_aside


def predictable(tune: Transcription | Rejected, known: Container[str]) -> Transcription | Rejected:
    """A tune that a model can predict; set aside where it has a token that the model lacks, or is
    too long. known: the model's tokens."""
    if isinstance(tune, Rejected):
        return tune
    missing = next((token for token in tune.tokens if token not in known), None)
    if missing is not None:
        reason, kind = f"the model has no token '{missing}'", "a token that the model lacks"
    elif len(tune.tokens) > LONGEST:
        reason = f"the tune has {len(tune.tokens):,} tokens, but at most {LONGEST:,} are predicted"
        kind = "too long"
    else:
        return tune
    return Rejected(tune.input, tune.line, None, reason, kind, tune.number, tune.title)


def _of_music(tunes: list[Transcription], bits: list[Floats]) -> tuple[Floats, NDArray[np.int64]]:
    """The bits and the count of each tune's tokens without headers and ends: (tunes,) each."""
    sums, counts = [], []
    for tune, of_tokens in zip(tunes, bits, strict=True):
        is_music = [MEANINGS[token].kind not in (HEADER, FRAME) for token in tune.tokens]
        sums.append(float(of_tokens[:-1][is_music].sum()))
        counts.append(sum(is_music))
    return np.array(sums), np.array(counts, dtype=np.int64)


# What it is compared with


class _OtherTunes:
    """The tunes of an index that the back-off model is counted on.

    counted: their ids; corpora: the names of theirs; left_out: how many more there are in these
    corpora. same: how many of the evaluated tunes are in these corpora token by token, and are not
    held out.
    """

    def __init__(
        self, model: Model, index: Index, symbols: list[bytes], headers: bytes, held_out: list[int]
    ) -> None:
        held = [corpus.name for corpus in index.catalogue.corpora()]
        named = trained_on(model, "corpora")
        is_same_index = bool(named) and set(named) <= set(held)
        self.corpora = tuple(named if is_same_index else held)
        of_corpora = tunes_of(model, index, self.corpora)
        kept_apart = set(held_out)
        if is_same_index and trained_on(model, "held_out"):
            kept_apart.update(held_out_ids(model, index))
        evaluated = Counter(one.translate(None, headers) for one in symbols)
        found = {
            tune: body
            for tune in of_corpora
            if tune not in kept_apart
            and (body := index.symbols(tune).translate(None, headers)) in evaluated
        }
        self.same = sum(evaluated[body] for body in set(found.values()))
        groups = setting_groups(index, by_family=index.graph is not None)
        apart = {groups[tune] for tune in (*kept_apart, *found)}
        self.counted = [tune for tune in of_corpora if groups[tune] not in apart]
        self.left_out = len(of_corpora) - len(self.counted)


def _backoff_bits(
    index: Index, counted: list[int], symbols: list[bytes], vocabulary: Vocabulary
) -> Floats:
    """The bits of each evaluated tune's music by order: (orders, tunes).

    counted: the tunes of the index that the model is counted on; without any there is no row.
    """
    if not counted:
        return np.empty((0, len(symbols)))
    stream = joined([index.symbols(tune) for tune in counted])
    model = BackoffModel.counted([Segment.of(counted, stream)], TOKENS.alphabet(vocabulary))
    stream = joined(symbols)
    starts = np.cumsum([0, *(len(one) + 1 for one in symbols[:-1])])
    # Headers and the ends of tunes have 0 there.
    return -np.add.reduceat(model.log2_probabilities(stream), starts, axis=1)


def _difference(order: int, bits: Floats, tokens: NDArray[np.int64]) -> ScoreDifference:
    """The difference of two models in bits a token, from that of each tune in bits: (tunes,).

    The interval is from the percentiles of the bootstrap (Efron 1979) over tunes, in which both
    models are always compared on the same tunes.
    """
    mean = float(bits.sum() / max(tokens.sum(), 1))
    if len(bits) < 2:
        return ScoreDifference(order, mean, None, None)
    random = np.random.default_rng(_SEED)
    means = np.empty(_RESAMPLES)
    for k in range(_RESAMPLES):
        drawn = random.integers(0, len(bits), len(bits))
        means[k] = bits[drawn].sum() / max(tokens[drawn].sum(), 1)
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return ScoreDifference(order, mean, low, high)
