"""The prompt of a sampled transcription: its meter, its key, its first notes.

A model writes the meter first, then the key, then the music. A part of the prompt may be missing
and a later one given. Then the model chooses the missing one among its meters, or its keys.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunetrace.errors import AbcError, QueryError
from tunetrace.model.records import END, START, Tokens
from tunetrace.tokenizer.abc.figure import read_figure
from tunetrace.tokenizer.keys import MODES, parse_key, parse_meter
from tunetrace.tokenizer.vocabulary import is_token

_MODE: Final = re.compile(rf"({'|'.join(MODES)})[a-z]*", re.IGNORECASE)
"""A mode without a tonic: `maj`, `Dorian`."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What transcriptions begin with."""

    admitted: tuple[tuple[int, ...], ...] = ()
    """For each of the first places, the numbers of the tokens that may be there. What follows is
    free."""
    notes: int = 0
    """How many of the last places are tokens of music; each admits one token."""

    @property
    def settled(self) -> tuple[int, ...]:
        """The tokens that all transcriptions begin with, up to the first that is drawn."""
        settled = takewhile(lambda admitted: len(admitted) == 1, self.admitted)
        return tuple(number for (number,) in settled)

    @property
    def music(self) -> tuple[int, ...]:
        """The tokens of music in it."""
        first = len(self.admitted) - self.notes
        return tuple(admitted[0] for admitted in self.admitted[first:])

    def penalties(self, tokens: Tokens) -> NDArray[np.float64]:
        """What to add to the logits at each place: (places + 1, tokens), 0 or minus infinity.

        The last row is for all places after the prompt. The token that begins a transcription is
        never written again.
        """
        penalties = np.full((len(self.admitted) + 1, len(tokens)), -np.inf)
        for row, admitted in zip(penalties, self.admitted, strict=False):
            row[list(admitted)] = 0.0
        penalties[-1] = 0.0
        penalties[-1, tokens.start] = -np.inf
        return penalties


def make_prompt(
    tokens: Tokens, meter: str | None = None, key: str | None = None, start: str = ""
) -> Prompt:
    """The prompt of a meter (`6/8`), a key (`Cdor`, `dor`) and a start, first tokens (`G, C C 2`).

    Each may be missing. For a model that writes on C, the start may be ABC in any key
    (`K:G DGG2`). Raises QueryError for what is none, or what the model lacks.
    """
    meters = [name for name in tokens.names if name.startswith("M:")]
    keys = [name for name in tokens.names if name.startswith("K:")]
    places: list[list[str]] = []
    if meter is not None:
        places.append([_meter(meter, meters)])
    elif (key is not None or start.split()) and meters:
        places.append(meters)
    if key is not None:
        places.append([_key(key, keys)])
    elif start.split() and keys:
        places.append(keys)
    words = _start(start, tokens)
    admitted = [tuple(tokens.encode(names)) for names in places]
    admitted += [(number,) for number in tokens.encode(words)]
    return Prompt(tuple(admitted), len(words))


def _meter(text: str, meters: list[str]) -> str:
    try:
        name = f"M:{parse_meter(text.removeprefix('M:'))}"
    except AbcError:
        raise QueryError(f"'{text[:40]}' is not a meter; write it as 6/8 or 4/4") from None
    if name not in meters:
        raise QueryError(_lacks("meter", text, "meters", meters))
    return name


def _key(text: str, keys: list[str]) -> str:
    stated = text.strip().removeprefix("K:")
    if f"K:{stated}" in keys:
        return f"K:{stated}"
    if _MODE.fullmatch(stated):
        mode = stated[:3].lower()
    else:
        try:
            found = parse_key(stated)
        except AbcError:
            raise QueryError(
                f"'{text[:40]}' is not a key; write it as Cmaj or dor, because models write on C"
            ) from None
        mode = found.mode
        if found.tonic != "C" and any(key in keys for key in ("K:Cmaj", "K:maj")):
            raise QueryError(
                f"the key {found.name} is not on C, but this model writes every key on C; give "
                f"only the mode, as --key {mode}, and transpose the tunes that the model writes"
            )
        if found.tonic != "C":
            raise QueryError(_lacks("key", text, "keys", keys))
    for name in (f"K:C{mode}", f"K:{mode}"):
        if name in keys:
            return name
    raise QueryError(_lacks("key", text, "keys", keys))


def _start(text: str, tokens: Tokens) -> list[str]:
    words = text.split()
    for word in words:
        if word in (START, END):
            raise QueryError(
                f"the model itself writes '{word}' in every tune; leave it out of the start"
            )
    if words and (words[0][:2] == "M:" or (words[0][:2] == "K:" and words[0] in tokens.names)):
        option = "meter" if words[0][0] == "M" else "key"
        raise QueryError(
            f"the start begins with '{words[0]}', which is not music; give it as --{option} "
            f"{words[0][2:]}"
        )
    if tokens.stands_on_c and not all(map(is_token, words)):
        with suppress(AbcError):
            figure = read_figure(text)
            if not figure.remarks:
                return list(figure.tokens)
    return words


def _lacks(what: str, text: str, plural: str, names: list[str]) -> str:
    if not names:
        return f"this model has no tokens for {plural}; leave the {what} '{text[:40]}' out"
    known = ", ".join(sorted(name[2:] for name in names))
    return f"this model has no {what} '{text[:40]}'; it writes {known}"
