"""The long steps of a build, which need nothing of the tunes before: here, or on a cluster.

Tunes are prepared block by block: read, laid out in bars, projected to views, and made into the
arrays of near copies and of music. Each view of a whole segment is sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tunetrace.cluster.connecting import ClusterName, connected
from tunetrace.cluster.tasks import Task, Work
from tunetrace.corpus.records import Rejected
from tunetrace.corpus.unread import Cut, finished
from tunetrace.garbage import collector_paused
from tunetrace.indexer.bars.segment import OpenBars
from tunetrace.indexer.music.segment import SegmentMusic
from tunetrace.indexer.near.segment import NearSegment
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.progress import Progress, silent
from tunetrace.tokenizer.layout.bars import Layout, lay_out
from tunetrace.tokenizer.transcription import Transcription
from tunetrace.tokenizer.vocabulary import SEPARATOR

Answer = TypeVar("Answer", covariant=True)
Given = TypeVar("Given")

_PROJECTED: Final = tuple(view for view in VIEWS.values() if view is not TOKENS)
"""The views whose symbols do not depend on the vocabulary."""

_END: Final = bytes([SEPARATOR])


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """The symbols of successive tunes in some views."""

    symbols: Mapping[str, bytes]
    """By the name of the view, with a SEPARATOR after each tune."""
    ends: Mapping[str, NDArray[np.int64]]
    """(tunes + 1,) where each tune begins, and the end of the last, by the name of the view."""

    @classmethod
    def of(cls, tunes: Mapping[str, Sequence[bytes]]) -> Streams:
        """Those of tunes, given by the symbols of each in each view."""
        return cls(
            {name: b"".join([one + _END for one in some]) for name, some in tunes.items()},
            {name: np.cumsum([0, *(len(one) + 1 for one in some)]) for name, some in tunes.items()},
        )

    def __or__(self, others: Streams) -> Streams:
        """The same tunes also in other views."""
        return Streams({**self.symbols, **others.symbols}, {**self.ends, **others.ends})

    def select(self, places: Sequence[int]) -> Streams:
        """Those of some of the tunes, given by their places in ascending order."""
        tunes = {}
        for name, symbols in self.symbols.items():
            ends = self.ends[name].tolist()
            tunes[name] = [symbols[ends[place] : ends[place + 1] - 1] for place in places]
        return Streams.of(tunes)


@dataclass(frozen=True, slots=True, eq=False)
class TuneArrays:
    """What a segment keeps of successive tunes."""

    streams: Streams
    bars: OpenBars
    near: NearSegment
    music: SegmentMusic
    """The id of a tune is its place among these tunes."""

    @classmethod
    def of(cls, layouts: Sequence[Layout]) -> TuneArrays:
        """Those of tunes, with the streams of the views that do not depend on the vocabulary."""
        # Tune by tune, since a tune is projected to all its views together.
        symbols = [[view.symbols(layout, b"") for view in _PROJECTED] for layout in layouts]
        bars = OpenBars()
        for layout in layouts:
            bars.add(layout)
        return cls(
            Streams.of({view.name: [of[k] for of in symbols] for k, view in enumerate(_PROJECTED)}),
            bars,
            NearSegment.of(layouts),
            SegmentMusic.of(range(len(layouts)), layouts),
        )

    def select(self, places: Sequence[int]) -> TuneArrays:
        """Those of some of the tunes, given by their places in ascending order."""
        bars = OpenBars()
        bars.take(self.bars, places)
        music = self.music.select(places).numbered(np.arange(len(places), dtype=np.int32))
        return TuneArrays(self.streams.select(places), bars, self.near.select(places), music)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTunes:
    """A block of successive tunes of a source that was read."""

    read: Sequence[Transcription | Rejected]
    """The tunes, and those that are set aside."""
    arrays: TuneArrays | None
    """Of the tunes; None if there are none."""


def prepare(tunes: Sequence[Cut]) -> PreparedTunes:
    """Read a block of tunes, and make all that does not depend on the tunes before them."""
    with collector_paused():
        read = [finished(tune) for tune in tunes]
        layouts = [lay_out(tune.tokens) for tune in read if isinstance(tune, Transcription)]
        return PreparedTunes(read, TuneArrays.of(layouts) if layouts else None)


class Pending(Protocol[Answer]):
    """A step that is to be done, or is being done."""

    @property
    def is_ready(self) -> bool:
        """Whether `answer` needs no other process any more."""

    def answer(self) -> Answer:
        """Wait until it is done; gives its answer. To be called once."""


class Steps(Protocol):
    """Where steps are done."""

    @property
    def ahead(self) -> int:
        """How many steps may wait while an earlier one is being done."""

    def begin(
        self, named: str, tunes: int, function: Callable[..., Given], *given: object
    ) -> Pending[Given]:
        """Begin the call of a function of a module.

        named: how messages name what it is given. tunes: how many tunes it counts for progress; 0
        if another step counts them.
        """


@dataclass(frozen=True, slots=True)
class _Here(Generic[Given]):
    answer: Callable[[], Given]
    is_ready: bool = True


class _InThisProcess:
    """Steps are done in this process, each when its answer is asked for."""

    @property
    def ahead(self) -> int:
        return 0

    def begin(
        self, named: str, tunes: int, function: Callable[..., Given], *given: object
    ) -> Pending[Given]:
        return _Here(partial(function, *given))


HERE: Final[Steps] = _InThisProcess()


@dataclass(frozen=True, slots=True)
class _Elsewhere(Generic[Given]):
    steps: _OnCluster
    number: int

    @property
    def is_ready(self) -> bool:
        return self.number in self.steps.answers

    def answer(self) -> Given:
        while not self.is_ready:
            self.steps.collect()
        answer: Given = self.steps.answers.pop(self.number)
        return answer


class _OnCluster:
    """Steps are done by the workers of a cluster, and several at a time."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._begun = 0
        self.answers: dict[int, Any] = {}
        """What came back and was not asked for yet, by the number of the step."""

    @property
    def ahead(self) -> int:
        return 2 * self._work.capacity

    def begin(
        self, named: str, tunes: int, function: Callable[..., Given], *given: object
    ) -> Pending[Given]:
        while self._work.is_full():
            self.collect()
        self._begun += 1
        self._work.begin(function, Task(self._begun, named, tunes, given))
        return _Elsewhere(self, self._begun)

    def collect(self) -> None:
        """Take what is done after a short while."""
        for task, answer in self._work.done():
            self.answers[task.number] = answer


@contextmanager
def steps_on(cluster: ClusterName | None, progress: Progress = silent) -> Iterator[Steps]:
    """Steps that are done on a cluster, or here if there is none.

    Raises ClusterError if the cluster cannot do the work.
    """
    if cluster is None:
        yield HERE
        return
    with connected(cluster) as workers, workers.working("indexing", progress) as work:
        yield _OnCluster(work)
