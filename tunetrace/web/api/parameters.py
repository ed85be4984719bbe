"""The parameters of questions, named as the options of the command line.

A parameter that a question does not have is refused, since a filter that is misspelt would give the
answer to another question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from tunetrace.arguments import Format, Paper, Reading, ViewName
from tunetrace.checker.verdict import COPY_SHARE
from tunetrace.indexer.filters import Filters, onset_of
from tunetrace.text import listed, plain, shortened
from tunetrace.web.problems import ProblemError, wrong_parameter
from tunetrace.web.settings import Settings
from tunetrace.web.work.questions import FileFormat

_MOST: Final = 1_000_000
"""A larger number of a part, a bar or a result is a mistake."""

_SHOWN: Final = 40
"""Characters of a wrong value that a message repeats."""


class Parameters(BaseModel):
    """The parameters of a question."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown(cls, given: Any) -> Any:
        """ProblemError for a parameter that the question does not have, or that is missing."""
        known = {field.alias or name: field for name, field in cls.model_fields.items()}
        for name in given:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                right = f"did you mean {near[0]}?" if near else _right_names(list(known))
                raise wrong_parameter(f"{_shown(name)} is not a parameter here; {right}")
        for name, field in known.items():
            if field.is_required() and name not in given:
                example = field.examples[0] if field.examples else "…"
                raise wrong_parameter(f"the parameter {name} is missing; add {name}={example}")
        return given


class NoParameters(Parameters):
    """A question without parameters."""


class FigureOnC(Parameters):
    """How what is searched is written, and what is compared."""

    in_key: str | None = Field(None, alias="in", examples=["G"])
    """The key in which it is written, such as G or Edor; without it, it is on C."""
    view: ViewName = "tokens"
    """What is compared: tokens as they are, or the melody, intervals, rhythm or contour alone."""


class TuneFilters(FigureOnC):
    """The filters that choose tunes."""

    meter: str | None = None
    """Only tunes in this meter: 6/8, 4/4, C|."""
    key: str | None = None
    """Only tunes in this mode: dor, dorian, minor."""
    original_key: str | None = None
    """Only tunes that their source has in this key: G, Em, Ador."""
    corpus: str | None = None
    """Only tunes of this corpus."""
    title: str | None = None
    """Only tunes with this title."""
    exclude_family: list[str] = []
    """Leave out a tune of the index with all settings of its melody: an id, corpus:number or title.
    It may be given several times."""
    limit: int = Field(10, ge=0, le=_MOST)
    """Number of results to give."""

    def filters(self) -> Filters:
        """The filters. QueryError for one that has no meaning."""
        return Filters(
            meter=self.meter,
            key=self.key,
            original_key=self.original_key,
            corpus=self.corpus,
            title=self.title,
            exclude_families=tuple(self.exclude_family),
        )

    def options(self, request: Request) -> dict[str, Any]:
        """The arguments that all such questions have."""
        limit = within_results(request, self.limit)
        return {"view": self.view, "in_key": self.in_key, "limit": limit}


class PlaceFilters(TuneFilters):
    """The filters that choose tunes, and places in them."""

    part: int | None = Field(None, ge=1, le=_MOST)
    """Only hits in this part; parts count from 1."""
    bar: int | None = Field(None, ge=0, le=_MOST)
    """Only hits in this bar of its part; 0 is the pickup."""
    onset: str | None = None
    """Only hits this many eighths into their bar: 3, 3/2 or 1.5."""

    def filters(self) -> Filters:
        """The filters. QueryError for one that has no meaning."""
        onset = None if self.onset is None else onset_of(self.onset)
        return replace(super().filters(), part=self.part, bar=self.bar, onset=onset)


class FigureParameters(PlaceFilters):
    """The parameters of a figure."""

    q: str = Field(examples=["G3 GAB"])
    """The figure in ABC, as you play it, or as tokens on C, with wildcards if you like."""
    open_end: bool = False
    """Also count hits whose last note is longer."""


class BarParameters(PlaceFilters):
    """The parameters of a bar."""

    q: str = Field(examples=["G3 GAB"])
    """All that is between two bar lines, in ABC or as tokens on C."""


class NextParameters(PlaceFilters):
    """The parameters of what comes next."""

    q: str = Field(examples=["G3"])
    """The figure in ABC, as you play it, or as tokens on C."""
    notes: int | None = Field(None, ge=1, le=1000, examples=[2])
    """Give the next notes, chords and rests, this many, with their lengths."""
    bars: int | None = Field(None, ge=1, le=1000)
    """Give all up to the end of the next bars, this many. It does not go with notes."""
    before: bool = False
    """Give what comes before the figure."""


class FindParameters(TuneFilters):
    """The parameters of a query of several figures."""

    q: str = Field(examples=['opening "G3 GAB" and not cadence "G3"'])
    """Figures in quotes, each with its place before it, joined with and, or, not and parentheses.
    The places are opening, cadence, part, bar, onset and anywhere."""


