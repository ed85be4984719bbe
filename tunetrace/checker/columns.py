"""The columns of a report's tables: each with its name, its type, what it says and how to get it.

`tunes` has one row for each transcription, `spans` one for each of its spans, `set-aside` one for
each tune that could not be read. What a reader wants first stands first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from tunetrace._version import __version__
from tunetrace.checker.measures import MEASURES, Measure
from tunetrace.checker.records import CheckedTune, Span, TuneName
from tunetrace.corpus.records import Rejected
from tunetrace.text import plain

TEXT: Final = "text"
WHOLE: Final = "whole"
NUMBER: Final = "number"
TEXTS: Final = "texts"
SHARES: Final = "shares"

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column.

    type: TEXT, WHOLE (int32), NUMBER (float32), TEXTS (a list) or SHARES (a list of float32 from 0
    to 1); value: takes it from a row and gives None where there is none.
    """

    name: str
    type: str
    description: str
    value: Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class TuneRow:
    """A transcription and the batch that it is of."""

    batch: str
    tune: CheckedTune


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A span and its transcription."""

    batch: str
    tune: CheckedTune
    span: Span

    @property
    def example(self) -> TuneName:
        """The first corpus tune that has it."""
        return self.span.examples[0]


@dataclass(frozen=True, slots=True)
class RejectRow:
    """A tune that was set aside and the batch that it is of."""

    batch: str
    rejected: Rejected


_SHOWN_FIRST: Final = ("longest_notes",)
"""The measure that stands before the longest span's own columns."""


def _measured(measure: Measure) -> Column[TuneRow]:
    kind = NUMBER if measure.is_share else WHOLE
    what = f"{measure.label}, as a share from 0 to 1" if measure.is_share else measure.label
    return Column(measure.name, kind, what, lambda row: measure.value(row.tune))


def _below(measure: Measure) -> Column[TuneRow]:
    def value(row: TuneRow) -> float | None:
        standing = row.tune.standing
        return None if standing is None else standing.below.get(measure.name)

    what = f"share of its peers that have less of: {measure.label}"
    return Column(f"below_{measure.name}", NUMBER, what, value)


def _nearest_notes(row: TuneRow) -> int | None:
    nearest = row.tune.nearest
    shared = (s.notes_shared for s in row.tune.sources if nearest and s.tune == nearest.tune)
    return next(shared, None)


TUNE_COLUMNS: Final[tuple[Column[TuneRow], ...]] = (
    Column("batch", TEXT, "the batch that the transcription is of", attrgetter("batch")),
    Column("place", WHOLE, "which of its batch it is, from 1, those set aside counted too",
           attrgetter("tune.place")),
    Column("title", TEXT, "its chief title", attrgetter("tune.title")),
    Column("verdict", TEXT,
           "whole, part, most, pieces or none: what of it is in the corpus, in a word",
           attrgetter("tune.verdict.kind")),
    Column("verdict_text", TEXT, "the same in a sentence", attrgetter("tune.verdict.text")),
    Column("notes", WHOLE, "how many notes it has; a chord is one, a rest none",
           attrgetter("tune.notes")),
    *(_measured(m) for m in MEASURES if m.name in _SHOWN_FIRST),
    Column("longest_text", TEXT, "the tokens of its longest span",
           lambda r: r.tune.longest_span and r.tune.longest_span.text),
    Column("longest_tunes", WHOLE, "in how many corpus tunes its longest span stands",
           lambda r: r.tune.longest_span and r.tune.longest_span.tunes),
    Column("longest_expected", NUMBER, "how many hits of its longest span chance would give",
           lambda r: r.tune.longest_span and r.tune.longest_span.expected),
    Column("longest_log10_expected", NUMBER, "log10 of that",
           lambda r: r.tune.longest_span and r.tune.longest_span.log10_expected),
    Column("longest_by_chance", NUMBER,
           "how many spans as improbable as its longest one a transcription like it would have by "
           "chance",
           lambda r: r.tune.longest_span and r.tune.longest_span.by_chance),
    *(_measured(m) for m in MEASURES if m.name not in _SHOWN_FIRST),
    Column("identical_to", TEXTS, "corpus tunes that it is the same as, as corpus:number",
           lambda r: [name.reference for name in r.tune.identical_to]),
    Column("same_parts", TEXTS, "other corpus tunes that have a whole part of it, as corpus:number",
           lambda r: list(dict.fromkeys(name.reference for name in r.tune.same_parts))),
    Column("most_from", TEXT,
           "the corpus tune that has most of its notes in runs of 8 or more, as corpus:number",
           lambda r: r.tune.most_from and r.tune.most_from.reference),
    Column("most_share", NUMBER, "the share of its notes that this tune has",
           attrgetter("tune.most_share")),
    Column("copied_from", WHOLE,
           "from how few corpus tunes its notes in spans of 8 or more can be (a greedy cover)",
           attrgetter("tune.copied_from")),
    Column("nearest", TEXT,
           "the corpus tune that comes nearest: one that it is, one with a part of it, or its "
           "first source, as corpus:number",
           lambda r: r.tune.nearest and r.tune.nearest.reference),
    Column("nearest_title", TEXT, "that tune's title",
           lambda r: r.tune.nearest and r.tune.nearest.title),
    Column("nearest_notes", WHOLE,
           "how many of its notes lie in stretches of eight or more that that tune has",
           _nearest_notes),
    Column("spans_beyond_chance", WHOLE, "how many of its spans chance does not explain",
           lambda r: sum(span.is_beyond_chance for span in r.tune.spans)),
    Column("duplicate_of", WHOLE, "the place of an earlier transcription that is the same",
           attrgetter("tune.duplicate_of")),
    Column("near_duplicate_of", WHOLE, "the place of an earlier one that is nearly the same",
           attrgetter("tune.near_duplicate_of")),
    Column("meter", TEXT, "its meter", attrgetter("tune.meter")),
    Column("key", TEXT, "its key as compared, on C", attrgetter("tune.key")),
    Column("original_key", TEXT, "its key as written",
           attrgetter("tune.original_key")),
    Column("bars", WHOLE, "how many bars it has", attrgetter("tune.bar_count")),
    Column("peers", WHOLE, "with how many of people's tunes the below columns compare it",
           lambda r: r.tune.standing and r.tune.standing.peers),
    *map(_below, MEASURES),
    Column("uniqueness", SHARES,
           "for 1 to 32 notes, the share of its notes outside spans of so many or more",
           attrgetter("tune.uniqueness")),
    Column("novelty", SHARES,
           "for 1 to 32, the share of its token n-grams that stand nowhere in the corpus",
           attrgetter("tune.novelty")),
    Column("input", TEXT, "the file that it was read from", attrgetter("tune.input")),
    Column("line", WHOLE, "the line on which it begins there",
           attrgetter("tune.line")),
    Column("number", WHOLE, "what its X: field says", attrgetter("tune.number")),
    Column("tokens", TEXT, "all its tokens", lambda r: " ".join(r.tune.transcription.tokens)),
)  # fmt: skip

