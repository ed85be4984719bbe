"""Decodes titles in files: accents as mnemonics, characters as HTML names and numbers.

In ABC 2.1 (text strings), a file of plain ASCII can write `\\'e`, `&eacute;` or `\\u00e9` for é.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

_MARKS: Final = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", ",": "\u0327",
    "c": "\u0327", "=": "\u0304", "u": "\u0306", "v": "\u030c", ";": "\u0328", ".": "\u0307",
    "H": "\u030b",
}  # fmt: skip
"""The combining mark of each mnemonic before a letter."""

_LETTERS: Final = {
    "aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "ss": "ß", "dh": "ð",
    "DH": "Ð", "th": "þ", "TH": "Þ", "/o": "ø", "/O": "Ø", "/d": "đ", "/D": "Đ", "/l": "ł",
    "/L": "Ł",
}  # fmt: skip
"""The letters that have a mnemonic of their own."""

_MNEMONIC: Final = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(aa|AA|ae|AE|oe|OE|ss|dh|DH|th|TH|/[oOdDlL])"
    r"|([`'^~\",c=uv;.H])([A-Za-z])|([\\%&]))"
)

_LOWER, _UPPER = "a-zß-öø-ÿ", "A-ZÀ-ÖØ-Þ"
_BEGINNING: Final = re.compile(
    rf"(?<=[{_LOWER}])(?<!Mc)(?<!Mac)(?=[{_UPPER}(])"  # TheReel, but not McMahon and MacLeod
    rf"|(?<=[{_UPPER}])(?=[{_UPPER}](?:[{_LOWER}]|-|'[{_LOWER}]{{2}}))"  # ABarrel, AL'envers
    rf"|(?<=[{_LOWER}.]')(?=[{_UPPER}])"  # TheBobWi'TheOneHorn, but not O'Neill
    rf"|(?<=[!?,:)])(?=[{_UPPER}])|(?<=\.)(?=[{_UPPER}][{_LOWER}])"  # WirDoor,Yarmin
    rf"|(?<=[{_LOWER}])(?=[0-9]+(?:st|nd|rd|th)?(?![0-9{_LOWER}]))"  # TheBoysOf25
    rf"|(?<=[0-9])(?=[{_UPPER}][{_LOWER}])"  # The30Year
)
"""Finds where words begin in a title without spaces."""


def spaced(title: str) -> str:
    """A title that lost its spaces, with spaces: `The Big Reel Of Ballynacally`.

    A title with a space is not changed.
    """
    return title if " " in title else _BEGINNING.sub(" ", title)


def readable(text: str) -> str:
    """The text of an ABC string field with its escapes decoded."""
    if "\\" in text:
        text = _MNEMONIC.sub(_character, text)
    return html.unescape(text).replace("\u00a0", " ") if "&" in text else text


def _character(escape: re.Match[str]) -> str:
    short, long, letter, mark, base, itself = escape.groups()
    if letter:
        return _LETTERS[letter]
    if itself:
        return str(itself)
    if mark:
        # In print an i or a j loses its dot, but the combined letter is í.
        combined = unicodedata.normalize("NFC", base + _MARKS[mark])
        return combined if len(combined) == 1 else str(escape.group())
    code = int(short or long, 16)
    is_character = code < 0x110000 and not 0xD800 <= code < 0xE000
    return chr(code) if is_character else str(escape.group())
