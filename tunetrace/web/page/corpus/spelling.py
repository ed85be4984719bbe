"""Figures and keys as musicians write them, and a figure spelled longer and shorter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from tunetrace.arguments import one_view
from tunetrace.errors import QueryError
from tunetrace.indexer.index import Index
from tunetrace.indexer.queries.symbols import FigureQuery
from tunetrace.indexer.records import Tune
from tunetrace.indexer.search.views import TOKENS, view_named
from tunetrace.tokenizer.keys import named_key
from tunetrace.tokenizer.layout.bars import lay_out
from tunetrace.tokenizer.transpose import TooFarAlteredError, interval_to, move_token
from tunetrace.tokenizer.vocabulary import BAR_LINE, MEANINGS, TUPLET, is_token
from tunetrace.web.page.corpus.address import AskedFigure

_LONGEST_STEP: Final = 80
"""Characters at the end of a figure among which the beginning of its last note is looked for."""

_OPENING: Final = ("(", "[", "{", '"')
"""What begins a tuplet, a chord, grace notes or words, and does not end a figure."""


def spelled(tokens: Sequence[str], key: str | None) -> str:
    """Tokens on C as ABC in a key, with spaces around bar lines alone.

    TooFarAlteredError if a note would need three sharps or flats.
    """
    interval = interval_to(key)
    moved = tokens if interval is None else [move_token(token, interval) for token in tokens]
    pieces = (f" {one} " if is_token(one) and MEANINGS[one].kind == BAR_LINE else one
              for one in moved)  # fmt: skip
    return " ".join("".join(pieces).split())


def readable(text: str, key: str | None) -> str:
    """Symbols on C as ABC in a key; as they are if that cannot be written, or if they are no
    tokens."""
    with suppress(TooFarAlteredError, KeyError):
        return spelled(text.split(), key)
    return text


def key_in_words(name: str | None) -> str:
    """A key as musicians say it: `E dorian` for `Edor`; as it is if it is no such key."""
    key = named_key(name)
    return key.in_words if key else name or ""


def meter_and_key(tune: Tune) -> str:
    """The meter and the key of a tune, as far as they are known: `6/8, E dorian`."""
    return ", ".join(filter(None, (tune.meter, key_in_words(tune.original_key))))


class Spelling:
    """A figure as its asker wrote it, which is kept where it is made longer or shorter.

    Each way to spell the new figure is read again. One that does not mean it is not taken.
    """

    def __init__(self, index: Index, asked: AskedFigure) -> None:
        """QueryError if the figure states none."""
        self._vocabulary = index.vocabulary
        self._view = view_named(one_view(asked.view, "view"))
        self._asked = asked
        self.query = self._parse(asked)

    def _parse(self, asked: AskedFigure) -> FigureQuery:
        parse = self._view.parse_bar if asked.whole else self._view.parse
        return parse(asked.q, self._vocabulary, asked.in_key or None)

    def _meaning(self, wanted: str, ways: Iterator[tuple[str, str]]) -> str | None:
        """The address of the first way, a text and its key, that means the figure wanted."""
        for q, in_key in ways:
            other = replace(self._asked, q=q, in_key=in_key, offset=0)
            with suppress(QueryError):
                if self._parse(other).text == wanted:
                    return other.address()
        return None

    def _ways(self, tokens: Sequence[str], beside: str, kept: str) -> Iterator[tuple[str, str]]:
        """Ways to spell a figure.

        tokens: of the whole figure. beside: the tokens that the asker's text lacks. kept: where
        they belong, as a pattern with `{}` for the asker's text and `{new}` for them.
        """
        asked, key = self._asked, self.query.key
        if self._view is not TOKENS:
            yield " ".join(tokens), ""
            return
        with suppress(TooFarAlteredError, KeyError):
            if self.query.read_as == "ABC":
                new = spelled(beside.split(), key)
            else:
                interval = interval_to(key)
                moved = [move_token(t, interval) if interval else t for t in beside.split()]
                new = " ".join(moved)
            yield kept.format(asked.q.strip(), new=new), asked.in_key
        with suppress(TooFarAlteredError, KeyError):
            yield spelled(tokens, key), asked.in_key or key or "C"

    def followed_by(self, text: str) -> str | None:
        """The address of the figure with symbols after it."""
        wanted = f"{self.query.text} {text}"
        return self._meaning(wanted, self._ways(wanted.split(), text, "{} {new}"))

    def preceded_by(self, text: str) -> str | None:
        """The address of the figure with symbols before it."""
        wanted = f"{text} {self.query.text}"
        return self._meaning(wanted, self._ways(wanted.split(), text, "{new} {}"))

    def instead(self, tokens: Sequence[str]) -> str | None:
        """The address of another figure of tokens, in the same key."""
        return self._meaning(" ".join(tokens), self._ways(tokens, " ".join(tokens), "{new}"))

    def shorter(self) -> str | None:
        """The address of the figure without its last note; None if it has one alone."""
        words = self._without_last()
        if not words:
            return None
        q, in_key = self._asked.q.rstrip(), self._asked.in_key

        def ways() -> Iterator[tuple[str, str]]:
            for cut in range(len(q) - 1, max(0, len(q) - _LONGEST_STEP), -1):
                kept = q[:cut].rstrip()
                if not kept.endswith(_OPENING):
                    yield kept, in_key
            yield from self._ways(words, " ".join(words), "{new}")

        return self._meaning(" ".join(words), ways())

    def _without_last(self) -> list[str]:
        words = self.query.text.split()
        if self._view is not TOKENS or self.query.literal is None:
            return words[:-1] if not re.search(r"[{}]", self.query.text) else []
        layout = lay_out(words)
        if not layout.bars:
            return []
        last = layout.bars[-1]
        kept = words[: last.start + last.events.starts[-1]]
        while kept and MEANINGS[kept[-1]].kind in (BAR_LINE, TUPLET):
            kept.pop()
        return kept