class WithoutTunes(Parameters):
    """Tunes of the index that are left out."""

    exclude_tune: list[str] = []
    """Leave out a tune of the index: an id, corpus:number or title. It may be given several
    times."""
    exclude_title: list[str] = []
    """Leave out all tunes with this title. It may be given several times."""
    exclude_family: list[str] = []
    """Leave out a tune of the index with all settings of its melody. It may be given several
    times."""

    def without(self) -> dict[str, Sequence[str]]:
        """The arguments that leave tunes out."""
        return {
            "exclude_tunes": self.exclude_tune,
            "exclude_titles": self.exclude_title,
            "exclude_families": self.exclude_family,
        }


class SimilarParameters(WithoutTunes):
    """The parameters of similar tunes."""

    align: int | None = Field(None, ge=0, le=_MOST)
    """How many of the first tunes are given bar under bar; without it the first one, if it is a
    near copy."""
    parts: bool = False
    """Also answer part by part."""
    limit: int = Field(10, ge=1, le=_MOST)
    """Number of tunes to give."""
    min_probability: float = Field(0.01, ge=0, le=1)
    """Give only tunes of at least this probability."""

    def options(self, request: Request) -> dict[str, Any]:
        """The arguments of a question on similar tunes."""
        limit = within_results(request, self.limit)
        return {
            **self.without(),
            "align": self.align,
            "parts": self.parts,
            "limit": limit,
            "least": self.min_probability,
        }


class SimilarToParameters(SimilarParameters):
    """The parameters of tunes that are similar to one of the index."""

    q: str = Field(examples=["1"])
    """The tune of the index, as corpus:number or its id."""


class ReadParameters(Parameters):
    """How a text or file is read."""

    format: Format | None = None
    """The format of what is sent; without it, it is detected."""
    voice: str | None = None
    """The voice or part to read, by its name or its number; without it, the first that has
    music."""
    column: str | None = None
    """The column or key that has the tunes in a file of records; without it, it is found."""

    def reading(self) -> Reading:
        """How the text or file is read."""
        return Reading(self.format, self.voice, self.column)


class SimilarToSentParameters(SimilarParameters, ReadParameters):
    """The parameters of tunes that are similar to those that are sent."""


class CheckParameters(WithoutTunes, ReadParameters):
    """The parameters of a check."""

    verbatim: bool = False
    """Seek no near copies (the same melody transposed or varied), which takes less time."""
    view: ViewName = "tokens"
    """What is compared: tokens as they are, or the melody, intervals, rhythm or contour alone."""
    copy_share: float = Field(COPY_SHARE, gt=0, le=1)
    """Say that most of a tune is copied if one corpus tune has at least this share of its notes, in
    runs of 8 or more."""
    details: bool = True
    """Also give each bar, the places of spans and the music, which takes more time."""


class ScoreParameters(Parameters):
    """The parameters of a file that is made of a tune."""

    format: FileFormat = Field(examples=["svg"])
    """The format of the file that is made."""
    voice: str | None = None
    """The voice or part to read, by its name or its number; without it, the first that has
    music."""
    transpose: str | None = None
    """The tonic of the key to write the tune in, as G or Bb; without it, its own."""
    swing: bool = False
    """Swing the notes of each beat, as in jigs and hornpipes. Only for format=mid."""
    paper: Paper | None = None
    """The size of a page: a4 unless it is given. Only for format=pdf."""


async def refuse_repeated(request: Request) -> None:
    """ProblemError for a parameter that is given twice and has one value."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if times > 1 and not name.startswith("exclude_"):
            raise wrong_parameter(f"{_shown(name)} is given {times} times; give it once")


def within_results(request: Request, limit: int) -> int:
    """The number of results that is asked for. ProblemError if the service gives fewer."""
    settings: Settings = request.app.state.settings
    most = settings.limits.results
    if limit > most:
        raise wrong_parameter(f"limit cannot be {limit:,}; this service gives at most {most:,}")
    return limit


def wrong_value(error: Mapping[str, Any]) -> ProblemError:
    """The problem that an error of pydantic is, in one sentence."""
    name, kind, of = error["loc"][1], error["type"], error.get("ctx") or {}
    if kind in _BOUNDS:
        right = _BOUNDS[kind].format(*map(_number, of.values()))
    elif kind == "literal_error":
        right = "one of " + str(of["expected"]).replace("'", "").replace(" or ", ", ")
    else:
        right = _TYPES.get(kind.partition("_")[0], "text")
    return wrong_parameter(f"{name} cannot be {_shown(error.get('input'))}; give {right}")


_BOUNDS: Final = {
    "greater_than_equal": "{} or more",
    "greater_than": "more than {}",
    "less_than_equal": "{} or less",
}
_TYPES: Final = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "bool": "true or false",
}


def _number(bound: float) -> str:
    return f"{int(bound):,}" if bound == int(bound) else f"{bound:g}"


def _right_names(names: Sequence[str]) -> str:
    return f"the parameters are {listed(names)}" if names else "there are none; leave it out"


def _shown(value: object) -> str:
    """A value that was given, short enough for a message."""
    return f"'{shortened(plain(str(value)), _SHOWN)}'"
