"""Checking transcriptions against an index: one or any number of them, with the same answer.

A few transcriptions are searched for one by one. Many are matched in slices: a slice is sorted
together with the corpus, which takes as long for one transcription as for ten thousand. A check
keeps a few slices in memory, and some hundred bytes for each transcription to find duplicates.
"""

from __future__ import annotations

import heapq
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from tunetrace.arguments import (
    Format,
    Reading,
    ViewName,
    many_paths,
    many_references,
    many_texts,
    public,
)
from tunetrace.checker.asking.segments import AskedIndex, SegmentsAsked
from tunetrace.checker.batch.answers import answers, with_details
from tunetrace.checker.batch.joint import JointMatcher
from tunetrace.checker.batch.match import MatchedSlice, find_near, match_stream, match_together
from tunetrace.checker.batch.search import SearchMatches
from tunetrace.checker.batch.stream import join_layouts
from tunetrace.checker.batch.workers import Workers
from tunetrace.checker.compare.duplicates import Repeat, Repeats
from tunetrace.checker.records import CheckedTune, CheckReport
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.corpus.readers import is_of_index, read_tunes
from tunetrace.corpus.records import Rejected
from tunetrace.errors import QueryError
from tunetrace.garbage import collector_paused
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.search.segment import Mask
from tunetrace.indexer.search.views import TOKENS, View, view_named
from tunetrace.indexer.tune import named_tunes
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transcription import Transcription

SLICE_TOKENS: Final = 1_000_000
"""A slice has about this many tokens."""

_TUNE_COSTS: Final = 16
"""A tune counts for this many tokens more, since each takes some memory however short it is."""

FEW: Final = 256
"""Up to this many transcriptions, it is faster to search for each than to sort the corpus."""


@public
def check(
    text: str,
    index: Index | str | Path | None = None,
    *,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
    exclude_families: str | int | Sequence[str | int] = (),
    copy_share: float = COPY_SHARE,
    verbatim: bool = False,
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    view: ViewName = TOKENS.name,
) -> CheckReport:
    """Check the transcriptions in a text against an index.

    index: open, or its path; the default one if none is given. exclude_tunes: tunes of the index to
    leave out, by id, `corpus:number` or title. exclude_titles: the same by title. exclude_families:
    the same with all other tunes of their families (`find_families`). copy_share, verbatim, view:
    as for check_batch. Raises InputError if the text holds no tune, and QueryError, with the
    nearest titles, for a name that excludes no tune, and for a family before they are found.

    >>> report = check("X:1\\nM:6/8\\nL:1/8\\nK:G\\nG3 GAB|A3 ABd|gag fed|")
    >>> print(report.tunes[0].verdict.text)
    Most of it is in The Kesh (kesh:1): 57% of its notes are found there in runs of 8 or more.
    """
    with given_or_default(index) as opened:
        admitted = admitted_without(opened, exclude_tunes, exclude_titles, exclude_families)
        tunes = read_tunes(text, "the text", Reading(format, voice, column))
        return CheckReport.gather(
            check_transcriptions(
                tunes,
                opened,
                admitted,
                details=True,
                copy_share=copy_share,
                verbatim=verbatim,
                view=view_named(view),
            )
        )


@public
def check_files(
    paths: str | Path | Sequence[str | Path],
    index: Index | str | Path | None = None,
    *,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
    exclude_families: str | int | Sequence[str | int] = (),
    copy_share: float = COPY_SHARE,
    verbatim: bool = False,
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    view: ViewName = TOKENS.name,
) -> CheckReport:
    """Check the transcriptions in files, folders, and standard input for `-`, as check does.

    A tune of the index may be named too (`oneills:2`), as in check_batch.

    >>> check_files("examples/kesh.abc").tunes[0].verdict.kind
    'whole'
    """
    return CheckReport.gather(
        check_batch(
            paths,
            index,
            exclude_tunes=exclude_tunes,
            exclude_titles=exclude_titles,
            exclude_families=exclude_families,
            details=True,
            copy_share=copy_share,
            verbatim=verbatim,
            format=format,
            voice=voice,
            column=column,
            view=view,
        )
    )


