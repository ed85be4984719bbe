"""What an evaluation says: how well a model predicts tunes, beside a back-off n-gram model.

A token's bits are -log2 of the probability that it was given before it was seen; their mean is the
cross-entropy, and 2 to the power of that the perplexity (Jelinek et al. 1977).
"""

from __future__ import annotations

from dataclasses import dataclass

from tunetrace.corpus.records import Rejected

_MOST_BITS = 1000.0
"""A perplexity beyond 2 to the power of so many bits is given as that, which JSON can hold."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well a model predicts the tokens of some tunes.

    tokens: how many were predicted; bits_per_token: their cross-entropy, and perplexity that of a
    token; bits_per_bar: the bits of all of them by the bars that they make, and perplexity_per_bar
    that of a bar.
    """

    tokens: int
    bits_per_token: float
    perplexity: float
    bits_per_bar: float
    perplexity_per_bar: float


@dataclass(frozen=True, slots=True)
class OrderScore(Score):
    """How well the back-off model predicts, from the order - 1 tokens before each."""

    order: int


@dataclass(frozen=True, slots=True)
class ScoreDifference:
    """How many bits a token the network needs more than the back-off model of an order.

    Less than 0 where the network predicts better. low and high: the 95 % interval, by the bootstrap
    over tunes; None for a single tune, which does not vary.
    """

    order: int
    bits_per_token: float
    low: float | None
    high: float | None

    @property
    def is_better(self) -> bool | None:
        """Whether the network beats the back-off model; None where the interval does not tell."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return None
        return self.high < 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a model predicts tunes, beside a back-off n-gram model counted on other tunes.

    model: its name. sources: what was evaluated, empty for the model's held-out tunes. tunes, bars:
    how many were evaluated; in_index: how many of them stand in those corpora, token by token, and
    are not held out, so that the network may have been trained on them. set_aside: the tunes that
    could not be read or have a token that the model lacks.

    network and backoff are over the same tokens, those of the music: the back-off model, by order,
    knows neither headers nor ends. everything: the network over all that it predicts, headers and
    the ends of tunes too. difference: to the back-off model's best order; there is none, and no
    backoff, where no tune is left to count one on. counted_on: how many
    tunes the back-off model was counted on, and corpora: of which corpora of the index, those that
    the model says it was trained on where the index has them, else all; left_out: how many of
    these it was not counted on, since they are evaluated, held out, or settings of such.
    """

    model: str
    sources: tuple[str, ...]
    tunes: int
    bars: int
    in_index: int
    network: Score
    backoff: tuple[OrderScore, ...]
    difference: ScoreDifference | None
    everything: Score
    counted_on: int
    corpora: tuple[str, ...]
    left_out: int
    set_aside: tuple[Rejected, ...]


def score_of(bits: float, tokens: int, bars: int) -> Score:
    """The score of so many bits over tokens and bars; of none it is 0 bits."""
    per_token, per_bar = bits / max(tokens, 1), bits / max(bars, 1)
    return Score(tokens, per_token, _perplexity(per_token), per_bar, _perplexity(per_bar))


def _perplexity(bits: float) -> float:
    return float(2.0 ** min(bits, _MOST_BITS))
