"""Checking transcriptions against an index: one or any number of them, with the same answer.

A few are matched one by one as they come; many are matched in slices, each sorted together with
the corpus, which costs the same for one transcription as for ten thousand. What a check needs in
memory is what a few slices do, and some hundred bytes for each transcription, by which duplicates
are known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from tunetrace.checker.batch.answers import answers
from tunetrace.checker.batch.joint import JointMatcher
from tunetrace.checker.batch.match import MatchedSlice, match_stream, match_together
from tunetrace.checker.batch.search import SearchMatcher
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.checker.batch.workers import Workers
from tunetrace.checker.details import with_details
from tunetrace.checker.duplicates import Duplicates, Repeat
from tunetrace.checker.inputs import Places
from tunetrace.checker.records import CheckedTune
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.collector import collector_paused
from tunetrace.corpus.records import Rejected
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.indexer.search.segment import Mask
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import is_header

SLICE_TOKENS: Final = 1_000_000
"""About so many tokens are matched together."""

_TUNE_COSTS: Final = 16
"""As many tokens more does a tune count for, since each takes some memory however short it is."""

FEW: Final = 256
"""For so many transcriptions it costs less to search for each than to sort the corpus with them."""


def check_transcriptions(
    tunes: Iterable[Transcription | Rejected],
    index: Index,
    admitted: Mask | None = None,
    *,
    details: bool = False,
    copy_share: float = COPY_SHARE,
    only: Places | None = None,
    is_prompt: bool = True,
    slice_tokens: int = SLICE_TOKENS,
    workers: int = 0,
) -> Iterator[CheckedTune | Rejected]:
    """Check each transcription, in their order; those set aside are handed on.

    admitted: which tunes of the index count, as a mask by id; None for all. details: with each bar,
    the hits of spans and the music, which takes a few milliseconds more for each. copy_share: the
    share of notes from one corpus tune from which on a verdict says most of it. only: the places of
    the tunes to check; the others are passed over. is_prompt: answer
    the first transcription before the third is read, and so on; else large slices from the first.
    workers: extra processes that match slices while this one reads and writes; the main module of
    the program must then be one that can be imported.
    """
    checking = _Checking(index, admitted, details, copy_share)
    first, most = (1 if is_prompt else None), (FEW if details else None)
    yield from checking.answers(_slices(_placed(tunes, only), slice_tokens, first, most), workers)


class _Checking:
    """A check under way."""

    def __init__(
        self, index: Index, admitted: Mask | None, details: bool, copy_share: float
    ) -> None:
        self._index = index
        self._admitted = admitted
        self._details = details
        self._copy_share = copy_share
        self._repeats = _Repeats()
        self._searched = SearchMatcher(index, admitted)

    @cached_property
    def _sorted(self) -> JointMatcher:
        return JointMatcher(self._index, self._admitted)

    def answers(self, slices: Iterable[_Slice], workers: int) -> Iterator[CheckedTune | Rejected]:
        """The answers on slices, in the order in which they were read.

        Large ones are matched in other processes, if there are any, two waiting for each; but this
        one matches the first, while the others start.
        """
        has_begun = False
        with Workers(self._index.path, self._admitted, workers) as others:
            waiting: deque[tuple[_Slice, Future[MatchedSlice] | None]] = deque()
            for slice_ in slices:
                matching = None
                if self._is_sorted(slice_):
                    matching = others.match(slice_.tokens) if has_begun else None
                    has_begun = True
                waiting.append((slice_, matching))
                while waiting and (
                    len(waiting) > 2 * workers or not self._is_sorted(waiting[0][0])
                ):
                    yield from self._in_order(*waiting.popleft(), others)
            for some in waiting:
                yield from self._in_order(*some, others)

    def _is_sorted(self, slice_: _Slice) -> bool:
        """Whether a slice is sorted together with the corpus; else each tune is searched for."""
        return len(slice_.usable) > FEW and not self._details

    def _in_order(
        self, slice_: _Slice, matching: Future[MatchedSlice] | None, others: Workers
    ) -> Iterator[CheckedTune | Rejected]:
        """The answers on a slice, in the order in which it was read."""
        repeats = self._repeats.of(slice_.usable)
        told: Iterator[CheckedTune]
        if self._is_sorted(slice_):
            found = (
                others.result(matching)
                if matching is not None
                else match_together(slice_.tokens, self._sorted)
            )
            with collector_paused():
                of_all = answers(slice_.usable, repeats, found, self._index, self._copy_share)
                told = iter(list(of_all))
        else:
            told = map(self._one, slice_.usable, repeats)
        for tune in slice_.tunes:
            yield tune if isinstance(tune, Rejected) else next(told)

    def _one(
        self, placed: tuple[int, Transcription], repeat: tuple[int, Repeat] | None
    ) -> CheckedTune:
        """The answer on a single transcription, by searching."""
        layout = lay_out(placed[1].tokens)
        stream = join_layouts([layout], self._index.vocabulary)
        matches = self._searched.match(stream)
        matched = match_stream([layout], stream, matches)
        (checked,) = answers([placed], [repeat], matched, self._index, self._copy_share)
        if not self._details:
            return checked
        return with_details(checked, layout, stream, matches, matched, self._index)


@dataclass(slots=True)
class _Slice:
    """Tunes in the order in which they were read, and the usable ones of them with their places."""

    tunes: list[Transcription | Rejected] = field(default_factory=list)
    usable: list[tuple[int, Transcription]] = field(default_factory=list)

    @property
    def tokens(self) -> list[Sequence[str]]:
        return [tune.tokens for _, tune in self.usable]


def _placed(
    tunes: Iterable[Transcription | Rejected], only: Places | None
) -> Iterator[tuple[int, Transcription | Rejected]]:
    """Tunes with their places, from 1, and nothing behind the last that is wanted.

    QueryError where the input has none at one of the ends of what is wanted.
    """
    place = 0
    for place, tune in enumerate(tunes, 1):
        if only is None or place in only:
            yield place, tune
        if only is not None and place == only.last:
            return
    if only is not None:
        raise QueryError(f"there is no tune at place {only.last}: the input has {place}")


def _slices(
    placed: Iterable[tuple[int, Transcription | Rejected]],
    slice_tokens: int,
    first: int | None,
    most: int | None,
) -> Iterator[_Slice]:
    """Tunes in slices of about so many tokens.

    first: how many tunes the first slice has; each further one has as many as all before it, until
    they are FEW; then, and for None, the tokens alone decide. most: tunes in any slice.
    """
    slice_, tokens, limit = _Slice(), 0, first
    for count, (place, tune) in enumerate(placed, 1):
        slice_.tunes.append(tune)
        if isinstance(tune, Rejected):
            tokens += 1  # it takes room too
        else:
            slice_.usable.append((place, tune))
            tokens += len(tune.tokens) + _TUNE_COSTS
        if tokens >= slice_tokens or len(slice_.tunes) == limit:
            yield slice_
            slice_, tokens = _Slice(), 0
            limit = count if first and count < FEW else most
    if slice_.tunes:
        yield slice_


class _Repeats:
    """What the transcriptions of a batch repeat of what came before them."""

    def __init__(self) -> None:
        self._duplicates = Duplicates()
        self._places: list[int] = []  # of the transcriptions that were compared so far
        self._numbers = _TokenNumbers()
        self._alone: list[tuple[int, Transcription]] = []  # a first one, with nothing to repeat

    def of(self, placed: Sequence[tuple[int, Transcription]]) -> list[tuple[int, Repeat] | None]:
        """What each of the next ones repeats, with its place; None for nothing."""
        if len(placed) == 1 and not self._places and not self._alone:
            self._alone += placed
            return [None]  # most checks are of one, and need no signatures
        first, self._alone = self._alone, []
        self._places += [place for place, _ in (*first, *placed)]
        bodies = [self._numbers.body(tune.tokens) for _, tune in (*first, *placed)]
        found = self._duplicates.add(bodies)[len(first) :]
        return [None if repeat is None else (self._places[repeat.of], repeat) for repeat in found]


class _TokenNumbers(dict[str, int]):
    """Numbers for the tokens of a batch, which need not be those of the index, as they are met.

    Headers have 0; those beyond the 254th of a batch, which no music needs, share a number.
    """

    def __missing__(self, token: str) -> int:
        number = 0 if is_header(token) else min(len(self) + 1, 255)
        self[token] = number
        return number

    def body(self, tokens: Sequence[str]) -> bytes:
        """A transcription without its headers, a byte a token."""
        return bytes(map(self.__getitem__, tokens)).translate(None, delete=b"\0")
