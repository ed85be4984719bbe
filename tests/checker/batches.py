"""Checked transcriptions made by hand, each alike but for what a test says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunetrace.checker.batch_records import BatchSource, BatchSpan, BatchTune
from tunetrace.checker.records import TuneName
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


def source(tune: int, bits: float, title: str = "Morrison's", notes: int = 8) -> BatchSource:
    return BatchSource(tune, title, "session", 100 + tune, None, notes, notes, bits)


def span(
    first: int = 3, stop: int = 14, notes: int = 8, expected: float = 0.001,
    examples: Sequence[int] = (1,),
) -> BatchSpan:  # fmt: skip
    return BatchSpan(first, stop, 0, notes, 1, 1, len(examples), len(examples), expected,
                     expected * 8, tuple(examples))  # fmt: skip


def checked(
    longest: int = 0, copied: float = 0.0, *, meter: str | None = "6/8", **changes: Any
) -> BatchTune:
    """A checked transcription: its longest span in notes, and its copied share at 8 and 12."""
    values: dict[str, Any] = {
        "place": 1,
        "transcription": transcription(meter=meter),
        "notes": 8,
        "longest_notes": longest,
        "copied_share": {8: copied, 12: copied, 16: 0.0, 24: 0.0, 32: 0.0},
        "uniqueness": (0.0,) * 32,
        "novelty": (0.0,) * 11,
        "creativity": 1.0,
        "originality": 1.0,
        "bars": 2,
        "bars_in_corpus": 1,
        "bars_same_position": 0,
        "identical_to": (),
        "duplicate_of": None,
        "near_duplicate_of": None,
        "standing": None,
        "spans": (),
        "sources": (),
    }
    return BatchTune(**{**values, **changes})
