"""Answers as they are sent: bytes with their type, the index that gave them, and the licences of
the corpora that they quote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tunetrace.records import to_plain

JSON: Final = "application/json"


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
    """The name that a browser should save it under; None to show it."""


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
            told = {"fingerprint": self.fingerprint, "corpora": self._named(given.corpora)}
            return Answer(given.body, given.media_type, self._headers(told, given.name))
        content = to_plain(given)
        told = {"fingerprint": self.fingerprint, "corpora": self._named(_quoted(content))}
        # A report has the index among its own fields.
        document = content if "index" in content else {**content, "index": told}
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return Answer(body, JSON, self._headers(told, None))

    def _named(self, names: Iterable[str]) -> list[Mapping[str, str | None]]:
        wanted = set(names)
        return [corpus for name, corpus in self.corpora.items() if name in wanted]

    def _headers(self, told: Mapping[str, Any], name: str | None) -> dict[str, str]:
        headers = origin_headers(told)
        if name is not None:
            headers["Content-Disposition"] = f'attachment; filename="{_ascii(name)}"'
        return headers


def origin_headers(told: Mapping[str, Any]) -> dict[str, str]:
    """The headers of an answer that name its index and the corpora that it quotes.

    told: the fingerprint and the corpora, as the field `index` of an answer has them.
    """
    return {
        "Tunetrace-Index": told["fingerprint"],
        "Tunetrace-Corpora": json.dumps(told["corpora"], separators=(",", ":")),
    }


def _ascii(name: str) -> str:
    """A name that is a safe file name everywhere, and needs no quoting in a header."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
    return kept.strip(".-") or "tune"


def _quoted(content: Any) -> Iterator[str]:
    """The names of all corpora in an answer."""
    if isinstance(content, dict):
        corpus = content.get("corpus")
        if isinstance(corpus, str):
            yield corpus
        for value in content.values():
            yield from _quoted(value)
    elif isinstance(content, list):
        for value in content:
            if isinstance(value, dict | list):
                yield from _quoted(value)
