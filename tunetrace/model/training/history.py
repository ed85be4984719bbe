"""The history of a training: what each epoch reached, and how original what it wrote was.

A training keeps it as JSON lines, one epoch a line, so that a picture can be drawn of it at any
time and a training that was cut off goes on with it. A model copies more the longer it is trained,
while its loss may say nothing of it (Yin et al. 2022), so that both stand side by side here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from tunetrace.errors import ModelFileError
from tunetrace.files import Kind
from tunetrace.text import printable

_LONGEST_LINE: Final = 1 << 16
_MOST: Final = 10**300
"""Beyond this no number of a history is one."""


@dataclass(frozen=True, slots=True)
class Copying:
    """How much transcriptions copy, in the mean over them.

    copied_8, copied_12, copied_16: the share of a transcription's notes that lie in spans of at
    least so many notes. longest_notes: the notes of its longest span.
    """

    copied_8: float
    copied_12: float
    copied_16: float
    longest_notes: float


@dataclass(frozen=True, slots=True)
class EpochOriginality:
    """How original samples of an epoch were, and whether they were tunes.

    transcriptions: how many could be read; set_aside: how many could not. copying: what they copy
    from the index; people: what people's tunes of the same meters and lengths copy from one
    another, None where the index has no baseline. Shares of those that could be read:
    beyond_chance, that have a span which chance does not explain; verbatim, that are a corpus tune
    as a whole; duplicates, that repeat an earlier sample, or nearly. Shares of all: adding_up, in
    which every bar adds up; ended, that ended by themselves, None where that is not known.
    """

    transcriptions: int
    set_aside: int
    copying: Copying
    people: Copying | None
    beyond_chance: float
    verbatim: float
    duplicates: float
    adding_up: float
    ended: float | None


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """What one epoch of a training reached.

    epoch: from 1. training_loss and validation_loss: cross-entropy in nats a token, validation_loss
    None where nothing is held out. seconds: how long it took; tokens: how many it was trained on.
    originality: of samples, None where none were drawn.
    """

    epoch: int
    training_loss: float
    validation_loss: float | None
    seconds: float
    tokens: int
    originality: EpochOriginality | None = None

    @property
    def loss(self) -> float:
        """What it is judged by: the loss on what is held out, else that of training."""
        return self.training_loss if self.validation_loss is None else self.validation_loss


def to_line(record: EpochRecord) -> str:
    """An epoch as one line of JSON, line break and all; ValueError for a loss that is no number."""
    return json.dumps(asdict(record), allow_nan=False) + "\n"


def from_line(line: str) -> EpochRecord:
    """The epoch that a line of JSON holds; ValueError where it holds none."""
    record = _values(EpochRecord, _object(line))
    if record["originality"] is not None:
        originality = _values(EpochOriginality, record["originality"])
        originality["copying"] = Copying(**_values(Copying, originality["copying"]))
        if originality["people"] is not None:
            originality["people"] = Copying(**_values(Copying, originality["people"]))
        record["originality"] = EpochOriginality(**originality)
    return EpochRecord(**record)


def read_history(path: str | Path) -> list[EpochRecord]:
    """The epochs of a history's file, in its order.

    A last line without its line break was cut off while it was written, and is left out. Raises
    ModelFileError where the file cannot be read or another line is no epoch.
    """
    name = printable(str(path))
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ModelFileError(f"{name}: the history cannot be read ({reason})") from None
    records = []
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            records.append(from_line(line))
        except (ValueError, RecursionError):
            raise ModelFileError(
                f"{name}:{number}: this line is no epoch of a training; give the history that "
                "'tunetrace model train' writes"
            ) from None
    return records


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


def guess(tokens: int) -> float:
    """The loss of a guess that finds all of so many tokens equally probable, nats a token."""
    return math.log(tokens)


def kept_epoch(history: Iterable[EpochRecord], tokens: int) -> EpochRecord | None:
    """The epoch whose model is kept: the best, or the last where nothing is held out.

    None where every epoch predicts worse than a guess among so many tokens.
    """
    better = [record for record in history if record.loss <= guess(tokens)]
    return best_epoch(better) or (better[-1] if better else None)


def _object(line: str) -> Any:
    def refuse(number: str) -> float:
        raise ValueError(f"{number} is no number")

    return json.loads(line, parse_constant=refuse)


_OPTIONAL: Final = {"validation_loss", "ended", "people", "originality"}
_NESTED: Final = {"copying", "people", "originality"}


def _values(kind: type, given: Any) -> dict[str, Any]:
    """The fields of a record from JSON; ValueError where they are others or no numbers."""
    if not isinstance(given, Mapping) or given.keys() != {one.name for one in fields(kind)}:
        raise ValueError(f"these are not the fields of {kind.__name__}")
    for one in fields(kind):
        value = given[one.name]
        may_be_none = value is None and one.name in _OPTIONAL
        if not (may_be_none or one.name in _NESTED or _is_number(value, whole=one.type == "int")):
            raise ValueError(f"{one.name} is no number")
    return dict(given)


def _is_number(value: Any, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    return -_MOST <= value <= _MOST  # nor is infinity one
