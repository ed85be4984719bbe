"""The page of a tune of the index, the list of tunes with a title, and what the index holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from tunetrace._version import __version__
from tunetrace.checker.records import TuneName
from tunetrace.corpus.registry import NAMED_CORPORA
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.indexer.records import CorpusInfo, fingerprint_of
from tunetrace.indexer.search.views import TOKENS
from tunetrace.indexer.store.rows.titles import has_words, title_key
from tunetrace.indexer.tune import TuneBar, TuneDetail, tune
from tunetrace.reports.scores.page import ScoreBlock
from tunetrace.reports.scores.sheet import PageScores
from tunetrace.text import counted, plain
from tunetrace.tokenizer.transpose import TooFarAlteredError
from tunetrace.web.page.corpus.address import AskedFigure
from tunetrace.web.page.corpus.spelling import key_in_words, meter_and_key, readable, spelled
from tunetrace.web.page.corpus.staves import SmallStaff, incipit_staff
from tunetrace.web.page.questions import HTML, templates
from tunetrace.web.page.traced import sheet_for
from tunetrace.web.work.answers import File, told_corpora

FORMATS: Final = (
    ("svg", "SVG"), ("pdf", "PDF"), ("mid", "MIDI"), ("musicxml", "MusicXML"), ("abc", "ABC"),
)  # fmt: skip
"""The files of a tune that can be saved, besides JSON."""

_DRAWN: Final = 12
"""Tunes of a list that are shown with their incipits; the others are named."""

_LISTED: Final = 60


@dataclass(frozen=True, slots=True)
class ListedTune:
    """A tune of a list, with how it begins."""

    name: TuneName
    facts: str
    staff: SmallStaff | None
    begins: str
    """How it begins in its own key, as ABC."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar of the tune, and in how many tunes it is found."""

    text: str
    """In the tune's own key, as ABC."""
    places: str
    """Where in the tune it is."""
    tunes: int
    address: str | None


@dataclass(frozen=True, slots=True)
class TunePage:
    """What the page of a tune shows."""

    name: TuneName
    others: tuple[str, ...]
    """Its other titles."""
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    score: ScoreBlock | None
    family: tuple[ListedTune, ...]
    titled: tuple[ListedTune, ...]
    """The tunes of its work or title that are not in its family."""
    knows_families: bool
    bars: tuple[BarRow, ...]
    corpus: CorpusInfo
    corpus_title: str
    citation: str
    downloads: tuple[tuple[str, str], ...]
    text: str


def tune_page(index: Index, reference: str, width: int) -> File:
    """The page of the first tune that a reference names; QueryError if it names none.

    width: of the view, in pixels.
    """
    found = tune(reference, index)
    sheet = sheet_for(width)
    shown = _shown(index, found, sheet)
    html = templates().get_template("tune.html.jinja").render(
        here="/tunes",
        title=plain(found.title) or "(untitled)",
        tune=shown,
        shapes=sheet.shapes(),
    )  # fmt: skip
    corpora = {found.corpus, *(one.name.corpus for one in (*shown.family, *shown.titled))}
    return File(html.encode(), HTML, tuple(sorted(corpora)))


def titles_page(index: Index, title: str, mistake: str = "") -> File:
    """The tunes with a title, or with a part of one; without any, those of the nearest titles.

    mistake: why a page was not found, if this is said in its place.
    """
    title = title.strip()
    ids: list[int] = []
    kind = "The nearest titles"
    if title:
        ids = index.catalogue.titled_like(title)
        names = index.catalogue.wording(ids[0]).titles if ids else ()
        if any(has_words(name, title_key(title)) for name in names):
            kind = "Tunes with these words in a title"
        with suppress(QueryError):
            kind = "Tunes with this title" if index.resolve(title) else kind
    sheet = PageScores()
    listed = tuple(_listed(index, ids[:_LISTED], sheet))
    html = templates().get_template("titles.html.jinja").render(
        here="/tunes",
        title="There is no such tune" if mistake else "Tunes by their titles",
        asked=title,
        mistake=mistake,
        tunes=listed,
        more=len(ids) - len(listed),
        kind=kind,
        shapes=sheet.shapes(),
    )  # fmt: skip
    return File(html.encode(), HTML, tuple(sorted({one.name.corpus for one in listed})))


def about_page(index: Index) -> File:
    """What the service is and what its index holds."""
    corpora = told_corpora(index.catalogue.corpora())
    html = templates().get_template("about.html.jinja").render(
        here="/about",
        title="About this service",
        corpora=[(corpus, _title(corpus)) for corpus in corpora],
        tunes=sum(corpus.tunes for corpus in corpora),
        fingerprint=fingerprint_of(corpora),
        knows_families=index.graph is not None,
    )  # fmt: skip
    return File(html.encode(), HTML, tuple(corpus.name for corpus in corpora))


