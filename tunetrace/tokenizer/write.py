"""Tokens back to ABC that any ABC program reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunetrace.tokenizer.vocabulary import BAR_LINE, FRAME, HEADER, MEANINGS

BARS_IN_A_LINE: Final = 4


def to_abc(tokens: Sequence[str], *, title: str = "", number: int = 1) -> str:
    """A transcription's tokens as an ABC tune in C with L:1/8; tokenize_abc gives them back.

    That holds for transcriptions that are well formed. Of others it gives what comes nearest:
    lengths that follow one another run together and frame tokens (`<s>`) are left out.
    """
    meter = next((token for token in tokens if token.startswith("M:")), None)
    key = next((token for token in tokens if token.startswith("K:")), "K:C")
    header = [f"X:{number}", f"T:{' '.join(title.split())}", "L:1/8", _field(key)]
    if meter is not None:
        header.insert(2, meter)
    in_header = {meter, key}
    pieces: list[str] = []
    bars = 0
    for token in tokens:
        kind = MEANINGS[token].kind
        if token in in_header:
            in_header.discard(token)
        elif kind == HEADER:
            pieces.append(f"[{_field(token)}]")
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


def _field(token: str) -> str:
    """A header token as a field: folk-rnn's `K:Cmaj` is one already, v3's `K:maj` is on C."""
    return "K:C" + token[2:] if token[2:3].islower() and token[0] == "K" else token
