"""A check as tables: the columns of tunes, spans and tunes set aside, as Arrow data; and HTML.

Reports, `check --jsonl` and CheckReport have the same columns. What a reader wants first comes
first. The HTML is for notebooks; all its text is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from tunetrace._version import __version__
from tunetrace.checker.measures import LONGEST, MEASURES, SIMILARITY, Measure
from tunetrace.corpus.records import Rejected
from tunetrace.errors import OutputError
from tunetrace.text import counted, html_table, html_text, plain, share

if TYPE_CHECKING:
    from tunetrace.checker.records import CheckedTune, CheckReport, Span

TEXT: Final = "text"
WHOLE: Final = "whole"
NUMBER: Final = "number"
TEXTS: Final = "texts"
SHARES: Final = "shares"

_SHOWN_TUNES: Final = 50
"""A report in HTML shows at most this many tunes."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column of a table."""

    name: str
    """Its name in files."""
    type: str
    """TEXT, WHOLE (int32), NUMBER (float32), TEXTS (a list) or SHARES (a list of float32)."""
    description: str
    """What it says, for the metadata of Arrow and Parquet."""
    value: Callable[[Row], Any]
    """Takes the value from a row; None for a missing value."""


@dataclass(frozen=True, slots=True)
class TuneRow:
    """A transcription and the name of its batch."""

    batch: str
    tune: CheckedTune


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A span and its transcription."""

    batch: str
    tune: CheckedTune
    span: Span


@dataclass(frozen=True, slots=True)
class RejectRow:
    """A tune that was set aside and the name of its batch."""

    batch: str
    rejected: Rejected


def _measured(measure: Measure) -> Column[TuneRow]:
    kind = NUMBER if measure.is_share else WHOLE
    what = f"{measure.label}, a share from 0 to 1" if measure.is_share else measure.label
    return Column(measure.name, kind, what, lambda row: measure.value(row.tune))


def _below(measure: Measure) -> Column[TuneRow]:
    def value(row: TuneRow) -> float | None:
        standing = row.tune.standing
        return None if standing is None else standing.below.get(measure.name)

    what = f"share of the peers with a lower value of: {measure.label}"
    return Column(f"below_{measure.name}", NUMBER, what, value)


def _of_near_copy(name: str, field: str, what: str) -> Column[TuneRow]:
    """A column with a field of the most probable near copy."""

    def value(row: TuneRow) -> str | None:
        return getattr(row.tune.near_copies[0], field) if row.tune.near_copies else None

    return Column(name, TEXT, what, value)


def _nearest_notes(row: TuneRow) -> int | None:
    nearest = row.tune.nearest
    shared = (s.notes_shared for s in row.tune.sources if nearest and s.tune == nearest.tune)
    return next(shared, None)


TUNE_COLUMNS: Final[tuple[Column[TuneRow], ...]] = (
    Column("batch", TEXT, "the name of the batch", attrgetter("batch")),
    Column("place", WHOLE, "its place in the batch, from 1; tunes set aside count too",
           attrgetter("tune.place")),
    Column("title", TEXT, "its chief title", attrgetter("tune.title")),
    Column("verdict", TEXT, "whole, part, most, near, pieces or none: what was found, in one word",
           attrgetter("tune.verdict.kind")),
    Column("verdict_text", TEXT, "what was found, in one sentence",
           attrgetter("tune.verdict.text")),
    Column("notes", WHOLE, "its notes; a chord counts as one note, a rest does not count",
           attrgetter("tune.notes")),
    _measured(LONGEST),
    Column("longest_text", TEXT, "the tokens of its longest span",
           lambda r: r.tune.longest_span and r.tune.longest_span.text),
    Column("longest_tunes", WHOLE, "the number of corpus tunes in which its longest span is found",
           lambda r: r.tune.longest_span and r.tune.longest_span.tunes),
    Column("longest_expected", NUMBER, "the hits of its longest span expected by chance",
           lambda r: r.tune.longest_span and r.tune.longest_span.expected),
    Column("longest_log10_expected", NUMBER, "log10 of longest_expected",
           lambda r: r.tune.longest_span and r.tune.longest_span.log10_expected),
    Column("longest_by_chance", NUMBER,
           "the expected number of spans as improbable as its longest one in a tune of its length",
           lambda r: r.tune.longest_span and r.tune.longest_span.by_chance),
    *(_measured(m) for m in MEASURES if m is not LONGEST),
    Column("identical_to", TEXTS, "corpus tunes that are the same as a whole, as corpus:number",
           lambda r: [name.reference for name in r.tune.identical_to]),
    Column("same_parts", TEXTS, "other corpus tunes that are the same in a part, as corpus:number",
           lambda r: list(dict.fromkeys(name.reference for name in r.tune.same_parts))),
    Column("most_from", TEXT,
           "the corpus tune that has most of its notes in shared runs, as corpus:number",
           lambda r: r.tune.most_from and r.tune.most_from.reference),
    Column("most_share", NUMBER, "the share of its notes that the tune most_from has",
           attrgetter("tune.most_share")),
    Column("copied_from", WHOLE,
           "the number of corpus tunes that together have all notes of its shared runs",
           attrgetter("tune.copied_from")),
    Column("similarity", NUMBER,
           "the probability that the most similar corpus tune is a near copy",
           attrgetter("tune.similarity")),
    Column("most_similar", TEXT, "this tune, as corpus:number",
           lambda r: r.tune.most_similar and r.tune.most_similar.reference),
    *(_of_near_copy(*named) for named in (
        ("near_copy", "reference", "the most probable near copy, as corpus:number"),
        ("near_title", "title", "its title"),
        ("near_aspect", "aspect",
         "in what they agree: exact, melody, transposed, contour or rhythm"),
        ("near_scope", "scope", "how much of them agrees: whole, part or bars"),
        ("near_change", "change", "what is changed, in words"),
    )),
    Column("nearest", TEXT,
           "the nearest corpus tune: the same tune, else one with the same part, else a near copy, "
           "else the best source, as corpus:number",
           lambda r: r.tune.nearest and r.tune.nearest.reference),
    Column("nearest_title", TEXT, "the title of the nearest tune",
           lambda r: r.tune.nearest and r.tune.nearest.title),
    Column("nearest_notes", WHOLE, "its notes in shared runs that the nearest tune has",
           _nearest_notes),
    Column("spans_beyond_chance", WHOLE, "the number of its spans that chance does not explain",
           lambda r: sum(span.is_beyond_chance for span in r.tune.spans)),
    Column("duplicate_of", WHOLE, "the place of an earlier transcription that is the same",
           attrgetter("tune.duplicate_of")),
    Column("near_duplicate_of", WHOLE, "the place of an earlier one that is nearly the same",
           attrgetter("tune.near_duplicate_of")),
    Column("meter", TEXT, "its meter", attrgetter("tune.meter")),
    Column("key", TEXT, "its key on C, in which the tune is compared", attrgetter("tune.key")),
    Column("original_key", TEXT, "its key as written", attrgetter("tune.original_key")),
    Column("bars", WHOLE, "its bars", attrgetter("tune.bar_count")),
    Column("peers", WHOLE, "the number of real tunes that the columns below_… compare it with",
           lambda r: r.tune.standing and r.tune.standing.peers),
    *map(_below, (*MEASURES, SIMILARITY)),
    Column("uniqueness", SHARES,
           "for 1 to 32 notes, the share of its notes outside spans of at least that length",
           attrgetter("tune.uniqueness")),
    Column("novelty", SHARES,
           "for n from 1 to 32, the share of its n-grams that are nowhere in the corpus",
           attrgetter("tune.novelty")),
    Column("input", TEXT, "the file that it was read from", attrgetter("tune.input")),
    Column("line", WHOLE, "the line of the file where it begins", attrgetter("tune.line")),
    Column("number", WHOLE, "the number of its X: field", attrgetter("tune.number")),
    Column("tokens", TEXT, "all its tokens", lambda r: " ".join(r.tune.transcription.tokens)),
)  # fmt: skip

SPAN_COLUMNS: Final[tuple[Column[SpanRow], ...]] = (
    Column("batch", TEXT, "the name of the batch", attrgetter("batch")),
    Column("place", WHOLE, "the place of the transcription in the batch", attrgetter("tune.place")),
    Column("title", TEXT, "its chief title", attrgetter("tune.title")),
    Column("notes", WHOLE, "the notes of the span", attrgetter("span.notes")),
    Column("text", TEXT, "its tokens", attrgetter("span.text")),
    Column("tunes", WHOLE, "the number of corpus tunes that have it", attrgetter("span.tunes")),
    Column("families", WHOLE, "the number of families that these tunes are of",
           attrgetter("span.families")),
    Column("hits", WHOLE, "the number of its hits in these tunes", attrgetter("span.hits")),
    Column("expected", NUMBER, "the hits expected by chance", attrgetter("span.expected")),
    Column("log10_expected", NUMBER, "log10 of expected", attrgetter("span.log10_expected")),
    Column("by_chance", NUMBER,
           "the expected number of spans as improbable in a tune of this length",
           attrgetter("span.by_chance")),
    Column("example", TEXT, "the first corpus tune that has it, as corpus:number",
           lambda r: r.span.examples[0].reference),
    Column("example_title", TEXT, "the title of the example", lambda r: r.span.examples[0].title),
    Column("part", WHOLE, "the part of the transcription where it begins", attrgetter("span.part")),
    Column("bar", WHOLE, "the bar of that part where it begins", attrgetter("span.bar")),
    Column("first_note", WHOLE, "its first note, counted from 0", attrgetter("span.first_note")),
    Column("stop_note", WHOLE, "the note after its last", attrgetter("span.stop_note")),
    Column("first_token", WHOLE, "its first token, counted from 0", attrgetter("span.first_token")),
    Column("stop_token", WHOLE, "the token after its last", attrgetter("span.stop_token")),
)  # fmt: skip

REJECT_COLUMNS: Final[tuple[Column[RejectRow], ...]] = (
    Column("batch", TEXT, "the name of the batch", attrgetter("batch")),
    Column("input", TEXT, "the file that contains it", attrgetter("rejected.input")),
    Column("line", WHOLE, "the line of the mistake", attrgetter("rejected.line")),
    Column("column", WHOLE, "the column of the mistake", attrgetter("rejected.column")),
    Column("number", WHOLE, "the number of its X: field", attrgetter("rejected.number")),
    Column("title", TEXT, "its title", attrgetter("rejected.title")),
    Column("reason", TEXT, "why it was set aside", attrgetter("rejected.reason")),
    Column("kind", TEXT, "the reason in a few words", attrgetter("rejected.kind")),
)  # fmt: skip


def checked_table(tunes: Sequence[CheckedTune]) -> Any:
    """Checked tunes as a record batch of Arrow. Raises OutputError without pyarrow."""
    try:
        return batch_of([TuneRow("", tune) for tune in tunes], TUNE_COLUMNS[1:])  # without `batch`
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise OutputError(
            "an Arrow table of a check needs pyarrow; install it with: "
            "pip install 'tunetrace[report]'"
        ) from None


def batch_of(rows: Sequence[Row], columns: Sequence[Column[Row]]) -> Any:
    """Some rows as a record batch of Arrow; each text is on one line."""
    import pyarrow as pa

    schema = schema_of(columns)
    arrays = [
        _array([column.value(row) for row in rows], column.type, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def batch_of_arrays(rows: Any, columns: Sequence[Column[Any]]) -> Any:
    """Rows that are arrays as a record batch of Arrow. Each column takes its array from `rows`."""
    import pyarrow as pa

    return pa.record_batch([c.value(rows) for c in columns], schema=schema_of(columns))


def schema_of(columns: Sequence[Column[Any]]) -> Any:
    """The Arrow schema of the columns, with their descriptions and the version of tunetrace."""
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
        values = [text and _one_line(text) for text in values]
    if type == TEXTS:
        values = [[_one_line(text) for text in texts] for texts in values]
    if type != SHARES:
        return pa.array(values, arrow_type)
    # Thousands of rows have some numbers each: one array of all numbers, and where each row begins.
    begins = np.fromiter(accumulate(map(len, values), initial=0), dtype=np.int32)
    numbers = np.fromiter(chain.from_iterable(values), dtype=np.float32, count=int(begins[-1]))
    return pa.ListArray.from_arrays(pa.array(begins), pa.array(numbers))


def _one_line(text: str) -> str:
    return text if text.isprintable() else plain(text)


def tune_html(tune: CheckedTune) -> str:
    """The verdict, the notation with the spans marked, a table of measures and one of sources."""
    from tunetrace.score.marks import Mark
    from tunetrace.score.notebook import notation_html

    heads = ["measure", "value"]
    rows = [[measure.label, _value(measure, tune)] for measure in MEASURES]
    if tune.standing is not None:
        heads.append(f"more than … of {tune.standing.peers:,} real tunes like it")
        for measure, row in zip(MEASURES, rows, strict=True):
            row.append(share(tune.standing.below[measure.name]))
    marks = [
        Mark(span.first_token, span.stop_token, number, span.level, "", f"#span-{number}")
        for number, span in enumerate(tune.spans, 1)
    ]
    text = (
        f"<p><b>{html_text(tune.title or '(untitled)')}</b><br>{html_text(tune.verdict.text)}</p>"
    )
    text += notation_html(tune.transcription, marks) + html_table(heads, rows)
    if tune.sources:
        text += html_table(
            ["source", "notes shared", "longest run", "bars shared"],
            [
                [source.label, f"{source.notes_shared:,}", f"{source.longest_span_notes:,}",
                 f"{source.bars_shared:,}"]
                for source in tune.sources
            ],
        )  # fmt: skip
    return text


def report_html(report: CheckReport) -> str:
    """One tune in full; more of them, and what was set aside, as tables."""
    if len(report.tunes) == 1:
        text = tune_html(report.tunes[0])
    else:
        text = html_table(
            ["place", "title", "notes", *(measure.label for measure in MEASURES[:2]), "verdict"],
            [
                [f"{tune.place:,}", tune.title, f"{tune.notes:,}",
                 *(_value(measure, tune) for measure in MEASURES[:2]), tune.verdict.text]
                for tune in report.tunes[:_SHOWN_TUNES]
            ],
        )  # fmt: skip
    if len(report.tunes) > _SHOWN_TUNES:
        text += f"<p>{counted(len(report.tunes) - _SHOWN_TUNES, 'more tune')}</p>"
    if report.set_aside:
        text += html_table(
            ["set aside", "reason"],
            [[aside.place, aside.reason] for aside in report.set_aside[:_SHOWN_TUNES]],
        )
    return text


def _value(measure: Measure, tune: CheckedTune) -> str:
    value = measure.value(tune)
    return share(value) if measure.is_share else f"{value:,}"
