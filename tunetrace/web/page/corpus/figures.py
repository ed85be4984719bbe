"""The page of figures: where one is found, what comes next, and what came before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tunetrace.checker.records import TuneName
from tunetrace.errors import QueryError
from tunetrace.indexer.following.continuations import continuations
from tunetrace.indexer.index import Index
from tunetrace.indexer.queries.spelling import Elsewhere, elsewhere
from tunetrace.indexer.records import Continuations, Hit, Matches
from tunetrace.indexer.search.views import TOKENS, VIEWS
from tunetrace.reports.scores.sheet import PageScores
from tunetrace.text import by_chance, counted, found_among, share, times
from tunetrace.web.page.corpus.address import AskedFigure
from tunetrace.web.page.corpus.spelling import Spelling, key_in_words, meter_and_key, readable
from tunetrace.web.page.corpus.staves import SmallStaff, figure_staff, hit_staff
from tunetrace.web.page.questions import HTML, templates
from tunetrace.web.work.answers import File

AT_ONCE: Final = 10
"""Tunes that are shown at once, each with its first hit."""

_HITS_AT_ONCE: Final = 60
"""The hits of these tunes at most; the rest is on the next page."""

_OTHER_PLACES: Final = 4
"""Further hits of a tune whose places are named."""

MOST_HITS: Final = 1_000
"""The hits of a figure that can be paged through."""

_NEXT_NOTES: Final = 12
_NEXT_BARS: Final = 6
_NOTES_BEFORE: Final = 8

METERS: Final = ("2/4", "3/4", "4/4", "2/2", "3/2", "6/8", "9/8", "12/8")
"""Meters that can be chosen; others can be asked for in the address."""

KEYS: Final = (
    "C", "G", "D", "A", "E", "F", "Bb", "Am", "Em", "Bm", "Dm", "Gm", "Ddor", "Ador", "Edor",
    "Bdor", "Gdor", "Dmix", "Amix", "Emix", "Gmix",
)  # fmt: skip
"""Keys that are suggested; any other can be written."""


@dataclass(frozen=True, slots=True)
class LongerFigure:
    """The figure with what comes after or before it, and where pressing it leads."""

    text: str
    """What comes, in the key of the figure; in another view than tokens its symbols."""
    is_end: bool
    share: str
    hits: int
    tunes: int
    address: str | None
    """None if it cannot be searched: the tune ends, or its key changes."""


@dataclass(frozen=True, slots=True)
class ShownHit:
    """A tune with its first hit and its bars as notation, and the places of its other hits."""

    name: TuneName
    facts: str
    """Its meter and key."""
    place: str
    """Its part and bar."""
    others: tuple[str, ...]
    """Other places in the same tune."""
    more: int
    """Further places in this tune."""
    staff: SmallStaff | None
    context: str
    """Its bars in words that can be read aloud: ABC in the key of its tune."""


@dataclass(frozen=True, slots=True)
class OtherWay:
    """Another way to ask, with what it would find."""

    said: str
    address: str


@dataclass(frozen=True, slots=True)
class FoundFigure:
    """What the page says of a figure."""

    found: bool
    said: str
    """In how many tunes, and how often."""
    chance: str
    read: str
    """How it was read."""
    remarks: tuple[str, ...]
    others: tuple[OtherWay, ...]
    """Where it is found, if it is not found as it was asked."""
    notes: tuple[LongerFigure, ...]
    bars: tuple[LongerFigure, ...]
    before: tuple[LongerFigure, ...]
    more_notes: int
    """Further notes that come next, which are not shown."""
    hits: tuple[ShownHit, ...]
    first: int
    """The number of the first hit shown."""
    last: int
    of: int
    """How many hits there are."""
    earlier: str | None
    """The address of the first hits, if these are not."""
    later: str | None
    """The address of the hits after these."""
    shorter: str | None
    """The address of the figure without its last note."""


def figures_page(index: Index, asked: AskedFigure, mistake: str = "") -> File:
    """The page of figures. mistake: what is wrong with what was asked.

    QueryError if what is asked has no meaning, unless it is said what is wrong.
    """
    sheet = PageScores()
    answer = staff = None
    corpora: set[str] = set()
    if asked.q.strip() and not mistake:
        spelling = Spelling(index, asked)
        literal = spelling.query.literal if asked.view == TOKENS.name else None
        if literal is not None:
            staff = figure_staff(literal, spelling.query.key, asked.meter, sheet)
        answer = _answer(index, asked, spelling, sheet)
        corpora = {hit.name.corpus for hit in answer.hits}
    html = templates().get_template("figures.html.jinja").render(
        here="/figures",
        title=f"{asked.q.strip()[:60]} in the corpus" if answer else "Search a figure",
        asked=asked,
        mistake=mistake,
        staff=staff,
        answer=answer,
        shapes=sheet.shapes(),
        views=[(view, VIEW_WORDS[view]) for view in VIEWS],
        meters=METERS if asked.meter in ("", *METERS) else (*METERS, asked.meter),
        corpora=[corpus.name for corpus in index.catalogue.corpora()],
        keys=KEYS,
        examples=EXAMPLES,
    )  # fmt: skip
    return File(html.encode(), HTML, tuple(sorted(corpora)))


VIEW_WORDS: Final = {
    "tokens": "the notes and their lengths",
    "melody": "the melody, of any lengths",
    "intervals": "the intervals, from any note",
    "rhythm": "the rhythm",
    "contour": "the ups and downs",
}
"""What each view searches."""

EXAMPLES: Final = (
    AskedFigure("E2BE dEBE", "Edor"),
    AskedFigure("G3 GAB", "G"),
    AskedFigure("d2 fd adfd", "D"),
    AskedFigure("A2 cA eAcA", "A"),
)
"""Figures to begin with."""


def staff_of(index: Index, asked: AskedFigure) -> File:
    """A figure as notation, a part of a page; empty if it has no meaning."""
    sheet = PageScores()
    staff = None
    with suppress(QueryError):  # while it is entered, it is not yet a figure
        query = Spelling(index, asked).query
        staff = figure_staff(query.literal or (), query.key, asked.meter, sheet)
    html = templates().get_template("staff.html.jinja").render(
        staff=staff, said=asked.q, shapes=sheet.shapes()
    )  # fmt: skip
    return File(html.encode(), HTML)


def _answer(index: Index, asked: AskedFigure, spelling: Spelling, sheet: PageScores) -> FoundFigure:
    filters, options = asked.filters(), asked.options()
    search = index.bar if asked.whole else index.figure
    limit = min(asked.offset + _HITS_AT_ONCE, MOST_HITS)
    matches = search(asked.q, filters, limit=limit, **options)
    of_tunes = [
        list(hits) for _, hits in groupby(matches.results[asked.offset :], key=lambda hit: hit.tune)
    ]
    shown = of_tunes[:AT_ONCE]
    last = asked.offset + sum(map(len, shown))
    steps: list[tuple[LongerFigure, ...]] = [(), (), ()]
    different = 0
    if matches.hits and not asked.whole:
        after = continuations(asked.q, filters, index, notes=1, limit=_NEXT_NOTES, **options)
        bars: Continuations | None = None
        with suppress(QueryError):  # of a view without bars
            bars = continuations(asked.q, filters, index, bars=1, limit=_NEXT_BARS, **options)
        before = continuations(
            asked.q, filters, index, notes=1, backward=True, limit=_NOTES_BEFORE, **options
        )
        steps = [tuple(_steps(one, spelling)) if one else () for one in (after, bars, before)]
        different = after.different - len(after.results)
    others = () if matches.hits else tuple(_others(index, asked, spelling))
    has_expected = matches.hits and matches.expected is not None
    return FoundFigure(
        found=bool(matches.hits),
        said=_said(matches),
        chance=by_chance(matches.expected or 0.0, matches.log10_expected) if has_expected else "",
        read=_read(matches),
        # What is found elsewhere is said with links.
        remarks=spelling.query.remarks,
        others=others,
        notes=steps[0],
        bars=steps[1],
        before=steps[2],
        more_notes=different,
        hits=tuple(_shown(hits, index, sheet) for hits in shown),
        first=asked.offset + 1,
        last=last,
        of=matches.hits,
        earlier=asked.address() if asked.offset else None,
        later=asked.address(offset=last) if shown and last < min(matches.hits, MOST_HITS) else None,
        shorter=None if asked.whole else spelling.shorter(),
    )


def _said(matches: Matches) -> str:
    if not matches.of:
        return "No tune of the index is of this meter and this corpus."
    if not matches.hits:
        return f"Found in none of {counted(matches.of, 'tune')}."
    said = found_among(matches.tunes, matches.of, matches.families, times(matches.hits))
    return f"{said[:1].upper()}{said[1:]}."


def _read(matches: Matches) -> str:
    """How the text was read, where that is not plain."""
    if matches.view != TOKENS.name:
        return f"Searched as {matches.query}."
    if matches.in_key:
        key = key_in_words(matches.in_key)
        return f"Written in {key}; found in every key. On C it is {matches.query}."
    if matches.read_as == "ABC":
        return f"Read as ABC in C: {matches.query}. If it is in another key, say so."
    return f"Read as tokens on C: {matches.query}."


def _steps(found: Continuations, spelling: Spelling) -> Iterable[LongerFigure]:
    for one in found.results:
        address = None
        if one.text and not one.is_end:
            longer = spelling.preceded_by if found.backward else spelling.followed_by
            address = longer(one.text)
        yield LongerFigure(
            text=readable(one.text, spelling.query.key),
            is_end=one.is_end,
            share=share(one.probability),
            hits=one.hits,
            tunes=one.tunes,
            address=address,
        )


def _others(index: Index, asked: AskedFigure, spelling: Spelling) -> Iterable[OtherWay]:
    """Where a figure that is not found is found, and its longest end that is."""
    if asked.view == TOKENS.name:
        admitted = index.admitted(asked.filters())

        def count(tokens: Sequence[str]) -> int:
            if not asked.whole:
                return index.tunes_that_have(tokens, False, admitted)
            return index.bar(" ".join(tokens), asked.filters(), limit=0).tunes

        for found in elsewhere(spelling.query, count):
            address = _elsewhere(found, asked, spelling)
            where = f"an octave {found.octave}" if found.octave else f"read in {found.tonic}"
            if address is not None:
                yield OtherWay(f"{where}: in {counted(found.tunes, 'tune')}", address)
    if asked.whole:
        with suppress(QueryError):
            anywhere = index.figure(asked.q, asked.filters(), limit=0, **asked.options())
            if anywhere.tunes:
                said = f"not as a whole bar: in {counted(anywhere.tunes, 'tune')}"
                yield OtherWay(said, asked.address(whole=False))
        return
    shorter = continuations(asked.q, asked.filters(), index, notes=1, limit=0, **asked.options())
    end = shorter.context.split()
    if end and shorter.tunes:
        address = spelling.instead(end)
        if address is not None:
            end_in_key = readable(shorter.context, spelling.query.key)
            where = f"its last notes, {end_in_key}"
            yield OtherWay(f"{where}: in {counted(shorter.tunes, 'tune')}", address)
    if asked.meter or asked.corpus:
        every = index.figure(asked.q, limit=0, **asked.options())
        if every.tunes:
            said = f"among all tunes: in {counted(every.tunes, 'tune')}"
            yield OtherWay(said, asked.address(meter="", corpus=""))


def _elsewhere(found: Elsewhere, asked: AskedFigure, spelling: Spelling) -> str | None:
    if found.tonic:
        return asked.address(in_key=found.tonic)
    return spelling.instead(found.tokens)


def _shown(hits: Sequence[Hit], index: Index, sheet: PageScores) -> ShownHit:
    """The hits of one tune."""
    first, *rest = hits
    places = [place for place in dict.fromkeys(map(_place, rest)) if place != _place(first)]
    return ShownHit(
        name=TuneName.of(first),
        facts=meter_and_key(first),
        place=_place(first),
        others=tuple(places[:_OTHER_PLACES]),
        more=len(places[_OTHER_PLACES:]),
        staff=hit_staff(first, index.layout(first.tune), sheet),
        context=readable(first.context, first.original_key),
    )


def _place(hit: Hit) -> str:
    """Where a hit is: `part 1, bar 8, ending 2`."""
    ending = f", ending {hit.ending}" if hit.ending else ""
    return f"part {hit.part}, {f'bar {hit.bar}' if hit.bar else 'pickup'}{ending}"
