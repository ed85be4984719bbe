"""The values of a JSON text that comes in pieces. Only one value is in memory at a time.

Python's decoder decodes the value that begins at a place. If it fails, the value may continue in
the next piece.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from tunetrace.corpus.streams import LONGEST
from tunetrace.errors import InputError

TOO_LONG: Final = object()
"""In place of a value of more than LONGEST characters, which is passed over."""

MAY_BE_CUT_OFF: Final = "the file may be cut off there; get the file again"

_DECODER: Final = json.JSONDecoder()
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SIGN: Final = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
"""A sign that opens or closes something in JSON, or any sign after a backslash."""


class JsonValues:
    """The values of a JSON text in pieces, each with the line on which it begins."""

    def __init__(self, texts: Iterator[str], name: str) -> None:
        """name: stands for the text in messages."""
        self._texts = texts
        self._name = name
        self._text = ""
        self._at = 0
        self._line, self._column, self._counted = 1, 0, 0  # lines are counted up to here

    def of_list(self) -> Iterator[tuple[int, object]]:
        """The values of a list, in their order. InputError if the text is not JSON, or no list."""
        if self._sign() != "[":
            raise InputError(f"{self._name}: this file is not a JSON list of records")
        self._at += 1
        if self._sign() != "]":
            yield self._next()
            while self._sign() == ",":
                self._at += 1
                self._sign()
                yield self._next()
            if self._sign() != "]":
                raise self._error("Expecting ',' delimiter", self._at)
        self._at += 1
        if self._sign():
            raise self._error("Extra data", self._at)

    def one_after_another(self) -> Iterator[tuple[int, object]]:
        """Values that follow one another, in their order. InputError if the text is not JSON."""
        while self._sign():
            yield self._next()

    def _next(self) -> tuple[int, object]:
        self._count()
        line = self._line
        return line, self._value()

    def _value(self) -> object:
        """The value that begins here. If it is too long, it is skipped, and TOO_LONG returned."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as raised:
                problem = self._error(raised.msg, raised.pos)
            except (ValueError, RecursionError):
                raise InputError(
                    f"{self._name}: this file cannot be read as JSON: it has numbers or lists "
                    "that are too large"
                ) from None
            else:
                if end < len(self._text) or not self._take(1):  # otherwise a number may continue
                    self._at = end
                    return value
                continue
            length = len(self._text) - self._at
            if length > LONGEST:
                if self._pass_over() <= LONGEST:
                    raise problem
                return TOO_LONG
            if not self._take(length):
                raise problem

    def _pass_over(self) -> int:
        """Skip the value that begins here, and return its length; 0 if it has no end."""
        length, depth, is_inside_text = 0, 0, False
        while True:
            for sign in _SIGN.finditer(self._text, self._at):
                if sign[0] == '"':
                    is_inside_text = not is_inside_text
                elif not is_inside_text and len(sign[0]) == 1:
                    depth += 1 if sign[0] in "[{" else -1
                if depth == 0 and not is_inside_text:
                    length += sign.end() - self._at
                    self._at = sign.end()
                    return length
            stop = len(self._text) - self._text.endswith("\\")  # it belongs to the next character
            length += stop - self._at
            self._at = stop
            if not self._take(1):
                return 0

    def _sign(self) -> str:
        """The next sign, without consuming it; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._take(1):
                return ""

    def _take(self, length: int) -> bool:
        """Read at least this many more characters. False if the text has ended.

        The text before the current place is forgotten.
        """
        taken = []
        while length > 0 and (text := next(self._texts, None)) is not None:
            taken.append(text)
            length -= len(text)
        if taken:
            self._count()
            self._text = "".join([self._text[self._at :], *taken])
            self._at = self._counted = 0
        return bool(taken)

    def _count(self) -> None:
        """Count the lines up to the current place."""
        self._line, self._column = self._place(self._at)
        self._counted = self._at

    def _place(self, at: int) -> tuple[int, int]:
        """The line of a place after the counted text, and its column from 0."""
        lines = self._text.count("\n", self._counted, at)
        if not lines:
            return self._line, self._column + at - self._counted
        return self._line + lines, at - self._text.rindex("\n", self._counted, at) - 1

    def _error(self, what: str, at: int) -> InputError:
        line, column = self._place(at)
        return InputError(
            f"{self._name}:{line}:{column + 1}: this is not JSON ({what}); {MAY_BE_CUT_OFF}"
        )