@public
def check_batch(
    paths: str | Path | Sequence[str | Path],
    index: Index | str | Path | None = None,
    *,
    exclude_tunes: str | int | Sequence[str | int] = (),
    exclude_titles: str | Sequence[str] = (),
    exclude_families: str | int | Sequence[str | int] = (),
    only: str | Sequence[str] = (),
    details: bool = False,
    copy_share: float = COPY_SHARE,
    verbatim: bool = False,
    format: Format | None = None,
    voice: str | None = None,
    column: str | None = None,
    workers: int = 0,
    view: ViewName = TOKENS.name,
) -> Iterator[CheckedTune | Rejected]:
    """Check a batch of transcriptions and give the answers one by one, in the order of the input.

    paths: files, folders, and standard input for `-`; `corpus:number` or a number is a tune of the
    index. Tunes of the index that are checked do not count as its tunes. index, exclude_tunes,
    exclude_titles, exclude_families: as for check. only: places in the input, such as `13201` or
    `5-9`; other tunes are passed over. details: adds each bar, the places of spans and the music,
    as check has them. copy_share: from this share of notes in one corpus tune on, a verdict says
    `most`. verbatim: seek no near copies, which takes less time. workers: extra processes that
    match slices while this one reads; the program's main module must then be importable. view: what
    is compared. What is the same music as a whole or in a part, and near copies, are found in every
    view.
    CheckReport.gather collects the answers.

    Raises InputError for a path that does not exist, and if the only path cannot be read;
    QueryError for a name that excludes no tune or a place that the input lacks.

    >>> for answer in check_batch("examples/kesh.abc", exclude_titles="The Kesh"):
    ...     print(answer.place, answer.verdict.kind)
    1 none
    """
    places = Places.read(only)
    names = many_paths(paths, "paths")
    left_out = many_references(exclude_tunes, "exclude_tunes")
    left_out += [str(name) for name in names if is_of_index(name)]
    with given_or_default(index) as opened:
        yield from check_transcriptions(
            named_tunes(names, opened, Reading(format, voice, column)),
            opened,
            admitted_without(opened, left_out, exclude_titles, exclude_families),
            details=details,
            copy_share=copy_share,
            verbatim=verbatim,
            only=places,
            workers=workers,
            view=view_named(view),
        )


def admitted_without(
    index: Index,
    exclude_tunes: str | int | Iterable[str | int] = (),
    exclude_titles: str | Iterable[str] = (),
    exclude_families: str | int | Iterable[str | int] = (),
) -> Mask | None:
    """Which tunes of an index count when some are left out; None for all.

    Titles are whole ones. Raises QueryError for a title that excludes no tune, and for a family if
    the index has none yet.
    """
    references = many_references(exclude_tunes, "exclude_tunes")
    titles = many_texts(exclude_titles, "exclude_titles")
    left_out = [tune for reference in references for tune in index.resolve(reference)]
    left_out += [tune for title in titles for tune in index.catalogue.titled(title)]
    left_out += index.in_families(many_references(exclude_families, "exclude_families"))
    return ~index.mask(left_out) if left_out else None


@dataclass(frozen=True, slots=True)
class Places:
    """Some places of an input, counted from 1."""

    ranges: tuple[range, ...]

    @classmethod
    def read(cls, texts: str | Iterable[str]) -> Places | None:
        """Read texts such as `13201`, `5-9` or `1,3,5-9`; None without texts, for all places.

        Raises QueryError for a text of another form.
        """
        ranges = []
        for piece in (piece for text in many_texts(texts, "only") for piece in text.split(",")):
            bounds = re.fullmatch(r"\s*([1-9][0-9]{0,11})(?:\s*-\s*([1-9][0-9]{0,11}))?\s*", piece)
            first, last = (int(bounds[1]), int(bounds[2] or bounds[1])) if bounds else (1, 0)
            if last < first:
                raise QueryError(
                    f"'{piece.strip()}' is not a place in the input; give a number from 1, or a "
                    "range such as 5-9"
                )
            ranges.append(range(first, last + 1))
        return cls(tuple(ranges)) if ranges else None

    @property
    def last(self) -> int:
        """The last of them."""
        return max(some.stop for some in self.ranges) - 1

    def __iter__(self) -> Iterator[int]:
        """Each place once, in ascending order."""
        return (place for place, _ in groupby(heapq.merge(*self.ranges)))

    def __contains__(self, place: int) -> bool:
        return any(place in some for some in self.ranges)


def check_transcriptions(
    tunes: Iterable[Transcription | Rejected],
    index: Index,
    admitted: Mask | None = None,
    *,
    details: bool = False,
    copy_share: float = COPY_SHARE,
    verbatim: bool = False,
    only: Places | None = None,
    is_prompt: bool = True,
    slice_tokens: int = SLICE_TOKENS,
    workers: int = 0,
    view: View = TOKENS,
) -> Iterator[CheckedTune | Rejected]:
    """Check transcriptions in their order; tunes set aside are passed on.

    admitted: which tunes of the index count, as a mask by id; None for all. only: the places of the
    tunes to check. is_prompt: give the first answer before the third transcription is read;
    otherwise slices are large from the first one on. details, copy_share, verbatim, workers: as for
    check_batch. Details take a few milliseconds more for each transcription.
    """
    first, most = (1 if is_prompt else None), (FEW if details else None)
    slices = cut(_placed(tunes, only), slice_tokens, first, most)
    checking = Checking(AskedIndex(index, admitted, view), details, copy_share, verbatim)
    repeats = Repeats()
    has_begun = False
    with Workers(index, admitted, view, workers, verbatim=verbatim) as others:
        # Two slices wait for each worker. This process matches the first large slice while the
        # workers start.
        waiting: deque[tuple[Slice, Callable[[], MatchedSlice] | None]] = deque()
        for slice_ in slices:
            match = None
            if len(slice_.usable) > FEW and not details:
                match = others.match(slice_.tokens) if has_begun else None
                match = match or partial(checking.match, slice_)
                has_begun = True
            waiting.append((slice_, match))
            while waiting and (len(waiting) > 2 * workers or waiting[0][1] is None):
                slice_, match = waiting.popleft()
                yield from checking.answers(slice_, repeats.add(slice_.usable), match)
        for slice_, match in waiting:
            yield from checking.answers(slice_, repeats.add(slice_.usable), match)


