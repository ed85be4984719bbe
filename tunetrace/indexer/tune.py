"""Tunes of an index: one of them whole, as found and as music; and tunes as users name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final

from tunetrace.arguments import AS_FOUND, Reading, public
from tunetrace.corpus.readers import (
    STDIN,
    is_of_index,
    may_be_title,
    read_sources,
    refuse_absent,
)
from tunetrace.corpus.records import Rejected
from tunetrace.errors import InputError
from tunetrace.files import exists
from tunetrace.indexer.index import Index, given_or_default
from tunetrace.indexer.records import Tune
from tunetrace.records import Record
from tunetrace.text import html_table, html_text, printable
from tunetrace.tokenizer.layout.bars import Layout
from tunetrace.tokenizer.layout.music import Music, describe_music
from tunetrace.tokenizer.layout.timeline import eighths
from tunetrace.tokenizer.transcription import Transcription

_INCIPIT_BARS: Final = 2
_TEXTS_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True, repr=False)
class TuneBar(Record):
    """One bar of a tune, on C."""

    part: int
    """The part, from 1."""
    bar: int
    """The bar in its part, from 1. A pickup is bar 0."""
    ending: int | None
    """The number of its ending; None outside endings."""
    token: int
    """Its first token, counted from the tune's first."""
    left: tuple[str, ...]
    """The signs that open it, of a repeat or an ending: `|:`, `|1`."""
    text: str
    """Its tokens."""
    right: tuple[str, ...]
    """The bar lines that close it."""
    eighths: Fraction
    """How long it is."""
    expected: Fraction | None
    """How long a whole bar is, in eighths; None without a meter."""
    adds_up: bool | None
    """Whether it is as long as a whole bar, or another bar completes it; None without a meter."""


@dataclass(frozen=True, slots=True, repr=False)
class Setting(Tune):
    """Another setting of a tune."""

    begins: str
    """Its first two bars on C, and the pickup before them."""


@dataclass(frozen=True, slots=True, repr=False)
class TuneDetail(Tune):
    """A tune of an index with all that is known of it. Its key, tokens, bars and music are on C."""

    titles: tuple[str, ...]
    """All its titles. The first is its chief title."""
    work: str | None
    """The work that its corpus says it is a setting of."""
    remarks: tuple[str, ...]
    """What was left out or assumed when it was read."""
    text: str
    """The transcription as found."""
    tokens: tuple[str, ...]
    """Its tokens."""
    bars: tuple[TuneBar, ...]
    """Its bars."""
    music: Music
    """Its music."""
    settings: tuple[Setting, ...]
    """The tunes of the same work, and those that share a title with it."""
    named: int
    """How many tunes the reference names. This is the first; the others are among the settings."""

    def _repr_html_(self) -> str:
        """Its names, notation, bars and settings, for notebooks."""
        from tunetrace.score.notebook import notation_html

        facts = [self.reference, self.meter or "no meter", self.key or "no key"]
        text = f"<p><b>{html_text(self.title or '(untitled)')}</b><br>{html_text(', '.join(facts))}"
        text += (
            "</p>"
            + notation_html(self)
            + html_table(
                ["part", "bar", "on C"],
                [
                    [str(bar.part), str(bar.bar), " ".join([*bar.left, bar.text, *bar.right])]
                    for bar in self.bars
                ],
            )
        )
        if self.settings:
            text += html_table(
                ["other setting", "title", "begins (on C)"],
                [[other.reference, other.title, other.begins] for other in self.settings],
            )
        return text


@public
def tune(reference: str | int, index: Index | str | Path | None = None) -> TuneDetail:
    """The first tune that a reference names.

    reference: an id, `corpus:number`, a title, or a part of a title that only settings of one tune
    have. index: open, or its path; default: your own. QueryError, with the nearest titles, if it
    names no tune.
    """
    with given_or_default(index) as opened:
        named = opened.resolve(reference, partly=True)
        number, catalogue = named[0], opened.catalogue
        found, wording = catalogue.tunes([number])[number], catalogue.wording(number)
        layout = opened.layout(number)
        return TuneDetail(
            **found.to_dict(),
            titles=wording.titles,
            work=wording.work,
            remarks=wording.remarks,
            text=wording.text,
            tokens=tuple(layout.tokens),
            bars=_bars(layout),
            music=describe_music(layout, found.key),
            settings=tuple(
                Setting(**other.to_dict(), begins=_incipit(opened.layout(other.tune)))
                for other in catalogue.tunes(catalogue.settings(number)).values()
            ),
            named=len(named),
        )


