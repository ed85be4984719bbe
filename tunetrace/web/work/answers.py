"""Answers as they are sent: bytes with their type, the index that gave them, and the licences of
the corpora that they quote."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from tunetrace.indexer.records import CorpusInfo
from tunetrace.records import to_plain
from tunetrace.text import plain

JSON: Final = "application/json"

_LONGEST_NAME: Final = 100
"""Characters of the name of a file, without its ending."""

_NOT_IN_NAMES: Final = frozenset('/\\:*?"<>|%;\N{REPLACEMENT CHARACTER}')
"""What a file system, a shell or a header could take for something else."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent to whoever asked."""

    body: bytes
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class File:
    """An answer that is not JSON, before it is known which index gave it."""

    body: bytes
    media_type: str
    corpora: tuple[str, ...] = ()
    """The corpora that it quotes."""
    name: str | None = None
    """The name that a browser should save it under, which may be any text; None if it has none."""
    is_shown: bool = False
    """Whether a browser should show it rather than save it, if it has a name."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Other headers that it has."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The index that gives answers, as they name it."""

    fingerprint: str
    corpora: Mapping[str, Mapping[str, str | None]]
    """By name: each with its name, source, version and licence."""

    def answer(self, given: Any) -> Answer:
        """What a question gave, as it is sent. A record is sent as the command line prints it, with
        `index` as one field more."""
        if isinstance(given, File):
            told = self._told(given.corpora)
            headers = {**origin_headers(told), **given.headers}
            if given.name is not None:
                headers["Content-Disposition"] = disposition(given.name, is_shown=given.is_shown)
            return Answer(given.body, given.media_type, headers)
        content = to_plain(given)
        told = self._told(_quoted(content))
        # A report has the index among its own fields.
        content.setdefault("index", told)
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        # A text that was sent may have halves of characters, which UTF-8 lacks.
        return Answer(body.encode(errors="replace"), JSON, origin_headers(told))

    def _told(self, names: Iterable[str]) -> dict[str, Any]:
        """What an answer that quotes these corpora says of the index."""
        quoted = set(names)
        corpora = [corpus for name, corpus in self.corpora.items() if name in quoted]
        return {"fingerprint": self.fingerprint, "corpora": corpora}


def without_folders(source: str) -> str:
    """Where a corpus is from, as it may be told: of a file on this machine, only its name."""
    path = PurePath(source)
    return path.name if path.is_absolute() else source


def told_corpora(corpora: Iterable[CorpusInfo]) -> list[CorpusInfo]:
    """Corpora as they may be told."""
    return [replace(one, source=without_folders(one.source)) for one in corpora]


def disposition(name: str, *, is_shown: bool) -> str:
    """The header that names a file (RFC 6266): once in ASCII, and once as it is in UTF-8.

    name: with its ending. It may have any characters; only harmless ones are kept.
    """
    stem, dot, ending = plain(name).rpartition(".")
    stem = "".join("-" if c in _NOT_IN_NAMES else c for c in stem)[:_LONGEST_NAME].strip(" .-")
    whole = f"{stem or 'tune'}{dot}{ending}"
    kind = "inline" if is_shown else "attachment"
    return f"{kind}; filename=\"{_ascii(whole)}\"; filename*=UTF-8''{quote(whole, safe='')}"


def origin_headers(told: Mapping[str, Any]) -> dict[str, str]:
    """The headers of an answer that name its index and the corpora that it quotes.

    told: the fingerprint and the corpora, as the field `index` of an answer has them.
    """
    return {
        "Tunetrace-Index": told["fingerprint"],
        "Tunetrace-Corpora": json.dumps(told["corpora"], separators=(",", ":")),
    }


def _ascii(name: str) -> str:
    """A name in letters, digits and a few signs, which need no quoting in a header."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "".join(c if c.isascii() and (c.isalnum() or c in " ._-'()") else "-" for c in bare)


def _quoted(content: Any) -> Iterator[str]:
    """The names of all corpora in an answer."""
    if isinstance(content, dict):
        corpus = content.get("corpus")
        if isinstance(corpus, str):
            yield corpus
        content = content.values()
    for value in content:
        if isinstance(value, dict | list):
            yield from _quoted(value)
