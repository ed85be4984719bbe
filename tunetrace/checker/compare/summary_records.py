"""What a batch is summed up to: the content of summary.json, and what the page says in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tunetrace.checker.records import TuneName

SIGNIFICANT: Final = 0.05
"""Two batches differ in a measure where the corrected p is below this."""

Direction: TypeAlias = Literal["more", "less", "none"]
"""Whether a batch has more or less of a measure than another; none where neither was shown."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a measure is distributed over transcriptions.

    deciles: the 10 %, 20 % … 90 % quantiles. histogram: how many lie in each of the equally wide
    bins between low and high, the last one with all that lie higher. Of no transcription all are 0.
    """

    count: int
    mean: float
    median: float
    deciles: tuple[float, ...]
    least: float
    most: float
    low: float
    high: float
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """How a batch differs from another, or from people's tunes, in one measure.

    mean: of the batch less that of the other; low and high: its 95 % confidence interval, None
    where one of the two is too small to tell, since one transcription does not vary. test: the
    name of the test that p is from, None where there is none; p is corrected for the number of
    measures that were tested. superiority: the probability that a transcription of the batch has
    more of the measure than one of the other, ties counted half. verdict: what words, tables and
    files say of it. It follows from the rest, so that all of them say the same.
    """

    mean: float
    low: float | None
    high: float | None
    test: str | None
    p: float | None
    superiority: float | None
    verdict: Direction = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", self._decided())

    def _decided(self) -> Direction:
        """By the test, where there is one; else by whether the interval leaves out 0.

        The test is of ranks, and so is the direction: the means may even differ the other way.
        """
        if self.p is not None and self.superiority is not None:
            if self.p >= SIGNIFICANT or self.superiority == 0.5:
                return "none"
            return "more" if self.superiority > 0.5 else "less"
        if self.low is not None and self.low > 0:
            return "more"
        return "less" if self.high is not None and self.high < 0 else "none"


@dataclass(frozen=True, slots=True)
class MeasureSummary:
    """One measure of a batch.

    baseline: the mean that people's tunes of the same meters and lengths have; to_baseline: how
    the batch differs from that; both None where the index has no baseline. to_other: how it differs
    from the batch that it is compared with, if any.
    """

    name: str
    label: str
    is_share: bool
    more_is_copied: bool
    batch: Distribution
    baseline: float | None
    to_baseline: Difference | None
    to_other: Difference | None


@dataclass(frozen=True, slots=True)
class SourceCount(TuneName):
    """A corpus tune whose spans in a transcription are together beyond chance.

    transcriptions: how many transcriptions have such spans of it.
    """

    transcriptions: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A transcription that is in one corpus tune, as a whole or for the most part.

    place: in the batch; input and line: where it begins; share: of its notes, 1 where is_whole.
    """

    place: int
    input: str
    line: int
    title: str
    tune: TuneName
    share: float
    is_whole: bool


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """A batch in numbers.

    name: what the batch is called; inputs: the files it was read from. transcriptions: how many
    were checked; set_aside: how many could not be read, set_aside_by: for each kind of reason.
    identical: how many are a corpus tune as a whole; nearly_of_one, mostly_of_one: how many, these
    among them, have at least 90% of their notes in one corpus tune, and at least copy_share;
    copies: the first few of the latter, most copied first. duplicates and near_duplicates: how many
    repeat an earlier one of the batch; beyond_chance: how many have a span that is less likely
    than chance allows; with_span: for each length in notes, how many have a span of at least so
    many. uniqueness and novelty: the mean curves. bars: of all transcriptions. sources: the tunes
    that most transcriptions have spans of, beyond chance.
    """

    name: str
    inputs: tuple[str, ...]
    transcriptions: int
    set_aside: int
    set_aside_by: dict[str, int]
    notes: int
    identical: int
    nearly_of_one: int
    mostly_of_one: int
    copy_share: float
    copies: tuple[Copy, ...]
    duplicates: int
    near_duplicates: int
    beyond_chance: int
    with_span: dict[int, int]
    measures: tuple[MeasureSummary, ...]
    uniqueness: tuple[float, ...]
    novelty: tuple[float, ...]
    bars: int
    bars_in_corpus: int
    bars_same_position: int
    sources: tuple[SourceCount, ...]
