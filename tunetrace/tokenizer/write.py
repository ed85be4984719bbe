"""Tokens back to ABC that any ABC program reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunetrace.tokenizer.transpose import interval_from_c, move_token
from tunetrace.tokenizer.vocabulary import BAR_LINE, FRAME, HEADER
from tunetrace.tokenizer.well_formed import kind_in_abc, well_formed

BARS_IN_A_LINE: Final = 4


def to_abc(
    tokens: Sequence[str],
    *,
    title: str = "",
    number: int = 1,
    tonic: str = "C",
) -> str:
    """The tokens of a transcription as an ABC tune. tokenize_abc turns it into the same tokens.

    tonic: notes and keys are moved from C to this tonic (`D`, `Bb`). Raises TooFarAlteredError if
    a note there needs three sharps or flats. The tokens may include ABC fields, as `L:1/16` and
    `K:DMin`; without an L: field the unit is 1/8.

    Tokens that are not valid as ABC are replaced by the nearest valid ones, see well_formed. Frame
    tokens (`<s>`) are left out.
    """
    tokens = well_formed(tokens)
    if tonic != "C":
        interval = interval_from_c(f"{tonic}maj")
        tokens = [move_token(_on_c(token), interval) for token in tokens]
    meter = next((token for token in tokens if token.startswith("M:")), None)
    unit = next((token for token in tokens if token.startswith("L:")), "L:1/8")
    key = next((token for token in tokens if token.startswith("K:")), f"K:{tonic}")
    header = [f"X:{number}", f"T:{' '.join(title.split())}", unit, _on_c(key)]
    if meter is not None:
        header.insert(2, meter)
    in_header = {meter, unit, key}
    pieces: list[str] = []
    bars = 0
    for token in tokens:
        kind = kind_in_abc(token)
        if token in in_header:
            in_header.discard(token)
        elif kind == HEADER:
            pieces.append(f"[{_on_c(token)}]")
        elif kind == BAR_LINE:
            pieces.append(f" {token} ")
            bars += token in ("|", ":|")
            if bars == BARS_IN_A_LINE:
                pieces.append("\n")
                bars = 0
        elif kind != FRAME:
            pieces.append(token)
    music = [" ".join(line.split()) for line in "".join(pieces).split("\n") if line.strip()]
    return "\n".join([*header, *music]) + "\n"


def _on_c(token: str) -> str:
    """A key token with its tonic stated. The `K:maj` of folk-rnn v3 is on C."""
    return "K:C" + token[2:] if token[0] == "K" and token[2:3].islower() else token