def _shown(index: Index, found: TuneDetail, sheet: PageScores) -> TunePage:
    engraving = sheet.engraved(found)
    family = _family(index, found.tune)
    titled = [one.tune for one in found.settings if one.tune not in family]
    corpora = told_corpora(index.catalogue.corpora())
    corpus = next(corpus for corpus in corpora if corpus.name == found.corpus)
    address = f"/api/tunes/{quote(found.reference, safe=':')}"
    return TunePage(
        name=TuneName.of(found),
        others=found.titles[1:],
        facts=tuple(_facts(found)),
        remarks=found.remarks,
        score=sheet.score(engraving, found.title) if engraving else None,
        family=tuple(_listed(index, family, sheet)),
        titled=tuple(_listed(index, titled, sheet)),
        knows_families=index.graph is not None,
        bars=tuple(_bars(index, found)),
        corpus=corpus,
        corpus_title=_title(corpus),
        citation=_how_to_cite(found, corpus, fingerprint_of(corpora)),
        downloads=(
            *((name, f"{address}.{ending}") for ending, name in FORMATS if engraving),
            ("JSON", address),
        ),
        text=found.text,
    )


def _facts(found: TuneDetail) -> Iterator[tuple[str, str]]:
    yield "Meter", found.meter or "not given"
    yield "Key", key_in_words(found.original_key or found.key) or "not given"
    yield "Length", f"{counted(len(found.bars), 'bar')}, {counted(len(found.music.parts), 'part')}"
    if found.music.highest and found.music.lowest:
        with suppress(TooFarAlteredError, KeyError):
            low, high = (
                spelled([note.note], found.original_key)
                for note in (found.music.lowest, found.music.highest)
            )
            yield "Range", f"{low} to {high}"


def _family(index: Index, number: int) -> list[int]:
    """The ids of the other tunes of a tune's family, the nearest first; empty if unknown."""
    if index.graph is None:
        return []
    others = set(index.in_families([number])) - {number}
    near = [one.tune for one in index.graph.neighbours(number) if one.tune in others]
    return [*near, *sorted(others.difference(near))]


def _listed(index: Index, ids: Iterable[int], sheet: PageScores) -> Iterator[ListedTune]:
    wanted = list(ids)
    records = index.catalogue.tunes(wanted)
    for place, number in enumerate(wanted):
        record, layout = records[number], index.layout(number)
        begins = " | ".join(bar.text for bar in layout.bars[:2])
        yield ListedTune(
            name=TuneName.of(record),
            facts=meter_and_key(record),
            staff=incipit_staff(record, layout, sheet) if place < _DRAWN else None,
            begins=readable(begins, record.original_key),
        )


def _bars(index: Index, found: TuneDetail) -> Iterator[BarRow]:
    """Each different bar of a tune, in the order of the tune, with its count in the index."""
    places: dict[str, list[TuneBar]] = {}
    for bar in found.bars:
        places.setdefault(bar.text, []).append(bar)
    parts = len(found.music.parts)
    for text, same in places.items():
        said = []
        for bar in same:
            number = f"bar {bar.bar}" if bar.bar else "pickup"
            said.append(f"part {bar.part}, {number}" if parts > 1 else number)
        own = readable(text, found.original_key)
        yield BarRow(
            text=own,
            places="; ".join(dict.fromkeys(said)),
            tunes=len(index.bar_table.find([text]).places(0).tunes),
            address=bar_address(index, text, own, found.original_key),
        )


def bar_address(index: Index, text: str, own: str, key: str | None) -> str:
    """Where a whole bar is searched.

    text: its tokens on C. own: it in its key as ABC, which is used if it is read as these tokens.
    """
    with suppress(QueryError):
        if key and TOKENS.parse_bar(own, index.vocabulary, key).text == text:
            return AskedFigure(own, key, whole=True).address()
    return AskedFigure(text, whole=True).address()


def _title(corpus: CorpusInfo) -> str:
    """What a corpus is called: its title if it is a published one, otherwise its name."""
    named = NAMED_CORPORA.get(corpus.name)
    is_published = named is not None and corpus.source.startswith(named.citation)
    return named.title if named and is_published else corpus.name


def _how_to_cite(found: TuneDetail, corpus: CorpusInfo, fingerprint: str) -> str:
    """One sentence that says what tune it is, where it is from, and what it was found with."""
    title = (plain(found.title) or "Untitled").removesuffix(".")
    version = f" (version {corpus.version})" if corpus.version else ""
    return (
        f"“{title}”, {found.reference}, in {plain(corpus.source)}{version}; found with tunetrace "
        f"{__version__} in the index {fingerprint}."
    )
