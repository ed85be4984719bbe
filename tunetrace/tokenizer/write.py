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
    """A transcription's tokens as an ABC tune; tokenize_abc gives them back.

    tonic: what to write it on (`D`, `Bb`); notes and keys move from C to it, the mode stays. A note
    with two sharps or flats may need three there, which ABC has no sign for: TooFarAlteredError.
    Fields as `L:1/16` and `K:DMin` may stand among the tokens; those without one have L:1/8.

    Transcriptions that are well formed come back as they were. Of others it gives what comes
    nearest, see well_formed; frame tokens (`<s>`) are left out.
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
    """A token with the tonic stated: folk-rnn's `K:Cmaj` is that already, v3's `K:maj` is on C."""
    return "K:C" + token[2:] if token[0] == "K" and token[2:3].islower() else token
