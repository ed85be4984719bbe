"""How probable a model of transcriptions finds what comes after a figure.

What a model is, is not known here, but what it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import QueryError
from tunetrace.indexer.following.pieces import Unit
from tunetrace.indexer.records import Tune
from tunetrace.text import printable
from tunetrace.tokenizer.vocabulary import BAR_LINE, LENGTH_SIGN, MEANINGS, is_token

_END: Final = "</s>"
"""The token with which a model ends a transcription."""


class ModelTokens(Protocol):
    """The tokens of a model."""

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the model's probabilities."""

    @property
    def stands_on_c(self) -> bool:
        """Whether they are on C, as the tunes of an index are."""


class TranscriptionModel(Protocol):
    """A model that says how probable each token is to come next."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def tokens(self) -> ModelTokens:
        """Its tokens."""

    def probabilities(
        self, transcriptions: Iterable[Sequence[str]]
    ) -> Iterator[NDArray[np.float32]]:
        """For each transcription, how probable each token is after each of its n tokens, and before
        the first: (n + 1, tokens)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What comes after a figure."""

    tokens: tuple[str, ...]
    is_end: bool
    """Whether the tune ends after them."""


def check_reads(model: TranscriptionModel, figure: Sequence[str]) -> None:
    """QueryError unless a model writes on C and has all tokens of a figure."""
    name = printable(model.name)
    if not model.tokens.stands_on_c:
        raise QueryError(
            f"the model {name} does not write on C, but the tunes of an index are on C; give "
            "another model"
        )
    for token in figure:
        if token not in model.tokens.names:
            raise QueryError(
                f"the model {name} has no token '{token}', so it cannot read the figure; give "
                "another model"
            )


def headers_for(model: TranscriptionModel, tunes: Iterable[Tune]) -> tuple[str, ...]:
    """The meter and the key that most of these tunes have, as the tokens that a model reads first.

    Only meters and keys that the model has are counted; QueryError if it has none of them.
    """
    names = frozenset(model.tokens.names)
    wanted = [kind for kind in ("M:", "K:") if any(name.startswith(kind) for name in names)]
    counts: Counter[tuple[str, ...]] = Counter()
    for tune in tunes:
        meter, key = tune.meter or "", tune.key or ""
        ways = {"M:": (f"M:{meter}",), "K:": (f"K:{key}", f"K:{key.removeprefix('C')}")}
        known = [[way for way in ways[kind] if way in names][:1] for kind in wanted]
        if all(known):
            counts[tuple(way for (way,) in known)] += 1
    if not counts:
        raise QueryError(
            f"the model {printable(model.name)} writes in no meter and key of the tunes that have "
            "the figure; give another model, or other filters"
        )
    ((most, _),) = counts.most_common(1)
    return most


def predicted(
    model: TranscriptionModel, read: Sequence[str], pieces: Sequence[Piece], unit: Unit
) -> list[float]:
    """How probable a model finds each piece after the tokens that it reads: their product.

    A piece of notes or bars counts only if it ends there: if no length follows its last note, or a
    bar line or the tune's end follows its last bar. It is known then that no length follows what
    was read. A piece with a token that the model lacks has 0.
    """
    names = model.tokens.names
    numbers = {name: number for number, name in enumerate(names)}
    kinds = [MEANINGS[name].kind if is_token(name) else None for name in names]
    lengths = [number for number, kind in enumerate(kinds) if kind == LENGTH_SIGN]
    lines = [number for number, kind in enumerate(kinds) if kind == BAR_LINE]
    end = numbers[_END]
    found = [0.0] * len(pieces)
    possible = [
        number
        for number, piece in enumerate(pieces)
        if all(map(numbers.__contains__, piece.tokens))
    ]
    if unit == "symbol":
        (steps,) = model.probabilities([read])
        for number in possible:
            piece = pieces[number]
            found[number] = float(steps[-1, end if piece.is_end else numbers[piece.tokens[0]]])
        return found
    given = model.probabilities([*read, *pieces[number].tokens] for number in possible)
    for number, steps in zip(possible, given, strict=True):
        piece = pieces[number]
        after = steps[len(read) :].astype(np.float64)
        probability = 1 / (1 - after[0, lengths].sum())
        for step, token in zip(after, piece.tokens, strict=False):
            probability *= step[numbers[token]]
        if piece.is_end:
            probability *= after[-1, end]
        elif unit == "note":
            probability *= 1 - after[-1, lengths].sum()
        else:
            probability *= after[-1, [*lines, end]].sum()
        found[number] = float(probability)
    return found
