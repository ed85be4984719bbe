"""What the index answers, worked out the slow way from lists of tokens and the written rules."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

Tune = Sequence[str]

_GOES_ON = re.compile(r"[\d/<>]+")
_HEADER = re.compile(r"[MK]:.*|</?s>")


def goes_on(token: str) -> bool:
    """Whether a token makes the note before it longer or shorter."""
    return _GOES_ON.fullmatch(token) is not None


def is_wall(token: str) -> bool:
    """Whether no figure passes a token."""
    return _HEADER.fullmatch(token) is not None


def figure_hits(
    tunes: Iterable[Tune], figure: Sequence[str], *, open_end: bool = False
) -> list[tuple[int, int]]:
    """(tune from 1, token) of every hit of a figure without wildcards."""
    length = len(figure)
    return [
        (number, at)
        for number, tune in enumerate(tunes, 1)
        for at in range(len(tune) - length + 1)
        if list(tune[at : at + length]) == list(figure)
        and (open_end or at + length == len(tune) or not goes_on(tune[at + length]))
    ]


def query_hits(
    tunes: Iterable[Tune], words: Sequence[str], *, open_end: bool = False
) -> set[tuple[int, int]]:
    """(tune, token) where a query begins to match: `*`, `{a b}` as 'a b', a trailing `?`."""

    def matches(tune: Tune, at: int, rest: Sequence[str]) -> bool:
        if not rest:
            return open_end or at == len(tune) or not goes_on(tune[at])
        if at == len(tune) or is_wall(tune[at]):
            return False
        word = rest[0]
        if word != "*" and tune[at] not in word.removesuffix("?").split():
            return False
        following = at + 1
        while word.endswith("?") and following < len(tune) and goes_on(tune[following]):
            following += 1
        return matches(tune, following, rest[1:])

    return {
        (number, at)
        for number, tune in enumerate(tunes, 1)
        for at in range(len(tune))
        if matches(tune, at, words)
    }


def longest_matches(tunes: Sequence[Tune], checked: Tune) -> list[int]:
    """For each token of a tune, how many from there on stand together in some other tune."""

    def reach(at: int) -> int:
        stop = at
        while stop < len(checked) and not is_wall(checked[stop]):
            if not figure_hits(tunes, checked[at : stop + 1], open_end=True):
                break
            stop += 1
        return stop - at

    return [reach(at) for at in range(len(checked))]


def pieces(tune: Tune) -> Iterator[Tune]:
    """The stretches of a tune between its walls."""
    start = 0
    for at in [*(k for k, token in enumerate(tune) if is_wall(token)), len(tune)]:
        if start < at:
            yield tune[start:at]
        start = at + 1


def ngrams(tunes: Iterable[Tune], n: int) -> dict[Tune, tuple[int, int]]:
    """In how many tunes, and how often, each n-gram stands, in the order in which they are met."""
    hits: Counter[Tune] = Counter()
    standing: defaultdict[Tune, set[int]] = defaultdict(set)
    for number, tune in enumerate(tunes):
        for piece in pieces(tune):
            for at in range(len(piece) - n + 1):
                ngram = tuple(piece[at : at + n])
                hits[ngram] += 1
                standing[ngram].add(number)
    return {ngram: (len(standing[ngram]), count) for ngram, count in hits.items()}


class BackoffModel:
    """The interpolated Witten-Bell model of some tunes, its formula over dictionaries.

    vocabulary: all tokens that there can be, headers left out.
    """

    def __init__(self, tunes: Iterable[Tune], vocabulary: Sequence[str], order: int = 5) -> None:
        self.vocabulary = vocabulary
        self.order = order
        self.after: defaultdict[Tune, Counter[str]] = defaultdict(Counter)
        for tune in tunes:
            for piece in pieces(tune):
                for at, token in enumerate(piece):
                    for length in range(min(at, order - 1) + 1):
                        self.after[tuple(piece[at - length : at])][token] += 1

    def probability(self, token: str, context: Tune) -> float:
        """P(token | context), for at most order - 1 tokens of context."""
        shorter = self.probability(token, context[1:]) if context else 1 / len(self.vocabulary)
        after = self.after.get(tuple(context), Counter())
        if not after:
            return shorter
        return (after[token] + len(after) * shorter) / (after.total() + len(after))

    def expected(self, figure: Tune, *, open_end: bool) -> float:
        """How many hits of a figure there would be in as many tokens of the model."""
        hits = float(self.after[()].total())
        for at, token in enumerate(figure):
            hits *= self.probability(token, figure[max(0, at - self.order + 1) : at])
        if open_end:
            return hits
        context = figure[-self.order + 1 :]
        return hits * sum(
            self.probability(token, context) for token in self.vocabulary if not goes_on(token)
        )


def notes(tokens: Tune) -> list[tuple[int, int]]:
    """The first token of each note of a well-formed tune, and the one past its last.

    A chord is one note, a rest none; lengths and broken rhythms belong to the note before them.
    """
    found = []
    at = 0
    while at < len(tokens):
        start, is_note = at, re.fullmatch(r"[_^=]?[A-Ga-g][,']*|\[", tokens[at]) is not None
        at = tokens.index("]", at) + 1 if tokens[at] == "[" else at + 1
        while at < len(tokens) and goes_on(tokens[at]):
            at += 1
        if is_note:
            found.append((start, at))
    return found


def maximal(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those stretches (first, stop) that lie in no other."""
    every = set(stretches)
    return sorted(
        (first, stop)
        for first, stop in every
        if not any((a, b) != (first, stop) and a <= first and stop <= b for a, b in every)
    )


def spans(
    tunes: Sequence[Tune], checked: Tune, notes: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The maximal stretches of whole notes that stand in some tune, as (first, stop) tokens.

    notes: the first token of each note of the checked tune, and the one past its last.
    """
    standing = []
    for k, (begin, _) in enumerate(notes):
        starts = [begin]
        if begin and re.fullmatch(r"\(\d.*", checked[begin - 1]):
            starts.append(begin - 1)
        for _, end in notes[k:]:
            for start in starts:
                stretch = checked[start:end]
                if not any(map(is_wall, stretch)) and figure_hits(tunes, stretch):
                    standing.append((start, end))
    return maximal(standing)


def rarest(
    tunes: Sequence[Tune], windows: Iterable[Sequence[str]], size: Callable[[Sequence[str]], int]
) -> tuple[int, int]:
    """The fewest tunes that one of some figures stands in, and the least size of those."""
    counted = [(len({n for n, _ in figure_hits(tunes, w)}), size(w)) for w in windows]
    return min(counted)