@dataclass(frozen=True, slots=True)
class Checking:
    """How transcriptions are checked, and the index that this asks."""

    asked: AskedIndex
    details: bool
    copy_share: float
    verbatim: bool

    def match(self, slice_: Slice, segments: SegmentsAsked | None = None) -> MatchedSlice:
        """Match a slice in this process. segments: to be asked; default: those in this process."""
        matcher = JointMatcher(self.asked, segments)
        return match_together(slice_.tokens, matcher, verbatim=self.verbatim)

    def answers(
        self,
        slice_: Slice,
        repeats: Sequence[Repeat | None],
        match: Callable[[], MatchedSlice] | None,
    ) -> Iterator[CheckedTune | Rejected]:
        """The answers on a slice, in the order of the input.

        repeats: what each of its usable transcriptions repeats. match: gives the matched slice;
        None to search for each transcription.
        """
        checked: Iterator[CheckedTune]
        if match is None:
            checked = map(self._search, slice_.usable, repeats)
        else:
            found = match()
            with collector_paused():
                every = self._answers(slice_.usable, repeats, found)
            checked = iter(every)
        for tune in slice_.tunes:
            yield tune if isinstance(tune, Rejected) else next(checked)

    def _answers(
        self,
        placed: Sequence[tuple[int, Transcription]],
        repeats: Sequence[Repeat | None],
        matched: MatchedSlice,
    ) -> list[CheckedTune]:
        index, view = self.asked.index, self.asked.view
        return answers(placed, repeats, matched, index, self.copy_share, view)

    def _search(self, placed: tuple[int, Transcription], repeat: Repeat | None) -> CheckedTune:
        index, admitted = self.asked.index, self.asked.admitted
        layout = lay_out(placed[1].tokens)
        stream = join_layouts([layout], index.vocabulary, self.asked.view)
        matches = SearchMatches(index, stream, admitted)
        near = None if self.verbatim else find_near([layout], index, admitted)
        matched = match_stream([layout], stream, matches, near)
        (checked,) = self._answers([placed], [repeat], matched)
        if not self.details:
            return checked
        return with_details(checked, layout, stream, matches, matched, index)


@dataclass(slots=True)
class Slice:
    """Tunes in the order of the input, and those of them that can be checked, with their places."""

    tunes: list[Transcription | Rejected] = field(default_factory=list)
    usable: list[tuple[int, Transcription]] = field(default_factory=list)

    @property
    def tokens(self) -> list[Sequence[str]]:
        return [tune.tokens for _, tune in self.usable]


def _placed(
    tunes: Iterable[Transcription | Rejected], only: Places | None
) -> Iterator[tuple[int, Transcription | Rejected]]:
    """Tunes with their places, from 1. Nothing is read after the last wanted place.

    Raises QueryError if the input ends before that place.
    """
    last = None if only is None else max(some.stop - 1 for some in only.ranges)
    place = 0
    for place, tune in enumerate(tunes, 1):
        if only is None or place in only:
            yield place, tune
        if place == last:
            return
    if last is not None:
        raise QueryError(f"there is no tune at place {last}; the last tune is at {place}")


def cut(
    placed: Iterable[tuple[int, Transcription | Rejected]],
    slice_tokens: int = SLICE_TOKENS,
    first: int | None = None,
    most: int | None = None,
) -> Iterator[Slice]:
    """Tunes in slices of about slice_tokens tokens. placed: each with its place, from 1.

    first: the tunes in the first slice. Each further slice has as many as all before it, until they
    are FEW; then, and if first is None, only the tokens count. most: the most tunes in a slice.
    """
    slice_, tokens, limit = Slice(), 0, first
    for count, (place, tune) in enumerate(placed, 1):
        slice_.tunes.append(tune)
        if isinstance(tune, Rejected):
            tokens += 1  # a tune set aside takes memory too
        else:
            slice_.usable.append((place, tune))
            tokens += len(tune.tokens) + _TUNE_COSTS
        if tokens >= slice_tokens or len(slice_.tunes) == limit:
            yield slice_
            slice_, tokens = Slice(), 0
            limit = count if first and count < FEW else most
    if slice_.tunes:
        yield slice_
