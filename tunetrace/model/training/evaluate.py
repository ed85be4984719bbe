"""Evaluating a model: what it predicts of tunes, against a back-off n-gram model of the others.

The back-off model (Witten and Bell 1991, interpolated) is the number that a network must beat: it
is counted in a second from the suffixes of the training tunes. Both are asked for the same tokens,
those of the music; what the network predicts beyond these, headers and ends, is told by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.indexer.build.writer import encoded, nothing_usable
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.segment import Segment
from tunetrace.indexer.search.suffix import suffix_array
from tunetrace.indexer.search.views import TOKENS
from tunetrace.indexer.statistics.backoff import BackoffModel
from tunetrace.indexer.store.streams import joined
from tunetrace.model.records import Model
from tunetrace.model.training.batches import by_length, pack, unpack
from tunetrace.model.training.evaluation import Evaluation, OrderScore, ScoreDifference, score_of
from tunetrace.model.training.held_out import (
    has_held_out,
    held_out_tunes,
    training_corpora,
    tunes_of,
)
from tunetrace.progress import Progress, silent
from tunetrace.tokenizer.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import FRAME, HEADER, MEANINGS, Vocabulary

LONGEST = 10_000
"""A transcription of more tokens is set aside; tunes have a few hundred."""

_BATCH_NUMBERS = 1 << 24
"""So many gates or logits are computed together: 64 MB, which is 8,192 tokens of 512 units."""

_RESAMPLES = 1000
_SEED = 1

Floats = NDArray[np.float64]


def token_bits(model: Model, sequences: Sequence[Sequence[int]]) -> list[Floats]:
    """The bits of each token of transcriptions, given by their numbers, and of their ends.

    Each (its tokens + 1,): -log2 of the probability of a token after START and all before it, and
    last that of END. ModelFileError where weights are too large to give probabilities.
    """
    network = model.network
    found: list[Floats] = [np.empty(0)] * len(sequences)
    most_tokens = _BATCH_NUMBERS // max(4 * model.sizes.units, model.sizes.tokens)
    was_training = network.training
    network.eval()
    try:
        for batch in by_length([len(one) + 1 for one in sequences], most_tokens):
            packed = pack([sequences[place] for place in batch], model.tokens)
            device = network.to_tokens.device
            with torch.inference_mode():
                logits = network(packed.inputs.to(device), packed.rows)
                nats = torch.nn.functional.cross_entropy(
                    logits, packed.targets.to(device), reduction="none"
                )
            bits = nats.cpu().double().numpy() / np.log(2)
            if not np.isfinite(bits).all():
                raise model.overflow()
            for place, some in zip(batch, unpack(bits, packed), strict=True):
                found[place] = some
    finally:
        network.train(was_training)
    return found


def evaluate(
    model: Model,
    tunes: Iterable[Transcription | Rejected],
    index: Index,
    *,
    sources: Sequence[str] = (),
    held_out: Sequence[int] = (),
    progress: Progress = silent,
) -> Evaluation:
    """How well a model predicts tunes, beside a back-off model of the others of its index.

    sources: what the tunes are from, in words. held_out: the ids of those of the index that they
    are, where they are its held-out tunes. The back-off model is counted on the corpora that the
    model says it was trained on, else on the whole index. Raises InputError where no tune can be
    used, ModelFileError where the index is another than the model was trained on.
    """
    taken = _take(model, tunes, Vocabulary(index.vocabulary.extensions))
    progress("counting the back-off model", len(taken.tunes))
    others = _Others(model, index, taken, held_out)
    of_backoff = _backoff_bits(others, taken)
    progress("evaluating", len(taken.tunes))
    bits = token_bits(model, taken.numbers)
    music, tokens = _of_music(taken, bits)
    bars = sum(len(lay_out(tune.tokens).bars) for tune in taken.tunes)
    count = int(tokens.sum())
    backoff = tuple(
        OrderScore(**asdict(score_of(float(row.sum()), count, bars)), order=order)
        for order, row in enumerate(of_backoff, 1)
    )
    difference = None
    if backoff:
        best = int(of_backoff.sum(axis=1).argmin())
        difference = _difference(best + 1, music - of_backoff[best], tokens)
    predicted = sum(map(len, bits))
    return Evaluation(
        model=model.name,
        sources=tuple(sources),
        tunes=len(taken.tunes),
        bars=bars,
        in_index=others.same,
        network=score_of(float(music.sum()), count, bars),
        backoff=backoff,
        difference=difference,
        everything=score_of(float(sum(some.sum() for some in bits)), predicted, bars),
        counted_on=len(others.counted),
        corpora=others.corpora,
        left_out=others.left_out,
        set_aside=tuple(taken.set_aside),
    )


# What is evaluated


@dataclass
class _Taken:
    """The tunes that are evaluated, as numbers of the model and as symbols of an index."""

    vocabulary: Vocabulary
    tunes: list[Transcription]
    numbers: list[list[int]]
    symbols: list[bytes]
    set_aside: list[Rejected]


def _take(
    model: Model, tunes: Iterable[Transcription | Rejected], vocabulary: Vocabulary
) -> _Taken:
    """Take the tunes that the model and one-byte symbols can say; InputError where none is."""
    taken = _Taken(vocabulary, [], [], [], [])
    known = model.tokens.numbers
    for tune in tunes:
        usable = tune if isinstance(tune, Rejected) else _usable(tune, known, vocabulary)
        if isinstance(usable, Rejected):
            taken.set_aside.append(usable)
            continue
        taken.tunes.append(usable)
        taken.numbers.append([known[token] for token in usable.tokens])
        taken.symbols.append(vocabulary.encode(usable.tokens))
    if not taken.tunes:
        if not taken.set_aside:
            raise InputError("there is no tune to evaluate the model on; give some")
        raise nothing_usable(taken.set_aside)
    return taken


def _usable(
    tune: Transcription, known: Mapping[str, int], vocabulary: Vocabulary
) -> Transcription | Rejected:
    """A tune whose tokens the vocabulary has taken in; set aside where it cannot be predicted."""
    missing = next((token for token in tune.tokens if token not in known), None)
    if missing is not None:
        reason, kind = f"the model has no token '{missing}'", "a token that the model lacks"
    elif len(tune.tokens) > LONGEST:
        reason = f"it has {len(tune.tokens):,} tokens, and at most {LONGEST:,} are predicted"
        kind = "too long"
    else:
        taken = encoded(tune, vocabulary)
        return taken if isinstance(taken, Rejected) else taken[0]
    return Rejected(tune.input, tune.line, None, reason, kind, tune.number, tune.title)


def _of_music(taken: _Taken, bits: Sequence[Floats]) -> tuple[Floats, NDArray[np.int64]]:
    """The bits and the count of each tune's tokens without headers and ends: (tunes,) each."""
    sums, counts = [], []
    for tune, of_tokens in zip(taken.tunes, bits, strict=True):
        is_music = [MEANINGS[token].kind not in (HEADER, FRAME) for token in tune.tokens]
        sums.append(float(of_tokens[:-1][is_music].sum()))
        counts.append(sum(is_music))
    return np.array(sums), np.array(counts, dtype=np.int64)


