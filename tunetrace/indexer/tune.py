"""One tune of an index, whole: as it was found, as tokens on C, bar by bar, and as music."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tunetrace.indexer.index import Index
from tunetrace.indexer.records import Tune
from tunetrace.tokenizer.bars import Layout
from tunetrace.tokenizer.music import Music, describe_music
from tunetrace.tokenizer.timeline import eighths

_INCIPIT_BARS = 2


@dataclass(frozen=True, slots=True)
class TuneBar:
    """One bar of a tune, on C. token: its first, counted from the tune's first.

    left: the signs that open it, a repeat's or an ending's (`|:`, `|1`); right: the bar lines that
    close it. eighths: how long it is; expected: how long a whole bar is, None without a meter.
    adds_up is True too for a short bar that another completes, and None without a meter.
    """

    part: int
    bar: int
    ending: int | None
    token: int
    left: tuple[str, ...]
    text: str
    right: tuple[str, ...]
    eighths: Fraction
    expected: Fraction | None
    adds_up: bool | None


@dataclass(frozen=True, slots=True)
class Setting(Tune):
    """Another setting of a tune. begins: its first two bars on C, and the pickup before them."""

    begins: str


@dataclass(frozen=True, slots=True)
class TuneDetail(Tune):
    """A tune of an index with all that is known of it. tune: its id; number: that in its corpus.

    title is the first of titles; text the transcription as found; remarks what was left out or
    taken for granted in reading it; work what its corpus says it is a setting of. key, tokens,
    bars and music are on C; original_key is the key it was written in. settings: those of the
    same work and those that share a title. named: how many tunes the reference names, of which
    this is the first; the others are among the settings.
    """

    titles: tuple[str, ...]
    work: str | None
    remarks: tuple[str, ...]
    text: str
    tokens: tuple[str, ...]
    bars: tuple[TuneBar, ...]
    music: Music
    settings: tuple[Setting, ...]
    named: int


def describe_tune(index: Index, reference: str | int) -> TuneDetail:
    """The first tune that a reference names: an id, `corpus:number`, a title or a part of one.

    QueryError, with the nearest titles, where it names none, or is part of several tunes' titles.
    """
    named = index.resolve(reference, partly=True)
    number, catalogue = named[0], index.catalogue
    tune, wording = catalogue.tunes([number])[number], catalogue.wording(number)
    layout = index.layout(number)
    return TuneDetail(
        tune=tune.tune, title=tune.title, corpus=tune.corpus, number=tune.number,
        meter=tune.meter, key=tune.key, original_key=tune.original_key, link=tune.link,
        titles=wording.titles,
        work=wording.work,
        remarks=wording.remarks,
        text=wording.text,
        tokens=tuple(layout.tokens),
        bars=_bars(layout),
        music=describe_music(layout, tune.key),
        settings=_settings(index, number),
        named=len(named),
    )  # fmt: skip


def _bars(layout: Layout) -> tuple[TuneBar, ...]:
    """The bars of a tune, the bar lines between two of them shared out to both."""
    between = [*(bar.lines for bar in layout.bars), layout.closing_lines]
    shared = [_sides(lines) for lines in between]
    if shared:
        shared[0] = ((), between[0])  # nothing stands on their left
    return tuple(
        TuneBar(
            part=bar.part,
            bar=bar.number,
            ending=bar.ending,
            token=bar.start,
            left=shared[k][1],
            text=bar.text,
            right=shared[k + 1][0],
            eighths=eighths(bar.duration),
            expected=None if bar.full is None else eighths(bar.full),
            adds_up=bar.adds_up,
        )
        for k, bar in enumerate(layout.bars)
    )


def _sides(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Bar lines that stand together: those that close what is on their left, those that open.

    From the first that begins a repeat or an ending (`|:`, `|1`) on they open.
    """
    at = next((k for k, line in enumerate(lines) if line not in ("|", ":|")), len(lines))
    return tuple(lines[:at]), tuple(lines[at:])


def _settings(index: Index, number: int) -> tuple[Setting, ...]:
    others = index.catalogue.tunes(index.catalogue.settings(number))
    return tuple(
        Setting(
            tune.tune, tune.title, tune.corpus, tune.number, tune.meter, tune.key,
            tune.original_key, tune.link, _incipit(index.layout(tune.tune)),
        )
        for tune in others.values()
    )  # fmt: skip


def _incipit(layout: Layout) -> str:
    """The first bars of a tune, after its pickup if it has one."""
    pickups = sum(bar.is_pickup for bar in layout.bars[:_INCIPIT_BARS])
    return " | ".join(bar.text for bar in layout.bars[: pickups + _INCIPIT_BARS])
