"""folk-rnn's text: tokens set apart by spaces, rooted on C, L being 1/8 whatever the meter.

The published files write `M:` and `K:` on lines of their own and the body on one; a generated
tune may come on a single line that ends in `</s>`. Unspaced text is cut by longest match.
"""

from __future__ import annotations

from collections.abc import Sequence

from tunetrace.errors import AbcError
from tunetrace.tokenizer.text import spaced
from tunetrace.tokenizer.transcription import Transcription, add_title, as_number, lines_of
from tunetrace.tokenizer.vocabulary import FRAME, HEADER, MEANINGS, is_token, split_tokens

# Fields that say something about a tune and are no tokens.
_FIELDS = frozenset("ABCDFGHINOQRSTUVWXZrsw")


def is_plain_field(line: str) -> bool:
    """Whether a line of folk-rnn text is a field other than M: and K:, which are tokens."""
    return line[1:2] == ":" and line[0] in _FIELDS and line[2:3] not in ("|", ":")


def tokenize_folkrnn(
    text: str | Sequence[str], first_line: int = 1, input: str = ""
) -> Transcription:
    """The tokens of one transcription of folk-rnn text, as they stand.

    text: the transcription, or its lines; first_line: the number of the first in its input, whose
    name is input. Raises AbcError, with line and column, for text that is no token and for a header
    alone.
    """
    lines = lines_of(text) if isinstance(text, str) else text
    titles: list[str] = []
    number = None
    tokens: list[str] = []
    for number_of_line, line in enumerate(lines, first_line):
        if is_plain_field(line):
            if line[0] == "T":
                add_title(titles, spaced(line[2:].strip()))
            elif line[0] == "X":
                number = as_number(line[2:])
            continue
        if not tokens and line.startswith("<s>") and line.strip() != "<s>":
            line = line.replace("<s>", "   ", 1)  # the frame of a tune on one line
        words = line.split()
        if MEANINGS.keys() >= set(words):
            tokens += words  # as nearly all lines are
            continue
        for word in words:
            pieces = [word] if word in MEANINGS or is_token(word) else split_tokens(word)
            if pieces is None:
                column = line.index(word) + 1
                shown = word if len(word) <= 20 else word[:20] + "…"
                raise AbcError(
                    f"'{shown}' is no folk-rnn token; write tokens as G, 2 or |:, or give ABC "
                    "with an L: field",
                    number_of_line,
                    column,
                    kind="outside the tokens",
                )
            tokens += pieces
    if tokens and tokens[-1] == "</s>":
        tokens.pop()
    header = [token for token in tokens if token[0] in "MK"]  # as no other token begins
    if len(header) == len(tokens):
        raise AbcError("the transcription has a header and no body", first_line, kind="no notes")
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
    )


def to_folkrnn(tokens: Sequence[str], *, title: str = "", number: int | None = None) -> str:
    """Tokens as folk-rnn's files have them: the header's a line each, then the body's on one.

    tokenize_folkrnn gives the same tokens back.
    """
    lines = [] if number is None else [f"X:{number}"]
    if title:
        lines.append(f"T:{' '.join(title.split())}")
    start = 0
    while start < len(tokens) and MEANINGS[tokens[start]].kind in (HEADER, FRAME):
        lines.append(tokens[start])
        start += 1
    return "\n".join([*lines, " ".join(tokens[start:])]) + "\n"
