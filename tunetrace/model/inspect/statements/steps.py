"""What a network writes at each step of a traced transcription."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunetrace.model.inspect.measures.groups import (
    ACCIDENTAL,
    BAR_LINES,
    METER_AND_KEY,
    OTHER,
    PITCH,
    group_of,
)
from tunetrace.model.trace import CUT_OFF, Trace

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TuneSteps:
    """The S steps of one transcription, counted from 0."""

    tokens: tuple[str, ...]
    """(S,) the token that is written at each step; empty if none came."""
    groups: tuple[str, ...]
    """(S,) the group of each; empty if none came."""

    @property
    def is_music(self) -> Flags:
        """(S,) whether it is neither meter, key nor end."""
        return np.array([group not in ("", METER_AND_KEY, OTHER) for group in self.groups])

    @property
    def is_head(self) -> Flags:
        """(S,) whether it is a meter or a key."""
        return np.array([group == METER_AND_KEY for group in self.groups])

    @property
    def is_note(self) -> Flags:
        """(S,) whether it is a note."""
        return np.array([group in (PITCH, ACCIDENTAL) for group in self.groups])

    @property
    def is_bar_line(self) -> Flags:
        """(S,) whether it is a bar line of any kind."""
        return np.array([group == BAR_LINES for group in self.groups])

    def writes(self, token: str) -> Flags:
        """(S,) whether it is this token."""
        return np.array([one == token for one in self.tokens])


def steps_of(traced: Trace) -> TuneSteps:
    """The steps of the trace of one transcription."""
    names = traced.names
    tokens = tuple("" if n == CUT_OFF else names[n] for n in traced.written.tolist())
    return TuneSteps(tokens, tuple(group_of(token) if token else "" for token in tokens))


def runs_of(flags: Flags) -> NDArray[np.int64]:
    """(runs, 3) int64: the row of each run of true flags, where it begins, and the place after its
    end. flags: (rows, S)."""
    edges = np.diff(np.pad(flags.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    return np.stack([rows, starts, np.nonzero(edges == -1)[1]], axis=1)


def peaks_of(values: Floats, least: float) -> NDArray[np.int64]:
    """The places of peaks: of each run of values above `least`, its largest.

    values: (S,). Neighbouring high values are one peak.
    """
    runs = runs_of(values[None] > least)
    return np.array(
        [start + int(values[start:stop].argmax()) for _, start, stop in runs.tolist()],
        dtype=np.int64,
    )
