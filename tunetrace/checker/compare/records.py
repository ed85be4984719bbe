"""The records of a summary: the content of summary.json."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tunetrace.arguments import ViewName
from tunetrace.checker.records import TuneName
from tunetrace.records import Record

SIGNIFICANT: Final = 0.05
"""Two batches differ in a measure if the corrected p is below this."""

Direction: TypeAlias = Literal["more", "less", "none"]
"""Whether a batch has more or less of a measure than another; none if no difference was shown."""


@dataclass(frozen=True, slots=True, repr=False)
class Distribution(Record):
    """The distribution of a measure over transcriptions; all values are 0 if there are none."""

    count: int
    """The number of transcriptions."""
    mean: float
    """The mean."""
    median: float
    """The median."""
    deciles: tuple[float, ...]
    """The 10%, 20% … 90% quantiles."""
    least: float
    """The lowest value."""
    most: float
    """The highest value."""
    low: float
    """Where the histogram begins."""
    high: float
    """Where it ends; the last bin also has all higher values."""
    histogram: tuple[int, ...]
    """The number of transcriptions in each of its equally wide bins."""


@dataclass(frozen=True, slots=True, repr=False)
class Difference(Record):
    """How a batch differs from another batch, or from real tunes, in one measure."""

    mean: float
    """The mean of the batch minus that of the other."""
    low: float | None
    """The lower bound of its 95% confidence interval; None if one of the two is too small."""
    high: float | None
    """The upper bound."""
    test: str | None
    """The name of the test that p is from; None without a test."""
    p: float | None
    """The p value, corrected for the number of measures that were tested."""
    superiority: float | None
    """The probability that a transcription of the batch has more of the measure than one of the
    other; ties count half."""
    verdict: Direction = field(init=False)
    """What words, tables and files say. It follows from the other fields."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdict", self._verdict())

    def _verdict(self) -> Direction:
        """By the test, if there is one; otherwise by whether the interval contains 0.

        The test compares ranks, so its direction may differ from that of the means.
        """
        if self.p is not None and self.superiority is not None:
            if self.p >= SIGNIFICANT or self.superiority == 0.5:
                return "none"
            return "more" if self.superiority > 0.5 else "less"
        if self.low is not None and self.low > 0:
            return "more"
        return "less" if self.high is not None and self.high < 0 else "none"


@dataclass(frozen=True, slots=True, repr=False)
class MeasureSummary(Record):
    """One measure of a batch."""

    name: str
    """Its name in files."""
    label: str
    """Its name in tables."""
    is_share: bool
    """Whether it lies between 0 and 1. Otherwise it is a count."""
    more_is_copied: bool
    """Whether a higher value means more copying."""
    batch: Distribution
    """Its distribution in the batch."""
    baseline: float | None
    """The mean of real tunes of the same meters and lengths; None without a baseline."""
    to_baseline: Difference | None
    """How the batch differs from real tunes; None without a baseline."""
    to_other: Difference | None
    """How the batch differs from the other batch; None without one."""


@dataclass(frozen=True, slots=True, repr=False)
class SourceCount(TuneName):
    """A corpus tune that transcriptions share more with than chance explains."""

    transcriptions: int
    """The number of these transcriptions."""


@dataclass(frozen=True, slots=True, repr=False)
class Copy(Record):
    """A transcription that is in one corpus tune, as a whole or for the most part."""

    place: int
    """Its place in the batch."""
    input: str
    """The file that it was read from."""
    line: int | None
    """The line of the file where it begins."""
    title: str
    """Its title."""
    tune: TuneName
    """The corpus tune."""
    share: float
    """The share of its notes in that tune; 1 if is_whole."""
    is_whole: bool
    """Whether it is that tune as a whole."""


@dataclass(frozen=True, slots=True, repr=False)
class BatchSummary(Record):
    """A batch in numbers."""

    name: str
    """The name of the batch."""
    inputs: tuple[str, ...]
    """The files that it was read from."""
    transcriptions: int
    """The transcriptions that were checked."""
    set_aside: int
    """The tunes that could not be read."""
    set_aside_by: dict[str, int]
    """The same for each kind of reason."""
    notes: int
    """The notes of all transcriptions."""
    identical: int
    """The transcriptions that are a corpus tune as a whole."""
    nearly_of_one: int
    """The transcriptions with at least 90% of their notes in one corpus tune; the identical ones
    are among them."""
    mostly_of_one: int
    """The transcriptions with at least copy_share of their notes in one corpus tune; the identical
    ones are among them."""
    copy_share: float
    """The share of notes in one corpus tune that counts as most."""
    copies: tuple[Copy, ...]
    """The first of mostly_of_one, the most copied first."""
    near_copies: int | None
    """The transcriptions with a near copy in the corpus; None if none was sought. Identical ones
    are among them."""
    near_copies_only: int | None
    """Those of them with less than copy_share of their notes in one corpus tune."""
    named_from: float | None
    """The probability from which on a near copy is named."""
    false_alarms: float | None
    """How many near copies are to be expected among as many tunes that have none."""
    duplicates: int
    """The transcriptions that repeat an earlier one of the batch."""
    near_duplicates: int
    """The transcriptions that nearly repeat an earlier one of the batch."""
    beyond_chance: int
    """The transcriptions with a span beyond chance."""
    with_span: dict[int, int]
    """For each length in notes, the transcriptions with a span of at least that length."""
    measures: tuple[MeasureSummary, ...]
    """Each measure."""
    uniqueness: tuple[float, ...]
    """The mean uniqueness curve."""
    novelty: tuple[float, ...]
    """The mean novelty curve."""
    bars: int
    """The bars of all transcriptions."""
    bars_in_corpus: int
    """Those of them that are found in the corpus."""
    bars_same_position: int
    """Those that are found as the same bar of the same part."""
    sources: tuple[SourceCount, ...]
    """The corpus tunes that most transcriptions share more with than chance explains."""
    view: ViewName = "tokens"
    """What was compared."""
