"""The answers of an index, in Python and, field for field, in JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from tunetrace.arguments import ViewName
from tunetrace.records import Record
from tunetrace.text import place_of


@dataclass(frozen=True, slots=True, repr=False)
class Tune(Record):
    """A tune of the index, by what names it."""

    tune: int
    """Its id in the index."""
    title: str
    """Its chief title."""
    corpus: str
    """The name of its corpus."""
    number: int
    """Its number in the corpus."""
    meter: str | None
    """Its meter, if it states one."""
    key: str | None
    """Its key on C."""
    original_key: str | None
    """The key in which it was written."""
    link: str | None
    """Its page on the web, if its corpus gives one."""

    @property
    def reference(self) -> str:
        """What names it in a table, and finds it again: `corpus:number`."""
        return f"{self.corpus}:{self.number}"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a tune's transcription."""

    titles: tuple[str, ...]
    """All its titles, the chief one first."""
    text: str
    """The text as found."""
    remarks: tuple[str, ...]
    """What was left out or assumed when it was read."""
    work: str | None
    """The work that it is a setting of, if known."""


@dataclass(frozen=True, slots=True, repr=False)
class Reject(Record):
    """A tune that was set aside when its corpus was read."""

    corpus: str
    """The name of its corpus."""
    number: int | None
    """The number that its fields give."""
    title: str
    """The title that its fields give."""
    input: str
    """The file that it is in."""
    line: int | None
    """The line of the mistake in the input, from 1."""
    column: int | None
    """The column of the mistake, from 1."""
    reason: str
    """Why it cannot be read."""
    kind: str
    """The reason in a few words, the same for all tunes like it."""

    @property
    def place(self) -> str:
        """Where the mistake is: `book.abc:12:3`."""
        return place_of(self.input, self.line, self.column)


@dataclass(frozen=True, slots=True, repr=False)
class Hit(Tune):
    """One place where a figure or a bar is found."""

    part: int
    """The part, from 1."""
    bar: int
    """The bar in its part, from 1. A pickup is bar 0."""
    ending: int | None
    """The number of its ending; None outside endings."""
    onset: Fraction
    """Eighths from the start of the bar."""
    context: str
    """The tokens of the bars that it touches; for a bar, also of its neighbours."""
    found: tuple[int, int] = field(default=(0, 0), compare=False, metadata={"json": False})
    """The start and the end of the hit in the context, in characters. Not in JSON."""


@dataclass(frozen=True, slots=True, repr=False)
class Matches(Record):
    """The answer to a figure or a bar."""

    query: str
    """What was searched, in the symbols of the view, on C."""
    tunes: int
    """How many tunes have it."""
    families: int | None
    """How many families these tunes are of: settings of one melody count once. None before the
    tunes of the index were compared (`find_families`)."""
    hits: int
    """How often it occurs. Hits may overlap."""
    of: int
    """How many tunes the filters admit."""
    expected: float | None
    """How many hits are expected by chance (indexer.statistics.backoff).

    None for a figure with wildcards, for a place in the tune, and for whole bars.
    """
    log10_expected: float | None
    """The base-10 logarithm of expected, also if expected is too small for a float.

    None if expected is None, and if no hit is possible.
    """
    results: tuple[Hit, ...]
    """The first hits."""
    view: ViewName = "tokens"
    """The view that was searched."""
    asked: str = ""
    """What was asked, as it was written."""
    read_as: str = "tokens"
    """How it was read: as `ABC`, or as symbols of the view (`tokens`, `semitones`)."""
    in_key: str | None = None
    """The key in which it was said to be written (`Edor`). Otherwise it is read as on C."""
    remarks: tuple[str, ...] = ()
    """What was left out or assumed in reading it, and other keys in which it is found."""


