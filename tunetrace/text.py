"""Text for people: numbers in words, and text from files made safe for a terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth")
"""The first parts of a tune in words."""


_RARE_BELOW: Final = 1.0
"""A figure is rare if chance would give fewer hits than this: then one hit says something."""


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """A count with its noun: `1 tune`, `1,024 tunes`."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def tunes_and_families(tunes: int, families: int | None) -> str:
    """Tunes, and the families that they are of if these are known: `12 tunes of 2 families`."""
    of = ""
    if families is not None and tunes > 1:
        of = f" of {counted(families, 'family', 'families')}"
    return f"{counted(tunes, 'tune')}{of}"


def found_among(tunes: int, of: int, families: int | None, hits: str) -> str:
    """How often something is found: `found in 8 of 4,235 tunes, of 5 families, 14 times`.

    hits: how many, as `14 times` or `with 14 hits`.
    """
    of_families = ""
    if families is not None and tunes > 1:
        of_families = f", of {counted(families, 'family', 'families')}"
    return f"found in {tunes:,} of {counted(of, 'tune')}{of_families}, {hits}"


def times(count: int) -> str:
    """How often: `once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def share(value: float) -> str:
    """A share in percent. It is never rounded to 0% or 100%."""
    if 0 < value <= 0.005:
        return "<1%"
    if 0.995 <= value < 1:
        return ">99%"
    return f"{value:.0%}"


def share_below(value: float, bound: float) -> str:
    """A share that is below a bound in percent: `less than 90%` for 0.898 if that is the bound."""
    shown = share(value)
    return f"less than {shown}" if shown == share(bound) else shown


def share_in_words(value: float) -> str:
    """A share in a sentence: `none`, `less than 1%`, `41%`, `more than 99%`, `all`."""
    if value in (0, 1):
        return "all" if value else "none"
    return share(value).replace("<", "less than ").replace(">", "more than ")


def amount(value: float) -> str:
    """A number with at most one decimal: `9`, `8.5`. A positive number is at least `0.1`."""
    shown = max(value, 0.1) if value > 0 else value
    return f"{shown:,.1f}".removesuffix(".0")


def hits_expected(count: float, log10: float | None = None) -> str:
    """The hits expected by chance: `1,540`, `1.3`, `0.0003`, `one in 30,000`, `one in 10^35`.

    log10: its logarithm, for a count that underflowed to 0 (default: computed from the count).
    """
    if count == 0 and log10 is None:
        return "none"
    if count < 1e-9:
        return f"one in 10^{-(math.log10(count) if log10 is None else log10):.0f}"
    if count < 1e-4:
        return f"one in {float(f'{1 / count:.1e}'):,.0f}"
    if count < 0.995:
        return f"{count:.2g}"
    return f"{count:.1f}" if count < 9.95 else f"{count:,.0f}"


def by_chance(count: float, log10: float | None) -> str:
    """The hits expected by chance, and what that means: `expected by chance: 0.0003 (rare)`."""
    meaning = "rare" if count < _RARE_BELOW else "common"
    return f"expected by chance: {hits_expected(count, log10)} ({meaning})"


def listed(parts: Sequence[str], conjunction: str = "and") -> str:
    """A list in a sentence: `a`, `a and b`, `a, b and c`."""
    *first, last = parts
    return f"{', '.join(first)} {conjunction} {last}" if first else last


def part_in_words(part: int) -> str:
    """A part in a sentence: `first part`, `part 7`."""
    return f"{ORDINALS[part - 1]} part" if part <= len(ORDINALS) else f"part {part}"


def signed(value: float) -> str:
    """A difference with two digits, never rounded to 0: `+12`, `−0.034`, `0`."""
    if not value:
        return "0"
    decimals = max(0, 1 - math.floor(math.log10(abs(value))))
    digits = f"{abs(value):,.{decimals}f}"
    return ("+" if value > 0 else "−") + (digits.rstrip("0").rstrip(".") if decimals else digits)


def place_of(input: str, line: int | None, column: int | None = None) -> str:
    """A place in an input: `book.abc:12:3`, without the parts that are unknown."""
    return ":".join(str(part) for part in (input, line, column) if part not in (None, ""))


def one_up_to(count: int) -> str:
    """What to give instead of a wrong number: `one from 1 to 3`, or `1`."""
    return f"one from 1 to {count:,}" if count > 1 else "1"


def shortened(text: str, longest: int) -> str:
    """A text of at most so many characters; `…` ends one that was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def lines_of(text: str) -> list[str]:
    """The lines of a text as editors count them. Only LF, CR LF and CR end a line."""
    return re.split(r"\r\n|\r|\n", text)


def plain(text: str) -> str:
    """Text from a file on one line, with control characters replaced."""
    text = text.strip()
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def safe(text: str) -> str:
    """Text with control characters replaced, but for the ends of lines."""
    return "\n".join(
        "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
        for line in text.split("\n")
    )


def plain_lines(text: str) -> list[str]:
    """The lines of a text from a file, with control characters replaced and tabs as spaces."""
    lines = [line.expandtabs() for line in lines_of(text)]
    return [line[: len(line) - len(line.lstrip(" "))] + plain(line) for line in lines]


def printable(name: str) -> str:
    """A file's name for printing and for a database: bytes that are not UTF-8 are replaced."""
    return plain(name.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace"))


def html_text(text: str) -> str:
    """Text from a file, fit for HTML."""
    return escape(plain(text))


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in HTML, for notebooks. Its texts are escaped."""

    def cells(tag: str, texts: Iterable[str]) -> str:
        return f"<tr>{''.join(f'<{tag}>{html_text(text)}</{tag}>' for text in texts)}</tr>"

    body = "".join(cells("td", row) for row in rows)
    return f"<table><thead>{cells('th', heads)}</thead><tbody>{body}</tbody></table>"
