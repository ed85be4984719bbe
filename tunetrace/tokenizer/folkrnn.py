"""folk-rnn's text: tokens with spaces between them, on C, with a unit of 1/8 in every meter.

The published files have `M:` and `K:` on lines of their own and the body on one line. A generated
tune may be on a single line that ends in `</s>`. Text without spaces is cut by longest match. The
text of v3 has ties (`=d 2 - | =d`). They are not tokens and are dropped, as in ABC.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from tunetrace.errors import AbcError
from tunetrace.text import lines_of
from tunetrace.tokenizer.abc.accidentals import sign_held
from tunetrace.tokenizer.abc.dropped import number_left_out, what_is
from tunetrace.tokenizer.keys import parse_key
from tunetrace.tokenizer.titles import spaced
from tunetrace.tokenizer.transcription import Transcription, add_title, as_number
from tunetrace.tokenizer.vocabulary import FRAME, HEADER, MEANINGS, NOTE, is_token, split_tokens

# Fields about a tune that are not tokens.
_FIELDS = frozenset("ABCDFGHINOQRSTUVWXZrsw")

TIE: Final = "-"
_TIES: Final = re.compile(r"(-)(?![0-9])")  # but not the sign in |1-3


def is_left_out(line: str) -> bool:
    """Whether a line of folk-rnn text has no tokens because it is a field or a comment."""
    is_field = line[1:2] == ":" and line[0] in _FIELDS and line[2:3] not in ("|", ":")
    return is_field or line[:1] == "%"


def words_of(word: str) -> list[str] | None:
    """The tokens and ties in a word. None if something in it is neither."""
    if is_token(word):
        return [word]
    found: list[str] = []
    for piece in filter(None, _TIES.split(word)):
        tokens = [piece] if piece == TIE or is_token(piece) else split_tokens(piece)
        if tokens is None:
            return None
        found += tokens
    return found


def tokenize_folkrnn(
    text: str | Sequence[str], first_line: int = 1, input: str = ""
) -> Transcription:
    """Read one transcription of folk-rnn text.

    text: the transcription or its lines. first_line: the number of the first line in the input.
    input: the name of the input. Raises AbcError, with line and column, for text that is not a
    token and for a header without a body.
    """
    lines = lines_of(text) if isinstance(text, str) else text
    titles: list[str] = []
    number = None
    tokens: list[str] = []
    tied: list[int] = []  # of each tie, the number of the token after it
    for number_of_line, line in enumerate(lines, first_line):
        if is_left_out(line):
            if line[0] == "T":
                add_title(titles, spaced(line[2:].strip()))
            elif line[0] == "X":
                number = as_number(line[2:])
            continue
        if not tokens and line.startswith("<s>") and line.strip() != "<s>":
            line = line.replace("<s>", "   ", 1)  # the frame of a tune that is on one line
        words = line.split()
        if MEANINGS.keys() >= set(words):
            tokens += words  # true of nearly all lines
            continue
        for word in words:
            pieces = words_of(word)
            if pieces is None:
                column = line.index(word) + 1
                shown = word if len(word) <= 20 else word[:20] + "…"
                raise AbcError(
                    f"'{shown}' is not a folk-rnn token; write tokens as G, 2 or |:, or give ABC "
                    "with an L: field",
                    number_of_line,
                    column,
                    kind="outside the tokens",
                )
            for piece in pieces:
                if piece == TIE:
                    tied.append(len(tokens))
                else:
                    tokens.append(piece)
    if tokens and tokens[-1] == "</s>":
        tokens.pop()
    header = [token for token in tokens if token[0] in "MK"]  # no other token begins so
    if len(header) == len(tokens):
        raise AbcError("the transcription has a header, but no notes", first_line, kind="no notes")
    if tied:
        _sign_tied(tokens, tied)
    meter = next((token[2:] for token in header if token[0] == "M"), None)
    key = next((token[2:] for token in header if token[0] == "K"), None)
    return Transcription(
        titles=tuple(titles),
        number=number,
        meter=meter,
        key=key,
        original_key=key,
        tokens=tuple(tokens),
        text="\n".join(lines).strip("\n"),
        line=first_line,
        input=input,
        remarks=(number_left_out(what_is(TIE), len(tied)),) if tied else (),
    )


def _sign_tied(tokens: list[str], tied: Collection[int]) -> None:
    """After each tie over a bar line, write the accidental of the tied note before the next note.

    tied: the number of the token after each tie.
    """
    notes = {
        next((k for k in range(after - 1, -1, -1) if MEANINGS[tokens[k]].kind == NOTE), 0)
        for after in tied
        if after < len(tokens) and tokens[after][0] == "|"
    }
    keys = [k for k, token in enumerate(tokens) if token[0] == "K"]
    for start, stop in zip([0, *keys], [*keys, len(tokens)], strict=True):
        key = tokens[start][2:] if start in keys else ""
        stretch = tokens[start:stop]
        sign_held(
            stretch, 0, parse_key(key if key[:1].isupper() else f"C{key}"), (),
            {note - start for note in notes},
        )  # fmt: skip
        tokens[start:stop] = stretch


def to_folkrnn(tokens: Sequence[str], *, title: str = "", number: int | None = None) -> str:
    """Tokens as in folk-rnn's files: each header token on its own line, then the body on one line.

    tokenize_folkrnn turns the text into the same tokens.
    """
    lines = [] if number is None else [f"X:{number}"]
    if title:
        lines.append(f"T:{' '.join(title.split())}")
    start = 0
    while start < len(tokens) and MEANINGS[tokens[start]].kind in (HEADER, FRAME):
        lines.append(tokens[start])
        start += 1
    return "\n".join([*lines, " ".join(tokens[start:])]) + "\n"