@dataclass(frozen=True, slots=True, repr=False)
class Continuation(Record):
    """What comes after a figure, or before it, at some of its hits."""

    text: str
    """Its symbols in the view, on C; empty where the tune ends or begins directly."""
    is_end: bool
    """Whether the tune ends after it. Before a figure: whether the tune begins with it."""
    hits: int
    """At how many hits of the context it comes."""
    tunes: int
    """In how many tunes."""
    families: int | None
    """How many families these tunes are of, as in Matches."""
    probability: float
    """Its hits divided by all hits of the context, exactly: the infinite-gram (Liu et al. 2024)."""
    smoothed_probability: float | None
    """The same smoothed: mixed with what follows each shorter end of the figure, down to none at
    all (Witten and Bell 1991). Then nothing has 0. None before a figure, by notes or bars, at a
    place, and for a figure with wildcards."""
    model_probability: float | None
    """How probable a model finds it after the figure; None if no model was asked."""
    example: Hit
    """The first hit that it comes after or before. Its context has both, and `found` marks the
    continuation."""


@dataclass(frozen=True, slots=True, repr=False)
class Continuations(Record):
    """The answer to what comes after a figure, or before it."""

    query: str
    """What was searched, in the symbols of the view, on C."""
    context: str
    """The part of it that was searched: all of it, or the longest end that is found. Before a
    figure, the longest beginning. Empty if not even one symbol is found: then all places of the
    music count, or none if the filters name a place."""
    context_length: int
    """How many places of the figure that part has; a word or a wildcard is one place."""
    length: int
    """How many places the figure has."""
    backward: bool
    """Whether it is what comes before."""
    notes: int | None
    """How many notes, chords and rests a continuation has; None if it was not asked by notes."""
    bars: int | None
    """How many bars it has; None if it was not asked by bars. With neither it is one symbol."""
    hits: int
    """How often the context is found."""
    tunes: int
    """How many tunes have it."""
    families: int | None
    """How many families these tunes are of, as in Matches."""
    of: int
    """How many tunes the filters admit."""
    different: int
    """How many different continuations there are."""
    results: tuple[Continuation, ...]
    """The commonest, by their hits. The probabilities of all have the sum 1."""
    view: ViewName = "tokens"
    """The view that was searched."""
    model: str | None = None
    """The name of the model that was asked."""
    model_headers: tuple[str, ...] = ()
    """The meter and the key that the model read before the figure: those that most tunes with the
    context have."""
    asked: str = ""
    """What was asked, as it was written."""
    read_as: str = "tokens"
    """How it was read, as in Matches."""
    in_key: str | None = None
    """The key in which it was said to be written (`Edor`). Otherwise it is read as on C."""
    remarks: tuple[str, ...] = ()
    """What was left out or assumed in reading it, and other keys in which it is found."""


@dataclass(frozen=True, slots=True, repr=False)
class FigureCounts(Record):
    """How often each of many figures is found."""

    tunes: tuple[int, ...]
    """In how many tunes each figure is found, in the order in which they were given."""
    hits: tuple[int, ...]
    """How often each occurs. Hits may overlap."""
    of: int
    """How many tunes the filters admit."""
    view: ViewName = "tokens"
    """The view that was searched."""

    def rows(self) -> list[tuple[int, int]]:
        """The tunes and the hits of each figure, in pairs."""
        return list(zip(self.tunes, self.hits, strict=True))


@dataclass(frozen=True, slots=True, repr=False)
class SoughtFigure(Record):
    """A figure of a query of several conditions."""

    figure: str
    """What was searched, in the symbols of the view, on C."""
    place: str
    """Where it was to be, as in the query (`opening`, `part 2 bar 1`); empty for anywhere."""
    hits: int
    """How many hits of it the answer has, in all tunes found."""
    asked: str
    """The figure as it was written."""
    read_as: str
    """How it was read: as `ABC`, or as symbols of the view (`tokens`, `semitones`)."""
    in_key: str | None
    """The key in which it was said to be written (`Edor`). Otherwise it is read as on C."""
    remarks: tuple[str, ...]
    """What was left out or assumed in reading it."""