# What it is held against


class _Others:
    """The tunes of an index that the back-off model is counted on.

    counted: their ids; corpora: the names of theirs; left_out: how many more there are in these
    corpora. same: how many of the evaluated tunes stand there token by token, and are not held out.
    """

    def __init__(self, model: Model, index: Index, taken: _Taken, held_out: Sequence[int]) -> None:
        self._index = index
        held = [corpus.name for corpus in index.catalogue.corpora()]
        named = training_corpora(model)
        is_same_index = bool(named) and set(named) <= set(held)
        self.corpora = tuple(named if is_same_index else held)
        of_corpora = tunes_of(model, index, self.corpora)
        kept_apart = set(held_out)
        if is_same_index and has_held_out(model):
            kept_apart.update(held_out_tunes(model, index))
        headers = taken.vocabulary.headers
        evaluated = Counter(symbols.translate(None, headers) for symbols in taken.symbols)
        found = {
            tune: body
            for tune in of_corpora
            if tune not in kept_apart
            and (body := index.symbols(tune).translate(None, headers)) in evaluated
        }
        self.same = sum(evaluated[body] for body in set(found.values()))
        groups = index.catalogue.setting_groups()
        apart = {groups[tune] for tune in (*kept_apart, *found)}
        self.counted = [tune for tune in of_corpora if groups[tune] not in apart]
        self.left_out = len(of_corpora) - len(self.counted)

    def segment(self) -> Segment:
        """Them as a segment of their own, sorted anew."""
        stream = joined([self._index.symbols(tune) for tune in self.counted])
        ids = np.array(self.counted, dtype="<i4").tobytes()
        return Segment(ids, stream, suffix_array(stream).astype("<i4").tobytes())


def _backoff_bits(others: _Others, taken: _Taken) -> Floats:
    """The bits of each evaluated tune's music by order: (orders, tunes); no row without others."""
    if not others.counted:
        return np.empty((0, len(taken.tunes)))
    model = BackoffModel([others.segment()], TOKENS.alphabet(taken.vocabulary))
    stream = joined(taken.symbols)
    starts = np.cumsum([0, *(len(symbols) + 1 for symbols in taken.symbols[:-1])])
    # Headers and the ends of tunes have 0 there.
    return -np.add.reduceat(model.log2_probabilities(stream), starts, axis=1)


def _difference(order: int, bits: Floats, tokens: NDArray[np.int64]) -> ScoreDifference:
    """The difference of two models in bits a token, from that of each tune in bits: (tunes,).

    The interval is from the percentiles of the bootstrap (Efron 1979) over tunes, in which both
    models are always held against each other on the same tunes.
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
