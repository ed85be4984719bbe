"""Tunes that are cut out of a text, to be read where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tunetrace.corpus.blocks import Block
from tunetrace.corpus.records import Rejected
from tunetrace.corpus.streams import LONGEST
from tunetrace.errors import AbcError
from tunetrace.text import plain
from tunetrace.tokenizer.abc.header import loose_field
from tunetrace.tokenizer.titles import readable
from tunetrace.tokenizer.transcription import Transcription, as_number


@dataclass(slots=True, eq=False)  # frozen ones take twice as long to be packed
class Unread:
    """A tune of a text, which is not read yet. Another process can read it."""

    block: Block
    input: str
    """The name of its file or other input."""
    tokenize: Callable[[Sequence[str], int, str], Transcription]
    """Reads its lines, given with the number of the first and the name of the input. AbcError if
    that cannot be done."""

    def read(self) -> Transcription | Rejected:
        """The tune, or why it is set aside."""
        block = self.block
        try:
            if block.overlong_at is not None:
                raise AbcError(
                    f"the tune has more than {LONGEST:,} characters; end each tune with an empty "
                    "line",
                    block.overlong_at,
                    kind="too long",
                )
            return self.tokenize(block.lines, block.first_line, self.input)
        except AbcError as error:
            return _rejected(self.input, block.lines, error)


Cut = Unread | Transcription | Rejected
"""A tune as it comes out of an input."""


def finished(tune: Cut) -> Transcription | Rejected:
    """A tune that is read, if it was not."""
    return tune.read() if isinstance(tune, Unread) else tune


def _rejected(input: str, lines: Sequence[str], error: AbcError) -> Rejected:
    """The tune of these lines, set aside because of an error."""
    fields = [loose_field(line) for line in lines]
    numbers = [as_number(field[1]) for field in fields if field and field[0] == "X"]
    titles = [plain(readable(field[1])) for field in fields if field and field[0] == "T"]
    return Rejected(
        input, error.line, error.column, plain(error.reason), error.kind,
        next(iter(numbers), None), next(filter(None, titles), ""),
    )  # fmt: skip