@dataclass(frozen=True, slots=True, repr=False)
class FoundHit(Record):
    """One place of a tune where a figure of a query is found."""

    figure: int
    """Which figure of the query, from 1."""
    part: int
    """The part, from 1."""
    bar: int
    """The bar in its part, from 1. A pickup is bar 0."""
    ending: int | None
    """The number of its ending; None outside endings."""
    onset: Fraction
    """Eighths from the start of the bar."""
    context: str
    """The tokens of the bars that it touches."""
    found: tuple[int, int] = field(default=(0, 0), compare=False, metadata={"json": False})
    """The start and the end of the hit in the context, in characters. Not in JSON."""


@dataclass(frozen=True, slots=True, repr=False)
class FoundTune(Tune):
    """A tune for which a query is true."""

    hits: tuple[FoundHit, ...]
    """All hits of the figures that make the query true for it, in the order of the tune."""


@dataclass(frozen=True, slots=True, repr=False)
class Found(Record):
    """The answer to a query of several conditions."""

    query: str
    """What was asked, with the figures as they were searched, on C."""
    figures: tuple[SoughtFigure, ...]
    """The figures of the query, those after `not` among them. Hits name them by their number."""
    tunes: int
    """For how many tunes the query is true."""
    families: int | None
    """How many families these tunes are of: settings of one melody count once. None before the
    tunes of the index were compared (`find_families`)."""
    hits: int
    """How many hits these tunes have of the figures that make the query true."""
    of: int
    """How many tunes the filters admit."""
    results: tuple[FoundTune, ...]
    """The first tunes."""
    view: ViewName = "tokens"
    """The view that was searched."""


@dataclass(frozen=True, slots=True, repr=False)
class CorpusInfo(Record):
    """A corpus of an index."""

    name: str
    """Its name in the index."""
    tunes: int
    """How many tunes were indexed."""
    tokens: int
    """How many tokens its tunes have, without headers."""
    bars: int
    """How many bars its tunes have."""
    set_aside: int
    """How many tunes were set aside."""
    source: str
    """Where it is from."""
    licence: str | None
    """Its licence, if known."""
    version: str | None
    """Its version, if known."""
    sha256: str
    """The digest of its transcriptions and of the tunes set aside."""
    added: str
    """When it was added: an ISO date and time in UTC."""
    set_aside_by: dict[str, int]
    """How many tunes were set aside for each kind of reason."""


@dataclass(frozen=True, slots=True, repr=False)
class IndexInfo(Record):
    """What is in an index."""

    path: str
    """Where it is."""
    tunes: int
    """How many tunes it has."""
    tokens: int
    """How many tokens its tunes have, without headers."""
    bars: int
    """How many bars its tunes have."""
    distinct_bars: int
    """How many different bars these are."""
    segments: int
    """How many segments its tunes are in."""
    has_baseline: bool
    """Whether it was measured how much its tunes share with one another."""
    has_families: bool
    """Whether its tunes were compared with one another, so that their families are known."""
    corpora: tuple[CorpusInfo, ...]
    """Its corpora, in the order in which they were added."""
    fingerprint: str
    """The digest of what it holds, see fingerprint_of."""


def fingerprint_of(corpora: Iterable[CorpusInfo]) -> str:
    """The fingerprint of an index of these corpora, in this order: 64 hexadecimal digits.

    It is the SHA-256 of a JSON list with the name, the SHA-256, the number of tunes and the number
    of tokens of each. So two indexes share it if the same texts were read as the same number of
    tokens, whenever, wherever and in however many steps they were indexed.
    """
    known = [[corpus.name, corpus.sha256, corpus.tunes, corpus.tokens] for corpus in corpora]
    return hashlib.sha256(json.dumps(known).encode()).hexdigest()
