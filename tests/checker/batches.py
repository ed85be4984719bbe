"""Checked transcriptions made by hand, each alike but for what a test says."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import log10
from typing import Any

from tunetrace.checker.records import (
    CheckedTune,
    LikeTune,
    SameTune,
    SharedStretch,
    Source,
    Span,
    TuneName,
    Verdict,
)
from tunetrace.checker.similar.records import SimilarTune
from tunetrace.tokenizer.transcription import Transcription

TOKENS = ("M:6/8", "K:Cmaj", "|:", "C", "3", "C", "D", "E", "|", "D", "3", "D", "E", "G", ":|")
"""Eight notes in two bars."""


def transcription(
    title: str = "The Kesh",
    meter: str | None = "6/8",
    tokens: Sequence[str] = TOKENS,
    input: str = "generated.txt",
    number: int | None = 3,
) -> Transcription:
    titles = (title,) if title else ()
    return Transcription(titles, number, meter, "Cmaj", "Gmaj", tuple(tokens), "", 12, input)


def name(tune: int, title: str = "Morrison's", corpus: str = "session") -> TuneName:
    return TuneName(tune, title, corpus, 100 + tune, None)


def same(tune: int, title: str = "Morrison's") -> SameTune:
    """A corpus tune that is the same as a whole."""
    return SameTune(tune, title, "session", 100 + tune, None, None, None, 0, 0)


def like(tune: int, title: str = "Morrison's") -> LikeTune:
    """A corpus tune of the same meter and mode."""
    return LikeTune(tune, title, "session", 100 + tune, None, None, None)


def near(tune: int, title: str = "Morrison's", **changes: Any) -> SimilarTune:
    """A corpus tune of which the checked tune is all, a fourth lower."""
    values: dict[str, Any] = {
        "tune": tune, "title": title, "corpus": "session", "number": 100 + tune, "meter": "6/8",
        "key": "Cdor", "original_key": "Edor", "link": None, "probability": 0.97,
        "aspect": "transposed", "scope": "whole", "own_part": 0, "part": 0, "steps": -3,
        "length_ratio": Fraction(1), "change": "a fourth lower",
    }  # fmt: skip
    return SimilarTune(**{**values, **changes})


def source(
    tune: int,
    bits: float,
    title: str = "Morrison's",
    notes: int = 8,
    first: int = 3,
    stop: int = 14,
) -> Source:
    """A source that shares the tokens from first up to stop, which are the first notes."""
    shared = SharedStretch(first, stop, 0, notes, first)
    return Source(
        tune, title, "session", 100 + tune, None, notes, notes, 1, "exact", "bars", bits, (shared,)
    )


def span(
    first: int = 3, stop: int = 14, notes: int = 8, expected: float = 0.001,
    examples: Sequence[TuneName] = (name(1),), tokens: Sequence[str] = TOKENS,
) -> Span:  # fmt: skip
    return Span(
        notes=notes,
        tokens=stop - first,
        bars=1,
        text=" ".join(tokens[first:stop]),
        part=1,
        bar=1,
        onset=Fraction(0),
        tunes=len(examples),
        families=None,
        hits=len(examples),
        expected=expected,
        log10_expected=log10(expected),
        by_chance=expected * 8,
        examples=tuple(examples),
        first_token=first,
        stop_token=stop,
        first_note=0,
        stop_note=notes,
    )


def checked(
    longest: int = 0, copied: float = 0.0, *, meter: str | None = "6/8", **changes: Any
) -> CheckedTune:
    """A checked transcription: its longest span in notes, and its copied share at 8 and 12."""
    read: Transcription = changes.get("transcription") or transcription(meter=meter)
    spans: Sequence[Span] = changes.get("spans", ())
    values: dict[str, Any] = {
        "place": 1,
        "transcription": read,
        "input": read.input,
        "line": read.line,
        "number": read.number,
        "title": read.title,
        "meter": read.meter,
        "key": read.key,
        "original_key": read.original_key,
        "remarks": read.remarks,
        "notes": 8,
        "longest_notes": longest,
        "longest_span": max(spans, key=lambda span: (span.notes, -span.expected), default=None),
        "copied_share": {8: copied, 12: copied, 16: 0.0, 24: 0.0, 32: 0.0},
        "copied_from": 0,
        "most_from": None,
        "most_share": 0.0,
        "uniqueness": (0.0,) * 32,
        "novelty": (0.0,) * 11,
        "creativity": 1.0,
        "originality": 1.0,
        "bar_count": 2,
        "verdict": Verdict("none", "Not in the corpus."),
        "same_parts": (),
        "bars_in_corpus": 1,
        "bars_same_position": 0,
        "identical_to": (),
        "duplicate_of": None,
        "near_duplicate_of": None,
        "standing": None,
        "spans": (),
        "sources": (),
    }
    return CheckedTune(**{**values, **changes})
