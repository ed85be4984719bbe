"""One record of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TableRecord:
    """A record: its values by column, and where it is."""

    values: Mapping[str, Any]
    line: int
    """The line of the file on which it begins, counted from 1; in Parquet the number of the row."""
    has_lines: bool = False
    """Whether the lines of its values are lines of the file, as in CSV."""
    number: int | None = None
    """The number of the record in the file, if its line is that of the record before too."""

    def line_of(self, column: str) -> int:
        """The line of the file on which a value begins; that of the record unless has_lines."""
        if not self.has_lines:
            return self.line
        line = self.line
        for name, value in self.values.items():
            if name == column:
                break
            line += str(value).count("\n")
        return line

    def where(self, line: int | None) -> str:
        """Where in the file a mistake is, as far as a line of the file cannot say it.

        line: of the mistake, counted from the beginning of the value.
        """
        inside = line is not None and line > 1 and not self.has_lines
        words = [] if self.number is None else [f"record {self.number:,}"]
        words += [f"line {line} of the text"] if inside else []
        return f" ({', '.join(words)})" if words else ""
