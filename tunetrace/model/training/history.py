"""The history of a training: what each epoch reached, and how original its samples were.

A training keeps it as JSON lines, one epoch a line. A model copies more the longer it is trained,
and its loss may not show it (Yin et al. 2022). So both are kept side by side.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from tunetrace.files import Kind
from tunetrace.records import Record

_LONGEST_LINE: Final = 1 << 16
_MAX: Final = 10**300
"""No number of a history is larger."""


@dataclass(frozen=True, slots=True, repr=False)
class Copying(Record):
    """How much transcriptions copy, in the mean over them."""

    copied_8: float
    """The share of a transcription's notes that lie in spans of 8 notes or more."""
    copied_12: float
    """The share in spans of 12 notes or more."""
    copied_16: float
    """The share in spans of 16 notes or more."""
    longest_notes: float
    """The notes of the longest span."""


@dataclass(frozen=True, slots=True, repr=False)
class EpochOriginality(Record):
    """How original samples of an epoch were, and whether they were tunes."""

    transcriptions: int
    """How many could be read."""
    set_aside: int
    """How many could not be read."""
    copying: Copying
    """What they copy from the index."""
    people: Copying | None
    """What real tunes of the same meters and lengths copy from one another; None if the index has
    no baseline."""
    beyond_chance: float
    """The share, of those read, that have a span which chance does not explain."""
    verbatim: float
    """The share, of those read, that are a corpus tune as a whole."""
    duplicates: float
    """The share, of those read, that repeat an earlier sample, or nearly."""
    adding_up: float
    """The share, of all, in which every bar adds up."""
    ended: float | None
    """The share, of all, that ended by themselves; None if that is not known."""


@dataclass(frozen=True, slots=True, repr=False)
class EpochRecord(Record):
    """What one epoch of a training reached."""

    epoch: int
    """From 1."""
    training_loss: float
    """Cross-entropy on the training tunes, in nats a token."""
    validation_loss: float | None
    """Cross-entropy on the held-out tunes, in nats a token; None if nothing is held out."""
    seconds: float
    """How long it took."""
    tokens: int
    """How many tokens it was trained on."""
    originality: EpochOriginality | None = None
    """Of samples; None if none were drawn."""

    @property
    def loss(self) -> float:
        """The validation loss, or the training loss if nothing is held out."""
        return self.training_loss if self.validation_loss is None else self.validation_loss


def to_line(record: EpochRecord) -> str:
    """An epoch as one line of JSON, line break and all; ValueError for a loss that is no number."""
    return json.dumps(asdict(record), allow_nan=False) + "\n"


def from_line(line: str) -> EpochRecord:
    """The epoch that a line of JSON holds; ValueError where it holds none."""
    record = _values(EpochRecord, json.loads(line))
    if record["originality"] is not None:
        originality = _values(EpochOriginality, record["originality"])
        originality["copying"] = Copying(**_values(Copying, originality["copying"]))
        if originality["people"] is not None:
            originality["people"] = Copying(**_values(Copying, originality["people"]))
        record["originality"] = EpochOriginality(**originality)
    return EpochRecord(**record)


def _is_history(path: Path) -> bool:
    """Whether the first line of a file is an epoch."""
    with path.open(encoding="utf-8", errors="replace") as file:
        try:
            from_line(file.readline(_LONGEST_LINE))
        except (ValueError, RecursionError):
            return False
    return True


HISTORY_FILE: Final = Kind("history", _is_history)
"""A history's file, told by its first line."""


def best_epoch(history: Iterable[EpochRecord]) -> EpochRecord | None:
    """The epoch of the least validation loss, the first of equals; None where none has any."""
    measured = [record for record in history if record.validation_loss is not None]
    return min(measured, key=lambda record: record.validation_loss or 0.0, default=None)


def guess_loss(tokens: int) -> float:
    """The loss, in nats a token, of a guess that takes all tokens for equally probable."""
    return math.log(tokens)


def kept_epoch(history: Iterable[EpochRecord], tokens: int) -> EpochRecord | None:
    """The epoch whose model is kept: the best, or the last where nothing is held out.

    None where every epoch predicts worse than a guess. tokens: how many there are.
    """
    better = [record for record in history if record.loss <= guess_loss(tokens)]
    return best_epoch(better) or (better[-1] if better else None)


_OPTIONAL: Final = {"validation_loss", "ended", "people", "originality"}
_NESTED: Final = {"copying", "people", "originality"}


def _values(kind: type, given: Any) -> dict[str, Any]:
    """The fields of a record from JSON; ValueError where they are others or no numbers."""
    if not isinstance(given, Mapping) or given.keys() != {one.name for one in fields(kind)}:
        raise ValueError(f"the record does not have the fields of {kind.__name__}")
    for one in fields(kind):
        value = given[one.name]
        may_be_none = value is None and one.name in _OPTIONAL
        if not (may_be_none or one.name in _NESTED or _is_number(value, whole=one.type == "int")):
            raise ValueError(f"{one.name} is not a number")
    return dict(given)


def _is_number(value: Any, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    return -_MAX <= value <= _MAX  # neither infinity nor NaN is
