"""The answers of an index, as they stand in Python and, field for field, in JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from tunetrace.text import place_of


@dataclass(frozen=True, slots=True)
class Tune:
    """A tune of the index by what names it: tune, its id, in the index; number in the corpus.

    link: its page on the web, where its corpus gives one.
    """

    tune: int
    title: str
    corpus: str
    number: int
    meter: str | None
    key: str | None
    original_key: str | None
    link: str | None

    @property
    def reference(self) -> str:
        """What names it in a table, and finds it again: `corpus:number`."""
        return f"{self.corpus}:{self.number}"


@dataclass(frozen=True, slots=True)
class Wording:
    """What a tune's transcription says in words: all its titles, the chief one first, the text as
    found, what was remarked in reading it, and the work that it is a setting of, if known."""

    titles: tuple[str, ...]
    text: str
    remarks: tuple[str, ...]
    work: str | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A tune that was set aside when its corpus was read; number and title as its fields say.

    line and column, from 1, are those of input; kind is the reason in a few words.
    """

    corpus: str
    number: int | None
    title: str
    input: str
    line: int | None
    column: int | None
    reason: str
    kind: str

    @property
    def place(self) -> str:
        """Where it stands: `book.abc:12:3`."""
        return place_of(self.input, self.line, self.column)


@dataclass(frozen=True, slots=True)
class Hit(Tune):
    """One place where a figure or a bar stands, with all that names its tune.

    onset: in eighths from the start of the bar.

    context: the tokens of the bars it touches (for a bar, of its neighbours too); found: where in
    that text it stands, as (start, end) in characters, for display and not in JSON.
    """

    part: int
    bar: int
    ending: int | None
    onset: Fraction
    context: str
    found: tuple[int, int] = field(default=(0, 0), compare=False, metadata={"json": False})


@dataclass(frozen=True, slots=True)
class Matches:
    """What `figure` and `bar` answer: in how many tunes, how often, of how many admitted.

    expected: how many hits of a figure there would be in as many tokens of the back-off model of
    the index (indexer.statistics.backoff), that is, by chance. None where the model does not say:
    for a figure with wildcards, which stands for too many figures to ask for each; for one at a
    place in the tune, since the model knows no places; and for whole bars. log10_expected: its
    base-10 logarithm, which says how few are expected where expected underflows to 0; None where
    expected is None, and where no hit is possible.
    """

    query: str
    tunes: int
    hits: int
    of: int
    expected: float | None
    log10_expected: float | None
    results: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """A corpus of an index. tokens and bars count what stands in its tunes, headers left out.

    set_aside: how many tunes could not be indexed; set_aside_by: how many for each kind of reason.
    """

    name: str
    tunes: int
    tokens: int
    bars: int
    set_aside: int
    source: str
    licence: str | None
    version: str | None
    sha256: str
    added: str
    set_aside_by: dict[str, int]


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What is in an index. bars are those of all tunes, distinct_bars the different texts;
    has_baseline: whether it was measured how much its tunes share with one another."""

    path: str
    tunes: int
    tokens: int
    bars: int
    distinct_bars: int
    segments: int
    has_baseline: bool
    corpora: tuple[CorpusInfo, ...]