def _bars(layout: Layout) -> tuple[TuneBar, ...]:
    """The bars of a tune. Bar lines between two bars are shared out to both."""
    between = [*(bar.lines for bar in layout.bars), layout.closing_lines]
    shared = [_sides(lines) for lines in between]
    if shared:
        shared[0] = ((), between[0])  # there is no bar on their left
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
    """Bar lines in a row: those that close the bar on their left, and those that open the next.

    They open from the first one that begins a repeat or an ending (`|:`, `|1`).
    """
    at = next((k for k, line in enumerate(lines) if line not in ("|", ":|")), len(lines))
    return tuple(lines[:at]), tuple(lines[at:])


def _incipit(layout: Layout) -> str:
    """The first bars of a tune, after its pickup if it has one."""
    pickups = sum(bar.is_pickup for bar in layout.bars[:_INCIPIT_BARS])
    return " | ".join(bar.text for bar in layout.bars[: pickups + _INCIPIT_BARS])


# Tunes as users name them


def named_tunes(
    names: Sequence[str | Path],
    index: Index | str | Path | None = None,
    reading: Reading = AS_FOUND,
    *,
    by_title: bool = False,
) -> Iterator[Transcription | Rejected]:
    """The tunes that names stand for, in their order.

    `corpus:number` or a number is a tune of the index, `-` standard input, and everything else a
    file or a folder. by_title: a name of none of them is a title, and stands for the first tune of
    the index that has it. index: open, or its path (default: your own); it is opened only if a tune
    of it is named. Raises QueryError for a tune that the index lacks, and InputError as
    read_sources.
    """

    def is_title(name: str | Path) -> bool:
        return by_title and name != STDIN and not exists(name) and may_be_title(name)

    refuse_absent(name for name in names if not (is_of_index(name) or is_title(name)))
    read = partial(read_sources, reading=reading, is_only=len(names) == 1)
    with ExitStack() as stack:
        opened: Index | None = None
        files: list[str | Path] = []
        for name in names:
            if not (is_of_index(name) or is_title(name)):
                files.append(name)
                continue
            yield from read(files)
            files = []
            opened = opened or stack.enter_context(given_or_default(index))
            found = opened.resolve(str(name), partly=by_title)
            yield from transcriptions_of(found[:1] if is_title(name) else found, opened)
        yield from read(files)


def corpora_or_files(names: Iterable[str | Path], corpora: Sequence[str] | None) -> list[str]:
    """Names of corpora of an index, files, folders and `-`, each once, in their order.

    corpora: those of the index; None without an index. InputError for a name that is none of these.
    """
    given = list(dict.fromkeys(map(str, names)))
    for name in given:
        if name not in (corpora or ()) and name != STDIN and not exists(name):
            shown = printable(name) or "''"
            if corpora is None:
                raise InputError(
                    f"{shown}: there is no such file, and no index whose corpus it could be; check "
                    "the path, or give an index with --index"
                )
            held = f"its corpora are {', '.join(corpora)}" if corpora else "it is empty"
            raise InputError(
                f"{shown}: there is no such file, and the index has no corpus with this name; "
                f"{held}"
            )
    return given


def transcriptions_of(tunes: Sequence[int], index: Index) -> Iterator[Transcription]:
    """Tunes of an index, by their ids, as the tokens that it has of them."""
    records = index.catalogue.tunes(tunes)
    texts: list[str] = []
    for place, tune in enumerate(tunes):
        if place % _TEXTS_AT_ONCE == 0:
            texts = index.catalogue.texts(tunes[place : place + _TEXTS_AT_ONCE])
        record = records[tune]
        yield Transcription(
            titles=(record.title,) if record.title else (),
            number=record.number,
            meter=record.meter,
            key=record.key,
            original_key=record.original_key,
            tokens=tuple(index.tokens(tune)),
            text=texts[place % _TEXTS_AT_ONCE],
            line=None,
            input=record.reference,
            link=record.link,
        )