SPAN_COLUMNS: Final[tuple[Column[SpanRow], ...]] = (
    Column("batch", TEXT, "the batch that the transcription is of", attrgetter("batch")),
    Column("place", WHOLE, "which of its batch the transcription is", attrgetter("tune.place")),
    Column("title", TEXT, "its chief title", attrgetter("tune.title")),
    Column("notes", WHOLE, "how many notes the span has", attrgetter("span.notes")),
    Column("text", TEXT, "its tokens", attrgetter("span.text")),
    Column("tunes", WHOLE, "in how many corpus tunes it stands", attrgetter("span.tunes")),
    Column("hits", WHOLE, "how often it stands there", attrgetter("span.hits")),
    Column("expected", NUMBER, "how many hits chance would give", attrgetter("span.expected")),
    Column("log10_expected", NUMBER, "log10 of that", attrgetter("span.log10_expected")),
    Column("by_chance", NUMBER,
           "how many spans as improbable a transcription like it would have by chance",
           attrgetter("span.by_chance")),
    Column("example", TEXT, "the first corpus tune that has it, as corpus:number",
           attrgetter("example.reference")),
    Column("example_title", TEXT, "that tune's title", attrgetter("example.title")),
    Column("part", WHOLE, "the part of the transcription in which it begins",
           attrgetter("span.part")),
    Column("bar", WHOLE, "the bar of that part", attrgetter("span.bar")),
    Column("first_note", WHOLE, "its first note, counted from 0", attrgetter("span.first_note")),
    Column("stop_note", WHOLE, "the note after its last", attrgetter("span.stop_note")),
    Column("first_token", WHOLE, "its first token, counted from 0", attrgetter("span.first_token")),
    Column("stop_token", WHOLE, "the token after its last", attrgetter("span.stop_token")),
)  # fmt: skip

REJECT_COLUMNS: Final[tuple[Column[RejectRow], ...]] = (
    Column("batch", TEXT, "the batch that the tune is of", attrgetter("batch")),
    Column("input", TEXT, "the file that it stands in", attrgetter("rejected.input")),
    Column("line", WHOLE, "the line of the mistake", attrgetter("rejected.line")),
    Column("column", WHOLE, "the column of the mistake", attrgetter("rejected.column")),
    Column("number", WHOLE, "what its X: field says", attrgetter("rejected.number")),
    Column("title", TEXT, "its title", attrgetter("rejected.title")),
    Column("reason", TEXT, "why it was set aside", attrgetter("rejected.reason")),
    Column("kind", TEXT, "the reason in a few words", attrgetter("rejected.kind")),
)  # fmt: skip


def batch_of(rows: Sequence[Row], columns: Sequence[Column[Row]]) -> Any:
    """Some rows as a record batch of Arrow, texts on one line each."""
    import pyarrow as pa

    schema = schema_of(columns)
    arrays = [
        _array([column.value(row) for row in rows], column.type, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def schema_of(columns: Sequence[Column[Any]]) -> Any:
    """The columns in Arrow's words, each described, and the version that writes them."""
    import pyarrow as pa

    types = {
        TEXT: pa.string(),
        WHOLE: pa.int32(),
        NUMBER: pa.float32(),
        TEXTS: pa.list_(pa.string()),
        SHARES: pa.list_(pa.float32()),
    }
    fields = [
        pa.field(c.name, types[c.type], metadata={"description": c.description}) for c in columns
    ]
    return pa.schema(fields, metadata={"tunetrace": __version__})


def _array(values: list[Any], type: str, arrow_type: Any) -> Any:
    """One column of some rows."""
    import numpy as np
    import pyarrow as pa

    if type == TEXT and not "".join(filter(None, values)).isprintable():
        values = [text and one_line(text) for text in values]
    if type == TEXTS:
        values = [[one_line(text) for text in texts] for texts in values]
    if type != SHARES:
        return pa.array(values, arrow_type)
    # Some numbers of each of thousands of rows: all of them as one array, and where each begins.
    begins = np.fromiter(accumulate(map(len, values), initial=0), dtype=np.int32)
    numbers = np.fromiter(chain.from_iterable(values), dtype=np.float32, count=int(begins[-1]))
    return pa.ListArray.from_arrays(pa.array(begins), pa.array(numbers))


def one_line(text: str) -> str:
    """A text without line breaks and whatever else is no character that can be seen."""
    return text if text.isprintable() else plain(text)
