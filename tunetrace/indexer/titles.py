"""Titles as people mean them: `The Belharbour`, `Belharbour, The` and `BELHARBOUR` are one."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# An article is a word of its own: set off by a space or punctuation, or by the capital that
# follows it (or the small letter before it) in the titles of folk-rnn's files, `TheBelharbour`.
_LEADING: Final = re.compile(r"^\W*(?:(?i:the|an|a)(?=[\W_])|(?:The|An|A)(?=[A-Z][a-z]))")
_TRAILING: Final = re.compile(r"(?:(?<=[\W_])(?i:the|an|a)|(?<=[a-z])(?:The|An))\W*$")


def title_key(title: str) -> str:
    """What two titles share when they are the same: no case, spaces, punctuation or article."""
    title = unicodedata.normalize("NFC", title.strip())
    bare = _TRAILING.sub("", _LEADING.sub("", title))
    key = "".join(letter for letter in bare.casefold() if letter.isalnum())
    return key or "".join(letter for letter in title.casefold() if letter.isalnum())
