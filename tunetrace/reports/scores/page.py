"""Tunes with their scores as one page of HTML that needs a browser and no network.

What is shown of a tune is gathered elsewhere (checked.py, found.py); here it is put on a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunetrace._version import __version__
from tunetrace.checker.records import TuneName
from tunetrace.reports.markup import environment, policy, read_file
from tunetrace.score.marks import DASHES


@dataclass(frozen=True, slots=True)
class ScoreBlock:
    """A tune on a staff, or bars of two tunes on two staves."""

    id: str
    """What the ids of its drawing begin with."""
    title: str
    svg: str
    """The drawing: an SVG element with ids and without styles."""
    playback: Mapping[str, Any]
    """What schedule.js reads."""
    remarks: tuple[str, ...] = ()
    """What is said of each written bar; empty if nothing is said of any."""
    is_pair: bool = False


@dataclass(frozen=True, slots=True)
class ListedSpan:
    """A span in the list below a score."""

    number: int
    level: int
    """1 to 3, by how telling it is."""
    text: str
    examples: tuple[TuneName, ...]
    first_token: int
    stop_token: int


@dataclass(frozen=True, slots=True)
class OtherTune:
    """A corpus tune that is like the tune above it."""

    name: TuneName
    said: str
    """What the two have in common, in a sentence."""
    facts: tuple[str, ...]
    score: ScoreBlock | None
    spans: tuple[int, ...] = ()
    """The numbers of the spans that it has."""
    differences: tuple[tuple[str, str], ...] = ()
    """The words below its notes, each with what it means."""


@dataclass(frozen=True, slots=True)
class OtherTunes:
    """Corpus tunes under one heading."""

    title: str
    about: str
    others: tuple[OtherTune, ...]
    more: tuple[TuneName, ...] = ()
    """Further tunes, which are only named."""


@dataclass(frozen=True, slots=True)
class TuneBlock:
    """A tune with its score, and everything below it."""

    id: str
    title: str
    name: TuneName | None
    """What it is called in the index; None for a tune that is not of one."""
    lead: str
    """What is said of it, in a sentence or two."""
    facts: tuple[str, ...]
    score: ScoreBlock | None
    """None if it has no notes."""
    spans: tuple[ListedSpan, ...] = ()
    unlisted_spans: int = 0
    parts: tuple[OtherTunes, ...] = ()


def scores_style() -> str:
    """The style of scores, to be put after base.css."""
    return read_file("scores/score.css")


def scores_script() -> str:
    """The script that plays the scores of a page."""
    parts = (read_file(f"scores/{name}.js") for name in ("schedule", "sound", "player"))
    return "".join((*parts, "playScores(document);\n"))


def html(tunes: Sequence[TuneBlock], shapes: str, *, title: str, about: str) -> str:
    """The page of some tunes.

    shapes: the definitions of the glyphs of all drawings.
    """
    style = read_file("base.css") + scores_style()
    script = scores_script() + read_file("scores/spans.js") + "linkSpans(document);\n"
    return environment().get_template("scores/scores.html.jinja").render(
        style=style,
        script=script,
        policy=policy(style, script),
        version=__version__,
        title=title,
        about=about,
        articles=tunes,
        shapes=shapes,
        dashes=DASHES,
    )  # fmt: skip
